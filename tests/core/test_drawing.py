"""Drawing: the shape of every secret, and letters drawn evenly."""

import base64
import collections
import re

import pytest

from keyturn.core import entropy, secrets
from keyturn.core.digests import checksum
from keyturn.core.secrets import DRAW, draw
from keyturn.core.types import Shape

SHAPES = {
    Shape.KEYTURN: r"ktp_abcd_[0-9A-Za-z]{49}",
    Shape.UUID_FORM: r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}",
    Shape.BASE64URL: r"[A-Za-z0-9_-]{43}",
    Shape.BASE64: r"[A-Za-z0-9+/]{43}=",
    Shape.ALPHANUMERIC: r"[A-Za-z0-9]{64}",
}


@pytest.mark.parametrize("shape", Shape)
def test_shapes(shape: Shape) -> None:
    """A secret is spelled as its wire's clients know it, and never twice the same."""
    drawn = [draw(shape, "p", "abcd").reveal() for _ in range(200)]
    assert all(re.fullmatch(SHAPES[shape], text) for text in drawn)
    assert len(set(drawn)) == 200
    assert set(DRAW) == set(Shape)


def test_our_own_form_is_checked() -> None:
    """Kind, mark, 43 letters of chance, and the checksum of all before it."""
    text = draw(Shape.KEYTURN, "r", "M4rk").reveal()
    assert text[:9] == "ktr_M4rk_"
    assert text[-6:] == checksum(text[:-6])
    assert len(text) == 58


def test_a_secret_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client could take for a number is drawn again."""
    numbers = base64.b64decode("0123456789" * 4 + "012" + "=")
    octets = iter([numbers, b"\x00" * 32])
    monkeypatch.setattr(entropy, "octets", lambda count: next(octets))
    assert secrets.draw(Shape.BASE64, "s", "mark").reveal() == base64.b64encode(b"\x00" * 32).decode()
    letters = iter(["0" * 64, "0" * 63 + "a"])
    monkeypatch.setattr(entropy, "letters", lambda alphabet, count: next(letters))
    assert secrets.draw(Shape.ALPHANUMERIC, "s", "mark").reveal() == "0" * 63 + "a"


@pytest.mark.parametrize("alphabet", [entropy.BASE62, entropy.HANDLE_ALPHABET, entropy.CODE_ALPHABET, "ab"])
def test_letters_are_drawn_evenly(alphabet: str) -> None:
    """No letter is likelier than another: each stays within six deviations of its share."""
    count = 20_000
    seen = collections.Counter(entropy.letters(alphabet, count))
    share = count / len(alphabet)
    assert set(seen) == set(alphabet)
    assert all(abs(n - share) < 6 * share**0.5 + 6 for n in seen.values())


def test_identifiers() -> None:
    """A uuid is a random one in lower case, a handle 17 letters, a mark four."""
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", entropy.new_uuid())
    assert len(entropy.new_handle()) == 17
    assert not set(entropy.new_handle()) & set("01IOUlV")
    assert re.fullmatch(r"[0-9A-Za-z]{4}", entropy.new_mark())
    assert len({entropy.new_uuid() for _ in range(100)}) == 100
