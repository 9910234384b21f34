"""Methods of the product's own protocol, called over HTTP: JSON in a text, each way."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from keyturn.core.outcomes import Denied, Named, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen, Presented, Proof, Secret
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat import bodies as b
from keyturn.dialects.rocketchat import user_bodies as ub
from keyturn.dialects.rocketchat.profiles import INVALID, MISSING, profile
from keyturn.dialects.rocketchat.reading import Read, factor, means, nobody, signed, usable
from keyturn.dialects.rocketchat.refusals import NAMELESS, SAID, Sayings, at, parameters
from keyturn.dialects.rocketchat.sayings import Said, Saying, always, sentence
from keyturn.dialects.rocketchat.user_answers import Codes, Remaining, Seed
from keyturn.dialects.rocketchat.user_writing import address
from keyturn.dialects.rocketchat.wanting import blank, body
from keyturn.dialects.rocketchat.writing import said
from keyturn.wire import Refusal, Request, Response, Route, converted, decoded, json_response, malformed

Result = Callable[[Any], Any]
BAD_REQUEST = 400
NOT_RIGHT = (
    Reason.STEP_UP_REQUIRED,
    Reason.STEP_UP_WRONG,
    Reason.STEP_UP_LOCKED,
    Reason.NOT_FOUND,
    Reason.CONFLICT,
)
"""A code is not right, or there is nothing that it could be a code of."""


class Error(Frozen, kw_only=True):
    """How a method failed."""

    safe: bool = msgspec.field(default=True, name="isClientSafe")
    error: str | int
    reason: str | msgspec.UnsetType = msgspec.UNSET
    message: str
    details: Any = msgspec.UNSET
    type: str = msgspec.field(default="Meteor.Error", name="errorType")


class Told(Frozen, kw_only=True):
    """What comes back of a method, under the number it was called by."""

    msg: str = "result"
    id: str | int
    result: Any = msgspec.UNSET
    error: Error | msgspec.UnsetType = msgspec.UNSET


# --- what is called


def call(request: Request) -> ub.Call | Denied:
    """What the text in the body calls; MALFORMED where there is none, or it cannot be read."""

    def read(request: Request, model: type[ub.Call]) -> ub.Call | Denied:
        sent = body(request, ub.MethodCall)
        if isinstance(sent, Denied):
            return sent
        if sent.message is None:
            return malformed("message", MISSING)
        found = decoded(sent.message.reveal().encode("utf-8", "surrogatepass"), ub.Call)
        return malformed("message", "is not the call of a method") if isinstance(found, Denied) else found

    return request.once(ub.Call, read)


def unread(request: Request, settings: Settings) -> Any:
    """Why nothing is called: the text is of no use, or there is no such method."""
    called = call(request)
    return called if isinstance(called, Denied) else Denied(Reason.NOT_FOUND, Named("method"))


def parameter(request: Request) -> b.NewToken | Denied:
    """The first parameter of the call, where it says which token is meant."""
    called = call(request)
    if isinstance(called, Denied):
        return called
    first = called.params[0] if called.params else None
    return converted(first, b.NewToken, strict=True) if isinstance(first, dict) else b.NewToken()


def code(request: Request) -> str:
    """The first parameter of the call, where it is a text."""
    called = call(request)
    first = called.params[0] if isinstance(called, ub.Call) and called.params else None
    return first if isinstance(first, str) else ""


# --- who calls


def calling(request: Request) -> Presented:
    """The caller by its headers; a second proof stands behind the parameters, or in the headers."""
    shown, called = signed(request), call(request)
    last = called.params[-1] if isinstance(called, ub.Call) and called.params else None
    proof = converted(last, ub.Shown2fa) if isinstance(last, dict) else ub.Shown2fa()
    if isinstance(proof, Denied) or not (proof.code or proof.method):
        return shown
    method, code = means(proof.method), proof.code
    # An empty code is none, so that its sender is asked for one.
    return replace(shown, proof=None if code is None or blank(code) else factor(method, code), method=method)


def proving(prove: Callable[[Secret | None], Proof | None]) -> Callable[[Request], Presented]:
    """The caller by its headers, with the first parameter as the proof of this very wish."""
    return lambda request: replace(signed(request), proof=prove(Secret(code(request))), method="")


def unreadable(request: Request) -> Presented | Denied:
    """Nobody, whose call cannot be read."""
    called = call(request)
    return called if isinstance(called, Denied) else nobody(request)


# --- what comes back


def told(result: Result) -> Callable[[Any, Settings, Request], Response]:
    """A write for a method: what it gives, as JSON in a text."""
    return lambda outcome, settings, request: _answer(request, result(outcome))


def gives(value: Any) -> dict[Reason, Refusal]:
    """Rows for a code that is not right, where that is no failure of the method: it gives this."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        return _answer(request, value)

    return dict.fromkeys(NOT_RIGHT, row)


def fails(saying: Saying) -> Refusal:
    """A row by which a method fails, with the status that the realm's profile gives such an answer."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        spoken = saying(denied, settings, request)
        status, success = profile(settings).method_failed
        return _answer(request, None, _error(spoken), status, success)

    return row


def failures(sayings: Sayings) -> dict[Reason, Refusal]:
    """Rows by which a method fails: what is said of each of these reasons, and of every other one."""
    return {reason: fails(saying) for reason, saying in {**SAID, **sayings}.items()}


def _error(spoken: Said) -> Error:
    number = int(spoken.code) if spoken.code.isdecimal() else spoken.code
    return Error(
        error=number or BAD_REQUEST, reason=spoken.text or msgspec.UNSET, message=sentence(spoken),
        details=spoken.details,
    )  # fmt: skip


def _answer(
    request: Request, result: Any, error: Error | msgspec.UnsetType = msgspec.UNSET, status: int = 200,
    success: bool = True,
) -> Response:  # fmt: skip
    called = call(request)
    number = called.id if isinstance(called, ub.Call) else ""
    given = msgspec.UNSET if result is None else result
    text = json_response(Told(id=number, result=given, error=error)).body.decode()
    return said(a.MethodAnswer(message=text, success=success), status)


def no_call(denied: Denied, settings: Settings, request: Request) -> Said:
    """The text that says what to call is missing, or of no use."""
    spoken = parameters(denied, settings, request)
    return spoken if spoken.code else replace(spoken, code=INVALID)


UNREAD: dict[Reason, Refusal] = {
    Reason.MALFORMED: at(no_call),
    Reason.NOT_FOUND: fails(always("Method not found", "404")),
}
ANONYMOUS: dict[Reason, Refusal] = dict.fromkeys(NAMELESS, fails(always("", "not-authorized")))
"""Without credentials a method fails itself, where a call would have been refused."""


# --- what the methods wish


def with_code(command: Callable[[Secret], Any]) -> Read:
    """A read for a method whose first parameter is a code."""

    def read(request: Request, settings: Settings) -> Any:
        called = call(request)
        return called if isinstance(called, Denied) else command(Secret(code(request)))

    return read


def with_name(command: Callable[[b.NewToken], Any]) -> Read:
    """A read for a method about the caller's own token of the name in its first parameter."""

    def read(request: Request, settings: Settings) -> Any:
        sent = parameter(request)
        if isinstance(sent, Denied):
            return sent
        named = usable(sent) if sent.name else malformed("tokenName", MISSING)
        return named if isinstance(named, Denied) else command(named)

    return read


# --- what they give


def token(outcome: Any) -> Secret:
    """The token itself."""
    found: Secret = outcome.secret
    return found


def seed(outcome: Any) -> Seed:
    """The seed of a new authenticator, and its address."""
    return Seed(secret=outcome.seed, url=address(outcome))


def codes(outcome: Any) -> Codes:
    """Recovery codes."""
    return Codes(codes=outcome.codes)


def remaining(outcome: Any) -> Remaining:
    """How many recovery codes are left."""
    return Remaining(remaining=outcome.remaining)
