"""Password resets: a single-use token made by somebody who may, and used once by whoever holds it."""

from keyturn.core import lockout
from keyturn.core.commands import IssueReset, RedeemReset
from keyturn.core.digests import digest, plausible
from keyturn.core.kinds import KINDS, life
from keyturn.core.outcomes import Denied, Ended, Reason, Result, TokenIssued
from keyturn.core.policy import fitting, length
from keyturn.core.rules import above
from keyturn.core.types import Actor, Instant, Ready, Secret
from keyturn.core.verdicts import Alive, verdict
from keyturn.store import locks, passwords, roles, subjects, tokens
from keyturn.store.engine import Tx
from keyturn.store.tokens import Found

RESET = KINDS["reset"]
RIGHT = "users:reset_password"


def issue_reset(tx: Tx, actor: Actor, wish: IssueReset, now: Instant) -> Result | Denied:
    """A reset token for the subject; older ones are over.

    Denies   REMOTE_ACCOUNT; USER_SUSPENDED, except on the wire whose reset also reinstates
    Safe     at most one live reset token per subject, by a unique index (A05)
    """
    about = actor.about
    if about is None:
        return Denied(Reason.NOT_FOUND)
    if about.remote or about.built_in:
        return Denied(Reason.REMOTE_ACCOUNT)
    wire = tx.catalogue.wires[actor.dialect]
    if about.state != "active" and not wire.reset_reinstates:
        return Denied(Reason.USER_SUSPENDED)
    subjects.held(tx, about.id)
    tokens.end_kinds(tx, about.id, (RESET.name,), "replaced", now)
    grant = tokens.Grant(
        about.id, RESET.name, actor.dialect, life=life(RESET, wire, actor.realm.settings, wish.lifetime),
        maker=None if actor.subject is None else actor.subject.id,
        claims={"reinstates": "1"} if wire.reset_reinstates else {}, for_suspended=wire.reset_reinstates,
    )  # fmt: skip
    minted = tokens.mint(tx, grant, now)
    if minted is None:
        return Denied(Reason.USER_SUSPENDED)
    secret, view = minted
    return Result(TokenIssued(secret, view, actor.realm.name), about.id, view.token.uuid, touches=f"subject:{about.id}")


def prepare_redeem(tx: Tx, actor: Actor, wish: RedeemReset, now: Instant) -> Ready | Denied:
    """The token is good and the password fits; a weak one does not spend the token."""
    found = _good(tx, wish.token, wish.reinstate, now)
    if found is None:
        return Denied(Reason.INVALID_RESET)
    return fitting(found.realm, subjects.words(found.subject), wish, wish.password)


def redeem_reset(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """The subject of the token has the new password; no session comes of it.

    Denies   INVALID_RESET for unknown, used, replaced and expired alike
    Safe     one conditional write ends the token in the transaction that sets the password (A03, A04);
             the subject comes from the token's row alone (A07); second factors stay (A08)
    """
    wish: RedeemReset = ready.wish
    found = _good(tx, wish.token, wish.reinstate, now)
    if found is None:
        return Denied(Reason.INVALID_RESET)
    # Sign-ins and mints under way end first, so that what comes of them ends here with the rest.
    passwords.held(tx, found.subject.id)
    subject = subjects.held(tx, found.subject.id) or found.subject
    if not tokens.end(tx, found.token, "used", now):
        return Denied(Reason.INVALID_RESET)
    reinstated = wish.reinstate and subjects.reinstate(tx, subject.id, now)
    if subject.state != "active" and not reinstated:
        return Denied(Reason.INVALID_RESET)
    passwords.put(tx, subject.realm, subject.id, ready.hashes[0], False, length(wish.password), now)
    account = locks.account_of_subject(subject.id)
    locks.change(tx, subject.realm, account, "password", lockout.opened, now)
    kinds = ("session", "delegated", "reset") + (("personal", "api") if wish.revoke_tokens else ())
    ended = tokens.end_kinds(tx, subject.id, kinds, "password reset", now)
    detail = {"ended": ended, "reinstated": reinstated}
    return Result(Ended(), subject.id, found.token.uuid, detail, f"subject:{subject.id}")


def _good(tx: Tx, secret: Secret, reinstate: bool, now: Instant) -> Found | None:
    """The reset token's row, if it is one, is alive, and its maker may still do what it does."""
    found = tokens.find(tx, digest(secret)) if plausible(secret) else None
    if found is None or found.token.kind != RESET.name or not found.realm.active:
        return None
    # A token for a suspended user is alive only where its use reinstates.
    suspended = reinstate and found.subject.state == "suspended" and "reinstates" in found.token.claims
    subject = subjects.as_active(found.subject) if suspended else found.subject
    judged = verdict(found.token, found.secret, subject, found.realm, found.fresh, now)
    return found if isinstance(judged, Alive) and _maker_may(tx, found) else None


def _maker_may(tx: Tx, found: Found) -> bool:
    maker = found.token.maker
    if maker is None:
        return True
    mine = roles.reach(tx, maker, RIGHT, found.subject)
    if mine is None:
        return False
    return maker == found.subject.id or not above(roles.grants_of(tx, found.subject.id), mine)
