"""The Pyramid wire, API3: sign-in by password or by an administrator's token, answered with the bare token."""

from keyturn.core.settings import Setting, boolean, choice, duration
from keyturn.core.types import Shape, WireRule
from keyturn.dialects.pyramid.answers import ADMIN_TYPES, LICENCES, USUAL_LICENCE
from keyturn.dialects.pyramid.reading import NAME, header_token
from keyturn.dialects.pyramid.refusals import REFUSALS
from keyturn.dialects.pyramid.routes import ROUTES
from keyturn.wire import Dialect

HOUR = 3600
ADMIN_WORDS = ("None", *ADMIN_TYPES.values())
YEAR = 365 * 24 * HOUR

DIALECT = Dialect(
    name=NAME,
    title="Pyramid API3, as Keyturn speaks it",
    prefixes=("/api3", "/api2"),
    routes=ROUTES,
    present=header_token,
    refusals=REFUSALS,
    wire=WireRule(NAME, Shape.BASE64, ("session",), (8 * HOUR, YEAR), own_change_ends_all=True),
    settings=(
        Setting("pyramid.token_lifetime", duration, 8 * HOUR, "duration", "The life of a token got by password."),
        Setting(
            "pyramid.by_token_lifetime", duration, HOUR, "duration",
            "The life of a token got by an administrator's token, which it never outlives.",
        ),
        Setting(
            "pyramid.code_after_password", boolean, False, "true, false",
            "Whether a user with a second factor may append its code to the password after a comma.",
        ),
    ),
    attributes=(
        Setting("admin_type", choice(*ADMIN_WORDS), "None", ", ".join(ADMIN_WORDS), "Kept; roles say what counts."),
        Setting("licence", choice(*LICENCES), USUAL_LICENCE, ", ".join(LICENCES), "The licence that clients are told."),
    ),
    any_case=True,
    security={"paToken": {"type": "apiKey", "in": "header", "name": "paToken"}},
)  # fmt: skip
