"""rocketchat_API, the Python client that most scripts of that wire are written with, unmodified against a server."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from rocketchat_API.APIExceptions import RocketExceptions as errors
from rocketchat_API.rocketchat import RocketChat

from tests.houses import PASSWORD, Clock, Household
from tests.postbox import Postbox
from tests.served import Served

pytestmark = [pytest.mark.clients, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
TOKENS = "users.{}PersonalAccessToken".format


@pytest.fixture
def home(served: Served) -> Household:
    """Two people behind a served instance, of whom bob has an authenticator."""
    made = Household(served.house, Clock(), [], [])
    made.person("alice", email="alice@example.org", email_verified=True, display_name="Alice")
    made.person("root", "Administrators")
    made.factor(made.person("bob"))
    return made


def connected(served: Served, user: str, password: str = PASSWORD) -> Any:
    """The client, signed in."""
    return RocketChat(user, password, server_url=served.url)


def test_sign_in_and_out(served: Served, home: Household) -> None:
    """By login and by mail address; afterwards the token is nobody's."""
    for user in ("alice", "alice@example.org"):
        rocket = connected(served, user)
        assert rocket.me()["username"] == "alice"
        assert rocket.logout()["status"] == "success"
        with pytest.raises(errors.RocketBadStatusCodeException):
            rocket.me()


def test_refused(served: Served, home: Household) -> None:
    """A wrong password, an unknown user and a missing code are the client's own exception."""
    for user, password in (("alice", "wrong"), ("nobody", "wrong"), ("bob", PASSWORD)):
        with pytest.raises(errors.RocketAuthenticationException):
            connected(served, user, password)


def test_personal_access_tokens(served: Served, home: Household) -> None:
    """Made, used, regenerated, listed and removed by the client's generic call, the proof among its headers."""
    rocket = connected(served, "alice")
    with pytest.raises(errors.RocketApiException, match="totp-required"):
        rocket.call_api_post(TOKENS("generate"), tokenName="ci")
    rocket.headers["x-2fa-code"] = hashlib.sha256(PASSWORD.encode()).hexdigest()
    rocket.headers["x-2fa-method"] = "password"
    made = rocket.call_api_post(TOKENS("generate"), tokenName="ci")["token"]
    script = RocketChat(auth_token=made, user_id=rocket.headers["X-User-Id"], server_url=served.url)
    assert script.me()["_id"] == rocket.headers["X-User-Id"]
    again = rocket.call_api_post(TOKENS("regenerate"), tokenName="ci")["token"]
    with pytest.raises(errors.RocketBadStatusCodeException):
        script.me()
    script.headers["X-Auth-Token"] = again
    assert [line["name"] for line in script.call_api_get("users.getPersonalAccessTokens")["tokens"]] == ["ci"]
    assert rocket.call_api_post(TOKENS("remove"), tokenName="ci") == {"success": True}
    with pytest.raises(errors.RocketBadStatusCodeException):
        script.me()


def test_regenerated_by_a_form(served: Served, home: Household) -> None:
    """The client sends forms where it is told to."""
    rocket = connected(served, "alice")
    rocket.headers["x-2fa-code"] = hashlib.sha256(PASSWORD.encode()).hexdigest()
    rocket.call_api_post(TOKENS("generate"), tokenName="ci", bypassTwoFactor="true", use_json=False)
    assert len(rocket.call_api_post(TOKENS("regenerate"), tokenName="ci", use_json=False)["token"]) == 43


def test_a_code_of_the_authenticator(served: Served, home: Household) -> None:
    """A user with a factor signs in with the code among the headers of the session."""
    rocket = RocketChat(server_url=served.url)
    rocket.session.headers["x-2fa-code"] = home.code().reveal()
    rocket.login("bob", PASSWORD)
    del rocket.session.headers["x-2fa-code"]
    assert rocket.call_api_post(TOKENS("generate"), tokenName="ci")["success"] is True


def test_version(served: Served, home: Household) -> None:
    """The version that scripts wait for and compare, and what an administrator's client looks for in it."""
    major, minor = RocketChat(server_url=served.url).info()["version"].split(".")
    assert (major, minor.isdigit()) == ("7", True)
    assert "info" in connected(served, "root").info()


# --- as the client's own tests have it: a server that counts no calls and asks for no password again


SECRET = "1234567890abcdef"
OWN_TESTS: dict[str, Any] = {"rocketchat__rate_limit": False, "rocketchat__password_fallback": False}
PROFILES: dict[str, dict[str, Any]] = {
    "classic": {"rocketchat__create_token": True},
    "modern": {"rocketchat__create_token_secret": SECRET},
}
"""What makes a token for somebody else possible, by the generation of the wire."""


MISSING: dict[str, tuple[str, str | None]] = {
    "classic": ("The 'tokenName' param is required", None),
    "modern": ("must have required property 'tokenName'", "invalid-params"),
}
"""How each generation misses the name of a token."""


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    """Each generation of the wire."""
    return str(request.param)


@pytest.fixture
def rocket(profile: str, served: Served) -> Any:
    """Its first user, an administrator, signed in; here that is a matter of the bootstrap, never of being first."""
    home = served.people
    home.choose(rocketchat__profile=profile, **PROFILES[profile], **OWN_TESTS)
    home.person("user1", "Administrators", email="email@domain.com", email_verified=True, display_name="user1")
    return connected(served, "user1")


@contextmanager
def refused(words: str, code: str | None, status: int = 400) -> Iterator[None]:
    """The block ends in the client's exception for an answer that says it failed, with these words and this code."""
    with pytest.raises(errors.RocketApiException) as told:
        yield
    assert (told.value.error, told.value.error_type, told.value.status_code) == (words, code, status)


def test_what_it_waits_for(served: Served, rocket: Any) -> None:
    """Its set-up asks for the version with a slash at the end; two numbers will do."""
    version = requests.get(served.url + "/api/info/", timeout=30).json()["version"]
    assert all(part.isdigit() for part in version.split("."))
    assert "info" in rocket.info()


def test_signed_in(served: Served, rocket: Any) -> None:
    """Signed in by name or by address, a client is told by `me` who it is; so is another one that got the token."""
    for name in ("user1", "email@domain.com"):
        assert {"authToken", "userId"} <= rocket.login(name, PASSWORD)["data"].keys()
        with pytest.raises(errors.RocketAuthenticationException):
            rocket.login(name, "bad_password")
    me = rocket.me()
    assert (me["success"], me["username"], me["name"]) == (True, "user1", "user1")
    user, token = rocket.headers["X-User-Id"], rocket.headers["X-Auth-Token"]
    assert RocketChat(user_id=user, auth_token=token, server_url=served.url).me()["_id"] == user


def test_users_info(rocket: Any) -> None:
    """Somebody is found by id, by name and by address; nobody is not."""
    user = rocket.headers["X-User-Id"]
    for by in ({"user_id": user}, {"username": "user1"}, {"email": "email@domain.com"}):
        found = rocket.users_info(**by)
        assert (found["success"], found["user"]["_id"], found["user"]["name"]) == (True, user, "user1")
    with refused("User not found.", None):
        rocket.users_info(username="nobody")


def test_users_create_token(served: Served, rocket: Any) -> None:
    """A token made for somebody acts for them."""
    user = served.people.person("user2").subject.handle
    made = rocket.users_create_token(user_id=user, secret=SECRET)
    assert (made["success"], made["data"]["userId"]) == (True, user)
    theirs = RocketChat(user_id=user, auth_token=made["data"]["authToken"], server_url=served.url)
    assert theirs.me()["username"] == "user2"


def test_users_create_update_delete(served: Served, rocket: Any) -> None:
    """A user is added, signs in, is changed, and is gone."""
    made = rocket.users_create(email="new@domain.com", name="new", password=PASSWORD, username="new")
    assert (made["success"], made["user"]["username"]) == (True, "new")
    assert made["user"]["emails"] == [{"address": "new@domain.com", "verified": False}]
    user = made["user"]["_id"]
    assert connected(served, "new").me()["_id"] == user
    changed = rocket.users_update(
        user, name="newname", username="newusername", password="another passphrase", email="newer@domain.com"
    )  # fmt: skip
    assert changed["success"] is True
    now = changed["user"]
    assert (now["name"], now["username"], now["emails"][0]["address"]) == ("newname", "newusername", "newer@domain.com")
    assert connected(served, "newusername", "another passphrase").me()["_id"] == user
    assert rocket.users_delete(user)["success"] is True
    with refused("User not found.", None):
        rocket.users_info(user_id=user)


def test_users_set_active_status(served: Served, rocket: Any) -> None:
    """Who is not active signs in no more, until they are again."""
    person = served.people.person("user2")
    theirs = connected(served, person.login)
    off = rocket.users_set_active_status(person.subject.handle, active_status=False)
    assert off == {"user": {"_id": person.subject.handle, "active": False}, "success": True}
    with pytest.raises((errors.RocketApiException, errors.RocketBadStatusCodeException)):
        theirs.me()
    with pytest.raises(errors.RocketAuthenticationException):
        connected(served, person.login)
    assert rocket.users_set_active_status(person.subject.handle, active_status=True)["success"] is True
    assert connected(served, person.login).me()["username"] == person.login


def test_users_forgot_password(postbox: Postbox, rocket: Any) -> None:
    """Whoever asks hears the same; a mail goes out to who is there alone."""
    for address in ("nobody@domain.com", "email@domain.com"):
        assert rocket.users_forgot_password(email=address) == {"success": True}
    assert [letter["X-To"] for letter in postbox.wait()] == ["email@domain.com"]


def test_users_register(served: Served, rocket: Any) -> None:
    """Who registers, where that is allowed, is an ordinary user; being first makes nobody an administrator."""
    served.people.choose(rocketchat__registration=True)
    stranger = RocketChat(server_url=served.url)
    made = stranger.users_register(email="new@domain.com", name="new", password=PASSWORD, username="new")
    assert (made["success"], made["user"]["username"]) == (True, "new")
    assert connected(served, "new").me()["roles"] == ["user"]


def test_exceptions(profile: str, rocket: Any) -> None:
    """A refusal is the client's own exception, with the words and the code of the answer, where there is one."""
    with refused("Token does not exist [error-token-does-not-exists]", "error-token-does-not-exists"):
        rocket.call_api_post(TOKENS("regenerate"), tokenName="none")
    with refused(*MISSING[profile]):
        rocket.call_api_post(TOKENS("regenerate"))
    with refused("Resource not found", None, 404):
        rocket.call_api_post("chat.postMessage", channel="#general")
    assert rocket.logout()["status"] == "success"
    # The older words of a 401 do not say that it failed; to the client that is a status it did not look for.
    unsigned = errors.RocketBadStatusCodeException if profile == "classic" else errors.RocketApiException
    with pytest.raises(unsigned) as told:
        rocket.me()
    assert told.value.status_code == 401
