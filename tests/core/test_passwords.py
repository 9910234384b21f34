"""What a new password must be."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.passwords import LONGEST, SENTENCES, Fault, faults, normal


@pytest.mark.parametrize(
    ("password", "floor", "found"),
    [
        ("ferry-kettle-42", 15, ()),
        ("ferry-kettle-4", 15, (Fault.TOO_SHORT,)),
        ("ferry-42", 8, ()),
        ("ferry-4", 8, (Fault.TOO_SHORT,)),
        ("\U0001f511" * 15, 15, ()),
        ("\U0001f511" * 14, 15, (Fault.TOO_SHORT,)),
        ("e\u0301ferry-kettle-4", 15, ()),
        ("e\u0301ferry-kettle-", 15, (Fault.TOO_SHORT,)),
        ("ferry kettle walnut orbit", 15, ()),
        ("password", 8, (Fault.BLOCKED,)),
        ("password", 15, (Fault.TOO_SHORT, Fault.BLOCKED)),
        ("Example Org", 8, (Fault.BLOCKED,)),
        ("ferry-kettle-42\0", 15, (Fault.NOT_TEXT,)),
        ("ferry-kettle-42\ud800", 15, (Fault.NOT_TEXT,)),
        ("\udfff", 15, (Fault.NOT_TEXT,)),
        ("", 15, (Fault.TOO_SHORT,)),
    ],
)
def test_faults_of_a_password(password: str, floor: int, found: tuple[Fault, ...]) -> None:
    """Length in code points of the NFC form, the blocklist and text: all faults at once, in one order."""
    assert faults(password, floor=floor, words=("example org",)) == found


@pytest.mark.parametrize("size", [64, 256, LONGEST])
def test_long_passwords_pass(size: int) -> None:
    """Up to 4096 bytes a password may be as long as its owner likes."""
    assert faults(("ferry-kettle-" * 400)[: size - 1] + "!", floor=15, words=()) == ()


@pytest.mark.parametrize("password", ["!" + "ab c" * 1024, "\u00e9" * 2049, "\u0301\u0327" * 100_000])
def test_too_long_is_counted_in_bytes(password: str) -> None:
    """Over 4096 bytes of UTF-8 nothing else is looked at."""
    assert faults(password, floor=15, words=()) == (Fault.TOO_LONG,)


def test_every_fault_has_a_sentence() -> None:
    """What is wrong is told in words, for each fault one sentence."""
    assert set(SENTENCES) == set(Fault)
    assert Fault.TOO_SHORT.sentence(15) == "has fewer than 15 characters"
    assert Fault.TOO_LONG.sentence(15) == "is longer than 4096 bytes"
    assert len({fault.sentence(15) for fault in Fault}) == len(Fault)


@given(st.text(max_size=40))
def test_both_forms_of_a_text_are_one_password(text: str) -> None:
    """Composed and decomposed spellings have one normal form; compatibility twins keep theirs."""
    assert normal(unicodedata.normalize("NFD", text)) == normal(unicodedata.normalize("NFC", text))
    assert normal("\ufb01") != normal("fi")


def test_no_permitted_password_is_left_uncomposed() -> None:
    """No character decomposes to more than three code points for two bytes: `normal` counts on that."""
    for point in (p for p in range(sys.maxunicode + 1) if not 0xD800 <= p <= 0xDFFF):
        char = unicodedata.normalize("NFC", chr(point))
        assert 2 * len(unicodedata.normalize("NFD", char)) <= 3 * len(char.encode()), hex(point)


def test_an_endless_text_is_left_as_it_is() -> None:
    """What can be nobody's password is not composed: that would take time in its square."""
    text = "e\u0301" * 4000
    assert normal(text) is text
