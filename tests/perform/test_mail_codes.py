"""Codes by mail at the door: when one is mailed, what it proves, and how few guesses there are."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Challenge, Denied, Reason, SessionOpened, TokenIssued
from keyturn.core.types import Presented, Proof, Secret, StepUpRule
from keyturn.perform import House, asks_for_mail, concluded, direct, followed
from keyturn.store import mail_codes
from tests.houses import Held, Household, Person, asking, at, presented, reason

CHAT = "rocketchat"
RULE = StepUpRule(
    methods=("totp", "recovery", "email"), fallback=True, digest=True, fresh=1800, bound=True, bypass=True,
    recalled=("totp", "recovery", "email", "password"),
)  # fmt: skip
ISSUE = c.IssueToken("personal", "new", CHAT)


@pytest.fixture
def mia(house: Household) -> Person:
    """Somebody who is asked for codes by mail."""
    person = house.person(email="mia@example.test", email_verified=True)
    house.factor(person, "email")
    return person


def again(house: Household, who: Held, code: Secret | str | None = None, rule: StepUpRule = RULE, **more: Any) -> Any:
    """What came of a wish that wants a second proof, with that code if one is given."""
    if code is not None:
        more["proof"] = Proof("email", Secret(code) if isinstance(code, str) else code)
    return house.wish(who, more.pop("wish", ISSUE), step_up=rule, **more)


def note(denied: Any) -> Challenge:
    """What a refusal says would do."""
    assert isinstance(denied, Denied)
    assert isinstance(denied.note, Challenge)
    return denied.note


# --- mailed


def test_a_challenge_mails_a_code(house: Household, mia: Person) -> None:
    """The first refusal says that a code was mailed, to the row's own address; nudges whoever hands it over."""
    nudged: list[int] = []
    told = House(house.store, house.house.hasher, house.house.note_use, house.house.settle, lambda: nudged.append(1))
    session = house.token(mia, dialect=CHAT)
    heard = Household(told, house.clock, [], []).wish(session, ISSUE, step_up=RULE)
    assert heard.reason is Reason.STEP_UP_REQUIRED
    asked = note(heard)
    assert (asked.method, asked.methods, asked.generated, asked.login) == ("email", ("email",), True, mia.login)
    assert [(letter.kind, letter.address) for letter in house.letters()] == [("code", "mia@example.test")]
    assert nudged == [1]


def test_no_second_mail_while_one_works(house: Household, mia: Person) -> None:
    """As long as the code works the challenge tells until when, and mails nothing."""
    session = house.token(mia, dialect=CHAT)
    first, second = note(again(house, session)), note(again(house, session))
    assert (second.generated, second.expires, second.login) == (False, first.expires, mia.login)
    assert len(house.letters()) == 1
    house.clock.forward(3601)
    assert note(again(house, house.token(mia, dialect=CHAT))).generated
    assert len(house.letters()) == 2


def test_a_sign_in_is_asked_too(house: Household, mia: Person) -> None:
    """After a right password the code is mailed, and lets in; a wrong password mails nothing."""
    assert reason(house.sign_in(mia, "not the password", CHAT)) is Reason.WRONG_PASSWORD
    assert house.letters() == []
    asked = house.sign_in(mia, dialect=CHAT)
    assert (asked.reason, note(asked).method, note(asked).generated) == (Reason.FACTOR_REQUIRED, "email", True)
    heard = house.sign_in(mia, dialect=CHAT, proof=Proof("email", house.mailed()))
    assert isinstance(heard, SessionOpened)
    assert heard.view.token.stepped_up_with == "email"


def test_the_fast_path_mails_as_well(house: Household, mia: Person) -> None:
    """A wish that runs as one job is followed by its mail."""
    session = house.token(mia, dialect=CHAT)
    ask, shown = asking(ISSUE, step_up=RULE), presented(session)
    job = direct(house.house, shown, ask)
    assert job is not None
    answered = concluded(house.house, shown, ask, house.store.write(job))
    assert asks_for_mail(answered)
    assert note(followed(house.house, answered).outcome).generated


def test_where_no_mail_goes_out(house: Household, mia: Person) -> None:
    """To an address nobody vouched for no code is asked; under a lock none is mailed."""
    stranger = house.person(email="stranger@example.test")
    house.factor(stranger, "email")
    asked = note(again(house, house.token(stranger, dialect=CHAT)))
    assert (asked.method, asked.methods) == ("password", ())
    session = house.token(mia, dialect=CHAT)
    for _ in range(2):
        again(house, session)
        for _ in range(5):
            again(house, session, "000000")
    heard = again(house, session)
    assert (note(heard).generated, note(heard).expires) == (False, None)
    assert len(house.letters()) == 2


def test_nothing_is_mailed_to_whoever_is_gone(house: Household, mia: Person) -> None:
    """Between the refusal and its mail the account was suspended, or mail was switched off: nothing is sent."""
    session = house.token(mia, dialect=CHAT)
    ask, shown = asking(ISSUE, step_up=RULE), presented(session)

    def refused() -> Any:
        job = direct(house.house, shown, ask)
        assert job is not None
        return concluded(house.house, shown, ask, house.store.write(job))

    answered = refused()
    house.do(lambda tx: tx.run("UPDATE subjects SET email_verified = 0 WHERE id = $1", mia.subject.id))
    assert not note(followed(house.house, answered).outcome).generated
    house.do(
        lambda tx: tx.run("UPDATE subjects SET email_verified = 1, state = 'suspended' WHERE id = $1", mia.subject.id)
    )
    assert not note(followed(house.house, answered).outcome).generated
    assert house.letters() == []


def test_only_such_a_refusal_is_followed(house: Household, mia: Person) -> None:
    """What is no refusal, refuses for another reason, or is nobody's, goes as it is."""
    fine = house.perform(presented(house.token(mia, dialect=CHAT)), c.ShowSelf())
    assert not asks_for_mail(fine)
    asked = house.perform(presented(house.token(mia, dialect=CHAT)), ISSUE, step_up=RULE)
    assert asked.actor is not None
    from msgspec.structs import replace

    nobody = replace(asked, actor=replace(asked.actor, subject=None))
    assert followed(house.house, nobody) is nobody
    assert not asks_for_mail(replace(asked, actor=None))
    assert not asks_for_mail(replace(asked, outcome=Denied(Reason.STEP_UP_REQUIRED)))


# --- shown


def test_a_code_works_once(house: Household, mia: Person) -> None:
    """With or without the dash the code passes, once, and is remembered for the token where the wire does."""
    session = house.token(mia, dialect=CHAT)
    again(house, session)
    code = house.mailed()
    assert isinstance(again(house, session, f" {code.reveal()} "), TokenIssued)
    assert isinstance(again(house, session, wish=c.IssueToken("personal", "two", CHAT)), TokenIssued)
    other = house.token(mia, dialect=CHAT)
    assert reason(again(house, other, code, wish=c.IssueToken("personal", "three", CHAT))) is Reason.STEP_UP_WRONG


def test_five_wrong_showings_spend_a_code(house: Household, mia: Person) -> None:
    """The fifth says that it was one too many, and the right one then opens nothing; the next challenge mails anew."""
    session = house.token(mia, dialect=CHAT)
    again(house, session)
    code = house.mailed()
    wrong = "000000" if code.reveal() != "000-000" else "111111"
    heard = [reason(again(house, session, wrong)) for _ in range(5)]
    assert heard == [*[Reason.STEP_UP_WRONG] * 4, Reason.STEP_UP_LOCKED]
    assert reason(again(house, session, code)) is Reason.STEP_UP_LOCKED
    assert note(again(house, session)).generated


def test_new_codes_give_no_new_guesses(house: Household, mia: Person) -> None:
    """However many codes are mailed between, ten wrong ones lock the factor (A18)."""
    session = house.token(mia, dialect=CHAT)
    evaluated = 0
    for _ in range(4):
        again(house, session)
        for _ in range(5):
            before = house.one("SELECT failures FROM locks WHERE factor = 'email'") or 0
            again(house, session, "000000")
            evaluated += (house.one("SELECT failures FROM locks WHERE factor = 'email'") or 0) > before
    assert evaluated == 10


def test_a_code_is_for_one_wire(house: Household, mia: Person) -> None:
    """The code of one wire is none on another, and its expiry is its own (rules.md 6)."""
    house.choose(policy={"mail_codes": True})
    chat, native = house.token(mia, dialect=CHAT), house.token(mia)
    again(house, chat)
    code = house.mailed()
    rule = StepUpRule(methods=("totp", "recovery", "email"))
    wish = c.IssueToken("personal", "n", "native")
    assert reason(again(house, native, code, rule, wish=wish)) is Reason.STEP_UP_WRONG
    asked = note(again(house, native, rule=rule, wish=wish))
    assert asked.expires is not None
    assert asked.expires - house.store.now() <= at(600)
    assert isinstance(again(house, native, house.mailed(), rule, wish=wish), TokenIssued)


def test_a_mailed_code_raises_no_assurance_natively(house: Household, mia: Person) -> None:
    """It passes the one call it is shown for; the next asks again (rules.md 6)."""
    house.choose(policy={"mail_codes": True})
    native, rule = house.token(mia), StepUpRule(methods=("totp", "recovery", "email"))
    again(house, native, rule=rule)
    first = again(house, native, house.mailed(), rule, wish=c.IssueToken("personal", "a", "native"))
    assert isinstance(first, TokenIssued)
    assert (
        reason(again(house, native, rule=rule, wish=c.IssueToken("personal", "b", "native"))) is Reason.STEP_UP_REQUIRED
    )
    house.choose(policy={"mail_codes": False})
    assert isinstance(again(house, native, rule=rule, wish=c.IssueToken("personal", "c", "native")), TokenIssued)


def test_other_wires_know_no_mailed_code(house: Household, mia: Person) -> None:
    """Where no code can be carried the factor is none, and the password alone signs in (rules.md 6)."""
    assert isinstance(house.sign_in(mia, dialect="puppet"), SessionOpened)
    assert house.letters() == []


def test_the_method_asked_for_counts(house: Household, mia: Person) -> None:
    """Of several factors the first is asked for, unless the caller names another that is there."""
    house.factor(mia)
    session = house.token(mia, dialect=CHAT)
    assert note(again(house, session)).method == "totp"
    assert note(again(house, session, method="passkey")).method == "totp"
    asked = note(again(house, session, method="email"))
    assert (asked.method, asked.methods, asked.generated) == ("email", ("totp", "email"), True)
    assert note(house.sign_in(mia, dialect=CHAT)).method == "totp"
    assert note(house.sign_in(mia, dialect=CHAT, method="email")).method == "email"


def test_a_locked_factor_at_sign_in(house: Household, mia: Person) -> None:
    """Too many wrong codes at a sign-in are told by their own reason, whatever the code."""
    house.sign_in(mia, dialect=CHAT)
    heard = [reason(house.sign_in(mia, dialect=CHAT, proof=Proof("email", Secret("000000")))) for _ in range(5)]
    assert heard == [*[Reason.FACTOR_WRONG] * 4, Reason.FACTOR_LOCKED]


def test_codes_that_are_over_go(house: Household, mia: Person) -> None:
    """A purge takes codes that work no longer, and no other."""
    again(house, house.token(mia, dialect=CHAT))
    assert house.do(mail_codes.purge, house.store.now()) == 0
    house.clock.forward(3601)
    assert house.do(mail_codes.purge, house.store.now()) == 1


def test_a_presented_proof_of_nobody(house: Household) -> None:
    """Who shows no token is asked for none of it."""
    assert reason(house.wish(Presented(CHAT), ISSUE, step_up=RULE)) is Reason.UNAUTHENTICATED
