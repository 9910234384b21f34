"""Whether a new password fits: the realm's floor, the blocklist, words of the account, and the wire's own rules."""

from typing import Any

from keyturn.core.complexity import NONE, REUSED, Rules, password_faults
from keyturn.core.outcomes import Denied, Reason, Weak
from keyturn.core.passwords import Fault, faults, normal
from keyturn.core.types import Ready, Realm, Secret


def fitting(realm: Realm, words: tuple[str, ...], wish: Any, password: Secret, rules: Rules = NONE) -> Ready | Denied:
    """The wish with its password to be hashed, or why the password does not fit.

    Denies   WEAK_PASSWORD with a sentence under `password`; never with the password
    Safe     what it is compared with, as the rules say, is hashed outside any transaction; `reused` judges it then
    Source   NIST SP 800-63B-4 section 3.1.1.2; the shorter floor only where a second factor is required
    """
    told = broken(realm, words, password, rules)
    return weak(told) if told else Ready(wish, (password,), shown=tuple((stored, password) for stored in rules.former))


def broken(realm: Realm, words: tuple[str, ...], password: Secret, rules: Rules = NONE) -> dict[str, str]:
    """What the password breaks: the name of each rule, and the rest of a sentence that begins with "The password"."""
    floor = rules.floor(realm.settings.floor(realm.settings.policy.two_factor == "required"))
    wrong = faults(password.reveal(), floor=floor, words=tuple(w for w in (*words, realm.display_name) if w))
    told = {fault.value: fault.sentence(floor) for fault in wrong}
    # Of what is no text, or endless, nothing is counted.
    return told if set(wrong) & {Fault.NOT_TEXT, Fault.TOO_LONG} else told | password_faults(rules, password.reveal())


def reused(ready: Ready) -> Denied | None:
    """The refusal of a password that fitted one of those it must not be."""
    return weak(REUSED) if any(ready.held) else None


def weak(told: dict[str, str]) -> Denied:
    """The refusal of a password that breaks these rules."""
    return Denied(Reason.WEAK_PASSWORD, Weak({"password": "; ".join(told.values())}, told))


def length(password: Secret) -> int:
    """Code points of the password as it is hashed."""
    return len(normal(password.reveal()))
