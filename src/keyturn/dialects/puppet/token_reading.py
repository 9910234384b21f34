"""Requests about tokens, certificates and the rules of passwords and logins, read into commands."""

import re
from typing import Any

from keyturn.core import commands as c
from keyturn.core.names import canonical
from keyturn.core.outcomes import Denied
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen, Presented, Secret
from keyturn.dialects.puppet import token_bodies as b
from keyturn.dialects.puppet.reading import (
    QUIET,
    UUID,
    caller,
    label_of,
    lifetime_of,
    nobody,
    object_of,
    subject_of,
    unwrapped,
    words_of,
)
from keyturn.wire import Request, clear, json_body, malformed

TOKEN = re.compile(r"[A-Za-z0-9_-]{22,1024}")
WHOLE = re.compile(r"[0-9]{1,9}")
ORDERS = {"creation_date": "created", "expiration_date": "expires", "last_active_date": "used", "client": "client"}
DIRECTIONS = ("asc", "desc")
SHOWN = "(not shown)"
"""What stands for a malformed token: it may be a good one with a slip of the hand."""
KINDS = ("tokens", "usernames", "labels", "ids")
PARAMETERS = {
    "revoke_tokens": "tokens",
    "revoke_tokens_by_usernames": "usernames",
    "revoke_tokens_by_labels": "labels",
    "revoke_tokens_by_ids": "ids",
}
MOST = 1000
"""How much may be named in one call: all of it is one transaction."""
AUTHENTICATES = "token"
"""The one field of the query that names nobody's token to be ended."""


class Wanted(Frozen):
    """What is to be ended, and what was named so that nothing can be meant by it."""

    tokens: tuple[str, ...]
    usernames: tuple[str, ...]
    labels: tuple[str, ...]
    ids: tuple[str, ...]
    malformed: dict[str, tuple[str, ...]]
    unrecognized: tuple[str, ...]

    def empty(self) -> bool:
        """Whether nothing at all was named."""
        return self.asked() == 0 and not any(self.malformed.values()) and not self.unrecognized

    def asked(self) -> int:
        """How much of it means something."""
        return sum(len(getattr(self, kind)) for kind in KINDS)


# --- who is there


def authenticating(request: Request) -> Presented | Denied:
    """The token in the body is the caller's; it may ask that this be no use of it."""
    body = object_of(request, b.Authentication)
    if isinstance(body, Denied):
        return body
    text = body.token.reveal()
    token = text.removesuffix(QUIET)
    return Presented("puppet", Secret(token), quiet=body.counts is False or token != text)


def checking(request: Request) -> Presented:
    """Nobody where a reset token says whose password it would be, else the caller."""
    body = object_of(request, b.PasswordQuestion)
    named = not isinstance(body, Denied) and (body.hyphened or body.reset_token) is not None
    return nobody(request) if named else caller(request)


# --- what is wished


def derive_session(request: Request, settings: Settings) -> c.DeriveSession | Denied:
    """A token by the presented one; the body may be missing."""
    # As an object of anything first: what is no text is refused as a name too, though no field of it is asked for.
    whole = json_body(request, dict[str, Any], empty=True)
    body = json_body(request, b.FurtherToken, empty=True)
    if isinstance(whole, Denied):
        return whole
    if isinstance(body, Denied):
        return body
    span, label = lifetime_of(body.lifetime), label_of(body.label)
    words = words_of({"description": body.description, "client": body.client})
    for read in (span, label, words):
        if isinstance(read, Denied):
            return read
    return c.DeriveSession(span, label, words)  # type: ignore[arg-type]  # none of them is a refusal


def list_tokens(request: Request, settings: Settings) -> c.ListTokens | Denied:
    """The tokens of the user in the path, in that order."""
    owner, part = subject_of(request), slice_of(request)
    if isinstance(owner, Denied):
        return owner
    return part if isinstance(part, Denied) else c.ListTokens(owner, dialect="puppet", slice=part)


def slice_of(request: Request) -> c.Slice | Denied:
    """Which part of the list is wished; samples of the product quote such values."""
    given = {name: value.strip("\"'") for name, value in request.fields().items()}
    by, order = given.get("order_by") or "creation_date", (given.get("order") or "asc").lower()
    if by not in ORDERS:
        return malformed("order_by", f"wants one of: {', '.join(ORDERS)}")
    if order not in DIRECTIONS:
        return malformed("order", "wants asc or desc")
    for name in ("offset", "limit"):
        if given.get(name) and not WHOLE.fullmatch(given[name]):
            return malformed(name, "wants a whole number")
    limit = int(given["limit"]) if given.get("limit") else None
    return c.Slice(ORDERS[by], order == "desc", int(given.get("offset") or 0), limit)


def show_bearer(request: Request, settings: Settings) -> c.ShowSelf:
    """Whose the token is."""
    return c.ShowSelf()


def revoke_tokens(request: Request, settings: Settings) -> c.RevokeTokens | Denied:
    """All that was named and can be meant, whatever else was named."""
    wanted = wanted_of(request)
    if isinstance(wanted, Denied):
        return wanted
    return c.RevokeTokens(tuple(map(Secret, wanted.tokens)), wanted.usernames, wanted.labels, wanted.ids)


def revoke_token(request: Request, settings: Settings) -> c.RevokeSecret | Denied:
    """The token in the path, by an administrator."""
    token = request.params["token"].removesuffix(QUIET)
    if not TOKEN.fullmatch(token):
        return malformed("token", "is no token")
    return c.RevokeSecret(Secret(token), administrator=True)


def check_password(request: Request, settings: Settings) -> c.CheckPassword | Denied:
    """A password to be checked."""
    body = object_of(request, b.PasswordQuestion)
    if isinstance(body, Denied):
        return body
    token = body.hyphened or body.reset_token
    return c.CheckPassword(body.password, None if token is None else unwrapped(token))


def check_login(request: Request, settings: Settings) -> c.CheckLogin | Denied:
    """A login to be checked."""
    body = object_of(request, b.LoginQuestion)
    return body if isinstance(body, Denied) else c.CheckLogin(body.login)


def show_certificate(request: Request, settings: Settings) -> c.ShowCertificate:
    """The certificate named in the path."""
    return c.ShowCertificate(request.params["cn"])


def wanted_of(request: Request) -> Wanted | Denied:
    """What the query and the body name together, read once."""
    return request.once(Wanted, _wanted)


def _wanted(request: Request, model: type[Wanted]) -> Wanted | Denied:
    body = json_body(request, dict[str, Any] | None, empty=True)  # type: ignore[arg-type]  # a union is no class
    if isinstance(body, Denied):
        return body
    named: dict[str, list[str]] = {kind: [] for kind in KINDS}
    unknown: list[str] = []
    for name, value in request.fields().items():
        if name in PARAMETERS:
            named[PARAMETERS[name]] += [part for part in value.split(",") if part]
        elif name != AUTHENTICATES:
            unknown.append(name)
    for name, values in (body or {}).items():
        if name not in PARAMETERS:
            unknown.append(name)
        elif not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            return malformed(name, "wants a list of texts")
        else:
            named[PARAMETERS[name]] += values
    if sum(map(len, named.values())) > MOST:
        return malformed("body", f"names more than {MOST} things")
    return _sorted_out(named, unknown)


def _sorted_out(named: dict[str, list[str]], unknown: list[str]) -> Wanted:
    good: dict[str, dict[str, None]] = {kind: {} for kind in KINDS}
    bad: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind, values in named.items():
        for value in values:
            meant = READ[kind](value)
            if meant is None:
                bad[kind].append(SHOWN if kind == "tokens" else _printable(value))
            else:
                good[kind][meant] = None
    found = {kind: tuple(good[kind]) for kind in KINDS}
    wrong = {kind: tuple(bad[kind]) for kind in KINDS}
    return Wanted(**found, malformed=wrong, unrecognized=tuple(_printable(name) for name in unknown))


def _token(text: str) -> str | None:
    token = text.strip().removesuffix(QUIET)
    return token if TOKEN.fullmatch(token) else None


def _username(text: str) -> str | None:
    return text if clear(text) and canonical(text) is not None else None


def _known_label(text: str) -> str | None:
    label = label_of(text)
    return label if isinstance(label, str) else None


def _id(text: str) -> str | None:
    return text.lower() if UUID.fullmatch(text) else None


READ = {"tokens": _token, "usernames": _username, "labels": _known_label, "ids": _id}


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text[:200])
