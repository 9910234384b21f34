"""A14: whatever keeps an account out keeps it out at every door that makes a credential, for the same reason."""

from collections.abc import Callable
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, PasswordChangeDue, Reason, SessionOpened, TokenIssued
from keyturn.core.types import LoginProof, Presented, Proof, RealmRef, Secret
from keyturn.dialects import DIALECTS
from keyturn.store.engine import Kept, Tx
from tests.houses import STEP_UP, Held, Household, Person, reason

REALM_OFF = "UPDATE realms SET active = 0 WHERE name = $1"
MINTS = (SessionOpened, TokenIssued, PasswordChangeDue)


class Ground:
    """A realm with an administrator, somebody in a state, and what they held before."""

    def __init__(self, house: Household) -> None:
        self.house = house
        self.realm = house.realm("there")
        self.admin = house.token(house.person("chief", "Administrators", realm=self.realm))
        self.person = house.person("mara", "Administrators", realm=self.realm, email="mara@example.test")
        self.other = house.person("noor", realm=self.realm)
        self.session = house.token(self.person)
        self.personal = house.token(self.person, "personal", name="old")
        self.api = house.token(self.person, "api", "pam360")
        self.reset = house.wish(self.admin, c.IssueReset(self.person.ref)).secret

    def sign_in(self, wire: str, person: Person | None = None, **more: Any) -> Any:
        """Sign in as somebody, with the right password."""
        who = person or self.person
        login = LoginProof(who.login, Secret(who.password))
        shown = Presented(wire, login=login, realm=RealmRef("name", self.realm), **more)
        return self.house.wish(shown, c.OpenSession(reset_when_due=wire == "native"), factor_at_login=wire == "native")


def _off(ground: Ground) -> None:
    def job(tx: Tx) -> Kept:
        tx.run(REALM_OFF, ground.realm)
        return Kept(None)

    ground.house.store.write(job)


STATES: dict[str, Callable[[Ground], Any]] = {
    "suspended": lambda g: g.house.wish(g.admin, c.SuspendUser(g.person.ref)),
    "deleted": lambda g: g.house.wish(g.admin, c.DeleteUser(g.person.ref)),
    "its realm is off": _off,
}
PATHS: dict[str, Callable[[Ground], Any]] = {
    **{f"sign in on {d.name}": (lambda g, wire=d.name: g.sign_in(wire)) for d in DIALECTS},  # type: ignore[misc]
    "issue a token with a session": lambda g: g.house.wish(g.session, c.IssueToken("personal", "x", "native")),
    "issue a token for another": lambda g: g.house.wish(
        g.session, c.IssueToken("personal", "x", "native", g.other.ref)
    ),
    "be issued a token": lambda g: g.house.wish(g.admin, c.IssueToken("personal", "x", "native", g.person.ref)),
    "be issued an api token": lambda g: g.house.wish(g.admin, c.IssueToken("api", None, "puppet", g.person.ref)),
    "rotate itself": lambda g: g.house.wish(g.personal, c.RotateToken(g.personal.ref)),
    "regenerate": lambda g: g.house.wish(g.api, c.RotateToken(g.api.ref)),
    "have one rotated": lambda g: g.house.wish(g.admin, c.RotateToken(g.personal.ref)),
    "delegate": lambda g: g.house.wish(g.session, c.IssueDelegation(g.other.ref, "x")),
    "be acted for": lambda g: g.house.wish(g.admin, c.IssueDelegation(g.person.ref, "x")),
    "make a reset": lambda g: g.house.wish(g.session, c.IssueReset(g.other.ref)),
    "be given a reset": lambda g: g.house.wish(g.admin, c.IssueReset(g.person.ref)),
    "use a reset": lambda g: g.house.wish(None, c.RedeemReset(g.reset, Secret("a fresh passphrase"))),
    "step up": lambda g: g.house.wish(
        g.session, c.IssueToken("personal", "y", "native"), proof=Proof("totp", Secret("000000")), step_up=STEP_UP
    ),
    "begin a factor": lambda g: g.house.wish(g.session, c.EnrolFactor("totp")),
    "resume": lambda g: g.house.wish(g.session, c.ResumeSession()),
}


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_made_for_whom_is_kept_out(state: str, house: Household) -> None:
    """Suspended, deleted, or of a realm that is off: every path is refused, and no credential is there afterwards."""
    ground = Ground(house)
    STATES[state](ground)
    before = _credentials(house)
    for name, path in PATHS.items():
        heard = path(ground)
        assert isinstance(heard, Denied), (name, heard)
        assert _credentials(house) == before, name
    for held in (ground.session, ground.personal, ground.api):
        assert house.opens(held) in (Reason.OWNER_SUSPENDED, Reason.TOKEN_ENDED)


@pytest.mark.parametrize("wire", [d.name for d in DIALECTS])
def test_what_keeps_out_is_one_reason_on_every_wire(wire: str, house: Household) -> None:
    """Locked, suspended, managed elsewhere, without a password: the log's reason is the same whatever the wire."""
    ground = Ground(house)
    remote = house.person("away", realm=ground.realm, remote=True, password=None)
    machine = house.person("robot", realm=ground.realm, service=True, password=None)
    locked = house.person("locked", realm=ground.realm)
    house.choose(ground.realm, puppet__lockout="timed")
    for _ in range(10):
        ground.sign_in(wire, locked._replace(password="wrong"))
    house.wish(ground.admin, c.SuspendUser(ground.person.ref))
    assert reason(ground.sign_in(wire, locked)) is Reason.ACCOUNT_LOCKED
    assert reason(ground.sign_in(wire)) is Reason.ACCOUNT_SUSPENDED
    assert reason(ground.sign_in(wire, remote)) is Reason.WRONG_PASSWORD
    assert reason(ground.sign_in(wire, machine)) is Reason.WRONG_PASSWORD
    assert house.one("SELECT count(*) FROM tokens WHERE kind = 'session' AND maker IS NULL AND subject > $1",
                     ground.other.subject.id) == 0  # fmt: skip


@pytest.mark.parametrize("wire", [d.name for d in DIALECTS])
def test_a_due_change_comes_first(wire: str, house: Household) -> None:
    """Whoever must change the password gets no session; natively a reset token for that one purpose."""
    ground = Ground(house)
    person = house.person("due", realm=ground.realm, must_change=True)
    heard = ground.sign_in(wire, person)
    assert isinstance(heard, PasswordChangeDue if wire == "native" else Denied)
    assert wire == "native" or reason(heard) is Reason.PASSWORD_CHANGE_DUE
    assert house.one("SELECT count(*) FROM tokens WHERE subject = $1 AND kind = 'session'", person.subject.id) == 0


@pytest.mark.parametrize("wire", [d.name for d in DIALECTS])
def test_a_due_factor_comes_first(wire: str, house: Household) -> None:
    """Where a factor is required and there is none, a session may enrol one and no more; elsewhere none opens."""
    ground = Ground(house)
    house.choose(ground.realm, policy={"two_factor": "required"})
    heard = ground.sign_in(wire)
    if wire != "native":
        assert reason(heard) is Reason.FACTOR_REQUIRED
        return
    assert isinstance(heard, SessionOpened)
    session = Held(heard.secret, heard.view)
    allowed = {c.EnrolFactor, c.ConfirmFactor, c.ListFactors, c.ShowSelf, c.EndSession}
    for wish in (
        c.IssueToken("personal", "x", "native"), c.ResumeSession(), c.ListTokens(), c.ListUsers(),
        c.RotateToken(session.ref), c.IssueDelegation(ground.other.ref, "x"), c.IssueReset(ground.other.ref),
        c.EndSessions(ground.person.ref), c.Introspect((session.secret,)),
        c.SetPassword(ground.other.ref, Secret("a fresh passphrase")),
    ):  # fmt: skip
        assert type(wish) not in allowed
        assert reason(house.wish(session, wish)) is Reason.FACTOR_REQUIRED, wish
    assert reason(house.wish(session, c.EnrolFactor("totp"))) is None


@pytest.mark.parametrize("wire", [d.name for d in DIALECTS])
def test_a_held_factor_is_asked_for(wire: str, house: Household) -> None:
    """The right password alone opens nothing on any wire for whoever holds a factor."""
    ground = Ground(house)
    house.factor(ground.person)
    assert reason(ground.sign_in(wire)) is Reason.FACTOR_REQUIRED
    assert reason(ground.sign_in(wire, proof=Proof("totp", Secret("000000")))) in (
        Reason.FACTOR_WRONG,
        Reason.FACTOR_REQUIRED,
    )
    right = ground.sign_in(wire, proof=Proof("totp", house.code()))
    assert isinstance(right, SessionOpened) is (wire == "native")


def _credentials(house: Household) -> tuple[Any, ...]:
    """How many live secrets, and what passwords there are."""
    live = "SELECT count(*) FROM secrets x JOIN tokens t ON t.id = x.token WHERE x.ends IS NULL AND t.ended IS NULL"
    hashes = house.read(lambda tx: tx.all("SELECT subject, hash FROM passwords ORDER BY subject"))
    return house.one(live), house.one("SELECT count(*) FROM secrets"), [tuple(row) for row in hashes]
