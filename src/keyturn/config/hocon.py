"""HOCON, as far as a file of settings needs it: objects, lists, texts, numbers; what reaches elsewhere is refused."""

import re
from typing import Any

DEEPEST = 20
TOKENS = re.compile(
    r"""(?P<blank>[ \t\r\ufeff]+|(?:\#|//)[^\n]*)
    |(?P<line>\n)
    |(?P<long>\"{3})
    |"(?P<quoted>(?:[^"\\\n]|\\.)*)"
    |(?P<reference>\$\{)
    |(?P<append>\+=)
    |(?P<mark>[{}\[\],:=])
    |(?P<plain>(?:(?!//)[^\s"{}\[\],:=+\#$`^?!@*&\\])+)""",
    re.VERBOSE,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)")
NUMBER = re.compile(r"-?[0-9]{1,18}")
WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
ELSEWHERE = {
    "reference": "refers to another value (${…}), which is not read here",
    "append": "adds to another value (+=), which is not read here",
    "long": "holds a text of several lines, which is not read here",
}


class Cursor:
    """The tokens of a text, and where in it we are."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def kind(self) -> str:
        """What comes next: a mark itself, or the name of what it is."""
        name, text, _ = self._tokens[self._at]
        return text if name == "mark" else name

    def take(self) -> str:
        """The next token's text; the one after it is next then."""
        self._at += 1
        return self._tokens[self._at - 1][1]

    def skip(self, *kinds: str) -> None:
        """What comes next is none of these."""
        while self.kind() in kinds:
            self.take()

    def fault(self, sentence: str) -> ValueError:
        """What is wrong here, with the line of it."""
        return ValueError(f"line {self._tokens[self._at][2]}: {sentence}")


def parse(text: str) -> dict[str, Any]:
    """The object that a text of HOCON is; ValueError with the line of the first thing that is not read.

    Shapes   numbers are whole; of a key that is there twice the last counts, and two objects under it are one
    Safe     no file, no address and no variable of the environment is looked at, whatever the text says
    """
    cursor = Cursor(text)
    cursor.skip("line")
    braced = cursor.kind() == "{"
    if braced:
        cursor.take()
    found = _members(cursor, "}" if braced else "end", 0)
    if braced:
        cursor.skip("line")
    if cursor.kind() != "end":
        raise cursor.fault("there is more after the end of the object")
    return found


def _members(cursor: Cursor, end: str, depth: int) -> dict[str, Any]:
    if depth > DEEPEST:
        raise cursor.fault("goes too deep")
    found: dict[str, Any] = {}
    cursor.skip("line", ",")
    while cursor.kind() != end:
        _put(found, _key(cursor), _value_of_key(cursor, depth))
        if cursor.kind() not in ("line", ",", end):
            raise cursor.fault("wants a comma or a new line")
        cursor.skip("line", ",")
    if end == "}":
        cursor.take()
    return found


def _key(cursor: Cursor) -> list[str]:
    parts: list[str] = []
    while cursor.kind() in ("quoted", "plain"):
        quoted = cursor.kind() == "quoted"
        text = cursor.take()
        parts += [_unescaped(text)] if quoted else [part for part in text.split(".") if part]
    if not parts:
        raise cursor.fault(ELSEWHERE.get(cursor.kind(), "wants a key"))
    if parts[0] == "include":
        raise cursor.fault("includes another file, which is not read here")
    return parts


def _value_of_key(cursor: Cursor, depth: int) -> Any:
    if cursor.kind() in (":", "="):
        cursor.take()
        cursor.skip("line")
    elif cursor.kind() != "{":
        raise cursor.fault(ELSEWHERE.get(cursor.kind(), "wants = or : after a key"))
    return _value(cursor, depth)


def _value(cursor: Cursor, depth: int) -> Any:
    kind = cursor.kind()
    if kind == "{":
        cursor.take()
        return _members(cursor, "}", depth + 1)
    if kind == "[":
        cursor.take()
        return _items(cursor, depth + 1)
    if kind == "quoted":
        return _unescaped(cursor.take())
    if kind != "plain":
        raise cursor.fault(ELSEWHERE.get(kind, "wants a value"))
    words = [cursor.take()]
    while cursor.kind() == "plain":
        words.append(cursor.take())
    return _plain(" ".join(words))


def _items(cursor: Cursor, depth: int) -> list[Any]:
    if depth > DEEPEST:
        raise cursor.fault("goes too deep")
    found: list[Any] = []
    cursor.skip("line", ",")
    while cursor.kind() != "]":
        found.append(_value(cursor, depth))
        if cursor.kind() not in ("line", ",", "]"):
            raise cursor.fault("wants a comma or a new line")
        cursor.skip("line", ",")
    cursor.take()
    return found


def _put(found: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        inner = found.get(part)
        found[part] = inner if isinstance(inner, dict) else {}
        found = found[part]
    last = path[-1]
    known = found.get(last)
    found[last] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value


def _plain(text: str) -> Any:
    return int(text) if NUMBER.fullmatch(text) else WORDS.get(text, text)


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 5 else ESCAPES.get(m[1], m[1]), text)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at, line = list[tuple[str, str, int]](), 0, 1
    while at < len(text):
        match = TOKENS.match(text, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"line {line}: holds a character that is not read here")
        if match.lastgroup != "blank":
            found.append((match.lastgroup, match[match.lastgroup], line))
        line += match.lastgroup == "line"
        at = match.end()
    return [*found, ("end", "", line)]
