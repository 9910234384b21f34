"""T10, T08: a server killed in the middle of writing has lost nothing it acknowledged, and has done nothing by half."""

import contextlib
import hashlib
import http.client
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.faults.writers import HOST, PATIENCE, Caller, Held, Told, Unanswered, Wish, Writer, writing

KILLS = int(os.environ.get("KEYTURN_KILLS", "30"))
WRITERS = 8
EARLIEST, LATEST = 0.005, 0.4
"""Seconds after the first request within which the server is killed."""
READY_WITHIN = 2.0
LARGEST_QUESTION = 1000
KEYTURN = (sys.executable, "-m", "keyturn")
DATABASE = "keyturn.db"

ROWS = (
    "SELECT a.id, a.agent, a.verb, a.result, a.request, a.token, a.kills, t.id IS NOT NULL FROM audit a"
    " LEFT JOIN tokens t ON t.uuid = a.token WHERE a.id > ? ORDER BY a.id"
)
LIVE = "SELECT t.ended IS NULL AND x.ends IS NULL FROM secrets x JOIN tokens t ON t.id = x.token WHERE x.digest = ?"
HALF = (
    # A live token whose secret was taken and not replaced, or replaced and not taken.
    "SELECT count(*) FROM tokens t WHERE t.ended IS NULL"
    " AND (SELECT count(*) FROM secrets x WHERE x.token = t.id AND x.ends IS NULL) <> 1",
    # A token that somebody asked for at the server, without the line that says so.
    "SELECT count(*) FROM tokens t WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.token = t.uuid)"
    " AND t.created > (SELECT max(a.at) FROM audit a WHERE a.verb = 'bootstrap:apply')",
    # A key taken by a change that is not there.
    "SELECT count(*) FROM answers WHERE sealed IS NULL",
)


class Line(NamedTuple):
    """One line of the audit log, and whether the token it names is there."""

    id: int
    agent: str
    verb: str
    result: str
    request: str
    token: str | None
    kills: int
    there: int


class Server:
    """`keyturn serve` as a process of its own, on a port that stays the same from start to start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.starts: list[float] = []
        """How long each start took until it was ready, in seconds, without what it waited for a processor."""

    def start(self) -> None:
        """It answers that it is ready."""
        began = time.monotonic()
        command = (*KEYTURN, "--data-dir", str(self.folder), "serve", "--listen", f"{HOST}:{self.port}")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_plain())
        while not self._ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < began + PATIENCE, self.log.read_text()
            time.sleep(0.005)
        self.starts.append(time.monotonic() - began - self._queued())

    def kill(self) -> None:
        """The process is gone without having been told."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        self.end()

    def end(self) -> None:
        """The process is gone, if there was one."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "server.log"

    def _queued(self) -> float:
        """Seconds that the process stood in the queue of a machine that others use as well; 0 where nobody tells."""
        assert self.process is not None
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9
        return 0.0

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False


class Watch:
    """What is looked at after each start: the file itself, and what the server says of every secret."""

    def __init__(self, server: Server, caller: Caller, token: Held) -> None:
        self.caller = caller
        self.token = token
        self._file = f"file:{server.folder / DATABASE}?mode=ro"
        self._seen = 0

    def sound(self) -> None:
        """The file is whole, and no change was made by half."""
        with self.opened() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            assert [connection.execute(sql).fetchone()[0] for sql in HALF] == [0] * len(HALF)

    def lines(self) -> dict[str, Line]:
        """The lines of the audit log since the last look, by the tag of their request; never two of one."""
        with self.opened() as connection:
            found = [Line(*row) for row in connection.execute(ROWS, (self._seen,))]
        self._seen = max((line.id for line in found), default=self._seen)
        tagged = {line.agent: line for line in found}
        assert len(tagged) == len(found)
        return tagged

    def works(self, secrets: list[str]) -> list[bool]:
        """Of each secret whether its row says it is live; the server must say the same of all but reset tokens."""
        with self.opened() as connection:
            rows = [connection.execute(LIVE, (hashlib.sha256(s.encode()).digest(),)).fetchone() for s in secrets]
        assert None not in rows, "a secret that was told has no row"
        return [row[0] == 1 for row in rows]

    def active(self, secrets: list[str]) -> list[bool]:
        """Of each secret whether the server accepts it."""
        found: list[bool] = []
        for at in range(0, len(secrets), LARGEST_QUESTION):
            asked = {"tokens": secrets[at : at + LARGEST_QUESTION]}
            told = self.caller.ask(Wish("", "POST", "/v1/tokens/verify", self.token.secret, body=asked))
            assert told.status == 200, told.body
            found += [item["active"] for item in msgspec.json.decode(told.body)["results"]]
        self.caller.close()
        return found

    @contextlib.contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The file, to be read."""
        with contextlib.closing(sqlite3.connect(self._file, uri=True)) as connection:
            yield connection


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """After each kill -9 every acknowledged change is there, once, with its line; each other one whole or absent."""
    server = Server(tmp_path)
    watch, writers = _settled_in(server)
    dice = random.Random(20)  # noqa: S311 - repeatable on purpose
    server.start()
    watch.lines()
    try:
        for number in range(KILLS):
            # Spread over the span, so that early and late kills are there in a short form too.
            after = EARLIEST + (LATEST - EARLIEST) * (number + dice.random()) / KILLS
            with writing(writers):
                time.sleep(after)
                server.kill()
            server.start()
            _look(watch, writers)
            _go_on(watch, writers)
        _end(watch, writers)
    finally:
        server.end()
    _tell(server, writers)


def _look(watch: Watch, writers: list[Writer]) -> None:
    """Every acknowledged change has its line, every line its change; what was unanswered took place wholly or not."""
    assert [told for writer in writers for told in writer.wrong] == []
    watch.sound()
    lines = watch.lines()
    for writer in writers:
        for told in writer.told:
            assert told.tag in lines, f"{told.wish.verb} was acknowledged and is not there"
            _acknowledged(told, lines.pop(told.tag))
        writer.told.clear()
        for lost in writer.unanswered:
            _decide(writer, lost, lines.pop(lost.tag, None))
    assert lines == {}, "lines that no request is known to have written"
    for writer in writers:
        _compare(watch, writer, writer.touched)
        writer.touched.clear()


def _acknowledged(told: Told, line: Line) -> None:
    """The line is the one of this very change."""
    assert (line.verb, line.result, line.request, line.there) == (told.wish.verb, "done", told.request, 1)
    assert line.kills == (told.wish.verb != "tokens:issue")
    made = told.made
    assert made is None or made.id in ("", line.token)


def _decide(writer: Writer, lost: Unanswered, line: Line | None) -> None:
    """What became of a change that was not answered: what its line says, and nothing if it has none."""
    if line is None:
        writer.undone(lost.wish)
        return
    assert (line.verb, line.result, line.there) == (lost.wish.verb, "done", 1)
    writer.done(lost.wish, None)


def _compare(watch: Watch, writer: Writer, secrets: set[str]) -> None:
    """Each of these secrets works exactly if it must."""
    known = sorted(secrets)
    stored = watch.works(known)
    assert stored == [writer.expected[s] for s in known]
    # Reset tokens are hidden from introspection: their rows have to do.
    told = [s for s in known if not s.startswith("ktr_")]
    assert watch.active(told) == [writer.expected[s] for s in told]


def _go_on(watch: Watch, writers: list[Writer]) -> None:
    """Each writer can go on: a lost answer is asked for again under its key, a lost secret is replaced."""
    for writer in writers:
        for lost in writer.unanswered:
            _recover(watch, writer, lost)
        writer.unanswered.clear()


def _recover(watch: Watch, writer: Writer, lost: Unanswered) -> None:
    wish = lost.wish
    happened = wish.old is not None and not writer.expected[wish.old]
    if wish.key is not None:
        _again(watch, writer, lost)
    elif happened and wish.about in ("own", "pam"):
        held = writer.own if wish.about == "own" else writer.pam
        path = f"/v1/tokens/{held.id}/rotate"
        told = writer.change(Wish("tokens:rotate", "POST", path, watch.token.secret, about=wish.about))
        assert told.acknowledged, told.body


def _again(watch: Watch, writer: Writer, lost: Unanswered) -> None:
    """The same wish under the same key: done once in all, and its answer told (P9)."""
    told = writer.caller.ask(lost.wish)
    assert told.acknowledged, told.body
    with watch.opened() as connection:
        sql = "SELECT agent FROM audit WHERE agent IN (?, ?)"
        once = [agent for (agent,) in connection.execute(sql, (lost.tag, told.tag))]
    assert len(once) == 1, "one wish, one change"
    if once == [told.tag]:
        writer.note(told)
    else:
        writer.done(told.wish, told.made)


def _end(watch: Watch, writers: list[Writer]) -> None:
    """At the end every secret there ever was is as it must be, and a reset token does what it is for, once."""
    _look(watch, writers)
    for writer in writers:
        _compare(watch, writer, set(writer.expected))
    made = next(writer.reset for writer in writers if writer.reset is not None)
    body = {"token": made.secret, "password": "a passphrase after all these kills"}
    wish = Wish("resets:redeem", "POST", "/v1/password-resets/redeem", watch.token.secret, body=body)
    assert [watch.caller.ask(wish).status for _ in range(2)] == [204, 403]


def _tell(server: Server, writers: list[Writer]) -> None:
    starts = sorted(server.starts)
    print(f"{KILLS} kills, {sum(len(w.expected) for w in writers)} secrets; ready after {starts[-1]:.2f} s at worst")
    assert starts[-1] <= READY_WITHIN, starts


def _settled_in(server: Server) -> tuple[Watch, list[Writer]]:
    """A store with its people and their tokens, as `keyturn apply` makes them; no passwords, so nothing is hashed."""
    tokens = {token["login"] + "/" + token["dialect"]: token for token in _applied(server.folder)["secrets"]}
    held = {name: Held(token["id"], token["token"]) for name, token in tokens.items()}
    writers = [
        Writer(_caller(server, f"writer-{n}"), held[f"writer-{n}/native"], held[f"writer-{n}/pam360"], _uuid(n), n)
        for n in range(WRITERS)
    ]
    return Watch(server, _caller(server, "watcher"), held["watcher/native"]), writers


def _applied(folder: Path) -> dict[str, Any]:
    personal, api = {"kind": "personal", "name": "work"}, {"kind": "api", "dialect": "pam360"}
    users: list[dict[str, Any]] = [{"login": "watcher", "roles": ["Stewards"], "tokens": [personal]}]
    for n in range(WRITERS):
        users.append({"login": f"writer-{n}", "roles": ["Administrators"], "tokens": [personal, api]})
        users.append({"login": f"other-{n}", "uuid": _uuid(n)})
    # JSON is YAML.
    file = msgspec.json.encode({"users": [{"realm": "default", **user} for user in users]})
    command = (*KEYTURN, "--json", "--data-dir", str(folder), "apply", "-")
    done = subprocess.run(command, input=file, capture_output=True, env=_plain(), check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr.decode()
    told: dict[str, Any] = msgspec.json.decode(done.stdout)
    return told


def _caller(server: Server, name: str) -> Caller:
    return Caller(name, lambda: server.port)


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("KEYTURN_")}


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
