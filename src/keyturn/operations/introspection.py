"""Introspection: whether tokens are active, and whose they are."""

from keyturn.core.commands import Introspect
from keyturn.core.digests import digest, plausible
from keyturn.core.kinds import ENROLS, proved_at
from keyturn.core.outcomes import Denied, Facts, Introspected, Result
from keyturn.core.types import Actor, Instant, Secret
from keyturn.core.verdicts import Alive, verdict
from keyturn.store import subjects, tokens
from keyturn.store.engine import Tx

HIDDEN = ("reset", "setup")


def introspect(tx: Tx, actor: Actor, wish: Introspect, now: Instant) -> Result | Denied:
    """For each asked token its facts, or None: unknown, dead and another realm's are one answer."""
    return Result(Introspected(tuple(_facts(tx, actor, secret, wish.scope, now) for secret in wish.tokens)))


def _facts(tx: Tx, actor: Actor, secret: Secret, scope: str | None, now: Instant) -> Facts | None:
    found = tokens.find(tx, digest(secret)) if plausible(secret) else None
    if found is None or found.realm.id != actor.realm.id or found.token.kind in HIDDEN:
        return None
    token = found.token
    judged = verdict(token, found.secret, found.subject, found.realm, found.fresh, now)
    if not isinstance(judged, Alive) or not tokens.rests_on(tx, found, now) or ENROLS in token.claims:
        return None
    # A predicate asks for a listed name: a token without scopes answers no (rules.md 3).
    if scope is not None and not set(scope.split()) <= set(token.scopes or ()):
        return None
    return Facts(
        subject=found.subject, realm=found.realm.name, kind=token.kind, dialect=token.dialect, scopes=token.scopes,
        issued=token.created, expires=token.expires, stepped_up=proved_at(token), claims=token.claims,
        actor=None if token.act is None else subjects.by_id(tx, token.act),
    )  # fmt: skip
