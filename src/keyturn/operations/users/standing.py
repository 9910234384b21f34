"""Whether a user may act: suspended, reinstated, unlocked, deleted."""

from keyturn.core import lockout
from keyturn.core.commands import DeleteUser, ReinstateUser, SuspendUser, UnlockUser
from keyturn.core.outcomes import Denied, Ended, Reason, Result
from keyturn.core.types import Actor, Instant, Subject
from keyturn.store import factors, locks, mail_codes, passwords, roles, subjects, tokens
from keyturn.store.engine import Tx


def suspend_user(tx: Tx, actor: Actor, wish: SuspendUser, now: Instant) -> Result | Denied:
    """The user may not act; nothing of theirs works, and nothing old works after reinstating."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    if actor.about.built_in:
        return Denied(Reason.BUILT_IN)
    return _told(actor.about, stop(tx, actor.about, now))


def reinstate_user(tx: Tx, actor: Actor, wish: ReinstateUser, now: Instant) -> Result | Denied:
    """The user may act again; old tokens stay dead."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    return _told(actor.about, let_in(tx, actor.about, now))


def unlock_user(tx: Tx, actor: Actor, wish: UnlockUser, now: Instant) -> Result | Denied:
    """Every lock that guessing closed is open."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    return _told(actor.about, _unlock(tx, actor.about, now))


def delete_user(tx: Tx, actor: Actor, wish: DeleteUser, now: Instant) -> Result | Denied:
    """A tombstone is left; login and mail are free, every token is dead, password and factors are gone."""
    about = actor.about
    if about is None:
        return Denied(Reason.NOT_FOUND)
    if about.built_in or (actor.subject is not None and actor.subject.id == about.id):
        return Denied(Reason.BUILT_IN)
    # The password first, as a sign-in takes them: else the two could wait for each other.
    passwords.drop(tx, about.id)
    done = subjects.delete(tx, about.id, now)
    tokens.end_acts(tx, about.id, "actor deleted", now)
    for factor in factors.of(tx, about.id):
        factors.remove(tx, factor.id)
    mail_codes.drop(tx, about.id)
    roles.assign(tx, about.realm, about.id, ())
    return _told(about, done)


def stop(tx: Tx, about: Subject, now: Instant) -> bool:
    """Whether an active user was suspended by this very call; what they delegated is over too."""
    done = subjects.suspend(tx, about.id, now)
    tokens.end_acts(tx, about.id, "actor suspended", now)
    return done


def let_in(tx: Tx, about: Subject, now: Instant) -> bool:
    """Whether a suspended user was reinstated, or a lock of theirs opened, by this very call."""
    done = subjects.reinstate(tx, about.id, now)
    return _unlock(tx, about, now) or done


def _told(about: Subject, done: bool) -> Result:
    return Result(Ended(not done), about.id, touches=f"subject:{about.id}", changed=done)


def _unlock(tx: Tx, about: Subject, now: Instant) -> bool:
    account = locks.account_of_subject(about.id)
    shut = locks.all_of(tx, about.realm, account)
    for factor in shut:
        locks.change(tx, about.realm, account, factor, lockout.opened, now)
    return any(lock.failures or lock.closed_on is not None for lock in shut.values())
