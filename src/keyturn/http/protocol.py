"""The server's own protocol class: headers of a bounded size, and a request whole within its deadline."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keyturn.http import certificates

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Corked:
    """A transport that sends head and body of an answer in one call, at the end of the loop's turn."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """The bytes leave with what follows them in this turn."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """What was written leaves first."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with the two limits it lacks; one subclass per configuration.

    Units    header_limit: bytes of request line and headers; deadline: seconds from the first byte to the last
    Safe     an absolute deadline, not an idle one: a client that sends a byte a second is closed too (T23)
    """

    header_limit = 16_384
    deadline = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_bytes = 0
        self._in_headers = True
        self._slow: asyncio.TimerHandle | None = None
        self._certificate = ""

    def connection_made(self, transport: Any) -> None:
        """A connection that never sends a whole request is closed at the deadline."""
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]  # it is one by delegation
        self._certificate = certificates.shown(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Bytes are taken while the headers under way are within their limit."""
        if self._in_headers:
            end = data.find(b"\r\n\r\n")
            self._header_bytes += len(data) if end < 0 else end
            if self._header_bytes > self.header_limit:
                self._refuse(TOO_LARGE)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request began: it has until the deadline to be whole."""
        self._arm()
        super().on_message_begin()
        if self._certificate:
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # with a key of ours
            scope[certificates.SHOWN] = self._certificate

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self._in_headers = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole; the next one on this connection begins its own count."""
        self._in_headers = True
        self._header_bytes = 0
        self._disarm()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is timed any more."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        if self._slow is None:
            self._slow = self.loop.call_later(self.deadline, self._refuse, TOO_SLOW)

    def _disarm(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _refuse(self, answer: bytes) -> None:
        self._disarm()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def limited(header_limit: int, deadline: float) -> type[Protocol]:
    """The protocol class with these limits."""
    return type("LimitedProtocol", (Protocol,), {"header_limit": header_limit, "deadline": deadline})
