"""Accounts that lay idle for longer than their realm allows: found, and suspended as an administrator would do it."""

from keyturn.core.types import SECOND, Actor, Assurance, Instant, Realm, Subject
from keyturn.store import audit, realms, subjects, tokens
from keyturn.store.engine import Tx

DAY = 86_400 * SECOND
BATCH = 500
"""As many at a time, so that nothing waits long for the writer."""
IDLE = (
    "SELECT u.id FROM subjects u WHERE u.realm = $1 AND u.state = 'active' AND u.built_in = 0"
    " AND u.login_key IS NOT NULL AND coalesce(u.last_login, u.created) <= $2 AND u.updated <= $2"
    " AND NOT EXISTS (SELECT 1 FROM passwords p WHERE p.subject = u.id AND p.changed > $2)"
    " AND NOT EXISTS (SELECT 1 FROM tokens t JOIN secrets x ON x.token = t.id"
    " WHERE t.subject = u.id AND t.ended IS NULL AND x.last_used > $2)"
    " AND NOT EXISTS (SELECT 1 FROM memberships m JOIN roles o ON o.id = m.role"
    " WHERE m.subject = u.id AND o.built_in = 1 AND o.name IN ('Administrators', 'Stewards'))"
)
"""Neither signed in, nor used a token, nor given a password, nor changed or let in again since; no administrator."""
DUE = f"{IDLE} ORDER BY u.id LIMIT {BATCH}"
ONE = f"{IDLE} AND u.id = $3"


def is_over(tx: Tx, realm: Realm, subject: Subject, used: Instant | None, now: Instant) -> bool:
    """Whether the subject lay idle for too long; `used` is when a token of it was, where one is presented."""
    found = _limit(tx, realm)
    if found is None or subject.state != "active" or subject.built_in:
        return False
    since = Instant(now - found[1] * DAY)
    last = max(subject.last_login or subject.created, subject.updated, used or 0)
    return last <= since and tx.one(ONE, realm.id, since, subject.id) is not None


def due(tx: Tx, now: Instant) -> list[tuple[Realm, int]]:
    """Whom to suspend now, some at a time."""
    found: list[tuple[Realm, int]] = []
    for realm in realms.all_realms(tx):
        limit = _limit(tx, realm)
        if limit is not None:
            found += [(realm, row[0]) for row in tx.all(DUE, realm.id, now - limit[1] * DAY)]
    return found


def suspend(tx: Tx, realm: Realm, subject: int, now: Instant) -> bool:
    """Whether the subject was suspended by this very call; the record says why.

    Safe     looked at again while it is held, so that whoever signs in at this moment stays
    """
    limit, about = _limit(tx, realm), subjects.held(tx, subject)
    if limit is None or about is None or not is_over(tx, realm, about, None, now):
        return False
    done = subjects.suspend(tx, subject, now)
    tokens.end_acts(tx, subject, "actor suspended", now)
    actor = Actor(dialect=limit[0], realm=realm, assurance=Assurance.NOBODY)
    entry = audit.Entry(
        "users:expire", subject=subject, detail={"idle_days": limit[1]}, touches=f"subject:{subject}"
    )  # fmt: skip
    audit.write(tx, realm.id, actor, entry, now)
    return done


def _limit(tx: Tx, realm: Realm) -> tuple[str, int] | None:
    """The wire that says so, and after how many idle days an account of the realm is over."""
    settings = realm.settings
    for wire in tx.catalogue.wires.values():
        if wire.expiry and (days := settings.number(wire.expiry)):
            return wire.name, days
    return None
