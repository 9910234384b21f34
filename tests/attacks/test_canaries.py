"""A40: after all that can be done with them, no secret stands in a log, in the audit, in an answer or in the store."""

import logging
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.factors import base32
from keyturn.store import tokens
from keyturn.store.schema import HEAD, statements
from tests.attacks.wires import SIGN_IN, sign_in
from tests.engines import Engine
from tests.houses import SEED, Person
from tests.served import Heard, Served

PASSWORD = "canary password nine otters"
NEW = "canary password ten herons"
WRONG = "canary wrong password"
TABLES = [s.split()[2] for s in statements(HEAD, "sqlite") if s.startswith("CREATE TABLE")]


class Canaries:
    """What must be found nowhere, gathered on the way."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.people = served.people
        self.texts = {PASSWORD, NEW, WRONG, base32(SEED), SEED.decode()}
        self.refusals: list[Heard] = []

    def ask(self, method: str, path: str, headers: dict[str, str], body: Any = b"") -> Heard:
        """One request; a refusal is kept to be looked at."""
        heard = self.served.request(method, path, headers, body)
        if heard.status >= 400:
            self.refusals.append(heard)
        return heard

    def keep(self, *texts: str) -> None:
        """These are canaries too."""
        self.texts.update(texts)

    def live(self, person: Person) -> None:
        """Everything a person does with passwords, tokens and codes on every wire, right and wrong."""
        self.people.factor(self.people.person("second", password=PASSWORD))
        self.keep(*(code.reveal() for code in self.people.codes(self.people.person("third", password=PASSWORD))))
        for wire in SIGN_IN:
            for login in (person.login, "nobody"):
                for password in (PASSWORD, WRONG):
                    heard = sign_in(self.served, wire, login, password)
                    self.refusals += [heard] if heard.status >= 400 else []
        session = self.people.token(person).secret.reveal()
        self.keep(session)
        bearer = {"Authorization": f"Bearer {session}"}
        made = self.ask("POST", "/v1/tokens", bearer | {"Idempotency-Key": "k1"}, {"name": "ci"}).json()
        self.keep(made["token"])
        rotated = self.ask("POST", f"/v1/tokens/{made['id']}/rotate", bearer | {"Idempotency-Key": "k2"}).json()
        self.keep(rotated["token"])
        change = {"current_password": WRONG, "password": NEW}
        self.ask("PUT", "/v1/me/password", bearer, change)
        self.ask("PUT", "/v1/me/password", bearer, {**change, "current_password": PASSWORD})
        factor = self.ask("POST", "/v1/me/factors", bearer, {"kind": "totp"}).json()
        self.keep(factor["secret"])
        self.ask("POST", f"/v1/me/factors/{factor['id']}/confirm", bearer, {"code": "000000"})

    def recover(self, person: Person) -> None:
        """A reset token, used wrongly and rightly on each wire; and every secret shown where none belongs."""
        admin = self.people.token(self.people.person("", "Administrators"))
        self.keep(admin.secret.reveal())
        for path in ("/v1/password-resets/redeem", "/rbac-api/v1/auth/reset"):
            token = self.people.wish(admin, c.IssueReset(person.ref)).secret.reveal()
            self.keep(token)
            self.ask("POST", path, {}, {"token": token, "password": "short"})
            self.ask("POST", path, {}, {"token": token, "password": NEW})
            self.ask("POST", path, {}, {"token": token, "password": NEW})
        for text in list(self.texts):
            for path in (f"/v1/tokens/{text}", f"/v1/me?x={text}", f"/rbac-api/v1/users/current?token={text}"):
                self.ask("GET", path.replace(" ", "%20"), {"Authorization": f"Bearer {text}", "AUTHTOKEN": text})


@pytest.mark.asvs("16.2.5")
def test_no_secret_is_left_anywhere(served: Served, database: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """Log, audit, refusals and every byte of the store hold none of the secrets that were used."""
    caplog.set_level(logging.DEBUG)
    canaries = Canaries(served)
    person = canaries.people.person("mara", password=PASSWORD)
    canaries.live(person)
    canaries.recover(person)
    assert len(canaries.texts) > 15
    assert len(canaries.refusals) > 15
    stored = canaries.people.read(lambda tx: [str(row) for name in TABLES for row in tx.all(f"SELECT * FROM {name}")])
    told = [caplog.text, *stored, *(heard.text for heard in canaries.refusals)]
    for text in canaries.texts:
        assert [part[:200] for part in told if text in part] == []
    if database.name == "sqlite":
        files = served.instance.engine
        data = b"".join(p.read_bytes() for p in files._path.parent.glob("*"))  # type: ignore[attr-defined]
        assert [text for text in canaries.texts if text.encode() in data] == []


def test_a_fault_of_ours_tells_nothing(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a promise of ours is broken the answer holds a request id and no more, and the log no secret."""

    def broken(*given: Any) -> Any:
        raise RuntimeError(f"broken with {given}")

    monkeypatch.setattr(tokens, "mint", broken)
    served.people.person("mara", password=PASSWORD)
    for wire in SIGN_IN:
        heard = sign_in(served, wire, "mara", PASSWORD)
        assert heard.status == 500
        for text in ("broken with", "Traceback", "keyturn/", PASSWORD):
            assert text not in heard.text
    assert "broken with" in caplog.text
    assert PASSWORD not in caplog.text
