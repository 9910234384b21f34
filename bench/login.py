"""Logins per second against the bare Argon2 rate of the same machine in the same run."""

import itertools
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.keyturn_server import PASSWORD
from bench.load import Figures, drive
from bench.servers import fresh, process
from keyturn.core import hashes

CLIENTS = 16
SECONDS = 2.0
ROUNDS = 4


class SigningIn:
    """One client: signs in again and again, as one of its people after the other."""

    def __init__(self, logins: list[str]) -> None:
        self._requests = itertools.cycle([self._request(login) for login in logins])

    def __call__(self, last: bytes) -> bytes:
        return next(self._requests)

    def _request(self, login: str) -> bytes:
        body = json.dumps({"login": login, "password": PASSWORD}).encode()
        head = f"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"Content-Type: application/json\r\n\r\n" + body


def argon2(seconds: float) -> float:
    """Bare verifications a second, as many threads as cores, nothing else."""
    rule = hashes.Argon2Rule()
    stored = hashes.hash_password(hashes.prehash(PASSWORD), rule, b"0" * 16, None)
    end = time.perf_counter() + seconds

    def work(_: int) -> int:
        count = 0
        while time.perf_counter() < end:
            hashes.verify_attempt(stored, hashes.Attempt(PASSWORD, None), None)
            count += 1
        return count

    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        return sum(pool.map(work, range(cores))) / seconds


def keyturn(database: str) -> tuple[Figures, float]:
    """The product, whole: two durable commits and one hash a sign-in; with the bare rate around each part of it."""
    told = str(Path(tempfile.mkdtemp()) / "told")
    with process("bench.keyturn_server", database, told) as port:
        people = json.loads(Path(told).read_text())
        asks = [SigningIn([p["login"] for p in people[n::CLIENTS]]) for n in range(CLIENTS)]
        drive(port, asks, 1.0)
        bare, parts = [argon2(SECONDS)], []
        for _ in range(ROUNDS):
            parts.append(drive(port, asks, SECONDS))
            bare.append(argon2(SECONDS))
    figures = parts[-1]._replace(rate=sum(p.rate for p in parts) / ROUNDS, refused=sum(p.refused for p in parts))
    return figures, sum(bare) / len(bare)


def main(store: str) -> float:
    """The two in turn, since a machine's speed wanders."""
    with fresh(store) as database:
        figures, bare = keyturn(database())
    print(f"{store}: bare Argon2 {bare:.1f}/s")
    print(figures.line(f"{store}: keyturn sign-ins, {CLIENTS} clients"))
    ratio = figures.rate / bare
    print(f"{store}: sign-ins are {ratio:.0%} of the bare hash rate (aim 85 %)")
    return ratio


if __name__ == "__main__":
    for named in sys.argv[1:] or ("sqlite", "postgresql"):
        main(named)
