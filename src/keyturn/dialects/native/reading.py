"""Requests of the native API, read into commands."""

import base64
import binascii
import datetime
from collections.abc import Callable
from typing import Any, TypeVar

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings, duration
from keyturn.core.types import LoginProof, Presented, Proof, RealmRef, Secret, SubjectRef, TokenRef
from keyturn.dialects.native import bodies
from keyturn.wire import Request, clear, converted, json_body, malformed

T = TypeVar("T")
LARGEST_PAGE = 500
KINDS = ("totp", "recovery", "email")


def bearer(request: Request) -> Presented | Denied:
    """The caller by `Authorization: Bearer`, its step-up by `Step-Up: METHOD CODE`, its realm by `?realm=`."""
    text = request.header("authorization")
    secret = None
    if text is not None:
        scheme, _, value = text.partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            return Denied(Reason.INVALID_TOKEN)
        secret = Secret(value.strip())
    named = request.fields().get("realm")
    realm = None if not named else RealmRef("name", named)
    proof, method = _step_up(request)
    return Presented("native", secret, proof=proof, method=method, realm=realm)


def bearer_or_basic(request: Request) -> Presented | Denied:
    """The caller of the OAuth paths: Bearer, or Basic with the token as the password and the login as the name."""
    text = request.header("authorization") or ""
    if not text.lower().startswith("basic "):
        return bearer(request)
    try:
        name, _, password = base64.b64decode(text[6:].strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Denied(Reason.INVALID_TOKEN)
    return Presented("native", Secret(password) if password else None, claim=name or None)


def signing_in(request: Request) -> Presented | Denied:
    """Name and password of a sign-in, with the factor shown beside them."""
    body = _body(request, bodies.OpenSession)
    if isinstance(body, Denied):
        return body
    shown, realm = body.factor, _realm(body.realm)
    proof = None if shown is None or shown.code is None else Proof(shown.method, shown.code)
    method = "" if shown is None else shown.method
    return Presented("native", login=LoginProof(body.login, body.password), proof=proof, method=method, realm=realm)


def changing_password(request: Request) -> Presented | Denied:
    """The caller with the current password as the proof of this very wish."""
    presented = bearer(request)
    body = _body(request, bodies.ChangePassword)
    if isinstance(presented, Denied) or isinstance(body, Denied):
        return presented
    return Presented("native", presented.secret, proof=Proof("current", body.current_password), realm=presented.realm)


def asking_for_reset(request: Request) -> Presented | Denied:
    """A caller who shows nothing and may name a realm."""
    body = _body(request, bodies.ResetAsked)
    return body if isinstance(body, Denied) else Presented("native", realm=_realm(body.realm))


def nobody(request: Request) -> Presented | Denied:
    """A caller who shows nothing; the token is part of the wish."""
    return Presented("native")


# --- reading wishes


def plain(command: Callable[[], Any]) -> Callable[[Request, Settings], Any]:
    """A read for a command that takes nothing."""
    return lambda request, settings: command()


def taking(
    model: type[T], make: Callable[[Request, T], Any], *, empty: bool = False
) -> Callable[[Request, Settings], Any]:
    """A read for a command made from a JSON body."""

    def read(request: Request, settings: Settings) -> Any:
        body = _body(request, model, empty=empty)
        return body if isinstance(body, Denied) else make(request, body)

    return read


def user_ref(request: Request) -> SubjectRef:
    """The user the path names."""
    return SubjectRef("uuid", request.params["id"])


def token_ref(request: Request) -> TokenRef:
    """The token the path names."""
    return TokenRef("uuid", request.params["id"])


def about_user(command: Callable[[SubjectRef], Any]) -> Callable[[Request, Settings], Any]:
    """A read for a command about the user in the path."""
    return lambda request, settings: command(user_ref(request))


def about_token(command: Callable[[TokenRef], Any]) -> Callable[[Request, Settings], Any]:
    """A read for a command about the token in the path."""
    return lambda request, settings: command(token_ref(request))


def open_session(request: Request, body: bodies.OpenSession) -> Any:
    """Sign in."""
    span = _span(body.lifetime, "lifetime")
    return span if isinstance(span, Denied) else c.OpenSession(span, reset_when_due=True)


def set_up(request: Request, body: bodies.Setup) -> Any:
    """The first administrator."""
    return c.SetUp(body.code, body.login, body.password, body.email)


def change_password(request: Request, body: bodies.ChangePassword) -> Any:
    """A new password for oneself."""
    return c.ChangePassword(body.password)


def issue_reset(request: Request, body: bodies.ResetWish) -> Any:
    """A reset token for a user."""
    span = _span(body.lifetime, "lifetime")
    return span if isinstance(span, Denied) else c.IssueReset(user_ref(request), span)


def request_reset(request: Request, body: bodies.ResetAsked) -> Any:
    """A reset token by mail."""
    return c.RequestReset(body.login)


def redeem(request: Request, body: bodies.Redeem) -> Any:
    """Use a reset token."""
    return c.RedeemReset(body.token, body.password, body.revoke_tokens)


def new_user(request: Request, body: bodies.NewUser) -> Any:
    """Add a user; its password comes by a reset token."""
    return c.CreateUser(
        body.login, body.email, body.display_name, service=body.service, roles=body.roles,
        email_verified=body.email_verified,
    )  # fmt: skip


def user_change(request: Request, body: bodies.UserChange) -> Any:
    """Change a user."""
    return c.EditUser(
        user_ref(request), body.login, body.email, body.display_name, body.notify, email_verified=body.email_verified
    )


def roles(request: Request, body: bodies.Roles) -> Any:
    """Give a user these roles."""
    return c.SetRoles(user_ref(request), body.roles)


def new_token(request: Request, body: bodies.NewToken) -> Any:
    """Issue a token."""
    span = _span(body.expires_in, "expires_in")
    if isinstance(span, Denied):
        return span
    if body.kind not in ("personal", "api"):
        return malformed("kind", "wants personal or api")
    if not clear(body.name):
        return malformed("name", "holds characters that cannot be shown")
    owner = None if body.owner is None else SubjectRef("uuid", body.owner)
    return c.IssueToken(body.kind, body.name, body.dialect, owner, body.scopes, span, body.bypass_two_factor)


def token_change(request: Request, body: bodies.TokenChange) -> Any:
    """Rename a token."""
    if not clear(body.name):
        return malformed("name", "holds characters that cannot be shown")
    return c.EditToken(token_ref(request), body.name)


def rotate(request: Request, body: bodies.Rotate) -> Any:
    """Replace a token's secret."""
    overlap, span = _span(body.overlap, "overlap"), _span(body.expires_in, "expires_in")
    if isinstance(overlap, Denied) or isinstance(span, Denied):
        return overlap if isinstance(overlap, Denied) else span
    if overlap:
        return malformed("overlap", "is not there yet: rotation is immediate")
    return c.RotateToken(token_ref(request), None, span)


def login_token(request: Request, body: bodies.LoginToken) -> Any:
    """Act for a user."""
    span = _span(body.lifetime, "lifetime")
    if not clear(body.reason):
        return malformed("reason", "holds characters that cannot be shown")
    return span if isinstance(span, Denied) else c.IssueDelegation(user_ref(request), body.reason, span)


def verify(request: Request, body: bodies.Verify) -> Any:
    """Look at many tokens."""
    return c.Introspect(body.tokens, body.scope)


def new_factor(request: Request, body: bodies.NewFactor) -> Any:
    """Begin a factor."""
    return c.EnrolFactor(body.kind) if body.kind in KINDS else malformed("kind", "wants totp, recovery or email")


def confirm_factor(request: Request, body: bodies.Confirm) -> Any:
    """Switch a factor on."""
    return c.ConfirmFactor(request.params["id"], body.code)


def remove_factor(request: Request, settings: Settings) -> Any:
    """Take an own factor away."""
    return c.RemoveFactor(request.params["id"])


def remove_user_factor(request: Request, settings: Settings) -> Any:
    """Take a user's factor away."""
    return c.RemoveFactor(request.params["factor"], user_ref(request))


def new_realm(request: Request, body: bodies.NewRealm) -> Any:
    """Add a realm."""
    return c.CreateRealm(body.name, body.display_name, body.hosts)


def realm_change(request: Request, body: bodies.RealmChange) -> Any:
    """Change the realm of the wish."""
    return c.EditRealm(body.display_name, body.hosts)


def policy_change(request: Request, body: dict[str, Any]) -> Any:
    """Change the policy of the realm."""
    return c.EditRealm(policy=body)


def settings_change(request: Request, body: dict[str, Any]) -> Any:
    """Change the settings of the realm."""
    return c.EditRealm(settings=body)


def put_role(request: Request, body: bodies.RoleBody) -> Any:
    """Make or change a role."""
    return c.PutRole(body.name, body.permissions, body.description)


def role_change(request: Request, body: bodies.RoleChange) -> Any:
    """Change what a role asks of its holders."""
    return c.EditRole(request.params["name"], body.two_factor)


def show_role(request: Request, settings: Settings) -> Any:
    """One role."""
    return c.ShowRole(request.params["name"])


def list_users(request: Request, settings: Settings) -> Any:
    """One page of users."""
    page = _page(request)
    if isinstance(page, Denied):
        return page
    return c.ListUsers(request.fields().get("query", ""), None, *page)


def list_tokens(request: Request, settings: Settings) -> Any:
    """One page of tokens: the caller's own, one owner's, or everybody's."""
    page, fields = _page(request), request.fields()
    if isinstance(page, Denied):
        return page
    owner = fields.get("owner")
    ref = None if owner in (None, "*") else SubjectRef("uuid", owner or "")
    return c.ListTokens(ref, owner == "*", fields.get("dialect"), fields.get("kind"), *page)


def list_audit(request: Request, settings: Settings) -> Any:
    """One page of the audit log."""
    page, fields = _page(request), request.fields()
    since = _instant(fields.get("since"))
    if isinstance(page, Denied) or isinstance(since, Denied):
        return page if isinstance(page, Denied) else since
    subject, actor = (SubjectRef("uuid", fields[n]) if fields.get(n) else None for n in ("subject", "actor"))
    return c.ListAudit(fields.get("verb") or None, subject, actor, since, *page)


def introspect(request: Request, settings: Settings) -> Any:
    """RFC 7662."""
    form = _form(request)
    return form if isinstance(form, Denied) else c.Introspect((Secret(form.token),), form.scope)


def revoke(request: Request, settings: Settings) -> Any:
    """RFC 7009."""
    form = _form(request)
    return form if isinstance(form, Denied) else c.RevokeSecret(Secret(form.token))


def _form(request: Request) -> bodies.TokenForm | Denied:
    if request.media() != "application/x-www-form-urlencoded":
        return Denied(Reason.UNSUPPORTED_MEDIA)
    return converted(request.form(), bodies.TokenForm)


def _body(request: Request, model: type[T], *, empty: bool = False) -> T | Denied:
    if request.body.strip() and request.media() not in ("application/json", ""):
        return Denied(Reason.UNSUPPORTED_MEDIA)
    return json_body(request, model, empty=empty)


def _span(value: str | int | None, field: str) -> int | None | Denied:
    if value is None:
        return None
    try:
        return duration(value)
    except ValueError as error:
        return malformed(field, str(error))


def _page(request: Request) -> tuple[int, str | None] | Denied:
    fields = request.fields()
    text = fields.get("limit", "100")
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    cursor = fields.get("cursor") or None
    if not 1 <= limit <= LARGEST_PAGE:
        return malformed("limit", f"wants a number from 1 to {LARGEST_PAGE}")
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        return malformed("cursor", "is not one that was given out")
    return limit, cursor


def _instant(text: str | None) -> int | None | Denied:
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return malformed("since", "wants an RFC 3339 time")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return int(moment.timestamp() * 1_000_000)


def _step_up(request: Request) -> tuple[Proof | None, str]:
    """The second factor shown, or the method asked for alone."""
    method, _, code = (request.header("step-up") or "").partition(" ")
    shown = Proof(method.lower(), Secret(code.strip())) if method and code.strip() else None
    return shown, method.lower()


def _realm(name: str | None) -> RealmRef | None:
    return None if name is None else RealmRef("name", name)
