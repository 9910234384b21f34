"""Guessing: how many attempts an account's factor has, as a pure step from one lock to the next."""

from keyturn.core.types import SECOND, Frozen, Instant

HOLD = 300
LONGEST_HOLD = 3600
CEILING = 100
STALE = 5 * SECOND
FOREVER = Instant(2**62)


class Lock(Frozen):
    """What is stored of one (account, factor).

    Units    reserved_at, until: microseconds since 1970 UTC, 0 when open
    """

    failures: int = 0
    reserved: int = 0
    reserved_at: Instant = Instant(0)
    until: Instant = Instant(0)
    closed_on: str | None = None
    version: int = 0


class Reserved(Frozen):
    """The attempt may be evaluated; this is the lock to store."""

    lock: Lock


class Waiting(Frozen):
    """The limit is reached only together with attempts in flight: ask again shortly."""


class Locked(Frozen):
    """No attempt may be evaluated before `until`; `lock` may have absorbed reservations of dead processes."""

    lock: Lock
    until: Instant


def reserve(lock: Lock, now: Instant, limit: int) -> Reserved | Waiting | Locked:
    """What becomes of one more attempt.

    Denies   never; the three answers are values
    Safe     the attempt is counted as in flight before anything is hashed, so parallel guesses stop at the limit (A20)
    Source   NIST SP 800-63B-4 section 3.2.2; rules.md 4
    """
    lock = absorb(lock, now, limit)
    if lock.until > now:
        return Locked(lock, lock.until)
    free = 1 if lock.failures >= limit else limit - lock.failures
    if lock.reserved >= free:
        return Waiting()
    return Reserved(_with(lock, reserved=lock.reserved + 1, reserved_at=now))


def absorb(lock: Lock, now: Instant, limit: int) -> Lock:
    """The lock with reservations older than five seconds counted as failures: their process died (A22)."""
    if lock.reserved and lock.reserved_at + STALE < now:
        died = lock.reserved
        lock = _with(lock, reserved=0)
        for _ in range(died):
            lock = _fail(lock, now, limit, None, lock.closed_on)
    return lock


def settle(lock: Lock, now: Instant, limit: int, held: bool, wire: str, lasting: frozenset[str] = frozenset()) -> Lock:
    """The lock after one reserved attempt was evaluated.

    Shapes   held: whether the proof was right; wire: where it was shown
             lasting: wires whose locks somebody must open; a success on another wire leaves such a mark
    Safe     a success clears the count, so a guesser gains nothing by stopping early
    """
    lock = _with(lock, reserved=max(0, lock.reserved - 1))
    mark = lock.closed_on if lock.closed_on in lasting else None
    if held:
        return _with(lock, failures=0, until=Instant(0), closed_on=mark)
    return _fail(lock, now, limit, wire, mark)


def released(lock: Lock) -> Lock:
    """The lock after a reserved attempt that is not to be counted."""
    return _with(lock, reserved=max(0, lock.reserved - 1))


def opened(lock: Lock) -> Lock:
    """The lock after an administrator or a used reset token opened it."""
    return _with(lock, failures=0, until=Instant(0), closed_on=None)


def rebound(lock: Lock) -> Lock:
    """The lock after its factor was bound anew: nothing is counted against the new one; a mark of a wire stays.

    Source   NIST SP 800-63B-4 section 3.2.2: a factor disabled by failures is disabled until it is bound anew
    """
    return _with(lock, failures=0, until=Instant(0))


def crowded(lock: Lock, now: Instant, rule: tuple[int, int]) -> bool:
    """Whether an address failed too often in the window that runs.

    Shapes   lock: its `failures` in the window, which `reserved_at` began; rule: how many, in how many seconds
    """
    most, seconds = rule
    return lock.failures >= most and lock.reserved_at + seconds * SECOND > now


def one_more(lock: Lock, now: Instant, rule: tuple[int, int]) -> Lock:
    """An address's window with one failure more; a window that is over begins anew."""
    if lock.reserved_at + rule[1] * SECOND <= now:
        return _with(lock, failures=1, reserved_at=now)
    return _with(lock, failures=lock.failures + 1)


def hold(failures: int, limit: int) -> int:
    """Seconds a lock stays shut after that many failures: 300, doubling, at most an hour."""
    over = min(failures - limit, 10)
    return min(HOLD << over, LONGEST_HOLD)


def _fail(lock: Lock, now: Instant, limit: int, wire: str | None, mark: str | None) -> Lock:
    """One failure more; a lock that closes is closed by `wire`, unless it was closed or marked before."""
    failures = lock.failures + 1
    if failures < limit:
        return _with(lock, failures=failures)
    until = FOREVER if failures >= CEILING else Instant(now + hold(failures, limit) * SECOND)
    shut = lock.closed_on if lock.failures >= limit else mark
    return _with(lock, failures=failures, until=until, closed_on=shut or wire)


def _with(lock: Lock, **changes: object) -> Lock:
    fields = {name: getattr(lock, name) for name in Lock.__struct_fields__}
    return Lock(**{**fields, **changes})
