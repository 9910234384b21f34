"""Logins per second against the bare Argon2 rate of the same machine in the same run."""

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
SECONDS = 6.0


class SigningIn:
    """One client: signs in again and again."""

    def __init__(self, login: str) -> None:
        body = json.dumps({"login": login, "password": PASSWORD}).encode()
        head = f"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        self._request = head.encode() + b"Content-Type: application/json\r\n\r\n" + body

    def __call__(self, last: bytes) -> bytes:
        return self._request


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


def keyturn(database: str) -> Figures:
    """The product, whole: two durable commits and one hash a login."""
    told = str(Path(tempfile.mkdtemp()) / "told")
    with process("bench.keyturn_server", database, told) as port:
        people = json.loads(Path(told).read_text())
        asks = [SigningIn(p["login"]) for p in people[:CLIENTS]]
        drive(port, [*asks], 1.0)
        return drive(port, asks, SECONDS)


def main(store: str) -> float:
    """The bare rate before and after, the product between."""
    with fresh(store) as database:
        bare = [argon2(3.0)]
        figures = keyturn(database())
        bare.append(argon2(3.0))
    print(f"{store}: bare Argon2 {bare[0]:.1f}/s before, {bare[1]:.1f}/s after")
    print(figures.line(f"{store}: keyturn sign-ins, {CLIENTS} clients"))
    ratio = figures.rate / (sum(bare) / 2)
    print(f"{store}: sign-ins are {ratio:.0%} of the bare hash rate (aim 85 %)")
    return ratio


if __name__ == "__main__":
    for named in sys.argv[1:] or ("sqlite", "postgresql"):
        main(named)
