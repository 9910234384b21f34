"""A user of an exported users collection, read into whoever arrives; what does not fit is told and left."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from keyturn.core.factors import seed_from_base32
from keyturn.core.hashes import import_hash
from keyturn.core.imports import Arrival, ArrivingToken, Left, Reading
from keyturn.core.names import HANDLE, canonical, canonical_mail, plain
from keyturn.core.outcomes import Denied
from keyturn.core.types import SECOND, Instant, Secret
from keyturn.wire import decoded, note_fields

ROLES = {"admin": "Administrators", "user": "Members"}
"""What this product's own roles are here; others go by their name."""
MACHINES = frozenset({"bot", "app"})
"""Roles that say no more than that a machine is meant."""
TYPES = {None: False, "user": False, "bot": True, "app": True}
"""Which types of user are taken, and whether each is a machine."""
PERSONAL = "personalAccessToken"
LONGEST_NAME = 200
SHOWN = 6
HEX = re.compile(r"[0-9a-f]{64}")
EPOCH, TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
LATEST = 253_402_300_799
"""The last second of the year 9999."""
OTHER_FORM = "is not of the form that an export has"
Note = Callable[[str, str], None]


class _Address(msgspec.Struct):
    address: str
    verified: bool | None = None


class _Password(msgspec.Struct):
    bcrypt: Secret | None = None


class _Resume(msgspec.Struct, rename="camel"):
    login_tokens: list[msgspec.Raw] | None = None


class _Totp(msgspec.Struct, rename="camel"):
    enabled: bool | None = None
    secret: Secret | None = None
    hashed_backup: list[Secret] | None = None


class _Mailed(msgspec.Struct):
    enabled: bool | None = None


class _Services(msgspec.Struct):
    password: _Password | None = None
    resume: _Resume | None = None
    totp: _Totp | None = None
    email2fa: _Mailed | None = None


class _User(msgspec.Struct, rename="camel"):
    id: str = msgspec.field(name="_id")
    username: str | None = None
    name: str | None = None
    emails: list[_Address] | None = None
    active: bool | None = None
    type: str | None = None
    roles: list[str] | None = None
    created_at: Any = None
    last_login: Any = None
    require_password_change: bool | None = None
    federated: bool | None = None
    is_remote: bool | None = None
    services: _Services | None = None


class _Token(msgspec.Struct, rename="camel"):
    hashed_token: Secret
    when: Any = None
    type: str | None = None
    created_at: Any = None
    last_token_part: str | None = None
    name: str | None = None
    bypass_two_factor: bool | None = None


class _Named(msgspec.Struct):
    username: Any = None


def read(document: bytes, line: int) -> Reading:
    """The user that one document of the collection is, or why it is nobody who can be taken.

    Safe     a second factor that cannot be carried leaves the whole user: nobody comes in with less than they had
    """
    user = decoded(document, _User)
    if isinstance(user, Denied):
        (field, sentence), *_ = note_fields(user).items()
        why = "is no JSON, or cut off" if field == "body" else f"{field}: {sentence}"
        return Reading(None, (Left(line, _login(document), "user", why),))
    login = shown(user.username)
    unfit = _unfit(user)
    if unfit is not None:
        return Reading(None, (Left(line, login, "user", unfit),))
    left: list[Left] = []
    arrival = _arrival(user, line, lambda what, why: left.append(Left(line, login, what, why)))
    return Reading(arrival, tuple(left))


def shown(text: Any) -> str | None:
    """The text where it can be shown at a terminal; None otherwise."""
    return text if isinstance(text, str) and text and plain(text) else None


def instant(given: Any) -> Instant | None:
    """The instant that a date of extended JSON tells, of whichever version; None where it tells none."""
    value = given.get("$date") if isinstance(given, dict) else given
    if isinstance(value, dict):
        value = value.get("$numberLong")
    return _parsed(value) if isinstance(value, str) else _of_millis(value)


# --- who can be taken


def _unfit(user: _User) -> str | None:
    if not HANDLE.fullmatch(user.id):
        return "has an _id that is no word of up to 64 letters and digits"
    if not user.username:
        return "has no username"
    if canonical(user.username) is None:
        return "has a username that is too long or holds characters that cannot be shown"
    if user.type not in TYPES:
        return "is neither user, bot nor app"
    if user.federated or user.is_remote:
        return "belongs to another server"
    totp = user.services.totp if user.services else None
    if totp is not None and totp.enabled and (totp.secret is None or seed_from_base32(totp.secret.reveal()) is None):
        return "has an authenticator whose secret cannot be read, and would come in without it"
    return None


def _arrival(user: _User, line: int, note: Note) -> Arrival:
    services, roles = user.services or _Services(), user.roles or []
    mail, verified = _mail(user, note)
    totp = services.totp if services.totp is not None and services.totp.enabled else None
    mailed = services.email2fa is not None and services.email2fa.enabled is True
    password = _password(services, note)
    return Arrival(
        line=line, handle=user.id, login=(user.username or "").strip(), email=mail, email_verified=verified,
        display_name=_name(user, note), service=TYPES[user.type] or not MACHINES.isdisjoint(roles),
        suspended=user.active is not True, created=instant(user.created_at), last_login=instant(user.last_login),
        roles=tuple(_roles(roles, note)), password=password,
        must_change=password is not None and user.require_password_change is True,
        seed=None if totp is None else totp.secret, codes=() if totp is None else _codes(totp, note),
        mail_code=mailed and verified, tokens=tuple(_tokens(services.resume, note)),
    )  # fmt: skip


def _mail(user: _User, note: Note) -> tuple[str, bool]:
    """The first address, and whether it is known to be the user's."""
    first = user.emails[0] if user.emails else None
    if first is None or not first.address:
        return "", False
    if canonical_mail(first.address) is None:
        note("email", "is no mail address; the user is taken without it")
        return "", False
    return first.address.strip(), first.verified is True


def _name(user: _User, note: Note) -> str:
    name = user.name or ""
    if plain(name):
        return name
    note("name", "is too long or holds characters that cannot be shown; the user is taken without it")
    return ""


def _roles(names: list[str], note: Note) -> Iterator[str]:
    for name in names:
        if name in ROLES:
            yield ROLES[name]
        elif name not in MACHINES and canonical(name) is not None:
            yield name
        elif name not in MACHINES:
            note("role", "has a name that no role can have")


def _password(services: _Services, note: Note) -> Secret | None:
    given = services.password.bcrypt if services.password else None
    if given is None:
        return None
    stored = import_hash(f"rocketchat-bcrypt:{given.reveal()}")
    if stored is None:
        note("password", "is no bcrypt hash that can be checked here; the user is taken without it")
    return None if stored is None else Secret(stored)


def _codes(totp: _Totp, note: Note) -> tuple[Secret, ...]:
    given = totp.hashed_backup or []
    good = {code.reveal().lower(): None for code in given if HEX.fullmatch(code.reveal().lower())}
    if len(good) < len(given):
        note("backup codes", "some are no SHA-256 in hex, or are there twice")
    return tuple(Secret(code) for code in good)


# --- tokens


def _tokens(resume: _Resume | None, note: Note) -> Iterator[ArrivingToken]:
    names: set[str] = set()
    for raw in (resume.login_tokens if resume else None) or ():
        token = decoded(bytes(raw), _Token)
        why = OTHER_FORM if isinstance(token, Denied) else _no_token(token, names)
        if isinstance(token, Denied) or why is not None:
            note("token" if isinstance(token, Denied) else _called(token), why or OTHER_FORM)
            continue
        names.add(token.name or "")
        yield _token(token)


def _no_token(token: _Token, names: set[str]) -> str | None:
    """Why that is no token which could go on; names: those of the tokens before it."""
    if _digest(token.hashed_token) is None:
        return "has a hash that is no SHA-256 in base64"
    if token.type not in (None, PERSONAL):
        return "is of a type that is not known here"
    if _made(token) is None:
        return "does not tell when it was made"
    if token.type == PERSONAL and not (token.name and plain(token.name, LONGEST_NAME)):
        return "has no name, or one that cannot be shown"
    return "has the name of another token" if token.type == PERSONAL and token.name in names else None


def _token(token: _Token) -> ArrivingToken:
    digest, made = _digest(token.hashed_token) or b"", _made(token) or Instant(0)
    if token.type is None:
        return ArrivingToken("session", digest, made)
    part = token.last_token_part or ""
    tail = part[-SHOWN:] if part.isascii() and part.isprintable() else ""
    return ArrivingToken("personal", digest, made, token.name, tail, token.bypass_two_factor is True)


def _called(token: _Token) -> str:
    name = shown(token.name)
    return f"token {name}" if name else "token" if token.type else "session"


def _made(token: _Token) -> Instant | None:
    return instant(token.created_at if token.type == PERSONAL else token.when)


def _digest(hashed: Secret) -> bytes | None:
    try:
        raw = base64.b64decode(hashed.reveal(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == 32 else None


# --- dates


def _parsed(text: str) -> Instant | None:
    if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20:
        return _of_millis(int(text))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return _within((aware - EPOCH) // TICK)


def _of_millis(value: Any) -> Instant | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return _within(value * 1000) if whole else None


def _within(micros: int) -> Instant | None:
    return Instant(micros) if 0 <= micros <= LATEST * SECOND else None


def _login(document: bytes) -> str | None:
    """The username of a document that is otherwise not of the right form."""
    named = decoded(document, _Named)
    return None if isinstance(named, Denied) else shown(named.username)
