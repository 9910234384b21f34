"""A store of an earlier version: refused until it is brought up, and then all that was in it works as before."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from keyturn.core import commands as c
from keyturn.core.digests import digest, last6
from keyturn.core.outcomes import Ended, FactorConfirmed, Reason, SessionOpened
from keyturn.core.rules import BUILT_IN
from keyturn.core.secrets import draw
from keyturn.core.types import Presented, Proof, Secret, Shape, TokenRef
from keyturn.store import schema
from keyturn.store.sealing import make_key
from tests import engines
from tests.cli.shell import Shell
from tests.engines import Engine
from tests.houses import KEY, PASSWORD, SEED, STEP_UP, Household, hashed, household, reason

MARK = "Ab3d"
VERSION = "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)"
MEMBERS = 1 + next(at for at, role in enumerate(BUILT_IN) if role.name == "Members")


class First:
    """A store as the first version made it, and what is known of it outside."""

    def __init__(self, database: Engine, folder: Path) -> None:
        self.database = database
        self.ring = make_key(folder / KEY)
        self.now = time.time_ns() // 1000
        self.session = draw(Shape.KEYTURN, "s", MARK)
        self.chat = draw(Shape.BASE64URL, "p", MARK)
        for statement in (*schema.statements("0001", database.name), VERSION):
            self.run(statement)
        self._fill()

    def run(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a statement that stands for itself; `?` is a value."""
        if self.database.name == "sqlite":
            connection = sqlite3.connect(self.database.url.removeprefix("sqlite:///"), isolation_level=None)
            try:
                return connection.execute(statement, values).fetchall()
            finally:
                connection.close()
        with psycopg.connect(self.database.url, autocommit=True) as other:
            heard = other.execute(statement.replace("?", "%s").encode(), values or None)
            return heard.fetchall() if heard.description else []

    def put(self, table: str, **row: Any) -> None:
        """One row of a table."""
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())

    def version(self) -> str:
        """The schema it has."""
        found: str = self.run("SELECT version_num FROM alembic_version")[0][0]
        return found

    def _fill(self) -> None:
        self.put("alembic_version", version_num="0001")
        self.put("instance", name="mark", value=MARK)
        self.put("instance", name="key", value=self.ring.fingerprint())
        self.put("counters", name="subject", value=1)
        self.put("counters", name="role", value=19)
        self.put("realms", uuid="r-1", name="default", display_name="Default", created=self.now)
        for role in BUILT_IN:
            self.put(
                "roles", realm=1, uuid=f"o-{role.number}", number=role.number, name=role.name,
                name_key=role.name.casefold(), built_in=1, across=int(role.across),
                permissions=msgspec.json.encode(role.permissions).decode(),
            )  # fmt: skip
        self.put(
            "subjects", realm=1, uuid="11111111-1111-4111-8111-111111111111", number=1, handle="jeanjeanjeanjeanj",
            login="Jean", login_key="jean", email="jean@example.test", email_key="jean@example.test",
            email_verified=1, created=self.now, updated=self.now,
        )  # fmt: skip
        self.put("memberships", subject=1, role=MEMBERS, realm=1)
        self.put("passwords", subject=1, realm=1, hash=hashed(PASSWORD), version=1, length=27, changed=self.now)
        sealed = self.ring.seal("factor", "f-1:1", SEED)
        self.put(
            "factors", realm=1, uuid="f-1", subject=1, kind="totp", sealed=sealed, confirmed=1, created=self.now
        )  # fmt: skip
        self._token(1, "session", "native", self.session, stepped_up=self.now)
        self._token(2, "personal", "rocketchat", self.chat, name="bot", bypass=1)

    def _token(self, number: int, kind: str, wire: str, secret: Secret, **more: Any) -> None:
        self.put(
            "tokens", uuid=f"t-{number}", realm=1, subject=1, kind=kind, dialect=wire, subject_epoch=0, realm_epoch=0,
            created=self.now, **more,
        )  # fmt: skip
        self.put("secrets", digest=digest(secret), realm=1, token=number, last6=last6(secret), created=self.now)


@pytest.fixture(params=engines.NAMES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of each engine with nothing in it."""
    made = (
        engines.fresh_sqlite(tmp_path / "none")
        if request.param == "sqlite"
        else engines.fresh_postgresql(request.getfixturevalue("cluster"))
    )
    with made as engine:
        yield engine


@pytest.fixture
def first(shell: Shell, database: Engine) -> First:
    """A store of the first version, whose key lies where the shell looks for it."""
    return First(database, shell.folder)


def test_an_older_store_is_refused(shell: Shell, first: First) -> None:
    """Nobody serves it or works on it before it is brought up; each says by what, and nothing of it is changed."""
    for words in (("user", "list"), ("role", "list"), ("serve", "--listen", "127.0.0.1:0")):
        said = shell(*words)
        assert (said.code, said.out) == (1, "")
        assert "0001" in said.err
        assert "keyturn db upgrade" in said.err
    assert first.version() == "0001"
    assert first.run("SELECT count(*) FROM audit") == [(0,)]


def test_it_is_brought_up_once(shell: Shell, first: First) -> None:
    """It says what it did, and the second time that there was nothing to do."""
    assert shell.done("db", "upgrade", "--json").json() == {"schema": schema.HEAD, "action": "upgraded"}
    assert first.version() == schema.HEAD
    assert shell.done("db", "upgrade", "--json").json() == {"schema": schema.HEAD, "action": "current"}
    assert shell.done("user", "show", "jean", "--json").json()["factors"] == ["totp"]


@pytest.fixture
def house(shell: Shell, first: First) -> Iterator[Household]:
    """A house on the store that was brought up."""
    shell.done("db", "upgrade")
    with household(first.database.url, shell.folder / KEY) as made:
        yield made


def test_what_was_there_works(house: Household, first: First) -> None:
    """Old tokens open what they did, a factor shown before counts as it did, password and app sign in."""
    session, chat = Presented("native", first.session), Presented("rocketchat", first.chat)
    assert [reason(house.wish(who, c.ShowSelf())) for who in (session, chat)] == [None, None]
    (facts,) = house.wish(Presented("native", local=True), c.Introspect((first.session,))).results
    assert facts.stepped_up == first.now
    issued = house.wish(session, c.IssueToken("personal", "new", "native"), step_up=STEP_UP)
    assert reason(issued) is None
    assert reason(house.sign_in("jean", PASSWORD)) is Reason.FACTOR_REQUIRED
    opened = house.sign_in("jean", PASSWORD, proof=Proof("totp", house.code()))
    assert isinstance(opened, SessionOpened)
    assert [r.two_factor for r in opened.user.roles] == [False]
    rotated = house.wish(chat, c.RotateToken(TokenRef("presented")))
    assert rotated.view.token.bypass
    assert reason(house.wish(chat, c.ShowSelf())) is Reason.TOKEN_ENDED


def test_what_is_new_works_too(house: Household, first: First) -> None:
    """Mails are put out, codes by mail are bound and shown, and a role asks for a factor."""
    session = Presented("native", first.session)
    assert house.wish(None, c.RequestReset("jean")) == Ended()
    assert [letter.address for letter in house.letters()] == ["jean@example.test"]
    house.choose(policy={"mail_codes": True})
    assert isinstance(house.wish(session, c.EnrolFactor("email")), FactorConfirmed)
    house.sign_in("jean", PASSWORD, method="email")
    opened = house.sign_in("jean", PASSWORD, proof=Proof("email", house.mailed()))
    assert opened.view.token.stepped_up_with == "email"
    role = house.wish(Presented("native", local=True), c.EditRole("Members", True)).role
    assert role.two_factor
