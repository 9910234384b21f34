"""The PAM360 wire: whose token is replaced, for how long, who is barred, and what is told of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from keyturn.core.digests import digest
from keyturn.core.outcomes import Denied, Fields, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Instant, RealmRef, Secret, Subject
from keyturn.dialects.pam360 import DIALECT
from keyturn.dialects.pam360.access import ACCESS, ADDRESS, EXPIRY, bars
from keyturn.dialects.pam360.reading import present
from keyturn.store import realms, tokens
from keyturn.store.engine import Kept, Tx
from keyturn.wire import Request, Route
from tests.dialects.asked import PEER, Answer, ask
from tests.houses import Held, Household, Person

DAY = 86_400
REGENERATE = "/restapi/json/v1/user/regenerateAuthtoken"
USER_ID = "/restapi/json/v1/user/getUserId"
INVALID = "AUTHTOKEN is missing or not valid"
ALWAYS = {
    Reason.NO_SUCH_ROUTE: 404,
    Reason.WRONG_VERB: 405,
    Reason.TOO_LARGE: 413,
    Reason.UNSUPPORTED_MEDIA: 415,
    Reason.BROKEN: 500,
    Reason.BUSY: 503,
    Reason.UNAVAILABLE: 503,
}


def api(house: Household, person: Person, **grant: Any) -> Held:
    """That person's token on this wire."""
    return house.token(person, "api", "pam360", **grant)


def regenerate(house: Household, secret: str, **headers: str) -> Answer:
    """The answer to the documented call."""
    return ask(house, "PUT", REGENERATE, authtoken=secret, **headers)


def new_token(answer: Answer) -> str:
    """The token that was told."""
    token: str = answer.json["operation"]["Details"]["AUTHTOKEN"]
    return token


def message(answer: Answer) -> str:
    """What a refusal says."""
    result = answer.json["operation"]["result"]
    assert result["status"] == "Failed"
    text: str = result["message"]
    return text


# --- the token


def test_a_regenerated_token_begins_the_same_length_of_life_anew(house: Household) -> None:
    """After 50 of 100 days the new token has 100 days again, and the row is the same one."""
    held = api(house, house.person(), life=100 * DAY)
    house.clock.forward(50 * DAY)
    told = new_token(regenerate(house, held.secret.reveal()))
    found = house.read(lambda tx: tokens.by_uuid(tx, held.view.token.realm, held.view.token.uuid))
    assert found.token.id == held.view.token.id
    assert found.token.expires == found.secret.created + 100 * DAY * 1_000_000
    house.clock.forward(99 * DAY)
    assert regenerate(house, told).json["operation"]["result"]["status"] == "true"


def test_a_token_without_an_end_gets_none(house: Household) -> None:
    """Where no validity days are set, none appear."""
    held = api(house, house.person())
    regenerate(house, held.secret.reveal())
    found = house.read(lambda tx: tokens.by_uuid(tx, held.view.token.realm, held.view.token.uuid))
    assert found.token.expires is None


def test_an_expired_token_is_told_so_and_is_not_replaced(house: Household) -> None:
    """The one thing told of a token is that it was good once and its days are over."""
    held = api(house, house.person(), life=DAY)
    house.clock.forward(DAY + 1)
    answer = regenerate(house, held.secret.reveal())
    assert (answer.status, message(answer)) == (200, "AUTHTOKEN has expired")


def test_of_concurrent_calls_exactly_one_wins(house: Household) -> None:
    """Eight calls with one token: one new token, seven failures of authentication, one line in the record."""
    held = api(house, house.person())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: regenerate(house, held.secret.reveal()), range(8)))
    won = [a for a in answers if a.json["operation"]["name"] == "REGENERATE_AUTHTOKEN"]
    lost = [a for a in answers if a.json["operation"]["name"] == "Authentication"]
    assert (len(won), len(lost)) == (1, 7)
    assert {message(a) for a in lost} == {INVALID}
    assert len([line for line in house.lines("done") if line.verb == "tokens:rotate"]) == 1
    assert regenerate(house, new_token(won[0])).json["operation"]["name"] == "REGENERATE_AUTHTOKEN"


def test_a_call_that_began_earlier_and_comes_later_loses(house: Household) -> None:
    """Which call began first decides nothing: the store's clock of a call may be behind what the row says."""
    held = api(house, house.person())
    now = house.store.now()

    def job(tx: Tx) -> Kept:
        token, key = held.view.token, digest(held.secret)
        first = tokens.replace_secret(tx, token, key, None, None, now)
        return Kept((first, tokens.replace_secret(tx, token, key, None, None, Instant(now - 1_000_000))))

    first, second = house.store.write(job).value
    assert first is not None
    assert second is None


def test_four_characters_are_shown(house: Household) -> None:
    """The end that lists show is four characters long: 128 bits are not too many."""
    held = api(house, house.person())
    told = new_token(regenerate(house, held.secret.reveal()))
    found = house.read(lambda tx: tokens.by_uuid(tx, held.view.token.realm, held.view.token.uuid))
    assert held.view.secret.last6 == held.secret.reveal()[-4:]
    assert found.secret.last6 == told[-4:]


def test_the_record_names_the_token_and_never_holds_it(house: Household) -> None:
    """One line for the change, one for a barred caller, none for an unknown token."""
    held = api(house, house.person())
    barred = api(house, house.person(attributes={"pam360": {"rest_access": False}}))
    regenerate(house, held.secret.reveal())
    regenerate(house, barred.secret.reveal())
    regenerate(house, "00000000-0000-0000-0000-000000000000")
    told = [(line.result, line.reason, line.token) for line in house.lines() if line.verb == "tokens:rotate"]
    assert told == [("done", None, held.view.token.uuid), ("refused", "access_off", None)]


# --- who is barred


def someone(**known: Any) -> Subject:
    """A subject of whom this wire knows that."""
    return Subject(
        1, 1, "u", 1, "h", "jean", "", False, "", False, False, False, "active", 0, Instant(0), Instant(0), None,
        {"pam360": known}, (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({}, None),
        ({"rest_access": True}, None),
        ({"rest_access": False}, ACCESS),
        ({"rest_access": "false"}, ACCESS),
        ({"rest_access": None}, ACCESS),
        ({"host": ""}, None),
        ({"host": PEER}, None),
        ({"host": f" {PEER} "}, None),
        ({"host": f"::ffff:{PEER}"}, None),
        ({"host": "192.0.2.10"}, ADDRESS),
        ({"host": "client.example.test"}, ADDRESS),
        ({"host": ["192.0.2.1"]}, ADDRESS),
        ({"expires_on": None}, None),
        ({"expires_on": ""}, None),
        ({"expires_on": "NeverExpires"}, None),
        ({"expires_on": "2001-09-10"}, None),
        ({"expires_on": "2001-09-09"}, None),
        ({"expires_on": "2001-09-08"}, EXPIRY),
        ({"expires_on": "soon"}, EXPIRY),
        ({"expires_on": 20010910}, EXPIRY),
        ({"rest_access": False, "host": "192.0.2.10", "expires_on": "2001-09-08"}, ACCESS),
    ],
)
def test_what_bars_a_subject(known: dict[str, Any], word: str | None) -> None:
    """By interface, day and host; what cannot be read bars."""
    billion = Instant(1_000_000_000 * 1_000_000)  # 2001-09-09T01:46:40Z
    assert bars(someone(**known), PEER, billion) == word


def test_a_bar_holds_on_this_wire_alone(house: Household) -> None:
    """The same person's native session is none of this wire's business."""
    person = house.person(attributes={"pam360": {"rest_access": False}})
    assert house.opens(house.token(person)) is None


def test_the_host_is_that_of_the_connection(house: Household) -> None:
    """The recorded refusal from elsewhere, success from the host itself."""
    held = api(house, house.person(attributes={"pam360": {"host": PEER}}))
    elsewhere = ask(house, "PUT", REGENERATE, peer="192.0.2.9", authtoken=held.secret.reveal())
    assert elsewhere.text == (
        '{"operation":{"name":"Authentication","result":'
        '{"status":"Failed","message":"User is not allowed to access from this host"}}}'
    )
    assert regenerate(house, held.secret.reveal()).json["operation"]["result"]["status"] == "true"


# --- organisations


def grant(house: Household, realm: str, person: Person) -> None:
    """That person was granted that realm."""

    def job(tx: Tx) -> Kept:
        found = next(r for r in realms.all_realms(tx) if r.name == realm)
        tx.run("INSERT INTO realm_grants (realm, subject) VALUES ($1, $2)", found.id, person.subject.id)
        return Kept(None)

    house.store.write(job)


def test_a_granted_organisation_may_be_named(house: Household) -> None:
    """Its users are found, and the caller's token keeps its own realm's rules of life."""
    house.realm("acme", **{"lifetimes.api.max": 60})
    person = house.person("jean", "Viewers")
    held = api(house, person, life=100 * DAY)
    anna = house.person("anna", realm="acme")
    grant(house, "acme", person)
    found = ask(house, "GET", f"{USER_ID}?USERNAME=anna", authtoken=held.secret.reveal(), orgName="Acme")
    assert found.json["operation"]["Details"] == {"USERID": str(anna.subject.number)}
    assert regenerate(house, held.secret.reveal(), orgName="Acme").json["operation"]["result"]["status"] == "true"
    kept = house.read(lambda tx: tokens.by_uuid(tx, held.view.token.realm, held.view.token.uuid))
    assert kept.token.life == 100 * DAY


def test_a_refusal_of_a_dead_token_speaks_as_its_own_realm_does(house: Household) -> None:
    """A realm with statuses of its own has them for its dead tokens too."""
    house.realm("acme", **{"pam360.http_status": "strict"})
    held = api(house, house.person("anna", realm="acme"))
    assert regenerate(house, held.secret.reveal()).status == 200
    dead = regenerate(house, held.secret.reveal())
    assert (dead.status, message(dead)) == (401, INVALID)
    assert regenerate(house, "00000000-0000-0000-0000-000000000000").status == 200


# --- what a request carries


def request(query: str = "", **headers: bytes) -> Request:
    """A request of that query and these headers."""
    return Request("PUT", REGENERATE, query, [(n.encode(), v) for n, v in headers.items()], b"")


@pytest.mark.parametrize(
    ("sent", "secret"),
    [
        (request(), None),
        (request(authtoken=b""), None),
        (request(authtoken=b"one"), "one"),
        (request(APP_AUTHTOKEN=b"two"), "two"),
        (request(AuthToken=b"one", APP_AUTHTOKEN=b"two"), "one"),
        (request("AUTHTOKEN=three"), "three"),
        (request("APP_AUTHTOKEN=four&APP_NAME=x"), "four"),
        (request("AUTHTOKEN=three", authtoken=b"one"), "one"),
        (request("AUTHTOKEN="), None),
        (request("authtoken=three"), None),
    ],
)
def test_where_the_token_is_found(sent: Request, secret: str | None) -> None:
    """In a header of any case, else in the query."""
    found = present(sent)
    assert not isinstance(found, Denied)
    assert found.secret == (None if secret is None else Secret(secret))


@pytest.mark.parametrize("org", ["Société".encode(), "Société".encode("latin-1")])
def test_an_organisation_is_read_as_its_sender_wrote_it(org: bytes) -> None:
    """Some clients write UTF-8 into headers, some Latin-1."""
    found = present(request(authtoken=b"one", orgname=org))
    assert not isinstance(found, Denied)
    assert found.realm == RealmRef("display_name", "Société")


def test_without_a_token_no_organisation_is_looked_up() -> None:
    """Nobody asks which organisations there are."""
    found = present(request(orgname=b"Acme"))
    assert not isinstance(found, Denied)
    assert found.realm is None


# --- refusals


@pytest.mark.parametrize("route", [None, *DIALECT.routes], ids=lambda r: r.operation if r else "none")
@pytest.mark.parametrize("reason", list(Reason), ids=lambda r: r.value)
def test_every_refusal_is_the_one_envelope(reason: Reason, route: Route | None) -> None:
    """The same body in both modes; 200 unless the realm or honesty wants a status."""
    refused = Denied(reason, Fields({"field": "is wrong"}) if reason is Reason.MALFORMED else Denied(reason).note)
    legacy = DIALECT.refuse(refused, route, Settings(), request())
    strict = DIALECT.refuse(refused, route, Settings(values={"pam360.http_status": "strict"}), request())
    operation = json.loads(legacy.body)["operation"]
    assert set(operation) == {"name", "result"}
    assert operation["result"]["status"] == "Failed"
    assert operation["result"]["message"]
    assert b": " not in legacy.body.replace(b'": ', b"")
    assert legacy.body == strict.body
    assert legacy.status == ALWAYS.get(reason, 200)
    assert strict.status == ALWAYS.get(reason, strict.status) >= 400
