"""Kinds of token: what lives and quotas follow from wire, kind and realm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.kinds import KINDS, bounds, end_of, life, mail_seconds, proved_at, quota
from keyturn.core.settings import Policy, Settings
from keyturn.core.types import SECOND, Instant, Shape, Token, WireRule

WIRE = WireRule("w", Shape.KEYTURN, session=(100, 1000), personal=500, reset=60)
HOUR = 3600


def chosen(**values: int | None) -> Settings:
    """Settings of a realm; two underscores are a dot."""
    return Settings(values={name.replace("__", "."): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("session", {}, (100, 1000)),
        ("personal", {}, (500, None)),
        ("api", {}, (None, None)),
        ("delegated", {}, (HOUR, 8 * HOUR)),
        ("reset", {}, (60, KINDS["reset"].cap)),
        ("session", {"lifetimes__session__default": 7, "lifetimes__session__max": 70}, (7, 70)),
        ("session", {"w__token_lifetime": 9, "lifetimes__session__default": 7}, (9, 1000)),
        ("session", {"w__token_maximum_lifetime": 90}, (100, 90)),
        ("session", {"w__token_maximum_lifetime": 90, "lifetimes__session__max": 70}, (100, 70)),
        ("reset", {"w__password_reset_lifetime": 30}, (30, KINDS["reset"].cap)),
        ("delegated", {"w__by_token_lifetime": 30}, (30, 8 * HOUR)),
        ("personal", {"lifetimes__personal__max": 50}, (500, 50)),
        ("api", {"lifetimes__api__default": 5}, (5, None)),
    ],
)
def test_bounds(kind: str, values: dict[str, int], expected: tuple[int | None, int | None]) -> None:
    """The wire's own setting comes before the realm's, that before the wire's row, that before the kind's."""
    assert bounds(KINDS[kind], WIRE, chosen(**values)) == expected


@pytest.mark.parametrize(
    ("kind", "wished", "span"),
    [
        ("session", None, 100),
        ("session", 0, 1000),
        ("session", 50, 50),
        ("session", 5000, 1000),
        ("personal", None, 500),
        ("personal", 0, None),
        ("personal", 10_000, 10_000),
        ("api", None, None),
        ("api", 0, None),
        ("api", 60, 60),
    ],
)
def test_life(kind: str, wished: int | None, span: int | None) -> None:
    """No wish gets the usual life, 0 the longest, and a wish over the cap is cut to it."""
    assert life(KINDS[kind], WIRE, Settings(), wished) == span


@given(st.sampled_from(sorted(KINDS)), st.none() | st.integers(0, 10**9), st.none() | st.integers(0, 10**6))
def test_no_life_is_over_the_cap(kind: str, wished: int | None, cap: int | None) -> None:
    """Whatever is wished, a token lives no longer than the cap in force."""
    settings = Settings(values={f"lifetimes.{kind}.max": cap})
    span = life(KINDS[kind], WIRE, settings, wished)
    top = bounds(KINDS[kind], WIRE, settings)[1]
    assert top is None or (span is not None and span <= top)


def test_the_end_is_never_past_the_first_proof() -> None:
    """A token ends after its life or with what it rests on, whichever is first."""
    now = Instant(1_000 * SECOND)
    assert end_of(now, 5) == now + 5 * SECOND
    assert end_of(now, None) is None
    assert end_of(now, 5, Instant(now + 3 * SECOND)) == now + 3 * SECOND
    assert end_of(now, 5, Instant(now + 9 * SECOND)) == now + 5 * SECOND
    assert end_of(now, None, Instant(now + 9 * SECOND)) == now + 9 * SECOND


def test_quotas() -> None:
    """A kind's quota is the realm's, else its own."""
    assert quota(KINDS["session"], Settings()) == 50
    assert quota(KINDS["personal"], chosen(quota__personal=3)) == 3
    assert quota(KINDS["personal"], chosen(quota__personal=0)) == 0
    assert quota(KINDS["setup"], Settings()) is None


@pytest.mark.parametrize("policy", [False, True])
@pytest.mark.parametrize(
    ("seconds", "by_policy", "works"),
    [(0, False, (0, 0)), (0, True, (0, 0)), (3600, False, (3600, 3600)), (600, True, (0, 600))],
)
def test_how_long_a_mailed_code_works(policy: bool, seconds: int, by_policy: bool, works: tuple[int, int]) -> None:
    """As long as the wire says, where it may be one at all: always, by the realm's policy, or never."""
    wire = WireRule("w", Shape.KEYTURN, mail_code=seconds, mail_code_policy=by_policy)
    assert mail_seconds(wire, Settings(policy=Policy(mail_codes=policy))) == works[policy]
    assert mail_seconds(None, Settings(policy=Policy(mail_codes=policy))) == 0


@pytest.mark.parametrize(
    ("method", "raises"), [(None, True), ("totp", True), ("recovery", True), ("email", False), ("password", False)]
)
def test_what_raises_assurance(method: str | None, raises: bool) -> None:
    """A showing of an app or its codes does, one of before methods were kept too; a mail and a password do not."""
    token = Token(
        id=1, uuid="t", realm=1, subject=1, maker=None, act=None, parent=None, kind="session", dialect="w", name=None,
        scopes=None, bypass=False, life=None, idle=None, created=Instant(1), expires=None, ended=None, reason=None,
        stepped_up=Instant(7), stepped_up_by=None, claims={}, stepped_up_with=method,
    )  # fmt: skip
    assert proved_at(token) == (7 if raises else None)
