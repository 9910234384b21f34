"""Regenerate per second against the bare store doing the same three statements behind the same bare handler."""

import contextlib
import json
import re
import sys
import tempfile
from pathlib import Path

from bench.load import Figures, drive
from bench.servers import fresh, process

CLIENTS = 16
SECONDS = 2.0
ROUNDS = 4
HEAD = b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
TOKEN = re.compile(rb'"AUTHTOKEN":"([^"]+)"')


class Rotating:
    """One client: presents the token that the last answer gave."""

    def __init__(self, token: str, line: bytes, header: bytes) -> None:
        self._token = token.encode()
        self._line = line
        self._header = header

    def __call__(self, last: bytes) -> bytes:
        found = TOKEN.search(last)
        if found:
            self._token = found[1]
        return self._line + HEAD + self._header + self._token + b"\r\n\r\n"


def asks_of_keyturn(told: Path) -> list[Rotating]:
    """What the clients of the product send."""
    people = json.loads(told.read_text())
    line = b"PUT /restapi/json/v1/user/regenerateAuthtoken"
    return [Rotating(p["token"], line, b"AUTHTOKEN: ") for p in people[:CLIENTS]]


def asks_of_bare(told: Path) -> list[Rotating]:
    """What the clients of the bare handler send: the very same."""
    line = b"PUT /restapi/json/v1/user/regenerateAuthtoken"
    return [Rotating(token, line, b"AUTHTOKEN: ") for token in told.read_text().split()[:CLIENTS]]


def main(store: str) -> float:
    """Both servers are up, and are driven in turn, since a machine's speed wanders; the ratio of the means."""
    folder = Path(tempfile.mkdtemp())
    with fresh(store) as database, contextlib.ExitStack() as up:
        bare = up.enter_context(process("bench.bare_server", database(), str(folder / "bare")))
        mine = up.enter_context(process("bench.keyturn_server", database(), str(folder / "mine")))
        ways = {bare: asks_of_bare(folder / "bare"), mine: asks_of_keyturn(folder / "mine")}
        told: dict[int, list[Figures]] = {bare: [], mine: []}
        for port, asks in ways.items():
            drive(port, asks, 1.0)
        for _ in range(ROUNDS):
            for port, asks in ways.items():
                told[port].append(drive(port, asks, SECONDS))
    print(told[bare][-1].line(f"{store}: bare three statements, {CLIENTS} clients"))
    print(told[mine][-1].line(f"{store}: keyturn regenerate, {CLIENTS} clients"))
    ratio = sum(f.rate for f in told[mine]) / sum(f.rate for f in told[bare])
    print(f"{store}: regenerate is {ratio:.0%} of the bare store (aim 60 %)")
    return ratio


if __name__ == "__main__":
    for named in sys.argv[1:] or ("sqlite", "postgresql"):
        main(named)
