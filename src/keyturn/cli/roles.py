"""`keyturn role`: named sets of permissions."""

import click

from keyturn.cli import door
from keyturn.cli.frame import Command, Group, say, told_json
from keyturn.cli.shown import pairs, table
from keyturn.cli.users import REALM
from keyturn.core import commands as c


@click.group(cls=Group)
def role() -> None:
    """Roles of a realm."""


@role.command("list", cls=Command, examples=("keyturn role list",))
@REALM
def list_roles(realm: str | None) -> None:
    """List roles."""
    from keyturn.dialects.native.answers import Roles
    from keyturn.dialects.native.shaping import role as shape

    listed = door.wished(c.ListRoles(), "nothing was listed", realm).roles
    if not told_json(lambda: Roles(tuple(map(shape, listed)))):
        rows = [(r.name, "built-in" if r.built_in else "own", str(len(r.permissions)), r.description) for r in listed]
        table(("NAME", "KIND", "PERMISSIONS", "DESCRIPTION"), rows)


@role.command("show", cls=Command, examples=("keyturn role show Viewers",))
@click.argument("name")
@REALM
def show(name: str, realm: str | None) -> None:
    """Show a role's permissions."""
    from keyturn.dialects.native.shaping import role as shape

    found = door.wished(c.ShowRole(name), f"{name} cannot be shown", realm).role
    if told_json(lambda: shape(found)):
        return
    head = [("role", found.name), ("description", found.description or "-"), ("number", str(found.number))]
    head += [("id", found.uuid), ("kind", "built-in" if found.built_in else "own")]
    head += [("second factor", "needed by its holders" if found.two_factor else "not asked for")]
    pairs(head + [("may", permission) for permission in found.permissions])


@role.command(
    "set", cls=Command, examples=('keyturn role set Resetters --permission "users:reset_password:*"',)
)  # fmt: skip
@click.argument("name")
@click.option("--permission", "permissions", multiple=True, required=True, metavar="P", help="noun:action:target.")
@click.option("--description", metavar="TEXT", default="", help="A sentence for people.")
@REALM
def set_role(name: str, permissions: tuple[str, ...], description: str, realm: str | None) -> None:
    """Make a role, or give one exactly these permissions."""
    from keyturn.dialects.native.shaping import role as shape

    found = door.wished(c.PutRole(name, permissions, description), f"{name} is as it was", realm).role
    if not told_json(lambda: shape(found)):
        say(f"Role {found.name} has {len(found.permissions)} permissions.")


@role.command("require", cls=Command, examples=("keyturn role require Administrators --two-factor",))
@click.argument("name")
@click.option("--two-factor/--no-two-factor", required=True, help="Whether its holders need a second factor.")
@REALM
def require(name: str, two_factor: bool, realm: str | None) -> None:
    """Say whether holders of a role need a second factor."""
    from keyturn.dialects.native.shaping import role as shape

    found = door.wished(c.EditRole(name, two_factor), f"{name} is as it was", realm).role
    if not told_json(lambda: shape(found)):
        say(f"Holders of {found.name} {'need a' if found.two_factor else 'need no'} second factor.")
