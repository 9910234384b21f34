"""Core values, shaped as the native API tells them."""

import datetime

import msgspec

from keyturn.core.kinds import proved_at
from keyturn.core.outcomes import AuditRow, Facts
from keyturn.core.types import Factor, Instant, Realm, Role, Secret, Subject, SubjectView, TokenView
from keyturn.dialects.native import answers as a

LAST = 253_402_300_799_000
"""The last second of the year 9999 in milliseconds: RFC 3339 has four digits for a year."""


def time(at: Instant | int | None) -> str | None:
    """RFC 3339 UTC with milliseconds; None stays None, and what has no end is the last second that can be told."""
    if at is None:
        return None
    moment = datetime.datetime.fromtimestamp(min(at // 1000, LAST) / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def person(subject: Subject) -> a.Person:
    """A subject in short."""
    return a.Person(subject.uuid, subject.login)


def user(view: SubjectView) -> a.User:
    """A subject as the native API shows it."""
    s = view.subject
    return a.User(
        id=s.uuid, number=s.number, handle=s.handle, login=s.login, email=s.email, email_verified=s.email_verified,
        display_name=s.display_name, realm=view.realm.name, state=s.state, service=s.service, remote=s.remote,
        built_in=s.built_in, roles=tuple(r.name for r in view.roles), has_password=view.has_password,
        factors=tuple(f.kind for f in view.factors if f.confirmed), must_change=view.must_change,
        locked_until=time(view.locked_until), created_at=time(s.created), updated_at=time(s.updated),
        last_login_at=time(s.last_login), notify=s.notify,
    )  # fmt: skip


def token(view: TokenView) -> a.TokenShown:
    """A token as lists show it."""
    t, x = view.token, view.secret
    shown = a.SecretShown(
        x.last6,
        time(x.created),
        time(x.ends or t.expires),
        time(x.first_used),
        time(x.last_used),
        x.used_from,
        x.client,
    )
    return a.TokenShown(
        id=t.uuid, kind=t.kind, dialect=t.dialect, name=t.name, scopes=t.scopes, bypass_two_factor=t.bypass,
        owner=person(view.owner), last6=x.last6, created_at=time(t.created), expires_at=time(t.expires),
        ended_at=time(t.ended), ended_reason=t.reason, secrets=(shown,),
    )  # fmt: skip


def made(secret: Secret, view: TokenView) -> a.TokenMade:
    """A freshly minted token with its secret."""
    t = view.token
    return a.TokenMade(
        id=t.uuid, kind=t.kind, name=t.name, token=secret, expires_at=time(t.expires), last6=view.secret.last6,
        dialect=t.dialect, scopes=t.scopes, owner=person(view.owner), created_at=time(t.created),
    )  # fmt: skip


def session(view: TokenView) -> a.SessionShown:
    """A session as its owner sees it."""
    t, x = view.token, view.secret
    assurance = "presented" if proved_at(t) is None else "stepped_up"
    return a.SessionShown(
        t.uuid, t.dialect, x.client, x.used_from, time(x.first_used or t.created), time(x.last_used), time(t.expires),
        assurance,
    )  # fmt: skip


def factor(f: Factor) -> a.FactorShown:
    """A factor without its secret."""
    return a.FactorShown(f.uuid, f.kind, f.confirmed, time(f.created))


def role(r: Role) -> a.RoleShown:
    """A role."""
    return a.RoleShown(r.uuid, r.number, r.name, r.description, r.built_in, r.permissions, r.two_factor)


def realm(r: Realm, hosts: tuple[str, ...] = ()) -> a.RealmShown:
    """A realm."""
    return a.RealmShown(r.uuid, r.name, r.display_name, hosts)


def policy(r: Realm) -> a.PolicyShown:
    """The policy in force in a realm."""
    return msgspec.convert(msgspec.to_builtins(r.settings.policy), a.PolicyShown)


def audit_row(row: AuditRow) -> a.AuditShown:
    """One line of the audit log."""
    actor, act, subject = (None if p is None else person(p) for p in (row.actor, row.act, row.subject))
    return a.AuditShown(
        row.id, time(row.at), row.verb, row.result, row.reason, row.dialect, actor, act, subject, row.token,
        row.address, row.agent, row.request_id, row.detail,
    )  # fmt: skip


def introspection(facts: Facts | None) -> a.Introspection:
    """RFC 7662 of one token; an inactive one says nothing else."""
    if facts is None:
        return a.Introspection(False)
    actor = facts.actor
    return a.Introspection(
        active=True, sub=facts.subject.uuid, username=facts.subject.login, token_type="Bearer",
        scope=None if facts.scopes is None else " ".join(facts.scopes), realm=facts.realm, kind=facts.kind,
        exp=None if facts.expires is None else facts.expires // 1_000_000, iat=facts.issued // 1_000_000,
        dialect=facts.dialect, act=None if actor is None else a.Act(actor.uuid, actor.login),
        acr="stepped_up" if facts.stepped_up is not None else "presented",
        auth_time=None if facts.stepped_up is None else facts.stepped_up // 1_000_000,
    )  # fmt: skip
