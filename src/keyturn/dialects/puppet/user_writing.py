"""What came of wishes about users, told in this wire's words."""

from msgspec.structs import asdict

from keyturn.core.outcomes import UserCreated, UsersListed
from keyturn.core.settings import Settings
from keyturn.core.types import SubjectView
from keyturn.dialects.puppet import user_bodies as b
from keyturn.dialects.puppet.bodies import Done
from keyturn.dialects.puppet.user_reading import Paging, paging
from keyturn.dialects.puppet.writing import user
from keyturn.wire import Request, Response, json_response

HIDDEN = ("role_ids", "inherited_role_ids", "group_ids")


def made(path: str, settings: Settings) -> Response:
    """Something is there, at that path: without a host, since clients put their own before it."""
    status = settings.number("puppet.create_status") or 201
    return json_response(Done(), status, ("Location", path))


def user_made(outcome: UserCreated, settings: Settings, request: Request) -> Response:
    """Where the user is."""
    return made(f"/rbac-api/v1/users/{outcome.user.subject.uuid}", settings)


def nothing(outcome: object, settings: Settings, request: Request) -> Response:
    """It happened."""
    return Response(204)


def users_page(outcome: UsersListed, settings: Settings, request: Request) -> Response:
    """A page of users, and which part of how many it is."""
    page = paging(request)
    asked = page if isinstance(page, Paging) else Paging(0, 0, "asc", "id", "", False)
    told = b.Pagination(outcome.total, asked.limit, asked.offset, asked.order, asked.filter, asked.order_by)
    return json_response(b.UserPage(tuple(_shown(view, asked.roles, settings) for view in outcome.users), told))


def _shown(view: SubjectView, roles: bool, settings: Settings) -> b.UserShown:
    """The user object, without what says who holds which role unless that was asked for."""
    told = asdict(user(view, settings))
    return b.UserShown(**{name: value for name, value in told.items() if roles or name not in HIDDEN})
