"""rocketchat_API, the Python client that most scripts of that wire are written with, unmodified against a server."""

import hashlib
from typing import Any

import pytest
from rocketchat_API.APIExceptions import RocketExceptions as errors
from rocketchat_API.rocketchat import RocketChat

from tests.houses import PASSWORD, Clock, Household
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
