"""SQLite: readers of their own, and one writer thread that commits what is queued together."""

import contextlib
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from keyturn.core.types import Instant
from keyturn.store.engine import Catalogue, Clock, Committed, Job, Kept, Row, Sql, Tx, Unavailable
from keyturn.store.sealing import KeyRing

log = logging.getLogger("keyturn.store")
GROUP = 512
"""Jobs that share one commit at most; more would only delay the first of them."""
CROWD = 4
GATHERING = 0.0001
GATHERINGS = 5
"""From that many in the last group on, wait so long, so often at most, while more arrive."""
MAPPED = 256 * 1024 * 1024
"""So much of the file is read where it lies in memory; by the one writer a quarter, since a long import would
otherwise hold all that it wrote."""
WAIT, POLL = 5.0, 0.002
"""Seconds that another program's write is waited for, and how often it is asked whether that is over."""
ENDED = (sqlite3.OperationalError, sqlite3.DatabaseError)
Tell = Callable[[Committed | None, BaseException | None], None]
Done = tuple[Tell, Committed | None, BaseException | None]
KEYS = tuple(str(n) for n in range(1, 41))


class SqliteTx:
    """One transaction on one SQLite connection."""

    chains = False
    __slots__ = ("_connection", "catalogue", "mark", "ring")

    def __init__(self, connection: sqlite3.Connection, ring: KeyRing, mark: str, catalogue: Catalogue) -> None:
        self._connection = connection
        self.ring = ring
        self.mark = mark
        self.catalogue = catalogue

    def _execute(self, sql: str | Sql, args: tuple[Any, ...]) -> sqlite3.Cursor:
        text = sql if isinstance(sql, str) else sql.sqlite
        return self._connection.execute(text, dict(zip(KEYS, args, strict=False)))

    def one(self, sql: str | Sql, *args: Any) -> Row | None:
        """The first row, or None; the cursor is closed, since a half-read one freezes what is seen."""
        cursor = self._execute(sql, args)
        row: Row | None = cursor.fetchone()
        cursor.close()
        return row

    def all(self, sql: str | Sql, *args: Any) -> list[Row]:
        """All rows."""
        return self._execute(sql, args).fetchall()

    def run(self, sql: str | Sql, *args: Any) -> int:
        """The number of rows that changed."""
        return self._execute(sql, args).rowcount

    def many(self, sql: str | Sql, rows: Iterable[Sequence[Any]]) -> int:
        """How many rows changed in all."""
        text = sql if isinstance(sql, str) else sql.sqlite
        given = (dict(zip(KEYS, row, strict=False)) for row in rows)
        return max(0, self._connection.executemany(text, given).rowcount)


class SqliteEngine:
    """A SQLite store under way."""

    name = "sqlite"

    def __init__(self, path: Path, ring: KeyRing, mark: str, catalogue: Catalogue, clock: Clock | None = None) -> None:
        self.ring = ring
        self.catalogue = catalogue
        self._time = clock or _system_time
        self._path = path
        self._mark = mark
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._newest = 0
        self._clock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Job, Tell] | None] = queue.SimpleQueue()
        self._closed = False
        self._door = threading.Lock()
        self._last = 1
        self._writer = threading.Thread(target=self._write_groups, name="writer", daemon=True)
        self._writer.start()

    def now(self) -> Instant:
        """The system clock in microseconds; it never runs backwards."""
        with self._clock:
            self._newest = max(self._newest, self._time())
            return Instant(self._newest)

    def read(self, job: Callable[[Tx], Any]) -> Any:
        """What `job` returns, run on one consistent view of this thread's own connection."""
        try:
            tx = self._reader()
            tx._connection.execute("BEGIN")
            try:
                return job(tx)
            finally:
                tx._connection.execute("ROLLBACK")
        except ENDED as error:
            raise Unavailable(str(error)) from error

    def write(self, job: Job) -> Committed:
        """What came of `job`, after the commit that holds it."""
        future: Future[Committed] = Future()

        def tell(committed: Committed | None, error: BaseException | None) -> None:
            if error is not None:
                future.set_exception(error)
            elif committed is not None:
                future.set_result(committed)

        self.submit(job, tell)
        return future.result()

    def submit(self, job: Job, tell: Tell) -> None:
        """`job` is queued for the writer, which calls `tell` on its own thread after the commit."""
        with self._door:
            if not self._closed:
                self._queue.put((job, tell))
                return
        tell(None, Unavailable("the store is closed"))

    def close(self) -> None:
        """The writer has finished what was queued; every connection is closed."""
        with self._door:
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        for connection in self._readers:
            connection.close()

    def _reader(self) -> SqliteTx:
        tx: SqliteTx | None = getattr(self._local, "tx", None)
        if tx is None:
            connection = connect(self._path, readonly=True)
            self._readers.append(connection)
            tx = self._local.tx = SqliteTx(connection, self.ring, self._mark, self.catalogue)
        return tx

    def _write_groups(self) -> None:
        connection: sqlite3.Connection | None = None
        while (first := self._queue.get()) is not None:
            group = [first]
            self._gather()
            stop = False
            while len(group) < GROUP:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    stop = True
                    break
                group.append(more)
            try:
                connection = connection or connect(self._path, readonly=False)
                done = self._commit_group(connection, group)
                self._last = len(group)
            except BaseException as error:
                # SQLite ended the whole transaction (disk full, I/O error, no memory, locked by another
                # program): nobody in the group may hear yes, so everybody hears that it is not known.
                done = [(tell, None, Unavailable(str(error))) for _, tell in group]
                _abandon(connection)
                connection = None
            _tell(done)
            if stop:
                break
        self._refuse_the_rest()
        if connection is not None:
            connection.close()

    def _refuse_the_rest(self) -> None:
        """Nobody waits for a writer that has ended."""
        with self._door:
            self._closed = True
        while not self._queue.empty():
            if (left := self._queue.get()) is not None:
                _tell([(left[1], None, Unavailable("the store is closed"))])

    def _gather(self) -> None:
        """While many write at once, a group waits for those that are just arriving.

        One commit for sixteen is cheaper than four for four, and the loop that reads requests is not
        interrupted at every statement; a lone writer never waits.
        """
        if self._last < CROWD:
            return
        for _ in range(GATHERINGS):
            waiting = self._queue.qsize()
            time.sleep(GATHERING)
            if self._queue.qsize() == waiting:
                return

    def _commit_group(self, connection: sqlite3.Connection, group: list[tuple[Job, Tell]]) -> list[Done]:
        done: list[Done] = []
        tx = SqliteTx(connection, self.ring, self._mark, self.catalogue)
        _begin(connection)
        for job, tell in group:
            connection.execute("SAVEPOINT job")
            try:
                done.append((tell, _settled(connection, tx, job), None))
            except BaseException as error:
                if not connection.in_transaction:
                    raise
                connection.execute("ROLLBACK TO job")
                failed = Unavailable(str(error)) if isinstance(error, sqlite3.OperationalError) else error
                done.append((tell, None, failed))
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
        return done


def _tell(done: list[Done]) -> None:
    """Everybody who waits is told; whoever cannot be any more keeps nobody else from it."""
    for tell, committed, failed in done:
        try:
            tell(committed, failed)
        except Exception:  # one caller who is gone must not end the writer of all others
            log.exception("what came of a change could not be told")


def _begin(connection: sqlite3.Connection) -> None:
    """The write lock is this connection's.

    Safe     SQLite's own waiting asks ten times a second at last, and so may never meet the moment in which another
             program that writes one batch after the other (an import, a purge) lets go
    """
    deadline = time.monotonic() + WAIT
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while not _begun(connection, time.monotonic() > deadline):
            time.sleep(POLL)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {WAIT * 1000:.0f}")


def _begun(connection: sqlite3.Connection, last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _system_time() -> int:
    return time.time_ns() // 1000


def _settled(connection: sqlite3.Connection, tx: SqliteTx, job: Job) -> Committed:
    result = job(tx)
    if isinstance(result, Kept):
        return Committed(result.value, result.kills)
    connection.execute("ROLLBACK TO job")
    kept = result.then(tx) if result.then is not None else Kept(None)
    return Committed(result.value, kept.kills)


def _abandon(connection: sqlite3.Connection | None) -> None:
    if connection is None:
        return
    # Whatever is left of it, the next group begins with a connection of its own.
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    with contextlib.suppress(sqlite3.Error):
        connection.close()


def connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """A connection with our pragmas; a file that is made is readable by its owner alone."""
    if not readonly and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        f"file:{path}", uri=True, isolation_level=None, check_same_thread=False, timeout=WAIT, cached_statements=512
    )
    if readonly:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
    # FULL: an acknowledged revocation survives a power loss (reliability.md E8).
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA mmap_size = {MAPPED if readonly else MAPPED // 4}")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection
