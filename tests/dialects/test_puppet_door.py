"""The Puppet wire at the one door, on both stores: lockout and the ways back, resets, tokens, rights."""

from collections.abc import Callable
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import TokenIssued
from keyturn.core.types import SECOND, Instant, Presented, SubjectRef
from keyturn.store import locks
from tests.houses import PASSWORD, Clock, Household
from tests.served import Heard, Served

V1 = "/rbac-api/v1"
NOBODY = "00000000-0000-4000-8000-00000000dead"
NEW = "another passphrase of ours"
MARK = "do-not-tell-this-back"


class Town:
    """A served instance with an administrator and a member."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.home = Household(served.house, Clock(), [], [])
        self.people = {"admin": self.home.person("admin", "Stewards"), "mara": self.home.person("mara")}

    def uuid(self, login: str) -> str:
        """The uuid of that user."""
        return self.people[login].subject.uuid

    def wish(self, command: Any) -> Any:
        """The outcome of a wish of the operator."""
        return self.home.wish(Presented("native", local=True), command)

    def choose(self, **settings: Any) -> None:
        """The realm has these settings of the wire."""
        self.home.choose(**{f"puppet__{name}": value for name, value in settings.items()})

    def by(self, token: str, method: str, path: str, body: Any = b"") -> Heard:
        """The answer to a call with that token."""
        return self.served.request(method, V1 + path, [("X-Authentication", token)], body)

    def sign_in(self, login: str, password: str = PASSWORD, **more: Any) -> Heard:
        """The answer to a sign-in."""
        return self.served.request("POST", f"{V1}/auth/token", (), {"login": login, "password": password, **more})

    def natively(self, password: str) -> int:
        """The status of mara's sign-in at another door."""
        return self.served.request("POST", "/v1/sessions", (), {"login": "mara", "password": password}).status

    def token(self, login: str, password: str = PASSWORD, **more: Any) -> str:
        """A fresh token."""
        token: str = told(self.sign_in(login, password, **more))["token"]
        return token

    def reset(self, login: str) -> str:
        """A reset token for that user, made by the administrator on this wire."""
        token: str = told(self.by(self.token("admin"), "POST", f"/users/{self.uuid(login)}/password/reset"))["token"]
        return token

    def redeem(self, token: str, password: str = NEW) -> Heard:
        """The answer to a used reset token."""
        return self.served.request("POST", f"{V1}/auth/reset", (), {"token": token, "password": password})

    def guess(self, login: str = "mara", times: int = 10) -> list[Heard]:
        """The answers to so many wrong passwords."""
        return [self.sign_in(login, f"wrong guess {n}") for n in range(times)]

    def current(self, token: str) -> str:
        """Whose that token is, or why it is refused."""
        heard = self.by(token, "GET", "/users/current")
        return str(heard.json()["login"]) if heard.status == 200 else kind(heard)

    def revoked(self, login: str = "mara") -> bool:
        """What an administrator sees of that user."""
        shown: bool = told(self.by(self.token("admin"), "GET", f"/users/{self.uuid(login)}"))["is_revoked"]
        return shown

    def passes(self, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
        """The store's clock is ahead by that much from now on."""
        now = self.served.house.store.now
        monkeypatch.setattr(self.served.house.store, "now", lambda: Instant(now() + seconds * SECOND))


def told(heard: Heard) -> Any:
    """The body of an answer that is a yes."""
    assert heard.status == 200, heard.body
    return heard.json()


def kind(heard: Heard) -> str:
    """What an error says it is, without the family's prefix."""
    return str(heard.json()["kind"]).removeprefix("puppetlabs.rbac/")


@pytest.fixture
def town(served: Served) -> Town:
    """A fresh town on each store."""
    return Town(served)


# --- lockout


def test_the_tenth_failure_revokes(town: Town) -> None:
    """Ten wrong passwords end the user's Puppet tokens and show it revoked; all answers are the same bytes."""
    token = town.token("mara")
    heard = town.guess()
    assert town.current(token) == "token-revoked"
    assert town.revoked()
    everything = (*heard, town.sign_in("mara"), *town.guess("nobody", 11))
    assert {(h.status, h.body) for h in everything} == {(401, heard[0].body)}
    assert kind(heard[0]) == "user-unauthenticated"


def test_the_lock_has_no_end_by_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day later the right password is still denied here, and such attempts are not counted."""
    town.guess()
    town.passes(monkeypatch, 86_400)
    assert [town.sign_in("mara").status for _ in range(3)] == [401, 401, 401]
    town.passes(monkeypatch, 60)
    assert town.revoked()
    mara = town.people["mara"].subject
    lock = town.home.read(lambda tx: locks.get(tx, mara.realm, locks.account_of_subject(mara.id), "password"))
    assert (lock.failures, lock.reserved) == (10, 0)


def test_timed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the realm wants it timed, nobody is shown revoked, no token dies, and it opens after 300 seconds."""
    town.choose(lockout="timed")
    token = town.token("mara")
    town.guess()
    assert town.sign_in("mara").status == 401
    assert not town.revoked()
    assert town.current(token) == "mara"
    town.passes(monkeypatch, 301)
    assert town.sign_in("mara").status == 200


@pytest.mark.parametrize("way", [c.UnlockUser, c.ReinstateUser])
def test_an_administrator_opens(town: Town, way: Callable[[SubjectRef], Any]) -> None:
    """Unlocking and reinstating open the lock; the ended tokens stay dead."""
    token = town.token("mara")
    town.guess()
    town.wish(way(town.people["mara"].ref))
    assert not town.revoked()
    assert town.sign_in("mara").status == 200
    assert town.current(token) == "token-revoked"


def test_a_used_reset_token_opens(town: Town) -> None:
    """The way of the seed: reset token by the administrator, new password by the user."""
    town.guess()
    reset = town.reset("mara")
    assert town.revoked()
    assert town.redeem(reset).body == b"{}"
    assert not town.revoked()
    assert town.sign_in("mara").status == 401
    assert town.sign_in("mara", NEW).status == 200


def test_another_door_does_not_open_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Natively the lock is timed; a right password there clears the count and leaves the user revoked here."""
    town.guess()
    assert town.natively(PASSWORD) == 401
    town.passes(monkeypatch, 301)
    assert town.natively(PASSWORD) == 201
    assert town.revoked()
    assert town.sign_in("mara").status == 401
    town.wish(c.UnlockUser(town.people["mara"].ref))
    assert town.home.lines("done")[-1].verb == "users:unlock"
    assert town.sign_in("mara").status == 200


def test_guesses_at_another_door_revoke_nobody_here(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock closed natively holds here too, by time; tokens of this wire live on."""
    token = town.token("mara")
    for n in range(10):
        town.natively(f"wrong guess {n}")
    assert town.sign_in("mara").status == 401
    assert not town.revoked()
    assert town.current(token) == "mara"
    town.passes(monkeypatch, 301)
    assert town.sign_in("mara").status == 200


def test_wrong_current_passwords_count(town: Town) -> None:
    """Ten of them lock, and end the very token they came with."""
    token = town.token("mara")
    body = {"current_password": "wrong guess", "password": NEW}
    heard = [town.by(token, "PUT", "/users/current/password", body) for _ in range(10)]
    assert {(h.status, kind(h)) for h in heard} == {(403, "permission-denied")}
    assert town.current(token) == "token-revoked"
    assert town.revoked()


def test_suspended(town: Town) -> None:
    """Only the right password hears that the user is revoked; a used reset token of this wire lets in again."""
    token = town.token("mara")
    town.wish(c.SuspendUser(town.people["mara"].ref))
    assert town.current(token) == "user-revoked"
    assert kind(town.sign_in("mara")) == "user-revoked"
    assert town.sign_in("mara", "wrong").body == town.sign_in("nobody").body
    assert town.revoked()
    assert town.redeem(town.reset("mara")).status == 200
    assert not town.revoked()
    assert town.sign_in("mara", NEW).status == 200
    assert town.current(token) == "token-revoked"


def test_a_native_reset_does_not_reinstate(town: Town) -> None:
    """A reset token made elsewhere, used here after a suspension, is as good as unknown."""
    issued = town.wish(c.IssueReset(town.people["mara"].ref))
    assert isinstance(issued, TokenIssued)
    town.wish(c.SuspendUser(town.people["mara"].ref))
    assert town.redeem(issued.secret.reveal()).status == 403
    assert town.revoked()


def test_api_user(town: Town) -> None:
    """It is there from birth, has no password, and no number of guesses revokes it."""
    path = "/users/af94921f-bd76-4b58-b5ce-e17c029a2790"
    assert {kind(h) for h in town.guess("api_user", 11)} == {"api-user-login"}
    admin = town.token("admin")
    shown = told(town.by(admin, "GET", path))
    assert (shown["role_ids"], shown["is_superuser"], shown["is_revoked"]) == ([1], True, False)
    assert town.by(admin, "POST", f"{path}/password/reset").status == 403


# --- tokens


def test_tokens(town: Town) -> None:
    """64 letters and digits, first and alone; good on this wire alone."""
    heard = town.sign_in("mara")
    token = told(heard)["token"]
    assert heard.body == b'{"token":"%s"}' % token.encode()
    assert len(token) == 64
    assert token.isalnum()
    assert not token.isdigit()
    assert town.current(token) == "mara"
    assert town.served.request("GET", "/v1/me", [("Authorization", f"Bearer {token}")]).status == 401
    assert town.current(town.home.token(town.people["mara"]).secret.reveal()) == "invalid-token"


def test_lives(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour where nothing is asked, what is asked, and the maximum for 0 and for too much."""
    tokens = {life: town.token("mara", lifetime=life) for life in ("10m", "0", "10y")}
    tokens["usual"] = town.token("mara")

    def alive() -> set[str]:
        return {life for life, token in tokens.items() if town.current(token) == "mara"}

    assert alive() == {"10m", "usual", "0", "10y"}
    town.passes(monkeypatch, 601)
    assert alive() == {"usual", "0", "10y"}
    town.passes(monkeypatch, 3000)
    assert alive() == {"0", "10y"}
    town.passes(monkeypatch, 365 * 86_400)
    assert alive() == set()
    assert town.current(tokens["0"]) == "token-expired"


def test_labels_replace_after_a_full_sign_in(town: Town) -> None:
    """The same label again ends the user's own older token; a wrong password ends nothing (CVE-2017-2297, A35)."""
    first, other = town.token("mara", label="ci"), town.token("admin", label="ci")
    assert town.sign_in("mara", "wrong guess", label="ci").status == 401
    assert town.current(first) == "mara"
    second = town.token("mara", label=" ci ")
    assert second != first
    assert town.current(first) == "token-revoked"
    assert town.current(second) == "mara"
    assert town.current(other) == "admin"


def test_idle_tokens_and_quiet_uses(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a session timeout an unused token is over; a use marked `|no_keepalive` is none."""
    town.choose(session_timeout=600)
    used, quiet = town.token("mara"), town.token("mara")
    town.passes(monkeypatch, 400)
    assert town.current(used) == town.current(f"{quiet}|no_keepalive") == "mara"
    town.served.instance._uses.flush()
    town.passes(monkeypatch, 300)
    assert town.current(used) == "mara"
    assert town.current(quiet) == "token-timed-out"


def test_codes_after_the_password(town: Town) -> None:
    """A user with a second factor signs in only where the realm takes `password,code`, and each code once."""
    town.home.factor(town.people["mara"])
    both = f"{PASSWORD},{town.home.code().reveal()}"
    wrong = town.sign_in("nobody").body
    assert town.sign_in("mara").body == town.sign_in("mara", both).body == wrong
    town.choose(code_after_password=True)
    assert town.sign_in("mara").body == town.sign_in("mara", f"{PASSWORD},000000x").body == wrong
    assert town.sign_in("mara", both).status == 200
    assert town.sign_in("mara", both).body == wrong


# --- resets and rights


def test_reset_tokens(town: Town) -> None:
    """One use, the newest alone, not spent by a weak password; told bare where the realm wants that."""
    older = town.reset("mara")
    newer = town.reset("mara")
    assert town.redeem(older).status == 403
    weak = town.redeem(newer, "q8-Zk!v")
    assert (weak.status, kind(weak)) == (400, "schema-violation")
    assert [f["rule-identifier"] for f in weak.json()["details"]["failures"]] == ["password-minimum-length"]
    assert town.current(newer) == "invalid-token"
    assert town.redeem(f'{{"token":"{newer}"}}\n').status == 200
    assert town.redeem(newer).status == 403
    town.choose(reset_body="text")
    bare = town.by(town.token("admin"), "POST", f"/users/{town.uuid('mara')}/password/reset", b"null")
    assert bare.headers["content-type"].startswith("text/plain")
    assert town.redeem(bare.text).status == 200


def test_rights(town: Town) -> None:
    """Resets for one user by a permission on that user alone; the list of users by a right to see users."""
    town.wish(c.PutRole("Helper", (f"users:reset_password:{town.uuid('mara')}",)))
    town.home.person("helper", "Helper")
    helper, member, admin = (town.token(login) for login in ("helper", "mara", "admin"))
    paths = {login: f"/users/{town.uuid(login)}" for login in ("mara", "admin")}
    heard = {login: town.by(helper, "POST", f"{path}/password/reset").status for login, path in paths.items()}
    assert heard == {"mara": 200, "admin": 403}
    assert town.by(helper, "POST", f"/users/{NOBODY}/password/reset").status == 404
    assert kind(town.by(member, "POST", f"/users/{NOBODY}/password/reset")) == "permission-denied"
    assert town.by(member, "GET", "/users").status == 403
    assert [town.by(member, "GET", path).status for path in paths.values()] == [200, 403]
    assert [u["login"] for u in told(town.by(admin, "GET", "/users"))] == ["api_user", "admin", "mara", "helper"]
    some = told(town.by(admin, "GET", f"/users?id={town.uuid('mara')},{NOBODY}"))
    assert [u["login"] for u in some] == ["mara"]


# --- bad input

ROUTES = (
    ("POST", "/auth/token", ("login", "password")),
    ("POST", "/auth/reset", ("token", "password")),
    ("PUT", "/users/current/password", ("current_password", "password")),
    ("POST", "/users/current/password", ("current_password", "password")),
    ("POST", f"/users/{NOBODY}/password/reset", ()),
)
WRONG: tuple[Any, ...] = ([MARK], {MARK: MARK}, 7, None, True)
RAW = (
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"\xff\xfe",
    b'{"x": "\xff"}',
    b'{"x": "\\ud800"}',
    b"not json",
    b"[]",
    b"7",
    b'"text"',
    b'{"x": "' + b"a" * 1_048_576 + b'"}',
)


def bad_bodies(fields: tuple[str, ...]) -> list[Any]:
    """Everything that is no body of those fields."""
    good = dict.fromkeys(fields, MARK)
    typed = [{**good, field: wrong} for field in fields for wrong in WRONG]
    missing = [{name: text for name, text in good.items() if name != field} for field in fields]
    return [*typed, *missing, *RAW, *((b"", b"null") if fields else ())]


@pytest.mark.parametrize(("method", "path", "fields"), ROUTES)
def test_bad_bodies(town: Town, method: str, path: str, fields: tuple[str, ...]) -> None:
    """Whatever is sent, the route answers with its own error, nothing is told back, nothing is broken."""
    token = town.token("admin")
    for body in bad_bodies(fields):
        heard = town.by(token, method, path, body)
        assert heard.status in (400, 404, 413), (str(body)[:60], heard.body)
        assert {*heard.json()} <= {"kind", "msg", "details"}
        assert MARK.encode() not in heard.body
    assert town.by(token, "PATCH", path).status == 405
    form = [("X-Authentication", token), ("Content-Type", "application/x-www-form-urlencoded")]
    assert town.served.request(method, V1 + path, form, b"a=b").status == 400
    assert town.current(token) == "admin"


def test_bad_paths_and_tokens(town: Town) -> None:
    """A path or a token that cannot be one has its own answer; what is not spoken yet is not found."""
    token = town.token("admin")
    for sid in ("x", "current%20", "%ff", NOBODY + "0"):
        assert kind(town.by(token, "GET", f"/users/{sid}")) == "invalid-uuid"
    for odd in ("caf\xe9", "*", "x" * 2000, "kts_abcd_1"):
        assert town.current(odd) == "invalid-token"
    assert kind(town.by(token, "GET", "/roles/7/none")) == "not-found"
    assert kind(town.served.request("GET", "/activity-api/v1/other")) == "not-found"
