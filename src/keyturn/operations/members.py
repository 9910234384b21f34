"""Roles with who holds them: made, replaced and taken away, and given to users and groups."""

from collections.abc import Iterable

from keyturn.core.holdings import Group, HeldRole, HeldRoleShown, HeldRolesListed
from keyturn.core.membership import (
    ChangeMembers,
    ChangePermissions,
    CreateRole,
    DeleteRole,
    ListHeldRoles,
    ReplaceRole,
    ShowHeldRole,
)
from keyturn.core.names import canonical, plain
from keyturn.core.outcomes import Denied, Ended, Fields, Named, Reason, Result
from keyturn.core.rules import above, allows, allows_some, covers, may_give, triple
from keyturn.core.types import Actor, Instant, Role, Subject
from keyturn.store import groups, holders, roles, subjects, tokens
from keyturn.store.engine import Tx

MEMBERS = "roles:edit_members"
EDIT = "roles:edit"
LONGEST = 4096


def list_held_roles(tx: Tx, actor: Actor, wish: ListHeldRoles, now: Instant) -> Result | Denied:
    """Every role of the realm that the wire knows, by number, with who holds it."""
    known = roles.all_roles(tx, actor.realm.id)
    held = _held(tx, actor, known, wish.alike)
    hidden = {*wish.unseen, *wish.alike[1:]}
    return Result(HeldRolesListed(tuple(h for h in held if h.role.number not in hidden)))


def show_held_role(tx: Tx, actor: Actor, wish: ShowHeldRole, now: Instant) -> Result | Denied:
    """One role with who holds it."""
    role = roles.by_number(tx, actor.realm.id, wish.number)
    return Denied(Reason.NOT_FOUND) if role is None else _shown(tx, actor, role, wish.alike)


def create_role(tx: Tx, actor: Actor, wish: CreateRole, now: Instant) -> Result | Denied:
    """A role is there, and held by the given users and groups.

    Denies   CONFLICT naming the name; FORBIDDEN for rights the actor lacks, as permission or to give it;
             MALFORMED naming users or groups where one is not there
    """
    wrong = _faults(actor, wish.name, wish.description, wish.permissions)
    if wrong is not None:
        return wrong
    role = holders.create(tx, actor.realm.id, wish.name, wish.permissions, wish.description)
    if role is None:
        return Denied(Reason.CONFLICT, Named("name"))
    refused = _moved(tx, actor, role, wish.users, (), wish.groups, (), (), now)
    if refused is not None:
        return refused
    return _shown(tx, actor, role, (), {"permissions": list(wish.permissions), "given": list(wish.users)})


def replace_role(tx: Tx, actor: Actor, wish: ReplaceRole, now: Instant) -> Result | Denied:
    """The role is as given, all at once.

    Denies   BUILT_IN for name, description and permissions of a role every realm is born with; FORBIDDEN naming the
             right that a difference wants; as `create_role` otherwise
    """
    role = _kept(tx, actor, wish.number)
    if isinstance(role, Denied):
        return role
    name, description = _or(wish.name, role.name), _or(wish.description, role.description)
    permissions = role.permissions if wish.permissions is None else tuple(dict.fromkeys(wish.permissions))
    same = set(permissions) == set(role.permissions)
    if (name, description) != (role.name, role.description) or not same:
        refused = _rewritten(tx, actor, role, name, description, permissions, now)
        if refused is not None:
            return refused
    [before] = _held(tx, actor, (role,), wish.alike)
    given, taken = _difference(before.users, wish.users)
    given_groups, taken_groups = _difference(before.groups, wish.groups)
    refused = _moved(tx, actor, role, given, taken, given_groups, taken_groups, wish.alike, now)
    if refused is not None:
        return refused
    fresh = roles.by_number(tx, actor.realm.id, wish.number) or role
    detail = {"permissions": list(fresh.permissions), "given": sorted(given), "taken": sorted(taken)}
    return _shown(tx, actor, fresh, wish.alike, detail)


def change_members(tx: Tx, actor: Actor, wish: ChangeMembers, now: Instant) -> Result | Denied:
    """These hold the role and those do not, all at once.

    Denies   NOT_FOUND for a user or group to give it to who is not there; MALFORMED for one to take it from
    """
    if not allows_some(actor.grants, MEMBERS):
        return Denied(Reason.FORBIDDEN, Named("right", MEMBERS))
    role = _kept(tx, actor, wish.number)
    if isinstance(role, Denied):
        return Result(Ended(again=True), changed=False) if wish.lenient else role
    refused = _moved(
        tx, actor, role, wish.give, wish.take, wish.give_groups, wish.take_groups, wish.alike, now
    )  # fmt: skip
    if refused is not None:
        missing = isinstance(refused.note, Fields) and set(refused.note.fields) <= {"users", "groups"}
        return Denied(Reason.NOT_FOUND) if missing else refused
    moved = {"given": [*wish.give, *wish.give_groups], "taken": [*wish.take, *wish.take_groups]}
    detail = {"role": role.name, "number": role.number, **moved}
    return Result(Ended(), detail=detail, touches=f"realm:{actor.realm.id}")


def change_permissions(tx: Tx, actor: Actor, wish: ChangePermissions, now: Instant) -> Result | Denied:
    """The role has the permissions that were given and not those that were taken.

    Denies   BUILT_IN for a role every realm is born with; FORBIDDEN for rights the actor lacks
    """
    role = _kept(tx, actor, wish.number)
    if isinstance(role, Denied):
        return role
    if not covers(actor.grants, wish.give):
        return _unknown(wish.give) or Denied(Reason.FORBIDDEN, Named("permission"))
    after = tuple(p for p in dict.fromkeys((*role.permissions, *wish.give)) if p not in wish.take)
    refused = _rewritten(tx, actor, role, role.name, role.description, after, now)
    if refused is not None:
        return refused
    return _shown(tx, actor, roles.by_number(tx, actor.realm.id, role.number) or role, (), {"permissions": list(after)})


def delete_role(tx: Tx, actor: Actor, wish: DeleteRole, now: Instant) -> Result | Denied:
    """Nobody holds the role, and it is gone; its number is not given again.

    Denies   BUILT_IN for a role every realm is born with
    """
    role = roles.by_number(tx, actor.realm.id, wish.number)
    if role is None:
        return Denied(Reason.NOT_FOUND)
    if role.built_in:
        return Denied(Reason.BUILT_IN, Named("role"))
    if not holders.drop(tx, role, now):
        return Denied(Reason.NOT_FOUND)
    detail = {"role": role.name, "number": role.number}
    return Result(Ended(), detail=detail, touches=f"realm:{actor.realm.id}")


# --- parts


def _kept(tx: Tx, actor: Actor, number: int) -> Role | Denied:
    if not any(allows_some(actor.grants, right) for right in (EDIT, MEMBERS)):
        return Denied(Reason.FORBIDDEN, Named("right", EDIT))
    role = roles.by_number(tx, actor.realm.id, number)
    kept = None if role is None else holders.kept(tx, role.id)
    return Denied(Reason.NOT_FOUND) if kept is None else kept


def _rewritten(
    tx: Tx, actor: Actor, role: Role, name: str, description: str, permissions: tuple[str, ...], now: Instant
) -> Denied | None:
    """The role has another name, description or permissions, or why it may not."""
    if not allows(actor.grants, EDIT):
        return Denied(Reason.FORBIDDEN, Named("right", EDIT))
    if role.built_in:
        return Denied(Reason.BUILT_IN, Named("role"))
    new = tuple(p for p in permissions if p not in role.permissions)
    wrong = _faults(actor, name, description, new)
    if wrong is not None:
        return wrong
    if not holders.update(tx, role, name, permissions, description):
        return Denied(Reason.CONFLICT, Named("name"))
    if set(role.permissions) - set(permissions):
        tokens.end_acts_by(tx, role, now)
    return None


def _faults(actor: Actor, name: str, description: str, permissions: tuple[str, ...]) -> Denied | None:
    if canonical(name) is None or not plain(description, LONGEST):
        return Denied(Reason.MALFORMED, Fields({"name": "wants 1 to 256 plain letters"}))
    if not covers(actor.grants, permissions):
        return _unknown(permissions) or Denied(Reason.FORBIDDEN, Named("permission"))
    return None


def _unknown(permissions: tuple[str, ...]) -> Denied | None:
    if all(triple(p) is not None for p in permissions):
        return None
    return Denied(Reason.MALFORMED, Fields({"permissions": "holds one that is not known"}))


def _moved(
    tx: Tx, actor: Actor, role: Role, give: Iterable[str], take: Iterable[str], give_groups: Iterable[str],
    take_groups: Iterable[str], alike: tuple[int, ...], now: Instant,
) -> Denied | None:  # fmt: skip
    """These hold the role and those do not, or why that may not be."""
    given, taken = set(give), set(take)
    found = {s.uuid: s for s in subjects.among(tx, actor.realm.id, tuple(given | taken))}
    if given - set(found):
        return Denied(Reason.MALFORMED, Fields({"users": "names somebody who is not there"}))
    if taken - set(found):
        return Denied(Reason.MALFORMED, Fields({"taken": "names somebody who is not there"}))
    same = _alike(tx, role, alike)
    # In the order of their rows, so that of two who change the members of a role none waits for the other.
    for about in sorted(found.values(), key=lambda subject: subject.id):
        refused = _user(tx, actor, about, role, same, about.uuid in given, now)
        if refused is not None:
            return refused
    return _groups(tx, actor, role, set(give_groups), set(take_groups))


def _user(
    tx: Tx, actor: Actor, about: Subject, role: Role, same: set[int], give: bool, now: Instant
) -> Denied | None:  # fmt: skip
    subjects.held(tx, about.id)
    held = roles.held(tx, about.id)
    ids = {r.id for r in held}
    after = ids | ({role.id} if not ids & same else set()) if give else ids - same
    if after == ids:
        return None if allows(actor.grants, MEMBERS, about.uuid) else Denied(Reason.FORBIDDEN, Named("right", MEMBERS))
    mine = actor.subject is not None and actor.subject.id == about.id
    over = not mine and above(roles.grants_of(tx, about.id), actor.grants)
    if over or not allows(actor.grants, MEMBERS, about.uuid):
        return Denied(Reason.FORBIDDEN, Named("right", MEMBERS))
    if give and not may_give(actor.grants, (role,)):
        return Denied(Reason.FORBIDDEN, Named("role"))
    if not give and about.built_in:
        return Denied(Reason.BUILT_IN, Named("roles"))
    holders.shift(tx, about.realm, about.id, ids, after, now)
    return None


def _groups(tx: Tx, actor: Actor, role: Role, give: set[str], take: set[str]) -> Denied | None:
    if not give and not take:
        return None
    if not allows(actor.grants, MEMBERS):
        return Denied(Reason.FORBIDDEN, Named("right", MEMBERS))
    if give and not may_give(actor.grants, (role,)):
        return Denied(Reason.FORBIDDEN, Named("role"))
    found: dict[str, Group | None] = {
        uuid: groups.by_uuid(tx, actor.realm.id, uuid, held=True) for uuid in sorted(give | take)
    }
    if any(found[uuid] is None for uuid in give):
        return Denied(Reason.MALFORMED, Fields({"groups": "names a group that is not there"}))
    if any(found[uuid] is None for uuid in take):
        return Denied(Reason.MALFORMED, Fields({"taken": "names a group that is not there"}))
    for group in (g for g in found.values() if g is not None):
        ids = {r.id for r in groups.roles_of(tx, group)}
        groups.shift(tx, group, ids, ids | {role.id} if group.uuid in give else ids - {role.id})
    return None


def _held(tx: Tx, actor: Actor, known: tuple[Role, ...], alike: tuple[int, ...]) -> tuple[HeldRole, ...]:
    """The roles with who holds them; the first of those alike with the holders of all of them."""
    one = known[0].id if len(known) == 1 and known[0].number not in alike else None
    by_role, by_group = holders.users(tx, actor.realm.id, one), groups.holders(tx, actor.realm.id)
    others = [r for n in alike[1:] if (r := roles.by_number(tx, actor.realm.id, n)) is not None]

    def users(role: Role) -> tuple[str, ...]:
        ids = [role.id, *(o.id for o in others if role.number == alike[0])]
        return tuple(dict.fromkeys(uuid for i in ids for uuid in by_role.get(i, ())))

    return tuple(HeldRole(role, users(role), tuple(by_group.get(role.id, ()))) for role in known)


def _alike(tx: Tx, role: Role, alike: tuple[int, ...]) -> set[int]:
    """The ids of the roles that the wire takes for this one."""
    if role.number not in alike[:1]:
        return {role.id}
    return {r.id for n in alike if (r := roles.by_number(tx, role.realm, n)) is not None}


def _shown(
    tx: Tx, actor: Actor, role: Role, alike: tuple[int, ...], detail: dict[str, list[str]] | None = None
) -> Result:
    [held] = _held(tx, actor, (role,), alike)
    told = {"role": role.name, "number": role.number, **(detail or {})}
    return Result(HeldRoleShown(held), detail=told, touches=None if detail is None else f"realm:{actor.realm.id}")


def _difference(before: tuple[str, ...], wanted: tuple[str, ...] | None) -> tuple[set[str], set[str]]:
    """Who is to be given it and from whom it is to be taken; None leaves everybody."""
    return (set(), set()) if wanted is None else (set(wanted) - set(before), set(before) - set(wanted))


def _or(given: str | None, held: str) -> str:
    return held if given is None else given
