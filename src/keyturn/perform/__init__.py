"""The one door: every wish is recognised, permitted, carried out, settled and written down here."""

import time
from collections.abc import Callable
from typing import Any

from keyturn.core import hashes
from keyturn.core.hashes import Attempt
from keyturn.core.lockout import Waiting
from keyturn.core.outcomes import Denied, Reason, Result
from keyturn.core.settings import Settings
from keyturn.core.types import (
    SECOND,
    Actor,
    Ask,
    Assurance,
    Effect,
    Frozen,
    Instant,
    Presented,
    Ready,
    Realm,
)
from keyturn.operations import CONTENTS, Entry
from keyturn.perform import answers, proofs, walk
from keyturn.perform.hashing import Busy, Hasher
from keyturn.perform.recognise import realm_without_token, recognise
from keyturn.store import audit, passwords, realms
from keyturn.store.engine import Committed, Engine, Kept, Tx, Unavailable, Undone

PATIENCE = 8 * SECOND
PAUSE = 0.02
UNWRITTEN = frozenset({Reason.MALFORMED, Reason.IN_PROGRESS, Reason.IDEMPOTENCY_MISMATCH, Reason.IDEMPOTENCY_EXPIRED})
"""Refusals that are no refused wish: nothing was understood, or it is another wish's key."""


class House(Frozen):
    """What the door works with: the store, the hash pool, the note-taker of uses, and how a kill settles."""

    store: Engine
    hasher: Hasher
    note_use: Callable[[bytes, Instant, str, str], None]
    settle: Callable[[Committed], None]


class Answered(Frozen):
    """What came of a wish, and the settings in force where it was made."""

    outcome: Any
    settings: Settings
    actor: Actor | None = None


class Shown(Frozen):
    """The proofs that were right, before the wish itself."""

    reservation: proofs.Reservation | None = None
    stepped_up: bool = False
    remembered: bool = False
    """Whether the presented token remembers the proof, also where the wish itself is refused afterwards."""


def perform(house: House, presented: Presented, ask: Ask) -> Answered:
    """What came of the wish, durable if it is a change.

    Denies   every expected refusal is a `Denied` in the answer; the store being gone is UNAVAILABLE
    Safe     a killing wish settles before its answer leaves, replays and repeats included (P1)
    """
    now = house.store.now()
    try:
        return _perform(house, presented, ask, now)
    except Busy:
        return Answered(Denied(Reason.BUSY), _settings(house, presented))
    except Unavailable:
        return Answered(Denied(Reason.UNAVAILABLE), _catalogue_settings(house))


def direct(house: House, presented: Presented, ask: Ask) -> Callable[[Tx], Kept | Undone] | None:
    """The whole wish as one job, where nothing is to be hashed or prepared; None otherwise.

    Safe     the job is the very one that `perform` runs; the caller must `settle` a kill before it answers
    """
    row = CONTENTS[ask.command]
    plain = presented.login is None and presented.proof is None and presented.key is None
    if row.prepare is not None or row.effect is Effect.READ or not plain:
        return None
    return _job(house, presented, ask, row, Shown(), None, house.store.now())


def settled(house: House, row_effect: Effect, committed: Committed) -> None:
    """A wish that may have killed has settled: only then may its answer leave."""
    if row_effect is Effect.KILL or committed.kills:
        house.settle(committed)


def _perform(house: House, presented: Presented, ask: Ask, now: Instant) -> Answered:
    row = CONTENTS[ask.command]
    if row.effect is Effect.READ:
        return _read(house, presented, ask, row, now)
    if presented.key is not None and (again := house.store.read(lambda tx: answers.replayed(tx, presented, ask, now))):
        settled(house, row.effect, Committed(None, False))
        return Answered(again.outcome, again.realm.settings)
    shown = _proved(house, presented, ask, row, now)
    if isinstance(shown, Answered):
        return shown
    ready: Ready | Answered | None = None
    if row.prepare is not None:
        ready = _prepared(house, presented, ask, row, shown, now)
    if isinstance(ready, Answered):
        return ready
    committed = house.store.write(_job(house, presented, ask, row, shown, ready, now))
    settled(house, row.effect, committed)
    answered: Answered = committed.value
    _note(house, presented, answered, now)
    return answered


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


# --- proofs


def _proved(house: House, presented: Presented, ask: Ask, row: Entry, now: Instant) -> Shown | Answered:
    if presented.login is not None:
        return _login(house, presented, ask, row, now)
    needed = row.assurance is Assurance.REPROVED or ask.step_up is not None
    if presented.proof is not None and presented.secret is not None and needed:
        return _again(house, presented, ask, row, now)
    return Shown()


def _login(house: House, presented: Presented, ask: Ask, row: Entry, now: Instant) -> Shown | Answered:
    reserved = _patiently(
        house, now, lambda at: house.store.write(lambda tx: Kept(_reserve_login(tx, presented, ask, at)))
    )
    if isinstance(reserved, Answered):
        if reserved.outcome == Denied(Reason.REALM_REFUSED):
            # As slow as a wrong password, so that no names of realms are found out by the clock (A24).
            house.hasher.verify(None, Attempt(""))
        return reserved
    if not proofs.evaluated(house.store, house.hasher, reserved):
        return _refuse_login(house, presented, row, reserved, now)
    if reserved.stored is not None and house.hasher.stale(reserved.stored):
        _rehash(house, reserved, reserved.stored)
    return _login_factor(house, presented, ask, row, reserved, now)


def _reserve_login(tx: Tx, presented: Presented, ask: Ask, now: Instant) -> Any:
    realm = realm_without_token(tx, presented)
    if isinstance(realm, Denied):
        return Answered(realm, realms.home(tx).settings)
    wish = ask.read(realm.settings)
    if isinstance(wish, Denied):
        return Answered(wish, realm.settings)
    split = realm.settings.flag(f"{presented.dialect}.code_after_password")
    if presented.login is None:
        raise ValueError("only a login is reserved so")
    return proofs.reserve_login(tx, realm, presented.login, presented.dialect, split, now)


def _patiently(house: House, now: Instant, take: Callable[[Instant], Committed]) -> Any:
    """Attempts in flight fill the limit: wait for them, so that nobody is refused for another's try."""
    while isinstance(reserved := take(house.store.now()).value, Waiting):
        if house.store.now() > now + PATIENCE:
            return Answered(Denied(Reason.BUSY), _catalogue_settings(house))
        time.sleep(PAUSE)
    return reserved


def _refuse_login(
    house: House, presented: Presented, row: Entry, reserved: proofs.Reservation, now: Instant
) -> Answered:
    reason = Reason.WRONG_PASSWORD
    if reserved.locked:
        reason = Reason.ACCOUNT_LOCKED
    elif reserved.subject is None:
        reason = Reason.UNKNOWN_ACCOUNT
    return _count_failure(house, _bystander(presented, reserved.realm), row.verb, reserved, Denied(reason), now)


def _count_failure(
    house: House, actor: Actor, verb: str, reserved: proofs.Reservation, denied: Denied, now: Instant
) -> Answered:
    def job(tx: Tx) -> Kept:
        killed = proofs.settle_failure(tx, reserved, actor, verb, denied.reason, now)
        return Kept(None, kills=killed)

    if not reserved.locked:
        settled(house, Effect.CHANGE, house.store.write(job))
    return Answered(denied, reserved.realm.settings, actor)


def _rehash(house: House, reserved: proofs.Reservation, stored: str) -> None:
    """The hash of a right proof is renewed, if it is an older or foreign form that may be."""
    subject, prehashed = reserved.subject, hashes.renewable(stored, reserved.attempt)
    if subject is None or prehashed is None:
        return
    hashed = house.hasher.hash_again(prehashed)

    def job(tx: Tx) -> Kept:
        passwords.rehash(tx, subject.id, reserved.version, hashed)
        return Kept(None)

    house.store.write(job)


def _login_factor(
    house: House, presented: Presented, ask: Ask, row: Entry, reserved: proofs.Reservation, now: Instant
) -> Shown | Answered:
    """The second factor at sign-in: evaluated only after the password was right."""
    subject = reserved.subject
    if subject is None or subject.state != "active":
        return Shown(reserved)
    held = reserved.held
    method, code = walk.factor_shown(presented, reserved.code, ask, held)
    if not held or code is None:
        return Shown(reserved)
    actor = _bystander(presented, reserved.realm)

    def job(tx: Tx) -> Kept:
        return Kept(proofs.prove_code(tx, reserved.realm, subject, method, code, actor, row.verb, now))

    reason = house.store.write(job).value
    if reason is not None:
        house.store.write(lambda tx: Kept(proofs.settle_success(tx, reserved, presented.dialect, now)))
        denied = Denied(Reason.FACTOR_WRONG, walk.methods_of(held, method))
        return Answered(denied, reserved.realm.settings, actor)
    return Shown(reserved, stepped_up=True)


def _again(house: House, presented: Presented, ask: Ask, row: Entry, now: Instant) -> Shown | Answered:
    taken = _patiently(
        house, now, lambda at: house.store.write(lambda tx: Kept(walk.prove_again(tx, presented, ask, row, at)))
    )
    if isinstance(taken, walk.Stopped):
        return Answered(taken.denied, taken.settings, taken.actor)
    if isinstance(taken, Answered):
        return taken
    if taken.reservation is None:
        return Shown(stepped_up=taken.stepped_up)
    if not proofs.evaluated(house.store, house.hasher, taken.reservation):
        return _count_failure(house, taken.actor, row.verb, taken.reservation, taken.refusal, now)
    return Shown(taken.reservation, stepped_up=True, remembered=ask.step_up is not None)


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
            walked = walk.as_proved(tx, walked, shown.reservation, shown.stepped_up, presented, ask, row, now)
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
    return Kept(Answered(result.outcome, walked.settings, actor), kills=result.touches is not None)


def _write_down(tx: Tx, actor: Actor, row: Entry, result: Result, now: Instant) -> None:
    subject = result.subject
    if subject is None and actor.subject is not None:
        subject = actor.subject.id
    entry = audit.Entry(row.verb, "done", None, subject, result.token, result.detail, result.touches)
    audit.write(tx, actor.realm.id, actor, entry, now)


def _undone(stopped: walk.Stopped, row: Entry, shown: Shown, now: Instant) -> Undone:
    answered = Answered(stopped.denied, stopped.settings, stopped.actor)
    return Undone(answered, _refusal(stopped, row, shown, now))


def _refusal(stopped: walk.Stopped, row: Entry, shown: Shown, now: Instant) -> Callable[[Tx], Kept] | None:
    """What is still written after a refusal: the settlement of a right proof, and the `refused` line."""
    actor, reservation = stopped.actor, shown.reservation
    known = actor is not None and (actor.subject is not None or actor.local)
    written = known and stopped.denied.reason not in UNWRITTEN
    if not written and reservation is None:
        return None

    def job(tx: Tx) -> Kept:
        if reservation is not None and actor is not None:
            right = proofs.settle_success(tx, reservation, actor.dialect, now)
            if right is not None and shown.remembered:
                proofs.step_up_done(tx, actor, now)
        if written and actor is not None:
            about = actor.about or actor.subject
            number = None if about is None else about.id
            entry = audit.Entry(row.verb, "refused", stopped.denied.reason.value, number)
            audit.write(tx, actor.realm.id, actor, entry, now)
        return Kept(None)

    return job


def _note(house: House, presented: Presented, answered: Answered, now: Instant) -> None:
    actor = answered.actor
    if actor is None or actor.secret is None or presented.quiet:
        return
    last = actor.secret.last_used
    if last is None or last + 60 * SECOND <= now:
        house.note_use(actor.digest, now, actor.address, audit.clean(actor.agent))


def _bystander(presented: Presented, realm: Realm) -> Actor:
    return Actor(
        dialect=presented.dialect, realm=realm, assurance=Assurance.NOBODY, address=presented.address,
        agent=presented.agent, request_id=presented.request_id,
    )  # fmt: skip


def _settings(house: House, presented: Presented) -> Settings:
    def job(tx: Tx) -> Settings:
        realm = realm_without_token(tx, presented)
        return realms.home(tx).settings if isinstance(realm, Denied) else realm.settings

    settings: Settings = house.store.read(job)
    return settings


def _catalogue_settings(house: House) -> Settings:
    return Settings(values=house.store.catalogue.defaults())


__all__ = ["Answered", "House", "direct", "perform", "recognise", "settled"]
