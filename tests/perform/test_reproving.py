"""The current password, shown again for one wish: counted, settled, and never remembered."""

import pytest

from keyturn.core import commands as c
from keyturn.core import hashes
from keyturn.core.outcomes import Reason
from keyturn.core.types import Secret, StepUpRule
from tests.houses import PASSWORD, WEAK, Household, current, reason
from tests.perform.logins import LONG, meddled, remembered, store_hash

CHANGE = c.ChangePassword(Secret(LONG))
ISSUE = c.IssueToken("personal", "new", "native")
FALLBACK = StepUpRule(fallback=True)


def test_the_current_password_is_shown_anew(house: Household) -> None:
    """A new password wants the current one for this very wish; a wrong one is counted and written down."""
    person = house.person()
    session = house.token(person)
    assert reason(house.wish(session, CHANGE)) is Reason.WRONG_CURRENT_PASSWORD
    assert reason(house.wish(session, CHANGE, proof=current("wrong"))) is Reason.WRONG_CURRENT_PASSWORD
    assert house.one("SELECT failures FROM locks") == 1
    assert [line.reason for line in house.lines("refused")] == ["wrong_current_password"] * 2
    assert reason(house.wish(session, CHANGE, proof=current(PASSWORD))) is None
    assert not remembered(house, session)
    assert house.one("SELECT failures + reserved FROM locks") == 0
    assert reason(house.sign_in(person, CHANGE.password.reveal())) is None


def test_a_weak_password_is_refused_after_the_proof(house: Household) -> None:
    """A new password that does not fit leaves the old one, and the right proof is no failure and not remembered."""
    person = house.person()
    session = house.token(person)
    weak = c.ChangePassword(Secret("short"))
    assert reason(house.wish(session, weak, proof=current(PASSWORD))) is Reason.WEAK_PASSWORD
    assert house.one("SELECT failures + reserved FROM locks") == 0
    assert not remembered(house, session)
    assert [line.reason for line in house.lines("refused")] == ["weak_password"]
    assert reason(house.sign_in(person)) is None


def test_a_remote_account_has_no_password_here(house: Household) -> None:
    """Who is managed elsewhere changes no password here, and nothing is evaluated for it."""
    session = house.token(house.person(remote=True))
    assert reason(house.wish(session, CHANGE, proof=current(PASSWORD))) is Reason.REMOTE_ACCOUNT
    assert house.one("SELECT count(*) FROM locks") == 0


def test_a_dead_token_proves_nothing(house: Household) -> None:
    """No password is evaluated for a caller whom nobody recognises."""
    session = house.token(house.person())
    house.wish(session, c.EndSession())
    assert reason(house.wish(session, CHANGE, proof=current("wrong"))) is Reason.TOKEN_ENDED
    assert house.one("SELECT count(*) FROM locks") == 0


@pytest.mark.parametrize("rule", [None, FALLBACK])
def test_a_password_changed_meanwhile_proves_nothing(house: Household, rule: StepUpRule | None) -> None:
    """The proof counts on the password that it was shown for alone, for a new password as for a second proof."""
    person = house.person()
    session = house.token(person)
    other = hashes.hash_password("x", WEAK, b"1" * 16, None)
    home, hasher = meddled(house, lambda: store_hash(house, person, other))
    wish, why = (CHANGE, Reason.WRONG_CURRENT_PASSWORD) if rule is None else (ISSUE, Reason.STEP_UP_WRONG)
    assert reason(home.wish(session, wish, step_up=rule, proof=current(PASSWORD))) is why
    assert not remembered(house, session)
    hasher.close()
