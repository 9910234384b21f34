"""The native API over HTTP: passwords reset by mail, addresses, factors and roles under administration."""

from typing import Any

import msgspec
import pytest

from keyturn.core import factors as totp
from tests.dialects.native_api import Api, refused
from tests.houses import Person
from tests.served import Served

NEW = "a passphrase after a mail"


@pytest.fixture
def api(served: Served) -> Api:
    """The API on each store."""
    return Api(served)


@pytest.fixture
def mia(api: Api) -> Person:
    """Somebody with a password and an address known to be theirs."""
    return api.people.person("mia", email="mia@example.test", email_verified=True)


# --- password resets by mail


def test_a_forgotten_password(api: Api, mia: Person) -> None:
    """202 without a word of it, a mail, and the token of it sets a password once; no session comes of it."""
    asked = api("POST", "/v1/password-resets", body={"login": "MIA@example.test"})
    assert (asked.status, asked.body) == (202, b"{}")
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
    assert (heard.status, heard.body) == (sent.status, sent.body) == (202, b"{}")
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
