"""Answers kept for a while under an idempotency key, sealed so that only their own caller can read them."""

from cryptography.exceptions import InvalidTag

from keyturn.core.types import Frozen, Instant
from keyturn.store.engine import Tx
from keyturn.store.sealing import open_under, seal_under

FIND = "SELECT realm, request, sealed, created FROM answers WHERE caller = $1 AND key = $2"
CLAIM = "INSERT INTO answers (caller, key, realm, request, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
KEEP = "UPDATE answers SET sealed = $3 WHERE caller = $1 AND key = $2"
FORGET = "UPDATE answers SET sealed = NULL WHERE created < $1 AND sealed IS NOT NULL"
DROP = "DELETE FROM answers WHERE created < $1"


class Answer(Frozen):
    """What is stored under a key: which request it was, and its sealed outcome."""

    realm: int
    request: bytes
    sealed: bytes | None
    created: Instant


def find(tx: Tx, caller: bytes, key: str) -> Answer | None:
    """What is stored under the caller's key."""
    row = tx.one(FIND, caller, key)
    if row is None:
        return None
    return Answer(row[0], bytes(row[1]), None if row[2] is None else bytes(row[2]), row[3])


def claim(tx: Tx, caller: bytes, key: str, realm: int, request: bytes, now: Instant) -> bool:
    """Whether the key is this transaction's now; refusals and crashes leave none, since they roll back."""
    return tx.run(CLAIM, caller, key, realm, request, now) == 1


def keep(tx: Tx, caller: bytes, key: str, seal: bytes, outcome: bytes) -> None:
    """The outcome is sealed under `seal`, a key only its caller can make again."""
    tx.run(KEEP, caller, key, seal_under(seal, key.encode(), outcome))


def opened(answer: Answer, key: str, seal: bytes) -> bytes | None:
    """The stored outcome, or None when it was destroyed or is not this caller's."""
    try:
        return None if answer.sealed is None else open_under(seal, key.encode(), answer.sealed)
    except InvalidTag:
        return None


def purge(tx: Tx, forget: Instant, drop: Instant) -> None:
    """Outcomes older than `forget` are destroyed, keys older than `drop` gone."""
    tx.run(FORGET, forget)
    tx.run(DROP, drop)
