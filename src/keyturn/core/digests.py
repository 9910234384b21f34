"""How a presented secret is found: its digest, and whether its form can be one of ours at all."""

import hashlib
import zlib

from keyturn.core.entropy import BASE62
from keyturn.core.types import Secret

LONGEST_SECRET = 1024


def digest(secret: Secret) -> bytes:
    """The 32 bytes under which a secret is stored and looked up.

    Safe     secrets carry 128 bits or more, so a plain SHA-256 cannot be searched (DESIGN.md section 5)
    """
    return hashlib.sha256(secret.reveal().encode("utf-8", "surrogatepass")).digest()


def plausible(secret: Secret) -> bool:
    """Whether a presented text is worth a look-up: printable ASCII, not endless, our own form's checksum right.

    Safe     only the canonical spelling passes; every other spelling has another digest anyway (A31)
    """
    text = secret.reveal()
    if not 0 < len(text) <= LONGEST_SECRET or not text.isascii() or not text.isprintable():
        return False
    return not _ours(text) or checksum(text[:-6]) == text[-6:]


def last6(secret: Secret) -> str:
    """The six characters a list may show: the end of the secret, before our own form's checksum."""
    text = secret.reveal()
    return text[-12:-6] if _ours(text) else text[-6:]


def origin(agent: str, address: str) -> str:
    """A digest of where a factor was shown: client name and address, the name's length first (A27)."""
    return hashlib.sha256(f"{len(agent)}:{agent}{address}".encode("utf-8", "replace")).hexdigest()


def base62(number: int, width: int) -> str:
    """`number` in base 62, padded on the left with zeros to `width`."""
    out = ""
    while number:
        number, rest = divmod(number, 62)
        out = BASE62[rest] + out
    return out.rjust(width, "0")


def checksum(text: str) -> str:
    """The six base-62 characters of the CRC-32 of `text`; a guard against typing, not against forgery."""
    return base62(zlib.crc32(text.encode()), 6)


def _ours(text: str) -> bool:
    return text.startswith("kt") and text[3:4] == "_" and len(text) == 58
