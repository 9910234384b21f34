"""Methods called over HTTP on the Rocket.Chat wire: what is called, who calls, and what comes back."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings, defaults
from keyturn.core.types import Assurance, Presented, Proof, Secret, Step, TokenRef, chosen
from keyturn.dialects.rocketchat import DIALECT, methods
from keyturn.dialects.rocketchat.method_routes import ANONYMOUS, METHODS, NOBODY, UNREAD, called, called_by_nobody
from keyturn.dialects.rocketchat.refusals import NAMELESS
from keyturn.operations import CONTENTS
from keyturn.wire import Request, Route

V1 = "/api/v1"
SIGNED = [(b"x-auth-token", b"t"), (b"x-user-id", b"u")]
PROFILES = pytest.mark.parametrize("profile", ["classic", "modern"])
ROWS = pytest.mark.parametrize("row", METHODS.values(), ids=METHODS)
GENERATE = "personalAccessTokens:generateToken"


def settings(profile: str = "classic") -> Settings:
    """The settings of a realm with that profile."""
    return Settings(values={**defaults(DIALECT.settings), "rocketchat.profile": profile})


def call(name: str, *params: Any, headers: list[tuple[bytes, bytes]] = SIGNED, **more: Any) -> Request:
    """A call of a method."""
    message = json.dumps({"msg": "method", "id": "1", "method": name, "params": params, **more})
    return sent({"message": message}, headers)


def sent(body: Any, headers: list[tuple[bytes, bytes]] = SIGNED) -> Request:
    """A call with that body."""
    media = [(b"content-type", b"application/json")]
    return Request("POST", f"{V1}/method.call/x", "", [*media, *headers], json.dumps(body).encode())


def heard(response: Any) -> tuple[int, bool, Any]:
    """Status, success, and what stands in the text of the answer."""
    body = msgspec.json.decode(response.body)
    return response.status, body["success"], msgspec.json.decode(body["message"])


def shown(row: Route, request: Request) -> Presented:
    """Who calls."""
    assert row.present is not None
    found = row.present(request)
    assert isinstance(found, Presented)
    return found


# --- what is called, and by whom


def test_the_message_says_what_runs() -> None:
    """The name in the path says nothing."""
    for name, row in METHODS.items():
        assert called(call(name)) is row
        assert called_by_nobody(call(name)) is ANONYMOUS[name]
    assert called(call("rooms:get")) is UNREAD
    assert called(sent({})) is UNREAD
    assert called_by_nobody(sent({})) is NOBODY


@pytest.mark.parametrize("body", [{}, {"message": 7}, {"message": "x"}, {"message": "[]"}, {"message": "{}"}, []])
@PROFILES
def test_no_message(body: Any, profile: str) -> None:
    """A text that calls nothing is refused plainly, not inside a message."""
    request = sent(body)
    found = UNREAD.read(request, settings(profile))
    assert isinstance(found, Denied)
    answer = DIALECT.refuse(found, UNREAD, settings(profile), request)
    told = msgspec.json.decode(answer.body)
    assert (answer.status, told["success"], told["errorType"]) == (400, False, "invalid-params")
    assert methods.unreadable(request) == found


PROOFS = [
    ([{"twoFactorCode": "1", "twoFactorMethod": "totp"}], Proof("totp", Secret("1")), "totp"),
    ([{"twoFactorCode": "1", "twoFactorMethod": "EMAIL"}], Proof("email", Secret("1")), "email"),
    ([{"twoFactorCode": "aB3dE6gH", "twoFactorMethod": "totp"}], Proof("recovery", Secret("aB3dE6gH")), "totp"),
    ([{"twoFactorMethod": "email"}], None, "email"),
    ([{"twoFactorCode": "1"}], Proof("", Secret("1")), ""),
    ([{"twoFactorCode": 1, "twoFactorMethod": "totp"}], Proof("email", Secret("h")), "email"),
    ([], Proof("email", Secret("h")), "email"),
    (["x"], Proof("email", Secret("h")), "email"),
]


@pytest.mark.parametrize(("last", "proof", "method"), PROOFS)
def test_the_proof_is_the_last_parameter(last: list[Any], proof: Proof | None, method: str) -> None:
    """One that stands there comes before one in the headers."""
    headers = [*SIGNED, (b"x-2fa-code", b"h"), (b"x-2fa-method", b"email")]
    found = shown(METHODS[GENERATE], call(GENERATE, {"tokenName": "a"}, *last, headers=headers))
    assert (found.proof, found.method) == (proof, method)
    assert (found.secret, found.claim) == (Secret("t"), "u")


@pytest.mark.parametrize("name", ["2fa:disable", "2fa:regenerateCodes"])
def test_a_code_proves_what_it_comes_with(name: str) -> None:
    """The first parameter is the proof, and no header is."""
    headers = [*SIGNED, (b"x-2fa-code", b"h")]
    assert shown(METHODS[name], call(name, "123456", headers=headers)).proof == Proof("totp", Secret("123456"))
    odd_ones: list[list[Any]] = [[], [7], [{}], [""]]
    for odd in odd_ones:
        assert shown(METHODS[name], call(name, *odd, headers=headers)).proof is None


def test_without_credentials_nobody_calls() -> None:
    """Whatever headers there are."""
    for name, row in ANONYMOUS.items():
        assert shown(row, call(name, {"twoFactorCode": "1"})) == Presented("rocketchat")


# --- what is wished


def test_wishes() -> None:
    """Each method wishes what the call of the same name wishes."""
    expected: dict[str, tuple[list[Any], Any]] = {
        "2fa:enable": ([], c.EnrolFactor("totp")),
        "2fa:validateTempToken": (["1"], c.ConfirmFactor("", Secret("1"), True)),
        "2fa:disable": (["1"], c.RemoveFactor(kind="totp")),
        "2fa:regenerateCodes": (["1"], c.EnrolFactor("recovery", short=True)),
        "2fa:checkCodesRemaining": ([], c.CountCodes()),
        GENERATE: (
            [{"tokenName": "a", "bypassTwoFactor": True}],
            c.IssueToken("personal", "a", "rocketchat", bypass=True),
        ),
        "personalAccessTokens:regenerateToken": (
            [{"tokenName": "a"}],
            c.RotateToken(TokenRef("name", "a", "rocketchat")),
        ),
        "personalAccessTokens:removeToken": ([{"tokenName": "a"}], c.RevokeToken(TokenRef("name", "a", "rocketchat"))),
    }
    assert expected.keys() == METHODS.keys()
    for name, (params, wish) in expected.items():
        assert METHODS[name].read(call(name, *params), settings()) == wish


@pytest.mark.parametrize("params", [[], [{}], [{"tokenName": ""}], ["a"], [{"tokenName": 7}], [{"tokenName": "a\0"}]])
def test_no_name(params: list[Any]) -> None:
    """A method about a token wants its name."""
    for name in METHODS:
        if name.startswith("personal"):
            assert isinstance(METHODS[name].read(call(name, *params), settings()), Denied)


@ROWS
def test_a_method_fits_the_product(row: Route) -> None:
    """A method asks for as much as a call that wishes the same, and is not counted."""
    entry = CONTENTS[row.command]
    assert entry.assurance is not Assurance.STEPPED_UP or row.step_up is not None
    for profile in ("classic", "modern"):
        steps = chosen(row.order, settings(profile))
        assert {Step.RECOGNISE, Step.READ, Step.STEP_UP, Step.RIGHT} == set(steps)
        assert steps[0] is Step.RECOGNISE
    assert (row.needs == "own_tokens:create") is (row.command in (c.IssueToken, c.RotateToken, c.RevokeToken))


# --- what comes back


@ROWS
@PROFILES
@pytest.mark.parametrize("reason", Reason)
def test_a_method_fails_in_its_answer(row: Route, profile: str, reason: Reason) -> None:
    """With 200 in the older profile and 400 in the newer; who is nobody, and what is our fault, is refused plainly."""
    request = call(next(name for name, known in METHODS.items() if known is row))
    answer = DIALECT.refuse(Denied(reason), row, settings(profile), request)
    if reason in NAMELESS:
        assert answer.status == 401
        return
    if "message" not in msgspec.json.decode(answer.body):
        assert answer.status in (403, 404, 405, 409, 410, 413, 415, 429, 500, 503)
        return
    if answer.status == 401:
        return
    status, success, told = heard(answer)
    assert (told["msg"], told["id"]) == ("result", "1")
    if "error" not in told:
        assert (status, success, told.get("result", False)) == (200, True, False)
        return
    assert (status, success) == ((200, True) if profile == "classic" else (400, False))
    error = told["error"]
    assert (error["isClientSafe"], error["errorType"]) == (True, "Meteor.Error")
    text = f"[{error['error']}]"
    assert error["message"] == (f"{error['reason']} {text}" if "reason" in error else text) or error["error"] == 400


@pytest.mark.parametrize("number", ["7", 7, "x-ü"])
def test_the_answer_has_the_number_of_the_call(number: Any) -> None:
    """A client finds its own call again by it."""
    request = call("2fa:disable", "1", id=number)
    assert heard(METHODS["2fa:disable"].write(None, settings(), request)) == (
        200, True, {"msg": "result", "id": number, "result": True},
    )  # fmt: skip


@given(st.text())
def test_any_message(text: str) -> None:
    """Whatever the text holds, it is a call or none."""
    request = sent({"message": text})
    row = called(request)
    assert isinstance(row, Route)
    assert isinstance(shown(row, request), Presented)
    assert isinstance(row.read(request, settings()), (Denied, row.command))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_parameter(parameter: Any) -> None:
    """Whatever the parameters are, a wish or a refusal comes of them."""
    for name, row in METHODS.items():
        for params in ([parameter], [parameter, parameter]):
            request = call(name, *params)
            door = called(request)
            assert isinstance(shown(door, request), Presented)
            assert isinstance(door.read(request, settings()), (Denied, row.command))
