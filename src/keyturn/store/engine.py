"""Opens SQLite or PostgreSQL; one way to read and one way to write, whatever is underneath."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from keyturn.core.settings import Choices, Setting, defaults
from keyturn.core.types import Frozen, Instant, WireRule
from keyturn.store.sealing import KeyRing

Row = Sequence[Any]
Clock = Callable[[], int]
"""Microseconds since 1970 UTC; given where time is to be somebody else's than the store's own."""


class Unavailable(Exception):
    """The store does not answer; whether a change took place is not known (503 on every wire)."""


class Contended(Unavailable):
    """Another transaction holds what this one waits for, and did not end in time."""


class Catalogue:
    """What the wires brought along: their rules for minting, and every setting a realm may have.

    One object per process, compared by identity, so that it can be the key of a cache.
    """

    __slots__ = ("_defaults", "home", "settings", "wires")

    def __init__(self, wires: dict[str, WireRule], settings: dict[str, Setting], home: Choices | None = None) -> None:
        self.wires = wires
        self.settings = settings
        self.home = home or Choices()
        """What the home realm has where it chose nothing."""
        self._defaults = defaults(settings.values())

    def defaults(self) -> dict[str, Any]:
        """Every setting's value where a realm says nothing."""
        return self._defaults


class Sql(Frozen):
    """One statement in two texts, where the engines do not understand the same one."""

    sqlite: str
    postgresql: str


class Tx(Protocol):
    """One open transaction. Parameters are $1..$n; a row is a sequence in the order of the columns."""

    ring: KeyRing
    mark: str
    catalogue: Catalogue
    chains: bool
    """Whether one statement may change two tables here."""

    def one(self, sql: str | Sql, *args: Any) -> Row | None:
        """The first row, or None."""
        ...

    def all(self, sql: str | Sql, *args: Any) -> list[Row]:
        """All rows."""
        ...

    def run(self, sql: str | Sql, *args: Any) -> int:
        """The number of rows that changed."""
        ...

    def many(self, sql: str | Sql, rows: Iterable[Sequence[Any]]) -> int:
        """The same statement, one without RETURNING, once for each row of parameters: how many rows changed in all."""
        ...


class Kept(Frozen):
    """What a job returns to have its transaction kept."""

    value: Any
    kills: bool = False


class Undone(Frozen):
    """What a job returns to have its transaction rolled back; `then` runs in one of its own afterwards."""

    value: Any
    then: "Callable[[Tx], Kept] | None" = None


class Committed(Frozen):
    """What was kept or undone, durable now; `kills` when a credential may have ended in it."""

    value: Any
    kills: bool
    xid: int = 0
    server: str = ""


Job = Callable[[Tx], Kept | Undone]


class Engine(Protocol):
    """A store under way: the two implementations are `sqlite.py` and `postgres.py`."""

    name: str
    ring: KeyRing
    catalogue: Catalogue

    def read(self, job: Callable[[Tx], Any]) -> Any:
        """What `job` returns, run on one consistent view; it writes nothing."""
        ...

    def write(self, job: Job) -> Committed:
        """What came of `job`, durable; Unavailable when that cannot be said."""
        ...

    def now(self) -> Instant:
        """The store's clock; it never runs backwards."""
        ...

    def close(self) -> None:
        """Every connection is given back."""
        ...


def dialect_of(url: str) -> str:
    """`sqlite` or `postgresql`, from a database URL; ValueError in a sentence for anything else."""
    if url.startswith("sqlite:///"):
        return "sqlite"
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql"
    raise ValueError("database wants sqlite:///FILE or postgresql://USER@HOST/NAME")
