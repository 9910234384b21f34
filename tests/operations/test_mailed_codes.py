"""Codes by mail on demand, for whoever signs in by one: to whom, how often, and what the answer never says."""

import re
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Ended, Reason, SessionOpened
from keyturn.core.types import SECOND, Presented, Proof, Secret
from keyturn.store import mail_codes
from tests.houses import Household, Person, reason
from tests.perform.logins import LIMIT, lock

CHAT = "rocketchat"
WRONG = Secret("000000")


@pytest.fixture
def mia(house: Household) -> Person:
    """Somebody with an address known to be theirs, and no factor."""
    return house.person("mia", email="mia@example.test", email_verified=True)


def test_a_code_is_mailed_on_demand(house: Household, mia: Person) -> None:
    """To the row's own address whichever way the account is named; the answer is the same for nobody."""
    house.factor(mia, "email")
    for name in ("MIA", "mia@example.test"):
        assert house.wish(None, c.MailCode(name), dialect=CHAT) == Ended()
        house.clock.forward(61)
    assert [(letter.kind, letter.address) for letter in house.letters()] == [("code", "mia@example.test")] * 2
    words = house.letters()[-1].words
    assert words.keys() == {"realm", "code", "until"}
    assert words["realm"] == "Default"
    assert re.fullmatch(r"[0-9]{3}-[0-9]{3}", words["code"])
    assert re.fullmatch(r"[0-9-]{10} [0-9:]{5} UTC", words["until"])
    assert house.wish(None, c.MailCode("nobody"), dialect=CHAT) == Ended()
    assert isinstance(house.sign_in(mia, dialect=CHAT, proof=Proof("email", house.mailed())), SessionOpened)


def test_at_most_one_mail_a_minute(house: Household, mia: Person) -> None:
    """Nobody's mailbox is filled; after a minute a fresh one is mailed, and the one before works no more."""
    house.factor(mia, "email")
    for _ in range(3):
        assert house.wish(None, c.MailCode("mia"), dialect=CHAT) == Ended()
    assert len(house.letters()) == 1
    first = house.mailed()
    house.clock.forward(61)
    house.wish(None, c.MailCode("mia"), dialect=CHAT)
    assert len(house.letters()) == 2
    if first.reveal() != house.mailed().reveal():
        assert reason(house.sign_in(mia, dialect=CHAT, proof=Proof("email", first))) is Reason.FACTOR_WRONG


def suspended(house: Household, mia: Person) -> None:
    """May not act."""
    house.wish(Presented("native", local=True), c.SuspendUser(mia.ref))


def unverified(house: Household, mia: Person) -> None:
    """Has an address that nobody vouched for."""
    house.wish(Presented("native", local=True), c.EditUser(mia.ref, email_verified=False))


def without(house: Household, mia: Person) -> None:
    """Is not asked for codes by mail."""
    house.wish(Presented("native", local=True), c.RemoveFactor(subject=mia.ref, kind="email"))
    house.factor(mia)


def locked(house: Household, mia: Person) -> None:
    """Was guessed at too often."""
    for _ in range(LIMIT):
        house.sign_in(mia, dialect=CHAT, proof=Proof("email", WRONG))
    assert lock(house, mia, "email").until > house.store.now()


def deleted(house: Household, mia: Person) -> None:
    """Is no more."""
    house.wish(Presented("native", local=True), c.DeleteUser(mia.ref))


@pytest.mark.parametrize("how", [suspended, unverified, without, locked, deleted])
def test_the_answer_never_says(house: Household, mia: Person, how: Any) -> None:
    """Where no code is due none is mailed, and the same is answered as where one is (A25)."""
    house.factor(mia, "email")
    how(house, mia)
    before, letters = house.contents(), house.letters()
    assert house.wish(None, c.MailCode("mia"), dialect=CHAT) == Ended()
    assert house.letters() == letters
    assert house.contents() == before


def test_no_code_for_a_wire_without_them(house: Household, mia: Person) -> None:
    """Natively none is mailed unless policy says so, elsewhere never."""
    house.factor(mia, "email")
    for wire in ("native", "puppet"):
        assert house.wish(None, c.MailCode("mia"), dialect=wire) == Ended()
    assert house.letters() == []
    house.choose(policy={"mail_codes": True})
    assert house.wish(None, c.MailCode("mia")) == Ended()
    expires = house.one("SELECT expires - created FROM mail_codes WHERE dialect = 'native'")
    assert expires == 600 * SECOND


def test_a_fresh_code_is_no_fresh_start(house: Household, mia: Person) -> None:
    """What was guessed at the code before stays counted against the factor (A18)."""
    house.factor(mia, "email")
    house.wish(None, c.MailCode("mia"), dialect=CHAT)
    for _ in range(mail_codes.TRIES):
        house.sign_in(mia, dialect=CHAT, proof=Proof("email", WRONG))
    house.clock.forward(61)
    house.wish(None, c.MailCode("mia"), dialect=CHAT)
    assert lock(house, mia, "email").failures == mail_codes.TRIES
    for _ in range(mail_codes.TRIES):
        house.sign_in(mia, dialect=CHAT, proof=Proof("email", WRONG))
    house.clock.forward(61)
    letters = house.letters()
    house.wish(None, c.MailCode("mia"), dialect=CHAT)
    assert house.letters() == letters
