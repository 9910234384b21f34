"""Delegations: a token by which an actor acts for another subject, with both names on everything it does."""

from keyturn.core.commands import IssueDelegation
from keyturn.core.kinds import KINDS, life, quota
from keyturn.core.outcomes import Denied, Named, Reason, Result, TokenIssued
from keyturn.core.rules import administers, out_of_reach
from keyturn.core.types import Actor, Instant
from keyturn.store import roles, subjects, tokens
from keyturn.store.engine import Tx

DELEGATED = KINDS["delegated"]


def issue_delegation(tx: Tx, actor: Actor, wish: IssueDelegation, now: Instant) -> Result | Denied:
    """A token that acts for the subject, never past the actor's own token.

    Denies   FORBIDDEN for an actor who is no administrator where the wire wants one, and for acting on an
             administrator unless one is a Steward; USER_SUSPENDED for a subject that may not act itself
    Safe     it rests on the actor's token and dies with it; a delegated token never gets here (no chaining)
    """
    about, me, token = actor.about, actor.subject, actor.token
    if about is None or me is None or token is None:
        return Denied(Reason.NOT_FOUND)
    if wish.administrator and not administers(actor.grants):
        return Denied(Reason.FORBIDDEN, Named("right", "users:act_for"))
    if out_of_reach(roles.grants_of(tx, about.id), actor.grants):
        return Denied(Reason.FORBIDDEN, Named("right", "users:act_for"))
    settings, wire = actor.realm.settings, tx.catalogue.wires[actor.dialect]
    subjects.held(tx, about.id)
    tokens.tidy(tx, about.id, now)
    if tokens.make_room(tx, about.id, DELEGATED.name, quota(DELEGATED, settings), now) is None:
        return Denied(Reason.QUOTA_REACHED, Named(DELEGATED.name))
    grant = tokens.Grant(
        about.id, DELEGATED.name, actor.dialect, life=life(DELEGATED, wire, settings, wish.lifetime),
        limit=token.expires, maker=me.id, act=me.id, parent=token.id, claims=wish.claims,
    )  # fmt: skip
    minted = tokens.mint(tx, grant, now)
    if minted is None:
        return Denied(Reason.USER_SUSPENDED)
    secret, view = minted
    detail = {"reason": wish.reason, **wish.claims}
    return Result(TokenIssued(secret, view, actor.realm.name), about.id, view.token.uuid, detail)
