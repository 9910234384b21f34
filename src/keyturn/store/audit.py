"""The audit log: one row per change, in its transaction; never updated, and the feed of what was killed."""

from typing import Any

import msgspec

from keyturn.core.outcomes import AuditRow
from keyturn.core.types import Actor, Frozen, Instant, Subject
from keyturn.store import subjects
from keyturn.store.engine import Row, Sql, Tx

INSERT = Sql(
    sqlite=(
        "INSERT INTO audit (realm, at, verb, result, reason, dialect, actor, act, subject, token, address, agent,"
        " request, detail, kills, touches) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
        " $15, $16)"
    ),
    postgresql=(
        "INSERT INTO audit (realm, at, verb, result, reason, dialect, actor, act, subject, token, address, agent,"
        " request, detail, kills, touches) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
        " CAST($15 AS integer) = 1, $16)"
    ),
)
COLUMNS = (
    "a.id, a.at, a.verb, a.result, a.reason, a.dialect, a.token, a.address, a.agent, a.request, a.detail,"
    " a.actor, a.subject, a.act"
)
PAGE = (
    f"SELECT {COLUMNS} FROM audit a WHERE a.realm = $1 AND a.id < $2 AND (CAST($3 AS text) IS NULL OR a.verb = $3)"
    " AND (CAST($4 AS bigint) IS NULL OR a.subject = $4) AND (CAST($5 AS bigint) IS NULL OR a.actor = $5)"
    " AND (CAST($6 AS bigint) IS NULL OR a.at >= $6) ORDER BY a.id DESC LIMIT $7"
)
ASKED = (
    "a.realm = $1 AND a.result = 'done' AND (CAST($3 AS bigint) IS NULL OR a.actor = $3)"
    " AND (CAST($4 AS bigint) IS NULL OR a.subject = $4) AND (CAST($6 AS bigint) IS NULL OR a.at >= $6)"
)
IN_SQLITE = (
    f"{ASKED} AND a.verb IN (SELECT value FROM json_each($2)) AND ($5 IS NULL OR $5 IN"
    " (CAST(json_extract(a.detail, '$.number') AS text), json_extract(a.detail, '$.id')))"
)
IN_POSTGRESQL = (
    f"{ASKED} AND a.verb IN (SELECT jsonb_array_elements_text(CAST($2 AS jsonb))) AND (CAST($5 AS text) IS NULL"
    " OR $5 IN (CAST(a.detail AS jsonb) ->> 'number', CAST(a.detail AS jsonb) ->> 'id'))"
)
PARTS = {
    "newest": Sql(
        sqlite=f"SELECT {COLUMNS} FROM audit a WHERE {IN_SQLITE} ORDER BY a.id DESC LIMIT $8 OFFSET $7",
        postgresql=f"SELECT {COLUMNS} FROM audit a WHERE {IN_POSTGRESQL} ORDER BY a.id DESC LIMIT $8 OFFSET $7",
    ),
    "oldest": Sql(
        sqlite=f"SELECT {COLUMNS} FROM audit a WHERE {IN_SQLITE} ORDER BY a.id LIMIT $8 OFFSET $7",
        postgresql=f"SELECT {COLUMNS} FROM audit a WHERE {IN_POSTGRESQL} ORDER BY a.id LIMIT $8 OFFSET $7",
    ),
}
COUNT = Sql(
    sqlite=f"SELECT count(*) FROM audit a WHERE {IN_SQLITE}",
    postgresql=f"SELECT count(*) FROM audit a WHERE {IN_POSTGRESQL}",
)
DONE = "SELECT detail FROM audit WHERE subject = $1 AND verb = $2 AND result = 'done'"
LONGEST_AGENT = 200


class Entry(Frozen):
    """One line to write: what was done or refused, to whom, and what it may have killed."""

    verb: str
    result: str = "done"
    reason: str | None = None
    subject: int | None = None
    token: str | None = None
    detail: dict[str, Any] = {}
    touches: str | None = None


class Asked(Frozen):
    """Which lines are asked for: those of all these, where given.

    Shapes   actor, subject: 0 = nobody; thing: the number or id that the line's detail tells
    """

    realm: int
    verbs: tuple[str, ...]
    actor: int | None = None
    subject: int | None = None
    thing: str | None = None
    since: int | None = None


def write(tx: Tx, realm: int, actor: Actor, entry: Entry, now: Instant) -> None:
    """The line is part of this transaction.

    Safe     `detail` holds names and counts, never a secret; address and agent are cut to what a log can bear
    """
    act = actor.token.act if actor.token is not None else None
    tx.run(
        INSERT, realm, now, entry.verb, entry.result, entry.reason, actor.dialect,
        None if actor.subject is None else actor.subject.id, act, entry.subject, entry.token,
        clean(actor.address), clean(actor.agent), actor.request_id, msgspec.json.encode(entry.detail).decode(),
        int(entry.touches is not None), entry.touches,
    )  # fmt: skip


def done_to(tx: Tx, subject: int, verb: str) -> list[dict[str, Any]]:
    """The details of every line that says this was done to the subject."""
    return [msgspec.json.decode(row[0]) for row in tx.all(DONE, subject, verb)]


def clean(text: str) -> str:
    """A header's text as a log may hold it: printable, and not endless."""
    return "".join(c if c.isprintable() else "?" for c in text[:LONGEST_AGENT])


def page(
    tx: Tx, realm: int, before: int, verb: str | None, subject: int | None, actor: int | None, since: int | None,
    limit: int,
) -> list[AuditRow]:  # fmt: skip
    """Lines of the realm, newest first, below `before`; one more than `limit`."""
    people: dict[int, Subject | None] = {}
    rows = tx.all(PAGE, realm, before, verb, subject, actor, since, limit + 1)
    return [_row(tx, row, people) for row in rows]


def part(tx: Tx, asked: Asked, offset: int, limit: int, oldest_first: bool) -> list[AuditRow]:
    """Lines of what was done, in order, from the one after `offset` others."""
    people: dict[int, Subject | None] = {}
    found = tx.all(PARTS["oldest" if oldest_first else "newest"], *_given(asked), offset, limit)
    return [_row(tx, row, people) for row in found]


def count(tx: Tx, asked: Asked) -> int:
    """How many lines there are of what was asked."""
    row = tx.one(COUNT, *_given(asked))
    return 0 if row is None else int(row[0])


def _given(asked: Asked) -> tuple[int | str | None, ...]:
    verbs = msgspec.json.encode(asked.verbs).decode()
    return (asked.realm, verbs, asked.actor, asked.subject, asked.thing, asked.since)


def _row(tx: Tx, row: Row, people: dict[int, Subject | None]) -> AuditRow:
    actor, subject, act = (_person(tx, number, people) for number in row[11:14])
    return AuditRow(
        id=row[0], at=row[1], verb=row[2], result=row[3], reason=row[4], dialect=row[5], actor=actor,
        subject=subject, act=act, token=row[6], address=row[7], agent=row[8], request_id=row[9],
        detail=msgspec.json.decode(row[10]),
    )  # fmt: skip


def _person(tx: Tx, number: int | None, people: dict[int, Subject | None]) -> Subject | None:
    if number is None:
        return None
    if number not in people:
        people[number] = subjects.by_id(tx, number)
    return people[number]
