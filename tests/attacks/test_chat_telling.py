"""A24, A25 for what is mailed and for the Rocket.Chat wire: neither time nor content tells whether a name is known."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.chatting import V1
from tests.attacks.test_guessing import GAP, PAIRS, prepared
from tests.attacks.timing import calmest
from tests.houses import Household
from tests.served import Heard, Served

COUNTED = ("date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset")
"""The headers that differ from one request to the next whoever is named."""
KNOWN, LONG_PAIRS, LONG_GAP = 4, 2000, 0.001
Ask = Callable[[Served, str], Heard]
WRONG = hashlib.sha256(b"wrong").hexdigest()
LOGINS: dict[str, Callable[[str], dict[str, Any]]] = {
    "plain": lambda name: {"user": name, "password": "wrong"},
    "by username": lambda name: {"username": name, "password": "wrong"},
    "by address": lambda name: {"user": f"{name}@example.test", "password": "wrong"},
    "as an object": lambda name: {"user": {"username": name}, "password": {"digest": WRONG, "algorithm": "sha-256"}},
    "with a code": lambda name: {"user": name, "password": "wrong", "code": "123456"},
    "inside": lambda name: {"totp": {"login": {"user": {"username": name}, "password": "wrong"}, "code": "123456"}},
}
ASKS: dict[str, Ask] = {
    "login": lambda s, name: s.request("POST", f"{V1}login", {}, LOGINS["plain"](name)),
    "login by digest": lambda s, name: s.request("POST", f"{V1}login", {}, LOGINS["as an object"](name)),
    "forgotPassword": lambda s, name: s.request(
        "POST", f"{V1}users.forgotPassword", {}, {"email": f"{name}@example.test"}
    ),
    "sendEmailCode": lambda s, name: s.request("POST", f"{V1}users.2fa.sendEmailCode", {}, {"emailOrUsername": name}),
    "password-resets": lambda s, name: s.request("POST", "/v1/password-resets", {}, {"login": name}),
}  # fmt: skip


# --- A24


def measured(served: Served, ask: Ask, pairs: int, gap: float, *, mailing: bool) -> float:
    """The gap between a name that is known and one that is not, the calmest of three rounds."""
    people = served.people
    people.choose(policy={"lockout_attempts": 100})
    for number in range(KNOWN):
        name = f"there-{number}"
        people.factor(people.person(name, email=f"{name}@example.test", email_verified=True), "email")

    def known(number: int) -> None:
        assert ask(served, f"there-{number % KNOWN}").status < 500

    def renew(number: int) -> None:
        # Outside the clock: a mail may go out again, and no window is full.
        if mailing:
            for table in ("mail_codes", "tokens"):
                people.do(lambda tx, name=table: tx.run(f"UPDATE {name} SET created = created - 61000000"))  # noqa: S608
        people.do(lambda tx: tx.run("DELETE FROM locks"))

    return calmest(known, lambda number: ask(served, f"gone-{number % KNOWN}"), renew, pairs, gap)


@pytest.mark.parametrize("mailing", [False, True], ids=["a mail was just sent", "a mail goes out"])
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_known_name_takes_as_long(ask: Ask, mailing: bool, served: Served) -> None:
    """A name that is known takes as long as one that is not, also where a mail is posted for it (A24)."""
    assert abs(measured(served, ask, PAIRS, GAP, mailing=mailing)) < GAP


@pytest.mark.slow
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_known_name_takes_as_long_at_length(ask: Ask, served: Served) -> None:
    """The same with two thousand pairs, and a third of the gap."""
    assert abs(measured(served, ask, LONG_PAIRS, LONG_GAP, mailing=False)) < LONG_GAP


# --- A25


def told(heard: Heard) -> tuple[int, dict[str, str], bytes]:
    """An answer without what differs from one request to the next."""
    return heard.status, {name: value for name, value in heard.headers.items() if name not in COUNTED}, heard.body


@pytest.mark.parametrize("profile", ["classic", "modern"])
@pytest.mark.parametrize("form", LOGINS)
def test_a_wrong_password_tells_no_state(form: str, profile: str, served: Served) -> None:
    """In each form of a sign-in and in both profiles, everybody and nobody hear the same bytes (A25)."""
    names = prepared(served.people)
    served.people.choose(rocketchat__profile=profile)
    heard = {
        state: told(served.request("POST", f"{V1}login", {}, LOGINS[form](name)))
        for state, name in names.items()
        if state != "no name at all"
    }
    assert {state for state, answer in heard.items() if answer != heard["known"]} == set()
    assert heard["known"][0] == 401


@pytest.mark.parametrize("profile", ["classic", "modern"])
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_counted_calls_tell_no_state(ask: Ask, profile: str, served: Served) -> None:
    """With the limit of calls on, known, unknown and suspended hear the same, and the eleventh call too (A25)."""
    people = served.people
    prepared(people)
    people.choose(rocketchat__profile=profile, rocketchat__rate_limit=True)
    names = ("known", "nobody", "suspended", "remote", "machine", "deleted", "second", "due", "nobody", "known")
    heard = [told(ask(served, name)) for name in names]
    assert set(map(repr, heard)) == {repr(heard[0])}
    late = [ask(served, name) for name in ("known", "nobody", "suspended")]
    assert [answer.status for answer in late] in ([429] * 3, [heard[0][0]] * 3)
    assert len({repr((a.status, a.headers.keys(), len(a.body))) for a in late}) == 1


def test_a_locked_name_is_told_alike(served: Served) -> None:
    """A block of a name that is known and of one that is not reads the same, in both profiles (A25)."""
    people: Household = served.people
    people.person("known")
    for profile in ("classic", "modern"):
        people.choose(rocketchat__profile=profile)
        answers = []
        for name in ("known", "nobody"):
            heard = [served.request("POST", f"{V1}login", {}, LOGINS["plain"](name)) for _ in range(11)]
            answers.append(told(heard[-1]))
        assert answers[0] == answers[1]
        assert b"error-login-blocked-for-user" in answers[0][2]
