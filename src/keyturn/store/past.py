"""Tokens as they ever were: what a bootstrap file must know of the living and the dead before it makes one."""

from keyturn.core.types import Instant, TokenView
from keyturn.store import tokens
from keyturn.store.engine import Tx

DIGESTS = "SELECT digest FROM secrets WHERE token = $1 AND (ends IS NULL OR ends > $2)"
SAME_NAME = f"{tokens.VIEW} WHERE t.subject = $1 AND t.dialect = $2 AND t.name = $3"
SAME_KIND = f"{tokens.VIEW} WHERE t.subject = $1 AND t.dialect = $2 AND t.kind = $3"
EVER = {
    "name": (f"{SAME_NAME} AND t.ended IS NULL ORDER BY t.id", f"{SAME_NAME} ORDER BY t.id"),
    "kind": (f"{SAME_KIND} AND t.ended IS NULL ORDER BY t.id", f"{SAME_KIND} ORDER BY t.id"),
}


def digests(tx: Tx, token: int, now: Instant) -> set[bytes]:
    """The digests of the token's live secrets."""
    return {bytes(row[0]) for row in tx.all(DIGESTS, token, now)}


def ever(tx: Tx, subject: int, dialect: str, by: str, value: str) -> list[TokenView]:
    """The subject's tokens on that wire of that name or kind, oldest first; dead ones where none is under way.

    Safe     dead ones have no index, so they are asked for only where they decide
    """
    rows = tx.all(EVER[by][0], subject, dialect, value) or tx.all(EVER[by][1], subject, dialect, value)
    return [tokens.view_of(row) for row in rows]
