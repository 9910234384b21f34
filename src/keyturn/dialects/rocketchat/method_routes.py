"""This wire's two doors for methods, and a row for each method behind them."""

from typing import Any

from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat import codes as x
from keyturn.dialects.rocketchat import methods as m
from keyturn.dialects.rocketchat import reading as r
from keyturn.dialects.rocketchat import refusals as f
from keyturn.dialects.rocketchat import user_bodies as b
from keyturn.dialects.rocketchat import user_refusals as uf
from keyturn.dialects.rocketchat.profiles import read_first, uncounted, usual
from keyturn.dialects.rocketchat.routes import OWN, V1
from keyturn.dialects.rocketchat.steps import ITSELF, PROOF, STEP_UP
from keyturn.wire import Request, Route

FREE, READ_FIRST = uncounted(usual), uncounted(read_first)
"""The calls of methods are not counted, as the product does not count them here."""

# fmt: off
UNREAD = Route("POST", f"{V1}/method.call/{{name}}", c.ShowSelf, m.unread, m.told(lambda outcome: None), "method.call",
               "Call a method; the name in the path says nothing", m.calling, b.MethodCall, a.MethodAnswer, order=FREE,
               refusals=m.UNREAD, parameters=PROOF)


def method(command: type[Any], read: r.Read, result: m.Result, sayings: f.Sayings, **more: Any) -> Route:
    """A row for one method: its failures are told in its answer, and so is what is no failure for it."""
    refusals = {**m.failures(sayings), **more.pop("gives", {})}
    return replace(UNREAD, command=command, read=read, write=m.told(result), refusals=refusals, **more)


def called(request: Request) -> Route:
    """The method that the text in the body names."""
    return _named(request, METHODS, UNREAD)


def called_by_nobody(request: Request) -> Route:
    """The same without credentials."""
    return _named(request, ANONYMOUS, NOBODY)


def _named(request: Request, rows: dict[str, Route], unread: Route) -> Route:
    found = m.call(request)
    return unread if isinstance(found, Denied) else rows.get(found.method, unread)


METHODS: dict[str, Route] = {
    "2fa:enable": method(c.EnrolFactor, r.plainly(lambda: c.EnrolFactor("totp")), m.seed, uf.ENABLED, step_up=STEP_UP),
    "2fa:validateTempToken": method(c.ConfirmFactor, m.with_code(x.confirming), m.codes, uf.CODE),
    "2fa:disable": method(c.RemoveFactor, m.with_code(x.off), lambda outcome: True, {}, present=m.proving(x.of_app), step_up=ITSELF,
                          order=READ_FIRST, gives=m.gives(False)),
    "2fa:regenerateCodes": method(c.EnrolFactor, m.with_code(x.fresh_codes), m.codes, uf.ENABLED, present=m.proving(x.of_app),
                                  step_up=ITSELF, order=READ_FIRST, gives=m.gives(None)),
    "2fa:checkCodesRemaining": method(c.CountCodes, r.plainly(c.CountCodes), m.remaining, {Reason.NOT_FOUND: uf.BAD_CODE}),
    "personalAccessTokens:generateToken": method(
        c.IssueToken, m.with_name(r.minting), m.token, f.token_sayings(f.GENERATE, f.GENERATE), step_up=STEP_UP, needs=OWN),
    "personalAccessTokens:regenerateToken": method(
        c.RotateToken, m.with_name(lambda sent: c.RotateToken(r.own_token(sent))), m.token, f.token_sayings(f.REGENERATE, f.GENERATE),
        step_up=STEP_UP, needs=OWN),
    "personalAccessTokens:removeToken": method(
        c.RevokeToken, m.with_name(lambda sent: c.RevokeToken(r.own_token(sent))), lambda outcome: None,
        f.token_sayings(f.REMOVE, f.REMOVE), step_up=STEP_UP, needs=OWN),
}
# fmt: on

NOBODY = replace(
    UNREAD, path=f"{V1}/method.callAnon/{{name}}", operation="method.callAnon", summary="The same without credentials",
    present=m.unreadable, refusals={**m.UNREAD, **m.ANONYMOUS}, public=True, parameters=(),
)  # fmt: skip
ANONYMOUS = {
    name: replace(route, path=NOBODY.path, present=r.nobody, refusals={**route.refusals, **m.ANONYMOUS})
    for name, route in METHODS.items()
}
"""A method wants somebody who calls it, so each of these fails."""
CALLS = (replace(UNREAD, choose=called), replace(NOBODY, choose=called_by_nobody))
