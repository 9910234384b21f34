"""`keyturn db`: care of the store."""

import click

from keyturn.cli import door
from keyturn.cli.frame import Command, Group, say, told_json


@click.group(cls=Group, absent=("check", "backup", "restore", "purge"))
def db() -> None:
    """The store."""


@db.command("upgrade", cls=Command, examples=("keyturn db upgrade",))
def upgrade() -> None:
    """Bring the store to this version's schema; stop servers of older versions first."""
    from keyturn.store import instance, schema

    config = door.config()
    door.ours(config, make=True)
    try:
        what = instance.upgrade(config.database_url())
    except instance.Refused as error:
        raise door.refused(str(error)) from error
    if not told_json(lambda: {"schema": schema.HEAD, "action": what}):
        say(f"The store has schema {schema.HEAD}: {what}.")
