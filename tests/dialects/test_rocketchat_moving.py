"""Users of an exported collection, read: what arrives, what is left and why, and that nothing is shown."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.imports import Arrival, ArrivingToken, Reading
from keyturn.core.types import Instant, Secret
from keyturn.dialects.rocketchat import moving
from tests.exported import SEED, digest, hashed, password, personal, session, totp, user

HASH = "$2b$10$" + "a" * 21 + "e" + "a" * 31
NOON = 1_600_000_000_000
AT = Instant(NOON * 1000)


def read(document: Any) -> Reading:
    """The document, read as line 7."""
    return moving.read(document if isinstance(document, bytes) else msgspec.json.encode(document), 7)


def arrived(document: Any) -> Arrival:
    """Who arrives by that document, with nothing left."""
    reading = read(document)
    assert reading.left == ()
    assert reading.arrival is not None
    return reading.arrival


def left(document: Any) -> list[tuple[str, str]]:
    """What is left of that document, and why; the user is taken otherwise."""
    reading = read(document)
    assert reading.arrival is not None
    assert {(each.line, each.login) for each in reading.left} <= {(7, "jean")}
    return [(each.what, each.why) for each in reading.left]


def refused(document: Any) -> str:
    """Why the whole user is left."""
    reading = read(document)
    assert reading.arrival is None
    (why,) = reading.left
    assert (why.line, why.what) == (7, "user")
    return why.why


def token(**changes: Any) -> dict[str, Any]:
    """A token by name with these fields other than usual."""
    return {**personal("p" * 43), **changes}


# --- what arrives


def test_a_user_arrives_with_everything() -> None:
    """Ids, names, flags, roles, password, factors and tokens are as the collection has them."""
    services = {
        "password": {"bcrypt": HASH},
        "totp": totp("Ab3dEf7h", "Zz9yXx8w"),
        "email2fa": {"enabled": True, "changedAt": {"$date": NOON}},
        "resume": {
            "loginTokens": [
                {"hashedToken": hashed("one"), "when": {"$date": NOON}},
                {**personal("x" * 37 + "last66", bypass=True), "createdAt": {"$date": {"$numberLong": str(NOON)}}},
            ]
        },
    }
    roles = ["admin", "user", "livechat-agent"]
    got = arrived(user(services=services, roles=roles, requirePasswordChange=True, createdAt={"$date": NOON}))
    assert (got.line, got.handle, got.login, got.display_name) == (7, "jeanAAAAAAAAAAAAA", "jean", "Jean")
    assert (got.email, got.email_verified, got.mail_code) == ("jean@example.test", True, True)
    assert (got.service, got.suspended, got.created, got.last_login) == (False, False, AT, None)
    assert got.roles == ("Administrators", "Members", "livechat-agent")
    assert (got.password, got.must_change) == (Secret(f"sha256-bcrypt:{HASH}"), True)
    assert (got.seed, got.codes) == (Secret(SEED), (Secret(digest("Ab3dEf7h")), Secret(digest("Zz9yXx8w"))))
    one, two = got.tokens
    assert (one.kind, one.created, one.name, one.last6, one.bypass) == ("session", AT, None, "", False)
    assert (two.kind, two.created, two.name, two.last6, two.bypass) == ("personal", AT, "ci", "last66", True)
    assert len(one.digest) == 32


@pytest.mark.parametrize(
    ("more", "service", "roles"),
    [
        ({"type": "bot", "roles": ["bot"]}, True, ()),
        ({"type": "app", "roles": ["app"]}, True, ()),
        ({"roles": ["bot", "user"]}, True, ("Members",)),
        ({"type": None, "roles": None}, False, ()),
    ],
)
def test_machines_and_roles(more: dict[str, Any], service: bool, roles: tuple[str, ...]) -> None:
    """A bot or an app is a machine; those words are no roles."""
    got = arrived(user(**more))
    assert (got.service, got.roles) == (service, roles)


@pytest.mark.parametrize("more", [{"active": False}, {"active": None}])
def test_who_is_not_active_may_not_act(more: dict[str, Any]) -> None:
    """Only an active user is one there: whoever does not say so is suspended."""
    assert arrived(user(**more)).suspended
    assert not arrived(user()).suspended


def test_a_user_without_anything() -> None:
    """An id and a username are enough."""
    got = arrived({"_id": "rocket.cat", "username": "rocket.cat", "active": True})
    assert got == Arrival(7, "rocket.cat", "rocket.cat")
    assert arrived({"_id": "a", "username": "b", "services": {}, "emails": [], "active": True}).email == ""


def test_a_mail_code_wants_a_verified_address() -> None:
    """Asked for a code by mail is who has it switched on and an address known to be theirs."""
    on = {"email2fa": {"enabled": True}}
    assert not arrived(user(services=on, emails=[{"address": "a@b.test", "verified": False}])).mail_code
    assert not arrived(user(services={"email2fa": {"enabled": False}})).mail_code
    assert arrived(user(services=on)).mail_code


def test_an_authenticator_that_is_off_is_none() -> None:
    """A seed that was never confirmed, and its codes, stay behind."""
    got = arrived(user(services={"totp": {**totp("Ab3dEf7h", enabled=False), "tempSecret": SEED}}))
    assert (got.seed, got.codes) == (None, ())


@pytest.mark.parametrize(
    "spelled",
    [
        {"$date": "2020-09-13T12:26:40Z"},
        {"$date": "2020-09-13T12:26:40.000Z"},
        {"$date": "2020-09-13T14:26:40.000+0200"},
        {"$date": "2020-09-13T12:26:40"},
        {"$date": {"$numberLong": "1600000000000"}},
        {"$date": NOON},
        "2020-09-13T12:26:40Z",
        NOON,
    ],
)
def test_dates_of_every_version(spelled: Any) -> None:
    """Extended JSON of both versions, canonical and relaxed, tells the same instant."""
    assert moving.instant(spelled) == AT
    assert datetime.fromtimestamp(NOON / 1000, UTC).isoformat() == "2020-09-13T12:26:40+00:00"


@pytest.mark.parametrize(
    "spelled",
    [None, {}, {"$date": None}, {"$date": "soon"}, {"$date": {"$numberLong": "x"}}, {"$date": True}, 1.5, [], "", True]
    + [{"$date": -1}, {"$date": 10**19}, {"$numberLong": "1"}, {"$date": {"$numberLong": "9" * 30}}, "0000-00-00"],
)
def test_what_is_no_date_is_none(spelled: Any) -> None:
    """No other form, and none before 1970 or after 9999."""
    assert moving.instant(spelled) is None


# --- who is left whole


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"{", "is no JSON, or cut off"),
        (b'{"_id":"a","username":"\xff"}', "is no JSON, or cut off"),
        (b'{"_id":"a","x":' + b"[" * 100_000, "is no JSON, or cut off"),
        (b"[]", "is no JSON, or cut off"),
        ({"username": "jean"}, "_id"),
        (user(id={"$oid": "5f0000000000000000000000"}), "_id"),
        (user(id="a b"), "has an _id"),
        (user(id=""), "has an _id"),
        (user(username=None), "has no username"),
        (user(username=""), "has no username"),
        (user(username="a\u200bb"), "has a username"),
        (user(username=5), "username"),
        (user(name=5), "name"),
        (user(active="yes"), "active"),
        (user(emails={"address": "x"}), "emails"),
        (user(roles="admin"), "roles"),
        (user(services={"password": {"bcrypt": 5}}), "services"),
        (user(services={"resume": {"loginTokens": {}}}), "services"),
        (user(type="visitor"), "is neither"),
        (user(federated=True), "belongs to another server"),
        (user(isRemote=True), "belongs to another server"),
        (user(services={"totp": totp(secret="0189")}), "has an authenticator"),
        (user(services={"totp": {"enabled": True}}), "has an authenticator"),
    ],
)
def test_who_cannot_be_taken(document: Any, why: str) -> None:
    """A wrong form, no name, another kind of thing, or a factor that cannot be carried: the whole user is left."""
    assert refused(document).startswith(why)


def test_whom_a_broken_document_is_about() -> None:
    """The username is told also where another field is wrong; one that cannot be shown is not."""
    assert [each.login for each in read(user(name=5)).left] == ["jean"]
    assert [each.login for each in read(user(name=5, username="a\x1b[2J")).left] == [None]
    assert [each.login for each in read(user(name=5, username=["x"])).left] == [None]
    assert [each.login for each in read(b"{").left] == [None]


# --- what is left of somebody who is taken


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"emails": [{"address": "nonsense", "verified": True}]}, "email"),
        ({"name": "a\nb"}, "name"),
        ({"name": "n" * 300}, "name"),
        ({"roles": ["user", "a\u200b"]}, "role"),
        ({"services": {"password": {"bcrypt": "$argon2id$x"}}}, "password"),
        ({"services": {"password": {"bcrypt": ""}}}, "password"),
        ({"services": {"totp": totp() | {"hashedBackup": ["nonsense"]}}}, "backup codes"),
        ({"services": {"totp": totp("same", "same")}}, "backup codes"),
    ],
)
def test_what_is_left_of_a_user(more: dict[str, Any], what: str) -> None:
    """What does not fit is left, one by one, and the user is taken without it."""
    assert [each for each, _ in left(user(**more))] == [what]


@pytest.mark.parametrize(
    ("held", "what"),
    [
        (5, "token"),
        ({"hashedToken": 5}, "token"),
        ({"when": {"$date": NOON}}, "token"),
        ({"hashedToken": "nonsense", "when": {"$date": NOON}}, "session"),
        ({"hashedToken": hashed("x")[:40], "when": {"$date": NOON}}, "session"),
        ({"hashedToken": hashed("x")}, "session"),
        (token(type="something"), "token ci"),
        (token(createdAt=None, when={"$date": NOON}), "token ci"),
        (token(name=None), "token"),
        (token(name=""), "token"),
        (token(name="a\x1bb"), "token"),
        (token(name="n" * 201), f"token {'n' * 201}"),
    ],
)
def test_what_is_no_token(held: Any, what: str) -> None:
    """Such a token is left; the one beside it is taken."""
    good = session("good")
    document = user("jean", held, good)
    assert [each for each, _ in left(document)] == [what]
    assert [t.kind for t in read(document).arrival.tokens] == ["session"]  # type: ignore[union-attr]


def test_names_of_tokens_are_apart() -> None:
    """Of two tokens of one name the first is taken."""
    document = user("jean", personal("a" * 43), personal("b" * 43), personal("c" * 43, "other"))
    assert left(document) == [("token ci", "has the name of another token")]
    assert [t.name for t in read(document).arrival.tokens] == ["ci", "other"]  # type: ignore[union-attr]


@pytest.mark.parametrize("part", ["a\nb", "\u00e9", None])
def test_the_end_of_a_token_can_be_shown(part: str | None) -> None:
    """Anything else is not kept."""
    assert arrived(user("jean", token(lastTokenPart=part))).tokens[0].last6 == ""


# --- nothing is shown


def test_nothing_that_proves_anybody_is_shown() -> None:
    """Neither the reading nor what is left of it shows a hash, a seed or a code; a token's digest is bytes."""
    broken = {"password": {"bcrypt": "canary-hash"}, "totp": totp("Ab3dEf7h") | {"hashedBackup": ["canary-code"]}}
    broken["resume"] = {"loginTokens": [{"hashedToken": "canary-token", "when": {"$date": NOON}}]}
    assert "canary" not in repr(read(user(services=broken)))
    whole = read(user(services={"password": password(), "totp": totp("Ab3dEf7h")}))
    assert not any(secret in repr(whole) for secret in ("$2b$", SEED, digest("Ab3dEf7h")))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_nothing_of_any_form_breaks_the_reader(junk: Any) -> None:
    """Whatever stands in a field, the user is taken or left, and the reader goes on."""
    for field in ("_id", "username", "name", "emails", "active", "type", "roles", "createdAt", "services"):
        reading = read({**user(), field: junk})
        assert reading.arrival is not None or reading.left
    for field in ("hashedToken", "when", "type", "createdAt", "lastTokenPart", "name", "bypassTwoFactor"):
        reading = read(user("jean", token(**{field: junk})))
        assert reading.arrival is not None
        assert all(isinstance(each, ArrivingToken) for each in reading.arrival.tokens)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(junk: bytes) -> None:
    """A document of any bytes is read or left."""
    reading = read(junk)
    assert reading.arrival is not None or len(reading.left) == 1
