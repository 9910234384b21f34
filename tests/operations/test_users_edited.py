"""Users are changed, by somebody who may: many things in one wish, all of it or nothing."""

from typing import Any

import pytest
from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Fields, Named, PasswordChangeDue, Reason, SessionOpened, UserShown
from keyturn.core.rules import STEWARDS
from keyturn.core.types import Presented, Proof, Ready, Secret, SubjectRef
from tests.houses import Held, Household, Person, presented, reason
from tests.perform.logins import lock

NEW = Secret("a passphrase that somebody set")
ALL: dict[str, Any] = {
    "email": "new@example.test",
    "email_verified": True,
    "display_name": "Mia the Second",
    "notify": ("alarm@example.test",),
    "roles": ("Viewers",),
    "password": NEW,
    "must_change": True,
    "active": False,
}


class Scene:
    """An administrator, and somebody with tokens of every kind."""

    def __init__(self, house: Household) -> None:
        self.house = house
        self.boss = house.person("boss", "Administrators")
        self.admin = house.token(self.boss)
        self.mia = house.person("mia", email="mia@example.test", email_verified=True)

    def edit(self, who: Held | None = None, person: Person | None = None, **given: Any) -> Any:
        """What came of changing these things of that person."""
        return self.house.wish(who or self.admin, c.EditUser((person or self.mia).ref, **given))

    def clerk(self, *permissions: str) -> Held:
        """A session of somebody whose one role has these permissions."""
        self.house.wish(Presented("native", local=True), c.PutRole("Clerks", permissions))
        return self.house.token(self.house.person("", "Clerks"))

    def tokens(self, person: Person | None = None) -> dict[str, Held]:
        """A token of each kind that such a change may end."""
        person = person or self.mia
        made = {kind: self.house.token(person, kind) for kind in ("session", "personal", "api")}
        made["delegated"] = self.house.token(person, "delegated", act=self.boss.subject.id)
        return made | {"reset": self.house.token(person, "reset")}

    def living(self, held: dict[str, Held]) -> set[str]:
        """The kinds whose token still does something."""
        alive = {kind for kind, token in held.items() if kind != "reset" and self.house.opens(token) is None}
        ended = self.house.one("SELECT ended FROM tokens WHERE id = $1", held["reset"].view.token.id)
        return alive | ({"reset"} if ended is None else set())


@pytest.fixture
def scene(house: Household) -> Scene:
    """The scene on each store."""
    return Scene(house)


# --- together


def test_many_things_in_one_wish(scene: Scene) -> None:
    """Whoever has the rights changes names, address, roles, password and standing at once; one line tells it."""
    held = scene.tokens()
    heard = scene.edit(**ALL)
    assert isinstance(heard, UserShown)
    view, subject = heard.user, heard.user.subject
    assert (subject.email, subject.email_verified, subject.notify) == ("new@example.test", True, ALL["notify"])
    assert (subject.display_name, subject.state, view.must_change) == ("Mia the Second", "suspended", True)
    assert [r.name for r in view.roles] == ["Viewers"]
    assert scene.living(held) == set()
    done = [line for line in scene.house.lines("done") if line.verb == "users:edit"]
    assert [(line.subject, line.touches) for line in done] == [(subject.id, f"subject:{subject.id}")]
    assert NEW.reveal() not in str(scene.house.contents()["audit"])
    scene.edit(active=True)
    assert scene.living(held) == set()
    assert isinstance(scene.house.sign_in(scene.mia, NEW.reveal()), PasswordChangeDue)


def test_nothing_given_changes_nothing(scene: Scene) -> None:
    """What is absent stays as it is, tokens too."""
    held = scene.tokens()
    before = scene.house.contents()
    heard = scene.edit()
    assert heard.user.subject == replace(scene.mia.subject, updated=heard.user.subject.updated)
    after = scene.house.contents()
    assert {name for name in before if before[name] != after[name]} <= {"audit", "subjects"}
    assert scene.living(held) == {*held}


RIGHTS: dict[str, tuple[Any, str]] = {
    "roles": (("Viewers",), "roles:edit_members"),
    "active": (False, "users:disable"),
    "password": (NEW, "users:reset_password"),
    "must_change": (True, "users:reset_password"),
}


@pytest.mark.parametrize("part", RIGHTS)
def test_each_part_wants_its_own_right(scene: Scene, part: str) -> None:
    """`users:edit` covers names and addresses; each further part is refused by the right it wants, and all with it."""
    value, right = RIGHTS[part]
    clerk = scene.clerk("users:edit:*")
    assert isinstance(scene.edit(clerk, display_name="Mia"), UserShown)
    before = scene.house.contents()
    more: dict[str, Any] = {part: value}
    refused = scene.edit(clerk, display_name="Somebody", email="new@example.test", **more)
    assert refused == Denied(Reason.FORBIDDEN, Named("right", right))
    assert scene.house.contents() == before
    assert scene.house.lines("refused")[-1][:3] == ("users:edit", "refused", "forbidden")


def test_who_may_not_hears_nothing_of_the_password(scene: Scene) -> None:
    """Without the right to set one it is not even looked at."""
    heard = scene.edit(scene.clerk("users:edit:*"), password=Secret("short"))
    assert heard == Denied(Reason.FORBIDDEN, Named("right", "users:reset_password"))


@pytest.mark.parametrize("part", RIGHTS)
def test_the_right_alone_is_not_enough(scene: Scene, part: str) -> None:
    """Whoever may do that one thing alone does it by its own wish, not by this one."""
    value, right = RIGHTS[part]
    assert reason(scene.edit(scene.clerk(f"{right}:*"), **{part: value})) is Reason.FORBIDDEN


def test_rights_on_one_person_alone(scene: Scene) -> None:
    """A right that is held on one user covers that one, part for part."""
    other = scene.house.person("noor")
    uuid, theirs = scene.mia.subject.uuid, other.subject.uuid
    clerk = scene.clerk(f"users:edit:{uuid}", f"users:edit:{theirs}", f"users:disable:{uuid}")
    assert isinstance(scene.edit(clerk, active=False), UserShown)
    assert reason(scene.edit(clerk, other, active=False)) is Reason.FORBIDDEN
    assert isinstance(scene.edit(clerk, other, display_name="Noor"), UserShown)


REFUSED: dict[str, tuple[dict[str, Any], Denied]] = {
    "a login that is taken": ({"login": "BOSS"}, Denied(Reason.CONFLICT, Named("login"))),
    "an address that is taken": ({"email": "other@example.test"}, Denied(Reason.CONFLICT, Named("email"))),
    "no login": ({"login": ""}, Denied(Reason.MALFORMED, Fields({
        "login": "wants 1 to 256 letters without control or invisible characters"
    }))),
    "no address": ({"email": "nowhere"}, Denied(Reason.MALFORMED, Fields({"email": "wants a mail address"}))),
    "an address to tell that is none": (
        {"notify": ("alarm",)}, Denied(Reason.MALFORMED, Fields({"notify": "wants mail addresses"}))
    ),
    "a role that is not there": (
        {"roles": ("Viewers", "Nothing")},
        Denied(Reason.MALFORMED, Fields({"roles": "names a role that is not there"})),
    ),
    "a role above the actor": ({"roles": (STEWARDS,)}, Denied(Reason.FORBIDDEN, Named("role"))),
}  # fmt: skip


@pytest.mark.parametrize("part", REFUSED)
def test_one_bad_part_and_nothing_is_done(scene: Scene, part: str) -> None:
    """Beside a part that is refused none of the others comes true, nor does any token end."""
    scene.house.person("other", email="other@example.test")
    held = scene.tokens()
    before = scene.house.contents()
    given, heard = REFUSED[part]
    assert scene.edit(**{**ALL, **given}) == heard
    assert scene.house.contents() == before
    assert scene.living(held) == {*held}


def test_a_weak_password_refuses_all(scene: Scene) -> None:
    """A password that does not fit, the new login among its words, is refused before anything is hashed."""
    before, login = scene.house.contents(), "a-login-that-is-long"
    for given in ({"password": Secret("short")}, {"login": login, "password": Secret(login)}):
        assert reason(scene.edit(**{**ALL, **given})) is Reason.WEAK_PASSWORD
    assert scene.house.contents() == before


def test_nobody_changes_whom_they_stand_below(scene: Scene) -> None:
    """An administrator changes no Steward, and a clerk no administrator, by whatever part (TM4)."""
    root = scene.house.person("root", STEWARDS)
    clerk = scene.clerk("users:edit:*", "users:disable:*", "users:reset_password:*", "roles:edit_members:*")
    before = scene.house.contents()
    for part, value in ALL.items():
        assert reason(scene.edit(person=root, **{part: value})) is Reason.FORBIDDEN
        assert reason(scene.edit(clerk, scene.boss, **{part: value})) is Reason.FORBIDDEN
    assert scene.house.contents() == before


def test_whom_it_cannot_help(scene: Scene) -> None:
    """No password for whom it is managed elsewhere, no end of what is built in, nothing for who is not there."""
    remote, built = scene.house.person("", remote=True, password=None), scene.house.person("", built_in=True)
    assert reason(scene.edit(person=remote, password=NEW)) is Reason.REMOTE_ACCOUNT
    assert reason(scene.edit(person=built, password=NEW)) is Reason.REMOTE_ACCOUNT
    assert reason(scene.edit(person=built, active=False)) is Reason.BUILT_IN
    assert isinstance(scene.edit(person=remote, display_name="Far"), UserShown)
    scene.house.wish(scene.admin, c.DeleteUser(scene.mia.ref))
    assert reason(scene.edit(display_name="Gone")) is Reason.NOT_FOUND
    assert reason(scene.house.wish(scene.admin, c.EditUser(SubjectRef("login", "nobody")))) is Reason.NOT_FOUND


def test_a_delegated_token_changes_nobody(scene: Scene) -> None:
    """Acting for an administrator is no way to change people (rules.md 8)."""
    acting = scene.house.token(scene.boss, "delegated", act=scene.house.person("", STEWARDS).subject.id)
    assert reason(scene.edit(acting, display_name="Mia")) is Reason.SESSION_NEEDED


# --- part by part


def test_a_new_address_is_nobodys_yet(scene: Scene) -> None:
    """It is not verified, and what was mailed to the old one works no more (A03); sessions stay."""
    house = scene.house
    house.factor(scene.mia, "email")
    house.wish(None, c.RequestReset("mia"))
    token = Secret(house.letters()[-1].words["token"])
    heard = house.sign_in(scene.mia, dialect="rocketchat")
    assert reason(heard) is Reason.FACTOR_REQUIRED
    code, session = house.mailed(), house.token(scene.mia)
    view = scene.edit(email="Mia@Elsewhere.test").user
    assert (view.subject.email, view.subject.email_verified) == ("Mia@Elsewhere.test", False)
    assert reason(house.wish(None, c.RedeemReset(token, NEW))) is Reason.INVALID_RESET
    assert house.one("SELECT count(*) FROM mail_codes") == 0
    assert house.opens(session) is None
    scene.edit(email_verified=True)
    assert reason(house.sign_in(scene.mia, dialect="rocketchat", proof=Proof("email", code))) is Reason.FACTOR_WRONG


def test_the_same_address_in_another_spelling_stays_verified(scene: Scene) -> None:
    """Its canonical form is what counts: nothing mailed to it ends."""
    held = scene.tokens()
    view = scene.edit(email="MIA@example.TEST").user
    assert (view.subject.email, view.subject.email_verified) == ("MIA@example.TEST", True)
    assert scene.living(held) == {*held}


@pytest.mark.parametrize(
    ("given", "verified"),
    [
        ({"email": "new@example.test", "email_verified": True}, True),
        ({"email_verified": False}, False),
        ({"email_verified": True}, True),
        ({"email": "", "email_verified": True}, False),
    ],
)
def test_who_may_edit_says_what_is_verified(scene: Scene, given: dict[str, Any], verified: bool) -> None:
    """Said beside the address it is about that one; no address at all is never verified."""
    assert scene.edit(**given).user.subject.email_verified is verified


def test_a_set_password_ends_what_rested_on_the_old_one(scene: Scene) -> None:
    """Sessions, delegations and resets die, named tokens stay; locks of the old one are gone (rules.md 5)."""
    held = scene.tokens()
    for _ in range(10):
        scene.house.sign_in(scene.mia, "wrong")
    assert reason(scene.house.sign_in(scene.mia)) is Reason.ACCOUNT_LOCKED
    assert scene.edit(password=NEW).user.must_change is False
    assert scene.living(held) == {"personal", "api"}
    assert reason(scene.house.sign_in(scene.mia)) is Reason.WRONG_PASSWORD
    assert isinstance(scene.house.sign_in(scene.mia, NEW.reveal()), SessionOpened)


def test_must_change_alone(scene: Scene) -> None:
    """It is asked at the next sign-in, and taken back as well; no token ends."""
    held = scene.tokens()
    assert scene.edit(must_change=True).user.must_change is True
    assert isinstance(scene.house.sign_in(scene.mia), PasswordChangeDue)
    assert scene.edit(must_change=False).user.must_change is False
    assert isinstance(scene.house.sign_in(scene.mia), SessionOpened)
    assert {"session", "personal", "api", "delegated"} <= scene.living(held)


def test_suspended_and_back(scene: Scene) -> None:
    """Suspended, everything is over, what they made for others too; back, nothing of it revives and no lock is left."""
    clerk = scene.house.person("", "Administrators")
    acting = scene.house.token(scene.mia, "delegated", act=clerk.subject.id)
    held = scene.tokens(clerk)
    for _ in range(10):
        scene.house.sign_in(clerk, "wrong")
    assert scene.edit(person=clerk, active=False).user.subject.state == "suspended"
    assert scene.living(held) - {"reset"} == set()
    assert scene.house.opens(acting) is Reason.TOKEN_ENDED
    assert scene.edit(person=clerk, active=False).user.subject.state == "suspended"
    view = scene.edit(person=clerk, active=True).user
    assert (view.subject.state, lock(scene.house, clerk).failures) == ("active", 0)
    assert scene.living(held) - {"reset"} == set()
    assert isinstance(scene.house.sign_in(clerk), SessionOpened)


def test_a_lost_role_ends_what_rested_on_it(scene: Scene) -> None:
    """Rights are narrower at once, and delegations by them are over; sessions stay (rules.md 5)."""
    clerk = scene.house.person("", "Administrators")
    session = scene.house.token(clerk)
    acting = scene.house.token(scene.mia, "delegated", act=clerk.subject.id)
    scene.edit(person=clerk, roles=("Members", "Viewers"))
    assert scene.house.opens(acting) is Reason.TOKEN_ENDED
    assert scene.house.opens(session) is None
    assert reason(scene.edit(session, display_name="Mia")) is Reason.FORBIDDEN


def test_a_gained_role_ends_nothing(scene: Scene) -> None:
    """What somebody delegated goes on when they may do more."""
    helper = scene.house.person("", "Administrators")
    acting = scene.house.token(scene.mia, "delegated", act=helper.subject.id)
    scene.edit(person=helper, roles=("Administrators", "Viewers"))
    assert scene.house.opens(acting) is None


def test_all_rights_are_no_rank(scene: Scene) -> None:
    """Who may do all that an administrator may is none, and makes none; nor does anybody give what they lack (TM4)."""
    all_rights = scene.house.wish(scene.admin, c.ShowRole("Administrators")).role.permissions
    clerk = scene.clerk(*all_rights)
    assert scene.edit(clerk, roles=("Administrators",)) == Denied(Reason.FORBIDDEN, Named("role"))
    assert isinstance(scene.edit(clerk, roles=("Help Desk",)), UserShown)
    narrow = scene.clerk("users:edit:*", "roles:edit_members:*")
    mia = scene.house.person()
    assert scene.edit(narrow, mia, roles=("Help Desk",)) == Denied(Reason.FORBIDDEN, Named("role"))


def test_the_last_role_is_a_choice_too(scene: Scene) -> None:
    """An empty list means none at all."""
    assert scene.edit(roles=()).user.roles == ()


def test_what_is_decided_is_decided_in_the_change(scene: Scene) -> None:
    """A user who was deleted between the look and the change is not there."""
    from keyturn.operations.users import edit_user, prepare_edit
    from keyturn.perform.recognise import recognise
    from keyturn.store import subjects
    from tests.houses import asking

    wish = c.EditUser(scene.mia.ref, display_name="Mia")
    now = scene.house.store.now()

    def job(tx: Any) -> Any:
        actor = recognise(tx, presented(scene.admin), asking(wish), now)
        assert not isinstance(actor, Denied)
        known = replace(actor, about=subjects.by_id(tx, scene.mia.subject.id))
        ready = prepare_edit(tx, known, wish, now)
        assert isinstance(ready, Ready)
        subjects.delete(tx, scene.mia.subject.id, now)
        return edit_user(tx, known, ready, now), prepare_edit(tx, actor, wish, now)

    assert scene.house.do(job) == (Denied(Reason.NOT_FOUND), Denied(Reason.NOT_FOUND))
