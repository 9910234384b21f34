"""Why a wish may be refused: a closed list, and a sentence for each."""

import enum


class Reason(enum.Enum):
    """Why a wish was refused: a closed list; each wire says each in its own words."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    NO_SUCH_ROUTE = "no_such_route"
    WRONG_VERB = "wrong_verb"
    UNAUTHENTICATED = "unauthenticated"
    INVALID_TOKEN = "invalid_token"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_IDLE = "token_idle"
    TOKEN_ENDED = "token_ended"
    OWNER_SUSPENDED = "owner_suspended"
    WRONG_DOOR = "wrong_door"
    CLAIM_MISMATCH = "claim_mismatch"
    ACCESS_OFF = "access_off"
    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_PASSWORD = "wrong_password"
    WRONG_CURRENT_PASSWORD = "wrong_current_password"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_SUSPENDED = "account_suspended"
    REMOTE_ACCOUNT = "remote_account"
    ADDRESS_LOCKED = "address_locked"
    FACTOR_REQUIRED = "factor_required"
    FACTOR_WRONG = "factor_wrong"
    FACTOR_LOCKED = "factor_locked"
    PASSWORD_CHANGE_DUE = "password_change_due"
    STEP_UP_REQUIRED = "step_up_required"
    STEP_UP_WRONG = "step_up_wrong"
    STEP_UP_LOCKED = "step_up_locked"
    SESSION_NEEDED = "session_needed"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    REALM_REFUSED = "realm_refused"
    CONFLICT = "conflict"
    UNVERIFIED_MAIL = "unverified_mail"
    QUOTA_REACHED = "quota_reached"
    WEAK_PASSWORD = "weak_password"
    INVALID_RESET = "invalid_reset"
    USER_SUSPENDED = "user_suspended"
    INVALID_SETUP = "invalid_setup"
    BUILT_IN = "built_in"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    IDEMPOTENCY_EXPIRED = "idempotency_expired"
    IN_PROGRESS = "in_progress"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"


REASONS = {
    Reason.MALFORMED: "The request is not well formed; `fields` says where.",
    Reason.TOO_LARGE: "The request is larger than this server takes.",
    Reason.UNSUPPORTED_MEDIA: "The body is not of a content type this call takes.",
    Reason.NO_SUCH_ROUTE: "There is no such call.",
    Reason.WRONG_VERB: "This path does not take that method.",
    Reason.UNAUTHENTICATED: "No credential was presented.",
    Reason.INVALID_TOKEN: "The presented token is not one of ours.",
    Reason.TOKEN_EXPIRED: "The presented token has expired.",
    Reason.TOKEN_IDLE: "The presented token was not used for too long.",
    Reason.TOKEN_ENDED: "The presented token was ended or replaced.",
    Reason.OWNER_SUSPENDED: "The owner of the presented token may not act now.",
    Reason.WRONG_DOOR: "The presented token does not open this door.",
    Reason.CLAIM_MISMATCH: "The presented name does not belong to the presented token.",
    Reason.ACCESS_OFF: "This account may not use this interface.",
    Reason.UNKNOWN_ACCOUNT: "There is no account of that name.",
    Reason.WRONG_PASSWORD: "The password is wrong.",
    Reason.WRONG_CURRENT_PASSWORD: "The current password is wrong.",
    Reason.ACCOUNT_LOCKED: "Too many failures: the account is locked for a while.",
    Reason.ACCOUNT_SUSPENDED: "The account is suspended.",
    Reason.REMOTE_ACCOUNT: "The account is managed elsewhere and has no password here.",
    Reason.ADDRESS_LOCKED: "Too many failures from this address: it is refused for a while.",
    Reason.FACTOR_REQUIRED: "A second factor is due at sign-in.",
    Reason.FACTOR_WRONG: "The second factor shown at sign-in is wrong.",
    Reason.FACTOR_LOCKED: "Too many wrong codes at sign-in: that factor is locked for a while.",
    Reason.PASSWORD_CHANGE_DUE: "The password must be changed first.",
    Reason.STEP_UP_REQUIRED: "This wish wants a fresh proof.",
    Reason.STEP_UP_WRONG: "The proof shown for this wish is wrong.",
    Reason.STEP_UP_LOCKED: "Too many wrong proofs: that factor is locked for a while.",
    Reason.SESSION_NEEDED: "Only a session may do this, no other kind of token.",
    Reason.FORBIDDEN: "The caller has no right to do this.",
    Reason.NOT_FOUND: "There is no such thing, or the caller may not know of it.",
    Reason.REALM_REFUSED: "The named realm is not the caller's, nor granted.",
    Reason.CONFLICT: "Something of that name is there already.",
    Reason.UNVERIFIED_MAIL: "This wants a mail address that is known to be the account's.",
    Reason.QUOTA_REACHED: "The subject holds as many tokens of this kind as allowed.",
    Reason.WEAK_PASSWORD: "The new password does not fit the policy.",
    Reason.INVALID_RESET: "The reset token is unknown, used, replaced or expired.",
    Reason.USER_SUSPENDED: "No reset token is issued for a suspended user.",
    Reason.INVALID_SETUP: "The set-up code is wrong, or there is an administrator already.",
    Reason.BUILT_IN: "What is built in cannot be changed so.",
    Reason.IDEMPOTENCY_MISMATCH: "Another request was made under this idempotency key.",
    Reason.IDEMPOTENCY_EXPIRED: "The answer under this idempotency key is kept no longer.",
    Reason.IN_PROGRESS: "The request under this idempotency key is still running.",
    Reason.RATE_LIMITED: "Too many calls of this kind from one address; try again later.",
    Reason.BUSY: "Too many sign-ins at once; try again shortly.",
    Reason.UNAVAILABLE: "The store does not answer; the change may or may not have taken place.",
    Reason.BROKEN: "Something is wrong on our side.",
}
