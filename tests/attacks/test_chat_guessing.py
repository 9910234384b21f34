"""A18 and A19 on the Rocket.Chat wire: few guesses at a code or a password, wherever they seem to come from."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from keyturn.core.factors import step_at, totp_code
from keyturn.core.lockout import Lock
from keyturn.store import locks
from tests.attacks.chatting import PAT, V1, Caller, caller, login, word
from tests.houses import PASSWORD, Household, Person
from tests.postbox import Postbox
from tests.served import Heard, Served

LIMIT, WRONG = 10, "000000"


def disguises() -> Iterator[dict[str, str]]:
    """Headers that pretend to be somebody else, another one each time."""
    for number in range(10_000):
        address = f"198.51.{number // 250}.{number % 250}"
        yield {
            "X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}",
            "User-Agent": f"agent/{number}",
            "Cookie": f"rc_token={number}; rc_uid={number}", "X-Client-IP": address, "True-Client-IP": address,
            "CF-Connecting-IP": address, "X-Request-Id": f"{number}",
            "X-Forwarded-Proto": "https", "Via": f"1.1 {number}",
        }  # fmt: skip


def lock_of(people: Household, person: Person, factor: str) -> Lock:
    """What is counted against that factor."""
    subject = person.subject
    found: Lock = people.read(lambda tx: locks.get(tx, subject.realm, locks.account_of_subject(subject.id), factor))
    return found


def places(sessions: list[Caller]) -> Iterator[Callable[[str, dict[str, str]], Heard]]:
    """Where a guess may be made, over all sessions in turn."""
    for number in range(10_000):
        yield PLACES[number % len(PLACES)](sessions[number % len(sessions)], number)


def at_sign_in(me: Caller, number: int) -> Callable[[str, dict[str, str]], Heard]:
    """A guess beside the right password."""
    return lambda code, more: me.served.request("POST", f"{V1}login", more, {**login(me.person), "code": code})


def at_a_token(me: Caller, number: int) -> Callable[[str, dict[str, str]], Heard]:
    """A guess at a call about tokens."""
    named = {"tokenName": f"g{number}"}
    return lambda code, more: Caller(me.served, me.person, me.token, **more).call(f"users.generate{PAT}", named, code)


def at_a_method(me: Caller, number: int) -> Callable[[str, dict[str, str]], Heard]:
    """A guess behind the parameters of a method."""
    name, wanted = "personalAccessTokens:removeToken", {"tokenName": "none"}
    return lambda code, more: Caller(me.served, me.person, me.token, **more).method(name, wanted, code=code)


def at_a_factor(me: Caller, number: int) -> Callable[[str, dict[str, str]], Heard]:
    """A guess at a call about factors."""
    return lambda code, more: Caller(me.served, me.person, me.token, **more).call("users.2fa.disableEmail", {}, code)


PLACES = (at_sign_in, at_a_token, at_a_method, at_a_factor)


GUESSES = 60
"""Guesses at each commit; the long form makes a thousand."""


def guess(served: Served, person: Person, guesses: int, factor: str, renew: Callable[[int], Any]) -> int:
    """How many of so many wrong codes were evaluated, over ten sessions, many faces, and whatever renews codes."""
    sessions = [caller(served, person) for _ in range(10)]
    refused = 0
    evaluated = 0
    for number, make, more in zip(range(guesses), places(sessions), disguises(), strict=False):
        renew(number)
        before = lock_of(served.people, person, factor).failures
        heard = make(WRONG, more)
        assert heard.status in (400, 401, 200)
        assert b"authToken" not in heard.body
        assert b'"success":true,"token"' not in heard.body
        evaluated += lock_of(served.people, person, factor).failures - before
        refused += 1
    assert refused == guesses
    return evaluated


def app_guesses(served: Served, guesses: int) -> None:
    """Guesses at an authenticator."""
    people = served.people
    person = people.person("mara")
    people.factor(person, seed=b"another twenty bytes")
    assert guess(served, person, guesses, "totp", lambda number: None) <= LIMIT
    assert lock_of(people, person, "totp").failures == LIMIT
    right = totp_code(b"another twenty bytes", step_at(people.store.now()))
    assert word(caller(served, person).call(f"users.generate{PAT}", {"tokenName": "x"}, right)) == "totp-max-attempts"


def mail_guesses(served: Served, guesses: int) -> None:
    """Guesses at codes by mail, with a new one asked for all the time."""
    people = served.people
    person = people.person("mara", email="mara@example.test", email_verified=True)
    people.factor(person, "email")

    def renew(number: int) -> None:
        people.do(lambda tx: tx.run("UPDATE mail_codes SET created = created - 61000000"))
        body = {"emailOrUsername": "mara"}
        assert served.request("POST", f"{V1}users.2fa.sendEmailCode", {}, body).status == 200

    assert guess(served, person, guesses, "email", renew) <= LIMIT
    assert lock_of(people, person, "email").failures == LIMIT


@pytest.mark.parametrize("factor", [app_guesses, mail_guesses])
def test_few_guesses_at_a_code(factor: Callable[[Served, int], None], served: Served) -> None:
    """However guesses are spread over sessions, places and faces, no more than the limit are evaluated (A18, A19)."""
    factor(served, GUESSES)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [app_guesses, mail_guesses])
def test_few_guesses_at_a_code_at_length(factor: Callable[[Served, int], None], served: Served) -> None:
    """The same with a thousand."""
    factor(served, 1000)


def test_one_mailed_code_takes_five_guesses(served: Served, postbox: Postbox) -> None:
    """The code that really came by mail is worth nothing after five wrong ones, wherever those were shown (A18)."""
    people = served.people
    person = people.person("mara", email="mara@example.test", email_verified=True)
    people.factor(person, "email")
    sessions = [caller(served, person) for _ in range(5)]
    assert sessions[0].call(f"users.generate{PAT}", {"tokenName": "x"}).json()["details"]["codeGenerated"] is True
    letter = postbox.wait(1, to="mara@example.test")[0]
    plain = letter.get_body(("plain",))
    assert plain is not None
    code = next(w for w in plain.get_content().split() if len(w) == 7 and w[3] == "-" and w.replace("-", "").isdigit())
    wrong = WRONG if code != "000-000" else "111111"
    for me in sessions:
        me.call(f"users.generate{PAT}", {"tokenName": "x"}, wrong)
    heard = caller(served, person).call(f"users.generate{PAT}", {"tokenName": "x"}, code)
    assert word(heard) in ("totp-invalid", "totp-max-attempts")
    assert len(postbox.letters("mara@example.test")) == 1


@pytest.mark.parametrize("right", [False, True], ids=["wrong alone", "own successes between"])
def test_an_address_has_one_window(right: bool, served: Served) -> None:
    """Fifty failures in five minutes block an address, whatever it claims to be, also if it signs in between (A19)."""
    people = served.people
    people.person("own")
    heard = []
    for number, more in zip(range(52), disguises(), strict=False):
        body = {"user": f"nobody-{number}", "password": "wrong"}
        heard.append(word(served.request("POST", f"{V1}login", more, body)))
        if right and number < 49:
            assert word(served.request("POST", f"{V1}login", more, {"user": "own", "password": PASSWORD})) == "done"
    assert set(heard[:50]) == {"Unauthorized"}
    assert heard[50:] == ["error-login-blocked-for-ip"] * 2
    assert (
        word(served.request("POST", f"{V1}login", {}, {"user": "own", "password": PASSWORD}))
        == "error-login-blocked-for-ip"
    )
