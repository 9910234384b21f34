"""How a table of the documents is written: Markdown from rows of texts."""

from collections.abc import Iterable
from typing import Any

import msgspec

UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table with these heads."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(_cell(text) for text in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


def yes(truth: bool) -> str:
    """A truth value as a word."""
    return "yes" if truth else "no"


def span(seconds: int | None) -> str:
    """A length of time in its largest whole unit."""
    if seconds is None:
        return "no end"
    size, unit = next((u for u in UNITS if seconds and seconds % u[0] == 0), (1, "s"))
    return f"{seconds // size}{unit}"


def value(given: Any) -> str:
    """A default as it would be written."""
    if given is None:
        return "unset"
    if isinstance(given, bool):
        return f"`{str(given).lower()}`"
    if isinstance(given, (tuple, list, dict)):
        return f"`{msgspec.json.encode(given).decode()}`"
    return "empty" if given == "" else f"`{given}`"
