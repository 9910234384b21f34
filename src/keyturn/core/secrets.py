"""Draws the secret of a token in the shape its wire's clients know; imported by `store.tokens` alone."""

import base64
from collections.abc import Callable

from keyturn.core import entropy
from keyturn.core.digests import checksum
from keyturn.core.entropy import BASE62
from keyturn.core.types import Secret, Shape


def draw(shape: Shape, letter: str, mark: str) -> Secret:
    """A fresh secret of that shape.

    Shapes   letter: one character of the kind; mark: four characters of this instance
    Safe     at least 128 bits from the operating system in every shape (DESIGN.md section 5)
    """
    return Secret(DRAW[shape](letter, mark))


def _keyturn(letter: str, mark: str) -> str:
    body = f"kt{letter}_{mark}_{entropy.letters(BASE62, 43)}"
    return body + checksum(body)


def _uuid_form(_letter: str, _mark: str) -> str:
    text = entropy.octets(16).hex().upper()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _base64url(_letter: str, _mark: str) -> str:
    return base64.urlsafe_b64encode(entropy.octets(32)).decode().rstrip("=")


def _base64(letter: str, mark: str) -> str:
    # A client that parses answers as JSON must never see a number: at least one letter, and padding.
    text = base64.b64encode(entropy.octets(32)).decode()
    return text if any(c.isalpha() for c in text) else _base64(letter, mark)


def _alphanumeric(letter: str, mark: str) -> str:
    text = entropy.letters(BASE62, 64)
    return _alphanumeric(letter, mark) if text.isdigit() else text


DRAW: dict[Shape, Callable[[str, str], str]] = {
    Shape.KEYTURN: _keyturn,
    Shape.UUID_FORM: _uuid_form,
    Shape.BASE64URL: _base64url,
    Shape.BASE64: _base64,
    Shape.ALPHANUMERIC: _alphanumeric,
}
