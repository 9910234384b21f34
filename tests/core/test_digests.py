"""Digests: how a presented secret is found, in its one spelling, and no two texts ever meet (A27, A31)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.digests import LONGEST_SECRET, base62, checksum, digest, last6, origin, plausible
from keyturn.core.secrets import draw
from keyturn.core.types import Secret, Shape

OURS = draw(Shape.KEYTURN, "p", "abcd").reveal()


def test_the_digest_is_sha256() -> None:
    """The 32 bytes are those of SHA-256, which a bootstrap file may bring along."""
    assert digest(Secret("abc")) == hashlib.sha256(b"abc").digest()
    assert len(digest(Secret("\ud800"))) == 32


@pytest.mark.parametrize("length", [72, 128, 1024, 4096])
def test_nothing_is_cut(length: int) -> None:
    """Two secrets that differ only after many characters, or after a NUL, are two (A27)."""
    same = "x" * length
    assert digest(Secret(same + "a")) != digest(Secret(same + "b"))
    assert digest(Secret(same + "\0a")) != digest(Secret(same + "\0b"))
    assert digest(Secret(same)) != digest(Secret(same + "\0"))


@pytest.mark.parametrize("shape", Shape)
def test_what_we_draw_is_worth_a_look(shape: Shape) -> None:
    """Every shape that is drawn passes."""
    assert all(plausible(draw(shape, "s", "mark")) for _ in range(20))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b\n",
        "a\0",
        "ünïcode",
        "１２３",
        "x" * (LONGEST_SECRET + 1),
        OURS[:-1] + "!",
        OURS[:-6] + "000000",
        "\x7f",
    ],
    ids=("empty", "blank", "newline", "nul", "letters", "digits", "long", "spoilt", "checksum", "delete"),
)
def test_what_is_not_worth_a_look(text: str) -> None:
    """Empty, endless, unprintable, beyond ASCII, or of our form with another checksum: refused without a read."""
    assert plausible(Secret(text)) is (text == " ")


@given(st.integers(min_value=0, max_value=len(OURS) - 1), st.sampled_from("0aZ_"))
def test_a_typing_error_is_noticed(at: int, letter: str) -> None:
    """A secret of our form with one letter changed is refused before the store is asked."""
    changed = OURS[:at] + letter + OURS[at + 1 :]
    still_ours = changed.startswith("kt") and changed[3] == "_"
    assert plausible(Secret(changed)) is (changed == OURS or not still_ours)


def test_what_lists_show() -> None:
    """Six characters of the secret: of our form those before the checksum."""
    assert last6(Secret(OURS)) == OURS[-12:-6]
    assert last6(Secret("0123456789")) == "456789"
    assert last6(Secret("abc")) == "abc"


@given(st.integers(min_value=0, max_value=2**64))
def test_base62_counts(number: int) -> None:
    """A number is told by digits that say it again, with zeros in front."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    told = base62(number, 12)
    assert len(told) >= 12
    value = 0
    for letter in told:
        value = value * 62 + letters.index(letter)
    assert value == number


def test_a_checksum_is_six_letters() -> None:
    """The checksum is as long as the form says, whatever it is of."""
    assert all(len(checksum(text)) == 6 for text in ("", "a", OURS))


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_two_origins_never_meet(agent: str, address: str, other_agent: str, other_address: str) -> None:
    """Client and address are told apart: no pair of them has the digest of another pair."""
    same = origin(agent, address) == origin(other_agent, other_address)
    assert same is ((agent, address) == (other_agent, other_address))
