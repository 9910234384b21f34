"""The command line as its own help tells it, for the documents."""

from collections.abc import Iterator

import click

from keyturn.cli import main

NAME = "keyturn"


def leaves(
    command: click.Command | None = None, path: tuple[str, ...] = (NAME,)
) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by what is typed."""
    command = command or main
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    for name in sorted(command.commands):
        yield from leaves(command.commands[name], (*path, name))


def table() -> str:
    """Every command and what is true afterwards."""
    lines = ["| command | what is true afterwards |", "| --- | --- |"]
    lines += [f"| `{typed}` | {command.get_short_help_str(200)} |" for typed, command in leaves()]
    return "\n".join(lines) + "\n"


def help_pages() -> str:
    """The help of every command, as it is shown."""
    return "\n".join(_page(typed, command) for typed, command in leaves())


def _page(typed: str, command: click.Command) -> str:
    context = click.Context(command, info_name=typed, max_content_width=100, terminal_width=100)
    shown = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"### {typed}\n\n```text\n{shown}\n```\n"
