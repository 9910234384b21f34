"""Second factors: codes by mail, recovery codes; how they are confirmed, counted and taken away."""

import re
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import (
    CodesCounted,
    Denied,
    Ended,
    FactorConfirmed,
    FactorsListed,
    Named,
    Reason,
    RecoveryCodesMade,
    SessionOpened,
    TotpBegun,
)
from keyturn.core.rules import STEWARDS
from keyturn.core.types import Presented, Proof, Secret, SubjectRef
from tests.houses import Held, Household, Person, reason
from tests.perform.logins import LIMIT, lock

CHAT = "rocketchat"
WRONG = Secret("000000")


@pytest.fixture
def mia(house: Household) -> Person:
    """Somebody with an address known to be theirs, and no factor."""
    return house.person("mia", email="mia@example.test", email_verified=True)


def kinds(house: Household, who: Held) -> list[tuple[str, bool]]:
    """The caller's factors, and whether each is confirmed."""
    listed = house.wish(who, c.ListFactors())
    assert isinstance(listed, FactorsListed)
    return [(f.kind, f.confirmed) for f in listed.factors]


def seed_of(house: Household, session: Held) -> bytes:
    """The seed of a TOTP factor that was begun just now."""
    from keyturn.core.factors import seed_from_base32

    begun = house.wish(session, c.EnrolFactor("totp"))
    assert isinstance(begun, TotpBegun)
    seed = seed_from_base32(begun.seed.reveal())
    assert seed is not None
    return seed


# --- codes by mail


def test_codes_by_mail_are_switched_on(house: Household, mia: Person) -> None:
    """At once, since the address is known; other sessions end, tokens and the presented session stay (A16)."""
    session, other, token = (house.token(mia, kind, CHAT) for kind in ("session", "session", "personal"))
    heard = house.wish(session, c.EnrolFactor("email"))
    assert isinstance(heard, FactorConfirmed)
    assert heard.factor is not None
    assert (heard.factor.kind, heard.codes) == ("email", ())
    assert kinds(house, session) == [("email", True)]
    assert [house.opens(held) for held in (session, other, token)] == [None, Reason.TOKEN_ENDED, None]
    assert reason(house.sign_in(mia, dialect=CHAT)) is Reason.FACTOR_REQUIRED


def test_twice_is_no_change(house: Household, mia: Person) -> None:
    """Asked for again it is so already: the same factor, no line, and nobody's session ends."""
    session = house.token(mia, dialect=CHAT)
    first = house.wish(session, c.EnrolFactor("email"))
    other, lines = house.token(mia), house.lines("done")
    assert house.wish(session, c.EnrolFactor("email")) == first
    assert house.lines("done") == lines
    assert house.opens(other) is None


@pytest.mark.parametrize(("email", "verified"), [("", False), ("mia@example.test", False)])
def test_an_address_must_be_known(house: Household, email: str, verified: bool) -> None:
    """Without one, or with one that nobody vouched for, there is nowhere to mail codes to."""
    person = house.person(email=email, email_verified=verified)
    session = house.token(person, dialect=CHAT)
    assert house.wish(session, c.EnrolFactor("email")) == Denied(Reason.UNVERIFIED_MAIL)
    assert kinds(house, session) == []


def test_natively_only_by_policy(house: Household, mia: Person) -> None:
    """Where the realm does not say so a mailed code is no native factor; other wires never take one."""
    refused = Denied(Reason.FORBIDDEN, Named("policy", "mail_codes"))
    native, puppet = house.token(mia), house.token(mia, dialect="puppet")
    assert house.wish(native, c.EnrolFactor("email")) == refused
    house.choose(policy={"mail_codes": True})
    assert isinstance(house.wish(native, c.EnrolFactor("email")), FactorConfirmed)
    assert house.opens(puppet) is Reason.TOKEN_ENDED
    assert house.wish(house.token(mia, dialect="puppet"), c.EnrolFactor("email")) == refused


@pytest.mark.parametrize("kind", ["totp", "recovery", "email"])
def test_no_factor_where_there_are_none(house: Household, mia: Person, kind: str) -> None:
    """Where the realm's policy switched second factors off none is begun."""
    house.choose(policy={"two_factor": "off", "mail_codes": True})
    heard = house.wish(house.token(mia), c.EnrolFactor(kind))
    assert heard == Denied(Reason.FORBIDDEN, Named("policy", "two_factor"))


@pytest.mark.parametrize("kind", ["personal", "api", "delegated"])
def test_a_session_alone_binds_factors(house: Household, mia: Person, kind: str) -> None:
    """Any other token binds, confirms, removes and resets nothing of its owner's (rules.md 3)."""
    house.factor(mia)
    more: dict[str, Any] = {"act": house.person("", "Administrators").subject.id} if kind == "delegated" else {}
    token = house.token(mia, kind, CHAT, **more)
    wishes = (
        c.EnrolFactor("email"), c.EnrolFactor("recovery"), c.ConfirmFactor("", WRONG), c.RemoveFactor(kind="totp"),
        c.ResetFactors(), c.RemoveFactor(subject=mia.ref, kind="totp"), c.ResetFactors(mia.ref),
    )  # fmt: skip
    assert {reason(house.wish(token, wish)) for wish in wishes} == {Reason.SESSION_NEEDED}
    assert kinds(house, house.token(mia)) == [("totp", True)]


def test_a_fresh_factor_is_not_locked(house: Household, mia: Person) -> None:
    """What was guessed at an earlier one of the kind is not held against it (NIST 3.2.2)."""
    house.factor(mia, "email")
    session = house.token(mia, dialect=CHAT)
    for _ in range(LIMIT):
        house.sign_in(mia, dialect=CHAT, proof=Proof("email", WRONG))
    assert lock(house, mia, "email").failures == LIMIT
    house.wish(session, c.RemoveFactor(kind="email"))
    assert isinstance(house.wish(session, c.EnrolFactor("email")), FactorConfirmed)
    assert lock(house, mia, "email").failures == 0


# --- recovery codes, long and short


@pytest.mark.parametrize(
    ("short", "count", "shape"), [(True, 12, r"[1-9A-HJ-NP-Za-km-z]{8}"), (False, 10, r"[a-z2-7]{4}(-[a-z2-7]{4}){3}")]
)
def test_recovery_codes(house: Household, mia: Person, short: bool, count: int, shape: str) -> None:
    """As many as are told, each of its shape and no two alike; each lets in once, and the next set ends them all."""
    house.factor(mia)
    session = house.token(mia)
    made = house.wish(session, c.EnrolFactor("recovery", short))
    assert isinstance(made, RecoveryCodesMade)
    codes = [code.reveal() for code in made.codes]
    assert len({*codes}) == count
    assert [code for code in codes if not re.fullmatch(shape, code)] == []
    assert house.wish(session, c.CountCodes()) == CodesCounted(count)
    first = Proof("recovery", made.codes[0])
    assert isinstance(house.sign_in(mia, proof=first), SessionOpened)
    assert reason(house.sign_in(mia, proof=first)) is Reason.FACTOR_WRONG
    assert house.wish(session, c.CountCodes()) == CodesCounted(count - 1)
    again = house.wish(session, c.EnrolFactor("recovery", not short))
    assert reason(house.sign_in(mia, proof=Proof("recovery", made.codes[1]))) is Reason.FACTOR_WRONG
    assert isinstance(house.sign_in(mia, proof=Proof("recovery", again.codes[0])), SessionOpened)


def test_recovery_codes_stand_in_for_an_app(house: Household, mia: Person) -> None:
    """Without a confirmed TOTP there is nothing to stand in for, nor anything to count."""
    session = house.token(mia)
    assert house.wish(session, c.EnrolFactor("recovery")) == Denied(Reason.CONFLICT, Named("totp"))
    house.wish(session, c.EnrolFactor("totp"))
    assert house.wish(session, c.EnrolFactor("recovery")) == Denied(Reason.CONFLICT, Named("totp"))
    assert house.wish(session, c.CountCodes()) == Denied(Reason.NOT_FOUND)
    house.wish(session, c.RemoveFactor(kind="totp"))
    house.factor(mia)
    assert house.wish(session, c.CountCodes()) == CodesCounted(0)


def test_codes_are_counted_by_their_owner(house: Household, mia: Person) -> None:
    """Nobody, and the command line, which is nobody, have none."""
    for who in (None, Presented("native", local=True)):
        assert reason(house.wish(who, c.CountCodes())) is Reason.UNAUTHENTICATED
        assert reason(house.wish(who, c.EnrolFactor("totp"))) is Reason.UNAUTHENTICATED
        assert reason(house.wish(who, c.ListFactors())) is Reason.UNAUTHENTICATED


# --- confirmed


def test_the_waiting_one_is_confirmed_without_its_name(house: Household, mia: Person) -> None:
    """A code of it switches it on, with short recovery codes where wished; other sessions are over (A16)."""
    session, other = house.token(mia), house.token(mia)
    seed = seed_of(house, session)
    assert reason(house.wish(session, c.ConfirmFactor("", WRONG, True))) is Reason.MALFORMED
    assert kinds(house, session) == [("totp", False)]
    heard = house.wish(session, c.ConfirmFactor("", house.code(seed=seed), True))
    assert isinstance(heard, FactorConfirmed)
    assert len({code.reveal() for code in heard.codes}) == 12
    assert kinds(house, session) == [("totp", True), ("recovery", True)]
    assert [house.opens(held) for held in (session, other)] == [None, Reason.TOKEN_ENDED]
    assert isinstance(house.sign_in(mia, proof=Proof("recovery", heard.codes[11])), SessionOpened)
    assert reason(house.wish(session, c.ConfirmFactor("", house.code(1, seed)))) is Reason.NOT_FOUND


def test_confirmed_without_codes(house: Household, mia: Person) -> None:
    """By its uuid, and with none of the codes that were not wished for."""
    session = house.token(mia)
    seed = seed_of(house, session)
    (factor,) = house.wish(session, c.ListFactors()).factors
    assert house.wish(session, c.ConfirmFactor(factor.uuid, house.code(seed=seed))) == FactorConfirmed()
    assert house.wish(session, c.CountCodes()) == CodesCounted(0)


def test_what_confirms_nothing(house: Household, mia: Person) -> None:
    """Nothing waits, another's waits, or what is named needs no code."""
    session, other = house.token(mia), house.token(house.person())
    assert reason(house.wish(session, c.ConfirmFactor("", WRONG))) is Reason.NOT_FOUND
    seed = seed_of(house, other)
    (theirs,) = house.wish(other, c.ListFactors()).factors
    code = house.code(seed=seed)
    assert reason(house.wish(session, c.ConfirmFactor(theirs.uuid, code))) is Reason.NOT_FOUND
    mailed = house.factor(mia, "email")
    assert reason(house.wish(session, c.ConfirmFactor(mailed.uuid, code))) is Reason.NOT_FOUND
    assert kinds(house, other) == [("totp", False)]


# --- taken away


def test_an_app_takes_its_codes_along(house: Household, mia: Person) -> None:
    """Recovery codes go with the TOTP they stand in for, and open nothing afterwards; codes by mail stay."""
    house.factor(mia)
    house.factor(mia, "email")
    session = house.token(mia)
    codes = house.wish(session, c.EnrolFactor("recovery", True)).codes
    assert house.wish(session, c.RemoveFactor(kind="totp")) == Ended()
    assert kinds(house, session) == [("email", True)]
    assert house.one("SELECT count(*) FROM recovery_codes") == 0
    house.factor(mia)
    assert reason(house.sign_in(mia, proof=Proof("recovery", codes[0]))) is Reason.FACTOR_WRONG


def test_codes_by_mail_are_switched_off(house: Household, mia: Person) -> None:
    """What was mailed works no more, also where they are switched on again; an app stays."""
    house.factor(mia, "email")
    session = house.token(mia, dialect=CHAT)
    house.sign_in(mia, dialect=CHAT)
    code = house.mailed()
    house.factor(mia)
    assert house.wish(session, c.RemoveFactor(kind="email")) == Ended()
    assert kinds(house, session) == [("totp", True)]
    house.wish(session, c.RemoveFactor(kind="totp"))
    house.wish(session, c.EnrolFactor("email"))
    assert reason(house.sign_in(mia, dialect=CHAT, proof=Proof("email", code))) is Reason.FACTOR_WRONG


def test_what_is_not_there_is_not_taken_away(house: Household, mia: Person) -> None:
    """A kind that the caller has not got, a factor of somebody else, and one that is gone."""
    session, theirs = house.token(mia), house.factor(house.person())
    assert reason(house.wish(session, c.RemoveFactor(kind="totp"))) is Reason.NOT_FOUND
    assert reason(house.wish(session, c.RemoveFactor(theirs.uuid))) is Reason.NOT_FOUND
    mine = house.factor(mia)
    assert house.wish(session, c.RemoveFactor(mine.uuid)) == Ended()
    assert reason(house.wish(session, c.RemoveFactor(mine.uuid))) is Reason.NOT_FOUND


def whole(house: Household, person: Person) -> None:
    """All factors there are."""
    for kind in ("totp", "recovery", "email"):
        house.factor(person, kind)


@pytest.mark.parametrize(
    ("named", "left"),
    [((), set()), (("totp",), {"email"}), (("email",), {"totp", "recovery"}), (("totp", "email"), set())],
)
@pytest.mark.parametrize("own", [True, False])
def test_factors_are_reset(house: Household, mia: Person, own: bool, named: tuple[str, ...], left: set[str]) -> None:
    """Those of the kinds, or all; every session of theirs ends, and no named token does."""
    whole(house, mia)
    house.sign_in(mia, dialect=CHAT, method="email")
    session, other, token = (house.token(mia, kind) for kind in ("session", "session", "personal"))
    helper = house.token(house.person("", "Administrators"))
    wish = c.ResetFactors(None if own else mia.ref, named)
    assert house.wish(session if own else helper, wish) == Ended()
    assert [house.opens(held) for held in (session, other, token)] == [Reason.TOKEN_ENDED, Reason.TOKEN_ENDED, None]
    assert {kind for kind, _ in kinds(house, token)} == left
    assert house.one("SELECT count(*) FROM mail_codes") == int("email" in left)
    heard = house.sign_in(mia)
    assert isinstance(heard, SessionOpened) is ("totp" not in left)
    assert house.opens(helper) is None


def test_nothing_to_reset(house: Household, mia: Person) -> None:
    """It says that it was so already."""
    assert house.wish(house.token(mia), c.ResetFactors()) == Ended(True)


TAKING = [c.ResetFactors, lambda ref: c.RemoveFactor(subject=ref, kind="totp")]


@pytest.mark.parametrize("make", TAKING, ids=["all", "one"])
def test_nobody_resets_whom_they_stand_below(house: Household, mia: Person, make: Any) -> None:
    """A Steward's factors are no administrator's, an administrator's no clerk's; help without the right is none."""
    people = {name: house.person("", name) for name in (STEWARDS, "Administrators", "Help Desk")}
    house.wish(Presented("native", local=True), c.PutRole("Clerks", ("users:edit:*",)))
    people["Clerks"] = house.person("", "Clerks")
    for person in (mia, *people.values()):
        house.factor(person)
    tokens = {name: house.token(person) for name, person in people.items()}

    def heard(who: str, whom: Person) -> Reason | None:
        return reason(house.wish(tokens[who], make(whom.ref)))

    assert heard("Administrators", people[STEWARDS]) is Reason.FORBIDDEN
    assert heard("Clerks", people["Administrators"]) is Reason.FORBIDDEN
    assert heard("Clerks", people["Help Desk"]) is Reason.FORBIDDEN
    assert heard("Help Desk", mia) is Reason.FORBIDDEN
    assert house.one("SELECT count(*) FROM factors") == 5
    assert heard("Clerks", mia) is None
    assert heard("Administrators", people["Clerks"]) is None
    assert heard(STEWARDS, people["Administrators"]) is None
    assert house.one("SELECT count(*) FROM factors") == 2
    assert reason(house.wish(tokens[STEWARDS], make(SubjectRef("login", "nobody")))) is Reason.NOT_FOUND


def test_somebody_elses_by_a_named_token(house: Household, mia: Person) -> None:
    """An administrator's personal token with the right is enough for others, since nothing of its own changes."""
    house.factor(mia)
    token = house.token(house.person("", "Administrators"), "personal")
    assert house.wish(token, c.ResetFactors(mia.ref)) == Ended()


def test_the_command_line_resets_somebody(house: Household, mia: Person) -> None:
    """And itself not, since it has no account."""
    whole(house, mia)
    local = Presented("native", local=True)
    assert house.wish(local, c.ResetFactors(mia.ref)) == Ended()
    assert reason(house.wish(local, c.ResetFactors())) is Reason.NOT_FOUND
    assert reason(house.wish(local, c.RemoveFactor(kind="totp"))) is Reason.NOT_FOUND


def test_by_its_kind_one_in_force_is_meant(house: Household) -> None:
    """A TOTP that waits for its first code is not switched off by its kind: it is not on."""
    person = house.person()
    session = house.token(person)
    assert reason(house.wish(session, c.EnrolFactor("totp"))) is None
    assert reason(house.wish(session, c.RemoveFactor(kind="totp"))) is Reason.NOT_FOUND
