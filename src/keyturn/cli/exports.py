"""An exported collection, document by document as it is read: one a line, one array of all, or spread over lines."""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

LARGEST = 16 * 1024 * 1024
"""No document is larger: what is would only fill the memory."""
HEAD = 4096
"""By so much the form of a file is told."""
CHUNK = 256 * 1024
BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n"
PARTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}]', re.DOTALL)
"""Texts whole, so that no brace in one counts; a quote alone is the begin of one that goes on."""
QUOTE, OPEN = b'"{'
TOO_LARGE = "is larger than 16 MiB"
STOPPED = "nothing after it could be read"
Tick = Callable[[int], None]


class NoExport(Exception):
    """The file is none that can be read at all, in a sentence."""


class Document(NamedTuple):
    """One document as its bytes, or why there are none.

    Shapes   line: of the file; where documents are no lines, the place among them
    """

    line: int
    raw: bytes
    fault: str = ""


def documents(file: BinaryIO, tick: Tick) -> Iterator[Document]:
    """Every document of the file; `tick` hears how many bytes were read.

    Safe     one document at a time is held, and of a broken one no more than the largest there may be
    """
    head = file.read(HEAD)
    tick(len(head))
    start = head.removeprefix(BOM).lstrip(BLANK)
    if start[:1] not in (b"{", b"["):
        raise NoExport("holds nothing" if not start else "is no export: neither a JSON document a line nor an array")
    whole = Ahead(head.removeprefix(BOM), file, tick)
    if start[:1] == b"[" or start.partition(b"\n")[0].strip(BLANK) == b"{":
        yield from _objects(whole, array=start[:1] == b"[")
    else:
        yield from _lines(whole)


class Ahead:
    """A file whose first part was read already."""

    def __init__(self, head: bytes, file: BinaryIO, tick: Tick) -> None:
        self._head = head
        self._file = file
        self._tick = tick

    def chunk(self) -> bytes:
        """The next part; empty at the end."""
        head, self._head = self._head, b""
        if head:
            return head
        more = self._file.read(CHUNK)
        self._tick(len(more))
        return more


# --- a document a line


def _lines(file: Ahead) -> Iterator[Document]:
    number, rest, skipped = 1, b"", False
    while chunk := file.chunk():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield from _line(number, line, skipped)
            number, skipped = number + 1, False
        if len(rest) > LARGEST:
            rest, skipped = b"", True
    yield from _line(number, rest, skipped)


def _line(number: int, line: bytes, skipped: bool) -> Iterator[Document]:
    if skipped or len(line) > LARGEST:
        yield Document(number, b"", TOO_LARGE)
    elif line.strip(BLANK):
        yield Document(number, line)


# --- an array, or documents of many lines each


def _objects(file: Ahead, array: bool) -> Iterator[Document]:
    """Every object of the outermost level, told by its braces alone: a broken one does not spoil the next."""
    count, depth, start, at, between, held = 0, 0, 0, 0, b"", b""
    while chunk := file.chunk():
        held += chunk
        for part in PARTS.finditer(held, at):
            at, kind = part.end(), held[part.start()]
            if kind == QUOTE and at - part.start() == 1:
                at = part.start()
                break
            if kind == QUOTE:
                continue
            if depth == 0:
                between += held[start : part.start()]
                start = part.start()
            depth += 1 if kind == OPEN else -1
            if depth <= 0:
                count += 1
                yield Document(count, held[start:at])
                start, depth = at, 0
        else:
            at = len(held)
        held, at, start = held[start:], at - start, 0
        if len(held) > LARGEST:
            yield Document(count + 1, b"", f"{TOO_LARGE}; {STOPPED}")
            return
    yield from _ended(count + 1, between + (b"" if depth else held), depth, array)


def _ended(place: int, between: bytes, depth: int, array: bool) -> Iterator[Document]:
    """What is to be said of the end of the file, and of what stands between the documents."""
    if depth or (array and not between.rstrip(BLANK).endswith(b"]")):
        yield Document(place, b"", "is cut off: the file ends in the middle")
    elif between.strip(b"[]," + BLANK):
        yield Document(place, b"", "is no document: the file holds something else between them")
