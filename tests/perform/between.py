"""A hash pool in whose work something else may happen: between an attempt's reservation and its settlement."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from keyturn.core import hashes
from keyturn.perform.hashing import Busy, Hasher
from tests.houses import WEAK, Household


class Between(Hasher):
    """A hash pool that first does what `then` says, once, before it verifies; and may have no room to hash."""

    def __init__(self) -> None:
        super().__init__(WEAK, None, threads=1)
        self.then: Callable[[], Any] | None = None
        self.full = False

    def verify(self, stored: str | None, attempt: hashes.Attempt) -> bool:
        """Whether the attempt fits, once the other thing has happened."""
        then, self.then = self.then, None
        if then is not None:
            then()
        return super().verify(stored, attempt)

    def hash_again(self, prehashed: str) -> str:
        """The stored form, if there is room."""
        if self.full:
            raise Busy
        return super().hash_again(prehashed)


def between(house: Household) -> Between:
    """The hash pool that the house has from now on; its own one goes on where `then` signs in."""
    pool = Between()
    house.house = replace(house.house, hasher=pool)
    return pool
