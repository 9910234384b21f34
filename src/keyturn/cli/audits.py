"""`keyturn audit`: the record of what was done and refused."""

import datetime
import time

import click

from keyturn.cli import door
from keyturn.cli.frame import Command, Group, say, told_json
from keyturn.cli.shown import table, word
from keyturn.cli.users import REALM, ref
from keyturn.core import commands as c
from keyturn.core.outcomes import AuditRow
from keyturn.core.settings import duration
from keyturn.core.types import SECOND


@click.group(cls=Group, absent=("verify", "export"))
def audit() -> None:
    """The audit log."""


@audit.command("list", cls=Command, examples=("keyturn audit list", "keyturn audit list --subject jean --since 7d"))
@click.option("--verb", metavar="V", help="Of this verb alone, such as tokens:issue.")
@click.option("--subject", metavar="LOGIN", help="About this user.")
@click.option("--actor", metavar="LOGIN", help="By this user.")
@click.option("--since", metavar="D", help="A span such as 7d, or a time such as 2026-11-21T12:00:00Z.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, metavar="N")
@click.option("--cursor", metavar="C", help="Go on after an earlier page.")
@REALM
def list_audit(
    verb: str | None, subject: str | None, actor: str | None, since: str | None, limit: int, cursor: str | None,
    realm: str | None,
) -> None:  # fmt: skip
    """List lines, newest first."""
    from keyturn.dialects.native.answers import Audit
    from keyturn.dialects.native.shaping import audit_row

    about, by = (None if name is None else ref(name) for name in (subject, actor))
    command = c.ListAudit(verb, about, by, _instant(since), limit, cursor)
    listed = door.wished(command, "nothing was listed", realm)
    if told_json(lambda: Audit(tuple(map(audit_row, listed.rows)), listed.next_cursor)):
        return
    table(("LINE", "TIME", "VERB", "RESULT", "BY", "ABOUT", "FROM"), [_cells(row) for row in listed.rows])
    if listed.next_cursor is not None:
        say(f"There are more.   try: --cursor {listed.next_cursor}")


def _cells(row: AuditRow) -> tuple[str, ...]:
    at = datetime.datetime.fromtimestamp(row.at / SECOND, datetime.UTC)
    by = row.actor.login if row.actor is not None else "operator" if row.agent.startswith("keyturn command") else "-"
    result = word(row.result) + (f" {row.reason}" if row.reason else "")
    about = row.subject.login or row.subject.uuid if row.subject is not None else "-"
    return (str(row.id), f"{at:%Y-%m-%d %H:%M:%S}", row.verb, result, by, about, row.address or "-")


def _instant(since: str | None) -> int | None:
    """Microseconds of a span before now or of a time."""
    if since is None:
        return None
    try:
        return int((time.time() - duration(since)) * SECOND)
    except ValueError:
        pass
    try:
        return int(datetime.datetime.fromisoformat(since).astimezone(datetime.UTC).timestamp() * SECOND)
    except ValueError as error:
        raise click.UsageError("--since wants a span such as 7d or a time such as 2026-11-21T12:00:00Z.") from error
