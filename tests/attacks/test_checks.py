"""A11, A35: a wrong secret is refused at every door, whatever stands beside it, and no check is a mere truth value."""

import itertools
from typing import Any

import msgspec
import pytest

from keyturn.core import commands as c
from keyturn.core import factors as totp
from keyturn.core import hashes, secrets
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Ask, Assurance, Presented, Proof, Secret
from keyturn.dialects import DIALECTS
from keyturn.operations import CONTENTS
from keyturn.perform import perform, recognise
from keyturn.wire import Dialect
from tests.attacks.wires import SIGN_IN, sign_in, signed_in
from tests.houses import STEP_UP, Household, current, reason
from tests.served import Served

NOBODY = {command.__name__ for command, row in CONTENTS.items() if row.assurance is Assurance.NOBODY}


def unread(settings: Settings) -> Any:
    """A wish that must not be looked at."""
    pytest.fail("the wish of nobody was read")


@pytest.mark.parametrize("dialect", [pytest.param(d, id=d.name) for d in DIALECTS])
def test_a_well_formed_wrong_secret_is_refused(dialect: Dialect, house: Household) -> None:
    """A secret of the right shape that was never given out opens no door of its wire (A11)."""
    house.person("mara")
    before = house.contents()
    for route in (r for r in dialect.routes if r.command.__name__ not in NOBODY):
        for number in range(5):
            wrong = secrets.draw(dialect.wire.shape, "s", "mark")
            shown = Presented(dialect.name, wrong, proof=Proof("totp", Secret(f"00000{number}")))
            ask = Ask(route.command, unread, step_up=route.step_up, kinds=route.kinds)
            assert reason(perform(house.house, shown, ask).outcome) is Reason.INVALID_TOKEN, route.path
    assert house.contents() == before


def test_nobody_is_nobody(house: Household) -> None:
    """Without a credential no command is carried out for a caller who must be known."""
    for command in (k for k in CONTENTS if k.__name__ not in NOBODY):
        heard = perform(house.house, Presented("native"), Ask(command, unread)).outcome
        assert reason(heard) is Reason.UNAUTHENTICATED, command.__name__
    assert house.lines() == []


async def never_awaited() -> bool:
    """A check that somebody forgot to await."""
    return True


class Truthy:
    """An answer that is true, and no answer."""

    def __bool__(self) -> bool:
        return True


TRUTHS = {"one": 1, "text": "yes", "object": Truthy(), "list": [0]}


@pytest.mark.parametrize("truth", TRUTHS.values(), ids=TRUTHS)
def test_what_is_merely_true_proves_nothing(truth: Any, house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a check answers anything but its own yes, the answer is no (A11)."""
    person = house.person("mara")
    held = house.token(person)
    house.factor(person)
    monkeypatch.setattr(hashes, "verify_attempt", lambda *given: truth)
    assert reason(house.sign_in(person)) is Reason.WRONG_PASSWORD
    wish = c.ChangePassword(Secret("a fresh passphrase"))
    assert reason(house.wish(held, wish, proof=current(person.password))) is Reason.WRONG_CURRENT_PASSWORD
    monkeypatch.undo()
    monkeypatch.setattr(totp, "totp_match", lambda *given: truth)
    assert reason(house.sign_in(person, proof=Proof("totp", house.code()))) is Reason.FACTOR_WRONG
    issue = c.IssueToken("personal", "x", "native")
    heard = house.wish(held, issue, proof=Proof("totp", house.code()), step_up=STEP_UP)
    assert reason(heard) is Reason.STEP_UP_WRONG
    monkeypatch.undo()
    monkeypatch.setattr(recognise, "verdict", lambda *given: Denied(Reason.TOKEN_ENDED))
    assert reason(house.wish(held, c.ShowSelf())) is Reason.TOKEN_ENDED


def test_a_forgotten_await_proves_nothing(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coroutine in the place of an answer is no yes, and is not passed over in silence."""
    person = house.person("mara")
    made: list[Any] = []

    def forgotten(*given: Any) -> Any:
        made.append(never_awaited())
        return made[-1]

    monkeypatch.setattr(hashes, "verify_attempt", forgotten)
    assert reason(house.sign_in(person)) is Reason.WRONG_PASSWORD
    for coroutine in made:
        coroutine.close()


@pytest.mark.parametrize("wire", SIGN_IN)
def test_nothing_beside_a_password_stands_in_for_it(wire: str, served: Served) -> None:
    """With a wrong, empty or absent password no set of further fields opens a session (A35)."""
    served.people.person("mara")
    served.people.choose(policy={"lockout_attempts": 100})
    path, body = SIGN_IN[wire]
    route = next(r for d in DIALECTS if d.name == wire for r in d.routes if r.path == path)
    right = body("mara", "wrong")
    further = {n: v for n, v in _further(route.body).items() if n not in right}
    sets = itertools.chain.from_iterable(itertools.combinations(further, n) for n in range(len(further) + 1))
    for number, names in enumerate(itertools.islice(sets, 80)):
        more = {name: further[name] for name in names}
        password = {name: value for name, value in right.items() if value != "wrong" or number % 3}
        if number % 3 == 1:
            password = {name: "" if value == "wrong" else value for name, value in right.items()}
        heard = served.request("POST", path, {}, {**password, **more})
        assert not signed_in(heard), (names, heard)
    assert served.people.one("SELECT count(*) FROM tokens") == 0


def _further(model: Any) -> dict[str, Any]:
    """A value for each field of a body, and for names that other products took for more than they should."""
    names = ("lifetime", "label", "description", "client", "scope", "bypassTwoFactor", "remember", "provider", "token")
    found: dict[str, Any] = dict.fromkeys(names, "x")
    for field in msgspec.structs.fields(model):
        text = str(field.type)
        found[field.encode_name] = 1 if "int" in text else True if "bool" in text else {} if "dict" in text else "x"
    return found


@pytest.mark.parametrize("wire", SIGN_IN)
def test_a_password_of_another_person_is_wrong(wire: str, served: Served) -> None:
    """The password of one is no password of another, and an empty one is nobody's."""
    served.people.person("mara", password="the passphrase of mara")
    served.people.person("noor", password="the passphrase of noor")
    served.people.person("robot", password=None)
    for login, password in (("mara", "the passphrase of noor"), ("noor", ""), ("robot", ""), ("robot", "x"), ("", "x")):
        assert not signed_in(sign_in(served, wire, login, password))
