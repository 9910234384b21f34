"""Crowds: the same call from many threads that all begin together."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """What came of `count` calls, each told its number, released together."""
    gate = threading.Barrier(count)

    def one(number: int) -> T:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def same(work: Callable[..., Any], *args: Any, **named: Any) -> Callable[[int], Any]:
    """The same call for everybody in a crowd, whatever their number."""
    return lambda number: work(*args, **named)
