"""A20, A21, A22, A25 and the core of T06: however they come, guesses at one account stop at the limit."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from keyturn.core.hashes import Attempt
from keyturn.core.lockout import Lock
from keyturn.core.names import canonical
from keyturn.core.outcomes import Reason
from keyturn.perform import House
from keyturn.perform.hashing import Hasher
from keyturn.store import instance, locks
from tests.houses import WEAK, Household, Person, reason

LIMIT = 10
GUESSES = 500
LOGIN = "mara.ek@example.test"
RIGHT = "the right passphrase of mara"


class CountingHasher(Hasher):
    """A hash pool that counts how often a stored hash, and how often the dummy, was evaluated."""

    def __init__(self) -> None:
        # As many may wait as guess: refusing for want of room would help the account, and hide what is asked here.
        super().__init__(WEAK, None, threads=2, waiting=2 * GUESSES)
        self.stored = self.dummies = 0
        self._count = threading.Lock()

    def verify(self, stored: str | None, attempt: Attempt) -> bool:
        """Whether the attempt fits, counted."""
        with self._count:
            self.stored += stored is not None
            self.dummies += stored is None
        return super().verify(stored, attempt)


class Target:
    """One account with a right password, in a house whose hash pool counts."""

    def __init__(self, home: Household, hasher: CountingHasher) -> None:
        self.person: Person = home.person(LOGIN, password=RIGHT)
        self.hasher = hasher
        self.home = Household(replace(home.house, hasher=hasher), home.clock, [], [])

    def sign_in(self, password: str, login: str = LOGIN) -> Reason | None:
        """Why a sign-in was refused; None when a session came of it."""
        return reason(self.home.sign_in(login, password))

    def lock(self) -> Lock:
        """The lock as stored."""
        subject = self.person.subject
        account = locks.account_of_subject(subject.id)
        lock: Lock = self.home.read(lambda tx: locks.get(tx, subject.realm, account, "password"))
        return lock

    def counters(self) -> int:
        """How many counters there are, of known and unknown names."""
        return int(self.home.one("SELECT count(*) FROM locks"))


@pytest.fixture
def target(house: Household) -> Iterator[Target]:
    """A fresh account on each store."""
    hasher = CountingHasher()
    yield Target(house, hasher)
    hasher.close()


def at_once(count: int, work: Callable[[int], Reason | None]) -> list[Reason | None]:
    """What came of `count` calls that all began together."""
    gate = threading.Barrier(count)

    def one(number: int) -> Reason | None:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@contextmanager
def purging(house: House) -> Iterator[None]:
    """Old counters are purged again and again meanwhile: none that is in use may be lost (A22)."""
    over = threading.Event()

    def purge() -> None:
        while not over.wait(0.001):
            house.store.write(lambda tx: instance.purge(tx, house.store.now()))

    thread = threading.Thread(target=purge)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.asvs("6.3.1")
def test_parallel_guesses_stop_at_the_limit(target: Target) -> None:
    """500 wrong passwords at once cost at most ten evaluations of the stored hash; then the right one is denied too."""
    with purging(target.home.house):
        heard = at_once(GUESSES, lambda number: target.sign_in(f"wrong guess number {number}"))
    assert None not in heard
    assert target.hasher.stored <= LIMIT
    assert target.lock().failures == target.hasher.stored
    assert target.lock().reserved == 0
    assert heard.count(Reason.WRONG_PASSWORD) == target.hasher.stored
    evaluated = target.hasher.stored
    assert target.sign_in(RIGHT) is Reason.ACCOUNT_LOCKED
    assert target.hasher.stored == evaluated


def test_a_right_password_among_guesses_gets_in(target: Target) -> None:
    """The owner waits for attempts in flight and is not refused for a stranger's, while the limit is not reached."""
    heard = at_once(LIMIT, lambda number: target.sign_in(RIGHT if number == 0 else f"wrong guess number {number}"))
    assert heard[0] is None
    assert heard[1:] == [Reason.WRONG_PASSWORD] * (LIMIT - 1)


def test_a_locked_account_costs_what_an_open_one_does(target: Target) -> None:
    """Under a lock each attempt evaluates the dummy exactly once, and is neither counted nor reserved."""
    for number in range(LIMIT):
        target.sign_in(f"wrong guess number {number}")
    before, dummies = target.lock(), target.hasher.dummies
    assert target.sign_in("wrong guess once more") is Reason.ACCOUNT_LOCKED
    assert target.hasher.dummies == dummies + 1
    assert target.lock().failures == before.failures == LIMIT
    assert target.lock().reserved == 0


def test_a_busy_pool_costs_no_attempt(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that finds no room to hash is given back: a crowd elsewhere locks nobody out."""
    monkeypatch.setattr(target.hasher, "_room", threading.BoundedSemaphore(1))
    assert target.hasher._room.acquire()
    for _ in range(2 * LIMIT):
        assert target.sign_in(RIGHT) is Reason.BUSY
    target.hasher._room.release()
    assert target.lock().reserved == 0
    assert target.lock().failures == 0
    assert target.sign_in(RIGHT) is None


def spellings() -> list[str]:
    """Thirty ways to write one login: letter case, full-width letters, padding."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in LOGIN)
    pads = ("", " ", "  ", "\u2003", "\u3000")
    bases = (LOGIN, LOGIN.upper(), LOGIN.title(), LOGIN.swapcase()[:3] + LOGIN[3:], wide, wide.upper())
    return list(dict.fromkeys(f"{pad}{base}{pad}" for base in bases for pad in pads))[:30]


def test_spellings_share_one_counter(target: Target) -> None:
    """Thirty spellings of one login are one account: at most ten evaluations, one counter (A21)."""
    ways = spellings()
    assert len(ways) == 30
    assert {canonical(way) for way in ways} == {canonical(LOGIN)}
    heard = [target.sign_in(f"wrong guess number {n}", way) for n, way in enumerate(ways)]
    assert heard == [Reason.WRONG_PASSWORD] * LIMIT + [Reason.ACCOUNT_LOCKED] * 20
    assert target.hasher.stored == LIMIT
    assert target.counters() == 1
    assert [target.sign_in(RIGHT, way) for way in ways] == [Reason.ACCOUNT_LOCKED] * 30


def test_unknown_names_are_counted_alike(target: Target) -> None:
    """A name of nobody has one counter for all its spellings and locks at the same attempt (A25)."""
    ways = [way.replace("mara", "nobody").replace("MARA", "NOBODY") for way in spellings()[:10]]
    heard = [target.sign_in("wrong guess", way) for way in ways for _ in range(2)]
    assert heard == [Reason.UNKNOWN_ACCOUNT] * LIMIT + [Reason.ACCOUNT_LOCKED] * LIMIT
    assert target.hasher.stored == 0
    assert target.counters() == 1
