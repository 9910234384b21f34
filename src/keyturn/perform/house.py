"""What the door works with, what it hands back, and the little that all its parts need."""

from collections.abc import Callable
from typing import Any

from keyturn.core.outcomes import Denied
from keyturn.core.settings import Settings
from keyturn.core.types import Actor, Assurance, Effect, Frozen, Instant, Presented, Realm
from keyturn.perform import proofs
from keyturn.perform.hashing import Hasher
from keyturn.perform.recognise import realm_without_token
from keyturn.store import realms
from keyturn.store.engine import Committed, Engine, Tx


class House(Frozen):
    """What the door works with: the store, the hash pool, the note-taker of uses, and how a kill settles."""

    store: Engine
    hasher: Hasher
    note_use: Callable[[bytes, Instant, str, str], None]
    settle: Callable[[Committed], None]


class Answered(Frozen):
    """What came of a wish, and the settings in force where it was made."""

    outcome: Any
    settings: Settings
    actor: Actor | None = None


class Shown(Frozen):
    """The proofs that were right, before the wish itself."""

    reservation: proofs.Reservation | None = None
    stepped_up: bool = False
    remembered: bool = False
    """Whether the presented token remembers the proof, also where the wish itself is refused afterwards."""


def settled(house: House, row_effect: Effect, committed: Committed) -> None:
    """A wish that may have killed has settled: only then may its answer leave."""
    if row_effect is Effect.KILL or committed.kills:
        house.settle(committed)


def bystander(presented: Presented, realm: Realm) -> Actor:
    """Nobody known, in that realm, from where the request came."""
    return Actor(
        dialect=presented.dialect, realm=realm, assurance=Assurance.NOBODY, address=presented.address,
        agent=presented.agent, request_id=presented.request_id,
    )  # fmt: skip


def settings_for(house: House, presented: Presented) -> Settings:
    """The settings of the realm that a request without a token means."""

    def job(tx: Tx) -> Settings:
        realm = realm_without_token(tx, presented)
        return realms.home(tx).settings if isinstance(realm, Denied) else realm.settings

    settings: Settings = house.store.read(job)
    return settings


def plain_settings(house: House) -> Settings:
    """Every setting's default: what a refusal is told by while no realm is known."""
    return Settings(values=house.store.catalogue.defaults())
