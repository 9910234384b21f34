"""Laws about the SQL: its texts are constants, each stays inside its realm, and both schemas are one."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence

import pytest

import keyturn.store
from keyturn.store import schema
from keyturn.store.engine import Sql
from tests.laws.sources import Module, calls, modules

MIGRATIONS = tuple(f"{number:04}" for number in range(1, int(schema.HEAD) + 1))
CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
STATEMENT = re.compile(r"(SELECT|INSERT|UPDATE|DELETE)\b")
KEYED = re.compile(
    r"\b(?:[a-z]\.)?(id|uuid|digest|subject|token|parent|act|factor|caller|realm) = \$1\b"
    r"|\b(?:[a-z]\.)?realm = \$[0-9]"
)
NO_REALM = {
    ("realms", "BY_NAME"): "finds the realm",
    ("realms", "BY_DISPLAY_NAME"): "finds the realm",
    ("realms", "BY_HOST"): "finds the realm",
    ("realms", "ALL"): "lists realms, for whoever may see all",
    ("realms", "INSERT"): "makes the realm",
    ("instance", "GET"): "of the whole store",
    ("instance", "PUT"): "of the whole store",
    ("instance", "COUNTER"): "of the whole store",
    ("instance", "PURGE_LOCKS"): "purge",
    ("answers", "FORGET"): "purge",
    ("answers", "DROP"): "purge",
    ("mail_codes", "PURGE"): "purge",
    ("outbox", "PURGE"): "purge",
    ("outbox", "ANY"): "the carrier works for all realms",
    ("outbox", "NEXT"): "the carrier works for all realms",
    ("outbox", "CLAIM"): "the carrier works for all realms",
    ("subjects", "TAKEN_NUMBER"): "a counter of the whole store",
    ("subjects", "RAISE_NUMBER"): "a counter of the whole store",
    ("subjects", "ADMINISTRATORS"): "asks for anybody who administers all realms",
    ("arrivals", "HANDLES"): "ids are unique in the whole store: asks who holds them",
    ("arrivals", "BLOCK"): "a counter of the whole store",
    ("subjects", "HOLDER"): "ids are unique in the whole store: asks who holds one",
    ("postgres", "CLOCK_SQL"): "the clock",
    ("schema", "VERSION_SQL"): "of the whole store",
    ("tokens", "VIEW"): "a part of statements that are looked at whole",
    ("tokens", "LIVE"): "a part of statements that are looked at whole",
}
STORE = [pytest.param(m, id=m.place) for m in modules() if m.place.startswith("store/")]


def _texts_of(value: object) -> list[str]:
    """The texts in a constant: one, two of an engine each, or a table of them."""
    if isinstance(value, Sql):
        return [value.sqlite, value.postgresql]
    several = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return [value] if isinstance(value, str) else [text for part in several for text in _texts_of(part)]


def texts() -> Iterator[tuple[str, str, str]]:
    """Every SQL text of the store: module, constant, text (both texts where there are two)."""
    for found in pkgutil.iter_modules(keyturn.store.__path__):
        module = importlib.import_module(f"keyturn.store.{found.name}")
        for name, value in vars(module).items():
            if not CONSTANT.fullmatch(name):
                continue
            yield from ((found.name, name, text) for text in _texts_of(value) if STATEMENT.match(text))


@pytest.mark.parametrize("module", [pytest.param(m, id=m.place) for m in modules()])
def test_sql_is_constant(module: Module) -> None:
    """What is run is a constant by its name, or looked up in a constant table; nothing is put together in a call."""
    assembled = [
        ast.unparse(call.args[0])
        for call in calls(module.tree, "one", "all", "run", "many")
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "tx"
        and not (call.args and _constant(call.args[0]))
    ]
    assert assembled == []


@pytest.mark.parametrize("module", STORE)
def test_sql_is_made_of_constants(module: Module) -> None:
    """A constant that is put together is put together from constants, once, at the head of its file."""
    loose = [
        ast.unparse(part.value)
        for statement in module.tree.body
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None
        for part in ast.walk(statement.value)
        if isinstance(part, ast.FormattedValue) and not _constant(part.value)
    ]
    assert loose == []
    inside = [
        ast.unparse(node)
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.JoinedStr) and STATEMENT.match(ast.unparse(node).strip("f'\""))
    ]
    assert inside == []


@pytest.mark.parametrize(("module", "name", "text"), [pytest.param(*t, id=f"{t[0]}.{t[1]}") for t in texts()])
def test_sql_stays_in_its_realm(module: str, name: str, text: str) -> None:
    """A statement names its realm, or the key of a row found in it; the rest is listed here with its reason."""
    if (module, name) in NO_REALM:
        return
    if text.startswith("INSERT"):
        columns = re.search(r"\(([^)]*)\)", text)
        assert columns is not None
        assert "realm" in [c.strip() for c in columns[1].split(",")]
        return
    assert KEYED.search(text.partition("WHERE")[2]), text


def test_the_laws_see_the_statements() -> None:
    """These laws look at the statements there are, and list no exception that is gone."""
    known = {(module, name) for module, name, _ in texts()}
    assert len(known) > 60
    assert {key for key in NO_REALM if key not in known} == set()


def test_both_schemas_are_one() -> None:
    """SQLite and PostgreSQL have the same tables, columns and indexes, migration by migration."""
    for number in MIGRATIONS:
        assert tables([number], "sqlite") == tables([number], "postgresql")
    differing = dict(indexes("sqlite").items() ^ indexes("postgresql").items())
    assert set(differing) == {"audit_kills"}, "the feed is followed by id on SQLite, by transaction on PostgreSQL"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_row_carries_its_realm(engine: str) -> None:
    """Every table but those of the whole store has the realm in each row."""
    without = {name for name, columns in tables(MIGRATIONS, engine).items() if "realm" not in columns}
    assert without == {"instance", "counters", "realms"}


def test_the_head_is_the_newest_script() -> None:
    """The schema a program wants is the newest migration that it brings along, with a text for each engine."""
    from importlib import resources

    folder = resources.files("keyturn.store.schema")
    scripts = sorted(f.name[:4] for f in (folder / "versions").iterdir() if f.name[:1].isdigit())
    assert scripts[-1] == schema.HEAD
    assert scripts == [f"{n:04}" for n in range(1, len(scripts) + 1)]
    for script in scripts:
        assert all((folder / f"{script}.{engine}.sql").is_file() for engine in ("sqlite", "postgresql"))


def tables(numbers: Sequence[str], engine: str) -> dict[str, list[str]]:
    """Tables that these migrations make or widen, with their columns in order."""
    found: dict[str, list[str]] = {}
    for statement in (s for number in numbers for s in schema.statements(number, engine)):
        made = re.match(r"CREATE TABLE (\w+) \((.*)\)", statement, re.DOTALL)
        if made:
            lines = [line.strip() for line in made[2].split("\n") if line.strip()]
            found[made[1]] = [line.split()[0] for line in lines if line.split()[0].islower()]
        wider = re.match(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", statement)
        if wider:
            found.setdefault(wider[1], []).append(wider[2])
    return found


def indexes(engine: str) -> dict[str, str]:
    """Indexes of all migrations, by name, on what columns."""
    texts = (s for number in MIGRATIONS for s in schema.statements(number, engine))
    matches = (re.match(r"CREATE (UNIQUE )?INDEX (\w+) ON (\w+ \([^)]*\))", s) for s in texts)
    return {m[2]: f"{m[1] or ''}{m[3]}" for m in matches if m}


def _constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Subscript):
        return _constant(node.value)
    if isinstance(node, ast.Attribute):
        return CONSTANT.fullmatch(node.attr) is not None
    return isinstance(node, ast.Name) and CONSTANT.fullmatch(node.id) is not None
