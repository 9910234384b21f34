"""Proving again: when a wish wants a fresh proof, what proves it, and how long that is remembered."""

from typing import Any

from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core import hashes
from keyturn.core.outcomes import Challenge, Denied, Reason, TokenIssued
from keyturn.core.settings import Settings
from keyturn.core.types import Ask, Presented, Proof, Secret, Step, StepUpRule
from keyturn.perform import perform
from tests.houses import PASSWORD, STEP_UP, Held, Household, Person, presented, reason
from tests.perform.logins import LIMIT, remembered

ISSUE = c.IssueToken("personal", "new", "native")
FALLBACK = StepUpRule(fallback=True)
DIGEST = StepUpRule(fallback=True, fallback_setting="rocketchat.password_fallback", digest=True)
REMEMBERING = StepUpRule(fresh=60, fresh_setting="rocketchat.remember_seconds", bound=True)


def again(house: Household, who: Held, rule: StepUpRule | None = STEP_UP, wish: Any = ISSUE, **more: Any) -> Any:
    """What came of the wish where the wire asks by that rule; `method` and `code` make a proof."""
    if "code" in more:
        code = more.pop("code")
        more["proof"] = Proof(more.pop("method", "totp"), code if isinstance(code, Secret) else Secret(code))
    return house.wish(who, wish, step_up=rule, **more)


def bound(house: Household, **grant: Any) -> tuple[Person, Held]:
    """Somebody with a TOTP factor, and a session of theirs."""
    person = house.person()
    house.factor(person)
    return person, house.token(person, **grant)


def refused(house: Household) -> list[tuple[str, str | None]]:
    """Verb and reason of each refused line."""
    return [(line.verb, line.reason) for line in house.lines("refused")]


# --- whether one is asked


def test_who_has_no_factor_is_not_asked(house: Household) -> None:
    """A wish that wants a fresh factor goes through for whoever has none, and a proof sent all the same is not read."""
    session = house.token(house.person())
    assert isinstance(again(house, session), TokenIssued)
    assert isinstance(again(house, session, wish=replace(ISSUE, name="two"), code="000000"), TokenIssued)


def test_who_has_a_factor_is_asked(house: Household) -> None:
    """It is refused with what would do, once in the record, and nothing else is left of it."""
    person, session = bound(house)
    house.codes(person)
    before = house.contents()
    assert again(house, session) == Denied(Reason.STEP_UP_REQUIRED, Challenge("totp", ("totp", "recovery")))
    assert house.contents() == before
    assert refused(house) == [("tokens:issue", "step_up_required")]
    assert isinstance(again(house, session, rule=None), TokenIssued)


def test_the_operator_is_never_asked(house: Household) -> None:
    """The command line has no second factor to show."""
    person, _ = bound(house)
    wish = replace(ISSUE, subject=person.ref)
    assert isinstance(house.wish(Presented("native", local=True), wish, step_up=STEP_UP), TokenIssued)


def test_nobody_is_not_asked(house: Household) -> None:
    """A wish of nobody is judged by the token that is part of it, not by a factor of its caller."""
    wish = c.RedeemReset(Secret("x" * 30), Secret("x"))
    assert reason(house.wish(None, wish, step_up=STEP_UP)) is Reason.INVALID_RESET


def test_a_realm_without_factors_does_not_ask(house: Household) -> None:
    """Where second factors are off, neither a factor nor the password is asked for."""
    _, session = bound(house)
    house.choose("default", {"two_factor": "off"})
    assert isinstance(again(house, session, FALLBACK), TokenIssued)


def test_the_method_named_is_the_one_asked(house: Household) -> None:
    """The method that a request names is asked for if the subject has it, else the first."""
    person, session = bound(house)
    house.codes(person)
    both = ("totp", "recovery")
    for named, asked in (("recovery", "recovery"), ("email", "totp"), ("", "totp")):
        heard = again(house, session, method=named, code="wrong")
        assert heard == Denied(Reason.STEP_UP_WRONG, Challenge(asked, both))


# --- codes


def test_a_right_code_does_and_is_remembered(house: Household) -> None:
    """After one code the token needs no other for as long as the wire remembers, and then one again."""
    _, session = bound(house)
    assert isinstance(again(house, session, code=house.code()), TokenIssued)
    assert remembered(house, session)
    assert isinstance(again(house, session, wish=replace(ISSUE, name="two")), TokenIssued)
    house.clock.forward(301)
    assert reason(again(house, session, wish=replace(ISSUE, name="three"))) is Reason.STEP_UP_REQUIRED


def test_a_proof_while_fresh_is_not_read(house: Household) -> None:
    """Whoever is fresh already uses no code up by sending one, and a wrong one is not counted."""
    _, session = bound(house, stepped_up=house.store.now())
    assert isinstance(again(house, session, code="000000"), TokenIssued)
    other = house.token(Person(session.view.owner, ""))
    assert isinstance(again(house, other, wish=replace(ISSUE, name="two"), code=house.code()), TokenIssued)


def test_a_proof_for_a_refused_wish_is_remembered(house: Household) -> None:
    """The code is used up, so the token stays fresh though the wish came to nothing."""
    _, session = bound(house)
    nothing = c.IssueToken("nonsense", "x", "native")
    assert reason(again(house, session, wish=nothing, code=house.code())) is Reason.MALFORMED
    assert remembered(house, session)


def test_a_wrong_code_is_counted_and_written_down(house: Household) -> None:
    """One line for the factor that failed; the tenth failure locks the factor, and then no code is heard."""
    _, session = bound(house)
    for _ in range(LIMIT):
        assert reason(again(house, session, code="000000")) is Reason.STEP_UP_WRONG
    assert refused(house) == [("tokens:issue", "step_up_wrong")] * LIMIT
    assert reason(again(house, session, code=house.code())) is Reason.STEP_UP_LOCKED
    assert not remembered(house, session)
    house.clock.forward(301)
    assert isinstance(again(house, session, code=house.code()), TokenIssued)


def test_a_code_used_at_sign_in_is_used_up(house: Household) -> None:
    """A step that one session showed is no proof for another; the next step is."""
    person, session = bound(house)
    code = house.code()
    assert reason(house.sign_in(person, proof=Proof("totp", code))) is None
    assert reason(again(house, session, code=code)) is Reason.STEP_UP_WRONG
    assert refused(house) == []
    assert isinstance(again(house, session, code=house.code(1)), TokenIssued)


def test_a_recovery_code_proves_once(house: Household) -> None:
    """A recovery code stands in for the authenticator, once."""
    person, session = bound(house)
    code = house.codes(person)[0]
    assert isinstance(again(house, session, method="recovery", code=code), TokenIssued)
    other = house.token(person)
    assert reason(again(house, other, method="recovery", code=code)) is Reason.STEP_UP_WRONG


def test_a_code_without_a_token_is_no_proof(house: Household) -> None:
    """A proof proves something only beside the token that it is for."""
    _, _ = bound(house)
    shown = Presented("native", proof=Proof("totp", house.code()))
    assert reason(house.wish(shown, ISSUE, step_up=STEP_UP)) is Reason.UNAUTHENTICATED


def test_a_code_that_nobody_asked_for_is_not_used(house: Household) -> None:
    """A wish that wants no fresh proof uses no code up."""
    _, session = bound(house)
    code = house.code()
    assert reason(again(house, session, None, c.EndSession(), code=code)) is None
    other = house.token(Person(session.view.owner, ""))
    assert isinstance(again(house, other, code=code), TokenIssued)


def test_a_proof_comes_after_what_the_wire_asks_first(house: Household) -> None:
    """With the right before the proof a code is not used up for what is forbidden; with the proof first it is."""
    admin = house.person("", "Administrators")
    _, session = bound(house)
    wish = replace(ISSUE, subject=Person(admin.subject, "").ref)
    code = house.code()
    assert reason(again(house, session, wish=wish, code=code)) is Reason.FORBIDDEN
    assert not remembered(house, session)
    first = (Step.RECOGNISE, Step.STEP_UP, Step.READ, Step.RIGHT)
    assert reason(again(house, session, wish=wish, code=code, order=first)) is Reason.FORBIDDEN
    assert remembered(house, session)


def test_a_malformed_wish_uses_no_code(house: Household) -> None:
    """Where reading comes first, what cannot be read is refused before any proof."""
    _, session = bound(house)
    malformed = Denied(Reason.MALFORMED)

    def read(settings: Settings) -> Any:
        return malformed

    ask = Ask(c.IssueToken, read, step_up=STEP_UP)
    shown = presented(session, proof=Proof("totp", house.code()))
    assert perform(house.house, shown, ask).outcome == malformed
    assert not remembered(house, session)
    assert house.lines() == []


# --- how long, and from where


def test_the_realm_says_how_long(house: Household) -> None:
    """The realm's own number of seconds wins over the wire's."""
    _, session = bound(house)
    house.choose(rocketchat__remember_seconds=5)
    assert isinstance(again(house, session, REMEMBERING, code=house.code()), TokenIssued)
    assert isinstance(again(house, session, REMEMBERING, replace(ISSUE, name="two")), TokenIssued)
    house.clock.forward(6)
    assert reason(again(house, session, REMEMBERING, replace(ISSUE, name="three"))) is Reason.STEP_UP_REQUIRED


def test_without_a_choice_the_wire_says_how_long(house: Household) -> None:
    """A setting that is unset leaves the wire's own seconds in force."""
    _, session = bound(house)
    rule = StepUpRule(fresh=60, fresh_setting="puppet.session_timeout")
    assert isinstance(again(house, session, rule, code=house.code()), TokenIssued)
    house.clock.forward(50)
    assert isinstance(again(house, session, rule, replace(ISSUE, name="two")), TokenIssued)
    house.clock.forward(11)
    assert reason(again(house, session, rule, replace(ISSUE, name="three"))) is Reason.STEP_UP_REQUIRED


def test_freshness_is_bound_where_the_wire_binds_it(house: Household) -> None:
    """From another client or address a fresh token is not fresh, where the wire binds it to both."""
    _, session = bound(house)
    here = {"agent": "client/1", "address": "192.0.2.1"}
    assert isinstance(again(house, session, REMEMBERING, code=house.code(), **here), TokenIssued)
    for elsewhere in ({**here, "agent": "client/2"}, {**here, "address": "192.0.2.2"}):
        assert reason(again(house, session, REMEMBERING, **elsewhere)) is Reason.STEP_UP_REQUIRED
    assert isinstance(again(house, session, REMEMBERING, replace(ISSUE, name="two"), **here), TokenIssued)
    assert isinstance(again(house, session, STEP_UP, replace(ISSUE, name="three")), TokenIssued)


# --- the password in a factor's place


def test_the_password_stands_in(house: Household) -> None:
    """Where the wire falls back on it, who has no factor shows the password, which is counted as such."""
    person = house.person()
    session = house.token(person)
    asked = Challenge("password")
    assert again(house, session, FALLBACK) == Denied(Reason.STEP_UP_REQUIRED, asked)
    assert again(house, session, FALLBACK, code="wrong") == Denied(Reason.STEP_UP_WRONG, asked)
    assert refused(house) == [("tokens:issue", "step_up_required"), ("tokens:issue", "step_up_wrong")]
    assert isinstance(again(house, session, FALLBACK, code=PASSWORD), TokenIssued)
    assert remembered(house, session)
    assert house.one("SELECT failures + reserved FROM locks") == 0


def test_the_password_stands_in_as_a_digest(house: Household) -> None:
    """Where the wire's clients send a digest of it, the clear text proves nothing; the realm may forbid both."""
    person = house.person()
    session = house.token(person)
    house.choose(rocketchat__password_fallback=True)
    assert reason(again(house, session, DIGEST, code=PASSWORD)) is Reason.STEP_UP_WRONG
    assert isinstance(again(house, session, DIGEST, code=hashes.prehash(PASSWORD)), TokenIssued)
    house.choose(rocketchat__password_fallback=False)
    assert isinstance(again(house, house.token(person), DIGEST, replace(ISSUE, name="two")), TokenIssued)


def test_who_has_a_factor_shows_no_password(house: Household) -> None:
    """A password is no second proof beside a factor."""
    _, session = bound(house)
    heard = again(house, session, FALLBACK, method="password", code=PASSWORD)
    assert heard == Denied(Reason.STEP_UP_WRONG, Challenge("totp", ("totp",)))


def test_who_has_neither_is_not_asked(house: Household) -> None:
    """An account without factor and password could never answer."""
    session = house.token(house.person(password=None))
    assert isinstance(again(house, session, FALLBACK), TokenIssued)


def test_a_guessed_password_locks_every_door(house: Household) -> None:
    """Guesses at the second proof and at sign-in are one count."""
    person = house.person()
    session = house.token(person)
    for _ in range(LIMIT):
        assert reason(again(house, session, FALLBACK, code="wrong")) is Reason.STEP_UP_WRONG
    assert reason(house.sign_in(person)) is Reason.ACCOUNT_LOCKED
    assert reason(again(house, session, FALLBACK, code=PASSWORD)) is Reason.STEP_UP_WRONG
    assert len(refused(house)) == LIMIT


def test_a_proof_of_a_refused_wish_settles(house: Household) -> None:
    """The right password clears the count and is remembered, though the wish is refused afterwards."""
    person = house.person()
    session = house.token(person)
    again(house, session, FALLBACK, code="wrong")
    heard = again(house, session, FALLBACK, c.IssueToken("nonsense", "x", "native"), code=PASSWORD)
    assert reason(heard) is Reason.MALFORMED
    assert remembered(house, session)
    assert house.one("SELECT failures + reserved FROM locks") == 0


# --- tokens that skip the second proof

SKIPPING = StepUpRule(bypass=True)


def test_a_token_may_skip_the_second_proof(house: Household) -> None:
    """Where the wire knows such tokens one replaces itself without a proof; elsewhere the mark means nothing."""
    person, _ = bound(house)
    skips = house.token(person, "personal", "rocketchat", name="ci", bypass=True)
    rotate = c.RotateToken(skips.ref)
    assert reason(again(house, skips, STEP_UP, rotate)) is Reason.STEP_UP_REQUIRED
    assert reason(again(house, skips, SKIPPING, rotate)) is None


def test_it_makes_nothing_else(house: Household) -> None:
    """It makes, replaces and ends no other credential unless the realm wants the vendor's way back (A15, A16)."""
    person, _ = bound(house)
    skips = house.token(person, "personal", "rocketchat", name="ci", bypass=True)
    other = house.token(person, "personal", "rocketchat", name="other")
    wishes = (c.IssueToken("personal", "more", "rocketchat"), c.RotateToken(other.ref), c.RevokeToken(other.ref))
    assert [reason(again(house, skips, SKIPPING, wish)) for wish in wishes] == [Reason.FORBIDDEN] * 3
    assert reason(again(house, skips, SKIPPING, c.ListTokens())) is None
    assert house.opens(other) is None
    house.choose(rocketchat__bypass_mints=True)
    assert [reason(again(house, skips, SKIPPING, wish)) for wish in wishes[:2]] == [None, None]
