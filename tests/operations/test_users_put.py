"""Users put as a wire saw them, given roles by number, listed by pages; groups written down; what was done."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core import membership as m
from keyturn.core.outcomes import Denied, Fields, Named, Reason
from keyturn.core.types import LoginProof, Presented, Secret, SubjectRef
from tests.houses import PASSWORD, Held, Household, Person, reason

OPERATOR = Presented("puppet", local=True)
WIRE = "puppet"
ALIKE = (1, 8)
NOBODY = SubjectRef("uuid", "00000000-0000-4000-8000-00000000dead")
FORBIDDEN = Reason.FORBIDDEN


def counted(*numbers: int) -> m.Counted:
    """Roles by number as the wire that counts them sees them."""
    return m.Counted(numbers, (7,), ALIKE)


def put(house: Household, person: Person, who: Any = OPERATOR, **parts: Any) -> Any:
    """What came of putting these parts."""
    return house.wish(who, m.PutUser(person.ref, **parts))


def shown(house: Household, person: Person) -> Any:
    """The user as it now stands."""
    return house.wish(OPERATOR, c.ShowUser(person.ref)).user


def numbers(house: Household, person: Person) -> list[int]:
    """The roles somebody holds, by number."""
    return [role.number for role in shown(house, person).roles]


def holding(house: Household, *permissions: str) -> Held:
    """A session on the wire of somebody who may just that."""
    name = f"May {len(house.lines())}"
    house.wish(OPERATOR, m.CreateRole(name, permissions))
    return house.token(house.person("", name), dialect=WIRE)


def lacks(right: str) -> Denied:
    """The refusal that names the right."""
    return Denied(FORBIDDEN, Named("right", right))


# --- put


def test_a_user_is_put(house: Household) -> None:
    """Names, roles and standing at once; a role that the wire does not know of stays."""
    jean = house.person("jean", email="jean@example.test", email_verified=True)
    token = house.token(jean)
    told = put(house, jean, login="jeanne", display_name="J", roles=counted(3), active=False).user
    assert (told.subject.login, told.subject.display_name, told.subject.email_verified) == ("jeanne", "J", True)
    assert (told.subject.state, [r.number for r in told.roles]) == ("suspended", [3, 7])
    assert house.opens(token) is Reason.OWNER_SUSPENDED
    told = put(house, jean, email="j@example.test", active=True).user
    assert (told.subject.email, told.subject.email_verified, told.subject.state) == ("j@example.test", False, "active")
    assert [line.verb for line in house.lines("done")].count("users:put") == 2


def test_what_is_so_already_wants_no_right(house: Household) -> None:
    """The whole object put back by somebody who may change one part of it changes nothing, and writes nothing down."""
    jean = house.person("jean", email="jean@example.test")
    whole = {"login": "jean", "email": "jean@example.test", "display_name": "", "roles": counted(), "active": True}
    before = house.lines("done")
    for right in ("users:edit:*", "users:disable:*", "roles:edit_members:*"):
        who = holding(house, right)
        before = house.lines("done")
        assert reason(put(house, jean, who, **whole)) is None
        assert house.lines("done") == before
    changes: dict[str, dict[str, Any]] = {
        "users:edit": {"display_name": "J"},
        "users:disable": {"active": False},
        "roles:edit_members": {"roles": counted(3)},
    }
    for right in changes:
        who = holding(house, f"{right}:{jean.subject.uuid}", "users:view:*", "own_tokens:create:*")
        for wanted, part in changes.items():
            heard = put(house, jean, who, **{**whole, **part})
            assert heard == lacks(wanted) if wanted != right else reason(heard) is None
            put(house, jean, **whole)


def test_whom_one_may_not_put(house: Household) -> None:
    """Nobody without a right hears of anybody; nobody changes somebody above; a right on one is no right on another."""
    jean, boss, other = house.person(), house.person("", "Administrators"), house.person()
    plain = house.token(house.person(), dialect=WIRE)
    for ref in (jean.ref, NOBODY):
        assert house.wish(plain, m.PutUser(ref, login="x")) == lacks("users:edit")
    editor = holding(house, f"users:edit:{jean.subject.uuid}")
    assert reason(put(house, jean, editor, display_name="J")) is None
    assert put(house, other, editor) == lacks("users:edit")
    assert reason(house.wish(editor, m.PutUser(NOBODY))) is Reason.NOT_FOUND
    everybody = holding(house, "users:edit:*", "users:disable:*", "roles:edit_members:*")
    assert put(house, boss, everybody, display_name="x") == lacks("users:edit")
    assert put(house, jean, everybody, roles=counted(6)) == Denied(FORBIDDEN, Named("role"))
    house.wish(OPERATOR, c.DeleteUser(other.ref))
    assert reason(put(house, other, login="x")) is Reason.NOT_FOUND


def test_what_may_not_be_put(house: Household) -> None:
    """A taken name, a role that is not there, names kept elsewhere, whatever is built in: nothing changes."""
    jean, rita = house.person("jean", email="jean@example.test"), house.person("rita", remote=True)
    house.person("mia", email="mia@example.test")
    api = next(u for u in house.wish(OPERATOR, c.ListUsers(limit=None)).users if u.subject.built_in).subject
    before = house.contents()
    refused: list[tuple[Any, Any]] = [
        (put(house, jean, login="MIA", roles=counted(3)), Denied(Reason.CONFLICT, Named("login"))),
        (put(house, jean, email="mia@example.test"), Denied(Reason.CONFLICT, Named("email"))),
        (
            put(house, jean, roles=counted(0)),
            Denied(Reason.MALFORMED, Fields({"roles": "names a role that is not there"})),
        ),
        (reason(put(house, jean, login=" ")), Reason.MALFORMED),
        (put(house, rita, email="r@example.test"), Denied(Reason.REMOTE_ACCOUNT)),
        (put(house, Person(api, ""), login="x"), Denied(Reason.BUILT_IN, Named("login"))),
        (put(house, Person(api, ""), roles=counted(3)), Denied(Reason.BUILT_IN, Named("roles"))),
        (put(house, Person(api, ""), active=False), Denied(Reason.BUILT_IN, Named("active"))),
    ]
    assert [heard for heard, wanted in refused if heard != wanted] == []
    after = house.contents()
    assert {name for name in after if after[name] != before[name]} <= {"audit"}
    assert reason(put(house, rita, roles=counted(3), active=False)) is None
    assert reason(put(house, Person(api, ""), login="api_user", roles=counted(1), active=True)) is None


def test_a_new_mail_address_ends_reset_tokens(house: Household) -> None:
    """As by every other way to change it (A03)."""
    jean = house.person("jean", email="jean@example.test")
    reset = house.wish(OPERATOR, c.IssueReset(jean.ref)).secret
    put(house, jean, email="new@example.test")
    heard = house.wish(Presented(WIRE), c.RedeemReset(reset, Secret("a whole new passphrase")))
    assert reason(heard) is Reason.INVALID_RESET


@pytest.mark.parametrize("lockout", ["revoke", "timed"])
def test_a_lock_that_shows_as_revoked(house: Household, lockout: str) -> None:
    """Where a lock of the wire shows so, `active` opens it and its absence suspends nobody; where not, it is let be."""
    jean = house.person("jean")
    house.choose(puppet__lockout=lockout)
    for _ in range(10):
        house.wish(Presented(WIRE, login=LoginProof("jean", Secret("wrong"))), c.OpenSession())
    assert shown(house, jean).locked_on == WIRE
    before = house.lines("done")
    put(house, jean, active=lockout == "timed")
    assert (shown(house, jean).subject.state, shown(house, jean).locked_on) == ("active", WIRE)
    assert house.lines("done") == before
    put(house, jean, active=True)
    assert (shown(house, jean).locked_on is None) is (lockout == "revoke")


# --- roles by number


def test_a_user_is_made_with_roles_by_number(house: Household) -> None:
    """Those of the numbers; without one somebody is a plain user."""
    made = house.wish(OPERATOR, c.CreateUser("jean", roles=counted(3, 4)))
    assert [r.number for r in made.user.roles] == [3, 4]
    assert [r.number for r in house.wish(OPERATOR, c.CreateUser("mia", roles=counted())).user.roles] == [7]
    assert house.wish(OPERATOR, c.CreateUser("x", roles=counted(99))) == Denied(
        Reason.MALFORMED, Fields({"roles": "names a role that is not there"})
    )
    maker = holding(house, "users:create:*")
    assert house.wish(maker, c.CreateUser("x", roles=counted(1))) == Denied(FORBIDDEN, Named("role"))


def test_roles_are_added_and_taken(house: Household) -> None:
    """What is held stays; what is held or lacked already is no change; both administrators go and stay as one."""
    jean, steward = house.person(), house.person("", "Stewards", "Viewers")
    house.wish(OPERATOR, m.ChangeRoles(jean.ref, give=(3, 4)))
    house.wish(OPERATOR, m.ChangeRoles(jean.ref, give=(3, 5), take=(4,)))
    assert numbers(house, jean) == [3, 5, 7]
    before = house.lines("done")
    assert reason(house.wish(OPERATOR, m.ChangeRoles(jean.ref, give=(3,), take=(4,)))) is None
    assert house.lines("done") == before
    house.wish(OPERATOR, m.ChangeRoles(steward.ref, give=(1, 4), alike=ALIKE))
    assert numbers(house, steward) == [3, 4, 8]
    house.wish(OPERATOR, m.ChangeRoles(steward.ref, take=(1,), alike=ALIKE))
    assert numbers(house, steward) == [3, 4]


def test_roles_that_are_not_given(house: Household) -> None:
    """None that is not there, none the actor lacks, none to somebody above or deleted, none from who is built in."""
    jean, boss = house.person(), house.person("", "Administrators")
    api = next(u for u in house.wish(OPERATOR, c.ListUsers(limit=None)).users if u.subject.built_in).subject
    assert reason(house.wish(OPERATOR, m.ChangeRoles(jean.ref, take=(99,)))) is Reason.MALFORMED
    take = m.ChangeRoles(SubjectRef("uuid", api.uuid), take=(1,), alike=ALIKE)
    assert house.wish(OPERATOR, take) == Denied(Reason.BUILT_IN, Named("roles"))
    keeper = holding(house, "roles:edit_members:*")
    assert house.wish(keeper, m.ChangeRoles(jean.ref, give=(6,))) == Denied(FORBIDDEN, Named("role"))
    assert house.wish(keeper, m.ChangeRoles(boss.ref, take=(1,))) == lacks("roles:edit_members")
    assert reason(house.wish(keeper, m.ChangeRoles(NOBODY, give=(7,)))) is Reason.NOT_FOUND
    assert house.wish(house.token(jean), m.ChangeRoles(jean.ref, give=(7,))) == lacks("roles:edit_members")


# --- pages


def test_pages_in_every_order(house: Household) -> None:
    """Each order both ways, in parts that make the whole, the same on both stores."""
    for login, mail in (("b", "z@example.test"), ("a", "y@example.test"), ("C", ""), ("ä", "")):
        house.person(login, email=mail, display_name=login)
    everybody = [u.subject for u in house.wish(OPERATOR, c.ListUsers(limit=None)).users]
    keys: dict[str, Any] = {
        "id": lambda s: s.uuid, "created": lambda s: s.created, "last_login": lambda s: s.last_login or 0,
        "login": lambda s: s.login.lower().encode(), "email": lambda s: s.email.encode(),
        "display_name": lambda s: s.display_name.encode(),
    }  # fmt: skip
    for order, key in keys.items():
        for descending in (False, True):
            wanted = sorted(everybody, key=lambda s: s.id)
            wanted = sorted(wanted, key=key, reverse=False) if not descending else _backwards(wanted, key)
            found = []
            for offset in range(0, len(everybody) + 2, 2):
                part = c.ListUsers(limit=2, offset=offset, order=order, descending=descending)
                told = house.wish(OPERATOR, part)
                assert told.total == len(everybody)
                found += [u.subject.id for u in told.users]
            assert found == [s.id for s in wanted], (order, descending)
    told = house.wish(OPERATOR, c.ListUsers("EXAMPLE", limit=None, offset=0))
    assert (len(told.users), told.total) == (2, 2)


def _backwards(some: list[Any], key: Any) -> list[Any]:
    """From the greatest key down; of equals the older one first all the same."""
    return [s for k in sorted({key(s) for s in some}, reverse=True) for s in some if key(s) == k]


# --- groups


def test_a_group_is_written_down(house: Household) -> None:
    """With its roles, changed and forgotten; it lets nobody in."""
    made = house.wish(OPERATOR, m.CreateGroup("cn=Lab", "Lab", None, (3, 4))).group
    assert (made.login, made.display_name, made.roles) == ("cn=Lab", "Lab", (3, 4))
    told = house.wish(OPERATOR, m.EditGroup(made.uuid, "The Lab", (4, 5))).group
    assert (told.display_name, told.roles) == ("The Lab", (4, 5))
    assert house.wish(OPERATOR, m.EditGroup(made.uuid)).group == told
    assert house.wish(OPERATOR, m.ListGroups()).groups == (told,)
    assert reason(house.sign_in("cn=Lab", PASSWORD)) is Reason.UNKNOWN_ACCOUNT
    assert reason(house.wish(OPERATOR, m.DeleteGroup(made.uuid))) is None
    for wish in (m.ShowGroup(made.uuid), m.EditGroup(made.uuid), m.DeleteGroup(made.uuid)):
        assert reason(house.wish(OPERATOR, wish)) is Reason.NOT_FOUND


def test_a_group_that_cannot_be_written_down(house: Household) -> None:
    """A login that is taken, by a user too, or none; roles that are not there or not the actor's to give."""
    house.person("jean")
    group = house.wish(OPERATOR, m.CreateGroup("cn=lab")).group.uuid
    keeper = holding(house, "roles:edit_members:*")
    refused = {
        m.CreateGroup("CN=lab"): Denied(Reason.CONFLICT, Named("login")),
        m.CreateGroup("Jean"): Denied(Reason.CONFLICT, Named("login")),
        m.CreateGroup(""): Reason.MALFORMED,
        m.CreateGroup("x", "\x1b"): Reason.MALFORMED,
        m.CreateGroup("x", roles=(99,)): Reason.MALFORMED,
        m.CreateGroup("x", roles=(1,)): Denied(FORBIDDEN, Named("role")),
        m.EditGroup(group, roles=(1,)): Denied(FORBIDDEN, Named("role")),
        m.EditGroup(group, roles=(99,)): Reason.MALFORMED,
        m.EditGroup(group, "\x1b"): Reason.MALFORMED,
    }
    for wish, wanted in refused.items():
        told = house.wish(keeper, wish)
        assert wanted in (told, reason(told)), wish
    assert [g.roles for g in house.wish(OPERATOR, m.ListGroups()).groups] == [()]


# --- what was done


def test_what_was_done_outlives_whom_it_was_done_to(house: Household) -> None:
    """By who did it, to whom, to what and since when; somebody deleted is found by the id, a stranger never."""
    boss, jean = house.person("boss", "Administrators"), house.person("jean")
    token = house.token(boss)
    verbs = ("users:put", "users:delete", "roles:create")
    house.wish(token, m.PutUser(jean.ref, display_name="J"))
    house.wish(token, c.DeleteUser(jean.ref))
    number = house.wish(token, m.CreateRole("Own")).role.role.number

    def asked(**more: Any) -> list[str]:
        told = house.wish(token, m.ListActivity(verbs, **more))
        assert told.total >= len(told.rows)
        return [row.verb for row in told.rows]

    assert asked() == ["roles:create", "users:delete", "users:put"]
    assert asked(oldest_first=True) == ["users:put", "users:delete", "roles:create"]
    assert asked(offset=1, limit=1) == ["users:delete"]
    assert asked(subject=jean.subject.uuid) == ["users:delete", "users:put"]
    assert asked(actor=boss.subject.uuid) == asked()
    assert asked(thing=str(number)) == ["roles:create"]
    assert asked(subject=NOBODY.value) == asked(actor=jean.subject.uuid) == asked(since=house.store.now()) == []
    assert house.wish(token, m.ListActivity(())).total == 0
    house.realm("shop")
    there = house.token(house.person("chief", "Administrators", realm="shop"))
    assert house.wish(there, m.ListActivity(verbs, actor=boss.subject.uuid)).total == 0
    assert house.wish(house.token(house.person()), m.ListActivity(verbs)) == lacks("audit:view")
    assert reason(house.wish(None, m.CheckStore())) is None
