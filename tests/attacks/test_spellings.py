"""A27, A31: a secret is good in its one spelling, and no two texts are ever taken for one."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from keyturn.core import commands as c
from keyturn.core.factors import recovery_digest
from keyturn.core.outcomes import Ended, Reason
from keyturn.core.types import Secret
from keyturn.dialects import DIALECTS
from keyturn.perform.answers import request_digest
from keyturn.store.sealing import KeyRing, digest_of
from tests.houses import Held, Household, current, reason

LENGTHS = (72, 128, 1024)
WIRES = [d.name for d in DIALECTS]
FULL_WIDTH = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)})
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def variants(text: str) -> Iterator[str]:
    """Other spellings of a secret that some decoder, proxy or database might take for the same."""
    yield from (
        text.lower(),
        text.upper(),
        text.swapcase(),
        text[0].swapcase() + text[1:],
        text[:-1] + text[-1].swapcase(),
    )
    yield from (f" {text}", f"{text} ", f"\t{text}", f"{text}\n", f"{text}\r\n", f"{text}\x00", f"\ufeff{text}")
    yield from (f"{text}=", f"{text}==", text.rstrip("="), text.replace("=", "%3D"), text + "A", text + "." + text)
    yield from (
        text.replace("-", "+").replace("_", "/"),
        text.replace("+", "-").replace("/", "_"),
        text.replace("-", ""),
    )
    yield from (
        text.translate(FULL_WIDTH),
        text.translate(ARABIC),
        text.replace("k", "\u212a"),
        text.replace("s", "\u017f"),
    )
    yield from ("".join(f"%{ord(ch):02X}" for ch in text), text[:5] + f"%{ord(text[5]):02X}" + text[6:], f'"{text}"')
    yield from (
        f"Bearer {text}",
        f"{text},{text}",
        text[::-1],
        f"{text}#",
        f"{text}?a=b",
        f"{text[:8]}\u200b{text[8:]}",
    )
    yield from (_last_bits(text), base64.b64encode(text.encode()).decode())


def _last_bits(text: str) -> str:
    """The same text with the unused bits of its last base64 letter turned."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    body = text.rstrip("=")
    at = letters.find(body[-1])
    return body[:-1] + letters[at ^ 1] + "=" * (len(text) - len(body)) if at >= 0 else text + "!"


@pytest.mark.parametrize("wire", WIRES)
def test_a_token_has_one_spelling(wire: str, house: Household) -> None:
    """Of a live token every other spelling is refused, and of a revoked one every spelling (A31)."""
    person = house.person("", "Stewards")
    steward = house.token(person)
    for kind in ("session", "personal", "api"):
        live, dead = house.token(person, kind, wire), house.token(house.person(), kind, wire)
        house.wish(steward, c.RevokeToken(dead.ref))
        for held in (live, dead):
            for text in variants(held.secret.reveal()):
                if text != held.secret.reveal():
                    assert house.opens(Secret(text), wire) is Reason.INVALID_TOKEN, text
                    assert _introspected(house, steward, text) is None
                    assert house.wish(steward, c.RevokeSecret(Secret(text))) == Ended(True)
        assert house.opens(live) is None
        assert house.opens(dead) is Reason.TOKEN_ENDED


def test_a_reset_token_has_one_spelling(house: Household) -> None:
    """So have the tokens that are part of a wish."""
    admin = house.token(house.person("", "Administrators"))
    token = house.wish(admin, c.IssueReset(house.person().ref)).secret
    for text in variants(token.reveal()):
        if text != token.reveal():
            heard = house.wish(None, c.RedeemReset(Secret(text), Secret("a fresh passphrase")))
            assert reason(heard) is Reason.INVALID_RESET
    assert reason(house.wish(None, c.RedeemReset(token, Secret("a fresh passphrase")))) is None


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("end", ["a", "\u00e9", "\U0001f980"])
def test_a_password_is_not_cut(length: int, end: str, house: Household) -> None:
    """Passwords equal in their first 72, 128 or 1024 bytes and different after are different (A27)."""
    start = "x" * length
    person = house.person(password=start + end)
    assert reason(house.sign_in(person)) is None
    for other in (start, start + "b", start + end + end, start[:-1] + end, start + end + " "):
        assert reason(house.sign_in(person, other)) is Reason.WRONG_PASSWORD
    assert reason(house.sign_in(person)) is None


def test_a_nul_cuts_nothing(house: Household) -> None:
    """What follows a NUL belongs to a password as what precedes it does."""
    person = house.person(password="a passphrase that goes on")
    for text in ("a passphrase that goes on\x00", "a passphrase that goes on\x00x", "\x00a passphrase that goes on"):
        assert reason(house.sign_in(person, text)) is Reason.WRONG_PASSWORD
    held = house.token(person)
    wish = c.ChangePassword(Secret("another passphrase\x00with more"))
    assert reason(house.wish(held, wish, proof=current(person.password))) is Reason.WEAK_PASSWORD


PARTS = [(b"ab", b"c"), (b"a", b"bc"), (b"abc", b""), (b"", b"abc"), (b"abc",), (b"a", b"b", b"c"), (b"ab", b"\x00c")]


def test_fields_do_not_run_together() -> None:
    """Digests and keys over several fields carry their lengths: no two lists of fields have one digest (A27)."""
    ring = KeyRing(b"k" * 32)
    assert len({ring.keyed("x", *parts) for parts in PARTS}) == len(PARTS)
    assert len({digest_of(*parts) for parts in PARTS}) == len(PARTS)
    assert ring.keyed("x", b"a") != ring.keyed("y", b"a")
    assert ring.derive("x") != ring.derive("y") != KeyRing(b"l" * 32).derive("y")
    assert recovery_digest(b"k", 1, "1-a") != recovery_digest(b"k", 11, "-a")
    wishes: list[Any] = [c.RevokeSecret(Secret("ab")), c.RevokeSecret(Secret("a")), c.SetPassword]
    assert request_digest("ab", wishes[0]) != request_digest("a", wishes[0])
    assert request_digest("a", wishes[0]) != request_digest("a", wishes[1])


def test_a_sealed_row_is_bound_to_its_place() -> None:
    """What was sealed for one row or purpose does not open for another, and not when a bit of it is turned."""
    ring = KeyRing(b"k" * 32)
    sealed = ring.seal("factor", "row-1", b"seed")
    assert ring.open("factor", "row-1", sealed) == b"seed"
    turned = bytes([sealed[-1] ^ 1])
    for purpose, row, text in (
        ("factor", "row-2", sealed),
        ("other", "row-1", sealed),
        ("factor", "row-1", sealed[:-1] + turned),
    ):
        with pytest.raises(InvalidTag):
            ring.open(purpose, row, text)
    assert ring.seal("factor", "row-1", b"seed") != sealed


def _introspected(house: Household, steward: Held, text: str) -> Any:
    return house.wish(steward, c.Introspect((Secret(text),))).results[0]
