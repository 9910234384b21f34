"""A real SMTP server on a free port of this machine that keeps what it is handed, or refuses it, or is silent."""

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from keyturn.core.types import Secret
from keyturn.mail import Relay

HOST = "127.0.0.1"
PATIENCE = 10.0
PUBLIC_URL = "https://id.example.test"
SENDER = "Keyturn <keyturn@example.test>"
TAKEN = "250 taken"


class Postbox:
    """A server under way; a test changes `answer`, `at` and `silent` while it runs.

    Shapes   tls: `none`, `starttls`, `tls`; certificate: its file and its key's; user, password: empty for no sign-in
    """

    def __init__(self, tls: str = "none", files: tuple[Any, Any] | None = None, user: str = "", password: str = ""):
        self.tls, self.user, self.password = tls, user, password
        self.answer = TAKEN
        """What is said: `451 later`, `550 unknown`, or that it is taken."""
        self.at = "RCPT"
        """At which command that is said: `MAIL`, `RCPT` or `DATA`; the others are content."""
        self.silent = False
        """Whether a recipient hears nothing at all."""
        self.asked = 0
        """How often somebody named a recipient."""
        self.port = 0
        self._trust = None
        if files is not None:
            self._trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._trust.load_cert_chain(*files)
        self._kept: list[EmailMessage] = []
        self._more = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="postbox")
        self._thread.start()
        self.up()

    def relay(self, **other: Any) -> Relay:
        """How an instance is composed that sends its mails here: `serving(…, mail=postbox.relay())`."""
        usual = {"host": HOST, "port": self.port, "tls": self.tls, "public_url": PUBLIC_URL, "sender": SENDER}
        return Relay(**{**usual, "user": self.user, "password": Secret(self.password), **other})

    def letters(self, to: str = "") -> list[EmailMessage]:
        """What was taken so far, all of it or what was handed over for one address, which `X-To` holds."""
        with self._more:
            return [letter for letter in self._kept if not to or to == letter["X-To"]]

    def wait(self, count: int = 1, seconds: float = PATIENCE, to: str = "") -> list[EmailMessage]:
        """What was taken, once it is that much; AssertionError when it is less by then."""
        with self._more:
            self._more.wait_for(lambda: len(self.letters(to)) >= count, seconds)
        found = self.letters(to)
        assert len(found) >= count, f"{len(found)} of {count} letters came"
        return found

    def until_asked(self, times: int = 1, seconds: float = PATIENCE) -> None:
        """Somebody named a recipient that often, whatever was answered."""
        deadline = time.monotonic() + seconds
        while self.asked < times:
            assert time.monotonic() < deadline, f"asked {self.asked} of {times} times"
            time.sleep(0.005)

    def down(self) -> None:
        """Nobody listens on the port any more."""
        self._run(self._close())

    def up(self) -> None:
        """Somebody listens, on the port it was before."""
        self._run(self._open())

    def close(self) -> None:
        """Neither thread nor socket is left."""
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # --- what aiosmtpd asks of us

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        """What the test wants said to a sender."""
        envelope.mail_from = address
        return self._said("MAIL")

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        """What the test wants said to a recipient."""
        self.asked += 1
        while self.silent:
            await asyncio.sleep(0.01)
        if (said := self._said("RCPT")) == TAKEN:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The mail is kept, where it is taken."""
        if (said := self._said("DATA")) != TAKEN:
            return said
        content = envelope.content
        letter = message_from_bytes(content if isinstance(content, bytes) else b"", policy=default)
        assert isinstance(letter, EmailMessage)
        letter["X-From"], letter["X-To"] = str(envelope.mail_from), ",".join(map(str, envelope.rcpt_tos))
        with self._more:
            self._kept.append(letter)
            self._more.notify_all()
        return TAKEN

    def _said(self, step: str) -> str:
        return self.answer if step == self.at else TAKEN

    def _signed_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, shown: Any) -> AuthResult:
        right = LoginPassword(self.user.encode(), self.password.encode())
        return AuthResult(success=shown == right, handled=False)

    def _speaker(self) -> SMTP:
        return SMTP(
            self, loop=self._loop, hostname=HOST, enable_SMTPUTF8=True, authenticator=self._signed_in,
            tls_context=self._trust if self.tls == "starttls" else None, require_starttls=self.tls == "starttls",
            auth_required=bool(self.user) and self.tls == "starttls", auth_require_tls=self.tls == "starttls",
        )  # fmt: skip

    async def _open(self) -> None:
        trust = self._trust if self.tls == "tls" else None
        self._server = await self._loop.create_server(self._speaker, HOST, self.port, ssl=trust)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    def _run(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE)


@contextlib.contextmanager
def postboxed(**how: Any) -> Iterator[Postbox]:
    """A postbox until the block ends."""
    made = Postbox(**how)
    try:
        yield made
    finally:
        made.close()
