"""The record: reading the audit log; and whether there is a store to read."""

from keyturn.core.commands import ListAudit
from keyturn.core.holdings import ActivityListed, StoreAnswers
from keyturn.core.membership import CheckStore, ListActivity
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


def list_activity(tx: Tx, actor: Actor, wish: ListActivity, now: Instant) -> Result | Denied:
    """A part of what was done in the realm; of somebody who was never there, nothing."""
    realm = actor.realm.id
    by, subject = (_ever(tx, realm, uuid) for uuid in (wish.actor, wish.subject))
    asked = audit.Asked(realm, wish.verbs, by, subject, wish.thing, wish.since)
    rows = audit.part(tx, asked, wish.offset, wish.limit, wish.oldest_first)
    return Result(ActivityListed(tuple(rows), audit.count(tx, asked)))


def check_store(tx: Tx, actor: Actor, wish: CheckStore, now: Instant) -> Result | Denied:
    """The store answers, since this was asked inside a transaction of it."""
    return Result(StoreAnswers())


def _ever(tx: Tx, realm: int, uuid: str | None) -> int | None:
    """Whoever has that uuid in the realm, or had it; somebody who is nobody where there never was anybody."""
    if uuid is None:
        return None
    found = subjects.holder(tx, "uuid", uuid)
    return found.id if found is not None and found.realm == realm else 0


def _person(tx: Tx, actor: Actor, ref: SubjectRef | None) -> int | None:
    if ref is None:
        return None
    found = subjects.by_ref(tx, actor.realm.id, ref)
    return -1 if found is None else found.id
