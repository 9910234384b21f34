"""Subjects in an order, counted from the first: for wires that page so."""

from keyturn.core.types import Subject
from keyturn.store import subjects
from keyturn.store.engine import Sql, Tx

# `$3` spares the search where nothing is searched for.
FOUND = (
    f"SELECT {subjects.COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.login_key IS NOT NULL"
    f" AND (CAST($3 AS integer) = 0 OR {subjects.SEARCH})"
)
SLICE = "LIMIT $4 OFFSET $5"
# Text by its bytes on both engines, and nothing before everything; of equals the older one first.
ORDERS: dict[tuple[str, bool], str | Sql] = {
    ("id", False): f"{FOUND} ORDER BY u.uuid {SLICE}",
    ("id", True): f"{FOUND} ORDER BY u.uuid DESC {SLICE}",
    ("created", False): f"{FOUND} ORDER BY u.created, u.id {SLICE}",
    ("created", True): f"{FOUND} ORDER BY u.created DESC, u.id {SLICE}",
    ("last_login", False): f"{FOUND} ORDER BY coalesce(u.last_login, 0), u.id {SLICE}",
    ("last_login", True): f"{FOUND} ORDER BY coalesce(u.last_login, 0) DESC, u.id {SLICE}",
    ("login", False): Sql(
        sqlite=f"{FOUND} ORDER BY u.login_key, u.id {SLICE}",
        postgresql=f'{FOUND} ORDER BY u.login_key COLLATE "C", u.id {SLICE}',
    ),
    ("login", True): Sql(
        sqlite=f"{FOUND} ORDER BY u.login_key DESC, u.id {SLICE}",
        postgresql=f'{FOUND} ORDER BY u.login_key COLLATE "C" DESC, u.id {SLICE}',
    ),
    ("email", False): Sql(
        sqlite=f"{FOUND} ORDER BY coalesce(u.email_key, ''), u.id {SLICE}",
        postgresql=f"{FOUND} ORDER BY coalesce(u.email_key, '') COLLATE \"C\", u.id {SLICE}",
    ),
    ("email", True): Sql(
        sqlite=f"{FOUND} ORDER BY coalesce(u.email_key, '') DESC, u.id {SLICE}",
        postgresql=f"{FOUND} ORDER BY coalesce(u.email_key, '') COLLATE \"C\" DESC, u.id {SLICE}",
    ),
    ("display_name", False): Sql(
        sqlite=f"{FOUND} ORDER BY u.display_name, u.id {SLICE}",
        postgresql=f'{FOUND} ORDER BY u.display_name COLLATE "C", u.id {SLICE}',
    ),
    ("display_name", True): Sql(
        sqlite=f"{FOUND} ORDER BY u.display_name DESC, u.id {SLICE}",
        postgresql=f'{FOUND} ORDER BY u.display_name COLLATE "C" DESC, u.id {SLICE}',
    ),
}
COUNT = "SELECT count(*) FROM subjects u WHERE u.realm = $1 AND u.login_key IS NOT NULL"


def part(tx: Tx, realm: int, query: str, order: str, descending: bool, offset: int, limit: int) -> list[Subject]:
    """Subjects that the search finds, in that order, from the one after `offset` others."""
    rows = tx.all(ORDERS[order, descending], realm, subjects.like(query), int(bool(query)), limit, offset)
    return [subjects.subject_of(row) for row in rows]


def count(tx: Tx, realm: int, query: str) -> int:
    """How many subjects the search finds."""
    if query:
        return subjects.count(tx, realm, query)
    row = tx.one(COUNT, realm)
    return 0 if row is None else int(row[0])
