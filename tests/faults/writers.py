"""Writers that change credentials over HTTP until the server is gone, and a ledger of what each was told."""

import contextlib
import http.client
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

HOST = "127.0.0.1"
PATIENCE = 20.0
GONE = (OSError, http.client.HTTPException)
"""What a client hears of a server that was killed: nothing, or half an answer."""
REGENERATE = "/restapi/json/v1/user/regenerateAuthtoken"
MOST = 20
"""Issued tokens that a writer keeps: well under the quota."""


class Held(NamedTuple):
    """A live token by its uuid, and its secret."""

    id: str
    secret: str


class Wish(NamedTuple):
    """A change to ask for.

    Shapes   verb: as the audit log names it; old: the secret that is dead once it is done
    """

    verb: str
    method: str
    path: str
    secret: str
    old: str | None = None
    body: Any = None
    key: str | None = None
    about: str = ""
    """What of the writer's it replaces: `own`, `pam`, `issued`, `reset`."""


class Told(NamedTuple):
    """An acknowledged change: how it was tagged, what it was, and what the answer said of it."""

    tag: str
    wish: Wish
    status: int
    request: str
    body: bytes

    @property
    def acknowledged(self) -> bool:
        """Whether the answer says that it was done; one wire refuses inside a 200."""
        if self.status != 200 or self.wish.path != REGENERATE:
            return self.status in (200, 201, 204)
        return "Details" in msgspec.json.decode(self.body)["operation"]

    @property
    def made(self) -> Held | None:
        """The token that the answer hands over."""
        if not self.body:
            return None
        told = msgspec.json.decode(self.body)
        if self.wish.path == REGENERATE:
            return Held("", told["operation"]["Details"]["AUTHTOKEN"])
        return Held(told["id"], told["token"])


class Caller:
    """One client on a connection of its own, which every request of its tells by its User-Agent."""

    def __init__(self, name: str, port: Callable[[], int]) -> None:
        self.name = name
        self._port = port
        self._numbers = itertools.count(1)
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, wish: Wish) -> Told:
        """The answer, whole; one of GONE where there is none."""
        tag = f"{self.name}/{next(self._numbers)}"
        connection = self._connection or http.client.HTTPConnection(HOST, self._port(), timeout=PATIENCE)
        self._connection = None
        try:
            connection.request(wish.method, wish.path, self._body(wish), self._headers(wish, tag))
            answer = connection.getresponse()
            body = answer.read()
        except GONE as error:
            connection.close()
            raise Unanswered(tag, wish) from error
        self._connection = connection
        return Told(tag, wish, answer.status, answer.headers["X-Request-Id"], body)

    def close(self) -> None:
        """The connection is closed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _body(self, wish: Wish) -> bytes:
        return b"" if wish.body is None else msgspec.json.encode(wish.body)

    def _headers(self, wish: Wish, tag: str) -> dict[str, str]:
        # Two ways through the server: with a key a request thread, without one the writer itself.
        key = {} if wish.key is None else {"Idempotency-Key": wish.key}
        token = {"AUTHTOKEN": wish.secret} if wish.path == REGENERATE else {"Authorization": f"Bearer {wish.secret}"}
        media = {} if wish.body is None else {"Content-Type": "application/json"}
        return {"User-Agent": tag, **token, **media, **key}


class Unanswered(Exception):
    """The change may have been made or not: no whole answer came."""

    def __init__(self, tag: str, wish: Wish) -> None:
        super().__init__(tag)
        self.tag = tag
        self.wish = wish


class Writer:
    """One administrator who rotates, issues and ends tokens and makes reset tokens, one after the other.

    `expected` says of every secret it was told of whether it must work.
    """

    def __init__(self, caller: Caller, own: Held, pam: Held, other: str, seed: int) -> None:
        self.caller = caller
        self.own = own
        self.pam = pam
        self.issued: list[Held] = []
        self.reset: Held | None = None
        self.expected: dict[str, bool] = {own.secret: True, pam.secret: True}
        self.touched: set[str] = set()
        """Secrets whose state a change since the last look was to alter."""
        self.told: list[Told] = []
        self.unanswered: list[Unanswered] = []
        self.wrong: list[Told] = []
        """Answers that are no acknowledgement; there must be none."""
        self._other = other
        self._dice = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def work(self, begin: threading.Barrier) -> None:
        """Changes one after the other, until one is not answered."""
        begin.wait()
        with contextlib.suppress(Unanswered):
            while not self.wrong:
                self.change(self._dice.choice(self._wishes())())
        self.caller.close()

    def change(self, wish: Wish) -> Told:
        """The change is asked for, and what came of it is in the ledger."""
        try:
            told = self.caller.ask(wish)
        except Unanswered as lost:
            self.unanswered.append(lost)
            raise
        if told.acknowledged:
            self.note(told)
        else:
            self.wrong.append(told)
        return told

    def note(self, told: Told) -> None:
        """The ledger holds a change that was acknowledged: its new secret works, its old one does not."""
        self.told.append(told)
        self.done(told.wish, told.made)

    def done(self, wish: Wish, made: Held | None) -> None:
        """A change that took place, and what was made in it as far as that is known."""
        if wish.old is not None:
            self._expect(wish.old, works=False)
        if made is not None:
            self._expect(made.secret, works=True)
        if wish.about == "own" and made is not None:
            self.own = made
        if wish.about == "pam" and made is not None:
            self.pam = Held(self.pam.id, made.secret)
        if wish.about == "reset":
            self.reset = made
        if wish.verb == "tokens:issue" and made is not None:
            self.issued.append(made)
        if wish.verb == "tokens:revoke":
            self.issued = [held for held in self.issued if held.secret != wish.old]

    def undone(self, wish: Wish) -> None:
        """A change that did not take place: what it was to end works still."""
        if wish.old is not None:
            self._expect(wish.old, works=True)

    def _expect(self, secret: str, *, works: bool) -> None:
        self.expected[secret] = works
        self.touched.add(secret)

    def _wishes(self) -> list[Callable[[], Wish]]:
        able = [self._rotate, self._regenerate, self._reset]
        able += [self._issue] if len(self.issued) < MOST else []
        able += [self._revoke] if self.issued else []
        return able

    def _rotate(self) -> Wish:
        path = f"/v1/tokens/{self.own.id}/rotate"
        return self._wish("tokens:rotate", "POST", path, self.own.secret, about="own")

    def _regenerate(self) -> Wish:
        old = self.pam.secret
        return self._wish("tokens:rotate", "PUT", REGENERATE, old, about="pam")._replace(secret=old)

    def _issue(self) -> Wish:
        name = f"{self.caller.name}-{self._dice.getrandbits(64):x}"
        return self._wish("tokens:issue", "POST", "/v1/tokens", None, {"name": name}, "issued")

    def _revoke(self) -> Wish:
        held = self._dice.choice(self.issued)
        return self._wish("tokens:revoke", "DELETE", f"/v1/tokens/{held.id}", held.secret, about="issued")

    def _reset(self) -> Wish:
        path = f"/v1/users/{self._other}/password-resets"
        old = None if self.reset is None else self.reset.secret
        return self._wish("resets:issue", "POST", path, old, about="reset")

    def _wish(self, verb: str, method: str, path: str, old: str | None, body: Any = None, about: str = "") -> Wish:
        key = f"{self._dice.getrandbits(64):x}" if self._dice.random() < 0.5 else None
        return Wish(verb, method, path, self.own.secret, old, body, key, about)


@contextlib.contextmanager
def writing(writers: list[Writer]) -> Iterator[None]:
    """All writers write at once within the block, which has to end the server."""
    begin = threading.Barrier(len(writers) + 1)
    threads = [threading.Thread(target=writer.work, args=(begin,), name=writer.caller.name) for writer in writers]
    for thread in threads:
        thread.start()
    begin.wait()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
