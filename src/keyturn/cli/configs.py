"""`keyturn config`: the configuration, looked at before it is used."""

from typing import Any

import click

from keyturn.cli import door
from keyturn.cli.frame import Command, Group, say, told_json
from keyturn.config import Config, file_faults, rows, unused, value_of


@click.group(cls=Group)
def config() -> None:
    """The configuration."""


@config.command("check", cls=Command, examples=("keyturn config check --config keyturn.toml",))
def check() -> None:
    """Name everything that is wrong with the configuration, at once."""
    found = door.config()
    foreign = door.foreign_choices(found)
    faults = [*file_faults(found), *foreign.faults]
    if faults:
        raise door.bad_config(faults)
    idle = unused(found)
    if told_json(lambda: {"config": _plain(found), "not_used_yet": idle, "ignored": list(foreign.ignored)}):
        return
    say(f"The configuration is sound. The store is {door.shown_url(found.database_url())}.")
    for name in idle:
        say(f"{name} is set but not used yet by this version.")
    for name in foreign.ignored:
        say(f"puppet.config_file: {name} means nothing here.")


def _plain(found: Config) -> dict[str, Any]:
    """Every key with its value; no password in it."""
    values = {row.name: value_of(found, row.name) for row in rows()}
    return {name: door.shown_url(value) if name.startswith("database") else value for name, value in values.items()}
