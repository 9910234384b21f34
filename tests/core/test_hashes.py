"""Password hashes: ours by any proof, foreign ones after their own vectors, nothing for malformed ones."""

import base64
import hashlib
import unicodedata
from typing import Any

import bcrypt
import pytest
from argon2 import low_level
from hypothesis import given, settings
from hypothesis import strategies as st

from keyturn.core.hashes import (
    Argon2Rule,
    Attempt,
    dummy,
    hash_password,
    import_hash,
    needs_rehash,
    prehash,
    renewable,
    strong_enough,
    verify,
    verify_attempt,
)

WEAK = Argon2Rule(memory_kib=8, time=1, parallelism=1)
SALT = b"sixteen  octets!"
PEPPER = b"pepper"
PASSWORD = "Je4n-Passw0rd-22!"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
OURS = hash_password(prehash(PASSWORD), WEAK, SALT, None)
PEPPERED = hash_password(prehash(PASSWORD), WEAK, SALT, PEPPER)


def bcrypt_of(text: bytes) -> str:
    """A bcrypt hash of the least cost."""
    return bcrypt.hashpw(text, b"$2b$04$" + b"." * 22).decode()


def base64_of(octets: bytes) -> str:
    """Base64 without padding, as PHC strings have it."""
    return base64.b64encode(octets).decode().rstrip("=")


def salted_sha(scheme: str, name: str, password: str, salt: bytes) -> str:
    """A directory server's salted hash."""
    tag = hashlib.new(name, password.encode() + salt).digest()
    return f"{{{scheme}}}{base64.b64encode(tag + salt).decode()}"


ARGON2ID = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
BCRYPT = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
PBKDF2 = "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw="
SCRYPT = "$scrypt$ln=10,r=8,p=16$TmFDbA$" + base64_of(
    bytes.fromhex(
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )
)
CLEAR_FORMS = [
    (ARGON2ID, "password"),
    (BCRYPT, "U*U"),
    (BCRYPT.replace("$2a$", "$2b$"), "U*U"),
    (BCRYPT.replace("$2a$", "$2y$"), "U*U"),
    (PBKDF2, "passwd"),
    (SCRYPT, "password"),
    (salted_sha("SSHA", "sha1", "password", b"salt"), "password"),
    (salted_sha("SSHA256", "sha256", "password", b"salt"), "password"),
    (salted_sha("SSHA512", "sha512", "password", b"salt"), "password"),
]
SHA256_BCRYPT = "sha256-bcrypt:" + bcrypt_of(DIGEST.encode())

TAG = "A" * 43
MALFORMED = [
    "",
    ":",
    "k1:",
    "k1",
    "p1:",
    "k2:" + ARGON2ID,
    "k1:" + BCRYPT,
    "k1:" + OURS,
    OURS + "\n",
    OURS.replace("$argon2id$", "$argon2i$"),
    OURS.replace("v=19", "v=16"),
    OURS.replace("m=8", "m=7"),
    OURS.replace("m=8", "m=0"),
    OURS.replace("m=8", "m=99999999"),
    OURS.replace("m=8", "m=-8"),
    OURS.replace("m=8", "m=\u0668"),
    OURS.replace("t=1", "t=0"),
    OURS.replace("t=1", "t=9999").replace("m=8", "m=4096"),
    OURS.replace("p=1", "p=0"),
    OURS.replace("p=1", "p=2"),
    OURS.replace("m=8,t=1,p=1", "m=1024,t=1,p=65"),
    f"$argon2id$v=19$m=8,t=1,p=1$c2FsdA${TAG}",
    f"$argon2id$v=19$m=8,t=1,p=1${'A' * 88}${TAG}",
    f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${'A' * 20}",
    f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${'A' * 172}",
    f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${TAG}!",
    f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${TAG}AA",
    f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${TAG[:-1]}\u00e9",
    "$argon2id$",
    BCRYPT.replace("$05$", "$03$"),
    BCRYPT.replace("$05$", "$17$"),
    BCRYPT.replace("$05$", "$31$"),
    BCRYPT.replace("$2a$", "$2x$"),
    BCRYPT[:-1],
    BCRYPT + "A",
    BCRYPT.replace("C.E5", "CCE5"),
    "sha256-bcrypt:",
    "sha256-bcrypt:" + ARGON2ID,
    PBKDF2.replace("$1$", "$0$"),
    PBKDF2.replace("$1$", "$5000001$"),
    PBKDF2.replace("$1$", "$x$"),
    PBKDF2.replace("salt", ""),
    PBKDF2[:-8],
    PBKDF2 + "$",
    SCRYPT.replace("ln=10", "ln=0"),
    SCRYPT.replace("ln=10", "ln=30"),
    SCRYPT.replace("ln=10,r=8", "ln=16,r=1"),
    SCRYPT.replace("r=8", "r=0"),
    SCRYPT.replace("p=16", "p=0"),
    SCRYPT.replace("p=16", "p=999"),
    SCRYPT.replace("TmFDbA", "!"),
    SCRYPT[:40],
    "{SSHA}",
    "{SSHA}!!!!",
    "{SSHA}" + base64_of(bytes(20)),
    "{SSHA384}" + base64_of(bytes(60)),
    "{SHA}" + base64_of(bytes(20)),
    "$1$salt$hash",
    "plaintext",
    "\ud800",
]


def test_our_form_is_told() -> None:
    """A stored string names its scheme and its cost."""
    assert OURS.startswith("k1:$argon2id$v=19$m=8,t=1,p=1$")
    assert PEPPERED.startswith("p1:$argon2id$v=19$m=8,t=1,p=1$")
    assert PEPPERED[3:] != OURS[3:]


@pytest.mark.parametrize(
    ("rule", "good"),
    [
        (Argon2Rule(), True),
        (Argon2Rule(19456, 2, 1), True),
        (Argon2Rule(47104, 1, 1), True),
        (Argon2Rule(12288, 3, 1), True),
        (Argon2Rule(65536, 3, 4), True),
        (Argon2Rule(19455, 2, 1), False),
        (Argon2Rule(19456, 1, 1), False),
        (Argon2Rule(12287, 3, 1), False),
        (Argon2Rule(12287, 30, 1), False),
        (Argon2Rule(19456, 2, 0), False),
        (Argon2Rule(19456, 2, 65), False),
        (Argon2Rule(4_194_305, 1, 1), False),
        (WEAK, False),
    ],
)
def test_weak_costs_are_refused(rule: Argon2Rule, good: bool) -> None:
    """A cost reaches a row of ASVS appendix C and stays below what would hold a thread for minutes."""
    assert strong_enough(rule) is good


def test_the_digest_is_plain_sha_256_of_the_nfc_form() -> None:
    """What clients compute themselves is what our hashes are made over."""
    assert prehash("password") == "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
    assert prehash("e\u0301") == prehash("\u00e9") == hashlib.sha256(b"\xc3\xa9").hexdigest()
    assert prehash("\ufb01") != prehash("fi")
    assert prehash("\ud800") != prehash("?")
    assert prehash(" a") != prehash("a") != prehash("A")


@given(st.text(max_size=30))
@settings(max_examples=30, deadline=None)
def test_the_owner_is_recognised_in_either_form(password: str) -> None:
    """NFC and NFD spellings prove the same hash; another text does not."""
    stored = hash_password(prehash(password), WEAK, SALT, None)
    for form in ("NFC", "NFD"):
        assert verify_attempt(stored, Attempt(unicodedata.normalize(form, password)), None) is True
    assert verify_attempt(stored, Attempt(password + "x"), None) is False


@pytest.mark.parametrize("cut", [72, 128, 1024])
def test_nothing_is_cut(cut: int) -> None:
    """Passwords that differ late, or after a NUL, are different."""
    stored = hash_password(prehash("a" * cut + "b"), WEAK, SALT, None)
    assert verify_attempt(stored, Attempt("a" * cut + "c"), None) is False
    assert verify_attempt(stored, Attempt("a" * cut + "b\0"), None) is False
    assert verify_attempt(stored, Attempt("a" * cut + "b"), None) is True


@pytest.mark.parametrize("attempt", [Attempt(PASSWORD), Attempt(None, DIGEST), Attempt(digest=DIGEST.upper())])
@pytest.mark.parametrize(
    ("stored", "pepper"), [(OURS, None), (OURS, PEPPER), (PEPPERED, PEPPER), (SHA256_BCRYPT, None)]
)
def test_password_and_digest_prove_the_same_row(attempt: Attempt, stored: str, pepper: bytes | None) -> None:
    """Clear text and digest, in either case, prove our hashes, and bcrypt over the digest."""
    assert verify_attempt(stored, attempt, pepper) is True


@pytest.mark.parametrize(
    "attempt",
    [
        Attempt(),
        Attempt(""),
        Attempt(PASSWORD + " "),
        Attempt(DIGEST),
        Attempt(PASSWORD + "\ud800"),
        Attempt(digest=""),
        Attempt(digest=DIGEST[:-1]),
        Attempt(digest=DIGEST + "\n"),
        Attempt(digest=hashlib.sha256(b"other").hexdigest()),
        Attempt(digest=PASSWORD),
        Attempt("wrong", DIGEST),
    ],
)
@pytest.mark.parametrize("stored", [OURS, PEPPERED, SHA256_BCRYPT])
def test_nothing_else_proves_it(attempt: Attempt, stored: str) -> None:
    """Other texts, other digests and no proof at all prove nothing; beside a clear text no digest counts."""
    assert verify_attempt(stored, attempt, PEPPER) is False


@pytest.mark.parametrize("pepper", [None, b"other"])
def test_a_copy_without_its_pepper_is_worth_nothing(pepper: bytes | None) -> None:
    """A peppered hash holds only under its own pepper."""
    assert verify(PEPPERED, DIGEST, PEPPER) is True
    assert verify(PEPPERED, DIGEST, pepper) is False
    assert verify_attempt(PEPPERED, Attempt(PASSWORD), pepper) is False


def test_verify_knows_our_own_forms_alone() -> None:
    """The digest is held against hashes that are made over it, never against foreign ones."""
    assert verify(OURS, DIGEST, None) is True
    assert verify(OURS, "0" * 64, None) is False
    assert verify(bcrypt_of(DIGEST.encode()), DIGEST, None) is False
    assert verify(SHA256_BCRYPT, DIGEST, None) is False


@pytest.mark.parametrize(("stored", "password"), CLEAR_FORMS)
def test_foreign_forms_hold_for_the_clear_text(stored: str, password: str) -> None:
    """Published vectors of each form hold, for the clear text alone; its digest proves nothing."""
    assert verify_attempt(stored, Attempt(password), PEPPER) is True
    assert verify_attempt(stored, Attempt(password + "x"), PEPPER) is False
    assert verify_attempt(stored, Attempt(digest=prehash(password)), PEPPER) is False
    assert import_hash(stored) == stored


def test_a_digest_does_not_prove_a_password_that_reads_like_it() -> None:
    """A digest is no clear text, even where the clear text was that very digest."""
    assert verify_attempt(bcrypt_of(DIGEST.encode()), Attempt(digest=DIGEST), None) is False
    assert verify_attempt(bcrypt_of(DIGEST.encode()), Attempt(DIGEST), None) is True


def test_bcrypt_takes_72_bytes_and_no_nul() -> None:
    """What bcrypt would not hash, or would hash as another text, proves nothing."""
    assert verify_attempt(bcrypt_of(b"a" * 72), Attempt("a" * 72), None) is True
    assert verify_attempt(bcrypt_of(b"a" * 72), Attempt("a" * 73), None) is False
    assert verify_attempt(bcrypt_of(b"a" * 72), Attempt("\u00e9" * 36 + "a"), None) is False
    assert verify_attempt(bcrypt_of(b"ab"), Attempt("ab\0ab"), None) is False


def test_bcrypt_over_a_digest_takes_the_text_as_it_was_typed() -> None:
    """Clients that hash first do not compose first."""
    typed = "e\u0301ferry"
    stored = "sha256-bcrypt:" + bcrypt_of(hashlib.sha256(typed.encode()).hexdigest().encode())
    assert verify_attempt(stored, Attempt(typed), None) is True
    assert verify_attempt(stored, Attempt("\u00e9ferry"), None) is False


@pytest.mark.parametrize("stored", MALFORMED)
@pytest.mark.parametrize("attempt", [Attempt(PASSWORD), Attempt(digest=DIGEST)])
def test_malformed_hashes_hold_for_nothing(stored: str, attempt: Attempt) -> None:
    """What is no hash, or one of senseless cost, is false at once, raises nothing and is not imported."""
    assert verify_attempt(stored, attempt, PEPPER) is False
    assert verify(stored, DIGEST, None) is False
    assert needs_rehash(stored, WEAK, None) is True
    assert import_hash(stored) is None


@given(st.sampled_from([OURS, PEPPERED, BCRYPT, SHA256_BCRYPT, PBKDF2, CLEAR_FORMS[6][0]]), st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_hash_raises_nothing(stored: str, data: st.DataObject) -> None:
    """One character changed anywhere but in the numbers: no exception, and no way in."""
    at = data.draw(st.integers(0, len(stored) - 1).filter(lambda place: not stored[place].isdigit()))
    damaged = stored[:at] + data.draw(st.characters(exclude_characters="0123456789")) + stored[at + 1 :]
    assert verify_attempt(damaged, Attempt("no such password"), PEPPER) is False


def test_bootstrap_spellings_are_mapped() -> None:
    """The file's spelling of bcrypt over a digest becomes the form's own; ours stay; peppered ones are refused."""
    held = bcrypt_of(DIGEST.encode())
    assert import_hash("rocketchat-bcrypt:" + held) == SHA256_BCRYPT
    assert import_hash(SHA256_BCRYPT) == SHA256_BCRYPT
    assert import_hash(OURS) == OURS
    assert import_hash(PEPPERED) is None
    assert import_hash("rocketchat-bcrypt:" + ARGON2ID) is None
    assert import_hash("rocketchat-bcrypt:rocketchat-bcrypt:" + held) is None


@pytest.mark.parametrize(
    ("stored", "rule", "pepper", "due"),
    [
        (OURS, WEAK, None, False),
        (PEPPERED, WEAK, PEPPER, False),
        (OURS, WEAK, PEPPER, True),
        (PEPPERED, WEAK, None, True),
        (OURS, Argon2Rule(16, 1, 1), None, True),
        (OURS, Argon2Rule(8, 2, 1), None, True),
        (hash_password(DIGEST, Argon2Rule(64, 2, 1), SALT, None), WEAK, None, True),
        (SHA256_BCRYPT, WEAK, None, True),
        (ARGON2ID, Argon2Rule(256, 2, 1), None, True),
    ],
)
def test_all_rows_come_to_todays_form(stored: str, rule: Argon2Rule, pepper: bytes | None, due: bool) -> None:
    """Whatever is not what would be made today is made anew, dearer ones too."""
    assert needs_rehash(stored, rule, pepper) is due


@pytest.mark.parametrize(
    ("stored", "attempt", "digest"),
    [
        (OURS, Attempt(PASSWORD), DIGEST),
        (OURS, Attempt(digest=DIGEST.upper()), DIGEST),
        (PEPPERED, Attempt(digest=DIGEST), DIGEST),
        (SHA256_BCRYPT, Attempt(PASSWORD), DIGEST),
        (BCRYPT, Attempt("e\u0301"), prehash("\u00e9")),
        (SHA256_BCRYPT, Attempt(digest=DIGEST), None),
        (OURS, Attempt(), None),
    ],
)
def test_a_row_is_renewed_from_what_is_sure(stored: str, attempt: Attempt, digest: str | None) -> None:
    """A clear text renews any row, a digest only rows that are made over it."""
    assert renewable(stored, attempt) == digest


@pytest.mark.parametrize(("pepper", "scheme"), [(None, "k1"), (PEPPER, "p1")])
def test_the_dummy_is_worked_on_and_holds_for_nobody(pepper: bytes | None, scheme: str) -> None:
    """The dummy is a string of today's form and cost, the same every time, and nothing proves it."""
    stored = dummy(WEAK, pepper)
    assert stored == dummy(WEAK, pepper)
    assert stored.startswith(f"{scheme}:$argon2id$v=19$m=8,t=1,p=1$")
    assert len(stored) == len(hash_password(DIGEST, WEAK, SALT, pepper))
    assert needs_rehash(stored, WEAK, pepper) is False
    assert verify_attempt(stored, Attempt(PASSWORD), pepper) is False


def test_the_dummy_goes_through_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """No account costs as much as a wrong password: one evaluation of the same cost."""
    seen: list[dict[str, Any]] = []

    def counted(_shown: bytes, salt: bytes, **cost: Any) -> bytes:
        seen.append({"salt": len(salt), **cost})
        return b""

    monkeypatch.setattr(low_level, "hash_secret_raw", counted)
    for stored in (OURS, dummy(WEAK, None)):
        assert verify_attempt(stored, Attempt("wrong"), None) is False
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_a_digest_costs_a_foreign_row_as_much_as_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest that cannot prove a foreign row is worked on, so that time does not tell the row's form."""
    seen: list[bytes] = []

    def fitting(shown: bytes, _stored: bytes) -> bool:
        seen.append(shown)
        return True

    monkeypatch.setattr(bcrypt, "checkpw", fitting)
    assert verify_attempt(BCRYPT, Attempt(digest=DIGEST), None) is False
    assert seen == [DIGEST.encode()]


def test_an_attempt_is_never_shown() -> None:
    """What was shown to prove a password stands in no log and no trace."""
    assert repr(Attempt(PASSWORD, DIGEST)) == "Attempt(redacted)"
    assert PASSWORD not in f"{Attempt(PASSWORD)} {[Attempt(PASSWORD)]}"
