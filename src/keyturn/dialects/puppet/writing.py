"""Outcomes, told in this wire's words."""

import datetime
from typing import Any

from msgspec.structs import replace

from keyturn.core.outcomes import SelfShown, SessionOpened, TokenIssued, UserShown, UsersListed
from keyturn.core.rules import BUILT_IN, DEFAULT_ROLE
from keyturn.core.settings import Settings
from keyturn.core.types import Instant, Role, SubjectView
from keyturn.dialects.puppet import bodies as b
from keyturn.wire import Request, Response, json_response

TEXT = "text/plain; charset=utf-8"
SUPERUSERS = frozenset(role.name for role in BUILT_IN if role.administrator)
ADMINISTRATORS = 1
REMOTE: dict[str, Any] = {"inherited_role_ids": (), "group_ids": (), "identity_provider_id": None}
"""What is told of a user managed elsewhere beside the rest; there are no groups here to inherit from."""


def token_made(outcome: SessionOpened, settings: Settings, request: Request) -> Response:
    """The token first and alone: scripts cut it out by its place."""
    return json_response(b.TokenMade(outcome.secret))


def reset_made(outcome: TokenIssued, settings: Settings, request: Request) -> Response:
    """The reset token as an object, or bare where the realm's clients want it so."""
    if settings.text("puppet.reset_body") == "text":
        return Response(200, outcome.secret.reveal().encode(), TEXT)
    return json_response(b.TokenMade(outcome.secret))


def done(outcome: object, settings: Settings, request: Request) -> Response:
    """It happened; an empty object, since some clients parse whatever comes."""
    return json_response(b.Done())


def user_shown(outcome: UserShown | SelfShown, settings: Settings, request: Request) -> Response:
    """One user."""
    return json_response(user(outcome.user, settings))


def users_listed(outcome: UsersListed, settings: Settings, request: Request) -> Response:
    """Users, by number."""
    return json_response([user(view, settings) for view in outcome.users])


def user(view: SubjectView, settings: Settings) -> b.User:
    """The user object, never with anything of a password."""
    s = view.subject
    shown = b.User(
        id=s.uuid, login=s.login, email=s.email, display_name=s.display_name, role_ids=role_ids(view.roles),
        is_group=False, is_remote=s.remote, is_superuser=any(superuser(role) for role in view.roles),
        is_revoked=revoked(view, settings), last_login=time(s.last_login),
    )  # fmt: skip
    return replace(shown, **REMOTE) if s.remote else shown


def role_ids(roles: tuple[Role, ...]) -> tuple[int, ...]:
    """Roles by number; both sorts of administrators are number 1, and the default role does not exist here."""
    shown = {ADMINISTRATORS if superuser(role) else role.number for role in roles if not default(role)}
    return tuple(sorted(shown))


def superuser(role: Role) -> bool:
    """Whether the role is what this wire calls Administrators."""
    return role.built_in and role.name in SUPERUSERS


def default(role: Role) -> bool:
    """Whether the role is the one that stands for no role on this wire."""
    return role.built_in and role.name == DEFAULT_ROLE


def revoked(view: SubjectView, settings: Settings) -> bool:
    """Suspended, or locked by guessing on this wire where that lasts; a built-in user never is."""
    locked = view.locked_on == "puppet" and settings.text("puppet.lockout") == "revoke"
    return view.subject.state == "suspended" or (locked and not view.subject.built_in)


def time(at: Instant | None) -> str | None:
    """RFC 3339 UTC with milliseconds, or null: one client reads it as a time and stumbles over empty text."""
    if at is None:
        return None
    moment = datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
