"""The native API over HTTP: codes by mail at sign-in and in a session, and tokens of another wire."""

import datetime
import time
from typing import Any

import pytest

from tests.dialects.native_api import Api, introspected, refused
from tests.houses import Person
from tests.served import Served


@pytest.fixture
def api(served: Served) -> Api:
    """The API on each store."""
    return Api(served)


@pytest.fixture
def mia(api: Api) -> Person:
    """Somebody with a password and an address known to be theirs."""
    return api.people.person("mia", email="mia@example.test", email_verified=True)


# --- codes by mail


def test_codes_by_mail_are_switched_on(api: Api, mia: Person) -> None:
    """Where the policy allows it, to an address that is known; twice is the same factor."""
    session = api.people.token(mia)
    refused(api("POST", "/v1/me/factors", session, {"kind": "email"}), 403, "forbidden")
    api.choose(mail_codes=True)
    made = api("POST", "/v1/me/factors", session, {"kind": "email"})
    assert (made.status, made.json()["kind"]) == (201, "email")
    listed = api("GET", "/v1/me/factors", session).json()["items"]
    assert [(f["id"], f["kind"], f["confirmed"]) for f in listed] == [(made.json()["id"], "email", True)]
    other = api.people.token(api.people.person(email="other@example.test"))
    refused(api("POST", "/v1/me/factors", other, {"kind": "email"}), 409, "unverified_mail")
    refused(api("POST", "/v1/me/factors", other, {"kind": "sms"}), 400, "malformed")


def test_twice_is_the_same_factor(api: Api, mia: Person) -> None:
    """Asked for again, with a code by then, nothing is changed."""
    api.choose(mail_codes=True)
    session = api.people.token(mia)
    made = api("POST", "/v1/me/factors", session, {"kind": "email"})
    refused(api("POST", "/v1/me/factors", session, {"kind": "email"}), 401, "step_up_required")
    again = api("POST", "/v1/me/factors", session, {"kind": "email"}, Step_Up=f"email {api.mailed()}")
    assert (again.status, again.json()["id"]) == (201, made.json()["id"])


def test_sent_twice_under_one_key(api: Api, mia: Person) -> None:
    """A client that sends it again under its key hears the same again, and nothing is done twice."""
    api.choose(mail_codes=True)
    session = api.people.token(mia)
    sent = [
        api("POST", "/v1/me/factors", session, {"kind": "email"}, Idempotency_Key="once", Step_Up="email")
        for _ in range(2)
    ]
    assert (sent[0].status, sent[0].body) == (sent[1].status, sent[1].body)
    assert sent[0].status == 201
    assert api.people.letters() == []
    rows = api("GET", "/v1/audit?verb=factors:enrol", api.admin).json()["items"]
    assert [row["result"] for row in rows] == ["done"]


@pytest.fixture
def coded(api: Api, mia: Person) -> Person:
    """Somebody who is asked for codes by mail, natively too."""
    api.choose(mail_codes=True)
    api.people.factor(mia, "email")
    return mia


def test_signing_in_by_a_mailed_code(api: Api, coded: Person) -> None:
    """Asked for by its method alone a code is mailed; it lets in, once, and raises no assurance (rules.md 6)."""
    refused(api.sign_in(coded, "not the password", factor={"method": "email"}), 401, "invalid_credentials")
    assert api.people.letters() == []
    asked = api.sign_in(coded, factor={"method": "email"})
    assert refused(asked, 401, "factor_required")["challenge"] == {"methods": ["email"]}
    assert len(api.people.letters()) == 1
    api.sign_in(coded, factor={"method": "email"})
    assert len(api.people.letters()) == 1
    code = api.mailed()
    wrong = "111-111" if code == "000-000" else "000-000"
    refused(api.sign_in(coded, factor={"method": "email", "code": wrong}), 401, "invalid_credentials")
    token = api.signed_in(coded, factor={"method": "email", "code": code})
    refused(api.sign_in(coded, factor={"method": "email", "code": code}), 401, "invalid_credentials")
    assert [s["assurance"] for s in api("GET", "/v1/me/sessions", token).json()["items"]] == ["presented"]
    assert introspected(api, token)["acr"] == "presented"
    assert "auth_time" not in introspected(api, token) or introspected(api, token)["auth_time"] is None
    refused(api("POST", "/v1/tokens", token, {"name": "ci"}), 401, "step_up_required")


def test_an_app_comes_before_the_mail(api: Api, coded: Person) -> None:
    """Who has both hears of both, and is mailed only when asking for it."""
    api.people.factor(coded)
    asked = api.sign_in(coded)
    assert refused(asked, 401, "factor_required")["challenge"] == {"methods": ["totp", "email"]}
    assert api.people.letters() == []
    asked = api.sign_in(coded, factor={"method": "email"})
    assert refused(asked, 401, "factor_required")["challenge"] == {"methods": ["totp", "email"]}
    assert len(api.people.letters()) == 1
    api.signed_in(coded, factor={"method": "email", "code": api.mailed()})
    token = api.signed_in(coded, factor={"method": "totp", "code": api.code()})
    assert introspected(api, token)["acr"] == "stepped_up"


def test_a_mailed_code_passes_one_call(api: Api, coded: Person) -> None:
    """`Step-Up: email` mails one; its code passes that call alone, and the session stays as it was (rules.md 6)."""
    session = api.people.token(coded)
    shown = session.secret.reveal()
    asked = api("POST", "/v1/tokens", session, {"name": "ci"}, Step_Up="email")
    assert refused(asked, 401, "step_up_required")["challenge"] == {"methods": ["email"]}
    assert [letter.address for letter in api.people.letters()] == ["mia@example.test"]
    code = api.mailed()
    assert api("POST", "/v1/tokens", session, {"name": "ci"}, Step_Up=f"email {code}").status == 201
    assert introspected(api, shown)["acr"] == "presented"
    assert api("GET", "/v1/me/sessions", session).json()["items"][0]["assurance"] == "presented"
    refused(api("POST", "/v1/tokens", session, {"name": "two"}, Step_Up=f"email {code}"), 401, "step_up_wrong")
    assert len(api.people.letters()) == 1
    refused(api("POST", "/v1/tokens", session, {"name": "two"}), 401, "step_up_required")
    assert len(api.people.letters()) == 2
    assert api("POST", "/v1/tokens", session, {"name": "two"}, Step_Up=f"email {api.mailed()}").status == 201


def test_an_app_comes_before_the_mail_in_a_session_too(api: Api, coded: Person) -> None:
    """Who has both is mailed for a call only when asking for it; an app's code is remembered afterwards."""
    api.people.factor(coded)
    session = api.people.token(coded)
    both = {"methods": ["totp", "email"]}
    asked = api("POST", "/v1/tokens", session, {"name": "ci"})
    assert refused(asked, 401, "step_up_required")["challenge"] == both
    assert api.people.letters() == []
    asked = api("POST", "/v1/tokens", session, {"name": "ci"}, Step_Up="Email")
    assert refused(asked, 401, "step_up_required")["challenge"] == both
    assert len(api.people.letters()) == 1
    assert api("POST", "/v1/tokens", session, {"name": "ci"}, Step_Up=f"totp {api.code()}").status == 201
    assert api("POST", "/v1/tokens", session, {"name": "two"}).status == 201
    assert introspected(api, session.secret.reveal())["acr"] == "stepped_up"


def test_a_spent_code_is_worth_nothing(api: Api, coded: Person) -> None:
    """After five wrong ones the right one is refused too (A18)."""
    session = api.people.token(coded)
    api("POST", "/v1/tokens", session, {"name": "ci"}, Step_Up="email")
    right = api.mailed()
    wrong = "111111" if right == "000-000" else "000000"
    heard = [api("POST", "/v1/tokens", session, {"name": "ci"}, Step_Up=f"email {wrong}") for _ in range(5)]
    assert [h.json()["code"] for h in heard] == [*["step_up_wrong"] * 4, "step_up_locked"]
    assert api("POST", "/v1/tokens", session, {"name": "ci"}, Step_Up=f"email {right}").status == 401


def test_switched_off_no_code_is_asked(api: Api, coded: Person) -> None:
    """Where the policy takes mailed codes back, whoever had nothing else is asked for nothing natively."""
    api.choose(mail_codes=False)
    api.signed_in(coded)
    assert api("POST", "/v1/tokens", api.people.token(coded), {"name": "ci"}).status == 201
    assert api.people.letters() == []


# --- tokens of another wire


def chatting(api: Api, token: str, person: Person) -> int:
    """The status that a Rocket.Chat client hears of its own account."""
    headers = {"X-Auth-Token": token, "X-User-Id": person.subject.handle, "User-Agent": "a bot"}
    return api.served.request("GET", "/api/v1/me", headers).status


def test_administrators_see_and_end_tokens_of_chat(api: Api, mia: Person) -> None:
    """Whose they are, when they were last used, whether they skip second factors; ended, they are dead at once."""
    skipping = api.people.token(mia, "personal", "rocketchat", name="bot", bypass=True)
    plain = api.people.token(mia, "personal", "rocketchat", name="plain")
    assert chatting(api, skipping.secret.reveal(), mia) == 200

    def listed() -> dict[str, Any]:
        heard = api("GET", "/v1/tokens?owner=*&dialect=rocketchat&kind=personal", api.admin)
        return {item["name"]: item for item in heard.json()["items"]}

    deadline = time.monotonic() + 10
    while listed()["bot"]["secrets"][0]["last_used_at"] is None:
        assert time.monotonic() < deadline, "its use is not noted"
        time.sleep(0.05)
    found = listed()
    assert {name: item["bypass_two_factor"] for name, item in found.items()} == {"bot": True, "plain": False}
    assert found["bot"]["owner"] == {"id": mia.subject.uuid, "login": "mia"}
    used = found["bot"]["secrets"][0]
    assert (used["last_used_from"], used["last_used_client"]) == ("127.0.0.1", "a bot")
    assert found["plain"]["secrets"][0]["last_used_at"] is None
    assert skipping.secret.reveal() not in str(found)
    assert api("DELETE", f"/v1/tokens/{found['bot']['id']}", api.admin).status == 204
    assert chatting(api, skipping.secret.reveal(), mia) == 401
    assert chatting(api, plain.secret.reveal(), mia) == 200
    assert listed().keys() == {"plain"}
    shown = api("GET", f"/v1/tokens/{found['bot']['id']}", api.admin).json()
    assert shown["ended_at"] is not None


def test_nobody_else_sees_them(api: Api, mia: Person) -> None:
    """Without the right one sees one's own alone, and ends no other's."""
    theirs = api.people.token(mia, "personal", "rocketchat", name="bot")
    noor = api.people.token(api.people.person("noor"))
    refused(api("GET", "/v1/tokens?owner=*", noor), 403, "forbidden")
    refused(api("GET", f"/v1/tokens?owner={mia.subject.uuid}", noor), 403, "forbidden")
    refused(api("DELETE", f"/v1/tokens/{theirs.view.token.uuid}", noor), 404, "not_found")
    assert api("GET", "/v1/tokens", noor).json()["items"][0]["owner"]["login"] == "noor"
    assert chatting(api, theirs.secret.reveal(), mia) == 200


def test_a_token_of_chat_may_have_an_end(api: Api, mia: Person) -> None:
    """Made natively with a life, it works on its own wire until then; without one it has no end."""
    session = api.people.token(mia)
    body = {"name": "bot", "dialect": "rocketchat", "expires_in": "1h", "bypass_two_factor": True}
    made = api("POST", "/v1/tokens", session, body)
    assert (made.status, made.json()["dialect"]) == (201, "rocketchat")
    token = made.json()["token"]
    assert len(token) == 43
    life = [datetime.datetime.fromisoformat(made.json()[name]) for name in ("created_at", "expires_at")]
    assert life[1] - life[0] == datetime.timedelta(hours=1)
    assert chatting(api, token, mia) == 200
    refused(api("GET", "/v1/me", token), 401, "invalid_token")
    item = api("GET", f"/v1/tokens/{made.json()['id']}", session).json()
    assert (item["expires_at"], item["bypass_two_factor"]) == (made.json()["expires_at"], True)
    endless = api("POST", "/v1/tokens", session, {"name": "other", "dialect": "rocketchat"})
    assert endless.json()["expires_at"] is None
    over = "UPDATE tokens SET expires = $2 WHERE uuid = $1"
    api.people.do(lambda tx: tx.run(over, made.json()["id"], api.people.store.now()))
    assert chatting(api, token, mia) == 401
    assert chatting(api, endless.json()["token"], mia) == 200
