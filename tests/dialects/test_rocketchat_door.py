"""The Rocket.Chat wire at the one door, on both stores: what no transcript can say in text."""

import hashlib
import time
from typing import Any

import pytest

from keyturn.core.outcomes import Reason
from tests.houses import PASSWORD, Clock, Household
from tests.served import Heard, Served

V1 = "/api/v1"
TOKENS = tuple(f"{V1}/users.{verb}PersonalAccessToken" for verb in ("generate", "regenerate", "remove"))
MARK = "do-not-tell-this-back"
BODIES = {
    "large": b'{"tokenName":"' + b"x" * 1_048_576 + b'"}',
    "long": b'{"tokenName":"' + b"x" * 200_000 + b'","user":"' + b"y" * 10_000 + b'","password":"p"}',
    "deep": b'{"tokenName":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deeper": b'{"other":' * 25_000 + b"1" + b"}" * 25_000,
    "octets": b'{"tokenName":"\xff\xfe","user":"\xff","password":"\xff"}',
    "nul": b'{"tokenName":"' + MARK.encode() + b'\\u0000","user":"' + MARK.encode() + b'\\u0000","password":"p"}',
    "surrogate": b'{"tokenName":"\\ud800","user":"\\ud800","password":"\\udfff"}',
    "form": b"tokenName=%ff%00&user=%ff%00&password=%00",
    "types": b'{"tokenName":{"' + MARK.encode() + b'":1},"user":["' + MARK.encode() + b'"],"password":{}}',
}


class Place:
    """A served instance with one person signed in on this wire."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.home = Household(served.house, Clock(), [], [])
        self.alice = self.home.person("alice")
        made = self.home.token(self.alice, "personal", "rocketchat", name="ci", bypass=True)
        self.headers = [("X-Auth-Token", made.secret.reveal()), ("X-User-Id", self.alice.subject.handle)]

    def call(self, method: str, path: str, *headers: tuple[str, str], body: Any = b"") -> Heard:
        """The answer to a call of that person."""
        return self.served.request(method, path, [*self.headers, *headers], body)


@pytest.fixture
def place(served: Served) -> Place:
    """A served instance with one person signed in on this wire."""
    return Place(served)


@pytest.mark.parametrize("media", ["application/json", "application/x-www-form-urlencoded", "image/png"])
@pytest.mark.parametrize("kind", BODIES)
def test_bad_bodies(place: Place, kind: str, media: str) -> None:
    """Every route refuses what it cannot read in this wire's own form; nothing is told back, nothing changed."""
    before = len(place.home.lines("done"))
    for path in (f"{V1}/login", *TOKENS):
        answer = place.call("POST", path, ("Content-Type", media), body=BODIES[kind])
        assert answer.status in (400, 401, 413)
        assert answer.headers["content-type"] == "application/json"
        assert {"error", "message"} & answer.json().keys()
        assert MARK not in answer.text
    assert len(place.home.lines("done")) == before


@pytest.mark.parametrize("name", ["X-Auth-Token", "X-User-Id", "x-2fa-code", "x-2fa-method", "Content-Type", "Host"])
@pytest.mark.parametrize("value", ["\udcff\udcfe", "x" * 8000, "' OR 1=1 --", "{}"])
def test_bad_headers(place: Place, name: str, value: str) -> None:
    """No header of whatever content breaks anything."""
    for method, path in (("GET", f"{V1}/me"), ("POST", TOKENS[0]), ("POST", f"{V1}/login"), ("GET", "/api/info")):
        headers = [(n, v) for n, v in place.headers if n != name]
        assert place.served.request(method, path, [*headers, (name, value)]).status in (200, 400, 401)


def test_a_name_of_every_letter(place: Place) -> None:
    """A name is kept as it was given, whatever it is written in."""
    for name in ("ünïcödé", "名前", "🔑", "a'b\"c\\d", "%s{}$1", "x" * 256):
        place.home.choose(rocketchat__bypass_mints=True)
        assert place.call("POST", TOKENS[0], body={"tokenName": name}).status == 200
        listed = place.call("GET", f"{V1}/users.getPersonalAccessTokens").json()["tokens"]
        assert name in [line["name"] for line in listed]
        assert place.call("POST", TOKENS[2], body={"tokenName": name}).json() == {"success": True}


def test_regenerated_at_once_by_many(place: Place) -> None:
    """Of calls that show the same old token one wins; the others are nobody's."""
    before = place.headers[0][1]
    first = place.call("POST", TOKENS[1], body={"tokenName": "ci"})
    second = place.call("POST", TOKENS[1], body={"tokenName": "ci"})
    assert (first.status, second.status) == (200, 401)
    place.headers[0] = ("X-Auth-Token", first.json()["token"])
    assert place.call("GET", f"{V1}/me").status == 200
    assert before != first.json()["token"]


def test_a_lost_answer_is_asked_for_again(place: Place) -> None:
    """The same call under the same key hears the same token, although the old one is dead by then."""
    key = ("Idempotency-Key", "once")
    first = place.call("POST", TOKENS[1], key, body={"tokenName": "ci"})
    again = place.call("POST", TOKENS[1], key, body={"tokenName": "ci"})
    other = place.call("POST", TOKENS[1], key, body={"tokenName": "other"})
    assert first.status == again.status == 200
    assert first.body == again.body
    assert (other.status, other.json()["errorType"]) == (409, "error-idempotency-mismatch")


def test_the_lists_time_is_that_of_the_secret(place: Place) -> None:
    """A regenerated token is listed with the time of its new secret."""

    def made() -> str:
        told: str = place.call("GET", f"{V1}/users.getPersonalAccessTokens").json()["tokens"][0]["createdAt"]
        return told

    before = made()
    time.sleep(0.002)
    place.headers[0] = ("X-Auth-Token", place.call("POST", TOKENS[1], body={"tokenName": "ci"}).json()["token"])
    assert before < made()


def test_what_is_written_down(place: Place) -> None:
    """The log knows precisely what the wire tells coarsely."""
    place.served.request("POST", f"{V1}/login", (), {"user": "alice", "password": "wrong"})
    place.served.request("POST", f"{V1}/login", (), {"user": "alice", "password": PASSWORD})
    place.call("POST", TOKENS[1], body={"tokenName": "nosuch"})
    told = [(line.verb, line.result, line.reason) for line in place.home.lines()]
    assert told[-3:] == [
        ("sessions:open", "refused", Reason.WRONG_PASSWORD.value),
        ("sessions:open", "done", None),
        ("tokens:rotate", "refused", Reason.NOT_FOUND.value),
    ]


@pytest.mark.parametrize("profile", ["classic", "modern"])
def test_an_address_that_guesses_too_often(place: Place, profile: str) -> None:
    """After 50 failures of one address the right password is refused too, in words of its own; tokens live on."""
    place.home.choose(rocketchat__profile=profile)
    for number in range(50):
        assert place.served.request("POST", f"{V1}/login", (), {"user": f"n{number}", "password": "x"}).status == 401
    right = place.served.request("POST", f"{V1}/login", (), {"user": "alice", "password": PASSWORD})
    assert right.status == 401
    assert right.json() == {
        "success": False,
        "status": "error",
        "error": "error-login-blocked-for-ip",
        "message": "Login has been temporarily blocked For IP",
        "details": {"function": "Accounts.validateLoginAttempt"},
    }
    assert place.call("GET", f"{V1}/me").status == 200


def test_a_lost_answer_of_other_calls(place: Place) -> None:
    """Codes and users that were told once are told again to who asks under the same key."""
    root = place.home.person("root", "Administrators")
    shown = {"X-User-Id": root.subject.handle, "Idempotency-Key": "once"}
    shown["X-Auth-Token"] = place.home.token(root, "session", "rocketchat").secret.reveal()
    shown["x-2fa-code"] = hashlib.sha256(PASSWORD.encode()).hexdigest()
    bodies: dict[str, Any] = {
        "users.create": {"username": "bob", "name": "Bob", "email": "bob@example.test", "password": PASSWORD},
        "users.update": {"userId": place.alice.subject.handle, "data": {"name": "Alice"}},
        "users.enableTotp": {},
        "users.logoutOtherClients": {},
    }
    for name, body in bodies.items():
        shown["Idempotency-Key"] = name
        first, again = (place.served.request("POST", f"{V1}/{name}", shown, body) for _ in "12")
        assert first.status == again.status == 200, (name, first)
        assert first.body == again.body


def test_whoever_was_just_added_may_be_let_off(place: Place) -> None:
    """With the grace switched on nobody new is asked for a proof, unless there is a factor; it is off by default."""
    place.home.choose(rocketchat__bypass_mints=True)
    bob = place.home.person("bob")
    token = place.home.token(bob, "session", "rocketchat").secret.reveal()
    shown = {"X-Auth-Token": token, "X-User-Id": bob.subject.handle}

    def made(name: str) -> Heard:
        return place.served.request("POST", TOKENS[0], shown, {"tokenName": name})

    assert made("a").json()["errorType"] == "totp-required"
    place.home.choose(rocketchat__registration_grace=True)
    assert made("b").status == 200
    place.home.factor(bob)
    assert made("c").json()["details"]["method"] == "totp"


def test_a_method_is_asked_for_at_sign_in(place: Place) -> None:
    """The header chooses among what there is; what there is not falls to the first."""
    place.home.factor(place.alice)
    for method in ("", "totp", "email", "password", "nonsense"):
        headers = [("x-2fa-method", method)] if method else []
        heard = place.served.request("POST", f"{V1}/login", headers, {"user": "alice", "password": PASSWORD})
        assert (heard.status, heard.json()["details"]["method"]) == (401, "totp")
