"""Rules about letters, digits and repetition that one wire's realm may lay on logins and new passwords."""

from collections.abc import Callable, Mapping
from typing import Any

from keyturn.core.passwords import normal
from keyturn.core.types import Frozen

MOST_FORMER = 24
"""How many passwords back may be asked after: each costs a hash."""
FORMER = "number_of_previous_passwords"
SHORTEST = "password_minimum_length"
SHORTEST_LOGIN = "login_minimum_length"


class Rules(Frozen):
    """What a new password must keep beside the realm's policy.

    Shapes   chosen: by the names of the wire that has them; login: whose it will be
             former: stored hashes of passwords that it must not be
    """

    chosen: Mapping[str, Any] = {}
    login: str = ""
    former: tuple[str, ...] = ()

    def floor(self, realm: int) -> int:
        """The shortest password: the wire's own where it has one, else the realm's."""
        return int(self.chosen.get(SHORTEST, realm))


NONE = Rules()
REUSED = {FORMER: "was used before"}

COUNTED: dict[str, tuple[Callable[[str], bool], str]] = {
    "letters_required": (str.isalpha, "letters"),
    "lowercase_letters_required": (str.islower, "lower-case letters"),
    "uppercase_letters_required": (str.isupper, "upper-case letters"),
    "numbers_required": (str.isdigit, "digits"),
    "special_characters_required": (lambda c: not c.isalnum() and not c.isspace(), "special characters"),
}
"""Kinds of characters of which so many must be there."""


def password_faults(rules: Rules, password: str) -> dict[str, str]:
    """What the password breaks: the name of each rule, and the rest of a sentence that begins with "The password"."""
    text = normal(password)
    found = {
        name: f"holds too few {what}; {least} or more are wanted"
        for name, (fits, what) in COUNTED.items()
        if sum(map(fits, text)) < (least := int(rules.chosen.get(name, 0)))
    }
    if rules.chosen.get("username_substring_match") is True and _shares(rules, text):
        found["username_substring_match"] = "holds the login or a part of it"
    return found


def login_faults(rules: Mapping[str, Any], login: str) -> dict[str, str]:
    """What the login breaks: the name of each rule, and the rest of a sentence that begins with "The login"."""
    least = int(rules.get(SHORTEST_LOGIN, 1))
    return {SHORTEST_LOGIN: f"has fewer than {least} characters"} if len(login.strip()) < least else {}


def _shares(rules: Rules, text: str) -> bool:
    """Whether more than so many characters of the login stand in the password in a row; 0 = the whole login."""
    login, inside = rules.login.casefold(), text.casefold()
    width = min(int(rules.chosen.get("substring_character_limit", 0)) + 1, len(login))
    if width <= 1:
        width = len(login)
    return width > 0 and any(login[at : at + width] in inside for at in range(len(login) - width + 1))
