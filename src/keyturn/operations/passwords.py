"""Passwords: changed by their owner, who shows the current one, or set by somebody who may."""

from keyturn.core.commands import ChangePassword, CheckLogin, SetPassword
from keyturn.core.complexity import login_faults
from keyturn.core.outcomes import Denied, PasswordChanged, Reason, Result, RulesChecked
from keyturn.core.policy import fitting, length, reused
from keyturn.core.types import Actor, Assurance, Instant, Ready, Subject, TokenView
from keyturn.store import former, locks, passwords, realms, subjects, tokens
from keyturn.store.engine import Tx

DYING = ("session", "delegated", "reset")


def prepare_change(tx: Tx, actor: Actor, wish: ChangePassword, now: Instant) -> Ready | Denied:
    """The new password fits the policy, and is to be hashed."""
    if actor.subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    if actor.subject.remote:
        return Denied(Reason.REMOTE_ACCOUNT)
    own = realms.of(tx, actor.subject, actor.realm)
    rules = former.rules(tx, own, actor.dialect, actor.subject.login, actor.subject.id)
    return fitting(own, subjects.words(actor.subject), wish, wish.password, rules)


def change_password(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """The caller's password is new; other sessions, delegations and resets are over.

    Denies   WRONG_CURRENT_PASSWORD unless the current one was shown for this very wish
    Safe     personal and api tokens stay and are listed for review (rules.md 5)
    """
    subject = actor.subject
    if subject is None or actor.assurance is not Assurance.REPROVED:
        return Denied(Reason.WRONG_CURRENT_PASSWORD)
    if (again := reused(ready)) is not None:
        return again
    wish: ChangePassword = ready.wish
    passwords.put(tx, subject.realm, subject.id, ready.hashes[0], False, length(wish.password), now)
    presented = 0 if actor.token is None or tx.catalogue.wires[actor.dialect].own_change_ends_all else actor.token.id
    ended = tokens.end_kinds(tx, subject.id, DYING, "password changed", now, keep=presented)
    outcome = PasswordChanged(ended, review(tx, subject, now))
    return Result(outcome, subject.id, detail={"ended": ended}, touches=f"subject:{subject.id}")


def prepare_set(tx: Tx, actor: Actor, wish: SetPassword, now: Instant) -> Ready | Denied:
    """The password fits the policy of its subject, and is to be hashed."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    if actor.about.remote or actor.about.built_in:
        return Denied(Reason.REMOTE_ACCOUNT)
    rules = former.rules(tx, actor.realm, actor.dialect, actor.about.login, actor.about.id)
    return fitting(actor.realm, subjects.words(actor.about), wish, wish.password, rules)


def set_password(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """Somebody's password is new; all their sessions, delegations and resets are over."""
    about = actor.about
    if about is None:
        return Denied(Reason.NOT_FOUND)
    if (again := reused(ready)) is not None:
        return again
    wish: SetPassword = ready.wish
    passwords.put(tx, about.realm, about.id, ready.hashes[0], wish.must_change, length(wish.password), now)
    locks.rebind(tx, about.realm, about.id, "password", now)
    ended = tokens.end_kinds(tx, about.id, DYING, "password set", now)
    outcome = PasswordChanged(ended, review(tx, about, now))
    return Result(outcome, about.id, detail={"ended": ended}, touches=f"subject:{about.id}")


def check_login(tx: Tx, actor: Actor, wish: CheckLogin, now: Instant) -> Result:
    """What the login breaks of this wire's rules."""
    rules = former.rules(tx, actor.realm, actor.dialect, wish.login)
    return Result(RulesChecked(login_faults(rules.chosen, wish.login)), changed=False)


def review(tx: Tx, subject: Subject, now: Instant) -> tuple[TokenView, ...]:
    """The tokens that outlive a new password, for their owner to look at."""
    return tuple(v for v in tokens.live(tx, subject.id, now) if v.token.kind in ("personal", "api"))
