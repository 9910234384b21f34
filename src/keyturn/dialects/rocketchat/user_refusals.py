"""How the calls about users, codes and methods refuse, where not as the wire does everywhere."""

from keyturn.core.names import plain
from keyturn.core.outcomes import Denied, Named, Reason, Weak
from keyturn.core.settings import Settings
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat import user_answers as u
from keyturn.dialects.rocketchat.profiles import EMPTY, MISSING, UNKNOWN, profile
from keyturn.dialects.rocketchat.refusals import INVALID as WRONG_CODE
from keyturn.dialects.rocketchat.refusals import (
    NOT_ALLOWED,
    PERMITTED,
    UNTOLD,
    asked,
    calls,
    parameters,
)
from keyturn.dialects.rocketchat.sayings import Said, Saying, always
from keyturn.dialects.rocketchat.user_reading import BLOCKED, INVALID, REQUIRED
from keyturn.dialects.rocketchat.wanting import spoken
from keyturn.dialects.rocketchat.writing import said
from keyturn.wire import Refusal, Request, Response, Route, note_fields

SAVE, CHECK = "insertOrUpdateUser", "checkUsernameAvailability"
WORDS = {"login": "username", "display_name": "name"}
"""Our names for fields, by what this wire calls them."""
FAULTS = {"too_short": "minLength", "too_long": "maxLength", "not_text": "notText", "blocked": "forbiddenPassword"}
NO_SUCH_USER = always(
    'The required "userId" or "username" param provided does not match any users', "error-invalid-user"
)
NO_MAIL = "wants a mail address"
FACTORS_OFF = always("Two factor authentication is not enabled", "error-two-factor-not-enabled")
BAD_CODE = always("", "invalid-totp")


# --- users that are saved


def taken(denied: Denied, settings: Settings, request: Request) -> Said:
    """A user name or a mail address is somebody else's."""
    value = _sent(request, _word(denied.note.what if isinstance(denied.note, Named) else "username"))
    return Said(f"{value} is already in use :(", "error-field-unavailable", u.Reason(method=SAVE, field=value))


def not_saved(action: str) -> Saying:
    """No right to add or change a user, or to give those roles."""
    plainly = Said(f"{action} user is not allowed", "error-action-not-allowed", _deed(f"{action}_user"))
    roles = Said("Assigning roles is not allowed", "error-action-not-allowed", _deed("Assign_role"))

    def saying(denied: Denied, settings: Settings, request: Request) -> Said:
        return roles if isinstance(denied.note, Named) and denied.note.what == "role" else plainly

    return saying


def unfit(blocked: Saying) -> Saying:
    """A field is missing, reserved, or nothing that such a field may hold."""

    def saying(denied: Denied, settings: Settings, request: Request) -> Said:
        name, sentence = next(iter(note_fields(denied).items()), ("body", ""))
        word = _word(name)
        if sentence == BLOCKED:
            return blocked(denied, settings, request)
        if word == "roles" and not sentence.startswith("wants "):
            return Said("Invalid role", "error-invalid-role", u.Reason(method=SAVE))
        if sentence == REQUIRED:
            title = word.capitalize()
            details = u.Reason(method=SAVE, field=title)
            return Said(f"The field {title} is required", "error-the-field-is-required", details)
        if name in WORDS or sentence in (INVALID, NO_MAIL):
            return _not_valid(word, _sent(request, word))
        return parameters(denied, settings, request)

    return saying


def weak(denied: Denied, settings: Settings, request: Request) -> Said:
    """What the new password lacks, fault by fault."""
    found = denied.note.faults if isinstance(denied.note, Weak) else {}
    code = "error-password-policy-not-met"
    faults = tuple(
        u.PasswordFault(error=f"{code}-{FAULTS.get(name, name)}", message=f"The password {sentence}.")
        for name, sentence in found.items()
    )
    return Said("The password does not meet the server's policy", code, faults)


def reserved(denied: Denied, settings: Settings, request: Request) -> Said:
    """A user name that nobody may take."""
    value = _sent(request, "username") or request.fields().get("username", "")
    value = value if plain(value) else ""
    return Said(f"{value} is blocked and can't be used!", "error-blocked-username", u.Reason(method=CHECK, field=value))


def _not_valid(word: str, value: str) -> Said:
    details = u.Reason(method=SAVE, input=value, field=word.capitalize())
    return Said(f"{value} is not a valid {word}".strip(), "error-input-is-not-a-valid-field", details)


def _deed(action: str) -> u.Reason:
    return u.Reason(method=SAVE, action=action)


def _word(name: str) -> str:
    return WORDS.get(name, name)


def _sent(request: Request, word: str) -> str:
    """A name as its sender spelled it, which this wire tells back; nothing that cannot be shown."""
    fields = spoken(request)
    part = fields.get("data", fields)
    value = part.get(word) if isinstance(part, dict) else None
    return value if isinstance(value, str) and plain(value) else ""


def _saved(action: str, blocked: Saying) -> dict[Reason, Refusal]:
    forbidden = not_saved(action)
    return calls(
        {
            Reason.FORBIDDEN: forbidden,
            Reason.SESSION_NEEDED: forbidden,
            Reason.CONFLICT: taken,
            Reason.MALFORMED: unfit(blocked),
            Reason.WEAK_PASSWORD: weak,
            Reason.NOT_FOUND: NO_SUCH_USER,
            Reason.REMOTE_ACCOUNT: NOT_ALLOWED,
        }
    )


IDENTITY = always("Could not save user identity", "error-could-not-save-identity")
CREATE = _saved("Adding", reserved)
UPDATE = _saved("Editing", IDENTITY)
OWN = {
    **UPDATE,
    **calls(
        {
            Reason.FORBIDDEN: NOT_ALLOWED,
            Reason.SESSION_NEEDED: NOT_ALLOWED,
            Reason.WRONG_CURRENT_PASSWORD: asked(*WRONG_CODE),
        }
    ),
}


# --- registration


def registered(denied: Denied, settings: Settings, request: Request) -> Said:
    """Which of the two names is somebody else's."""
    mail = isinstance(denied.note, Named) and denied.note.what == "email"
    return Said("Email already exists" if mail else "Username is already in use")


def unregistered(denied: Denied, settings: Settings, request: Request) -> Said:
    """A user name of no use has words of its own."""
    name, sentence = next(iter(note_fields(denied).items()), ("body", ""))
    if name == "login" or (name == "username" and sentence in (INVALID, BLOCKED)):
        return Said("The username provided is not valid")
    return unfit(reserved)(denied, settings, request)


REGISTER = calls(
    {
        Reason.FORBIDDEN: always("User registration is disabled", "error-user-registration-disabled"),
        Reason.CONFLICT: registered,
        Reason.MALFORMED: unregistered,
        Reason.WEAK_PASSWORD: weak,
    }
)


# --- users that are looked at, stopped, let go


def odd_query(denied: Denied, settings: Settings, request: Request) -> Said:
    """A query that cannot be read has words of its own."""
    return Said("Invalid query parameters") if "query" in note_fields(denied) else parameters(denied, settings, request)


def name_asked(denied: Denied, settings: Settings, request: Request) -> Said:
    """A reserved user name has words of its own."""
    blocked = BLOCKED in note_fields(denied).values()
    return (reserved if blocked else parameters)(denied, settings, request)


UNKNOWN_USER = always("User not found.")
SHOW = calls({Reason.NOT_FOUND: UNKNOWN_USER, Reason.FORBIDDEN: UNKNOWN_USER, Reason.MALFORMED: odd_query})
CHECK_NAME = calls({Reason.MALFORMED: name_asked})
GUARDED: dict[Reason, Refusal] = {
    **calls({Reason.NOT_FOUND: NO_SUCH_USER, Reason.SESSION_NEEDED: NOT_ALLOWED}),
    Reason.FORBIDDEN: PERMITTED,
}
SIGN_OUT: dict[Reason, Refusal] = {
    **calls({Reason.NOT_FOUND: NO_SUCH_USER, Reason.SESSION_NEEDED: NOT_ALLOWED}),
    Reason.FORBIDDEN: UNTOLD,
}
OWN_SESSIONS = calls({Reason.SESSION_NEEDED: NOT_ALLOWED})
NEVER = calls({Reason.FORBIDDEN: NOT_ALLOWED})
FORGOTTEN = calls({Reason.FORBIDDEN: always("Password reset is not enabled")})
UNMINTED = always("Not authorized", "error-not-authorized", a.Method(method="createToken"))
CREATE_TOKEN = calls(
    {
        Reason.FORBIDDEN: UNMINTED,
        Reason.SESSION_NEEDED: UNMINTED,
        Reason.USER_SUSPENDED: UNMINTED,
        Reason.NOT_FOUND: NO_SUCH_USER,
    }
)


# --- second factors


def bad_code(denied: Denied, settings: Settings, request: Request) -> Said:
    """A code that is not right; one that is not there is a field that is missing."""
    sentence = next(iter(note_fields(denied).values()), "")
    missing = sentence in (MISSING, EMPTY, UNKNOWN) or sentence.startswith("wants ")
    return (parameters if missing else BAD_CODE)(denied, settings, request)


def nameless(denied: Denied, settings: Settings, request: Request) -> Said:
    """Nobody is named to mail a code to."""
    missing = note_fields(denied).get("emailOrUsername") in (MISSING, EMPTY)
    return profile(settings).nameless if missing else parameters(denied, settings, request)


def still_on(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """The authenticator stays on, which this wire tells as an answer."""
    return said(u.Disabled(disabled=False))


def done_before(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """What was to be taken away was not there."""
    return said(a.Done())


ENABLED: dict[Reason, Saying] = {
    Reason.CONFLICT: always("", "error-2fa-already-enabled"),
    Reason.FORBIDDEN: FACTORS_OFF,
}
CODE: dict[Reason, Saying] = {
    Reason.MALFORMED: bad_code,
    Reason.NOT_FOUND: BAD_CODE,
    Reason.CONFLICT: BAD_CODE,
    Reason.FORBIDDEN: FACTORS_OFF,
}
FRESH_CODES: dict[Reason, Saying] = {**CODE, Reason.STEP_UP_REQUIRED: BAD_CODE, Reason.STEP_UP_WRONG: BAD_CODE}
ENABLE, CONFIRM, RENEW = calls(ENABLED), calls(CODE), calls(FRESH_CODES)
DISABLE: dict[Reason, Refusal] = dict.fromkeys(
    (Reason.STEP_UP_REQUIRED, Reason.STEP_UP_WRONG, Reason.STEP_UP_LOCKED, Reason.NOT_FOUND), still_on
)
NO_MORE_MAIL: dict[Reason, Refusal] = {Reason.NOT_FOUND: done_before}
MAIL_CODE = calls({Reason.MALFORMED: nameless})


def not_reset(denied: Denied, settings: Settings, request: Request) -> Said:
    """No right to reset somebody's factors, or none are asked for here."""
    off = isinstance(denied.note, Named) and denied.note.what == "policy"
    return (FACTORS_OFF if off else NOT_ALLOWED)(denied, settings, request)


RESET = calls({Reason.FORBIDDEN: not_reset, Reason.SESSION_NEEDED: NOT_ALLOWED, Reason.NOT_FOUND: NO_SUCH_USER})
REMAINING = calls({Reason.NOT_FOUND: BAD_CODE})
MAILED_ON = calls({Reason.FORBIDDEN: FACTORS_OFF})
