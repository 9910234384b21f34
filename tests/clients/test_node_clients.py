"""The vendor's own clients for Node.js, and one that others wrote, unmodified against one server."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import engines
from tests.clients.nodes import LOCKED, Talk, installed, talking
from tests.houses import PASSWORD, Household, Person
from tests.postbox import Postbox, postboxed
from tests.served import Served, serving

pytestmark = [pytest.mark.clients, pytest.mark.node]
REGENERATE = "/v1/users.regeneratePersonalAccessToken"
GENERATE = "/v1/users.generatePersonalAccessToken"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
UNSIGNED = {"status": "error", "message": "You must be logged in to do this."}


class Site(NamedTuple):
    """The server, what is behind it, and where the clients are."""

    served: Served
    home: Household
    clients: Path
    postbox: Postbox

    def client(self, script: str) -> AbstractContextManager[Talk]:
        """That script, running against the server."""
        return talking(self.clients, script, self.served.url)


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed clients: once for all processes of a session."""
    own = tmp_path_factory.getbasetemp()
    return installed((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "node")


@pytest.fixture(scope="module")
def site(sqlite_template: Path, clients: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all of these tests; they come from one address, so calls are not counted."""
    folder = tmp_path_factory.mktemp("site")
    with (
        postboxed() as postbox,
        engines.fresh_sqlite(sqlite_template, folder) as made,
        serving(made.url, folder, mail=postbox.relay()) as served,
    ):
        home = served.people
        home.choose(rocketchat__rate_limit=False, rocketchat__create_token=True)
        home.realm("modern", **{"rocketchat.profile": "modern", "rocketchat.rate_limit": False})
        yield Site(served, home, clients, postbox)


def shown(person: Person, token: str) -> dict[str, str]:
    """The two headers' worth of credentials."""
    return {"user": person.subject.handle, "token": token}


# --- what is installed


def test_the_lock_names_no_address() -> None:
    """Where packages come from is the machine's business; what they must be is the lock's: each has its digest."""
    lock = (LOCKED / "package-lock.json").read_text()
    assert "://" not in lock
    for name, package in json.loads(lock)["packages"].items():
        if name.startswith("node_modules/") and not package.get("resolved", "").endswith("empty"):
            assert package["integrity"].startswith("sha512-"), name


# --- @rocket.chat/api-client


def test_sign_in_and_out(site: Site) -> None:
    """The client posts the sign-in itself, then shows what it got; after the sign-out that opens nothing."""
    person = site.home.person(email="somebody@example.org", email_verified=True)
    with site.client("api-client.mjs") as client:
        login = client(method="post", endpoint="/v1/login", params={"user": person.login, "password": PASSWORD})
        got = login["heard"]["data"]
        me = client(method="get", endpoint="/v1/me", credentials=shown(person, got["authToken"]))
        assert (me["heard"]["_id"], me["heard"]["success"]) == (got["userId"], True)
        assert client(method="post", endpoint="/v1/logout")["heard"]["status"] == "success"
        assert client(method="get", endpoint="/v1/me") == {"status": 401, "refused": UNSIGNED}


def somebody(site: Site, means: str, name: str, realm: str = "default") -> Person:
    """Somebody who is asked for that second proof: where nothing is set up, that is the password."""
    person = site.home.person(name, realm=realm, email=f"{name}@example.org", email_verified=True)
    if means != "password":
        site.home.factor(person, means)
    return person


def right_code(site: Site, person: Person, means: str) -> str:
    """What the challenge asks for: the digest of the password, what the authenticator shows, or what was mailed."""
    if means == "password":
        return DIGEST
    if means == "totp":
        return site.home.code().reveal()
    letter = site.postbox.wait(to=person.subject.email)[-1].get_body(("plain",))
    assert letter is not None
    found = re.search(r"\b(\d{3}-\d{3})\b", letter.get_content())
    assert found is not None, letter
    return found[1]


def wrong_code(site: Site, means: str) -> str:
    """Something of the right form that is not asked for."""
    if means == "password":
        return hashlib.sha256(b"wrong").hexdigest()
    around = {site.home.code(step).reveal() for step in (-1, 0, 1)}
    return next(code for n in range(9) if (code := f"{n:06}") not in around)


@pytest.mark.parametrize("realm", ["default", "modern"])
@pytest.mark.parametrize("means", ["password", "totp", "email"])
def test_the_handler_of_challenges(site: Site, means: str, realm: str) -> None:
    """A token replaces itself: the handler is asked, asked again after a wrong code, and then all is well."""
    person = somebody(site, means, f"{realm}-{means}", realm)
    old = site.home.token(person, "personal", "rocketchat", name="ci").secret.reveal()
    named = {"emailOrUsername": person.login} if means == "email" else {}
    with site.client("api-client.mjs") as client:
        first = client(method="post", endpoint=REGENERATE, params={"tokenName": "ci"}, credentials=shown(person, old))
        assert first == {"asked": {"method": means, "invalidAttempt": False, **named}}
        again = client(code=wrong_code(site, means))["asked"]
        assert (again["method"], again["invalidAttempt"]) == (means, True)
        new = client(code=right_code(site, person, means))["heard"]
        assert (len(new["token"]), new["success"]) == (43, True)
        assert client(method="get", endpoint="/v1/me")["status"] == 401
        me = client(method="get", endpoint="/v1/me", credentials=shown(person, new["token"]))
        assert me["heard"]["username"] == person.login


def test_too_many_wrong_codes(site: Site) -> None:
    """After five wrong answers to one mail the handler is asked no more."""
    person = somebody(site, "email", "guessing")
    held = site.home.token(person, "session", "rocketchat").secret.reveal()
    with site.client("api-client.mjs") as client:
        told = client(method="post", endpoint=GENERATE, params={"tokenName": "ci"}, credentials=shown(person, held))
        right = right_code(site, person, "email")
        wrong = next(code for n in range(9) if (code := f"{n:06}") != right.replace("-", ""))
        asked = 0
        while "asked" in told:
            asked, told = asked + 1, client(code=wrong)
        assert (told["status"], told["refused"]["errorType"]) == (400, "totp-max-attempts")
        assert asked == 5
    assert len(site.postbox.letters(person.subject.email)) == 1


def test_asked_once(site: Site) -> None:
    """What was shown for one call is remembered for the next one of the same token."""
    person = site.home.person()
    held = site.home.token(person, "session", "rocketchat").secret.reveal()
    with site.client("api-client.mjs") as client:
        params = {"tokenName": "ci", "bypassTwoFactor": True}
        client(method="post", endpoint=GENERATE, params=params, credentials=shown(person, held))
        made = client(code=DIGEST)["heard"]["token"]
        again = client(method="post", endpoint=REGENERATE, params={"tokenName": "ci"})["heard"]["token"]
        # A token that skips the second proof is not asked for any.
        client(method="get", endpoint="/v1/me", credentials=shown(person, again))
        assert client(method="post", endpoint=REGENERATE, params={"tokenName": "ci"})["heard"]["success"] is True
        assert made != again


def test_a_code_at_sign_in(site: Site) -> None:
    """The challenge of a sign-in is no matter for the handler; the caller sends the code along."""
    person = site.home.person()
    site.home.factor(person)
    credentials = {"user": person.login, "password": PASSWORD}
    with site.client("api-client.mjs") as client:
        refused = client(method="post", endpoint="/v1/login", params=credentials)
        assert (refused["status"], refused["refused"]["error"]) == (401, "totp-required")
        assert refused["refused"]["details"]["method"] == "totp"
        code = {"code": site.home.code().reveal()}
        assert client(method="post", endpoint="/v1/login", params=credentials | code)["heard"]["status"] == "success"


def test_no_such_token(site: Site) -> None:
    """A refusal after the challenge is handed to the caller as it came."""
    person = site.home.person()
    held = site.home.token(person, "session", "rocketchat").secret.reveal()
    with site.client("api-client.mjs") as client:
        client(method="post", endpoint=REGENERATE, params={"tokenName": "none"}, credentials=shown(person, held))
        refused = client(code=DIGEST)
        assert (refused["status"], refused["refused"]["errorType"]) == (400, "error-token-does-not-exists")


def test_an_administrator(site: Site) -> None:
    """The handler answers for any route that asks: a user is added, changed with a proof, and gone."""
    steward = site.home.person("steward", "Administrators")
    held = site.home.token(steward, "session", "rocketchat").secret.reveal()
    user = {"email": "added@example.org", "name": "Added", "username": "added", "password": PASSWORD}
    with site.client("api-client.mjs") as client:
        made = client(method="post", endpoint="/v1/users.create", params=user, credentials=shown(steward, held))
        about = {"userId": made["heard"]["user"]["_id"]}
        change = {"method": "post", "endpoint": "/v1/users.update", "params": {**about, "data": {"name": "Changed"}}}
        assert client(**change)["asked"]["method"] == "password"
        assert client(code=DIGEST)["heard"]["user"]["name"] == "Changed"
        assert client(method="get", endpoint="/v1/users.info", params=about)["heard"]["user"]["name"] == "Changed"
        assert client(method="post", endpoint="/v1/users.delete", params=about)["heard"] == {"success": True}
        gone = client(method="get", endpoint="/v1/users.info", params=about)
        assert gone == {"status": 400, "refused": {"success": False, "error": "User not found."}}


# --- @rocket.chat/sdk


def test_the_sdk(site: Site) -> None:
    """It signs in by name, gets and posts with what it got, and signs out by GET."""
    person = site.home.person()
    with site.client("sdk.mjs") as sdk:
        login = sdk(call="login", args=[{"username": person.login, "password": PASSWORD}])["heard"]
        assert login["data"]["userId"] == person.subject.handle
        assert sdk(call="get", args=["me"])["heard"]["username"] == person.login
        assert sdk(call="post", args=[GENERATE.removeprefix("/v1/"), {"tokenName": "ci"}])["refused"] == challenge()
        assert sdk(call="get", args=["users.getPersonalAccessTokens"])["heard"] == {"tokens": [], "success": True}
        found = sdk(call="get", args=["users.info", {"username": person.login}])["heard"]
        assert found["user"]["_id"] == person.subject.handle
        assert sdk(call="logout", args=[]) == {"heard": None}
    assert ended(site, login["data"]["userId"], login["data"]["authToken"])


def test_the_sdk_is_refused(site: Site) -> None:
    """A wrong password is a refusal to it."""
    with site.client("sdk.mjs") as sdk:
        refused = sdk(call="login", args=[{"username": site.home.person().login, "password": "wrong"}])
        assert refused == {"refused": {"status": "error", "message": "Unauthorized"}}


def challenge() -> dict[str, Any]:
    """The challenge of somebody without a second factor."""
    details = {"method": "password", "codeGenerated": False, "availableMethods": []}
    error = "TOTP Required [totp-required]"
    return {"success": False, "error": error, "errorType": "totp-required", "details": details}


def ended(site: Site, user: str, token: str) -> bool:
    """Whether that token opens nothing any more."""
    return site.served.request("GET", "/api/v1/me", {"X-Auth-Token": token, "X-User-Id": user}).status == 401


# --- rocketchat-api


def test_rocketchat_api(site: Site) -> None:
    """It signs in, looks at itself and at the server, and signs out by GET."""
    person = site.home.person()
    with site.client("rocketchat-api.mjs") as client:
        login = client(call="login", args=[person.login, PASSWORD, False])["heard"]
        assert login["userId"] == person.subject.handle
        assert client(part="authentication", call="me", args=[])["heard"]["username"] == person.login
        assert client(part="miscellaneous", call="info", args=[])["heard"]["version"].startswith("7.")
        assert client(call="logout", args=[])["heard"] == {"message": "You've been logged out!"}
    assert ended(site, login["userId"], login["authToken"])


def test_rocketchat_api_is_refused(site: Site) -> None:
    """A wrong password, nobody signed in, and a route that is not there are its own errors."""
    with site.client("rocketchat-api.mjs") as client:
        wrong = client(call="login", args=[site.home.person().login, "wrong", False])
        assert wrong["refused"] == "Could not login. Check username and password"
        me = client(part="authentication", call="me", args=[])
        assert me == {"status": 401, "refused": "Requested method requires an authentication"}
        absent = client(part="users", call="setAvatar", args=["picture"])
        assert absent == {"status": 404, "refused": "Requested resource was not found"}


def test_rocketchat_api_and_users(site: Site) -> None:
    """An administrator adds and finds somebody, gets a token for them, and removes them; a change wants a proof."""
    steward = site.home.person("other-steward", "Administrators")
    with site.client("rocketchat-api.mjs") as client:
        client(call="login", args=[steward.login, PASSWORD, False])
        new = {"email": "made@example.org", "name": "Made", "username": "made", "password": PASSWORD}
        user = client(part="users", call="create", args=[new])["heard"]["user"]
        for by in ({"userId": user["_id"]}, {"username": "made"}):
            assert client(part="users", call="info", args=[by])["heard"]["user"]["_id"] == user["_id"]
            token = client(part="users", call="createToken", args=[by])["heard"]["data"]
            assert not ended(site, user["_id"], token["authToken"])
        changed = client(part="users", call="update", args=[user["_id"], {"name": "Changed"}])
        assert changed == {"status": 400, "refused": "TOTP Required [totp-required]"}
        assert client(part="users", call="delete", args=[user["_id"]])["heard"] == {"success": True}
        gone = client(part="users", call="info", args=[{"userId": user["_id"]}])
        assert gone == {"status": 400, "refused": "User not found."}
