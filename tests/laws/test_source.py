"""Laws about the code itself: where a thing may stand, and what every file says of itself."""

import ast
import re
import statistics

import pytest

from tests.laws.sources import (
    ROOT,
    TESTS,
    Module,
    below_dialects,
    calls,
    functions,
    imported,
    keyword,
    modules,
    name_of,
)

LONGEST_FILE = 400
VENDORS = re.compile(
    r"pam360|manageengine|authtoken|rocket|meteor|pyramid|puppet|\bapi[123]\b|_rbac|rbac_|rbac-|x-auth|x-user-id", re.I
)
VENDOR_WORDS = {
    ("core/hashes.py", "rocketchat-bcrypt:"): "a spelling of the bootstrap file, which is relied on from outside",
}
SUMMARY = re.compile(r"\S.*[.…]$", re.DOTALL)
OWN = [pytest.param(m, id=m.place) for m in modules()]
ALL = [*OWN, *(pytest.param(m, id=f"tests/{m.place}") for m in modules(TESTS))]


@pytest.mark.parametrize("module", ALL)
def test_a_file_says_what_it_is(module: Module) -> None:
    """Each module begins with a docstring whose first line is one sentence, and holds one noun's worth of lines."""
    text = ast.get_docstring(module.tree)
    assert text is not None
    assert SUMMARY.fullmatch(text.split("\n\n")[0])
    lines = module.text.count("\n")
    assert lines <= LONGEST_FILE


@pytest.mark.parametrize("module", OWN)
def test_what_is_public_is_described(module: Module) -> None:
    """Each public class and function says what is true of it."""
    bare = [
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and not node.name.startswith("_")
        and node in _exposed(module.tree)
        and ast.get_docstring(node) is None
    ]
    assert bare == []


@pytest.mark.parametrize("module", [pytest.param(m, id=f"tests/{m.place}") for m in modules(TESTS)])
def test_a_test_says_what_it_shows(module: Module) -> None:
    """Each test has a docstring of one sentence."""
    tests = [f for f in functions(module.tree) if f.name.startswith("test_")]
    assert [f.name for f in tests if not SUMMARY.fullmatch((ast.get_docstring(f) or "").split("\n\n")[0])] == []


def test_functions_are_short() -> None:
    """Half of all functions have fewer than ten lines of code, their docstring and signature aside."""
    lengths = [_body_lines(f) for module in modules() for f in functions(module.tree)]
    assert statistics.median(lengths) < 10


@pytest.mark.parametrize("module", [pytest.param(m, id=m.place) for m in below_dialects()])
def test_no_vendor_below_the_dialects(module: Module) -> None:
    """No name of a product we speak like, and none of its words, stands below `dialects`."""
    found = [
        line.strip()
        for line in module.text.splitlines()
        if VENDORS.search(line)
        and not any(place == module.place and word and word in line for place, word in VENDOR_WORDS)
    ]
    assert found == []


@pytest.mark.parametrize("module", [pytest.param(m, id=m.place) for m in below_dialects()])
def test_no_branch_on_a_dialect(module: Module) -> None:
    """Nothing below `dialects` compares the name of a wire with a text: differences are rows."""
    found = [
        ast.unparse(node)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Compare)
        and any(
            name_of(side) in ("dialect", "wire") or ast.unparse(side).endswith("wire.name") for side in _sides(node)
        )
        and any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in _sides(node))
    ]
    assert found == []


def test_one_function_mints() -> None:
    """The secret of a token is drawn in `store/tokens.py` alone."""
    drawing = {
        m.place for m in modules() if "keyturn.core.secrets" in {*imported(m.tree)} or list(calls(m.tree, "draw"))
    }
    importing = {
        m.place for m in modules() if any(name.startswith("keyturn.core.secrets") for name in imported(m.tree))
    }
    assert drawing | importing == {"store/tokens.py"}


def test_entropy_is_drawn_in_one_file() -> None:
    """Only `core/entropy.py` imports a source of chance or asks the system for bytes."""
    sources = {"secrets", "random", "os.urandom", "uuid.uuid1", "uuid.uuid4", "secrets.token_bytes"}
    asking = {
        m.place
        for m in modules()
        if imported(m.tree) & sources or list(calls(m.tree, "urandom", "uuid1", "uuid4", "getrandom", "token_bytes"))
    }
    assert asking == {"core/entropy.py"}


def test_only_the_command_line_is_local() -> None:
    """All rights without a credential: presented by the command line, and at start to make the set-up code."""
    local = {m.place for m in modules() for call in calls(m.tree, "Presented") if keyword(call, "local") is not None}
    assert {place for place in local if not place.startswith("cli/")} <= {"app.py"}
    setting = {
        m.place
        for m in modules()
        for call in calls(m.tree, "Actor", "_actor", "replace")
        if keyword(call, "local") not in (None, False) and not isinstance(keyword(call, "local"), ast.Name)
    }
    assert setting == {"perform/recognise.py"}


def test_no_wall_clock_below_the_store() -> None:
    """Time is asked for in the two engines; everywhere else `now` is an argument."""
    asking = {
        m.place
        for m in modules()
        for call in calls(m.tree, "time", "time_ns", "now", "utcnow", "today", "monotonic")
        if isinstance(call.func, ast.Attribute) and name_of(call.func.value) in ("time", "datetime", "date")
    }
    assert {place for place in asking if place.split("/")[0] in ("core", "operations", "perform", "dialects")} == set()
    assert {place for place in asking if place.startswith("store/")} == {"store/postgres.py", "store/sqlite.py"}


def test_an_operation_takes_four_things() -> None:
    """What carries out or prepares a command takes tx, actor, wish (or ready) and now, in this order."""
    from keyturn.operations import CONTENTS

    wrong = {
        fn.__name__: names
        for entry in CONTENTS.values()
        for fn in (entry.run, entry.prepare)
        if fn is not None
        and (names := fn.__code__.co_varnames[: fn.__code__.co_argcount])
        not in (("tx", "actor", "wish", "now"), ("tx", "actor", "ready", "now"))
    }
    assert wrong == {}


def test_the_tree_is_looked_at() -> None:
    """These laws see the package they speak of."""
    assert (ROOT / "perform" / "__init__.py").exists()
    assert len(modules()) > 50


def _exposed(tree: ast.Module) -> list[ast.AST]:
    """What a reader of the module can reach: its own definitions, and those of its public classes."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    return [*tree.body, *(member for owner in classes for member in owner.body)]


def _sides(node: ast.Compare) -> list[ast.expr]:
    return [node.left, *node.comparators]


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in body)
