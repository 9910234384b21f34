"""Realms: which one a request means, and what its settings say."""

import functools
from typing import Any

import msgspec

from keyturn.core import entropy
from keyturn.core.names import canonical
from keyturn.core.rules import HOME_REALM
from keyturn.core.settings import Choices, Policy, Settings
from keyturn.core.types import Instant, Realm, RealmRef, Subject
from keyturn.store.engine import Catalogue, Row, Sql, Tx

COLUMNS = "r.id, r.uuid, r.name, r.display_name, r.active, r.epoch, r.policy, r.settings"
WIDTH = 8
BY_ID = f"SELECT {COLUMNS} FROM realms r WHERE r.id = $1"
HELD = Sql(sqlite=BY_ID, postgresql=f"{BY_ID} FOR NO KEY UPDATE")
BY_NAME = f"SELECT {COLUMNS} FROM realms r WHERE r.name = $1"
BY_DISPLAY_NAME = f"SELECT {COLUMNS} FROM realms r WHERE r.display_name = $1 ORDER BY r.id LIMIT 1"
BY_HOST = f"SELECT {COLUMNS} FROM realm_hosts h JOIN realms r ON r.id = h.realm WHERE h.host = $1"
ALL = f"SELECT {COLUMNS} FROM realms r ORDER BY r.id"
HOSTS = "SELECT host FROM realm_hosts WHERE realm = $1 ORDER BY host"
GRANTED = "SELECT 1 FROM realm_grants WHERE realm = $1 AND subject = $2"
INSERT = (
    "INSERT INTO realms (uuid, name, display_name, policy, settings, created)"
    " VALUES ($1, $2, $3, '{}', '{}', $4) ON CONFLICT (name) DO NOTHING RETURNING id"
)
UPDATE = "UPDATE realms SET display_name = $2, policy = $3, settings = $4 WHERE id = $1"
RAW = "SELECT policy, settings FROM realms WHERE id = $1"
DROP_HOSTS = "DELETE FROM realm_hosts WHERE realm = $1"
ADD_HOST = "INSERT INTO realm_hosts (host, realm) VALUES ($1, $2) ON CONFLICT (host) DO NOTHING"


def realm_of(row: Row, tx: Tx) -> Realm:
    """The realm in a row of COLUMNS."""
    settings = _settings(row[6], row[7], tx.catalogue, row[2] == HOME_REALM)
    return Realm(row[0], row[1], row[2], row[3], row[4] == 1, row[5], settings)


def by_id(tx: Tx, realm: int) -> Realm | None:
    """The realm of that number."""
    return _maybe(tx, tx.one(BY_ID, realm))


def of(tx: Tx, subject: Subject, at_hand: Realm) -> Realm:
    """The subject's own realm, by which its credentials live whichever realm (`at_hand`) the wish is made in."""
    return at_hand if subject.realm == at_hand.id else by_id(tx, subject.realm) or at_hand


def home(tx: Tx) -> Realm:
    """The realm used where nothing names one; there from the first start."""
    found = _maybe(tx, tx.one(BY_NAME, HOME_REALM))
    if found is None:
        raise RuntimeError("the store has no home realm")
    return found


def held(tx: Tx, realm: int) -> Realm | None:
    """The realm as it now is, held until this transaction ends: of two who edit it neither loses the other's change."""
    return _maybe(tx, tx.one(HELD, realm))


def by_ref(tx: Tx, ref: RealmRef) -> Realm | None:
    """The realm the wire named: by name, by display name, or by either (the name first)."""
    if ref.by == "display_name":
        return _maybe(tx, tx.one(BY_DISPLAY_NAME, ref.value))
    found = _maybe(tx, tx.one(BY_NAME, canonical(ref.value) or ""))
    if found is None and ref.by == "any":
        found = _maybe(tx, tx.one(BY_DISPLAY_NAME, ref.value))
    return found


def by_host(tx: Tx, host: str) -> Realm | None:
    """The realm a host name was configured for."""
    return _maybe(tx, tx.one(BY_HOST, host)) if host else None


def all_realms(tx: Tx) -> list[Realm]:
    """Every realm."""
    return [realm_of(row, tx) for row in tx.all(ALL)]


def hosts(tx: Tx, realm: int) -> tuple[str, ...]:
    """The host names that mean this realm."""
    return tuple(row[0] for row in tx.all(HOSTS, realm))


def granted(tx: Tx, realm: int, subject: int) -> bool:
    """Whether a subject of another realm was granted this one."""
    return tx.one(GRANTED, realm, subject) is not None


def create(tx: Tx, name: str, display_name: str, now: Instant) -> Realm | None:
    """A new realm, or None when the name is taken."""
    row = tx.one(INSERT, entropy.new_uuid(), name, display_name or name, now)
    return None if row is None else by_id(tx, row[0])


def own_choices(tx: Tx, realm: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Policy and settings as this realm chose them, defaults left out."""
    row = tx.one(RAW, realm)
    if row is None:
        return {}, {}
    return msgspec.json.decode(row[0]), msgspec.json.decode(row[1])


def update(tx: Tx, realm: int, display_name: str, policy: dict[str, Any], settings: dict[str, Any]) -> None:
    """The realm's display name and own choices are these."""
    texts = (msgspec.json.encode(policy).decode(), msgspec.json.encode(settings).decode())
    tx.run(UPDATE, realm, display_name, *texts)


def set_hosts(tx: Tx, realm: int, names: tuple[str, ...]) -> bool:
    """These host names mean the realm; False when one of them means another realm already."""
    tx.run(DROP_HOSTS, realm)
    return sum(tx.run(ADD_HOST, name, realm) for name in names) == len(names)


def _maybe(tx: Tx, row: Row | None) -> Realm | None:
    return None if row is None else realm_of(row, tx)


@functools.lru_cache(maxsize=1024)
def _settings(policy: str, settings: str, catalogue: Catalogue, at_home: bool) -> Settings:
    home = catalogue.home if at_home else Choices()
    chosen = msgspec.convert({**home.policy, **msgspec.json.decode(policy)}, type=Policy)
    return Settings(chosen, {**catalogue.defaults(), **home.settings, **msgspec.json.decode(settings)})
