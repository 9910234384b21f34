"""Values as people read them: tables, times, lives, and words of state."""

import datetime
import os
import shutil
import sys
import time
from collections.abc import Sequence

import click

from keyturn.cli.frame import shared, tell
from keyturn.core.types import SECOND, SubjectView, TokenView

STEPS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
COLOURS = {"active": "green", "suspended": "red", "locked": "yellow", "refused": "red", "expired": "yellow"}
COLOURS |= {"revoked": "red", "not active": "red"}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under capitals, two spaces apart; tabs with --plain; cut only on a terminal."""
    if shared("plain"):
        for row in rows:
            tell("\t".join(row))
        return
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for number, row in enumerate((head, *rows)):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = cut("  ".join(cells).rstrip(), limit)
        tell(bold(line) if number == 0 else line)


def pairs(rows: Sequence[tuple[str, str]]) -> None:
    """A name and its value on each line."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        tell(f"{name.ljust(width)}  {value}".rstrip())


def cut(line: str, limit: int) -> str:
    """The line, shortened to a terminal's width."""
    return line if not limit or len(line) <= limit else line[: limit - 1] + "…"


def bold(text: str) -> str:
    """A head."""
    return click.style(text, bold=True) if coloured() else text


def word(state: str) -> str:
    """A word of state, in its colour where there is any; the word is always there."""
    return click.style(state, fg=COLOURS[state]) if coloured() and state in COLOURS else state


def coloured() -> bool:
    """Whether colour is wanted on stdout."""
    choice = shared("color") or "auto"
    if choice != "auto":
        return bool(choice == "always")
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


LAST = 253_402_300_799
"""The last second of the year 9999: no calendar here goes further."""


def when(at: int | None, none: str = "never") -> str:
    """A time, relative up to seven days and always absolute."""
    if at is None:
        return none
    if at // SECOND > LAST:
        return "without end"
    absolute = f"{datetime.datetime.fromtimestamp(at / SECOND, datetime.UTC):%Y-%m-%d %H:%M} UTC"
    away = at / SECOND - time.time()
    return f"{near(away)} ({absolute})" if abs(away) <= 7 * 86_400 else absolute


def near(away: float) -> str:
    """`in 6 d`, `3 min ago`, `now`."""
    text = spell(abs(away))
    return "now" if abs(away) < 1 else f"in {text}" if away > 0 else f"{text} ago"


def spell(seconds: float) -> str:
    """A span in its largest unit."""
    size, unit = next(((size, unit) for size, unit in STEPS if seconds >= size), (1, "s"))
    return f"{round(seconds / size)} {unit}"


def end(at: int | None) -> str:
    """When a token is over, in words."""
    return "never expires" if at is None else f"expires {when(at)}"


def state_of(view: SubjectView) -> str:
    """The state of a user in a word."""
    if view.subject.state == "active" and view.locked_until is not None:
        return "locked"
    return view.subject.state


def token_state(view: TokenView, now: int) -> str:
    """The state of a token in a word."""
    token = view.token
    if token.reason == "expired" or (token.ended is None and token.expires is not None and token.expires <= now):
        return "expired"
    if token.ended is not None:
        return "revoked"
    return view.owner.state if view.owner.state != "active" else "active"


def last6(view: TokenView) -> str:
    """The end of a secret, as lists show it."""
    return f"…{view.secret.last6}" if view.secret.last6 else "…"
