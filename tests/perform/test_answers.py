"""Idempotency keys: one wish is done once, and only its own caller hears the answer again, for ten minutes."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.digests import digest
from keyturn.core.outcomes import Denied, Ended, PasswordChanged, Reason, TokenIssued
from keyturn.core.types import SECOND, Frozen, Instant, Presented, Proof, Secret, StepUpRule
from keyturn.perform import answers, perform
from keyturn.store import answers as kept
from keyturn.store import postgres
from tests.engines import Engine
from tests.houses import KEY, STEP_UP, Held, Household, asking, current, household, presented, reason

ISSUE = c.IssueToken("personal", "new", "native")


def count(house: Household) -> int:
    """How many answers are kept."""
    return int(house.one("SELECT count(*) FROM answers"))


def done(house: Household) -> int:
    """How many changes are in the record."""
    return len(house.lines("done"))


# --- the same again


def test_the_same_wish_is_done_once(house: Household) -> None:
    """Caller, key and wish being the same, the same secret is told again, and nothing is done a second time."""
    session = house.token(house.person())
    first = house.wish(session, ISSUE, key="k")
    again = house.wish(session, ISSUE, key="k")
    assert isinstance(first, TokenIssued)
    assert again == first
    assert again.secret == first.secret
    assert (done(house), count(house)) == (1, 1)
    assert house.opens(again.secret) is None


def test_without_a_key_each_wish_is_another(house: Household) -> None:
    """No key, nothing kept."""
    session = house.token(house.person())
    assert reason(house.wish(session, ISSUE)) is None
    assert reason(house.wish(session, ISSUE)) is Reason.CONFLICT
    assert count(house) == 0


def test_whose_token_was_just_replaced_hears_it_again(house: Household) -> None:
    """The answer is found before the caller is recognised, so a lost rotation of one's own token is not lost (R7)."""
    api = house.token(house.person(), "api")
    rotate = c.RotateToken(api.ref)
    first = house.wish(api, rotate, key="k")
    assert house.opens(api) is Reason.TOKEN_ENDED
    again = house.wish(api, rotate, key="k")
    assert again.secret == first.secret
    assert house.opens(again.secret) is None
    assert reason(house.wish(api, rotate)) is Reason.TOKEN_ENDED
    assert reason(house.wish(api, rotate, key="other")) is Reason.TOKEN_ENDED


def test_a_replay_of_a_kill_settles(house: Household) -> None:
    """Every acknowledgement of a killing wish passes the barrier, a repeated one too (P1); a mere change does not."""
    person = house.person()
    session, other = house.token(person), house.token(person)
    house.wish(session, ISSUE, key="k")
    house.wish(session, ISSUE, key="k")
    assert house.settled == []
    revoke = c.RevokeToken(other.ref)
    assert [house.wish(session, revoke, key="r") for _ in range(2)] == [Ended(), Ended()]
    assert len(house.settled) == 2
    assert done(house) == 2


def test_a_replay_needs_no_proof(house: Household) -> None:
    """The proof is no part of the wish: the answer to it is heard again without one, and no code is used up."""
    person = house.person()
    house.factor(person)
    session = house.token(person)
    first = house.wish(session, ISSUE, key="k", step_up=STEP_UP, proof=Proof("totp", house.code()))
    house.clock.forward(301)
    assert house.wish(session, ISSUE, key="k", step_up=STEP_UP) == first
    assert house.wish(session, ISSUE, key="k", step_up=STEP_UP, proof=Proof("totp", Secret("000000"))) == first
    assert house.one("SELECT failures FROM locks") == 0


def test_a_prepared_wish_is_hashed_once(house: Household) -> None:
    """A new password set under a key is set once; whoever lost the answer hears it again."""
    person = house.person()
    session = house.token(person)
    change = c.ChangePassword(Secret("no composition rules apply here"))
    first = house.wish(session, change, key="k", proof=current(person.password))
    assert isinstance(first, PasswordChanged)
    again = house.wish(session, change, key="k", proof=current(person.password))
    assert again == first
    assert house.one("SELECT version FROM passwords") == 2


@pytest.mark.parametrize(
    "wish",
    [c.EnrolFactor("totp"), c.CreateUser("somebody"), c.PutRole("Own", ("users:view:*",)), c.CreateRealm("new")],
    ids=lambda wish: type(wish).__name__,
)
def test_every_outcome_survives_the_keeping(house: Household, wish: Any) -> None:
    """Whatever a change answers is the same value after it was sealed, kept and opened."""
    session = house.token(house.person("", "Stewards"))
    first = house.wish(session, wish, key="k")
    assert reason(first) is None
    assert house.wish(session, wish, key="k") == first


# --- another's


def test_another_wish_under_the_key_is_refused(house: Household) -> None:
    """The key is of one wish: another value, command or wire is a mismatch, and leaves no line in the record."""
    session = house.token(house.person())
    house.wish(session, ISSUE, key="k")
    for wish in (replace(ISSUE, name="other"), c.EnrolFactor("totp"), c.EndSession()):
        assert reason(house.wish(session, wish, key="k")) is Reason.IDEMPOTENCY_MISMATCH
    elsewhere = Presented("rocketchat", session.secret, key="k")
    assert reason(house.wish(elsewhere, ISSUE)) is Reason.IDEMPOTENCY_MISMATCH
    assert house.lines("refused") == []
    assert house.opens(session) is None


def test_two_commands_of_one_spelling_are_two(house: Household) -> None:
    """Suspending somebody is not reinstating them, though both say no more than whom."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    assert reason(house.wish(admin, c.SuspendUser(person.ref), key="k")) is None
    assert reason(house.wish(admin, c.ReinstateUser(person.ref), key="k")) is Reason.IDEMPOTENCY_MISMATCH


def test_a_key_is_of_one_caller(house: Household) -> None:
    """The same key of another caller, or of the same person by another token, is another key."""
    person, stranger = house.person(), house.person()
    first = house.wish(house.token(person), ISSUE, key="k")
    second = house.wish(house.token(stranger), ISSUE, key="k")
    assert first.secret != second.secret
    assert reason(house.wish(house.token(person), ISSUE, key="k")) is Reason.CONFLICT


def test_who_presents_no_token_keeps_no_answer(house: Household) -> None:
    """A key of nobody, or of the operator, keeps nothing: nobody could be told apart."""
    made = house.wish(house.token(house.person("", "Administrators")), c.IssueReset(house.person().ref))
    redeem = c.RedeemReset(made.secret, Secret("no composition rules apply here"))
    assert reason(house.wish(None, redeem, key="k")) is None
    assert reason(house.wish(None, redeem, key="k")) is Reason.INVALID_RESET
    operator = Presented("native", local=True, key="k")
    assert [reason(house.wish(operator, c.CreateUser("somebody"))) for _ in range(2)] == [None, Reason.CONFLICT]
    assert count(house) == 0


def test_a_read_keeps_no_answer(house: Household) -> None:
    """What changes nothing is asked anew each time."""
    session = house.token(house.person())
    assert reason(house.wish(session, c.ShowSelf(), key="k")) is None
    assert count(house) == 0


def test_a_refused_wish_frees_its_key(house: Household) -> None:
    """A refusal is not kept: the same key serves the wish that is right."""
    session = house.token(house.person())
    nonsense = c.IssueToken("nonsense", "x", "native")
    assert [reason(house.wish(session, nonsense, key="k")) for _ in range(2)] == [Reason.MALFORMED] * 2
    assert count(house) == 0
    assert reason(house.wish(session, ISSUE, key="k")) is None


def test_what_cannot_be_read_is_no_replay(house: Household) -> None:
    """A request that is malformed this time is refused as such, whatever is kept under its key."""
    session = house.token(house.person())
    house.wish(session, ISSUE, key="k")
    ask = replace(asking(ISSUE), read=lambda settings: Denied(Reason.MALFORMED))
    assert perform(house.house, presented(session, key="k"), ask).outcome == Denied(Reason.MALFORMED)


def test_a_copy_of_the_store_tells_no_answer(house: Household) -> None:
    """What is kept holds no secret in clear, and opens to nobody who lacks the caller's own (rules.md 10)."""
    session = house.token(house.person())
    first = house.wish(session, ISSUE, key="k")
    sealed = bytes(house.one("SELECT sealed FROM answers"))
    assert first.secret.reveal().encode() not in sealed
    stranger = presented(session, key="k")
    stranger = replace(stranger, secret=Secret("x" * 43))
    claim = house.read(lambda tx: answers.claim_of(tx, stranger, ISSUE))
    found = house.read(lambda tx: kept.find(tx, digest(session.secret), "k"))
    assert kept.opened(found, "k", claim.seal) is None
    assert repr(claim) == "Claim(redacted)"


def test_only_a_caller_with_a_key_makes_a_claim(house: Household) -> None:
    """Without a token or without a key there is nothing to claim, and to try is a fault of ours."""
    session = house.token(house.person())
    for shown in (Presented("native", key="k"), presented(session)):
        with pytest.raises(ValueError, match="claims an answer"):
            house.do(answers.claim_of, shown, ISSUE)


def test_what_cannot_be_written_is_a_fault_of_ours() -> None:
    """A wish that holds something that has no fixed spelling has no digest: two of them could be taken for one."""

    class Odd(Frozen):
        """A wish that holds anything at all."""

        what: Any

    with pytest.raises(TypeError, match="is not encoded"):
        answers.request_digest("native", Odd(object()))
    assert answers.request_digest("native", Odd(1)) != answers.request_digest("native", Odd("1"))


# --- until when


def test_an_answer_is_kept_for_ten_minutes(house: Household) -> None:
    """After ten minutes the answer is gone while the key still is, for a day; then the key is as new."""
    person = house.person()
    session = house.token(person, "personal", name="long")
    first = house.wish(session, ISSUE, key="k")
    house.clock.forward(590)
    assert house.wish(session, ISSUE, key="k") == first
    house.clock.forward(11)
    assert reason(house.wish(session, ISSUE, key="k")) is Reason.IDEMPOTENCY_EXPIRED
    house.do(answers.purge, house.store.now())
    assert house.one("SELECT sealed FROM answers") is None
    assert reason(house.wish(session, ISSUE, key="k")) is Reason.IDEMPOTENCY_EXPIRED
    assert house.lines("refused") == []
    house.clock.forward(86_400)
    house.do(answers.purge, house.store.now())
    assert count(house) == 0
    assert reason(house.wish(session, ISSUE, key="k")) is Reason.CONFLICT


def test_a_purge_forgets_no_answer_that_is_due(house: Household) -> None:
    """The purge leaves what may still be asked for; what it took is told as expired, never done again."""
    session = house.token(house.person())
    first = house.wish(session, ISSUE, key="k")
    house.do(answers.purge, house.store.now())
    assert house.wish(session, ISSUE, key="k") == first
    later = Instant(house.store.now() + 700 * SECOND)
    house.do(answers.purge, later)
    assert reason(house.wish(session, ISSUE, key="k")) is Reason.IDEMPOTENCY_EXPIRED


# --- at the same time


def elsewhere(work: Callable[[], Any]) -> Any:
    """What came of the work on a thread of its own."""
    came: list[Any] = []
    thread = threading.Thread(target=lambda: came.append(work()))
    thread.start()
    thread.join()
    return came[0]


@pytest.mark.parametrize("other", ["somebody", "somebody-else"])
def test_a_key_that_was_taken_meanwhile(house: Household, other: str) -> None:
    """Of two wishes under one key that were both new, the later does nothing: it hears the first's answer, or of it."""
    session = house.token(house.person("", "Administrators"))
    wish = c.CreateUser("somebody")
    first: list[Any] = []

    def read(settings: Any) -> Any:
        # Read once before the change: the other wish overtakes it there.
        if not first:
            first.append(None)
            first[0] = elsewhere(lambda: house.wish(session, replace(wish, login=other), key="k"))
        return wish

    told = perform(house.house, presented(session, key="k"), replace(asking(wish), read=read)).outcome
    assert reason(first[0]) is None
    assert (done(house), house.lines("refused")) == (1, [])
    if other == wish.login:
        assert told == first[0]
    else:
        assert told == Denied(Reason.IDEMPOTENCY_MISMATCH)


@pytest.fixture
def hasty(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Household]:
    """A house that waits for no lock longer than a moment."""
    monkeypatch.setattr(
        postgres, "CONFIGURE", postgres.CONFIGURE.replace("lock_timeout = '5s'", "lock_timeout = '50ms'")
    )
    with household(database.url, tmp_path / KEY) as made:
        yield made


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_key_that_is_being_used(hasty: Household, database: Engine) -> None:
    """While another node works under the key one hears so; when it gave up, the wish is done."""
    session = hasty.token(hasty.person())
    insert = "INSERT INTO answers (caller, key, realm, request, created) VALUES (%s, 'k', 1, '', 0)"
    with psycopg.connect(database.url) as other:
        other.execute(insert, (digest(session.secret),))
        assert reason(hasty.wish(session, ISSUE, key="k")) is Reason.IN_PROGRESS
        assert reason(hasty.wish(session, ISSUE, key="another")) is None
        other.rollback()
    assert reason(hasty.wish(session, replace(ISSUE, name="two"), key="k")) is None


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_is_held_without_a_key(hasty: Household, database: Engine) -> None:
    """Waiting in vain for anything else is a store that does not answer, since nothing is known of the change."""
    person = hasty.person()
    session = hasty.token(person)
    with psycopg.connect(database.url) as other:
        other.execute("SELECT 1 FROM tokens WHERE id = %s FOR UPDATE", (session.view.token.id,))
        assert reason(hasty.wish(session, c.EndSession())) is Reason.UNAVAILABLE
        other.rollback()
    assert hasty.opens(session) is None


def test_many_at_once_end_in_one_outcome(house: Household) -> None:
    """However many ask at the same time under one key, one change is made and nobody hears another secret (P9)."""
    session = house.token(house.person())
    gate = threading.Barrier(8)
    heard: list[Any] = []

    def ask() -> None:
        gate.wait()
        heard.append(house.wish(session, ISSUE, key="k"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [one for one in heard if isinstance(one, TokenIssued)]
    assert {reason(one) for one in heard} <= {None, Reason.IN_PROGRESS}
    assert {one.secret.reveal() for one in told} == {told[0].secret.reveal()}
    assert done(house) == 1


def test_a_fresh_token_skips_no_key(house: Household) -> None:
    """A wish that wants a proof and lacks one leaves its key free for the same wish with it."""
    person = house.person()
    house.factor(person)
    session: Held = house.token(person)
    rule = StepUpRule()
    assert reason(house.wish(session, ISSUE, key="k", step_up=rule)) is Reason.STEP_UP_REQUIRED
    proof = Proof("totp", house.code())
    assert reason(house.wish(session, ISSUE, key="k", step_up=rule, proof=proof)) is None
