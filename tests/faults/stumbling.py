"""A store that fails when it is told to: at a statement, before the commit, or after it."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg

from keyturn.core.types import Instant
from keyturn.store.engine import Committed, Engine, Job, Kept, Row, Sql, Tx, Unavailable, Undone

ERRORS: dict[str, Callable[[], Exception]] = {
    "sqlite": lambda: sqlite3.OperationalError("disk I/O error"),
    "postgresql": lambda: psycopg.OperationalError("the server closed the connection"),
}


class StumblingTx:
    """A transaction that counts its statements, and fails at one."""

    def __init__(self, tx: Tx, store: "StumblingStore") -> None:
        self._tx = tx
        self._store = store
        self.ring, self.mark, self.catalogue, self.chains = tx.ring, tx.mark, tx.catalogue, tx.chains

    def one(self, sql: str | Sql, *args: Any) -> Row | None:
        """The first row, or None."""
        self._store.step()
        return self._tx.one(sql, *args)

    def all(self, sql: str | Sql, *args: Any) -> list[Row]:
        """All rows."""
        self._store.step()
        return self._tx.all(sql, *args)

    def run(self, sql: str | Sql, *args: Any) -> int:
        """The number of rows that changed."""
        self._store.step()
        return self._tx.run(sql, *args)

    def many(self, sql: str | Sql, rows: Iterable[Sequence[Any]]) -> int:
        """How many rows changed in all."""
        self._store.step()
        return self._tx.many(sql, rows)


class StumblingStore:
    """A store over another one; `at` is the statement that fails, counted over all transactions, 0 = none.

    Shapes   lost: how many commits from now the word of them gets lost, 0 = none
    """

    def __init__(self, store: Engine) -> None:
        self._store = store
        self.name, self.ring, self.catalogue = store.name, store.ring, store.catalogue
        self.at = self.count = self.lost = 0

    def step(self) -> None:
        """One statement more; the chosen one fails as the engine's own would."""
        self.count += 1
        if self.count == self.at:
            raise ERRORS[self.name]()

    def arm(self, at: int = 0, lost: int = 0) -> None:
        """From now on the statement of that number fails, or the word of that commit gets lost."""
        self.at, self.lost, self.count = at, lost, 0

    def read(self, job: Callable[[Tx], Any]) -> Any:
        """What `job` returns."""
        return self._store.read(lambda tx: job(StumblingTx(tx, self)))

    def write(self, job: Job) -> Committed:
        """What came of `job`; Unavailable when its word was lost on the way."""
        committed = self._store.write(self._stumbling(job))
        if self.lost:
            self.lost -= 1
            if self.lost == 0:
                raise Unavailable("the answer was lost")
        return committed

    def now(self) -> Instant:
        """The store's clock."""
        return self._store.now()

    def close(self) -> None:
        """The store beneath is closed."""
        self._store.close()

    def _stumbling(self, job: Job) -> Job:
        def stumbling(tx: Tx) -> Kept | Undone:
            done = job(StumblingTx(tx, self))
            if isinstance(done, Undone) and (then := done.then) is not None:
                return Undone(done.value, lambda after: then(StumblingTx(after, self)))
            return done

        return stumbling
