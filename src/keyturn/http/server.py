"""The ASGI application: reads a request within its limits, hands it to the door, writes the answer."""

import asyncio
import collections
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from msgspec.structs import replace

from keyturn.core import entropy
from keyturn.core.outcomes import After, Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Ask, Frozen, Presented
from keyturn.http import certificates
from keyturn.http.limits import Limiter
from keyturn.http.routing import Match, Router
from keyturn.perform import Answered, House, asks_for_mail, concluded, direct, followed, perform
from keyturn.store.engine import Committed, Job, Unavailable
from keyturn.store.sqlite import SqliteEngine
from keyturn.wire import Dialect, Request, Response, Route, ask_of, idempotency_key

log = logging.getLogger("keyturn.http")
THREADS = 64
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Limits(Frozen):
    """What a request may be: body in bytes, time until it is whole and until it is answered in seconds."""

    body: int = 262_144
    deadline: float = 10.0


class Site(Frozen):
    """What the application serves: the house behind the door, the wires, fixed pages, limits, trusted proxies."""

    house: House
    router: Router
    pages: Mapping[str, Callable[[], Response]]
    limits: Limits
    trusted_proxies: frozenset[str] = frozenset()


class Application:
    """The ASGI callable of one process."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._threads = ThreadPoolExecutor(THREADS, "request")
        store = site.house.store
        self._writer = store if isinstance(store, SqliteEngine) else None
        self._bridge = Bridge()
        self._limiter = Limiter()
        self._fallback = Settings(values=store.catalogue.defaults())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: HTTP requests, and the lifespan of the process."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        read = await self._request(scope, receive)
        if read is None:
            return
        request, whole = read
        page = self._site.pages.get(request.path) if request.method in ("GET", "HEAD") else None
        match = None
        if page is not None:
            response = await self._page(request, page)
        else:
            match = self._site.router.match(request)
            response = await self._answer(request, match, whole)
        await _send(send, request, response)
        _log(request, match, response, began)

    async def _page(self, request: Request, page: Callable[[], Response]) -> Response:
        try:
            response: Response = await self._in_thread(page)
        except Exception:  # the edge: told as 500 in the wire's own shape, with a request id and nothing else
            log.exception("a page of ours is broken", extra={"request_id": request.id})
            dialect = self._site.router.match(request).dialect
            response = dialect.refuse(Denied(Reason.BROKEN), None, self._fallback, request)
        return response

    async def _request(self, scope: Scope, receive: Receive) -> tuple[Request, bool] | None:
        """The request, and whether its body was within the limit; None when its sender went before it was whole.

        Safe     what came so far may read as another wish, as where a body may be absent: it is no wish at all (P9)
        """
        chunks: list[bytes] = []
        size, whole = 0, True
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            size += len(chunk)
            whole = size <= self._site.limits.body
            if not whole:
                chunks.clear()
                break
            chunks.append(chunk)
            if not message.get("more_body"):
                break
        return self._request_of(scope, b"".join(chunks)), whole

    def _request_of(self, scope: Scope, body: bytes) -> Request:
        client = scope.get("client")
        request = Request(
            scope["method"], scope["raw_path"].decode("latin-1").partition("?")[0],
            scope["query_string"].decode("latin-1"), scope["headers"], body,
            peer=client[0] if client else "", scheme=scope.get("scheme", "http"), id=entropy.octets(9).hex(),
            certificate=scope.get(certificates.SHOWN, ""),
        )  # fmt: skip
        if request.peer in self._site.trusted_proxies:
            # What a proxy shows for itself is not its client's: only what it says of its client counts.
            request.certificate = certificates.told(scope["headers"])
            # The nearest hop that we trust wrote the last address; everything before it is hearsay (A39).
            request.peer = (request.header("x-forwarded-for") or request.peer).rpartition(",")[2].strip()[:64]
        return request

    async def _answer(self, request: Request, match: Match, whole: bool) -> Response:
        dialect, route = match.dialect, match.route
        fallback = self._fallback
        if request.method == "OPTIONS" and dialect.options is not None and route is None:
            return dialect.options
        if not whole:
            return dialect.refuse(Denied(Reason.TOO_LARGE), route, fallback, request)
        if route is None:
            reason = Reason.WRONG_VERB if match.verbs else Reason.NO_SUCH_ROUTE
            refused = dialect.refuse(Denied(reason), None, fallback, request)
            return _allowing(refused, match.verbs)
        try:
            return await self._wish(request, match, fallback)
        except TimeoutError:
            return _later(dialect.refuse(Denied(Reason.UNAVAILABLE, After(1)), route, fallback, request))
        except Exception:  # the edge: told as 500 in the wire's own shape, with a request id and nothing else
            log.exception("a promise of ours is broken", extra={"request_id": request.id})
            return dialect.refuse(Denied(Reason.BROKEN), route, fallback, request)

    async def _wish(self, request: Request, match: Match, fallback: Settings) -> Response:
        dialect, route = match.dialect, match.route
        if route is None:
            raise ValueError("a wish has a route")
        route = route if route.choose is None else route.choose(request)
        presented = (route.present or dialect.present)(request)
        key = idempotency_key(request)
        if isinstance(presented, Denied) or isinstance(key, Denied):
            refused = presented if isinstance(presented, Denied) else key
            return dialect.refuse(refused, route, fallback, request)  # type: ignore[arg-type]  # one of them is
        presented = _addressed(presented, request, key)
        limit = route.limit or dialect.limit
        if limit is None:
            return await self._heard(request, dialect, route, presented, ask_of(dialect, route, request))
        counted = self._limiter.counted((route.path, request.method, request.peer), limit)
        response = await self._heard(request, dialect, route, presented, ask_of(dialect, route, request, counted))
        return counted.told(response)

    async def _heard(
        self, request: Request, dialect: Dialect, route: Route, presented: Presented, ask: Ask
    ) -> Response:
        answered = await self._perform(presented, ask)
        if isinstance(answered.outcome, Denied):
            refused_by = dialect.refuse(answered.outcome, route, answered.settings, request)
            return _later(refused_by) if refused_by.status == 503 else refused_by
        return route.write(answered.outcome, answered.settings, request)

    async def _perform(self, presented: Presented, ask: Ask) -> Answered:
        house = self._site.house
        job = direct(house, presented, ask) if self._writer is not None else None
        if job is None or self._writer is None:
            async with asyncio.timeout(self._site.limits.deadline):
                answered: Answered = await self._in_thread(lambda: perform(house, presented, ask))
            return answered
        try:
            committed = await self._bridge.crossed(self._writer, job)
        except Unavailable:
            return Answered(Denied(Reason.UNAVAILABLE), self._fallback)
        answered = concluded(house, presented, ask, committed)
        if not asks_for_mail(answered):
            return answered
        return await self._mailed(answered)

    async def _mailed(self, answered: Answered) -> Answered:
        try:
            told: Answered = await self._in_thread(lambda: followed(self._site.house, answered))
        except Unavailable:
            return Answered(Denied(Reason.UNAVAILABLE), self._fallback)
        return told

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                self._threads.shutdown(wait=False)
                await send({"type": "lifespan.shutdown.complete"})
                return


class Bridge:
    """The way from the event loop to the writer thread and back: one wake-up a group, not one a job."""

    def __init__(self) -> None:
        self._told: collections.deque[tuple[asyncio.Future[Committed], Committed | None, BaseException | None]]
        self._told = collections.deque()
        self._awake = False

    async def crossed(self, writer: SqliteEngine, job: Job) -> Committed:
        """What came of the job on the writer thread, after its commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Committed] = loop.create_future()

        def tell(committed: Committed | None, error: BaseException | None) -> None:
            self._told.append((future, committed, error))
            if not self._awake:
                self._awake = True
                loop.call_soon_threadsafe(self._drain)

        writer.submit(job, tell)
        return await future

    def _drain(self) -> None:
        # Lowered before anything is taken: what is appended from now on wakes the loop again.
        self._awake = False
        while self._told:
            future, committed, error = self._told.popleft()
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            elif committed is not None:
                future.set_result(committed)


def _addressed(presented: Presented, request: Request, key: str | None) -> Presented:
    return replace(
        presented, host=request.host, key=key, address=request.peer, agent=request.agent, request_id=request.id
    )


def _allowing(response: Response, verbs: tuple[str, ...]) -> Response:
    if response.status != 405 or not verbs:
        return response
    return Response(response.status, response.body, response.media, (*response.headers, ("Allow", ", ".join(verbs))))


def _later(response: Response) -> Response:
    if any(name == "Retry-After" for name, _ in response.headers):
        return response
    return Response(response.status, response.body, response.media, (*response.headers, ("Retry-After", "1")))


async def _send(send: Send, request: Request, response: Response) -> None:
    headers = [(b"x-request-id", request.id.encode()), (b"content-length", str(len(response.body)).encode())]
    if response.body or response.status not in (204, 304):
        headers.append((b"content-type", response.media.encode()))
    if not any(name.lower() == "cache-control" for name, _ in response.headers):
        headers.append((b"cache-control", b"no-store"))
    headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers)
    if response.status == 204:
        headers = [h for h in headers if h[0] != b"content-length"]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})


def _log(request: Request, match: Match | None, response: Response, began: float) -> None:
    """One line a request; the path is the route's template and the query is left out, since both may hold tokens."""
    if not log.isEnabledFor(logging.INFO):
        return
    path = (
        match.route.path if match is not None and match.route is not None else "(no route)" if match else request.path
    )
    log.info(
        "%s %s %d", request.method, path, response.status,
        extra={"request_id": request.id, "ms": round((time.perf_counter() - began) * 1000, 1), "peer": request.peer},
    )  # fmt: skip
