"""What the keys of a configuration may hold: a value in, the checked one out, ValueError with a sentence otherwise."""

import ipaddress
import re
from collections.abc import Callable
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from keyturn.core.names import deliverable
from keyturn.core.settings import duration, words
from keyturn.core.types import Frozen

SIZES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2}
LARGEST_SIZE = 64 * 1024**2
URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class Key(Frozen):
    """What a key means: `check` gives its value or raises ValueError with the rest of a sentence."""

    check: Callable[[Any], Any]
    values: str
    sentence: str


def text(value: object) -> str:
    """Text on one line; empty for nothing."""
    return words(value)


def plain(value: object) -> str:
    """Text that every mail server can read; empty for nothing."""
    if not words(value).isascii():
        raise ValueError("wants plain letters of ASCII")
    return words(value)


def path(value: object) -> str:
    """The name of a file or folder; empty for none."""
    if "\0" in words(value):
        raise ValueError("wants the name of a file")
    return words(value)


def size(value: object) -> int:
    """Bytes of `16KiB`, `1MiB` or a whole number."""
    digits = str(value).rstrip("BKMi")
    unit = str(value)[len(digits) :]
    plain = not isinstance(value, bool) and isinstance(value, (int, str)) and digits.isascii() and digits.isdigit()
    if not plain or unit not in SIZES or len(digits) > 12:
        raise ValueError("wants a size such as 16KiB, 1MiB or whole bytes")
    if not 1024 <= (found := int(digits) * SIZES[unit]) <= LARGEST_SIZE:
        raise ValueError("wants a size from 1KiB to 64MiB")
    return found


def span(value: object) -> int:
    """Seconds of a duration between one second and ten minutes."""
    if not 1 <= (found := duration(value)) <= 600:
        raise ValueError("wants a duration from 1s to 10m")
    return found


def address(value: object) -> str:
    """`HOST:PORT`; an IPv6 address in brackets."""
    host, colon, port = words(value).rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        raise ValueError("wants HOST:PORT, such as 127.0.0.1:8200 or [::1]:8200")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError("wants an IPv6 address in brackets, such as [::1]:8200")
    return words(value)


def database(value: object) -> str:
    """Where the store is."""
    if not words(value).startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("wants sqlite:///FILE or postgresql://USER@HOST/NAME")
    return words(value)


def other_database(value: object) -> str:
    """A second way to the same PostgreSQL, or none."""
    if value and not words(value).startswith(("postgresql://", "postgres://")):
        raise ValueError("wants postgresql://USER@HOST/NAME or nothing")
    return words(value)


def url(value: object) -> str:
    """An http or https address that links may begin with: no query, no name and password, no space; or none."""
    if value and not (URL.fullmatch(words(value)) and _has_host(words(value))):
        raise ValueError("wants an address such as https://id.example.test")
    return words(value).rstrip("/")


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname and parts.hostname.encode("idna")) and parts.port != 0
    except ValueError:
        return False


def sender(value: object) -> str:
    """A mail address, with or without a name before it, or none."""
    name, address = parseaddr(words(value))
    plain = address.isascii() and deliverable(address)
    if value and not (plain and words(value) in (address, f"{name} <{address}>", f'"{name}" <{address}>')):
        raise ValueError("wants an address such as keyturn@example.org or Keyturn <keyturn@example.org>")
    return words(value)


def addresses(value: object) -> tuple[str, ...]:
    """Addresses of machines."""
    if not isinstance(value, list):
        raise ValueError("wants a list of addresses")
    try:
        return tuple(str(ipaddress.ip_address(words(item))) for item in value)
    except ValueError:
        raise ValueError("wants addresses such as 10.0.0.7 or ::1, one by one") from None


def port(value: object) -> int:
    """A port."""
    return within(1, 65535)(value)


def within(least: int, most: int) -> Callable[[object], int]:
    """A check that takes whole numbers of that range."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"wants a whole number from {least} to {most}")
        return value

    return check
