"""Users of another system as its export tells them, made up for tests and figures."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import msgspec

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a password from elsewhere"
DAY = timedelta(days=1)


def digest(text: str) -> str:
    """The hex SHA-256 of a password or a backup code."""
    return hashlib.sha256(text.encode()).hexdigest()


def hashed(text: str) -> str:
    """What is stored there of a login token."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def password(text: str = PASSWORD) -> dict[str, Any]:
    """A password as it is stored there."""
    return {"bcrypt": bcrypt.hashpw(digest(text).encode(), bcrypt.gensalt(4)).decode()}


def date(ago: timedelta = DAY) -> dict[str, Any]:
    """That long ago, as the export spells it."""
    return {"$date": (datetime.now(UTC) - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def session(text: str, ago: timedelta = DAY) -> dict[str, Any]:
    """A login token."""
    return {"hashedToken": hashed(text), "when": date(ago)}


def personal(text: str, name: str = "ci", *, bypass: bool = False) -> dict[str, Any]:
    """A personal access token."""
    return {
        "hashedToken": hashed(text), "type": "personalAccessToken", "createdAt": date(400 * DAY),
        "lastTokenPart": text[-6:], "name": name, "bypassTwoFactor": bypass,
    }  # fmt: skip


def user(login: str = "jean", *tokens: dict[str, Any], services: dict[str, Any] | None = None, **more: Any) -> Any:
    """A user of that name with these tokens; fields by their names there, `id` for `_id`."""
    known = {"password": password(), "resume": {"loginTokens": list(tokens)}} if services is None else services
    return {
        "_id": more.pop("id", f"{login}AAAAAAAAAAAAAAAAA"[:17]), "createdAt": date(1000 * DAY), "username": login,
        "name": login.title(), "emails": [{"address": f"{login}@example.test", "verified": True}], "type": "user",
        "active": True, "roles": ["user"], "status": "offline", "statusConnection": "offline", "utcOffset": 1,
        "_updatedAt": date(), "services": known, **more,
    }  # fmt: skip


def totp(*codes: str, enabled: bool = True, secret: str = SEED) -> dict[str, Any]:
    """An authenticator with these backup codes."""
    return {"secret": secret, "enabled": enabled, "hashedBackup": [digest(code) for code in codes]}


def lines(*users: Any) -> bytes:
    """An export with a document a line."""
    return b"".join(msgspec.json.encode(each) + b"\n" for each in users)


def crowd(count: int, tokens: int = 3) -> Iterator[bytes]:
    """Lines of so many users with so many tokens each: two sessions and then tokens by name; every tenth has TOTP.

    All share one password hash, since making one takes longer than everything else.
    """
    known, encode = password(), msgspec.json.encode
    for n in range(count):
        held = [_token(n, t) for t in range(tokens)]
        services = {"password": known, "resume": {"loginTokens": held}, "email2fa": {"enabled": True}}
        if n % 10 == 0:
            services["totp"] = totp(*(f"b{n:06}{at}"[-8:] for at in range(12)))
        yield encode(user(f"user{n}", services=services, id=f"{n:017}", settings=SETTINGS)) + b"\n"


def _token(user: int, at: int) -> dict[str, Any]:
    text = f"{user:08}{at}".rjust(43, "t")
    made: Callable[[str], dict[str, Any]] = session if at < 2 else lambda text: personal(text, f"script {at}")
    return made(text)


SETTINGS = {"profile": {}, "preferences": {f"preference{n}": "default" for n in range(10)}}
"""What the collection holds beside, and nobody wants."""
