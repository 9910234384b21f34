"""What the native API tells: one type an answer, times in RFC 3339, ids as uuids."""

import datetime
from typing import Any

import msgspec

from keyturn.core.outcomes import AuditRow, Facts
from keyturn.core.types import Factor, Frozen, Instant, Realm, Role, Secret, Subject, SubjectView, TokenView


def time(at: Instant | int | None) -> str | None:
    """RFC 3339 UTC with milliseconds; None stays None."""
    if at is None:
        return None
    moment = datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


class FactorMade(Frozen, omit_defaults=True):
    """A TOTP factor that waits for its first code, or recovery codes; told once."""

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


def person(subject: Subject) -> Person:
    """A subject in short."""
    return Person(subject.uuid, subject.login)


def user(view: SubjectView) -> User:
    """A subject as the native API shows it."""
    s = view.subject
    return User(
        id=s.uuid, number=s.number, handle=s.handle, login=s.login, email=s.email, email_verified=s.email_verified,
        display_name=s.display_name, realm=view.realm.name, state=s.state, service=s.service, remote=s.remote,
        built_in=s.built_in, roles=tuple(r.name for r in view.roles), has_password=view.has_password,
        factors=tuple(f.kind for f in view.factors if f.confirmed), must_change=view.must_change,
        locked_until=time(view.locked_until), created_at=time(s.created), updated_at=time(s.updated),
        last_login_at=time(s.last_login), notify=s.notify,
    )  # fmt: skip


def token(view: TokenView) -> TokenShown:
    """A token as lists show it."""
    t, x = view.token, view.secret
    shown = SecretShown(
        x.last6,
        time(x.created),
        time(x.ends or t.expires),
        time(x.first_used),
        time(x.last_used),
        x.used_from,
        x.client,
    )
    return TokenShown(
        id=t.uuid, kind=t.kind, dialect=t.dialect, name=t.name, scopes=t.scopes, bypass_two_factor=t.bypass,
        owner=person(view.owner), last6=x.last6, created_at=time(t.created), expires_at=time(t.expires),
        ended_at=time(t.ended), ended_reason=t.reason, secrets=(shown,),
    )  # fmt: skip


def made(secret: Secret, view: TokenView) -> TokenMade:
    """A freshly minted token with its secret."""
    t = view.token
    return TokenMade(
        id=t.uuid, kind=t.kind, name=t.name, token=secret, expires_at=time(t.expires), last6=view.secret.last6,
        dialect=t.dialect, scopes=t.scopes, owner=person(view.owner), created_at=time(t.created),
    )  # fmt: skip


def session(view: TokenView) -> SessionShown:
    """A session as its owner sees it."""
    t, x = view.token, view.secret
    assurance = "stepped_up" if t.stepped_up is not None else "presented"
    return SessionShown(
        t.uuid, t.dialect, x.client, x.used_from, time(x.first_used or t.created), time(x.last_used), time(t.expires),
        assurance,
    )  # fmt: skip


def factor(f: Factor) -> FactorShown:
    """A factor without its secret."""
    return FactorShown(f.uuid, f.kind, f.confirmed, time(f.created))


def role(r: Role) -> RoleShown:
    """A role."""
    return RoleShown(r.uuid, r.number, r.name, r.description, r.built_in, r.permissions)


def realm(r: Realm, hosts: tuple[str, ...] = ()) -> RealmShown:
    """A realm."""
    return RealmShown(r.uuid, r.name, r.display_name, hosts)


def policy(r: Realm) -> PolicyShown:
    """The policy in force in a realm."""
    return msgspec.convert(msgspec.to_builtins(r.settings.policy), PolicyShown)


def audit_row(row: AuditRow) -> AuditShown:
    """One line of the audit log."""
    actor, act, subject = (None if p is None else person(p) for p in (row.actor, row.act, row.subject))
    return AuditShown(
        row.id, time(row.at), row.verb, row.result, row.reason, row.dialect, actor, act, subject, row.token,
        row.address, row.agent, row.request_id, row.detail,
    )  # fmt: skip


def introspection(facts: Facts | None) -> Introspection:
    """RFC 7662 of one token; an inactive one says nothing else."""
    if facts is None:
        return Introspection(False)
    actor = facts.actor
    return Introspection(
        active=True, sub=facts.subject.uuid, username=facts.subject.login, token_type="Bearer",
        scope=None if facts.scopes is None else " ".join(facts.scopes), realm=facts.realm, kind=facts.kind,
        exp=None if facts.expires is None else facts.expires // 1_000_000, iat=facts.issued // 1_000_000,
        dialect=facts.dialect, act=None if actor is None else Act(actor.uuid, actor.login),
        acr="stepped_up" if facts.stepped_up is not None else "presented",
        auth_time=None if facts.stepped_up is None else facts.stepped_up // 1_000_000,
    )  # fmt: skip
