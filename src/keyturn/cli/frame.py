"""What every command has in common: its options, its help, its streams, and how it ends."""

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import click

DONE, REFUSED, MISUSED, BROKEN_OFF = 0, 1, 2, 130


class Trouble(Exception):
    """The command ends here: what happened, why, and what to try; exit 1 for a refusal, 2 for bad usage.

    Shapes   problem: the object that --json puts on stderr instead of the sentences
    """

    def __init__(
        self, what: str, why: Sequence[str] = (), hint: str = "", exit_code: int = REFUSED, problem: Any = None
    ) -> None:
        super().__init__(what)
        self.what, self.why, self.hint = what, tuple(why), hint
        self.exit_code = exit_code
        self.problem = problem if problem is not None else {"code": "refused", "title": what, "detail": " ".join(why)}


class Row:
    """One command or group of a lazy group: where it is, and its line of help."""

    def __init__(self, module: str, name: str, help: str) -> None:
        self.module, self.name, self.help = module, name, help

    def load(self) -> click.Command:
        """The command itself; its module is imported now."""
        command: click.Command = getattr(importlib.import_module(f"keyturn.cli.{self.module}"), self.name)
        return command


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value not in (None, False):
        ctx.meta[f"keyturn.{param.name}"] = value


def shared(name: str) -> Any:
    """The value of an option that works with every command, wherever on the line it stood."""
    return click.get_current_context().meta.get(f"keyturn.{name}")


def _option(*names: str, **more: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_keep, **more)


SHARED = (
    _option("--config", metavar="FILE", help="The configuration (TOML); else KEYTURN_CONFIG, else defaults."),
    _option("--database", metavar="URL", help="The store: sqlite:///FILE or postgresql://…"),
    _option("--data-dir", metavar="DIR", help="Where the key and a SQLite store are."),
    _option("--json", is_flag=True, help="Tell it as JSON, errors too."),
    _option("--plain", is_flag=True, hidden=True, help="Tables with tabs, nothing cut."),
    _option("--color", type=click.Choice(["auto", "always", "never"]), hidden=True, help="Colour of words."),
    _option("-q", "--quiet", is_flag=True, hidden=True, help="No words on success."),
    _option("-v", "--verbose", is_flag=True, hidden=True, help="Tell the store too."),
)


class Command(click.Command):
    """A command with the options that work everywhere, and examples before its options."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *SHARED]
        self._examples = examples

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sentence, then examples."""
        super().format_help_text(ctx, formatter)
        if self._examples:
            with formatter.section("Examples"):
                for line in self._examples:
                    formatter.write(f"  {line}\n")


class Group(click.Group):
    """Commands that are imported when they are asked for; a wrong word hears the nearest right one."""

    command_class = Command

    def __init__(
        self, *args: Any, rows: Mapping[str, Row] | None = None, absent: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *SHARED]
        self._rows = rows or {}
        self._absent = absent

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order of the table."""
        return [*self._rows, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        row = self._rows.get(cmd_name)
        return super().get_command(ctx, cmd_name) if row is None else row.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was meant, or what to try instead."""
        name = args[0]
        known = self.list_commands(ctx)
        if name in self._absent:
            raise click.UsageError(f"{ctx.command_path} {name} is not there yet in this version.", ctx)
        if name not in known and not name.startswith("-"):
            near = difflib.get_close_matches(name, known, 1)
            raise click.UsageError(f"No such command: {name}." + (f" Did you mean {near[0]}?" if near else ""), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line for each command, without importing any."""
        lines = [(name, row.help) for name, row in self._rows.items()]
        lines += [(name, command.get_short_help_str(80)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(lines)


def run(root: click.Command, args: Sequence[str] | None = None) -> int:
    """The exit code of one command line, everything told on the streams it belongs on."""
    meta: dict[str, Any] = {}
    try:
        with root.make_context("keyturn", list(sys.argv[1:] if args is None else args)) as ctx:
            meta = ctx.meta
            root.invoke(ctx)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.UsageError as error:
        return _misused(error, meta)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("keyturn: broken off.\n")
        return BROKEN_OFF
    except Trouble as trouble:
        return _troubled(trouble, meta)
    except BrokenPipeError:
        # Whoever read our output has enough; what is still in the buffer would only be an error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return DONE


def _misused(error: click.UsageError, meta: Mapping[str, Any]) -> int:
    if meta.get("keyturn.json"):
        return _troubled(Trouble(error.format_message(), exit_code=MISUSED, problem=_usage(error)), meta)
    command = error.ctx.command_path if error.ctx is not None else "keyturn"
    sys.stderr.write(f"keyturn: {error.format_message()}\n  try: {command} --help\n")
    return MISUSED


def _usage(error: click.UsageError) -> dict[str, str]:
    return {"code": "bad_usage", "title": "Bad usage", "detail": error.format_message()}


def _troubled(trouble: Trouble, meta: Mapping[str, Any]) -> int:
    if meta.get("keyturn.json"):
        import msgspec

        raw = trouble.problem if isinstance(trouble.problem, bytes) else msgspec.json.encode(trouble.problem)
        sys.stderr.write(raw.decode() + "\n")
        return trouble.exit_code
    lines = [f"keyturn: {trouble.what}", *(f"  {line}" for line in trouble.why)]
    lines += [f"  try: {trouble.hint}"] if trouble.hint else []
    sys.stderr.write("\n".join(lines) + "\n")
    return trouble.exit_code


# --- streams: data on stdout, words on stderr


def say(text: str) -> None:
    """A line of words, for a person."""
    if not shared("quiet"):
        sys.stderr.write(text + "\n")


def warn(text: str) -> None:
    """A line of words that -q does not silence."""
    sys.stderr.write(text + "\n")


def tell(text: str) -> None:
    """A line of data."""
    sys.stdout.write(text + "\n")


def tell_json(value: Any) -> None:
    """A value as one line of JSON; secrets in it are told."""
    from keyturn.wire import json_response

    tell(json_response(value).body.decode())


def told_json(make: Callable[[], Any]) -> bool:
    """Whether JSON was asked for; then `make`'s value was told."""
    if not shared("json"):
        return False
    tell_json(make())
    return True


def terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def missing(flag: str) -> NoReturn:
    """Nobody is there to be asked: the flag that would have answered is named."""
    raise click.UsageError(f"{flag} is needed where there is no terminal to ask at.", click.get_current_context())


def confirm(what: str, name: str, yes: bool) -> None:
    """The name was typed, or --yes was given; broken off otherwise."""
    if yes:
        return
    if not terminal():
        missing("--yes")
    if click.prompt(f"{what} Type {name} to go on", err=True) != name:
        raise click.Abort
