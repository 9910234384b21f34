"""The source tree as laws look at it: every module with its place, its text and its syntax tree."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import keyturn

ROOT = Path(inspect.getfile(keyturn)).parent
TESTS = Path(__file__).parents[1]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One Python file; `place` is its path below the package."""

    place: str
    text: str
    tree: ast.Module


@cache
def modules(root: Path = ROOT) -> tuple[Module, ...]:
    """Every Python file below that folder, by place."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
    return tuple(Module(path.relative_to(root).as_posix(), text, ast.parse(text)) for path, text in texts.items())


def below_dialects() -> tuple[Module, ...]:
    """The modules that know no wire by name."""
    knowing = ("dialects", "app", "cli", "config")
    return tuple(m for m in modules() if m.place.split("/")[0].removesuffix(".py") not in knowing)


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Every call of a function of one of these names, plain or as an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in names:
            yield node


def name_of(node: ast.AST) -> str:
    """The last part of a name: `draw` of `secrets.draw`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def imported(tree: ast.AST) -> set[str]:
    """Every module imported, anywhere in the file, and every name imported from one: `os`, `os.urandom`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def keyword(call: ast.Call, name: str) -> Any:
    """The constant value of a keyword of a call; None when absent or no constant."""
    for given in call.keywords:
        if given.arg == name:
            return given.value.value if isinstance(given.value, ast.Constant) else given.value
    return None
