"""A bootstrap file applied to a store: read, wished, and told with the lines of what is wrong."""

from collections.abc import Callable
from typing import Any

from keyturn.cli.bootstrap_file import Known, read
from keyturn.cli.marked import Fault
from keyturn.core.commands import Apply
from keyturn.core.outcomes import Applied, Changed, Denied, Fields, Named, Reason
from keyturn.core.plan import Plan
from keyturn.core.types import Ask, Presented
from keyturn.dialects import DIALECTS
from keyturn.perform import House, perform
from keyturn.store.engine import Catalogue

SENTENCES = {
    Reason.QUOTA_REACHED: "is one token more than the quota of that kind",
    Reason.CONFLICT: "was taken by somebody else meanwhile; apply again",
}


def known(catalogue: Catalogue) -> Known:
    """What a file may speak of: every wire, its settings, and what it knows of a user."""
    attributes = {d.name: {row.name: row for row in d.attributes} for d in DIALECTS}
    return Known(catalogue.wires, catalogue.settings, attributes)


def apply_file(
    house: House, data: bytes, reset_passwords: bool = False, begun: Callable[[Plan], None] = lambda plan: None
) -> Applied | Denied | tuple[Fault, ...]:
    """What was done, or every fault with its line, or a refusal that no line is to blame for.

    Shapes   begun: told the plan once it is read and found sound
    Safe     a file that is wrong anywhere changes nothing
    """
    sheet = read(data, known(house.store.catalogue))
    if sheet.faults:
        return sheet.faults
    begun(sheet.plan)
    wish = Apply(sheet.plan, reset_passwords)
    outcome = perform(house, Presented("native", local=True), Ask(Apply, lambda settings: wish)).outcome
    if not isinstance(outcome, Denied):
        applied: Applied = outcome
        return applied
    if isinstance(outcome.note, Fields):
        return sheet.told(outcome.note.fields)
    if isinstance(outcome.note, Named) and outcome.reason in SENTENCES:
        return sheet.told({outcome.note.value: SENTENCES[outcome.reason]})
    return outcome


def told(applied: Applied) -> dict[str, Any]:
    """What `keyturn apply --json` tells; the one place where minted secrets of a file are shown."""
    return {
        "changed": [_line(row) for row in applied.changed],
        "kept": [_line(row) for row in applied.kept],
        "secrets": [
            {"realm": s.realm, "login": s.login, "dialect": s.dialect, "kind": s.kind, "name": s.name, "id": s.id,
             "token": s.token.reveal()}
            for s in applied.secrets
        ],
    }  # fmt: skip


def _line(row: Changed) -> dict[str, str]:
    return {"realm": row.realm, "what": row.what, "name": row.name, "action": row.action}
