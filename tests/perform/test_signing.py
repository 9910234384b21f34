"""Signing in: the attempt reserved, evaluated and settled, with whatever may come between."""

import threading

import bcrypt
import pytest
from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.lockout import Lock
from keyturn.core.outcomes import Challenge, Denied, Named, Reason, SessionOpened
from keyturn.core.types import LoginProof, Presented, Proof, RealmRef, Secret
from keyturn.perform import perform, signing
from keyturn.perform.hashing import Hasher
from keyturn.perform.house import settings_for
from keyturn.store import locks, passwords
from keyturn.store.engine import Kept, Tx
from tests.faults.stumbling import StumblingStore
from tests.houses import WEAK, Household, Person, asking, current, presented, reason
from tests.perform.between import between

NEW = Secret("a fresh passphrase of theirs")
FALLBACK = {"fallback": True, "bound": True}


def lock_of(house: Household, person: Person, factor: str = "password") -> Lock:
    """The lock as stored."""
    account = locks.account_of_subject(person.subject.id)
    found: Lock = house.read(lambda tx: locks.get(tx, person.subject.realm, account, factor))
    return found


def store_hash(house: Household, person: Person, stored: str) -> None:
    """The person's password is stored so."""

    def job(tx: Tx) -> Kept:
        passwords.put(tx, person.subject.realm, person.subject.id, stored, False, 0, house.store.now())
        return Kept(None)

    house.store.write(job)


# --- sign-in


def test_a_session_is_opened(house: Household) -> None:
    """The right password opens a session, is noted, clears the count, and is one line of the log."""
    person = house.person()
    house.sign_in(person, "wrong")
    opened = house.sign_in(person)
    assert isinstance(opened, SessionOpened)
    assert house.opens(opened.secret) is None
    assert lock_of(house, person).failures == 0
    assert [(line.verb, line.result, line.reason) for line in house.lines()] == [
        ("sessions:open", "refused", "wrong_password"),
        ("sessions:open", "done", None),
    ]
    assert len(house.notes) == 1


def test_a_foreign_hash_is_renewed(house: Household) -> None:
    """A hash that came from elsewhere is verified once and stored in our form; the password goes on working."""
    person = house.person()
    foreign = bcrypt.hashpw(person.password.encode(), bcrypt.gensalt(4)).decode()
    store_hash(house, person, foreign)
    assert reason(house.sign_in(person)) is None
    stored = house.one("SELECT hash FROM passwords WHERE subject = $1", person.subject.id)
    assert stored != foreign
    assert "argon2id" in stored
    assert reason(house.sign_in(person)) is None
    assert house.one("SELECT version FROM passwords WHERE subject = $1", person.subject.id) == 2


def test_a_hash_that_cannot_be_renewed_stays(house: Household) -> None:
    """Where only the digest of the password was shown, an old form made over the clear text stays as it is."""
    person = house.person()
    foreign = bcrypt.hashpw(person.password.encode(), bcrypt.gensalt(4)).decode()
    store_hash(house, person, foreign)
    pool = between(house)
    pool.full = True
    assert reason(house.sign_in(person)) is None, "no room to renew is no reason to refuse"
    assert house.one("SELECT hash FROM passwords WHERE subject = $1", person.subject.id) == foreign
    pool.full = False
    pool.stale = lambda stored: True  # type: ignore[method-assign]
    store_hash(house, person, bcrypt.hashpw(b"x" * 100, bcrypt.gensalt(4)).decode())
    house.sign_in(person, "x" * 72)
    pool.close()


def test_a_realm_that_is_not_there(house: Household) -> None:
    """A named realm that does not exist is refused, costs one evaluation, and is no other realm instead."""
    person = house.person()
    login = LoginProof(person.login, Secret(person.password))
    for by in ("name", "display_name", "any"):
        shown = Presented("native", login=login, realm=RealmRef(by, "nowhere"))
        assert reason(house.wish(shown, c.OpenSession())) is Reason.REALM_REFUSED
    assert lock_of(house, person) == Lock()


def test_a_host_means_its_realm(house: Household) -> None:
    """A host that was configured for a realm is that realm, and names no other beside it."""
    house.realm("there")
    steward = house.token(house.person("", "Stewards"))
    house.wish(replace_realm(steward), c.EditRealm(hosts=("there.example",)))
    person = house.person("mara", realm="there")
    login = LoginProof("mara", Secret(person.password))
    wish = c.OpenSession()
    assert reason(house.wish(Presented("native", login=login, host="there.example"), wish)) is None
    assert reason(house.wish(Presented("native", login=login, host="other.example"), wish)) is Reason.UNKNOWN_ACCOUNT
    both = Presented("native", login=login, host="there.example", realm=RealmRef("name", "default"))
    assert reason(house.wish(both, wish)) is Reason.REALM_REFUSED


def replace_realm(held: object) -> Presented:
    """The bearer of that token, wishing in the realm `there`."""
    return replace(presented(held), realm=RealmRef("name", "there"))  # type: ignore[arg-type]


def test_a_malformed_sign_in_is_no_attempt(house: Household) -> None:
    """What cannot be read is refused before anything is reserved or evaluated."""
    person = house.person()
    refused = Denied(Reason.MALFORMED)
    ask = replace(asking(c.OpenSession()), read=lambda settings: refused)
    shown = Presented("native", login=LoginProof(person.login, Secret("wrong")))
    assert perform(house.house, shown, ask).outcome == refused
    assert lock_of(house, person) == Lock()


def test_attempts_in_flight_are_waited_for(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """While others' attempts fill the limit one waits, and hears in the end that there is no room, not that it is wrong."""
    person = house.person()

    def reserve(tx: Tx) -> Kept:
        full = Lock(failures=0, reserved=10, reserved_at=house.store.now())
        locks.change(
            tx, person.subject.realm, f"s:{person.subject.id}", "password", lambda lock: full, house.store.now()
        )
        return Kept(None)

    house.store.write(reserve)
    monkeypatch.setattr(signing, "PATIENCE", 100_000)
    assert reason(house.sign_in(person)) is Reason.BUSY
    held = house.token(person)
    heard = house.wish(held, c.ChangePassword(NEW), proof=current(person.password))
    assert reason(heard) is Reason.BUSY
    house.clock.forward(6)
    # Nobody came back for them: they were failures, and there were ten.
    assert reason(house.sign_in(person)) is Reason.ACCOUNT_LOCKED


def test_a_full_pool_is_busy(house: Household) -> None:
    """An attempt for which there is no room is given back, at a sign-in and where a new password is to be hashed."""
    person = house.person()
    held = house.token(person)
    hasher = Hasher(WEAK, None, threads=1, waiting=1)
    house.house = replace(house.house, hasher=hasher)
    gate, entered = threading.Event(), threading.Event()

    def occupy() -> None:
        entered.set()
        gate.wait()

    busy = threading.Thread(target=lambda: hasher._run(occupy))
    busy.start()
    entered.wait()
    assert reason(house.sign_in(person)) is Reason.BUSY
    assert reason(house.sign_in("nobody", "x")) is Reason.BUSY
    assert reason(house.wish(held, c.ChangePassword(NEW), proof=current(person.password))) is Reason.BUSY
    gate.set()
    busy.join()
    assert lock_of(house, person).reserved == 0
    assert reason(house.sign_in(person)) is None
    hasher.close()


def test_a_locked_account_in_a_full_pool_is_busy(house: Household) -> None:
    """Under a lock nothing was reserved, so nothing is given back."""
    person = house.person()
    for _ in range(10):
        house.sign_in(person, "wrong")
    before = lock_of(house, person)
    pool = between(house)
    pool._room = threading.BoundedSemaphore(1)
    assert pool._room.acquire()
    assert reason(house.sign_in(person)) is Reason.BUSY
    pool._room.release()
    assert lock_of(house, person) == before
    pool.close()


def test_no_room_to_hash_gives_the_proof_back(house: Household) -> None:
    """Where the proof was right and the new password finds no room, the attempt is in flight no more."""
    person = house.person()
    held = house.token(person)
    pool = between(house)
    pool.full = True
    assert reason(house.wish(held, c.ChangePassword(NEW), proof=current(person.password))) is Reason.BUSY
    assert lock_of(house, person).reserved == 0
    assert reason(house.wish(None, c.SetUp(Secret("x"), "x", NEW))) is Reason.INVALID_SETUP
    admin = house.token(house.person("", "Administrators"))
    assert reason(house.wish(admin, c.SetPassword(person.ref, NEW))) is Reason.BUSY
    pool.close()


def test_settings_of_a_refusal(house: Household) -> None:
    """What cannot be told by the realm's own settings is told by the usual ones, also while the store is away."""
    house.realm("there", pyramid__x=1)
    there = Presented("native", realm=RealmRef("name", "there"))
    assert settings_for(house.house, there).values["pyramid__x"] == 1
    assert "pyramid__x" not in settings_for(house.house, Presented("native", realm=RealmRef("name", "nowhere"))).values
    store = StumblingStore(house.store)
    store.arm(1)
    assert settings_for(replace(house.house, store=store), there).values == house.store.catalogue.defaults()


# --- something happens between


def test_a_password_changed_meanwhile_proves_nothing(house: Household) -> None:
    """A proof settles only on the password that it was evaluated against, at sign-in and in a wish."""
    admin = house.token(house.person("", "Administrators"))
    person = house.person()
    held = house.token(person, "session", "rocketchat")
    pool = between(house)
    inside = replace(house.house, hasher=Hasher(WEAK, None, threads=1))

    def replaced() -> None:
        wish = c.SetPassword(person.ref, Secret("set by somebody else meanwhile"))
        assert reason(perform(inside, presented(admin), asking(wish)).outcome) is None

    pool.then = replaced
    assert reason(house.sign_in(person)) is Reason.WRONG_PASSWORD
    store_hash(house, person, inside.hasher.hash(Secret(person.password)))
    held = house.token(person, "session", "rocketchat")
    wish = c.IssueToken("personal", "x", "rocketchat")
    from keyturn.core.types import StepUpRule

    def other_hash() -> None:
        store_hash(house, person, inside.hasher.hash(Secret("set by somebody else meanwhile")))

    pool.then = other_hash
    heard = house.wish(held, wish, proof=Proof("password", Secret(person.password)), step_up=StepUpRule(fallback=True))
    assert reason(heard) is Reason.STEP_UP_WRONG
    store_hash(house, person, inside.hasher.hash(Secret(person.password)))
    session = house.token(person)
    pool.then = other_hash
    heard = house.wish(session, c.ChangePassword(NEW), proof=current(person.password))
    assert reason(heard) is Reason.WRONG_CURRENT_PASSWORD
    assert [line for line in house.lines("refused") if line.verb == "passwords:change"]
    inside.hasher.close()
    pool.close()


def test_a_deleted_account_opens_nothing(house: Household) -> None:
    """Whoever was deleted or suspended between proof and settlement gets no session."""
    admin = house.token(house.person("", "Administrators"))
    pool = between(house)
    for command, heard in ((c.SuspendUser, Reason.ACCOUNT_SUSPENDED), (c.DeleteUser, Reason.WRONG_PASSWORD)):
        person = house.person()
        inside = house.house
        pool.then = lambda p=person, k=command, i=inside: perform(i, presented(admin), asking(k(p.ref)))
        assert reason(house.sign_in(person)) is heard
        assert house.one("SELECT count(*) FROM tokens WHERE subject = $1", person.subject.id) == 0
    pool.close()


# --- factors


def test_a_factor_is_shown_beside_the_password(house: Household) -> None:
    """The right code opens a stepped-up session; none, a wrong or a used one does not, and the count is the factor's own."""
    person = house.person()
    house.factor(person)
    codes = house.codes(person)
    due = house.sign_in(person)
    assert due == Denied(Reason.FACTOR_REQUIRED, Challenge("totp", ("totp", "recovery")))
    wrong = house.sign_in(person, proof=Proof("totp", Secret("000000")))
    assert wrong == Denied(Reason.FACTOR_WRONG, Challenge("totp", ("totp", "recovery")))
    assert lock_of(house, person, "totp").failures == 1
    assert lock_of(house, person).failures == 0
    right = Proof("totp", house.code())
    opened = house.sign_in(person, proof=right)
    assert opened.view.token.stepped_up is not None
    assert reason(house.sign_in(person, proof=right)) is Reason.FACTOR_WRONG
    assert lock_of(house, person, "totp").failures == 0
    assert reason(house.sign_in(person, proof=Proof("recovery", codes[0]))) is None
    assert reason(house.sign_in(person, proof=Proof("recovery", codes[0]))) is Reason.FACTOR_WRONG
    assert reason(house.sign_in(person, proof=Proof("carrier pigeon", house.code(1)))) is None


def test_codes_are_counted_by_factor(house: Household) -> None:
    """Ten wrong codes lock that factor alone; a recovery code still gets in."""
    person = house.person()
    house.factor(person)
    codes = house.codes(person)
    for _ in range(10):
        assert reason(house.sign_in(person, proof=Proof("totp", Secret("000000")))) is Reason.FACTOR_WRONG
    assert lock_of(house, person, "totp").until > house.store.now()
    assert reason(house.sign_in(person, proof=Proof("totp", house.code()))) is Reason.FACTOR_WRONG
    assert reason(house.sign_in(person, proof=Proof("recovery", codes[0]))) is None


@pytest.mark.parametrize("wire", ["puppet", "pyramid"])
def test_a_code_after_the_password(wire: str, house: Household) -> None:
    """Where the wire carries both in one field and the realm allows it, the code stands after the last comma."""
    person = house.person(password="a passphrase, with a comma")
    house.factor(person)
    no_place = {"factor_at_login": False}
    wish = c.OpenSession()

    def heard(password: str) -> Reason | None:
        shown = Presented(wire, login=LoginProof(person.login, Secret(password)))
        return reason(house.wish(shown, wish, **no_place))

    assert heard(person.password) is Reason.FACTOR_REQUIRED
    assert heard(f"{person.password},{house.code().reveal()}") is Reason.WRONG_PASSWORD
    house.choose(**{f"{wire}__code_after_password": True})
    assert heard(f"{person.password},{house.code().reveal()}") is None
    assert heard(f"{person.password},000000") is Reason.FACTOR_WRONG
    assert heard(person.password) is Reason.WRONG_PASSWORD
    assert heard("without a comma") is Reason.WRONG_PASSWORD
    plain = house.person(password="a passphrase, with a comma")
    shown = Presented(wire, login=LoginProof(plain.login, Secret(plain.password)))
    assert reason(house.wish(shown, wish, **no_place)) is None


def test_a_realm_without_factors(house: Household) -> None:
    """Where the policy switches factors off, none is asked for and none is begun."""
    house.choose(policy={"two_factor": "off"})
    person = house.person()
    house.factor(person)
    assert reason(house.sign_in(person)) is None
    heard = house.wish(house.token(person), c.EnrolFactor("totp"))
    assert heard == Denied(Reason.FORBIDDEN, Named("policy", "two_factor"))
