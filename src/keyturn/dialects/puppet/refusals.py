"""How this wire refuses: `{kind, msg, details}`, the authentication family's kinds with a prefix; one row a reason."""

import re
from collections.abc import Callable
from typing import Any

from keyturn.core.names import canonical
from keyturn.core.outcomes import REASONS, After, Denied, Named, Reason, Weak
from keyturn.core.settings import Settings
from keyturn.dialects.puppet.bodies import TokenRequest, Trouble
from keyturn.dialects.puppet.reading import UUID, object_of
from keyturn.dialects.puppet.user_reading import A_UUID, OTHER_ID
from keyturn.dialects.puppet.writing import TEXT
from keyturn.wire import NOT_JSON, Refusal, Request, Response, Route, decoded, json_response, note_fields, rows

ERROR = "application/json; charset=utf-8"
FAMILY = "puppetlabs.rbac/"
NEVER = re.compile(r";\s*q=0(\.0*)?\s*$")
LOCKED_OUT = "The login or the password is wrong, or this user may not sign in."
RULES = {
    "too_short": "password-minimum-length",
    "too_long": "password-maximum-length",
    "not_text": "password-characters",
    "blocked": "password-blocklist",
}
MISSING = {"roles", "users", "groups"}
"""What names something that is not there."""
FIXED = {
    "role": ("default-roles-immutable", "A default role is as it is."),
    "roles": ("admin-user-not-in-admin-role", "This user keeps the role of the superusers."),
}
Details = Callable[[Denied], dict[str, Any] | None]


def error(status: int, kind: str, msg: str = "", details: Details = lambda denied: None) -> Refusal:
    """A row that answers with that status and kind; without `msg`, with our own sentence for the reason."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        trouble = Trouble(kind, msg or REASONS[denied.reason], details(denied))
        return told(trouble, status, denied, request)

    return row


def family(status: int, kind: str, msg: str = "") -> Refusal:
    """A row of the authentication family: clients match on the prefix."""
    return error(status, FAMILY + kind, msg)


def told(trouble: Trouble, status: int, denied: Denied, request: Request) -> Response:
    """The error as JSON, or its sentence alone to a client that reads HTML and no JSON."""
    headers = (("Retry-After", str(denied.note.seconds)),) if isinstance(denied.note, After) else ()
    if wants_text(request):
        return Response(status, trouble.msg.encode(), TEXT, headers)
    return json_response(trouble, status, *headers, media=ERROR)


def wants_text(request: Request) -> bool:
    """Whether the client takes text/html and nothing that JSON would be."""
    parts = (request.header("accept") or "").lower().split(",")
    taken = {part.partition(";")[0].strip() for part in parts if not NEVER.search(part)}
    return "text/html" in taken and not taken & {"*/*", "application/*", "application/json"}


def malformed(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """What is wrong with the request; the kind follows from the field."""
    fields = note_fields(denied)
    if "sid" in fields:
        trouble = Trouble("invalid-uuid", "The user's id in the path is not a UUID.")
    elif fields.get("body") == NOT_JSON:
        trouble = Trouble("malformed-request", "The body is not JSON.", {"error": f"The body {NOT_JSON}."})
    elif route is not None and "id" in route.query and "id" in fields:
        trouble = Trouble("invalid-id-filter", "The id filter is not a list of UUIDs with commas between them.")
    elif A_UUID in fields.values():
        trouble = Trouble("invalid-uuid", "An id in the body is not a UUID.")
    elif fields.get("id") == OTHER_ID:
        trouble = Trouble("inconsistent-id", "The id in the body is not the one in the path.", _ids(request))
    elif set(fields) & MISSING:
        trouble = Trouble("invalid-associated-id", "A role, user or group that is named is not there.")
        return told(trouble, 422, denied, request)
    else:
        trouble = Trouble("schema-violation", "The request does not have the expected structure.", {"error": fields})
    return told(trouble, 400, denied, request)


def built_in(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """What may not be changed: a default role, the role of the superusers, or the rest of a built-in user."""
    what = denied.note.what if isinstance(denied.note, Named) else ""
    kind, msg = FIXED.get(what, ("admin-user-immutable", REASONS[denied.reason]))
    return told(Trouble(kind, msg), 403, denied, request)


def not_let_in(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """One answer for unknown, wrong, locked and a missing second factor; but api_user never has a password."""
    body = object_of(request, TokenRequest)
    if not isinstance(body, Denied) and canonical(body.login) == "api_user":
        trouble = Trouble(FAMILY + "api-user-login", "The user api_user does not sign in with a password.")
    else:
        trouble = Trouble(FAMILY + "user-unauthenticated", LOCKED_OUT)
    return told(trouble, 401, denied, request)


def _failures(denied: Denied) -> dict[str, Any] | None:
    """The rules a new password breaks, as the product's own check of passwords lists them."""
    faults = denied.note.faults if isinstance(denied.note, Weak) else {}
    failures = [
        {"rule-identifier": RULES.get(name, name.replace("_", "-")), "friendly-error": f"The password {sentence}."}
        for name, sentence in faults.items()
    ]
    return {"failures": failures}


def _conflicts(denied: Denied) -> dict[str, Any] | None:
    return {"conflicts": [denied.note.what]} if isinstance(denied.note, Named) else None


def _role_conflicts(denied: Denied) -> dict[str, Any] | None:
    return {"conflicts": ["display_name"]} if isinstance(denied.note, Named) else None


def _ids(request: Request) -> dict[str, Any]:
    """Both ids, the one of the body only where it is of the form of one."""
    body = decoded(request.body, dict[str, Any])
    found = body.get("id") if isinstance(body, dict) else None
    shown = isinstance(found, int) or (isinstance(found, str) and UUID.fullmatch(found) is not None)
    url = request.params.get("sid") or request.params.get("rid")
    return {"url-id": url, "body-id": found if shown else None}


permitted = error(403, "permission-denied")
unavailable = family(503, "server-error")

REFUSALS = rows(
    {
        (Reason.MALFORMED,): malformed,
        (Reason.TOO_LARGE,): error(413, "request-too-large"),
        (Reason.UNSUPPORTED_MEDIA,): error(
            400, "not-json-content-type", "The body must be JSON and declared as application/json."
        ),
        (Reason.NO_SUCH_ROUTE, Reason.NOT_FOUND): error(404, "not-found"),
        (Reason.WRONG_VERB,): error(405, "method-not-allowed"),
        (Reason.UNAUTHENTICATED,): family(401, "user-unauthenticated", "Route requires authentication"),
        (Reason.INVALID_TOKEN, Reason.WRONG_DOOR, Reason.CLAIM_MISMATCH): family(
            401, "invalid-token", "The presented token is not valid here."
        ),
        (Reason.TOKEN_EXPIRED,): family(401, "token-expired", "The provided token has expired."),
        (Reason.TOKEN_IDLE,): family(401, "token-timed-out", "The provided token was not used for too long."),
        (Reason.TOKEN_ENDED,): family(401, "token-revoked", "Authentication token has been revoked."),
        (Reason.OWNER_SUSPENDED, Reason.ACCOUNT_SUSPENDED): family(401, "user-revoked", "The user is revoked."),
        (
            Reason.UNKNOWN_ACCOUNT,
            Reason.WRONG_PASSWORD,
            Reason.ACCOUNT_LOCKED,
            Reason.FACTOR_REQUIRED,
            Reason.FACTOR_WRONG,
            Reason.FACTOR_LOCKED,
            Reason.ADDRESS_LOCKED,
        ): family(401, "user-unauthenticated", LOCKED_OUT),
        (Reason.PASSWORD_CHANGE_DUE,): family(
            401, "user-unauthenticated", "The password must be changed before this user may sign in here."
        ),
        (
            Reason.ACCESS_OFF,
            Reason.REALM_REFUSED,
            Reason.FORBIDDEN,
            Reason.SESSION_NEEDED,
            Reason.STEP_UP_REQUIRED,
            Reason.STEP_UP_WRONG,
            Reason.STEP_UP_LOCKED,
            Reason.INVALID_SETUP,
            Reason.USER_SUSPENDED,
        ): permitted,
        (Reason.WRONG_CURRENT_PASSWORD,): error(
            403, "permission-denied", "The current_password is not the user's current password."
        ),
        (Reason.REMOTE_ACCOUNT,): error(
            403, "permission-denied", "The user is a remote user: the password is not kept here."
        ),
        (Reason.INVALID_RESET,): error(
            403, "permission-denied", "The reset token is invalid, was used already, or has expired."
        ),
        (Reason.WEAK_PASSWORD,): error(400, "schema-violation", "The new password does not fit the policy.", _failures),
        (Reason.BUILT_IN,): built_in,
        (Reason.CONFLICT, Reason.QUOTA_REACHED, Reason.UNVERIFIED_MAIL): error(409, "conflict", details=_conflicts),
        (Reason.IDEMPOTENCY_MISMATCH,): error(409, "idempotency-mismatch"),
        (Reason.IN_PROGRESS,): error(409, "in-progress"),
        (Reason.IDEMPOTENCY_EXPIRED,): error(410, "idempotency-expired"),
        (Reason.RATE_LIMITED,): error(429, "too-many-requests"),
        (Reason.BUSY, Reason.UNAVAILABLE): unavailable,
        (Reason.BROKEN,): family(500, "server-error"),
    }
)

LOGIN = rows(
    {
        (
            Reason.UNKNOWN_ACCOUNT,
            Reason.WRONG_PASSWORD,
            Reason.ACCOUNT_LOCKED,
            Reason.FACTOR_REQUIRED,
            Reason.FACTOR_WRONG,
            Reason.FACTOR_LOCKED,
            Reason.ADDRESS_LOCKED,
        ): not_let_in
    }
)
"""What the route that signs in says instead: it alone knows which login was asked for."""

ROLES = rows({(Reason.CONFLICT,): error(409, "conflict", details=_role_conflicts)})
"""What routes to roles say instead: a role's name is its `display_name` here."""
