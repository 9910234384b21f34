"""Password hashes: one row a subject, whose version a proof must still meet when it settles."""

from keyturn.core.types import Frozen, Instant
from keyturn.store import former
from keyturn.store.engine import Sql, Tx

BY_SUBJECT = "SELECT hash, version, must_change, length FROM passwords WHERE subject = $1"
PROVED = Sql(sqlite=BY_SUBJECT, postgresql=f"{BY_SUBJECT} FOR UPDATE")
PUT = (
    "INSERT INTO passwords (subject, realm, hash, version, must_change, length, changed)"
    " VALUES ($1, $2, $3, 1, $4, $5, $6) ON CONFLICT (subject) DO UPDATE SET hash = excluded.hash,"
    " version = passwords.version + 1, must_change = excluded.must_change, length = excluded.length,"
    " changed = excluded.changed"
)
REHASH = "UPDATE passwords SET hash = $3 WHERE subject = $1 AND version = $2"
MUST_CHANGE = "UPDATE passwords SET must_change = $2 WHERE subject = $1"
DROP = "DELETE FROM passwords WHERE subject = $1"


class Password(Frozen):
    """What is stored of a subject's password; length in code points, 0 = not known."""

    hash: str
    version: int
    must_change: bool
    length: int


def of(tx: Tx, subject: int) -> Password | None:
    """The subject's password row."""
    row = tx.one(BY_SUBJECT, subject)
    return None if row is None else Password(row[0], row[1], row[2] == 1, row[3])


def held(tx: Tx, subject: int) -> Password | None:
    """The subject's password row, which nobody else changes or proves until this transaction ends.

    Safe     a sign-in under way and a change of the password or its factors go one after the other, so that no
             session is opened by what was just replaced (P1)
    """
    row = tx.one(PROVED, subject)
    return None if row is None else Password(row[0], row[1], row[2] == 1, row[3])


def put(tx: Tx, realm: int, subject: int, hashed: str, must_change: bool, length: int, now: Instant) -> None:
    """The subject has this password; the raised version makes every proof under way miss."""
    former.keep(tx, realm, subject, now)
    tx.run(PUT, subject, realm, hashed, int(must_change), length, now)


def rehash(tx: Tx, subject: int, version: int, hashed: str) -> None:
    """The same password is stored in today's form, if it is still the one that was proved."""
    tx.run(REHASH, subject, version, hashed)


def must_change(tx: Tx, subject: int, wanted: bool) -> None:
    """The password must be changed at the next sign-in, or need not be."""
    tx.run(MUST_CHANGE, subject, int(wanted))


def drop(tx: Tx, subject: int) -> None:
    """The subject has no password."""
    former.drop(tx, subject)
    tx.run(DROP, subject)
