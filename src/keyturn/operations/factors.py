"""Second factors: TOTP begun and confirmed, recovery codes, and taking one away."""

from keyturn.core import entropy
from keyturn.core import factors as totp
from keyturn.core.commands import ConfirmFactor, EnrolFactor, ListFactors, RemoveFactor
from keyturn.core.outcomes import (
    Denied,
    Ended,
    FactorsListed,
    Fields,
    Named,
    Reason,
    RecoveryCodesMade,
    Result,
    TotpBegun,
)
from keyturn.core.types import Actor, Instant, Realm, Secret, Subject
from keyturn.store import factors, locks, passwords, realms, subjects, tokens
from keyturn.store.engine import Tx

SEED_BYTES = 20


def list_factors(tx: Tx, actor: Actor, wish: ListFactors, now: Instant) -> Result | Denied:
    """The factors of the caller or of the subject, never their secrets."""
    about = actor.about or actor.subject
    return Denied(Reason.UNAUTHENTICATED) if about is None else Result(FactorsListed(factors.of(tx, about.id)))


def enrol_factor(tx: Tx, actor: Actor, wish: EnrolFactor, now: Instant) -> Result | Denied:
    """A TOTP factor waits for its first code, or fresh recovery codes replace the old ones.

    Denies   CONFLICT when a confirmed one of the kind is there; recovery codes want a confirmed TOTP first
    """
    subject = actor.subject
    if subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    own = realms.of(tx, subject, actor.realm)
    if own.settings.policy.two_factor == "off":
        return Denied(Reason.FORBIDDEN, Named("policy", "two_factor"))
    return _codes(tx, subject, now) if wish.kind == "recovery" else _totp(tx, own, subject, now)


def confirm_factor(tx: Tx, actor: Actor, wish: ConfirmFactor, now: Instant) -> Result | Denied:
    """The TOTP factor is on; other sessions are over, since they never showed it (A16)."""
    subject = actor.subject
    factor = None if subject is None else factors.by_uuid(tx, subject.id, wish.factor)
    if subject is None or factor is None or factor.confirmed or factor.kind != "totp":
        return Denied(Reason.NOT_FOUND)
    # A sign-in under way ends first, so that its session is among those that are over, or it meets the factor.
    passwords.held(tx, subject.id)
    strict = realms.of(tx, subject, actor.realm).settings.policy.totp_strict
    match = totp.totp_match(factors.seed_of(tx, factor), wish.code.reveal(), now, factor.last_step, strict)
    if not isinstance(match, totp.Accepted) or not factors.confirm(tx, factor.id, match.step):
        return Denied(Reason.MALFORMED, Fields({"code": "is not the code of this moment"}))
    locks.rebind(tx, subject.realm, subject.id, factor.kind, now)
    keep = 0 if actor.token is None else actor.token.id
    ended = tokens.end_kinds(tx, subject.id, ("session",), "factor switched on", now, keep)
    return Result(Ended(), subject.id, detail={"ended": ended}, touches=f"subject:{subject.id}")


def remove_factor(tx: Tx, actor: Actor, wish: RemoveFactor, now: Instant) -> Result | Denied:
    """The factor is gone; recovery codes go with the TOTP they stand in for."""
    about = actor.about or actor.subject
    factor = None if about is None else factors.by_uuid(tx, about.id, wish.factor)
    if about is None or factor is None:
        return Denied(Reason.NOT_FOUND)
    gone = [
        f for f in factors.of(tx, about.id) if f.id == factor.id or (factor.kind == "totp" and f.kind == "recovery")
    ]
    for each in gone:
        factors.remove(tx, each.id)
    return Result(Ended(), about.id, detail={"kind": factor.kind}, touches=f"subject:{about.id}")


def _totp(tx: Tx, own: Realm, subject: Subject, now: Instant) -> Result | Denied:
    seed = entropy.octets(SEED_BYTES)
    factor = factors.add(tx, subject.realm, subject.id, "totp", seed, False, now)
    if factor is None:
        return Denied(Reason.CONFLICT, Named("factor"))
    begun = TotpBegun(factor, Secret(totp.base32(seed)), own.display_name, subject.login)
    return Result(begun, subject.id, detail={"kind": "totp"})


def _codes(tx: Tx, subject: Subject, now: Instant) -> Result | Denied:
    # One at a time: of two sets made at once the first would go on working beside the second.
    subjects.held(tx, subject.id)
    held = {f.kind: f for f in factors.of(tx, subject.id)}
    if "totp" not in held or not held["totp"].confirmed:
        return Denied(Reason.CONFLICT, Named("totp"))
    factor = held.get("recovery") or factors.add(tx, subject.realm, subject.id, "recovery", None, True, now)
    if factor is None:
        return Denied(Reason.CONFLICT, Named("factor"))
    locks.rebind(tx, subject.realm, subject.id, factor.kind, now)
    codes = factors.make_codes(tx, factor, subject.realm)
    return Result(RecoveryCodesMade(factor, codes), subject.id, detail={"kind": "recovery"})
