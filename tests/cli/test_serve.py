"""`keyturn serve` as a process of its own: what it says, whom it lets listen, how it stops and looks again."""

import http.client
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.cli.shell import Shell
from tests.engines import Engine
from tests.issued import Authority

PATIENCE = 20.0
KEYTURN = (sys.executable, "-m", "keyturn")


class Running:
    """A server in a process of its own; what it says goes to a file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    def said(self) -> str:
        """Everything it said so far."""
        return self._log.read_text(errors="replace")

    def heard(self, words: str) -> str:
        """What it said, once these words are among it."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(words, self.said()):
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None or re.search(words, self.said()), self.said()
            time.sleep(0.02)
        return self.said()

    @property
    def port(self) -> int:
        """Where it listens."""
        found = re.search(r"listening +https?://\S+:(\d+)", self.heard(r"sealing key"))
        assert found is not None
        return int(found[1])

    def get(self, path: str, tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
        """Status and body of one answer."""
        connection = (
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            if tls is None
            else http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=tls)
        )
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code after that signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(folder: Path, *words: str, listen: str = "127.0.0.1:0") -> Iterator[Running]:
    """A server with that data directory; killed at the end if it still runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYTURN_")}
    folder.mkdir(exist_ok=True)
    log = folder / "server.log"
    with log.open("wb") as stream:
        command = (*KEYTURN, "serve", "--data-dir", str(folder), "--listen", listen, *words)
        process = subprocess.Popen(command, stderr=stream, stdout=stream, env=environment)
    try:
        yield Running(process, log)
    finally:
        process.kill()
        process.wait()


def test_a_first_start(database: Engine, tmp_path: Path) -> None:
    """It says where it is and how to make the first administrator, whose code works once; then it stops in order."""
    with serving(tmp_path, "--database", database.url) as server:
        text = server.heard(" user add jean")
        code = (tmp_path / "setup-code").read_text()
        assert stat.S_IMODE((tmp_path / "setup-code").stat().st_mode) == 0o600
        assert re.fullmatch(r"ktu_\S+\n", code)
        assert code.strip() in text
        assert "/v1/setup" in text
        assert "this computer only" in text
        assert server.get("/healthz")[0] == 200
        assert server.get("/readyz")[0] == 200
        body = msgspec.json.encode({"code": code.strip(), "login": "jean", "password": "a passphrase to begin with"})
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("POST", "/v1/setup", body, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 201
        assert server.stop() == 0
    with serving(tmp_path, "--database", database.url) as again:
        assert "set-up code" not in again.heard("sealing key")
        assert again.get("/healthz")[0] == 200
        assert not (tmp_path / "setup-code").exists()
        assert again.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_line_beside_a_running_server(shell: Shell) -> None:
    """What the operator ends at the shell is dead at the server when the command returns; the setup code too."""
    with serving(shell.folder, "--database", shell.url) as server:
        server.heard("set-up code")
        shell.done("user", "add", "jean", "--admin", "--password-stdin", stdin="a passphrase at the shell\n")
        assert not (shell.folder / "setup-code").exists()
        secret = shell.done("token", "issue", "--for", "jean", "--name", "ci").out.strip()

        def status() -> int:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            connection.request("GET", "/v1/me", headers={"Authorization": f"Bearer {secret}"})
            return connection.getresponse().status

        assert status() == 200
        shell.done("token", "revoke", "ci", "--for", "jean")
        assert status() == 401
        assert secret not in server.said()
        assert server.stop() == 0


def test_several_workers(tmp_path: Path) -> None:
    """They share the socket, one that dies is replaced, and all stop together."""
    with serving(tmp_path, "--workers", "2") as server:
        assert server.get("/healthz")[0] == 200
        deadline = time.monotonic() + PATIENCE
        while len(children := _children(server.process.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(children[-1], signal.SIGKILL)
        server.heard("a worker ended by itself")
        for _ in range(5):
            assert server.get("/readyz")[0] == 200
        assert server.stop() == 0
        assert [pid for pid in children if _alive(pid)] == []


def test_https_signed_by_itself(tmp_path: Path) -> None:
    """The certificate is made once, is the owner's, is good for clients that are given it, and is read again."""
    with serving(tmp_path, "--tls-self-signed") as server:
        assert "SHA-256" in server.heard("certificate ")
        certificate, key = tmp_path / "tls-certificate.pem", tmp_path / "tls-key.pem"
        trust = ssl.create_default_context(cafile=certificate)
        assert server.get("/healthz", trust)[0] == 200
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        first = certificate.read_bytes()
        certificate.unlink()
        key.unlink()
        subprocess.run((sys.executable, "-c", MAKE, tmp_path), check=True)
        server.process.send_signal(signal.SIGHUP)
        server.heard("the certificate was read again")
        assert certificate.read_bytes() != first
        assert server.get("/healthz", ssl.create_default_context(cafile=certificate))[0] == 200
        certificate.write_text("broken")
        server.process.send_signal(signal.SIGHUP)
        server.heard("the old one stays")
        assert server.stop() == 0


def test_https_that_asks_for_client_certificates(tmp_path: Path) -> None:
    """With `tls.client_ca` a listed certificate acts on the wire that takes them, and nobody need have one."""
    authority = Authority(tmp_path)
    config, listed = tmp_path / "keyturn.toml", "puppet.client_cert_allowlist=console.example.test"
    config.write_text(f'[tls]\nclient_ca = "{authority.file}"\n')
    with serving(tmp_path, "--tls-self-signed", "--config", str(config)) as server:
        server.heard("certificate ")
        trust = ssl.create_default_context(cafile=tmp_path / "tls-certificate.pem")
        assert server.get("/rbac-api/v1/users/current", trust)[0] == 401
        line = (*KEYTURN, "--data-dir", str(tmp_path), "realm", "set", "default", listed)
        subprocess.run(line, check=True, capture_output=True)
        trust.load_cert_chain(*authority.issue("console.example.test"))
        assert server.get("/rbac-api/v1/users/current", trust)[0] == 200
        assert server.stop() == 0


MAKE = """
import datetime, pathlib, sys
from keyturn.cli.certificates import self_signed
self_signed(pathlib.Path(sys.argv[1]), "127.0.0.1", datetime.datetime.now(datetime.UTC))
"""


def test_the_log_level_is_read_again(tmp_path: Path) -> None:
    """SIGHUP reads the configuration's level; a broken file changes nothing."""
    file = tmp_path / "keyturn.toml"
    file.write_text('log = "json"\nlog_level = "info"\n')
    with serving(tmp_path, "--config", str(file)) as server:
        assert server.get("/healthz")[0] == 200
        server.heard('"message":"GET /healthz 200"')
        file.write_text('log_level = "nonsense"\n')
        server.process.send_signal(signal.SIGHUP)
        server.heard("could not be read again")
        file.write_text('log_level = "error"\n')
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while True:
            before = server.said().count("GET /readyz")
            assert server.get("/readyz")[0] == 200
            time.sleep(0.05)
            if server.said().count("GET /readyz") == before:
                break
            assert time.monotonic() < deadline
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--listen", "0.0.0.0:0"), "--tls-self-signed"),
        (("--listen", "nonsense"), "HOST:PORT"),
        (("--tls-cert", "a"), "--tls-key"),
        (("--tls-cert", "a", "--tls-key", "b"), "tls.cert"),
        (("--tls-cert", "a", "--tls-key", "b", "--tls-self-signed"), "--tls-self-signed"),
        (("--workers", "0"), "--workers"),
    ],
)
def test_what_is_not_served(plain: Shell, words: tuple[str, ...], hint: str) -> None:
    """Plain HTTP beyond this computer, and what cannot be: exit 2 before anything is made."""
    said = plain("serve", *words)
    assert said.code == 2
    assert hint in said.err
    assert not plain.folder.exists()


def test_a_port_that_is_taken(plain: Shell) -> None:
    """A sentence, not a trace."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = plain("serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert said.code == 1
    assert "cannot be listened on" in said.err


@pytest.mark.parametrize("words", [("--plain-http",), ("--tls-self-signed",)])
def test_beyond_this_computer(tmp_path: Path, words: tuple[str, ...]) -> None:
    """With TLS, or where the operator says so, it listens on every address."""
    with serving(tmp_path, *words, listen="0.0.0.0:0") as server:
        assert "this computer only" not in server.heard("sealing key")
        assert server.stop() == 0


def test_behind_a_trusted_proxy(tmp_path: Path) -> None:
    """Configured proxies may be spoken to plainly."""
    file = tmp_path / "keyturn.toml"
    file.write_text('trusted_proxies = ["10.0.0.7"]\n')
    with serving(tmp_path, "--config", str(file), listen="0.0.0.0:0") as server:
        server.heard("sealing key")
        assert server.stop() == 0


def test_a_newer_store_is_refused(plain: Shell) -> None:
    """A store of a later version is not opened, in a sentence."""
    import sqlite3

    plain.done("user", "add", "jean", "--no-password")
    connection = sqlite3.connect(plain.folder / "keyturn.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    for words in (("serve", "--listen", "127.0.0.1:0"), ("user", "list"), ("db", "upgrade")):
        said = plain(*words)
        assert said.code == 1
        assert "newer" in said.err


def test_help_imports_nothing_heavy() -> None:
    """The locked-out administrator is not kept waiting: no server, no migrations, no database driver for --help."""
    code = (
        "import sys; from keyturn.cli import root; from keyturn.cli.frame import run\n"
        "for words in ('--help', 'user --help', 'serve --help', '--version'): assert run(root, words.split()) == 0\n"
        "heavy = 'alembic sqlalchemy uvicorn psycopg cryptography yaml keyturn.app'.split()\n"
        "sys.exit(' '.join(name for name in heavy if name in sys.modules) or 0)"
    )
    subprocess.run((sys.executable, "-c", code), check=True, stdout=subprocess.DEVNULL)


def _children(parent: int) -> list[int]:
    found = subprocess.run(
        ("ps", "-Aww", "-o", "pid=,ppid=,command="), capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    return [int(pid) for pid, ppid, command in rows if int(ppid) == parent and "spawn_main" in command]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
