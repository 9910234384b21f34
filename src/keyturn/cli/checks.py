"""What single fields of a bootstrap file may hold: a marked value in, the planned one out, ValueError otherwise."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from keyturn.cli.marked import Marked
from keyturn.core.factors import seed_from_base32
from keyturn.core.hashes import import_hash
from keyturn.core.names import HANDLE, canonical, canonical_host, canonical_mail, plain
from keyturn.core.rules import triple
from keyturn.core.settings import Setting, duration
from keyturn.core.types import Secret

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SCOPE = re.compile(r"[!#-\[\]-~]{1,128}")
LARGEST_NUMBER = 2**53
LONGEST_NAME = 200
Check = Callable[[Marked], Any]


def text(item: Marked) -> str:
    """Text that was written as text."""
    if not isinstance(item.value, str):
        raise ValueError("wants text; put it in quotes")
    return item.value


def secret(item: Marked) -> Secret:
    """Text that must not be seen again."""
    if not text(item):
        raise ValueError("is empty")
    return Secret(text(item))


def flag(item: Marked) -> bool:
    """True or false."""
    if not isinstance(item.value, bool):
        raise ValueError("wants true or false")
    return item.value


def login(item: Marked) -> str:
    """A name that has a canonical form."""
    if canonical(text(item)) is None:
        raise ValueError("wants 1 to 256 letters without control or invisible characters")
    return text(item).strip()


def label(item: Marked) -> str:
    """A token's name."""
    name = text(item).strip()
    if not name or not plain(name, LONGEST_NAME):
        raise ValueError("wants 1 to 200 characters that can be shown")
    return name


def title_or_empty(item: Marked) -> str:
    """A name for people to read."""
    if not plain(text(item)):
        raise ValueError("holds characters that cannot be shown, or more than 256")
    return text(item)


def title(item: Marked) -> str:
    """The same, not empty."""
    if not text(item).strip():
        raise ValueError("is empty")
    return title_or_empty(item)


def mail(item: Marked) -> str:
    """A mail address."""
    if canonical_mail(text(item)) is None:
        raise ValueError("wants a mail address")
    return text(item).strip()


def mail_or_empty(item: Marked) -> str:
    """A mail address, or none."""
    return mail(item) if text(item) else ""


def host(item: Marked) -> str:
    """A host name."""
    name = canonical_host(text(item))
    if name is None:
        raise ValueError("wants host names without port")
    return name


def uuid(item: Marked) -> str:
    """A uuid."""
    if not UUID.fullmatch(text(item).lower()):
        raise ValueError("wants a uuid")
    return text(item).lower()


def number(item: Marked) -> int:
    """A subject's number."""
    if isinstance(item.value, bool) or not isinstance(item.value, int) or not 0 < item.value < LARGEST_NUMBER:
        raise ValueError("wants a whole number from 1")
    return item.value


def handle(item: Marked) -> str:
    """A subject's handle."""
    if not HANDLE.fullmatch(text(item)):
        raise ValueError("wants 1 to 64 letters and digits")
    return text(item)


def permission(item: Marked) -> str:
    """A permission that is known."""
    if triple(text(item)) is None:
        raise ValueError("wants noun:action:target of a known right")
    return text(item)


def scope(item: Marked) -> str:
    """One scope."""
    if not SCOPE.fullmatch(text(item)):
        raise ValueError("wants words without spaces and quotes")
    return text(item)


def stored_hash(item: Marked) -> Secret:
    """A password hash made elsewhere, as it is stored."""
    stored = import_hash(text(item))
    if stored is None:
        raise ValueError("is no password hash of a form that is known here")
    return Secret(stored)


def seed(item: Marked) -> Secret:
    """A TOTP seed in base32."""
    if seed_from_base32(text(item)) is None:
        raise ValueError("wants a base32 seed of 10 to 128 bytes")
    return Secret(text(item))


def digest(item: Marked) -> bytes:
    """`sha256:` and the base64 of 32 bytes."""
    name, _, rest = text(item).partition(":")
    try:
        raw = base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if name != "sha256" or len(raw) != 32:
        raise ValueError("wants sha256: and the base64 of 32 bytes")
    return raw


def span(item: Marked) -> int:
    """A duration that is not nothing."""
    if not (found := duration(item.value)):
        raise ValueError("wants more than no time at all")
    return found


def anything(item: Marked) -> Any:
    """A value that no table knows yet."""
    return item.plain()


def one_of(*options: str) -> Check:
    """A check that takes one of `options` alone."""

    def check(item: Marked) -> str:
        if item.text not in options or isinstance(item.value, (list, dict)):
            raise ValueError(f"wants one of: {', '.join(options)}")
        return item.text

    return check


def setting(row: Setting) -> Check:
    """The check of a row of settings."""
    return lambda item: row.check(item.plain())
