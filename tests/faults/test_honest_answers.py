"""A33, P9: whatever fails in the store, the answer says so; a yes is durable, and nothing is done by half."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.types import Secret
from keyturn.store.engine import Kept
from tests.faults.stumbling import StumblingStore
from tests.houses import Held, Household, Person, current, reason

NEW = Secret("a fresh passphrase of theirs")


class Scene:
    """An administrator, a person with tokens, and a store that stumbles under their wishes."""

    def __init__(self, house: Household) -> None:
        self.house = house
        self.stumbling = StumblingStore(house.store)
        self.admin = house.token(house.person("", "Administrators"))
        self.person: Person = house.person()
        self.session = house.token(self.person)
        self.personal = house.token(self.person, "personal", name="ci")
        self.api = house.token(self.person, "api", "pam360")
        self.reset = house.wish(self.admin, c.IssueReset(self.person.ref)).secret

    def wish(self, who: Held | None, command: Any, **more: Any) -> Any:
        """The wish, on the stumbling store."""
        sound = self.house.house
        self.house.house = replace(sound, store=self.stumbling)
        try:
            return self.house.wish(who, command, **more)
        finally:
            self.house.house = sound


CHANGES: dict[str, Callable[[Scene], Any]] = {
    "revoke": lambda s: s.wish(s.admin, c.RevokeToken(s.personal.ref)),
    "revoke by secret": lambda s: s.wish(s.session, c.RevokeSecret(s.personal.secret)),
    "rotate": lambda s: s.wish(s.personal, c.RotateToken(s.personal.ref)),
    "rotate under a key": lambda s: s.wish(s.personal, c.RotateToken(s.personal.ref), key="k"),
    "regenerate": lambda s: s.wish(s.api, c.RotateToken(s.api.ref)),
    "log out": lambda s: s.wish(s.session, c.EndSession()),
    "log out everywhere": lambda s: s.wish(s.session, c.EndSessions(s.person.ref)),
    "suspend": lambda s: s.wish(s.admin, c.SuspendUser(s.person.ref)),
    "delete": lambda s: s.wish(s.admin, c.DeleteUser(s.person.ref)),
    "take a role": lambda s: s.wish(s.admin, c.SetRoles(s.person.ref, ())),
    "change the password": lambda s: s.wish(s.session, c.ChangePassword(NEW), proof=current(s.person.password)),
    "set a password": lambda s: s.wish(s.admin, c.SetPassword(s.person.ref, NEW)),
    "redeem a reset": lambda s: s.wish(None, c.RedeemReset(s.reset, NEW)),
    "issue a reset": lambda s: s.wish(s.admin, c.IssueReset(s.person.ref)),
    "issue a token": lambda s: s.wish(s.session, c.IssueToken("personal", "new", "native")),
}


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize("change", CHANGES)
def test_a_failing_statement_is_told(change: str, house: Household) -> None:
    """A failure at any statement of a change is 'unavailable', leaves all as it was, and the next try succeeds."""
    scene = Scene(house)
    before = house.contents()
    for at in range(1, 200):
        scene.stumbling.arm(at)
        heard = CHANGES[change](scene)
        if scene.stumbling.count < at:
            break
        assert reason(heard) is Reason.UNAVAILABLE, (at, heard)
        assert house.contents() == before, at
        # An attempt that nobody could settle counts against the guesser; here it is nobody's.
        house.store.write(lambda tx: Kept(tx.run("DELETE FROM locks")))
    else:
        pytest.fail("a change of two hundred statements")
    assert not isinstance(heard, Denied)
    assert at > 4
    assert house.contents() != before


@pytest.mark.parametrize("change", CHANGES)
def test_a_lost_word_is_no_yes(change: str, house: Household) -> None:
    """Where the commit took place and the word of it was lost, the answer is 'unavailable'; asked again it is whole."""
    scene = Scene(house)
    before = house.contents()
    commits = _commits(scene, change, house)
    scene.stumbling.arm(lost=commits)
    assert reason(CHANGES[change](scene)) is Reason.UNAVAILABLE
    assert house.contents() != before
    assert len(house.lines("done")) == 2
    scene.stumbling.arm()
    if change == "rotate under a key":
        assert not isinstance(CHANGES[change](scene), Denied)


@pytest.mark.parametrize("change", CHANGES)
def test_a_refusal_of_a_failing_store_is_told(change: str, house: Household) -> None:
    """A store that is away from the first statement on says so for every change, and for every check."""
    scene = Scene(house)
    scene.stumbling.arm(1)
    assert reason(CHANGES[change](scene)) is Reason.UNAVAILABLE
    scene.stumbling.arm(1)
    assert reason(scene.wish(scene.session, c.ShowSelf())) is Reason.UNAVAILABLE
    scene.stumbling.arm(1)
    assert reason(scene.wish(scene.session, c.Introspect((scene.personal.secret,)))) is Reason.UNAVAILABLE


def _commits(scene: Scene, change: str, house: Household) -> int:
    """How many transactions a change writes: a proof by password reserves its attempt first."""
    return 2 if change == "change the password" else 1
