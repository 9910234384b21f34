"""What came of wishes about roles, permissions, groups and the disclaimer, told in this wire's words."""

from keyturn.core import holdings as h
from keyturn.core.outcomes import RealmShown
from keyturn.core.settings import Settings
from keyturn.dialects.puppet import role_bodies as b
from keyturn.dialects.puppet.bodies import Done, Trouble
from keyturn.dialects.puppet.permissions import TYPES, theirs
from keyturn.dialects.puppet.role_reading import DISCLAIMER
from keyturn.dialects.puppet.user_writing import made
from keyturn.wire import Request, Response, json_response

UNSET = Trouble("not-found", "There is no disclaimer.")
ERROR = "application/json; charset=utf-8"
HIDDEN = (7, 8)
"""Roles that this wire knows nothing of."""


def roles(outcome: h.HeldRolesListed, settings: Settings, request: Request) -> Response:
    """Roles, by number."""
    return json_response([_role(held) for held in outcome.roles])


def role(outcome: h.HeldRoleShown, settings: Settings, request: Request) -> Response:
    """One role."""
    return json_response(_role(outcome.role))


def role_made(outcome: h.HeldRoleShown, settings: Settings, request: Request) -> Response:
    """Where the role is."""
    return made(f"/rbac-api/v1/roles/{outcome.role.role.number}", settings)


def done(outcome: object, settings: Settings, request: Request) -> Response:
    """It happened."""
    return json_response(Done())


def types(outcome: object, settings: Settings, request: Request) -> Response:
    """The types of things that permissions are about; the same for everybody."""
    return json_response(
        [
            b.TypeShown(
                kind.name, kind.display_name, kind.description,
                tuple(
                    b.ActionShown(a.name, a.display_name, f"{a.display_name}: {kind.display_name}.", a.has_instances)
                    for a in kind.actions
                ),
            )
            for kind in TYPES
        ]
    )  # fmt: skip


def permitted(outcome: h.PermittedTold, settings: Settings, request: Request) -> Response:
    """Yes or no for each question, in its order."""
    return json_response(outcome.answers)


def targets(outcome: h.TargetsListed, settings: Settings, request: Request) -> Response:
    """Ids of what it is permitted on."""
    return json_response(outcome.targets)


def groups(outcome: h.GroupsListed, settings: Settings, request: Request) -> Response:
    """Groups, the oldest first."""
    return json_response([_group(group) for group in outcome.groups])


def group(outcome: h.GroupShown, settings: Settings, request: Request) -> Response:
    """One group."""
    return json_response(_group(outcome.group))


def group_made(outcome: h.GroupShown, settings: Settings, request: Request) -> Response:
    """Where the group is."""
    return made(f"/rbac-api/v1/groups/{outcome.group.uuid}", settings)


def group_found(outcome: h.GroupShown, settings: Settings, request: Request) -> Response:
    """Where the group is, as the second version of this wire says it."""
    return Response(303, headers=(("Location", f"/rbac-api/v1/groups/{outcome.group.uuid}"),))


def disclaimer(outcome: RealmShown, settings: Settings, request: Request) -> Response:
    """The words, or that there are none."""
    words = outcome.realm.settings.values.get(DISCLAIMER)
    return json_response(b.Disclaimer(words)) if isinstance(words, str) else json_response(UNSET, 404, media=ERROR)


def _role(held: h.HeldRole) -> b.Role:
    r = held.role
    return b.Role(r.number, r.name, r.description, tuple(map(theirs, r.permissions)), held.users, held.groups)


def _group(g: h.Group) -> b.Group:
    shown = tuple(number for number in g.roles if number not in HIDDEN)
    return b.Group(g.uuid, g.login, g.display_name, shown, g.provider)
