"""The Pyramid wire: who gets a token for whom, for how long, and what nobody is told."""

from typing import Any

import msgspec
import pytest

from keyturn.core import commands as c
from keyturn.core.digests import digest
from keyturn.core.hashes import Attempt
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Realm, Role, Secret, Subject, SubjectView
from keyturn.dialects.pyramid import DIALECT
from keyturn.dialects.pyramid.answers import admin_type, licence, user
from keyturn.store import realms, roles, tokens
from keyturn.store.engine import Kept, Tx
from keyturn.wire import Request, Route
from tests.dialects.asked import Answer, ask
from tests.houses import PASSWORD, Held, Household, Person, reason
from tests.served import Served

HOUR = 3600
SECOND = 1_000_000
SECTION = "/API3/authentication"
CREDENTIALS = "Invalid credentials."
BAD_TOKEN = "Invalid token."
NOBODY = "User not found, or not permitted."


def sign_in(house: Household, name: str, password: str = PASSWORD, **more: Any) -> Answer:
    """The answer to a sign-in by password."""
    return ask(house, "POST", f"{SECTION}/authenticateUser", {"username": name, "password": password, **more})


def by_token(house: Household, token: str, identity: str, **more: Any) -> Answer:
    """The answer to a sign-in by an administrator's token."""
    body = {"userIdentity": identity, "token": token, **more}
    return ask(house, "POST", f"{SECTION}/authenticateUserByToken", body)


def me(house: Household, token: str) -> Answer:
    """The answer to the look-up of the caller."""
    return ask(house, "POST", "/API3/access/getMe", paToken=token)


def steward(house: Household, **grant: Any) -> tuple[Person, str]:
    """Somebody who administers every realm, and a token of theirs on this wire."""
    person = house.person("root", "Stewards")
    return person, house.token(person, dialect="pyramid", **grant).secret.reveal()


def row(house: Household, secret: str) -> tokens.Found:
    """What the store holds of a token."""
    found = house.read(lambda tx: tokens.find(tx, digest(Secret(secret))))
    assert found is not None
    result: tokens.Found = found
    return result


def life(house: Household, secret: str) -> int:
    """How many seconds a token was given."""
    token = row(house, secret).token
    assert token.expires is not None
    return round((token.expires - token.created) / SECOND)


# --- lives


def test_lives_are_those_of_the_realm(house: Household) -> None:
    """Eight hours and one hour, or what the realm chose; a year at most, eight hours for an hour's sort."""
    house.person("root", "Stewards")
    house.person("bob")
    admin = sign_in(house, "root").text
    assert (life(house, admin), life(house, by_token(house, admin, "bob").text)) == (8 * HOUR, HOUR)
    house.choose(pyramid__token_lifetime=30 * 24 * HOUR, pyramid__by_token_lifetime=100 * HOUR)
    admin = sign_in(house, "root").text
    assert (life(house, admin), life(house, by_token(house, admin, "bob").text)) == (30 * 24 * HOUR, 8 * HOUR)
    house.choose(pyramid__token_lifetime=1000 * 24 * HOUR)
    assert life(house, sign_in(house, "root").text) == 365 * 24 * HOUR


def test_a_token_by_token_never_outlives_the_administrators(house: Household) -> None:
    """Ten minutes left are ten minutes given."""
    _, admin = steward(house, life=600)
    house.person("bob")
    token = by_token(house, admin, "bob").text
    assert row(house, token).token.expires == row(house, admin).token.expires
    house.clock.forward(601)
    assert me(house, token).status == 401


@pytest.mark.parametrize("end", ["token ended", "suspended", "demoted", "subject suspended"])
def test_it_dies_with_what_it_rests_on(house: Household, end: str) -> None:
    """The administrator's token, the administrator, their role, the user."""
    person, admin = steward(house)
    other = house.token(house.person("second", "Stewards"))
    bob = house.person("bob")
    token = by_token(house, admin, "bob").text
    assert me(house, token).json["userName"] == "bob"
    wish = {
        "token ended": c.RevokeSecret(house.token(person, dialect="pyramid").secret),
        "suspended": c.SuspendUser(person.ref),
        "demoted": c.SetRoles(person.ref, ("Viewers",)),
        "subject suspended": c.SuspendUser(bob.ref),
    }[end]
    if end == "token ended":
        house.store.write(lambda tx: Kept(tokens.end(tx, row(house, admin).token, "revoked", house.store.now())))
    else:
        assert reason(house.wish(other, wish)) is None
    assert (me(house, token).status, me(house, token).text) == (401, BAD_TOKEN)


# --- whose token


@pytest.mark.parametrize("kind", ["delegated", "personal", "api"])
def test_only_a_session_is_an_administrators_token(house: Household, kind: str) -> None:
    """No other kind of token of this wire signs anybody in, delegated ones least."""
    person = house.person("root", "Stewards")
    house.person("bob")
    held = house.token(person, kind, "pyramid")
    assert by_token(house, held.secret.reveal(), "bob") == Answer(400, BAD_TOKEN.encode(), "text/plain;charset=utf-8")


def test_nobody_but_an_administrator_signs_others_in(house: Household) -> None:
    """The right to act for others is not enough on this wire, and the answer tells of no name."""

    def job(tx: Tx) -> Kept:
        home = realms.home(tx)
        return Kept(roles.put(tx, home.id, "Actors", ("users:act_for:*",), ""))

    house.store.write(job)
    bob = house.person("bob")
    for role in ("Actors", "Help Desk", "Viewers"):
        token = house.token(house.person("", role), dialect="pyramid").secret.reveal()
        assert {by_token(house, token, name).text for name in (bob.login, "nobody")} == {NOBODY}


def test_the_border_of_a_realm(house: Household) -> None:
    """Unknown, elsewhere, in a realm that is not there: one answer; the name of the own realm may be written."""
    house.realm("acme")
    house.person("carl", realm="acme")
    house.person("bob", email="bob@example.test")
    token = house.token(house.person("", "Administrators"), dialect="pyramid").secret.reveal()
    refused = [by_token(house, token, name) for name in ("nobody", "carl", "acme\\carl", "nosuch\\carl", "\\bob", "")]
    assert set(refused) == {Answer(400, NOBODY.encode(), "text/plain;charset=utf-8")}
    for name in ("bob", "BOB", "bob@example.test", "default\\bob", "Default\\Bob"):
        assert me(house, by_token(house, token, name).text).json["userName"] == "bob"


def test_what_a_client_wants_kept_is_kept(house: Household) -> None:
    """Its own data and domain stand on the token and in the record, beside the reason."""
    _, admin = steward(house)
    house.person("bob")
    token = by_token(house, admin, "bob", customData='{"a":\n"b\0"}', domain="d.example").text
    assert row(house, token).token.claims == {"domain": "d.example", "customData": '{"a":\n"b\0"}'}
    detail = house.one("SELECT detail FROM audit WHERE verb = 'delegations:issue'")
    assert '"reason":"pyramid by-token"' in detail
    assert "d.example" in detail
    mine = sign_in(house, "root", customData="c").text
    assert row(house, mine).token.claims == {"customData": "c"}


# --- what nobody is told


def test_one_answer_for_whatever_keeps_a_sign_in_out(house: Household) -> None:
    """Unknown, wrong, locked, suspended, managed elsewhere, to change first, with a factor, in no such realm."""
    house.person("right")
    house.person("gone", state="suspended")
    house.person("away", password=None, remote=True)
    house.person("due", must_change=True)
    house.factor(house.person("factored"))
    names = ("gone", "away", "due", "factored", "nobody", "nosuch\\right", "ri\0ght", "x" * 5000, "\\")
    answers = {sign_in(house, name) for name in names} | {sign_in(house, "right", "wrong")}
    for _ in range(9):
        sign_in(house, "right", "wrong")
    answers.add(sign_in(house, "right"))
    assert answers == {Answer(400, CREDENTIALS.encode(), "text/plain;charset=utf-8")}
    house.clock.forward(301)
    assert sign_in(house, "right").status == 200


def test_a_realm_that_is_not_there_takes_as_long_as_a_wrong_password(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One evaluation each, so names of realms are not found out by the clock."""
    house.realm("acme")
    evaluated: list[str | None] = []
    hasher = house.house.hasher
    verify = hasher.verify

    def counting(stored: str | None, attempt: Attempt) -> bool:
        evaluated.append(stored)
        return verify(stored, attempt)

    monkeypatch.setattr(hasher, "verify", counting)
    for name in ("acme\\nobody", "nosuch\\nobody", "nobody"):
        sign_in(house, name)
    assert evaluated == [None, None, None]


# --- the user's object


def view(display_name: str = "", attributes: dict[str, Any] | None = None, *held: Role) -> SubjectView:
    """A user in a realm."""
    now: Any = 1_700_000_000_123_456
    subject = Subject(
        1, 1, "u-u-i-d", 7, "handle", "jean", "jean@example.test", True, display_name, False, False, False, "suspended",
        0, now, now, None, attributes or {}, (),
    )  # fmt: skip
    return SubjectView(
        subject, held, (), False, False, None, None, Realm(1, "tenant", "default", "", True, 0, Settings())
    )


def role(name: str, built_in: bool) -> Role:
    """A role of that name."""
    return Role(1, 1, f"role-{name}", 1, name, "", built_in, False, ())


def test_a_user_as_this_wire_shows_it() -> None:
    """Dates in milliseconds; no last login, no key; a suspended user is disabled."""
    shown = user(view("Jean  de Test", {}, role("Viewers", True)))
    assert (shown.first_name, shown.last_name) == ("Jean", "de Test")
    assert shown.created_date == 1_700_000_000_123
    assert shown.status == "DISABLED"
    assert shown.role_ids == ("role-Viewers",)
    assert b"lastLoginDate" not in msgspec.json.encode(shown)


@pytest.mark.parametrize(
    ("held", "word"),
    [
        ((), "None"),
        ((("Administrators", True),), "DomainAdmin"),
        ((("Administrators", True), ("Stewards", True)), "EnterpriseAdmin"),
        ((("Stewards", False),), "None"),
        ((("Help Desk", True),), "None"),
    ],
)
def test_administrators_by_built_in_roles_alone(held: tuple[tuple[str, bool], ...], word: str) -> None:
    """A role of the user's own making counts for nothing, whatever its name."""
    assert admin_type(view("", {}, *(role(*pair) for pair in held))) == word


@pytest.mark.parametrize(("given", "word"), [("Professional", "Professional"), ("Gold", "Viewer"), (None, "Viewer")])
def test_a_licence_is_one_of_the_wires_words(given: str | None, word: str) -> None:
    """What is no licence shows as the usual one."""
    assert licence(view("", {"pyramid": {"licence": given}})) == word


# --- bad input and refusals

BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"17",
    b"{}",
    b"\xff\xfe",
    b'{"username":"\xff","userIdentity":"\xff","password":"x","token":"x"}',
    b'{"username":"a\x00b","userIdentity":"a\x00b","password":"x","token":"x"}',
    b'{"username":"\\ud800","userIdentity":"\\ud800","password":"x","token":"x"}',
    b'{"username":{"$ne":null},"userIdentity":{"$ne":null},"password":"x","token":"x"}',
    b'{"username":"x","userIdentity":"x","password":["x"],"token":["x"]}',
    b'{"username":"x","userIdentity":"x","password":null,"token":null}',
    b'{"username":"x","userIdentity":"x","password":1e400,"token":true}',
    b"[" * 100_000,
    b'{"username":' * 20_000,
    b'{"username":"x","userIdentity":"x","password":"' + b"p" * 1_048_576 + b'","token":"x"}',
    b'{"username":"' + b"x" * 200_000 + b'","userIdentity":"' + b"x" * 20_000 + b'","password":"x","token":"x"}',
)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_bad_bodies_hear_the_wires_own_error(served: Served) -> None:
    """On every route, with every content type: a short text, nothing told back, nothing on our side."""
    for route in DIALECT.routes:
        for body in BODIES:
            for media in ("application/json", "text/plain", "application/xml", ""):
                answer = served.request("POST", route.path, {"Content-Type": media}, body)
                assert answer.status in (400, 401, 413), (route.path, body[:40])
                assert answer.headers["content-type"] == "text/plain;charset=utf-8"
                assert len(answer.body) < 60
                assert b"xxxx" not in answer.body


@pytest.mark.parametrize("route", [None, *DIALECT.routes], ids=lambda r: r.operation if r else "none")
@pytest.mark.parametrize("reason", list(Reason), ids=lambda r: r.value)
def test_every_refusal_is_a_short_text_that_is_no_json(reason: Reason, route: Route | None) -> None:
    """Clients decide by the status, and one that reads JSON everywhere must not find any."""
    answer = DIALECT.refuse(Denied(reason), route, Settings(), Request("POST", "/API3", "", [], b""))
    assert answer.status >= 400
    assert answer.media == "text/plain;charset=utf-8"
    assert answer.body.endswith(b".")
    assert len(answer.body) < 60


def test_operation_ids_are_the_vendors_and_stay_apart() -> None:
    """Two names of one section, one id for each door."""
    ids = [route.operation for route in DIALECT.routes]
    assert len(ids) == len(set(ids))
    assert {"authenticateUser", "authenticateUserByToken", "getMe"} <= set(ids)


def test_a_token_is_never_json(house: Household) -> None:
    """Bare base64 with a letter and padding: a client that decodes every answer leaves it alone."""
    held: list[Held] = [house.token(house.person(), dialect="pyramid") for _ in range(20)]
    for one in held:
        text = one.secret.reveal()
        assert len(text) == 44
        assert text.endswith("=")
        assert any(letter.isalpha() for letter in text)
