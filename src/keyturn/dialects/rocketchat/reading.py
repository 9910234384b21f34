"""Requests of this wire, read into commands; a body that cannot be read counts as an empty one."""

from collections.abc import Callable
from typing import Any, TypeVar

from keyturn.core import commands as c
from keyturn.core.factors import canonical_recovery
from keyturn.core.names import plain
from keyturn.core.outcomes import Denied
from keyturn.core.settings import Settings
from keyturn.core.types import LoginProof, Presented, Proof, Secret, TokenRef
from keyturn.dialects.rocketchat import bodies as b
from keyturn.wire import Request, converted, decoded, malformed, note_fields

T = TypeVar("T")
Read = Callable[[Request, Settings], Any]
NAME = "rocketchat"
FORM = "application/x-www-form-urlencoded"
DIGEST = "sha-256"
LONGEST_NAME = 256
MOST = 100_000
"""More tokens than one subject may hold: this wire's list has no pages."""


# --- who is there


def signed(request: Request) -> Presented:
    """The caller by X-Auth-Token and X-User-Id, both or nobody; the second proof by x-2fa-code and x-2fa-method."""
    token, user = request.secret("x-auth-token"), request.header("x-user-id")
    if token is None or user is None:
        return Presented(NAME)
    return Presented(NAME, token, claim=user, claim_by="handle", proof=_second(request))


def signing_in(request: Request) -> Presented | Denied:
    """Name and password of a sign-in, with the code shown beside them."""
    sent = login(request)
    if isinstance(sent, Denied):
        return sent
    inner = sent if sent.totp is None else sent.totp.login
    proof = _proof(inner)
    if proof is None:
        return malformed("user", "is missing")
    shown = sent.code if sent.totp is None else sent.totp.code
    code = shown or request.secret("x-2fa-code")
    return Presented(NAME, login=proof, proof=None if code is None else _factor("totp", code))


def resuming(request: Request) -> Presented | Denied:
    """The token to go on with; it is its own proof, so no user id stands beside it."""
    return Presented(NAME, resumed(request))


def _second(request: Request) -> Proof | None:
    code = request.secret("x-2fa-code")
    return None if code is None else _factor((request.header("x-2fa-method") or "").lower(), code)


def _factor(method: str, code: Secret) -> Proof:
    """A recovery code is shown where the authenticator's code would be; its form tells it apart."""
    return Proof(method if canonical_recovery(code.reveal()) is None else "recovery", code)


def _proof(sent: b.Credentials) -> LoginProof | None:
    named = _name(sent)
    if named is None or not sent.password:
        return None
    name, by = named
    if isinstance(sent.password, str):
        return LoginProof(name, password=Secret(sent.password), by=by)
    if sent.password.algorithm != DIGEST:
        return None
    return LoginProof(name, digest=Secret(sent.password.digest), by=by)


def _name(sent: b.Credentials) -> tuple[str, str] | None:
    """Who signs in and by what: `user` comes first, and a text of it that holds an @ is a mail address."""
    user = sent.user
    if isinstance(user, str) and user:
        return user, "email" if "@" in user else "login"
    username, email = (user.username, user.email) if isinstance(user, b.UserName) else (sent.username, sent.email)
    if username:
        return username, "login"
    return (email, "email") if email else None


# --- what is wished


def login(request: Request) -> b.Login | Denied:
    """The body of a sign-in."""
    return request.once(b.Login, body)


def resumed(request: Request) -> Secret | None:
    """The token that a sign-in goes on with, if it names one."""
    sent = login(request)
    return sent.resume if isinstance(sent, b.Login) and sent.resume and sent.resume.reveal() else None


def open_session(request: Request, settings: Settings) -> Any:
    """Sign in."""
    return c.OpenSession()


def plainly(command: Callable[[], Any]) -> Read:
    """A read for a command that takes nothing."""
    return lambda request, settings: command()


def new_token(request: Request, settings: Settings) -> Any:
    """Make a personal access token."""
    sent = _named(request, b.NewToken)
    return sent if isinstance(sent, Denied) else c.IssueToken("personal", sent.name, NAME, bypass=bool(sent.bypass))


def named_token(command: Callable[[TokenRef], Any]) -> Read:
    """A read for a command about the caller's own token of that name."""

    def read(request: Request, settings: Settings) -> Any:
        sent = _named(request, b.TokenName)
        return sent if isinstance(sent, Denied) else command(TokenRef("name", sent.name or "", NAME))

    return read


def list_tokens(request: Request, settings: Settings) -> Any:
    """The caller's own personal access tokens, all of them."""
    return c.ListTokens(dialect=NAME, kind="personal", limit=MOST)


def body(request: Request, model: type[T]) -> T | Denied:
    """A form or JSON body as that type; what is neither, or no object, counts as `{}`."""
    sent = converted(request.form(), model) if request.media() == FORM else decoded(request.body, model)
    unread = isinstance(sent, Denied) and "body" in note_fields(sent)
    return model() if unread else sent


N = TypeVar("N", bound=b.TokenName)


def _named(request: Request, model: type[N]) -> N | Denied:
    """The body with a usable name; names are compared as they stand, so nothing is trimmed or folded."""
    sent = body(request, model)
    if isinstance(sent, Denied):
        return sent
    if not sent.name:
        return malformed("tokenName", "is missing")
    if not plain(sent.name, LONGEST_NAME):
        return malformed("tokenName", "is too long or holds characters that no name may hold")
    return sent
