"""Requests of this wire, read into commands; a body that cannot be read counts as an empty one."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.factors import recovery_form
from keyturn.core.names import plain
from keyturn.core.outcomes import Denied
from keyturn.core.settings import Settings
from keyturn.core.types import LoginProof, Presented, Proof, Secret, TokenRef
from keyturn.dialects.rocketchat import bodies as b
from keyturn.dialects.rocketchat.profiles import MISSING
from keyturn.dialects.rocketchat.wanting import UNUSABLE, blank, body, wanted
from keyturn.wire import Request, malformed

Read = Callable[[Request, Settings], Any]
Present = Callable[[Request], Presented | Denied]
NAME = "rocketchat"
DIGEST = "sha-256"
LONGEST_NAME = 256
MOST = 100_000
"""More tokens than one subject may hold: this wire's list has no pages."""
MEANS = ("totp", "email", "password")
APP = ("", "totp")
"""The methods under which a recovery code may be shown in the place of a code."""


# --- who is there


def signed(request: Request) -> Presented:
    """The caller by X-Auth-Token and X-User-Id, both or nobody; the second proof by x-2fa-code and x-2fa-method."""
    token, user = request.secret("x-auth-token"), request.header("x-user-id")
    if token is None or user is None:
        return Presented(NAME)
    return Presented(NAME, token, claim=user, claim_by="handle", proof=_second(request), method=method_asked(request))


def nobody(request: Request) -> Presented:
    """A caller who shows nothing, whatever headers there are."""
    return Presented(NAME)


def proving(read: Callable[[Request], Proof | None]) -> Present:
    """The caller by its headers, with a proof that this very body holds."""
    return lambda request: replace(signed(request), proof=read(request), method="")


def signing_in(request: Request) -> Presented | Denied:
    """Name and password of a sign-in, with the code shown beside them."""
    sent = login(request)
    if isinstance(sent, Denied):
        return sent
    inner = sent if sent.totp is None else sent.totp.login
    proof = _proof(inner)
    if proof is None:
        return malformed("user", MISSING)
    shown = sent.code if sent.totp is None else sent.totp.code
    # An empty code is none, so that its sender is asked for one.
    code, method = request.secret("x-2fa-code") if blank(shown) else shown, method_asked(request)
    return Presented(NAME, login=proof, proof=None if code is None else factor(method or "totp", code), method=method)


def resuming(request: Request) -> Presented | Denied:
    """The token to go on with; it is its own proof, so no user id stands beside it."""
    return Presented(NAME, resumed(request))


def method_asked(request: Request) -> str:
    """The second means that the header names, if any."""
    return means(request.header("x-2fa-method"))


def means(text: str | None) -> str:
    """The second means of that name; a word that this wire does not know names none."""
    word = (text or "").lower()
    return word if word in MEANS else ""


def factor(method: str, code: Secret) -> Proof:
    """A recovery code is shown where the authenticator's code would be; its form tells it apart."""
    recovery = method in APP and recovery_form(code.reveal()) is not None
    return Proof("recovery" if recovery else method, code)


def _second(request: Request) -> Proof | None:
    code = request.secret("x-2fa-code")
    return None if code is None else factor(method_asked(request), code)


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


def refused(denied: Denied) -> Read:
    """A read that refuses whoever asks, once it is known who it is."""
    return lambda request, settings: denied


def new_token(request: Request, settings: Settings) -> Any:
    """Make a personal access token."""
    sent = usable(wanted(request, settings, b.NewToken, "tokenName"))
    return sent if isinstance(sent, Denied) else minting(sent)


def named_token(command: Callable[[TokenRef], Any]) -> Read:
    """A read for a command about the caller's own token of that name."""

    def read(request: Request, settings: Settings) -> Any:
        sent = usable(wanted(request, settings, b.TokenName, "tokenName"))
        return sent if isinstance(sent, Denied) else command(own_token(sent))

    return read


def minting(sent: b.NewToken) -> c.IssueToken:
    """Make a personal access token of that name."""
    return c.IssueToken("personal", sent.name, NAME, bypass=bool(sent.bypass))


def own_token(sent: b.TokenName) -> TokenRef:
    """The caller's own token of that name."""
    return TokenRef("name", sent.name or "", NAME)


def list_tokens(request: Request, settings: Settings) -> Any:
    """The caller's own personal access tokens, all of them."""
    return c.ListTokens(dialect=NAME, kind="personal", limit=MOST)


N = TypeVar("N", bound=b.TokenName)


def usable(sent: N | Denied) -> N | Denied:
    """The body with a usable name; names are compared as they stand, so nothing is trimmed or folded."""
    if not isinstance(sent, Denied) and not plain(sent.name or "", LONGEST_NAME):
        return malformed("tokenName", UNUSABLE)
    return sent
