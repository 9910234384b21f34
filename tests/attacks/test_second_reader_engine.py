"""What a second reader did to the machinery beneath: threads that died, waits without end, requests cut short."""

import socket
import sqlite3
import threading
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.types import Secret
from keyturn.store.engine import Kept, Tx, Unavailable
from keyturn.store.sqlite import SqliteEngine
from keyturn.store.uses import Uses
from tests.engines import Engine
from tests.houses import Household, reason
from tests.served import HOST, Served

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def nothing(tx: Tx) -> Kept:
    """A job that does nothing."""
    return Kept("done")


@SQLITE
def test_the_writer_outlives_whoever_cannot_be_told(house: Household) -> None:
    """A caller that is gone (its loop closed, its future done) takes no other write with it."""
    engine = house.store
    assert isinstance(engine, SqliteEngine)

    def deaf(committed: Any, error: BaseException | None) -> None:
        raise RuntimeError("Event loop is closed")

    engine.submit(nothing, deaf)
    assert engine.write(nothing).value == "done"


@SQLITE
def test_the_writer_outlives_a_broken_connection(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the rollback fails, this group hears that it is not known, and the next one is written."""
    engine = house.store
    assert isinstance(engine, SqliteEngine)

    class Broken:
        in_transaction = True

        def execute(self, text: str) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        def close(self) -> None:
            raise sqlite3.OperationalError("disk I/O error")

    def failing(connection: Any, group: Any) -> Any:
        raise sqlite3.OperationalError("disk I/O error")

    real = engine._commit_group
    from keyturn.store import sqlite as module

    abandon = module._abandon
    monkeypatch.setattr(engine, "_commit_group", failing)
    monkeypatch.setattr(module, "_abandon", lambda connection: abandon(Broken()))  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        engine.write(nothing)
    monkeypatch.setattr(engine, "_commit_group", real)
    assert engine.write(nothing).value == "done"


@SQLITE
def test_nobody_waits_for_a_closed_store(house: Household) -> None:
    """What comes to the writer's queue behind its end is refused, not left waiting."""
    engine = house.store
    assert isinstance(engine, SqliteEngine)
    told: list[BaseException | None] = []
    engine._queue.put(None)
    engine._queue.put((nothing, lambda committed, error: told.append(error)))
    engine._writer.join(5)
    assert not engine._writer.is_alive()
    assert [type(error) for error in told] == [Unavailable]


@POSTGRESQL
def test_a_database_that_only_reads_is_away(house: Household, database: Engine) -> None:
    """A primary that became read-only answers every change with 503, never with a fault of ours (rules.md 10)."""
    person = house.person()
    session = house.token(person)
    name = urlsplit(database.url).path.removeprefix("/")
    with psycopg.connect(database.url, autocommit=True) as connection:
        statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
        connection.execute(statement.format(sql.Identifier(name)))
    house.store._pool.drain()  # type: ignore[attr-defined]
    assert reason(house.wish(session, c.EndSession())) is Reason.UNAVAILABLE
    assert reason(house.sign_in(person)) is Reason.UNAVAILABLE


def test_the_note_taker_outlives_a_bad_note(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """One failed writing of uses does not end them all: idle sessions would die in use, and notes pile up."""
    uses = Uses(house.store)
    try:
        failed = threading.Event()
        real = house.store.write

        def failing(job: Any) -> Any:
            failed.set()
            raise ValueError("a fault of ours")

        monkeypatch.setattr(house.store, "write", failing)
        uses.note(b"x", house.store.now(), "", "")
        assert failed.wait(5)
        monkeypatch.setattr(house.store, "write", real)
        assert uses._thread.is_alive()
    finally:
        uses.close()


@pytest.fixture
def caller(served: Served) -> tuple[Served, Any]:
    """A served person with a session and a personal token."""
    people = served.people
    person = people.person()
    return served, (people.token(person), people.token(person, "personal", name="ci"))


def test_half_a_request_is_no_wish(caller: tuple[Served, Any]) -> None:
    """A client that goes before its body came has wished nothing, also where the body may be absent (P9)."""
    served, (session, token) = caller
    path = f"/v1/tokens/{token.view.token.uuid}/rotate"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {session.secret.reveal()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 30\r\n\r\n"
    )
    with served.connect() as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
    with served.connect() as connection:
        connection.sendall(head.encode() + b'{"expires_in"')
    for _ in range(20):
        threading.Event().wait(0.05)
        assert served.people.opens(token) is None


def test_a_user_locked_for_ever_can_be_shown(served: Served) -> None:
    """A hundred failures at one account do not break the list of users for its administrators."""
    from tests.attacks.test_second_reader import disable

    people = served.people
    person = people.person()
    disable(people, person)
    admin = people.token(people.person("", "Administrators"))
    bearer = {"Authorization": f"Bearer {admin.secret.reveal()}"}
    assert served.request("GET", "/v1/users", bearer).status == 200
    heard = served.request("GET", f"/v1/users/{person.subject.uuid}", bearer)
    assert heard.status == 200
    assert "9999-12-31" in heard.json()["locked_until"]


@pytest.mark.parametrize("query", ["cursor=999999999999999999", "since=9999-12-31T23:59:59.999999-23:59", "limit=500"])
def test_numbers_at_the_edge_are_taken(served: Served, query: str) -> None:
    """The largest cursors and times a page takes are no fault of ours."""
    people = served.people
    admin = people.token(people.person("", "Administrators"))
    bearer = {"Authorization": f"Bearer {admin.secret.reveal()}"}
    for path in ("/v1/users", "/v1/tokens?owner=*", "/v1/audit"):
        mark = "&" if "?" in path else "?"
        assert served.request("GET", f"{path}{mark}{query}", bearer).status == 200


def test_a_stored_secret_is_not_asked_in_vain(house: Household) -> None:
    """A presented text of any length and letters is a value to refuse, on both stores."""
    for text in ("\x00", "\ud800", "é" * 1025, "k" * 100_000, "kts_\x00"):
        assert house.opens(Secret(text)) is Reason.INVALID_TOKEN
