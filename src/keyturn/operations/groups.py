"""Groups of users kept elsewhere: written down with their roles, shown, changed and forgotten."""

from keyturn.core.holdings import Group, GroupShown, GroupsListed
from keyturn.core.membership import CreateGroup, DeleteGroup, EditGroup, ListGroups, ShowGroup
from keyturn.core.names import canonical, plain
from keyturn.core.outcomes import Denied, Ended, Fields, Named, Reason, Result
from keyturn.core.rules import may_give
from keyturn.core.types import Actor, Instant, Role
from keyturn.store import groups, roles, subjects
from keyturn.store.engine import Tx


def list_groups(tx: Tx, actor: Actor, wish: ListGroups, now: Instant) -> Result | Denied:
    """Every group of the realm."""
    return Result(GroupsListed(groups.all_groups(tx, actor.realm.id)))


def show_group(tx: Tx, actor: Actor, wish: ShowGroup, now: Instant) -> Result | Denied:
    """One group."""
    group = groups.by_uuid(tx, actor.realm.id, wish.group)
    return Denied(Reason.NOT_FOUND) if group is None else Result(GroupShown(group))


def create_group(tx: Tx, actor: Actor, wish: CreateGroup, now: Instant) -> Result | Denied:
    """A group is written down.

    Denies   CONFLICT naming the login, that of a user too; FORBIDDEN for roles the actor may not give
    """
    if canonical(wish.login) is None or not plain(wish.display_name):
        return Denied(Reason.MALFORMED, Fields({"login": "wants 1 to 256 plain letters"}))
    given = _given(tx, actor, set(wish.roles), set())
    if isinstance(given, Denied):
        return given
    taken = subjects.by_name(tx, actor.realm.id, wish.login, "login") is not None
    group = groups.create(tx, actor.realm.id, wish.login, wish.display_name, wish.provider, now) if not taken else None
    if group is None:
        return Denied(Reason.CONFLICT, Named("login"))
    groups.shift(tx, group, set(), {role.id for role in given})
    return _told(tx, actor, group)


def edit_group(tx: Tx, actor: Actor, wish: EditGroup, now: Instant) -> Result | Denied:
    """The group has the given name and roles.

    Denies   FORBIDDEN for roles the actor may not give
    """
    group = groups.by_uuid(tx, actor.realm.id, wish.group, held=True)
    if group is None:
        return Denied(Reason.NOT_FOUND)
    if wish.display_name is not None:
        if not plain(wish.display_name):
            return Denied(Reason.MALFORMED, Fields({"display_name": "holds characters that cannot be shown"}))
        groups.rename(tx, group, wish.display_name)
    if wish.roles is not None:
        given = _given(tx, actor, set(wish.roles), set(group.roles))
        if isinstance(given, Denied):
            return given
        groups.shift(tx, group, {role.id for role in groups.roles_of(tx, group)}, {role.id for role in given})
    return _told(tx, actor, group)


def delete_group(tx: Tx, actor: Actor, wish: DeleteGroup, now: Instant) -> Result | Denied:
    """The group is forgotten."""
    group = groups.by_uuid(tx, actor.realm.id, wish.group, held=True)
    if group is None:
        return Denied(Reason.NOT_FOUND)
    groups.drop(tx, group)
    return Result(Ended(), detail={"group": group.login, "id": group.uuid})


def _given(tx: Tx, actor: Actor, numbers: set[int], held: set[int]) -> tuple[Role, ...] | Denied:
    """The roles of those numbers, if the actor may give all that are not held already."""
    found = [roles.by_number(tx, actor.realm.id, number) for number in sorted(numbers)]
    given = tuple(role for role in found if role is not None)
    if len(given) != len(numbers):
        return Denied(Reason.MALFORMED, Fields({"roles": "names a role that is not there"}))
    new = [role for role in given if role.number not in held]
    return given if may_give(actor.grants, new) else Denied(Reason.FORBIDDEN, Named("role"))


def _told(tx: Tx, actor: Actor, group: Group) -> Result:
    shown = groups.by_uuid(tx, actor.realm.id, group.uuid) or group
    return Result(GroupShown(shown), detail={"group": group.login, "id": group.uuid, "roles": list(shown.roles)})
