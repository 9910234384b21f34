"""The tables of the documents, made from the code: `python -m tools.tables` writes them, `--check` names stale ones."""

import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from keyturn import config
from keyturn.app import catalogue
from keyturn.core.commands import IssueDelegation, IssueReset
from keyturn.core.kinds import KINDS, bounds
from keyturn.core.outcomes import REASONS
from keyturn.core.rules import BUILT_IN, PERMISSIONS
from keyturn.core.settings import GENERAL, POLICY_SENTENCES, Policy, Setting, Settings, check_policy
from keyturn.core.types import Assurance, Bearer, Effect
from keyturn.dialects import DIALECTS
from keyturn.operations import CONTENTS, Entry
from keyturn.wire import Dialect
from tools import commands, wires
from tools.cells import span, table, value, yes

ROOT = Path(__file__).parents[1]
MARKED = re.compile(r"^<!-- table: ([a-z0-9 ]+) -->\n.*?^<!-- end -->", re.DOTALL | re.MULTILINE)
OPENED = re.compile(r"^<!-- table: ", re.MULTILINE)
ASSURANCES = {
    Assurance.NOBODY: "nobody",
    Assurance.PRESENTED: "a token",
    Assurance.STEPPED_UP: "a token and a fresh factor",
    Assurance.REPROVED: "a session and the current password",
}
BEARERS = {Bearer.ANY: "any", Bearer.NOT_DELEGATED: "all but delegated", Bearer.SESSION: "session"}
EFFECTS = {Effect.READ: "reads", Effect.CHANGE: "changes", Effect.KILL: "changes, may end credentials"}
MAKING = {"delegated": IssueDelegation, "reset": IssueReset}
"""The commands by which kinds come to be that no wire issues by name."""


# --- what every realm and every wire shares


def reasons() -> str:
    """Every reason, its sentence, and the status each wire gives it."""
    rows = (
        (f"`{reason.value}`", sentence, *(wires.statuses(d, reason) for d in DIALECTS))
        for reason, sentence in REASONS.items()
    )
    return table(("reason", "meaning", *(d.name for d in DIALECTS)), rows)


def kinds() -> str:
    """Every kind of token by what makes it differ."""
    rows = (
        (f"`{k.name}`", f"`{k.letter}`", "many" if k.opens else "one", yes(k.opens), yes(k.opens and k.mints),
         yes(k.own_credentials), _quota(k.quota, k.evicts))
        for k in KINDS.values()
    )  # fmt: skip
    heads = ("kind", "letter", "uses", "opens requests", "may get credentials", "may change own credentials", "quota")
    return table(heads, rows)


def lives() -> str:
    """How long a new token of each kind works on each wire: usual / longest."""
    settings = Settings(values=catalogue().defaults())
    rows = (
        (d.name, *(_life(d, name, settings) for name in ("session", "personal", "api", "delegated", "reset")))
        for d in DIALECTS
    )
    return table(("wire", "session", "personal", "api", "delegated", "reset"), rows)


def shapes() -> str:
    """What a token of each wire looks like, and which kinds it issues by name."""
    rows = ((d.name, f"`{d.wire.shape.value}`", ", ".join(d.wire.kinds), str(d.wire.shown)) for d in DIALECTS)
    return table(("wire", "shape", "kinds that are issued", "last characters shown"), rows)


def permissions() -> str:
    """Every right there is, and which built-in roles hold it."""
    rows = (
        (f"`{name}`", sentence, ", ".join(r.name for r in BUILT_IN if f"{name}:*" in r.permissions or r.across))
        for name, sentence in PERMISSIONS.items()
    )
    return table(("permission", "what it allows", "built-in roles that hold it"), rows)


def roles() -> str:
    """The roles every realm is born with."""
    rows = ((r.name, str(r.number), r.description, "every realm" if r.across else "its realm") for r in BUILT_IN)
    return table(("role", "number", "what it gives", "where"), rows)


def verbs() -> str:
    """Every command of the product: what it does and who may."""
    rows = (
        (f"`{entry.verb}`", _first(command), _right(entry), ASSURANCES[entry.assurance], BEARERS[entry.bearer],
         EFFECTS[entry.effect])
        for command, entry in CONTENTS.items()
    )  # fmt: skip
    return table(("verb", "what is wished", "right", "asks for", "kinds of token", "effect"), rows)


def settings_of(rows: Iterable[Setting]) -> str:
    """Settings of a realm."""
    return table(
        ("setting", "values", "default", "what it decides"),
        ((f"`{s.name}`", s.values, value(_shown_default(s)), s.sentence) for s in rows),
    )


def policy() -> str:
    """The policy of a realm."""
    rows = (
        (f"`{f.name}`", _policy_values(f.name), value(f.default), POLICY_SENTENCES[f.name])
        for f in msgspec.structs.fields(Policy)
    )
    return table(("policy", "values", "default", "what it decides"), rows)


def configuration() -> str:
    """Every key of the configuration file."""
    variables = {key: f"`{name}`" for name, key in config.ENVIRONMENT.items()}
    rows = ((f"`{r.name}`", r.values, value(r.default), variables.get(r.name, ""), r.sentence) for r in config.rows())
    return table(("key", "values", "default", "environment", "what it decides"), rows)


# --- the tables, by the name in the marker


def tables() -> dict[str, Callable[[], str]]:
    """Every table there is."""
    named: dict[str, Callable[[], str]] = {
        f.__name__: f for f in (reasons, kinds, lives, shapes, permissions, roles, verbs, policy, configuration)
    }
    named["settings general"] = functools.partial(settings_of, GENERAL)
    named["commands"] = commands.listed
    named["shared options"] = commands.shared
    named["command help"] = commands.help_pages
    for d in DIALECTS:
        named[f"routes {d.name}"] = functools.partial(wires.routes, d)
        named[f"answers {d.name}"] = functools.partial(wires.answers, d)
        named[f"refusals {d.name}"] = functools.partial(wires.refusals, d)
        if d.settings:
            named[f"settings {d.name}"] = functools.partial(settings_of, d.settings)
        if d.attributes:
            named[f"attributes {d.name}"] = functools.partial(settings_of, d.attributes)
    return named


def pages(root: Path = ROOT) -> tuple[Path, ...]:
    """The documents that may hold tables."""
    return (*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md")))


def renewed(text: str, known: Mapping[str, Callable[[], str]]) -> str:
    """The text with each table as the code has it now.

    Denies   ValueError for a marker that is not closed, or that names no table
    """
    if len(OPENED.findall(text)) != len(MARKED.findall(text)):
        raise ValueError("a table's marker is not well formed, or not closed by `<!-- end -->`")

    def fresh(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise ValueError(f"there is no table `{found[1]}`; there are: {', '.join(known)}")
        return f"<!-- table: {found[1]} -->\n\n{known[found[1]]()}\n<!-- end -->"

    return MARKED.sub(fresh, text)


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The documents whose tables are not as the code has them, with the text they should have."""
    known = tables()
    found = {}
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        try:
            fresh = renewed(text, known)
        except ValueError as error:
            raise ValueError(f"{page.relative_to(root)}: {error}") from error
        if fresh != text:
            found[page] = fresh
    return found


def main(arguments: list[str]) -> int:
    """The tables are written; with `--check` nothing is written, and 1 says that some are stale."""
    check = "--check" in arguments
    found = stale()
    for page, text in found.items():
        print(f"{page.relative_to(ROOT)}: {'stale; run python -m tools.tables' if check else 'written'}")
        if not check:
            page.write_text(text, encoding="utf-8")
    return int(check and bool(found))


# --- cells


def _first(command: type[Any]) -> str:
    return (command.__doc__ or "").strip().splitlines()[0]


def _right(entry: Entry) -> str:
    if entry.right is None:
        return "none"
    return f"`{entry.right}`" + (", or oneself" if entry.own else "")


def _quota(number: int | None, evicts: bool) -> str:
    if number is None:
        return ""
    return f"{number}; the least recently used one ends" if evicts else str(number)


def _life(dialect: Dialect, name: str, settings: Settings) -> str:
    making = MAKING.get(name)
    if name not in dialect.wire.kinds and all(r.command is not making for r in dialect.routes):
        return ""
    usual, longest = bounds(KINDS[name], dialect.wire, settings)
    unused = f", {span(dialect.wire.idle)} unused" if name == "session" and dialect.wire.idle else ""
    return f"{span(usual)} / {'no limit' if longest is None else span(longest)}{unused}"


def _shown_default(setting: Setting) -> Any:
    timed = setting.values == "duration" and isinstance(setting.default, int)
    return span(setting.default) if timed else setting.default


def _policy_values(name: str) -> str:
    wrong: tuple[object, ...] = (0, object())
    sentences = (check_policy({name: value})[1].get(name, "") for value in wrong)
    return next((s for s in sentences if s), "").removeprefix("wants ").removeprefix("one of: ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
