"""The hash pool: right and wrong, old forms, many at once, and no more waiting than there is room for."""

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from keyturn.core import hashes
from keyturn.core.hashes import Argon2Rule, Attempt
from keyturn.core.types import Ready, Secret
from keyturn.perform import hashing
from keyturn.perform.hashing import MANY, Busy, Hasher
from tests.houses import WEAK

PASSWORD = Secret("a passphrase to be hashed")


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    """A pool with the weak rule, without a pepper."""
    made = Hasher(WEAK, None)
    yield made
    made.close()


def shown(password: Secret) -> Attempt:
    """That password, as it is shown."""
    return Attempt(password.reveal())


def test_a_hash_holds_for_its_password_alone(hasher: Hasher) -> None:
    """What was hashed is proved by the same password, and by its digest, and by nothing else."""
    stored = hasher.hash(PASSWORD)
    assert hasher.verify(stored, shown(PASSWORD))
    assert hasher.verify(stored, Attempt(None, hashes.prehash(PASSWORD.reveal())))
    assert not hasher.verify(stored, shown(Secret("another passphrase")))
    assert stored != hasher.hash(PASSWORD)


def test_nothing_proves_a_missing_hash(hasher: Hasher) -> None:
    """Without a stored hash the dummy is worked on, and the answer is no whatever is shown (A24)."""
    assert not hasher.verify(None, shown(PASSWORD))
    assert not hasher.verify(None, Attempt(""))
    hasher._dummy = hasher.hash(PASSWORD)
    assert not hasher.verify(None, shown(PASSWORD))


def test_a_pepper_is_part_of_the_hash() -> None:
    """A copy of the store without the pepper proves nothing."""
    with_one, without = Hasher(WEAK, b"kept elsewhere", threads=1), Hasher(WEAK, None, threads=1)
    stored = with_one.hash(PASSWORD)
    assert with_one.verify(stored, shown(PASSWORD))
    assert not without.verify(stored, shown(PASSWORD))
    assert without.stale(stored)
    with_one.close()
    without.close()


def test_another_rule_makes_a_hash_stale(hasher: Hasher) -> None:
    """A hash by yesterday's cost is to be renewed, one by today's is not."""
    older = Hasher(Argon2Rule(memory_kib=16, time=1, parallelism=1), None, threads=1)
    assert hasher.stale(older.hash(PASSWORD))
    assert not hasher.stale(hasher.hash(PASSWORD))
    older.close()


@pytest.mark.parametrize("count", [0, 1, MANY - 1, MANY, 3 * MANY])
def test_prepared_wishes_are_worked_in_order(hasher: Hasher, count: int) -> None:
    """Each prepared password gets its own hash, in its own place, however many there are."""
    given = tuple(Secret(f"a passphrase, the {n}th") for n in range(count))
    ready = hasher.worked(Ready("wish", given))
    assert ready.wish == "wish"
    assert [hasher.verify(made, shown(password)) for made, password in zip(ready.hashes, given, strict=True)] == [
        True
    ] * count


@pytest.mark.parametrize("count", [1, MANY])
def test_prepared_comparisons_are_made(hasher: Hasher, count: int) -> None:
    """Of each stored hash that came with a password it is told whether the two fit."""
    right, wrong = hasher.hash(PASSWORD), hasher.hash(Secret("another passphrase"))
    ready = hasher.worked(Ready("wish", shown=((right, PASSWORD), (wrong, PASSWORD)) * count))
    assert ready.held == (True, False) * count
    assert ready.hashes == ()


def test_a_full_pool_refuses_at_once() -> None:
    """One more than may wait is told so, and not queued; room that becomes free is used again."""
    pool = Hasher(WEAK, None, threads=1, waiting=1)
    begun, over = threading.Event(), threading.Event()

    def slow() -> bool:
        begun.set()
        return over.wait(10)

    waiting = threading.Thread(target=lambda: pool._run(slow))
    waiting.start()
    assert begun.wait(10)
    with pytest.raises(Busy):
        pool.hash(PASSWORD)
    with pytest.raises(Busy):
        pool.verify(None, shown(PASSWORD))
    over.set()
    waiting.join()
    assert pool.verify(pool.hash(PASSWORD), shown(PASSWORD))
    pool.close()


def test_a_fault_while_hashing_frees_its_place() -> None:
    """What fails in the pool fails at its caller, and its place is free again."""
    pool = Hasher(WEAK, None, threads=1, waiting=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            pool._run(lambda: 1 // 0)
    assert pool.hash(PASSWORD)
    pool.close()


def test_hashing_yields_to_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux the threads of the pool are nicer than the rest; elsewhere nothing is asked of the system."""
    told: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda *args: told.append(args))
    monkeypatch.setattr(sys, "platform", "linux")
    hashing._be_nice()
    assert told == [(os.PRIO_PROCESS, threading.get_native_id(), hashing.NICE)]
    monkeypatch.setattr(sys, "platform", "darwin")
    hashing._be_nice()
    assert len(told) == 1
