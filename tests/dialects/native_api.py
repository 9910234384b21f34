"""A served instance called by its native API: who calls, what is said, and what a refusal holds."""

from typing import Any

from keyturn.core import factors as totp
from tests.houses import PASSWORD, SEED, Held, Household, Person
from tests.served import Heard, Served

PROBLEM = "application/problem+json"


class Api:
    """A served instance, with who calls it and what its answers hold."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.people: Household = served.people
        self.boss = self.people.person("boss", "Administrators")
        self.admin = self.people.token(self.boss)

    def __call__(self, method: str, path: str, who: Held | str | None = None, body: Any = b"", **headers: str) -> Heard:
        """What came of a call by that token; underscores of a header's name are dashes."""
        shown = who.secret.reveal() if isinstance(who, Held) else who
        given = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.served.request(method, path, {**given, **more}, body)

    def sign_in(self, person: Person | str, password: str = PASSWORD, **more: Any) -> Heard:
        """What came of signing in."""
        login = person if isinstance(person, str) else person.login
        return self("POST", "/v1/sessions", body={"login": login, "password": password, **more})

    def signed_in(self, person: Person, **more: Any) -> str:
        """The token of a sign-in that went well."""
        heard = self.sign_in(person, **more)
        assert heard.status == 201, heard.text
        token: str = heard.json()["token"]
        return token

    def choose(self, **policy: Any) -> None:
        """The realm's policy has these choices."""
        assert self("PATCH", "/v1/policy", self.admin, policy).status == 200

    def code(self, steps: int = 0) -> str:
        """The TOTP code of this moment, or of a step beside it."""
        return totp.totp_code(SEED, totp.step_at(self.people.store.now()) + steps)

    def mailed(self) -> str:
        """The code of the newest letter."""
        return self.people.mailed().reveal()


def refused(heard: Heard, status: int, code: str) -> dict[str, Any]:
    """The problem, which is of that status and code."""
    body: dict[str, Any] = heard.json()
    assert (heard.status, heard.headers["content-type"], body.get("code")) == (status, PROBLEM, code), heard.text
    return body


def introspected(api: Api, token: str) -> dict[str, Any]:
    """What introspection tells of the token."""
    body: dict[str, Any] = api("POST", "/v1/tokens/verify", api.admin, {"tokens": [token]}).json()["results"][0]
    return body
