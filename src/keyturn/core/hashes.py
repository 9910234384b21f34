"""Password hashes at rest: ours, and those of other systems until their owner signs in once."""

import base64
import binascii
import enum
import functools
import hashlib
import hmac
import re
from collections.abc import Callable

import bcrypt
from argon2 import low_level

from keyturn.core.passwords import normal
from keyturn.core.types import Frozen

PLAIN = "k1"
"""Ours, over the digest of the password."""
PEPPERED = "p1"
"""Ours, over the digest keyed with a pepper that is kept apart from the store."""

SALT_BYTES = 16
TAG_BYTES = 32

# ASVS 5.0.0 appendix C: (memory in KiB, time); a rule must reach both numbers of one row.
_FLOORS = ((47104, 1), (19456, 2), (12288, 3))

# A stored string names its own cost. One that would hold a thread for minutes is refused as malformed (A28).
_ARGON2_WORK = 4 * 1024 * 1024  # KiB x passes
_ARGON2_LANES = 64
_BCRYPT_COST = range(4, 17)
_BCRYPT_BYTES = 72
_PBKDF2_ROUNDS = 5_000_000
_SCRYPT_MEMORY = 512 * 1024 * 1024

Check = Callable[[bytes], bool]


class Argon2Rule(Frozen):
    """The cost of Argon2id.

    Units    memory_kib: KiB
    """

    memory_kib: int = 19456
    time: int = 2
    parallelism: int = 1


class Attempt(Frozen):
    """What is shown to prove a password: the clear text, or only the hex SHA-256 digest of it."""

    password: str | None = None
    digest: str | None = None

    def __repr__(self) -> str:
        return "Attempt(redacted)"


class _Over(enum.Enum):
    # What a form's hash was made over.
    PREHASH = enum.auto()
    SHA256 = enum.auto()
    CLEAR = enum.auto()


class _Phc(Frozen):
    rule: Argon2Rule
    salt: bytes
    tag: bytes


# --- ours


def strong_enough(rule: Argon2Rule) -> bool:
    """Whether a configured cost may be used.

    Source   security/decisions.md 6; OWASP ASVS 5.0.0 appendix C
    """
    return _sound(rule) and any(rule.memory_kib >= memory and rule.time >= time for memory, time in _FLOORS)


def prehash(password: str) -> str:
    """The lower-case hex SHA-256 of a password's NFC form: what our hashes are made over.

    Safe     a surrogate, which no password may hold, gets a digest that no password has
    Source   rules.md 7: wires whose clients send only this digest prove against the same row
    """
    return hashlib.sha256(_octets(normal(password))).hexdigest()


def hash_password(prehashed: str, rule: Argon2Rule, salt: bytes, pepper: bytes | None) -> str:
    """What is stored of a password.

    Shapes   salt: 16 bytes, drawn for this one hash; `k1:` or, with a pepper, `p1:` and a PHC string
    """
    made = low_level.hash_secret(
        _keyed(pepper, prehashed.encode()),
        salt,
        time_cost=rule.time,
        memory_cost=rule.memory_kib,
        parallelism=rule.parallelism,
        hash_len=TAG_BYTES,
        type=low_level.Type.ID,
    )
    return f"{_scheme(pepper)}:{made.decode()}"


def verify(stored: str, prehashed: str, pepper: bytes | None) -> bool:
    """Whether one of our own stored strings was made of that digest.

    Denies   never raises; a foreign or malformed string, or one whose pepper is not at hand, is false
    """
    over, check = _read(stored, pepper)
    return over is _Over.PREHASH and check(_octets(prehashed))


def needs_rehash(stored: str, rule: Argon2Rule, pepper: bytes | None) -> bool:
    """Whether a stored string is not what `hash_password` would make today.

    Safe     also where it costs more than the rule: rows of one cost cannot be told apart by time (A24)
    """
    scheme, _, text = stored.partition(":")
    phc = _parse_phc(text)
    return scheme != _scheme(pepper) or phc is None or phc.rule != rule


def dummy(rule: Argon2Rule, pepper: bytes | None) -> str:
    """A stored string that costs as much to check as a real one and that no password is known to hold for.

    Safe     checked where there is no account or no attempt left, so that both take the time of a wrong
             password (A24)
    """
    cost = f"m={rule.memory_kib},t={rule.time},p={rule.parallelism}"
    salt, tag = (base64.b64encode(bytes(count)).decode().rstrip("=") for count in (SALT_BYTES, TAG_BYTES))
    return f"{_scheme(pepper)}:$argon2id$v=19${cost}${salt}${tag}"


# --- ours and foreign


def verify_attempt(stored: str, attempt: Attempt, pepper: bytes | None) -> bool:
    """Whether what was shown proves the stored password.

    Denies   never raises; a malformed string or an empty attempt is false
    Safe     a digest never proves a hash made over the clear text; it is worked on all the same, so the time of
             the answer does not tell of which form the stored hash is (A24)
    """
    over, check = _read(stored, pepper)
    if attempt.password is not None:
        return check(_shown(over, attempt.password))
    held = _is_digest(attempt.digest) and check(_octets(str(attempt.digest).lower()))
    return held and over is not _Over.CLEAR


def renewable(stored: str, attempt: Attempt) -> str | None:
    """The digest to hash anew after an attempt that proved a stored string; None where the attempt tells none.

    Safe     a foreign hash is not renewed from a digest: that may be of a spelling that is not NFC, and the
             clear text would prove nothing afterwards
    """
    if attempt.password is not None:
        return prehash(attempt.password)
    ours = stored.startswith((f"{PLAIN}:", f"{PEPPERED}:"))
    return attempt.digest.lower() if ours and attempt.digest is not None else None


def import_hash(text: str) -> str | None:
    """How a hash made elsewhere is stored, from its spelling in a bootstrap file; None where it is no hash.

    Denies   unknown and malformed spellings, costs that would hold a thread for minutes, and peppered ones
    """
    theirs = next((spelling for spelling in _SPELLINGS if text.startswith(spelling)), "")
    named = _SPELLINGS.get(theirs, "") + text.removeprefix(theirs)
    return named if _read(named, None)[1] is not _never else None


def _never(_shown: bytes) -> bool:
    return False


def _read(stored: str, pepper: bytes | None) -> tuple[_Over, Check]:
    found = ((over, read, pattern.fullmatch(stored)) for pattern, over, read in _FORMS)
    over, check = next(((o, read(m, pepper)) for o, read, m in found if m), (_Over.CLEAR, None))
    return over, check or _never


def _shown(over: _Over, password: str) -> bytes:
    if over is _Over.PREHASH:
        return prehash(password).encode()
    raw = _octets(password)
    return hashlib.sha256(raw).hexdigest().encode() if over is _Over.SHA256 else raw


# --- the forms: each reads a match into a check, or None where its numbers or letters are no such hash's


def _read_argon2(match: re.Match[str], _pepper: bytes | None) -> Check | None:
    phc = _parse_phc(match["phc"])
    return None if phc is None else functools.partial(_argon2_holds, phc)


def _read_peppered(match: re.Match[str], pepper: bytes | None) -> Check | None:
    phc = _parse_phc(match["phc"])
    if phc is None or pepper is None:
        return None
    return lambda shown: _argon2_holds(phc, _keyed(pepper, shown))


def _argon2_holds(phc: _Phc, shown: bytes) -> bool:
    tag = low_level.hash_secret_raw(
        shown,
        phc.salt,
        time_cost=phc.rule.time,
        memory_cost=phc.rule.memory_kib,
        parallelism=phc.rule.parallelism,
        hash_len=len(phc.tag),
        type=low_level.Type.ID,
    )
    return hmac.compare_digest(tag, phc.tag)


def _read_bcrypt(match: re.Match[str], _pepper: bytes | None) -> Check | None:
    return functools.partial(_bcrypt_holds, match["hash"]) if int(match["cost"]) in _BCRYPT_COST else None


def _bcrypt_holds(stored: str, shown: bytes) -> bool:
    # Bytes past the 72nd are not hashed, and `ab` and `ab NUL ab` hash alike: neither may pass (A27). Both are
    # worked on first, so that time does not tell.
    whole = len(shown) <= _BCRYPT_BYTES and b"\0" not in shown
    return bcrypt.checkpw(shown[:_BCRYPT_BYTES], stored.encode()) and whole


def _read_pbkdf2(match: re.Match[str], _pepper: bytes | None) -> Check | None:
    rounds, salt, tag = int(match["rounds"]), match["salt"].encode(), _unbase64(match["tag"])
    if not 0 < rounds <= _PBKDF2_ROUNDS or len(tag) != hashlib.sha256().digest_size:
        return None
    return lambda shown: hmac.compare_digest(hashlib.pbkdf2_hmac("sha256", shown, salt, rounds), tag)


def _read_scrypt(match: re.Match[str], _pepper: bytes | None) -> Check | None:
    log, r, p = int(match["ln"]), int(match["r"]), int(match["p"])
    salt, tag = _unbase64(match["salt"]), _unbase64(match["tag"])
    # RFC 7914 section 2: N < 2^(128 r / 8).
    sound = 0 < log < 16 * r and 0 < 128 * (r << log) * p <= _SCRYPT_MEMORY
    if not sound or not salt or len(tag) < 16:
        return None
    derive = functools.partial(hashlib.scrypt, salt=salt, n=1 << log, r=r, p=p, dklen=len(tag))
    return lambda shown: hmac.compare_digest(derive(shown, maxmem=2 * _SCRYPT_MEMORY), tag)


def _read_salted_sha(match: re.Match[str], _pepper: bytes | None) -> Check | None:
    name = _SALTED_SHA[match["name"]]
    size, body = hashlib.new(name, usedforsecurity=False).digest_size, _unbase64(match["body"])
    if len(body) <= size:
        return None
    tag, salt = body[:size], body[size:]
    derive = functools.partial(hashlib.new, name, usedforsecurity=False)
    return lambda shown: hmac.compare_digest(derive(shown + salt).digest(), tag)


_SALTED_SHA = {"SSHA": "sha1", "SSHA256": "sha256", "SSHA512": "sha512"}

_ARGON2 = r"(?P<phc>\$argon2id\$.+)"
# The last letter of a salt carries two bits: other spellings of it are nobody's.
_BCRYPT = r"(?P<hash>\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
_PBKDF2 = r"pbkdf2_sha256\$(?P<rounds>[0-9]{1,8})\$(?P<salt>[!-#%-~]+)\$(?P<tag>[^$]+)"
_SCRYPT = r"\$scrypt\$ln=(?P<ln>[0-9]{1,2}),r=(?P<r>[0-9]{1,3}),p=(?P<p>[0-9]{1,3})\$(?P<salt>[^$]+)\$(?P<tag>[^$]+)"
_SSHA = r"\{(?P<name>SSHA(256|512)?)\}(?P<body>.+)"

_FORMS: tuple[tuple[re.Pattern[str], _Over, Callable[[re.Match[str], bytes | None], Check | None]], ...] = (
    (re.compile(rf"{PLAIN}:{_ARGON2}"), _Over.PREHASH, _read_argon2),
    (re.compile(rf"{PEPPERED}:{_ARGON2}"), _Over.PREHASH, _read_peppered),
    (re.compile(_ARGON2), _Over.CLEAR, _read_argon2),
    (re.compile(_BCRYPT), _Over.CLEAR, _read_bcrypt),
    (re.compile(rf"sha256-bcrypt:{_BCRYPT}"), _Over.SHA256, _read_bcrypt),
    (re.compile(_PBKDF2), _Over.CLEAR, _read_pbkdf2),
    (re.compile(_SCRYPT), _Over.CLEAR, _read_scrypt),
    (re.compile(_SSHA), _Over.CLEAR, _read_salted_sha),
)

_SPELLINGS = {"rocketchat-bcrypt:": "sha256-bcrypt:"}
"""Spellings of the bootstrap file that name a product; a store knows the form alone."""


# --- pieces

_PHC = re.compile(
    r"\$argon2id\$v=19\$m=(?P<m>[0-9]{1,8}),t=(?P<t>[0-9]{1,4}),p=(?P<p>[0-9]{1,3})\$(?P<salt>[^$]+)\$(?P<tag>[^$]+)"
)
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


def _parse_phc(text: str) -> _Phc | None:
    match = _PHC.fullmatch(text)
    if match is None:
        return None
    rule = Argon2Rule(int(match["m"]), int(match["t"]), int(match["p"]))
    phc = _Phc(rule, _unbase64(match["salt"]), _unbase64(match["tag"]))
    # Within these bounds Argon2 fails only for want of memory, and that is no wrong password.
    return phc if _sound(rule) and 8 <= len(phc.salt) <= 64 and 16 <= len(phc.tag) <= 128 else None


def _sound(rule: Argon2Rule) -> bool:
    lanes = 0 < rule.parallelism <= _ARGON2_LANES and rule.memory_kib >= 8 * rule.parallelism
    return lanes and rule.time > 0 and rule.memory_kib * rule.time <= _ARGON2_WORK


def _unbase64(text: str) -> bytes:
    # Standard alphabet, padded or not; what is no base64 comes back empty, which no form admits as a tag.
    letters = text.rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _scheme(pepper: bytes | None) -> str:
    return PLAIN if pepper is None else PEPPERED


def _keyed(pepper: bytes | None, prehashed: bytes) -> bytes:
    return prehashed if pepper is None else hmac.digest(pepper, prehashed, hashlib.sha256).hex().encode()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _is_digest(text: str | None) -> bool:
    return text is not None and _DIGEST.fullmatch(text) is not None
