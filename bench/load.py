"""A closed-loop HTTP client of many connections in one process, cheap enough not to be the limit."""

import asyncio
import functools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Figures(NamedTuple):
    """What one run showed: answers a second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    answers: int
    refused: int

    def line(self, name: str) -> str:
        """One line of a table."""
        times = f"p50 {self.p50:>7.2f} ms   p99 {self.p99:>7.2f} ms"
        return f"{name:<44} {self.rate:>9.0f}/s   {times}   not ok {self.refused}"


class Client(asyncio.Protocol):
    """One connection: sends the next request when the last one is answered."""

    def __init__(
        self, ask: Callable[[bytes], bytes], until: float, told: list[float], done: asyncio.Future[None]
    ) -> None:
        self._ask = ask
        self._until = until
        self._told = told
        self._done = done
        self._buffer = b""
        self._sent = 0.0
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first request leaves."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send(b"")

    def data_received(self, data: bytes) -> None:
        """An answer is counted, and the next request leaves."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._told.append(time.perf_counter() - self._sent)
        self.refused += head[9:10] != b"2"
        self._buffer = b""
        if time.perf_counter() >= self._until:
            self._ask(body)  # the last answer counts too: it may hold what the next run presents
            self._transport.close()
        else:
            self._send(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """This connection is through."""
        if not self._done.done():
            self._done.set_result(None)

    def _send(self, last: bytes) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._ask(last))


def _same(client: Client) -> Client:
    return client


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def _drive(port: int, asks: Sequence[Callable[[bytes], bytes]], seconds: float) -> Figures:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    told: list[float] = []
    clients = []
    for ask in asks:
        done = loop.create_future()
        client = Client(ask, began + seconds, told, done)
        await loop.create_connection(functools.partial(_same, client), "127.0.0.1", port)
        clients.append((client, done))
    await asyncio.gather(*(done for _, done in clients))
    spent = time.perf_counter() - began
    told.sort()
    refused = sum(client.refused for client, _ in clients)
    p99 = told[int(len(told) * 0.99)] if told else 0.0
    return Figures(len(told) / spent, statistics.median(told) * 1000, p99 * 1000, len(told), refused)


def drive(port: int, asks: Sequence[Callable[[bytes], bytes]], seconds: float) -> Figures:
    """Every ask is one connection; each is called with the last answer's body and gives the next request."""
    try:
        import uvloop

        return uvloop.run(_drive(port, asks, seconds))
    except ImportError:
        return asyncio.run(_drive(port, asks, seconds))
