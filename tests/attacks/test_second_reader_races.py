"""Two wishes at once, one held open just before its commit: the end is what one of the two orders would give."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from keyturn import perform
from keyturn.core import commands as c
from keyturn.core.factors import seed_from_base32
from keyturn.core.hashes import Attempt
from keyturn.core.outcomes import Denied, Reason, SessionOpened, TokenIssued
from keyturn.core.types import Secret
from keyturn.perform.hashing import Hasher
from tests.houses import STEP_UP, WEAK, Household, current, reason

NEW = Secret("another passphrase altogether")
PAUSE = 0.25
"""So long the first wish is held open: time for the second to get as far as it can."""


class Stage:
    """Lets one wish of a verb run up to its commit, and no further until the other one had its chance."""

    def __init__(self, house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self._patch = monkeypatch
        self._pool = ThreadPoolExecutor(32)

    def overlap(self, verb: str, first: Callable[[], Any], *others: Callable[[], Any]) -> list[Any]:
        """What came of all: the first is held open before its commit while the others start."""
        reached, go = threading.Event(), threading.Event()
        write_down = perform._write_down

        def held(tx: Any, actor: Any, row: Any, *more: Any) -> None:
            write_down(tx, actor, row, *more)
            if row.verb == verb and not reached.is_set():
                reached.set()
                go.wait(5)

        self._patch.setattr(perform, "_write_down", held)
        told: list[Future[Any]] = [self._pool.submit(first)]
        assert reached.wait(5)
        told += [self._pool.submit(other) for other in others]
        threading.Event().wait(PAUSE)
        go.set()
        return [each.result(10) for each in told]


@pytest.fixture
def stage(house: Household, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage on a fresh house of each store."""
    return Stage(house, monkeypatch)


class Slow(Hasher):
    """A hash pool that tells when it is asked, and answers when it is let."""

    def __init__(self) -> None:
        super().__init__(WEAK, None, threads=2)
        self.asked, self.let = threading.Event(), threading.Event()

    def verify(self, stored: str | None, attempt: Attempt) -> bool:
        """Whether the attempt fits, once it may be told."""
        self.asked.set()
        self.let.wait(5)
        return super().verify(stored, attempt)


def signing_in(stage: Stage, person: Any) -> tuple[Callable[[], None], Future[Any]]:
    """A sign-in that was evaluated against today's password, and how it is let go on."""
    slow = Slow()
    house = Household(replace(stage.house.house, hasher=slow), stage.house.clock, [], [])
    told = stage._pool.submit(lambda: house.sign_in(person))
    assert slow.asked.wait(5)
    return slow.let.set, told


def gone(house: Household, opened: Any) -> bool:
    """Whether a sign-in came to nothing, or its session is over."""
    return isinstance(opened, Denied) or house.opens(opened.secret) is not None


def test_no_session_outlives_the_password_that_opened_it(stage: Stage) -> None:
    """A sign-in under way while the password changes opens no session that stays (P1)."""
    house, person = stage.house, stage.house.person()
    session = house.token(person)
    let, told = signing_in(stage, person)
    change = c.ChangePassword(NEW)
    changed, _ = stage.overlap(
        "passwords:change", lambda: house.wish(session, change, proof=current(person.password)), let
    )
    assert reason(changed) is None
    assert gone(house, told.result(10))
    if isinstance(told.result(), Denied):
        # The attempt is counted and written down like any that failed, and nothing of it stays in flight.
        assert house.one("SELECT reserved FROM locks") == 0
        assert [line.reason for line in house.lines("refused")] == ["wrong_password"]


def test_no_session_misses_the_factor(stage: Stage) -> None:
    """A sign-in under way while a factor is switched on opens no session that never showed it (A16)."""
    house, person = stage.house, stage.house.person()
    session = house.token(person)
    begun = house.wish(session, c.EnrolFactor("totp"), step_up=STEP_UP)
    code = house.code(0, seed_from_base32(begun.seed.reveal()) or b"")
    let, told = signing_in(stage, person)
    confirm = c.ConfirmFactor(begun.factor.uuid, code)
    confirmed, _ = stage.overlap("factors:confirm", lambda: house.wish(session, confirm), let)
    assert reason(confirmed) is None
    assert gone(house, told.result(10))


def test_no_sign_in_misses_a_factor_that_comes_after_it(stage: Stage) -> None:
    """A session that was opened just before the factor was switched on is over with the others."""
    house, person = stage.house, stage.house.person()
    session = house.token(person)
    begun = house.wish(session, c.EnrolFactor("totp"), step_up=STEP_UP)
    code = house.code(0, seed_from_base32(begun.seed.reveal()) or b"")
    confirm = c.ConfirmFactor(begun.factor.uuid, code)
    opened, confirmed = stage.overlap(
        "sessions:open", lambda: house.sign_in(person), lambda: house.wish(session, confirm)
    )
    assert reason(confirmed) is None
    assert gone(house, opened)


def test_two_edits_of_a_user_lose_neither(stage: Stage) -> None:
    """Of two acknowledged changes of different fields both are there (P7)."""
    house, person = stage.house, stage.house.person()
    admin = house.token(house.person("", "Administrators"))
    told = stage.overlap(
        "users:edit",
        lambda: house.wish(admin, c.EditUser(person.ref, display_name="New Name")),
        lambda: house.wish(admin, c.EditUser(person.ref, email="new@example.test")),
    )
    assert list(map(reason, told)) == [None, None]
    now = house.now_of(person)
    assert now is not None
    assert (now.display_name, now.email) == ("New Name", "new@example.test")


def test_two_edits_of_a_realm_lose_neither(stage: Stage) -> None:
    """Nor of two changes of the policy."""
    house, admin = stage.house, stage.house.token(stage.house.person("", "Administrators"))
    told = stage.overlap(
        "realms:edit",
        lambda: house.wish(admin, c.EditRealm(policy={"totp_strict": True})),
        lambda: house.wish(admin, c.EditRealm(policy={"lockout_attempts": 7})),
    )
    assert list(map(reason, told)) == [None, None]
    policy = house.wish(admin, c.ShowRealm()).realm.settings.policy
    assert (policy.totp_strict, policy.lockout_attempts) == (True, 7)


def test_two_givings_of_roles_do_not_add_up(stage: Stage) -> None:
    """Who was given exactly these roles holds those of one of the two wishes, never of both."""
    house, person = stage.house, stage.house.person("", "Viewers")
    admin = house.token(house.person("", "Administrators"))
    told = stage.overlap(
        "users:set_roles",
        lambda: house.wish(admin, c.SetRoles(person.ref, ("Members",))),
        lambda: house.wish(admin, c.SetRoles(person.ref, ("Help Desk",))),
    )
    assert list(map(reason, told)) == [None, None]
    assert [r.name for r in house.wish(admin, c.ShowUser(person.ref)).user.roles] == ["Help Desk"]


def test_two_puttings_of_a_role_are_one_of_them(stage: Stage) -> None:
    """An acknowledged role has the permissions that were acknowledged last."""
    house, admin = stage.house, stage.house.token(stage.house.person("", "Administrators"))
    told = stage.overlap(
        "roles:put",
        lambda: house.wish(admin, c.PutRole("Fresh", ("users:view:*",))),
        lambda: house.wish(admin, c.PutRole("Fresh", ("audit:view:*",))),
    )
    assert [each.role.permissions for each in told] == [("users:view:*",), ("audit:view:*",)]
    assert house.wish(admin, c.ShowRole("Fresh")).role.permissions == ("audit:view:*",)


def test_a_quota_is_not_passed_together(stage: Stage) -> None:
    """Ten at once get what there is room for."""
    house, person = stage.house, stage.house.person()
    house.choose("default", quota__personal=2)
    session = house.token(person)
    wishes = [
        lambda n=n: house.wish(session, c.IssueToken("personal", f"n{n}", "native"), step_up=STEP_UP) for n in range(10)
    ]
    told = stage.overlap("tokens:issue", *wishes)
    assert sorted(str(reason(each)) for each in told) == ["None"] * 2 + [str(Reason.QUOTA_REACHED)] * 8


def test_resets_made_at_once_leave_one(stage: Stage) -> None:
    """Whoever is told a reset token together with others is told no untruth; the last one alone works (A05)."""
    house, person = stage.house, stage.house.person()
    admin = house.token(house.person("", "Administrators"))
    told = stage.overlap("resets:issue", *[lambda: house.wish(admin, c.IssueReset(person.ref))] * 8)
    assert [type(each) for each in told] == [TokenIssued] * 8
    assert house.one("SELECT count(*) FROM tokens WHERE kind = 'reset' AND ended IS NULL") == 1
    used = [reason(house.wish(None, c.RedeemReset(each.secret, NEW))) for each in told]
    assert sorted(map(str, used)) == ["None"] + [str(Reason.INVALID_RESET)] * 7


def test_no_token_is_made_beside_the_end_of_all(stage: Stage) -> None:
    """A reset that ends all tokens leaves none that a thief was making meanwhile."""
    house, person = stage.house, stage.house.person()
    thief, admin = house.token(person), house.token(house.person("", "Administrators"))
    reset = house.wish(admin, c.IssueReset(person.ref))
    mint = c.IssueToken("personal", "thief", "native")
    redeem = c.RedeemReset(reset.secret, NEW, revoke_tokens=True)
    minted, redeemed = stage.overlap(
        "tokens:issue", lambda: house.wish(thief, mint, step_up=STEP_UP), lambda: house.wish(None, redeem)
    )
    assert reason(redeemed) is None
    assert gone(house, minted)


def test_no_token_is_made_after_the_end_of_all(stage: Stage) -> None:
    """The other way round as well."""
    house, person = stage.house, stage.house.person()
    thief, admin = house.token(person), house.token(house.person("", "Administrators"))
    reset = house.wish(admin, c.IssueReset(person.ref))
    mint = c.IssueToken("personal", "thief", "native")
    redeem = c.RedeemReset(reset.secret, NEW, revoke_tokens=True)
    redeemed, minted = stage.overlap(
        "resets:redeem", lambda: house.wish(None, redeem), lambda: house.wish(thief, mint, step_up=STEP_UP)
    )
    assert reason(redeemed) is None
    assert gone(house, minted)


def test_a_wish_sent_twice_at_once_has_one_outcome(stage: Stage) -> None:
    """A retry that overtakes its own first sending hears the same secret, not that its token is dead (P9)."""
    house, person = stage.house, stage.house.person()
    held = house.token(person, "personal", name="ci")
    wish = c.RotateToken(held.ref)
    told = stage.overlap("tokens:rotate", *[lambda: house.wish(held, wish, key="once")] * 3)
    assert [type(each) for each in told] == [TokenIssued] * 3
    assert len({each.secret.reveal() for each in told}) == 1
    assert len(house.lines("done")) == 1


def test_a_delegation_made_beside_a_demotion_is_over(stage: Stage) -> None:
    """A right that was taken while it was used carries nothing afterwards."""
    house, person = stage.house, stage.house.person()
    steward, actor = house.token(house.person("", "Stewards")), house.person("", "Administrators")
    session = house.token(actor)
    made, demoted = stage.overlap(
        "delegations:issue",
        lambda: house.wish(session, c.IssueDelegation(person.ref, "why"), step_up=STEP_UP),
        lambda: house.wish(steward, c.SetRoles(actor.ref, ("Members",))),
    )
    assert reason(demoted) is None
    assert gone(house, made)


def test_sign_ins_at_once_stay_within_the_quota(stage: Stage) -> None:
    """However many sign in together, the quota of sessions holds."""
    house, person = stage.house, stage.house.person()
    house.choose("default", quota__session=2)
    told = stage.overlap("sessions:open", *[lambda: house.sign_in(person)] * 6)
    assert [type(each) for each in told] == [SessionOpened] * 6
    assert sum(house.opens(each.secret) is None for each in told) == 2
