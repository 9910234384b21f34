"""Second factors: TOTP begun and confirmed, recovery codes, and taking one away."""

from keyturn.core import entropy
from keyturn.core import factors as totp
from keyturn.core.commands import (
    ConfirmFactor,
    CountCodes,
    EnrolFactor,
    ListFactors,
    MailCode,
    RemoveFactor,
    ResetFactors,
)
from keyturn.core.kinds import mail_seconds
from keyturn.core.outcomes import (
    CodesCounted,
    Denied,
    Ended,
    FactorConfirmed,
    FactorsListed,
    Fields,
    Named,
    Reason,
    RecoveryCodesMade,
    Result,
    TotpBegun,
)
from keyturn.core.types import SECOND, Actor, Factor, Instant, Realm, Secret, Subject
from keyturn.store import factors, letters, locks, mail_codes, outbox, passwords, realms, subjects, tokens
from keyturn.store.engine import Tx

SEED_BYTES = 20
KINDS = ("totp", "recovery", "email")
PAUSE = 60
"""Seconds between two mails that were asked for by name."""


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
    if wish.kind == "email":
        return _email(tx, actor, own, subject, now)
    return _codes(tx, subject, wish.short, now) if wish.kind == "recovery" else _totp(tx, own, subject, now)


def confirm_factor(tx: Tx, actor: Actor, wish: ConfirmFactor, now: Instant) -> Result | Denied:
    """The TOTP factor is on; other sessions are over, since they never showed it (A16)."""
    subject = actor.subject
    factor = None if subject is None else _named(tx, subject, wish.factor, "totp")
    if subject is None or factor is None or factor.confirmed or factor.kind != "totp":
        return Denied(Reason.NOT_FOUND)
    # A sign-in under way ends first, so that its session is among those that are over, or it meets the factor.
    passwords.held(tx, subject.id)
    strict = realms.of(tx, subject, actor.realm).settings.policy.totp_strict
    match = totp.totp_match(factors.seed_of(tx, factor), wish.code.reveal(), now, factor.last_step, strict)
    if not isinstance(match, totp.Accepted) or not factors.confirm(tx, factor.id, match.step):
        return Denied(Reason.MALFORMED, Fields({"code": "is not the code of this moment"}))
    locks.rebind(tx, subject.realm, subject.id, factor.kind, now)
    ended = _end_others(tx, actor, subject, now)
    codes = _fresh_codes(tx, subject, True, now) if wish.with_recovery else None
    told = FactorConfirmed() if codes is None else FactorConfirmed(codes[1])
    return Result(told, subject.id, detail={"ended": ended}, touches=f"subject:{subject.id}")


def remove_factor(tx: Tx, actor: Actor, wish: RemoveFactor, now: Instant) -> Result | Denied:
    """The factor is gone; recovery codes go with the TOTP they stand in for."""
    about = actor.about or actor.subject
    factor = None if about is None else _named(tx, about, wish.factor, wish.kind)
    # By its kind one that is in force is meant: no proof is asked of one that waits (A06).
    waits = factor is not None and not wish.factor and not factor.confirmed
    if about is None or factor is None or waits:
        return Denied(Reason.NOT_FOUND)
    _removed(tx, about, (factor.kind,))
    return Result(Ended(), about.id, detail={"kind": factor.kind}, touches=f"subject:{about.id}")


def reset_factors(tx: Tx, actor: Actor, wish: ResetFactors, now: Instant) -> Result | Denied:
    """The subject has none of those factors, and signs in anew with what is left."""
    about = actor.about or actor.subject
    if about is None:
        return Denied(Reason.NOT_FOUND)
    passwords.held(tx, about.id)
    gone = _removed(tx, about, wish.kinds or KINDS)
    ended = tokens.end_kinds(tx, about.id, ("session",), "factors reset", now)
    detail = {"kinds": gone, "ended": ended}
    return Result(Ended(not gone), about.id, detail=detail, touches=f"subject:{about.id}")


def count_codes(tx: Tx, actor: Actor, wish: CountCodes, now: Instant) -> Result | Denied:
    """How many recovery codes the caller has left.

    Denies   NOT_FOUND without a confirmed TOTP factor
    """
    if actor.subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    held = {f.kind: f for f in factors.of(tx, actor.subject.id) if f.confirmed}
    if "totp" not in held:
        return Denied(Reason.NOT_FOUND)
    codes = held.get("recovery")
    return Result(CodesCounted(0 if codes is None else factors.codes_left(tx, codes.id)))


def mail_code(tx: Tx, actor: Actor, wish: MailCode, now: Instant) -> Result | Denied:
    """A fresh code is in the mail, if that name is of somebody who is asked for codes by mail on this wire.

    Safe     one answer for whatever is behind the name, at one cost (A24, A25); at most one mail a
             minute; guesses at the code before stay counted (A18)
    """
    named = subjects.by_name(tx, actor.realm.id, wish.name, wish.by)
    seconds = mail_seconds(tx.catalogue.wires.get(actor.dialect), actor.realm.settings)
    # Held, so that of two that ask at once one mails, and to the address of this very moment.
    about = None if named is None else subjects.held(tx, named.id)
    if about is None or not seconds or not _may_mail(tx, actor, about, now):
        outbox.feign(tx, actor.realm.id, now)
        return Result(Ended(), changed=False)
    letters.mail_a_code(tx, actor.realm, about, actor.dialect, seconds, now)
    return Result(Ended(), about.id, detail={"kind": "email"}, mails=True)


def _may_mail(tx: Tx, actor: Actor, about: Subject, now: Instant) -> bool:
    """Whether a code may be mailed: asked for, to an address known to be theirs, and none a moment ago."""
    if about.state != "active" or not about.email_verified or not actor.realm.active:
        return False
    if not any(f.kind == "email" and f.confirmed for f in factors.of(tx, about.id)):
        return False
    if locks.get(tx, about.realm, locks.account_of_subject(about.id), "email").until > now:
        return False
    last = mail_codes.live(tx, about.id, actor.dialect, now)
    return last is None or last.created + PAUSE * SECOND <= now


def _named(tx: Tx, about: Subject, uuid: str, kind: str) -> Factor | None:
    """The factor of that uuid; without one, the factor of that kind."""
    if uuid:
        return factors.by_uuid(tx, about.id, uuid)
    return next((f for f in factors.of(tx, about.id) if f.kind == kind), None)


def _removed(tx: Tx, about: Subject, kinds: tuple[str, ...]) -> list[str]:
    """The factors of those kinds are gone, recovery codes with the TOTP they stand in for; which there were."""
    named = (*kinds, "recovery") if "totp" in kinds else kinds
    gone = [f for f in factors.of(tx, about.id) if f.kind in named]
    for each in gone:
        factors.remove(tx, each.id)
    if "email" in named:
        mail_codes.drop(tx, about.id)
    return [f.kind for f in gone]


def _end_others(tx: Tx, actor: Actor, subject: Subject, now: Instant) -> int:
    """Other sessions are over, and other tokens remember no password that was enough without a factor (A16)."""
    keep = 0 if actor.token is None else actor.token.id
    tokens.forget(tx, subject.id, "password", keep)
    return tokens.end_kinds(tx, subject.id, ("session",), "factor switched on", now, keep)


def _email(tx: Tx, actor: Actor, own: Realm, subject: Subject, now: Instant) -> Result | Denied:
    """Codes are mailed from now on; asked for twice, it is so already."""
    if not mail_seconds(tx.catalogue.wires.get(actor.dialect), own.settings):
        return Denied(Reason.FORBIDDEN, Named("policy", "mail_codes"))
    if not subject.email or not subject.email_verified:
        return Denied(Reason.UNVERIFIED_MAIL)
    passwords.held(tx, subject.id)
    factor = factors.add(tx, subject.realm, subject.id, "email", None, True, now)
    if factor is None:
        return Result(FactorConfirmed(factor=_named(tx, subject, "", "email")), subject.id, changed=False)
    locks.rebind(tx, subject.realm, subject.id, "email", now)
    ended = _end_others(tx, actor, subject, now)
    return Result(
        FactorConfirmed(factor=factor),
        subject.id,
        detail={"kind": "email", "ended": ended},
        touches=f"subject:{subject.id}",
    )


def _totp(tx: Tx, own: Realm, subject: Subject, now: Instant) -> Result | Denied:
    seed = entropy.octets(SEED_BYTES)
    factor = factors.add(tx, subject.realm, subject.id, "totp", seed, False, now)
    if factor is None:
        return Denied(Reason.CONFLICT, Named("factor"))
    begun = TotpBegun(factor, Secret(totp.base32(seed)), own.display_name, subject.login)
    return Result(begun, subject.id, detail={"kind": "totp"})


def _codes(tx: Tx, subject: Subject, short: bool, now: Instant) -> Result | Denied:
    # One at a time: of two sets made at once the first would go on working beside the second.
    subjects.held(tx, subject.id)
    made = _fresh_codes(tx, subject, short, now)
    if made is None:
        return Denied(Reason.CONFLICT, Named("totp"))
    factor, codes = made
    return Result(RecoveryCodesMade(factor, codes), subject.id, detail={"kind": "recovery"})


def _fresh_codes(tx: Tx, subject: Subject, short: bool, now: Instant) -> tuple[Factor, tuple[Secret, ...]] | None:
    """The subject's recovery codes, made anew; None without a confirmed TOTP factor, which they stand in for."""
    held = {f.kind: f for f in factors.of(tx, subject.id)}
    if "totp" not in held or not held["totp"].confirmed:
        return None
    factor = held.get("recovery") or factors.add(tx, subject.realm, subject.id, "recovery", None, True, now)
    if factor is None:
        return None
    locks.rebind(tx, subject.realm, subject.id, factor.kind, now)
    make = factors.make_short_codes if short else factors.make_codes
    return factor, make(tx, factor, subject.realm)
