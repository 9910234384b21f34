"""The Rocket.Chat wire alone: requests read into commands, outcomes and refusals told in its words."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import commands as c
from keyturn.core.outcomes import Challenge, Denied, Fields, Note, Nothing, Reason
from keyturn.core.settings import Settings, check_settings, defaults
from keyturn.core.types import Instant, LoginProof, Presented, Proof, Secret, TokenRef
from keyturn.dialects.rocketchat import DIALECT, reading
from keyturn.dialects.rocketchat.times import iso
from keyturn.wire import Request, Route

V1 = "/api/v1"
SETTINGS = Settings(values=defaults(DIALECT.settings))
ROUTES = {(route.method, route.path.removeprefix(V1)): route for route in DIALECT.routes}
DIGEST = "ab" * 32
CODE = "abcd-efgh-2345-6777"
FORM = "application/x-www-form-urlencoded"
DEEP = b'{"tokenName":' + b"[" * 100_000
NOTHING = Nothing()
LOGIN_REASONS = (Reason.UNKNOWN_ACCOUNT, Reason.WRONG_PASSWORD, Reason.REMOTE_ACCOUNT)
SIGNED = {"x-auth-token": "a token", "x-user-id": "a user"}


def asked(body: Any = b"", media: str = "application/json", **headers: str) -> Request:
    """A request of this wire; headers by name with `_` for `-`."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    payload = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Request("POST", f"{V1}/login", "", [(b"content-type", media.encode()), *named], payload)


def login_of(body: Any, **headers: str) -> Any:
    """Who signs in by that body; the field that is wrong where nobody does."""
    found = reading.signing_in(asked(body, **headers))
    return list(found.note.fields) if isinstance(found, Denied) and isinstance(found.note, Fields) else found


def fault(found: Any) -> dict[str, str]:
    """What is wrong, by field."""
    assert isinstance(found, Denied)
    assert found.reason is Reason.MALFORMED
    assert isinstance(found.note, Fields)
    return found.note.fields


def refused(reason: Reason, route: Route | None, note: Note = NOTHING, *, profile: str = "classic") -> tuple[int, Any]:
    """Status and body of a refusal."""
    settings = Settings(values={**SETTINGS.values, "rocketchat.profile": profile})
    answer = DIALECT.refuse(Denied(reason, note), route, settings, asked())
    assert answer.media == "application/json"
    assert dict(answer.headers) == {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return answer.status, msgspec.json.decode(answer.body)


# --- who is there


def test_both_headers_are_the_caller() -> None:
    """Token and user id, the second as a handle alone."""
    found = reading.signed(asked(X_Auth_Token="secret", X_User_Id="id"))
    assert found == Presented("rocketchat", Secret("secret"), claim="id", claim_by="handle")


@pytest.mark.parametrize("headers", [{}, {"X_Auth_Token": "secret"}, {"X_User_Id": "id"}, {"Authorization": "x"}])
def test_one_header_is_nobody(headers: dict[str, str]) -> None:
    """Without its user id a token is not even looked up."""
    assert reading.signed(asked(**headers)) == Presented("rocketchat")


@pytest.mark.parametrize(
    ("headers", "proof"),
    [
        ({"x_2fa_code": "123456", "x_2fa_method": "totp"}, Proof("totp", Secret("123456"))),
        ({"x_2fa_code": "123456"}, Proof("", Secret("123456"))),
        ({"x_2fa_code": DIGEST, "x_2fa_method": "PASSWORD"}, Proof("password", Secret(DIGEST))),
        ({"x_2fa_code": CODE, "x_2fa_method": "totp"}, Proof("recovery", Secret(CODE))),
        ({"x_2fa_method": "totp"}, None),
        ({"x_2fa_code": "", "x_2fa_method": "totp"}, None),
    ],
)
def test_second_proof(headers: dict[str, str], proof: Proof | None) -> None:
    """The code under the method that was named; a recovery code is known by its form."""
    assert reading.signed(asked(**SIGNED, **headers)).proof == proof


# --- signing in


@pytest.mark.parametrize(
    ("body", "login"),
    [
        ({"user": "alice", "password": "p"}, LoginProof("alice", Secret("p"), by="login")),
        ({"user": "a@b.test", "password": "p"}, LoginProof("a@b.test", Secret("p"), by="email")),
        ({"username": "a@b.test", "password": "p"}, LoginProof("a@b.test", Secret("p"), by="login")),
        ({"email": "a@b.test", "password": "p"}, LoginProof("a@b.test", Secret("p"), by="email")),
        ({"user": {"username": "alice"}, "password": "p"}, LoginProof("alice", Secret("p"), by="login")),
        ({"user": {"email": "a@b.test"}, "password": "p"}, LoginProof("a@b.test", Secret("p"), by="email")),
        ({"user": "alice", "username": "bob", "password": "p"}, LoginProof("alice", Secret("p"), by="login")),
        ({"user": "alice", "password": "p", "ldap": True}, LoginProof("alice", Secret("p"), by="login")),
        (
            {"user": "alice", "password": {"digest": DIGEST, "algorithm": "sha-256"}},
            LoginProof("alice", digest=Secret(DIGEST), by="login"),
        ),
    ],
)
def test_login_spellings(body: Any, login: LoginProof) -> None:
    """Each spelling of a name and of a password."""
    assert login_of(body) == Presented("rocketchat", login=login)
    nested = {"totp": {"login": body, "code": "123456"}}
    assert login_of(nested) == Presented("rocketchat", login=login, proof=Proof("totp", Secret("123456")))


@pytest.mark.parametrize(
    ("body", "header", "code"),
    [
        ({"code": "111111"}, "", "111111"),
        ({}, "222222", "222222"),
        ({"code": "111111"}, "222222", "111111"),
        ({}, "", None),
    ],
)
def test_login_code(body: dict[str, str], header: str, code: str | None) -> None:
    """A code in the body comes before one in the header."""
    found = login_of({"user": "alice", "password": "p", **body}, x_2fa_code=header)
    assert found.proof == (None if code is None else Proof("totp", Secret(code)))


def test_login_recovery_code() -> None:
    """A recovery code is shown in the place of a code."""
    assert login_of({"user": "alice", "password": "p", "code": CODE}).proof == Proof("recovery", Secret(CODE))


def test_login_form() -> None:
    """A form says the same as JSON."""
    request = asked(b"user=alice&password=a+b%26&code=123456", f"{FORM}; charset=utf-8")
    login = LoginProof("alice", Secret("a b&"), by="login")
    assert reading.signing_in(request) == Presented("rocketchat", login=login, proof=Proof("totp", Secret("123456")))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"null", b"[]", b"7", b"{", b"\xff\xfe", b"[" * 100_000, b'{"user":' * 100_000,
        {"user": "alice"}, {"password": "p"}, {"user": "", "password": "p"}, {"user": "alice", "password": ""},
        {"user": None, "password": "p"}, {"user": {}, "password": "p"}, {"totp": {}}, {"totp": {"code": "1"}},
        {"user": "alice", "password": {"digest": DIGEST, "algorithm": "SHA-1"}},
    ],
)  # fmt: skip
def test_login_without_a_proof(body: Any) -> None:
    """What names nobody or shows nothing lacks its first field, also where it cannot be read at all."""
    assert login_of(body) == ["user"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user": 7, "password": "p"}, "user"),
        ({"user": ["alice"], "password": "p"}, "user"),
        ({"user": {"username": 7}, "password": "p"}, "user.username"),
        ({"user": "alice", "password": 7}, "password"),
        ({"user": "alice", "password": {"digest": DIGEST}}, "password.algorithm"),
        ({"user": "alice", "password": "p", "code": 123456}, "code"),
        ({"totp": []}, "totp"),
        ({"resume": 7}, "resume"),
    ],
)
def test_login_of_the_wrong_types(body: Any, field: str) -> None:
    """A value of the wrong type is named by its field, and never told back."""
    assert login_of(body) == [field]


def test_going_on_with_a_token() -> None:
    """A token in the body is its own proof, and the route is another one."""
    request = asked({"resume": "a token", "user": "alice"})
    choose = ROUTES["POST", "/login"].choose
    assert choose is not None
    assert choose(request).command is c.ResumeSession
    assert reading.resuming(request) == Presented("rocketchat", Secret("a token"))
    for body in ({}, {"resume": ""}, {"resume": None}, {"resume": 7}, {"user": "alice", "password": "p"}):
        assert choose(asked(body)).command is c.OpenSession


def test_no_secret_shows() -> None:
    """What was read of a sign-in hides what it holds, however it is printed."""
    nested = {"login": {"user": "a", "password": "hush"}, "code": "hush"}
    request = asked({"totp": nested, "password": "hush", "resume": "hush"})
    assert "hush" not in repr(reading.login(request))
    assert "hush" not in repr(reading.login(asked({"password": {"digest": "hush", "algorithm": "hush"}})))


# --- wishes about tokens


def test_new_token() -> None:
    """A token to make, with its flag and its name as it stands."""
    wish = reading.new_token(asked({"tokenName": " CI ", "bypassTwoFactor": True}), SETTINGS)
    assert wish == c.IssueToken("personal", " CI ", "rocketchat", bypass=True)
    for flag in ({}, {"bypassTwoFactor": False}, {"bypassTwoFactor": None}):
        assert reading.new_token(asked({"tokenName": "CI", **flag}), SETTINGS).bypass is False


def test_new_token_by_form() -> None:
    """A form's flag is spelled out."""
    for text, flag in (("true", True), ("false", False)):
        request = asked(f"tokenName=CI&bypassTwoFactor={text}".encode(), FORM)
        assert reading.new_token(request, SETTINGS) == c.IssueToken("personal", "CI", "rocketchat", bypass=flag)


@pytest.mark.parametrize("command", [c.RotateToken, c.RevokeToken])
def test_named_token(command: Any) -> None:
    """The caller's own token of that name on this wire."""
    wish = reading.named_token(command)(asked({"tokenName": "CI"}), SETTINGS)
    assert wish == command(TokenRef("name", "CI", "rocketchat"))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"CI"', b'{"tokenName":"\xff"}', b'{"tokenName":"\\ud800"}', {}])
def test_missing_name(body: Any) -> None:
    """A body that cannot be read is one without a name."""
    assert fault(reading.new_token(asked(body), SETTINGS)) == {"tokenName": "is missing"}


@pytest.mark.parametrize("name", [None, ""])
def test_empty_name(name: Any) -> None:
    """An empty name is a missing one."""
    assert fault(reading.new_token(asked({"tokenName": name}), SETTINGS)) == {"tokenName": "is missing"}


@pytest.mark.parametrize("name", [7, True, ["CI"], {"$ne": ""}])
def test_name_of_the_wrong_type(name: Any) -> None:
    """A name is text."""
    found = fault(reading.named_token(c.RotateToken)(asked({"tokenName": name}), SETTINGS))
    assert found == {"tokenName": "wants text"}


def test_deep_name() -> None:
    """Nesting without end cannot be read, and so counts as an empty body."""
    assert fault(reading.new_token(asked(DEEP), SETTINGS)) == {"tokenName": "is missing"}


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "x" * 257, "a\u202eb"])
def test_name_that_no_list_could_show(name: str) -> None:
    """Control and turning signs, and more than 256 characters, are in no name."""
    assert list(fault(reading.new_token(asked({"tokenName": name}), SETTINGS))) == ["tokenName"]


@pytest.mark.parametrize("flag", ["true", 1, [], {}])
def test_flag_of_the_wrong_type(flag: Any) -> None:
    """What is no truth value never switches the second proof off."""
    found = fault(reading.new_token(asked({"tokenName": "CI", "bypassTwoFactor": flag}), SETTINGS))
    assert found == {"bypassTwoFactor": "wants true or false"}


@given(st.binary(max_size=200), st.sampled_from(["application/json", FORM, "text/plain", ""]))
def test_any_bytes(body: bytes, media: str) -> None:
    """Whatever is sent is read or refused, and nothing is raised."""
    for read in (reading.new_token, reading.named_token(c.RotateToken)):
        found = read(asked(body, media), SETTINGS)
        assert isinstance(found, (Denied, c.IssueToken, c.RotateToken))
    assert isinstance(reading.signing_in(asked(body, media)), (Denied, Presented))


# --- answers


def test_time() -> None:
    """Instants are told in milliseconds, UTC."""
    assert iso(Instant(1_767_261_600_007_999)) == "2026-01-01T10:00:00.007Z"


@pytest.mark.parametrize("profile", ["classic", "modern"])
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("route", [None, *DIALECT.routes], ids=lambda r: "none" if r is None else f"{r.method}{r.path}")
def test_refusals_are_total(reason: Reason, route: Route | None, profile: str) -> None:
    """Each reason has its row, in this wire's own form, on every route and in both profiles."""
    status, body = refused(reason, route, profile=profile)
    assert status in (200, 400, 401, 403, 404, 405, 409, 410, 413, 415, 429, 500, 503)
    assert body.get("success", False) is (status == 200)
    assert status == 200 or {"error", "message"} & body.keys()


def test_unsigned_is_one_answer() -> None:
    """Whatever kept a token out, one body tells it."""
    answers = [refused(r, ROUTES["GET", "/me"]) for r in Reason if r not in LOGIN_REASONS]
    told = {msgspec.json.encode(body) for status, body in answers if status == 401}
    assert told == {b'{"status":"error","message":"You must be logged in to do this."}'}


def test_challenge_names_methods_of_this_wire_alone() -> None:
    """A recovery code is no method here, but another spelling of the authenticator's code."""
    note = Challenge("recovery", ("totp", "recovery"))
    _, body = refused(Reason.STEP_UP_WRONG, ROUTES["POST", "/users.removePersonalAccessToken"], note)
    assert body["details"] == {"method": "totp", "codeGenerated": False, "availableMethods": ["totp"]}


def test_faults_are_told_by_field() -> None:
    """A missing field is told as documented, any other with its code."""
    route = ROUTES["POST", "/users.removePersonalAccessToken"]
    missing = refused(Reason.MALFORMED, route, Fields({"tokenName": "is missing"}))
    assert missing == (400, {"success": False, "error": "The 'tokenName' param is required"})
    wrong = refused(Reason.MALFORMED, route, Fields({"tokenName": "wants text"}))[1]
    assert wrong["errorType"] == "invalid-params"


# --- settings


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("profile", "modern", "newest"),
        ("rate_limit", False, "no"),
        ("password_fallback", False, 0),
        ("remember_seconds", 0, -1),
        ("registration_grace", True, "1"),
        ("registration", True, None),
        ("bypass_mints", True, "yes"),
        ("create_token_secret", "1234567890abcdef", 7),
        ("create_token", True, 1),
        ("password_reset", False, []),
        ("auto_email_two_factor", True, {}),
    ],
)
def test_settings(name: str, good: Any, bad: Any) -> None:
    """Each setting takes its values and no other."""
    rows = {row.name: row for row in DIALECT.settings}
    assert check_settings(rows, {f"rocketchat.{name}": good}) == ({f"rocketchat.{name}": good}, {})
    assert list(check_settings(rows, {f"rocketchat.{name}": bad})[1]) == [f"rocketchat.{name}"]
    assert len(rows) == 11
