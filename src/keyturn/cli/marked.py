"""YAML as values that know their line: one document, plain types alone, every fault told."""

from collections.abc import Iterable
from typing import Any

import yaml

from keyturn.core.types import Frozen

DEEPEST = 16
PLAIN = {"str", "int", "bool", "null", "float", "timestamp", "seq", "map"}
TAG = "tag:yaml.org,2002:"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Fault(Frozen):
    """Something that is wrong in a file; never with a value that stands there."""

    line: int
    at: str
    sentence: str


class Marked(Frozen):
    """A value and where it stands.

    Shapes   value: None, bool, int, float, str, a list of Marked, or a dict of name to Marked
             text: a plain scalar as it was written, before it was taken for a number or a truth value
    """

    line: int
    value: Any
    text: str = ""

    @property
    def items(self) -> "list[Marked]":
        """The elements of a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def fields(self) -> "dict[str, Marked]":
        """The fields of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def plain(self) -> Any:
        """The value without its marks."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {name: item.plain() for name, item in self.value.items()}
        return self.value


def load(data: bytes) -> tuple[Marked | None, list[Fault]]:
    """The document, and what is wrong with its form; None where nothing can be read of it.

    Safe     aliases are refused before anything is built of them, so no file swells in memory; deep nesting too
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [Fault(data.count(b"\n", 0, error.start) + 1, "", "is not UTF-8 text")]
    try:
        faults = list(_forbidden(yaml.parse(text, Loader=LOADER)))
        node = None if faults else yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as error:
        return None, [_syntax(error, text)]
    if node is None:
        return None, faults or [Fault(1, "", "is empty")]
    return _marked(node, "", faults), faults


def _forbidden(events: Iterable[Any]) -> Iterable[Fault]:
    """What no file of ours holds: aliases, tags, several documents, depth."""
    depth = documents = 0
    for event in events:
        line = event.start_mark.line + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if documents > 1 or depth > DEEPEST:
            yield Fault(line, "", "holds more than one document" if documents > 1 else "is nested too deep")
            return
        if isinstance(event, yaml.AliasEvent):
            yield Fault(line, "", "holds an alias (*name), which is not taken here")
        elif getattr(event, "tag", None) not in (None, "!"):
            yield Fault(line, "", "holds a tag (!name), which is not taken here")


def _syntax(error: yaml.YAMLError, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return Fault(mark.line + 1, "", f"is not YAML: {getattr(error, 'problem', None) or 'it ends too early'}")
    return Fault(
        text.count("\n", 0, getattr(error, "position", 0)) + 1, "", "holds a character that YAML does not take"
    )


def _marked(node: Any, at: str, faults: list[Fault]) -> Marked:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Marked(line, [_marked(item, f"{at}[{n}]", faults) for n, item in enumerate(node.value)])
    if isinstance(node, yaml.MappingNode):
        return Marked(line, _mapping(node, at, faults))
    return Marked(line, _scalar(node), node.value)


def _mapping(node: Any, at: str, faults: list[Fault]) -> dict[str, Marked]:
    found: dict[str, Marked] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        place = f"{at}.{shown(name)}" if at else shown(name)
        if not isinstance(key, yaml.ScalarNode):
            faults.append(Fault(key.start_mark.line + 1, at, "wants a plain word as a key"))
        elif name in found:
            faults.append(Fault(key.start_mark.line + 1, place, "is there twice"))
        else:
            read = _marked(value, place, faults)
            # A fault of a whole section is told where its key stands.
            found[name] = Marked(key.start_mark.line + 1, read.value, read.text)
    return found


def _scalar(node: Any) -> Any:
    kind = node.tag.removeprefix(TAG)
    text: str = node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("yes", "true", "on")
    if kind == "int":
        return _whole(text)
    return float(text.replace("_", "")) if kind == "float" and _decimal(text) else text


def _whole(text: str) -> Any:
    """Decimal numbers alone: what YAML 1.1 takes for octal or base 60 stays text."""
    digits = text.removeprefix("-").removeprefix("+")
    plain = digits.isascii() and digits.isdigit() and len(digits) < 19 and (digits == "0" or digits[0] != "0")
    return int(text) if plain else text


def _decimal(text: str) -> bool:
    return text.lower().strip("+-") not in (".inf", ".nan") and ":" not in text


def shown(name: str) -> str:
    """A key as a fault may show it."""
    return "".join(c if c.isprintable() else "?" for c in name[:60]) or '""'
