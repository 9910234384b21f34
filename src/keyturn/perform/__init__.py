"""The one door: every wish is recognised, permitted, carried out, settled and written down here."""

from collections.abc import Callable
from typing import Any

from keyturn.core.outcomes import Denied, Reason, Result
from keyturn.core.types import SECOND, Actor, Ask, Effect, Instant, Presented, Ready
from keyturn.operations import CONTENTS, Entry
from keyturn.perform import answers, mailing, proofs, walk
from keyturn.perform.hashing import Busy
from keyturn.perform.house import (
    Answered,
    House,
    Shown,
    is_written,
    plain_settings,
    settings_for,
    settled,
    write_refused,
)
from keyturn.perform.signing import proved
from keyturn.store import audit, subjects
from keyturn.store.engine import Committed, Contended, Kept, Tx, Unavailable, Undone


def perform(house: House, presented: Presented, ask: Ask) -> Answered:
    """What came of the wish, durable if it is a change.

    Denies   every expected refusal is a `Denied` in the answer; the store being gone is UNAVAILABLE
    Safe     a killing wish settles before its answer leaves, replays and repeats included (P1)
    """
    now = house.store.now()
    try:
        answered = _perform(house, presented, ask, now)
        return mailing.followed(house, answered, now) if mailing.is_due(answered) else answered
    except Busy:
        return Answered(Denied(Reason.BUSY), settings_for(house, presented))
    except Unavailable as error:
        # Another holder of the same idempotency key is what one waits for at the insert of that key alone.
        claimed = isinstance(error, Contended) and presented.key is not None
        return Answered(Denied(Reason.IN_PROGRESS if claimed else Reason.UNAVAILABLE), plain_settings(house))


def direct(house: House, presented: Presented, ask: Ask) -> Callable[[Tx], Kept | Undone] | None:
    """The whole wish as one job, where nothing is to be hashed or prepared; None otherwise.

    Safe     the job is the very one that `perform` runs; the caller hands what came of it to `concluded`
    """
    row = CONTENTS[ask.command]
    plain = presented.login is None and presented.proof is None and presented.key is None
    if row.prepare is not None or row.effect is Effect.READ or not plain:
        return None
    return _job(house, presented, ask, row, Shown(), None, house.store.now())


def followed(house: House, answered: Answered) -> Answered:
    """The answer once what it asks for is on its way; says so to whoever ran the wish as one job."""
    return mailing.followed(house, answered, house.store.now())


def asks_for_mail(answered: Answered) -> bool:
    """Whether `followed` has something to do."""
    return mailing.is_due(answered)


def concluded(house: House, presented: Presented, ask: Ask, committed: Committed) -> Answered:
    """What came of a wish that ran as one job: settled where it may have killed, its use noted."""
    settled(house, CONTENTS[ask.command].effect, committed)
    answered: Answered = committed.value
    if answered.mails:
        house.posted()
    _note(house, presented, answered, house.store.now())
    return answered


def _perform(house: House, presented: Presented, ask: Ask, now: Instant) -> Answered:
    row = CONTENTS[ask.command]
    if row.effect is Effect.READ:
        return _read(house, presented, ask, row, now)
    again = _replayed(house, presented, ask, row, now)
    if again is not None:
        return again
    answered = _attempted(house, presented, ask, row, now)
    # Sent twice at once: where the other came true meanwhile, this one hears the same and no refusal (P9).
    late = _replayed(house, presented, ask, row, now) if isinstance(answered.outcome, Denied) else None
    return late or answered


def _replayed(house: House, presented: Presented, ask: Ask, row: Entry, now: Instant) -> Answered | None:
    if presented.key is None:
        return None
    again = house.store.read(lambda tx: answers.replayed(tx, presented, ask, now))
    if again is None:
        return None
    settled(house, row.effect, Committed(None, False))
    return Answered(again.outcome, again.realm.settings)


def _attempted(house: House, presented: Presented, ask: Ask, row: Entry, now: Instant) -> Answered:
    shown = proved(house, presented, ask, row, now)
    if isinstance(shown, Answered):
        return shown
    ready: Ready | Answered | None = None
    if row.prepare is not None:
        ready = _prepared(house, presented, ask, row, shown, now)
    if isinstance(ready, Answered):
        return ready
    committed = house.store.write(_job(house, presented, ask, row, shown, ready, now))
    return concluded(house, presented, ask, committed)


# --- reading


def _read(house: House, presented: Presented, ask: Ask, row: Entry, now: Instant) -> Answered:
    def job(tx: Tx) -> Answered:
        walked = walk.walk(tx, presented, ask, row, now, stepped_up=False)
        if isinstance(walked, walk.Stopped):
            return Answered(walked.denied, walked.settings, walked.actor)
        outcome = row.run(tx, walked.actor, walked.wish, now)
        told = outcome.outcome if isinstance(outcome, Result) else outcome
        return Answered(told, walked.settings, walked.actor)

    answered: Answered = house.store.read(job)
    _note(house, presented, answered, now)
    return answered


# --- preparing


def _prepared(house: House, presented: Presented, ask: Ask, row: Entry, shown: Shown, now: Instant) -> Ready | Answered:
    def job(tx: Tx) -> Any:
        walked = walk.walk(tx, presented, ask, row, now, stepped_up=shown.stepped_up)
        if isinstance(walked, walk.Stopped):
            return walked
        ready = row.prepare(tx, walked.actor, walked.wish, now) if row.prepare is not None else None
        if isinstance(ready, Denied):
            return walk.Stopped(ready, walked.settings, walked.actor)
        return ready

    ready = house.store.read(job)
    if isinstance(ready, walk.Stopped):
        return _write_refusal(house, ready, row, shown, now)
    try:
        worked: Ready = house.hasher.worked(ready)
    except Busy:
        if shown.reservation is not None:
            proofs.give_back(house.store, shown.reservation)
        raise
    return worked


def _write_refusal(house: House, stopped: walk.Stopped, row: Entry, shown: Shown, now: Instant) -> Answered:
    then = _refusal(stopped, row, shown, now)
    if then is not None:
        house.store.write(then)
    return Answered(stopped.denied, stopped.settings, stopped.actor)


# --- the change itself


def _job(
    house: House, presented: Presented, ask: Ask, row: Entry, shown: Shown, ready: Ready | None, now: Instant
) -> Callable[[Tx], Kept | Undone]:
    def job(tx: Tx) -> Kept | Undone:
        walked = walk.walk(tx, presented, ask, row, now, stepped_up=shown.stepped_up)
        if isinstance(walked, walk.Walked) and shown.reservation is not None:
            walked = walk.as_proved(tx, walked, shown.reservation, shown.method, presented, ask, row, now)
        if isinstance(walked, walk.Stopped):
            return _undone(walked, row, shown, now)
        return _carry_out(tx, presented, walked, row, shown, ready, now)

    return job


def _carry_out(
    tx: Tx, presented: Presented, walked: walk.Walked, row: Entry, shown: Shown, ready: Ready | None, now: Instant
) -> Kept | Undone:
    actor = walked.actor
    claim = None
    if presented.key is not None and presented.secret is not None:
        claim = answers.claim_of(tx, presented, walked.wish)
        if not answers.take(tx, claim, actor.realm, now):
            return _undone(walk.Stopped(Denied(Reason.IN_PROGRESS), walked.settings, actor), row, shown, now)
    result = row.run(tx, actor, walked.wish if ready is None else ready, now)
    if isinstance(result, Denied):
        return _undone(walk.Stopped(result, walked.settings, actor), row, shown, now)
    if result.changed:
        _write_down(tx, actor, row, result, now)
    if claim is not None:
        answers.keep(tx, claim, result.outcome)
    return Kept(Answered(result.outcome, walked.settings, actor, result.mails), kills=result.touches is not None)


def _write_down(tx: Tx, actor: Actor, row: Entry, result: Result, now: Instant) -> None:
    subject = result.subject
    if subject is None and actor.subject is not None:
        subject = actor.subject.id
    detail = {**result.detail, "certificate": actor.certificate} if actor.certificate else result.detail
    entry = audit.Entry(row.verb, "done", None, subject, result.token, detail, result.touches)
    audit.write(tx, _place(tx, actor, result.subject), actor, entry, now)


def _place(tx: Tx, actor: Actor, subject: int | None) -> int:
    """The realm whose record tells it: that of whom it was done to, wherever the wish came in (P8)."""
    near = (person for person in (actor.about, actor.subject) if person is not None and person.id == subject)
    about = next(near, None) or (None if subject is None else subjects.by_id(tx, subject))
    return actor.realm.id if about is None else about.realm


def _undone(stopped: walk.Stopped, row: Entry, shown: Shown, now: Instant) -> Undone:
    answered = Answered(stopped.denied, stopped.settings, stopped.actor)
    return Undone(answered, _refusal(stopped, row, shown, now))


def _refusal(stopped: walk.Stopped, row: Entry, shown: Shown, now: Instant) -> Callable[[Tx], Kept] | None:
    """What is still written after a refusal: the settlement of a right proof, and the `refused` line."""
    actor, reservation = stopped.actor, shown.reservation
    written = is_written(stopped.denied, actor)
    if not written and reservation is None:
        return None

    def job(tx: Tx) -> Kept:
        if reservation is not None and actor is not None:
            right = proofs.settle_success(tx, reservation, actor.dialect, now)
            if right is not None and shown.remembered and actor.token is not None:
                proofs.step_up_done(tx, actor, actor.token, proofs.PASSWORD, now)
            if right is None and not written and reservation.subject is not None:
                # Its password was replaced meanwhile: a sign-in that failed after all.
                wrong = audit.Entry(row.verb, "refused", stopped.denied.reason.value, reservation.subject.id)
                audit.write(tx, reservation.realm.id, actor, wrong, now)
        if written and actor is not None:
            write_refused(tx, row.verb, stopped.denied, actor, now)
        return Kept(None)

    return job


def _note(house: House, presented: Presented, answered: Answered, now: Instant) -> None:
    actor = answered.actor
    if actor is None or actor.secret is None or presented.quiet:
        return
    last = actor.secret.last_used
    if last is None or last + 60 * SECOND <= now:
        house.note_use(actor.digest, now, actor.address, audit.clean(actor.agent))


__all__ = ["Answered", "House", "asks_for_mail", "concluded", "direct", "followed", "perform"]
