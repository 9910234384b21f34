"""The wrapped secret: equal by its text, comparable to nothing else, and never shown, hashed or pickled."""

import pickle

import pytest

from keyturn.core.types import Secret


def test_a_secret_is_its_text() -> None:
    """Two of one text are equal, two of different texts are not, lone surrogates included."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("\udc80") == Secret("\udc80")
    assert Secret("\udc80") != Secret("\udc81")
    assert Secret("a").reveal() == "a"


@pytest.mark.parametrize("other", ["a", b"a", None, 1, ("a",)])
def test_a_secret_is_no_other_thing(other: object) -> None:
    """It equals nothing but a secret, so that it is not compared with a text by mistake."""
    assert Secret("a") != other
    assert Secret("a").__eq__(other) is NotImplemented


def test_a_secret_is_not_shown() -> None:
    """Neither its repr nor its str nor a format of it tells anything, and it is no key and no pickle."""
    secret = Secret("a secret text")
    assert {repr(secret), str(secret), f"{secret}"} == {"Secret(redacted)"}
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
