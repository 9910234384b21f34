"""The command line as its own help tells it, for the documents."""

import copy
from collections.abc import Iterator

import click

from keyturn.cli import root
from keyturn.cli.frame import SHARED

NAME = "keyturn"
WIDTH = 100


def leaves(command: click.Command = root, typed: str = NAME) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with what is typed for it."""
    if not isinstance(command, click.Group):
        yield typed, command
        return
    context = click.Context(command, info_name=typed)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from leaves(found, f"{typed} {name}")


def listed() -> str:
    """Every command and what is true afterwards."""
    lines = ["| command | what it does |", "| --- | --- |"]
    lines += [f"| `{typed}` | {_sentence(command)} |" for typed, command in leaves()]
    return "\n".join(lines) + "\n"


def shared() -> str:
    """The options that every command takes."""
    context = click.Context(click.Command(NAME))
    told = [(option.opts, option.get_help_record(context) or ("", option.help or "")) for option in SHARED]
    lines = ["| option | what it does |", "| --- | --- |"]
    lines += [f"| `{record[0] or ', '.join(opts)}` | {record[1]} |" for opts, record in told]
    return "\n".join(lines) + "\n"


def help_pages() -> str:
    """The help of every command as it is shown, without the options that all of them take."""
    return "\n".join(_page(typed, command) for typed, command in leaves())


def _page(typed: str, command: click.Command) -> str:
    alone = copy.copy(command)
    alone.params = [param for param in command.params if param not in SHARED]
    context = click.Context(alone, info_name=typed, max_content_width=WIDTH, terminal_width=WIDTH)
    shown = "\n".join(line.rstrip() for line in alone.get_help(context).splitlines())
    return f"### {typed}\n\n```text\n{shown}\n```\n"


def _sentence(command: click.Command) -> str:
    return (command.help or "").strip().partition("\n\n")[0].replace("\n", " ")
