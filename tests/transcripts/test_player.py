"""The player of transcripts: that it hears every difference, and keeps what it is told to keep."""

import re
from pathlib import Path

import pytest

from tests.served import Heard, Served
from tests.transcripts.player import Differs, blocks, compare, play

REQUEST = "GET /x\n---\n"


def hear(expected: str, body: str, status: int = 200, **headers: str) -> dict[str, str]:
    """What is kept of an answer compared with what was expected."""
    kept = {"known": "abc"}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    compare(blocks(REQUEST + expected)[0], kept, Heard(status, told, body.encode()))
    return kept


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("200\n", "anything"),
        ("200\n\n(empty)", ""),
        ('200\n\n{"a":1}', '{"a":1}'),
        ('200\n\n{"a":"<<*>>"}', '{"a":"what.ever"}'),
        ('200\n\n{"a":"<<known>>"}', '{"a":"abc"}'),
        ("200\n\ntwo\nlines", "two\nlines"),
        ('200\n\n{"a":"<<x:=[0-9]+>>","b":"<<x>>"}', '{"a":"12","b":"12"}'),
        ('200 json\n\n{"b": 2, "a": [1, null]}', '{"a":[1,null],"b":2}'),
        ('200 json\n\n{"a": 1, "...": "..."}', '{"a":1,"b":2}'),
        ('200 json\n\n{"a": <<n:=[0-9]+>>, "b": "<<m:=\\\\d+>>"}', '{"a":12,"b":"34"}'),
        ("200\ncontent-type: text/plain\n", ""),
    ],
)
def test_equal_answers_pass(expected: str, body: str) -> None:
    """An answer that is as expected raises nothing."""
    hear(expected, body, content_type="text/plain")


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("201\n", ""),
        ("200\n\n(empty)", " "),
        ('200\n\n{"a":1}', '{"a":1}\n'),
        ('200\n\n{"a":1}', '{"a": 1}'),
        ('200\n\n{"a":"<<*>>"}', '{"a":"x","b":"y"}'),
        ('200\n\n{"a":"<<known>>"}', '{"a":"abd"}'),
        ('200\n\n{"a":"<<unknown>>"}', '{"a":"abc"}'),
        ('200\n\n{"a":"<<x:=[0-9]+>>","b":"<<x>>"}', '{"a":"12","b":"13"}'),
        ('200 json\n\n{"a": 1}', '{"a":1,"b":2}'),
        ('200 json\n\n{"a": 1, "...": "..."}', '{"b":2}'),
        ('200 json\n\n{"a": 1}', '{"a":true}'),
        ('200 json\n\n{"a": [1]}', '{"a":[1,2]}'),
        ('200 json\n\n{"a": "x"}', '{"a":null}'),
        ('200 json\n\n{"a": <<n:=[0-9]+>>}', '{"a":"12"}'),
        ('200 json\n\n{"a": 1}', "no json"),
        ("200\ncontent-type: text/html\n", ""),
        ("200\nlocation: /\n", ""),
    ],
)
def test_other_answers_fail(expected: str, body: str) -> None:
    """An answer that differs in status, header, byte, value, key or kept text is told."""
    with pytest.raises(Differs):
        hear(expected, body, content_type="text/plain")


def test_what_is_kept(served: Served, tmp_path: Path) -> None:
    """A value that one answer held is sent with a later request and expected of a later answer."""
    path = tmp_path / "kept.txt"
    path.write_text(
        "# a page of ours\nGET /healthz\n---\n200\n\n"
        '{"status":"<<word:=[a-z]+>>","version":"<<*>>"}\n=== its own word again\n'
        'GET /healthz\nX-Word: <<word>>\n---\n200\n\n{"status":"<<word>>","version":"<<*>>"}\n'
    )
    play(path, served)


def test_a_difference_is_told_with_its_place(served: Served, tmp_path: Path) -> None:
    """What failed is named by file, line and title."""
    path = tmp_path / "wrong.txt"
    path.write_text("GET /healthz\n---\n200\n=== second\nGET /healthz\n---\n404\n")
    with pytest.raises(Differs, match=re.escape(f"{tmp_path.name}/wrong.txt:5 second")):
        play(path, served)


@pytest.mark.parametrize("text", ["GET /x\n200\n", "GET /x\n---\nfine\n", "GET\n---\n200\n"])
def test_what_is_no_block(text: str) -> None:
    """A block without answer, status or path is refused rather than passed over."""
    with pytest.raises(ValueError, match="line 1"):
        blocks(text)
