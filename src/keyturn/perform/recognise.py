"""Whom we make of what was presented: the row decides, in the transaction that goes on with it."""

from msgspec.structs import replace

from keyturn.core.digests import digest, plausible
from keyturn.core.kinds import KINDS
from keyturn.core.names import canonical
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.rules import EVERYTHING, NOBODY, narrowed
from keyturn.core.types import Actor, Ask, Assurance, Grants, Instant, Presented, Realm, Secret
from keyturn.core.verdicts import Alive, verdict
from keyturn.store import certificates, expiry, realms, roles, tokens
from keyturn.store.engine import Tx


def recognise(tx: Tx, presented: Presented, ask: Ask, now: Instant, *, weigh: bool = True) -> Actor | Denied:
    """Who makes this request, or why it is refused before anything else is looked at.

    Shapes   weigh: whether the actor's grants are looked up at once; `weighed` does it later where one needs them
    Safe     a change repeats this inside its own transaction: no cache ever authorises one
    """
    if presented.secret is not None:
        return _bearer(tx, presented, presented.secret, ask, now, weigh)
    realm = realm_without_token(tx, presented)
    if isinstance(realm, Denied):
        return realm
    if presented.local:
        return _actor(presented, realm, Assurance.STEPPED_UP, EVERYTHING, local=True)
    if presented.certificate and presented.login is None:
        return _certified(tx, presented, realm)
    return _actor(presented, realm, Assurance.NOBODY, NOBODY)


def realm_without_token(tx: Tx, presented: Presented) -> Realm | Denied:
    """The realm of a request that shows no token: its host's, else the one the wire named, else home.

    Safe     a named realm that is not there is refused; nothing falls back, so no login tries two realms
    """
    by_host = realms.by_host(tx, presented.host) if not presented.local else None
    if presented.realm is None:
        return by_host or realms.home(tx)
    named = realms.by_ref(tx, presented.realm)
    if named is None or (by_host is not None and by_host.id != named.id):
        return Denied(Reason.REALM_REFUSED)
    return named


def realm_of_refusal(tx: Tx, presented: Presented) -> Realm:
    """The realm in whose words an unrecognised caller is refused: its token's, dead or alive, where that is known."""
    secret = presented.secret
    found = tokens.find(tx, digest(secret)) if secret is not None and plausible(secret) else None
    if found is not None:
        return found.realm
    realm = realm_without_token(tx, presented)
    return realms.home(tx) if isinstance(realm, Denied) else realm


def weighed(tx: Tx, actor: Actor) -> Actor:
    """The actor with its grants, as its token carries them."""
    if actor.subject is None or actor.token is None:
        return actor
    return replace(actor, grants=narrowed(roles.grants_of(tx, actor.subject.id), actor.token.scopes))


def _bearer(tx: Tx, presented: Presented, secret: Secret, ask: Ask, now: Instant, weigh: bool) -> Actor | Denied:
    key = digest(secret)
    found = tokens.find(tx, key) if plausible(secret) else None
    if found is None:
        return Denied(Reason.INVALID_TOKEN)
    token = found.token
    judged = verdict(token, found.secret, found.subject, found.realm, found.fresh, now)
    # Whatever is not known to be alive is refused (A11).
    if not isinstance(judged, Alive):
        return Denied(judged.reason)
    if not tokens.rests_on(tx, found, now):
        return Denied(Reason.TOKEN_ENDED)
    if expiry.is_over(tx, found.realm, found.subject, found.secret.last_used or found.secret.created, now):
        return Denied(Reason.OWNER_SUSPENDED)
    if token.dialect != presented.dialect or token.kind not in ask.kinds or not KINDS[token.kind].opens:
        return Denied(Reason.WRONG_DOOR)
    if presented.claim is not None and not _belongs(presented.claim, presented.claim_by, found):
        return Denied(Reason.CLAIM_MISMATCH)
    weigh = weigh or presented.realm is not None
    held = narrowed(roles.grants_of(tx, found.subject.id), token.scopes) if weigh else NOBODY
    realm = _realm_of_wish(tx, presented, found, held)
    if isinstance(realm, Denied):
        return realm
    return Actor(
        dialect=presented.dialect, realm=realm, assurance=Assurance.PRESENTED, subject=found.subject,
        token=token, secret=found.secret, digest=key, grants=held, address=presented.address,
        agent=presented.agent, request_id=presented.request_id,
    )  # fmt: skip


def _certified(tx: Tx, presented: Presented, realm: Realm) -> Actor:
    """Whom a listed certificate acts as, as good as a token; nobody where it is not listed."""
    subject = certificates.bearer(tx, realm, presented.dialect, presented.certificate)
    if subject is None:
        return _actor(presented, realm, Assurance.NOBODY, NOBODY)
    known = _actor(presented, realm, Assurance.PRESENTED, roles.grants_of(tx, subject.id))
    return replace(known, subject=subject, certificate=presented.certificate)


def _belongs(claim: str, by: str, found: tokens.Found) -> bool:
    subject = found.subject
    if by == "handle":
        return claim == subject.handle
    return claim in (subject.handle, subject.uuid) or canonical(claim) == canonical(subject.login)


def _realm_of_wish(tx: Tx, presented: Presented, found: tokens.Found, held: Grants) -> Realm | Denied:
    named, own = presented.realm, found.realm
    if named is None or named.value in ((own.display_name,) if named.by == "display_name" else (own.name,)):
        return own
    other = realms.by_ref(tx, named)
    if other is not None and (other.id == own.id or held.across or realms.granted(tx, other.id, found.subject.id)):
        return other
    return Denied(Reason.REALM_REFUSED)


def _actor(presented: Presented, realm: Realm, assurance: Assurance, held: Grants, local: bool = False) -> Actor:
    return Actor(
        dialect=presented.dialect, realm=realm, assurance=assurance, grants=held, local=local,
        address=presented.address, agent=presented.agent, request_id=presented.request_id,
    )  # fmt: skip
