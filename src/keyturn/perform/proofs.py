"""Proofs: the attempt is reserved before anything is hashed, evaluated outside, and settled in the store."""

from msgspec.structs import replace

from keyturn.core import factors as totp
from keyturn.core import lockout
from keyturn.core.digests import origin
from keyturn.core.hashes import Attempt
from keyturn.core.kinds import mail_seconds
from keyturn.core.lockout import Lock, Locked, Reserved, Waiting
from keyturn.core.names import canonical
from keyturn.core.outcomes import Challenge, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import (
    SECOND,
    Actor,
    Factor,
    Frozen,
    Instant,
    LoginProof,
    Presented,
    Realm,
    Secret,
    StepUpRule,
    Subject,
    Token,
)
from keyturn.perform.hashing import Busy, Hasher
from keyturn.store import audit, expiry, factors, locks, mail_codes, passwords, roles, subjects, tokens
from keyturn.store.engine import Engine, Kept, Tx

PASSWORD = "password"  # noqa: S105 - the name of a factor
CODES = ("totp", "recovery")
EMAIL, ADDRESS = "email", "address"


class Reservation(Frozen):
    """One reserved attempt at a password, with what is needed to evaluate and settle it.

    Shapes   stored: None = evaluate the dummy, the answer is no; subject: None for an unknown name
             code: what followed the password where the wire carries both in one field
    """

    realm: Realm
    account: str
    subject: Subject | None
    stored: str | None
    version: int
    attempt: Attempt
    locked: bool
    code: str | None = None
    held: tuple[Factor, ...] = ()
    """The factors in force, at a sign-in."""
    crowded: bool = False
    """Too many failures came from this address."""


def reserve_login(
    tx: Tx, realm: Realm, login: LoginProof, presented: Presented, split: bool, now: Instant
) -> Reservation | Waiting:
    """An attempt at a login is reserved, for a known name and an unknown one alike.

    Safe     unknown names are counted and locked as known ones are, so a lock tells nothing (A25)
    """
    key = canonical(login.name)
    subject = subjects.by_name(tx, realm.id, login.name, login.by) if key is not None else None
    if subject is not None and expiry.is_over(tx, realm, subject, None, now):
        expiry.suspend(tx, realm, subject.id, now)
        subject = subjects.by_id(tx, subject.id)
    account = (
        locks.account_of_name(tx, realm.id, key or login.name)
        if subject is None
        else locks.account_of_subject(subject.id)
    )
    attempt = Attempt(
        login.password.reveal() if login.password else None, login.digest.reveal() if login.digest else None
    )
    code, wire = None, presented.dialect
    held = in_force(tx, realm, subject, wire) if subject is not None else ()
    if split and held:
        attempt, code = _split(attempt)
    if _crowded(tx, realm, presented, now):
        return Reservation(realm, account, subject, None, 0, attempt, locked=True, held=held, crowded=True)
    reserved = reserve(tx, realm, account, subject, attempt, wire, code, now)
    return reserved if isinstance(reserved, Waiting) else replace(reserved, held=held)


def reserve(
    tx: Tx, realm: Realm, account: str, subject: Subject | None, attempt: Attempt, wire: str, code: str | None,
    now: Instant,
) -> Reservation | Waiting:  # fmt: skip
    """An attempt at this account's password is in flight, or is to be evaluated against the dummy alone."""
    # Under a lock without end nothing is reserved: what nobody settles would count as a failure (rules.md 4).
    shut = _shut_here(tx, realm, account, wire)
    if not shut:
        standing = _take(tx, realm, account, PASSWORD, now)
        if isinstance(standing, Waiting):
            return standing
        shut = isinstance(standing, Locked)
    stored = passwords.of(tx, subject.id) if subject is not None else None
    return Reservation(
        realm=realm, account=account, subject=subject, attempt=attempt, locked=shut, code=code,
        stored=None if shut or stored is None else stored.hash, version=0 if stored is None else stored.version,
    )  # fmt: skip


def settle_failure(tx: Tx, reservation: Reservation, actor: Actor, verb: str, reason: Reason, now: Instant) -> bool:
    """The failed attempt is counted and written down; whether it closed a lock that ends tokens of this wire.

    Safe     an unknown name is counted and not written down; an attempt under a lock is not even settled
    """
    realm = reservation.realm
    _count_address(tx, realm, actor, now)
    before, after = _settle(tx, realm, reservation.account, PASSWORD, False, actor.dialect, now)
    subject = reservation.subject
    if subject is None:
        return False
    closed = before.closed_on is None and after.closed_on is not None
    audit.write(
        tx, realm.id, actor, audit.Entry(verb, "refused", reason.value, subject.id, detail={"closed": closed}), now
    )
    return closed and not subject.built_in and _end_wire_tokens(tx, realm, subject, actor, now)


def evaluated(store: Engine, hasher: Hasher, reservation: Reservation) -> bool:
    """Whether the reserved attempt is right; one that found no room in the pool is given back and not counted."""
    try:
        return hasher.verify(reservation.stored, reservation.attempt)
    except Busy:
        give_back(store, reservation)
        raise


def give_back(store: Engine, reservation: Reservation) -> None:
    """The attempt that was reserved and came to nothing is in flight no more."""

    def job(tx: Tx) -> Kept:
        locks.change(tx, reservation.realm.id, reservation.account, PASSWORD, lockout.released, store.now())
        return Kept(None)

    if not reservation.locked:
        store.write(job)


def settle_success(tx: Tx, reservation: Reservation, wire: str, now: Instant) -> passwords.Password | None:
    """The right attempt cleared the count, if the password is still the one that was proved: its row, or None.

    Safe     where it was replaced meanwhile the attempt is denied, and so counted: nothing stays in flight
    """
    subject = reservation.subject
    stored = None if subject is None else passwords.held(tx, subject.id)
    held = stored is not None and stored.version == reservation.version
    _settle(tx, reservation.realm, reservation.account, PASSWORD, held, wire, now)
    return stored if held else None


def prove_code(
    tx: Tx, realm: Realm, subject: Subject, method: str, code: Secret, actor: Actor, verb: str, now: Instant
) -> Reason | None:
    """Reserve, evaluate and consume one code in one transaction: None when it was right.

    Safe     one success per factor and step, decided by a conditional write (A17, A18); the same code again
             within its step is refused and not counted (rules.md 6)
    """
    held = {f.kind: f for f in in_force(tx, realm, subject, actor.dialect)}
    factor = held.get(method)
    if factor is None:
        return Reason.STEP_UP_WRONG
    account = locks.account_of_subject(subject.id)
    standing = _take(tx, realm, account, method, now)
    if not isinstance(standing, Reserved):
        return Reason.STEP_UP_LOCKED
    verdict = _evaluate(tx, realm, factor, code, actor.dialect, now)
    if verdict == "replayed":
        locks.change(tx, realm.id, account, method, lockout.released, now)
        return Reason.STEP_UP_WRONG
    _settle(tx, realm, account, method, verdict == "right", actor.dialect, now)
    if verdict == "right":
        return None
    reason = Reason.STEP_UP_LOCKED if verdict == "spent" else Reason.STEP_UP_WRONG
    audit.write(tx, realm.id, actor, audit.Entry(verb, "refused", reason.value, subject.id), now)
    return reason


def in_force(tx: Tx, realm: Realm, subject: Subject, wire: str) -> tuple[Factor, ...]:
    """The confirmed factors of a subject that this realm asks for on that wire, the strongest first.

    Safe     a mailed code is one only where the wire carries it, and only to an address known to be the account's
    """
    if realm.settings.policy.two_factor == "off":
        return ()
    asked = (
        (*CODES, EMAIL)
        if mail_seconds(tx.catalogue.wires.get(wire), realm.settings) and subject.email_verified
        else CODES
    )
    held = {f.kind: f for f in factors.of(tx, subject.id) if f.confirmed}
    return tuple(held[kind] for kind in asked if kind in held)


def is_due(tx: Tx, realm: Realm, subject: Subject, held: tuple[Factor, ...]) -> bool:
    """Whether the realm or a role wants a factor that the subject has not got; a mailed code is none (rules.md 6)."""
    policy = realm.settings.policy.two_factor
    if policy == "off" or any(f.kind in CODES for f in held):
        return False
    return policy == "required" or roles.wants_factor(tx, subject.id)


def fresh(actor: Actor, rule: StepUpRule, now: Instant) -> bool:
    """Whether a proof was shown for this token lately enough, and from where the wire binds it to."""
    token = actor.token
    if token is None or token.stepped_up is None or token.stepped_up_with not in (None, *rule.recalled):
        return False
    window = window_of(actor.realm.settings, rule)
    bound = not rule.bound or token.stepped_up_by == origin(actor.agent, actor.address)
    return bound and token.stepped_up + window * SECOND > now


def window_of(settings: Settings, rule: StepUpRule) -> int:
    """Seconds for which a proof is remembered."""
    own = settings.number(rule.fresh_setting) if rule.fresh_setting else None
    return rule.fresh if own is None else own


def challenge(tx: Tx, own: Actor, subject: Subject, rule: StepUpRule, asked: str, now: Instant) -> Challenge | None:
    """What this wire would ask of a subject now; None when there is nothing to ask.

    Shapes   own: the actor in the subject's realm; asked: the method the request named, which wins only when it is
             one the subject has
    """
    realm, settings = own.realm, own.realm.settings
    held = [f.kind for f in in_force(tx, realm, subject, own.dialect)]
    methods = tuple(m for m in rule.methods if m in held)
    if methods:
        return Challenge(asked if asked in methods else methods[0], methods)
    grace = rule.grace_setting and not rule.strict and settings.flag(rule.grace_setting)
    if grace and subject.created + window_of(settings, rule) * SECOND > now:
        return None
    wanted = rule.fallback and (not rule.fallback_setting or settings.flag(rule.fallback_setting))
    wanted = wanted and settings.policy.two_factor != "off"
    if wanted and passwords.of(tx, subject.id) is not None:
        return Challenge(PASSWORD)
    return None


def is_locked(tx: Tx, realm: Realm, subject: Subject, factor: str, now: Instant) -> bool:
    """Whether no attempt at that factor may be made now."""
    return locks.get(tx, realm.id, locks.account_of_subject(subject.id), factor).until > now


def step_up_done(tx: Tx, actor: Actor, token: Token, method: str, now: Instant) -> None:
    """The proof that the actor just showed is remembered on that token, which it presented."""
    tokens.stepped_up(tx, token.id, origin(actor.agent, actor.address), method, now)


def _take(tx: Tx, realm: Realm, account: str, factor: str, now: Instant) -> Reserved | Waiting | Locked:
    limit = realm.settings.policy.lockout_attempts
    verdicts: list[Reserved | Waiting | Locked] = []

    def step(lock: Lock) -> Lock:
        verdict = lockout.reserve(lock, now, limit)
        verdicts.append(verdict)
        return lock if isinstance(verdict, Waiting) else verdict.lock

    locks.change(tx, realm.id, account, factor, step, now)
    return verdicts[-1]


def _settle(tx: Tx, realm: Realm, account: str, factor: str, held: bool, wire: str, now: Instant) -> tuple[Lock, Lock]:
    limit = realm.settings.policy.lockout_attempts
    lasting = _lasting(tx, realm) if factor == PASSWORD else frozenset()

    def step(lock: Lock) -> Lock:
        return lockout.settle(lock, now, limit, held, wire, lasting)

    return locks.change(tx, realm.id, account, factor, step, now)


def _shut_here(tx: Tx, realm: Realm, account: str, wire: str) -> bool:
    """A lock that a failure on this wire closed has no timed end here, where the realm says so (rules.md 4)."""
    return wire in _lasting(tx, realm) and locks.get(tx, realm.id, account, PASSWORD).closed_on == wire


def _lasting(tx: Tx, realm: Realm) -> frozenset[str]:
    """The wires whose locks somebody must open."""
    rules = tx.catalogue.wires.values()
    return frozenset(r.name for r in rules if r.locks and realm.settings.text(f"{r.name}.lockout") == "revoke")


def _end_wire_tokens(tx: Tx, realm: Realm, subject: Subject, actor: Actor, now: Instant) -> bool:
    if not _shut_here(tx, realm, locks.account_of_subject(subject.id), actor.dialect):
        return False
    count = tokens.end_wire(tx, subject.id, actor.dialect, "locked", now)
    entry = audit.Entry("users:lock", subject=subject.id, detail={"ended": count}, touches=f"subject:{subject.id}")
    audit.write(tx, realm.id, actor, entry, now)
    return True


def _evaluate(tx: Tx, realm: Realm, factor: Factor, code: Secret, wire: str, now: Instant) -> str:
    if factor.kind == EMAIL:
        return mail_codes.use(tx, factor.subject, wire, code.reveal(), now)
    if factor.kind == "recovery":
        text = totp.recovery_form(code.reveal())
        return "right" if text is not None and factors.consume_code(tx, factor, text, now) else "wrong"
    strict = realm.settings.policy.totp_strict
    match = totp.totp_match(factors.seed_of(tx, factor), code.reveal(), now, factor.last_step, strict)
    if isinstance(match, totp.Accepted):
        return "right" if factors.consume_step(tx, factor.id, match.step) else "replayed"
    return "replayed" if isinstance(match, totp.Replayed) else "wrong"


def _crowded(tx: Tx, realm: Realm, presented: Presented, now: Instant) -> bool:
    rule = tx.catalogue.wires[presented.dialect].address_limit
    if rule is None or not presented.address:
        return False
    account = locks.account_of_address(tx, realm.id, presented.address)
    return lockout.crowded(locks.get(tx, realm.id, account, ADDRESS), now, rule)


def _count_address(tx: Tx, realm: Realm, actor: Actor, now: Instant) -> None:
    """A wire that refuses addresses counts one failure more of this one; a success does not clear it.

    Safe     whoever has an account of their own would clear it between guesses at other people's (A19)
    """
    rule = tx.catalogue.wires[actor.dialect].address_limit
    if rule is None or not actor.address or actor.token is not None:
        return
    account = locks.account_of_address(tx, realm.id, actor.address)
    locks.change(tx, realm.id, account, ADDRESS, lambda lock: lockout.one_more(lock, now, rule), now)


def _split(attempt: Attempt) -> tuple[Attempt, str | None]:
    if attempt.password is None or "," not in attempt.password:
        return attempt, None
    password, code = attempt.password.rsplit(",", 1)
    return Attempt(password, None), code
