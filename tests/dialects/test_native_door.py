"""The native API over HTTP: resets and codes by mail, roles and factors under administration, tokens of all wires."""

import datetime
import time
from typing import Any

import msgspec
import pytest

from keyturn.core import factors as totp
from keyturn.core.types import Secret
from tests.houses import PASSWORD, SEED, Held, Household, Person
from tests.served import Heard, Served

NEW = "a passphrase after a mail"
PROBLEM = "application/problem+json"


class Api:
    """A served instance, with who calls it and what its answers hold."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.people: Household = served.people
        self.boss = self.people.person("boss", "Administrators")
        self.admin = self.people.token(self.boss)

    def __call__(self, method: str, path: str, who: Held | str | None = None, body: Any = b"", **headers: str) -> Heard:
        """What came of a call by that token; underscores of a header's name are dashes."""
        shown = who.secret.reveal() if isinstance(who, Held) else who
        given = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.served.request(method, path, {**given, **more}, body)

    def sign_in(self, person: Person | str, password: str = PASSWORD, **more: Any) -> Heard:
        """What came of signing in."""
        login = person if isinstance(person, str) else person.login
        return self("POST", "/v1/sessions", body={"login": login, "password": password, **more})

    def signed_in(self, person: Person, **more: Any) -> str:
        """The token of a sign-in that went well."""
        heard = self.sign_in(person, **more)
        assert heard.status == 201, heard.text
        token: str = heard.json()["token"]
        return token

    def choose(self, **policy: Any) -> None:
        """The realm's policy has these choices."""
        assert self("PATCH", "/v1/policy", self.admin, policy).status == 200

    def code(self, steps: int = 0) -> str:
        """The TOTP code of this moment, or of a step beside it."""
        return totp.totp_code(SEED, totp.step_at(self.people.store.now()) + steps)

    def mailed(self) -> str:
        """The code of the newest letter."""
        return self.people.mailed().reveal()


@pytest.fixture
def api(served: Served) -> Api:
    """The API on each store."""
    return Api(served)


@pytest.fixture
def mia(api: Api) -> Person:
    """Somebody with a password and an address known to be theirs."""
    return api.people.person("mia", email="mia@example.test", email_verified=True)


def refused(heard: Heard, status: int, code: str) -> dict[str, Any]:
    """The problem, which is of that status and code."""
    body: dict[str, Any] = heard.json()
    assert (heard.status, heard.headers["content-type"], body.get("code")) == (status, PROBLEM, code), heard.text
    return body


# --- password resets by mail


def test_a_forgotten_password(api: Api, mia: Person) -> None:
    """202 without a word, a mail, and the token of it sets a password once; no session comes of it."""
    asked = api("POST", "/v1/password-resets", body={"login": "MIA@example.test"})
    assert (asked.status, asked.body) == (202, b"")
    (letter,) = api.people.letters()
    assert letter.address == "mia@example.test"
    redeemed = {"token": letter.words["token"], "password": NEW}
    weak = api("POST", "/v1/password-resets/redeem", body={**redeemed, "password": "short"})
    assert set(refused(weak, 400, "weak_password")["fields"]) == {"password"}
    used = api("POST", "/v1/password-resets/redeem", body=redeemed)
    assert (used.status, used.body) == (204, b"")
    refused(api("POST", "/v1/password-resets/redeem", body=redeemed), 403, "invalid_reset")
    assert api.sign_in(mia, NEW).status == 201


@pytest.mark.parametrize(
    "body",
    [{"login": "nobody"}, {"login": "mia", "realm": "nowhere"}, {"login": "mia", "realm": ""}, {"login": "boss"}],
)
def test_the_answer_never_says(api: Api, mia: Person, body: dict[str, Any]) -> None:
    """Whatever is behind the name, if anything, and whatever the realm: the answer is that of a mail sent (A25)."""
    sent, heard = (api("POST", "/v1/password-resets", body=given) for given in ({"login": "mia"}, body))
    assert (heard.status, heard.body) == (sent.status, sent.body) == (202, b"")
    same = {"content-type", "content-length"}
    assert [sent.headers.get(name) for name in same] == [heard.headers.get(name) for name in same]
    assert len(api.people.letters()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"login": ["mia", "eve@evil.test"]},
        {"login": {"$gt": ""}},
        {"login": ""},
        {},
        {"login": "mia", "email": "eve@evil.test"},
        {"login": "mia", "realm": ["default"]},
        ["mia"],
    ],
)
def test_what_is_no_name_is_no_request(api: Api, mia: Person, body: Any) -> None:
    """Lists, objects and further addresses are refused as malformed, with nothing sent told back (A01)."""
    heard = api("POST", "/v1/password-resets", body=msgspec.json.encode(body), Content_Type="application/json")
    assert refused(heard, 400, "malformed")["fields"]
    assert "evil" not in heard.text
    assert api.people.letters() == []


def test_the_address_is_never_the_callers(api: Api, mia: Person) -> None:
    """Whatever host or sender a request claims, the mail goes to the row's address and says nothing of them (A02)."""
    headers = {"Host": "evil.test", "X_Forwarded_Host": "evil.test", "Forwarded": "host=evil.test"}
    assert api("POST", "/v1/password-resets", body={"login": "mia"}, **headers).status == 202
    (letter,) = api.people.letters()
    assert letter.address == "mia@example.test"
    assert "evil" not in str(letter.words)


# --- users


def test_an_address_is_vouched_for(api: Api) -> None:
    """Who adds or edits a user says whether the address is theirs; a new one is not, and no address never is."""
    made = api("POST", "/v1/users", api.admin, {"login": "nia", "email": "nia@example.test", "email_verified": True})
    assert (made.status, made.json()["email_verified"]) == (201, True)
    path = f"/v1/users/{made.json()['id']}"

    def edited(**body: Any) -> tuple[str, bool]:
        heard = api("PATCH", path, api.admin, body)
        assert heard.status == 200, heard.text
        return heard.json()["email"], heard.json()["email_verified"]

    assert edited(display_name="Nia") == ("nia@example.test", True)
    assert edited(email="new@example.test") == ("new@example.test", False)
    assert edited(email_verified=True) == ("new@example.test", True)
    assert edited(email="newer@example.test", email_verified=True) == ("newer@example.test", True)
    assert edited(email_verified=False) == ("newer@example.test", False)
    assert edited(email="", email_verified=True) == ("", False)
    plain = api("POST", "/v1/users", api.admin, {"login": "noa", "email": "noa@example.test"})
    assert plain.json()["email_verified"] is False
    refused(api("PATCH", path, api.admin, {"email_verified": "yes"}), 400, "malformed")
    for more in ({"password": NEW}, {"active": False}, {"roles": ["Viewers"]}, {"mail_code": True}):
        refused(api("PATCH", path, api.admin, more), 400, "malformed")


def test_factors_of_a_user_are_reset(api: Api, mia: Person) -> None:
    """With one's own proof an administrator takes all of a user's factors away, and the sessions end."""
    api.people.factor(mia)
    api.people.factor(mia, "email")
    api.people.factor(api.boss)
    path, session = f"/v1/users/{mia.subject.uuid}/factors", api.people.token(mia)
    asked = api("DELETE", path, api.admin)
    assert refused(asked, 401, "step_up_required")["challenge"] == {"methods": ["totp"]}
    assert 'error="insufficient_user_authentication"' in asked.headers["www-authenticate"]
    refused(api("DELETE", path, api.admin, Step_Up="totp 000000"), 401, "step_up_wrong")
    assert [f["kind"] for f in api("GET", path, api.admin).json()["items"]] == ["totp", "email"]
    done = api("DELETE", path, api.admin, Step_Up=f"totp {api.code()}")
    assert (done.status, done.body) == (204, b"")
    assert api("GET", path, api.admin).json()["items"] == []
    refused(api("GET", "/v1/me", session), 401, "invalid_token")
    assert api.sign_in(mia).status == 201


def test_nobody_resets_whom_they_stand_below(api: Api, mia: Person) -> None:
    """A Steward's factors are no administrator's, and a user's are not another's."""
    root = api.people.person("root", "Stewards")
    api.people.factor(root)
    refused(api("DELETE", f"/v1/users/{root.subject.uuid}/factors", api.admin), 403, "forbidden")
    other = api.people.token(api.people.person("noor"))
    refused(api("DELETE", f"/v1/users/{mia.subject.uuid}/factors", other), 403, "forbidden")
    gone = "00000000-0000-4000-8000-00000000dead"
    refused(api("DELETE", f"/v1/users/{gone}/factors", api.admin), 404, "not_found")


# --- roles


def test_a_role_asks_for_a_factor(api: Api) -> None:
    """Its holders sign in to bind one, and to nothing else until they have."""
    nia = api.people.person("nia", "Viewers")
    patched = api("PATCH", "/v1/roles/Viewers", api.admin, {"two_factor": True})
    assert (patched.status, patched.json()["name"], patched.json()["two_factor"]) == (200, "Viewers", True)
    assert api("GET", "/v1/roles/viewers", api.admin).json()["two_factor"] is True
    session = api.signed_in(nia)
    assert api("GET", "/v1/me", session).status == 200
    refused(api("GET", "/v1/users", session), 401, "factor_required")
    refused(api("POST", "/v1/tokens", session, {"name": "x"}), 401, "factor_required")
    begun = api("POST", "/v1/me/factors", session, {"kind": "totp"})
    seed = totp.seed_from_base32(begun.json()["secret"])
    assert seed is not None
    step = totp.step_at(api.people.store.now())
    confirm = f"/v1/me/factors/{begun.json()['id']}/confirm"
    assert api("POST", confirm, session, {"code": totp.totp_code(seed, step)}).status == 204
    right = {"method": "totp", "code": totp.totp_code(seed, step + 1)}
    whole = api.signed_in(nia, factor=right)
    assert api("GET", "/v1/users", whole).status == 200
    assert api("PATCH", "/v1/roles/Viewers", api.admin, {"two_factor": False}).json()["two_factor"] is False


@pytest.mark.parametrize("body", [{}, {"two_factor": "true"}, {"two_factor": None}, {"permissions": []}, [True]])
def test_a_role_is_patched_with_a_truth(api: Api, body: Any) -> None:
    """Anything else is malformed; a role that is not there is not found, and the right is asked for."""
    encoded = msgspec.json.encode(body)
    refused(api("PATCH", "/v1/roles/Viewers", api.admin, encoded, Content_Type="application/json"), 400, "malformed")
    refused(api("PATCH", "/v1/roles/Nothing", api.admin, {"two_factor": True}), 404, "not_found")
    helper = api.people.token(api.people.person("", "Help Desk"))
    refused(api("PATCH", "/v1/roles/Viewers", helper, {"two_factor": True}), 403, "forbidden")


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


def introspected(api: Api, token: str) -> dict[str, Any]:
    """What introspection tells of the token."""
    body: dict[str, Any] = api("POST", "/v1/tokens/verify", api.admin, {"tokens": [token]}).json()["results"][0]
    return body


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
    body = {"name": "bot", "dialect": "rocketchat", "expires_in": "2s", "bypass_two_factor": True}
    made = api("POST", "/v1/tokens", session, body)
    assert (made.status, made.json()["dialect"]) == (201, "rocketchat")
    token = Secret(made.json()["token"])
    assert len(token.reveal()) == 43
    ends = datetime.datetime.fromisoformat(made.json()["expires_at"])
    assert ends <= datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    assert chatting(api, token.reveal(), mia) == 200
    refused(api("GET", "/v1/me", token.reveal()), 401, "invalid_token")
    item = api("GET", f"/v1/tokens/{made.json()['id']}", session).json()
    assert (item["expires_at"], item["bypass_two_factor"]) == (made.json()["expires_at"], True)
    endless = api("POST", "/v1/tokens", session, {"name": "other", "dialect": "rocketchat"})
    assert endless.json()["expires_at"] is None
    time.sleep(max(0.0, (ends - datetime.datetime.now(datetime.UTC)).total_seconds()) + 0.05)
    assert chatting(api, token.reveal(), mia) == 401
