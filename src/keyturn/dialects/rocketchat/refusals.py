"""How this wire refuses: 400 with a code in brackets, 401 without a sign-in, and words of its own at sign-in."""

from keyturn.core.outcomes import Challenge, Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat.writing import VERSION, said
from keyturn.wire import Refusal, Request, Response, Route, note_fields, rows

METHODS = ("totp", "email")
"""What this wire counts as a method; a recovery code is shown as a code of the first."""
PASSWORD = "password"
INVALID = "invalid-params"
GENERATE, REGENERATE, REMOVE = (f"personalAccessTokens:{verb}Token" for verb in ("generate", "regenerate", "remove"))
NAMELESS = (
    Reason.UNAUTHENTICATED,
    Reason.INVALID_TOKEN,
    Reason.TOKEN_EXPIRED,
    Reason.TOKEN_IDLE,
    Reason.TOKEN_ENDED,
    Reason.OWNER_SUSPENDED,
    Reason.WRONG_DOOR,
    Reason.CLAIM_MISMATCH,
    Reason.REALM_REFUSED,
)
"""Nobody is signed in: one answer, so that it tells nobody which tokens there ever were."""
WRONG = (Reason.UNKNOWN_ACCOUNT, Reason.WRONG_PASSWORD, Reason.REMOTE_ACCOUNT)
"""A sign-in that names nobody or proves nothing: one answer, in bytes and in time (A24, A25)."""


def failed(status: int, error: str) -> Refusal:
    """A row that says this."""
    return _always(a.Failure(error=error), status)


def raised(reason: str, code: str, method: str = "", status: int = 400) -> Refusal:
    """A row that says this with a code, and which of the vendor's methods would have said it."""
    text = f"{reason} [{code}]"
    if not method:
        return _always(a.Failure(error=text, error_type=code), status)
    return _always(a.Failure(error=text, error_type=code, details=a.Method(method=method)), status)


def unsigned(message: str) -> Refusal:
    """A row that says it in the two keys of the documented 401."""
    return _always(a.Unsigned(message=message), 401)


def barred(error: str | int, message: str, function: str = "") -> Refusal:
    """A row that keeps a sign-in out, and says why."""
    if not function:
        return _always(a.LoginFailure(error=error, message=message), 401)
    return _always(a.LoginFailure(error=error, message=message, details=a.Function(function=function)), 401)


def asked(reason: str, code: str) -> Refusal:
    """A row that asks for a second proof: 400, so that clients ask their user and repeat the call."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        return said(a.Failure(error=f"{reason} [{code}]", error_type=code, details=_two_factor(denied)), 400)

    return row


def asked_at_login(reason: str, code: str) -> Refusal:
    """A row that asks for a second proof at sign-in."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        return said(a.LoginFailure(error=code, message=reason, details=_two_factor(denied)), 401)

    return row


def parameters(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """Which field is missing or of no use; only names of ours are told, never what was sent."""
    field, sentence = next(iter(note_fields(denied).items()), ("body", "is not well formed"))
    if sentence == "is missing":
        return said(a.Failure(error=f"The '{field}' param is required"), 400)
    return said(a.Failure(error=f"The '{field}' param {sentence} [{INVALID}]", error_type=INVALID), 400)


def _always(told: Frozen, status: int) -> Refusal:
    return lambda denied, route, settings, request: said(told, status)


def _two_factor(denied: Denied) -> a.TwoFactor:
    note = denied.note if isinstance(denied.note, Challenge) else Challenge(PASSWORD)
    method = METHODS[0] if note.method == "recovery" else note.method
    return a.TwoFactor(method=method, available=tuple(m for m in note.methods if m in METHODS))


NOT_AUTHORIZED = ("Not Authorized", "not-authorized")
NO_SUCH_TOKEN = ("Token does not exist", "error-token-does-not-exists")
NOT_ALLOWED = raised("Not allowed", "error-not-allowed")

REFUSALS: dict[Reason, Refusal] = rows(
    {
        NAMELESS: unsigned("You must be logged in to do this."),
        WRONG: unsigned("Unauthorized"),
        (Reason.MALFORMED,): parameters,
        (Reason.STEP_UP_REQUIRED,): asked("TOTP Required", "totp-required"),
        (Reason.STEP_UP_WRONG,): asked("TOTP Invalid", "totp-invalid"),
        # The vendor's own spelling; it counts wrong codes by mail alone, here every method has its lock.
        (Reason.STEP_UP_LOCKED,): asked("TOTP Maximun Failed Attempts Reached", "totp-max-attempts"),
        (Reason.FORBIDDEN, Reason.SESSION_NEEDED): raised(*NOT_AUTHORIZED),
        (Reason.NOT_FOUND,): raised(*NO_SUCH_TOKEN),
        (Reason.CONFLICT,): raised("A token with this name already exists", "error-token-already-exists"),
        (Reason.QUOTA_REACHED,): raised("No more tokens are allowed", "error-too-many-tokens"),
        # Said outside a sign-in, these mean that the account may not use this wire now.
        (Reason.ACCESS_OFF, Reason.ACCOUNT_LOCKED, Reason.ACCOUNT_SUSPENDED): failed(403, "unauthorized"),
        (Reason.FACTOR_REQUIRED, Reason.FACTOR_WRONG, Reason.PASSWORD_CHANGE_DUE): failed(403, "unauthorized"),
        (
            Reason.WRONG_CURRENT_PASSWORD,
            Reason.WEAK_PASSWORD,
            Reason.INVALID_RESET,
            Reason.USER_SUSPENDED,
            Reason.INVALID_SETUP,
            Reason.BUILT_IN,
        ): NOT_ALLOWED,
        (Reason.IDEMPOTENCY_MISMATCH,): raised(
            "Another request was made under this key", "error-idempotency-mismatch", status=409
        ),
        (Reason.IN_PROGRESS,): raised(
            "The request under this key is still running", "error-idempotency-in-progress", status=409
        ),
        (Reason.IDEMPOTENCY_EXPIRED,): raised(
            "The answer under this key is kept no longer", "error-idempotency-expired", status=410
        ),
        (Reason.NO_SUCH_ROUTE,): failed(404, "Resource not found"),
        (Reason.WRONG_VERB,): failed(405, "Method not allowed"),
        (Reason.TOO_LARGE,): failed(413, "Request too large"),
        (Reason.UNSUPPORTED_MEDIA,): failed(415, "Unsupported content type"),
        (Reason.BUSY, Reason.UNAVAILABLE): failed(503, "Service unavailable"),
        (Reason.BROKEN,): failed(500, "Internal server error"),
    }
)

# --- rows of single routes

BLOCKED = ("error-login-blocked-for-user", "Login has been temporarily blocked For User")
LOGIN: dict[Reason, Refusal] = {
    Reason.MALFORMED: barred(400, "Unrecognized options for login request"),
    Reason.ACCOUNT_LOCKED: barred(*BLOCKED, "Accounts.validateLoginAttempt"),
    Reason.ACCOUNT_SUSPENDED: barred("error-user-is-not-activated", "User is not activated"),
    Reason.PASSWORD_CHANGE_DUE: barred("error-password-change-required", "The password must be changed first"),
    Reason.FACTOR_REQUIRED: asked_at_login("TOTP Required", "totp-required"),
    Reason.FACTOR_WRONG: asked_at_login("TOTP Invalid", "totp-invalid"),
}
RESUME: dict[Reason, Refusal] = dict.fromkeys(
    NAMELESS, barred(403, "You've been logged out by the server. Please log in again.")
)


def token_rows(existence: str, permission: str) -> dict[Reason, Refusal]:
    """The rows of a route about personal access tokens, each naming the method that the product names there."""
    forbidden = raised(*NOT_AUTHORIZED, permission)
    return {
        Reason.FORBIDDEN: forbidden,
        Reason.SESSION_NEEDED: forbidden,
        Reason.NOT_FOUND: raised(*NO_SUCH_TOKEN, existence),
        Reason.CONFLICT: raised("A token with this name already exists", "error-token-already-exists", existence),
    }


PUBLIC: dict[Reason, Refusal] = dict.fromkeys(NAMELESS, _always(a.Version(version=VERSION), 200))
"""The version is told to whoever asks, signed in or not."""
