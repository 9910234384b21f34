"""This instance: its mark, the fingerprint of its key, and how a store is opened for the first time."""

import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from keyturn.core import entropy
from keyturn.core.rules import FIRST_CUSTOM_NUMBER, HOME_REALM
from keyturn.core.types import Instant, WireRule
from keyturn.store import realms, roles, schema, subjects
from keyturn.store.engine import Catalogue, Clock, Engine, Kept, Tx, dialect_of
from keyturn.store.postgres import PostgresEngine
from keyturn.store.sealing import KeyRing, make_key, read_key
from keyturn.store.sqlite import SqliteEngine, connect

GET = "SELECT value FROM instance WHERE name = $1"
PUT = "INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING"
COUNTER = "INSERT INTO counters (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING"
PURGE_LOCKS = "DELETE FROM locks WHERE account LIKE 'n:%' AND touched < $1"


class Refused(Exception):
    """The store cannot be opened so; its text is a sentence for the operator."""


def open_store(
    url: str, key_file: Path, catalogue: Catalogue, *, upgrade: bool = False, clock: Clock | None = None
) -> tuple[Engine, bool]:
    """The store under way, and whether it was made just now.

    Shapes   clock: the time instead of the store's own
    Denies   Refused, in a sentence: older or newer schema, missing or other sealing key, not our file
    Safe     a key is made only with an empty store, so a lost key file is noticed before it does harm
    """
    version = _version(url)
    new = version is None
    if new or (upgrade and schema.standing(version) == "older"):
        _bring_up(url)
    elif schema.standing(version) != "current":
        raise Refused(_other_schema(str(version)))
    ring = _ring(url, key_file)
    engine = _engine(url, ring, _instance(url, "mark") or "", catalogue, clock)
    engine.write(lambda tx: _seed(tx, engine.now()))
    return engine, new


def upgrade(url: str) -> str:
    """The store has the newest schema; says `made`, `upgraded` or `current`; Refused for a newer one."""
    version = _version(url)
    if version is None:
        _bring_up(url)
        return "made"
    standing = schema.standing(version)
    if standing == "newer":
        raise Refused(_other_schema(version))
    if standing == "older":
        _bring_up(url)
        return "upgraded"
    return "current"


def sqlalchemy_url(url: str) -> str:
    """The URL as the migration tool wants it."""
    if dialect_of(url) == "sqlite":
        return url
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def purge(tx: Tx, now: Instant) -> Kept:
    """Counters of unknown names older than a day are gone (rules.md 4)."""
    tx.run(PURGE_LOCKS, now - 86_400_000_000)
    return Kept(None)


def sqlite_path(url: str) -> Path:
    """The file of a SQLite URL."""
    return Path(urlsplit(url).path[1:] if not url.startswith("sqlite:////") else url[len("sqlite:///") :])


def _bring_up(url: str) -> None:
    """The newest schema; a SQLite file is ours alone from its first byte."""
    if dialect_of(url) == "sqlite":
        connect(sqlite_path(url), readonly=False).close()
    schema.upgrade(sqlalchemy_url(url))


def _version(url: str) -> str | None:
    try:
        found = _query(url, schema.VERSION_SQL)
    except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
        return None
    except sqlite3.DatabaseError as error:
        raise Refused(f"{sqlite_path(url)} is not a Keyturn store: {error}") from error
    except psycopg.OperationalError as error:
        raise Refused(f"the database does not answer: {str(error).strip()}") from error
    return found


def _query(url: str, sql: str) -> str | None:
    if dialect_of(url) == "sqlite":
        path = sqlite_path(url)
        if not path.exists():
            return None
        connection = connect(path, readonly=True)
        try:
            row = connection.execute(sql).fetchone()
        finally:
            connection.close()
    else:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as other:
            row = other.execute(sql.encode()).fetchone()
    return None if row is None else str(row[0])


def _instance(url: str, name: str) -> str | None:
    literal = {"mark": "SELECT value FROM instance WHERE name = 'mark'",
               "key": "SELECT value FROM instance WHERE name = 'key'"}  # fmt: skip
    return _query(url, literal[name])


def _ring(url: str, key_file: Path) -> KeyRing:
    kept = _instance(url, "key")
    try:
        ring = read_key(key_file)
    except ValueError as error:
        raise Refused(str(error)) from error
    if ring is None and kept is not None:
        raise Refused(f"the sealing key {key_file} is missing; put back the file this store was made with")
    ring = ring or make_key(key_file)
    if kept is None:
        _mark(url, ring)
        kept = _instance(url, "key")
    # Of two nodes that start on one empty store the second brought a key that is not the store's.
    if kept != ring.fingerprint():
        raise Refused(f"the sealing key {key_file} is not the one this store was made with")
    return ring


def _mark(url: str, ring: KeyRing) -> None:
    def first(tx: Tx) -> Kept:
        tx.run(PUT, "mark", entropy.new_mark())
        tx.run(PUT, "key", ring.fingerprint())
        return Kept(None)

    engine = _engine(url, ring, "", Catalogue({}, {}))
    engine.write(first)
    engine.close()


def _engine(url: str, ring: KeyRing, mark: str, catalogue: Catalogue, clock: Clock | None = None) -> Engine:
    if dialect_of(url) == "sqlite":
        return SqliteEngine(sqlite_path(url), ring, mark, catalogue, clock)
    return PostgresEngine(url, ring, mark, catalogue, clock)


def _seed(tx: Tx, now: Instant) -> Kept:
    tx.run(COUNTER, "subject", 0)
    tx.run(COUNTER, "role", FIRST_CUSTOM_NUMBER - 1)
    made = realms.create(tx, HOME_REALM, "Default", now)
    if made is not None:
        roles.seed(tx, made.id, home=True)
        for wire in tx.catalogue.wires.values():
            _seed_subjects(tx, made.id, wire, now)
    return Kept(None)


def _seed_subjects(tx: Tx, realm: int, wire: WireRule, now: Instant) -> None:
    for login, uuid, shown, role in wire.built_in:
        new = subjects.NewSubject(realm, login, display_name=shown, service=True, built_in=True, uuid=uuid)
        made = subjects.insert(tx, new, now)
        held = roles.by_name(tx, realm, role)
        if made is not None and held is not None:
            roles.assign(tx, realm, made.id, (held,))


def _other_schema(version: str) -> str:
    if schema.standing(version) == "older":
        return f"the store has schema {version}, this program wants {schema.HEAD}: run keyturn db upgrade"
    return f"the store has schema {version}, newer than this program's {schema.HEAD}: run a newer Keyturn"
