"""The one door as a whole: what a refusal leaves, what settles, whose use is noted, what a store away means."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.types import LoginProof, Presented, Proof, RealmRef, Secret, SubjectRef, TokenRef
from keyturn.operations import CONTENTS
from keyturn.perform import concluded, direct, perform
from keyturn.perform.hashing import Hasher
from keyturn.perform.house import Answered
from keyturn.store.engine import Committed, Unavailable
from keyturn.store.uses import Uses
from tests.houses import STEP_UP, WEAK, Held, Household, Person, asking, current, presented, reason

LONG = Secret("no composition rules apply here")
NOBODY = SubjectRef("uuid", "00000000-0000-4000-8000-000000000000")


class People:
    """A few people and their tokens, to be refused things."""

    def __init__(self, house: Household) -> None:
        self.admin = house.person("", "Administrators")
        self.member, self.other = house.person(), house.person(email="o@example.test")
        self.session, self.deskless = house.token(self.admin), house.token(self.member)
        self.named = house.token(self.other, "personal", name="ci")
        self.mine = house.token(self.member, "personal", name="mine")


REFUSED: dict[Reason, Callable[[People], tuple[Held, Any]]] = {
    Reason.FORBIDDEN: lambda p: (p.deskless, c.SuspendUser(p.other.ref)),
    Reason.NOT_FOUND: lambda p: (p.session, c.SuspendUser(NOBODY)),
    Reason.SESSION_NEEDED: lambda p: (p.mine, c.ChangePassword(LONG)),
    Reason.WRONG_CURRENT_PASSWORD: lambda p: (p.deskless, c.ChangePassword(LONG)),
    Reason.WEAK_PASSWORD: lambda p: (p.session, c.SetPassword(p.other.ref, Secret("short"))),
    Reason.CONFLICT: lambda p: (p.session, c.CreateUser(p.other.login)),
    Reason.BUILT_IN: lambda p: (p.session, c.PutRole("Viewers", ())),
}
"""Wishes of a recognised actor that are refused at different depths: before, in and after preparing, in the change."""


@pytest.mark.parametrize("why", REFUSED, ids=lambda why: why.value)
def test_a_refusal_writes_one_line_and_nothing_else(house: Household, why: Reason) -> None:
    """A refused wish of somebody known is one refused line with its precise reason; every table is as it was."""
    people = People(house)
    who, wish = REFUSED[why](people)
    before = house.contents()
    assert reason(house.wish(who, wish)) is why
    assert house.contents() == before
    (line,) = house.lines()
    assert (line.verb, line.result, line.reason) == (CONTENTS[type(wish)].verb, "refused", why.value)
    assert (line.kills, line.touches) == (False, None)
    assert line.actor in (people.admin.subject.id, people.member.subject.id)


def test_a_refusal_names_whom_it_is_about(house: Household) -> None:
    """As far as the door got: the one the wish is about where it was found and allowed, else the actor."""
    people = People(house)
    house.wish(people.deskless, c.SuspendUser(people.other.ref))
    house.wish(people.session, c.SetPassword(people.other.ref, Secret("short")))
    assert [line.subject for line in house.lines()] == [people.member.subject.id, people.other.subject.id]


def test_who_is_not_recognised_leaves_no_line(house: Household) -> None:
    """Token checks, unknown names, refusals of nobody and unread requests are not written down (rules.md 9)."""
    people = People(house)
    house.wish(people.mine, c.RevokeToken(people.mine.ref))
    lines = house.lines()
    unread = replace(asking(c.SuspendUser(NOBODY)), read=lambda settings: Denied(Reason.MALFORMED))
    heard = [
        house.wish(people.mine, c.ListTokens()),
        house.wish(Presented("native", Secret("x" * 30)), c.CreateUser("somebody")),
        house.wish(None, c.CreateUser("somebody")),
        house.wish(None, c.RedeemReset(Secret("x" * 30), LONG)),
        house.sign_in("nobody", "wrong"),
        perform(house.house, presented(people.session), unread).outcome,
        house.wish(presented(people.session, realm=RealmRef("name", "nowhere")), c.CreateUser("somebody")),
    ]
    assert None not in [reason(one) for one in heard]
    assert house.lines() == lines


def test_a_refused_read_leaves_no_line(house: Household) -> None:
    """Reads write nothing, refused or not."""
    people = People(house)
    assert reason(house.wish(people.deskless, c.ListUsers())) is Reason.FORBIDDEN
    assert reason(house.wish(people.session, c.ListUsers())) is None
    assert house.lines() == []


def test_the_operators_refusals_are_written_down(house: Household) -> None:
    """The command line is nobody of the store, and is recorded all the same."""
    assert reason(house.wish(Presented("native", local=True), c.SuspendUser(NOBODY))) is Reason.NOT_FOUND
    (line,) = house.lines()
    assert (line.verb, line.reason, line.actor, line.subject) == ("users:suspend", "not_found", None, None)


def test_what_was_so_already_is_no_change(house: Household) -> None:
    """A wish that changes nothing writes no line; one that ends what is ended settles all the same (P1)."""
    people = People(house)
    for _ in range(2):
        assert reason(house.wish(people.session, c.RevokeToken(people.named.ref))) is None
    assert [line.verb for line in house.lines()] == ["tokens:revoke"]
    assert len(house.settled) == 2


def test_a_line_tells_who_whom_and_what(house: Household) -> None:
    """A change is one line: its actor, its subject, its token, what it may have killed, and where it came from."""
    people = People(house)
    wish = c.RotateToken(people.named.ref)
    house.wish(people.session, wish, address="192.0.2.1", agent="client/1\x07", request_id="r-1")
    (line,) = house.lines()
    assert (line.verb, line.result, line.actor, line.subject) == (
        "tokens:rotate", "done", people.admin.subject.id, people.other.subject.id,
    )  # fmt: skip
    assert (line.token, line.kills) == (people.named.view.token.uuid, True)
    assert line.touches == f"token:{people.named.view.token.id}"
    rest = house.read(lambda tx: tx.one("SELECT address, agent, request FROM audit"))
    assert tuple(rest) == ("192.0.2.1", "client/1?", "r-1")


def test_without_a_subject_a_line_is_about_its_actor(house: Household) -> None:
    """What names nobody is about whoever wished it; what nobody wished is about nobody."""
    people = People(house)
    house.wish(people.deskless, c.EndSession())
    house.wish(Presented("native", local=True), c.PutRole("Own", ()))
    assert [line.subject for line in house.lines()] == [people.member.subject.id, None]


# --- settling


def test_what_kills_settles_before_it_is_answered(house: Household) -> None:
    """By the row of its command: a killing one always, a change never, and a refused one only for what it kept."""
    people = People(house)
    house.wish(people.deskless, c.IssueToken("personal", "x", "native"))
    house.wish(people.deskless, c.ShowSelf())
    assert house.settled == []
    house.wish(people.session, c.SuspendUser(people.other.ref))
    assert [committed.kills for committed in house.settled] == [True]
    house.wish(people.deskless, c.SuspendUser(people.other.ref))
    assert [committed.kills for committed in house.settled] == [True, False]


# --- one job


def test_a_plain_change_is_one_job(house: Household) -> None:
    """What needs no hash, no preparing and no key may run as one job of the store, with the same outcome and record."""
    people = People(house)
    shown, ask = presented(people.mine), asking(c.RotateToken(TokenRef("presented")))
    job = direct(house.house, shown, ask)
    assert job is not None
    answered = concluded(house.house, shown, ask, house.store.write(job))
    assert reason(answered.outcome) is None
    assert house.opens(answered.outcome.secret) is None
    assert house.opens(people.mine) is Reason.TOKEN_ENDED
    assert [committed.kills for committed in house.settled] == [True]
    assert people.mine.view.token.uuid in [line.token for line in house.lines()]
    refused = concluded(house.house, shown, ask, house.store.write(job))
    assert reason(refused.outcome) is Reason.TOKEN_ENDED


def test_other_wishes_are_more_than_one_job(house: Household) -> None:
    """What is read, prepared, proved, signed in or asked for under a key goes the whole way."""
    people = People(house)
    plain = presented(people.mine)
    login = Presented("native", login=LoginProof(people.member.login, Secret(people.member.password)))
    several = (
        (plain, c.ShowSelf()), (plain, c.ChangePassword(LONG)), (login, c.OpenSession()),
        (replace(plain, key="k"), c.EndSession()), (replace(plain, proof=Proof("totp", LONG)), c.EndSession()),
    )  # fmt: skip
    assert [direct(house.house, shown, asking(wish)) for shown, wish in several] == [None] * len(several)


# --- uses


def test_uses_are_noted_once_a_minute(house: Household) -> None:
    """The first use of a secret is noted, and later ones when the last that is stored is a minute old."""
    person = house.person()
    token = house.token(person)
    assert house.opens(token) is None
    assert len(house.notes) == 1
    uses = Uses(house.store)
    uses.note(house.notes[0], house.store.now(), "", "")
    uses.close()
    assert house.opens(token) is None
    assert len(house.notes) == 1
    house.clock.forward(61)
    assert house.opens(token) is None
    assert house.notes == [house.notes[0]] * 2


def test_no_use_is_noted_of_what_opened_nothing(house: Household) -> None:
    """A refusal before recognition, a sign-in, the operator, and a caller who asks for it leave no note."""
    person = house.person()
    token = house.token(person)
    house.sign_in(person)
    house.wish(Presented("native", local=True), c.ListUsers())
    house.wish(Presented("native", Secret("x" * 30)), c.ShowSelf())
    house.wish(presented(token, quiet=True), c.ShowSelf())
    assert house.notes == []


def test_a_forbidden_wish_is_a_use(house: Household) -> None:
    """The token was good: that its owner lacks a right does not make its use unseen."""
    people = People(house)
    assert reason(house.wish(people.deskless, c.ListUsers())) is Reason.FORBIDDEN
    assert reason(house.wish(people.session, c.SuspendUser(NOBODY))) is Reason.NOT_FOUND
    assert len(house.notes) == 2


# --- when something is away


class Away:
    """A store that answers its clock, and only what it is told to."""

    def __init__(self, house: Household, *, reads: bool = False, writes: bool = False) -> None:
        self._store, self._reads, self._writes = house.store, reads, writes

    def read(self, job: Any) -> Any:
        """What the real one finds, or nothing."""
        if not self._reads:
            raise Unavailable("away")
        return self._store.read(job)

    def write(self, job: Any) -> Committed:
        """What the real one keeps, or nothing."""
        if not self._writes:
            raise Unavailable("away")
        return self._store.write(job)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("reads", [False, True])
def test_a_store_that_is_away_is_never_a_yes(house: Household, reads: bool) -> None:
    """Whatever is wished of it, the answer is that nothing is known, by the settings that hold everywhere."""
    people = People(house)
    store: Any = Away(house, reads=reads)
    away = replace(house.house, store=store)
    heard: list[Answered] = [
        perform(away, presented(people.session), asking(c.SuspendUser(people.other.ref))),
        perform(away, presented(people.session, key="k"), asking(c.CreateUser("somebody"))),
        perform(away, presented(people.session, proof=current("x")), asking(c.ChangePassword(LONG))),
        perform(away, Presented("native", login=LoginProof("x", LONG)), asking(c.OpenSession())),
    ]
    if not reads:
        heard.append(perform(away, presented(people.session), asking(c.ShowSelf())))
    assert [one.outcome for one in heard] == [Denied(Reason.UNAVAILABLE)] * len(heard)
    assert heard[0].settings.values == house.store.catalogue.defaults()
    assert house.lines() == []


def full(house: Household) -> Household:
    """The same house, with no room left in its hash pool."""
    hasher = Hasher(WEAK, None, threads=1, waiting=1)
    hasher._room = threading.BoundedSemaphore(1)
    assert hasher._room.acquire()
    return Household(replace(house.house, hasher=hasher), house.clock, house.settled, house.notes)


def test_a_full_pool_costs_nothing(house: Household) -> None:
    """Without room to hash the answer is to come again: nothing is counted, changed, used up or written down."""
    people = People(house)
    busy = full(house)
    before = house.contents()
    made = house.wish(people.session, c.IssueReset(people.other.ref))
    lines, before = house.lines(), house.contents()
    heard = [
        busy.sign_in(people.member),
        busy.wish(people.session, c.SetPassword(people.other.ref, LONG)),
        busy.wish(people.deskless, c.ChangePassword(LONG), proof=current(people.member.password)),
        busy.wish(None, c.RedeemReset(made.secret, LONG)),
    ]
    assert [reason(one) for one in heard] == [Reason.BUSY] * len(heard)
    assert house.one("SELECT coalesce(sum(failures + reserved), 0) FROM locks") == 0
    assert (house.contents(), house.lines()) == (before, lines)


def test_a_full_pool_after_the_proof_gives_the_proof_back(house: Household) -> None:
    """Where the proof found room and the new password none, the attempt is in flight no more."""
    person = house.person()
    session = house.token(person)

    class OneMore:
        """A pool that verifies, and has no room to hash."""

        def __getattr__(self, name: str) -> Any:
            return getattr(full(house).house.hasher if name == "worked" else house.house.hasher, name)

    hasher: Any = OneMore()
    busy = Household(replace(house.house, hasher=hasher), house.clock, [], [])
    change = c.ChangePassword(LONG)
    assert reason(busy.wish(session, change, proof=current(person.password))) is Reason.BUSY
    assert house.one("SELECT failures + reserved FROM locks") == 0
    assert reason(house.sign_in(Person(person.subject, person.password))) is None


def test_a_busy_answer_is_told_in_its_realms_words(house: Household) -> None:
    """Who is told to come again hears it by the settings of the realm it meant; where that is not known, by home's."""
    house.realm("other", policy={"lockout_attempts": 3})
    person = house.person(realm="other")
    busy = full(house)

    def attempts(name: str) -> int:
        login = LoginProof(person.login, Secret("wrong"))
        shown = Presented("native", login=login, realm=RealmRef("name", name))
        told = busy.perform(shown, c.OpenSession())
        assert reason(told.outcome) is Reason.BUSY
        return told.settings.policy.lockout_attempts

    assert (attempts("other"), attempts("nowhere")) == (3, 10)
    unread: Any = Away(house, writes=True)
    busy = Household(replace(busy.house, store=unread), house.clock, [], [])
    assert attempts("other") == 10


def test_a_broken_promise_is_no_answer(house: Household) -> None:
    """What must not happen is an exception, which undoes the change, and never a refusal or a yes."""
    people = People(house)
    before = house.contents()

    def broken(committed: Committed) -> None:
        raise AssertionError("broken")

    ask = replace(asking(c.SuspendUser(people.other.ref)), read=lambda settings: object())
    with pytest.raises(AttributeError):
        perform(house.house, presented(people.session), ask)
    assert house.contents() == before
    with pytest.raises(AssertionError, match="broken"):
        perform(replace(house.house, settle=broken), presented(people.session), asking(c.EndSession()))
    assert reason(house.wish(people.deskless, c.IssueToken("personal", "x", "native"), step_up=STEP_UP)) is None
