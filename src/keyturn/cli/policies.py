"""`keyturn policy`: the rules of a realm on passwords, factors and guessing."""

import click
import msgspec

from keyturn.cli import door
from keyturn.cli.frame import Command, Group, say, told_json
from keyturn.cli.realms import assignments, fitting, plain
from keyturn.cli.shown import pairs
from keyturn.cli.users import REALM
from keyturn.core import commands as c
from keyturn.core.settings import POLICY_CHECKS


@click.group(cls=Group, absent=("apply", "check"))
def policy() -> None:
    """The policy of a realm."""


@policy.command("show", cls=Command, examples=("keyturn policy show",))
@REALM
def show(realm: str | None) -> None:
    """Show the policy in force."""
    found = door.wished(c.ShowRealm(), "nothing can be shown", realm).realm.settings.policy
    if not told_json(lambda: found):
        pairs([(name, plain(value)) for name, value in msgspec.to_builtins(found).items()])


@policy.command("set", cls=Command, examples=("keyturn policy set two_factor=required lockout_attempts=5",))
@click.argument("rules", nargs=-1, required=True, metavar="RULE=VALUE...")
@REALM
def set_policy(rules: tuple[str, ...], realm: str | None) -> None:
    """Change rules; nothing after the `=` takes one back to its default."""
    given = assignments(rules)
    chosen = {name: v if v is None else fitting(POLICY_CHECKS.get(name), v) for name, v in given.items()}
    outcome = door.wished(c.EditRealm(policy=chosen), "the policy is as it was", realm)
    found = outcome.realm.settings.policy
    if not told_json(lambda: found):
        say(f"The policy of realm {outcome.realm.name} is changed.   try: keyturn policy show")
