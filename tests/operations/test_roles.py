"""Roles whose holders need a second factor: who says so, and what a sign-in without one is good for."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.factors import seed_from_base32
from keyturn.core.outcomes import Challenge, Denied, FactorConfirmed, Named, Reason, RoleShown, SessionOpened
from keyturn.core.rules import STEWARDS
from keyturn.core.types import LoginProof, Presented, Proof, RealmRef, Secret
from tests.houses import Held, Household, Person, reason
from tests.operations.applied import apply, changed, wrong

OPERATOR = Presented("native", local=True)
CHAT = "rocketchat"


def require(house: Household, role: str = "Viewers", wanted: bool = True, who: Any = OPERATOR) -> Any:
    """What came of saying so of that role."""
    return house.wish(who, c.EditRole(role, wanted))


def session_of(opened: Any) -> Held:
    """The session of a sign-in, which went well."""
    assert isinstance(opened, SessionOpened), opened
    return Held(opened.secret, opened.view)


def enrols_only(house: Household, session: Held) -> bool:
    """Whether the session is good for nothing but enrolling a factor."""
    wishes = (c.ListTokens(), c.ListUsers(), c.CountCodes(), c.EditSelf())
    heard = {reason(house.wish(session, wish)) for wish in wishes}
    assert heard == {Reason.FACTOR_REQUIRED} or Reason.FACTOR_REQUIRED not in heard
    return heard == {Reason.FACTOR_REQUIRED}


@pytest.fixture
def mia(house: Household) -> Person:
    """Somebody who holds such a role, with an address known to be theirs and no factor."""
    require(house)
    return house.person("mia", "Members", "Viewers", email="mia@example.test", email_verified=True)


# --- said


def test_a_role_asks_for_a_factor(house: Household) -> None:
    """Of a built-in one as of one's own, and taken back; its rights stay as they are."""
    house.wish(OPERATOR, c.PutRole("Clerks", ("users:view:*",), "Look."))
    for role in ("Viewers", STEWARDS, "clerks"):
        before = house.wish(OPERATOR, c.ShowRole(role)).role
        told = require(house, role)
        assert isinstance(told, RoleShown)
        assert (told.role.two_factor, told.role.permissions) == (True, before.permissions)
        assert house.wish(OPERATOR, c.ShowRole(role)).role.two_factor
        assert not require(house, role, False).role.two_factor
    assert [line.verb for line in house.lines("done")].count("roles:edit") == 6


def test_rewriting_a_role_keeps_it(house: Household) -> None:
    """Whoever writes a role's rights anew takes no requirement away with that."""
    house.wish(OPERATOR, c.PutRole("Clerks", ("users:view:*",)))
    require(house, "Clerks")
    assert house.wish(OPERATOR, c.PutRole("Clerks", ("users:edit:*",))).role.two_factor


def test_who_may_say_so(house: Household) -> None:
    """The right to edit roles, and a role that is there, in this realm."""
    helper = house.token(house.person("", "Help Desk"))
    assert require(house, who=helper) == Denied(Reason.FORBIDDEN, Named("right", "roles:edit"))
    assert reason(require(house, who=None)) is Reason.UNAUTHENTICATED
    boss = house.person("", "Administrators")
    assert reason(require(house, "Nothing", who=house.token(boss))) is Reason.NOT_FOUND
    acting = house.token(boss, "delegated", act=house.person("", STEWARDS).subject.id)
    assert reason(require(house, who=acting)) is Reason.SESSION_NEEDED
    assert isinstance(require(house, who=house.token(boss)), RoleShown)
    house.realm("shop")
    other = house.person("", realm="shop")
    assert not enrols_only(house, session_of(house.sign_in(other, realm=RealmRef("name", "shop"))))


# --- what it means


def test_a_session_for_enrolment_alone(house: Household, mia: Person) -> None:
    """Without a factor one signs in to bind one and to nothing else; with it everything is open (rules.md 6)."""
    session = session_of(house.sign_in(mia))
    assert house.opens(session) is None
    assert enrols_only(house, session)
    begun = house.wish(session, c.EnrolFactor("totp"))
    seed = seed_from_base32(begun.seed.reveal())
    assert seed is not None
    assert enrols_only(house, session_of(house.sign_in(mia)))
    session = session_of(house.sign_in(mia))
    confirmed = house.wish(session, c.ConfirmFactor("", house.code(-1, seed), True))
    assert isinstance(confirmed, FactorConfirmed)
    assert house.sign_in(mia) == Denied(Reason.FACTOR_REQUIRED, Challenge("totp", ("totp", "recovery")))
    whole = session_of(house.sign_in(mia, proof=Proof("totp", house.code(0, seed))))
    assert not enrols_only(house, whole)
    other = session_of(house.sign_in(mia, proof=Proof("recovery", confirmed.codes[0])))
    assert not enrols_only(house, other)


def test_a_mailed_code_is_not_enough(house: Household, mia: Person) -> None:
    """It is asked for at sign-in, and what it opens enrols only: it raises no assurance (rules.md 6)."""
    house.factor(mia, "email")
    assert reason(house.sign_in(mia, dialect=CHAT)) is Reason.FACTOR_REQUIRED
    opened = session_of(house.sign_in(mia, dialect=CHAT, proof=Proof("email", house.mailed())))
    assert enrols_only(house, opened)
    house.factor(mia)
    assert not enrols_only(house, session_of(house.sign_in(mia, dialect=CHAT, proof=Proof("totp", house.code()))))


def test_a_door_without_a_place_for_a_code(house: Household, mia: Person) -> None:
    """On a wire that can carry no factor nobody gets in of whom one is asked."""
    shown = Presented("puppet", login=LoginProof(mia.login, Secret(mia.password)))
    heard = house.wish(shown, c.OpenSession(), factor_at_login=False)
    assert heard == Denied(Reason.FACTOR_REQUIRED, Challenge("totp"))


@pytest.mark.parametrize("policy", ["off", "optional", "required"])
@pytest.mark.parametrize("role", [True, False])
def test_the_realms_policy_beside_it(house: Household, policy: str, role: bool) -> None:
    """Off wins over every role; required asks everybody; otherwise the role decides."""
    require(house, wanted=role)
    house.choose(policy={"two_factor": policy})
    opened = session_of(house.sign_in(house.person("", "Viewers")))
    assert enrols_only(house, opened) is (policy == "required" or (role and policy != "off"))


def test_only_its_holders(house: Household, mia: Person) -> None:
    """Who holds other roles, or lost this one, is asked for nothing; who gains it is asked at the next sign-in."""
    plain = house.person("", "Members", "Help Desk")
    session = session_of(house.sign_in(plain))
    assert not enrols_only(house, session)
    house.wish(OPERATOR, c.SetRoles(plain.ref, ("Viewers",)))
    assert not enrols_only(house, session)
    assert enrols_only(house, session_of(house.sign_in(plain)))
    house.wish(OPERATOR, c.SetRoles(mia.ref, ("Members",)))
    assert not enrols_only(house, session_of(house.sign_in(mia)))
    require(house, wanted=False)
    assert not enrols_only(house, session_of(house.sign_in(plain)))


# --- by a bootstrap file

FILE = """\
roles:
  - {{name: Clerks, permissions: ["users:view:*"], two_factor: {wanted}}}
"""


def test_a_bootstrap_file_says_so(house: Household) -> None:
    """It is brought to what the file asks, both ways, and the same file twice changes nothing."""
    assert changed(apply(house, FILE.format(wanted="true"))) == [("role", "Clerks", "added")]
    assert house.wish(OPERATOR, c.ShowRole("Clerks")).role.two_factor
    assert changed(apply(house, FILE.format(wanted="true"))) == []
    assert changed(apply(house, FILE.format(wanted="false"))) == [("role", "Clerks", "updated")]
    assert not house.wish(OPERATOR, c.ShowRole("Clerks")).role.two_factor
    assert changed(apply(house, FILE.format(wanted="true"))) == [("role", "Clerks", "updated")]
    without = "roles: [{name: Clerks, permissions: ['users:edit:*']}]"
    assert changed(apply(house, without)) == [("role", "Clerks", "updated")]
    assert house.wish(OPERATOR, c.ShowRole("Clerks")).role.two_factor


@pytest.mark.parametrize("value", ['"yes"', "1", "[]"])
def test_a_bootstrap_file_says_it_as_a_truth(house: Household, value: str) -> None:
    """Anything but true or false is a fault at its line."""
    assert wrong(house, FILE.format(wanted=value)) == [(2, "roles[0].two_factor")]
