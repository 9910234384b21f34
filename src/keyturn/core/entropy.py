"""The one file that asks the operating system for randomness."""

import secrets
import uuid

HANDLE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def octets(count: int) -> bytes:
    """`count` bytes from the operating system."""
    return secrets.token_bytes(count)


def letters(alphabet: str, count: int) -> str:
    """`count` letters, each drawn evenly from `alphabet`.

    Safe     bytes past the last whole multiple of the alphabet are thrown away, so no letter is likelier
    """
    size = len(alphabet)
    even = 256 - 256 % size
    out = ""
    while len(out) < count:
        out += "".join(alphabet[b % size] for b in secrets.token_bytes(2 * count) if b < even)
    return out[:count]


def new_uuid() -> str:
    """A random UUID in lower-case text form."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def new_handle() -> str:
    """A 17-character handle without look-alike letters."""
    return letters(HANDLE_ALPHABET, 17)


def new_mark() -> str:
    """The four-letter mark of a new instance; not secret."""
    return letters(BASE62, 4)
