"""How somebody signs in on each wire, as its clients do it: one row a wire."""

from collections.abc import Callable
from typing import Any

from keyturn.core.commands import OpenSession
from keyturn.dialects import DIALECTS
from tests.served import Heard, Served

Body = Callable[[str, str], dict[str, Any]]
SIGN_IN: dict[str, tuple[str, Body]] = {
    "native": ("/v1/sessions", lambda login, password: {"login": login, "password": password}),
    "rocketchat": ("/api/v1/login", lambda login, password: {"user": login, "password": password}),
    "puppet": ("/rbac-api/v1/auth/token", lambda login, password: {"login": login, "password": password}),
    "pyramid": (
        "/API3/authentication/authenticateUser",
        lambda login, password: {"userName": login, "password": password},
    ),
}
WITH_SESSIONS = {d.name for d in DIALECTS if any(r.command is OpenSession and r.body is not None for r in d.routes)}


def sign_in(served: Served, wire: str, login: str, password: str, **more: Any) -> Heard:
    """What that wire's sign-in answers."""
    path, body = SIGN_IN[wire]
    return served.request("POST", path, {}, {**body(login, password), **more})


def signed_in(heard: Heard) -> bool:
    """Whether a session came of it: a success, with something of a token's length in it."""
    return heard.status < 300 and len(heard.body) >= 40 and b'"status":"error"' not in heard.body
