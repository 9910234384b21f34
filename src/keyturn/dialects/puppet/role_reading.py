"""Requests about roles, permissions, groups and the disclaimer, read into commands."""

from collections.abc import Callable
from typing import Any

from keyturn.core import commands as c
from keyturn.core import membership as m
from keyturn.core.outcomes import Denied, Named, Reason
from keyturn.core.settings import Settings
from keyturn.dialects.puppet import role_bodies as b
from keyturn.dialects.puppet.permissions import ours, right_of
from keyturn.dialects.puppet.reading import UUID, object_of
from keyturn.dialects.puppet.user_reading import A_UUID, ADMIN, ALIKE, OTHER_ID, SUPERUSER, UNSEEN, numbers
from keyturn.wire import Request, decoded, denied, malformed

A_ROLE = "wants the number of a role"
NOT_KNOWN = "holds one that is not known"
DISCLAIMER = "puppet.disclaimer"


# --- roles


def list_roles(request: Request, settings: Settings) -> m.ListHeldRoles:
    """Every role this wire knows of."""
    return m.ListHeldRoles(UNSEEN, ALIKE)


def show_role(request: Request, settings: Settings) -> m.ShowHeldRole | Denied:
    """The role in the path."""
    role = _role(request)
    return role if isinstance(role, Denied) else m.ShowHeldRole(role, ALIKE)


def create_role(request: Request, settings: Settings) -> m.CreateRole | Denied:
    """A role with its permissions and members."""
    body = object_of(request, b.RoleBody)
    if isinstance(body, Denied):
        return body
    if body.display_name is None:
        return malformed("display_name", "is missing")
    permissions, users, groups = _parts(body)
    for part in (permissions, users, groups):
        if isinstance(part, Denied):
            return part
    return m.CreateRole(body.display_name, permissions or (), body.description or "", users or (), groups or ())


def replace_role(request: Request, settings: Settings) -> m.ReplaceRole | Denied:
    """The role in the path as given."""
    role, body = _role(request), object_of(request, b.RoleBody)
    if isinstance(role, Denied):
        return role
    if isinstance(body, Denied):
        return body
    if body.id is not None and body.id != int(request.params["rid"]):
        return malformed("id", OTHER_ID)
    permissions, users, groups = _parts(body)
    for part in (permissions, users, groups):
        if isinstance(part, Denied):
            return part
    return m.ReplaceRole(role, body.display_name, body.description, permissions, users, groups, ALIKE)


def delete_role(request: Request, settings: Settings) -> m.DeleteRole | Denied:
    """The role in the path."""
    role = _role(request)
    return role if isinstance(role, Denied) else m.DeleteRole(role)


def add_users(request: Request, settings: Settings) -> m.ChangeMembers | Denied:
    """Users for a role."""
    return _members(request, b.RoleUsers, lambda role, ids: m.ChangeMembers(role, give=ids, alike=ALIKE))


def remove_users(request: Request, settings: Settings) -> m.ChangeMembers | Denied:
    """Users from a role, which may be gone already."""
    wish = _members(request, b.RoleUsers, lambda role, ids: m.ChangeMembers(role, take=ids, alike=ALIKE, lenient=True))
    if isinstance(wish, m.ChangeMembers) and wish.number == SUPERUSER and ADMIN in wish.take:
        return Denied(Reason.BUILT_IN, Named("roles"))
    return wish


def add_groups(request: Request, settings: Settings) -> m.ChangeMembers | Denied:
    """Groups for a role."""
    return _members(request, b.RoleGroups, lambda role, ids: m.ChangeMembers(role, give_groups=ids, alike=ALIKE))


def remove_groups(request: Request, settings: Settings) -> m.ChangeMembers | Denied:
    """Groups from a role, which may be gone already."""
    return _members(
        request, b.RoleGroups, lambda role, ids: m.ChangeMembers(role, take_groups=ids, alike=ALIKE, lenient=True)
    )


def add_permissions(request: Request, settings: Settings) -> m.ChangePermissions | Denied:
    """Permissions for a role."""
    return _permissions(request, lambda role, given: m.ChangePermissions(role, give=given))


def remove_permissions(request: Request, settings: Settings) -> m.ChangePermissions | Denied:
    """Permissions from a role."""
    return _permissions(request, lambda role, given: m.ChangePermissions(role, take=given))


# --- what is allowed


def ask_permitted(request: Request, settings: Settings) -> m.AskPermitted | Denied:
    """Which of these permissions somebody has; one that is not known stays in its place."""
    body = object_of(request, b.Question)
    if isinstance(body, Denied):
        return body
    if not UUID.fullmatch(body.token):
        return malformed("token", A_UUID)
    return m.AskPermitted(body.token.lower(), tuple(ours(permission) or "" for permission in body.permissions))


def list_targets(request: Request, settings: Settings) -> m.ListTargets | Denied:
    """On what somebody, or the caller, may do something."""
    sid = request.params.get("sid")
    if sid is not None and not UUID.fullmatch(sid):
        return malformed("sid", A_UUID)
    right = right_of(request.params["object_type"], request.params["action"])
    if right is None:
        return denied(Reason.NOT_FOUND)
    return m.ListTargets(right, None if sid is None else sid.lower())


# --- groups


def show_group(request: Request, settings: Settings) -> m.ShowGroup | Denied:
    """The group in the path."""
    group = _group(request)
    return group if isinstance(group, Denied) else m.ShowGroup(group)


def create_group(request: Request, settings: Settings) -> m.CreateGroup | Denied:
    """A group to be written down."""
    body = object_of(request, b.GroupBody)
    if isinstance(body, Denied):
        return body
    if body.login is None:
        return malformed("login", "is missing")
    provider = body.identity_provider_id
    if provider is not None and not UUID.fullmatch(provider):
        return malformed("identity_provider_id", A_UUID)
    return m.CreateGroup(body.login, body.display_name or body.login, provider, numbers(body.role_ids or ()))


def edit_group(request: Request, settings: Settings) -> m.EditGroup | Denied:
    """What is to change of the group in the path."""
    group, body = _group(request), object_of(request, b.GroupBody)
    if isinstance(group, Denied):
        return group
    if isinstance(body, Denied):
        return body
    if body.id is not None and body.id.lower() != group:
        return malformed("id", OTHER_ID)
    return m.EditGroup(group, body.display_name, None if body.role_ids is None else numbers(body.role_ids))


def delete_group(request: Request, settings: Settings) -> m.DeleteGroup | Denied:
    """The group in the path."""
    group = _group(request)
    return group if isinstance(group, Denied) else m.DeleteGroup(group)


# --- the disclaimer, the directory


def set_disclaimer(request: Request, settings: Settings) -> c.EditRealm | Denied:
    """Words shown at sign-in, none among them."""
    body = object_of(request, b.Disclaimer)
    return body if isinstance(body, Denied) else c.EditRealm(settings={DISCLAIMER: body.disclaimer})


def remove_disclaimer(request: Request, settings: Settings) -> c.EditRealm:
    """No words; the body, whatever its content type, is not looked at."""
    return c.EditRealm(settings={DISCLAIMER: None})


def show_realm(request: Request, settings: Settings) -> c.ShowRealm:
    """The realm's choices."""
    return c.ShowRealm()


def empty_directory(request: Request, settings: Settings) -> c.ShowRealm | Denied:
    """No directory, which is what there is; any other one cannot be had here."""
    body = decoded(request.body, dict[str, Any])
    if isinstance(body, Denied):
        return body
    return denied(Reason.NOT_FOUND) if body else c.ShowRealm()


# --- readers of this wire


def _role(request: Request) -> int | Denied:
    text = request.params["rid"]
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        return malformed("rid", A_ROLE)
    return numbers((int(text),))[0]


def _group(request: Request) -> str | Denied:
    sid = request.params["sid"]
    return sid.lower() if UUID.fullmatch(sid) else malformed("sid", A_UUID)


def _parts(body: b.RoleBody) -> tuple[Any, Any, Any]:
    """Permissions, users and groups of a role, each or why it is none."""
    given = None if body.permissions is None else _ours(body.permissions)
    return given, _uuids(body.user_ids, "user_ids"), _uuids(body.group_ids, "group_ids")


def _uuids(given: tuple[str, ...] | None, field: str) -> tuple[str, ...] | Denied | None:
    if given is None:
        return None
    uuids = tuple(dict.fromkeys(one.lower() for one in given))
    return uuids if all(UUID.fullmatch(one) for one in uuids) else malformed(field, A_UUID)


def _ours(given: tuple[b.Permission, ...]) -> tuple[str, ...] | Denied:
    found = [ours(permission) for permission in given]
    known = tuple(dict.fromkeys(one for one in found if one is not None))
    return malformed("permissions", NOT_KNOWN) if None in found else known


def _members(
    request: Request,
    model: type[b.RoleUsers] | type[b.RoleGroups],
    wish: Callable[[int, tuple[str, ...]], m.ChangeMembers],
) -> m.ChangeMembers | Denied:
    body: Any = object_of(request, model)
    if isinstance(body, Denied):
        return body
    field = "user_ids" if model is b.RoleUsers else "group_ids"
    ids = _uuids(getattr(body, field), field)
    return ids if isinstance(ids, Denied) else wish(numbers((body.role_id,))[0], ids or ())


def _permissions(
    request: Request, wish: Callable[[int, tuple[str, ...]], m.ChangePermissions]
) -> m.ChangePermissions | Denied:
    body = object_of(request, b.RolePermissions)
    if isinstance(body, Denied):
        return body
    given = _ours(body.permissions)
    return given if isinstance(given, Denied) else wish(numbers((body.role_id,))[0], given)
