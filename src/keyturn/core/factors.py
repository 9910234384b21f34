"""Second factors: one-time codes by time, and recovery codes; pure arithmetic over seeds, codes and steps."""

import base64
import binascii
import hashlib
import hmac
import string

from keyturn.core.types import SECOND, Frozen

PERIOD = 30
DIGITS = 6
SHORTEST_SEED = 10
LONGEST_SEED = 128
RECOVERY_BYTES = 10
SHORT_LETTERS = 8

_RECOVERY_LETTERS = RECOVERY_BYTES * 8 // 5
_BASE32 = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_UNRESERVED = frozenset((string.ascii_letters + string.digits + "-._~").encode())
_SEPARATORS = str.maketrans("", "", " -")


class Accepted(Frozen):
    """The code is right; `step` is to be stored, so that it is never accepted again."""

    step: int


class Replayed(Frozen):
    """The code is right for a step that is used up: refused, not counted."""


class Wrong(Frozen):
    """The code is right for no step that may be shown now: refused and counted."""


Match = Accepted | Replayed | Wrong


def totp_match(seed: bytes, code: str, now_micros: int, last_step: int, strict: bool) -> Match:
    """What a shown code is worth now.

    Shapes   last_step: the newest accepted step of this factor, -1 for none
    Units    now_micros: microseconds since 1970 UTC
    Safe     a step is told by its number, never by the code's spelling, so spaces and dashes make no code
             new (A17); each step of the window is compared, whichever fits
    Source   RFC 6238 section 5.2; rules.md 6: steps -1, 0, +1, or the current one alone where strict
    """
    digits = code.translate(_SEPARATORS)
    if not (len(digits) == DIGITS and digits.isascii() and digits.isdigit()):
        return Wrong()
    now = step_at(now_micros)
    window = (now,) if strict else (now - 1, now, now + 1)
    fits = [step for step in window if hmac.compare_digest(totp_code(seed, step), digits)]
    fresh = [step for step in fits if step > last_step]
    return Accepted(fresh[0]) if fresh else Replayed() if fits else Wrong()


def totp_code(seed: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one step.

    Source   RFC 4226 section 5.3, HMAC-SHA-1
    """
    mac = hmac.digest(seed, step.to_bytes(8, "big", signed=True), hashlib.sha1)
    at = mac[-1] & 0x0F
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).rjust(digits, "0")


def step_at(now_micros: int) -> int:
    """The number of the step that runs at an instant."""
    return now_micros // (PERIOD * SECOND)


def otpauth_uri(issuer: str, login: str, seed: bytes) -> str:
    """The address that an authenticator app reads from a picture."""
    label, by = f"{_escaped(issuer)}:{_escaped(login)}", _escaped(issuer)
    numbers = f"algorithm=SHA1&digits={DIGITS}&period={PERIOD}"
    return f"otpauth://totp/{label}?secret={base32(seed)}&issuer={by}&{numbers}"


def base32(seed: bytes) -> str:
    """A seed as apps take it: upper-case base32 without padding."""
    return base64.b32encode(seed).decode().rstrip("=")


def seed_from_base32(text: str) -> bytes | None:
    """The seed that a text spells in base32, or None where it spells none.

    Shapes   either case, with or without spaces, dashes and padding; 10 to 128 bytes
    """
    letters = text.translate(_SEPARATORS).rstrip("=").upper()
    # Non-ASCII is refused by its first form: `upper` makes an ASCII letter of a dotless i and a long s.
    if not text.isascii() or len(letters) > LONGEST_SEED * 8 // 5 + 1:
        return None
    try:
        seed = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error:
        return None
    return seed if len(seed) >= SHORTEST_SEED else None


def format_recovery(raw: bytes) -> str:
    """A recovery code of 80 random bits, as it is told: `xxxx-xxxx-xxxx-xxxx`."""
    if len(raw) != RECOVERY_BYTES:
        raise ValueError("a recovery code is made of 10 bytes")
    return _grouped(base64.b32encode(raw).decode().lower())


def canonical_recovery(text: str) -> str | None:
    """A recovery code in the spelling it was told in, however it was typed; None where it cannot be one."""
    letters = text.translate(_SEPARATORS)
    fits = len(letters) == _RECOVERY_LETTERS and _BASE32.issuperset(letters)
    return _grouped(letters.lower()) if fits else None


def recovery_form(text: str) -> str | None:
    """What a shown code is looked up by: the long one's own spelling, the short one's digest; None for neither.

    Shapes   short: eight letters and digits exactly as told, case included; its form is its hex SHA-256
    Safe     a TOTP code is neither, however it is spaced: of its eight-character spellings none is alphanumeric
    Source   a store that is moved in from keeps that digest alone, so ours are known by it too
    """
    if len(text) == SHORT_LETTERS and text.isascii() and text.isalnum():
        return hashlib.sha256(text.encode()).hexdigest()
    return canonical_recovery(text)


def recovery_digest(key: bytes, factor_id: int, code: str) -> bytes:
    """The 32 bytes under which a recovery code is stored and looked up.

    Shapes   code: as `format_recovery` or `recovery_form` gives it
    Safe     keyed, since 80 bits alone, or the 46 of a short one, can be searched in a copy of the store; each
             field carries its length, so no two pairs of factor and code meet (A27)
    """
    fields = (b"recovery", str(factor_id).encode(), code.encode())
    text = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return hmac.digest(key, text, hashlib.sha256)


def _escaped(text: str) -> str:
    # Percent-encoding, RFC 3986 section 2; a space is %20, since some apps show a plus as it is.
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
