"""A06 and the second proof as a property: whatever state factors are in, no call runs without what that state asks."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from keyturn.core.factors import seed_from_base32, step_at, totp_code
from keyturn.core.types import Secret
from tests.dialects.asked import Answer, ask
from tests.histories.challenges import Bearer, Call, Code, must_show, must_show_at_login
from tests.histories.changing import BOOLS, HOLDERS, Changing
from tests.histories.doors import DOORS, Door, error_of, outcome_of, result_of, token_of
from tests.houses import PASSWORD, Held, Household

RUNS, STEPS, LONG_RUNS = {"sqlite": 100, "postgresql": 25}, 40, 500
"""Walks at each commit, and steps of each; PostgreSQL takes longer over them."""
V1 = "/api/v1/"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
WRONG = {"totp": "000000", "email": "000000", "password": "0" * 64}
HOME = "192.0.2.1"
AGENTS = st.sampled_from(("one", "one", "one", "two"))
PEERS = st.sampled_from(("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"))
CHALLENGES = ("totp-required", "totp-invalid", "totp-max-attempts")
NAMED = ("", "totp", "email", "password", "sms", "recovery", "TOTP")
SHOWN = ("nothing", "right", "right", "right", "wrong", "used", "empty", "recovery", "other")
LINES = "SELECT count(*) FROM audit WHERE result = 'done' AND actor = $1 AND verb = $2"


TOKENS = sorted(name for name, row in DOORS.items() if row.verb.startswith("tokens:"))
OWN = sorted(name for name, row in DOORS.items() if row.session)
OTHERS = sorted(set(DOORS) - {*TOKENS, *OWN})
CALLED: dict[str, Any] = {
    "by": HOLDERS, "named": st.sampled_from(NAMED), "shown": st.sampled_from(SHOWN),
    "agent": AGENTS, "peer": PEERS, "inside": BOOLS,
}  # fmt: skip


class Challenges(Changing):
    """Calls by that account's tokens, each of which comes to what the model says."""

    @rule(door=st.sampled_from(TOKENS), **CALLED)
    def call_for_tokens(self, **called: Any) -> None:
        """A call about personal access tokens."""
        self.call(**called)

    @rule(door=st.sampled_from(OWN), **CALLED)
    def call_for_factors(self, **called: Any) -> None:
        """A call about one's own factors."""
        self.call(**called)

    @rule(door=st.sampled_from(OTHERS), **CALLED)
    def call_for_others(self, **called: Any) -> None:
        """A call about other people."""
        self.call(**called)

    @rule(door=st.sampled_from(sorted(DOORS)), **CALLED)
    def call_for_anything(self, **called: Any) -> None:
        """Any call."""
        self.call(**called)

    def call(self, door: str, by: int, named: str, shown: str, agent: str, peer: str, inside: bool) -> None:
        """A call with or without a proof comes to what the model says, and to nothing more."""
        row = DOORS[door]
        if row.modern and self.place.profile != "modern":
            return
        secret, bearer = self.held[by % len(self.held)]
        wrong_kind = row.session and bearer.kind == "personal"
        # Whether the proof of a token that may not is looked at is nobody's business, so it shows none.
        code = None if wrong_kind else self._code(shown, self._asked(row, bearer, named, (agent, peer)))
        # Asked once more: making a code may have moved the clock.
        asked = self._asked(row, bearer, named, (agent, peer))
        heard, ran = self._heard(row, secret, named, code, agent, peer, inside)
        right = asked is not None and self._right(asked, code, named, row.strict)
        told = outcome_of(heard)
        note(f"{door}: {asked} to be shown, {shown} shown, {right=}, {ran=}; {vars(self.account)} {vars(bearer)}")
        if bearer.enrols and row.verb not in ("factors:enrol", "factors:confirm"):
            assert (heard.status, ran) == (403, False)
        elif asked is not None and not right:
            assert not ran
            self._miss(asked, code)
            if told in CHALLENGES:
                self._challenged(heard, asked, code)
            else:
                assert row.strict or wrong_kind
        else:
            assert told not in CHALLENGES
            assert not (ran and self._may_not(row, bearer))
            if asked is not None:
                self._spend(asked, code, bearer, row, (agent, peer))
            if row.verb in ("tokens:issue", "tokens:rotate", "tokens:revoke", "users:edit") and not bearer.bypass:
                assert ran
            if ran:
                self._after(door, heard, by)

    @rule(named=st.sampled_from(NAMED), shown=st.sampled_from(SHOWN), agent=AGENTS)
    def sign_in(self, named: str, shown: str, agent: str) -> None:
        """A sign-in opens a session when the password is right and the factor that is asked for was shown."""
        if not self.account.password:
            return
        asked = must_show_at_login(self.account, self.place, named.lower())
        code = self._code(shown, asked)
        asked = must_show_at_login(self.account, self.place, named.lower())
        body = {"user": self.who.login, "password": PASSWORD, **({} if code is None else {"code": code})}
        heard = ask(self.home, "POST", f"{V1}login", body, peer=HOME, user_agent=agent, x_2fa_method=named)
        right = asked is None or self._right(asked, code, named, False)
        assert (heard.status == 200) is right, heard
        if not right:
            assert heard.json["error"] in CHALLENGES
            assert heard.json["details"]["availableMethods"] == list(self.account.methods())
            self._miss(asked or "", code)
            self._mail(asked, code)
            return
        bearer = Bearer("session")
        bearer.enrols = self.place.policy == "required" and self.account.totp != "on"
        if asked is not None:
            self._spend(asked, code, bearer, None, (agent, HOME))
        self.held.append((Secret(heard.json["data"]["authToken"]), bearer))

    @invariant()
    def no_mail_beside(self) -> None:
        """Nothing was mailed but what the model knows of."""
        assert not hasattr(self, "letters") or self.home.one("SELECT count(*) FROM outbox") == self.letters

    # --- the model beside

    def _asked(self, row: Door, bearer: Bearer, named: str, origin: tuple[str, str]) -> str | None:
        fallback = not row.factors or self.place.profile == "modern"
        call = Call(named.lower(), origin, row.forgets, row.strict, fallback)
        return must_show(self.account, bearer, self.place, call, self.now())

    def _may_not(self, row: Door, bearer: Bearer) -> bool:
        """Whether the token is of a kind that may not, however well it proves itself."""
        if bearer.kind == "personal" and row.session:
            return True
        return bearer.bypass and not row.verb.startswith("tokens:rotate")

    def _code(self, shown: str, asked: str | None) -> str | None:
        """A code as the step wants it; a right one may have to wait for a new half-minute."""
        if shown == "nothing":
            return None
        if shown == "recovery" and self.account.recovery:
            return min(self.account.recovery)
        if shown == "right" and asked == "email":
            return self.account.code.text if self.account.code else "000000"
        if shown == "right" and asked == "totp":
            if self.account.last_step >= step_at(self.home.store.now()):
                self.home.clock.forward(60)
            return totp_code(self.seed, step_at(self.home.store.now()))
        if shown == "right" and asked == "password":
            return DIGEST.upper()
        if shown == "other":
            return DIGEST if asked in ("totp", "email") else totp_code(self.seed, step_at(self.home.store.now()))
        return self.used[-1] if shown == "used" else "" if shown == "empty" else WRONG[asked or "totp"]

    def _right(self, asked: str, code: str | None, named: str, strict: bool) -> bool:
        if not code:
            return False
        if asked == "email":
            mailed = self.account.code
            return mailed is not None and mailed.works(self.now()) and code.strip() == mailed.text
        if asked == "password":
            return self.account.password and code.lower() == DIGEST
        if code in self.account.recovery:
            return strict or named.lower() not in ("email", "password")
        at = step_at(self.home.store.now())
        return (
            any(code == totp_code(self.seed, step) for step in range(at - 1, at + 2) if step > self.account.last_step)
            and self.account.totp == "on"
        )

    def _spend(self, asked: str, code: str | None, bearer: Bearer, row: Door | None, origin: tuple[str, str]) -> None:
        assert code is not None
        if code in self.account.recovery:
            self.account.recovery.discard(code)
        elif asked == "totp":
            at = step_at(self.home.store.now())
            steps = (s for s in range(at - 1, at + 2) if code == totp_code(self.seed, s) and s > self.account.last_step)
            self.account.last_step = next(steps)
        elif self.account.code is not None and asked == "email":
            self.account.code.used = True
        if asked != "password":
            self.used.append(code)
        if row is None or not (row.forgets or row.strict):
            bearer.prove(self.now(), origin)

    def _miss(self, asked: str, code: str | None) -> None:
        if asked == "email" and code and self.account.code is not None and self.account.code.works(self.now()):
            self.account.code.tries += 1

    def _challenged(self, heard: Answer, asked: str, code: str | None) -> None:
        """The answer asks for that very method, and tells what there is."""
        details = error_of(heard)["details"]
        assert outcome_of(heard) in (CHALLENGES[1:] if code else CHALLENGES[:1])
        assert details["method"] == asked
        assert details["availableMethods"] == list(self.account.methods())
        self._mail(asked, code, details)

    def _mail(self, asked: str | None, code: str | None, details: Any = None) -> None:
        """A challenge that asks for a code by mail sent one, unless one still works."""
        due = asked == "email" and not code and not (self.account.code and self.account.code.works(self.now()))
        assert details is None or details["codeGenerated"] is due
        if due:
            letter = self.home.letters()[-1]
            assert letter.address == self.who.subject.email
            self.account.code = Code(letter.words["code"], self.now())
            self.letters += 1

    def _heard(
        self, row: Door, secret: Held | Secret, named: str, code: str | None, agent: str, peer: str, inside: bool
    ) -> tuple[Answer, bool]:
        clear = (secret.secret if isinstance(secret, Held) else secret).reveal()
        headers = {"x_auth_token": clear, "x_user_id": self.who.subject.handle, "user_agent": agent}
        body = row.body(self)
        if "message" in body and row.strict:
            call = json.loads(body["message"])
            body = {"message": json.dumps({**call, "params": [] if code is None else [code]})}
        elif row.strict:
            body = {} if code is None else {"code": code}
        elif "message" in body and code is not None and inside:
            call = json.loads(body["message"])
            last = {"twoFactorCode": code, "twoFactorMethod": named}
            body = {"message": json.dumps({**call, "params": [*call["params"], last]})}
        else:
            headers |= {"x_2fa_method": named, **({} if code is None else {"x_2fa_code": code})}
        before = self.home.one(LINES, self.who.subject.id, row.verb)
        heard = ask(self.home, "POST", f"{V1}{row.path}", body, peer=peer, **headers)
        return heard, self.home.one(LINES, self.who.subject.id, row.verb) > before

    def _after(self, door: str, heard: Answer, by: int) -> None:
        """What a call that ran left behind."""
        account = self.account
        if door in ("reset", "disable", "method disable"):
            account.totp, account.recovery = "off", set()
        if door == "reset":
            self.held = [pair for pair in self.held if pair[1].kind != "session"]
            self.hold("session")
        if door == "no more mail":
            account.mail, account.code = False, None
        if door in ("enable", "method enable"):
            account.totp = "waiting"
            self.waiting = seed_from_base32(result_of(heard)["secret"]) or b""
        if door == "validate":
            account.totp, account.recovery = "on", set(result_of(heard)["codes"])
            self.seed, account.last_step = self.waiting, step_at(self.home.store.now())
            kept = self.held[by % len(self.held)]
            self.held = [pair for pair in self.held if pair[1].kind != "session" or pair is kept]
        if door in ("new codes", "method new codes"):
            account.recovery = set(result_of(heard)["codes"])
        if door in ("regenerate", "method regenerate"):
            at = next(n for n, (secret, _) in enumerate(self.held) if named_kept(secret))
            self.held[at] = (self._with(self.held[at][0], Secret(token_of(heard))), self.held[at][1])

    def _with(self, held: Held | Secret, secret: Secret) -> Held:
        assert isinstance(held, Held)
        return held._replace(secret=secret)


def named_kept(secret: Held | Secret) -> bool:
    """Whether that is the personal token named so."""
    return isinstance(secret, Held) and secret.view.token.name == "kept"


# --- running


def walk(house: Household, runs: int) -> None:
    """That many accounts, one after the other."""
    machine = type("Here", (Challenges,), {"home": house})
    often = settings(
        max_examples=runs, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=often)


def test_no_state_lets_a_call_run_without_its_proof(house: Household) -> None:
    """Some hundreds of steps: each call runs, asks, or refuses as the plain model says."""
    walk(house, RUNS[house.store.name])


@pytest.mark.slow
def test_no_state_lets_a_call_run_without_its_proof_at_length(house: Household) -> None:
    """The same with twenty thousand steps."""
    walk(house, LONG_RUNS)
