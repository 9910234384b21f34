"""Laws about what is not well formed: every route of every wire refuses it in its own words and changes nothing."""

import itertools
import json
import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from keyturn.core.outcomes import After, Challenge, Denied, Fields, Named, Note, Nothing, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Secret
from keyturn.dialects import DIALECTS
from keyturn.wire import Dialect, Request, Route
from tests.houses import Held, Household
from tests.served import Heard, Served

CANARY = "canary-5e1f0b"
LONG = CANARY + "x" * (1 << 20)
FORM = "application/x-www-form-urlencoded"
DEEP = 100_000
NOTES: tuple[Note, ...] = (Nothing(), Fields({"a": "b"}), Named("right", "x"), Challenge("totp", ("totp",)), After(1))
ABSENT = {"rocketchat"}
"""Where a body that cannot be read counts as one that is not there, as its clients rely on."""
TOLD_BACK = {("DELETE", "/rbac-api/v2/tokens")}
"""Where the wire's own contract lists the names that mean nobody, or nobody the caller may touch."""
WIRES = [pytest.param(d, id=d.name) for d in DIALECTS]
WHOLE = (
    b"{", b"}", b"canary-5e1f0b", b'{"canary-5e1f0b"', b"[]", b'"canary-5e1f0b"', b"null", b"17", b"true", b"NaN",
    b"\xff\xfe\x00", b"\x00", b'{"\xc3\x28": "canary-5e1f0b"}', b"{}{}", b"{'a': 'canary-5e1f0b'}",
    b"<a>canary-5e1f0b</a>", b"1" * 200_000, b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP,
    b'{"a":' * 40_000 + b"1" + b"}" * 40_000, b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
)  # fmt: skip
NOT_TEXT: tuple[Any, ...] = ([], [CANARY], [[CANARY]], {}, {"$ne": None}, {"$regex": "^"}, 12345, 1.5, -(2**70), True)
ODD_TEXT: tuple[Any, ...] = (
    None,
    "",
    CANARY + "\x00",
    CANARY + "\ud800",
    "\udfff",
    CANARY + "\u202e",
    LONG,
    "%s{0}$1`;'--",
)
NOT_OTHER: tuple[Any, ...] = (CANARY, [CANARY], {CANARY: 1}, [[]], 2**70, -1, 1.5, None, True)
MEDIA = (
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "x",
    "/",
)
CREDENTIALS = (CANARY, "", "Bearer", "*", "%", "_%", "\\", '{"$ne":null}', "\xff\xfe", "0", "null", CANARY * 100)
PARTS = (
    "%00",
    "%ff",
    "..",
    "%2e%2e",
    "*",
    "%25",
    CANARY,
    "x" * 4000,
    "%F0%9F%98%80",
    "%27%3B--",
    "-1",
    "%ED%A0%80",
    "1e9",
)
QUERIES = (
    "",
    "%00",
    "%ff",
    CANARY,
    "-1",
    "99999999999999999999",
    "1e3",
    "x" * 4000,
    "%27%20OR%201=1--",
    "%ED%A0%80",
    "*",
)


class Sent(NamedTuple):
    """One request of the corpus."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class World(NamedTuple):
    """Somebody who may do everything, with a token of each kind on each wire."""

    served: Served
    people: Household
    held: dict[tuple[str, str], Held]


@pytest.fixture
def world(served: Served) -> World:
    """A Steward of each wire."""
    people = served.people
    steward = people.person("steward", "Stewards")
    held = {}
    for dialect in DIALECTS:
        for kind in {k for route in dialect.routes for k in route.kinds if k != "delegated"}:
            held[dialect.name, kind] = people.token(steward, kind, dialect.name, name=f"{dialect.name} {kind}")
    return World(served, people, held)


@pytest.mark.parametrize("dialect", WIRES)
def test_malformed_is_refused(dialect: Dialect, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """No JSON, no text where text belongs, another content type: refused by every route, and the store is as it was."""
    caplog.set_level(logging.DEBUG)
    before = world.people.contents()
    for route in dialect.routes:
        if route.body is not None:
            whole = () if route.bare and dialect.name in ABSENT else _whole(dialect, route, world)
            for sent in itertools.chain(whole, _fields(dialect, route, world, NOT_TEXT)):
                check(dialect, route, sent, world.served, refused=True)
            assert world.people.contents() == before, route.path
    assert CANARY not in caplog.text


@pytest.mark.parametrize("dialect", WIRES)
def test_odd_text_is_answered(dialect: Dialect, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Missing, empty, endless, NUL, half a surrogate pair: the wire answers, and never with a fault of ours."""
    caplog.set_level(logging.DEBUG)
    for route in dialect.routes:
        if route.body is not None:
            odd = (
                _fields(dialect, route, world, ODD_TEXT),
                _others(dialect, route, world),
                _missing(dialect, route, world),
            )
            for sent in itertools.chain(*odd):
                check(dialect, route, sent, world.served, refused=False)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("dialect", WIRES)
def test_odd_callers_are_refused(dialect: Dialect, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Where a credential belongs nothing else gets in: not a pattern, not a byte string, not an empty text (A09)."""
    caplog.set_level(logging.DEBUG)
    before = world.people.contents()
    for route in dialect.routes:
        if not route.public:
            for text in CREDENTIALS:
                sent = Sent(route.method, _path(route), _headers(dialect, text, text), _body(route, _example(route)))
                check(dialect, route, sent, world.served, refused=True)
    assert world.people.contents() == before
    assert CANARY not in caplog.text


@pytest.mark.parametrize("dialect", WIRES)
def test_odd_paths_and_queries_are_answered(dialect: Dialect, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever stands in a parameter of the path or the query, the wire answers, and nothing is ended by it."""
    caplog.set_level(logging.DEBUG)
    before = world.people.contents()
    for route in dialect.routes:
        headers, body = _presented(dialect, route, world), _body(route, _example(route))
        for part in PARTS if "{" in route.path else ():
            check(dialect, route, Sent(route.method, _path(route, part), headers, body), world.served, refused=False)
        for name, value in itertools.product(route.query, QUERIES):
            sent = Sent(route.method, f"{_path(route)}?{name}={value}", headers, body)
            check(dialect, route, sent, world.served, refused=False)
    assert world.people.contents() == before
    assert CANARY not in caplog.text


@pytest.mark.parametrize("dialect", WIRES)
def test_wrong_verbs_are_refused(dialect: Dialect, world: World) -> None:
    """A verb that a path does not know is refused in the wire's words, and does nothing."""
    before = world.people.contents()
    known: dict[str, set[str]] = {}
    for route in dialect.routes:
        known.setdefault(_path(route).lower() if dialect.any_case else _path(route), set()).add(route.method)
    for path, verbs in known.items():
        for verb in {"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE"} - verbs:
            heard = world.served.request(verb, path)
            assert heard.status in (404, 405) or heard.status < 400, (verb, path, heard)
            assert (heard.headers["content-type"], heard.status) in _shapes(dialect, None), (verb, path, heard)
    assert world.people.contents() == before


def check(dialect: Dialect, route: Route, sent: Sent, served: Served, *, refused: bool) -> None:
    """The answer is one that this route gives, tells nothing that was sent, and where it must be so refuses."""
    heard = served.request(sent.method, sent.path, sent.headers, sent.body)
    shown = (
        f"{sent.method} {sent.path[:100]} {sent.body[:100]!r} {dict(sent.headers)}: {heard.status} {heard.body[:300]!r}"
    )
    assert heard.status < 500, shown
    told = (heard.headers.get("content-type", ""), heard.status)
    shapes = _shapes(dialect, route)
    done = heard.status == route.status and not (refused and (route.media, route.status) not in shapes)
    assert told in shapes or (done and not refused), shown
    if told in shapes and heard.status >= 400:
        keys = _keys(heard)
        assert keys is None or keys <= shapes[told], shown
        assert CANARY not in heard.text or (route.method, route.path) in TOLD_BACK, shown
    assert not any(CANARY in value for value in heard.headers.values()), shown


def _shapes(dialect: Dialect, route: Route | None) -> dict[tuple[str, int], set[str]]:
    """How this route refuses: content type and status, with all keys that such an answer may have."""
    shapes: dict[tuple[str, int], set[str]] = {}
    method, path = ("GET", "/") if route is None else (route.method, route.path)
    request = Request(method, path, "", [], b"", id="x")
    settings = Settings(values={s.name: s.default for s in dialect.settings})
    for reason, note in itertools.product(Reason, NOTES):
        answer = dialect.refuse(Denied(reason, note), route, settings, request)
        keys = _keys(Heard(answer.status, {}, answer.body))
        shapes.setdefault((answer.media, answer.status), set()).update(keys or set())
    return shapes


def _keys(heard: Heard) -> set[str] | None:
    try:
        value = json.loads(heard.body)
    except ValueError:
        return None
    return set(value) if isinstance(value, dict) else None


def _whole(dialect: Dialect, route: Route, world: World) -> Iterator[Sent]:
    headers = _presented(dialect, route, world)
    media = FORM if route.form else "application/json"
    for body in WHOLE:
        yield Sent(route.method, _path(route), (*headers, ("Content-Type", media)), body)
    for media in MEDIA:
        yield Sent(route.method, _path(route), (*headers, ("Content-Type", media)), CANARY.encode())


def _fields(dialect: Dialect, route: Route, world: World, values: tuple[Any, ...]) -> Iterator[Sent]:
    """The example with one field of text after the other replaced by each of the values."""
    headers = _presented(dialect, route, world)
    for field in () if route.form else _texts(route):
        for value in values:
            yield Sent(route.method, _path(route), headers, _body(route, {**_example(route), field: value}))


def _others(dialect: Dialect, route: Route, world: World) -> Iterator[Sent]:
    """The example with one field of another type than text after the other replaced by what it does not take."""
    example, headers = _example(route), _presented(dialect, route, world)
    for field in set() if route.form or not _is_struct(route.body) else _all(route) - {*_texts(route)}:
        for value in NOT_OTHER:
            yield Sent(route.method, _path(route), headers, _body(route, {**example, field: value}))


def _missing(dialect: Dialect, route: Route, world: World) -> Iterator[Sent]:
    example, headers = _example(route), _presented(dialect, route, world)
    for field in example:
        rest = {name: value for name, value in example.items() if name != field}
        yield Sent(route.method, _path(route), headers, _body(route, rest))


def _all(route: Route) -> set[str]:
    return {f.encode_name for f in msgspec.structs.fields(route.body)}


def _texts(route: Route) -> list[str]:
    """The fields of the body that take text and nothing else."""
    fields = msgspec.inspect.type_info(route.body).fields if _is_struct(route.body) else ()  # type: ignore[attr-defined]
    return [f.encode_name for f in fields if all(_is_text(kind) for kind in _kinds(f.type))]


def _example(route: Route) -> dict[str, Any]:
    """A body with every required field."""
    fields = msgspec.inspect.type_info(route.body).fields if _is_struct(route.body) else ()  # type: ignore[attr-defined]
    return {f.encode_name: _value(_kinds(f.type)[0]) for f in fields if f.required}


def _value(kind: msgspec.inspect.Type) -> Any:
    if _is_text(kind):
        return f"{CANARY}-and-more-of-it"
    return [] if isinstance(kind, msgspec.inspect.CollectionType) else 1


def _kinds(kind: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    """What may stand there, null aside."""
    members = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    bare = (m.type if isinstance(m, msgspec.inspect.Metadata) else m for m in members)
    return [
        m for b in bare for m in (_kinds(b) if isinstance(b, msgspec.inspect.UnionType) else [b]) if not _is_null(m)
    ]


def _is_text(kind: msgspec.inspect.Type) -> bool:
    secret = isinstance(kind, msgspec.inspect.CustomType) and kind.cls is Secret
    return secret or isinstance(kind, msgspec.inspect.StrType)


def _is_null(kind: msgspec.inspect.Type) -> bool:
    return isinstance(kind, msgspec.inspect.NoneType)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _body(route: Route, value: dict[str, Any]) -> bytes:
    if route.body is None:
        return b""
    if route.form:
        return "&".join(f"{k}={v}" for k, v in value.items()).encode()
    # The standard encoder writes half a surrogate pair as an escape, as broken clients do.
    return json.dumps(value).encode()


def _path(route: Route, part: str = "no-such-thing") -> str:
    return "/".join(part if piece.startswith("{") else piece for piece in route.path.split("/"))


def _presented(dialect: Dialect, route: Route, world: World) -> tuple[tuple[str, str], ...]:
    if route.public:
        return ()
    kind = "session" if "session" in route.kinds else route.kinds[0]
    held = world.held[dialect.name, kind]
    return _headers(dialect, held.secret.reveal(), held.view.owner.handle)


def _headers(dialect: Dialect, token: str, owner: str) -> tuple[tuple[str, str], ...]:
    """The headers by which a token is shown on that wire, as its OpenAPI document says."""
    schemes = [s for s in dialect.security.values() if s.get("in", "header") == "header"]
    told = []
    for scheme in schemes:
        value = owner if scheme.get("name", "").lower().endswith("id") else token
        told.append(("Authorization", f"Bearer {value}") if scheme["type"] == "http" else (scheme["name"], value))
    return tuple(told)
