"""HOCON as it is read here: what a file of settings holds, and the refusal of whatever reaches elsewhere."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.config.hocon import parse

FILE = """
# what the service keeps
rbac: {
  failed-attempts-lockout = 5   // tries
  "session-timeout" : 30, account-expiry-days: 90
  token.maximum { unit: days, names = [one, "two, three"
    four] }
  password-policy {
    letters_required: "2"
    username_substring_match: true
  }
  certificate-whitelist: "/etc/the/list"
  empty {}
  nothing: null
}
rbac { failed-attempts-lockout: 7 }
web-router-service.name = a name of words
"""


def test_a_file_as_operators_write_it() -> None:
    """Braces, both signs, dotted and quoted keys, both comments, lists and two objects that are one."""
    found = parse(FILE)
    assert found["rbac"] == {
        "failed-attempts-lockout": 7, "session-timeout": 30, "account-expiry-days": 90,
        "token": {"maximum": {"unit": "days", "names": ["one", "two, three", "four"]}},
        "password-policy": {"letters_required": "2", "username_substring_match": True},
        "certificate-whitelist": "/etc/the/list", "empty": {}, "nothing": None,
    }  # fmt: skip
    assert found["web-router-service"] == {"name": "a name of words"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: 1}", 1), ("a = -3", -3), ("a = 4h", "4h"), ("a = 1.5", "1.5"), ('a = "x\\u00e9\\n\\""', 'xé\n"'),
        ("a: false", False), ("a: 1\na: 2", 2), ('{"a": [1,2,]}', [1, 2]), ("a\n= 1", None), ("a =\n 1", 1),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    """Numbers are whole, words are words, and the last of two counts."""
    if value is None:
        with pytest.raises(ValueError, match="line 1"):
            parse(text)
    else:
        assert parse(text) == {"a": value}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = ${HOME}", "line 1: refers to another value"), ("a = 1\ninclude \"other.conf\"", "line 2: includes"),
        ("include url(\"http://x/\")", "includes"), ("a += 1", "adds to"), ('a = """x"""', "several lines"),
        ("a = {", "wants a key"), ("a = [1", "comma"), ("a", "wants ="), ("a = 1 }", "wants"), ("{a=1} b=2", "more"),
        ("a = 'x", None), ("= 1", "wants a key"), ("a = 1 \"x\"", "comma"), ("a = (", None), ("a = $x", "not read"),
        ("a{" * 30, "too deep"), ("a=" + "[" * 30, "too deep"), ('a = "x', "not read"),
    ],
)  # fmt: skip
def test_what_is_not_read(text: str, sentence: str | None) -> None:
    """It is refused with its line; nothing is opened, fetched or looked up for it."""
    if sentence is None:
        parse(text)
        return
    with pytest.raises(ValueError, match="line [0-9]+: ") as told:
        parse(text)
    assert sentence in str(told.value)


@given(st.text(alphabet='ab{}[]=:,."\\$#/+\n ', max_size=60))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    """There is no third thing."""
    try:
        parse(text)
    except ValueError as error:
        if not str(error).startswith("line "):
            raise
