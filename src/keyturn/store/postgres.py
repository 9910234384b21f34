"""PostgreSQL: a pool of connections, one transaction a job, a clock estimated from the database's own."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from keyturn.core.types import Instant
from keyturn.store.engine import Catalogue, Clock, Committed, Contended, Job, Kept, Row, Sql, Tx, Unavailable
from keyturn.store.sealing import KeyRing

LARGEST_POOL = 24
WAIT_FOR_CONNECTION = 3.0
CONFIGURE = (
    "SET lock_timeout = '5s'; SET statement_timeout = '10s'; "
    "SET idle_in_transaction_session_timeout = '5s'; SET jit = off"
)
CLOCK_SQL = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, PoolTimeout)
"""The database does not do what it is asked: gone, a standby or read-only, or it ended the session or transaction."""
RETRIED = (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation)


class PostgresTx:
    """One transaction on one PostgreSQL connection."""

    chains = True
    __slots__ = ("_cursor", "catalogue", "mark", "ring")

    def __init__(self, cursor: Any, ring: KeyRing, mark: str, catalogue: Catalogue) -> None:
        self._cursor = cursor
        self.ring = ring
        self.mark = mark
        self.catalogue = catalogue

    def _execute(self, sql: str | Sql, args: tuple[Any, ...]) -> Any:
        text = sql if isinstance(sql, str) else sql.postgresql
        return self._cursor.execute(text, args, prepare=True)

    def one(self, sql: str | Sql, *args: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._execute(sql, args).fetchone()
        return row

    def all(self, sql: str | Sql, *args: Any) -> list[Row]:
        """All rows."""
        rows: list[Row] = self._execute(sql, args).fetchall()
        return rows

    def run(self, sql: str | Sql, *args: Any) -> int:
        """The number of rows that changed."""
        count: int = self._execute(sql, args).rowcount
        return count

    def many(self, sql: str | Sql, rows: Iterable[Sequence[Any]]) -> int:
        """How many rows changed in all; they are sent in one go."""
        self._cursor.executemany(sql if isinstance(sql, str) else sql.postgresql, rows)
        count: int = self._cursor.rowcount
        return max(0, count)


class _Undo(Exception):
    """Rolls a transaction back without being a fault."""


class PostgresEngine:
    """A PostgreSQL store under way."""

    name = "postgresql"

    def __init__(self, url: str, ring: KeyRing, mark: str, catalogue: Catalogue, clock: Clock | None = None) -> None:
        self.ring = ring
        self.catalogue = catalogue
        self._time = clock or self._estimate
        self._mark = mark
        self._newest = 0
        self._lock = threading.Lock()
        self._offset = 0
        self._stop = threading.Event()
        self._pool: ConnectionPool[Any] = ConnectionPool(
            url,
            min_size=2,
            max_size=LARGEST_POOL,
            timeout=WAIT_FOR_CONNECTION,
            kwargs={"cursor_factory": psycopg.RawCursor, "row_factory": tuple_row, "connect_timeout": 3},
            configure=_configure,
            open=True,
        )
        self._read_clock()
        self._beat = threading.Thread(target=self._keep_clock, name="clock", daemon=True)
        self._beat.start()

    def now(self) -> Instant:
        """An estimate of the database's clock, renewed every second; it never runs backwards."""
        with self._lock:
            self._newest = max(self._newest, self._time())
            return Instant(self._newest)

    def read(self, job: Callable[[Tx], Any]) -> Any:
        """What `job` returns, run in one transaction that is rolled back."""
        try:
            with self._pool.connection() as connection, connection.transaction(force_rollback=True):
                return job(self._tx(connection))
        except AWAY as error:
            raise Unavailable(str(error)) from error

    def write(self, job: Job) -> Committed:
        """What came of `job`, after its commit.

        Safe     a deadlock or a lost race on a unique key rolled everything back, so the job is run once more
        """
        try:
            try:
                return self._write_once(job)
            except RETRIED:
                return self._write_once(job)
        except errors.LockNotAvailable as error:
            raise Contended(str(error)) from error
        except (*AWAY, *RETRIED) as error:
            raise Unavailable(str(error)) from error

    def close(self) -> None:
        """Every connection is closed."""
        self._stop.set()
        self._beat.join()
        self._pool.close()

    def _write_once(self, job: Job) -> Committed:
        with self._pool.connection() as connection:
            notices: list[str] = []
            connection.add_notice_handler(keep := _notices(notices))
            try:
                result = self._transact(connection, job)
            finally:
                connection.remove_notice_handler(keep)
            if any("synchronous replication" in text for text in notices):
                # The commit is local only: no standby confirmed it, so nobody may hear yes (T16).
                raise Unavailable("the commit was not confirmed by a standby")
            return result

    def _transact(self, connection: Any, job: Job) -> Committed:
        result: Any = None
        try:
            with connection.transaction():
                result = job(self._tx(connection))
                if not isinstance(result, Kept):
                    raise _Undo
        except _Undo:
            kept = Kept(None)
            if result.then is not None:
                with connection.transaction():
                    kept = result.then(self._tx(connection))
            return Committed(result.value, kept.kills)
        return Committed(result.value, result.kills)

    def _tx(self, connection: Any) -> PostgresTx:
        return PostgresTx(connection.cursor(), self.ring, self._mark, self.catalogue)

    def _keep_clock(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self._read_clock()
            except (psycopg.Error, PoolTimeout):
                continue  # the last estimate goes on; requests meet the dead database themselves

    def _estimate(self) -> int:
        return time.time_ns() // 1000 + self._offset

    def _read_clock(self) -> None:
        with self._pool.connection() as connection:
            before = time.time_ns() // 1000
            row = connection.execute(CLOCK_SQL).fetchone()
            after = time.time_ns() // 1000
        self._offset = row[0] - (before + after) // 2


def _notices(into: list[str]) -> Callable[[Any], None]:
    return lambda diagnostic: into.append(diagnostic.message_primary or "")


def _configure(connection: Any) -> None:
    for statement in CONFIGURE.split("; "):
        connection.execute(statement)
    connection.commit()
