"""Users of a plan: made or brought up to date, with passwords, factors and roles."""

from typing import Any

from msgspec.structs import replace

from keyturn.core.factors import seed_from_base32
from keyturn.core.names import canonical, canonical_mail
from keyturn.core.outcomes import Denied, Named, Reason
from keyturn.core.plan import PlannedFactor, PlannedUser
from keyturn.core.policy import length
from keyturn.core.rules import DEFAULT_ROLE, STEWARDS, known_uuid
from keyturn.core.types import Frozen, Instant, Realm, Role, Subject
from keyturn.operations.bootstrap.ledger import (
    ADDED,
    CHANGED_SINCE,
    REINSTATED,
    RESET,
    REVOKED,
    SUSPENDED,
    UPDATED,
    Ledger,
)
from keyturn.operations.bootstrap.survey import IDS, standing
from keyturn.store import audit, factors, locks, passwords, roles, subjects, tokens
from keyturn.store.engine import Tx

DYING = ("session", "delegated", "reset")
PLAIN = ("login", "email", "display_name", "notify", "remote", "service")


class Known(Frozen):
    """What was worked out of passwords before the transaction, by place: hashes, and which are still the same."""

    hashes: dict[str, str]
    same: dict[str, bool]
    reset: bool = False


def put(tx: Tx, realm: Realm, user: PlannedUser, known: Known, ledger: Ledger, now: Instant) -> Subject | Denied | None:
    """The user is as planned, but for tokens and suspension; None when deleted since."""
    stands = standing(tx, realm.id, user)
    if stands.gone:
        ledger.keep(realm.name, "user", user.login, REVOKED)
        return None
    subject = stands.subject
    new = subject is None
    made = _insert(tx, realm, user, now) if subject is None else _update(tx, realm, subject, user, ledger, now)
    if isinstance(made, Denied):
        return made
    if new:
        ledger.change(realm.name, "user", user.login, ADDED)
    _roles(tx, realm, made, user, new, ledger, now)
    _password(tx, realm, made, user, known, new, ledger, now)
    for factor in user.factors:
        _factor(tx, realm, made, factor, new, ledger, now)
    return made


def reinstate(tx: Tx, realm: Realm, subject: Subject, user: PlannedUser, ledger: Ledger, now: Instant) -> Subject:
    """The user may act again where the file says so in so many words; what it does not say stays."""
    if user.suspended is not False or not subjects.reinstate(tx, subject.id, now):
        return subject
    ledger.change(realm.name, "user", user.login, REINSTATED)
    ledger.touch(realm.id, subject.id)
    return subjects.by_id(tx, subject.id) or subject


def suspend(tx: Tx, realm: Realm, subject: Subject, user: PlannedUser, ledger: Ledger, now: Instant) -> None:
    """The user may not act where the file says so.

    Safe     after the tokens: a suspended user's tokens are dead, and reinstating revives none (rules.md 5)
    """
    if user.suspended is True and subjects.suspend(tx, subject.id, now):
        tokens.end_acts(tx, subject.id, "actor suspended", now)
        ledger.change(realm.name, "user", user.login, SUSPENDED)
        ledger.touch(realm.id, subject.id)


def _insert(tx: Tx, realm: Realm, user: PlannedUser, now: Instant) -> Subject | Denied:
    new = subjects.NewSubject(
        realm.id, user.login, user.email or "", email_verified=bool(user.email and user.email_verified),
        display_name=user.display_name or "", service=bool(user.service), remote=bool(user.remote),
        uuid=user.uuid or _first(tx, user), number=user.number, handle=user.handle, notify=user.notify or (),
        attributes=user.attributes,
    )  # fmt: skip
    return subjects.insert(tx, new, now) or Denied(Reason.CONFLICT, Named("user", user.at))


def _first(tx: Tx, user: PlannedUser) -> str | None:
    """The uuid that scripts carry for the first administrator."""
    first = STEWARDS in (user.roles or ()) and not subjects.steward_exists(tx)
    return known_uuid(canonical(user.login)) if first else None


def _update(
    tx: Tx, realm: Realm, subject: Subject, user: PlannedUser, ledger: Ledger, now: Instant
) -> Subject | Denied:
    if any(getattr(user, name) not in (None, getattr(subject, name)) for name in IDS):
        ledger.keep(realm.name, "user", user.login, CHANGED_SINCE)
    planned: dict[str, Any] = {name: v for name in PLAIN if (v := getattr(user, name)) is not None}
    mail = planned.get("email", subject.email)
    moved = canonical_mail(mail) != canonical_mail(subject.email)
    verified = subject.email_verified and not moved if user.email_verified is None else user.email_verified
    attributes = {w: {**subject.attributes.get(w, {}), **given} for w, given in user.attributes.items()}
    wanted = replace(
        subject, **planned, email_verified=bool(mail) and verified, attributes={**subject.attributes, **attributes}
    )
    if wanted == subject:
        return subject
    if subjects.update(tx, wanted, now) is not None:
        return Denied(Reason.CONFLICT, Named("user", user.at))
    if moved:
        tokens.end_kinds(tx, subject.id, ("reset",), "mail address changed", now)
    ledger.change(realm.name, "user", user.login, UPDATED)
    ledger.touch(realm.id, subject.id)
    return subjects.by_id(tx, subject.id) or subject


def _roles(tx: Tx, realm: Realm, subject: Subject, user: PlannedUser, new: bool, ledger: Ledger, now: Instant) -> None:
    names = (DEFAULT_ROLE,) if user.roles is None else user.roles
    if user.roles is None and not new:
        return
    given: tuple[Role, ...] = tuple(r for name in names if (r := roles.by_name(tx, realm.id, name)) is not None)
    held, wanted = {r.id for r in roles.held(tx, subject.id)}, {r.id for r in given}
    if held == wanted:
        return
    roles.assign(tx, realm.id, subject.id, given)
    if held - wanted:
        tokens.end_acts(tx, subject.id, "role lost", now)
    if not new:
        ledger.change(realm.name, "roles", user.login, UPDATED)
        ledger.touch(realm.id, subject.id)


def _password(
    tx: Tx, realm: Realm, subject: Subject, user: PlannedUser, known: Known, new: bool, ledger: Ledger, now: Instant
) -> None:
    """Written when there is none yet, or when it is to be reset; else a difference is told."""
    if user.password is None and user.password_hash is None:
        return
    stored = passwords.of(tx, subject.id)
    if stored is not None and not known.reset:
        if not _same(stored, user, known):
            ledger.keep(realm.name, "password", user.login, CHANGED_SINCE)
        return
    hashed = known.hashes.get(user.at) if user.password_hash is None else user.password_hash.reveal()
    if hashed is None:
        ledger.keep(realm.name, "password", user.login, CHANGED_SINCE)
        return
    size = 0 if user.password is None else length(user.password)
    passwords.put(tx, realm.id, subject.id, hashed, user.must_change, size, now)
    if not new:
        locks.rebind(tx, realm.id, subject.id, "password", now)
        tokens.end_kinds(tx, subject.id, DYING, "password set", now)
        ledger.change(realm.name, "password", user.login, RESET if stored is not None else ADDED)
        ledger.touch(realm.id, subject.id)


def _same(stored: passwords.Password, user: PlannedUser, known: Known) -> bool:
    """Whether the stored password is still the file's; a hash made elsewhere is renewed at the first sign-in."""
    if user.password_hash is None:
        return known.same.get(user.at, False)
    return stored.version == 1 or stored.hash == user.password_hash.reveal()


def _factor(
    tx: Tx, realm: Realm, subject: Subject, planned: PlannedFactor, new: bool, ledger: Ledger, now: Instant
) -> None:
    """Written when there is none of its kind and never was one; a difference is told."""
    name = f"{subject.login} {planned.kind}"
    seed = None if planned.secret is None else seed_from_base32(planned.secret.reveal())
    held = next((f for f in factors.of(tx, subject.id) if f.kind == planned.kind and f.confirmed), None)
    if held is not None:
        if seed is not None and factors.seed_of(tx, held) != seed:
            ledger.keep(realm.name, "factor", name, CHANGED_SINCE)
        return
    if not new and any(d.get("kind") == planned.kind for d in audit.done_to(tx, subject.id, "factors:remove")):
        ledger.keep(realm.name, "factor", name, REVOKED)
        return
    factors.add(tx, realm.id, subject.id, planned.kind, seed, True, now)
    if not new:
        # Other sessions never showed it (rules.md 5).
        tokens.end_kinds(tx, subject.id, ("session",), "factor switched on", now)
        ledger.touch(realm.id, subject.id)
    ledger.change(realm.name, "factor", name, ADDED)
