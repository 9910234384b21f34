"""What the native API tells: one type an answer, times in RFC 3339, ids as uuids."""

from typing import Any

from keyturn.core.types import Frozen, Secret


class Person(Frozen):
    """A subject in short."""

    id: str
    login: str


class User(Frozen):
    """A user or a machine."""

    id: str
    number: int
    handle: str
    login: str
    email: str
    email_verified: bool
    display_name: str
    realm: str
    state: str
    service: bool
    remote: bool
    built_in: bool
    roles: tuple[str, ...]
    factors: tuple[str, ...]
    has_password: bool
    must_change: bool
    locked_until: str | None
    created_at: str | None
    updated_at: str | None
    last_login_at: str | None
    notify: tuple[str, ...]


class SecretShown(Frozen):
    """One secret of a token, as far as it may be shown."""

    ends: str
    created_at: str | None
    works_until: str | None
    first_used_at: str | None
    last_used_at: str | None
    last_used_from: str | None
    last_used_client: str | None


class TokenShown(Frozen):
    """A token without its secret."""

    id: str
    kind: str
    dialect: str
    name: str | None
    scopes: tuple[str, ...] | None
    bypass_two_factor: bool
    owner: Person
    last6: str
    created_at: str | None
    expires_at: str | None
    ended_at: str | None
    ended_reason: str | None
    secrets: tuple[SecretShown, ...]


class TokenMade(Frozen):
    """A token with its secret, told once."""

    id: str
    kind: str
    name: str | None
    token: Secret
    expires_at: str | None
    last6: str
    dialect: str
    scopes: tuple[str, ...] | None
    owner: Person
    created_at: str | None


class SessionMade(Frozen):
    """An opened session, its secret told once."""

    id: str
    kind: str
    name: str | None
    token: Secret
    expires_at: str | None
    last6: str
    user: User


class SessionShown(Frozen):
    """One of the caller's sessions."""

    id: str
    dialect: str
    client: str | None
    address: str | None
    first_seen_at: str | None
    last_seen_at: str | None
    expires_at: str | None
    assurance: str


class ResetMade(Frozen):
    """A reset token, told once."""

    id: str
    kind: str
    token: Secret
    expires_at: str | None
    last6: str
    user: Person


class PasswordChanged(Frozen):
    """What a new password ended, and what it did not."""

    sessions_ended: int
    tokens_to_review: tuple[TokenShown, ...]


class Users(Frozen):
    """One page of users."""

    items: tuple[User, ...]
    next_cursor: str | None


class Tokens(Frozen):
    """One page of tokens."""

    items: tuple[TokenShown, ...]
    next_cursor: str | None


class Sessions(Frozen):
    """The caller's sessions."""

    items: tuple[SessionShown, ...]
    next_cursor: str | None = None


class FactorShown(Frozen):
    """A factor without its secret."""

    id: str
    kind: str
    confirmed: bool
    created_at: str | None


class Factors(Frozen):
    """The factors of one user."""

    items: tuple[FactorShown, ...]
    next_cursor: str | None = None


class Accepted(Frozen):
    """Taken: whatever can be done is under way, and nothing is told of it."""


class FactorMade(Frozen, omit_defaults=True):
    """A TOTP factor that waits for its first code, recovery codes, or codes by mail switched on; told once."""

    id: str
    kind: str
    secret: Secret | None = None
    otpauth_uri: Secret | None = None
    codes: tuple[Secret, ...] | None = None


class RealmShown(Frozen):
    """A realm."""

    id: str
    name: str
    display_name: str
    hosts: tuple[str, ...]


class Realms(Frozen):
    """Realms."""

    items: tuple[RealmShown, ...]
    next_cursor: str | None = None


class PolicyShown(Frozen):
    """The policy in force."""

    lockout_attempts: int
    password_min_length: int
    password_min_length_two_factor: int
    two_factor: str
    mail_codes: bool
    totp_strict: bool


class RoleShown(Frozen):
    """A role."""

    id: str
    number: int
    name: str
    description: str
    built_in: bool
    permissions: tuple[str, ...]
    two_factor: bool


class Roles(Frozen):
    """Roles."""

    items: tuple[RoleShown, ...]
    next_cursor: str | None = None


class AuditShown(Frozen):
    """One line of the audit log."""

    id: int
    at: str | None
    verb: str
    result: str
    reason: str | None
    dialect: str
    actor: Person | None
    act: Person | None
    subject: Person | None
    token: str | None
    address: str
    client: str
    request_id: str
    detail: dict[str, Any]


class Audit(Frozen):
    """One page of the audit log."""

    items: tuple[AuditShown, ...]
    next_cursor: str | None


class Described(Frozen):
    """A name and its sentence."""

    name: str
    sentence: str


class Descriptions(Frozen):
    """Names and their sentences."""

    items: tuple[Described, ...]
    next_cursor: str | None = None


class Act(Frozen):
    """Who acts behind a delegated token."""

    sub: str
    username: str


class Introspection(Frozen, omit_defaults=True):
    """RFC 7662: `active` alone, or all that may be told."""

    active: bool
    sub: str | None = None
    username: str | None = None
    scope: str | None = None
    exp: int | None = None
    iat: int | None = None
    token_type: str | None = None
    realm: str | None = None
    kind: str | None = None
    dialect: str | None = None
    act: Act | None = None
    acr: str | None = None
    auth_time: int | None = None


class Introspections(Frozen):
    """Introspection objects in the order asked."""

    results: tuple[Introspection, ...]


class Problem(Frozen, omit_defaults=True):
    """RFC 9457, with the reason as `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    fields: dict[str, str] | None = None
    challenge: dict[str, Any] | None = None
    reset_token: Secret | None = None


class OAuthError(Frozen):
    """An error of RFC 6749 section 5.2."""

    error: str
    error_description: str
