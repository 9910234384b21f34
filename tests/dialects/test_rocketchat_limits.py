"""How many calls one address may make of a route: the counts, and how the door is told of them."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.settings import Settings, defaults
from keyturn.core.types import Step, chosen
from keyturn.dialects.rocketchat import DIALECT, user_routes
from keyturn.dialects.rocketchat.method_routes import METHODS
from keyturn.dialects.rocketchat.writing import left
from keyturn.http.limits import Bucket, Limiter
from keyturn.wire import RateLimit, Response

TEN = RateLimit(10, 60, left)
HERE: Bucket = ("/api/v1/me", "GET", "192.0.2.1")


class Hand:
    """A clock that a test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def limiter(most: int = 100) -> tuple[Limiter, Hand]:
    """A limiter and its clock."""
    hand = Hand()
    return Limiter(most, hand), hand


def call(counts: Limiter, bucket: Bucket = HERE, limit: RateLimit = TEN, *, exempt: bool = False) -> int | None:
    """How long one more request in that bucket has to wait."""
    return counts.counted(bucket, limit)(exempt)


def test_the_eleventh_call_waits() -> None:
    """Ten calls go on; the next one waits until a minute after the first."""
    counts, hand = limiter()
    assert [call(counts) for _ in range(10)] == [None] * 10
    hand.now += 17.2
    assert call(counts) == 43
    hand.now += 42.7
    assert call(counts) == 1
    hand.now += 0.1
    assert call(counts) is None


def test_a_refused_call_does_not_prolong_the_wait() -> None:
    """The window is that of the first call, however often one asks in vain."""
    counts, hand = limiter()
    for _ in range(50):
        call(counts)
    hand.now += 60
    assert [call(counts) for _ in range(10)] == [None] * 10
    assert call(counts) == 60


def test_buckets_are_counted_apart() -> None:
    """Another route, another method, another address: each has its own count."""
    counts, _ = limiter()
    for _ in range(11):
        call(counts)
    assert call(counts) == 60
    for at in range(3):
        other = (*HERE[:at], "other", *HERE[at + 1 :])
        assert call(counts, (other[0], other[1], other[2])) is None


def test_one_request_is_counted_once() -> None:
    """However often the door asks for one request, it is one call, and hears the same."""
    counts, _ = limiter()
    asked = counts.counted(HERE, TEN)
    assert {asked(False) for _ in range(30)} == {None}
    assert [call(counts) for _ in range(9)] == [None] * 9
    late = counts.counted(HERE, TEN)
    assert {late(False) for _ in range(3)} == {60}


def test_who_is_exempt_is_not_counted() -> None:
    """No call of theirs is counted, and their answers tell of no count."""
    counts, _ = limiter()
    asked = counts.counted(HERE, TEN)
    assert asked(True) is None
    assert asked.told(Response(200)) == Response(200)
    assert [call(counts, exempt=True) for _ in range(30)] == [None] * 30
    assert [call(counts) for _ in range(10)] == [None] * 10


def test_answers_tell_the_count() -> None:
    """The limit, what is left, and when it is whole again, in milliseconds; a refusal tells it too."""
    counts, _ = limiter()
    told = []
    for _ in range(12):
        asked = counts.counted(HERE, TEN)
        asked(False)
        told.append(dict(asked.told(Response(200)).headers))
    assert [t["X-RateLimit-Remaining"] for t in told] == ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0", "0", "0"]
    assert {t["X-RateLimit-Limit"] for t in told} == {"10"}
    assert {t["X-RateLimit-Reset"] for t in told} == {"1060000"}


def test_memory_is_bounded() -> None:
    """Of endless addresses the ones that were least lately asked for are forgotten, the busy ones are not."""
    counts, _ = limiter(most=50)
    for number in range(1_000):
        call(counts, ("r", "GET", f"address {number}"))
        call(counts)
    assert len(counts._buckets) == 50
    assert call(counts) == 60


def test_a_clock_that_was_set_back() -> None:
    """A window never lasts longer than it is long."""
    counts, hand = limiter()
    for _ in range(11):
        call(counts)
    hand.now -= 3_600
    assert call(counts) is None


@given(st.lists(st.floats(0, 30), max_size=60))
def test_never_more_than_the_limit_in_a_window(pauses: list[float]) -> None:
    """Whatever the pauses, no window that begins at its first call lets more than the limit through."""
    counts, hand = limiter()
    passed: list[float] = []
    began = None
    for pause in pauses:
        hand.now += pause
        if began is None or hand.now >= began + 60:
            began, passed = hand.now, []
        wait = call(counts)
        if wait is None:
            passed.append(hand.now)
        else:
            assert 1 <= wait <= 60
        assert len(passed) <= 10


def test_at_once() -> None:
    """Of a hundred calls at once ten go on."""
    counts, _ = limiter()
    heard: list[int | None] = []
    threads = [threading.Thread(target=lambda: heard.append(call(counts))) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard.count(None) == 10


def order(route_order: object, **choices: object) -> tuple[Step, ...]:
    """The steps of an order under these choices."""
    values = {**defaults(DIALECT.settings), **{f"rocketchat.{name}": value for name, value in choices.items()}}
    found: tuple[Step, ...] = chosen(route_order, Settings(values=values))
    return found


@pytest.mark.parametrize("profile", ["classic", "modern"])
def test_who_counts(profile: str) -> None:
    """Every call counts unless the realm says otherwise; calls of methods never do."""
    for route in DIALECT.routes:
        method = "method.call" in route.path
        assert (Step.LIMIT in order(route.order or DIALECT.order, profile=profile)) is not method
        assert Step.LIMIT not in order(route.order or DIALECT.order, profile=profile, rate_limit=False)
    assert not any(Step.LIMIT in order(route.order or DIALECT.order, profile=profile) for route in METHODS.values())


def test_some_calls_are_rare() -> None:
    """Registering and changing oneself count one call a minute."""
    rare = {route.operation for route in DIALECT.routes if route.limit is not None}
    assert rare == {"users.register", "users.updateOwnBasicInfo"}
    assert (user_routes.SELDOM.calls, user_routes.SELDOM.seconds) == (1, 60)
