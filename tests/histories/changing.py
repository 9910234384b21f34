"""An account whose factors, address, password and realm change at random, and what is known of each: half a walk."""

import itertools
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from keyturn.core.factors import step_at, totp_code
from keyturn.core.types import Secret
from keyturn.store import factors, passwords
from keyturn.store.engine import Tx
from tests.histories.challenges import Account, Bearer, Place
from tests.histories.doors import SECRET
from tests.houses import PASSWORD, SEED, Held, Household, hashed

BOOLS, MOSTLY = st.booleans(), st.integers(0, 3).map(bool)
HOLDERS = st.sampled_from((0, 0, 0, 1, 2, 3, 4))


class Changing(RuleBasedStateMachine):
    """One administrator's account, with a plain model of it beside."""

    home: ClassVar[Household]
    numbers: ClassVar[Any] = itertools.count(1)

    @initialize(old=BOOLS)
    def begin(self, old: bool) -> None:
        """Somebody new with a session, a plain token of that name, and one that skips the second proof."""
        home = self.home
        home.choose(
            policy={"two_factor": "optional", "lockout_attempts": 99}, rocketchat__profile="classic",
            rocketchat__password_fallback=True, rocketchat__registration_grace=False, rocketchat__create_token=True,
            rocketchat__create_token_secret=SECRET, rocketchat__remember_seconds=1800, quota__personal=10_000,
            quota__delegated=10_000,
        )  # fmt: skip
        name = f"who-{next(self.numbers)}"
        self.who = home.person(name, "Administrators", email=f"{name}@example.test", email_verified=True)
        self.other = home.person(f"other-of-{name}").subject.handle
        self.place, self.account = Place(), Account(self.now())
        if old:
            self.sql("UPDATE subjects SET created = created - 86400000000 WHERE id = $1")
            self.account.created -= 86_400
        self.seed, self.waiting = SEED, b""
        self.used = ["000000"]
        self.held: list[tuple[Held | Secret, Bearer]] = []
        self.hold("session")
        self.hold("personal", name="kept")
        self.hold("personal", name="skips", bypass=True)
        home.do(lambda tx: tx.run("DELETE FROM outbox"))
        self.letters = 0

    # --- what changes meanwhile

    @rule(totp=st.sampled_from(["off", "waiting", "on"]), codes=BOOLS)
    def authenticator(self, totp: str, codes: bool) -> None:
        """The authenticator is on, off, or waits for its first code."""
        self.drop("totp", "recovery")
        self.account.totp, self.account.recovery, self.account.last_step = totp, set(), -1
        if totp == "waiting":
            self.waiting = self.seed
            self.do(lambda tx: self.add(tx, "totp", self.seed, confirmed=False))
        if totp == "on":
            self.home.factor(self.who, "totp", self.seed)
            if codes:
                self.account.recovery = {code.reveal() for code in self.home.codes(self.who)}

    @rule(on=BOOLS)
    def mail_factor(self, on: bool) -> None:
        """Codes by mail are asked for, or not."""
        self.drop("email")
        self.account.mail = on
        if on:
            self.home.factor(self.who, "email")

    @rule(
        verified=MOSTLY, password=MOSTLY, fallback=MOSTLY, grace=BOOLS,
        policy=st.sampled_from(["optional", "optional", "optional", "optional", "required", "off"]), modern=BOOLS,
    )  # fmt: skip
    def surroundings(
        self, verified: bool, password: bool, fallback: bool, grace: bool, policy: str, modern: bool
    ) -> None:
        """The address, the password, and what the realm chose, all anew."""
        account, place = self.account, self.place
        account.verified, account.password = verified, password
        place.fallback, place.grace, place.policy = fallback, grace, policy
        place.profile = "modern" if modern else "classic"
        self.sql("UPDATE subjects SET email_verified = $2 WHERE id = $1", int(verified))
        self.sql("DELETE FROM passwords WHERE subject = $1")
        if password:
            subject = self.who.subject
            self.do(
                lambda tx: passwords.put(
                    tx, subject.realm, subject.id, hashed(PASSWORD), False, 20, self.home.store.now()
                )
            )
        self.home.choose(
            policy={"two_factor": policy}, rocketchat__password_fallback=fallback, rocketchat__registration_grace=grace,
            rocketchat__profile=place.profile,
        )  # fmt: skip

    @rule(by=HOLDERS, bypass=BOOLS)
    def flag(self, by: int, bypass: bool) -> None:
        """A personal token is flagged to skip the second proof, or no longer."""
        secret, bearer = self.held[by % len(self.held)]
        if bearer.kind == "personal" and isinstance(secret, Held):
            bearer.bypass = bypass
            self.sql("UPDATE tokens SET bypass = $2 WHERE subject = $1 AND id = $3", int(bypass), secret.view.token.id)

    @rule(seconds=st.sampled_from([31, 900, 1801, 3601]))
    def later(self, seconds: int) -> None:
        """Time goes by."""
        self.home.clock.forward(seconds)

    @rule()
    def another(self) -> None:
        """One session more."""
        self.hold("session")

    # --- what calls are made of

    def now(self) -> float:
        """The house's clock, in seconds."""
        return self.home.store.now() / 1_000_000

    def fresh(self) -> str:
        """A name that nobody bears."""
        return f"name-{next(self.numbers)}"

    def spare(self) -> str:
        """The name of a personal token that may go."""
        return self.home.token(self.who, "personal", "rocketchat", name=self.fresh()).view.token.name or ""

    def somebody(self) -> dict[str, Any]:
        """Somebody to add."""
        name = self.fresh()
        return {
            "email": f"{name}@example.test",
            "name": name,
            "username": name,
            "password": f"the passphrase of {name}",
        }

    def waiting_code(self) -> str:
        """The first code of the authenticator that waits."""
        return totp_code(self.waiting or SEED, step_at(self.home.store.now()))

    # --- the store beside

    def hold(self, kind: str, **grant: Any) -> None:
        """One token more of this person."""
        made = self.home.token(self.who, kind, "rocketchat", **grant)
        self.held.append((made, Bearer(kind, bypass=grant.get("bypass", False))))

    def drop(self, *kinds: str) -> None:
        """The factors of those kinds are gone."""

        def job(tx: Tx) -> None:
            for factor in factors.of(tx, self.who.subject.id):
                if factor.kind in kinds:
                    factors.remove(tx, factor.id)

        self.do(job)

    def add(self, tx: Tx, kind: str, seed: bytes, *, confirmed: bool) -> None:
        """A factor is there."""
        subject = self.who.subject
        factors.add(tx, subject.realm, subject.id, kind, seed, confirmed, self.home.store.now())

    def sql(self, sql: str, *args: Any) -> None:
        """The store is changed, with the person's number as the first argument."""
        self.do(lambda tx: tx.run(sql, self.who.subject.id, *args))

    def do(self, job: Callable[[Tx], Any]) -> None:
        """The store is changed."""
        self.home.do(job)
