"""A14 on the Rocket.Chat wire: what keeps an account or a token out keeps it out of all that makes something."""

from collections.abc import Callable
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied
from keyturn.store.engine import Tx
from tests.attacks.chatting import DIGEST, PAT, V1, Caller, caller, held, word
from tests.attacks.test_guessing import told
from tests.houses import PASSWORD, SEED, Household
from tests.served import Heard, Served

REASONS = "SELECT reason FROM audit WHERE result = 'refused' AND subject = $1 AND verb = 'sessions:open' ORDER BY id"


class Ground:
    """Somebody with everything that one may hold here, an administrator, and somebody else."""

    def __init__(self, served: Served) -> None:
        self.served, people = served, served.people
        self.people = people
        people.choose(rocketchat__create_token=True, rocketchat__bypass_mints=True)
        self.admin = people.token(people.person("chief", "Stewards"))
        self.acting = caller(served, people.person("actor", "Administrators"))
        self.person = people.person("mara", "Administrators", email="mara@example.test", email_verified=True)
        self.other = people.person("noor")
        people.factor(self.person)
        people.factor(self.person, "email")
        tokens: dict[str, dict[str, Any]] = {
            "session": {}, "personal": {"name": "kept"}, "skipping": {"name": "skips", "bypass": True},
        }  # fmt: skip
        self.held = {
            n: held(people, self.person, "session" if n == "session" else "personal", **g) for n, g in tokens.items()
        }
        self.callers = {name: Caller(served, self.person, one.secret) for name, one in self.held.items()}

    def post(self, route: str, body: Any) -> Heard:
        """What a call without credentials hears."""
        return self.served.request("POST", f"{V1}{route}", {}, body)

    def code(self) -> str:
        """The authenticator's code of this moment."""
        return self.people.code(0, SEED).reveal()

    def sql(self, sql: str, *args: Any) -> Any:
        """The store is changed behind everybody's back."""
        return self.people.do(lambda tx: tx.run(sql, *args))

    def wish(self, wish: Any) -> Any:
        """The administrator has it done."""
        outcome = self.people.wish(self.admin, wish)
        assert not isinstance(outcome, Denied)
        return outcome


Change = Callable[[Ground], Any]
DUE = "UPDATE passwords SET must_change = 1 WHERE subject = $1"
REMOTE = "UPDATE subjects SET remote = 1 WHERE id = $1"
BARE = "DELETE FROM passwords WHERE subject = $1"
GONE: dict[str, Change] = {
    "suspended": lambda g: g.wish(c.SuspendUser(g.person.ref)),
    "suspended and let in again": lambda g: (
        g.wish(c.SuspendUser(g.person.ref)),
        g.wish(c.ReinstateUser(g.person.ref)),
    ),
    "stopped on this wire": lambda g: g.acting.call(
        "users.setActiveStatus", {"userId": g.person.subject.handle, "activeStatus": False}, DIGEST
    ),
    "deleted": lambda g: g.wish(c.DeleteUser(g.person.ref)),
    "deleted on this wire": lambda g: g.acting.call("users.delete", {"userId": g.person.subject.handle}, DIGEST),
    "its realm is off": lambda g: g.sql("UPDATE realms SET active = 0 WHERE name = 'default'"),
    "tokens revoked": lambda g: [g.wish(c.RevokeToken(one.ref)) for one in g.held.values()],
    "tokens expired": lambda g: g.sql(
        "UPDATE tokens SET expires = created + 1 WHERE subject = $1", g.person.subject.id
    ),
    "signed out by an administrator": lambda g: g.acting.call("users.logout", {"userId": g.person.subject.handle}),
}
"""What ends everything that one holds."""
BARRED: dict[str, tuple[Change, str]] = {
    "suspended": (GONE["suspended"], "account_suspended"),
    "locked": (lambda g: [g.post("login", {"user": "mara", "password": "wrong"}) for _ in range(10)], "wrong_password"),
    "must change the password": (lambda g: g.sql(DUE, g.person.subject.id), "password_change_due"),
    "managed elsewhere": (lambda g: [g.sql(sql, g.person.subject.id) for sql in (REMOTE, BARE)], "wrong_password"),
    "without a password": (lambda g: g.sql(BARE, g.person.subject.id), "wrong_password"),
    "from a crowded address": (lambda g: [g.post("login", {"user": f"{n}", "password": "x"}) for n in range(50)], ""),
}  # fmt: skip
"""What keeps a sign-in out, and what the record says of it."""


def makers(ground: Ground) -> dict[str, Callable[[Caller], Heard]]:
    """Every call that makes a credential, or part of one, for whom it is shown by, or for the one in question."""
    code = ground.code()
    me = ground.person.subject.handle
    named = {"tokenName": "new"}
    return {
        "resume": lambda m: ground.post("login", {"resume": m.token}),
        "make a token": lambda m: m.call(f"users.generate{PAT}", named, code),
        "make one that skips": lambda m: m.call(f"users.generate{PAT}", {**named, "bypassTwoFactor": True}, code),
        "regenerate": lambda m: m.call(f"users.regenerate{PAT}", {"tokenName": "kept"}, code),
        "regenerate the skipping one": lambda m: m.call(f"users.regenerate{PAT}", {"tokenName": "skips"}, code),
        "act for another": lambda m: m.call("users.createToken", {"userId": ground.other.subject.handle}, code),
        "add somebody": lambda m: m.call("users.create", _somebody(), code),
        "give a password": lambda m: m.call(
            "users.update",
            {"userId": ground.other.subject.handle, "data": {"password": "a passphrase of nobody"}},
            code,
        ),
        "change the password": lambda m: m.call(
            "users.updateOwnBasicInfo", {"data": {"newPassword": "a passphrase of nobody", "currentPassword": DIGEST}}
        ),
        "keep this session alone": lambda m: m.call("users.logoutOtherClients", {}),
        "begin an authenticator": lambda m: m.call("users.enableTotp", {}, code),
        "confirm an authenticator": lambda m: m.call("users.validateTotp", {"code": code}),
        "get recovery codes": lambda m: m.call("users.regenerateTotpCodes", {"code": code}),
        "take mail codes on": lambda m: m.call("users.2fa.enableEmail", {}),
        "the method generate": lambda m: m.method("personalAccessTokens:generateToken", named, code=code, how="totp"),
        "the method regenerate": lambda m: m.method(
            "personalAccessTokens:regenerateToken", {"tokenName": "kept"}, code=code
        ),
        "the method of recovery codes": lambda m: m.method("2fa:regenerateCodes", code),
        "the method enable": lambda m: m.method("2fa:enable", code=code),
        "be acted for": lambda m: ground.acting.call("users.createToken", {"userId": me}, DIGEST),
        "be mailed a reset": lambda m: ground.post("users.forgotPassword", {"email": "mara@example.test"}),
        "be mailed a code": lambda m: ground.post("users.2fa.sendEmailCode", {"emailOrUsername": "mara"}),
    }


def sign_ins(ground: Ground) -> dict[str, dict[str, Any]]:
    """Every way to sign in with the right password and the right code."""
    code = ground.code()
    digest = {"digest": DIGEST, "algorithm": "sha-256"}
    return {
        "by name": {"user": "mara", "password": PASSWORD, "code": code},
        "by username": {"username": "mara", "password": PASSWORD, "code": code},
        "by address": {"email": "mara@example.test", "password": PASSWORD, "code": code},
        "by digest": {"user": {"username": "mara"}, "password": digest, "code": code},
        "nested": {"totp": {"login": {"user": {"email": "mara@example.test"}, "password": digest}, "code": code}},
    }


@pytest.mark.parametrize("state", GONE)
def test_nothing_is_made_for_whom_is_gone(state: str, served: Served) -> None:
    """After each event every call by every token hears the same as one without credentials, and makes nothing (A14)."""
    ground = Ground(served)
    ended = state in (
        "tokens revoked",
        "tokens expired",
        "signed out by an administrator",
        "suspended and let in again",
    )
    GONE[state](ground)
    before = credentials(ground.people)
    nobody = told(served.request("GET", f"{V1}me"))
    for name, me in ground.callers.items():
        assert told(me.call("me")) == nobody, name
        for path, made in makers(ground).items():
            if ended and path.startswith("be "):
                continue
            heard = made(me)
            assert heard.status == (401 if not path.startswith("be ") else heard.status), (name, path, heard)
            assert heard.status < 500
            assert credentials(ground.people) == before, (name, path)
    if not ended:
        for form, body in sign_ins(ground).items():
            assert ground.post("login", body).status == 401, form
    assert credentials(ground.people) == before


@pytest.mark.parametrize("state", BARRED)
def test_no_form_of_a_sign_in_gets_by(state: str, served: Served) -> None:
    """Barred accounts are barred in every form of a sign-in, with the right password and code, for one reason (A14)."""
    ground = Ground(served)
    change, wanted = BARRED[state]
    change(ground)
    before, number = credentials(ground.people), ground.person.subject.id
    heard = {}
    for form, body in sign_ins(ground).items():
        # The code is as good as unused for each form.
        ground.sql("UPDATE factors SET last_step = -1")
        heard[form] = told(ground.post("login", body))
    assert len({repr(answer) for answer in heard.values()}) == 1, heard
    assert next(iter(heard.values()))[0] == 401
    assert credentials(ground.people) == before
    reasons = {row[0] for row in ground.people.read(lambda tx: tx.all(REASONS, number))}
    assert reasons == ({wanted} if wanted else set())


@pytest.mark.parametrize("state", ["locked", "must change the password", "from a crowded address"])
def test_a_barred_sign_in_leaves_tokens_alone(state: str, served: Served) -> None:
    """What bars a sign-in alone never touches tokens that are there: they go on, and are proved as before."""
    ground = Ground(served)
    BARRED[state][0](ground)
    assert all(me.lives() for me in ground.callers.values())
    named = {"tokenName": "kept"}
    assert word(ground.callers["session"].call(f"users.regenerate{PAT}", named)) == "totp-required"
    assert word(ground.callers["session"].call(f"users.regenerate{PAT}", named, ground.code())) == "done"


def test_a_due_factor_lets_one_be_taken_on_alone(served: Served) -> None:
    """Where a factor is due and there is none, a sign-in opens what takes one on, and no more comes of it (A14)."""
    people = served.people
    people.choose(policy={"two_factor": "required"}, rocketchat__create_token=True)
    person = people.person("bare", "Administrators", email="bare@example.test", email_verified=True)
    heard = served.request("POST", f"{V1}login", {}, {"user": "bare", "password": PASSWORD})
    assert heard.status in (200, 401)
    if heard.status == 200:
        me = Caller(served, person, heard.json()["data"]["authToken"])
        before = credentials(people)
        for route, body in {
            f"users.generate{PAT}": {"tokenName": "x"}, "users.create": _somebody(), "users.logoutOtherClients": {},
            "users.createToken": {"userId": person.subject.handle}, "users.update": {"userId": "x", "data": {}},
            "users.updateOwnBasicInfo": {"data": {"newPassword": "a passphrase of nobody", "currentPassword": DIGEST}},
        }.items():  # fmt: skip
            assert me.call(route, body, DIGEST).status in (400, 401, 403), route
        assert served.request("POST", f"{V1}login", {}, {"resume": me.token}).status in (401, 403)
        assert credentials(people) == before


def credentials(people: Household) -> Any:
    """Live secrets, passwords, factors, recovery codes, codes and letters by mail."""

    def job(tx: Tx) -> Any:
        return [[tuple(row) for row in tx.all(sql)] for sql in LOOKED_AT]

    return people.read(job)


LOOKED_AT = (
    "SELECT s.digest FROM secrets s JOIN tokens t ON t.id = s.token WHERE s.ends IS NULL AND t.ended IS NULL"
    " ORDER BY s.digest",
    "SELECT subject, version FROM passwords ORDER BY subject",
    "SELECT subject, kind, confirmed FROM factors ORDER BY id",
    "SELECT digest FROM recovery_codes ORDER BY digest",
    "SELECT subject, digest FROM mail_codes ORDER BY subject",
    "SELECT id FROM outbox ORDER BY id",
    "SELECT id FROM subjects ORDER BY id",
)


def _somebody() -> dict[str, str]:
    return {"username": "new", "name": "New", "email": "new@example.test", "password": "a passphrase of nobody"}
