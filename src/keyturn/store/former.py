"""Passwords that a subject had before: kept as hashes, and only where a realm refuses to have them again."""

from keyturn.core.complexity import FORMER, MOST_FORMER, Rules
from keyturn.core.settings import Settings
from keyturn.core.types import Instant, Realm
from keyturn.store import realms
from keyturn.store.engine import Catalogue, Tx

KEEP = (
    "INSERT INTO former_passwords (subject, version, realm, hash, ended)"
    " SELECT subject, version, realm, hash, $2 FROM passwords WHERE subject = $1"
    " ON CONFLICT (subject, version) DO UPDATE SET hash = excluded.hash, ended = excluded.ended"
)
FORGET = (
    "DELETE FROM former_passwords WHERE subject = $1"
    " AND version <= (SELECT p.version FROM passwords p WHERE p.subject = $1) + 1 - $2"
)
DROP = "DELETE FROM former_passwords WHERE subject = $1"
LATEST = (
    "SELECT hash FROM (SELECT hash, version FROM passwords WHERE subject = $1"
    " UNION ALL SELECT hash, version FROM former_passwords WHERE subject = $1) h ORDER BY version DESC LIMIT $2"
)


def keep(tx: Tx, realm: int, subject: int, now: Instant) -> None:
    """The password that is about to be replaced is kept where its realm asks after it; older ones are forgotten."""
    found = realms.by_id(tx, realm)
    back = 0 if found is None else max((_back(found.settings, name) for name in _policies(tx.catalogue)), default=0)
    if back == 0:
        tx.run(DROP, subject)
        return
    tx.run(KEEP, subject, now)
    tx.run(FORGET, subject, back)


def drop(tx: Tx, subject: int) -> None:
    """None of the subject's is kept."""
    tx.run(DROP, subject)


def rules(tx: Tx, realm: Realm, dialect: str, login: str, subject: int | None = None) -> Rules:
    """The rules of that wire for a new password, with the hashes it must not fit: the present one and those before."""
    name = tx.catalogue.wires[dialect].password_policy
    chosen = realm.settings.values.get(name) if name else None
    if not chosen:
        return Rules(login=login)
    back = 0 if subject is None else _back(realm.settings, name)
    held = tx.all(LATEST, subject, back) if back else []
    return Rules(chosen, login, tuple(row[0] for row in held))


def _policies(catalogue: Catalogue) -> list[str]:
    return [wire.password_policy for wire in catalogue.wires.values() if wire.password_policy]


def _back(settings: Settings, name: str) -> int:
    chosen = settings.values.get(name) or {}
    return min(int(chosen.get(FORMER, 0)), MOST_FORMER)
