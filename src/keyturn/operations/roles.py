"""Roles: named sets of permissions."""

from keyturn.core.commands import EditRole, ListRoles, PutRole, ShowRole
from keyturn.core.names import canonical, plain
from keyturn.core.outcomes import Denied, Fields, Named, Reason, Result, RoleShown, RolesListed
from keyturn.core.rules import covers, triple
from keyturn.core.types import Actor, Instant
from keyturn.store import roles, tokens
from keyturn.store.engine import Tx


def list_roles(tx: Tx, actor: Actor, wish: ListRoles, now: Instant) -> Result | Denied:
    """Every role of the realm, by number."""
    return Result(RolesListed(roles.all_roles(tx, actor.realm.id)))


def show_role(tx: Tx, actor: Actor, wish: ShowRole, now: Instant) -> Result | Denied:
    """One role."""
    role = roles.by_name(tx, actor.realm.id, wish.name)
    return Denied(Reason.NOT_FOUND) if role is None else Result(RoleShown(role))


def edit_role(tx: Tx, actor: Actor, wish: EditRole, now: Instant) -> Result | Denied:
    """Holders of the role need a second factor, or need none for it: asked at their next sign-in.

    Denies   FORBIDDEN for a role that gives more than the actor has: nobody lowers what is asked of those above (TM4)
    """
    role = roles.by_name(tx, actor.realm.id, wish.name)
    if role is None:
        return Denied(Reason.NOT_FOUND)
    if not covers(actor.grants, role.permissions) or (role.across and not actor.grants.across):
        return Denied(Reason.FORBIDDEN, Named("role"))
    roles.require(tx, role.id, wish.two_factor)
    detail = {"role": role.name, "two_factor": wish.two_factor}
    return Result(RoleShown(roles.by_name(tx, actor.realm.id, wish.name) or role), detail=detail)


def put_role(tx: Tx, actor: Actor, wish: PutRole, now: Instant) -> Result | Denied:
    """The role has exactly these permissions.

    Denies   BUILT_IN for a role every realm is born with; FORBIDDEN for rights the actor lacks
    """
    if canonical(wish.name) is None or not plain(wish.description):
        return Denied(Reason.MALFORMED, Fields({"name": "wants 1 to 256 plain letters"}))
    if any(triple(p) is None for p in wish.permissions):
        return Denied(Reason.MALFORMED, Fields({"permissions": "wants noun:action:target of a known right"}))
    if not covers(actor.grants, wish.permissions):
        return Denied(Reason.FORBIDDEN, Named("permission"))
    before = roles.by_name(tx, actor.realm.id, wish.name)
    role = roles.put(tx, actor.realm.id, wish.name, wish.permissions, wish.description)
    if role is None:
        return Denied(Reason.BUILT_IN)
    if before is not None and set(before.permissions) - set(role.permissions):
        tokens.end_acts_by(tx, role, now)
    detail = {"role": role.name, "permissions": list(role.permissions)}
    return Result(RoleShown(role), detail=detail, touches=f"realm:{actor.realm.id}")
