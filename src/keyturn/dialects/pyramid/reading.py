"""Requests of this wire, read into commands: credentials lie in the body, elsewhere the token in `paToken`."""

from typing import Any, TypeVar

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import LoginProof, Presented, RealmRef, SubjectRef
from keyturn.dialects.pyramid.bodies import UserCredentials, UserTokenCredentials
from keyturn.wire import Request, denied, json_body, malformed

T = TypeVar("T")
NAME = "pyramid"
REASON = "pyramid by-token"
MEDIA = ("", "application/json", "text/json", "text/plain")


def header_token(request: Request) -> Presented | Denied:
    """The caller by its `paToken` header."""
    return Presented(NAME, request.secret("patoken"))


def by_password(request: Request) -> Presented | Denied:
    """Name and password in the body; a `paToken` sent along, as samples do with an empty one, counts for nothing."""
    body = _body(request, UserCredentials)
    if isinstance(body, Denied):
        return body
    name = body.username or body.user_name
    if not name:
        return malformed("username", "is missing")
    realm, login = _identity(name)
    return Presented(NAME, login=LoginProof(login, body.password), realm=realm)


def by_token(request: Request) -> Presented | Denied:
    """The administrator by the token in the body; the realm that the user's identity names."""
    body = _body(request, UserTokenCredentials)
    if isinstance(body, Denied):
        return body
    return Presented(NAME, body.token, realm=_identity(body.user_identity)[0])


def unconfigured(request: Request) -> Presented | Denied:
    """A way of signing in that is not there."""
    return denied(Reason.NO_SUCH_ROUTE)


def open_session(request: Request, settings: Settings) -> Any:
    """Sign in with name and password."""
    body = _body(request, UserCredentials)
    return body if isinstance(body, Denied) else c.OpenSession(claims=_claims(body))


def issue_delegation(request: Request, settings: Settings) -> Any:
    """Sign a user in by an administrator's token."""
    body = _body(request, UserTokenCredentials)
    if isinstance(body, Denied):
        return body
    subject = SubjectRef("any", _identity(body.user_identity)[1])
    return c.IssueDelegation(subject, REASON, administrator=True, claims=_claims(body))


def show_self(request: Request, settings: Settings) -> Any:
    """The caller's account; whatever body was sent is not looked at."""
    return c.ShowSelf()


def _body(request: Request, model: type[T]) -> T | Denied:
    return json_body(request, model) if request.media() in MEDIA else denied(Reason.UNSUPPORTED_MEDIA)


def _identity(text: str) -> tuple[RealmRef | None, str]:
    """Realm and name of `realm\\name`; a plain name means the realm of the request."""
    realm, mark, name = text.partition("\\")
    return (RealmRef("name", realm), name) if mark else (None, text)


def _claims(body: UserCredentials | UserTokenCredentials) -> dict[str, str]:
    """What the client wants kept with its session; never interpreted."""
    given = {"domain": body.domain, "customData": body.custom_data}
    return {name: value for name, value in given.items() if value}
