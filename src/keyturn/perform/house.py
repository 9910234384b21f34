"""What the door works with, what it hands back, and the little that all its parts need."""

from collections.abc import Callable
from typing import Any

from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Actor, Assurance, Effect, Frozen, Instant, Presented, Realm
from keyturn.perform import proofs
from keyturn.perform.hashing import Hasher
from keyturn.perform.recognise import realm_without_token
from keyturn.store import audit, realms
from keyturn.store.engine import Committed, Engine, Tx, Unavailable

UNWRITTEN = frozenset(
    {Reason.MALFORMED, Reason.RATE_LIMITED, Reason.IN_PROGRESS, Reason.IDEMPOTENCY_MISMATCH, Reason.IDEMPOTENCY_EXPIRED}
)
"""Refusals that are no refused wish: nothing was understood, or it is another wish's key."""


class House(Frozen):
    """What the door works with: the store, the hash pool, the note-taker of uses, and how a kill settles."""

    store: Engine
    hasher: Hasher
    note_use: Callable[[bytes, Instant, str, str], None]
    settle: Callable[[Committed], None]
    posted: Callable[[], None] = lambda: None
    """Mail lies in the outbox: whoever hands it over may look."""


class Answered(Frozen):
    """What came of a wish, and the settings in force where it was made."""

    outcome: Any
    settings: Settings
    actor: Actor | None = None
    mails: bool = False
    """Mail lies in the outbox for it."""


class Shown(Frozen):
    """The proofs that were right, before the wish itself."""

    reservation: proofs.Reservation | None = None
    stepped_up: bool = False
    method: str = ""
    """Which factor was shown at a sign-in."""
    remembered: bool = False
    """Whether the presented token remembers the proof, also where the wish itself is refused afterwards."""


def settled(house: House, row_effect: Effect, committed: Committed) -> None:
    """A wish that may have killed has settled: only then may its answer leave."""
    if row_effect is Effect.KILL or committed.kills:
        house.settle(committed)


def is_written(denied: Denied, actor: Actor | None) -> bool:
    """Whether a refusal has a line: it was the wish of a recognised actor (rules.md 9)."""
    known = actor is not None and (actor.subject is not None or actor.local)
    return known and denied.reason not in UNWRITTEN


def write_refused(tx: Tx, verb: str, denied: Denied, actor: Actor, now: Instant) -> None:
    """The `refused` line of a wish is part of this transaction."""
    about = actor.about or actor.subject
    number = None if about is None else about.id
    audit.write(tx, actor.realm.id, actor, audit.Entry(verb, "refused", denied.reason.value, number), now)


def bystander(presented: Presented, realm: Realm) -> Actor:
    """Nobody known, in that realm, from where the request came."""
    return Actor(
        dialect=presented.dialect, realm=realm, assurance=Assurance.NOBODY, address=presented.address,
        agent=presented.agent, request_id=presented.request_id,
    )  # fmt: skip


def settings_for(house: House, presented: Presented) -> Settings:
    """The settings of the realm that a request without a token means; the usual ones where the store is away."""

    def job(tx: Tx) -> Settings:
        realm = realm_without_token(tx, presented)
        return realms.home(tx).settings if isinstance(realm, Denied) else realm.settings

    try:
        settings: Settings = house.store.read(job)
    except Unavailable:
        return plain_settings(house)
    return settings


def plain_settings(house: House) -> Settings:
    """Every setting's default: what a refusal is told by while no realm is known."""
    return Settings(values=house.store.catalogue.defaults())
