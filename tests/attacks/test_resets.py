"""A03, A05, A07, A08: a reset token does one thing, once, for the one person it was made for."""

from collections.abc import Callable
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Ended, Reason, SetupIssued
from keyturn.core.types import Presented, Proof, Secret, SubjectRef, TokenRef
from keyturn.dialects import DIALECTS
from keyturn.wire import Route
from tests.houses import Held, Household, Person, current, reason
from tests.served import Heard, Served

NEW = "a fresh passphrase for {}"
REDEEMING = [
    pytest.param(route, id=f"{d.name}-{route.path}")
    for d in DIALECTS
    for route in d.routes
    if route.command is c.RedeemReset
]


class Scene:
    """An administrator who helps, and a person who is helped."""

    def __init__(self, house: Household) -> None:
        self.house = house
        self.admin = house.token(house.person("", "Administrators"))
        self.person = house.person("mara", email="mara@example.test")

    def issue(self) -> Secret:
        """A reset token of the person."""
        secret: Secret = self.house.wish(self.admin, c.IssueReset(self.person.ref)).secret
        return secret

    def redeem(self, token: Secret | Held, password: str = NEW) -> Reason | None:
        """What came of using that as a reset token."""
        secret = token.secret if isinstance(token, Held) else token
        return reason(self.house.wish(None, c.RedeemReset(secret, Secret(password))))


@pytest.fixture
def scene(house: Household) -> Scene:
    """The scene on each store."""
    return Scene(house)


def test_a_reset_token_works_once(scene: Scene) -> None:
    """The first use sets the password, the second does nothing (A03)."""
    token = scene.issue()
    assert scene.redeem(token) is None
    assert scene.redeem(token, "another fresh passphrase") is Reason.INVALID_RESET
    assert reason(scene.house.sign_in(scene.person, NEW)) is None


AFTER: dict[str, Callable[[Scene], Any]] = {
    "the owner changed the password": lambda s: s.house.wish(
        s.house.token(s.person), c.ChangePassword(Secret(NEW.format(1))), proof=current(s.person.password)
    ),
    "an administrator set one": lambda s: s.house.wish(s.admin, c.SetPassword(s.person.ref, Secret(NEW.format(1)))),
    "the mail address changed": lambda s: s.house.wish(s.admin, c.EditUser(s.person.ref, email="new@example.test")),
    "the owner was suspended": lambda s: s.house.wish(s.admin, c.SuspendUser(s.person.ref)),
    "the owner was suspended and is back": lambda s: [
        s.house.wish(s.admin, c.SuspendUser(s.person.ref)),
        s.house.wish(s.admin, c.ReinstateUser(s.person.ref)),
    ],
    "the owner was deleted": lambda s: s.house.wish(s.admin, c.DeleteUser(s.person.ref)),
    "its time is over": lambda s: s.house.clock.forward(3601),
    "another one was made": lambda s: s.issue(),
    "it was revoked natively": lambda s: s.house.wish(s.admin, c.RevokeToken(_newest(s))),
    "its maker was suspended": lambda s: s.house.wish(_chief(s), c.SuspendUser(_ref(s.admin))),
    "its maker lost the right": lambda s: s.house.wish(_chief(s), c.SetRoles(_ref(s.admin), ("Members",))),
}


@pytest.mark.parametrize("after", AFTER)
def test_a_reset_token_dies_with_its_occasion(scene: Scene, after: str) -> None:
    """After anything that makes it moot the token does nothing more (A03)."""
    token = scene.issue()
    outcome = AFTER[after](scene)
    assert not any(isinstance(o, Denied) for o in (outcome if isinstance(outcome, list) else [outcome]))
    assert scene.redeem(token) is Reason.INVALID_RESET
    assert reason(scene.house.sign_in(scene.person, NEW)) is not None


@pytest.mark.parametrize("kind", ["session", "personal", "delegated", "api"])
@pytest.mark.parametrize("wire", [d.name for d in DIALECTS])
def test_nothing_else_resets(scene: Scene, kind: str, wire: str) -> None:
    """A token of another kind, of any wire, is no reset token; nor is a set-up code."""
    assert scene.redeem(scene.house.token(scene.person, kind, wire)) is Reason.INVALID_RESET


def test_a_set_up_code_resets_nothing(scene: Scene) -> None:
    """A set-up code is for the first administrator alone, and a reset token sets nobody up."""
    issued = scene.house.wish(Presented("native", local=True), c.IssueSetup())
    assert isinstance(issued, SetupIssued)
    assert issued.secret is not None
    assert scene.redeem(issued.secret) is Reason.INVALID_RESET
    for code in (scene.issue(), scene.house.token(scene.person).secret):
        made = scene.house.wish(None, c.SetUp(code, "first", Secret(NEW)))
        assert reason(made) is Reason.INVALID_SETUP


def test_the_newest_alone_works(scene: Scene) -> None:
    """Of five made one after the other the first four do nothing, the fifth works, and then not again (A05)."""
    issued = [scene.issue() for _ in range(5)]
    assert [scene.redeem(token) for token in issued] == [Reason.INVALID_RESET] * 4 + [None]
    assert scene.redeem(issued[4]) is Reason.INVALID_RESET


def test_a_weak_password_spends_nothing(scene: Scene) -> None:
    """What does not fit is refused and the token is as good as before."""
    token = scene.issue()
    assert scene.redeem(token, "short") is Reason.WEAK_PASSWORD
    assert scene.redeem(token) is None


@pytest.mark.parametrize("route", REDEEMING)
def test_the_token_says_whose(route: Route, served: Served) -> None:
    """Whatever names somebody else beside a token, in body, query, header or cookie: only its owner changes (A07)."""
    people = served.people
    admin = people.token(people.person("", "Administrators"))
    victim, other = people.person("mara", email="mara@example.test"), people.person("noor", email="noor@example.test")
    subject = other.subject
    names = {
        "user_id": subject.uuid, "id": subject.uuid, "uuid": subject.uuid, "login": subject.login,
        "email": subject.email, "user": subject.login, "username": subject.login, "subject": subject.uuid,
        "number": subject.number,
    }  # fmt: skip
    before = people.one("SELECT hash FROM passwords WHERE subject = $1", subject.id)
    for name, value in names.items():
        token = people.wish(admin, c.IssueReset(victim.ref)).secret.reveal()
        password = NEW.format(name)
        heard = _post(served, route, {"token": token, "password": password, name: value}, subject.handle)
        assert heard.status < 500
        assert people.one("SELECT hash FROM passwords WHERE subject = $1", subject.id) == before
        # A wire that takes no further keys refused it; then the token is as good as before.
        worked = reason(people.sign_in(victim, password)) is None
        again = people.wish(None, c.RedeemReset(Secret(token), Secret(NEW.format("again"))))
        assert worked is (reason(again) is Reason.INVALID_RESET)
        assert worked or heard.status >= 400


def test_a_reset_skips_no_factor(scene: Scene) -> None:
    """No session comes of a reset, and the next sign-in asks for the factor as before (A08)."""
    scene.house.factor(scene.person)
    outcome = scene.house.wish(None, c.RedeemReset(scene.issue(), Secret(NEW)))
    assert outcome == Ended()
    assert (
        scene.house.one("SELECT count(*) FROM tokens WHERE subject = $1 AND kind = 'session'", _id(scene.person)) == 0
    )
    assert reason(scene.house.sign_in(scene.person, NEW)) is Reason.FACTOR_REQUIRED
    right = Proof("totp", scene.house.code())
    assert reason(scene.house.sign_in(scene.person, NEW, proof=right)) is None


@pytest.mark.parametrize(
    ("state", "heard"),
    [
        ("suspended", Reason.USER_SUSPENDED),
        ("remote", Reason.REMOTE_ACCOUNT),
        ("deleted", Reason.NOT_FOUND),
        ("built in", Reason.REMOTE_ACCOUNT),
    ],
)
def test_no_reset_for_whom_it_cannot_help(house: Household, state: str, heard: Reason) -> None:
    """For the suspended, the deleted and those managed elsewhere no token is made (A08)."""
    admin = house.token(house.person("", "Administrators"))
    person = house.person("mara", remote=state == "remote", built_in=state == "built in")
    if state in ("suspended", "deleted"):
        command = c.SuspendUser if state == "suspended" else c.DeleteUser
        house.wish(admin, command(person.ref))
    assert reason(house.wish(admin, c.IssueReset(person.ref))) is heard
    assert house.one("SELECT count(*) FROM tokens WHERE kind = 'reset'") == 0


def test_a_reset_opens_a_lock(scene: Scene) -> None:
    """Whoever guessed too often gets back in by a reset, and nobody gets in by guessing meanwhile."""
    token = scene.issue()
    for _ in range(10):
        scene.house.sign_in(scene.person, "wrong")
    assert reason(scene.house.sign_in(scene.person)) is Reason.ACCOUNT_LOCKED
    assert scene.redeem(token) is None
    assert reason(scene.house.sign_in(scene.person, NEW)) is None


def _post(served: Served, route: Route, body: dict[str, Any], handle: str) -> Heard:
    headers = {"X-User-Id": handle, "Cookie": f"user={handle}; rc_uid={handle}"}
    return served.request(route.method, f"{route.path}?user_id={handle}&login=noor", headers, body)


def _newest(scene: Scene) -> TokenRef:
    uuid = scene.house.one("SELECT uuid FROM tokens WHERE kind = 'reset' ORDER BY id DESC")
    return TokenRef("uuid", uuid)


def _chief(scene: Scene) -> Held:
    return scene.house.token(scene.house.person("", "Stewards"))


def _ref(held: Held) -> SubjectRef:
    return SubjectRef("uuid", held.view.owner.uuid)


def _id(person: Person) -> int:
    return person.subject.id
