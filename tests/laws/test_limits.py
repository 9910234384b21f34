"""Laws about size and time: what is too large or too slow is ended by the server, and nobody else notices."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings
from keyturn.dialects import DIALECTS
from keyturn.http.server import Limits
from keyturn.wire import Dialect, Request
from tests.engines import Engine
from tests.served import HEADER_LIMIT, Heard, Served, answer, serving

DEADLINE = 0.6
BODY = 262_144
OPEN = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
GOOD = OPEN + b"\r\n"
ONLY_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def hurried(database: Engine, tmp_path: Path) -> Iterator[Served]:
    """An instance that gives a request little time."""
    with serving(database.url, tmp_path, limits=Limits(deadline=DEADLINE)) as made:
        yield made


@ONLY_SQLITE
def test_headers_have_a_limit(served: Served) -> None:
    """Headers of 16 KiB are read, more are 431 however they come, on the first request and on the next."""
    room = HEADER_LIMIT - len(OPEN) - len(b"a: \r\n")
    assert served.raw(OPEN + b"a: " + b"x" * (room - 10) + b"\r\nConnection: close\r\n\r\n").status in (200, 431)
    assert served.raw(OPEN + b"a: " + b"x" * (room - 100) + b"\r\n\r\n").status == 200
    for lines in (b"a: " + b"x" * 20_000, b"\r\n".join(b"a%d: x" % n for n in range(4000)), b"a" * 20_000 + b": x"):
        assert served.raw(OPEN + lines + b"\r\n\r\n").status == 431
    assert served.raw(b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n").status == 431
    with served.connect() as connection:
        connection.sendall(GOOD)
        assert answer(connection).status == 200
        with contextlib.suppress(OSError):
            connection.sendall(OPEN + b"a: " + b"x" * 20_000 + b"\r\n\r\n")
        assert answer(connection).status == 431


@ONLY_SQLITE
def test_headers_that_trickle_have_the_same_limit(served: Served) -> None:
    """A header that grows piece by piece is ended at the same size."""
    with served.connect() as connection, contextlib.suppress(OSError):
        connection.sendall(OPEN + b"a: ")
        for _ in range(40):
            connection.sendall(b"x" * 1000)
            time.sleep(0.001)
        assert answer(connection).status == 431


@ONLY_SQLITE
@pytest.mark.parametrize("dialect", [pytest.param(d, id=d.name) for d in DIALECTS])
def test_a_body_has_a_limit(dialect: Dialect, served: Served) -> None:
    """A larger body is refused by each route that takes one in its wire's words, whether its length is told or not."""
    route = next((r for r in dialect.routes if r.method in ("POST", "PUT")), None)
    assert route is not None
    path = route.path.replace("{", "x").replace("}", "x")
    request = Request(route.method, path, "", [], b"", id="x")
    settings = Settings(values=served.house.store.catalogue.defaults())
    wanted = dialect.refuse(Denied(Reason.TOO_LARGE), route, settings, request)
    told = served.request(route.method, path, {"Content-Type": "application/json"}, b"1" * (BODY + 1))
    assert (told.status, told.headers["content-type"]) == (wanted.status, wanted.media)
    head = f"{route.method} {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"10000\r\n" + b"1" * 65_536 + b"\r\n"
    assert served.raw(head + chunk * 5 + b"0\r\n\r\n").status == wanted.status
    # Exactly the limit is read, and judged as what it is.
    assert served.request(route.method, path, {"Content-Type": "application/json"}, b"1" * BODY).status != 413


SLOW = {
    "nothing at all": b"",
    "half a line": b"GET /hea",
    "half the headers": OPEN,
    "half a body": b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
    "half a chunk": b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab",
}


@ONLY_SQLITE
@pytest.mark.parametrize("sent", SLOW)
def test_a_request_has_a_deadline(sent: str, hurried: Served) -> None:
    """A request that is not whole at the deadline is ended, also when a byte comes now and then."""
    began = time.monotonic()
    with hurried.connect() as connection:
        connection.sendall(SLOW[sent])
        heard = trickle(connection, b"x" if SLOW[sent] else b"")
    assert heard is None or heard.status == 408
    assert DEADLINE - 0.05 <= time.monotonic() - began < DEADLINE + 1.5


@ONLY_SQLITE
def test_slow_ones_do_not_hinder(hurried: Served) -> None:
    """While many dawdle, others are answered at once; and the server has nothing left of them afterwards."""
    dawdlers = [hurried.connect() for _ in range(200)]
    for connection in dawdlers:
        connection.sendall(OPEN)
    began = time.monotonic()
    assert hurried.request("GET", "/healthz").status == 200
    assert time.monotonic() - began < DEADLINE
    for connection in dawdlers:
        with connection:
            assert answer(connection).status == 408


@ONLY_SQLITE
def test_a_connection_that_waits_for_its_next_request_is_kept(hurried: Served) -> None:
    """The deadline is a request's own: one that was answered in time is no reason to close."""
    with hurried.connect() as connection:
        connection.sendall(GOOD)
        assert answer(connection).status == 200
        time.sleep(DEADLINE + 0.3)
        connection.sendall(GOOD)
        assert answer(connection).status == 200


TWO_MEANINGS = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a length that is none": b"Content-Length: +4\r\n\r\nabcd",
    "an unknown coding": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Content-Length : 4\r\n\r\nabcd",
    "a bare line feed": b"X: a\nContent-Length: 4\r\n\r\nabcd",
    "a NUL": b"X: a\x00b\r\n\r\n",
}


@ONLY_SQLITE
@pytest.mark.parametrize("sent", TWO_MEANINGS)
def test_a_request_has_one_meaning(sent: str, served: Served) -> None:
    """What two servers in a row could read as two different requests is answered once and ends the connection."""
    with served.connect() as connection:
        connection.sendall(b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\n" + TWO_MEANINGS[sent])
        first = answer(connection)
        assert first.status in (400, 415)
        connection.settimeout(2)
        with contextlib.suppress(OSError):
            connection.sendall(GOOD)
        assert first.status == 415 or rest(connection) == b""


def trickle(connection: socket.socket, piece: bytes) -> Heard | None:
    """What came while a byte was sent now and then; None when the connection was closed without an answer."""
    connection.settimeout(0.1)
    for _ in range(40):
        try:
            if connection.recv(1, socket.MSG_PEEK) == b"":
                return None
            return answer(connection)
        except TimeoutError:
            with contextlib.suppress(OSError):
                connection.sendall(piece)
        except OSError:
            return None
    raise AssertionError("the connection was never ended")


def rest(connection: socket.socket) -> bytes:
    """Whatever else comes on that connection until it is closed."""
    taken = b""
    try:
        while piece := connection.recv(65_536):
            taken += piece
    except ConnectionResetError:
        pass
    return taken
