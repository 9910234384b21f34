"""Requests of this wire, read into commands; the body of a call that takes none is not looked at."""

from collections.abc import Callable
from typing import Any

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Presented, RealmRef, Secret, SubjectRef, TokenRef
from keyturn.wire import Request, clear, denied, malformed

NAME = "pam360"
HEADERS = ("authtoken", "app_authtoken")
FIELDS = ("AUTHTOKEN", "APP_AUTHTOKEN")

Read = Callable[[Request, Settings], Any]


def present(request: Request) -> Presented | Denied:
    """The token in a header, else in the query; the organisation that the request names.

    Safe     without a token no organisation is looked up, so a stranger learns of none
    """
    secret = _in_header(request) or _in_query(request)
    org = None if secret is None else _text(request.header("orgname"))
    if org is not None and not clear(org):
        return denied(Reason.REALM_REFUSED)
    return Presented(NAME, secret, realm=None if org is None else RealmRef("display_name", org))


def guarded(read: Read) -> Read:
    """The same read, for tokens in the query only where the realm of the wish takes them there."""

    def guard(request: Request, settings: Settings) -> Any:
        if _in_header(request) is None and not settings.flag("pam360.token_in_query"):
            return denied(Reason.UNAUTHENTICATED)
        return read(request, settings)

    return guard


def regenerate(request: Request, settings: Settings) -> Any:
    """Replace the presented token; its life starts anew at the length it had."""
    return c.RotateToken(TokenRef("presented"))


def user_id(request: Request, settings: Settings) -> Any:
    """The user of that name."""
    name = request.fields().get("USERNAME")
    return c.ShowUser(SubjectRef("login", name)) if name else malformed("USERNAME", "is missing")


def resource_types(request: Request, settings: Settings) -> Any:
    """Whether the token opens this door at all: there are no resources here."""
    return c.ShowSelf()


def _in_header(request: Request) -> Secret | None:
    return next((found for name in HEADERS if (found := request.secret(name)) is not None), None)


def _in_query(request: Request) -> Secret | None:
    fields = request.fields()
    return next((Secret(fields[name]) for name in FIELDS if fields.get(name)), None)


def _text(value: str | None) -> str | None:
    """A header's text as its sender wrote it: UTF-8 by some clients, Latin-1 by others."""
    if value is None:
        return None
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value
