"""Outcomes of this wire, told as JSON."""

import datetime
from typing import Any
from urllib.parse import quote

from keyturn.core.rules import administers, grants
from keyturn.core.settings import Settings
from keyturn.core.types import SECOND, Instant, Role, Secret, SubjectView, TokenView
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat.reading import resumed
from keyturn.wire import Request, Response, json_response

VERSION = "7.10"
"""The version of the product whose wire this is; scripts refuse to talk to one they do not know."""
HEADERS = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
ADMIN, USER = "admin", "user"


def said(value: Any, status: int = 200) -> Response:
    """An answer as this wire sends it."""
    return json_response(value, status, *HEADERS)


def logged_in(outcome: Any, settings: Settings, request: Request) -> Response:
    """A new session."""
    return said(_signed_in(outcome.user, outcome.secret, request))


def went_on(outcome: Any, settings: Settings, request: Request) -> Response:
    """A session gone on with: the same token again."""
    return said(_signed_in(outcome.user, resumed(request) or Secret(""), request))


def logged_out(outcome: Any, settings: Settings, request: Request) -> Response:
    """The presented token is over."""
    return said(a.LoggedOut())


def me(outcome: Any, settings: Settings, request: Request) -> Response:
    """The caller's account."""
    return said(a.MeShown(**_me(outcome.user, request)))


def token_made(outcome: Any, settings: Settings, request: Request) -> Response:
    """A personal access token, new or with a new secret."""
    return said(a.TokenMade(token=outcome.secret))


def done(outcome: Any, settings: Settings, request: Request) -> Response:
    """It is done."""
    return said(a.Done())


def tokens(outcome: Any, settings: Settings, request: Request) -> Response:
    """The caller's personal access tokens."""
    return said(a.Tokens(tokens=tuple(_line(view) for view in outcome.tokens)))


def version(outcome: Any, settings: Settings, request: Request) -> Response:
    """The version; more of it for an administrator."""
    if administers(grants(outcome.user.roles)):
        return said(a.Version(version=VERSION, info=a.Build(version=f"{VERSION}.0")))
    return said(a.Version(version=VERSION))


def _signed_in(user: SubjectView, token: Secret, request: Request) -> a.LoggedIn:
    account = a.Me(**_me(user, request))
    return a.LoggedIn(data=a.SignedIn(user_id=user.subject.handle, auth_token=token, me=account))


def _me(user: SubjectView, request: Request) -> dict[str, Any]:
    one = user.subject
    known: dict[str, Any] = {
        "id": one.handle,
        "name": one.display_name or one.login,
        "username": one.login,
        "emails": (a.Address(address=one.email, verified=one.email_verified),) if one.email else (),
        "active": one.state == "active",
        "roles": _roles(user.roles),
        "settings": {"profile": {}, "preferences": {}},
        "avatar_url": _avatar(one.login, request),
        "services": _services(user),
    }
    return {**known, "email": one.email} if one.email and one.email_verified else known


def _services(user: SubjectView) -> a.Services:
    # Codes by mail are not asked for on this wire yet, so nobody's are on.
    totp = any(factor.kind == "totp" and factor.confirmed for factor in user.factors)
    return a.Services(
        password=a.Exists(exists=user.has_password), email2fa=a.Enabled(enabled=False), totp=a.Enabled(enabled=totp)
    )


def _roles(roles: tuple[Role, ...]) -> tuple[str, ...]:
    """Our roles in this wire's words: two built-in ones rule, the others are plain users; own ones keep their names."""
    words = (role.name if not role.built_in else ADMIN if administers(grants((role,))) else USER for role in roles)
    return tuple(dict.fromkeys(words))


def _avatar(login: str, request: Request) -> str:
    host = request.header("host") or request.host
    return f"{request.scheme}://{host}/avatar/{quote(login, safe='')}"


def _line(view: TokenView) -> a.TokenLine:
    return a.TokenLine(
        name=view.token.name or "", created_at=_time(view.secret.created), last_token_part=view.secret.last6,
        bypass=view.token.bypass,
    )  # fmt: skip


def _time(at: Instant) -> str:
    moment = datetime.datetime.fromtimestamp(at // SECOND, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % SECOND // 1000:03d}Z"
