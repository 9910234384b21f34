"""Logged out everywhere: one's own sessions by a session, somebody else's by whoever may."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Ended, Named, Reason
from keyturn.core.rules import STEWARDS
from keyturn.core.types import Presented
from tests.houses import Held, Household, Person, reason

CHAT = "rocketchat"


class Scene:
    """Somebody with two sessions on each of two wires, and tokens beside them."""

    def __init__(self, house: Household) -> None:
        self.house = house
        self.mia = house.person("mia")
        self.held = {
            f"{wire} {kind}": house.token(self.mia, kind, wire)
            for wire in ("native", CHAT)
            for kind in ("session", "personal", "api")
        }
        self.held["presented"] = house.token(self.mia, dialect=CHAT)
        self.held["acting"] = house.token(
            self.mia, "delegated", CHAT, act=house.person("", "Administrators").subject.id
        )  # fmt: skip

    def living(self) -> set[str]:
        """Which of them still open something."""
        return {name for name, token in self.held.items() if self.house.opens(token) is None}

    def end(self, who: Any, other: Person | None = None, **how: Any) -> Any:
        """What came of that."""
        return self.house.wish(who, c.EndSessions(None if other is None else other.ref, **how))


@pytest.fixture
def scene(house: Household) -> Scene:
    """The scene on each store."""
    return Scene(house)


SESSIONS = {"native session", f"{CHAT} session", "presented"}
CHATTING = {f"{CHAT} personal", f"{CHAT} api", "acting"}
ENDED: list[tuple[dict[str, Any], set[str]]] = [
    ({}, SESSIONS),
    ({"keep": True}, SESSIONS - {"presented"}),
    ({"wire": True}, SESSIONS | CHATTING),
    ({"wire": True, "keep": True}, (SESSIONS | CHATTING) - {"presented"}),
]


@pytest.mark.parametrize(("how", "ended"), ENDED)
def test_ones_own(scene: Scene, how: dict[str, Any], ended: set[str]) -> None:
    """Sessions of every wire are over, other tokens of this wire where wished, and the presented one unless kept."""
    assert scene.end(scene.held["presented"], **how).again is False
    assert scene.living() == {*scene.held} - ended
    assert scene.house.lines("done")[-1][:2] == ("sessions:end_all", "done")


@pytest.mark.parametrize("kind", ["session", "personal"])
@pytest.mark.parametrize(("how", "ended"), ENDED)
def test_somebody_elses(scene: Scene, kind: str, how: dict[str, Any], ended: set[str]) -> None:
    """A helper with the right does it by whatever token; nothing of theirs ends, and keeping keeps nothing."""
    helper = scene.house.person("", "Help Desk")
    token, session = scene.house.token(helper, kind, CHAT), scene.house.token(helper)
    assert scene.end(token, scene.mia, **how).again is False
    assert scene.living() == {*scene.held} - (ended | {"presented"})
    assert [scene.house.opens(held) for held in (token, session)] == [None, None]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("kind", ["personal", "api"])
def test_ones_own_by_a_session_alone(scene: Scene, kind: str, named: bool) -> None:
    """A personal or api token ends no session of its owner's, named or not, whatever rights it carries (rules.md 3)."""
    boss = scene.house.person("boss", "Administrators")
    for owner in (scene.mia, boss):
        session, token = scene.house.token(owner), scene.house.token(owner, kind, "puppet")
        assert reason(scene.end(token, owner if named else None)) is Reason.SESSION_NEEDED
        assert scene.house.opens(session) is None


@pytest.mark.parametrize("other", [False, True])
def test_a_delegated_token_ends_nobodys(scene: Scene, other: bool) -> None:
    """Not those of whom it acts for, and not those of anybody they might (rules.md 8)."""
    boss = scene.house.person("boss", "Administrators")
    acting = scene.house.token(boss, "delegated", act=scene.house.person("", STEWARDS).subject.id)
    assert reason(scene.end(acting, scene.mia if other else None)) is Reason.SESSION_NEEDED
    assert scene.living() == {*scene.held}


def test_nobody_whom_one_stands_below(scene: Scene) -> None:
    """No right, or somebody above: refused, and nothing is over (TM4)."""
    house = scene.house
    boss, plain = house.person("", "Administrators"), house.token(house.person())
    session = house.token(boss)
    helper = house.token(house.person("", "Help Desk"))
    forbidden = Denied(Reason.FORBIDDEN, Named("right", "users:disable"))
    assert scene.end(plain, scene.mia) == forbidden
    assert scene.end(helper, boss) == forbidden
    assert scene.end(None) == Denied(Reason.UNAUTHENTICATED)
    assert house.opens(session) is None
    assert scene.living() == {*scene.held}


def test_where_none_is_there(scene: Scene) -> None:
    """It says that it was so already, and no line is written; the command line names whom it means."""
    other = scene.house.person()
    helper = scene.house.token(scene.house.person("", "Help Desk"))
    before = scene.house.lines("done")
    assert scene.end(helper, other) == Ended(True)
    assert scene.house.lines("done") == before
    local = Presented("native", local=True)
    assert reason(scene.end(local)) is Reason.NOT_FOUND
    assert scene.end(local, scene.mia).again is False
    assert scene.living().isdisjoint(SESSIONS)


def test_what_stays_ends_when_it_did(scene: Scene) -> None:
    """The answer says until when the kept token works; nothing is said where none is kept, or it has no end."""
    house = scene.house
    kept = house.token(scene.mia, dialect=CHAT, life=60)
    assert scene.end(kept, keep=True).until == kept.view.token.expires
    assert scene.end(house.token(scene.mia), keep=True).until is None
    assert scene.end(house.token(scene.mia, life=60)).until is None


def test_a_session_of_another_realm_stays(scene: Scene) -> None:
    """A namesake elsewhere is somebody else (P8)."""
    house = scene.house
    house.realm("shop")
    twin: Held = house.token(house.person("mia", realm="shop"))
    scene.end(scene.held["presented"])
    assert house.opens(twin) is None
