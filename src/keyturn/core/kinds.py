"""The kinds of token: one row each, and the lives and quotas that follow from it and a realm's settings."""

import functools

from keyturn.core.settings import Settings
from keyturn.core.types import SECOND, Frozen, Instant, Token, WireRule


class Kind(Frozen):
    """What makes one kind of token differ from another; lives in seconds, None = no end."""

    name: str
    letter: str
    default: int | None
    cap: int | None
    quota: int | None
    opens: bool = True
    """Whether it may open a request at all; single-use kinds are part of a wish instead."""
    mints: bool = True
    """Whether its bearer may be given another credential by it."""
    own_credentials: bool = False
    """Whether its bearer may change the owner's own password, factors and sessions."""
    evicts: bool = False
    """At the quota the least recently used one ends instead of a refusal."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind("session", "s", None, None, 50, own_credentials=True, evicts=True),
        Kind("personal", "p", None, None, 100),
        Kind("api", "a", None, None, 1),
        Kind("delegated", "d", 3600, 8 * 3600, 100, mints=False),
        Kind("reset", "r", 3600, 7 * 24 * 3600, 1, opens=False),
        Kind("setup", "u", 24 * 3600, 24 * 3600, None, opens=False),
    )
}


ENROLS = "enrol"
"""The claim of a session that is good for nothing but enrolling the factor that is due."""


RAISING = (None, "totp", "recovery")
"""By what a showing raises assurance; the mailed code and the password do not (rules.md 6)."""


def proved_at(token: Token) -> Instant | None:
    """When a factor that raises assurance was last shown for the token."""
    return token.stepped_up if token.stepped_up_with in RAISING else None


def mail_seconds(wire: WireRule | None, settings: Settings) -> int:
    """How long a mailed code is a second step on that wire; 0 where it is none (rules.md 6)."""
    if wire is None or (wire.mail_code_policy and not settings.policy.mail_codes):
        return 0
    return wire.mail_code


def bounds(kind: Kind, wire: WireRule, settings: Settings) -> tuple[int | None, int | None]:
    """Default and cap of a life in seconds: the wire's own setting, the realm's, the wire's row, the kind's."""
    own = {"session": wire.session, "personal": (wire.personal, None), "reset": (wire.reset, kind.cap)}
    default, cap = own.get(kind.name, (kind.default, kind.cap))
    of_wire, of_realm, realm_cap, wire_cap = _names(wire.name, kind.name)
    default = _first(settings.number(of_wire), settings.number(of_realm), default)
    return default, _first(settings.number(realm_cap), settings.number(wire_cap), cap)


@functools.cache
def _names(wire: str, kind: str) -> tuple[str, str, str, str]:
    """The settings that name a life of this kind on this wire, in the order they are asked."""
    own = {"session": "token", "reset": "password_reset", "delegated": "by_token"}.get(kind, kind)
    lives = f"{wire}.{own}"
    return f"{lives}_lifetime", f"lifetimes.{kind}.default", f"lifetimes.{kind}.max", f"{lives}_maximum_lifetime"


def life(kind: Kind, wire: WireRule, settings: Settings, wished: int | None) -> int | None:
    """The life a new token gets, in seconds; None = no end.

    Shapes   wished: None = the usual life; 0 = the longest there is
    Safe     a wish over the cap is cut to it, never refused: old clients ask for `0` or ten years
    """
    default, cap = bounds(kind, wire, settings)
    span = cap if wished == 0 else default if wished is None else wished
    if cap is None:
        return span
    return cap if span is None else min(span, cap)


def end_of(now: Instant, span: int | None, limit: Instant | None = None) -> Instant | None:
    """The instant a token made now with that life ends, never past `limit` (the first proof's own end)."""
    own = None if span is None else Instant(now + span * SECOND)
    if limit is None:
        return own
    return limit if own is None else min(own, limit)


def quota(kind: Kind, settings: Settings) -> int | None:
    """How many live tokens of that kind one subject may hold."""
    return _first(settings.number(f"quota.{kind.name}"), kind.quota)


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
