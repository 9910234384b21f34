"""What the activity and status doors of this wire tell."""

import msgspec

from keyturn.core.types import Frozen


class Thing(Frozen):
    """Who did it, or to whom or what it was done."""

    id: str
    name: str


class TypedThing(Thing):
    """The same, with its type."""

    type: str


class Event(Frozen):
    """What happened, in a sentence."""

    message: str


class Commit(Frozen):
    """One act."""

    object: Thing
    subject: Thing
    timestamp: str
    events: tuple[Event, ...]


class Activity(Frozen):
    """A part of what was done, and how much there is."""

    commits: tuple[Commit, ...]
    total: int = msgspec.field(name="total-rows")


class CommitV2(Frozen):
    """One act, as the second version tells it."""

    objects: tuple[TypedThing, ...]
    subject: TypedThing
    timestamp: str
    ip_address: str
    events: tuple[Event, ...]


class Part(Frozen):
    """Which part of how many."""

    total: int
    limit: int
    offset: int


class ActivityV2(Frozen):
    """A part of what was done, as the second version tells it."""

    commits: tuple[CommitV2, ...]
    pagination: Part


class State(Frozen):
    """What a part of the server says of itself."""

    service_version: str
    service_status_version: int
    detail_level: str
    state: str
    status: dict[str, bool]
    active_alerts: tuple[str, ...] = ()
