"""Rules of one wire's realm about letters, digits, length and the login inside a new password."""

from typing import Any

import pytest

from keyturn.core.complexity import NONE, Rules, login_faults, password_faults

SHARED = "username_substring_match"


@pytest.mark.parametrize(
    ("chosen", "password", "broken"),
    [
        ({}, "x", set()),
        ({"letters_required": 2}, "a1", {"letters_required"}),
        ({"letters_required": 2}, "ab", set()),
        ({"lowercase_letters_required": 1, "uppercase_letters_required": 1}, "ABC", {"lowercase_letters_required"}),
        ({"numbers_required": 2, "special_characters_required": 1}, "1 2", {"special_characters_required"}),
        ({"numbers_required": 2, "special_characters_required": 1}, "1-2", set()),
    ],
)
def test_what_is_counted(chosen: dict[str, Any], password: str, broken: set[str]) -> None:
    """Each kind of character is counted for itself; a space is no special one."""
    assert set(password_faults(Rules(chosen), password)) == broken


@pytest.mark.parametrize(
    ("limit", "login", "password", "broken"),
    [
        (0, "mara", "xxMARAxx", True),
        (0, "mara", "xxmarxx", False),
        (2, "mara", "xxarayy", True),
        (2, "mara", "xxaryy", False),
        (9, "mara", "xxmarayy", True),
        (0, "m", "xmx", True),
        (0, "", "anything", False),
    ],
)
def test_the_login_in_a_password(limit: int, login: str, password: str, broken: bool) -> None:
    """More of the login than the limit may not stand in a row in the password; without a limit not all of it."""
    rules = Rules({SHARED: True, "substring_character_limit": limit}, login)
    assert (SHARED in password_faults(rules, password)) is broken
    assert SHARED not in password_faults(Rules({**rules.chosen, SHARED: False}, login), password)


def test_lengths() -> None:
    """The wire's own shortest password wins over the realm's; a login may be too short."""
    assert (NONE.floor(15), Rules({"password_minimum_length": 6}).floor(15)) == (15, 6)
    assert set(login_faults({"login_minimum_length": 6}, " mara ")) == {"login_minimum_length"}
    assert login_faults({}, "m") == {}
