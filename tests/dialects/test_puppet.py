"""The Puppet wire alone: requests read into commands, outcomes and refusals told in its words."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import commands as c
from keyturn.core.outcomes import After, Denied, Fields, Named, Reason, UserShown, Weak
from keyturn.core.settings import Settings, defaults
from keyturn.core.types import Instant, Realm, Role, Secret, Subject, SubjectView
from keyturn.dialects.puppet import DIALECT, reading, settings, writing
from keyturn.dialects.puppet.refusals import FAMILY, wants_text
from keyturn.wire import Request, Response, Route

V1 = "/rbac-api/v1"
SID = "5f0b7c2e-8d8e-4c55-9d0c-3f5a0f6b7a11"
NOW = Instant(1_795_342_471_340_999)
SETTINGS = Settings(values=defaults(DIALECT.settings))
ROUTES = {(route.method, route.path.removeprefix(V1)): route for route in DIALECT.routes}


def chosen(**values: Any) -> Settings:
    """The wire's settings with these chosen: `reset_body` for `puppet.reset_body`."""
    return Settings(values={**SETTINGS.values, **{f"puppet.{name}": value for name, value in values.items()}})


def asked(
    method: str = "POST", path: str = "/auth/token", body: Any = None, query: str = "", **headers: str
) -> Request:
    """A request of this wire; headers by name with `_` for `-`."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    payload = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Request(method, V1 + path, query, named, payload)


def read(method: str, path: str, request: Request, values: Settings = SETTINGS) -> Any:
    """The command that route makes of the request."""
    return ROUTES[method, path].read(request, values)


def signing_in(**more: Any) -> Any:
    """The command of a sign-in with these fields beside login and password."""
    return read("POST", "/auth/token", asked(body={"login": "mara", "password": "x", **more}))


def refused(denied: Denied, route: Route | None = None, request: Request | None = None) -> Response:
    """What the wire says to a refusal."""
    return DIALECT.refuse(denied, route, SETTINGS, request or asked())


def said(response: Response) -> Any:
    """The body of an answer, decoded."""
    return msgspec.json.decode(response.body)


# --- reading


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("4h", 14_400), ("90", 90), (90, 90), ("0", 0), (0, 0), ("1y", 31_536_000), ("3d", 259_200), ("5m", 300),
        ("7s", 7), (None, None), ("999999999999y", 100 * 31_536_000),
    ],
)  # fmt: skip
def test_lifetimes(given: Any, seconds: int | None) -> None:
    """Digits and a unit, or a number of seconds; 0 stays 0, and what is endless is only very long."""
    assert signing_in(lifetime=given).lifetime == seconds


@pytest.mark.parametrize("given", ["", " 4h", "4 h", "4w", "-1", -1, "1.5h", 1.5, True, [], {}, "٣h", "1" * 13])
def test_lifetimes_that_are_none(given: Any) -> None:
    """Anything else is refused by field."""
    denied = signing_in(lifetime=given)
    assert isinstance(denied, Denied)
    assert denied.reason is Reason.MALFORMED
    assert isinstance(denied.note, Fields)
    assert [*denied.note.fields] == ["lifetime"]


def test_labels() -> None:
    """Trimmed at both ends, up to 200 characters, told as the session's name."""
    assert signing_in(label="  ci job 7\t").name == "ci job 7"
    assert signing_in(label="ä" * 200).name == "ä" * 200
    assert signing_in(label=None).name is None


@pytest.mark.parametrize("label", ["", "   ", "a,b", "x" * 201, "a\x00b", "a\u202eb", 7, ["a"], {"a": 1}])
def test_labels_that_are_none(label: Any) -> None:
    """No comma, not only white space, not too long, nothing that cannot be shown, and text."""
    denied = signing_in(label=label)
    assert isinstance(denied, Denied)
    assert denied.reason is Reason.MALFORMED


def test_further_words_become_claims() -> None:
    """`description` and `client` are kept with the token; other keys are not looked at."""
    wish = signing_in(description="nightly", client="peadm", whatever=[1])
    assert wish.claims == {"description": "nightly", "client": "peadm"}
    assert isinstance(signing_in(description="a\x00"), Denied)


@pytest.mark.parametrize(
    ("headers", "query", "token", "quiet"),
    [
        ({"x_authentication": "abc"}, "", "abc", False),
        ({"x_authentication": "abc"}, "token=def", "abc", False),
        ({"x_authentication": "  "}, "token=def", "def", False),
        ({}, "token=def%7Cno_keepalive", "def", True),
        ({"x_authentication": "abc|no_keepalive"}, "", "abc", True),
        ({"x_authentication": "|no_keepalive"}, "", None, True),
        ({}, "token=", None, False),
        ({}, "", None, False),
    ],
)
def test_callers(headers: dict[str, str], query: str, token: str | None, quiet: bool) -> None:
    """The header before the query, empty is absent, and the suffix is no part of the token."""
    presented = reading.caller(asked(query=query, **headers))
    assert presented.secret == (None if token is None else Secret(token))
    assert presented.quiet is quiet


def test_the_query_can_be_switched_off() -> None:
    """A realm that does not take tokens in the query hears nobody there, on every route that wants one."""
    off = chosen(token_in_query=False)
    for (method, path), route in ROUTES.items():
        request = asked(method, path, b"", "token=abc")
        request.params = {name.strip("{}"): SID for name in path.split("/") if name.startswith("{")}
        if not route.public:
            assert route.read(request, off) == Denied(Reason.UNAUTHENTICATED)
            assert route.read(request, SETTINGS) != Denied(Reason.UNAUTHENTICATED)


@pytest.mark.parametrize("body", [b"", b" ", b"null", b"{}", b'{"anything": [1]}'])
def test_reset_bodies(body: bytes) -> None:
    """Nothing, null and any object ask for a reset token, whatever their content type."""
    request = asked("POST", "", body, content_type="application/x-www-form-urlencoded")
    request.params = {"sid": SID.upper()}
    wish = read("POST", "/users/{sid}/password/reset", request)
    assert (wish.subject.by, wish.subject.value) == ("uuid", SID)


@pytest.mark.parametrize(
    "token",
    ["abc", "abc\n", '{"token":"abc"}', '{"token":"abc"}\n', ' {"token":"abc"}'[1:], '{"token": "abc", "more": 1}'],
)
def test_wrapped_reset_tokens(token: str) -> None:
    """Old scripts post the whole answer that held the token, with the line end their shell left."""
    wish = read("POST", "/auth/reset", asked(body={"token": token, "password": "p"}))
    assert wish == c.RedeemReset(Secret("abc"), Secret("p"), reinstate=True)


@given(st.text())
def test_any_text_is_a_token(text: str) -> None:
    """Whatever stands where a token belongs is at worst a wrong one."""
    assert isinstance(reading.unwrapped(Secret(text)), Secret)
    assert isinstance(reading.unwrapped(Secret("{" + text)), Secret)


@pytest.mark.parametrize("text", ['{"token":1}', '{"token":null}', '{"token":["a"]}', "{" * 100_000, '{"token":"a"'])
def test_what_holds_no_token_is_taken_as_it_stands(text: str) -> None:
    """Only an object with a text under `token` is opened."""
    assert reading.unwrapped(Secret(text)) == Secret(text)


@pytest.mark.parametrize(
    ("query", "ids"),
    [("", None), (f"id={SID}", (SID,)), (f"id={SID.upper()},{SID}", (SID, SID)), (f"id={SID}&token=x", (SID,))],
)
def test_id_filters(query: str, ids: tuple[str, ...] | None) -> None:
    """All users, or those named, in any letter case."""
    assert read("GET", "/users", asked("GET", "/users", b"", query, x_authentication="a")) == c.ListUsers(
        ids=ids, limit=None
    )


@pytest.mark.parametrize("query", ["id=", "id=7", f"id={SID},", f"id={SID};{SID}", "id=%00"])
def test_id_filters_that_are_none(query: str) -> None:
    """A filter that is not uuids has a kind of its own."""
    denied = read("GET", "/users", asked("GET", "/users", b"", query, x_authentication="a"))
    answer = refused(denied, ROUTES["GET", "/users"])
    assert (answer.status, said(answer)["kind"]) == (400, "invalid-id-filter")
    assert "details" not in said(answer)


# --- refusing


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_told_as_an_object(reason: Reason) -> None:
    """Each refusal is `{kind, msg}` with perhaps details, in JSON, and no 2xx."""
    answer = refused(Denied(reason))
    assert answer.status >= 400
    assert answer.media == "application/json; charset=utf-8"
    assert {*said(answer)} - {"details"} == {"kind", "msg"}
    assert [*said(answer)][:2] == ["kind", "msg"]


@pytest.mark.parametrize("reason", list(Reason))
def test_prefixes(reason: Reason) -> None:
    """Everything about who is there, and whatever is our fault, carries the prefix; nothing else does."""
    answer = refused(Denied(reason))
    assert said(answer)["kind"].startswith(FAMILY) == (answer.status in (401, 500, 503))


def test_one_answer_for_whoever_is_not_let_in() -> None:
    """Unknown, wrong, locked and a missing code are the same bytes (A25)."""
    route = ROUTES["POST", "/auth/token"]
    request = asked(body={"login": "mara", "password": "x"})
    reasons = ("UNKNOWN_ACCOUNT", "WRONG_PASSWORD", "ACCOUNT_LOCKED", "FACTOR_REQUIRED", "FACTOR_WRONG")
    answers = {refused(Denied(Reason[name]), route, request).body for name in reasons}
    assert len(answers) == 1
    other = said(refused(Denied(Reason.ACCOUNT_SUSPENDED), route, request))
    assert other["kind"] == "puppetlabs.rbac/user-revoked"


@pytest.mark.parametrize("login", ["api_user", "API_User", " api_user"])
def test_api_user_never_signs_in(login: str) -> None:
    """The certificate's user is told so, however it is spelled."""
    answer = refused(
        Denied(Reason.WRONG_PASSWORD), ROUTES["POST", "/auth/token"], asked(body={"login": login, "password": "x"})
    )
    assert (answer.status, said(answer)["kind"]) == (401, "puppetlabs.rbac/api-user-login")


def test_details() -> None:
    """What is wrong with a password, which value is taken, when to come again."""
    weak = said(refused(Denied(Reason.WEAK_PASSWORD, Weak({"password": "…"}, {"too_short": "has fewer than 15"}))))
    assert weak["details"] == {
        "failures": [
            {"rule-identifier": "password-minimum-length", "friendly-error": "The password has fewer than 15."}
        ]
    }
    taken = said(refused(Denied(Reason.CONFLICT, Named("login"))))
    assert (taken["kind"], taken["details"]) == ("conflict", {"conflicts": ["login"]})
    assert refused(Denied(Reason.BUSY, After(3))).headers == (("Retry-After", "3"),)


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("", False), ("*/*", False), ("application/json", False), ("text/html", True), ("TEXT/HTML;q=0.9", True),
        ("text/html, application/json", False), ("text/html,application/xml;q=0.9,*/*;q=0.8", False),
        ("text/html, application/json;q=0", True), ("text/html;q=0", False), ("text/plain", False),
    ],
)  # fmt: skip
def test_text_for_readers_of_html(accept: str, text: bool) -> None:
    """The sentence alone for a client that takes HTML and no JSON, and no markup in it."""
    request = asked("GET", "/users", b"", accept=accept)
    assert wants_text(request) is text
    answer = refused(Denied(Reason.UNAUTHENTICATED), None, request)
    assert answer.media.startswith("text/plain") is text
    assert (answer.body == b"Route requires authentication") is text


# --- telling


def role(number: int, name: str, built_in: bool = True) -> Role:
    """A role of that number and name."""
    return Role(number, 1, SID, number, name, "", built_in, False, ())


def shown(values: Settings = SETTINGS, locked_on: str | None = None, roles: tuple[Role, ...] = (), **row: Any) -> Any:
    """The user object of a subject with these differences."""
    subject = Subject(
        id=1, realm=1, uuid=SID, number=1, handle="h", login="mara", email="", email_verified=False,
        display_name="Mara Ek", service=False, remote=False, built_in=False, state="active", epoch=0, created=NOW,
        updated=NOW, last_login=None, attributes={}, notify=(),
    )  # fmt: skip
    realm = Realm(1, SID, "default", "Default", True, 0, values)
    subject = msgspec.structs.replace(subject, **row)
    view = SubjectView(subject, roles, (), True, False, None, locked_on, realm)
    return said(writing.user_shown(UserShown(view), values, asked("GET", "/users", b"")))


def test_the_user_object() -> None:
    """Ten keys in the documented order, nothing of a password; a time with milliseconds, or null."""
    assert shown() == {
        "id": SID, "login": "mara", "email": "", "display_name": "Mara Ek", "role_ids": [], "is_group": False,
        "is_remote": False, "is_superuser": False, "is_revoked": False, "last_login": None,
    }  # fmt: skip
    assert shown(last_login=NOW)["last_login"] == "2026-11-22T10:14:31.340Z"


def test_remote_users_have_three_keys_more() -> None:
    """What a directory would say of them is empty here."""
    more: dict[str, Any] = {"inherited_role_ids": [], "group_ids": [], "identity_provider_id": None}
    assert shown(remote=True) == {**shown(), "is_remote": True, **more}


def test_role_numbers() -> None:
    """Stewards and Administrators are 1, Members is no role, the rest keep their number; custom names mean nothing."""
    assert shown(roles=(role(1, "Administrators"), role(7, "Members"), role(8, "Stewards")))["role_ids"] == [1]
    assert shown(roles=(role(8, "Stewards"),))["is_superuser"] is True
    assert shown(roles=(role(3, "Viewers"), role(6, "Help Desk"), role(21, "Stewards", False)))["role_ids"] == [
        3,
        6,
        21,
    ]
    assert shown(roles=(role(21, "Stewards", False), role(22, "Members", False)))["is_superuser"] is False


def test_who_is_revoked() -> None:
    """Suspended, or locked on this wire where that lasts; never a built-in user."""
    assert shown(state="suspended")["is_revoked"] is True
    assert shown(locked_on="puppet")["is_revoked"] is True
    assert shown(locked_on="native")["is_revoked"] is False
    assert shown(chosen(lockout="timed"), locked_on="puppet")["is_revoked"] is False
    assert shown(locked_on="puppet", built_in=True)["is_revoked"] is False


# --- settings


@pytest.mark.parametrize("row", DIALECT.settings, ids=lambda row: row.name)
def test_defaults_are_of_the_stored_form(row: Any) -> None:
    """Every default passes its own check unchanged, and rubbish does not."""
    assert row.check(row.default) == row.default
    with pytest.raises(ValueError, match=r"wants|knows"):
        row.check(object())


def test_setting_values() -> None:
    """Durations are not nothing; statuses and password rules are the product's."""
    assert settings.span("4h") == 14_400
    assert [settings.created(n) for n in (201, 303)] == [201, 303]
    rules = {"letters_required": 2, "username_substring_match": True}
    assert settings.password_policy(rules) == rules


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (settings.span, 0), (settings.span, "0h"), (settings.created, 200), (settings.created, True),
        (settings.created, "201"), (settings.password_policy, {"min_length": 6}), (settings.password_policy, []),
        (settings.password_policy, {"letters_required": "two"}), (settings.password_policy, {"letters_required": True}),
        (settings.password_policy, {"username_substring_match": 1}),
    ],
)  # fmt: skip
def test_setting_values_that_are_none(check: Any, value: Any) -> None:
    """Each fault is a sentence."""
    with pytest.raises(ValueError, match=r"wants|knows"):
        check(value)
