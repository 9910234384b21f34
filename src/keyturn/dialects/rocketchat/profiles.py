"""The two generations of this wire, difference by difference: which words, which order, which form."""

from collections.abc import Callable
from typing import Any

import msgspec

from keyturn.core.outcomes import Challenge
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen, Order, Secret, Step, chosen
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat import user_answers as u
from keyturn.dialects.rocketchat.sayings import Said
from keyturn.dialects.rocketchat.times import iso

NOBODY = "You must be logged in to do this."
UNAUTHORIZED = "Unauthorized"
PERMISSION = "User does not have the permissions required for this action [error-unauthorized]"
MISSING, EMPTY, UNKNOWN = "is missing", "is empty", "holds a field that is not known"
INVALID, INVALID_QUERY = "invalid-params", "error-invalid-params"
SCHEMA = {
    UNKNOWN: "must NOT have additional properties",
    EMPTY: "must NOT have fewer than 1 characters",
    "wants text": "must be string",
    "wants true or false": "must be boolean",
    "wants a list": "must be array",
    "wants an object": "must be object",
    "wants text or an object": "must be string,object",
}
"""What a schema says where a sentence of ours would stand."""


class Profile(Frozen):
    """Whose words are spoken. Every difference between the two is a field here, and nowhere else.

    Shapes   steps, guarded: the order of checks, of a call and of one with a permission of its own
             fault: what is said of a field, with our sentence for it; several fields with commas: one of them is due
             pending: what a challenge tells of a mailed code that still works
             mints: whether users.createToken is there, for who told that secret; asks_more: it and users.create
             want a second proof; exact: keys that are not known are refused, values of other types are read
    """

    version: str
    steps: tuple[Step, ...]
    guarded: tuple[Step, ...]
    nobody: Frozen
    wrong: Frozen
    fault: Callable[[str, str, bool], Said]
    nameless: Said
    exact: bool
    blank_is_missing: bool
    unlisted: tuple[int, Frozen]
    pending: Callable[[Challenge], dict[str, Any]]
    method_failed: tuple[int, bool]
    signed_out: a.LoggedOut
    deleted: u.Deleted
    mints: Callable[[Settings, Secret | None], bool]
    mints_for: tuple[str, ...]
    asks_more: bool


def _by_hand(field: str, sentence: str, query: bool) -> Said:
    if "," in field:
        return Said('The required "userId" or "username" param was not provided', "error-user-param-not-provided")
    if sentence in (MISSING, EMPTY):
        return Said(f"The '{field}' param is required")
    return Said(f"The '{field}' param {sentence}", INVALID)


def _by_schema(field: str, sentence: str, query: bool) -> Said:
    code = INVALID_QUERY if query else INVALID
    if sentence != MISSING:
        return Said(SCHEMA.get(sentence, f"'{field}' {sentence}"), code, unfit=True)
    names = field.split(",")
    lines = [f"must have required property '{name}'" for name in names]
    return Said("\n ".join([*lines, *(["must match a schema in anyOf"] if len(names) > 1 else [])]), code, unfit=True)


def _counted(note: Challenge) -> dict[str, Any]:
    return {} if note.expires is None else {"code_count": 1, "code_expires": (iso(note.expires),)}


def _dated(note: Challenge) -> dict[str, Any]:
    return {} if note.expires is None else {"code_expires": iso(note.expires), "whose": note.login or msgspec.UNSET}


def _switched_on(settings: Settings, secret: Secret | None) -> bool:
    return settings.flag("rocketchat.create_token")


def _secret_told(settings: Settings, secret: Secret | None) -> bool:
    wanted = settings.text("rocketchat.create_token_secret")
    # Compared in constant time, as secrets are; an empty one is none.
    return wanted != "" and secret == Secret(wanted)


CLASSIC = Profile(
    version="7.10",
    steps=(Step.RECOGNISE, Step.LIMIT, Step.STEP_UP, Step.READ, Step.RIGHT),
    guarded=(Step.RECOGNISE, Step.LIMIT, Step.READ, Step.GATE, Step.STEP_UP, Step.RIGHT),
    nobody=a.Unsigned(message=NOBODY),
    wrong=a.Unsigned(message=UNAUTHORIZED),
    fault=_by_hand,
    nameless=Said("emailOrUsername is required", "error-parameter-required"),
    exact=False,
    blank_is_missing=True,
    unlisted=(400, a.Failure(error="Not Authorized [not-authorized]", error_type="not-authorized")),
    pending=_counted,
    method_failed=(200, True),
    signed_out=a.LoggedOut(),
    deleted=u.Deleted(),
    mints=_switched_on,
    mints_for=(),
    asks_more=False,
)
MODERN = Profile(
    version="8.5",
    steps=(Step.RECOGNISE, Step.READ, Step.LIMIT, Step.STEP_UP, Step.RIGHT),
    guarded=(Step.RECOGNISE, Step.GATE, Step.READ, Step.LIMIT, Step.STEP_UP, Step.RIGHT),
    nobody=a.Nobody(error=NOBODY, message=NOBODY),
    wrong=a.LoginFailure(error=UNAUTHORIZED, message=UNAUTHORIZED),
    fault=_by_schema,
    nameless=_by_schema("emailOrUsername", MISSING, False),
    exact=True,
    blank_is_missing=False,
    unlisted=(403, a.Failure(error=PERMISSION)),
    pending=_dated,
    method_failed=(400, False),
    signed_out=a.LoggedOut(success=True),
    deleted=u.Deleted(rooms=()),
    mints=_secret_told,
    mints_for=("userId", "secret"),
    asks_more=True,
)


def profile(settings: Settings) -> Profile:
    """The profile that the realm chose."""
    return MODERN if settings.text("rocketchat.profile") == "modern" else CLASSIC


# --- the order of checks


def usual(settings: Settings) -> tuple[Step, ...]:
    """The steps of a call."""
    return _limited(profile(settings).steps, settings)


def guarded(settings: Settings) -> tuple[Step, ...]:
    """The steps of a call that has a permission of its own."""
    return _limited(profile(settings).guarded, settings)


def read_first(settings: Settings) -> tuple[Step, ...]:
    """The steps of a call whose code stands in its body, so that it is looked at before it is proved."""
    return _limited(MODERN.steps, settings)


def uncounted(order: Order) -> Order:
    """The same steps, where the number of calls is not limited."""
    return lambda settings: tuple(s for s in chosen(order, settings) if s is not Step.LIMIT)


def _limited(steps: tuple[Step, ...], settings: Settings) -> tuple[Step, ...]:
    if settings.flag("rocketchat.rate_limit"):
        return steps
    return tuple(step for step in steps if step is not Step.LIMIT)
