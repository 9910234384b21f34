"""Requests about users, read into commands."""

from keyturn.core import commands as c
from keyturn.core import membership as m
from keyturn.core.outcomes import Denied, Named, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen, SubjectRef
from keyturn.dialects.puppet import user_bodies as b
from keyturn.dialects.puppet.reading import UUID, object_of
from keyturn.wire import Request, clear, malformed

ADMIN = "42bf351c-f9ec-40af-84ad-e976fec7f4bd"
API_USER = "af94921f-bd76-4b58-b5ce-e17c029a2790"
SUPERUSER, MEMBERS, STEWARDS = 1, 7, 8
ALIKE = (SUPERUSER, STEWARDS)
"""Both sorts of administrators are the first of them here."""
UNSEEN = (MEMBERS,)
"""The role that stands for no role here, and stays with whoever has it."""
A_UUID = "wants a uuid"
OTHER_ID = "is not the one in the path"
PAGE, LARGEST = 500, 10_000
ORDERS = {
    "login": "login", "email": "email", "display_name": "display_name", "last_login": "last_login", "id": "id",
    "creation_date": "created",
}  # fmt: skip


class Paging(Frozen):
    """Which part of the users is asked for, and how it is told."""

    offset: int
    limit: int
    order: str
    order_by: str
    filter: str
    roles: bool


def create_user(request: Request, settings: Settings) -> c.CreateUser | Denied:
    """A user, with a password or without."""
    body = object_of(request, b.UserMade)
    if isinstance(body, Denied):
        return body
    counted = roles_of(body.role_ids or ())
    return c.CreateUser(
        body.login, body.email or "", body.display_name or "", password=body.password, roles=counted
    )  # fmt: skip


def put_user(request: Request, settings: Settings) -> m.PutUser | Denied:
    """The user as given; `admin` keeps the role of the superusers on this wire."""
    subject, body = ref(request.params["sid"], "sid"), object_of(request, b.UserPut)
    if isinstance(subject, Denied):
        return subject
    if isinstance(body, Denied):
        return body
    if body.id is not None and body.id.lower() != subject.value:
        return malformed("id", OTHER_ID)
    if body.role_ids is not None and SUPERUSER not in body.role_ids and subject.value == ADMIN:
        return Denied(Reason.BUILT_IN, Named("roles"))
    return m.PutUser(
        subject, body.login, body.email, body.display_name,
        None if body.role_ids is None else roles_of(body.role_ids),
        None if body.is_revoked is None else not body.is_revoked,
    )  # fmt: skip


def delete_user(request: Request, settings: Settings) -> c.DeleteUser | Denied:
    """The user in the path, who is not `admin`."""
    subject = ref(request.params["sid"], "sid")
    if isinstance(subject, SubjectRef) and subject.value == ADMIN:
        return Denied(Reason.BUILT_IN, Named("user"))
    return subject if isinstance(subject, Denied) else c.DeleteUser(subject)


def add_roles(request: Request, settings: Settings) -> m.ChangeRoles | Denied:
    """Roles for a user."""
    return _roles(request, give=True)


def remove_roles(request: Request, settings: Settings) -> m.ChangeRoles | Denied:
    """Roles from a user."""
    return _roles(request, give=False)


def revoke(request: Request, settings: Settings) -> c.SuspendUser | Denied:
    """A user may not act."""
    subject = _user(request)
    return subject if isinstance(subject, Denied) else c.SuspendUser(subject)


def reinstate(request: Request, settings: Settings) -> c.ReinstateUser | Denied:
    """A user may act again."""
    subject = _user(request)
    return subject if isinstance(subject, Denied) else c.ReinstateUser(subject)


def page_of_users(request: Request, settings: Settings) -> c.ListUsers | Denied:
    """A page of users."""
    page = paging(request)
    if isinstance(page, Denied):
        return page
    return c.ListUsers(
        page.filter, limit=page.limit, offset=page.offset, order=ORDERS[page.order_by], descending=page.order == "desc"
    )


def paging(request: Request) -> Paging | Denied:
    """The query of a page: quotes around a value are no part of it, and what is empty counts as absent."""
    given = {name: unquoted(value) for name, value in request.fields().items()}
    offset, limit = number(given.get("offset"), 0), number(given.get("limit"), PAGE)
    if offset is None or limit is None or limit > LARGEST:
        return malformed("limit" if offset is not None else "offset", f"wants a whole number, {LARGEST} users at most")
    order, order_by = given.get("order") or "asc", given.get("order_by") or "id"
    if order.lower() not in ("asc", "desc") or order_by not in ORDERS:
        return malformed("order", f"wants asc or desc, by one of: {', '.join(ORDERS)}")
    roles = (given.get("include_roles") or "false").lower()
    text = given.get("filter") or ""
    if roles not in ("true", "false") or len(text) > LARGEST or (text and not clear(text)):
        return malformed("filter", "wants text that can be shown, and include_roles true or false")
    return Paging(offset, limit, order.lower(), order_by, text, roles == "true")


# --- readers of this wire


def unquoted(text: str) -> str:
    """The text without the quotes that samples of this wire put around it."""
    for quote in ('"', "'"):
        if len(text) > 1 and text[0] == quote == text[-1]:
            return text[1:-1]
    return text


def number(text: str | None, usual: int) -> int | None:
    """A whole number that a store can count with; None where it is none."""
    if not text:
        return usual
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def ref(text: str, field: str) -> SubjectRef | Denied:
    """The user of that uuid."""
    return SubjectRef("uuid", text.lower()) if UUID.fullmatch(text) else malformed(field, A_UUID)


def roles_of(ids: tuple[int, ...]) -> m.Counted:
    """Roles by number, one of those that are alike here for all of them."""
    return m.Counted(numbers(ids), UNSEEN, ALIKE)


def numbers(ids: tuple[int, ...]) -> tuple[int, ...]:
    """Numbers of roles; 0, which none has, for one that this wire knows nothing of."""
    return tuple(dict.fromkeys(n if 0 < n < 2**53 and n not in (MEMBERS, STEWARDS) else 0 for n in ids))


def _roles(request: Request, give: bool) -> m.ChangeRoles | Denied:
    body = object_of(request, b.UserRoles)
    if isinstance(body, Denied):
        return body
    subject = ref(body.user_id, "user_id")
    if isinstance(subject, Denied):
        return subject
    ids = numbers(body.role_ids)
    if not give and SUPERUSER in ids and subject.value == ADMIN:
        return Denied(Reason.BUILT_IN, Named("roles"))
    return m.ChangeRoles(subject, ids if give else (), () if give else ids, ALIKE)


def _user(request: Request) -> SubjectRef | Denied:
    body = object_of(request, b.OneUser)
    return body if isinstance(body, Denied) else ref(body.user_id, "user_id")
