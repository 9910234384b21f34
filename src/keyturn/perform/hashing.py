"""The pool where passwords are hashed: as many threads as cores, a bounded queue, never inside a transaction."""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec.structs import replace

from keyturn.core import entropy, hashes
from keyturn.core.types import Ready, Secret

S = TypeVar("S")
T = TypeVar("T")
NICE = 10
"""Hashing yields to token checks: measured 5-13 % of their speed instead of half (stack.md C)."""
LONGEST_QUEUE = 32
MANY = 4


class Busy(Exception):
    """As many requests wait for a hash as may: the answer is 503, not a longer queue."""


class Hasher:
    """Hashes and verifies passwords by one rule, outside any transaction."""

    def __init__(
        self, rule: hashes.Argon2Rule, pepper: bytes | None, threads: int = 0, waiting: int = LONGEST_QUEUE
    ) -> None:
        self.rule = rule
        self._pepper = pepper
        self._dummy = hashes.dummy(rule, pepper)
        self._room = threading.BoundedSemaphore(waiting)
        self._threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads, "hash", initializer=_be_nice)

    def verify(self, stored: str | None, attempt: hashes.Attempt) -> bool:
        """Whether the attempt fits the stored hash; without one, the same work against a dummy, and no."""
        held = self._run(lambda: hashes.verify_attempt(stored or self._dummy, attempt, self._pepper))
        return held is True and stored is not None

    def hash(self, password: Secret) -> str:
        """The stored form of a password, by today's rule."""
        return self.hash_again(hashes.prehash(password.reveal()))

    def hash_again(self, prehashed: str) -> str:
        """The stored form by today's rule, from the digest of a password that was just proved."""
        salt = entropy.octets(16)
        return self._run(lambda: hashes.hash_password(prehashed, self.rule, salt, self._pepper))

    def worked(self, ready: Ready) -> Ready:
        """The prepared wish with its hashes made and its comparisons done."""
        made = self._each(ready.passwords, self.hash)
        return replace(ready, hashes=made, held=self._each(ready.shown, self._holds))

    def stale(self, stored: str) -> bool:
        """Whether a stored hash is of an older or foreign form."""
        return hashes.needs_rehash(stored, self.rule, self._pepper)

    def close(self) -> None:
        """No thread of the pool is left."""
        self._pool.shutdown()

    def _holds(self, shown: tuple[str, Secret]) -> bool:
        stored, password = shown
        return self.verify(stored, hashes.Attempt(password.reveal()))

    def _each(self, given: Sequence[S], work: Callable[[S], T]) -> tuple[T, ...]:
        """The work on each; side by side where there are many, which only a command line brings."""
        if len(given) < MANY:
            return tuple(map(work, given))
        with ThreadPoolExecutor(min(self._threads, LONGEST_QUEUE // 2)) as helpers:
            return tuple(helpers.map(work, given))

    def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise Busy
        try:
            return self._pool.submit(work).result()
        finally:
            self._room.release()


def _be_nice() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
