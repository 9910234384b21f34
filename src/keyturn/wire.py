"""The vocabulary a dialect is written in: requests, responses, routes, and how a body is read once."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec

from keyturn.core.outcomes import Denied, Fields, Nothing, Reason
from keyturn.core.settings import Setting, Settings
from keyturn.core.types import (
    DEFAULT_ORDER,
    Ask,
    Frozen,
    Order,
    Presented,
    Proving,
    Secret,
    WireRule,
)

T = TypeVar("T")
JSON = "application/json"
LONGEST_KEY = 255
KINDS = ("session", "personal", "api", "delegated")
NOT_JSON = "is not well-formed JSON"


class Request:
    """One request as it came: bytes decoded no further than its lines; `params` are filled by the router.

    Shapes   certificate: the common name of a client certificate that was verified, empty without one
    """

    __slots__ = (
        "_headers", "agent", "body", "certificate", "host", "id", "method", "params", "path", "peer", "query", "read",
        "scheme",
    )  # fmt: skip

    def __init__(
        self, method: str, path: str, query: str, headers: list[tuple[bytes, bytes]], body: bytes, *, peer: str = "",
        scheme: str = "http", id: str = "", certificate: str = "",
    ) -> None:  # fmt: skip
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.peer = peer
        self.scheme = scheme
        self.id = id
        self.certificate = certificate
        self.params: dict[str, str] = {}
        self.read: dict[type[Any], Any] = {}
        self._headers: dict[str, str] = {}
        for name, value in headers:
            # Of a repeated header the first counts, so that nothing appended on the way replaces it.
            self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())
        self.host = self._headers.get("host", "").rsplit(":", 1)[0].lower()
        self.agent = self._headers.get("user-agent", "")

    def once(self, model: type[T], read: Callable[["Request", type[T]], T | Denied]) -> T | Denied:
        """What `read` makes of the request as that type, made once however many readers ask."""
        if model not in self.read:
            self.read[model] = read(self, model)
        found: T | Denied = self.read[model]
        return found

    def header(self, name: str) -> str | None:
        """The header of that lower-case name; None when absent or empty."""
        return self._headers.get(name) or None

    def secret(self, name: str) -> Secret | None:
        """The header of that lower-case name, wrapped."""
        text = self.header(name)
        return None if text is None else Secret(text)

    def fields(self) -> dict[str, str]:
        """The query's fields; of a repeated one the last counts."""
        return _pairs(self.query)

    def form(self) -> dict[str, str]:
        """The body's form fields; of a repeated one the last counts."""
        return _pairs(self.body.decode("utf-8", "replace"))

    def media(self) -> str:
        """The content type without parameters, lower case; empty when absent."""
        return (self.header("content-type") or "").split(";", 1)[0].strip().lower()


class Response(Frozen):
    """One answer: status, body, content type, further headers."""

    status: int
    body: bytes = b""
    media: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


Refusal = Callable[[Denied, "Route | None", Settings, Request], Response]


class Parameter(Frozen):
    """A header or query field that several routes read, as OpenAPI shows it.

    Shapes   where: `header` or `query`; shape: its JSON schema, {} = text
    """

    name: str
    sentence: str
    where: str = "header"
    shape: Mapping[str, Any] = {}


def _unsaid(limit: "RateLimit", left: int, whole: int) -> tuple[tuple[str, str], ...]:
    return ()


class RateLimit(Frozen):
    """How many calls of a route one address may make in so many seconds, and how answers to them say so.

    Shapes   headers: of the limit, the calls that are left, and when they are whole again, milliseconds since 1970
    """

    calls: int
    seconds: int
    headers: Callable[["RateLimit", int, int], tuple[tuple[str, str], ...]] = _unsaid


class Route(Frozen):
    """One door of a wire: which request, which command, how it is read and how its outcome is told.

    Shapes   path: `/v1/users/{id}`; body, answer: the types its OpenAPI document shows
             kinds: the kinds of token that open it; form: the body is a form, not JSON
    """

    method: str
    path: str
    command: type[Any]
    read: Callable[[Request, Settings], Any]
    write: Callable[[Any, Settings, Request], Response]
    operation: str
    summary: str
    present: Callable[[Request], Presented | Denied] | None = None
    body: Any = None
    answer: Any = None
    status: int = 200
    refusals: Mapping[Reason, Refusal] = {}
    order: Order | None = None
    step_up: Proving = None
    kinds: tuple[str, ...] = KINDS
    factor_at_login: bool = True
    form: bool = False
    query: tuple[str, ...] = ()
    public: bool = False
    media: str = JSON
    needs: str = ""
    """A right, `noun:action`, that this wire asks for here beside the command's own."""
    gate: str = ""
    """A right that this wire asks for at `Step.GATE`, before it looks at the wish."""
    limit: RateLimit | None = None
    """How many calls of it are taken, where not as many as the wire takes of each route."""
    choose: Callable[[Request], "Route"] | None = None
    """Which door this request means, where one path has several meanings."""
    bare: bool = False
    """Its body may be absent."""
    parameters: tuple[Parameter, ...] = ()
    """What it reads beside its query and what its wire reads everywhere."""
    opened_by: tuple[tuple[str, ...], ...] = ()
    """The security schemes that open it, where they are not those of the wire."""


class Dialect(Frozen):
    """One wire: its paths, its routes, its one table of refusals, and what minting must know of it."""

    name: str
    title: str
    prefixes: tuple[str, ...]
    routes: tuple[Route, ...]
    present: Callable[[Request], Presented | Denied]
    refusals: Mapping[Reason, Refusal]
    wire: WireRule
    settings: tuple[Setting, ...] = ()
    attributes: tuple[Setting, ...] = ()
    """What this wire alone knows of a user, as a bootstrap file may give it."""
    order: Order = DEFAULT_ORDER
    limit: RateLimit | None = None
    """How many calls of each route one address may make, where `Step.LIMIT` is among the steps."""
    any_case: bool = False
    """Paths are matched whatever their letter case."""
    trailing_slash: bool = False
    options: Response | None = None
    """What OPTIONS hears on any of its paths."""
    security: Mapping[str, Any] = {}
    """Its OpenAPI security schemes."""
    opened_by: tuple[tuple[str, ...], ...] = ()
    """Which of them open its routes, any group by itself; none named = each scheme does."""
    parameters: tuple[Parameter, ...] = ()
    """What every route reads of a caller who shows a token."""
    proof: tuple[Parameter, ...] = ()
    """What carries the second proof to the routes that ask for one."""
    errors: Mapping[str, tuple[Any, ...]] = {}
    """What its refusals tell, by content type."""

    def refuse(self, denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        """The refusal in this wire's words: the route's own row first, then the wire's."""
        row = route.refusals.get(denied.reason) if route is not None else None
        return (row or self.refusals[denied.reason])(denied, route, settings, request)


def ask_of(
    dialect: Dialect, route: Route, request: Request, counted: Callable[[bool], int | None] | None = None
) -> Ask:
    """What the door is asked for this request; its body is decoded once for each realm's settings."""
    known: list[tuple[Settings, Any]] = []

    def read(settings: Settings) -> Any:
        for seen, wish in known:
            if seen is settings:
                return wish
        known.append((settings, route.read(request, settings)))
        return known[-1][1]

    order = route.order or dialect.order
    return Ask(
        route.command, read, order, route.step_up, route.kinds, route.factor_at_login, route.needs, route.gate, counted
    )


# --- readers


def json_body(request: Request, model: type[T], *, empty: bool = False) -> T | Denied:
    """The body as that type, or MALFORMED with a sentence for the field; nothing sent is told back.

    Shapes   empty: an absent body counts as `{}`
    """
    body = request.body if request.body.strip() or not empty else b"{}"
    return decoded(body, model)


def decoded(body: bytes, model: type[T]) -> T | Denied:
    """JSON bytes as that type, or MALFORMED."""
    try:
        return msgspec.json.decode(body, type=model, dec_hook=_wrap)
    except msgspec.ValidationError as error:
        return malformed(*_field_of(str(error)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return malformed("body", NOT_JSON)


def converted(fields: Mapping[str, Any], model: type[T], *, strict: bool = False) -> T | Denied:
    """Fields as that type, numbers and truth values read from text too unless strict; MALFORMED otherwise."""
    try:
        return msgspec.convert(fields, type=model, strict=strict, dec_hook=_wrap)
    except msgspec.ValidationError as error:
        return malformed(*_field_of(str(error)))


def malformed(field: str, sentence: str) -> Denied:
    """A request that is not well formed, by field."""
    return Denied(Reason.MALFORMED, Fields({field: sentence}))


def clear(text: str | None) -> bool:
    """Whether a text can be a name at all: there, without NUL and other control characters."""
    return text is not None and "\x00" not in text and all(c.isprintable() or c in "\t\n" for c in text)


def idempotency_key(request: Request) -> str | None | Denied:
    """The Idempotency-Key, if one was sent; MALFORMED when it is not 1 to 255 printable characters."""
    key = request.header("idempotency-key")
    if key is None or (len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        return key
    return malformed("Idempotency-Key", "wants 1 to 255 printable characters")


def segment(text: str) -> str:
    """A path segment with its percent escapes read."""
    return unquote(text, encoding="utf-8", errors="replace")


def json_response(value: Any, status: int = 200, *headers: tuple[str, str], media: str = JSON) -> Response:
    """A JSON answer, compact."""
    return Response(status, msgspec.json.encode(value, enc_hook=_reveal), media, headers)


def rows(table: Mapping[tuple[Reason, ...], Refusal]) -> dict[Reason, Refusal]:
    """A refusals table written by groups of reasons, as one row a reason."""
    return {reason: refusal for reasons, refusal in table.items() for reason in reasons}


def note_fields(denied: Denied) -> dict[str, str]:
    """The fields a refusal names."""
    return denied.note.fields if isinstance(denied.note, Fields) else {}


def denied(reason: Reason) -> Denied:
    """A refusal without a note."""
    return Denied(reason, Nothing())


def _pairs(text: str) -> dict[str, str]:
    found = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace")
    # A NUL is as little text as bytes that are no UTF-8: not every store can be asked for one.
    return {name: value.replace("\x00", "\ufffd") for name, value in found}


def _wrap(kind: type[Any], value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("Expected `str`")


def _reveal(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} is not told")


EXPECTED = {
    "str": "wants text",
    "int": "wants a whole number",
    "float": "wants a number",
    "bool": "wants true or false",
    "array": "wants a list",
    "object": "wants an object",
    "null": "wants null",
}


def _field_of(message: str) -> tuple[str, str]:
    """Field and sentence of a decoder's message; only names of ours and of types are let through."""
    where = re.search(r" - at `\$\.?([A-Za-z0-9_.\[\]?-]{0,80})[^`]*`", message)
    field = (where[1] if where else "") or "body"
    missing = re.search(r"missing required field `([A-Za-z0-9_?-]{1,80})`", message)
    if missing:
        return missing[1] if field == "body" else f"{field}.{missing[1]}", "is missing"
    if "unknown field" in message:
        return field, "holds a field that is not known"
    kinds = re.search(r"Expected `([a-z |]+)`", message)
    if kinds:
        known = [EXPECTED[k] for k in kinds[1].split(" | ") if k in EXPECTED and k != "null"]
        return field, " or ".join(known) or "is of the wrong type"
    return field, "is not an allowed value"
