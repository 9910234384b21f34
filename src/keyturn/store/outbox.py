"""Mail that waits to be handed over: put by the transaction that calls for it, sealed since it may hold a secret."""

import msgspec

from keyturn.core import entropy
from keyturn.core.types import SECOND, Frozen, Instant, Secret
from keyturn.store.engine import Sql, Tx
from keyturn.store.sealing import KeyRing

PUT = (
    "INSERT INTO outbox (realm, uuid, subject, kind, sealed, due, created, expires)"
    " VALUES ($1, $2, $3, $4, $5, $6, $6, $7)"
)
ANY = "SELECT 1 FROM outbox WHERE due <= $1 AND expires > $1 LIMIT 1"
NEXT = "SELECT id FROM outbox WHERE due <= $1 AND expires > $1 ORDER BY due, id LIMIT 1"
MINE = "AND due <= $1 RETURNING id, uuid, kind, sealed, tries, due"
CLAIM = Sql(
    sqlite=f"UPDATE outbox SET due = $2 WHERE id = ({NEXT}) {MINE}",
    # Nodes that claim at once take different letters; none waits for another.
    postgresql=f"UPDATE outbox SET due = $2 WHERE id = ({NEXT} FOR UPDATE SKIP LOCKED) {MINE}",
)
DONE = "DELETE FROM outbox WHERE id = $1"
UNDO = "DELETE FROM outbox WHERE realm = $1 AND uuid = $2"
FAILED = "UPDATE outbox SET tries = tries + 1, due = $3 WHERE id = $1 AND due = $2"
PURGE = "DELETE FROM outbox WHERE expires <= $1"
LETTER = 200
"""About the length of a letter, in bytes."""
HOLD = 60
"""Seconds after which a letter that was claimed and neither handed over nor failed is due again."""
BACK_OFF = (5, 30, 120, 600, 3600)
"""Seconds until the next try, by the tries there were; the last one from then on."""


class Letter(Frozen):
    """One mail that its holder alone hands over until `due`; what it says is still sealed."""

    id: int
    uuid: str
    kind: str
    sealed: bytes
    tries: int
    due: Instant


class Contents(Frozen):
    """What a letter says and to whom; wrapped, since it may be a secret and is never logged."""

    address: Secret
    words: dict[str, Secret]


class _Clear(Frozen):
    address: str
    words: dict[str, str]


def put(
    tx: Tx, realm: int, subject: int, kind: str, address: str, words: dict[str, str], expires: Instant, now: Instant
) -> None:
    """A mail of that kind to that address is handed over once this transaction is durable.

    Shapes   address: as stored of the subject, never as a caller sent it (A01); words: what its text tells
             expires: after which it is dropped, since what it tells is true no longer
    """
    uuid = entropy.new_uuid()
    letter = msgspec.json.encode(_Clear(address, words))
    tx.run(PUT, realm, uuid, subject, kind, tx.ring.seal("mail", uuid, letter), now, expires)


def feign(tx: Tx, realm: int, now: Instant) -> None:
    """Nothing is put, at the cost of a letter: what is behind a name does not show in the time of an answer (A24)."""
    uuid = entropy.new_uuid()
    tx.run(PUT, realm, uuid, None, "none", tx.ring.seal("mail", uuid, bytes(LETTER)), now, now)
    tx.run(UNDO, realm, uuid)


def any_due(tx: Tx, now: Instant) -> bool:
    """Whether a letter waits to be claimed; a read, so that an empty outbox costs no write."""
    return tx.one(ANY, now) is not None


def claim(tx: Tx, now: Instant) -> Letter | None:
    """The letter that waited longest, nobody else's for `HOLD` seconds; None when none is due.

    Safe     one conditional UPDATE decides between nodes; a holder that died loses nothing, the letter is due again
    """
    row = tx.one(CLAIM, now, now + HOLD * SECOND)
    return None if row is None else Letter(row[0], row[1], row[2], bytes(row[3]), row[4], row[5])


def contents(ring: KeyRing, letter: Letter) -> Contents:
    """What the letter says and to whom; raises where the row was altered."""
    clear = msgspec.json.decode(ring.open("mail", letter.uuid, letter.sealed), type=_Clear)
    return Contents(Secret(clear.address), {name: Secret(word) for name, word in clear.words.items()})


def done(tx: Tx, letter: Letter) -> None:
    """The letter is gone, and any secret in it: it was handed over, or never can be."""
    tx.run(DONE, letter.id)


def failed(tx: Tx, letter: Letter, now: Instant) -> None:
    """One more try is counted, and the letter due again after the back-off; nothing where another one holds it now."""
    wait = BACK_OFF[min(letter.tries, len(BACK_OFF) - 1)]
    tx.run(FAILED, letter.id, letter.due, now + wait * SECOND)


def purge(tx: Tx, now: Instant) -> int:
    """How many letters expired before they could be handed over; they are gone."""
    return tx.run(PURGE, now)
