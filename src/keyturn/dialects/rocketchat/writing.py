"""Outcomes of this wire, told as JSON."""

from typing import Any
from urllib.parse import quote

from keyturn.core.rules import administers, grants
from keyturn.core.settings import Settings
from keyturn.core.types import Role, Secret, SubjectView, TokenView
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat.profiles import profile
from keyturn.dialects.rocketchat.reading import resumed
from keyturn.dialects.rocketchat.times import iso
from keyturn.wire import RateLimit, Request, Response, json_response

HEADERS = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
ADMIN, USER = "admin", "user"


def left(limit: RateLimit, calls: int, whole: int) -> tuple[tuple[str, str], ...]:
    """The headers of a call that was counted; the moment is in milliseconds."""
    return (
        ("X-RateLimit-Limit", str(limit.calls)),
        ("X-RateLimit-Remaining", str(calls)),
        ("X-RateLimit-Reset", str(whole)),
    )


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
    return said(profile(settings).signed_out)


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
    spoken = profile(settings).version
    if administers(grants(outcome.user.roles)):
        return said(a.Version(version=spoken, info=a.Build(version=f"{spoken}.0")))
    return said(a.Version(version=spoken))


def _signed_in(user: SubjectView, token: Secret, request: Request) -> a.LoggedIn:
    account = a.Me(**_me(user, request))
    return a.LoggedIn(data=a.SignedIn(user_id=user.subject.handle, auth_token=token, me=account))


def _me(user: SubjectView, request: Request) -> dict[str, Any]:
    one = user.subject
    known: dict[str, Any] = {
        "id": one.handle,
        "name": one.display_name or one.login,
        "username": one.login,
        "emails": addresses(user),
        "active": one.state == "active",
        "roles": role_words(user.roles),
        "settings": {"profile": {}, "preferences": {}},
        "avatar_url": _avatar(one.login, request),
        "services": services(user),
    }
    return {**known, "email": one.email} if one.email and one.email_verified else known


def addresses(user: SubjectView) -> tuple[a.Address, ...]:
    """The mail addresses of an account, which are one at most."""
    one = user.subject
    return (a.Address(address=one.email, verified=one.email_verified),) if one.email else ()


def services(user: SubjectView) -> a.Services:
    """How an account signs in."""
    on = {factor.kind for factor in user.factors if factor.confirmed}
    return a.Services(
        password=a.Exists(exists=user.has_password), email2fa=a.Enabled(enabled="email" in on),
        totp=a.Enabled(enabled="totp" in on),
    )  # fmt: skip


def role_words(roles: tuple[Role, ...]) -> tuple[str, ...]:
    """Our roles in this wire's words: two built-in ones rule, the others are plain users; own ones keep their names."""
    words = (role.name if not role.built_in else ADMIN if administers(grants((role,))) else USER for role in roles)
    return tuple(dict.fromkeys(words))


def _avatar(login: str, request: Request) -> str:
    host = request.header("host") or request.host
    return f"{request.scheme}://{host}/avatar/{quote(login, safe='')}"


def _line(view: TokenView) -> a.TokenLine:
    return a.TokenLine(
        name=view.token.name or "", created_at=iso(view.secret.created), last_token_part=view.secret.last6,
        bypass=view.token.bypass,
    )  # fmt: skip
