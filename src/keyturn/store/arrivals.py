"""People who come in from another system with all they have, many rows at a time; nothing here draws a secret."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from keyturn.core import entropy
from keyturn.core.factors import seed_from_base32
from keyturn.core.imports import Arrival, ArrivingToken
from keyturn.core.kinds import end_of
from keyturn.core.names import canonical, canonical_mail
from keyturn.core.types import Frozen, Instant
from keyturn.store import factors, passwords, roles
from keyturn.store.engine import Row, Sql, Tx
from keyturn.store.tokens import PUT_TOKEN

HANDLES = Sql(
    sqlite="SELECT handle, realm, state FROM subjects WHERE handle IN (SELECT value FROM json_each($1))",
    postgresql=(
        "SELECT handle, realm, state FROM subjects"
        " WHERE handle IN (SELECT jsonb_array_elements_text(CAST($1 AS jsonb)))"
    ),
)
LOGINS = Sql(
    sqlite="SELECT login_key FROM subjects WHERE realm = $1 AND login_key IN (SELECT value FROM json_each($2))",
    postgresql=(
        "SELECT login_key FROM subjects WHERE realm = $1"
        " AND login_key IN (SELECT jsonb_array_elements_text(CAST($2 AS jsonb)))"
    ),
)
MAILS = Sql(
    sqlite="SELECT email_key FROM subjects WHERE realm = $1 AND email_key IN (SELECT value FROM json_each($2))",
    postgresql=(
        "SELECT email_key FROM subjects WHERE realm = $1"
        " AND email_key IN (SELECT jsonb_array_elements_text(CAST($2 AS jsonb)))"
    ),
)
DIGESTS = (
    "WITH RECURSIVE given(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM given WHERE n + 1 < length($1) / 32)"
    " SELECT digest FROM secrets WHERE digest IN (SELECT substr($1, n * 32 + 1, 32) FROM given)"
)
"""All of them in one parameter, 32 bytes each: neither engine's JSON holds bytes."""
BLOCK = "UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value"
PUT_SUBJECT = (
    "INSERT INTO subjects (realm, uuid, number, handle, login, login_key, email, email_key, email_verified,"
    " display_name, service, state, created, updated, last_login)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING"
)
IDS = Sql(
    sqlite="SELECT uuid, id FROM subjects WHERE +realm = $1 AND uuid IN (SELECT value FROM json_each($2))",
    postgresql=(
        "SELECT uuid, id FROM subjects WHERE realm = $1"
        " AND uuid IN (SELECT jsonb_array_elements_text(CAST($2 AS jsonb)))"
    ),
)
"""The sign keeps SQLite from walking through the whole realm instead of looking each uuid up."""
PUT_FACTOR = (
    "INSERT INTO factors (realm, uuid, subject, kind, sealed, confirmed, created)"
    " VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT DO NOTHING"
)
FACTOR_IDS = Sql(
    sqlite="SELECT uuid, id FROM factors WHERE +realm = $1 AND uuid IN (SELECT value FROM json_each($2))",
    postgresql=(
        "SELECT uuid, id FROM factors WHERE realm = $1"
        " AND uuid IN (SELECT jsonb_array_elements_text(CAST($2 AS jsonb)))"
    ),
)
PUT_SECRET = (
    "INSERT INTO secrets (digest, realm, token, last6, given, created)"
    " SELECT $1, t.realm, t.id, $3, 1, $4 FROM tokens t WHERE t.uuid = $2 ON CONFLICT DO NOTHING"
)
ACTIVE, SUSPENDED = "active", "suspended"


class Known(Frozen):
    """What is here already of those who arrive.

    Shapes   handles: realm and state of its holder; logins, mails: canonical
    """

    handles: dict[str, tuple[int, str]]
    logins: frozenset[str]
    mails: frozenset[str]
    digests: frozenset[bytes]


class Brought(Frozen):
    """A token to store: as it arrives, and how it lives here; seconds, None = no end."""

    token: ArrivingToken
    life: int | None
    idle: int | None


class Comer(Frozen):
    """Somebody to store: as they arrive, the numbers of their roles, and the tokens that are still good."""

    arrival: Arrival
    roles: tuple[int, ...]
    tokens: tuple[Brought, ...]


Placed = list[tuple[int, Comer]]
"""Everybody with the number of their row."""


def known(tx: Tx, realm: int, arrivals: Sequence[Arrival]) -> Known:
    """Which handles, names, addresses and secrets are taken; a secret's digest for ever."""
    digests = b"".join(t.digest for a in arrivals for t in a.tokens)
    return Known(
        {row[0]: (row[1], row[2]) for row in tx.all(HANDLES, _json(a.handle for a in arrivals))},
        _first(tx.all(LOGINS, realm, _json(canonical(a.login) for a in arrivals))),
        _first(tx.all(MAILS, realm, _json(canonical_mail(a.email) for a in arrivals if a.email))),
        frozenset(bytes(row[0]) for row in tx.all(DIGESTS, digests)),
    )


def bring(tx: Tx, realm: int, comers: Sequence[Comer], dialect: str, now: Instant) -> bool:
    """Whether everybody is here now with all they have; where not, the transaction is to be undone.

    Safe     every row is inserted only where nobody has its name, id or secret: of what was taken since it was
             looked at, one row too few is the sign
    """
    placed = _people(tx, realm, comers, now)
    if placed is None:
        return False
    tx.many(passwords.PUT, _passwords(realm, placed, now))
    tx.many(roles.JOIN, ((realm, person, role) for person, comer in placed for role in comer.roles))
    _factors(tx, realm, placed, now)
    return _tokens(tx, placed, dialect, now)


def _people(tx: Tx, realm: int, comers: Sequence[Comer], now: Instant) -> Placed | None:
    last = tx.one(BLOCK, "subject", len(comers))
    if last is None:
        raise RuntimeError("the store has no counter of subjects")
    uuids = [entropy.new_uuid() for _ in comers]
    numbers = range(last[0] - len(comers) + 1, last[0] + 1)
    rows = (_person(realm, *row, now) for row in zip(uuids, numbers, comers, strict=True))
    if tx.many(PUT_SUBJECT, rows) != len(comers):
        return None
    ids = {row[0]: row[1] for row in tx.all(IDS, realm, _json(uuids))}
    return [(ids[uuid], comer) for uuid, comer in zip(uuids, comers, strict=True)]


def _person(realm: int, uuid: str, number: int, comer: Comer, now: Instant) -> tuple[object, ...]:
    a = comer.arrival
    return (
        realm, uuid, number, a.handle, a.login, canonical(a.login), a.email,
        canonical_mail(a.email) if a.email else None, int(a.email_verified), a.display_name, int(a.service),
        SUSPENDED if a.suspended else ACTIVE, _past(a.created, now), now,
        None if a.last_login is None else _past(a.last_login, now),
    )  # fmt: skip


def _passwords(realm: int, placed: Placed, now: Instant) -> Iterator[tuple[object, ...]]:
    for person, comer in placed:
        if (password := comer.arrival.password) is not None:
            yield person, realm, password.reveal(), int(comer.arrival.must_change), 0, now


def _factors(tx: Tx, realm: int, placed: Placed, now: Instant) -> None:
    """Authenticators and recovery codes, and whoever is asked for a code by mail."""
    rows, coded = [], {}
    for person, comer in placed:
        for kind, seed in _kinds(comer.arrival):
            uuid = entropy.new_uuid()
            rows.append((realm, uuid, person, kind, factors.sealed(tx, uuid, person, seed), now))
            if kind == "recovery":
                coded[uuid] = comer.arrival.codes
    tx.many(PUT_FACTOR, rows)
    ids = {row[0]: row[1] for row in tx.all(FACTOR_IDS, realm, _json(coded))}
    digests = ((factors.code_digest(tx, ids[u], code.reveal()), ids[u], realm) for u in coded for code in coded[u])
    tx.many(factors.ADD_CODE, digests)


def _kinds(arrival: Arrival) -> Iterator[tuple[str, bytes | None]]:
    if arrival.seed is not None:
        yield "totp", seed_from_base32(arrival.seed.reveal())
        if arrival.codes:
            yield "recovery", None
    if arrival.mail_code:
        yield "email", None


def _tokens(tx: Tx, placed: Placed, dialect: str, now: Instant) -> bool:
    """Whether every token is here under its digest: its row is made from its owner's, which must be active (A14)."""
    uuids = [(entropy.new_uuid(), person, brought) for person, comer in placed for brought in comer.tokens]
    made = tx.many(PUT_TOKEN, (_token(*row, dialect, now) for row in uuids))
    secrets = ((b.token.digest, uuid, b.token.last6, _past(b.token.created, now)) for uuid, _, b in uuids)
    return made == tx.many(PUT_SECRET, secrets) == len(uuids)


def _token(uuid: str, person: int, brought: Brought, dialect: str, now: Instant) -> tuple[object, ...]:
    token, created = brought.token, _past(brought.token.created, now)
    return (
        uuid, person, None, None, None, token.kind, dialect, token.name, None, int(token.bypass), brought.life,
        brought.idle, "{}", created, end_of(created, brought.life), None, None, 0, None,
    )  # fmt: skip


def _past(given: Instant | None, now: Instant) -> Instant:
    """A clock that ran ahead elsewhere gives nothing a longer life here."""
    return now if given is None else min(given, now)


def _first(rows: Iterable[Row]) -> frozenset[str]:
    return frozenset(row[0] for row in rows)


def _json(texts: Iterable[str | None]) -> str:
    return msgspec.json.encode(list(texts)).decode()
