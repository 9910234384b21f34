"""Codes sent by mail: six digits, one of a subject and a wire at a time, kept as keyed digests."""

import string

from keyturn.core import entropy
from keyturn.core.types import SECOND, Frozen, Instant, Secret
from keyturn.store.engine import Tx

DIGITS = 6
TRIES = 5
"""Wrong showings after which a code is worth nothing."""
LIVE = "SELECT created, expires FROM mail_codes WHERE subject = $1 AND dialect = $2 AND expires > $3 AND tries < 5"
SPENT = "SELECT 1 FROM mail_codes WHERE subject = $1 AND dialect = $2 AND expires > $3 AND tries >= 5"
PUT = (
    "INSERT INTO mail_codes (subject, dialect, realm, digest, tries, created, expires)"
    " VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (subject, dialect)"
    " DO UPDATE SET digest = $4, tries = 0, created = $5, expires = $6"
)
USE = "DELETE FROM mail_codes WHERE subject = $1 AND dialect = $2 AND digest = $3 AND expires > $4 AND tries < 5"
MISS = "UPDATE mail_codes SET tries = tries + 1 WHERE subject = $1 AND dialect = $2 AND expires > $3 AND tries < 5"
DROP = "DELETE FROM mail_codes WHERE subject = $1"
PURGE = "DELETE FROM mail_codes WHERE expires < $1"


class MailCode(Frozen):
    """When a code that works was made, and until when it does."""

    created: Instant
    expires: Instant


def live(tx: Tx, subject: int, wire: str, now: Instant) -> MailCode | None:
    """The code that works now, if there is one; a spent one is none."""
    row = tx.one(LIVE, subject, wire, now)
    return None if row is None else MailCode(*row)


def make(tx: Tx, realm: int, subject: int, wire: str, seconds: int, now: Instant) -> tuple[Secret, Instant]:
    """A fresh code in the place of any other, and until when it works.

    Safe     what was guessed at the one before stays counted against the account's factor (A18)
    """
    code = entropy.letters(string.digits, DIGITS)
    expires = Instant(now + seconds * SECOND)
    tx.run(PUT, subject, wire, realm, _digest(tx, subject, wire, code), now, expires)
    return Secret(code), expires


def use(tx: Tx, subject: int, wire: str, shown: str, now: Instant) -> str:
    """`right` when this very call used the code up; `wrong`, counted against it; `spent` after too many of those.

    Shapes   shown: as typed; whatever is no digit is passed over, since it is mailed as `123-456`
    Safe     one conditional DELETE decides, so a code works once (A04)
    """
    digits = "".join(c for c in shown if c in string.digits)
    key = _digest(tx, subject, wire, digits)
    if len(digits) == DIGITS and tx.run(USE, subject, wire, key, now) == 1:
        return "right"
    tx.run(MISS, subject, wire, now)
    return "spent" if tx.one(SPENT, subject, wire, now) is not None else "wrong"


def drop(tx: Tx, subject: int) -> None:
    """No code of the subject works any more."""
    tx.run(DROP, subject)


def purge(tx: Tx, now: Instant) -> int:
    """How many codes that worked no longer are gone."""
    return tx.run(PURGE, now)


def _digest(tx: Tx, subject: int, wire: str, code: str) -> bytes:
    return tx.ring.keyed("mail code", str(subject).encode(), wire.encode(), code.encode())
