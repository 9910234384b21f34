"""Laws about the documents: their tables are made from the code, and what they speak of is there."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from keyturn import config
from keyturn.app import catalogue
from keyturn.core.kinds import KINDS
from keyturn.core.outcomes import Reason
from keyturn.core.rules import PERMISSIONS
from keyturn.core.settings import POLICY_SENTENCES, Policy
from keyturn.dialects import DIALECTS
from keyturn.operations import CONTENTS
from tests.laws.sources import modules
from tools import commands, tables

ROOT = tables.ROOT
NAMES = [str(page.relative_to(ROOT)) for page in tables.pages()]
MAP = "docs/one-request.md"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
JSON = re.compile(r"^```json\n(.*?)^```", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
MACHINE = re.compile("|".join(("/" + "work/", "/" + "root/", "/" + "tmp/", "/" + "home/[a-z]", "/" + "Users/[a-z]")))
TRACKED = ("src", "tests", "tools", "bench", "docs", "examples", "requirements", ".ci")
TEXTS = {".py", ".md", ".txt", ".yaml", ".yml", ".toml", ".sql", ".ini", ".cfg", ".sh", ""}


def described() -> str:
    """Everything the documents say."""
    return "\n".join(page.read_text(encoding="utf-8") for page in tables.pages())


def text_of(page: str) -> str:
    """One document."""
    return (ROOT / page).read_text(encoding="utf-8")


def told(names: Iterator[str]) -> list[str]:
    """The names that no document tells in code form."""
    text = described()
    return [name for name in names if f"`{name}`" not in text]


def test_tables_are_fresh() -> None:
    """Every table is as the code has it now; `python -m tools.tables` writes them."""
    assert [str(page.relative_to(ROOT)) for page in tables.stale()] == []


def test_every_table_is_somewhere() -> None:
    """Each table that can be made stands in a document."""
    text = described()
    assert [name for name in tables.tables() if f"<!-- table: {name} -->" not in text] == []


def test_a_wrong_marker_is_told() -> None:
    """A marker that names no table, or is not closed, is an error and not passed over."""
    for text in ("<!-- table: nonsense -->\n<!-- end -->\n", "<!-- table: kinds -->\n"):
        with pytest.raises(ValueError, match="table"):
            tables.renewed(text, tables.tables())


def test_a_stale_table_is_made_fresh() -> None:
    """Whatever stands between the markers is replaced, and a second time changes nothing."""
    once = tables.renewed("a\n\n<!-- table: kinds -->\nold\n<!-- end -->\n\nb\n", tables.tables())
    assert "old" not in once
    assert "`session`" in once
    assert tables.renewed(once, tables.tables()) == once


def test_every_name_is_described() -> None:
    """Each setting, policy, reason, kind, permission, verb and key of the configuration is in a document."""
    assert told(iter(catalogue().settings)) == []
    assert told(f.name for f in msgspec.structs.fields(Policy)) == []
    assert told(reason.value for reason in Reason) == []
    assert told(iter(KINDS)) == []
    assert told(iter(PERMISSIONS)) == []
    assert told(entry.verb for entry in CONTENTS.values()) == []
    assert told(row.name for row in config.rows()) == []


def test_every_policy_has_a_sentence() -> None:
    """Each rule of the policy says what it decides."""
    assert set(POLICY_SENTENCES) == {f.name for f in msgspec.structs.fields(Policy)}


@pytest.mark.parametrize("dialect", [pytest.param(d, id=d.name) for d in DIALECTS])
def test_every_call_is_described(dialect: Any) -> None:
    """Each route of a wire is in a document, with its method and path."""
    text = described()
    assert [f"{r.method} {r.path}" for r in dialect.routes if f"`{r.method} {r.path}" not in text] == []


def test_every_command_is_described() -> None:
    """Each command of the command line is in a document."""
    found = dict(commands.leaves())
    assert len(found) > 20
    assert told(iter(found)) == []


def test_every_option_is_described() -> None:
    """Each option that the command line shows is in the documents."""
    text = described()
    shown = (o for _, c in commands.leaves() for o in c.params if isinstance(o, click.Option) and not o.hidden)
    assert [name for option in shown for name in option.opts if name not in text] == []


def test_what_is_not_read_is_not_read() -> None:
    """What the documents call stored and not read is read by nothing."""
    page = text_of("docs/reference/settings-and-policy.md")
    part = page.partition("## Stored, not read yet")[2].partition("\n## ")[0]
    unread = re.findall(r"`([a-z_.]+)`", part)
    assert len(unread) > 2
    known = set(catalogue().settings) | set(POLICY_SENTENCES)
    assert set(unread) <= known
    reading = [name for name in unread for m in modules() if re.search(_read(name), m.text)]
    assert reading == []


@pytest.mark.parametrize("page", NAMES)
def test_examples_of_json_parse(page: str) -> None:
    """Each block marked as JSON is JSON."""
    for block in JSON.findall(text_of(page)):
        json.loads(block)


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_somewhere(page: str) -> None:
    """Each link to a file leads to one, and its part to a heading there."""
    text = FENCED.sub("", text_of(page))
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, part = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        assert not part or part in _headings(target), link


def test_the_map_leads_to_symbols() -> None:
    """Each row of the map of symbols names a file that holds them."""
    for symbol, file in _mapped().items():
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async def|def|class) {symbol}\b|^{symbol}\b.* = ", source, re.MULTILINE), symbol


@pytest.mark.parametrize("page", [name for name in NAMES if name == MAP or name.startswith("docs/decisions")])
def test_symbols_are_in_the_map(page: str) -> None:
    """Each symbol of the code that this prose names is in the map."""
    text = FENCED.sub("", text_of(page))
    named = set(re.findall(r"`(?:\w+\.)*(\w+)`", text))
    assert (named & _defined()) - set(_mapped()) == set()


@pytest.mark.parametrize("page", [name for name in NAMES if name != MAP])
def test_only_the_map_names_source_files(page: str) -> None:
    """Prose names symbols; where they are is told in one place, so that moving one changes one line."""
    assert re.findall(r"src/keyturn/[\w/]+\.py", text_of(page)) == []


def test_no_machine_is_named() -> None:
    """No file holds a path of somebody's machine."""
    found = [f"{path.relative_to(ROOT)}: {hit[0]}" for path in _tracked() for hit in _machine(path)]
    assert found == []


def _mapped() -> dict[str, str]:
    text = text_of(MAP)
    rows = re.findall(r"^\| (`.*`) \| `(.*)` \|$", text, re.MULTILINE)
    return {symbol: file for symbols, file in rows for symbol in re.findall(r"`(?:\w+\.)?(\w+)`", symbols)}


@cache
def _defined() -> frozenset[str]:
    """Names that the code defines: classes, functions with more than one word in their name, tables."""
    names = set()
    for module in modules():
        for node in module.tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                names.add(node.name)
            elif isinstance(node, ast.Assign):
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in names if not name.islower() or "_" in name)


def _read(name: str) -> str:
    """How code would read a setting: by its whole name, or by its last part behind a wire's or kind's name."""
    if "." not in name:
        return rf"policy\.{name}\b|(?:flag|text|number)\(\"{name}\"\)"
    last = re.escape(name.partition(".")[2])
    return rf"(?:flag|text|number|get)\(f?\"(?:{re.escape(name)}|\{{[^}}]*\}}\.{last})\""


def _headings(page: Path) -> set[str]:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _tracked() -> Iterator[Path]:
    for name in TRACKED:
        yield from (p for p in sorted((ROOT / name).rglob("*")) if p.is_file() and "__pycache__" not in p.parts)
    yield from (p for p in sorted(ROOT.iterdir()) if p.is_file() and p.name != ".coverage")


def _machine(path: Path) -> Iterator[re.Match[str]]:
    if path.suffix in TEXTS:
        yield from MACHINE.finditer(path.read_text(encoding="utf-8", errors="replace"))
