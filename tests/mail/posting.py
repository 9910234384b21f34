"""Letters for these tests: what they say, and how one is put into the outbox of a house."""

from typing import Any

from keyturn.core.types import SECOND, Instant
from keyturn.store import outbox
from tests.houses import Household

ADDRESS = "ann.lee@example.test"
TOKEN = "ktr_MARK_0123456789abcdefghijklmnopqrstuvwxyzABCDE"
CODE = "918-273"
UNTIL = "2026-11-25 04:30 UTC"
WORDS = {
    "reset": {"realm": "Example Org", "token": TOKEN, "until": UNTIL, "address": "192.0.2.7"},
    "code": {"realm": "Example Org", "code": CODE, "until": UNTIL},
}
LIVES = 3600


def post(house: Household, kind: str = "reset", address: str = ADDRESS, lives: int = LIVES, **words: str) -> None:
    """A letter of that kind lies in the outbox, due now."""
    now = house.store.now()
    told = {**WORDS[kind], **words}
    house.do(lambda tx: outbox.put(tx, 1, 1, kind, address, told, Instant(now + lives * SECOND), now))


def rows(house: Household) -> list[Any]:
    """Every row of the outbox as stored."""
    return [tuple(row) for row in house.read(lambda tx: tx.all("SELECT * FROM outbox ORDER BY id"))]


def tries(house: Household) -> list[int]:
    """How often each letter that waits was tried in vain."""
    return [row[0] for row in house.read(lambda tx: tx.all("SELECT tries FROM outbox ORDER BY id"))]
