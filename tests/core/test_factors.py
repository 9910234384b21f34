"""One-time codes by time and recovery codes, after the vectors of their RFCs."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.factors import (
    Accepted,
    Match,
    Replayed,
    Wrong,
    base32,
    canonical_recovery,
    format_recovery,
    otpauth_uri,
    recovery_digest,
    recovery_form,
    seed_from_base32,
    step_at,
    totp_code,
    totp_match,
)
from keyturn.core.types import SECOND

SEED = b"12345678901234567890"
STEP = 60_000_000
NOW = STEP * 30 * SECOND + 17 * SECOND


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_codes_of_rfc_4226(step: int, code: str) -> None:
    """The ten values of RFC 4226 appendix D."""
    assert totp_code(SEED, step) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_of_rfc_6238(seconds: int, code: str) -> None:
    """The SHA-1 values of RFC 6238 appendix B, in eight digits and in six."""
    step = step_at(seconds * SECOND)
    assert totp_code(SEED, step, digits=8) == code
    assert totp_match(SEED, code[-6:], seconds * SECOND, -1, False) == Accepted(step)


@pytest.mark.parametrize(
    ("away", "strict", "match"),
    [
        (-2, False, Wrong()),
        (-1, False, Accepted(STEP - 1)),
        (0, False, Accepted(STEP)),
        (1, False, Accepted(STEP + 1)),
        (2, False, Wrong()),
        (-1, True, Wrong()),
        (0, True, Accepted(STEP)),
        (1, True, Wrong()),
    ],
)
def test_the_window_is_one_step_wide(away: int, strict: bool, match: Match) -> None:
    """Steps -1, 0 and +1 are accepted, the current one alone where strict."""
    assert totp_match(SEED, totp_code(SEED, STEP + away), NOW, -1, strict) == match


@pytest.mark.parametrize(("last", "away"), [(STEP, 0), (STEP, -1), (STEP + 1, 0), (STEP + 1, 1)])
def test_a_used_step_is_used_for_ever(last: int, away: int) -> None:
    """A code of the last accepted step, or of one before it, is refused as a replay."""
    assert totp_match(SEED, totp_code(SEED, STEP + away), NOW, last, False) == Replayed()


def test_a_replay_has_no_other_spelling() -> None:
    """Spaces and dashes make a used code no newer."""
    code = totp_code(SEED, STEP)
    spelled = f" {code[:3]} - {code[3:]} "
    assert totp_match(SEED, spelled, NOW, STEP - 1, False) == Accepted(STEP)
    assert totp_match(SEED, spelled, NOW, STEP, False) == Replayed()


def test_a_code_of_two_steps_counts_for_the_fresh_one() -> None:
    """Where two steps of the window share a code, the one not used up is accepted, the older one first."""
    step = 910_737
    assert totp_code(SEED, step) == totp_code(SEED, step + 1)
    now, code = (step + 1) * 30 * SECOND, totp_code(SEED, step)
    assert totp_match(SEED, code, now, -1, False) == Accepted(step)
    assert totp_match(SEED, code, now, step, False) == Accepted(step + 1)
    assert totp_match(SEED, code, now, step + 1, False) == Replayed()


@pytest.mark.parametrize("shape", ["{1}", "0{0}{1}", "", "{0}a", "{0}{1}\n", "{0}{1}\0", "+{0}{1}"])
def test_what_is_not_six_digits_is_wrong(shape: str) -> None:
    """Shorter, longer, other letters, line breaks: wrong."""
    code = totp_code(SEED, STEP)
    assert totp_match(SEED, shape.format(code[:5], code[5:]), NOW, -1, False) == Wrong()


def test_digits_of_other_scripts_are_wrong() -> None:
    """Only ASCII digits are digits."""
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in totp_code(SEED, STEP))
    assert totp_match(SEED, wide, NOW, -1, False) == Wrong()


@given(st.text(max_size=12), st.integers(0, 2**60), st.integers(-1, 2**40), st.booleans())
def test_any_text_gets_an_answer(code: str, now: int, last: int, strict: bool) -> None:
    """No code, time or step raises."""
    assert isinstance(totp_match(SEED, code, now, last, strict), Accepted | Replayed | Wrong)


def test_the_first_minute_of_time_has_codes_too() -> None:
    """The step before the first one has a number, and a code."""
    assert totp_match(SEED, totp_code(SEED, -1), 0, -2, False) == Accepted(-1)


def test_the_address_for_apps_tells_all() -> None:
    """An app reads issuer, login, seed and the numbers from the address."""
    parts = urlsplit(otpauth_uri("Example: Org & Co", "jean@example.test", SEED))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Example%3A%20Org%20%26%20Co:jean%40example.test"
    assert parse_qs(parts.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Example: Org & Co"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert "+" not in parts.query


@pytest.mark.parametrize(
    "text",
    [
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp",
        "jbsw-y3dp-ehpk-3pxp-jbsw-y3dp-ehpk-3pxp",
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP======",
    ],
)
def test_seeds_are_read_leniently(text: str) -> None:
    """Case, spaces, dashes and padding do not matter."""
    assert seed_from_base32(text) == b"Hello!\xde\xad\xbe\xefHello!\xde\xad\xbe\xef"


@pytest.mark.parametrize(
    "text",
    ["", "JBSWY3DPEHPK3PX", "JBSWY3DPEHPK3PXP1", "JBSWY3DPEHPK3PXPA", "JBSWY3DPEHPK3PXP!", "A" * 206, "\0" * 16]
    + ["JBSWY3DPEHPK3PX\u0131", "JB\u017fWY3DPEHPK3PXP", "JBSW=Y3DPEHPK3PXP", "JBSWY3DPEHPK3PXP\n"],
)
def test_what_is_no_seed_is_refused(text: str) -> None:
    """Too short, too long, other letters, padding inside: no seed."""
    assert seed_from_base32(text) is None


@given(st.binary(min_size=10, max_size=128))
def test_a_seed_survives_its_spelling(seed: bytes) -> None:
    """What `base32` writes is read back."""
    assert seed_from_base32(base32(seed)) == seed
    assert seed_from_base32(base64.b32encode(seed).decode()) == seed


@given(st.binary(min_size=10, max_size=10))
def test_a_recovery_code_has_one_spelling(raw: bytes) -> None:
    """However it is typed, a code is read in the spelling it was told in."""
    code = format_recovery(raw)
    letters = code.replace("-", "")
    assert len(code) == 19
    assert base64.b32decode(letters.upper()) == raw
    for typed in (code, code.upper(), letters, f" {letters[:8]} {letters[8:]} "):
        assert canonical_recovery(typed) == code


@pytest.mark.parametrize(
    "text",
    ["", "abcd-efgh-ijkl-mno", "abcd-efgh-ijkl-mnopq", "abcd-efgh-ijkl-mno1", "abcd-efgh-ijkl-mno\u017f"]
    + ["abcd-efgh-ijkl-mno\u212a", "abcd_efgh_ijkl_mnop", "abcdefghijklmno\n"],
)
def test_what_is_no_recovery_code_is_refused(text: str) -> None:
    """Sixteen letters of base32 in ASCII, nothing else."""
    assert canonical_recovery(text) is None


def test_a_short_code_is_known_by_its_digest() -> None:
    """Eight letters and digits have the form that a moved-in store keeps; their case counts."""
    assert recovery_form("Ab3dEf7h") == hashlib.sha256(b"Ab3dEf7h").hexdigest()
    assert recovery_form("ab3dEf7h") not in (None, recovery_form("Ab3dEf7h"))
    assert recovery_form("abcdefghijklmnop") == recovery_form("ABCD-efgh-ijkl-mnop") == "abcd-efgh-ijkl-mnop"


@pytest.mark.parametrize(
    "text", ["", "123456", "12 34 56", "123-456 ", "Ab3dEf7", "Ab3dEf7hi", "Ab3d-Ef7", "Ab3dEf7\u212a"]
)
def test_what_is_neither_long_nor_short_has_no_form(text: str) -> None:
    """A TOTP code however it is spaced, and any eight characters that are not ASCII letters and digits."""
    assert recovery_form(text) is None


def test_a_recovery_code_is_made_of_80_bits() -> None:
    """Any other number of bytes is a mistake of the caller."""
    with pytest.raises(ValueError, match="10 bytes"):
        format_recovery(b"123456789")


def test_recovery_digests_are_apart() -> None:
    """Key, factor and code each change the digest, and no digit wanders from one field to the next."""
    one = recovery_digest(b"k", 1, "abcd")
    others = [(b"l", 1, "abcd"), (b"k", 2, "abcd"), (b"k", 1, "abce"), (b"k", 11, "abcd"), (b"k", 1, "1abcd")]
    assert recovery_digest(b"k", 1, "abcd") == one
    assert len(one) == 32
    assert len({one, *(recovery_digest(*row) for row in others)}) == len(others) + 1
