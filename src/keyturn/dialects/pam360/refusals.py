"""How this wire refuses: one envelope, inside a 200 unless the realm chose strict statuses."""

from keyturn.core.outcomes import Denied, Named, Reason
from keyturn.core.settings import Settings
from keyturn.dialects.pam360.access import ACCESS, ADDRESS, EXPIRY
from keyturn.dialects.pam360.answers import failure
from keyturn.dialects.pam360.writing import MEDIA, NAMES
from keyturn.wire import Refusal, Request, Response, Route, json_response, note_fields, rows

AUTHENTICATION = "Authentication"
REQUEST = "Request"
CHALLENGE = ("WWW-Authenticate", 'AUTHTOKEN realm="keyturn"')
BARRED = {
    ADDRESS: "User is not allowed to access from this host",
    ACCESS: "REST API access is not enabled for this user",
    EXPIRY: "The user account has expired",
}


def failed(message: str, strict: int, *, name: str | None = None, always: bool = False) -> Refusal:
    """A row that says this; `strict` is its status where the realm wants statuses, or always.

    Shapes   name: what the envelope names; None = the operation of the route
    """

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        status = strict if always or settings.text("pam360.http_status") == "strict" else 200
        called = name or (REQUEST if route is None else NAMES[route.operation])
        headers = (CHALLENGE,) if status == 401 else ()
        return json_response(failure(called, _message(denied, message)), status, *headers, media=MEDIA)

    return row


def _message(denied: Denied, message: str) -> str:
    if isinstance(denied.note, Named) and denied.reason is Reason.ACCESS_OFF:
        return BARRED.get(denied.note.what, message)
    faults = [f"{field} {sentence}" for field, sentence in note_fields(denied).items()]
    return "; ".join(faults) or message


REFUSALS: dict[Reason, Refusal] = rows(
    {
        # One message for whatever kept a token out, so that it tells nobody which tokens there ever were.
        (
            Reason.UNAUTHENTICATED,
            Reason.INVALID_TOKEN,
            Reason.TOKEN_IDLE,
            Reason.TOKEN_ENDED,
            Reason.OWNER_SUSPENDED,
            Reason.WRONG_DOOR,
            Reason.CLAIM_MISMATCH,
            Reason.UNKNOWN_ACCOUNT,
            Reason.WRONG_PASSWORD,
            Reason.WRONG_CURRENT_PASSWORD,
            Reason.ACCOUNT_LOCKED,
            Reason.ACCOUNT_SUSPENDED,
            Reason.REMOTE_ACCOUNT,
            Reason.FACTOR_REQUIRED,
            Reason.FACTOR_WRONG,
            Reason.FACTOR_LOCKED,
            Reason.ADDRESS_LOCKED,
            Reason.PASSWORD_CHANGE_DUE,
            Reason.INVALID_RESET,
            Reason.INVALID_SETUP,
        ): failed("AUTHTOKEN is missing or not valid", 401, name=AUTHENTICATION),
        (Reason.TOKEN_EXPIRED,): failed("AUTHTOKEN has expired", 401, name=AUTHENTICATION),
        (Reason.ACCESS_OFF,): failed(BARRED[ACCESS], 403, name=AUTHENTICATION),
        (Reason.REALM_REFUSED,): failed("The organization is unknown or not permitted", 403, name=AUTHENTICATION),
        (
            Reason.FORBIDDEN,
            Reason.SESSION_NEEDED,
            Reason.STEP_UP_REQUIRED,
            Reason.STEP_UP_WRONG,
            Reason.STEP_UP_LOCKED,
        ): failed("The user is not permitted to perform this operation", 403),
        (Reason.MALFORMED, Reason.WEAK_PASSWORD): failed("The request is not well formed", 400),
        (Reason.NOT_FOUND,): failed("No such user or object", 404),
        (
            Reason.CONFLICT,
            Reason.BUILT_IN,
            Reason.USER_SUSPENDED,
            Reason.UNVERIFIED_MAIL,
        ): failed("This is not possible in its state", 409),
        (Reason.QUOTA_REACHED,): failed("No more of these are allowed", 409),
        (Reason.IDEMPOTENCY_MISMATCH,): failed("Another request was made under this idempotency key", 409),
        (Reason.IDEMPOTENCY_EXPIRED,): failed("The answer under this idempotency key is kept no longer", 410),
        (Reason.IN_PROGRESS,): failed("The request under this idempotency key is still running", 409),
        (Reason.NO_SUCH_ROUTE,): failed("There is no such operation", 404, always=True),
        (Reason.WRONG_VERB,): failed("This operation does not take that method", 405, always=True),
        (Reason.TOO_LARGE,): failed("The request is too large", 413, always=True),
        (Reason.UNSUPPORTED_MEDIA,): failed("The content type is not supported", 415, always=True),
        (Reason.RATE_LIMITED,): failed("Too many requests", 429),
        (Reason.BUSY, Reason.UNAVAILABLE): failed("The server cannot answer now; try again", 503, always=True),
        (Reason.BROKEN,): failed("Something went wrong on the server", 500, always=True),
    }
)
