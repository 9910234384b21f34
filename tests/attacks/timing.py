"""How much longer one call takes than another: calls that take turns, medians, and a second and third try."""

import statistics
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 3


def calmest(
    one: Callable[[int], Any], other: Callable[[int], Any], before: Callable[[int], Any], pairs: int, gap: float
) -> float:
    """The gap between the medians of both, in seconds; the least of three rounds, or the first below `gap`.

    Shapes   before: what is done ahead of each call, outside the clock
    """
    gaps = []
    for _ in range(ROUNDS):
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(pairs):
            # In turn first and second: whoever comes second finds the machine in another state.
            turns = list(zip(times, (one, other), strict=True))
            for taken, call in turns if number % 2 else reversed(turns):
                before(number)
                began = time.perf_counter()
                call(number)
                taken.append(time.perf_counter() - began)
        gaps.append(statistics.median(times[0]) - statistics.median(times[1]))
        if abs(gaps[-1]) < gap:
            break
    return min(gaps, key=abs)
