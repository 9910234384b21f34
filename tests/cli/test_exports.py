"""Export files, taken apart: whatever their form, and however they are broken."""

import io
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.cli import exports
from keyturn.cli.exports import Document, NoExport, documents

TRICKY = {"a": 'b"}{[]\\', "c": [{"d": {}}, "\u00e9\n"], "": "\\\\"}


class Endless(io.BytesIO):
    """A file that goes on with one letter up to that size."""

    def __init__(self, begin: bytes, size: int) -> None:
        super().__init__(begin)
        self._left = size

    def read(self, size: int | None = -1) -> bytes:
        """The next part."""
        begin = super().read(size)
        more = min(self._left, (size or 0) - len(begin))
        self._left -= more
        return begin + b"x" * more


def parts(data: bytes) -> list[Document]:
    """Every document of a file with that content."""
    read: list[int] = []
    found = list(documents(io.BytesIO(data), read.append))
    assert all(count >= 0 for count in read)
    return found


def values(data: bytes) -> list[Any]:
    """The documents as values; none is broken."""
    found = parts(data)
    assert [each.fault for each in found if each.fault] == []
    return [msgspec.json.decode(each.raw) for each in found]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """No document is larger than 64 bytes, and a file is read by 8."""
    monkeypatch.setattr(exports, "LARGEST", 64)
    monkeypatch.setattr(exports, "HEAD", 8)
    monkeypatch.setattr(exports, "CHUNK", 8)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf", b"\r\n  "])
def test_every_form_is_read(size: int, begin: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document a line, an array on one line or many, and documents spread over lines hold the same."""
    several = [{"n": 1}, TRICKY, {"n": 3}]
    lines = b"\n".join(msgspec.json.encode(each) for each in several)
    pretty = b"\n".join(msgspec.json.format(msgspec.json.encode(each)) for each in several)
    array = msgspec.json.encode(several)
    # The form is told by the first part of a file; this is the least it can be told by.
    monkeypatch.setattr(exports, "HEAD", 7)
    monkeypatch.setattr(exports, "CHUNK", size)
    for data in (lines, lines + b"\r\n", array, array + b"\n", msgspec.json.format(array), pretty, pretty + b"\n"):
        assert values(begin + data) == several


def test_places_are_told() -> None:
    """Lines are counted with the empty ones; in an array the documents are."""
    assert [each.line for each in parts(b'{"a":1}\n\n{"b":2}\n')] == [1, 3]
    assert [each.line for each in parts(b'[{"a":1},\n\n{"b":2}]')] == [1, 2]


@pytest.mark.parametrize("data", [b"", b" \n", b"\xef\xbb\xbf", b"_id,username\n", b"\x1f\x8b\x08", b"null", b'"{}"'])
def test_what_is_no_export(data: bytes) -> None:
    """Nothing, another form, or a packed file: said at once."""
    with pytest.raises(NoExport):
        parts(data)


def test_a_broken_line_spoils_no_other() -> None:
    """Each line stands for itself; whether it is JSON is asked of each by its reader."""
    assert [each.raw for each in parts(b'{"a":1}\n{"b":\nnonsense\n{"c":3}')] == [
        b'{"a":1}', b'{"b":', b"nonsense", b'{"c":3}',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'[{"a":1},{"b":', 2),
        (b'[{"a":1},{"b":"x', 2),
        (b'[{"a":1},{"b":2}', 3),
        (b'[{"a":1}', 2),
        (b"[", 1),
        (b'{\n"a":1}\n{\n"b', 2),
    ],
)
def test_a_file_that_was_cut_off(data: bytes, place: int) -> None:
    """The end is missed, and what was whole is there."""
    *whole, last = parts(data)
    assert (last.line, last.fault) == (place, "is cut off: the file ends in the middle")
    assert all(not each.fault for each in whole)


@pytest.mark.parametrize("data", [b'[{"a":1}, 5, {"b":2}]', b'[{"a":1}]nonsense]', b'["{", {"a":1}, {"b":2}]'])
def test_what_stands_between_documents(data: bytes) -> None:
    """Something that is no document is told, and spoils none."""
    *whole, last = parts(data)
    assert last.fault.startswith("is no document")
    assert whole[-1].raw in (b'{"a":1}', b'{"b":2}')


def test_a_brace_too_many() -> None:
    """It counts as a broken document, and the next is read."""
    found = parts(b'[{"a":1}},{"b":2}]')
    assert [each.raw for each in found] == [b'{"a":1}', b"}", b'{"b":2}']


def test_a_huge_line_is_not_held(small: None) -> None:
    """It is left, whole or in parts, and the next is read under its own number."""
    huge = b'{"a":"' + b"x" * 500 + b'"}'
    found = parts(b'{"a":1}\n' + huge + b'\n{"b":2}\n' + huge)
    assert [(each.line, each.raw, each.fault) for each in found] == [
        (1, b'{"a":1}', ""), (2, b"", exports.TOO_LARGE), (3, b'{"b":2}', ""), (4, b"", exports.TOO_LARGE),
    ]  # fmt: skip


@pytest.mark.parametrize("begin", [b'{"a":"', b'[{"a":"', b"[", b'["'])
def test_a_file_without_end_fills_no_memory(begin: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its form, no more is held than the largest document there may be."""
    monkeypatch.setattr(exports, "LARGEST", 2**17)
    monkeypatch.setattr(exports, "CHUNK", 2**16)
    endless = Endless(begin, 2**24)
    tracemalloc.start()
    found = list(documents(endless, lambda count: None))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [each.fault[:21] for each in found] == [exports.TOO_LARGE[:21]]
    assert most < 2**20


@pytest.mark.parametrize("inner", [b'"' + b"x" * 500 + b'"', b"x" * 500, b'"' + b"x" * 500])
def test_a_huge_part_of_an_array_ends_it(small: None, inner: bytes) -> None:
    """What is before it is taken; where it ends is not looked for."""
    first, second = parts(b'[{"a":1},{"b":' + inner + b"},{}]")
    assert first.raw == b'{"a":1}'
    assert second.fault.startswith(exports.TOO_LARGE)


@given(st.binary(max_size=300), st.sampled_from([b"[", b"{", b"{\n", b'[{"a":1},']))
def test_no_file_breaks_it(junk: bytes, begin: bytes) -> None:
    """Of any bytes every part is a document or a fault, in order, and nothing is lost or made up."""
    found = parts(begin + junk)
    assert [each.line for each in found] == sorted(each.line for each in found)
    assert all(bool(each.raw) != bool(each.fault) for each in found)
    assert all(each.raw in begin + junk for each in found)
