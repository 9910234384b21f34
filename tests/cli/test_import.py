"""`keyturn import`: an export moved in at a shell, and what its users can do over their own wire afterwards."""

import io
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyturn.cli import importing
from keyturn.cli.importing import Tally
from keyturn.core import factors as totp_of
from keyturn.core.factors import seed_from_base32
from tests import exported
from tests.cli.shell import SQLITE, Said, Shell
from tests.engines import Engine
from tests.exported import PASSWORD, SEED, digest, hashed, lines, personal, session, totp, user
from tests.houses import KEY, household
from tests.served import Heard, Served

V1 = "/api/v1"
LOGIN, PAT, CODE = "l" * 43, "p" * 37 + "last66", "Ab3dEf7h"
WIRE = "rocketchat"


@pytest.fixture
def ready(shell: Shell) -> Shell:
    """A shell whose store is there."""
    shell.done("user", "add", "root", "--admin", "--no-password")
    return shell


def moved(shell: Shell, *users: Any, more: tuple[str, ...] = ("--json",), data: bytes | None = None) -> Said:
    """What the import of these users said."""
    file = shell.folder.parent / "users.json"
    file.write_bytes(lines(*users) if data is None else data)
    return shell("import", WIRE, str(file), *more)


def told(said: Said) -> Any:
    """What was told as JSON, whatever the exit code."""
    assert said.err == ""
    return said.json()


# --- at a shell


def test_an_export_is_moved_in(ready: Shell) -> None:
    """Everything is taken: exit 0, a sentence for a person, numbers for a program; the users are there."""
    first = moved(ready, user("jean", session(LOGIN), personal(PAT)), user("ann"), more=())
    assert (first.code, first.out) == (0, "")
    assert first.err.startswith("Took 2 users of ")
    assert "into realm default: 2 passwords, 2 tokens, 0 factors, 0 recovery codes." in first.err
    assert ready.done("user", "show", "jean", "--json").json()["handle"] == "jeanAAAAAAAAAAAAA"
    again = moved(ready, user("jean", session(LOGIN), personal(PAT)), user("ann"))
    assert (again.code, told(again)) == (
        0,
        {"realm": "default", "dry_run": False, "users": 0, "already": 2, "passwords": 0, "factors": 0, "codes": 0,
         "tokens": 0, "expired": 0, "stopped": 0, "left": []},
    )  # fmt: skip
    assert "2 users were here before and stay as they are." in moved(ready, user("jean"), user("ann"), more=()).err
    assert moved(ready, user("jean"), more=("-q",)).err == ""


def test_what_is_left_is_named(ready: Shell) -> None:
    """Exit 1, each thing with its line and whose it is; what can be taken is taken."""
    ready.done("user", "add", "taken", "--no-password")
    data = lines(user("jean", {"hashedToken": "x"}, roles=["user", "owner"]), user("taken")) + b"\n{broken\n"
    data += lines(user("ann"), user("ann", id="other"), user("bob", emails=[{"address": "ann@example.test"}]))
    said = moved(ready, data=data)
    assert said.code == 1
    left = [(x["line"], x["login"], x["what"]) for x in told(said)["left"]]
    assert left == [
        (1, "jean", "session"), (1, "jean", "role owner"), (2, "taken", "user"), (4, None, "user"), (6, "ann", "user"),
        (7, "bob", "user"),
    ]  # fmt: skip
    assert told(said)["users"] == 2
    words = moved(ready, data=data, more=()).err.splitlines()
    assert "line 2: taken: user has a login that somebody else has here" in words
    assert "line 4: user is no JSON, or cut off" in words
    assert words[-1].endswith("things could not be taken; they are named above.")


def test_a_dry_run_changes_nothing(ready: Shell) -> None:
    """It tells what the import then tells, and leaves every row as it was."""
    people = [user("jean", session(LOGIN), services=None), user("root"), user("ann", active=False)]
    before = contents(ready)
    looked = moved(ready, *people, more=("--dry-run", "--json"))
    assert contents(ready) == before
    done = moved(ready, *people)
    assert (looked.code, done.code) == (1, 1)
    assert told(looked) == {**told(done), "dry_run": True}
    assert contents(ready) != before
    assert "Would take 0 users" in moved(ready, *people, more=("--dry-run",)).err


def test_a_dry_run_makes_no_store(plain: Shell) -> None:
    """There must be one already; the import itself makes it."""
    said = moved(plain, user(), more=("--dry-run",))
    assert (said.code, said.err.partition(" at ")[0]) == (1, "keyturn: there is no store")
    assert not plain.folder.exists()
    assert moved(plain, user(), more=()).code == 0


def test_another_realm(ready: Shell) -> None:
    """It is named, and must be there."""
    ready.done("realm", "add", "shop")
    assert told(moved(ready, user(), more=("--realm", "shop", "--json")))["users"] == 1
    assert ready.done("user", "show", "jean", "--realm", "shop", "--json").json()["login"] == "jean"
    said = moved(ready, user(), more=("--realm", "nowhere"))
    assert (said.code, said.err) == (1, "keyturn: nothing was imported.\n  there is no such realm\n")


@SQLITE
def test_from_a_pipe(ready: Shell) -> None:
    """`-` is stdin, in any form."""
    array = msgspec.json.encode([user("jean"), user("ann")])
    assert ready("import", WIRE, "-", "--json", stdin=array).json()["users"] == 2
    pretty = msgspec.json.format(msgspec.json.encode([user("jean"), user("tom")]))
    said = ready("import", WIRE, "-", "--json", stdin=pretty).json()
    assert (said["users"], said["already"]) == (1, 1)


@SQLITE
@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "holds nothing"),
        (b"_id,username\n", "is no export"),
        (b"\x00\x01", "is no export"),
        (b'"x"', "is no export"),
    ],
)
def test_a_file_that_is_no_export(ready: Shell, data: bytes, word: str) -> None:
    """Exit 2 and one sentence."""
    said = moved(ready, data=data, more=())
    assert (said.code, said.out) == (2, "")
    assert word in said.err
    assert said.err.count("\n") == 1


@SQLITE
def test_a_file_that_cannot_be_read(ready: Shell) -> None:
    """Exit 2; so is a source that nobody knows."""
    assert ready("import", WIRE, str(ready.folder / "nothing")).code == 2
    assert ready("import", WIRE, str(ready.folder)).code == 2
    assert ready("import", "nobody", "-").code == 2


@SQLITE
@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_file_that_was_cut_off(ready: Shell, cut: int) -> None:
    """Exit 1; what was whole is taken."""
    for data in (lines(user("jean"), user("ann"))[: -1 - cut], msgspec.json.encode([user("jean"), user("ann")])[:-cut]):
        said = moved(ready, data=data)
        assert said.code == 1
        assert told(said)["users"] + told(said)["already"] >= 1
        assert "cut off" in told(said)["left"][-1]["why"]


@SQLITE
def test_many_faults_are_cut_short(ready: Shell) -> None:
    """A person is told the first hundred, a program all."""
    data = b"{x\n" * 150
    assert len(told(moved(ready, data=data))["left"]) == 150
    words = moved(ready, data=data, more=()).err.splitlines()
    assert words[100] == "… and 50 more; --json tells all of them."


@SQLITE
def test_a_bar_on_a_terminal(ready: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn where somebody looks, and nowhere else."""
    assert "Importing" not in moved(ready, user("jean"), more=()).err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert "Importing" in moved(ready, user("ann"), more=()).err
    assert "Importing" not in moved(ready, user("tom"), more=("-q",)).err


def test_what_proves_anybody_is_never_told(ready: Shell) -> None:
    """Neither hash nor token nor seed nor code is on a stream or in the audit log, taken or left."""
    bad = {"password": {"bcrypt": "bad-canary"}, "totp": totp(CODE) | {"hashedBackup": ["bad-canary"]}}
    good = {"password": exported.password(), "totp": totp(CODE), "resume": {"loginTokens": [session(LOGIN)]}}
    people = [
        user("jean", services=good), user("ann", {"hashedToken": "bad-canary", "when": {"$date": 1}}),
        user("bob", session(LOGIN)), user("tom", services=bad),
        user("eve", services={"totp": totp(secret="bad-canary")}),
    ]  # fmt: skip
    secrets = ("bad-canary", SEED, digest(CODE), hashed(LOGIN), good["password"]["bcrypt"], LOGIN)
    for more in ((), ("--json",), ("--dry-run", "--json")):
        said = moved(ready, *people, more=more)
        assert [s for s in secrets if s in said.out + said.err] == []
    log = ready.done("audit", "list", "--json").out
    assert "imports:take" in log
    assert [s for s in secrets if s in log] == []


def test_a_file_larger_than_a_batch(ready: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches follow one another; a name that came in an earlier one is known as the file's own."""
    monkeypatch.setattr(importing, "HEAVY", 4)
    people = [user(f"user{n}", session(f"{n}" * 43), id=f"id-{n}") for n in range(9)]
    said = moved(ready, *people, user("user3", id="id-10"), user("x", session("3" * 43), id="id-11"))
    assert told(said)["users"] == 10
    assert [(x["line"], x["what"], x["why"]) for x in told(said)["left"]] == [
        (10, "user", importing.TWICE["login"]), (11, "token", "stands in the file twice"),
    ]  # fmt: skip
    verbs = [x["verb"] for x in ready.done("audit", "list", "--json").json()["items"]]
    assert verbs.count("imports:take") == 5


@SQLITE
def test_somebody_else_was_faster(ready: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch in which a name was taken meanwhile is looked at again; after some times the import stops."""
    from keyturn.store import arrivals

    real, times = arrivals.bring, iter([False, False])
    monkeypatch.setattr(arrivals, "bring", lambda *given: next(times, None) is None and real(*given))
    assert told(moved(ready, user()))["users"] == 1
    monkeypatch.setattr(arrivals, "bring", lambda *given: False)
    said = moved(ready, user("ann"), more=())
    assert said.code == 1
    assert "give the same file again" in said.err


# --- over their own wire


def arrive(served: Served, *users: Any) -> Tally:
    """These users are moved in beside the running server."""
    return importing.bring(served.house, WIRE, io.BytesIO(lines(*users)), "default", False, lambda count: None)


def call(served: Served, name: str, body: Any = b"", token: str = "", owner: str = "", **headers: str) -> Heard:
    """One call of that wire."""
    signed = {"X-Auth-Token": token, "X-User-Id": owner} if token else {}
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return served.request("GET" if body == b"" else "POST", f"{V1}/{name}", {**signed, **named}, body)


def login(served: Served, body: Any, **headers: str) -> Heard:
    """A sign-in on that wire."""
    return call(served, "login", body, **headers)


def test_old_passwords_work(served: Served) -> None:
    """In clear, as a digest, by name and by mail address; the hash is renewed by the first in clear."""
    assert arrive(served, user("jean")).left == []
    shown = {"digest": digest(PASSWORD), "algorithm": "sha-256"}
    assert login(served, {"user": "jean", "password": "wrong"}).status == 401
    for body in (
        {"user": "jean", "password": shown}, {"user": "jean", "password": PASSWORD},
        {"user": "jean", "password": shown}, {"user": {"email": "jean@example.test"}, "password": PASSWORD},
    ):  # fmt: skip
        heard = login(served, body)
        assert heard.status == 200, heard.text
        assert heard.json()["data"]["userId"] == "jeanAAAAAAAAAAAAA"
    assert served.people.one("SELECT hash FROM passwords").startswith("k1:")


def test_old_tokens_work(served: Served) -> None:
    """A login token and a token by name open the same calls as before, with their owner's old id."""
    arrive(served, user("jean", session(LOGIN), personal(PAT, bypass=True), session("o" * 43, timedelta(days=91))))
    for token in (LOGIN, PAT):
        heard = call(served, "me", token=token, owner="jeanAAAAAAAAAAAAA")
        assert (heard.status, heard.json()["username"]) == (200, "jean")
        assert call(served, "me", token=token, owner="annAAAAAAAAAAAAAA").status == 401
    assert call(served, "me", token="o" * 43, owner="jeanAAAAAAAAAAAAA").status == 401
    assert login(served, {"resume": LOGIN}).status == 200
    (line,) = call(served, "users.getPersonalAccessTokens", token=LOGIN, owner="jeanAAAAAAAAAAAAA").json()["tokens"]
    assert (line["name"], line["lastTokenPart"], line["bypassTwoFactor"]) == ("ci", "last66", True)
    made = call(
        served, "users.regeneratePersonalAccessToken", {"tokenName": "ci"}, token=PAT, owner="jeanAAAAAAAAAAAAA"
    )
    assert made.status == 200, made.text
    assert call(served, "me", token=PAT, owner="jeanAAAAAAAAAAAAA").status == 401
    assert call(served, "me", token=made.json()["token"], owner="jeanAAAAAAAAAAAAA").status == 200


def test_old_factors_work(served: Served) -> None:
    """The authenticator's code is asked for and right; each backup code works once, as it was told."""
    services = {"password": exported.password(), "totp": totp(CODE, "Zz9yXx8w"), "email2fa": {"enabled": True}}
    tally = arrive(served, user("jean", services=services))
    assert (tally.counts["factors"], tally.counts["codes"]) == (2, 2)
    body = {"user": "jean", "password": PASSWORD}
    due = login(served, body)
    assert (due.status, due.json()["error"]) == (401, "totp-required")
    seed = seed_from_base32(SEED) or b""
    code = totp_of.totp_code(seed, totp_of.step_at(served.house.store.now()))
    assert login(served, {**body, "code": code}).status == 200
    for shown, status in (("ab3dEf7h", 401), (CODE, 200), (CODE, 401)):
        assert login(served, {**body, "code": shown}).status == status
    assert login(served, body, x_2fa_code="Zz9yXx8w", x_2fa_method="totp").status == 200
    assert login(served, body, x_2fa_code="Zz9yXx8w", x_2fa_method="totp").status == 401


def test_who_was_not_active_is_let_in_nowhere(served: Served) -> None:
    """Neither by password nor by token."""
    arrive(served, user("jean", session(LOGIN), active=False))
    assert login(served, {"user": "jean", "password": PASSWORD}).json()["error"] == "error-user-is-not-activated"
    assert call(served, "me", token=LOGIN, owner="jeanAAAAAAAAAAAAA").status == 401


def test_a_password_that_was_to_be_changed_is(served: Served) -> None:
    """The old one is right and opens nothing."""
    arrive(served, user("jean", requirePasswordChange=True))
    assert login(served, {"user": "jean", "password": PASSWORD}).status == 401
    assert served.people.one("SELECT must_change FROM passwords") == 1


def test_a_server_beside_goes_on(served: Served, database: Engine, tmp_path: Path) -> None:
    """Changes are acknowledged while another program imports, none after more than a moment."""
    arrive(served, user("jean"))
    crowded = io.BytesIO(b"".join(exported.crowd(2500)))
    waits: list[float] = []
    with household(database.url, tmp_path / KEY) as other, ThreadPoolExecutor(1) as pool:
        running = pool.submit(importing.bring, other.house, WIRE, crowded, "default", False, lambda count: None)
        while not running.done():
            began = time.monotonic()
            assert login(served, {"user": "jean", "password": PASSWORD}).status == 200
            waits.append(time.monotonic() - began)
        assert running.result().counts["users"] == 2500
    assert max(waits) < 2
    assert served.people.one("SELECT count(*) FROM tokens") >= 7500 + len(waits)


def contents(shell: Shell) -> dict[str, list[Any]]:
    """Every row of every table, and how many of the audit."""
    with household(shell.url, shell.folder / "key") as house:
        return {**house.contents(), "lines": [tuple(line) for line in house.lines()]}


def test_sources_are_wires() -> None:
    """Each source is named like the wire that its tokens go on to open."""
    from keyturn.app import catalogue

    assert set(importing.READERS) <= set(catalogue().wires)
