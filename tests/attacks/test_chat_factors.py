"""A15 to A17 on the Rocket.Chat wire: no ladder of tokens, no session beside a new factor, no code twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyturn.core.factors import seed_from_base32, step_at, totp_code
from keyturn.store.engine import Tx
from tests.attacks.chatting import DIGEST, PAT, V1, Caller, caller, login, word
from tests.engines import Engine
from tests.histories.crowds import at_once
from tests.houses import SEED, Household
from tests.served import Heard, Served, serving

OWN, FRESH = "users.updateOwnBasicInfo", "a passphrase of nobody"
CREDENTIALS = (
    "SELECT t.id, t.subject, t.kind, t.bypass, s.digest FROM secrets s JOIN tokens t ON t.id = s.token"
    " WHERE s.ends IS NULL AND t.ended IS NULL ORDER BY s.digest"
)
FACTORS = "SELECT subject, kind, confirmed FROM factors ORDER BY id"
PEOPLE = "SELECT id, login, email, state FROM subjects ORDER BY id"
PASSWORDS = "SELECT subject, version FROM passwords ORDER BY subject"


def standing(people: Household) -> list[Any]:
    """What somebody who climbs would change."""

    def job(tx: Tx) -> list[Any]:
        return [[tuple(row) for row in tx.all(sql)] for sql in (CREDENTIALS, FACTORS, PEOPLE, PASSWORDS)]

    found: list[Any] = people.read(job)
    return found


# --- A15


class Ladder:
    """An administrator's token that skips the second proof, another token of theirs, and somebody else."""

    def __init__(self, served: Served) -> None:
        people = self.people = served.people
        people.choose(rocketchat__create_token=True)
        self.person = people.person("climber", "Stewards", email="climber@example.test", email_verified=True)
        self.other = people.person("other", email="other@example.test")
        self.session = caller(served, self.person)
        self.plain = caller(served, self.person, "personal", name="plain")
        self.skips = caller(served, self.person, "personal", name="skips", bypass=True)

    @property
    def id(self) -> str:
        """The other one's id."""
        return self.other.subject.handle


Rung = Callable[[Ladder], Heard]


def rungs() -> dict[str, Rung]:
    """What makes, widens or unlocks a credential on this wire."""
    posts: dict[str, Callable[[Ladder], tuple[str, dict[str, Any]]]] = {
        "make another": lambda m: (f"users.generate{PAT}", {"tokenName": "new"}),
        "make another that skips": lambda m: (f"users.generate{PAT}", {"tokenName": "new", "bypassTwoFactor": True}),
        "regenerate another": lambda m: (f"users.regenerate{PAT}", {"tokenName": "plain"}),
        "remove another": lambda m: (f"users.remove{PAT}", {"tokenName": "plain"}),
        "act for somebody": lambda m: ("users.createToken", {"userId": m.id}),
        "add somebody": lambda m: ("users.create", {"username": "new", "name": "new", "email": "new@example.test",
                                                     "password": FRESH}),
        "give a password": lambda m: ("users.update", {"userId": m.id, "data": {"password": FRESH}}),
        "give an address": lambda m: ("users.update", {"userId": m.id, "data": {"email": "e@example.test"}}),
        "give a role": lambda m: ("users.update", {"userId": m.id, "data": {"roles": ["admin"]}}),
        "change one's password": lambda m: (OWN, {"data": {"newPassword": FRESH, "currentPassword": DIGEST}}),
        "change one's address": lambda m: (OWN, {"data": {"email": "e@example.test", "currentPassword": DIGEST}}),
        "change one's name": lambda m: (OWN, {"data": {"username": "else"}}),
        "stop somebody": lambda m: ("users.setActiveStatus", {"userId": m.id, "activeStatus": False}),
        "delete somebody": lambda m: ("users.delete", {"userId": m.id}),
        "reset a factor": lambda m: ("users.resetTOTP", {"userId": m.id}),
        "reset one's factor": lambda m: ("users.resetTOTP", {}),
        "ask for mail codes": lambda m: ("users.2fa.enableEmail", {}),
        "ask for no mail codes": lambda m: ("users.2fa.disableEmail", {}),
        "begin an authenticator": lambda m: ("users.enableTotp", {}),
        "confirm an authenticator": lambda m: ("users.validateTotp", {"code": m.people.code().reveal()}),
        "take the authenticator off": lambda m: ("users.disableTotp", {"code": m.people.code().reveal()}),
        "get recovery codes": lambda m: ("users.regenerateTotpCodes", {"code": m.people.code().reveal()}),
        "sign everybody else out": lambda m: ("users.removeOtherTokens", {}),
        "sign other clients out": lambda m: ("users.logoutOtherClients", {}),
        "sign somebody out": lambda m: ("users.logout", {"userId": m.id}),
    }  # fmt: skip
    calls = {name: posted(made) for name, made in posts.items()}
    for verb, named in (("generate", "new"), ("regenerate", "plain"), ("remove", "plain")):
        calls[f"the method {verb}"] = method(f"personalAccessTokens:{verb}Token", {"tokenName": named})
    calls["the method enable"] = method("2fa:enable")
    for verb in ("validateTempToken", "disable", "regenerateCodes"):
        calls[f"the method {verb}"] = method(f"2fa:{verb}", "123456")
    return calls


def posted(made: Callable[[Ladder], tuple[str, dict[str, Any]]]) -> Rung:
    """A call by the token that skips, with a right code beside it."""
    return lambda m: m.skips.call(*made(m), code=m.people.code().reveal())


def method(name: str, *params: Any) -> Rung:
    """The same by a method, with the password beside it."""
    return lambda m: m.skips.method(name, *params, code=DIGEST)


RUNGS = rungs()


@pytest.mark.parametrize("factor", [False, True], ids=["no factor", "totp"])
def test_a_token_that_skips_is_no_ladder(factor: bool, served: Served) -> None:
    """It is refused whatever makes, widens or unlocks a credential, also with a right code beside it (A15)."""
    ladder = Ladder(served)
    if factor:
        served.people.factor(ladder.person)
    assert len(RUNGS) >= 15
    before = standing(served.people)
    for name, rung in RUNGS.items():
        heard = rung(ladder)
        assert word(heard) not in ("done",) or b'"disabled":false' in heard.body or b"result" in heard.body, name
        assert heard.status < 500, name
        assert standing(served.people) == before, name


def test_it_replaces_itself(served: Served) -> None:
    """What it may is a new secret for itself, which goes on to skip; by a call and by a method (A15)."""
    ladder = Ladder(served)
    served.people.factor(ladder.person)
    first = ladder.skips.call(f"users.regenerate{PAT}", {"tokenName": "skips"})
    assert first.status == 200
    assert not ladder.skips.lives()
    fresh = Caller(served, ladder.person, first.json()["token"])
    assert word(fresh.method("personalAccessTokens:regenerateToken", {"tokenName": "skips"})) == "done"
    assert not fresh.lives()
    assert served.people.one("SELECT count(*) FROM tokens WHERE bypass = 1 AND ended IS NULL") == 1


def test_a_realm_may_let_it_climb(served: Served) -> None:
    """Where the realm wants the vendor's way, such a token makes others and mints for others; no factors even then."""
    ladder = Ladder(served)
    served.people.factor(ladder.person)
    served.people.choose(rocketchat__bypass_mints=True)
    for name in ("make another that skips", "regenerate another", "act for somebody", "add somebody"):
        assert word(RUNGS[name](ladder)) == "done", name
    for name in ("begin an authenticator", "ask for mail codes", "change one's password", "reset one's factor"):
        assert word(RUNGS[name](ladder)) != "done", name


def test_a_token_that_skips_wants_a_proof_to_be_made(served: Served) -> None:
    """Making one wants a factor of that moment; a token that asks, or one that skips, is none (A15)."""
    ladder = Ladder(served)
    served.people.factor(ladder.person)
    wish = (f"users.generate{PAT}", {"tokenName": "new", "bypassTwoFactor": True})
    assert word(ladder.session.call(*wish)) == "totp-required"
    assert word(ladder.plain.call(*wish, code=ladder.skips.token)) == "totp-invalid"
    assert word(ladder.plain.call(*wish, code=DIGEST, how="password")) == "totp-invalid"
    assert word(ladder.session.call(*wish, code=served.people.code().reveal())) == "done"


# --- A16


def enabled_by_app(me: Caller, people: Household) -> None:
    """The authenticator is switched on by the calls."""
    begun = me.call("users.enableTotp", {}, DIGEST)
    seed = begun.json()["secret"]
    confirmed = me.call("users.validateTotp", {"code": code_of(seed, people)})
    assert len(confirmed.json()["codes"]) == 12


def enabled_by_method(me: Caller, people: Household) -> None:
    """The authenticator is switched on by the methods."""
    begun = me.method("2fa:enable", code=DIGEST, how="password")
    seed = json.loads(begun.json()["message"])["result"]["secret"]
    assert word(me.method("2fa:validateTempToken", code_of(seed, people))) == "done"


def enabled_by_mail(me: Caller, people: Household) -> None:
    """Codes by mail are switched on."""
    assert me.call("users.2fa.enableEmail", {}).status == 200


@pytest.mark.parametrize("enable", [enabled_by_app, enabled_by_method, enabled_by_mail])
def test_a_new_factor_ends_other_sessions(enable: Callable[[Caller, Household], None], served: Served) -> None:
    """Of five sessions the one that switched it on stays; others are over, of other wires too, tokens stay (A16)."""
    people = served.people
    person = people.person("mara", email="mara@example.test", email_verified=True)
    sessions = [caller(served, person) for _ in range(5)]
    native = people.token(person)
    kept = [caller(served, person, "personal", name=name) for name in ("one", "two")]
    assert all(each.lives() for each in (*sessions, *kept))
    enable(sessions[0], people)
    assert [each.lives() for each in sessions] == [True, False, False, False, False]
    assert all(each.lives() for each in kept)
    assert people.opens(native) is not None
    assert word(Caller(served, person, "").served.request("POST", f"{V1}login", {}, login(person))) == "totp-required"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_other_nodes_know_at_once(served: Served, database: Engine, tmp_path: Path) -> None:
    """On a second node of the same store the other sessions are over by the time the first one answers (A16)."""
    people = served.people
    person = people.person("mara", email="mara@example.test", email_verified=True)
    sessions = [caller(served, person) for _ in range(5)]
    with serving(database.url, tmp_path) as second:
        there = [Caller(second, person, each.token) for each in sessions]
        assert all(each.lives() for each in there)
        enabled_by_app(sessions[0], people)
        assert [each.lives() for each in there] == [True, False, False, False, False]


# --- A17

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda code: code,
    "a space before": lambda code: f" {code}",
    "a space behind": lambda code: f"{code} ",
    "spaced": lambda code: f"{code[:3]} {code[3:]}",
    "a dash": lambda code: f"{code[:3]}-{code[3:]}",
    "dashes": lambda code: "-".join(code),
    "a leading zero": lambda code: f"0{code}",
    "a tab": lambda code: f"{code}\t",
    "full width": lambda code: "".join(chr(ord(n) + 0xFEE0) for n in code),
    "arabic": lambda code: code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    "a sign": lambda code: f"+{code}",
    "a point": lambda code: f"{code}.0",
}


def shown_as(me: Caller, code: str) -> list[Heard]:
    """The code in every place where this wire takes one."""
    named = {"tokenName": f"t-{code}"}
    return [
        me.call(f"users.generate{PAT}", named, code if code.isascii() else code.encode("utf-8").decode("latin-1")),
        me.method("personalAccessTokens:generateToken", named, code=code, how="totp"),
        me.method("personalAccessTokens:generateToken", named, code=code),
        me.served.request("POST", f"{V1}login", {}, {**login(me.person), "code": code}),
        me.served.request("POST", f"{V1}login", {}, {"totp": {"login": login(me.person), "code": code}}),
        me.call("users.disableTotp", {"code": code}),
        me.call("users.regenerateTotpCodes", {"code": code}),
        me.method("2fa:disable", code),
        me.method("2fa:regenerateCodes", code),
    ]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_makes_a_code_new(spelling: str, served: Served) -> None:
    """A code that was used is used up in every spelling and in every place that takes one (A17)."""
    people = served.people
    people.choose(policy={"lockout_attempts": 100})
    person = people.person("mara")
    people.factor(person)
    code = people.code().reveal()
    assert word(caller(served, person).call(f"users.generate{PAT}", {"tokenName": "first"}, code)) == "done"
    before = standing(people)
    for heard in shown_as(caller(served, person), SPELLINGS[spelling](code)):
        told = heard.text
        assert '"disabled":true' not in told
        assert "authToken" not in told
        assert '"codes"' not in told
        assert '"token":"' not in told
        assert heard.status < 500
    after = standing(people)
    assert (len(after[0]), after[1:]) == (len(before[0]) + 1, before[1:])


@pytest.mark.parametrize("steps", [-2, -1, 0, 1, 2])
def test_only_the_steps_beside_count(steps: int, served: Served) -> None:
    """A code two steps away is wrong; one step away it is right, once (A17)."""
    people = served.people
    person = people.person("mara")
    people.factor(person)
    # A half-minute that ends meanwhile would make of two steps one.
    while (at := people.store.now() // 1_000_000) % 30 > 25:
        people.store.read(lambda tx: tx.one("SELECT 1"))
    code = totp_code(SEED, step_at(at * 1_000_000) + steps)
    first = caller(served, person).call(f"users.generate{PAT}", {"tokenName": "one"}, code)
    again = caller(served, person).call(f"users.generate{PAT}", {"tokenName": "two"}, code)
    assert (word(first), word(again)) == ("done" if abs(steps) < 2 else "totp-invalid", "totp-invalid")


def test_one_code_opens_once_for_many(served: Served) -> None:
    """Of 64 that show one code at once, each by a session of its own, one is let through (A17)."""
    people = served.people
    people.choose(policy={"lockout_attempts": 100}, quota__session=100)
    person = people.person("mara")
    people.factor(person)
    sessions = [caller(served, person) for _ in range(64)]
    code = people.code().reveal()
    heard = at_once(64, lambda n: word(sessions[n].call(f"users.generate{PAT}", {"tokenName": f"t{n}"}, code)))
    assert sorted(set(heard)) == ["done", "totp-invalid"]
    assert heard.count("done") == 1


def code_of(seed: str, people: Household) -> str:
    return totp_code(seed_from_base32(seed) or b"", step_at(people.store.now()))
