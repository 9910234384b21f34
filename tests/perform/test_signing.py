"""Signing in by password: what is right, wrong, locked, in flight or renewed, and what a lock ends."""

import threading
import time

import bcrypt
import pytest
from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core import hashes
from keyturn.core.outcomes import Denied, Reason, SessionOpened
from keyturn.core.types import LoginProof, Presented, Proof, RealmRef, Secret
from keyturn.perform import perform, proofs, signing
from keyturn.perform.hashing import Busy
from keyturn.store import factors, realms, subjects
from tests.houses import PASSWORD, WEAK, Household, Person, asking, reason
from tests.perform.logins import LIMIT, LONG, lock, login, meddled, refused, store_hash, stored

# --- the password


def test_a_right_password_opens_a_session(house: Household) -> None:
    """It is one line in the record, clears the count, and the session works at once."""
    person = house.person()
    assert reason(house.sign_in(person, "wrong")) is Reason.WRONG_PASSWORD
    opened = house.sign_in(person)
    assert isinstance(opened, SessionOpened)
    assert house.opens(opened.secret) is None
    assert lock(house, person).failures == 0
    assert [(line.verb, line.subject) for line in house.lines("done")] == [("sessions:open", person.subject.id)]


@pytest.mark.parametrize("by", ["login", "email", "any"])
def test_by_which_name_one_signs_in(house: Household, by: str) -> None:
    """By login, by mail address, or by either, as the wire says."""
    person = house.person("jean", email="Jean@Example.test")
    heard = {
        name: reason(house.wish(login(person, login=LoginProof(name, Secret(PASSWORD), by=by)), c.OpenSession()))
        for name in ("JEAN", "jean@example.test")
    }
    unknown = Reason.UNKNOWN_ACCOUNT
    assert heard == {
        "JEAN": unknown if by == "email" else None, "jean@example.test": unknown if by == "login" else None,
    }  # fmt: skip


def test_wrong_passwords_are_written_down(house: Household) -> None:
    """Each evaluated failure of an account is a refused line; the one that locks says so; unknown names leave none."""
    person = house.person()
    for _ in range(LIMIT):
        assert reason(house.sign_in(person, "wrong")) is Reason.WRONG_PASSWORD
    assert refused(house) == [("sessions:open", "wrong_password", person.subject.id)] * LIMIT
    assert '"closed":true' in house.one("SELECT detail FROM audit ORDER BY id DESC LIMIT 1")
    assert reason(house.sign_in(person)) is Reason.ACCOUNT_LOCKED
    assert reason(house.sign_in("nobody", "wrong")) is Reason.UNKNOWN_ACCOUNT
    assert reason(house.sign_in("no\x00body", "wrong")) is Reason.UNKNOWN_ACCOUNT
    assert len(refused(house)) == LIMIT


def test_a_lock_opens_by_time_for_one_attempt(house: Household) -> None:
    """After 300 s one attempt is heard: a wrong one shuts the lock for longer, a right one opens it."""
    person = house.person()
    for _ in range(LIMIT):
        house.sign_in(person, "wrong")
    house.clock.forward(301)
    assert reason(house.sign_in(person, "wrong")) is Reason.WRONG_PASSWORD
    house.clock.forward(301)
    assert reason(house.sign_in(person)) is Reason.ACCOUNT_LOCKED
    house.clock.forward(300)
    assert reason(house.sign_in(person)) is None
    assert lock(house, person).failures == 0


def test_nobody_has_no_password(house: Household) -> None:
    """An account without a password is refused like one with another password, and counted."""
    person = house.person(password=None)
    assert reason(house.sign_in(person, PASSWORD)) is Reason.WRONG_PASSWORD
    assert lock(house, person).failures == 1


def test_a_malformed_sign_in_is_no_attempt(house: Household) -> None:
    """What cannot be read reserves and counts nothing, though the password beside it is wrong."""
    person = house.person()
    wrong = Denied(Reason.MALFORMED)
    ask = replace(asking(c.OpenSession()), read=lambda settings: wrong)
    assert perform(house.house, login(person, "wrong"), ask).outcome == wrong
    assert house.one("SELECT count(*) FROM locks") == 0
    assert house.lines() == []


def test_an_unknown_realm_costs_a_hash(house: Household) -> None:
    """A sign-in to a realm that is not there takes the work of a wrong password, and counts nowhere (A24)."""
    home, hasher = meddled(house)
    person = house.person()
    heard = home.wish(login(person, realm=RealmRef("name", "nowhere")), c.OpenSession())
    assert reason(heard) is Reason.REALM_REFUSED
    assert hasher.worked_on == [None]
    assert house.one("SELECT count(*) FROM locks") == 0
    hasher.close()


def test_a_login_is_of_one_realm(house: Household) -> None:
    """The same name in two realms is two people; no sign-in tries both (rules.md 1)."""
    house.realm("other")
    house.person("jean")
    there = house.person("jean", realm="other", password="the passphrase of the other")
    assert reason(house.wish(login(there, "the passphrase of the other"), c.OpenSession())) is Reason.WRONG_PASSWORD
    named = RealmRef("name", "other")
    opened = house.wish(login(there, "the passphrase of the other", realm=named), c.OpenSession())
    assert opened.user.subject.uuid == there.subject.uuid


def test_a_token_beside_a_password_is_no_sign_in(house: Household) -> None:
    """Who presents a token has not proved a password, so no session is opened for it."""
    assert reason(house.wish(house.token(house.person()), c.OpenSession())) is Reason.UNAUTHENTICATED
    assert reason(house.wish(None, c.OpenSession())) is Reason.UNAUTHENTICATED


def test_the_suspended_are_told_after_the_password(house: Household) -> None:
    """Only the right password learns that an account is suspended; it opens nothing and is written down."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    house.factor(person)
    house.wish(admin, c.SuspendUser(person.ref))
    assert reason(house.sign_in(person, "wrong")) is Reason.WRONG_PASSWORD
    for code in (house.code(), Secret("000000")):
        assert reason(house.sign_in(person, proof=Proof("totp", code))) is Reason.ACCOUNT_SUSPENDED
    assert [line[1] for line in refused(house)] == ["wrong_password", "account_suspended", "account_suspended"]
    assert lock(house, person, "totp").failures == 0
    assert lock(house, person).failures == 0


# --- while the password is evaluated


def test_a_password_changed_meanwhile(house: Household) -> None:
    """A proof counts only on the password that it was shown for: a reset in between makes it wrong (A14)."""
    person = house.person()
    home, hasher = meddled(house, lambda: store_hash(house, person, hashes.hash_password("x", WEAK, b"1" * 16, None)))
    assert reason(home.sign_in(person)) is Reason.WRONG_PASSWORD
    assert house.one("SELECT count(*) FROM tokens") == 0
    hasher.close()


def test_a_user_deleted_meanwhile(house: Household) -> None:
    """Nobody signs in as somebody who was deleted in between."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    home, hasher = meddled(house, lambda: house.wish(admin, c.DeleteUser(person.ref)))
    assert reason(home.sign_in(person)) is Reason.WRONG_PASSWORD
    hasher.close()


def test_a_user_suspended_meanwhile(house: Household) -> None:
    """Nor as somebody who was suspended in between."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    home, hasher = meddled(house, lambda: house.wish(admin, c.SuspendUser(person.ref)))
    assert reason(home.sign_in(person)) is Reason.ACCOUNT_SUSPENDED
    hasher.close()


def test_a_factor_taken_away_meanwhile(house: Household) -> None:
    """A code for a factor that is gone proves nothing."""
    person = house.person()
    factor = house.factor(person)
    home, hasher = meddled(house, lambda: house.do(factors.remove, factor.id))
    assert reason(home.sign_in(person, proof=Proof("totp", house.code()))) is Reason.FACTOR_WRONG
    hasher.close()


def test_a_factor_bound_meanwhile(house: Household) -> None:
    """A factor that was bound in between is due at once."""
    person = house.person()
    home, hasher = meddled(house, lambda: house.factor(person))
    assert reason(home.sign_in(person)) is Reason.FACTOR_REQUIRED
    hasher.close()


# --- attempts in flight


def reserve(house: Household, person: Person) -> proofs.Reservation:
    """One more attempt of that person is in flight."""
    place = house.read(realms.home)
    proof = LoginProof(person.login, Secret("x"))
    taken = house.do(proofs.reserve_login, place, proof, Presented("native"), False, house.store.now())
    assert isinstance(taken, proofs.Reservation)
    return taken


def test_an_attempt_waits_for_those_in_flight(house: Household) -> None:
    """While others fill the limit one waits, and is let in when they are given back."""
    person = house.person()
    taken = [reserve(house, person) for _ in range(LIMIT)]

    def give_back() -> None:
        time.sleep(0.1)
        for each in taken:
            proofs.give_back(house.store, each)

    helper = threading.Thread(target=give_back)
    helper.start()
    assert reason(house.sign_in(person)) is None
    helper.join()
    assert lock(house, person).reserved == 0


def test_waiting_ends_some_time(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose turn does not come is told to come again, and is neither counted nor refused as wrong."""
    person = house.person()
    monkeypatch.setattr(signing, "PATIENCE", 0)
    for _ in range(LIMIT):
        reserve(house, person)
    assert reason(house.sign_in(person)) is Reason.BUSY
    session = house.token(person)
    change = c.ChangePassword(Secret(LONG))
    assert reason(house.wish(session, change, proof=Proof("current", Secret(PASSWORD)))) is Reason.BUSY
    assert lock(house, person).failures == 0
    assert house.lines() == []


def test_what_is_locked_is_not_given_back(house: Household) -> None:
    """An attempt under a lock was never in flight, so there is nothing to give back."""
    person = house.person()
    for _ in range(LIMIT):
        house.sign_in(person, "wrong")
    before = lock(house, person)
    taken = reserve(house, person)
    assert taken.locked
    proofs.give_back(house.store, taken)
    assert lock(house, person).failures == before.failures
    assert lock(house, person).reserved == 0


# --- old and foreign hashes


def bcrypt_of(text: str) -> str:
    """A bcrypt hash at the lowest cost."""
    return bcrypt.hashpw(text.encode(), bcrypt.gensalt(4)).decode()


def test_a_foreign_hash_is_renewed(house: Household) -> None:
    """After one sign-in a hash made elsewhere is ours, for the same password and the same proofs under way."""
    person = house.person()
    store_hash(house, person, bcrypt_of(PASSWORD))
    before = stored(house, person)
    assert reason(house.sign_in(person)) is None
    after = stored(house, person)
    assert after.hash.startswith("k1:")
    assert after.version == before.version
    assert reason(house.sign_in(person)) is None
    assert stored(house, person) == after


def test_a_wrong_password_renews_nothing(house: Household) -> None:
    """A hash is renewed by the password it is of, and by no other."""
    person = house.person()
    store_hash(house, person, bcrypt_of(PASSWORD))
    before = stored(house, person)
    house.sign_in(person, "wrong")
    assert stored(house, person) == before


def test_a_crowd_does_not_undo_a_sign_in(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room to renew a hash the sign-in is right all the same, and the next one renews it."""
    person = house.person()
    store_hash(house, person, bcrypt_of(PASSWORD))
    before = stored(house, person)

    def full(prehashed: str) -> str:
        raise Busy

    with monkeypatch.context() as patch:
        patch.setattr(house.house.hasher, "hash_again", full)
        assert reason(house.sign_in(person)) is None
    assert stored(house, person) == before
    assert lock(house, person).reserved == 0
    assert reason(house.sign_in(person)) is None
    assert stored(house, person) != before


def test_a_digest_renews_no_foreign_hash(house: Household) -> None:
    """From a digest alone a foreign hash cannot be made ours, and goes on working as it is."""
    person = house.person()
    digest = hashes.prehash(PASSWORD)
    store_hash(house, person, f"sha256-bcrypt:{bcrypt_of(digest)}")
    before = stored(house, person)
    shown = login(person, dialect="rocketchat", login=LoginProof(person.login, digest=Secret(digest)))
    assert reason(house.wish(shown, c.OpenSession())) is None
    assert stored(house, person) == before


# --- a lock that somebody must open


def test_a_lock_may_end_a_wires_tokens(house: Household) -> None:
    """On a wire that says so a lock has no timed end and ends that wire's tokens, and no other's (rules.md 4)."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    there, here = house.token(person, "session", "puppet"), house.token(person)
    for number in range(LIMIT):
        assert reason(house.sign_in(person, f"wrong {number}", "puppet")) is Reason.WRONG_PASSWORD
    assert (house.opens(there), house.opens(here)) == (Reason.TOKEN_ENDED, None)
    killed = [line for line in house.lines("done") if line.verb == "users:lock"]
    assert [line.touches for line in killed] == [f"subject:{person.subject.id}"]
    assert house.settled[-1].kills
    house.clock.forward(100_000)
    assert reason(house.sign_in(person, dialect="puppet")) is Reason.ACCOUNT_LOCKED
    assert lock(house, person).reserved == 0
    assert reason(house.sign_in(person)) is None
    assert reason(house.sign_in(person, dialect="puppet")) is Reason.ACCOUNT_LOCKED
    house.wish(admin, c.UnlockUser(person.ref))
    assert reason(house.sign_in(person, dialect="puppet")) is None


def test_a_timed_lock_ends_nothing(house: Household) -> None:
    """Where the realm wants timed locks, and on every other wire, a lock kills no token."""
    house.choose(puppet__lockout="timed")
    first, second = house.person(), house.person()
    tokens = [house.token(first, "session", "puppet"), house.token(second, "session", "puppet")]
    for number in range(LIMIT):
        house.sign_in(first, f"wrong {number}", "puppet")
        house.sign_in(second, f"wrong {number}")
    assert [house.opens(token) for token in tokens] == [None, None]
    house.clock.forward(301)
    assert reason(house.sign_in(first, dialect="puppet")) is None


def test_a_built_in_account_keeps_its_tokens(house: Household) -> None:
    """Guessing at the account that a wire is born with ends none of its tokens."""
    found = house.read(lambda tx: next(s for s in subjects.page(tx, 1, "", 0, 100) if s.built_in))
    person = Person(found, "")
    token = house.token(person, "session", "puppet")
    for number in range(LIMIT):
        assert reason(house.sign_in(person, f"wrong {number}", "puppet")) is Reason.WRONG_PASSWORD
    assert house.opens(token) is None
