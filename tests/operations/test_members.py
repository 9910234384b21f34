"""Roles and who holds them: made, replaced, given, taken and deleted, by whom that may be, and two at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from keyturn.core import commands as c
from keyturn.core import membership as m
from keyturn.core.outcomes import Denied, Fields, Named, Reason
from keyturn.core.types import Presented
from keyturn.store import holders, roles
from tests.houses import Held, Household, Person, reason

OPERATOR = Presented("native", local=True)
ALIKE = (1, 8)
NOBODY = "00000000-0000-4000-8000-00000000dead"
FORBIDDEN = Reason.FORBIDDEN


def made(house: Household, *permissions: str, name: str = "Own", who: Any = OPERATOR, **more: Any) -> int:
    """The number of a new role with these permissions."""
    told = house.wish(who, m.CreateRole(name, permissions, **more))
    assert reason(told) is None, told
    number: int = told.role.role.number
    return number


def holding(house: Household, *permissions: str) -> Held:
    """A session of somebody who may just that."""
    name = f"May {len(house.lines())}"
    number = made(house, *permissions, name=name)
    assert number > 8
    return house.token(house.person("", name))


def numbers(house: Household, person: Person) -> list[int]:
    """The roles somebody holds, by number."""
    return [role.number for role in house.wish(OPERATOR, c.ShowUser(person.ref)).user.roles]


def members(house: Household, number: int) -> tuple[set[str], set[str]]:
    """Users and groups of a role."""
    held = house.wish(OPERATOR, m.ShowHeldRole(number, ALIKE)).role
    return set(held.users), set(held.groups)


def lacks(right: str) -> Denied:
    """The refusal that names the right."""
    return Denied(FORBIDDEN, Named("right", right))


# --- made and shown


def test_a_role_is_made_with_its_holders(house: Household) -> None:
    """It has the next number, the given permissions and holders, and nobody else gets it."""
    jean, other = house.person("jean"), house.person()
    group = house.wish(OPERATOR, m.CreateGroup("cn=lab")).group.uuid
    number = made(house, "users:view:*", description="Looks.", users=(jean.subject.uuid,), groups=(group,))
    held = house.wish(OPERATOR, m.ShowHeldRole(number)).role
    assert (held.role.permissions, held.role.description) == (("users:view:*",), "Looks.")
    assert (held.users, held.groups) == ((jean.subject.uuid,), (group,))
    assert numbers(house, jean) == [7, number]
    assert numbers(house, other) == [7]
    assert reason(house.wish(house.token(jean), c.ShowUser(other.ref))) is None
    assert [line.verb for line in house.lines("done")][-1] == "roles:create"


def test_a_role_that_cannot_be_made(house: Household) -> None:
    """A name that is taken or none, a right that is not known or not held, a holder who is not there: nothing stays."""
    made(house, name="Own")
    before = house.contents()
    boss = house.token(house.person("boss", "Administrators"))
    after = house.contents()
    assert before != after
    for wish, heard in (
        (m.CreateRole("OWN"), Denied(Reason.CONFLICT, Named("name"))),
        (m.CreateRole(" "), Reason.MALFORMED),
        (m.CreateRole("a", description="\x1b"), Reason.MALFORMED),
        (m.CreateRole("a", ("users:eat:*",)), Reason.MALFORMED),
        (m.CreateRole("a", ("realms:create:*",)), Denied(FORBIDDEN, Named("permission"))),
        (m.CreateRole("a", users=(NOBODY,)), Reason.MALFORMED),
        (m.CreateRole("a", groups=(NOBODY,)), Reason.MALFORMED),
    ):
        told = house.wish(boss, wish)
        assert heard in (told, reason(told)), (wish, told)
    assert house.contents() == after


def test_both_administrators_are_one_role_to_a_wire(house: Household) -> None:
    """Of roles that are alike the first is told, with the holders of all; what the wire knows nothing of is not."""
    boss, steward = house.person("", "Administrators"), house.person("", "Stewards")
    listed = house.wish(OPERATOR, m.ListHeldRoles((7,), ALIKE)).roles
    assert [held.role.number for held in listed] == [1, 2, 3, 4, 5, 6]
    for users in (set(listed[0].users), members(house, 1)[0]):
        assert users >= {boss.subject.uuid, steward.subject.uuid}
    assert len(house.wish(OPERATOR, m.ListHeldRoles()).roles) == 8
    assert steward.subject.uuid not in house.wish(OPERATOR, m.ShowHeldRole(1)).role.users
    assert reason(house.wish(OPERATOR, m.ShowHeldRole(99))) is Reason.NOT_FOUND


# --- replaced


def test_a_role_is_replaced(house: Household) -> None:
    """Name, permissions and holders are exactly those given; what is not given stays."""
    jean, mia = house.person(), house.person()
    group = house.wish(OPERATOR, m.CreateGroup("cn=lab")).group.uuid
    number = made(house, "users:view:*", "audit:view:*", users=(jean.subject.uuid,))
    told = house.wish(
        OPERATOR,
        m.ReplaceRole(number, "New", "Said.", ("users:view:*",), (mia.subject.uuid,), (group,)),
    ).role
    assert (told.role.name, told.role.description, told.role.permissions) == ("New", "Said.", ("users:view:*",))
    assert members(house, number) == ({mia.subject.uuid}, {group})
    assert numbers(house, jean) == [7]
    house.wish(OPERATOR, m.ReplaceRole(number, groups=()))
    assert members(house, number) == ({mia.subject.uuid}, set())
    assert house.wish(OPERATOR, m.ShowHeldRole(number)).role.role.name == "New"


def test_what_of_a_role_stays(house: Household) -> None:
    """A built-in role keeps name and permissions and changes hands; a taken name and nobody's number are refused."""
    number, jean = made(house), house.person()
    for wish in (m.ReplaceRole(3, "Lookers"), m.ReplaceRole(3, description=""), m.ReplaceRole(3, permissions=())):
        assert house.wish(OPERATOR, wish) == Denied(Reason.BUILT_IN, Named("role"))
    assert jean.subject.uuid in house.wish(OPERATOR, m.ReplaceRole(3, "Viewers", users=(jean.subject.uuid,))).role.users
    assert house.wish(OPERATOR, m.ReplaceRole(number, "viewers")) == Denied(Reason.CONFLICT, Named("name"))
    assert reason(house.wish(OPERATOR, m.ReplaceRole(99, "x"))) is Reason.NOT_FOUND
    assert reason(house.wish(OPERATOR, m.ReplaceRole(number, ""))) is Reason.MALFORMED
    assert reason(house.wish(OPERATOR, m.ReplaceRole(number, users=(NOBODY,)))) is Reason.MALFORMED


def test_each_part_wants_its_own_right(house: Household) -> None:
    """Who edits roles changes what they allow, who edits members who holds them; what is so already wants nothing."""
    jean = house.person()
    number = made(house, "users:view:*", users=(jean.subject.uuid,))
    editor, keeper = (
        holding(house, "roles:edit:*", "users:view:*"),
        holding(house, "roles:edit_members:*", "users:view:*"),
    )
    same = m.ReplaceRole(number, "Own", "", ("users:view:*",), (jean.subject.uuid,), ())
    assert reason(house.wish(editor, same)) is None
    assert reason(house.wish(keeper, same)) is None
    assert house.wish(keeper, m.ReplaceRole(number, "Mine")) == lacks("roles:edit")
    assert house.wish(editor, m.ReplaceRole(number, users=())) == lacks("roles:edit_members")
    assert reason(house.wish(editor, m.ReplaceRole(number, "Mine"))) is None
    assert reason(house.wish(keeper, m.ReplaceRole(number, users=()))) is None
    assert house.wish(house.token(jean), m.ReplaceRole(99)) == lacks("roles:edit")


# --- members


def test_members_come_and_go(house: Household) -> None:
    """Those named and nobody else, all or none of them."""
    jean, mia, old = house.person(), house.person(), house.person()
    number = made(house, "users:view:*", users=(old.subject.uuid,))
    ids = (jean.subject.uuid, mia.subject.uuid)
    assert reason(house.wish(OPERATOR, m.ChangeMembers(number, give=ids))) is None
    assert members(house, number)[0] == {*ids, old.subject.uuid}
    assert reason(house.wish(OPERATOR, m.ChangeMembers(number, give=(NOBODY,), take=ids))) is Reason.NOT_FOUND
    assert reason(house.wish(OPERATOR, m.ChangeMembers(number, take=(*ids, NOBODY)))) is Reason.MALFORMED
    assert members(house, number)[0] == {*ids, old.subject.uuid}
    house.wish(OPERATOR, m.ChangeMembers(number, take=ids))
    house.wish(OPERATOR, m.ChangeMembers(number, take=ids))
    assert members(house, number)[0] == {old.subject.uuid}


def test_groups_come_and_go(house: Household) -> None:
    """The same of groups, which is written down and lets nobody in."""
    number = made(house)
    group = house.wish(OPERATOR, m.CreateGroup("cn=lab", roles=(3,))).group.uuid
    house.wish(OPERATOR, m.ChangeMembers(number, give_groups=(group,)))
    house.wish(OPERATOR, m.ChangeMembers(number, give_groups=(group,)))
    assert house.wish(OPERATOR, m.ShowGroup(group)).group.roles == (3, number)
    assert reason(house.wish(OPERATOR, m.ChangeMembers(number, give_groups=(NOBODY,)))) is Reason.NOT_FOUND
    assert reason(house.wish(OPERATOR, m.ChangeMembers(number, take_groups=(NOBODY,)))) is Reason.MALFORMED
    house.wish(OPERATOR, m.ChangeMembers(number, take_groups=(group,)))
    assert members(house, number) == (set(), set())
    keeper = holding(house, "roles:edit_members:" + NOBODY)
    assert house.wish(keeper, m.ChangeMembers(number, give_groups=(group,))) == lacks("roles:edit_members")
    poor = holding(house, "roles:edit_members:*")
    assert house.wish(poor, m.ChangeMembers(1, give_groups=(group,))) == Denied(FORBIDDEN, Named("role"))


def test_a_role_that_is_gone_is_nobodys(house: Household) -> None:
    """Where the wire is lenient it is nobody's already, and nothing is written down."""
    before = house.lines()
    assert house.wish(OPERATOR, m.ChangeMembers(99, take=(NOBODY,), lenient=True)).again
    assert reason(house.wish(OPERATOR, m.ChangeMembers(99, take=(NOBODY,)))) is Reason.NOT_FOUND
    assert [line for line in house.lines("done") if line not in before] == []


def test_who_gives_and_takes(house: Household) -> None:
    """Nobody gives what they lack, nor takes from or gives to somebody above; a right on one is a right on that one."""
    jean, boss, steward = house.person(), house.person("", "Administrators"), house.person("", "Stewards")
    number = made(house, "users:disable:*")
    keeper = holding(house, "roles:edit_members:*", "users:view:*")
    give = m.ChangeMembers(number, give=(jean.subject.uuid,))
    assert house.wish(keeper, give) == Denied(FORBIDDEN, Named("role"))
    assert house.wish(keeper, m.ChangeMembers(3, give=(boss.subject.uuid,))) == lacks("roles:edit_members")
    assert reason(house.wish(house.token(boss), give)) is None
    up = m.ChangeMembers(1, give=(jean.subject.uuid,), alike=ALIKE)
    assert house.wish(holding(house, "roles:edit_members:*"), up) in (
        Denied(FORBIDDEN, Named("role")),
        lacks("roles:edit_members"),
    )
    down = m.ChangeMembers(1, take=(steward.subject.uuid,), alike=ALIKE)
    assert house.wish(house.token(boss), down) == lacks("roles:edit_members")
    assert reason(house.wish(house.token(steward), down)) is None
    assert numbers(house, steward) == []
    other = house.person()
    narrow = holding(house, f"roles:edit_members:{other.subject.uuid}", "users:view:*", "own_tokens:create:*")
    assert reason(house.wish(narrow, m.ChangeMembers(3, give=(other.subject.uuid,)))) is None
    assert house.wish(narrow, m.ChangeMembers(3, give=(jean.subject.uuid,))) == lacks("roles:edit_members")
    assert house.wish(narrow, m.ChangeMembers(7, give=(jean.subject.uuid,))) == lacks("roles:edit_members")
    assert house.wish(house.token(other), m.ChangeMembers(3, give=())) == lacks("roles:edit_members")


def test_a_steward_stays_one(house: Household) -> None:
    """Whoever is made an administrator and is more than that already stays what they are."""
    steward, jean = house.person("", "Stewards"), house.person()
    house.wish(OPERATOR, m.ChangeMembers(1, give=(steward.subject.uuid, jean.subject.uuid), alike=ALIKE))
    assert (numbers(house, steward), numbers(house, jean)) == ([8], [1, 7])


def test_the_built_in_superuser_stays_one(house: Household) -> None:
    """Nobody takes the role from the subject that certificates act as."""
    api = next(u for u in house.wish(OPERATOR, c.ListUsers(limit=None)).users if u.subject.built_in)
    take = m.ChangeMembers(1, take=(api.subject.uuid,), alike=ALIKE)
    assert house.wish(OPERATOR, take) == Denied(Reason.BUILT_IN, Named("roles"))
    replaced = house.wish(OPERATOR, m.ReplaceRole(1, users=(), alike=ALIKE))
    assert replaced == Denied(Reason.BUILT_IN, Named("roles"))


# --- permissions, deletion


def test_permissions_come_and_go(house: Household) -> None:
    """Those named, each once, in the order they came; a built-in role's stay."""
    number = made(house, "users:view:*")
    house.wish(OPERATOR, m.ChangePermissions(number, give=("users:edit:*", "users:view:*")))
    house.wish(OPERATOR, m.ChangePermissions(number, take=("users:view:*", "audit:view:*")))
    assert house.wish(OPERATOR, m.ShowHeldRole(number)).role.role.permissions == ("users:edit:*",)
    give = ("users:eat:*",)
    assert house.wish(OPERATOR, m.ChangePermissions(number, give=give)) == Denied(
        Reason.MALFORMED, Fields({"permissions": "holds one that is not known"})
    )
    assert reason(house.wish(OPERATOR, m.ChangePermissions(99))) is Reason.NOT_FOUND
    assert reason(house.wish(OPERATOR, m.ChangePermissions(3))) is Reason.BUILT_IN
    editor = holding(house, "roles:edit:*")
    assert house.wish(editor, m.ChangePermissions(number, give=("users:edit:*",))) == Denied(
        FORBIDDEN, Named("permission")
    )
    assert reason(house.wish(editor, m.ChangePermissions(number, take=("users:edit:*",)))) is None


def test_a_deleted_role_is_gone_everywhere(house: Household) -> None:
    """Nobody holds it, no group has it, its number is not given again, and what it allowed is over."""
    jean, other = house.person(), house.person()
    group = house.wish(OPERATOR, m.CreateGroup("cn=lab")).group.uuid
    number = made(house, "users:view:*", users=(jean.subject.uuid,), groups=(group,))
    session = house.token(jean)
    assert reason(house.wish(session, c.ShowUser(other.ref))) is None
    assert reason(house.wish(OPERATOR, m.DeleteRole(number))) is None
    assert reason(house.wish(session, c.ShowUser(other.ref))) is FORBIDDEN
    assert (numbers(house, jean), house.wish(OPERATOR, m.ShowGroup(group)).group.roles) == ([7], ())
    for wish in (m.DeleteRole(number), m.ShowHeldRole(number), m.ReplaceRole(number)):
        assert reason(house.wish(OPERATOR, wish)) is Reason.NOT_FOUND
    assert made(house, "users:view:*") > number
    assert reason(house.wish(OPERATOR, m.DeleteRole(3))) is Reason.BUILT_IN
    assert house.wish(session, m.DeleteRole(number)) == lacks("roles:edit")


def test_a_role_deleted_meanwhile(house: Household) -> None:
    """Who comes second finds it gone."""
    number = made(house)
    role = house.read(lambda tx: roles.by_number(tx, 1, number))
    house.wish(OPERATOR, m.DeleteRole(number))
    assert not house.do(lambda tx: holders.drop(tx, role, house.store.now()))


@pytest.mark.parametrize("how", ["deleted", "taken", "emptied", "replaced", "changed"])
def test_a_delegation_rests_on_the_role(house: Household, how: str) -> None:
    """With the role, or what it allowed, ends what its holders had delegated to them (rules.md 5, 8)."""
    helper, jean = house.person(), house.person()
    number = made(house, "users:act_for:*", users=(helper.subject.uuid,))
    session = house.token(helper)
    delegated = house.token(jean, "delegated", act=helper.subject.id, parent=session.view.token.id)
    assert house.opens(delegated) is None
    wish: Any = {
        "deleted": m.DeleteRole(number),
        "taken": m.ChangeMembers(number, take=(helper.subject.uuid,)),
        "emptied": m.ChangePermissions(number, take=("users:act_for:*",)),
        "replaced": m.ReplaceRole(number, permissions=()),
        "changed": m.ChangeRoles(helper.ref, take=(number,)),
    }[how]
    assert reason(house.wish(OPERATOR, wish)) is None
    assert house.opens(delegated) is Reason.TOKEN_ENDED
    assert house.opens(session) is None
    ended = "SELECT ended FROM tokens WHERE id = $1"
    assert house.one(ended, delegated.view.token.id) is not None


# --- two at once


def test_two_who_give_roles_lose_nothing(house: Household) -> None:
    """Of many who give and take roles of one user at once each has its way."""
    jean = house.person()
    given = [made(house, name=f"R{n}") for n in range(8)]
    house.wish(OPERATOR, m.ChangeRoles(jean.ref, give=tuple(given[:4])))
    wishes: list[Any] = [m.ChangeRoles(jean.ref, take=(n,)) for n in given[:4]]
    wishes += [m.ChangeRoles(jean.ref, give=(n,)) for n in given[4:6]]
    wishes += [m.ChangeMembers(n, give=(jean.subject.uuid,)) for n in given[6:]]
    with ThreadPoolExecutor(8) as crowd:
        heard = list(crowd.map(lambda wish: reason(house.wish(OPERATOR, wish)), wishes))
    assert heard == [None] * 8
    assert numbers(house, jean) == [7, *given[4:]]


def test_members_while_the_role_goes(house: Household) -> None:
    """Members of a role that is deleted meanwhile: every wish is answered, and nobody holds what is not there."""
    people = [house.person() for _ in range(6)]
    number = made(house)
    wishes: list[Any] = [m.ChangeMembers(number, give=(p.subject.uuid,)) for p in people[:3]]
    wishes += [m.ChangeRoles(p.ref, give=(number,)) for p in people[3:]]
    wishes.insert(3, m.DeleteRole(number))
    with ThreadPoolExecutor(7) as crowd:
        heard = list(crowd.map(lambda wish: reason(house.wish(OPERATOR, wish)), wishes))
    assert set(heard) <= {None, Reason.NOT_FOUND, Reason.MALFORMED}
    assert heard[3] is None
    assert all(numbers(house, person) == [7] for person in people)
    assert house.one("SELECT count(*) FROM memberships m LEFT JOIN roles o ON o.id = m.role WHERE o.id IS NULL") == 0


def test_what_is_written_down(house: Household) -> None:
    """A line of the record names the role, by name and number, and who came and went."""
    jean, mia = house.person(), house.person()
    number = made(house, users=(jean.subject.uuid,))
    house.wish(OPERATOR, m.ChangeMembers(number, give=(mia.subject.uuid,), take=(jean.subject.uuid,)))
    detail = house.one("SELECT detail FROM audit WHERE verb = 'roles:change_members'")
    assert msgspec.json.decode(detail) == {
        "role": "Own", "number": number, "given": [mia.subject.uuid], "taken": [jean.subject.uuid],
    }  # fmt: skip
