"""Codes and resets by mail on the Rocket.Chat wire, with a real SMTP server, in both profiles and on both stores."""

import re
import time
from email.message import EmailMessage
from typing import Any

import pytest

from tests.houses import PASSWORD, Person
from tests.postbox import Postbox
from tests.served import Heard, Served

V1 = "/api/v1"
REGENERATE = f"{V1}/users.regeneratePersonalAccessToken"
MAIL = "alice@example.test"
DATE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CODE = re.compile(r"\b(\d{3})-(\d{3})\b")
WRONG = "000000"
PROFILES = pytest.mark.parametrize("profile", ["classic", "modern"])


class Place:
    """Somebody who is asked for codes by mail, with a session and a personal access token of this wire."""

    def __init__(self, served: Served, postbox: Postbox, profile: str = "classic") -> None:
        self.served, self.postbox, self.people = served, postbox, served.people
        self.people.choose(rocketchat__profile=profile)
        self.alice: Person = self.people.person("alice", email=MAIL, email_verified=True)
        self.people.factor(self.alice, "email")
        self.token = self.people.token(self.alice, "personal", "rocketchat", name="ci").secret.reveal()

    def call(self, path: str, body: Any, **more: str) -> Heard:
        """The answer to a call of that person; headers by name with `_` for `-`."""
        shown = {"X-Auth-Token": self.token, "X-User-Id": self.alice.subject.handle}
        return self.served.request("POST", path, shown | {k.replace("_", "-"): v for k, v in more.items()}, body)

    def sign_in(self, **more: Any) -> Heard:
        """What a sign-in of that person hears."""
        return self.served.request("POST", f"{V1}/login", {}, {"user": "alice", "password": PASSWORD, **more})

    def regenerate(self, code: str = "", method: str = "") -> Heard:
        """The token is regenerated, with a second proof where one is given; it goes on with the new one."""
        headers = {"x_2fa_code": code, "x_2fa_method": method}
        heard = self.call(REGENERATE, {"tokenName": "ci"}, **{k: v for k, v in headers.items() if v})
        if heard.status == 200:
            self.token = heard.json()["token"]
        return heard

    def code(self, letters: int = 1) -> str:
        """The code in the latest letter, once there are so many."""
        found = CODE.search(text(self.postbox.wait(letters, to=MAIL)[-1]))
        assert found is not None
        return f"{found[1]}{found[2]}"


@pytest.fixture
def place(served: Served, postbox: Postbox) -> Place:
    """Such a place, in the older profile."""
    return Place(served, postbox)


def text(letter: EmailMessage) -> str:
    """What a letter says in plain text."""
    plain = letter.get_body(("plain",))
    assert plain is not None
    told: str = plain.get_content()
    return told


def details(heard: Heard, status: int = 400) -> Any:
    """What a challenge says, without its date."""
    assert heard.status == status, heard
    told = heard.json()["details"]
    dates = told.get("codeExpires", [])
    for date in [dates] if isinstance(dates, str) else dates:
        assert DATE.fullmatch(date)
    return {**told, "codeExpires": "date" if isinstance(dates, str) else ["date"] * len(dates)} if dates else told


MAILED = {"method": "email", "codeGenerated": True, "emailOrUsername": "alice", "availableMethods": ["email"]}
PENDING = {
    "classic": {
        "method": "email", "codeGenerated": False, "codeCount": 1, "codeExpires": ["date"],
        "availableMethods": ["email"],
    },
    "modern": {
        "method": "email", "codeGenerated": False, "codeExpires": "date", "emailOrUsername": "alice",
        "availableMethods": ["email"],
    },
}  # fmt: skip
PLAIN = {"method": "email", "codeGenerated": False, "availableMethods": ["email"]}


@PROFILES
def test_a_code_is_mailed_once(served: Served, postbox: Postbox, profile: str) -> None:
    """The first call is asked for the code that was just mailed; the next one for that code, and nothing is mailed."""
    place = Place(served, postbox, profile)
    first = place.regenerate()
    assert details(first) == MAILED
    assert first.json()["error"] == "TOTP Required [totp-required]"
    place.code()
    assert details(place.regenerate()) == PENDING[profile]
    time.sleep(0.3)
    assert len(postbox.letters(MAIL)) == 1


@PROFILES
def test_the_right_code_opens(served: Served, postbox: Postbox, profile: str) -> None:
    """The code opens as it is mailed too; the proof is remembered for that token and client, and the code is spent."""
    place = Place(served, postbox, profile)
    place.regenerate()
    code = place.code()
    assert place.regenerate(f"{code[:3]}-{code[3:]}", "email").status == 200
    assert place.regenerate().status == 200
    elsewhere = place.call(REGENERATE, {"tokenName": "ci"}, x_2fa_code=code, x_2fa_method="email", user_agent="other")
    assert elsewhere.json()["errorType"] == "totp-invalid"


def test_a_wrong_code(place: Place) -> None:
    """It is said so, five times; then the method is shut, the right code too."""
    place.regenerate()
    code = place.code()
    wrong = [place.regenerate(WRONG if code != WRONG else "111111", "email") for _ in range(5)]
    assert [details(heard) for heard in wrong] == [PLAIN] * 5
    assert {heard.json()["errorType"] for heard in wrong[:4]} == {"totp-invalid"}
    shut = place.regenerate(code, "email")
    assert details(shut) == PLAIN
    assert shut.json()["error"] == "TOTP Maximun Failed Attempts Reached [totp-max-attempts]"
    assert shut.json()["errorType"] == "totp-max-attempts"


def test_a_code_at_sign_in(place: Place) -> None:
    """The challenge is a 401 with the bare code; the code stands in the body, in a header, or in `totp`."""
    asked = place.sign_in()
    assert details(asked, 401) == MAILED
    assert (asked.json()["error"], asked.json()["message"]) == ("totp-required", "TOTP Required")
    assert details(place.sign_in(), 401) == PENDING["classic"]
    code = place.code()
    wrong = place.sign_in(code=WRONG if code != WRONG else "111111")
    assert details(wrong, 401) == PLAIN
    assert wrong.json()["error"] == "totp-invalid"
    nested = {"totp": {"login": {"user": {"username": "alice"}, "password": PASSWORD}, "code": code}}
    heard = place.served.request("POST", f"{V1}/login", {}, nested)
    assert heard.status == 200
    assert heard.json()["data"]["me"]["services"]["email2fa"] == {"enabled": True}
    assert place.sign_in(code=code).status == 401, "spent"


def test_a_method_is_chosen(place: Place) -> None:
    """Where there is an authenticator too, that comes first, and mail where it is asked for."""
    place.people.factor(place.alice, "totp")
    both = ["totp", "email"]
    assert details(place.regenerate()) == {"method": "totp", "codeGenerated": False, "availableMethods": both}
    assert not place.postbox.letters(MAIL)
    asked = place.call(REGENERATE, {"tokenName": "ci"}, x_2fa_method="email")
    assert details(asked) == {**MAILED, "availableMethods": both}
    assert place.regenerate(place.code(), "email").status == 200


def test_a_code_is_sent_again(place: Place) -> None:
    """Whoever is named, the answer is the same; a letter goes to whom codes are mailed to, and only to them."""
    other = place.people.person("bob", email="bob@example.test", email_verified=True)
    for name in ("alice", MAIL, "nosuch", other.login, "bob@example.test", "a\u202eb"):
        heard = place.served.request("POST", f"{V1}/users.2fa.sendEmailCode", {}, {"emailOrUsername": name})
        assert (heard.status, heard.body) == (200, b'{"success":true}'), name
    assert place.regenerate(place.code(), "email").status == 200
    assert not place.postbox.letters("bob@example.test")


def test_codes_by_mail_are_switched_on_and_off(place: Place) -> None:
    """Switching on signs other sessions out; switching off wants a code of its own, whatever was shown before."""
    bob = place.people.person("bob", email="bob@example.test", email_verified=True)
    first, second = (place.people.token(bob, "session", "rocketchat").secret.reveal() for _ in "12")
    handle = bob.subject.handle

    def call(name: str, token: str = first, **headers: str) -> Heard:
        shown = {"X-Auth-Token": token, "X-User-Id": handle}
        return place.served.request("POST", f"{V1}/users.2fa.{name}", shown | headers)

    assert call("enableEmail").json() == {"success": True}
    assert call("enableEmail", second).status == 401
    assert details(call("disableEmail")) == {**MAILED, "emailOrUsername": "bob"}
    found = CODE.search(text(place.postbox.wait(1, to="bob@example.test")[-1]))
    assert found is not None
    code = {"x-2fa-code": found[0], "x-2fa-method": "email"}
    assert call("disableEmail", **code).json() == {"success": True}
    assert call("disableEmail").json()["details"]["method"] == "password"


def test_whose_address_is_not_known_to_be_theirs(place: Place) -> None:
    """No codes are mailed to an address that nobody vouched for."""
    carl = place.people.person("carl", email="carl@example.test")
    token = place.people.token(carl, "session", "rocketchat").secret.reveal()
    shown = {"X-Auth-Token": token, "X-User-Id": carl.subject.handle}
    heard = place.served.request("POST", f"{V1}/users.2fa.enableEmail", shown)
    assert heard.status == 400
    assert heard.json() == {
        "success": False,
        "error": "You need to verify your emails before setting up 2FA [error-invalid-user]",
        "errorType": "error-invalid-user",
    }


def test_new_users_are_asked_for_codes(place: Place) -> None:
    """Where the realm says so, whoever is added with an address that is vouched for is asked for codes by mail."""
    place.people.choose(rocketchat__auto_email_two_factor=True)
    root = place.people.person("root", "Administrators")
    token = place.people.token(root, "session", "rocketchat").secret.reveal()
    shown = {"X-Auth-Token": token, "X-User-Id": root.subject.handle}
    body = {"username": "dora", "name": "Dora", "email": "dora@example.test", "password": PASSWORD, "verified": True}
    assert place.served.request("POST", f"{V1}/users.create", shown, body).status == 200
    asked = place.served.request("POST", f"{V1}/login", {}, {"user": "dora", "password": PASSWORD})
    assert details(asked, 401) == {**MAILED, "emailOrUsername": "dora"}


def test_a_forgotten_password(place: Place) -> None:
    """A link is mailed to a known address alone; the token in it sets a new password, natively."""
    for address in (MAIL, "nosuch@example.test", "no address"):
        heard = place.served.request("POST", f"{V1}/users.forgotPassword", {}, {"email": address})
        assert (heard.status, heard.body) == (200, b'{"success":true}')
    letter = text(place.postbox.wait(1, to=MAIL)[-1])
    token = re.search(r"/reset-password/(\S+)|#(\S+)|(ktr_\S+)", letter)
    assert token is not None, letter
    assert len(place.postbox.letters()) == 1


def test_a_secret_is_not_told_to_the_log(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the mailed code nor the token stands in what is logged."""
    caplog.set_level(0)
    place.regenerate()
    code = place.code()
    place.regenerate(code, "email")
    told = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("keyturn"))
    assert "users.regeneratePersonalAccessToken" in told
    assert code not in told
    assert place.token not in told
