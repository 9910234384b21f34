"""The lock as a pure step: how many attempts it lets through, when it shuts, and what opens it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keyturn.core import lockout
from keyturn.core.lockout import CEILING, FOREVER, HOLD, STALE, Lock, Locked, Reserved, Waiting
from keyturn.core.types import SECOND, Instant

NOW = Instant(1_800_000_000 * SECOND)
LIMIT = 10
WIRE = "native"
LASTING = frozenset({"puppet"})

LIMITS = st.integers(1, CEILING)
TIMES = st.integers(0, 10**16).map(Instant)
LOCKS = st.builds(
    Lock,
    failures=st.integers(0, 2 * CEILING),
    reserved=st.integers(0, CEILING),
    reserved_at=TIMES,
    until=st.one_of(st.just(Instant(0)), TIMES, st.just(FOREVER)),
    closed_on=st.sampled_from([None, "native", "puppet"]),
    version=st.integers(0, 9),
)


def later(seconds: float) -> Instant:
    """That many seconds after NOW."""
    return Instant(NOW + int(seconds * SECOND))


def taken(lock: Lock, now: Instant = NOW, limit: int = LIMIT) -> Lock:
    """The lock with one more attempt in flight."""
    reserved = lockout.reserve(lock, now, limit)
    assert isinstance(reserved, Reserved)
    return reserved.lock


def failed(lock: Lock, now: Instant = NOW, limit: int = LIMIT, wire: str = WIRE) -> Lock:
    """The lock after one attempt that was evaluated and wrong."""
    return lockout.settle(taken(lock, now, limit), now, limit, False, wire, LASTING)


def after(failures: int, wire: str = WIRE) -> tuple[Lock, Instant]:
    """The lock after so many failures, each at the first moment it is let through, and the time by then."""
    lock, now = Lock(), NOW
    for _ in range(failures):
        now = max(now, lock.until)
        lock = failed(lock, now, wire=wire)
    return lock, now


def test_the_limit_closes() -> None:
    """Nine failures leave it open; the tenth shuts it for 300 seconds and says on which wire."""
    nine, _ = after(9)
    assert (nine.failures, nine.until, nine.closed_on) == (9, 0, None)
    ten = failed(nine)
    assert ten == Lock(failures=10, reserved_at=NOW, until=later(HOLD), closed_on=WIRE)


def test_one_attempt_a_period() -> None:
    """Until the period is over nothing is let through; then one attempt, and a second only waits."""
    shut, _ = after(10)
    assert lockout.reserve(shut, later(HOLD - 0.000001), LIMIT) == Locked(shut, shut.until)
    one = taken(shut, later(HOLD))
    assert one.reserved == 1
    assert lockout.reserve(one, later(HOLD), LIMIT) == Waiting()


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(10, 300), (11, 600), (12, 1200), (13, 2400), (14, 3600), (15, 3600), (50, 3600), (99, 3600)],
)
def test_periods_double_up_to_an_hour(failures: int, seconds: int) -> None:
    """Each further failure doubles the period, up to an hour."""
    lock, now = after(failures)
    assert lock.until - now == seconds * SECOND
    assert lockout.hold(failures, LIMIT) == seconds


def test_the_hundredth_failure_disables() -> None:
    """The hundredth failure has no end by time; only somebody opening it ends it."""
    lock, _ = after(CEILING)
    assert lock.until == FOREVER
    assert isinstance(lockout.reserve(lock, Instant(FOREVER - 1), LIMIT), Locked)
    assert lockout.reserve(lockout.opened(lock), NOW, LIMIT) == Reserved(taken(lockout.opened(lock)))


def test_a_success_clears() -> None:
    """A right proof leaves no failure, no period and no mark; the one in flight is not in flight any more."""
    nine, _ = after(9)
    assert lockout.settle(taken(nine), NOW, LIMIT, True, WIRE) == Lock(reserved_at=NOW)
    shut, _ = after(10)
    now = later(HOLD)
    assert lockout.settle(taken(shut, now), now, LIMIT, True, WIRE) == Lock(reserved_at=now)


def test_in_flight_counts_as_if_failed() -> None:
    """Ten in flight: the eleventh waits; one that comes back right makes room for it, one given back too."""
    lock = Lock()
    for _ in range(LIMIT):
        lock = taken(lock)
    assert lockout.reserve(lock, NOW, LIMIT) == Waiting()
    assert isinstance(lockout.reserve(lockout.settle(lock, NOW, LIMIT, True, WIRE), NOW, LIMIT), Reserved)
    assert isinstance(lockout.reserve(lockout.released(lock), NOW, LIMIT), Reserved)
    wrong = lockout.settle(lock, NOW, LIMIT, False, WIRE)
    assert lockout.reserve(wrong, NOW, LIMIT) == Waiting()


def test_attempts_of_a_dead_process_become_failures() -> None:
    """What is in flight for more than five seconds is a failure, at the limit with all that follows (A22)."""
    lock = Lock()
    for _ in range(LIMIT):
        lock = taken(lock)
    assert lockout.absorb(lock, Instant(NOW + STALE), LIMIT) == lock
    late = Instant(NOW + STALE + 1)
    locked = lockout.reserve(lock, late, LIMIT)
    assert isinstance(locked, Locked)
    assert (locked.lock.failures, locked.lock.reserved, locked.until) == (10, 0, late + HOLD * SECOND)
    assert locked.lock.closed_on is None
    assert failed(locked.lock, locked.until).closed_on == WIRE


def test_another_wire_does_not_take_over_a_lock() -> None:
    """The wire of the failure that closes it stays named, whoever fails next."""
    shut, _ = after(10)
    assert failed(shut, later(HOLD), wire="puppet").closed_on == WIRE


def test_a_lasting_mark_outlives_a_success_elsewhere() -> None:
    """What was closed on a wire whose locks last stays marked, through a success and a new lock on other wires."""
    shut, now = after(10, "puppet")
    assert shut.closed_on == "puppet"
    cleared = lockout.settle(taken(shut, shut.until), shut.until, LIMIT, True, WIRE, LASTING)
    assert (cleared.failures, cleared.until, cleared.closed_on) == (0, 0, "puppet")
    again = cleared
    for _ in range(LIMIT):
        again = failed(again, now)
    assert again.closed_on == "puppet"
    assert lockout.opened(again).closed_on is None
    assert lockout.settle(taken(shut, shut.until), shut.until, LIMIT, True, WIRE).closed_on is None


def test_a_lower_limit_holds_at_once() -> None:
    """A realm that lowers its limit shuts at the next failure, with a wire named."""
    seven, _ = after(7)
    shut = failed(seven, limit=5)
    assert shut.until == NOW + lockout.hold(8, 5) * SECOND
    assert shut.closed_on == WIRE


@given(LOCKS, TIMES, LIMITS)
def test_reserve_never_passes_the_limit(lock: Lock, now: Instant, limit: int) -> None:
    """Settled and in flight together never pass the limit by a reservation, save the one attempt a period."""
    answer = lockout.reserve(lock, now, limit)
    if isinstance(answer, Reserved):
        assert answer.lock.until <= now
        assert answer.lock.failures + answer.lock.reserved <= max(limit, answer.lock.failures + 1)
        assert answer.lock.reserved_at == now
    elif isinstance(answer, Locked):
        assert answer.until > now
        assert answer.lock.failures >= lock.failures


@given(LOCKS, TIMES, LIMITS)
def test_nothing_absorbed_is_lost(lock: Lock, now: Instant, limit: int) -> None:
    """Absorbing moves attempts from in flight to failed and forgets none; absorbing twice is absorbing once."""
    done = lockout.absorb(lock, now, limit)
    assert done.failures + done.reserved == lock.failures + lock.reserved
    assert lockout.absorb(done, now, limit) == done


@given(LOCKS, TIMES, LIMITS, st.sampled_from(["native", "puppet"]), st.sampled_from([frozenset(), LASTING]))
def test_settling(lock: Lock, now: Instant, limit: int, wire: str, lasting: frozenset[str]) -> None:
    """A failure counts once and shuts at the limit with a wire named; a success leaves at most a lasting mark."""
    wrong = lockout.settle(lock, now, limit, False, wire, lasting)
    assert wrong.failures == lock.failures + 1
    assert wrong.reserved == max(0, lock.reserved - 1)
    if wrong.failures >= limit:
        assert wrong.until > now
        assert wrong.closed_on is not None
    right = lockout.settle(lock, now, limit, True, wire, lasting)
    assert (right.failures, right.until) == (0, 0)
    assert right.closed_on in (None, *lasting)


@given(LOCKS, st.sampled_from([lockout.opened, lockout.released]))
def test_ways_out_touch_nothing_else(lock: Lock, way: Callable[[Lock], Lock]) -> None:
    """Opening leaves attempts in flight to come back; giving back leaves failures as they are."""
    done = way(lock)
    if way is lockout.opened:
        assert done == replace(lock, failures=0, until=Instant(0), closed_on=None)
    else:
        assert done == replace(lock, reserved=max(0, lock.reserved - 1))


@given(LOCKS)
def test_a_factor_bound_anew_starts_anew(lock: Lock) -> None:
    """What was counted against the old factor is gone, also past the ceiling; attempts in flight and a mark stay."""
    fresh = lockout.rebound(lock)
    assert (fresh.failures, fresh.until) == (0, 0)
    assert fresh == replace(lock, failures=0, until=Instant(0))


class Walk:
    """A history of one account, with the two counts that must agree."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.lock = Lock()
        self.now = NOW
        self.in_flight = 0
        self.denied = 0

    def step(self, what: str) -> None:
        """One thing that happens."""
        if what == "try":
            answer = lockout.reserve(self.lock, self.now, self.limit)
            if isinstance(answer, Reserved):
                self.lock, self.in_flight = answer.lock, self.in_flight + 1
        elif what == "wait":
            self.now = Instant(self.now + SECOND)
        elif self.in_flight:
            self.in_flight -= 1
            self.denied = 0 if what == "right" else self.denied + 1
            self.lock = lockout.settle(self.lock, self.now, self.limit, what == "right", WIRE)


@given(st.integers(1, 12), st.lists(st.sampled_from(["try", "try", "wrong", "right", "wait"]), max_size=80))
def test_failures_are_never_fewer_than_denials(limit: int, history: list[str]) -> None:
    """Whatever the order of things, the count since the last success is at least the number of denials heard."""
    walk = Walk(limit)
    for what in history:
        walk.step(what)
        assert walk.lock.failures >= walk.denied
        # Only one attempt may be under way beside a count that is at the limit.
        assert walk.lock.failures < limit or walk.lock.reserved <= max(1, walk.in_flight)


# --- addresses

MOST = (50, 300)


def test_an_address_is_refused_for_the_rest_of_its_window() -> None:
    """The fiftieth failure within five minutes of the first fills it; when they are over it is as if none had been."""
    lock = Lock()
    assert not lockout.crowded(lock, NOW, MOST)
    for second in range(49):
        lock = lockout.one_more(lock, later(second), MOST)
    assert not lockout.crowded(lock, later(49), MOST)
    lock = lockout.one_more(lock, later(49), MOST)
    assert (lock.failures, lock.reserved_at) == (50, NOW)
    assert lockout.crowded(lock, later(299.999999), MOST)
    assert not lockout.crowded(lock, later(300), MOST)


def test_a_window_that_is_over_begins_anew() -> None:
    """The next failure is the first of a window of its own, whatever was in the one before."""
    lock = Lock(failures=500, reserved_at=NOW)
    assert lockout.one_more(lock, later(299.999999), MOST).failures == 501
    fresh = lockout.one_more(lock, later(300), MOST)
    assert (fresh.failures, fresh.reserved_at) == (1, later(300))


@given(st.lists(st.integers(0, 400), max_size=80), st.integers(1, 9), st.integers(1, 300))
def test_no_more_failures_pass_than_a_window_holds(waits: list[int], most: int, seconds: int) -> None:
    """However failures are spread, an address that is refused while crowded makes at most so many in each window."""
    rule, lock, now, made = (most, seconds), Lock(), NOW, list[tuple[int, int]]()
    for wait in waits:
        now = Instant(now + wait * SECOND // 10)
        if not lockout.crowded(lock, now, rule):
            lock = lockout.one_more(lock, now, rule)
            made.append((lock.reserved_at, now))
    for began in {begun for begun, _ in made}:
        within = [at for begun, at in made if begun == began]
        assert len(within) <= most
        assert all(began <= at < began + seconds * SECOND for at in within)
