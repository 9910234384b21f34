"""A challenge that a mailed code would answer: the code is made and lies in the outbox before the refusal is told."""

from msgspec.structs import replace

from keyturn.core.kinds import mail_seconds
from keyturn.core.outcomes import Challenge, Denied, Reason
from keyturn.core.types import Actor, Instant, Subject
from keyturn.perform import proofs
from keyturn.perform.house import Answered, House
from keyturn.store import mail_codes, realms, subjects
from keyturn.store.engine import Kept, Tx
from keyturn.store.letters import mail_a_code

ASKS = (Reason.STEP_UP_REQUIRED, Reason.FACTOR_REQUIRED)


def is_due(answered: Answered) -> bool:
    """Whether the refusal asks for a code by mail."""
    denied = answered.outcome
    if not isinstance(denied, Denied) or denied.reason not in ASKS or answered.actor is None:
        return False
    return isinstance(denied.note, Challenge) and denied.note.method == proofs.EMAIL


def followed(house: House, answered: Answered, now: Instant) -> Answered:
    """The refusal, once its code is on the way; none is mailed while an earlier one works or the factor is locked."""
    denied, actor = answered.outcome, answered.actor
    if actor is None or actor.subject is None:
        return answered
    who, subject = actor, actor.subject
    note = house.store.write(lambda tx: Kept(_mailed(tx, who, subject, denied.note, now))).value
    if note.generated:
        house.posted()
    return replace(answered, outcome=replace(denied, note=note))


def _mailed(tx: Tx, actor: Actor, subject: Subject, note: Challenge, now: Instant) -> Challenge:
    # Held, so that of two challenges at once one mails and the other hears of it.
    current = subjects.held(tx, subject.id)
    if current is None or current.state != "active":
        return note
    live = mail_codes.live(tx, current.id, actor.dialect, now)
    if live is not None:
        return replace(note, expires=live.expires, login=current.login)
    own = realms.of(tx, current, actor.realm)
    seconds = mail_seconds(tx.catalogue.wires.get(actor.dialect), own.settings)
    if not seconds or not current.email_verified or proofs.is_locked(tx, own, current, proofs.EMAIL, now):
        return note
    expires = mail_a_code(tx, own, current, actor.dialect, seconds, now)
    return replace(note, generated=True, expires=expires, login=current.login)
