"""The record: reading the audit log."""

from keyturn.core.commands import ListAudit
from keyturn.core.outcomes import AuditListed, Denied, Reason, Result
from keyturn.core.types import Actor, Instant, SubjectRef
from keyturn.store import audit, subjects
from keyturn.store.engine import Tx

NEWEST = 2**62


def list_audit(tx: Tx, actor: Actor, wish: ListAudit, now: Instant) -> Result | Denied:
    """One page of the realm's audit log, newest first."""
    subject, by = _person(tx, actor, wish.subject), _person(tx, actor, wish.actor)
    if -1 in (subject, by):
        return Denied(Reason.NOT_FOUND)
    cursor = wish.cursor or ""
    before = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else NEWEST
    found = audit.page(tx, actor.realm.id, before, wish.verb, subject, by, wish.since, wish.limit)
    more = len(found) > wish.limit
    page = tuple(found[: wish.limit])
    return Result(AuditListed(page, str(page[-1].id) if more else None))


def _person(tx: Tx, actor: Actor, ref: SubjectRef | None) -> int | None:
    if ref is None:
        return None
    found = subjects.by_ref(tx, actor.realm.id, ref)
    return -1 if found is None else found.id
