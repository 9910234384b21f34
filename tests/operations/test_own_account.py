"""What people change of themselves: names by whatever token, password and address by a session and the password."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core import hashes
from keyturn.core.outcomes import Challenge, Denied, Fields, NameChecked, Named, Reason, SessionOpened, UserShown
from keyturn.core.types import Presented, Proof, Secret
from tests.houses import PASSWORD, STEP_UP, Held, Household, Person, current, reason
from tests.perform.logins import lock

NEW = Secret("a passphrase of one's own choice")


@pytest.fixture
def mia(house: Household) -> Person:
    """Somebody with a verified address."""
    return house.person("mia", email="mia@example.test", email_verified=True)


def change(house: Household, who: Any, proof: Proof | None = None, **given: Any) -> Any:
    """What came of changing these things of oneself, showing the password unless told otherwise."""
    return house.wish(who, c.ChangeSelf(**given), proof=current(PASSWORD) if proof is None else proof)


# --- one's own names


@pytest.mark.parametrize("kind", ["session", "personal", "api"])
def test_own_names_by_any_own_token(house: Household, mia: Person, kind: str) -> None:
    """Login and shown name are changed without more ado, and what is absent stays; no token ends."""
    token = house.token(mia, kind)
    heard = house.wish(token, c.EditSelf(login="mia-2", display_name="Mia"))
    assert isinstance(heard, UserShown)
    subject = heard.user.subject
    assert (subject.login, subject.display_name, subject.email) == ("mia-2", "Mia", "mia@example.test")
    assert house.wish(token, c.EditSelf()).user.subject.login == "mia-2"
    assert house.opens(token) is None
    assert isinstance(house.sign_in("mia-2", PASSWORD), SessionOpened)


def test_own_names_must_be_names_and_free(house: Household, mia: Person) -> None:
    """One that is taken in any spelling, or is none, is refused, and nothing is changed."""
    house.person("noor")
    session = house.token(mia)
    before = house.contents()
    assert house.wish(session, c.EditSelf(login="NOOR", display_name="x")) == Denied(Reason.CONFLICT, Named("login"))
    assert house.wish(session, c.EditSelf(login="\u202enoor")).note.fields.keys() == {"login"}
    assert reason(house.wish(session, c.EditSelf(display_name="\x07"))) is Reason.MALFORMED
    assert house.contents() == before


def test_nobody_else_changes_own_names(house: Household, mia: Person) -> None:
    """Nobody, a token that acts for its owner, and a token that skips second factors change nothing."""
    boss = house.person("", "Administrators")
    acting = house.token(mia, "delegated", act=boss.subject.id)
    skipping = house.token(mia, "personal", bypass=True)
    heard = [reason(house.wish(who, c.EditSelf(login="other"))) for who in (None, acting, skipping)]
    assert heard == [Reason.UNAUTHENTICATED, Reason.SESSION_NEEDED, Reason.FORBIDDEN]
    assert house.now_of(mia) == mia.subject


# --- what the current password is shown for


@pytest.mark.parametrize("shown", ["clear", "digest"])
def test_a_new_password_of_ones_own(house: Household, mia: Person, shown: str) -> None:
    """The current one shown in clear or as its digest, the presented session stays; others, delegations, resets die."""
    session, other = house.token(mia), house.token(mia)
    boss = house.person("", "Administrators")
    acting, reset = house.token(mia, "delegated", act=boss.subject.id), house.token(mia, "reset")
    kept = [house.token(mia, "personal"), house.token(mia, "api")]
    proof = current(PASSWORD) if shown == "clear" else Proof("current_digest", Secret(hashes.prehash(PASSWORD)))
    heard = change(house, session, proof, password=NEW)
    assert isinstance(heard, UserShown)
    assert [house.opens(token) for token in (session, *kept)] == [None] * 3
    assert [house.opens(token) for token in (other, acting)] == [Reason.TOKEN_ENDED] * 2
    assert reason(house.wish(None, c.RedeemReset(reset.secret, NEW))) is Reason.INVALID_RESET
    assert reason(house.sign_in(mia)) is Reason.WRONG_PASSWORD
    assert isinstance(house.sign_in(mia, NEW.reveal()), SessionOpened)
    assert [line.verb for line in house.lines("done")].count("self:change") == 1
    assert NEW.reveal() not in str(house.contents()["audit"])


def test_all_of_oneself_at_once(house: Household, mia: Person) -> None:
    """Names, address and password together; the new address is nobody's yet and ends what was mailed to the old."""
    session = house.token(mia)
    reset = house.token(mia, "reset")
    house.factor(mia)
    house.factor(mia, "email")
    house.sign_in(mia, dialect="rocketchat", method="email")
    assert house.one("SELECT count(*) FROM mail_codes") == 1
    heard = change(house, session, login="mia-2", display_name="Mia", email="new@example.test", password=NEW)
    subject = heard.user.subject
    assert (subject.login, subject.email, subject.email_verified) == ("mia-2", "new@example.test", False)
    assert house.one("SELECT count(*) FROM mail_codes") == 0
    assert house.one("SELECT ended IS NULL FROM tokens WHERE id = $1", reset.view.token.id) in (0, False)
    shown = Proof("totp", house.code())
    assert isinstance(house.sign_in("mia-2", NEW.reveal(), "rocketchat", proof=shown), SessionOpened)


def test_an_address_alone(house: Household, mia: Person) -> None:
    """It is not verified, nothing but resets ends, and the spelling of the old one stays what it was."""
    session, other = house.token(mia), house.token(mia)
    assert change(house, session, email="MIA@example.test").user.subject.email_verified
    assert not change(house, session, email="new@example.test").user.subject.email_verified
    assert [house.opens(token) for token in (session, other)] == [None, None]


def test_without_the_password_nothing_is_changed(house: Household, mia: Person) -> None:
    """A wrong one is counted and told as such; none at all is asked for, and a code is no password."""
    session = house.token(mia)
    before = house.contents()
    wrong = change(house, session, current("wrong"), email="new@example.test", password=NEW)
    assert wrong == Denied(Reason.WRONG_CURRENT_PASSWORD)
    assert lock(house, mia).failures == 1
    wrong = change(house, session, Proof("current_digest", Secret("0" * 64)), password=NEW)
    assert wrong == Denied(Reason.WRONG_CURRENT_PASSWORD)
    absent = house.wish(session, c.ChangeSelf(password=NEW))
    assert absent == Denied(Reason.STEP_UP_REQUIRED, Challenge("password"))
    house.factor(mia)
    code = house.wish(session, c.ChangeSelf(password=NEW), proof=Proof("totp", house.code()), step_up=STEP_UP)
    assert code == Denied(Reason.WRONG_CURRENT_PASSWORD)
    after = house.contents()
    assert [after[name] for name in ("subjects", "passwords", "tokens")] == [
        before[name] for name in ("subjects", "passwords", "tokens")
    ]


def test_what_does_not_fit_changes_nothing(house: Household, mia: Person) -> None:
    """A weak password, a taken login, an address that is none: refused after the right password, all of it."""
    house.person("noor")
    session = house.token(mia)
    before = house.contents()
    weak = change(house, session, login="mia-the-very-long", password=Secret("mia-the-very-long"))
    assert weak.reason is Reason.WEAK_PASSWORD
    taken = change(house, session, login="noor", password=NEW)
    assert taken == Denied(Reason.CONFLICT, Named("login"))
    no_mail = change(house, session, email="nowhere", password=NEW)
    assert no_mail == Denied(Reason.MALFORMED, Fields({"email": "wants a mail address"}))
    assert house.contents() == before
    assert (lock(house, mia).failures, lock(house, mia).reserved) == (0, 0)


@pytest.mark.parametrize("kind", ["personal", "api", "delegated"])
def test_a_session_alone_changes_oneself(house: Household, mia: Person, kind: str) -> None:
    """No other token does, whatever password is shown with it (rules.md 3)."""
    more: dict[str, Any] = {"act": house.person("", "Administrators").subject.id} if kind == "delegated" else {}
    heard = change(house, house.token(mia, kind, **more), password=NEW)
    assert reason(heard) is Reason.SESSION_NEEDED
    assert reason(house.wish(None, c.ChangeSelf(password=NEW))) is Reason.UNAUTHENTICATED
    assert isinstance(house.sign_in(mia), SessionOpened)


def test_who_is_managed_elsewhere_changes_nothing_here(house: Household) -> None:
    """There is no password to show."""
    remote = house.person("far", remote=True, password=None)
    assert reason(change(house, house.token(remote), email="new@example.test")) is Reason.REMOTE_ACCOUNT


def test_the_operator_is_nobody_to_change(house: Household) -> None:
    """The command line has rights, and no account of its own."""
    local = Presented("native", local=True)
    assert reason(house.wish(local, c.EditSelf(login="root"))) is Reason.UNAUTHENTICATED
    assert reason(house.wish(local, c.ChangeSelf(password=NEW))) is Reason.UNAUTHENTICATED


# --- whether a name is free


@pytest.mark.parametrize(
    ("login", "free"),
    [
        ("nia", True),
        ("noor", False),
        ("ＮＯＯＲ", False),
        ("  Noor ", False),
        ("mia", True),
        ("MIA", True),
        ("noor@example.test", True),
        ("", False),
        ("no\u200bor", False),
        ("x" * 300, False),
    ],
)
def test_a_name_may_be_taken(house: Household, mia: Person, login: str, free: bool) -> None:
    """One's own counts as free, somebody's in any spelling does not, and what is no login never."""
    house.person("noor", email="noor@example.test")
    session: Held = house.token(mia)
    assert house.wish(session, c.CheckName(login)) == NameChecked(free)
    assert reason(house.wish(None, c.CheckName(login))) is Reason.UNAUTHENTICATED


def test_a_name_of_another_realm_is_free(house: Household, mia: Person) -> None:
    """What is taken elsewhere is not told here (P8)."""
    house.realm("shop")
    house.person("noor", realm="shop")
    assert house.wish(house.token(mia), c.CheckName("noor")) == NameChecked(True)
