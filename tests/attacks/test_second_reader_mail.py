"""What a second reader found by trying to break mail, resets by mail, and users changed as a whole."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core import hashes
from keyturn.core.outcomes import Denied, Named, Reason, RoleShown, TokenIssued, UserShown
from keyturn.core.types import Proof, Secret, StepUpRule
from keyturn.dialects.rocketchat.moving import instant
from keyturn.store import realms, roles
from keyturn.store.engine import Kept, Tx
from tests.houses import PASSWORD, Household, Person, reason

CHAT = "rocketchat"
NEW = Secret("another passphrase altogether")
DIGEST = Secret(hashes.prehash(PASSWORD))
RULE = StepUpRule(
    methods=("totp", "recovery", "email"), fallback=True, digest=True, fresh=1800, bound=True,
    recalled=("totp", "recovery", "email", "password"),
)  # fmt: skip


@pytest.fixture
def mia(house: Household) -> Person:
    """Somebody with an address known to be theirs."""
    return house.person("mia", email="mia@example.test", email_verified=True)


def editor(house: Household) -> Person:
    """Somebody who may change users, and do no more to them."""

    def job(tx: Tx) -> Kept:
        return Kept(roles.put(tx, realms.home(tx).id, "Editors", ("users:edit:*",), ""))

    house.store.write(job)
    return house.person("ed", "Editors")


def change(house: Household, who: Any, **given: Any) -> Any:
    """What came of changing these things of oneself, with the digest of the password."""
    return house.wish(who, c.ChangeSelf(**given), proof=Proof("current_digest", DIGEST))


# --- proofs


@pytest.mark.parametrize("kind", ["totp", "email"])
def test_a_factor_switched_on_ends_what_a_password_was_enough_for(house: Household, mia: Person, kind: str) -> None:
    """A stolen token whose bearer knew the password is stopped by the factor switched on against them (A16)."""
    stolen = house.token(mia, "personal", CHAT, name="stolen")
    shown = Proof("", DIGEST)
    assert isinstance(house.wish(stolen, c.IssueToken("personal", "a", CHAT), proof=shown, step_up=RULE), TokenIssued)
    session = house.token(mia, dialect=CHAT)
    begun = house.wish(session, c.EnrolFactor(kind))
    if kind == "totp":
        from keyturn.core.factors import seed_from_base32

        code = house.code(0, seed_from_base32(begun.seed.reveal()) or b"")
        house.wish(session, c.ConfirmFactor("", code))
    heard = house.wish(stolen, c.IssueToken("personal", "b", CHAT), step_up=RULE)
    assert (reason(heard), heard.note.method) == (Reason.STEP_UP_REQUIRED, kind)


# --- addresses


def test_the_password_alone_takes_no_factor_away(house: Household, mia: Person) -> None:
    """Another address would switch codes by mail off, which wants one of them; beside an authenticator it may go."""
    house.factor(mia, "email")
    session = house.token(mia, dialect=CHAT)
    before = house.contents()
    for address in ("eve@example.test", ""):
        assert change(house, session, email=address) == Denied(Reason.FORBIDDEN, Named("factor"))
    assert house.contents() == before
    assert isinstance(change(house, session, email="MIA@example.test", display_name="Mia"), UserShown)
    house.factor(mia)
    assert isinstance(change(house, session, email="new@example.test"), UserShown)


def test_who_vouches_for_an_address_could_reset_the_password(house: Household, mia: Person) -> None:
    """A right to change users alone sends nobody's resets to an address of one's choice (TM4)."""
    session = house.token(editor(house))
    lacking = Denied(Reason.FORBIDDEN, Named("right", "users:reset_password"))
    assert house.wish(session, c.EditUser(mia.ref, email="ed@example.test", email_verified=True)) == lacking
    assert isinstance(house.wish(session, c.EditUser(mia.ref, email="ed@example.test")), UserShown)
    assert house.wish(session, c.EditUser(mia.ref, email_verified=True)) == lacking
    house.wish(None, c.RequestReset("mia"))
    assert house.letters() == []


# --- oneself


@pytest.mark.parametrize("kind", ["personal", "api"])
def test_no_token_but_a_session_changes_ones_own_password(house: Household, kind: str) -> None:
    """An administrator is somebody too: nobody's own password is changed by a token that is no session (rules.md 3)."""
    boss = house.person("boss", "Administrators")
    token = house.token(boss, kind, CHAT)
    heard = house.wish(token, c.EditUser(boss.ref, password=NEW), proof=Proof("", DIGEST), step_up=RULE)
    assert reason(heard) is Reason.SESSION_NEEDED
    other = house.person()
    assert isinstance(house.wish(token, c.EditUser(other.ref, password=NEW)), UserShown)
    assert isinstance(house.wish(house.token(boss, dialect=CHAT), c.EditUser(boss.ref, password=NEW)), UserShown)


# --- roles


def test_nobody_lowers_what_is_asked_of_those_above(house: Household) -> None:
    """Whether the holders of a role need a factor is said by who has all that it gives (TM4)."""
    session = house.token(house.person("", "Administrators"))
    assert reason(house.wish(session, c.EditRole("Stewards", False))) is Reason.FORBIDDEN
    assert isinstance(house.wish(session, c.EditRole("Administrators", True)), RoleShown)
    assert isinstance(house.wish(house.token(house.person("", "Stewards")), c.EditRole("Stewards", True)), RoleShown)


# --- resets


def test_a_stranger_who_asks_ends_no_reset_made_by_hand(house: Household, mia: Person) -> None:
    """What an administrator handed out works on however often a mail is asked for; afterwards mail goes."""
    boss = house.token(house.person("", "Administrators"))
    token = house.wish(boss, c.IssueReset(mia.ref)).secret
    for _ in range(3):
        house.clock.forward(61)
        house.wish(None, c.RequestReset("mia"))
    assert house.letters() == []
    assert reason(house.wish(None, c.RedeemReset(token, NEW))) is None
    house.wish(None, c.RequestReset("mia"))
    assert len(house.letters()) == 1
    made = house.wish(house.token(house.person("", "Administrators")), c.IssueReset(mia.ref))
    assert isinstance(made, TokenIssued)
    house.clock.forward(3601)
    house.wish(None, c.RequestReset("mia"))
    assert len(house.letters()) == 2


# --- moving in


@pytest.mark.parametrize("date", ["²", "-²", "٣" * 5, {"$numberLong": "²"}])
def test_an_odd_date_stops_no_import(date: Any) -> None:
    """Digits that are none of ours tell no date; the import goes on."""
    assert instant({"$date": date}) is None
