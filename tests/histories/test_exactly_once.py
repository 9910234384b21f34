"""T05, T08, A04, A05, A17: what is good for one use gives one success, however many try at once, and one line."""

from collections import Counter
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Ended, Reason, SessionOpened, SetupIssued, TokenIssued, UserCreated
from keyturn.core.types import Presented, Proof, Secret
from tests.histories.crowds import at_once, same
from tests.houses import STEP_UP, Household, reason

CROWDS = [(2, 10), (16, 4), (64, 2), (256, 1)]
"""How many try at once, and in how many rounds; together more than twenty of each kind."""
PASSWORD = "wading heron number {}"
LOST = {Reason.UNAVAILABLE, Reason.BUSY}
"""A crowd may find no room in time: nothing was done for whoever hears that (rules.md 10)."""


def split(outcomes: list[Any]) -> tuple[list[Any], Counter[Reason]]:
    """The successes, and how often each reason was heard."""
    return [o for o in outcomes if not isinstance(o, Denied)], Counter(
        o.reason for o in outcomes if isinstance(o, Denied)
    )


def only(heard: Counter[Reason], *reasons: Reason) -> bool:
    """Whether nothing else was heard, those aside for whom there was no room."""
    return set(heard) <= {*reasons, *LOST}


@pytest.mark.parametrize(("crowd", "rounds"), CROWDS)
def test_a_reset_token_sets_one_password(house: Household, crowd: int, rounds: int) -> None:
    """Of many redemptions with different passwords one wins; that password works, the others never did (A04)."""
    admin = house.token(house.person("", "Administrators"))
    for _ in range(rounds):
        person = house.person()
        issued = house.wish(admin, c.IssueReset(person.ref))
        before = len(house.lines())

        def redeem(number: int, token: Secret = issued.secret) -> Any:
            return house.wish(None, c.RedeemReset(token, Secret(PASSWORD.format(number))))

        outcomes = at_once(crowd, redeem)
        won, heard = split(outcomes)
        assert [type(o) for o in won] == [Ended]
        assert only(heard, Reason.INVALID_RESET)
        assert [(line.verb, line.result) for line in house.lines()[before:]] == [("resets:redeem", "done")]
        winner = outcomes.index(won[0])
        assert reason(house.sign_in(person, PASSWORD.format(winner))) is None
        assert reason(house.sign_in(person, PASSWORD.format((winner + 1) % crowd))) is Reason.WRONG_PASSWORD


@pytest.mark.parametrize(("crowd", "rounds"), CROWDS)
def test_a_recovery_code_proves_once(house: Household, crowd: int, rounds: int) -> None:
    """One showing of a recovery code is a proof, at sign-in and as a second proof alike."""
    house.choose(policy={"lockout_attempts": 100})
    for number in range(rounds):
        person = house.person()
        house.factor(person)
        code = house.codes(person)[0]
        if number % 2:
            session = house.token(person)
            wish = c.IssueToken("personal", f"n{number}", "native")
            shown = same(house.wish, session, wish, proof=Proof("recovery", code), step_up=STEP_UP)
            won, heard = split(at_once(crowd, shown))
            # Whoever comes after it in the same session needs no proof any more, and finds the name taken.
            assert [type(o) for o in won] == [TokenIssued]
        else:
            proof = Proof("recovery", code)
            won, heard = split(at_once(crowd, same(house.sign_in, person, proof=proof)))
            assert [type(o) for o in won] == [SessionOpened]
        assert only(
            heard,
            Reason.FACTOR_WRONG,
            Reason.FACTOR_LOCKED,
            Reason.STEP_UP_WRONG,
            Reason.STEP_UP_LOCKED,
            Reason.CONFLICT,
        )
        used = house.one("SELECT count(*) FROM recovery_codes WHERE used IS NOT NULL AND factor IN"
                         " (SELECT id FROM factors WHERE subject = $1)", person.subject.id)  # fmt: skip
        assert used == 1


@pytest.mark.parametrize(("crowd", "rounds"), CROWDS)
def test_a_code_opens_one_session(house: Household, crowd: int, rounds: int) -> None:
    """One TOTP step is good for one sign-in; the others hear that it is wrong, and are not counted (A17)."""
    for _ in range(rounds):
        person = house.person()
        house.factor(person)
        proof = Proof("totp", house.code())
        won, heard = split(at_once(crowd, same(house.sign_in, person, proof=proof)))
        assert [type(o) for o in won] == [SessionOpened]
        assert only(heard, Reason.FACTOR_WRONG)
        spaced = Secret(f"{proof.code.reveal()[:3]} {proof.code.reveal()[3:]}")
        assert reason(house.sign_in(person, proof=Proof("totp", spaced))) is Reason.FACTOR_WRONG
        assert house.one("SELECT failures FROM locks WHERE account = $1 AND factor = 'totp'", _account(person)) == 0


@pytest.mark.parametrize("crowd", [crowd for crowd, _ in CROWDS])
def test_a_set_up_code_makes_one_administrator(house: Household, crowd: int) -> None:
    """Of many first administrators there is one."""
    issued = house.wish(Presented("native", local=True), c.IssueSetup())
    assert isinstance(issued, SetupIssued)
    assert issued.secret is not None
    code = issued.secret
    before = len(house.lines())
    made = at_once(crowd, lambda n: house.wish(None, c.SetUp(code, f"first-{n}", Secret(PASSWORD.format(n)))))
    won, heard = split(made)
    assert [type(o) for o in won] == [UserCreated]
    assert only(heard, Reason.INVALID_SETUP)
    assert [(line.verb, line.result) for line in house.lines()[before:]] == [("setup:redeem", "done")]
    assert house.one("SELECT count(*) FROM subjects WHERE login LIKE 'first-%'") == 1


@pytest.mark.parametrize(("crowd", "rounds"), CROWDS)
def test_one_rotation_wins(house: Household, crowd: int, rounds: int) -> None:
    """Of many rotations by the same secret one is told a new one, which works; the old one is dead for all."""
    for _ in range(rounds):
        held = house.token(house.person(), "personal")
        won, heard = split(at_once(crowd, same(house.wish, held, c.RotateToken(held.ref))))
        assert [type(o) for o in won] == [TokenIssued]
        assert only(heard, Reason.TOKEN_ENDED)
        assert house.opens(won[0].secret) is None
        assert house.opens(held) is Reason.TOKEN_ENDED


@pytest.mark.parametrize(("crowd", "rounds"), CROWDS)
def test_one_key_makes_one_token(house: Household, crowd: int, rounds: int) -> None:
    """The same wish under one key from many at once: one token, and whoever hears of it hears the same secret."""
    for number in range(rounds):
        person = house.person()
        session = house.token(person)
        wish = c.IssueToken("personal", "n", "native")
        outcomes = at_once(crowd, same(house.wish, session, wish, key=f"key-{number}"))
        won, heard = split(outcomes)
        assert won
        assert {o.secret.reveal() for o in won} == {won[0].secret.reveal()}
        assert only(heard, Reason.IN_PROGRESS)
        held = "SELECT count(*) FROM tokens WHERE subject = $1 AND kind = 'personal'"
        assert house.one(held, person.subject.id) == 1


def test_sixteen_resets_leave_one_alive(house: Household) -> None:
    """However many are issued at once, one reset token of a person is alive, and it works (A05)."""
    admin = house.token(house.person("", "Administrators"))
    person = house.person()
    won, heard = split(at_once(16, lambda n: house.wish(admin, c.IssueReset(person.ref))))
    assert only(heard)
    assert house.one("SELECT count(*) FROM tokens WHERE kind = 'reset' AND ended IS NULL") == 1
    used = [reason(house.wish(None, c.RedeemReset(o.secret, Secret(PASSWORD.format(0))))) for o in won]
    assert sorted(r.value if r else "" for r in used) == ["", *[Reason.INVALID_RESET.value] * (len(won) - 1)]


def _account(person: Any) -> str:
    return f"s:{person.subject.id}"
