"""The nouns of the store as values: realm, subject, role, token, factor; frozen, and secrets wrapped."""

import hmac
from typing import Any, NewType, dataclass_transform

import msgspec

from keyturn.core.settings import Settings

Instant = NewType("Instant", int)
"""Microseconds since 1970 UTC."""

SECOND = 1_000_000


class Secret:
    """A clear-text secret, wrapped from birth: its repr, str and pickle never show it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The clear text; call it only where the text leaves us or is digested."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(redacted)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (s.reveal().encode("utf-8", "surrogatepass") for s in (self, other))
        return hmac.compare_digest(mine, theirs)

    __hash__ = None  # type: ignore[assignment]  # a secret is never a dictionary key

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Frozen(msgspec.Struct, frozen=True):
    """A value that never changes."""


class Realm(Frozen):
    """One closed world of subjects and rules."""

    id: int
    uuid: str
    name: str
    display_name: str
    active: bool
    epoch: int
    settings: Settings


class Subject(Frozen):
    """The person or machine that a thing is about."""

    id: int
    realm: int
    uuid: str
    number: int
    handle: str
    login: str
    email: str
    email_verified: bool
    display_name: str
    service: bool
    remote: bool
    built_in: bool
    state: str
    epoch: int
    created: Instant
    updated: Instant
    last_login: Instant | None
    attributes: dict[str, dict[str, Any]]
    notify: tuple[str, ...]


class Role(Frozen):
    """A named set of permissions; `number` is its identifier on wires that count roles."""

    id: int
    realm: int
    uuid: str
    number: int
    name: str
    description: str
    built_in: bool
    across: bool
    permissions: tuple[str, ...]
    two_factor: bool = False
    """Whoever holds it needs a second factor."""


class Token(Frozen):
    """A bearer credential we minted: its row of rules, without its secret."""

    id: int
    uuid: str
    realm: int
    subject: int
    maker: int | None
    act: int | None
    parent: int | None
    kind: str
    dialect: str
    name: str | None
    scopes: tuple[str, ...] | None
    bypass: bool
    life: int | None
    idle: int | None
    created: Instant
    expires: Instant | None
    ended: Instant | None
    reason: str | None
    stepped_up: Instant | None
    stepped_up_by: str | None
    claims: dict[str, str]
    stepped_up_with: str | None = None
    """The method of that showing: a mailed code and a password raise no assurance (rules.md 6)."""


class SecretRow(Frozen):
    """What is stored of one secret of a token."""

    last6: str
    created: Instant
    ends: Instant | None
    first_used: Instant | None
    last_used: Instant | None
    used_from: str | None
    client: str | None


class TokenView(Frozen):
    """A token as lists and its owner see it."""

    token: Token
    secret: SecretRow
    owner: Subject
    actor: Subject | None = None


class Factor(Frozen):
    """A registered second means of one subject."""

    id: int
    uuid: str
    subject: int
    kind: str
    confirmed: bool
    created: Instant
    last_step: int


class SubjectView(Frozen):
    """A subject with what answers tell beside its row."""

    subject: Subject
    roles: tuple[Role, ...]
    factors: tuple[Factor, ...]
    has_password: bool
    must_change: bool
    locked_until: Instant | None
    locked_on: str | None
    realm: Realm
