"""Outcomes of the native API, told as JSON."""

from collections.abc import Callable
from typing import Any

from keyturn.core import factors as totp
from keyturn.core import outcomes as o
from keyturn.core.settings import Settings
from keyturn.core.types import Secret
from keyturn.dialects.native import answers as a
from keyturn.dialects.native import shaping as s
from keyturn.dialects.native.refusals import PROBLEM
from keyturn.wire import Request, Response, json_response

SECRETS = "_secret"
"""How the name of a setting ends that is a secret: it is set here, and never told."""
Write = Callable[[Any, Settings, Request], Response]


def told(shape: Callable[[Any], Any], status: int = 200) -> Write:
    """A write that tells the outcome in that shape."""
    return lambda outcome, settings, request: json_response(shape(outcome), status)


def accepted(outcome: Any, settings: Settings, request: Request) -> Response:
    """202: whatever can be done is under way, and nothing is told of it."""
    return json_response(a.Accepted(), 202)


def nothing(outcome: Any, settings: Settings, request: Request) -> Response:
    """204: done, and nothing to tell."""
    return Response(204)


def session_opened(outcome: Any, settings: Settings, request: Request) -> Response:
    """The session, or the way to the password change that is due first."""
    if isinstance(outcome, o.PasswordChangeDue):
        return _change_due(outcome, request)
    view, t = outcome.view, outcome.view.token
    body = a.SessionMade(
        t.uuid, t.kind, t.name, outcome.secret, s.time(t.expires), view.secret.last6, s.user(outcome.user)
    )
    return json_response(body, 201)


def token_issued(outcome: o.TokenIssued) -> a.TokenMade:
    """A minted or rotated token."""
    return s.made(outcome.secret, outcome.view)


def reset_issued(outcome: o.TokenIssued) -> a.ResetMade:
    """A reset token and whom it is for."""
    t = outcome.view.token
    owner = s.person(outcome.view.owner)
    return a.ResetMade(t.uuid, t.kind, outcome.secret, s.time(t.expires), outcome.view.secret.last6, owner)


def user(outcome: Any) -> a.User:
    """A user."""
    return s.user(outcome.user)


def users(outcome: o.UsersListed) -> a.Users:
    """A page of users."""
    return a.Users(tuple(s.user(u) for u in outcome.users), outcome.next_cursor)


def token(outcome: o.TokenShown) -> a.TokenShown:
    """A token."""
    return s.token(outcome.view)


def tokens(outcome: o.TokensListed) -> a.Tokens:
    """A page of tokens."""
    return a.Tokens(tuple(s.token(v) for v in outcome.tokens), outcome.next_cursor)


def sessions(outcome: o.TokensListed) -> a.Sessions:
    """The caller's sessions."""
    return a.Sessions(tuple(s.session(v) for v in outcome.tokens))


def password_changed(outcome: o.PasswordChanged) -> a.PasswordChanged:
    """What the new password ended, and what is to be reviewed."""
    return a.PasswordChanged(outcome.sessions_ended, tuple(s.token(v) for v in outcome.review))


def factors(outcome: o.FactorsListed) -> a.Factors:
    """Factors."""
    return a.Factors(tuple(s.factor(f) for f in outcome.factors))


def factor_begun(outcome: Any) -> a.FactorMade:
    """A TOTP that waits, recovery codes, or codes by mail; told once."""
    if isinstance(outcome, o.FactorConfirmed):
        return a.FactorMade("" if outcome.factor is None else outcome.factor.uuid, "email")
    if isinstance(outcome, o.RecoveryCodesMade):
        return a.FactorMade(outcome.factor.uuid, outcome.factor.kind, codes=outcome.codes)
    seed = totp.seed_from_base32(outcome.seed.reveal()) or b""
    uri = totp.otpauth_uri(outcome.issuer, outcome.login, seed)
    return a.FactorMade(outcome.factor.uuid, outcome.factor.kind, outcome.seed, Secret(uri))


def realm(outcome: o.RealmShown) -> a.RealmShown:
    """A realm."""
    return s.realm(outcome.realm, outcome.hosts)


def realms(outcome: o.RealmsListed) -> a.Realms:
    """Realms."""
    return a.Realms(tuple(s.realm(r) for r in outcome.realms))


def policy(outcome: o.RealmShown) -> a.PolicyShown:
    """The policy in force."""
    return s.policy(outcome.realm)


def settings_shown(outcome: o.RealmShown) -> dict[str, Any]:
    """Every setting in force, but for one that is a secret and is set."""
    held = outcome.realm.settings.values.items()
    return {name: value for name, value in held if not (name.endswith(SECRETS) and value)}


def role(outcome: o.RoleShown) -> a.RoleShown:
    """A role."""
    return s.role(outcome.role)


def roles(outcome: o.RolesListed) -> a.Roles:
    """Roles."""
    return a.Roles(tuple(s.role(r) for r in outcome.roles))


def audit(outcome: o.AuditListed) -> a.Audit:
    """A page of the audit log."""
    return a.Audit(tuple(s.audit_row(r) for r in outcome.rows), outcome.next_cursor)


def introspection(outcome: o.Introspected) -> a.Introspection:
    """RFC 7662."""
    return s.introspection(outcome.results[0])


def introspections(outcome: o.Introspected) -> a.Introspections:
    """Introspection objects in the order asked."""
    return a.Introspections(tuple(s.introspection(f) for f in outcome.results))


def revoked(outcome: Any, settings: Settings, request: Request) -> Response:
    """RFC 7009: 200 and an empty body."""
    return Response(200, b"")


def _change_due(outcome: o.PasswordChangeDue, request: Request) -> Response:
    body = a.Problem(
        type="about:blank#password_change_required", title="Password change required", status=403,
        detail="The password must be changed first: redeem the reset token with a new one.",
        code="password_change_required", request_id=request.id, reset_token=outcome.secret,
    )  # fmt: skip
    return json_response(body, 403, media=PROBLEM)
