"""A06: requests in any order, with fields missing, empty, odd, repeated or another's, make nothing of nothing."""

import hashlib
import itertools
import json
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from keyturn.core.factors import seed_from_base32, step_at, totp_code
from keyturn.store.engine import Tx
from tests.dialects.asked import Answer, ask
from tests.houses import Household, Letter, Person

RUNS, STEPS, LONG_RUNS = {"sqlite": 100, "postgresql": 20}, 40, 500
WINDOW = {"native": 300, "rocketchat": 1800}
WIRE, NATIVE = "/api/v1/", "/v1/"
PASSWORDS = ("seven grey herons wade", "nine brown otters dive", "four white swans drift")
WRITTEN = "SELECT subject, version FROM passwords ORDER BY subject"
HELD = "SELECT subject, kind, confirmed, id FROM factors ORDER BY id"
SECRETS = (
    "SELECT t.id, t.subject, t.kind, s.digest FROM secrets s JOIN tokens t ON t.id = s.token WHERE t.kind <> 'setup'"
)
MISSING = object()
"""A field that is not sent at all."""
ODD: tuple[Any, ...] = (MISSING, "", None, [], {}, True, 0, ["x"], {"$ne": None}, "null", "undefined")
WHO = st.sampled_from(["ann", "ben", "cid"])
FILL = st.sampled_from(["right", "right", "right", "right", "right", "spent", "spent", "other's", "odd"])
ODDLY = st.integers(0, len(ODD) - 1)


class Standing(NamedTuple):
    """What the store holds that must not come from nothing."""

    passwords: dict[int, int]
    factors: set[tuple[Any, ...]]
    secrets: dict[bytes, tuple[int, str]]


class Ledger:
    """Proofs that were given out and not seen used: whose each is, and until when it works."""

    def __init__(self) -> None:
        self.resets: dict[str, tuple[str, float]] = {}
        self.mailed: dict[str, tuple[str, str, float]] = {}
        """By code: whose, on which wire, until when."""
        self.sessions: dict[str, tuple[str, float]] = {}
        """By clear text: whose, and when a second proof was last right for it."""
        self.dead: list[str] = []

    def end_sessions(self, whose: str, but: str | None = None) -> None:
        """Every session of theirs is over, but perhaps one."""
        gone = [token for token, (owner, _) in self.sessions.items() if owner == whose and token != but]
        self.dead += gone
        for token in gone:
            del self.sessions[token]


class Skipping(RuleBasedStateMachine):
    """Three people: one with an authenticator, one with codes by mail, one with a password alone."""

    home: ClassVar[Household]
    numbers: ClassVar[Any] = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        """They are there, each signed in once on each wire; nothing is proved yet."""
        home = self.home
        home.choose(
            policy={"lockout_attempts": 99, "mail_codes": True}, rocketchat__registration_grace=False,
            quota__personal=10_000,
        )  # fmt: skip
        home.do(lambda tx: tx.run("DELETE FROM outbox"))
        number = next(self.numbers)
        self.people: dict[str, Person] = {}
        self.passwords: dict[str, str] = {}
        self.seeds: dict[str, bytes] = {}
        self.waiting: dict[str, bytes] = {}
        self.steps: dict[str, int] = {}
        self.old: list[str] = ["ktr_0123456789abcdefghijklmnopqrstuvwxyz"]
        self.ledger = Ledger()
        for name in ("ann", "ben", "cid"):
            login = f"{name}-{number}"
            made = home.person(login, password=PASSWORDS[0], email=f"{login}@example.test", email_verified=True)
            self.people[name], self.passwords[name] = made, PASSWORDS[0]
            for wire in ("rocketchat", "native"):
                self.ledger.sessions[home.token(made, dialect=wire).secret.reveal()] = (name, 0.0)
        self.seeds["ann"], self.steps["ann"] = b"twenty bytes of seed", -1
        home.factor(self.people["ann"], "totp", self.seeds["ann"])
        home.factor(self.people["ben"], "email")
        self.before = self._standing()

    # --- the requests

    @rule(who=WHO, fill=FILL, odd=ODDLY, native=st.booleans())
    def ask_for_a_reset(self, who: str, fill: str, odd: int, native: bool) -> None:
        """A reset by mail, for a name or for something odd."""
        name = self._pick(fill, odd, self.people[who].subject.email, "nobody@example.test", "nobody@example.test")
        path, field = (f"{NATIVE}password-resets", "login") if native else (f"{WIRE}users.forgotPassword", "email")
        self._send(path, {field: name}, None)

    @rule(who=WHO, other=WHO, fill=FILL, odd=ODDLY, to=st.sampled_from(PASSWORDS), twice=st.booleans())
    def use_a_reset(self, who: str, other: str, fill: str, odd: int, to: str, twice: bool) -> None:
        """A reset token, or what is none, with a new password."""
        good = next((t for t, (owner, _) in self.ledger.resets.items() if owner == who), self.old[0])
        token = self._pick(fill, odd, good, self.old[-1], self._a_token(other, "native"))
        body = {"token": token, "password": to, "login": self.people[other].login}
        body = {k: v for k, v in body.items() if k != "login"} if fill == "right" else body
        for _ in range(1 + twice):
            self._send(f"{NATIVE}password-resets/redeem", body, None, new=to)

    @rule(who=WHO, fill=FILL, code=FILL, odd=ODDLY, native=st.booleans(), at=st.booleans())
    def sign_in(self, who: str, fill: str, code: str, odd: int, native: bool, at: bool) -> None:
        """Name, password and perhaps a code, some of them missing or odd."""
        login = self.people[who].login
        password = self._pick(fill, odd, self.passwords[who], "not the password", PASSWORDS[2])
        shown = self._pick(code, odd, self._code(who, "native" if native else "rocketchat"), self.old[-1], "000000")
        body = {"login" if native else "user": login, "password": password}
        if native and at and shown is not MISSING:
            body["factor"] = {"method": self._means(who), "code": shown}
        elif not native:
            body["code"] = shown
        self._send(f"{NATIVE}sessions" if native else f"{WIRE}login", body, None)

    @rule(who=WHO, other=WHO, door=st.integers(0, 99), code=FILL, odd=ODDLY, own=st.integers(0, 3).map(bool), by=FILL)
    def call(self, who: str, other: str, door: int, code: str, odd: int, own: bool, by: str) -> None:
        """A call that makes a token or changes factors, with a code that is right, spent, somebody else's or odd."""
        path, body, wire = DOORS[door % len(DOORS)](self, who, other)
        shown = self._pick(code, odd, self._code(who, wire), self.old[-1], "000000")
        dead = self.ledger.dead[-1] if self.ledger.dead else self.old[0]
        token = dead if by == "spent" else self._a_token(who, wire)
        headers = self._headers(token, who if own else other, wire)
        if isinstance(shown, str):
            headers |= {"step_up": f"{self._means(who)} {shown}"} if wire == "native" else {"x_2fa_code": shown}
        self._send(path, body, token, headers=headers, code=shown)

    @rule(who=WHO, fill=FILL, odd=ODDLY, to=st.sampled_from(PASSWORDS), native=st.booleans())
    def change_the_password(self, who: str, fill: str, odd: int, to: str, native: bool) -> None:
        """A new password of one's own, with the current one, or not."""
        current = self._pick(fill, odd, self.passwords[who], "not the password", PASSWORDS[2])
        token = self._a_token(who, "native" if native else "rocketchat")
        headers = self._headers(token, who, "native" if native else "rocketchat")
        if native:
            self._send(f"{NATIVE}me/password", {"current_password": current, "password": to}, token,
                       headers=headers, new=to)  # fmt: skip
            return
        shown = digest(current) if isinstance(current, str) and current else current
        body = {"data": {k: v for k, v in (("currentPassword", shown), ("newPassword", to)) if v is not MISSING}}
        self._send(f"{WIRE}users.updateOwnBasicInfo", body, token, headers=headers, new=to)

    @rule(seconds=st.sampled_from([31, 61, 601, 1801]))
    def later(self, seconds: int) -> None:
        """Time goes by."""
        self.home.clock.forward(seconds)

    # --- what each request is made of

    def _pick(self, fill: str, odd: int, right: Any, spent: Any, other: Any) -> Any:
        return {"right": right, "spent": spent, "other's": other}.get(fill, ODD[odd])

    def _means(self, who: str) -> str:
        return "totp" if who in self.seeds else "email"

    def _code(self, who: str, wire: str) -> str:
        """The second proof that works for them now: of the app, of the newest mail, or the password's digest."""
        if who in self.seeds:
            if self.steps[who] >= step_at(self.home.store.now()):
                self.home.clock.forward(60)
            return totp_code(self.seeds[who], step_at(self.home.store.now()))
        mailed = [code for code, (owner, where, _) in self.ledger.mailed.items() if (owner, where) == (who, wire)]
        return mailed[-1] if mailed else digest(self.passwords[who])

    def fresh(self) -> str:
        """A name that nothing bears."""
        return f"token-{next(self.numbers)}"

    def id(self, who: str) -> str:
        """Somebody's id on the wire that has ids."""
        return self.people[who].subject.handle

    def first_code(self, who: str) -> str:
        """The code of an authenticator of theirs that waits."""
        return totp_code(self.waiting.get(who, b"nobody's seed at all"), step_at(self.home.store.now()))

    def begun(self, who: str) -> str:
        """The one that waits, as the native wire names it."""
        wanted = "SELECT uuid FROM factors WHERE subject = $1 AND confirmed = 0"
        return str(self.home.one(wanted, self.people[who].subject.id) or "none")

    def _a_token(self, who: str, wire: str) -> str:
        native = wire == "native"
        mine = [t for t, (owner, _) in self.ledger.sessions.items() if owner == who and (t[:2] == "kt") is native]
        return mine[-1] if mine else self.old[0]

    def _headers(self, token: str, who: str, wire: str) -> dict[str, str]:
        if wire == "native":
            return {"authorization": f"Bearer {token}"}
        return {"x_auth_token": token, "x_user_id": self.people[who].subject.handle}

    # --- one request, and what it may have done

    def _send(
        self, path: str, body: dict[str, Any], token: str | None, *, headers: dict[str, str] | None = None,
        new: str = "", code: Any = "",
    ) -> None:  # fmt: skip
        sent = {name: value for name, value in body.items() if value is not MISSING}
        heard = ask(self.home, "PUT" if path.endswith("me/password") else "POST", path, sent, **(headers or {}))
        after, before = self._standing(), self.before
        note(f"{path} {sent} {headers}: {heard.status} {heard.text[:300]}")
        assert heard.status < 500
        wire, shown = "native" if path.startswith(NATIVE) else "rocketchat", f"{json.dumps(sent)} {code}"
        owner, _ = self.ledger.sessions.get(token or "", ("", 0.0))
        proved = owner and (self._shown(owner, shown, wire) or digest(self.passwords[owner]) in shown)
        for number in {n for n, version in after.passwords.items() if version != before.passwords.get(n)}:
            self._password_written(self._whose(number), sent, token, new)
        for number in {row[0] for row in after.factors ^ before.factors}:
            self._proved(self._whose(number), token, shown, path, wire)
        for key in set(after.secrets) - set(before.secrets):
            number, kind = after.secrets[key]
            if kind != "reset":
                self._minted(self._whose(number), sent, token, shown, path, wire)
        if token is not None and proved:
            self._opened(token, owner, wire)
        self._learn(heard, after, token, path, wire)
        self.before = after

    def _password_written(self, whose: str, sent: dict[str, Any], token: str | None, new: str) -> None:
        """Its owner showed a reset token that was good, or the password that was the current one."""
        if token is None:
            owner, until = self.ledger.resets.pop(sent["token"])
            self.old.append(sent["token"])
            assert (owner, until > self._now()) == (whose, True)
        else:
            assert self.ledger.sessions[token][0] == whose
            inside, current = sent.get("data", sent), self.passwords[whose]
            assert inside.get("current_password") == current or inside.get("currentPassword") == digest(current)
        self.passwords[whose] = new
        self.ledger.resets = {t: v for t, v in self.ledger.resets.items() if v[0] != whose}
        self.ledger.end_sessions(whose, token)

    def _minted(
        self, whose: str, sent: dict[str, Any], token: str | None, shown: str, path: str, wire: str
    ) -> None:  # fmt: skip
        """Its owner signed in with everything that is asked for, or proved a session of theirs again."""
        if token is not None:
            self._proved(whose, token, shown, path, wire)
            return
        assert sent["password"] == self.passwords[whose]
        assert not self._factors(whose) or self._shown(whose, shown, wire, use=True)

    def _proved(self, whose: str, token: str | None, shown: str, path: str, wire: str) -> None:
        """The session was its owner's, and was proved lately or in this very request."""
        assert token is not None
        owner, proved = self.ledger.sessions[token]
        assert owner == whose
        if path.endswith("/confirm"):
            assert self.first_code(whose) in shown
        elif "enableEmail" not in path and self._now() >= proved + WINDOW[wire]:
            factors = self._factors(whose)
            by_password = not factors and (wire == "native" or digest(self.passwords[whose]) in shown)
            assert by_password or self._shown(whose, shown, wire, use=True)

    def _shown(self, whose: str, shown: str, wire: str, *, use: bool = False) -> bool:
        """Whether a code stood in the request that is theirs, works there, and was not used; it is used from now on."""
        if whose in self.seeds:
            now = step_at(self.home.store.now())
            steps = range(max(now - 1, self.steps[whose] + 1), now + 2)
            step = next((s for s in steps if totp_code(self.seeds[whose], s) in shown), None)
            if step is not None and use:
                self.steps[whose] = step
                self.old.append(totp_code(self.seeds[whose], step))
            return step is not None
        mailed = self.ledger.mailed.items()
        fits = [code for code, (owner, where, _) in mailed if (owner, where) == (whose, wire) and code in shown]
        works = bool(fits) and self.ledger.mailed[fits[0]][2] > self._now()
        if works and use:
            self.old.append(fits[0])
            del self.ledger.mailed[fits[0]]
        return works

    def _learn(self, heard: Answer, after: Standing, token: str | None, path: str, wire: str) -> None:
        """New tokens, seeds and letters: what somebody who does everything right would have by now."""
        owner, _ = self.ledger.sessions.get(token or "", ("", 0.0))
        told = json.loads(heard.body) if heard.body and heard.status < 300 else {}
        made = told.get("data", {}).get("authToken") or (told.get("token") if told.get("kind") == "session" else None)
        if made:
            owner = self._whose(next(n for key, (n, _) in after.secrets.items() if key not in self.before.secrets))
            self._opened(made, owner, wire, new=True)
        if "secret" in told:
            self.waiting[owner] = seed_from_base32(told["secret"]) or b""
        for who, person in self.people.items():
            was, now = (self._on(one, person) for one in (self.before, after))
            if "totp" in now - was:
                self.seeds[who], self.steps[who] = self.waiting[who], step_at(self.home.store.now())
            if now - was - {"recovery"}:
                self.ledger.end_sessions(who, token)
            if "totp" in was - now:
                del self.seeds[who]
            if "resetTOTP" in path and heard.status == 200 and owner == who:
                self.ledger.end_sessions(who)
        for letter in self.home.letters():
            self._received(letter, wire)
        self.home.do(lambda tx: tx.run("DELETE FROM outbox"))

    def _opened(self, token: str, owner: str, wire: str, *, new: bool = False) -> None:
        """A second proof was right for that token, and is remembered where it counts for more than one call."""
        factors = self._factors(owner)
        counts = "totp" in factors or (wire == "rocketchat" and (bool(factors) or not new))
        self.ledger.sessions[token] = (owner, self._now() if counts else 0.0)

    def _received(self, letter: Letter, wire: str) -> None:
        """Somebody found a letter of theirs in the mail."""
        owner = next(name for name, one in self.people.items() if one.subject.email == letter.address)
        if letter.kind == "reset":
            self.old += [t for t, v in self.ledger.resets.items() if v[0] == owner]
            self.ledger.resets = {t: v for t, v in self.ledger.resets.items() if v[0] != owner}
            life = {"native": 3600, "rocketchat": 3600}[wire]
            self.ledger.resets[letter.words["token"]] = (owner, self._now() + life)
        else:
            self.ledger.mailed = {c: v for c, v in self.ledger.mailed.items() if v[:2] != (owner, wire)}
            life = {"native": 600, "rocketchat": 3600}[wire]
            self.ledger.mailed[letter.words["code"]] = (owner, wire, self._now() + life)

    # --- looking

    def _standing(self) -> Standing:
        def job(tx: Tx) -> Standing:
            ids = {one.subject.id for one in self.people.values()}
            return Standing(
                {row[0]: row[1] for row in tx.all(WRITTEN) if row[0] in ids},
                {tuple(row) for row in tx.all(HELD) if row[0] in ids},
                {bytes(row[3]): (row[1], row[2]) for row in tx.all(SECRETS) if row[1] in ids},
            )

        found: Standing = self.home.read(job)
        return found

    def _whose(self, number: int) -> str:
        return next(name for name, one in self.people.items() if one.subject.id == number)

    def _on(self, standing: Standing, person: Person) -> set[str]:
        return {row[1] for row in standing.factors if row[0] == person.subject.id and row[2]}

    def _factors(self, who: str) -> set[str]:
        """The kinds that were in force before the request."""
        return self._on(self.before, self.people[who])

    def _now(self) -> float:
        return self.home.store.now() / 1_000_000


DOORS: tuple[Callable[[Skipping, str, str], tuple[str, dict[str, Any], str]], ...] = (
    lambda m, who, other: (f"{WIRE}users.generatePersonalAccessToken", {"tokenName": m.fresh()}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.generatePersonalAccessToken",
                           {"tokenName": m.fresh(), "bypassTwoFactor": True, "userId": m.id(other)}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.enableTotp", {}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.validateTotp", {"code": m.first_code(who)}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.2fa.enableEmail", {}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.2fa.disableEmail", {}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.resetTOTP", {"userId": m.id(other)}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.resetTOTP", {}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.disableTotp", {"code": m.first_code(other)}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.regenerateTotpCodes", {"code": ""}, "rocketchat"),
    lambda m, who, other: (f"{WIRE}users.2fa.sendEmailCode", {"emailOrUsername": m.people[other].login}, "rocketchat"),
    lambda m, who, other: (f"{NATIVE}tokens", {"name": m.fresh()}, "native"),
    lambda m, who, other: (f"{NATIVE}me/factors", {"kind": "totp"}, "native"),
    lambda m, who, other: (f"{NATIVE}me/factors", {"kind": "email"}, "native"),
    lambda m, who, other: (f"{NATIVE}me/factors", {"kind": "recovery"}, "native"),
    lambda m, who, other: (f"{NATIVE}me/factors/{m.begun(who)}/confirm", {"code": m.first_code(who)}, "native"),
)  # fmt: skip


def digest(text: str) -> str:
    """What clients of the other wire show of a password."""
    return hashlib.sha256(text.encode()).hexdigest()


def walk(house: Household, runs: int) -> None:
    """That many times three people, one after the other."""
    often = settings(
        max_examples=runs, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(type("Here", (Skipping,), {"home": house}), settings=often)


def test_nothing_comes_of_nothing(house: Household) -> None:
    """No password is written, no factor changed, no token made without a proof that was good and not yet used."""
    walk(house, RUNS[house.store.name])


@pytest.mark.slow
def test_nothing_comes_of_nothing_at_length(house: Household) -> None:
    """The same with twenty thousand steps."""
    walk(house, LONG_RUNS)
