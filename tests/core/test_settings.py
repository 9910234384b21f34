"""Settings and policy: what a realm may choose, and how each choice is checked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import settings as s
from keyturn.core.settings import GENERAL, LONGEST, Policy, Setting, Settings


@pytest.mark.parametrize(
    ("given_value", "seconds"),
    [("30s", 30), ("15m", 900), ("8h", 28_800), ("7d", 604_800), ("1y", 31_536_000), ("45", 45), (45, 45), (0, 0)],
)
def test_durations(given_value: object, seconds: int) -> None:
    """A duration is whole seconds or a number with one of five units."""
    assert s.duration(given_value) == seconds


@pytest.mark.parametrize(
    "wrong", ["", "s", "-1", -1, "1.5h", "1 h", "1H", "8hh", "h8", True, None, 1.5, [], "١s", "9" * 13, "1s\n", "101y"]
)
def test_what_is_no_duration(wrong: object) -> None:
    """Everything else is refused in a sentence, a hundred years and more too."""
    with pytest.raises(ValueError, match=r"^(wants a duration|is longer)"):
        s.duration(wrong)


@given(st.integers(min_value=0, max_value=LONGEST))
def test_a_duration_is_read_as_it_is_stored(seconds: int) -> None:
    """The stored form, whole seconds, is a duration of the same length."""
    assert s.duration(s.duration(str(seconds))) == seconds


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (s.boolean, [True, False]),
        (s.whole, [0, 1, 1_000_000]),
        (s.words, ["", "a word", "x" * 1024, "Ünïcode"]),
        (s.names, [[], ["a", "b"]]),
        (s.mapping, [{}, {"a": 1, "b": "x", "c": True}]),
        (s.choice("a", "b"), ["a", "b"]),
        (s.optional(s.whole), [None, 7]),
    ],
)
def test_what_a_check_takes(check: Any, good: list[Any]) -> None:
    """A good value is stored as it was given."""
    assert [check(value) for value in good] == good


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (s.boolean, [1, 0, "true", None, []]),
        (s.whole, [-1, 1_000_001, 1.0, True, "1", None]),
        (s.words, [1, None, "a\nb", "a\x00", "x" * 1025, "\u202e"]),
        (s.names, ["a", ["a", 1], ["a\n"], None, ["a"] * 1001]),
        (s.mapping, [[], {1: 1}, {"a": []}, {"a": None}, None]),
        (s.choice("a", "b"), ["c", "A", "", None, ["a"]]),
        (s.optional(s.whole), [-1, "x"]),
    ],
)
def test_what_a_check_refuses(check: Any, wrong: list[Any]) -> None:
    """Anything else is refused with a sentence that does not tell the value."""
    for value in wrong:
        with pytest.raises(ValueError, match=r"^wants "):
            check(value)


def test_settings_are_checked_together() -> None:
    """Good ones come back in their stored form, every wrong one with its sentence."""
    rows = {row.name: row for row in GENERAL}
    good, faults = s.check_settings(
        rows, {"lifetimes.session.max": "8h", "quota.personal": "many", "nothing": 1, "require_synchronous": True}
    )
    assert good == {"lifetimes.session.max": 28_800, "require_synchronous": True}
    assert faults == {"quota.personal": "wants a whole number from 0 to 1000000", "nothing": "is not a setting"}


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        ({"lockout_attempts": 0}, {"lockout_attempts": "wants a whole number from 1 to 100"}),
        ({"lockout_attempts": 101}, {"lockout_attempts": "wants a whole number from 1 to 100"}),
        ({"lockout_attempts": True}, {"lockout_attempts": "wants a whole number from 0 to 1000000"}),
        ({"password_min_length": 0}, {"password_min_length": "wants a whole number from 1 to 256"}),
        (
            {"password_min_length_two_factor": 257},
            {"password_min_length_two_factor": "wants a whole number from 1 to 256"},
        ),
        ({"two_factor": "yes"}, {"two_factor": "wants one of: off, optional, required"}),
        ({"nothing": 1}, {"nothing": "is not a policy"}),
    ],
)
def test_policy_has_bounds(chosen: dict[str, Any], fault: dict[str, str]) -> None:
    """A policy outside its bounds is refused by name."""
    assert s.check_policy(chosen)[1] == fault


def test_a_good_policy_passes() -> None:
    """The defaults, and the ends of the bounds, are policies."""
    defaults = {name: getattr(Policy(), name) for name in Policy.__struct_fields__}
    assert s.check_policy(defaults) == (defaults, {})
    assert s.check_policy({"lockout_attempts": 100, "password_min_length": 1})[1] == {}


def test_settings_in_force() -> None:
    """Each value is told as what it is; what is unset or of another type is no, nothing or unset."""
    held = Settings(values={"on": True, "off": False, "word": "x", "count": 5, "none": None, "one": 1})
    assert (held.flag("on"), held.flag("off"), held.flag("one"), held.flag("nothing")) == (True, False, False, False)
    assert (held.text("word"), held.text("count"), held.text("nothing")) == ("x", "", "")
    assert (held.number("count"), held.number("on"), held.number("word"), held.number("none")) == (5, None, None, None)


def test_the_floor_is_longer_for_a_password_alone() -> None:
    """15 code points alone, 8 beside a second factor, unless the realm says otherwise."""
    assert (Settings().floor(False), Settings().floor(True)) == (15, 8)
    own = Settings(Policy(password_min_length=20, password_min_length_two_factor=12))
    assert (own.floor(False), own.floor(True)) == (20, 12)


def test_defaults_fill_in() -> None:
    """Every setting has a value where a realm says nothing."""
    rows = (Setting("a", s.whole, 1, "number", "A."), Setting("b", s.boolean, False, "true, false", "B."))
    assert s.defaults(rows) == {"a": 1, "b": False}
