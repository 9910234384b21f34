"""Requests of this wire, read into commands."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import LONGEST, UNITS, Settings
from keyturn.core.types import LoginProof, Presented, Proof, Secret, SubjectRef
from keyturn.dialects.puppet import bodies as b
from keyturn.wire import JSON, Request, clear, denied, json_body, malformed

T = TypeVar("T")
Read = Callable[[Request, Settings], Any]
QUIET = "|no_keepalive"
LONGEST_LABEL = 200
LONGEST_WORD = 4096
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LIFETIME = re.compile(r"([0-9]{1,12})([ydhms]?)")


# --- who is there


def caller(request: Request) -> Presented:
    """The caller by X-Authentication, else by ?token=, else by a client certificate.

    Shapes   `|no_keepalive` behind a token asks not to count as a use
    Safe     a token that is shown decides alone: a bad one is not made good by a certificate
    """
    text = request.header("x-authentication") or request.fields().get("token") or ""
    token = text.removesuffix(QUIET)
    if not token:
        return Presented("puppet", quiet=token != text, certificate=request.certificate)
    return Presented("puppet", Secret(token), quiet=token != text)


def nobody(request: Request) -> Presented:
    """A caller who shows nothing; the token is part of the wish."""
    return Presented("puppet")


def signing_in(request: Request) -> Presented | Denied:
    """Login and password of a sign-in."""
    body = object_of(request, b.TokenRequest)
    if isinstance(body, Denied):
        return body
    return Presented("puppet", login=LoginProof(body.login, body.password, by="login"))


def changing_password(request: Request) -> Presented:
    """The caller, with the current password as the proof of this very wish."""
    presented = caller(request)
    body = object_of(request, b.PasswordChange)
    if isinstance(body, Denied):
        return presented
    return msgspec.structs.replace(presented, proof=Proof("current", body.current_password))


# --- what is wished


def by_token(read: Read) -> Read:
    """The same read, refused where the token came in the query and the realm does not take it there."""

    def reading(request: Request, settings: Settings) -> Any:
        in_query = request.header("x-authentication") is None and bool(request.fields().get("token"))
        if in_query and not settings.flag("puppet.token_in_query"):
            return denied(Reason.UNAUTHENTICATED)
        return read(request, settings)

    return reading


def open_session(request: Request, settings: Settings) -> c.OpenSession | Denied:
    """A token by login and password; a label replaces the user's own token of that label."""
    body = object_of(request, b.TokenRequest)
    if isinstance(body, Denied):
        return body
    span, label = lifetime_of(body.lifetime), label_of(body.label)
    words = words_of({"description": body.description, "client": body.client})
    for read in (span, label, words):
        if isinstance(read, Denied):
            return read
    return c.OpenSession(span, label, words)  # type: ignore[arg-type]  # none of them is a refusal


def issue_reset(request: Request, settings: Settings) -> c.IssueReset | Denied:
    """A reset token for the user in the path; the body is empty, `null` or an object, of whatever content type."""
    subject = subject_of(request)
    body = json_body(request, b.Ignored | None, empty=True)  # type: ignore[arg-type]  # a union is no class
    if isinstance(body, Denied):
        return body
    return subject if isinstance(subject, Denied) else c.IssueReset(subject)


def redeem_reset(request: Request, settings: Settings) -> c.RedeemReset | Denied:
    """A reset token used; on this wire it also lets a revoked user in again."""
    body = object_of(request, b.PasswordReset)
    if isinstance(body, Denied):
        return body
    return c.RedeemReset(unwrapped(body.token), body.password, reinstate=True)


def change_password(request: Request, settings: Settings) -> c.ChangePassword | Denied:
    """A new password for oneself."""
    body = object_of(request, b.PasswordChange)
    return body if isinstance(body, Denied) else c.ChangePassword(body.password)


def show_self(request: Request, settings: Settings) -> c.ShowSelf:
    """The caller's own account."""
    return c.ShowSelf()


def show_user(request: Request, settings: Settings) -> c.ShowUser | Denied:
    """The user in the path."""
    subject = subject_of(request)
    return subject if isinstance(subject, Denied) else c.ShowUser(subject)


def list_users(request: Request, settings: Settings) -> c.ListUsers | Denied:
    """All users, or those with the ids of the filter."""
    given = request.fields().get("id")
    if given is None:
        return c.ListUsers(limit=None)
    ids = given.split(",")
    if not all(UUID.fullmatch(one) for one in ids):
        return malformed("id", "wants uuids with commas between them")
    return c.ListUsers(ids=tuple(one.lower() for one in ids), limit=None)


# --- readers of this wire


def object_of(request: Request, model: type[T]) -> T | Denied:
    """The JSON body as that type; a body declared as something else is refused, an undeclared one is read."""
    if request.media() not in (JSON, "") and request.body.strip():
        return denied(Reason.UNSUPPORTED_MEDIA)
    return json_body(request, model)


def unwrapped(token: Secret) -> Secret:
    """The token inside what was posted: old scripts post the whole answer that held it, line end included."""
    text = token.reveal().removesuffix("\n")
    try:
        return msgspec.json.decode(text, type=b.TokenMade, dec_hook=_wrap).token if text[:1] == "{" else Secret(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Secret(text)


def _wrap(kind: type[Any], value: Any) -> Secret:
    if not isinstance(value, str):
        raise ValueError("wants text")
    return Secret(value)


def subject_of(request: Request) -> SubjectRef | Denied:
    """The user in the path."""
    sid = request.params["sid"]
    return SubjectRef("uuid", sid.lower()) if UUID.fullmatch(sid) else malformed("sid", "wants a uuid")


def lifetime_of(given: str | int | None) -> int | None | Denied:
    """Seconds, 0 = the longest; more than the realm's maximum is cut to it later, never refused."""
    if given is None:
        return None
    match = LIFETIME.fullmatch(str(given))
    if match is None:
        return malformed("lifetime", "wants digits and at most one of y d h m s")
    return min(int(match[1]) * UNITS[match[2] or "s"], LONGEST)


def label_of(given: str | None) -> str | None | Denied:
    """The label without blanks around it, or what is wrong with it."""
    label = None if given is None else given.strip()
    if label is None:
        return None
    if not label or len(label) > LONGEST_LABEL or "," in label or not clear(label):
        return malformed("label", f"wants 1 to {LONGEST_LABEL} characters that can be shown, and no comma")
    return label


def words_of(given: dict[str, str | None]) -> dict[str, str] | Denied:
    """What was said of the token, by name, or what is wrong with it."""
    words = {name: text for name, text in given.items() if text is not None}
    for name, text in words.items():
        if len(text) > LONGEST_WORD or not clear(text):
            return malformed(name, f"wants at most {LONGEST_WORD} characters that can be shown")
    return words
