"""T01, T08: random walks over the operations, each step as a plain model says, and the audit log line by line."""

import itertools
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from keyturn.core import commands as c
from keyturn.core.factors import seed_from_base32, step_at, totp_code
from keyturn.core.outcomes import Denied, PasswordChangeDue, Reason, SessionOpened, TokenIssued, TotpBegun
from keyturn.core.types import LoginProof, Presented, Proof, RealmRef, Secret, SubjectRef, TokenRef
from tests.histories.model import Token, User
from tests.histories.wishes import Model
from tests.houses import Household, Person, current, reason

RUNS = {"sqlite": 300, "postgresql": 100}
"""Walks at each commit; PostgreSQL's other two hundred are in the long form, since each of them takes longer."""
STEPS, LONG_RUNS, LONG_STEPS = 50, 3000, 100
WRONG = "not the password of anybody"
WEAK = "short"
PASSWORDS = ("seven grey herons wade", "nine brown otters dive", "four white swans drift")
PEOPLE = {"ann": "Members", "bob": "Members", "desk": "Help Desk", "root": "Administrators", "chief": "Administrators"}
LINES = "SELECT verb, result, reason FROM audit WHERE realm = $1 ORDER BY id"
TOKENS = st.integers(0, 999)
WHO = st.sampled_from([*PEOPLE, "nobody"])
BOOLS = st.booleans()
RARELY = st.integers(0, 5).map(lambda n: n == 0)
OPENS = ("session", "personal", "delegated")


class Known:
    """What the walk holds of one token: its clear texts, newest last, and how wishes name it."""

    def __init__(self, token: Token, secret: Secret, ref: TokenRef) -> None:
        self.token, self.secrets, self.ref = token, [secret], ref


class Walk(RuleBasedStateMachine):
    """One walk, in a realm of its own."""

    home: ClassVar[Household]
    numbers: ClassVar[Any] = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        """A realm with its people, each with a session."""
        name = f"walk-{next(self.numbers)}"
        self.home.realm(name)
        self.realm = self.home.one("SELECT id FROM realms WHERE name = $1", name)
        self.model = Model()
        self.held: list[Known] = []
        self.refs: dict[str, SubjectRef] = {"nobody": SubjectRef("uuid", "00000000-0000-4000-8000-00000000dead")}
        self.factors: dict[str, str] = {}
        self.again: tuple[Known, Secret, str, Any, Secret] | None = None
        for login, role in PEOPLE.items():
            made: Person = self.home.person(login, role, realm=name, password=PASSWORDS[0])
            self.model.users[login] = User(login, PASSWORDS[0], {role})
            self.refs[login] = made.ref
        self.name = name
        for login in PEOPLE:
            self.sign_in(login, True, "native", False, True)

    # --- signing in

    @rule(
        login=WHO,
        right=st.integers(0, 3).map(bool),
        wire=st.sampled_from(["native", "rocketchat", "pyramid"]),
        code=BOOLS,
        good=BOOLS,
    )
    def sign_in(self, login: str, right: bool, wire: str, code: bool, good: bool) -> None:
        """Name, password, and perhaps a code."""
        user = self.model.users.get(login)
        password = user.password if right and user is not None and user.password is not None else WRONG
        step, proof = self._code(user, good) if code else (None, None)
        expected = self._at().sign_in(login, password is not WRONG, wire, code, step)
        shown = Presented(wire, login=LoginProof(login, Secret(password)), proof=proof, realm=self._realm())
        outcome = self._same(expected, self.home.wish(shown, c.OpenSession(reset_when_due=True)))
        if isinstance(outcome, (SessionOpened, PasswordChangeDue)):
            self._keep(outcome)

    @rule(login=WHO, times=st.sampled_from([1, 3, 10]))
    def guess(self, login: str, times: int) -> None:
        """Wrong passwords one after the other."""
        for _ in range(times):
            self.sign_in(login, False, "native", False, False)

    @rule(by=TOKENS)
    def sign_out(self, by: int) -> None:
        """End the presented token."""
        self._wish(by, c.EndSession(), lambda t, now: self.model.end_session(t, now))

    # --- tokens

    @rule(
        by=TOKENS,
        wire=st.sampled_from(["native", "rocketchat"]),
        name=st.sampled_from("xyz"),
        scoped=RARELY,
        bypass=RARELY,
    )
    def issue(self, by: int, wire: str, name: str, scoped: bool, bypass: bool) -> None:
        """A personal token of one's own."""
        scopes = ("users:view",) if scoped else None
        wish = c.IssueToken("personal", name, wire, scopes=scopes, bypass=bypass)
        outcome = self._wish(by, wish, lambda t, now: self.model.issue(t, now, wire, name, scopes, bypass))
        if isinstance(outcome, TokenIssued):
            self._keep(outcome)

    @rule(by=TOKENS, about=TOKENS, itself=BOOLS, keyed=BOOLS)
    def rotate(self, by: int, about: int, itself: bool, keyed: bool) -> None:
        """A new secret, told again to whoever asks under the same key."""
        bearer, secret = self._bearer(by)
        target = bearer if itself else self.held[about % len(self.held)]
        key = f"key-{by}-{about}-{len(self.held)}-{len(target.secrets)}" if keyed else None
        wish = c.RotateToken(target.ref)
        outcome = self._wish(by, wish, lambda t, now: self.model.rotate(t, now, target.token), key=key)
        if isinstance(outcome, TokenIssued):
            target.secrets.append(outcome.secret)
            self.again = (bearer, secret, key, wish, outcome.secret) if key is not None else self.again

    @precondition(lambda self: self.again is not None)
    @rule()
    def ask_again(self) -> None:
        """The same wish under the same key: the same answer within ten minutes, gone afterwards, and no line."""
        assert self.again is not None
        bearer, shown, key, wish, told = self.again
        kept = self.home.one("SELECT created FROM answers WHERE key = $1 ORDER BY created DESC", key)
        outcome = self.home.wish(Presented(bearer.token.dialect, shown, key=key), wish)
        late = kept + 600_000_000 <= self.home.store.now()
        assert reason(outcome) is (Reason.IDEMPOTENCY_EXPIRED if late else None)
        assert late or outcome.secret == told

    @rule(by=TOKENS, about=TOKENS, itself=BOOLS)
    def revoke(self, by: int, about: int, itself: bool) -> None:
        """A token is over."""
        target = self._bearer(by)[0] if itself else self.held[about % len(self.held)]
        self._wish(by, c.RevokeToken(target.ref), lambda t, now: self.model.revoke(t, now, target.token))

    @rule(by=TOKENS, whom=WHO)
    def delegate(self, by: int, whom: str) -> None:
        """A token that acts for somebody."""
        wish = c.IssueDelegation(self.refs[whom], "a walk")
        outcome = self._wish(by, wish, lambda t, now: self.model.delegate(t, now, self.model.users.get(whom)))
        if isinstance(outcome, TokenIssued):
            self._keep(outcome)

    # --- passwords and resets

    @rule(by=TOKENS, right=st.integers(0, 3).map(bool), weak=RARELY, new=st.sampled_from(PASSWORDS))
    def change_password(self, by: int, right: bool, weak: bool, new: str) -> None:
        """Give oneself a new password."""
        own = self._bearer(by)[0].token.owner.password or WRONG
        shown = current(own if right else WRONG)
        wish = c.ChangePassword(Secret(WEAK if weak else new))
        good = right and own is not WRONG
        self._wish(by, wish, lambda t, now: self.model.change_password(t, now, good, weak, new), proof=shown)

    @rule(by=TOKENS, whom=WHO, new=st.sampled_from(PASSWORDS), due=RARELY)
    def set_password(self, by: int, whom: str, new: str, due: bool) -> None:
        """Give somebody a password."""
        wish = c.SetPassword(self.refs[whom], Secret(new), due)
        self._wish(by, wish, lambda t, now: self.model.set_password(t, now, self._user(whom), new, due))

    @rule(by=TOKENS, whom=WHO)
    def issue_reset(self, by: int, whom: str) -> None:
        """A reset token for somebody."""
        wish = c.IssueReset(self.refs[whom])
        outcome = self._wish(by, wish, lambda t, now: self.model.issue_reset(t, now, self._user(whom)))
        if isinstance(outcome, TokenIssued):
            self._keep(outcome)

    @rule(token=TOKENS, resets=BOOLS, weak=RARELY, new=st.sampled_from(PASSWORDS), everything=RARELY)
    def redeem(self, token: int, resets: bool, weak: bool, new: str, everything: bool) -> None:
        """Use a reset token, or anything else in its place (A03)."""
        some = [known for known in self.held if (known.token.kind == "reset") is resets]
        if not some:
            return
        known = some[token % len(some)]
        wish = c.RedeemReset(known.secrets[-1], Secret(WEAK if weak else new), everything)
        expected = self._at().redeem(known.token, weak, new, everything)
        self._same(expected, self.home.wish(Presented("native", realm=self._realm()), wish))

    # --- people

    @rule(by=TOKENS, whom=WHO, what=st.sampled_from(["suspend", "reinstate", "unlock"]))
    def stop_or_let_in(self, by: int, whom: str, what: str) -> None:
        """Suspend, reinstate or unlock somebody."""
        command = {"suspend": c.SuspendUser, "reinstate": c.ReinstateUser, "unlock": c.UnlockUser}[what]
        self._wish(by, command(self.refs[whom]), lambda t, now: getattr(self.model, what)(t, now, self._user(whom)))

    @rule(by=TOKENS, whom=WHO, sure=RARELY)
    def delete(self, by: int, whom: str, sure: bool) -> None:
        """Delete somebody, now and then."""
        if sure:
            wish = c.DeleteUser(self.refs[whom])
            self._wish(by, wish, lambda t, now: self.model.delete(t, now, self._user(whom)))

    @rule(by=TOKENS, whom=WHO, roles=st.sets(st.sampled_from(["Members", "Help Desk", "Administrators"]), max_size=2))
    def set_roles(self, by: int, whom: str, roles: set[str]) -> None:
        """Give somebody roles."""
        wish = c.SetRoles(self.refs[whom], tuple(sorted(roles)))
        self._wish(by, wish, lambda t, now: self.model.set_roles(t, now, self._user(whom), roles))

    @rule(by=TOKENS, whom=WHO)
    def end_sessions(self, by: int, whom: str) -> None:
        """Log somebody out everywhere."""
        wish = c.EndSessions(self.refs[whom])
        self._wish(by, wish, lambda t, now: self.model.end_sessions(t, now, self._user(whom)))

    # --- factors

    @rule(by=TOKENS)
    def enrol(self, by: int) -> None:
        """Begin a TOTP."""
        owner = self._bearer(by)[0].token.owner
        outcome = self._wish(by, c.EnrolFactor("totp"), lambda t, now: self.model.enrol(t, now, b"?"))
        if isinstance(outcome, TotpBegun):
            owner.waiting = seed_from_base32(outcome.seed.reveal())
            self.factors[owner.name] = outcome.factor.uuid

    @rule(by=TOKENS, good=st.integers(0, 2).map(bool))
    def confirm(self, by: int, good: bool) -> None:
        """Switch a TOTP on."""
        owner = self._bearer(by)[0].token.owner
        step, code = self._step(), Secret("000000")
        if good and owner.waiting is not None:
            code = Secret(totp_code(owner.waiting, step))
        wish = c.ConfirmFactor(self.factors.get(owner.name, "none"), code)
        self._wish(by, wish, lambda t, now: self.model.confirm(t, now, step if good else None))

    @rule(by=TOKENS)
    def remove(self, by: int) -> None:
        """Take one's TOTP away."""
        owner = self._bearer(by)[0].token.owner
        wish = c.RemoveFactor(self.factors.get(owner.name, "none") if owner.totp is not None else "none")
        self._wish(by, wish, lambda t, now: self.model.remove(t, now))

    # --- time, and what must always be so

    @rule(seconds=st.sampled_from([31, 31, 97, 311, 613, 1207, 3671, 7201, 29_011, 90_001, 7_800_007]))
    def wait(self, seconds: int) -> None:
        """It is later."""
        self.home.clock.forward(seconds)

    @rule(which=TOKENS, old=RARELY)
    def look(self, which: int, old: bool) -> None:
        """Whether a token opens anything, shown with its newest secret or an older one."""
        known = self.held[which % len(self.held)]
        secret = known.secrets[0] if old else known.secrets[-1]
        self._at()
        expected = self.model.dead(known.token, secret is known.secrets[-1])
        if expected is None and known.token.kind == "reset":
            expected = Reason.WRONG_DOOR
        assert self.home.opens(secret, known.token.dialect) is expected

    @invariant()
    def the_log_says_it_all(self) -> None:
        """One line for each change and each evaluated refusal, and no other (P6)."""
        if hasattr(self, "model"):
            rows = self.home.read(lambda tx: tx.all(LINES, self.realm))
            assert [tuple(row) for row in rows] == self.model.lines

    def teardown(self) -> None:
        """At the end every token is as alive as the model says."""
        for known in getattr(self, "held", ()):
            self._at()
            for secret in known.secrets:
                expected = self.model.dead(known.token, secret is known.secrets[-1])
                shut = expected is None and known.token.kind == "reset"
                found = self.home.opens(secret, known.token.dialect)
                assert found is (Reason.WRONG_DOOR if shut else expected)

    # --- how a step is taken

    def _at(self) -> Model:
        self.model.now = self.home.store.now() / 1_000_000
        return self.model

    def _realm(self) -> RealmRef:
        return RealmRef("name", self.name)

    def _step(self) -> int:
        return step_at(self.home.store.now())

    def _user(self, login: str) -> User | None:
        return self.model.users.get(login)

    def _code(self, user: User | None, good: bool) -> tuple[int | None, Proof]:
        if not good or user is None or user.totp is None:
            return None, Proof("totp", Secret("000000"))
        return self._step(), Proof("totp", Secret(totp_code(user.totp, self._step())))

    def _bearer(self, by: int) -> tuple[Known, Secret]:
        """Whose token carries the wish: mostly one with its newest secret."""
        some = [known for known in self.held if known.token.kind in OPENS]
        known = some[by % len(some)]
        return known, known.secrets[0 if by % 7 == 0 else -1]

    def _wish(self, by: int, wish: Any, judge: Any, **more: Any) -> Any:
        known, secret = self._bearer(by)
        self._at()
        expected = judge(known.token, secret is known.secrets[-1])
        return self._same(expected, self.home.wish(Presented(known.token.dialect, secret, **more), wish))

    def _same(self, expected: Reason | None, outcome: Any) -> Any:
        assert reason(outcome) is expected, outcome
        return None if isinstance(outcome, Denied) else outcome

    def _keep(self, outcome: Any) -> None:
        uuid = outcome.view.token.uuid
        self.held.append(Known(self.model.tokens[-1], outcome.secret, TokenRef("uuid", uuid)))


@pytest.mark.asvs("7.4.1")
def test_walks(house: Household) -> None:
    """Walks of 50 steps: every answer, every token's life and every line of the audit log is as the model says."""
    walk(house, RUNS[house.store.name], STEPS)


@pytest.mark.slow
def test_long_walks(house: Household) -> None:
    """The same, longer and more of them."""
    walk(house, LONG_RUNS, LONG_STEPS)


def walk(house: Household, runs: int, steps: int) -> None:
    """So many walks of so many steps in that house."""
    machine: Any = type("Here", (Walk,), {"home": house, "numbers": itertools.count(1)})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    chosen = settings(max_examples=runs, stateful_step_count=steps, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(machine, settings=chosen)
