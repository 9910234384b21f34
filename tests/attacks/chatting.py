"""Somebody on the Rocket.Chat wire, over the real server: calls with a token, and codes beside them."""

import hashlib
import json
from typing import Any

from keyturn.core.types import Secret
from tests.houses import PASSWORD, Held, Household, Person
from tests.served import Heard, Served

V1 = "/api/v1/"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
PAT = "PersonalAccessToken"


class Caller:
    """One token of one person, and how it calls."""

    def __init__(self, served: Served, person: Person, token: Secret | str, **headers: str) -> None:
        self.served, self.person = served, person
        self.token = token if isinstance(token, str) else token.reveal()
        self.headers = {"X-Auth-Token": self.token, "X-User-Id": person.subject.handle, **headers}

    def call(self, route: str, body: Any = None, code: str | None = None, how: str = "", **headers: str) -> Heard:
        """What a call hears; without a body it is a GET."""
        more = {"x-2fa-method": how} if how else {}
        more |= {} if code is None else {"x-2fa-code": code}
        sent = {**self.headers, **more, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.served.request("GET" if body is None else "POST", V1 + route, sent, b"" if body is None else body)

    def method(self, name: str, *params: Any, code: str | None = None, how: str = "") -> Heard:
        """What the call of a method hears; a code is its last parameter."""
        last = () if code is None else ({"twoFactorCode": code, "twoFactorMethod": how},)
        message = {"msg": "method", "id": "1", "method": name, "params": [*params, *last]}
        return self.call(f"method.call/{name}", {"message": json.dumps(message)})

    def lives(self) -> bool:
        """Whether the token opens anything."""
        return self.call("me").status == 200


def caller(served: Served, person: Person, kind: str = "session", **grant: Any) -> Caller:
    """A token of that person, just made."""
    return Caller(served, person, held(served.people, person, kind, **grant).secret)


def held(people: Household, person: Person, kind: str = "session", **grant: Any) -> Held:
    """A token of that person on this wire."""
    return people.token(person, kind, "rocketchat", **grant)


def word(heard: Heard) -> str:
    """What a refusal is called, of a method too; `done` where there is none."""
    told = heard.json()
    if isinstance(told.get("message"), str) and told["message"].startswith("{"):
        inner = json.loads(told["message"])
        return str(inner["error"]["error"]) if "error" in inner else "done"
    return "done" if heard.status < 300 else str(told.get("errorType") or told.get("error") or told.get("message"))


def login(person: Person) -> dict[str, str]:
    """The body of a sign-in by that person."""
    return {"user": person.login, "password": PASSWORD}
