"""What tests of sign-ins share: what is presented, what is stored, and a pool that lets something happen meanwhile."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from keyturn.core.hashes import Attempt
from keyturn.core.types import LoginProof, Presented, Secret
from keyturn.perform.hashing import Hasher
from keyturn.store import locks, passwords, tokens
from tests.houses import PASSWORD, WEAK, Held, Household, Person

LIMIT = 10
LONG = "no composition rules apply here"


class Meddling(Hasher):
    """A pool that lets something happen while a password is being evaluated."""

    def __init__(self, meddle: Callable[[], Any]) -> None:
        super().__init__(WEAK, None, threads=1)
        self.meddle = meddle
        self.worked_on: list[str | None] = []

    def verify(self, stored: str | None, attempt: Attempt) -> bool:
        """Whether it fits, after what was to happen has."""
        self.worked_on.append(stored)
        self.meddle()
        return super().verify(stored, attempt)


def meddled(house: Household, meddle: Callable[[], Any] = lambda: None) -> tuple[Household, Meddling]:
    """The same house with such a pool."""
    hasher = Meddling(meddle)
    return Household(replace(house.house, hasher=hasher), house.clock, house.settled, house.notes), hasher


def login(person: Person, password: Any = PASSWORD, dialect: str = "native", **more: Any) -> Presented:
    """What is presented to sign in."""
    proof = more.pop("login", None) or LoginProof(person.login, Secret(password))
    return Presented(dialect, login=proof, **more)


def lock(house: Household, person: Person, factor: str = "password") -> Any:
    """The lock of that person's factor, as stored."""
    account = locks.account_of_subject(person.subject.id)
    return house.read(lambda tx: locks.get(tx, person.subject.realm, account, factor))


def stored(house: Household, person: Person) -> passwords.Password:
    """The password row."""
    found: passwords.Password | None = house.read(lambda tx: passwords.of(tx, person.subject.id))
    assert found is not None
    return found


def store_hash(house: Household, person: Person, hashed: str) -> None:
    """The person's password is stored in that form."""
    subject = person.subject
    house.do(passwords.put, subject.realm, subject.id, hashed, False, 0, house.store.now())


def refused(house: Household) -> list[tuple[str, str | None, int | None]]:
    """Verb, reason and subject of each refused line."""
    return [(line.verb, line.reason, line.subject) for line in house.lines("refused")]


def remembered(house: Household, token: Held) -> bool:
    """Whether a proof is remembered on the token."""
    view = house.read(lambda tx: tokens.by_id(tx, token.view.token.id))
    return view is not None and view.token.stepped_up is not None
