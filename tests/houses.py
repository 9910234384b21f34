"""A house on a fresh store for tests: people, tokens and wishes in one line each, and a clock that can be moved on."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from keyturn.app import catalogue
from keyturn.core import factors as totp
from keyturn.core import hashes
from keyturn.core.hashes import Argon2Rule
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.types import (
    SECOND,
    Ask,
    Factor,
    Instant,
    LoginProof,
    Presented,
    Proof,
    Secret,
    StepUpRule,
    Subject,
    SubjectRef,
    TokenRef,
    TokenView,
)
from keyturn.perform import Answered, House, perform
from keyturn.perform.hashing import Hasher
from keyturn.store import factors, passwords, realms, roles, subjects, tokens
from keyturn.store.engine import Committed, Engine, Kept, Tx
from keyturn.store.instance import open_store

WEAK = Argon2Rule(memory_kib=8, time=1, parallelism=1)
"""The cheapest rule there is: no test here asks what a hash costs."""
PASSWORD = "a passphrase of this person"
SEED = b"twenty bytes of seed"
KEY = "key"


class Clock:
    """The machine's clock, moved on by as much as a test says."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1000 + self._ahead

    def forward(self, seconds: float) -> None:
        """It is that much later, at once."""
        self._ahead += round(seconds * SECOND)


class Person(NamedTuple):
    """Somebody of the house, as made; `subject` is the row of that moment."""

    subject: Subject
    password: str

    @property
    def login(self) -> str:
        """The login."""
        return self.subject.login

    @property
    def ref(self) -> SubjectRef:
        """How a wish names this person."""
        return SubjectRef("uuid", self.subject.uuid)


class Held(NamedTuple):
    """A token that a test made, with its clear text."""

    secret: Secret
    view: TokenView

    @property
    def ref(self) -> TokenRef:
        """How a wish names this token."""
        return TokenRef("uuid", self.view.token.uuid)


class Letter(NamedTuple):
    """A mail that waits: which, to whom, and what it tells."""

    kind: str
    address: str
    words: dict[str, str]


class Line(NamedTuple):
    """One line of the audit log, as far as tests look at it."""

    verb: str
    result: str
    reason: str | None
    subject: int | None
    actor: int | None
    token: str | None
    kills: bool
    touches: str | None


LINES = "SELECT verb, result, reason, subject, actor, token, kills, touches FROM audit ORDER BY id"


TABLES = (
    "realms", "realm_hosts", "realm_grants", "subjects", "roles", "memberships", "passwords", "factors",
    "recovery_codes", "tokens", "answers", "counters", "user_groups", "group_roles",
)  # fmt: skip
CONTENT = {name: f"SELECT * FROM {name} ORDER BY 1, 2" for name in TABLES} | {
    "secrets": "SELECT digest, realm, token, last6, given, created, ends FROM secrets ORDER BY created, digest",
    "audit": "SELECT * FROM audit WHERE result = 'done' ORDER BY id",
}


class Household:
    """A house with people in it; what it does for a test's arrangement goes to the store, a wish through the door."""

    def __init__(self, house: House, clock: Clock, settled: list[Committed], notes: list[bytes]) -> None:
        self.house = house
        self.store: Engine = house.store
        self.clock = clock
        self.settled = settled
        """What was settled, in the order it was."""
        self.notes = notes
        """The digests whose use was noted."""
        self._numbers = itertools.count(1)

    # --- arranging

    def person(
        self, login: str = "", *held: str, password: str | None = PASSWORD, realm: str = "default", email: str = "",
        **more: Any,
    ) -> Person:  # fmt: skip
        """Somebody with these roles (Members where none is named), and a password unless that is None."""
        name = login or f"person-{next(self._numbers)}"
        must_change = more.pop("must_change", False)

        def job(tx: Tx) -> Kept:
            now = self.store.now()
            place = next(r for r in realms.all_realms(tx) if r.name == realm)
            made = subjects.insert(tx, subjects.NewSubject(place.id, name, email, **more), now)
            assert made is not None, f"{name} is there already"
            given = tuple(role for r in held or ("Members",) if (role := roles.by_name(tx, place.id, r)) is not None)
            assert len(given) == len(held or ("Members",))
            roles.assign(tx, place.id, made.id, given)
            if password is not None:
                passwords.put(tx, place.id, made.id, hashed(password), must_change, len(password), now)
            return Kept(made)

        return Person(self.store.write(job).value, password or "")

    def realm(self, name: str, **settings: Any) -> str:
        """A realm of that name with its roles and these settings (policy under `policy`)."""
        policy = settings.pop("policy", {})

        def job(tx: Tx) -> Kept:
            made = realms.create(tx, name, name.title(), self.store.now())
            assert made is not None
            roles.seed(tx, made.id, home=False)
            realms.update(tx, made.id, made.display_name, policy, settings)
            return Kept(name)

        self.store.write(job)
        return name

    def choose(self, name: str = "default", policy: dict[str, Any] | None = None, **settings: Any) -> None:
        """The realm has these choices beside those it had; of a setting's dots write two underscores."""

        def job(tx: Tx) -> Kept:
            place = next(r for r in realms.all_realms(tx) if r.name == name)
            own_policy, own_settings = realms.own_choices(tx, place.id)
            dotted = {key.replace("__", "."): value for key, value in settings.items()}
            chosen = {**own_policy, **(policy or {})}
            realms.update(tx, place.id, place.display_name, chosen, {**own_settings, **dotted})
            return Kept(None)

        self.store.write(job)

    def token(self, person: Person, kind: str = "session", dialect: str = "native", **grant: Any) -> Held:
        """A token of that person, minted by the one function that mints."""
        now = self.store.now()
        wanted = tokens.Grant(person.subject.id, kind, dialect, **grant)
        made = self.store.write(lambda tx: Kept(tokens.mint(tx, wanted, now))).value
        assert made is not None, "nothing was minted"
        return Held(*made)

    def factor(self, person: Person, kind: str = "totp", seed: bytes = SEED) -> Factor:
        """A confirmed factor of that person: TOTP by that seed, or recovery codes still to be made."""

        def job(tx: Tx) -> Kept:
            sealed = seed if kind == "totp" else None
            made = factors.add(tx, person.subject.realm, person.subject.id, kind, sealed, True, self.store.now())
            assert made is not None
            return Kept(made)

        made: Factor = self.store.write(job).value
        return made

    def codes(self, person: Person) -> tuple[Secret, ...]:
        """Fresh recovery codes of that person."""
        factor = self.factor(person, "recovery")
        made: tuple[Secret, ...] = self.store.write(
            lambda tx: Kept(factors.make_codes(tx, factor, person.subject.realm))
        ).value
        return made

    def code(self, steps: int = 0, seed: bytes = SEED) -> Secret:
        """The TOTP code of this moment, or of that many steps from it."""
        return Secret(totp.totp_code(seed, totp.step_at(self.store.now()) + steps))

    # --- wishing

    def perform(self, presented: Presented, command: Any, **ask: Any) -> Answered:
        """What came of it, with the settings it was answered by."""
        return perform(self.house, presented, asking(command, **ask))

    def wish(self, who: Held | Presented | None, command: Any, **more: Any) -> Any:
        """The outcome of a wish by the bearer of that token, by what is presented, or by nobody.

        Shapes   more: fields of Presented (proof, key, claim…), and of Ask (step_up, kinds…)
        """
        ask = {name: more.pop(name) for name in ASKED if name in more}
        return self.perform(presented(who, **more), command, **ask).outcome

    def sign_in(self, person: Person | str, password: str | None = None, dialect: str = "native", **more: Any) -> Any:
        """What came of signing in with a name and a password."""
        from keyturn.core.commands import OpenSession

        name = person if isinstance(person, str) else person.login
        secret = Secret(password if password is not None else "" if isinstance(person, str) else person.password)
        ask = {name: more.pop(name) for name in ASKED if name in more}
        shown = Presented(dialect, login=LoginProof(name, secret), **more)
        return self.wish(shown, OpenSession(reset_when_due=True), **ask)

    def opens(self, who: Held | Secret, dialect: str = "native") -> Reason | None:
        """Why that token opens nothing now; None when it does."""
        from keyturn.core.commands import ShowSelf

        secret = who if isinstance(who, Secret) else who.secret
        wire = dialect if isinstance(who, Secret) else who.view.token.dialect
        return reason(self.wish(Presented(wire, secret), ShowSelf()))

    # --- changing and looking

    def do(self, change: Callable[..., Any], *args: Any) -> Any:
        """What a function of the store returned; its change is kept."""
        return self.store.write(lambda tx: Kept(change(tx, *args))).value

    def read(self, look: Callable[[Tx], Any]) -> Any:
        """What `look` finds in the store."""
        return self.store.read(look)

    def one(self, sql: str, *args: Any) -> Any:
        """The first value of the first row, or None."""
        row = self.store.read(lambda tx: tx.one(sql, *args))
        return None if row is None else row[0]

    def now_of(self, person: Person) -> Subject | None:
        """The person's row as it now is."""
        found: Subject | None = self.store.read(lambda tx: subjects.by_id(tx, person.subject.id))
        return found

    def contents(self) -> dict[str, list[Any]]:
        """Every row of every table, but for what a refusal may leave: uses, locks, and its own line of the audit."""

        def job(tx: Tx) -> dict[str, list[Any]]:
            return {name: [tuple(row) for row in tx.all(sql)] for name, sql in CONTENT.items()}

        found: dict[str, list[Any]] = self.store.read(job)
        return found

    def letters(self) -> list[Letter]:
        """What lies in the outbox, opened, in the order it was put there."""

        def job(tx: Tx) -> list[Letter]:
            rows = tx.all("SELECT kind, sealed, uuid FROM outbox ORDER BY id")
            return [Letter(row[0], **msgspec.json.decode(tx.ring.open("mail", row[2], bytes(row[1])))) for row in rows]

        found: list[Letter] = self.store.read(job)
        return found

    def mailed(self) -> Secret:
        """The code of the newest letter, as it is typed."""
        return Secret(self.letters()[-1].words["code"])

    def lines(self, result: str | None = None) -> list[Line]:
        """The audit log from the beginning, all of it or the lines of one result."""
        rows = self.store.read(lambda tx: tx.all(LINES))
        told = [Line._make((*row[:6], row[6] in (1, True), row[7])) for row in rows]
        return [line for line in told if result is None or line.result == result]


def presented(who: Held | Presented | None, **more: Any) -> Presented:
    """What a request of that token's bearer carries, on the wire the token opens."""
    if isinstance(who, Presented):
        return who
    if who is None:
        return Presented(more.pop("dialect", "native"), **more)
    return Presented(more.pop("dialect", who.view.token.dialect), who.secret, **more)


def asking(command: Any, **more: Any) -> Ask:
    """What a route would ask for that command."""
    return Ask(type(command), lambda settings: command, **more)


def reason(outcome: Any) -> Reason | None:
    """Why it was refused; None when it was not."""
    return outcome.reason if isinstance(outcome, Denied) else None


@cache
def hashed(password: str) -> str:
    """The stored form of a password by the weak rule; the same one each time."""
    return hashes.hash_password(hashes.prehash(password), WEAK, b"0" * 16, None)


@contextmanager
def household(url: str, key_file: Path, *, waiting: int = 600) -> Iterator[Household]:
    """A house under way on that store; the key file is made where there is none."""
    clock = Clock()
    store, _ = open_store(url, key_file, catalogue(), clock=clock)
    hasher = Hasher(WEAK, None, threads=2, waiting=waiting)
    settled: list[Committed] = []
    notes: list[bytes] = []
    house = House(store, hasher, lambda key, at, address, client: notes.append(key), settled.append)
    try:
        yield Household(house, clock, settled, notes)
    finally:
        hasher.close()
        store.close()


STEP_UP = StepUpRule()
ASKED = ("order", "step_up", "kinds", "factor_at_login", "needs", "gate", "limit")
CURRENT = "current"


def current(password: str) -> Proof:
    """The current password, shown for one wish."""
    return Proof(CURRENT, Secret(password))


def at(seconds: float) -> Instant:
    """That many seconds, in the unit of instants."""
    return Instant(round(seconds * SECOND))
