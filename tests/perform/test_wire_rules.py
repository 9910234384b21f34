"""What single wires ask of the door: limits by address, gates, strict proofs, a grace, and crowded addresses."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import After, Challenge, Denied, Named, Reason, SessionOpened, TokenIssued
from keyturn.core.types import Proof, Secret, Step, StepUpRule, SubjectRef
from tests.houses import Held, Household, Person, reason

CHAT = "rocketchat"
ISSUE = c.IssueToken("personal", "new", CHAT)
ORDER = (Step.RECOGNISE, Step.LIMIT, Step.GATE, Step.STEP_UP, Step.READ, Step.RIGHT)
FALLBACK = StepUpRule(
    fallback=True, digest=True, fresh_setting="rocketchat.remember_seconds", bound=True, bypass=True,
    grace_setting="rocketchat.registration_grace", recalled=("totp", "recovery", "password"),
)  # fmt: skip


def digest(password: str) -> Secret:
    """What clients of that wire send for a password."""
    import hashlib

    return Secret(hashlib.sha256(password.encode()).hexdigest())


# --- limits


def test_a_limit_refuses_before_anything_else(house: Household) -> None:
    """A call too many is told how long to wait, reads nothing and leaves no line."""
    session = house.token(house.person(), dialect=CHAT)
    before = house.lines()
    heard = house.wish(session, ISSUE, order=ORDER, limit=lambda exempt: 42)
    assert heard == Denied(Reason.RATE_LIMITED, After(42))
    assert house.lines() == before
    assert isinstance(house.wish(session, ISSUE, order=ORDER, limit=lambda exempt: None), TokenIssued)


def test_who_is_exempt_is_told(house: Household) -> None:
    """The count is told whether its caller may pass it: an administrator, or whoever holds that right."""
    told: list[bool] = []

    def limit(exempt: bool) -> int | None:
        told.append(exempt)
        return None

    for role in ("Members", "Administrators"):
        house.wish(house.token(house.person("", role), dialect=CHAT), c.ShowSelf(), order=ORDER, limit=limit)
    assert told == [False, True]


def test_a_sign_in_is_counted_before_its_hash(house: Household) -> None:
    """A sign-in too many is refused before an attempt is reserved; a wire without the step counts none."""
    person = house.person()
    heard = house.sign_in(person, "wrong", CHAT, order=ORDER, limit=lambda exempt: 7)
    assert heard == Denied(Reason.RATE_LIMITED, After(7))
    assert house.one("SELECT count(*) FROM locks") == 0
    assert reason(house.sign_in(person, "wrong", CHAT, limit=lambda exempt: 7)) is Reason.WRONG_PASSWORD
    assert isinstance(house.sign_in(person, dialect=CHAT, order=ORDER, limit=lambda exempt: None), SessionOpened)


# --- gates


def test_a_gate_is_shut_before_the_proof(house: Household) -> None:
    """Who lacks the right of the route hears so before being asked for a proof, by a note of its own."""
    person = house.person()
    session = house.token(person, dialect=CHAT)
    heard = house.wish(session, ISSUE, order=ORDER, gate="users:create", step_up=FALLBACK)
    assert heard == Denied(Reason.FORBIDDEN, Named("gate", "users:create"))
    boss = house.token(house.person("", "Administrators"), dialect=CHAT)
    asked = house.wish(boss, ISSUE, order=ORDER, gate="users:create", step_up=FALLBACK)
    assert asked == Denied(Reason.STEP_UP_REQUIRED, Challenge("password"))


def test_the_order_may_follow_from_settings(house: Household) -> None:
    """A wire with two orders chooses by the realm's settings."""
    session = house.token(house.person(), dialect=CHAT)

    def order(settings: Any) -> tuple[Step, ...]:
        first = settings.text("rocketchat.profile") == "classic"
        return ORDER if first else (Step.RECOGNISE, Step.GATE, Step.LIMIT, Step.READ, Step.RIGHT)

    def heard() -> Any:
        return reason(house.wish(session, ISSUE, order=order, gate="users:create", limit=lambda exempt: 1))

    assert heard() is Reason.RATE_LIMITED
    house.choose(rocketchat__profile="modern")
    assert heard() is Reason.FORBIDDEN


# --- proofs


@pytest.fixture
def held(house: Household) -> tuple[Person, Held]:
    """Somebody without a factor, and a token of theirs."""
    person = house.person()
    return person, house.token(person, dialect=CHAT)


def test_a_strict_route_wants_its_own_proof(house: Household, held: tuple[Person, Held]) -> None:
    """Neither a flag of the token nor an earlier proof is enough; and its own proof is kept where it may be."""
    person, session = held
    strict = StepUpRule(fallback=True, digest=True, strict=True, recalled=("password",), fresh=1800)
    shown = Proof("password", digest(person.password))
    assert isinstance(house.wish(session, ISSUE, step_up=strict, proof=shown), TokenIssued)
    wish = c.IssueToken("personal", "two", CHAT)
    assert reason(house.wish(session, wish, step_up=strict)) is Reason.STEP_UP_REQUIRED
    flagged = house.token(person, "personal", CHAT, name="robot", bypass=True)
    assert reason(house.wish(flagged, wish, step_up=strict)) is Reason.STEP_UP_REQUIRED


def test_a_route_may_forget(house: Household) -> None:
    """Where nothing is remembered an earlier proof does not count, and this one counts for nothing later."""
    person = house.person()
    house.factor(person)
    session = house.token(person, dialect=CHAT)
    forgetful = StepUpRule(remembered=False)
    assert isinstance(house.wish(session, ISSUE, step_up=forgetful, proof=Proof("totp", house.code(-1))), TokenIssued)
    wish = c.IssueToken("personal", "two", CHAT)
    assert reason(house.wish(session, wish, step_up=StepUpRule())) is Reason.STEP_UP_REQUIRED
    assert isinstance(house.wish(session, wish, step_up=StepUpRule(), proof=Proof("totp", house.code())), TokenIssued)
    wish = c.IssueToken("personal", "three", CHAT)
    assert reason(house.wish(session, wish, step_up=forgetful)) is Reason.STEP_UP_REQUIRED
    assert isinstance(house.wish(session, wish, step_up=StepUpRule()), TokenIssued)


def test_a_forgetful_route_takes_a_password_too(house: Household, held: tuple[Person, Held]) -> None:
    """The password as the second proof is not kept either where the route keeps none."""
    person, session = held
    forgetful = StepUpRule(fallback=True, digest=True, remembered=False, recalled=("password",))
    shown = Proof("password", digest(person.password))
    assert isinstance(house.wish(session, ISSUE, step_up=forgetful, proof=shown), TokenIssued)
    assert house.one("SELECT stepped_up FROM tokens WHERE id = $1", session.view.token.id) is None


def test_a_weaker_proof_of_before_does_not_count(house: Household, held: tuple[Person, Held]) -> None:
    """What the wire recalls counts; a password shown for the token is no factor where factors alone are."""
    person, session = held
    shown = Proof("password", digest(person.password))
    assert isinstance(house.wish(session, ISSUE, step_up=FALLBACK, proof=shown), TokenIssued)
    house.factor(person)
    wish = c.IssueToken("personal", "two", CHAT)
    assert isinstance(house.wish(session, wish, step_up=FALLBACK), TokenIssued)
    wish = c.IssueToken("personal", "three", CHAT)
    assert reason(house.wish(session, wish, step_up=StepUpRule())) is Reason.STEP_UP_REQUIRED


def test_a_grace_for_newcomers(house: Household, held: tuple[Person, Held]) -> None:
    """Where the realm grants it, who is new and has no factor is not asked, for as long as proofs are remembered."""
    person, session = held
    assert reason(house.wish(session, ISSUE, step_up=FALLBACK)) is Reason.STEP_UP_REQUIRED
    house.choose(rocketchat__registration_grace=True, rocketchat__remember_seconds=100)
    assert isinstance(house.wish(session, ISSUE, step_up=FALLBACK), TokenIssued)
    two = c.IssueToken("personal", "two", CHAT)
    strict = StepUpRule(fallback=True, strict=True, grace_setting="rocketchat.registration_grace")
    assert reason(house.wish(session, two, step_up=strict)) is Reason.STEP_UP_REQUIRED
    house.factor(person)
    assert reason(house.wish(session, two, step_up=FALLBACK)) is Reason.STEP_UP_REQUIRED
    other = house.token(house.person(), dialect=CHAT)
    house.clock.forward(101)
    assert reason(house.wish(other, two, step_up=FALLBACK)) is Reason.STEP_UP_REQUIRED


def test_the_current_password_as_a_digest(house: Household, held: tuple[Person, Held]) -> None:
    """A wire whose clients send the digest alone proves by it; a wrong one is counted."""
    person, session = held
    wish = c.ChangeSelf(password=Secret("quite another passphrase"))
    wrong = house.wish(session, wish, proof=Proof("current_digest", digest("wrong")))
    assert reason(wrong) is Reason.WRONG_CURRENT_PASSWORD
    assert house.one("SELECT failures FROM locks WHERE factor = 'password'") == 1
    right = house.wish(session, wish, proof=Proof("current_digest", digest(person.password)))
    assert reason(right) is None


# --- addresses


def test_a_crowd_of_failures_shuts_an_address(house: Household) -> None:
    """After fifty failures of whatever names the right password is refused from there, and from nowhere else."""
    house.choose(policy={"lockout_attempts": 100})
    person = house.person()
    for number in range(50):
        name = person.login if number % 2 else f"nobody-{number}"
        assert reason(house.sign_in(name, "wrong", CHAT, address="192.0.2.1")) is not Reason.ADDRESS_LOCKED
    before = house.one("SELECT failures FROM locks WHERE account = $1", f"s:{person.subject.id}")
    assert reason(house.sign_in(person, dialect=CHAT, address="192.0.2.1")) is Reason.ADDRESS_LOCKED
    assert house.one("SELECT failures FROM locks WHERE account = $1", f"s:{person.subject.id}") == before
    assert isinstance(house.sign_in(person, dialect=CHAT, address="192.0.2.2"), SessionOpened)
    assert isinstance(house.sign_in(person, address="192.0.2.1"), SessionOpened)
    house.clock.forward(301)
    assert isinstance(house.sign_in(person, dialect=CHAT, address="192.0.2.1"), SessionOpened)
    assert reason(house.sign_in(person, "wrong", CHAT, address="192.0.2.1")) is Reason.WRONG_PASSWORD
    assert house.one("SELECT min(failures) FROM locks WHERE factor = 'address'") == 1


def test_what_is_no_sign_in_is_not_counted(house: Household, held: tuple[Person, Held]) -> None:
    """A wrong second proof of a signed-in caller, and a caller without an address, count against no address."""
    _, session = held
    shown = Proof("password", digest("wrong"))
    assert (
        reason(house.wish(session, ISSUE, step_up=FALLBACK, proof=shown, address="192.0.2.1")) is Reason.STEP_UP_WRONG
    )
    assert reason(house.sign_in("nobody", "wrong", CHAT)) is Reason.UNKNOWN_ACCOUNT
    assert house.one("SELECT count(*) FROM locks WHERE factor = 'address'") == 0


# --- whose tokens


def test_ones_own_wants_a_session_others_do_not(house: Household) -> None:
    """With a personal token an administrator ends somebody's sessions, and neither their own (rules.md 3)."""
    boss, other = house.person("", "Administrators"), house.person()
    token = house.token(boss, "personal", CHAT, name="ci")
    assert reason(house.wish(token, c.EndSessions(other.ref))) is None
    for wish in (c.EndSessions(), c.EndSessions(boss.ref), c.EndSessions(SubjectRef("login", boss.login))):
        assert reason(house.wish(token, wish)) is Reason.SESSION_NEEDED


def test_a_role_may_want_a_factor(house: Household) -> None:
    """Who holds such a role and has no factor gets a session that is good for enrolling one alone."""
    boss = house.person("", "Administrators")
    house.wish(house.token(boss), c.EditRole("Members", True))
    person = house.person()
    opened = house.sign_in(person)
    assert isinstance(opened, SessionOpened)
    session = Held(opened.secret, opened.view)
    assert reason(house.wish(session, c.ListTokens())) is Reason.FACTOR_REQUIRED
    assert reason(house.wish(session, c.EnrolFactor("totp"))) is None
    house.choose(policy={"two_factor": "off"})
    assert reason(house.wish(Held(*_opened(house, person)), c.ListTokens())) is None


def _opened(house: Household, person: Person) -> tuple[Secret, Any]:
    opened = house.sign_in(person)
    assert isinstance(opened, SessionOpened)
    return opened.secret, opened.view
