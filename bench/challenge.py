"""A challenge and the retried regenerate, two requests, from sixteen clients: by TOTP and by the password."""

import hashlib
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.keyturn_server import PASSWORD, SEED
from bench.load import drive
from bench.servers import fresh, process
from keyturn.core import factors as totp

CLIENTS = 16
SECONDS = 2.0
LINE = b"POST /api/v1/users.regeneratePersonalAccessToken HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = b'{"tokenName":"load"}'
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()


class Chatter(NamedTuple):
    """Whose token is regenerated."""

    handle: str
    token: str


class Challenged:
    """One client: is challenged, answers, and goes on with the next of its people; pairs are timed as a whole."""

    def __init__(self, people: Iterator[Chatter], method: str, code: Callable[[], str], pairs: list[float]) -> None:
        self._people = people
        self._method = method
        self._code = code
        self._pairs = pairs
        self._now: Chatter | None = None
        self._sent = 0.0

    def __call__(self, last: bytes) -> bytes:
        if self._now is not None and b"totp-required" in last:
            return _request(self._now, self._method, self._code())
        if b'"token"' in last:
            self._pairs.append(time.perf_counter() - self._sent)
        self._now, self._sent = next(self._people), time.perf_counter()
        return _request(self._now, "", "")


def main(store: str) -> None:
    """Pairs a second, and how long a pair takes; TOTP steps work once, so each pair is of somebody else."""
    folder = Path(tempfile.mkdtemp())
    with fresh(store) as database, process("bench.keyturn_server", database(), str(folder / "mine")) as port:
        people = [p for p in json.loads((folder / "mine").read_text()) if "chat" in p]
        ways: dict[str, tuple[list[Chatter], Callable[[], str]]] = {
            "totp": ([Chatter(p["handle"], p["chat"]) for p in people if p["totp"]], _totp),
            "password": ([Chatter(p["handle"], p["chat"]) for p in people if not p["totp"]], lambda: DIGEST),
        }
        for method, (crowd, code) in ways.items():
            pairs: list[float] = []
            shares = [itertools.cycle(crowd[at::CLIENTS]) for at in range(CLIENTS)]
            drive(port, [Challenged(share, method, code, pairs) for share in shares], SECONDS)
            pairs.sort()
            p50, p99 = (pairs[int(len(pairs) * at)] * 1000 for at in (0.5, 0.99))
            told = f"{store}: challenge and retry by {method}, {CLIENTS} clients"
            print(f"{told:<56} {len(pairs) / SECONDS:>7.0f} pairs/s   p50 {p50:>7.2f} ms   p99 {p99:>7.2f} ms")


def _totp() -> str:
    return totp.totp_code(SEED, totp.step_at(time.time_ns() // 1000))


def _request(who: Chatter, method: str, code: str) -> bytes:
    shown = f"x-2fa-method: {method}\r\nx-2fa-code: {code}\r\n" if code else ""
    signed = f"X-Auth-Token: {who.token}\r\nX-User-Id: {who.handle}\r\n{shown}Content-Length: {len(BODY)}\r\n\r\n"
    return LINE + signed.encode() + BODY


if __name__ == "__main__":
    for named in sys.argv[1:] or ("sqlite", "postgresql"):
        main(named)
