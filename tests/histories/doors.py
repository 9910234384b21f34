"""Calls of the Rocket.Chat wire that want a second proof, one row each, and how their answers are read."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.dialects.asked import Answer

SECRET = "the secret that makes tokens"


class Door(NamedTuple):
    """A call that wants a second proof: how it is made, what it writes into the record, whose tokens open it.

    Shapes   body: from the walk that makes the call; strict: the proof stands in its body and nowhere else
    """

    path: str
    body: Callable[[Any], dict[str, Any]]
    verb: str
    session: bool = False
    forgets: bool = False
    strict: bool = False
    modern: bool = False
    """Whether it wants one in the profile of later versions alone."""
    factors: bool = False
    """Whether in earlier ones the password is none."""


def method(name: str, *params: Any) -> dict[str, Any]:
    """The call of a method, as JSON in a text."""
    return {"message": json.dumps({"msg": "method", "id": "1", "method": name, "params": list(params)})}


PAT, CALL = "PersonalAccessToken", "method.call/x"
DOORS: dict[str, Door] = {
    "generate": Door(f"users.generate{PAT}", lambda m: {"tokenName": m.fresh()}, "tokens:issue"),
    "regenerate": Door(f"users.regenerate{PAT}", lambda m: {"tokenName": "kept"}, "tokens:rotate"),
    "remove": Door(f"users.remove{PAT}", lambda m: {"tokenName": m.spare()}, "tokens:revoke"),
    "update": Door("users.update", lambda m: {"userId": m.other, "data": {"name": m.fresh()}}, "users:edit"),
    "enable": Door("users.enableTotp", lambda m: {}, "factors:enrol", session=True),
    "validate": Door("users.validateTotp", lambda m: {"code": m.waiting_code()}, "factors:confirm", session=True),
    "no more mail": Door("users.2fa.disableEmail", lambda m: {}, "factors:remove", session=True, forgets=True),
    "reset": Door("users.resetTOTP", lambda m: {}, "factors:reset", session=True, forgets=True),
    "reset another's": Door("users.resetTOTP", lambda m: {"userId": m.other}, "factors:reset", forgets=True),
    "create": Door("users.create", lambda m: m.somebody(), "users:create", modern=True),
    "act for": Door(
        "users.createToken", lambda m: {"userId": m.other, "secret": SECRET}, "delegations:issue", factors=True
    ),
    "method generate": Door(
        CALL, lambda m: method("personalAccessTokens:generateToken", {"tokenName": m.fresh()}), "tokens:issue"
    ),
    "method regenerate": Door(
        CALL, lambda m: method("personalAccessTokens:regenerateToken", {"tokenName": "kept"}), "tokens:rotate"
    ),
    "method remove": Door(
        CALL, lambda m: method("personalAccessTokens:removeToken", {"tokenName": m.spare()}), "tokens:revoke"
    ),
    "method enable": Door(CALL, lambda m: method("2fa:enable"), "factors:enrol", session=True),
    "disable": Door("users.disableTotp", lambda m: {}, "factors:remove", session=True, strict=True),
    "new codes": Door("users.regenerateTotpCodes", lambda m: {}, "factors:enrol", session=True, strict=True),
    "method disable": Door(CALL, lambda m: method("2fa:disable"), "factors:remove", session=True, strict=True),
    "method new codes": Door(CALL, lambda m: method("2fa:regenerateCodes"), "factors:enrol", session=True, strict=True),
}  # fmt: skip


# --- reading answers


def message_of(heard: Answer) -> dict[str, Any]:
    """What a method's answer holds, or the answer itself."""
    body: dict[str, Any] = heard.json
    return json.loads(body["message"]) if isinstance(body.get("message"), str) and body["message"][:1] == "{" else body


def error_of(heard: Answer) -> dict[str, Any]:
    """The refusal in an answer."""
    found = message_of(heard)
    error: dict[str, Any] = found["error"] if isinstance(found.get("error"), dict) else found
    return error


def result_of(heard: Answer) -> dict[str, Any]:
    """What a call gave."""
    found = message_of(heard)
    result: dict[str, Any] = found["result"] if "msg" in found else found
    return result


def token_of(heard: Answer) -> str:
    """The token that a call gave."""
    found = message_of(heard)
    token: str = found["result"] if "msg" in found else found["token"]
    return token


def outcome_of(heard: Answer) -> str:
    """`done`, or the word of the refusal."""
    found = message_of(heard)
    if isinstance(found.get("error"), dict):
        return str(found["error"]["error"])
    return "done" if found.get("success", True) and heard.status == 200 else str(found.get("errorType", heard.status))
