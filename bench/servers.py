"""Servers under load, each a process of its own: Keyturn, and the bare store behind the bare HTTP handler."""

import contextlib
import itertools
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def fresh(store: str) -> Iterator[Callable[[], str]]:
    """What gives a fresh database at each call: `sqlite`, or a real PostgreSQL of its own with fsync on."""
    if store == "sqlite":
        yield lambda: "sqlite"
        return
    from psycopg import sql

    from tests.engines import Cluster

    cluster = Cluster(durable=True)
    numbers = itertools.count()

    def make() -> str:
        name = f"bench_{next(numbers)}"
        cluster.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return cluster.url(name)

    try:
        yield make
    finally:
        cluster.close()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


@contextlib.contextmanager
def process(*args: str) -> Iterator[int]:
    """A server process under way; yields its port, ends it afterwards."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", *args, str(port)])
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int, seconds: float = 15) -> None:
    """Somebody listens on the port."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def call(port: int, method: str, path: str, body: object = None, **headers: str) -> dict[str, object]:
    """One JSON call, answered."""
    data = None if body is None else json.dumps(body).encode()
    named = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, named, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    told: dict[str, object] = json.loads(text) if text else {}
    return told
