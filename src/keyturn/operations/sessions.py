"""Sessions: opened by a proof, resumed, listed, ended."""

from msgspec.structs import replace

from keyturn.core.commands import (
    DeriveSession,
    EndSession,
    EndSessions,
    ListSessions,
    OpenSession,
    ResumeSession,
    ShowSelf,
)
from keyturn.core.digests import origin
from keyturn.core.kinds import ENROLS, KINDS, life, quota
from keyturn.core.outcomes import (
    Denied,
    Ended,
    PasswordChangeDue,
    Reason,
    Result,
    SelfShown,
    SessionOpened,
    SessionResumed,
    TokenIssued,
    TokensListed,
)
from keyturn.core.settings import Settings
from keyturn.core.types import Actor, Instant, Subject, WireRule
from keyturn.store import subjects, tokens, views
from keyturn.store.engine import Tx

SESSION = KINDS["session"]
RESET = KINDS["reset"]


def open_session(tx: Tx, actor: Actor, wish: OpenSession, now: Instant) -> Result | Denied:
    """A session of the subject whose password, and factor where one is due, was right.

    Denies   UNAUTHENTICATED without a proof; PASSWORD_CHANGE_DUE where this wire cannot carry the wish for a new one
    Safe     the quota ends the least recently used session, so a forgotten script never locks its owner out
    """
    subject = actor.subject
    if subject is None or actor.token is not None:
        return Denied(Reason.UNAUTHENTICATED)
    if actor.change_due:
        return _change_due(tx, actor, subject, wish, now)
    wire = tx.catalogue.wires[actor.dialect]
    settings = actor.realm.settings
    ended = 0
    if wish.name is not None:
        ended = tokens.end_namesake(tx, subject.id, actor.dialect, SESSION.name, wish.name, now)
    ended += tokens.make_room(tx, subject.id, SESSION.name, quota(SESSION, settings), now) or 0
    grant = tokens.Grant(
        subject.id, SESSION.name, actor.dialect, name=wish.name, life=life(SESSION, wire, settings, wish.lifetime),
        idle=_idle(wire, settings), claims=_claims(actor, wish),
        stepped_up=now if actor.factor_shown else None,
        stepped_up_by=origin(actor.agent, actor.address) if actor.factor_shown else None, owner=subject,
        stepped_up_with=actor.factor_shown or None,
    )  # fmt: skip
    minted = tokens.mint(tx, grant, now)
    if minted is None:
        return Denied(Reason.ACCOUNT_SUSPENDED)
    subjects.seen(tx, subject.id, now)
    secret, view = minted
    shown = views.of_subject(tx, replace(subject, last_login=now), actor.realm, now)
    touches = f"subject:{subject.id}" if ended else None
    return Result(SessionOpened(secret, view, shown), subject.id, view.token.uuid, touches=touches)


def derive_session(tx: Tx, actor: Actor, wish: DeriveSession, now: Instant) -> Result | Denied:
    """Another session of the caller, which ends no later than the presented one; a namesake is replaced.

    Denies   SESSION_NEEDED for a caller who shows a certificate and no token; TOKEN_ENDED where that died meanwhile
    Safe     so a token that leaks is good for no longer than it would have been; it carries no second proof over
    """
    subject, token = actor.subject, actor.token
    if subject is None or token is None:
        return Denied(Reason.SESSION_NEEDED)
    # Whatever else is under way for the owner ends first: what ends all their tokens leaves none made meanwhile.
    subjects.held(tx, subject.id)
    if not tokens.stands(tx, token.id, now):
        return Denied(Reason.TOKEN_ENDED)
    wire, settings = tx.catalogue.wires[actor.dialect], actor.realm.settings
    ended = 0
    if wish.name is not None:
        ended = tokens.end_namesake(tx, subject.id, actor.dialect, SESSION.name, wish.name, now)
    ended += tokens.make_room(tx, subject.id, SESSION.name, quota(SESSION, settings), now) or 0
    grant = tokens.Grant(
        subject.id, SESSION.name, actor.dialect, name=wish.name, life=life(SESSION, wire, settings, wish.lifetime),
        limit=token.expires, idle=_idle(wire, settings), claims=wish.claims, scopes=token.scopes, owner=subject,
    )  # fmt: skip
    minted = tokens.mint(tx, grant, now)
    if minted is None:
        return Denied(Reason.TOKEN_ENDED)
    secret, view = minted
    touches = f"subject:{subject.id}" if ended else None
    return Result(TokenIssued(secret, view, actor.realm.name), subject.id, view.token.uuid, touches=touches)


def resume_session(tx: Tx, actor: Actor, wish: ResumeSession, now: Instant) -> Result | Denied:
    """The account behind the presented token."""
    if actor.subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    return Result(SessionResumed(views.of_subject(tx, actor.subject, actor.realm, now)), changed=False)


def end_session(tx: Tx, actor: Actor, wish: EndSession, now: Instant) -> Result | Denied:
    """The presented token is over."""
    if actor.token is None:
        return Denied(Reason.UNAUTHENTICATED)
    ended = tokens.end(tx, actor.token, "logout", now)
    return Result(Ended(not ended), None, actor.token.uuid, touches=f"token:{actor.token.id}", changed=ended)


def end_sessions(tx: Tx, actor: Actor, wish: EndSessions, now: Instant) -> Result | Denied:
    """Every session of the subject is over, and where wished every other token of this wire (rules.md 5)."""
    about = actor.about if wish.subject is not None else actor.subject
    if about is None:
        return Denied(Reason.NOT_FOUND)
    # Sign-ins and mints under way end first, so that what comes of them ends here with the rest.
    subjects.held(tx, about.id)
    keep = actor.token.id if wish.keep and actor.token is not None else 0
    count = tokens.end_kinds(tx, about.id, ("session",), "logged out", now, keep)
    if wish.wire:
        count += tokens.end_wire(tx, about.id, actor.dialect, "logged out", now, keep)
    until = actor.token.expires if keep and actor.token is not None else None
    return Result(
        Ended(count == 0, until), about.id, detail={"ended": count}, touches=f"subject:{about.id}", changed=count > 0
    )


def list_sessions(tx: Tx, actor: Actor, wish: ListSessions, now: Instant) -> Result | Denied:
    """The caller's own live sessions, oldest first."""
    if actor.subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    held = [v for v in tokens.live(tx, actor.subject.id, now) if v.token.kind == "session"]
    return Result(TokensListed(tuple(held), None))


def show_self(tx: Tx, actor: Actor, wish: ShowSelf, now: Instant) -> Result | Denied:
    """The caller's own account."""
    if actor.subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    token = None if actor.token is None else tokens.by_id(tx, actor.token.id)
    return Result(SelfShown(views.of_subject(tx, actor.subject, actor.realm, now), token))


def _idle(wire: WireRule, settings: Settings) -> int | None:
    """Seconds a session may lie unused: as the realm says for this wire, else as the wire does."""
    chosen = settings.number(f"{wire.name}.session_timeout")
    return wire.idle if chosen is None else chosen


def _claims(actor: Actor, wish: OpenSession) -> dict[str, str]:
    return {**wish.claims, ENROLS: "1"} if actor.enrol_only else wish.claims


def _change_due(tx: Tx, actor: Actor, subject: Subject, wish: OpenSession, now: Instant) -> Result | Denied:
    if not wish.reset_when_due:
        return Denied(Reason.PASSWORD_CHANGE_DUE)
    subjects.held(tx, subject.id)
    tokens.end_kinds(tx, subject.id, ("reset",), "replaced", now)
    wire = tx.catalogue.wires[actor.dialect]
    span = life(RESET, wire, actor.realm.settings, None)
    minted = tokens.mint(tx, tokens.Grant(subject.id, RESET.name, actor.dialect, life=span), now)
    if minted is None:
        return Denied(Reason.ACCOUNT_SUSPENDED)
    return Result(PasswordChangeDue(*minted), subject.id, minted[1].token.uuid)
