"""The Rocket.Chat wire's calls about users and codes alone: bodies read into commands, in both profiles."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import commands as c
from keyturn.core.outcomes import Challenge, Denied, Fields, Named, Reason, Weak
from keyturn.core.settings import Settings, defaults
from keyturn.core.types import Proof, Secret, SubjectRef, chosen
from keyturn.dialects.rocketchat import DIALECT, codes, user_reading, user_routes
from keyturn.dialects.rocketchat import profiles as p
from keyturn.dialects.rocketchat.steps import in_later_versions
from keyturn.operations import CONTENTS
from keyturn.wire import Request, Route

V1 = "/api/v1"
PASSWORD = "a password of somebody"
DIGEST = "ab" * 32
ROUTES = {route.operation: route for route in DIALECT.routes}
PROFILES = pytest.mark.parametrize("profile", ["classic", "modern"])
CHOSEN = (user_routes.KNOWN, user_routes.CHANGE, user_routes.REINSTATE)
NEW = {"email": "b@example.test", "name": "Bob", "password": PASSWORD, "username": "bob"}


def settings(profile: str = "classic", **choices: Any) -> Settings:
    """The settings of a realm with these choices."""
    values = {**defaults(DIALECT.settings), "rocketchat.profile": profile}
    return Settings(values={**values, **{f"rocketchat.{name}": value for name, value in choices.items()}})


def asked(body: Any = b"", query: str = "", method: str = "POST", **headers: str) -> Request:
    """A request of this wire."""
    media = headers.pop("media", "application/json")
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    payload = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Request(method, f"{V1}/x", query, [(b"content-type", media.encode()), *named], payload)


def told(found: Any, route: Route, request: Request, profile: str = "classic") -> tuple[int, Any]:
    """How a refusal of a read is told."""
    assert isinstance(found, Denied)
    answer = DIALECT.refuse(found, route, settings(profile), request)
    return answer.status, msgspec.json.decode(answer.body)


def wish(operation: str, body: Any, profile: str = "classic", **choices: Any) -> Any:
    """What a call wishes."""
    return ROUTES[operation].read(asked(body), settings(profile, **choices))


# --- whom


@pytest.mark.parametrize(
    ("body", "ref"),
    [
        ({"userId": "a"}, SubjectRef("handle", "a")),
        ({"username": "a"}, SubjectRef("login", "a")),
        ({"user": "a"}, SubjectRef("login", "a")),
        ({"userId": "a", "username": "b", "user": "c"}, SubjectRef("handle", "a")),
        ({"username": "b", "user": "c"}, SubjectRef("login", "b")),
        ({"userId": "", "username": "b"}, SubjectRef("login", "b")),
    ],
)
@PROFILES
def test_whom(body: Any, ref: SubjectRef, profile: str) -> None:
    """An id comes before a name."""
    assert wish("users.delete", body, profile) == c.DeleteUser(ref)
    assert wish("users.resetTOTP", body, profile) == c.ResetFactors(ref, ("totp", "recovery"))


def test_nobody_named_is_oneself() -> None:
    """Where that is possible at all."""
    assert wish("users.resetTOTP", {}) == c.ResetFactors(None, ("totp", "recovery"))
    assert wish("users.logout", b"") == c.EndSessions(None, wire=True)
    assert wish("users.logout", {"userId": "a"}) == c.EndSessions(SubjectRef("handle", "a"), wire=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("userId=a", SubjectRef("handle", "a")),
        ("username=a", SubjectRef("login", "a")),
        ("email=a%40b.test", SubjectRef("email", "a@b.test")),
        ("userId=a&email=b", SubjectRef("handle", "a")),
    ],
)
def test_info(query: str, found: SubjectRef) -> None:
    """One user, by any of the names."""
    assert user_reading.show_user(asked(query=query, method="GET"), settings()) == c.ShowUser(found)


@pytest.mark.parametrize("query", ["fields={", "query=nonsense", "fields=[]", "userId=a&fields=7"])
def test_odd_query(query: str) -> None:
    """What is no JSON object is refused in words of its own."""
    request = asked(query=f"username=a&{query}", method="GET")
    body = {"success": False, "error": "Invalid query parameters"}
    assert told(user_reading.show_user(request, settings()), ROUTES["users.info"], request) == (400, body)


# --- adding and changing


@PROFILES
def test_create(profile: str) -> None:
    """The four fields that are wanted are enough."""
    expected = c.CreateUser("bob", "b@example.test", "Bob", Secret(PASSWORD))
    assert wish("users.create", NEW, profile) == expected


def test_create_in_full() -> None:
    """What we keep is taken; of what we do not keep nothing is left."""
    more = {
        "roles": ["admin", "user", "Own"], "active": False, "verified": True, "requirePasswordChange": True,
        "bio": "b", "nickname": "n", "statusText": "s", "joinDefaultChannels": True, "sendWelcomeEmail": True,
        "customFields": {"a": [1]}, "fields": "f", "freeSwitchExtension": "1",
    }  # fmt: skip
    found = wish("users.create", {**NEW, **more}, "modern", auto_email_two_factor=True)
    assert found == c.CreateUser(
        "bob", "b@example.test", "Bob", Secret(PASSWORD), must_change=True,
        roles=("Administrators", "Members", "Own"), suspended=True, email_verified=True, mail_code=True,
    )  # fmt: skip


def test_create_without_a_password() -> None:
    """A password that the server is to draw is none here: nobody would be told it."""
    assert wish("users.create", {**NEW, "setRandomPassword": True}).password is None
    rest = {name: value for name, value in NEW.items() if name != "password"}
    assert wish("users.create", {**rest, "setRandomPassword": True}).password is None


@pytest.mark.parametrize("field", ["email", "name", "password", "username"])
@pytest.mark.parametrize("value", ["", None])
def test_create_without_a_field(field: str, value: str | None) -> None:
    """The field is named, in the words of the profile."""
    request = asked({**NEW, field: value})
    word = field.capitalize()
    found = told(user_reading.create_user(request, settings()), ROUTES["users.create"], request)
    assert found == (
        400,
        {
            "success": False,
            "error": f"The field {word} is required [error-the-field-is-required]",
            "errorType": "error-the-field-is-required",
            "details": {"method": "insertOrUpdateUser", "field": word},
        },
    )
    later = told(user_reading.create_user(request, settings("modern")), ROUTES["users.create"], request, "modern")
    assert later == found or later[1] == {
        "success": False, "errorType": "invalid-params", "error": f"must have required property '{field}'",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["x y", "ünï", "a/b", "a@b", "a\0b", "名前"])
@pytest.mark.parametrize("operation", ["users.create", "users.update"])
def test_odd_user_names(name: str, operation: str) -> None:
    """The product takes letters, digits, dots, dashes and underscores."""
    body = {**NEW, "username": name} if operation == "users.create" else {"userId": "a", "data": {"username": name}}
    request = asked(body)
    status, answer = told(ROUTES[operation].read(request, settings()), ROUTES[operation], request)
    assert status == 400
    assert answer["errorType"] in ("error-input-is-not-a-valid-field", "invalid-params")
    assert "\0" not in answer["error"]


@pytest.mark.parametrize("name", ["all", "here", "admin", "administrator", "system", "user", "ADMIN"])
def test_reserved_names(name: str) -> None:
    """They are nobody's on this wire, in the words of each call."""
    create = asked({**NEW, "username": name})
    status, answer = told(user_reading.create_user(create, settings()), ROUTES["users.create"], create)
    assert (status, answer["error"]) == (400, f"{name} is blocked and can't be used! [error-blocked-username]")
    assert answer["details"] == {"method": "checkUsernameAvailability", "field": name}
    update = asked({"userId": "a", "data": {"username": name}})
    _, answer = told(user_reading.edit_user(update, settings()), ROUTES["users.update"], update)
    assert answer["error"] == "Could not save user identity [error-could-not-save-identity]"
    register = asked({"username": name, "email": "a@b.test", "pass": PASSWORD})
    _, answer = told(user_reading.register(register, settings()), ROUTES["users.register"], register)
    assert answer == {"success": False, "error": "The username provided is not valid"}


def test_update() -> None:
    """What is not given stays; a password that is empty or to be drawn is none."""
    ref = SubjectRef("handle", "a")
    assert wish("users.update", {"userId": "a", "data": {}}) == c.EditUser(ref)
    assert wish("users.update", {"userId": "a", "data": {"password": "", "username": ""}}) == c.EditUser(ref)
    drawn = {"password": PASSWORD, "setRandomPassword": True}
    assert wish("users.update", {"userId": "a", "data": drawn}) == c.EditUser(ref)
    data = {
        "email": "a@b.test", "name": "A", "username": "a", "password": PASSWORD, "active": True, "verified": False,
        "roles": ["user", "user"], "requirePasswordChange": True, "status": "online",
    }  # fmt: skip
    assert wish("users.update", {"userId": "a", "data": data, "confirmRelinquish": True}) == c.EditUser(
        ref, "a", "a@b.test", "A", email_verified=False, roles=("Members",), active=True, password=Secret(PASSWORD),
        must_change=True,
    )  # fmt: skip


@pytest.mark.parametrize("data", [{"roles": ["a\0b"]}, {"name": "a\0b"}, {"email": "a\0b"}, {"bio": "a\0b"}])
@PROFILES
def test_a_nul_is_in_no_field(data: Any, profile: str) -> None:
    """Not every store can be asked for one."""
    assert isinstance(wish("users.update", {"userId": "a", "data": data}, profile), Denied)
    assert isinstance(wish("users.update", {"userId": "a\0", "data": {}}, profile), Denied)


def test_a_weak_password_is_told_by_its_faults() -> None:
    """Each fault has a line, under the vendor's name where it has one."""
    faults = {"too_short": "has fewer than 15 characters", "blocked": "is a word"}
    denied = Denied(Reason.WEAK_PASSWORD, Weak({"password": "…"}, faults))
    for operation in ("users.create", "users.update", "users.updateOwnBasicInfo", "users.register"):
        status, answer = told(denied, ROUTES[operation], asked())
        assert (status, answer["errorType"]) == (400, "error-password-policy-not-met")
        assert [line["error"].rpartition("-")[2] for line in answer["details"]] == ["minLength", "forbiddenPassword"]


# --- oneself


@pytest.mark.parametrize(
    ("data", "route"),
    [
        ({"name": "A"}, user_routes.EDIT),
        ({"username": "a", "bio": "b"}, user_routes.EDIT),
        ({"currentPassword": DIGEST}, user_routes.EDIT),
        ({"email": "a@b.test"}, user_routes.CHANGE),
        ({"newPassword": "p"}, user_routes.CHANGE),
        ({"newPassword": ""}, user_routes.EDIT),
        ({}, user_routes.EDIT),
        ("nonsense", user_routes.EDIT),
    ],
)
def test_what_wants_the_current_password(data: Any, route: Route) -> None:
    """A new password and a new address do."""
    assert user_routes.own_change(asked({"data": data})) is route


def test_own_change() -> None:
    """The digest of the current password is the proof, and no header is."""
    body = {"data": {"email": "a@b.test", "newPassword": PASSWORD, "currentPassword": DIGEST}}
    request = asked(body, x_auth_token="t", x_user_id="u", x_2fa_code="123456", x_2fa_method="totp")
    assert user_routes.CHANGE.present is not None
    shown = user_routes.CHANGE.present(request)
    assert not isinstance(shown, Denied)
    assert (shown.proof, shown.method) == (Proof("current_digest", Secret(DIGEST)), "")
    assert user_reading.change_self(request, settings()) == c.ChangeSelf(None, None, "a@b.test", Secret(PASSWORD))
    bare = user_reading.change_self(asked({"data": {"email": "a@b.test"}}), settings())
    assert bare == Denied(Reason.STEP_UP_REQUIRED, Challenge("password"))


@pytest.mark.parametrize(
    ("value", "classic", "modern"),
    [
        (True, True, True),
        (False, False, False),
        ("true", None, True),
        ("false", None, False),
        (1, None, True),
        (0, None, False),
        ("yes", None, None),
        ([], None, None),
        ({}, None, None),
        (None, None, None),
    ],
)
@PROFILES
def test_standing(value: Any, classic: bool | None, modern: bool | None, profile: str) -> None:
    """Whatever a truth value is spelled like, nobody is let in or stopped against the word of the body."""
    request = asked({"userId": "a", "activeStatus": value})
    found = user_routes.standing(request).read(request, settings(profile))
    expected = classic if profile == "classic" else modern
    ref = SubjectRef("handle", "a")
    if expected is None:
        assert isinstance(found, Denied)
        assert found.reason is Reason.MALFORMED
    else:
        assert found == (c.ReinstateUser(ref) if expected else c.SuspendUser(ref))


# --- what a realm switches on


def test_tokens_for_others() -> None:
    """The older profile wants a switch, the newer one a secret; an empty one lets nobody through."""
    off = Denied(Reason.FORBIDDEN, Named("setting", "rocketchat.create_token"))
    made = c.IssueDelegation(SubjectRef("handle", "a"), "users.createToken")
    assert wish("users.createToken", {"userId": "a"}) == off
    assert wish("users.createToken", {"userId": "a"}, create_token=True) == made
    told = {"userId": "a", "secret": "s"}
    assert wish("users.createToken", told, "modern", create_token=True) == off
    assert wish("users.createToken", told, "modern", create_token_secret="s") == made
    assert wish("users.createToken", {**told, "secret": "x"}, "modern", create_token_secret="s") == off
    for nothing in ("", None):
        assert isinstance(wish("users.createToken", {**told, "secret": nothing}, "modern"), Denied)


@PROFILES
def test_who_is_asked_for_a_proof(profile: str) -> None:
    """Adding users wants one in the newer profile alone; changing them, and acting for them, in both."""
    later = profile == "modern"
    rules = {o: chosen(r.step_up, settings(profile)) for o, r in ROUTES.items()}
    assert (rules["users.create"] is not None) is later
    acting = rules["users.createToken"]
    assert acting is not None
    assert acting.fallback is later, "the password is no factor"
    assert (in_later_versions(settings(profile)) is not None) is later
    always = {o for o, rule in rules.items() if rule is not None and rule.methods} - {
        "users.create",
        "users.createToken",
    }
    assert always == {
        "users.generatePersonalAccessToken", "users.regeneratePersonalAccessToken", "users.removePersonalAccessToken",
        "users.update", "users.2fa.disableEmail", "users.resetTOTP", "users.enableTotp", "users.validateTotp",
        "users.regenerateTotpCodes", "users.disableTotp",
    }  # fmt: skip
    anew = {o for o in always if not rules[o].remembered}
    assert anew == {"users.2fa.disableEmail", "users.resetTOTP", "users.regenerateTotpCodes", "users.disableTotp"}


@pytest.mark.parametrize("route", CHOSEN, ids=lambda r: r.command.__name__)
def test_what_a_body_chooses_fits_the_product(route: Route) -> None:
    """A door behind another one's path asks for as much as any."""
    row = CONTENTS[route.command]
    assert row.assurance.name != "REPROVED" or route.present is not None
    assert ROUTES[route.operation].path == route.path
    assert set(route.refusals) <= set(Reason)


# --- codes


@pytest.mark.parametrize(
    ("code", "proof"),
    [
        ("123456", Proof("totp", Secret("123456"))),
        ("aB3dE6gH", Proof("recovery", Secret("aB3dE6gH"))),
        ("abcd-efgh-2345-6777", Proof("recovery", Secret("abcd-efgh-2345-6777"))),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_code_in_the_body_is_the_proof(code: Any, proof: Proof | None) -> None:
    """A recovery code stands in the place of the authenticator's."""
    assert codes.shown(asked({"code": code})) == proof


def test_what_codes_wish() -> None:
    """Each call, with the code where it is one of the wish itself."""
    assert wish("users.validateTotp", {"code": "1"}) == c.ConfirmFactor("", Secret("1"), with_recovery=True)
    assert wish("users.regenerateTotpCodes", {"code": "1"}) == c.EnrolFactor("recovery", short=True)
    assert wish("users.disableTotp", {"code": "1"}) == c.RemoveFactor(kind="totp")
    assert wish("users.2fa.sendEmailCode", {"emailOrUsername": "a"}) == c.MailCode("a")
    assert wish("users.forgotPassword", {"email": "no address"}) == c.RequestReset("no address", by="email")


# --- the profiles


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())))
def test_any_body_is_read(body: dict[str, Any]) -> None:
    """Whatever a body holds, it is a wish or a refusal that can be told, in both profiles."""
    for profile in ("classic", "modern"):
        for route in DIALECT.routes:
            for sent in (body, {"data": body, "userId": "a"}):
                request = asked(sent)
                doors = (route, *((route.choose(request),) if route.choose is not None else ()))
                for door in doors:
                    found = door.read(request, settings(profile))
                    assert isinstance(found, (Denied, door.command))
                    if isinstance(found, Denied):
                        assert told(found, door, request, profile)[0] in (200, 400, 403)


def test_every_difference_is_one() -> None:
    """A field of the profile that is the same in both would be no difference."""
    fields = [f for f in p.Profile.__struct_fields__ if getattr(p.CLASSIC, f) == getattr(p.MODERN, f)]
    assert fields == []
    assert p.profile(settings("modern")) is p.MODERN
    assert p.profile(Settings()) is p.CLASSIC


@pytest.mark.parametrize(
    ("sentence", "text"),
    [(p.MISSING, "must have required property 'x'"), (p.EMPTY, "must NOT have fewer than 1 characters"),
     (p.UNKNOWN, "must NOT have additional properties"), ("wants text", "must be string"),
     ("wants true or false", "must be boolean"), ("wants a list", "must be array"),
     ("is too long", "'x' is too long")],
)  # fmt: skip
def test_schema_words(sentence: str, text: str) -> None:
    """The newer profile says what a schema would say."""
    answer = DIALECT.refuse(Denied(Reason.MALFORMED, Fields({"x": sentence})), None, settings("modern"), asked())
    assert msgspec.json.decode(answer.body) == {"success": False, "errorType": "invalid-params", "error": text}
