"""Bootstrap texts applied to a house, and what came of it in a line."""

import base64
import hashlib
from typing import Any

from keyturn.cli.applying import apply_file
from keyturn.cli.marked import Fault
from keyturn.core import commands as c
from keyturn.core.outcomes import Applied, Denied, Reason
from keyturn.core.types import Presented, RealmRef, Secret, SubjectRef
from tests.houses import Household

OPERATOR = Presented("native", local=True)
PASSWORD = "a passphrase out of a file"
VALUE = "value-of-a-token-0123456789-0123456789"
OTHER = "value-of-another-token-0123456789-0123"
DIGEST = "sha256:" + base64.b64encode(hashlib.sha256(OTHER.encode()).digest()).decode()
JEAN = f"""\
users:
  - login: jean
    email: jean@example.test
    password: "{PASSWORD}"
    tokens:
      - {{kind: personal, name: ci, value: "{VALUE}"}}
"""


def apply(house: Household, text: str, reset: bool = False) -> Applied:
    """The file, applied."""
    outcome = apply_file(house.house, text.encode(), reset)
    assert isinstance(outcome, Applied), outcome
    return outcome


def wrong(house: Household, text: str) -> list[tuple[int, str]]:
    """Line and place of every fault that the store finds; nothing may have changed."""
    before = house.lines("done")
    outcome = apply_file(house.house, text.encode())
    assert isinstance(outcome, tuple), outcome
    assert all(isinstance(fault, Fault) for fault in outcome)
    assert house.lines("done") == before
    return [(fault.line, fault.at) for fault in outcome]


def changed(applied: Applied) -> list[tuple[str, str, str]]:
    """What was changed, without its realm."""
    return [(row.what, row.name, row.action) for row in applied.changed]


def kept(applied: Applied) -> list[tuple[str, str, str]]:
    """What was kept, without its realm."""
    return [(row.what, row.name, row.action) for row in applied.kept]


def person(house: Household, login: str = "jean", realm: str = "default") -> Any:
    """The user of that login with everything told of it."""
    shown = house.wish(Presented("native", local=True, realm=RealmRef("name", realm)), c.ShowUser(ref(login)))
    assert not isinstance(shown, Denied), shown
    return shown.user


def ref(login: str = "jean") -> SubjectRef:
    """A user by login."""
    return SubjectRef("login", login)


def opens(house: Household, text: str) -> Reason | None:
    """Why that native token opens nothing; None when it does."""
    return house.opens(Secret(text))
