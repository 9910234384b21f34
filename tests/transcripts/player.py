"""Conversations as text: how a transcript is read, sent and compared.

A file holds blocks between lines `===`, each with an optional title. A block is a request and the answer it expects:

    # comments
    METHOD /path
    Name: value

    body, verbatim
    ---
    200
    Name: value

    body, or (empty); without one the body is not looked at

After `200 json` the body is compared as a JSON value, and an object that holds `"...": "..."` may hold more keys.
`Content-Length: none` in a request sends no length. In a request, `<<name>>` is what an answer before held,
`<<totp:SEED>>` the code of this moment (`<<totp:SEED+1>>` of the next step, `-1` of the last) and `<<sha256:TEXT>>` a
digest in hex; SEED and TEXT may be kept ones. In an answer, `<<name:=REGEX>>` keeps what it matches, `<<name>>` is
what was kept, `<<*>>` is anything without double quotes.
"""

import hashlib
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from keyturn.core.factors import PERIOD, seed_from_base32, step_at, totp_code
from tests.served import Heard, Served

PLACE = re.compile(r"<<(?:(?P<any>\*)|(?P<name>[a-z0-9_]+)(?::=(?P<regex>.*?))?)>>")
MADE = re.compile(r"<<(?:totp:(?P<seed>[A-Za-z2-7]+)(?P<steps>[+-]1)?|sha256:(?P<text>.*?))>>")
STATUS = re.compile(r"([1-5][0-9][0-9])( json)?")
EMPTY = "(empty)"
BARE = "\x01"
"""Marks, in a JSON value to compare with, a placeholder that stood there without quotes."""


class Block(NamedTuple):
    """One request and the answer it expects."""

    line: int
    title: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str
    status: int
    as_json: bool
    told: tuple[tuple[str, str], ...]
    answer: str | None


class Differs(AssertionError):
    """The answer is not the one that was expected."""


def blocks(text: str) -> list[Block]:
    """The blocks of a transcript; ValueError with the line of the first that is not one."""
    found, start, title, lines = [], 1, "", list[str]()
    for number, line in enumerate([*text.splitlines(), "==="], 1):
        if line == "===" or line.startswith("=== "):
            if any(part.strip() and not part.startswith("#") for part in lines):
                found.append(_block(start, title, lines))
            start, title, lines = number + 1, line[4:].strip(), []
        else:
            lines.append(line)
    return found


def play(path: Path, served: Served) -> None:
    """Every block of the file is answered as it says."""
    kept: dict[str, str] = {}
    for block in blocks(path.read_text(encoding="utf-8")):
        try:
            heard = send(block, kept, served)
            compare(block, kept, heard)
        except Differs as error:
            raise Differs(f"{path.parent.name}/{path.name}:{block.line} {block.title}\n{error}") from None


def send(block: Block, kept: dict[str, str], served: Served) -> Heard:
    """What came back of the block's request."""

    def filled(text: str) -> str:
        known = PLACE.sub(lambda match: _known(match, kept), text)
        return MADE.sub(_made, known)

    headers = [(name, filled(value)) for name, value in block.headers]
    length = ("content-length", "none") not in [(n.lower(), v) for n, v in headers]
    pairs = [(n, v) for n, v in headers if n.lower() != "content-length"]
    return served.request(block.method, filled(block.path), pairs, filled(block.body), length=length)


def compare(block: Block, kept: dict[str, str], heard: Heard) -> None:
    """The answer is the expected one, and what it was to keep is kept; Differs otherwise."""
    body = heard.body.decode("utf-8", "backslashreplace")
    if heard.status != block.status:
        raise Differs(f"status {heard.status}, not {block.status}\n{body}")
    for name, value in block.told:
        got = heard.headers.get(name.lower())
        if got is None or not _fits(value, got, kept):
            raise Differs(f"header {name}: {got!r}, not {value!r}")
    if block.answer is None:
        return
    if block.as_json:
        _same(_expected(block.answer), _decoded(body), "$", kept)
    elif not _fits("" if block.answer == EMPTY else block.answer, body, kept):
        raise Differs(f"got       {body}\nexpected  {block.answer}")


def _block(line: int, title: str, lines: list[str]) -> Block:
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        lines, line = lines[1:], line + 1
    if "---" not in lines:
        raise ValueError(f"line {line}: a block wants a line ---")
    at = lines.index("---")
    first, headers, body = _message(lines[:at])
    status, told, answer = _message(lines[at + 1 :])
    method, _, path = first.partition(" ")
    said = STATUS.fullmatch(status)
    if said is None or not path.startswith("/"):
        raise ValueError(f"line {line}: a block wants METHOD /path, and a status after ---")
    asked = None if answer is None else answer.rstrip("\n")
    return Block(line, title, method, path, headers, body or "", int(said[1]), said[2] is not None, told, asked or None)


def _message(lines: list[str]) -> tuple[str, tuple[tuple[str, str], ...], str | None]:
    """First line, headers, and what follows the blank line."""
    first, rest = (lines[0] if lines else ""), lines[1:]
    at = rest.index("") if "" in rest else len(rest)
    headers = [line.partition(":") for line in rest[:at]]
    body = "\n".join(rest[at + 1 :]) if at < len(rest) else None
    return first.strip(), tuple((name.strip(), value.strip()) for name, _, value in headers), body


def _made(match: re.Match[str]) -> str:
    if match["text"] is not None:
        return hashlib.sha256(match["text"].encode()).hexdigest()
    steps = int(match["steps"] or 0)
    # A code of the last step is too old when the step ends before it arrives.
    left = PERIOD - time.time() % PERIOD
    if steps < 0 and left < 2:
        time.sleep(left)
    seed = seed_from_base32(match["seed"])
    if seed is None:
        raise ValueError("totp wants a base32 seed of ten bytes or more")
    return totp_code(seed, step_at(time.time_ns() // 1000) + steps)


def _known(match: re.Match[str], kept: dict[str, str]) -> str:
    if match["name"] not in kept:
        raise Differs(f"nothing before this was kept as {match['name']}")
    return kept[match["name"]]


def _fits(expected: str, got: str, kept: dict[str, str]) -> bool:
    """Whether the text is the expected one; what it was to keep is kept then."""
    names: list[str] = []
    pattern = ""
    at = 0
    for match in PLACE.finditer(expected):
        pattern += re.escape(expected[at : match.start()]) + _pattern(match, kept, names)
        at = match.end()
    found = re.fullmatch(pattern + re.escape(expected[at:]), got, re.DOTALL)
    if found is None:
        return False
    kept.update({name: found[f"kept_{n}"] for n, name in enumerate(names)})
    return True


def _pattern(match: re.Match[str], kept: dict[str, str], names: list[str]) -> str:
    if match["any"]:
        return '[^"]*'
    name, regex = match["name"], match["regex"]
    if regex is not None:
        names.append(name)
        return f"(?P<kept_{len(names) - 1}>{regex})"
    if name in names:
        return f"(?P=kept_{names.index(name)})"
    return re.escape(_known(match, kept))


def _same(expected: Any, got: Any, at: str, kept: dict[str, str]) -> None:
    if isinstance(expected, dict) and isinstance(got, dict):
        _same_object(expected, got, at, kept)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for n, (mine, theirs) in enumerate(zip(expected, got, strict=True)):
            _same(mine, theirs, f"{at}[{n}]", kept)
    elif isinstance(expected, str):
        bare = expected.startswith(BARE)
        text = msgspec.json.encode(got).decode() if bare else got
        if not isinstance(text, str) or not _fits(expected.removeprefix(BARE), text, kept):
            raise Differs(f"{at}: {got!r}, not {expected.removeprefix(BARE)!r}")
    elif type(expected) is not type(got) or expected != got:
        raise Differs(f"{at}: {got!r}, not {expected!r}")


def _same_object(expected: dict[str, Any], got: dict[str, Any], at: str, kept: dict[str, str]) -> None:
    more = expected.pop("...", None) is not None
    if missing := expected.keys() - got.keys():
        raise Differs(f"{at}: {sorted(missing)} missing in {got!r}")
    if not more and (unknown := got.keys() - expected.keys()):
        raise Differs(f"{at}: {sorted(unknown)} not expected")
    for name, value in expected.items():
        _same(value, got[name], f"{at}.{name}", kept)


def _expected(text: str) -> Any:
    """The JSON value of an expected body; a placeholder outside quotes stands for any value's text."""
    out, at, quoted = "", 0, False
    while at < len(text):
        match = PLACE.match(text, at)
        if match is not None:
            # Inside quotes it is text of the string already; outside, it is made one.
            out += match[0] if quoted else msgspec.json.encode(BARE + match[0]).decode()
            at = match.end()
            continue
        step = 2 if quoted and text[at] == "\\" else 1
        quoted ^= step == 1 and text[at] == '"'
        out += text[at : at + step]
        at += step
    return _decoded(out, "the expected body")


def _decoded(text: str, what: str = "the body") -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Differs(f"{what} is not JSON: {error}\n{text}") from None
