"""`keyturn realm`: closed worlds of users, with their host names and settings."""

from typing import Any

import click
import msgspec

from keyturn.cli import door
from keyturn.cli.frame import Command, Group, say, told_json
from keyturn.cli.shown import pairs, table
from keyturn.core import commands as c
from keyturn.core.types import Realm

SECRETS = "_secret"
HOST = click.option(
    "--host", "hosts", multiple=True, metavar="H", help="A host name that means it, as often as needed."
)
DISPLAY = click.option("--display-name", metavar="TEXT", help="Its name for people; what PAM360 calls orgName.")


@click.group(cls=Group)
def realm() -> None:
    """Realms."""


@realm.command("list", cls=Command, examples=("keyturn realm list",))
def list_realms() -> None:
    """List realms."""
    from keyturn.dialects.native.answers import Realms
    from keyturn.dialects.native.shaping import realm as shape

    listed = door.wished(c.ListRealms(), "nothing was listed").realms
    if not told_json(lambda: Realms(tuple(map(shape, listed)))):
        table(("NAME", "DISPLAY NAME", "ID"), [(r.name, r.display_name, r.uuid) for r in listed])


@realm.command("show", cls=Command, examples=("keyturn realm show default",))
@click.argument("name", default="default")
def show(name: str) -> None:
    """Show a realm with its host names and settings."""
    _tell(door.wished(c.ShowRealm(), f"{name} cannot be shown", name))


@realm.command("add", cls=Command, examples=('keyturn realm add acme --display-name "Acme Corp"',))
@click.argument("name")
@DISPLAY
@HOST
def add(name: str, display_name: str | None, hosts: tuple[str, ...]) -> None:
    """Add a realm with its built-in roles."""
    command = c.CreateRealm(name, display_name or "", hosts)
    outcome = door.wished(command, f"{name} was not added", make=True)
    if not told_json(lambda: shape(outcome)):
        say(f"Added realm {outcome.realm.name}.   {outcome.realm.uuid}")


@realm.command(
    "set",
    cls=Command,
    examples=(
        "keyturn realm set default rocketchat.profile=modern",
        "keyturn realm set default lifetimes.personal.max=90d puppet.token_lifetime=",
        "keyturn realm set default rocketchat.create_token_secret=- < file",
    ),
)
@click.argument("name")
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@DISPLAY
@HOST
def set_realm(name: str, settings: tuple[str, ...], display_name: str | None, hosts: tuple[str, ...]) -> None:
    """Change settings of a realm; nothing after the `=` takes one back, `-` reads it from stdin."""
    given = assignments(settings)
    if not given and display_name is None and not hosts:
        raise click.UsageError("nothing to set: give SETTING=VALUE, --display-name or --host.")
    command = c.EditRealm(display_name, hosts or None, settings=typed(given))
    outcome = door.wished(command, f"{name} is as it was", name)
    if not told_json(lambda: shape(outcome)):
        say(f"Realm {outcome.realm.name} is changed.   try: keyturn realm show {outcome.realm.name}")


def assignments(pairs: tuple[str, ...]) -> dict[str, str | None]:
    """`NAME=VALUE` words as names and values; None where one is taken back.

    Safe     a secret is never an argument: `NAME=-` reads it from stdin
    """
    found: dict[str, str | None] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"wants NAME=VALUE, not {pair.partition('=')[0] or 'an empty name'}.")
        if name.endswith(SECRETS) and value not in ("", "-"):
            raise click.UsageError(f"{name} is a secret: write {name}=- and give it on stdin.")
        found[name] = None if not value else door.stdin_secret() if value == "-" else value
    return found


def typed(given: dict[str, str | None]) -> dict[str, Any]:
    """Values as their settings want them: a number, a truth value or a list where text does not fit."""
    from keyturn.app import catalogue

    rows = catalogue().settings
    return {name: value if value is None else fitting(rows[name].check if name in rows else None, value)
            for name, value in given.items()}  # fmt: skip


def fitting(check: Any, text: str) -> Any:
    """The value that a word on the command line spells, as the check takes it."""
    if check is None:
        return text
    for value in (_json(text), text, text.split(",")):
        try:
            check(value)
        except ValueError:
            continue
        return value
    return text


def shape(outcome: Any) -> dict[str, Any]:
    """A realm as JSON, with its policy and settings; settings that are secrets are named alone."""
    from keyturn.dialects.native.shaping import realm as shown

    plain: dict[str, Any] = msgspec.to_builtins(shown(outcome.realm, outcome.hosts))
    return {**plain, "policy": msgspec.to_builtins(outcome.realm.settings.policy), "settings": values(outcome.realm)}


def values(realm: Realm) -> dict[str, Any]:
    """The settings in force, but for secrets."""
    held = realm.settings.values.items()
    return {name: "(set)" if name.endswith(SECRETS) and value else value for name, value in held}


def _tell(outcome: Any) -> None:
    if told_json(lambda: shape(outcome)):
        return
    found: Realm = outcome.realm
    head = [("realm", found.name), ("display name", found.display_name), ("id", found.uuid)]
    head += [("hosts", " ".join(outcome.hosts) or "-")]
    pairs(head + [(name, plain(value)) for name, value in values(found).items()])


def plain(value: Any) -> str:
    """A setting as a person reads it."""
    if value is None or value in ("", [], {}):
        return "-"
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else _encoded(value)


def _encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
