"""Tokens of a plan: minted or taken over once, and never again."""

from keyturn.core.kinds import KINDS, life, quota
from keyturn.core.outcomes import Denied, Named, Reason, Told
from keyturn.core.plan import PlannedToken, digest_of
from keyturn.core.types import Instant, Realm, Subject, TokenView
from keyturn.operations.bootstrap.ledger import ADDED, CHANGED_SINCE, EXPIRED, OWNER_SUSPENDED, REVOKED, UPDATED, Ledger
from keyturn.operations.bootstrap.survey import MARK, token_of
from keyturn.store import past, tokens
from keyturn.store.engine import Tx


def put(
    tx: Tx, realm: Realm, subject: Subject, planned: PlannedToken, alive: set[int], ledger: Ledger, now: Instant
) -> Denied | None:
    """The token is there, or was once and is told as kept.

    Shapes   alive: the subject's live tokens
    Denies   QUOTA_REACHED and CONFLICT with the place in the file
    Safe     a token that was ever made is never made again: revoked stays revoked whatever the file says
    """
    held = token_of(tx, subject, planned)
    name = _name(subject, planned)
    if held is None and subject.state != "active":
        ledger.keep(realm.name, "token", name, OWNER_SUSPENDED)
        return None
    if held is None:
        return _mint(tx, realm, subject, planned, name, ledger, now)
    why = _difference(tx, held, planned, alive, now)
    if why is not None:
        ledger.keep(realm.name, "token", name, why)
    elif _flags(tx, held, planned):
        ledger.change(realm.name, "token", name, UPDATED)
        ledger.touch(realm.id, subject.id)
    return None


def _mint(
    tx: Tx, realm: Realm, subject: Subject, planned: PlannedToken, name: str, ledger: Ledger, now: Instant
) -> Denied | None:
    kind, wire, settings = KINDS[planned.kind], tx.catalogue.wires[planned.dialect], realm.settings
    evicted = tokens.make_room(tx, subject.id, kind.name, _room(realm, planned), now)
    if evicted is None:
        return Denied(Reason.QUOTA_REACHED, Named("token", planned.at))
    session = kind.name == "session"
    timeout = settings.number(f"{wire.name}.session_timeout")
    idle = wire.idle if timeout is None else timeout
    grant = tokens.Grant(
        subject.id, kind.name, wire.name, name=planned.name, scopes=planned.scopes, bypass=bool(planned.bypass),
        life=life(kind, wire, settings, planned.expires_in), idle=idle if session else None,
        claims=MARK if planned.name is None and session else {}, given=planned.value, given_digest=planned.digest,
    )  # fmt: skip
    minted = tokens.mint(tx, grant, now)
    if minted is None:
        return Denied(Reason.CONFLICT, Named("token", planned.at))
    secret, view = minted
    ledger.change(realm.name, "token", name, ADDED)
    if evicted:
        ledger.touch(realm.id, subject.id)
    if digest_of(planned) is None:
        told = Told(realm.name, subject.login, wire.name, kind.name, planned.name, view.token.uuid, secret)
        ledger.told.append(told)
    return None


def _room(realm: Realm, planned: PlannedToken) -> int | None:
    """The quota, but for the api kind: there the one that is already there was found before."""
    return None if planned.kind == "api" else quota(KINDS[planned.kind], realm.settings)


def _difference(tx: Tx, held: TokenView, planned: PlannedToken, alive: set[int], now: Instant) -> str | None:
    token = held.token
    if token.id not in alive:
        over = token.reason == "expired" or (token.ended is None and token.expires is not None and token.expires <= now)
        return EXPIRED if over else REVOKED
    key = digest_of(planned)
    other = key is not None and key not in past.digests(tx, token.id, now)
    return CHANGED_SINCE if other or token.kind != planned.kind else None


def _flags(tx: Tx, held: TokenView, planned: PlannedToken) -> bool:
    """Whether what the token may do was brought to what the file says; what it does not say stays."""
    token = held.token
    bypass = token.bypass if planned.bypass is None else planned.bypass
    scopes = token.scopes if planned.scopes is None else planned.scopes
    if (bypass, scopes) == (token.bypass, token.scopes):
        return False
    tokens.set_flags(tx, token.id, bypass, scopes)
    return True


def _name(subject: Subject, planned: PlannedToken) -> str:
    return f"{subject.login} {planned.dialect} {planned.name or planned.kind}"
