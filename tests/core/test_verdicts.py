"""Verdicts: whether a stored token is good now, decided by its rows and the clock alone."""

from typing import Any

import pytest
from msgspec.structs import replace

from keyturn.core.outcomes import Reason
from keyturn.core.settings import Settings
from keyturn.core.types import SECOND, Instant, Realm, SecretRow, Subject, Token
from keyturn.core.verdicts import Alive, Dead, verdict

NOW = Instant(1_000_000 * SECOND)
REALM = Realm(1, "r", "default", "Default", True, 0, Settings())
SUBJECT = Subject(
    1, 1, "u", 1, "h", "mara", "", False, "", False, False, False, "active", 0, NOW, NOW, None, {}, ()
)  # fmt: skip
TOKEN = Token(
    1, "t", 1, 1, None, None, None, "session", "native", None, None, False, None, None, Instant(NOW - SECOND),
    Instant(NOW + SECOND), None, None, None, None, {},
)  # fmt: skip
SECRET = SecretRow("abcdef", Instant(NOW - SECOND), None, None, None, None, None)


def judged(**given: Any) -> Reason | None:
    """Why such a token is dead; None when it is alive."""
    rows: dict[str, Any] = {"token": TOKEN, "secret": SECRET, "subject": SUBJECT, "realm": REALM}
    for name, value in given.items():
        row, _, field = name.partition("_")
        if row in rows:
            rows[row] = replace(rows[row], **{field: value})
    found = verdict(fresh=given.get("fresh", True), now=given.get("now", NOW), **rows)
    assert isinstance(found, (Alive, Dead))
    return found.reason if isinstance(found, Dead) else None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, None),
        ({"now": Instant(NOW + SECOND - 1)}, None),
        ({"now": Instant(NOW + SECOND)}, Reason.TOKEN_EXPIRED),
        ({"token_expires": None, "now": Instant(2 * NOW)}, None),
        ({"token_reason": "expired", "token_ended": NOW}, Reason.TOKEN_EXPIRED),
        ({"token_ended": NOW}, Reason.TOKEN_ENDED),
        ({"token_ended": Instant(NOW + 5 * SECOND)}, Reason.TOKEN_ENDED),
        ({"secret_ends": Instant(NOW + 1)}, None),
        ({"secret_ends": NOW}, Reason.TOKEN_ENDED),
        ({"secret_ends": Instant(0)}, Reason.TOKEN_ENDED),
        ({"fresh": False}, Reason.TOKEN_ENDED),
        ({"realm_active": False}, Reason.TOKEN_ENDED),
        ({"subject_state": "suspended"}, Reason.OWNER_SUSPENDED),
        ({"subject_state": "suspended", "fresh": False, "token_ended": NOW}, Reason.OWNER_SUSPENDED),
        ({"subject_state": "deleted"}, Reason.TOKEN_ENDED),
        ({"token_idle": 1}, Reason.TOKEN_IDLE),
        ({"token_idle": 2}, None),
        ({"token_idle": 5, "secret_last_used": Instant(NOW - 6 * SECOND)}, Reason.TOKEN_IDLE),
        ({"token_idle": 5, "secret_last_used": Instant(NOW - 5 * SECOND + 1)}, None),
        ({"token_idle": 1, "token_ended": NOW}, Reason.TOKEN_ENDED),
    ],
)
def test_verdict(given: dict[str, Any], reason: Reason | None) -> None:
    """A token is good until the instant it expires, ends, is replaced, lies idle too long, or its owner may not act."""
    assert judged(**given) is reason


def test_a_verdict_is_no_truth_value() -> None:
    """Dead is a value of its own type: a check that asks for truth gets nothing it could take for a yes (A11)."""
    assert not isinstance(Dead(Reason.TOKEN_ENDED), Alive)
    assert not isinstance(Alive(), Dead)
