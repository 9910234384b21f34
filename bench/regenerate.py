"""Regenerate per second against the bare store doing the same three statements behind the same bare handler."""

import json
import re
import sys
import tempfile
from pathlib import Path

from bench.load import Figures, drive
from bench.servers import fresh, process

CLIENTS = 16
SECONDS = 5.0
HEAD = b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
TOKEN = re.compile(rb'"(?:AUTHTOKEN|token)":"([^"]+)"')


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


def keyturn(database: str) -> Figures:
    """The product, whole."""
    told = str(Path(tempfile.mkdtemp()) / "told")
    with process("bench.keyturn_server", database, told) as port:
        people = json.loads(Path(told).read_text())
        pam = people[0]["wire"] == "pam360"
        asks = [
            Rotating(p["token"], b"PUT /restapi/json/v1/user/regenerateAuthtoken", b"AUTHTOKEN: ")
            if pam
            else Rotating(p["token"], b"POST /v1/tokens/" + p["id"].encode() + b"/rotate", b"Authorization: Bearer ")
            for p in people[:CLIENTS]
        ]
        drive(port, [*asks], 1.0)
        return drive(port, asks, SECONDS)


def bare(database: str) -> Figures:
    """The bare store behind the bare handler."""
    told = str(Path(tempfile.mkdtemp()) / "told")
    with process("bench.bare_server", database, told) as port:
        people = Path(told).read_text().split()
        asks = [Rotating(p, b"PUT /restapi/json/v1/user/regenerateAuthtoken", b"AUTHTOKEN: ") for p in people[:CLIENTS]]
        drive(port, [*asks], 1.0)
        return drive(port, asks, SECONDS)


def main(store: str) -> float:
    """Two runs of each, in turn; the ratio of the means."""
    mine, theirs = [], []
    with fresh(store) as database:
        for _ in range(2):
            theirs.append(bare(database()))
            mine.append(keyturn(database()))
    for figures in theirs:
        print(figures.line(f"{store}: bare three statements, {CLIENTS} clients"))
    for figures in mine:
        print(figures.line(f"{store}: keyturn regenerate, {CLIENTS} clients"))
    ratio = sum(f.rate for f in mine) / sum(f.rate for f in theirs)
    print(f"{store}: regenerate is {ratio:.0%} of the bare store (aim 60 %)")
    return ratio


if __name__ == "__main__":
    for named in sys.argv[1:] or ("sqlite", "postgresql"):
        main(named)
