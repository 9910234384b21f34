"""Users as a wire saw them and wants them: only what differs is changed, and each part wants its own right."""

from keyturn.core.commands import EditUser
from keyturn.core.membership import ChangeRoles, Counted, PutUser
from keyturn.core.outcomes import Denied, Named, Reason, Result, UserShown
from keyturn.core.rules import above, allows, allows_some, counted
from keyturn.core.types import Actor, Instant, Role, Subject
from keyturn.operations.users.editing import edited, saved
from keyturn.operations.users.names import numbered, ungiven
from keyturn.operations.users.standing import let_in, stop
from keyturn.store import holders, roles, subjects, views
from keyturn.store.engine import Tx

RIGHTS = {
    "login": "users:edit",
    "email": "users:edit",
    "display_name": "users:edit",
    "roles": "roles:edit_members",
    "active": "users:disable",
}
"""What of a user wants which right."""
NAMES = ("login", "email", "display_name")


def put_user(tx: Tx, actor: Actor, wish: PutUser, now: Instant) -> Result | Denied:
    """The user is as given, all at once.

    Denies   FORBIDDEN naming the right that a difference wants; CONFLICT naming login or email; REMOTE_ACCOUNT for
             names that are kept elsewhere; BUILT_IN naming what of a built-in user was to change
    """
    about = _found(tx, actor, wish)
    if isinstance(about, Denied):
        return about
    held = roles.held(tx, about.id)
    wanted = _wanted(tx, actor, held, wish.roles)
    if isinstance(wanted, Denied):
        return wanted
    parts = _differing(tx, actor, about, wish, held, wanted, now)
    refused = _refused(actor, about, parts, held, wanted)
    if refused is not None:
        return refused
    wrong = saved(tx, about, edited(about, _names(wish)), now) if {*parts} & {*NAMES} else None
    if wrong is not None:
        return wrong
    if "roles" in parts:
        holders.shift(tx, about.realm, about.id, _ids(held), _ids(wanted), now)
    if "active" in parts:
        _ = let_in(tx, about, now) if wish.active else stop(tx, about, now)
    shown = views.of_subject(tx, subjects.by_id(tx, about.id) or about, actor.realm, now)
    detail = {"fields": parts, **_moved(held, wanted)}
    touches = f"subject:{about.id}" if parts else None
    return Result(UserShown(shown), about.id, detail=detail, touches=touches, changed=bool(parts))


def change_roles(tx: Tx, actor: Actor, wish: ChangeRoles, now: Instant) -> Result | Denied:
    """The user has the roles that were given and not those that were taken; of two who change them neither loses.

    Denies   MALFORMED for a role that is not there; FORBIDDEN for one the actor may not give; BUILT_IN for taking
             one from a built-in user
    """
    about = None if actor.about is None else subjects.held(tx, actor.about.id)
    if about is None or about.state == "deleted":
        return Denied(Reason.NOT_FOUND)
    held = roles.held(tx, about.id)
    numbers = {role.number for role in held}
    take = set(wish.take) | (set(wish.alike) if set(wish.alike[:1]) & set(wish.take) else set())
    known = numbered(tx, actor.realm.id, set(wish.give) | set(wish.take))
    if isinstance(known, Denied):
        return known
    after = counted(numbers, (numbers | set(wish.give)) - take, (), wish.alike)
    wanted = numbered(tx, actor.realm.id, after)
    if isinstance(wanted, Denied):
        return wanted
    refused = ungiven(actor, held, wanted) or _fixed(about, ["roles"] if _lost(held, wanted) else [])
    if refused is not None:
        return refused
    holders.shift(tx, about.realm, about.id, _ids(held), _ids(wanted), now)
    shown = views.of_subject(tx, about, actor.realm, now)
    changed = _ids(held) != _ids(wanted)
    touches = f"subject:{about.id}" if changed else None
    return Result(UserShown(shown), about.id, detail=_moved(held, wanted), touches=touches, changed=changed)


def _found(tx: Tx, actor: Actor, wish: PutUser) -> Subject | Denied:
    """Whom it is about, for somebody who may change anything of them."""
    rights = sorted(set(RIGHTS.values()))
    if not any(allows_some(actor.grants, right) for right in rights):
        return Denied(Reason.FORBIDDEN, Named("right", "users:edit"))
    known = subjects.by_ref(tx, actor.realm.id, wish.subject)
    about = None if known is None else subjects.held(tx, known.id)
    if about is None or about.state == "deleted":
        return Denied(Reason.NOT_FOUND)
    if not any(allows(actor.grants, right, about.uuid) for right in rights):
        return Denied(Reason.FORBIDDEN, Named("right", "users:edit"))
    mine = actor.subject is not None and actor.subject.id == about.id
    if not mine and above(roles.grants_of(tx, about.id), actor.grants):
        return Denied(Reason.FORBIDDEN, Named("right", "users:edit"))
    return about


def _differing(
    tx: Tx, actor: Actor, about: Subject, wish: PutUser, held: tuple[Role, ...], wanted: tuple[Role, ...], now: Instant
) -> list[str]:
    parts = [n for n in NAMES if getattr(wish, n) not in (None, getattr(about, n))]
    if _ids(held) != _ids(wanted):
        parts.append("roles")
    if wish.active is not None and wish.active is not _let_in_here(tx, actor, about, now):
        parts.append("active")
    return parts


def _let_in_here(tx: Tx, actor: Actor, about: Subject, now: Instant) -> bool:
    """Whether the wire shows the user as one who may act: it may be that a lasting lock of its own shows as well."""
    lasting = actor.realm.settings.text(f"{actor.dialect}.lockout") == "revoke" and not about.built_in
    locked = lasting and views.of_subject(tx, about, actor.realm, now).locked_on == actor.dialect
    return about.state == "active" and not locked


def _refused(
    actor: Actor, about: Subject, parts: list[str], held: tuple[Role, ...], wanted: tuple[Role, ...]
) -> Denied | None:
    lacking = (RIGHTS[part] for part in parts if not allows(actor.grants, RIGHTS[part], about.uuid))
    right = next(lacking, None)
    if right is not None:
        return Denied(Reason.FORBIDDEN, Named("right", right))
    if about.remote and {*parts} & {*NAMES}:
        return Denied(Reason.REMOTE_ACCOUNT)
    return _fixed(about, parts) or ungiven(actor, held, wanted)


def _fixed(about: Subject, parts: list[str]) -> Denied | None:
    """What of a built-in user was to change."""
    return Denied(Reason.BUILT_IN, Named(parts[0])) if about.built_in and parts else None


def _wanted(tx: Tx, actor: Actor, held: tuple[Role, ...], given: Counted | None) -> tuple[Role, ...] | Denied:
    if given is None:
        return held
    numbers = {role.number for role in held}
    return numbered(tx, actor.realm.id, counted(numbers, given.numbers, given.unseen, given.alike))


def _names(wish: PutUser) -> EditUser:
    return EditUser(wish.subject, wish.login, wish.email, wish.display_name)


def _moved(held: tuple[Role, ...], wanted: tuple[Role, ...]) -> dict[str, list[str]]:
    given = [role.name for role in wanted if role.id not in _ids(held)]
    lost = [role.name for role in _lost(held, wanted)]
    return {name: names for name, names in (("given", given), ("lost", lost)) if names}


def _lost(held: tuple[Role, ...], wanted: tuple[Role, ...]) -> list[Role]:
    return [role for role in held if role.id not in _ids(wanted)]


def _ids(some: tuple[Role, ...]) -> set[int]:
    return {role.id for role in some}
