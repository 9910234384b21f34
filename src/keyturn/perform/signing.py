"""Proofs before the wish: the attempt is reserved, evaluated outside any transaction, and settled."""

import time
from collections.abc import Callable
from typing import Any

from keyturn.core import hashes
from keyturn.core.hashes import Attempt
from keyturn.core.lockout import Waiting
from keyturn.core.outcomes import After, Denied, Reason
from keyturn.core.types import (
    SECOND,
    Actor,
    Ask,
    Assurance,
    Effect,
    Instant,
    LoginProof,
    Presented,
    Proof,
    Step,
    chosen,
)
from keyturn.operations import Entry
from keyturn.perform import proofs, walk
from keyturn.perform.hashing import Busy
from keyturn.perform.house import (
    Answered,
    House,
    Shown,
    bystander,
    is_written,
    plain_settings,
    settled,
    write_refused,
)
from keyturn.perform.recognise import realm_without_token
from keyturn.store import passwords, realms
from keyturn.store.engine import Committed, Kept, Tx

PATIENCE = 8 * SECOND
PAUSE = 0.02


def proved(house: House, presented: Presented, ask: Ask, row: Entry, now: Instant) -> Shown | Answered:
    """The proofs that came with the wish and were right, or the answer to one that was not."""
    if presented.login is not None:
        return _login(house, presented, presented.login, ask, row, now)
    needed = row.assurance is Assurance.REPROVED or ask.step_up is not None
    if presented.proof is not None and presented.secret is not None and needed:
        return _again(house, presented, presented.proof, ask, row, now)
    return Shown()


def _login(
    house: House, presented: Presented, login: LoginProof, ask: Ask, row: Entry, now: Instant
) -> Shown | Answered:
    reserved = _patiently(
        house, now, lambda at: house.store.write(lambda tx: Kept(_reserve_login(tx, presented, login, ask, at)))
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


def _reserve_login(tx: Tx, presented: Presented, login: LoginProof, ask: Ask, now: Instant) -> Any:
    realm = realm_without_token(tx, presented)
    if isinstance(realm, Denied):
        return Answered(realm, realms.home(tx).settings)
    wish = ask.read(realm.settings)
    if isinstance(wish, Denied):
        return Answered(wish, realm.settings)
    seconds = None if ask.limit is None or Step.LIMIT not in chosen(ask.order, realm.settings) else ask.limit(False)
    if seconds is not None:
        return Answered(Denied(Reason.RATE_LIMITED, After(seconds)), realm.settings)
    split = realm.settings.flag(f"{presented.dialect}.code_after_password")
    return proofs.reserve_login(tx, realm, login, presented, split, now)


def _patiently(house: House, now: Instant, take: Callable[[Instant], Committed]) -> Any:
    """Attempts in flight fill the limit: wait for them, so that nobody is refused for another's try."""
    while isinstance(reserved := take(house.store.now()).value, Waiting):
        if house.store.now() > now + PATIENCE:
            return Answered(Denied(Reason.BUSY), plain_settings(house))
        time.sleep(PAUSE)
    return reserved


def _refuse_login(
    house: House, presented: Presented, row: Entry, reserved: proofs.Reservation, now: Instant
) -> Answered:
    reason = Reason.WRONG_PASSWORD
    if reserved.crowded:
        reason = Reason.ADDRESS_LOCKED
    elif reserved.locked:
        reason = Reason.ACCOUNT_LOCKED
    elif reserved.subject is None:
        reason = Reason.UNKNOWN_ACCOUNT
    return _count_failure(house, bystander(presented, reserved.realm), row.verb, reserved, Denied(reason), now)


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
    try:
        hashed = house.hasher.hash_again(prehashed)
    except Busy:
        return  # the next sign-in renews it; this one was right and must not end as an attempt that nobody settles

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
    actor = bystander(presented, reserved.realm)

    def job(tx: Tx) -> Kept:
        return Kept(proofs.prove_code(tx, reserved.realm, subject, method, code, actor, row.verb, now))

    reason = house.store.write(job).value
    if reason is not None:
        house.store.write(lambda tx: Kept(proofs.settle_success(tx, reserved, presented.dialect, now)))
        locked = reason is Reason.STEP_UP_LOCKED
        denied = Denied(Reason.FACTOR_LOCKED if locked else Reason.FACTOR_WRONG, walk.methods_of(held, method))
        return Answered(denied, reserved.realm.settings, actor)
    return Shown(reserved, stepped_up=True, method=method)


def _again(house: House, presented: Presented, proof: Proof, ask: Ask, row: Entry, now: Instant) -> Shown | Answered:
    taken = _patiently(
        house, now, lambda at: house.store.write(lambda tx: Kept(_prove_again(tx, presented, proof, ask, row, at)))
    )
    if isinstance(taken, walk.Stopped):
        return Answered(taken.denied, taken.settings, taken.actor)
    if isinstance(taken, Answered):
        return taken
    if taken.reservation is None:
        return Shown(stepped_up=taken.stepped_up)
    if not proofs.evaluated(house.store, house.hasher, taken.reservation):
        return _count_failure(house, taken.actor, row.verb, taken.reservation, taken.refusal, now)
    return Shown(taken.reservation, stepped_up=True, remembered=walk.recalls(ask, taken.actor.realm.settings))


def _prove_again(tx: Tx, presented: Presented, proof: Proof, ask: Ask, row: Entry, now: Instant) -> Any:
    taken = walk.prove_again(tx, presented, proof, ask, row, now)
    stopped = taken if isinstance(taken, walk.Stopped) and not taken.settled else None
    if stopped is not None and stopped.actor is not None and is_written(stopped.denied, stopped.actor):
        write_refused(tx, row.verb, stopped.denied, stopped.actor, now)
    return taken
