"""How this wire refuses: 400 with a code in brackets, 401 without a sign-in, and words of its own at sign-in."""

from collections.abc import Mapping

from keyturn.core.outcomes import After, Challenge, Denied, Named, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat.profiles import PERMISSION, profile
from keyturn.dialects.rocketchat.sayings import Said, Saying, always, failure
from keyturn.dialects.rocketchat.writing import said
from keyturn.wire import Refusal, Request, Response, Route, note_fields, rows

METHODS = ("totp", "email")
"""What this wire counts as a method; a recovery code is shown as a code of the first."""
PASSWORD = "password"
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
Sayings = Mapping[Reason, Saying]


# --- the envelopes


def failed(status: int, error: str) -> Refusal:
    """A row that says this, without a code."""
    return at(always(error), status)


def at(saying: Saying, status: int = 400) -> Refusal:
    """A row that says it in the envelope of a call."""
    return lambda denied, route, settings, request: said(failure(saying(denied, settings, request)), status)


def calls(sayings: Sayings) -> dict[Reason, Refusal]:
    """Rows that say each in the envelope of a call."""
    return {reason: at(saying) for reason, saying in sayings.items()}


def barred(error: str | int, message: str, function: str = "") -> Refusal:
    """A row that keeps a sign-in out, and says why."""
    if not function:
        return _always(a.LoginFailure(error=error, message=message), 401)
    return _always(a.LoginFailure(error=error, message=message, details=a.Function(function=function)), 401)


def nobody(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """Nobody is signed in."""
    return said(profile(settings).nobody, 401)


def wrong(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """Nobody gets in with that."""
    return said(profile(settings).wrong, 401)


def asked_at_login(reason: str, code: str) -> Refusal:
    """A row that asks for a second proof at sign-in."""

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        return said(a.LoginFailure(error=code, message=reason, details=_two_factor(denied, settings)), 401)

    return row


def unlisted(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """No right to have personal access tokens, and so to see them."""
    status, told = profile(settings).unlisted
    return said(told, status)


def limited(denied: Denied, settings: Settings, request: Request) -> Said:
    """How long the caller has to wait, as the product says it."""
    seconds = denied.note.seconds if isinstance(denied.note, After) else 1
    wait = f"You must wait {seconds} seconds before trying this endpoint again."
    return Said(f"Error, too many requests. Please slow down. {wait} [error-too-many-requests]")


def _always(told: Frozen, status: int) -> Refusal:
    return lambda denied, route, settings, request: said(told, status)


# --- what is said


def parameters(denied: Denied, settings: Settings, request: Request) -> Said:
    """Which field is missing or of no use; only names of ours are told, never what was sent."""
    field, sentence = next(iter(note_fields(denied).items()), ("body", "is not well formed"))
    return profile(settings).fault(field, sentence, request.method == "GET")


def asked(reason: str, code: str) -> Saying:
    """A saying that asks for a second proof, so that clients ask their user and repeat the call."""
    return lambda denied, settings, request: Said(reason, code, _two_factor(denied, settings))


def _two_factor(denied: Denied, settings: Settings) -> a.TwoFactor:
    note = denied.note if isinstance(denied.note, Challenge) else Challenge(PASSWORD)
    method = METHODS[0] if note.method == "recovery" else note.method
    available = tuple(m for m in METHODS if m in note.methods)
    if method != "email" or denied.reason not in (Reason.STEP_UP_REQUIRED, Reason.FACTOR_REQUIRED):
        return a.TwoFactor(method=method, available=available)
    if note.generated:
        return a.TwoFactor(method=method, code_generated=True, whose=note.login, available=available)
    return a.TwoFactor(method=method, available=available, **profile(settings).pending(note))


REQUIRED, INVALID = ("TOTP Required", "totp-required"), ("TOTP Invalid", "totp-invalid")
EXHAUSTED = ("TOTP Maximun Failed Attempts Reached", "totp-max-attempts")
"""The vendor's own spelling; it counts wrong codes by mail alone, here every method has its lock."""
NOT_AUTHORIZED = ("Not Authorized", "not-authorized")
NO_SUCH_TOKEN = ("Token does not exist", "error-token-does-not-exists")
SAME_NAME = ("A token with this name already exists", "error-token-already-exists")
NOT_ALLOWED = always("Not allowed", "error-not-allowed")
PERMITTED = failed(403, PERMISSION)
UNTOLD = failed(403, "unauthorized")

SAID: dict[Reason, Saying] = {
    Reason.MALFORMED: parameters,
    Reason.STEP_UP_REQUIRED: asked(*REQUIRED),
    Reason.STEP_UP_WRONG: asked(*INVALID),
    Reason.STEP_UP_LOCKED: asked(*EXHAUSTED),
    Reason.FORBIDDEN: always(*NOT_AUTHORIZED),
    Reason.SESSION_NEEDED: always(*NOT_AUTHORIZED),
    Reason.NOT_FOUND: always(*NO_SUCH_TOKEN),
    Reason.CONFLICT: always(*SAME_NAME),
    Reason.QUOTA_REACHED: always("No more tokens are allowed", "error-too-many-tokens"),
    Reason.WRONG_CURRENT_PASSWORD: NOT_ALLOWED,
    Reason.WEAK_PASSWORD: NOT_ALLOWED,
    Reason.INVALID_RESET: NOT_ALLOWED,
    Reason.USER_SUSPENDED: NOT_ALLOWED,
    Reason.INVALID_SETUP: NOT_ALLOWED,
    Reason.BUILT_IN: NOT_ALLOWED,
    Reason.UNVERIFIED_MAIL: always("You need to verify your emails before setting up 2FA", "error-invalid-user"),
}
"""What is said with 400, in a call and in a method alike."""


def forbidden(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """No right: one that the wire asks for at its door has words of its own."""
    gate = isinstance(denied.note, Named) and denied.note.what == "gate"
    row = PERMITTED if gate else at(SAID[Reason.FORBIDDEN])
    return row(denied, route, settings, request)


REFUSALS: dict[Reason, Refusal] = {
    **calls(SAID),
    **rows(
        {
            NAMELESS: nobody,
            WRONG: wrong,
            (Reason.FORBIDDEN,): forbidden,
            # Said outside a sign-in, these mean that the account may not use this wire now.
            (
                Reason.ACCESS_OFF,
                Reason.ACCOUNT_LOCKED,
                Reason.ACCOUNT_SUSPENDED,
                Reason.FACTOR_REQUIRED,
                Reason.FACTOR_WRONG,
                Reason.FACTOR_LOCKED,
                Reason.ADDRESS_LOCKED,
                Reason.PASSWORD_CHANGE_DUE,
            ): UNTOLD,
            (Reason.IDEMPOTENCY_MISMATCH,): at(
                always("Another request was made under this key", "error-idempotency-mismatch"), 409
            ),
            (Reason.IN_PROGRESS,): at(
                always("The request under this key is still running", "error-idempotency-in-progress"), 409
            ),
            (Reason.IDEMPOTENCY_EXPIRED,): at(
                always("The answer under this key is kept no longer", "error-idempotency-expired"), 410
            ),
            (Reason.NO_SUCH_ROUTE,): failed(404, "Resource not found"),
            (Reason.WRONG_VERB,): failed(405, "Method not allowed"),
            (Reason.TOO_LARGE,): failed(413, "Request too large"),
            (Reason.UNSUPPORTED_MEDIA,): failed(415, "Unsupported content type"),
            (Reason.RATE_LIMITED,): at(limited, 429),
            (Reason.BUSY, Reason.UNAVAILABLE): failed(503, "Service unavailable"),
            (Reason.BROKEN,): failed(500, "Internal server error"),
        }
    ),
}

# --- rows of single routes

BLOCKED = "Login has been temporarily blocked For"
VALIDATE = "Accounts.validateLoginAttempt"
LOGIN: dict[Reason, Refusal] = {
    Reason.MALFORMED: barred(400, "Unrecognized options for login request"),
    Reason.ACCOUNT_LOCKED: barred("error-login-blocked-for-user", f"{BLOCKED} User", VALIDATE),
    Reason.ADDRESS_LOCKED: barred("error-login-blocked-for-ip", f"{BLOCKED} IP", VALIDATE),
    Reason.ACCOUNT_SUSPENDED: barred("error-user-is-not-activated", "User is not activated"),
    Reason.PASSWORD_CHANGE_DUE: barred("error-password-change-required", "The password must be changed first"),
    Reason.FACTOR_REQUIRED: asked_at_login(*REQUIRED),
    Reason.FACTOR_WRONG: asked_at_login(*INVALID),
    Reason.FACTOR_LOCKED: asked_at_login(*EXHAUSTED),
}
RESUME: dict[Reason, Refusal] = dict.fromkeys(
    NAMELESS, barred(403, "You've been logged out by the server. Please log in again.")
)


def token_sayings(existence: str, permission: str) -> dict[Reason, Saying]:
    """What is said about personal access tokens, each with the method that the product names there."""
    unauthorized = always(*NOT_AUTHORIZED, a.Method(method=permission))
    return {
        Reason.FORBIDDEN: unauthorized,
        Reason.SESSION_NEEDED: unauthorized,
        Reason.NOT_FOUND: always(*NO_SUCH_TOKEN, a.Method(method=existence)),
        Reason.CONFLICT: always(*SAME_NAME, a.Method(method=existence)),
    }


def token_rows(existence: str, permission: str) -> dict[Reason, Refusal]:
    """The rows of a route about personal access tokens."""
    return calls(token_sayings(existence, permission))


LISTED: dict[Reason, Refusal] = {Reason.FORBIDDEN: unlisted, Reason.SESSION_NEEDED: unlisted}


def told_anyway(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """The version, which is told to whoever asks, signed in or not."""
    return said(a.Version(version=profile(settings).version))


PUBLIC: dict[Reason, Refusal] = dict.fromkeys(NAMELESS, told_anyway)
