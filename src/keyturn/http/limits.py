"""Counts of calls: how many of a route one address made since the first of them, in memory and never without bound."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from msgspec.structs import replace

from keyturn.core.types import Frozen
from keyturn.wire import RateLimit, Response

MOST = 100_000
"""Buckets held at once; beyond them the one that was least lately asked for is forgotten."""
Bucket = tuple[str, str, str]


class Count(Frozen):
    """What one call found: the calls that are left after it, whether it was one too many, and when all are there again.

    Units    whole: seconds since 1970
    """

    left: int
    over: bool
    whole: float


class Limiter:
    """The buckets of one process, by route, method and address.

    Safe     bounded, so that an endless row of addresses costs a fixed amount of memory
    """

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.time) -> None:
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[Bucket, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def call(self, bucket: Bucket, limit: RateLimit) -> Count:
        """The call is counted; the first one after a window begins the next."""
        now = self._clock()
        with self._lock:
            made, whole = self._buckets.get(bucket, (0, 0.0))
            # A window that ends later than one can is of a clock that was set back since.
            if not now < whole <= now + limit.seconds:
                made, whole = 0, now + limit.seconds
            self._buckets[bucket] = (min(made + 1, limit.calls + 1), whole)
            self._buckets.move_to_end(bucket)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return Count(max(limit.calls - made - 1, 0), made >= limit.calls, whole)

    def wait(self, count: Count) -> int:
        """Seconds until the window is over, rounded up."""
        return max(1, math.ceil(count.whole - self._clock()))

    def counted(self, bucket: Bucket, limit: RateLimit) -> "Counted":
        """A request in that bucket, not counted yet."""
        return Counted(self, bucket, limit)


class Counted:
    """One request before its limit: counted when the door first asks, and once, however often it asks."""

    def __init__(self, limiter: Limiter, bucket: Bucket, limit: RateLimit) -> None:
        self._limiter = limiter
        self._bucket = bucket
        self._limit = limit
        self._count: Count | None = None

    def __call__(self, exempt: bool) -> int | None:
        """The seconds to wait, or None where the request may go on."""
        if exempt:
            return None
        if self._count is None:
            self._count = self._limiter.call(self._bucket, self._limit)
        return self._limiter.wait(self._count) if self._count.over else None

    def told(self, response: Response) -> Response:
        """The answer, with what the count says where the request was counted."""
        count = self._count
        if count is None:
            return response
        headers = self._limit.headers(self._limit, count.left, int(count.whole * 1000))
        return replace(response, headers=(*response.headers, *headers))
