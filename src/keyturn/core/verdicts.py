"""Whether a stored token is good now: a value of a type, never a truth value."""

from keyturn.core.outcomes import Reason
from keyturn.core.types import SECOND, Frozen, Instant, Realm, SecretRow, Subject, Token


class Alive(Frozen):
    """The token is good at that instant."""


class Dead(Frozen):
    """It is not, and this is why, precisely; the wire says less."""

    reason: Reason


def verdict(token: Token, secret: SecretRow, subject: Subject, realm: Realm, fresh: bool, now: Instant) -> Alive | Dead:
    """Whether the presented secret of this token is accepted at `now`.

    Shapes   fresh: whether the token's epochs are still those of its subject and realm
    Source   reliability.md R4: expiry is a comparison at read time, never a timer
    """
    reason = _fault(token, secret, subject, realm, fresh, now)
    return Alive() if reason is None else Dead(reason)


def _fault(token: Token, secret: SecretRow, subject: Subject, realm: Realm, fresh: bool, now: Instant) -> Reason | None:
    if subject.state == "suspended":
        return Reason.OWNER_SUSPENDED
    if token.reason == "expired" or (token.expires is not None and token.expires <= now):
        return Reason.TOKEN_EXPIRED
    replaced = secret.ends is not None and secret.ends <= now
    if replaced or token.ended is not None or not fresh or subject.state != "active" or not realm.active:
        return Reason.TOKEN_ENDED
    last = secret.last_used or secret.created
    if token.idle is not None and last + token.idle * SECOND <= now:
        return Reason.TOKEN_IDLE
    return None
