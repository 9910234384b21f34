"""`keyturn user`: people and machines, on the store directly, also when no server runs."""

import re
from typing import Any

import click

from keyturn.cli import door
from keyturn.cli.frame import Command, Group, confirm, missing, say, tell, terminal, told_json
from keyturn.cli.shown import pairs, state_of, table, when, word
from keyturn.core import commands as c
from keyturn.core.rules import HOME_REALM
from keyturn.core.types import Secret, SubjectRef, SubjectView

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REALM = click.option("--realm", metavar="NAME", help="The realm; default `default`.")
NAME = click.argument("name")
PASSWORD = click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")


@click.group(cls=Group)
def user() -> None:
    """Users and machines."""


def ref(name: str) -> SubjectRef:
    """Whom a name on the command line means: a uuid, else a login."""
    return SubjectRef("uuid", name) if UUID.fullmatch(name) else SubjectRef("login", name)


@user.command(
    "add",
    cls=Command,
    examples=(
        "keyturn user add jean --admin",
        "keyturn user add jean --email jean@example.test --password-stdin < file",
        "keyturn user add ci --service",
    ),
)
@NAME
@click.option("--admin", is_flag=True, help="Administrator of all realms (role Stewards, realm default).")
@click.option("--email", default="", metavar="A", help="The mail address.")
@click.option("--display-name", default="", metavar="TEXT", help="The name for people to read.")
@click.option("--role", "roles", multiple=True, metavar="NAME", help="A role, as often as needed; default Members.")
@click.option("--service", is_flag=True, help="A machine: it has tokens and no password.")
@click.option("--no-password", is_flag=True, help="No password yet; `keyturn user reset` tells a way to one.")
@click.option("--must-change", is_flag=True, help="The password has to be changed at the first sign-in.")
@PASSWORD
@REALM
def add(name: str, **given: Any) -> None:
    """Add a user; asks for the password unless it comes on stdin."""
    from keyturn.dialects.native.shaping import user as shape

    admin, realm = given["admin"], given["realm"]
    if admin and (realm not in (None, HOME_REALM) or given["roles"]):
        raise click.UsageError("--admin makes a Steward of realm default; it takes no --realm and no --role.")
    without = given["service"] or given["no_password"]
    if without and given["password_stdin"]:
        raise click.UsageError("--password-stdin does not go with --service or --no-password.")
    password = None if without else asked_password(given["password_stdin"], "--password-stdin or --no-password")
    command = c.CreateUser(
        name, given["email"], given["display_name"], password, given["must_change"], given["service"],
        given["roles"] or None, administrator=admin,
    )  # fmt: skip
    config = door.config()
    with door.opened(config, make=True) as house:
        made: SubjectView = door.wish(house, command, f"{name} was not added", realm).user
    if admin:
        _forget_setup_code(config.folder())
    if told_json(lambda: shape(made)):
        return
    shown = made.subject
    kind = "administrator of realm default" if admin else f"of realm {made.realm.name}"
    try_ = f"keyturn user reset {shown.login}" if given["no_password"] else f"keyturn user show {shown.login}"
    say(f"Added {shown.login}, {kind}.   {shown.uuid}   try: {try_}")


@user.command("list", cls=Command, examples=("keyturn user list", "keyturn user list --query jean --json"))
@click.option("--query", default="", metavar="TEXT", help="Part of a login, mail address or name.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=None, metavar="N", help="This many at most.")
@click.option("--cursor", default=None, metavar="C", help="Go on after an earlier page.")
@REALM
def list_users(query: str, limit: int | None, cursor: str | None, realm: str | None) -> None:
    """List users by number."""
    from keyturn.dialects.native.answers import Users
    from keyturn.dialects.native.shaping import user as shape

    listed = door.wished(c.ListUsers(query, None, limit, cursor), "nothing was listed", realm)
    if told_json(lambda: Users(tuple(map(shape, listed.users)), listed.next_cursor)):
        return
    head = ("LOGIN", "STATE", "ROLES", "MAIL", "LAST SIGN-IN")
    rows = [
        (v.subject.login, state_of(v), ", ".join(r.name for r in v.roles) or "-", v.subject.email or "-",
         when(v.subject.last_login))
        for v in listed.users
    ]  # fmt: skip
    table(head, rows)
    if listed.next_cursor is not None:
        say(f"There are more.   try: --cursor {listed.next_cursor}")


@user.command("show", cls=Command, examples=("keyturn user show jean",))
@NAME
@REALM
def show(name: str, realm: str | None) -> None:
    """Show one user, by login or uuid."""
    from keyturn.dialects.native.shaping import user as shape

    view: SubjectView = door.wished(c.ShowUser(ref(name)), f"{name} cannot be shown", realm).user
    if told_json(lambda: shape(view)):
        return
    s = view.subject
    pairs(
        (
            ("login", s.login), ("state", word(state_of(view))), ("realm", view.realm.name), ("uuid", s.uuid),
            ("number", str(s.number)), ("handle", s.handle), ("name", s.display_name or "-"),
            ("mail", f"{s.email or '-'}{' (verified)' if s.email_verified else ''}"),
            ("roles", ", ".join(r.name for r in view.roles) or "none"),
            ("factors", ", ".join(f.kind for f in view.factors if f.confirmed) or "none"),
            ("password", "must be changed" if view.must_change else "yes" if view.has_password else "none"),
            ("kind", "machine" if s.service else "remote person" if s.remote else "person"),
            ("locked", when(view.locked_until, "no")), ("made", when(s.created)), ("signed in", when(s.last_login)),
        )
    )  # fmt: skip


def _simple(name: str, command: Any, help: str, done: str, again: str) -> None:
    """A command that takes a user and nothing else."""

    @user.command(name, cls=Command, help=help, examples=(f"keyturn user {name} jean",))
    @NAME
    @REALM
    def act(name: str, realm: str | None) -> None:
        outcome = door.wished(command(ref(name)), f"nothing was done to {name}", realm)
        if not told_json(lambda: {"login": name, "changed": not outcome.again}):
            say(f"{name} {again if outcome.again else done}.")


SUSPEND = ("Stop a user; nothing of theirs works.", "is suspended", "was suspended already")
REINSTATE = ("Let a suspended user in again; old tokens stay dead.", "may act again", "was active already")
UNLOCK = ("Open the locks that guessing closed.", "is unlocked", "was not locked")
_simple("suspend", c.SuspendUser, *SUSPEND)
_simple("reinstate", c.ReinstateUser, *REINSTATE)
_simple("unlock", c.UnlockUser, *UNLOCK)


@user.command(
    "passwd", cls=Command, examples=("keyturn user passwd jean", "keyturn user passwd jean --password-stdin < f")
)
@NAME
@click.option("--must-change", is_flag=True, help="It has to be changed at the next sign-in.")
@PASSWORD
@REALM
def passwd(name: str, must_change: bool, password_stdin: bool, realm: str | None) -> None:
    """Set a user's password; sessions of theirs end."""
    from keyturn.dialects.native.shaping import token as shape

    password = asked_password(password_stdin, "--password-stdin")
    what = f"the password of {name} is as it was"
    outcome = door.wished(c.SetPassword(ref(name), password, must_change), what, realm)
    review = outcome.review
    if told_json(lambda: {"sessions_ended": outcome.sessions_ended, "tokens_to_review": [shape(v) for v in review]}):
        return
    say(f"The password of {name} is set; {outcome.sessions_ended} sessions ended.")
    if review:
        say(f"Still good: {len(review)} tokens of {name}.   try: keyturn token list --for {name}")


@user.command("reset", cls=Command, examples=("keyturn user reset jean", "keyturn user reset jean --expires 8h"))
@NAME
@click.option("--expires", metavar="D", help="How long it is good: 30m, 8h; at most 24h.")
@REALM
def reset(name: str, expires: str | None, realm: str | None) -> None:
    """Print a token by which the user sets a new password, once."""
    from keyturn.dialects.native.writing import reset_issued

    command = c.IssueReset(ref(name), span(expires))
    outcome = door.wished(command, f"no reset token for {name}", realm)
    if told_json(lambda: reset_issued(outcome)):
        return
    tell(outcome.secret.reveal())
    expiry = when(outcome.view.token.expires)
    say(f"A reset token for {name} is on stdout, once; it works once, until {expiry}.")
    say("Older ones are over.   try: POST /v1/password-resets/redeem with token and password")


@user.command("delete", cls=Command, examples=("keyturn user delete jean", "keyturn user delete jean --yes"))
@NAME
@click.option("--yes", is_flag=True, help="Do not ask.")
@REALM
def delete(name: str, yes: bool, realm: str | None) -> None:
    """Delete a user: every credential dies, login and mail are free again."""
    confirm(f"Everything of {name} stops working at once and is not brought back.", name, yes)
    outcome = door.wished(c.DeleteUser(ref(name)), f"{name} was not deleted", realm)
    if not told_json(lambda: {"login": name, "changed": not outcome.again}):
        say(f"{name} is deleted.")


def asked_password(from_stdin: bool, flag: str) -> Secret:
    """A password from stdin or from whoever sits at the terminal; never from argv or the environment."""
    if from_stdin:
        return Secret(door.stdin_secret())
    if not terminal():
        missing(flag)
    return Secret(click.prompt("Password (hidden)", hide_input=True, confirmation_prompt="Again", err=True))


def span(text: str | None) -> int | None:
    """Seconds of a duration on the command line."""
    from keyturn.core.settings import duration

    try:
        return None if text is None else duration(text)
    except ValueError as error:
        raise click.UsageError(f"--expires {error}.") from error


def _forget_setup_code(folder: Any) -> None:
    from keyturn.app import remove_setup_code

    remove_setup_code(folder)
