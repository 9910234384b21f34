"""How this wire refuses: a short plain text, 400 where the vendor documents one, 401 for calls with a token."""

from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Settings
from keyturn.dialects.pyramid.writing import TEXT
from keyturn.wire import Refusal, Request, Response, Route, rows


def text(status: int, sentence: str, *headers: tuple[str, str]) -> Refusal:
    """A row that says this, whatever was sent."""
    answer = Response(status, sentence.encode(), TEXT, headers)

    def row(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
        return answer

    return row


CREDENTIALS = text(400, "Invalid credentials.")
BAD_TOKEN = "Invalid token."
TOKEN_REASONS = (
    Reason.UNAUTHENTICATED,
    Reason.INVALID_TOKEN,
    Reason.TOKEN_EXPIRED,
    Reason.TOKEN_IDLE,
    Reason.TOKEN_ENDED,
    Reason.OWNER_SUSPENDED,
    Reason.WRONG_DOOR,
    Reason.CLAIM_MISMATCH,
)

REFUSALS: dict[Reason, Refusal] = rows(
    {
        # One answer for whatever kept a sign-in out, a factor that is due included (A25).
        (
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
        ): CREDENTIALS,
        TOKEN_REASONS: text(400, BAD_TOKEN),
        # Whom one may not reach is as good as unknown: another realm's user, a suspended one, an administrator.
        (
            Reason.NOT_FOUND,
            Reason.REALM_REFUSED,
            Reason.USER_SUSPENDED,
            Reason.FORBIDDEN,
            Reason.ACCESS_OFF,
            Reason.SESSION_NEEDED,
            Reason.STEP_UP_REQUIRED,
            Reason.STEP_UP_WRONG,
            Reason.STEP_UP_LOCKED,
        ): text(400, "User not found, or not permitted."),
        (Reason.MALFORMED, Reason.UNSUPPORTED_MEDIA): text(400, "Malformed request."),
        (Reason.QUOTA_REACHED,): text(400, "Too many tokens."),
        (
            Reason.CONFLICT,
            Reason.UNVERIFIED_MAIL,
            Reason.BUILT_IN,
            Reason.WEAK_PASSWORD,
            Reason.INVALID_RESET,
            Reason.INVALID_SETUP,
            Reason.IDEMPOTENCY_MISMATCH,
            Reason.IDEMPOTENCY_EXPIRED,
            Reason.IN_PROGRESS,
        ): text(400, "Not possible."),
        (Reason.NO_SUCH_ROUTE,): text(404, "No such method."),
        (Reason.WRONG_VERB,): text(405, "Only POST is taken."),
        (Reason.TOO_LARGE,): text(413, "The request is too large."),
        (Reason.RATE_LIMITED,): text(429, "Too many requests."),
        (Reason.BUSY, Reason.UNAVAILABLE): text(503, "Try again later."),
        (Reason.BROKEN,): text(500, "Something went wrong on the server."),
    }
)

# A name that names a realm which is not there, or not to be entered, is a wrong name.
SIGNING_IN = {Reason.REALM_REFUSED: CREDENTIALS}
WITH_TOKEN = dict.fromkeys(TOKEN_REASONS, text(401, BAD_TOKEN, ("WWW-Authenticate", 'paToken realm="keyturn"')))
