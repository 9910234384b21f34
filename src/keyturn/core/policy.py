"""Whether a new password fits: the realm's floor, the blocklist, and words that belong to the account."""

from typing import Any

from keyturn.core.outcomes import Denied, Reason, Weak
from keyturn.core.passwords import faults, normal
from keyturn.core.types import Ready, Realm, Secret


def fitting(realm: Realm, words: tuple[str, ...], wish: Any, password: Secret) -> Ready | Denied:
    """The wish with its password to be hashed, or why the password does not fit.

    Denies   WEAK_PASSWORD with a sentence under `password`; never with the password
    Source   NIST SP 800-63B-4 section 3.1.1.2; the shorter floor only where a second factor is required
    """
    floor = realm.settings.floor(realm.settings.policy.two_factor == "required")
    wrong = faults(password.reveal(), floor=floor, words=tuple(w for w in (*words, realm.display_name) if w))
    if not wrong:
        return Ready(wish, (password,))
    told = {fault.value: fault.sentence(floor) for fault in wrong}
    return Denied(Reason.WEAK_PASSWORD, Weak({"password": "; ".join(told.values())}, told))


def length(password: Secret) -> int:
    """Code points of the password as it is hashed."""
    return len(normal(password.reveal()))
