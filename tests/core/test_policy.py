"""Policy: whether a new password fits the realm and the account it is for."""

import pytest

from keyturn.core.outcomes import Denied, Reason, Weak
from keyturn.core.policy import fitting, length
from keyturn.core.settings import Policy, Settings
from keyturn.core.types import Ready, Realm, Secret

GOOD = "seven grey herons wading"


def realm(**policy: object) -> Realm:
    """A realm of that policy, called Example Heronry."""
    return Realm(1, "r", "default", "Example Heronry", True, 0, Settings(Policy(**policy)))  # type: ignore[arg-type]


def fits(password: str, **policy: object) -> Ready | Denied:
    """What becomes of that password for one called mara."""
    return fitting(realm(**policy), ("mara.ek@example.test", "mara.ek", ""), "wish", Secret(password))


def test_a_good_password_is_to_be_hashed() -> None:
    """The wish comes back with the password that is to be hashed, and nothing else."""
    ready = fits(GOOD)
    assert isinstance(ready, Ready)
    assert ready.wish == "wish"
    assert ready.passwords == (Secret(GOOD),)
    assert ready.hashes == ()


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("fourteen chars", "too_short"),
        ("", "too_short"),
        ("x" * 4097, "too_long"),
        ("\ud800 a lone surrogate pair half", "not_text"),
        ("password1234567", "blocked"),
        ("mara.ek@example.test", "blocked"),
        ("Example Heronry", "blocked"),
    ],
)
def test_what_does_not_fit(password: str, fault: str) -> None:
    """Short, endless, no text, in every list or of the account: refused with its sentence, never the password."""
    denied = fits(password)
    assert isinstance(denied, Denied)
    assert denied.reason is Reason.WEAK_PASSWORD
    assert isinstance(denied.note, Weak)
    assert fault in denied.note.faults
    assert denied.note.fields["password"]
    assert not password or password not in str(denied)


def test_the_floor_follows_the_second_factor() -> None:
    """Eight code points do where the realm requires a second factor, and only there."""
    assert isinstance(fits("blue yak"), Denied)
    assert isinstance(fits("blue yak", two_factor="required"), Ready)
    assert isinstance(fits("blu yak", two_factor="required"), Denied)
    assert isinstance(fits("blue yak", password_min_length=8), Ready)


def test_length_is_counted_as_it_is_hashed() -> None:
    """Code points of the NFC form: a letter with its accent is one, however it was typed."""
    assert length(Secret("e\u0301")) == length(Secret("\u00e9")) == 1
    assert length(Secret("")) == 0
