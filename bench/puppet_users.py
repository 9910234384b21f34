"""Pages of users and searches among 100,000 of them, as the Puppet wire asks for them: p50 and p99."""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from bench.servers import fresh
from keyturn.core.types import Instant
from keyturn.store import roles, subjects
from keyturn.store.engine import Kept, Tx
from tests.served import Served, serving

USERS = 100_000
BATCH = 10_000
CALLS = 200
NAMES = ("Ada", "Ben", "Cleo", "Dana", "Ege", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lou")
PAGE: dict[str, object] = {"limit": 500}


def filled(served: Served, users: int) -> None:
    """That many users are there, each a plain one."""
    store = served.house.store
    now = store.now()
    for first in range(0, users, BATCH):
        store.write(partial(batch, range(first, min(first + BATCH, users)), now))


def batch(numbers: Iterable[int], now: Instant, tx: Tx) -> Kept:
    """These users, made one after the other."""
    member = roles.by_name(tx, 1, "Members")
    assert member is not None
    for n in numbers:
        name = f"{NAMES[n % len(NAMES)]} Number {n}"
        new = subjects.NewSubject(1, f"user-{n:06}", f"mail-{n:06}@load.test", display_name=name)
        made = subjects.insert(tx, new, now)
        assert made is not None
        tx.run(roles.JOIN, 1, made.id, member.id)
    return Kept(None)


def asked(served: Served, token: str, queries: list[dict[str, object]]) -> list[float]:
    """Milliseconds of each call, one after the other."""
    times = []
    for query in queries:
        began = time.perf_counter()
        heard = served.request("GET", f"/rbac-api/v2/users?{urlencode(query)}", {"X-Authentication": token})
        times.append((time.perf_counter() - began) * 1000)
        assert heard.status == 200, heard.text
    return times


def main(store: str, users: int = USERS) -> None:
    """Pages from the start, from anywhere, and in another order; searches that find one, and that find many."""
    runs: dict[str, list[dict[str, object]]] = {
        "page of 500, the first": [PAGE for _ in range(CALLS)],
        "page of 500, anywhere": [{**PAGE, "offset": n * users // CALLS} for n in range(CALLS)],
        "page of 500, by login, with roles": [
            {**PAGE, "offset": n * users // CALLS, "order_by": "login", "include_roles": "true"} for n in range(CALLS)
        ],
        "filter= that finds one": [{"filter": f"MAIL-{n * users // CALLS:06}"} for n in range(CALLS)],
        "filter= that finds a twelfth": [{"filter": NAMES[n % len(NAMES)].lower()} for n in range(CALLS)],
    }
    with fresh(store) as make, tempfile.TemporaryDirectory() as folder:
        database = make()
        url = database if "://" in database else f"sqlite:///{folder}/k.db"
        with serving(url, Path(folder)) as served:
            filled(served, users)
            boss = served.people.person("boss", "Administrators")
            token = served.people.token(boss, dialect="puppet").secret.reveal()
            for what, queries in runs.items():
                times = asked(served, token, queries)
                p99 = statistics.quantiles(times, n=100)[98]
                line = f"{store}: {what}, {users} users"
                print(f"{line:<64} p50 {statistics.median(times):>7.1f} ms   p99 {p99:>7.1f} ms")


if __name__ == "__main__":
    words = sys.argv[1:]
    count = int(words[words.index("--users") + 1]) if "--users" in words else USERS
    for named in [word for word in words if word in ("sqlite", "postgresql")] or ["sqlite", "postgresql"]:
        main(named, count)
