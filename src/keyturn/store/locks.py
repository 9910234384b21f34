"""Locks: one counter per (account, factor), moved from one value to the next by compare and set."""

from collections.abc import Callable

from keyturn.core.lockout import Lock, rebound
from keyturn.core.types import Instant
from keyturn.store.engine import Tx

GET = (
    "SELECT failures, reserved, reserved_at, until, closed_on, version FROM locks"
    " WHERE realm = $1 AND account = $2 AND factor = $3"
)
MAKE = (
    "INSERT INTO locks (realm, account, factor, failures, reserved, reserved_at, until, version, touched)"
    " VALUES ($1, $2, $3, 0, 0, 0, 0, 0, $4) ON CONFLICT DO NOTHING"
)
SET = (
    "UPDATE locks SET failures = $5, reserved = $6, reserved_at = $7, until = $8, closed_on = $9,"
    " version = version + 1, touched = $10 WHERE realm = $1 AND account = $2 AND factor = $3 AND version = $4"
)
OF_ACCOUNT = (
    "SELECT factor, failures, reserved, reserved_at, until, closed_on, version FROM locks"
    " WHERE realm = $1 AND account = $2"
)
TRIES = 100


def account_of_subject(subject: int) -> str:
    """The canonical account id of a subject, however its name was spelled (A21)."""
    return f"s:{subject}"


def account_of_name(tx: Tx, realm: int, canonical: str) -> str:
    """The account id of a name that belongs to nobody; says nothing of the name."""
    return "n:" + tx.ring.keyed("name", str(realm).encode(), canonical.encode("utf-8", "surrogatepass")).hex()


def account_of_address(tx: Tx, realm: int, address: str) -> str:
    """What failures of every name from one address are counted under; kept no longer than those of unknown names."""
    return "n:" + tx.ring.keyed("address", str(realm).encode(), address.encode("utf-8", "surrogatepass")).hex()


def get(tx: Tx, realm: int, account: str, factor: str) -> Lock:
    """The lock as stored; an open one when there is none."""
    row = tx.one(GET, realm, account, factor)
    return Lock() if row is None else Lock(*row)


def all_of(tx: Tx, realm: int, account: str) -> dict[str, Lock]:
    """Every lock of the account, by factor."""
    return {row[0]: Lock(*row[1:]) for row in tx.all(OF_ACCOUNT, realm, account)}


def rebind(tx: Tx, realm: int, subject: int, factor: str, now: Instant) -> None:
    """Nothing is counted against a factor of the subject that was bound anew."""
    account = account_of_subject(subject)
    if get(tx, realm, account, factor) != Lock():
        change(tx, realm, account, factor, rebound, now)


def change(
    tx: Tx, realm: int, account: str, factor: str, step: Callable[[Lock], Lock], now: Instant
) -> tuple[Lock, Lock]:
    """The lock before and after `step`: compare and set on its version until nobody came between.

    Safe     the write is conditional on the version that `step` saw, so no count is ever lost (A20, A22)
    """
    for _ in range(TRIES):
        row = tx.one(GET, realm, account, factor)
        if row is None:
            tx.run(MAKE, realm, account, factor, now)
            continue
        before = Lock(*row)
        after = step(before)
        if after == before:
            return before, after
        done = tx.run(
            SET, realm, account, factor, before.version, after.failures, after.reserved, after.reserved_at,
            after.until, after.closed_on, now,
        )  # fmt: skip
        if done == 1:
            return before, after
    raise RuntimeError("a lock changed under every try")
