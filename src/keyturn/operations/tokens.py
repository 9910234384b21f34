"""Tokens: issued, listed, rotated and ended, by their owner or by somebody who may."""

from collections.abc import Callable
from typing import Any

from keyturn.core.commands import (
    EditToken,
    IssueToken,
    ListTokens,
    RevokeSecret,
    RevokeToken,
    RotateToken,
    ShowToken,
    Slice,
)
from keyturn.core.digests import digest, plausible
from keyturn.core.kinds import KINDS, Kind, life, quota
from keyturn.core.outcomes import (
    Denied,
    Ended,
    Fields,
    Named,
    Reason,
    Result,
    TokenIssued,
    TokenShown,
    TokensListed,
)
from keyturn.core.rules import administers, allows, allows_some
from keyturn.core.types import Actor, Instant, Subject, Token, TokenView, WireRule
from keyturn.store import realms, subjects, tokens
from keyturn.store.engine import Tx

REVOKE, MINT_FOR, OWN = "tokens:revoke", "tokens:mint_for", "own_tokens:create"
MOST = 100_000
ORDERS: dict[str, Callable[[TokenView], Any]] = {
    "created": lambda view: view.token.created,
    "expires": lambda view: (view.token.expires is None, view.token.expires or 0),
    "used": lambda view: view.secret.last_used or view.secret.created,
    "client": lambda view: view.token.claims.get("client", ""),
}
"""In which orders one owner's tokens may be listed."""


def issue_token(tx: Tx, actor: Actor, wish: IssueToken, now: Instant) -> Result | Denied:
    """A named token of the caller, or of the subject it is for.

    Denies   MALFORMED for a kind that wire does not issue so; CONFLICT for a live namesake; QUOTA_REACHED
    Safe     a scoped caller gives away no more than its own scopes; the owner's own right to hold tokens counts;
             an api token, which may have no end, is made by whoever may mint for others (rules.md 3)
    """
    owner = actor.about or actor.subject
    wire = tx.catalogue.wires.get(wish.dialect)
    if owner is None:
        return Denied(Reason.UNAUTHENTICATED)
    if wire is None or wish.kind not in wire.kinds:
        return Denied(Reason.MALFORMED, Fields({"kind": "is not issued so for this dialect"}))
    if not _within(actor, wish.scopes):
        return Denied(Reason.FORBIDDEN, Named("scope"))
    lacking = _lacking(actor, owner, wish.kind)
    if lacking is not None:
        return Denied(Reason.FORBIDDEN, Named("right", lacking))
    if not _still_there(tx, actor, owner, now):
        return Denied(Reason.TOKEN_ENDED)
    tokens.tidy(tx, owner.id, now)
    return _minted(tx, actor, owner, KINDS[wish.kind], wire, wish, now)


def show_token(tx: Tx, actor: Actor, wish: ShowToken, now: Instant) -> Result | Denied:
    """One token, ended ones too."""
    return Denied(Reason.NOT_FOUND) if actor.view is None else Result(TokenShown(actor.view))


def list_tokens(tx: Tx, actor: Actor, wish: ListTokens, now: Instant) -> Result | Denied:
    """One page of live tokens, oldest first."""
    if not wish.everybody and actor.about is None and actor.subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    owner = None if wish.everybody else (actor.about or actor.subject)
    if wish.slice is not None and owner is not None:
        return _sliced(tx, actor, owner, wish, wish.slice, now)
    after = int(wish.cursor) if wish.cursor and wish.cursor.isascii() and wish.cursor.isdigit() else 0
    found = tokens.page(
        tx, actor.realm.id, None if owner is None else owner.id, wish.dialect, wish.kind, after, wish.limit, now
    )
    more = len(found) > wish.limit
    page = found[: wish.limit]
    return Result(TokensListed(tuple(page), str(page[-1].token.id) if more else None))


def edit_token(tx: Tx, actor: Actor, wish: EditToken, now: Instant) -> Result | Denied:
    """The token has the new name."""
    if actor.view is None or actor.view.token.ended is not None:
        return Denied(Reason.NOT_FOUND)
    token = actor.view.token
    if not tokens.rename(tx, token, wish.name):
        return Denied(Reason.CONFLICT, Named("name"))
    view = tokens.by_id(tx, token.id) or actor.view
    return Result(TokenShown(view), token.subject, token.uuid)


def rotate_token(tx: Tx, actor: Actor, wish: RotateToken, now: Instant) -> Result | Denied:
    """The token has a new secret and its life anew; the old secret is dead with this transaction.

    Denies   NOT_FOUND for a dead one; TOKEN_ENDED when another rotation of the presented token won; FORBIDDEN for
             a scoped caller that would get a token of wider scopes
    Safe     one conditional write retires the old secret: of two concurrent calls exactly one wins
    """
    view = actor.view
    if view is None or view.token.kind not in ("personal", "api"):
        return Denied(Reason.NOT_FOUND)
    token = view.token
    itself = actor.token is not None and actor.token.id == token.id
    if not itself and not tokens.stands(tx, token.id, now):
        return Denied(Reason.NOT_FOUND)
    if not itself and not _within(actor, token.scopes):
        return Denied(Reason.FORBIDDEN, Named("scope"))
    wire = tx.catalogue.wires[token.dialect]
    # A wish may be made in a granted realm; the token's life is its own realm's matter.
    home = realms.of(tx, view.owner, actor.realm)
    span = life(KINDS[token.kind], wire, home.settings, _length(token, wish))
    replaced = tokens.replace_secret(tx, token, actor.digest if itself else None, span, None, now)
    if replaced is None:
        return Denied(Reason.TOKEN_ENDED if itself else Reason.NOT_FOUND)
    secret, renewed, row = replaced
    fresh = TokenView(renewed, row, view.owner)
    return Result(TokenIssued(secret, fresh, actor.realm.name), token.subject, token.uuid, touches=f"token:{token.id}")


def revoke_token(tx: Tx, actor: Actor, wish: RevokeToken, now: Instant) -> Result | Denied:
    """The token is over; a second time says so again.

    Denies   SESSION_NEEDED for an own session of a caller who shows another kind of token (rules.md 3)
    """
    if actor.view is None:
        return Denied(Reason.NOT_FOUND)
    mine = actor.subject is not None and actor.view.owner.id == actor.subject.id
    shown = "session" if actor.token is None else actor.token.kind
    if mine and actor.view.token.kind == "session" != shown:
        return Denied(Reason.SESSION_NEEDED)
    return _ended(tx, actor.view.token, now)


def revoke_secret(tx: Tx, actor: Actor, wish: RevokeSecret, now: Instant) -> Result | Denied:
    """The token of that secret is over, if it is the caller's own or the caller may; else nothing is told.

    Denies   FORBIDDEN for a caller who is no administrator where the wire wants one
    Source   RFC 7009: an unknown token is no error
    """
    if wish.administrator and not administers(actor.grants):
        return Denied(Reason.FORBIDDEN, Named("right", REVOKE))
    found = tokens.find(tx, digest(wish.token)) if plausible(wish.token) else None
    if found is None or found.realm.id != actor.realm.id or not _may_end(actor, found.subject):
        return Result(Ended(True), changed=False)
    return _ended(tx, found.token, now)


def _sliced(tx: Tx, actor: Actor, owner: Subject, wish: ListTokens, part: Slice, now: Instant) -> Result:
    """One owner's live tokens in that order, counted from the first; how many one has is bounded by the quotas."""
    found = tokens.page(tx, actor.realm.id, owner.id, wish.dialect, wish.kind, 0, MOST, now)
    ordered = sorted(found, key=ORDERS[part.by], reverse=part.descending)
    end = None if part.limit is None else part.offset + part.limit
    return Result(TokensListed(tuple(ordered[part.offset : end]), None, len(ordered)))


def _minted(
    tx: Tx, actor: Actor, owner: Subject, kind: Kind, wire: WireRule, wish: IssueToken, now: Instant
) -> Result | Denied:
    named = tokens.by_name(tx, owner.id, wire.name, wish.name) if wish.name is not None else None
    if named is not None:
        return Denied(Reason.CONFLICT, Named("name"))
    settings = realms.of(tx, owner, actor.realm).settings
    if tokens.make_room(tx, owner.id, kind.name, quota(kind, settings), now) is None:
        return Denied(Reason.QUOTA_REACHED, Named(kind.name))
    mine = actor.subject is not None and actor.subject.id == owner.id
    grant = tokens.Grant(
        owner.id, kind.name, wire.name, name=wish.name, scopes=wish.scopes, bypass=wish.bypass, claims=wish.claims,
        life=life(kind, wire, settings, wish.expires_in),
        maker=None if mine or actor.subject is None else actor.subject.id,
    )  # fmt: skip
    minted = tokens.mint(tx, grant, now)
    if minted is None:
        return Denied(Reason.USER_SUSPENDED) if owner.state != "active" else Denied(Reason.CONFLICT, Named("name"))
    secret, view = minted
    return Result(TokenIssued(secret, view, actor.realm.name), owner.id, view.token.uuid, {"kind": kind.name})


def _ended(tx: Tx, token: Token, now: Instant) -> Result:
    done = tokens.end(tx, token, "revoked", now)
    return Result(Ended(not done), token.subject, token.uuid, touches=f"token:{token.id}", changed=done)


def _length(token: Token, wish: RotateToken) -> int | None:
    """The wished life, else the same length as before; a token without end stays so within the realm's cap."""
    if wish.expires_in is not None:
        return wish.expires_in
    return token.life if token.expires is not None else 0


def _lacking(actor: Actor, owner: Subject, kind: str) -> str | None:
    """The right that the actor lacks to make such a token for that owner."""
    own = actor.subject is not None and actor.subject.id == owner.id
    if own and not allows(actor.grants, OWN):
        return OWN
    return MINT_FOR if own and kind == "api" and not allows(actor.grants, MINT_FOR, owner.uuid) else None


def _still_there(tx: Tx, actor: Actor, owner: Subject, now: Instant) -> bool:
    """Whether the presented token is good yet, once whatever else was under way for the owner has ended.

    Safe     so what ends all of an owner's tokens leaves none that was being made meanwhile
    """
    subjects.held(tx, owner.id)
    return actor.token is None or tokens.stands(tx, actor.token.id, now)


def _within(actor: Actor, scopes: tuple[str, ...] | None) -> bool:
    held = None if actor.token is None else actor.token.scopes
    return held is None or (scopes is not None and set(scopes) <= set(held))


def _may_end(actor: Actor, owner: Subject) -> bool:
    mine = actor.subject is not None and actor.subject.id == owner.id
    return mine or (allows_some(actor.grants, REVOKE) and allows(actor.grants, REVOKE, owner.uuid))
