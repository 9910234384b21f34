"""The sealing key: what must be read back is sealed with it, bound to its row; what must be found is keyed by it."""

import base64
import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyturn.core import entropy

NONCE = 12


class KeyRing:
    """The sealing key of this instance and what is derived from it; its repr shows nothing."""

    __slots__ = ("_cache", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cache: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "KeyRing(redacted)"

    def __reduce__(self) -> Any:
        raise TypeError("a sealing key is not pickled")

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose, by HKDF-SHA-256."""
        known = self._cache.get(purpose)
        if known is None:
            known = self._cache[purpose] = hkdf(self._key, purpose.encode())
        return known

    def fingerprint(self) -> str:
        """What the store keeps to tell this key from another; says nothing of the key."""
        return self.derive("fingerprint").hex()[:32]

    def seal(self, purpose: str, row: str, clear: bytes) -> bytes:
        """`clear` under AES-GCM, readable only under the same purpose and row."""
        return seal_under(self.derive(purpose), row.encode(), clear)

    def open(self, purpose: str, row: str, sealed: bytes) -> bytes:
        """What was sealed; raises `cryptography.exceptions.InvalidTag` when moved to another row or altered."""
        return open_under(self.derive(purpose), row.encode(), sealed)

    def keyed(self, purpose: str, *fields: bytes) -> bytes:
        """HMAC-SHA-256 over the length-prefixed fields, so that no two lists of fields meet (A27)."""
        text = b"".join(len(f).to_bytes(8, "big") + f for f in fields)
        return hmac.digest(self.derive(purpose), text, "sha256")

    def answer_key(self, secret: bytes, key: bytes, request: bytes) -> bytes:
        """The key of one stored answer: made from what only its caller can present again."""
        return self.keyed("answer", secret, key, request)


def hkdf(key: bytes, info: bytes) -> bytes:
    """32 bytes derived from `key` for `info`."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"keyturn " + info).derive(key)


def seal_under(key: bytes, row: bytes, clear: bytes) -> bytes:
    """Nonce and ciphertext of `clear` under that key, bound to `row`."""
    nonce = entropy.octets(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, clear, row)


def open_under(key: bytes, row: bytes, sealed: bytes) -> bytes:
    """What `seal_under` sealed."""
    return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], row)


def read_key(path: Path) -> KeyRing | None:
    """The key in that file, or None when there is no file; ValueError when it is no key."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    key = base64.b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError(f"{path} does not hold a sealing key of 32 bytes")
    return KeyRing(key)


def make_key(path: Path) -> KeyRing:
    """A fresh key, written to that file with mode 0600; never over an existing one."""
    key = entropy.octets(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return KeyRing(key)


def digest_of(*fields: bytes) -> bytes:
    """SHA-256 over the length-prefixed fields."""
    return hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in fields)).digest()
