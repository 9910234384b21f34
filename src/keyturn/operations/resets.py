"""Password resets: a single-use token made by somebody who may, and used once by whoever holds it."""

from keyturn.core import lockout
from keyturn.core.commands import CheckPassword, IssueReset, RedeemReset, RequestReset
from keyturn.core.digests import digest, plausible
from keyturn.core.kinds import KINDS, life
from keyturn.core.outcomes import Denied, Ended, Reason, Result, RulesChecked, TokenIssued
from keyturn.core.policy import broken, fitting, length, reused
from keyturn.core.rules import above
from keyturn.core.types import SECOND, Actor, Instant, Ready, Secret, Subject
from keyturn.core.verdicts import Alive, verdict
from keyturn.store import former, letters, locks, outbox, passwords, realms, roles, subjects, tokens
from keyturn.store.engine import Tx
from keyturn.store.tokens import Found

RESET = KINDS["reset"]
RIGHT = "users:reset_password"
MAILED = 24 * 3600
"""The longest life of a mailed token in seconds (rules.md 3)."""
PAUSE = 60
"""Seconds between two mails to one account."""


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


def request_reset(tx: Tx, actor: Actor, wish: RequestReset, now: Instant) -> Result | Denied:
    """A reset token is in the mail to the account's own address, if that name has one that may be reset.

    Safe     one answer for whatever is behind the name, at one cost (A24, A25); the address is the row's, never
             the caller's (A01); the name finds an account by its canonical form alone, which is unique (A26); at most
             one mail a minute and account, so that nobody's mailbox is filled, and none while a token lives that
             was handed out another way
    """
    named = subjects.by_name(tx, actor.realm.id, wish.name, wish.by)
    # Held, so that of two that ask at once one mails, and to the address of this very moment (A03).
    about = None if named is None else subjects.held(tx, named.id)
    if about is None or not _may_mail(tx, about, now):
        outbox.feign(tx, actor.realm.id, now)
        return Result(Ended(), changed=False)
    wire = tx.catalogue.wires[actor.dialect]
    span = min(life(RESET, wire, actor.realm.settings, None) or MAILED, MAILED)
    tokens.end_kinds(tx, about.id, (RESET.name,), "replaced", now)
    minted = tokens.mint(tx, tokens.Grant(about.id, RESET.name, actor.dialect, life=span, claims={"mailed": "1"}), now)
    if minted is None or minted[1].token.expires is None:
        return Result(Ended(), changed=False)
    secret, view = minted
    letters.mail_a_reset(tx, actor.realm, about, secret, minted[1].token.expires, actor.address, now)
    return Result(Ended(), about.id, view.token.uuid, {"mailed": True}, touches=f"subject:{about.id}", mails=True)


def prepare_redeem(tx: Tx, actor: Actor, wish: RedeemReset, now: Instant) -> Ready | Denied:
    """The token is good and the password fits; a weak one does not spend the token."""
    found = _good(tx, wish.token, wish.reinstate, now)
    if found is None:
        return Denied(Reason.INVALID_RESET)
    subject = found.subject
    rules = former.rules(tx, found.realm, actor.dialect, subject.login, subject.id)
    return fitting(found.realm, subjects.words(subject), wish, wish.password, rules)


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
    if (again := reused(ready)) is not None:
        return again
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


def check_password(tx: Tx, actor: Actor, wish: CheckPassword, now: Instant) -> Result | Denied:
    """What the password breaks, for the caller or for whom the reset token is; that is not spent.

    Denies   INVALID_RESET for a reset token that is none; UNAUTHENTICATED for nobody without one
    Safe     it is not compared with the present password or former ones: whoever holds a session could guess at
             them so, past every counter (A20)
    """
    found = None if wish.token is None else _good(tx, wish.token, True, now)
    if wish.token is not None and found is None:
        return Denied(Reason.INVALID_RESET)
    subject = actor.subject if found is None else found.subject
    if subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    realm = realms.of(tx, subject, actor.realm) if found is None else found.realm
    rules = former.rules(tx, realm, actor.dialect, subject.login)
    return Result(RulesChecked(broken(realm, subjects.words(subject), wish.password, rules)), changed=False)


def _may_mail(tx: Tx, about: Subject, now: Instant) -> bool:
    """Whether a link may be mailed: the account is active, has a password of its own and an address known to be its."""
    fit = about.state == "active" and not about.remote and not about.built_in and not about.service
    if not fit or not about.email or not about.email_verified or passwords.of(tx, about.id) is None:
        return False
    standing = [view.token for view in tokens.live(tx, about.id, now, RESET.name)]
    # A stranger who asks ends no way back that was given by hand: it may be the only one that reaches its owner.
    return all("mailed" in t.claims and t.created + PAUSE * SECOND <= now for t in standing)


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
