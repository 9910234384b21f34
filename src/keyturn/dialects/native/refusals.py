"""How the native API refuses: RFC 9457 problems, one row a reason; OAuth errors on the OAuth paths."""

from keyturn.core.outcomes import REASONS, After, Challenge, Denied, Named, Reason
from keyturn.core.settings import Settings
from keyturn.dialects.native.answers import Accepted, OAuthError, Problem
from keyturn.wire import Refusal, Request, Response, Route, json_response, note_fields

PROBLEM = "application/problem+json"
BEARER = ("WWW-Authenticate", 'Bearer realm="keyturn"')
COARSE = {
    # One answer for whatever kept a sign-in out: unknown, wrong, suspended, locked (A25).
    **dict.fromkeys(
        (
            Reason.UNKNOWN_ACCOUNT,
            Reason.WRONG_PASSWORD,
            Reason.ACCOUNT_LOCKED,
            Reason.ACCOUNT_SUSPENDED,
            Reason.REMOTE_ACCOUNT,
            Reason.FACTOR_WRONG,
            Reason.FACTOR_LOCKED,
            Reason.ADDRESS_LOCKED,
        ),
        "invalid_credentials",
    ),
    **dict.fromkeys(
        (
            Reason.INVALID_TOKEN,
            Reason.TOKEN_EXPIRED,
            Reason.TOKEN_IDLE,
            Reason.TOKEN_ENDED,
            Reason.OWNER_SUSPENDED,
            Reason.WRONG_DOOR,
            Reason.CLAIM_MISMATCH,
        ),
        "invalid_token",
    ),
    Reason.PASSWORD_CHANGE_DUE: "password_change_required",
}
SENTENCES = {
    "invalid_credentials": "Name, password or factor is wrong, or the account may not sign in now.",
    "invalid_token": "The presented token is not valid here.",
    "password_change_required": "The password must be changed first.",
}


def code_of(denied: Denied) -> str:
    """The reason as this wire tells it."""
    return COARSE.get(denied.reason, denied.reason.value)


def problem(status: int, *headers: tuple[str, str]) -> Refusal:
    """A row that answers with a problem of that status."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        code = code_of(denied)
        note = denied.note
        fields = note_fields(denied) or None
        if isinstance(note, Named) and denied.reason in (Reason.CONFLICT, Reason.QUOTA_REACHED):
            fields = {note.what: "is taken" if denied.reason is Reason.CONFLICT else "is at its limit"}
        body = Problem(
            type=f"about:blank#{code}", title=code.replace("_", " ").capitalize(), status=status, code=code,
            detail=SENTENCES.get(code) or REASONS[denied.reason], request_id=request.id, fields=fields,
            challenge=_challenge(note, denied.reason),
        )  # fmt: skip
        more = (("Retry-After", str(note.seconds)),) if isinstance(note, After) else ()
        return json_response(body, status, *headers, *more, media=PROBLEM)

    return row


def _challenge(note: object, reason: Reason) -> dict[str, object] | None:
    if not isinstance(note, Challenge) or reason in (Reason.FACTOR_WRONG, Reason.FACTOR_LOCKED):
        return None
    return {"methods": list(note.methods) or [note.method]}


def silent(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """202, as if there had been something to do: it tells nobody which realms there are."""
    return json_response(Accepted(), 202)


def oauth(status: int, error: str, *headers: tuple[str, str]) -> Refusal:
    """A row that answers with an error of RFC 6749."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        return json_response(OAuthError(error, REASONS[denied.reason]), status, *headers)

    return row


STEP_UP = ("WWW-Authenticate", 'Bearer error="insufficient_user_authentication"')
INVALID = ("WWW-Authenticate", 'Bearer realm="keyturn", error="invalid_token"')

REFUSALS: dict[Reason, Refusal] = {
    Reason.MALFORMED: problem(400),
    Reason.TOO_LARGE: problem(413),
    Reason.UNSUPPORTED_MEDIA: problem(415),
    Reason.NO_SUCH_ROUTE: problem(404),
    Reason.WRONG_VERB: problem(405),
    Reason.UNAUTHENTICATED: problem(401, BEARER),
    Reason.INVALID_TOKEN: problem(401, INVALID),
    Reason.TOKEN_EXPIRED: problem(401, INVALID),
    Reason.TOKEN_IDLE: problem(401, INVALID),
    Reason.TOKEN_ENDED: problem(401, INVALID),
    Reason.OWNER_SUSPENDED: problem(401, INVALID),
    Reason.WRONG_DOOR: problem(401, INVALID),
    Reason.CLAIM_MISMATCH: problem(401, INVALID),
    Reason.ACCESS_OFF: problem(403),
    Reason.UNKNOWN_ACCOUNT: problem(401),
    Reason.WRONG_PASSWORD: problem(401),
    Reason.ACCOUNT_LOCKED: problem(401),
    Reason.ACCOUNT_SUSPENDED: problem(401),
    Reason.REMOTE_ACCOUNT: problem(401),
    Reason.FACTOR_WRONG: problem(401),
    Reason.FACTOR_LOCKED: problem(401),
    Reason.ADDRESS_LOCKED: problem(401),
    Reason.FACTOR_REQUIRED: problem(401),
    Reason.WRONG_CURRENT_PASSWORD: problem(403),
    Reason.PASSWORD_CHANGE_DUE: problem(403),
    Reason.STEP_UP_REQUIRED: problem(401, STEP_UP),
    Reason.STEP_UP_WRONG: problem(401, STEP_UP),
    Reason.STEP_UP_LOCKED: problem(401, STEP_UP),
    Reason.SESSION_NEEDED: problem(403),
    Reason.FORBIDDEN: problem(403),
    Reason.NOT_FOUND: problem(404),
    Reason.REALM_REFUSED: problem(403),
    Reason.CONFLICT: problem(409),
    Reason.UNVERIFIED_MAIL: problem(409),
    Reason.QUOTA_REACHED: problem(409),
    Reason.WEAK_PASSWORD: problem(400),
    Reason.INVALID_RESET: problem(403),
    Reason.USER_SUSPENDED: problem(409),
    Reason.INVALID_SETUP: problem(403),
    Reason.BUILT_IN: problem(409),
    Reason.IDEMPOTENCY_MISMATCH: problem(409),
    Reason.IDEMPOTENCY_EXPIRED: problem(410),
    Reason.IN_PROGRESS: problem(409),
    Reason.RATE_LIMITED: problem(429),
    Reason.BUSY: problem(503),
    Reason.UNAVAILABLE: problem(503),
    Reason.BROKEN: problem(500),
}

AUTHENTICATE = ("WWW-Authenticate", 'Bearer realm="keyturn"')
OAUTH: dict[Reason, Refusal] = {
    **{
        reason: oauth(401, "invalid_client", AUTHENTICATE)
        for reason, row in REFUSALS.items()
        if COARSE.get(reason) == "invalid_token" or reason in (Reason.UNAUTHENTICATED, Reason.FORBIDDEN)
    },
    Reason.MALFORMED: oauth(400, "invalid_request"),
    Reason.UNSUPPORTED_MEDIA: oauth(415, "invalid_request"),
    Reason.TOO_LARGE: oauth(413, "invalid_request"),
    Reason.BUSY: oauth(503, "temporarily_unavailable"),
    Reason.UNAVAILABLE: oauth(503, "temporarily_unavailable"),
}
