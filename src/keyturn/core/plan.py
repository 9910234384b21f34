"""What a bootstrap file asks for, once it is read: frozen values, and whether they can go together."""

import re
from collections.abc import Iterable
from typing import Any

from keyturn.core.digests import digest, plausible
from keyturn.core.names import canonical, canonical_mail
from keyturn.core.types import Frozen, Secret, Shape

KINDS = ("personal", "api", "session")
FACTORS = ("totp", "email")


class PlannedRealm(Frozen):
    """A realm; None leaves a thing as it is, policy and settings are merged in.

    Shapes   at: where it stands, as faults name it: `realms[0]`
    """

    at: str
    name: str
    display_name: str | None = None
    hosts: tuple[str, ...] | None = None
    policy: dict[str, Any] = {}
    settings: dict[str, Any] = {}


class PlannedRole(Frozen):
    """A role with exactly these permissions."""

    at: str
    realm: str
    name: str
    permissions: tuple[str, ...]
    description: str | None = None
    two_factor: bool | None = None


class PlannedFactor(Frozen):
    """A second factor; `secret` is the base32 seed of a TOTP."""

    at: str
    kind: str
    secret: Secret | None = None


class PlannedToken(Frozen):
    """A token; with neither `value` nor `digest` its secret is drawn and told once.

    Units    expires_in: seconds; None = the usual life
    """

    at: str
    kind: str
    dialect: str
    name: str | None = None
    value: Secret | None = None
    digest: bytes | None = None
    expires_in: int | None = None
    bypass: bool | None = None
    scopes: tuple[str, ...] | None = None


class PlannedUser(Frozen):
    """A user or a machine; None leaves a thing as it is.

    Shapes   password_hash: as it is stored; trusted: the policy is not asked
    """

    at: str
    realm: str
    login: str
    uuid: str | None = None
    number: int | None = None
    handle: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    notify: tuple[str, ...] | None = None
    display_name: str | None = None
    password: Secret | None = None
    password_hash: Secret | None = None
    trusted: bool = False
    must_change: bool = False
    remote: bool | None = None
    service: bool | None = None
    roles: tuple[str, ...] | None = None
    suspended: bool | None = None
    factors: tuple[PlannedFactor, ...] = ()
    attributes: dict[str, dict[str, Any]] = {}
    tokens: tuple[PlannedToken, ...] = ()


class Plan(Frozen):
    """A bootstrap file that was read and found whole."""

    realms: tuple[PlannedRealm, ...] = ()
    roles: tuple[PlannedRole, ...] = ()
    users: tuple[PlannedUser, ...] = ()


Faults = dict[str, str]
"""A sentence for each place; never with a value that stands there."""


def identity(token: PlannedToken) -> tuple[str, str, str]:
    """By what a token of one owner is known again: its wire and name, else its wire and kind.

    Safe     of the api kind an owner has one per wire, whatever its name
    """
    if token.name is None or token.kind == "api":
        return token.dialect, "kind", token.kind
    return token.dialect, "name", token.name


def faults(plan: Plan) -> Faults:
    """What cannot be true at once in one file: things that are there twice."""
    found: Faults = {}
    users = plan.users
    _twice(found, ((r.name, f"{r.at}.name") for r in plan.realms), "is another realm's name too")
    _twice(found, _hosts(plan), "is a host of another realm too")
    _twice(found, (((r.realm, canonical(r.name)), f"{r.at}.name") for r in plan.roles), "is another role's name too")
    _twice(found, (((u.realm, canonical(u.login)), f"{u.at}.login") for u in users), "is another user's login too")
    _twice(found, _mails(users), "is another user's address too")
    for name in ("uuid", "number", "handle"):
        given = ((getattr(u, name), f"{u.at}.{name}") for u in users if getattr(u, name) is not None)
        _twice(found, given, f"is another user's {name} too")
    for user in users:
        _twice(found, ((identity(t), t.at) for t in user.tokens), "is there twice: same dialect and name, or kind")
        _twice(found, ((f.kind, f.at) for f in user.factors), "is there twice: one of a kind")
    _twice(found, _secrets(users), "is another token's secret too")
    return found


def fits(shape: Shape, secret: Secret) -> str | None:
    """What is wrong with a given secret on a wire of that shape; None when its clients could have got it.

    Safe     fewer than 22 characters cannot hold 128 bits, so nothing that short gets in
    """
    pattern, sentence = SHAPES[shape]
    if not pattern.fullmatch(secret.reveal()):
        return sentence
    return None if plausible(secret) else "looks like one of ours, but its checksum is wrong"


def digest_of(token: PlannedToken) -> bytes | None:
    """The digest a given token is stored under; None where the secret is still to be drawn."""
    return digest(token.value) if token.value is not None else token.digest


SHAPES: dict[Shape, tuple[re.Pattern[str], str]] = {
    Shape.KEYTURN: (re.compile(r"[!-~]{22,1024}"), "wants 22 or more printable characters without spaces"),
    Shape.UUID_FORM: (
        re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"),
        "wants 32 upper-case hex digits in groups of 8, 4, 4, 4 and 12",
    ),
    Shape.BASE64URL: (re.compile(r"[A-Za-z0-9_-]{43}"), "wants 43 letters, digits, - and _"),
    Shape.BASE64: (
        re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9+/]{22,1022}={0,2}"),
        "wants base64 of 22 or more characters with a letter among them",
    ),
    Shape.ALPHANUMERIC: (
        re.compile(r"(?=.*[^0-9])[A-Za-z0-9_-]{22,1024}"),
        "wants 22 or more letters and digits, not digits alone",
    ),
}


def _twice(found: Faults, pairs: Iterable[tuple[Any, str]], sentence: str) -> None:
    seen = set()
    for key, at in pairs:
        if key in seen:
            found[at] = sentence
        seen.add(key)


def _hosts(plan: Plan) -> Iterable[tuple[str, str]]:
    return ((host, f"{realm.at}.hosts") for realm in plan.realms for host in sorted(set(realm.hosts or ())))


def _mails(users: Iterable[PlannedUser]) -> Iterable[tuple[Any, str]]:
    return (((u.realm, canonical_mail(u.email)), f"{u.at}.email") for u in users if u.email)


def _secrets(users: Iterable[PlannedUser]) -> Iterable[tuple[bytes, str]]:
    return ((key, token.at) for user in users for token in user.tokens if (key := digest_of(token)) is not None)
