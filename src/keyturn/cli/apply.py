"""`keyturn apply`: the store brought to what a bootstrap file asks."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from keyturn.cli import door
from keyturn.cli.frame import MISUSED, Command, Trouble, say, shared, tell, told_json
from keyturn.cli.marked import Fault
from keyturn.core.outcomes import Applied, Denied
from keyturn.core.plan import Plan

MANY = 50


@click.command(
    "apply", cls=Command, examples=("keyturn apply bootstrap.yaml", "keyturn apply - --json < bootstrap.yaml")
)
@click.argument("file", metavar="FILE")
@click.option("--reset-passwords", is_flag=True, help="Overwrite passwords that are there; sessions of theirs end.")
def apply(file: str, reset_passwords: bool) -> None:
    """Add and update what FILE names; delete nothing. Secrets that are made are told once, on stdout.

    A wrong file changes nothing, and every fault is named with its line.
    """
    from keyturn.app import remove_setup_code
    from keyturn.cli.applying import apply_file, told

    data = _read(file)
    config = door.config()
    with door.opened(config, make=True) as house:
        outcome = apply_file(house, data, reset_passwords, _begun)
        ruled = not isinstance(outcome, (Denied, tuple)) and _steward(house)
    if isinstance(outcome, Denied):
        raise door.denied(outcome, "nothing was changed")
    if isinstance(outcome, tuple):
        raise wrong(file, outcome)
    if ruled:
        remove_setup_code(config.folder())
    if not told_json(lambda: told(outcome)):
        _say(file, outcome)


def wrong(file: str, faults: Sequence[Fault]) -> Trouble:
    """The end of a command whose file is wrong: each fault with its line."""
    lines = [f"{file}:{f.line}: {f.at + ': ' if f.at else ''}{f.sentence}" for f in faults]
    rows = [{"line": f.line, "at": f.at, "fault": f.sentence} for f in faults]
    problem = {"code": "bad_file", "title": "The file is wrong; nothing was changed", "faults": rows}
    return Trouble(f"{file} is wrong; nothing was changed.", lines, exit_code=MISUSED, problem=problem)


def _begun(plan: Plan) -> None:
    """A word where it will take a while: each password is hashed or compared, at some 20 ms of a core."""
    count = sum(user.password is not None for user in plan.users)
    if count >= MANY and not shared("json"):
        say(f"Working on the passwords of {count} users; nothing is changed until all are ready.")


def _say(file: str, applied: Applied) -> None:
    for row in applied.changed:
        say(f"{row.action}  {row.what}  {row.realm}/{row.name}")
    for row in applied.kept:
        say(f"{row.action}  {row.what}  {row.realm}/{row.name}")
    for made in applied.secrets:
        tell("\t".join((made.realm, made.login, made.dialect, made.name or made.kind, made.token.reveal())))
    secrets = f" {len(applied.secrets)} new secrets are on stdout, once." if applied.secrets else ""
    say(f"Applied {file}: {len(applied.changed)} changed, {len(applied.kept)} kept.{secrets}")


def _steward(house: object) -> bool:
    from keyturn.perform import House
    from keyturn.store import subjects

    return isinstance(house, House) and bool(house.store.read(subjects.steward_exists))


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}.", exit_code=MISUSED) from error
