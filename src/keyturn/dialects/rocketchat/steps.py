"""How calls of this wire ask for a second proof."""

from msgspec.structs import replace

from keyturn.core.settings import Settings
from keyturn.core.types import StepUpRule
from keyturn.dialects.rocketchat.profiles import profile
from keyturn.wire import Parameter

METHODS = ("totp", "recovery", "email")
STEP_UP = StepUpRule(
    methods=METHODS, fallback=True, fallback_setting="rocketchat.password_fallback", fresh=1800,
    fresh_setting="rocketchat.remember_seconds", bound=True, digest=True, bypass=True,
    recalled=(*METHODS, "password"), grace_setting="rocketchat.registration_grace",
)  # fmt: skip
"""A code by app or mail, or the digest of the password where there is neither; remembered for a while."""
ANEW = StepUpRule(
    methods=METHODS, fallback=True, fallback_setting="rocketchat.password_fallback", bound=True, digest=True,
    bypass=True, remembered=False, grace_setting="rocketchat.registration_grace",
)  # fmt: skip
"""The same, whatever was shown before."""
ITSELF = StepUpRule(methods=("totp", "recovery"), remembered=False, strict=True)
"""The authenticator's own code, for what changes that authenticator."""
NOTHING = StepUpRule(methods=(), remembered=False)
"""Nothing more is asked for."""
CODE = Parameter("x-2fa-code", "A code by app or mail, a recovery code, or the hex SHA-256 of the password.")
METHOD = Parameter("x-2fa-method", "What the code is, or is to be: `totp`, `email` or `password`.")
PROOF = (CODE, METHOD)


FACTOR = replace(STEP_UP, fallback=False)
"""A factor where the caller has one; the password is none."""


def for_somebody_else(settings: Settings) -> StepUpRule:
    """A fresh factor wherever the caller has one, in older versions too: their wire can carry it (rules.md 8)."""
    return STEP_UP if profile(settings).asks_more else FACTOR


def in_later_versions(settings: Settings) -> StepUpRule | None:
    """The usual proof, where the realm's profile asks for one here at all."""
    return STEP_UP if profile(settings).asks_more else None
