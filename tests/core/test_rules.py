"""Rights: what permissions allow, what a token's scopes leave of them, and who is above whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import rules
from keyturn.core.rules import ADMINISTRATORS, BUILT_IN, EVERYTHING, NOBODY, PERMISSIONS, STEWARDS
from keyturn.core.types import Grants, Role


def role(name: str, *permissions: str, built_in: bool = False, across: bool = False) -> Role:
    """A role with these permissions."""
    return Role(1, 1, "uuid", 1, name, "", built_in, across, permissions)


def built_in(name: str) -> Grants:
    """What a holder of that built-in role may do."""
    row = next(r for r in BUILT_IN if r.name == name)
    return rules.grants([role(row.name, *row.permissions, built_in=True, across=row.across)])


MINE = rules.grants([role("r", "users:view:*", "users:edit:u1", "tokens:*:t1")])


@pytest.mark.parametrize(
    ("right", "target", "allowed"),
    [
        ("users:view", "*", True),
        ("users:view", "u9", True),
        ("users:edit", "u1", True),
        ("users:edit", "u2", False),
        ("users:edit", "*", False),
        ("tokens:view", "t1", True),
        ("tokens:revoke", "t1", True),
        ("tokens:revoke", "t2", False),
        ("audit:view", "*", False),
    ],
)
def test_allows(right: str, target: str, allowed: bool) -> None:
    """A right holds on its target, on everything where that is `*`, and on nothing else."""
    assert rules.allows(MINE, right, target) is allowed


def test_some_of_a_right_is_not_all_of_it() -> None:
    """A right on one thing is some of the right; no right at all is none of it."""
    assert rules.allows_some(MINE, "users:edit")
    assert rules.allows_some(MINE, "tokens:view")
    assert not rules.allows_some(MINE, "roles:edit")
    assert not rules.allows_some(NOBODY, "users:view")


@pytest.mark.parametrize(
    "text",
    ["", "users", "users:view", "users:view:", "users:fly:*", "*:view:*", "nobody:*:*", ":::", "*:*", "Users:view:*"],
)
def test_what_is_no_permission(text: str) -> None:
    """What names no right that exists, or no target, is no permission, and gives nothing in a role."""
    assert rules.triple(text) is None
    assert rules.grants([role("r", text)]).triples == frozenset()


def test_permissions_as_written() -> None:
    """A permission has three parts; a target may hold colons; a star stands for all of a noun, or for all."""
    assert rules.triple("users:view:a:b") == ("users", "view", "a:b")
    assert rules.triple("users:*:*") == ("users", "*", "*")
    assert rules.triple("*:*:*") == ("*", "*", "*")


@pytest.mark.parametrize("right", PERMISSIONS)
def test_everything_is_everything(right: str) -> None:
    """A Steward has every right on everything; an Administrator all but those across realms; nobody has none."""
    assert rules.allows(EVERYTHING, right, "x")
    assert rules.allows(built_in(STEWARDS), right)
    across = right in ("realms:create", "realms:edit", "metrics:view")
    assert rules.allows(built_in(ADMINISTRATORS), right) is not across
    assert not rules.allows(NOBODY, right)


@pytest.mark.parametrize(("name", "above"), [("Members", 0), ("Help Desk", 0), (ADMINISTRATORS, 1), (STEWARDS, 2)])
def test_rank(name: str, above: int) -> None:
    """An administrator of the realm is above its people, a Steward above all."""
    assert rules.rank(built_in(name)) == above
    assert rules.administers(built_in(name)) is (above > 0)


def test_a_role_of_that_name_is_no_rank() -> None:
    """A realm's own role called like a built-in one makes nobody an administrator."""
    assert rules.rank(rules.grants([role(STEWARDS, "users:view:*"), role(ADMINISTRATORS)])) == 0


def test_nobody_gives_what_they_lack() -> None:
    """Permissions are covered when each of them is held; what is no permission never is (TM4)."""
    assert rules.covers(MINE, ["users:view:*", "users:edit:u1"])
    assert rules.covers(MINE, [])
    assert not rules.covers(MINE, ["users:view:*", "users:edit:*"])
    assert not rules.covers(MINE, ["users:*:*"])
    assert not rules.covers(EVERYTHING, ["users:fly:*"])
    assert rules.covers(EVERYTHING, ["*:*:*"])


@pytest.mark.parametrize(
    ("scopes", "right", "target", "allowed"),
    [
        (("users:view",), "users:view", "u9", True),
        (("users:view",), "users:edit", "u1", False),
        (("users:view:u9",), "users:view", "u9", True),
        (("users:view:u9",), "users:view", "u8", False),
        (("users:edit",), "users:edit", "u1", True),
        (("users:edit",), "users:edit", "u2", False),
        (("users:edit:u2",), "users:edit", "u2", False),
        (("audit:view",), "audit:view", "*", False),
        (("users:*:*",), "users:view", "u9", False),
        (("*:*:*",), "users:view", "u9", False),
        (("introspect",), "tokens:introspect", "*", True),
        (("introspect",), "users:view", "u9", False),
        (("a", "b:c", "d:e:f:g", ":"), "users:view", "u9", False),
    ],
)
def test_scopes_narrow(scopes: tuple[str, ...], right: str, target: str, allowed: bool) -> None:
    """A scope keeps of a right what it names and adds none, a star names nothing; `introspect` alone is given."""
    assert rules.allows(rules.narrowed(MINE, scopes), right, target) is allowed


def test_without_scopes_all_is_kept() -> None:
    """A token without scopes carries all its owner's rights; with any, it is no administrator's any more."""
    assert rules.narrowed(MINE, None) == MINE
    assert not rules.administers(rules.narrowed(built_in(STEWARDS), ("users:view",)))


TARGETS = st.sampled_from(["*", "u1", "u2"])
RIGHTS = st.sampled_from(sorted(PERMISSIONS))
PERMITTED = st.builds("{}:{}".format, RIGHTS, TARGETS)
SCOPES = st.lists(
    RIGHTS | PERMITTED | st.sampled_from(["x", "users:*", "*:*", "*:*:*", "users:*:*", "openid"]), max_size=4
)


@given(st.lists(PERMITTED, max_size=6), SCOPES.map(tuple), RIGHTS, TARGETS)
def test_no_scope_adds_a_right(held: list[str], scopes: tuple[str, ...], right: str, target: str) -> None:
    """Whatever the scopes, a token may do nothing that its owner may not."""
    mine = rules.grants([role("r", *held)])
    if rules.allows(rules.narrowed(mine, scopes), right, target):
        assert rules.allows(mine, right, target)


@pytest.mark.parametrize(("login", "known"), [("admin", True), ("root", False), (None, False), ("", False)])
def test_a_uuid_that_scripts_know(login: str | None, known: bool) -> None:
    """The first administrator of the usual login gets the uuid that scripts carry; nobody else does."""
    assert (rules.known_uuid(login) is not None) is known


@pytest.mark.parametrize(
    ("held", "numbers", "after"),
    [
        ({7}, (3,), {3, 7}),
        ({3, 4}, (), set()),
        ({8}, (1, 3), {3, 8}),
        ({1, 8}, (1,), {1, 8}),
        ({1}, (1,), {1}),
        ({8, 7}, (3,), {3, 7}),
        (set(), (1,), {1}),
    ],
)
def test_counted(held: set[int], numbers: tuple[int, ...], after: set[int]) -> None:
    """Exactly the numbers, beside what is unseen; one of those that are alike stands for what is held of them."""
    assert rules.counted(held, numbers, (7,), (1, 8)) == after
    assert rules.counted(held, numbers, (), ()) == set(numbers)


def test_what_may_be_given() -> None:
    """All that a role gives is held, and of the rank that its name gives nobody gives without having it."""
    boss, all_rights = built_in(ADMINISTRATORS), built_in(STEWARDS)
    row = {r.name: role(r.name, *r.permissions, built_in=True, across=r.across) for r in BUILT_IN}
    assert rules.may_give(boss, [row[ADMINISTRATORS], row["Viewers"]])
    assert rules.may_give(all_rights, row.values())
    assert not rules.may_give(boss, [row["Viewers"], row[STEWARDS]])
    assert not rules.may_give(MINE, [row[ADMINISTRATORS]])
    assert rules.may_give(MINE, [role(ADMINISTRATORS, "users:view:*")])
    assert rules.may_give(NOBODY, [])
