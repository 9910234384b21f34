"""A22, A24, A25: no failure is lost, and no answer tells by content or time whether a name is known."""

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.store.engine import Kept, Tx
from keyturn.store.instance import purge
from tests.attacks.wires import SIGN_IN, sign_in
from tests.histories.crowds import at_once
from tests.houses import Household, Person, reason
from tests.served import Heard, Served

PAIRS = 60
GAP = 0.003
"""Seconds between medians that a commit may show; the long form of this test wants a third of it."""
UNTOLD = ("date", "x-request-id")
FAILURES = "SELECT coalesce(sum(failures), 0) FROM locks"
RESERVED = "SELECT coalesce(sum(reserved), 0) FROM locks"


# --- A22


def test_a_purge_loses_no_failure(house: Household) -> None:
    """While the purge runs without pause, every denied guess at known and unknown names is counted (A22)."""
    house.choose(policy={"lockout_attempts": 100})
    people = [house.person() for _ in range(3)]
    names = [*(p.login for p in people), "nobody-1", "nobody-2"]
    stop = threading.Event()

    def keep_purging() -> None:
        while not stop.is_set():
            house.store.write(lambda tx: purge(tx, house.store.now()))

    purger = threading.Thread(target=keep_purging)
    purger.start()
    try:
        heard = at_once(60, lambda n: reason(house.sign_in(names[n % len(names)], "wrong")))
    finally:
        stop.set()
        purger.join()
    denied = [r for r in heard if r in (Reason.WRONG_PASSWORD, Reason.UNKNOWN_ACCOUNT)]
    assert house.one(FAILURES) == len(denied)
    assert house.one(RESERVED) == 0


def test_an_old_name_of_nobody_is_forgotten(house: Household) -> None:
    """A day after its last try the counter of an unknown name is gone; an account's own is kept."""
    person = house.person()
    house.sign_in(person, "wrong")
    house.sign_in("nobody", "wrong")
    house.clock.forward(86_401)
    house.store.write(lambda tx: purge(tx, house.store.now()))
    assert house.read(lambda tx: [r[0] for r in tx.all("SELECT account FROM locks")]) == [f"s:{person.subject.id}"]


def test_a_dead_process_counts_against_the_guesser(house: Household) -> None:
    """An attempt that was reserved and never settled counts as a failure after five seconds (A22)."""
    person = house.person()
    house.sign_in(person, "wrong")

    def die(tx: Tx) -> Kept:
        tx.run("UPDATE locks SET reserved = 4, reserved_at = $1", house.store.now())
        return Kept(None)

    house.store.write(die)
    house.clock.forward(6)
    house.sign_in(person, "wrong")
    assert house.one(FAILURES) == 6
    assert house.one(RESERVED) == 0


# --- A24

STATES: dict[str, Callable[[Household, str], Any]] = {
    "known": lambda h, name: h.person(name),
    "suspended": lambda h, name: h.person(name, state="suspended"),
    "without a password": lambda h, name: h.person(name, password=None),
    "managed elsewhere": lambda h, name: h.person(name, password=None, remote=True),
}


@pytest.mark.parametrize("state", STATES)
def test_an_unknown_name_takes_as_long(state: str, house: Household) -> None:
    """A wrong password for anybody takes as long as for nobody (A24)."""
    house.choose(policy={"lockout_attempts": 100})
    for number in range(4):
        STATES[state](house, f"there-{number}")
    gap = gap_of(lambda n: house.sign_in(f"there-{n % 4}", "wrong"), lambda n: house.sign_in(f"gone-{n % 4}", "wrong"))
    assert abs(gap) < GAP


@pytest.mark.parametrize("wire", SIGN_IN)
def test_an_unknown_name_takes_as_long_on_every_wire(wire: str, served: Served) -> None:
    """The same, as a client of each wire measures it."""
    served.people.choose(policy={"lockout_attempts": 100}, rocketchat__rate_limit=False)
    for number in range(4):
        served.people.person(f"there-{number}")
    gap = gap_of(
        lambda n: sign_in(served, wire, f"there-{n % 4}", "wrong"),
        lambda n: sign_in(served, wire, f"gone-{n % 4}", "wrong"),
    )
    assert abs(gap) < GAP


# --- A25


def prepared(people: Household) -> dict[str, str]:
    """Names of people in every state that a sign-in refuses, and of nobody."""
    admin = people.token(people.person("chief", "Administrators"))
    suspended: Person = people.person("suspended")
    deleted: Person = people.person("deleted")
    people.person("known")
    people.person("remote", remote=True, password=None)
    people.person("machine", service=True, password=None)
    people.factor(people.person("second"))
    people.person("due", must_change=True)
    people.wish(admin, c.SuspendUser(suspended.ref))
    people.wish(admin, c.DeleteUser(deleted.ref))
    names = ("known", "suspended", "deleted", "remote", "machine", "second", "due")
    return {**{name: name for name in names}, "unknown": "nobody", "no name at all": "\u202e"}


@pytest.mark.parametrize("wire", SIGN_IN)
def test_a_refusal_tells_no_state(wire: str, served: Served) -> None:
    """Whoever shows a wrong password hears the same bytes, whatever is the matter with the account (A25)."""
    names = prepared(served.people)
    heard = {state: told(sign_in(served, wire, name, "wrong")) for state, name in names.items()}
    assert {state for state, answer in heard.items() if answer != heard["known"]} == set()


@pytest.mark.parametrize("wire", SIGN_IN)
def test_a_lock_tells_no_state(wire: str, served: Served) -> None:
    """The eleventh wrong try hears the same of anybody and of nobody, and so does the right password then."""
    served.people.choose(puppet__lockout="timed", rocketchat__rate_limit=False)
    person = served.people.person("known")
    answers = []
    for name in ("known", "nobody"):
        for _ in range(10):
            sign_in(served, wire, name, "wrong")
        answers.append(told(sign_in(served, wire, name, "wrong")))
    assert answers[0] == answers[1]
    assert told(sign_in(served, wire, "known", person.password)) == answers[0]


@pytest.mark.parametrize("wire", SIGN_IN)
def test_a_lock_is_told_as_a_wrong_password(wire: str, served: Served) -> None:
    """A locked account answers as a wrong password does, save on the wire whose clients know a block of its own."""
    served.people.choose(puppet__lockout="timed", rocketchat__rate_limit=False)
    served.people.person("known")
    first = told(sign_in(served, wire, "known", "wrong"))
    later = [told(sign_in(served, wire, "known", "wrong")) for _ in range(10)]
    assert (later[-1] == first) is (wire != "rocketchat")


def told(heard: Heard) -> tuple[int, dict[str, str], bytes]:
    """An answer without what differs from one request to the next."""
    headers = {name: value for name, value in heard.headers.items() if name not in UNTOLD}
    own = heard.headers["x-request-id"].encode()
    return heard.status, headers, heard.body.replace(own, b"")


def gap_of(one: Callable[[int], Any], other: Callable[[int], Any]) -> float:
    """The gap between the medians of two calls that take turns, in seconds; the calmest of three measurements."""
    gaps = []
    for _ in range(3):
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(PAIRS):
            for taken, call in zip(times, (one, other), strict=True):
                began = time.perf_counter()
                call(number)
                taken.append(time.perf_counter() - began)
        gaps.append(statistics.median(times[0]) - statistics.median(times[1]))
        if abs(gaps[-1]) < GAP:
            break
    return min(gaps, key=abs)
