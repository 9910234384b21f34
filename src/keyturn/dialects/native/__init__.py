"""The native wire: JSON in and out, bearer tokens, RFC 9457 problems; RFC 7662 and RFC 7009 beside it."""

from keyturn.core.types import Shape, WireRule
from keyturn.dialects.native.answers import OAuthError, Problem
from keyturn.dialects.native.reading import bearer
from keyturn.dialects.native.refusals import PROBLEM, REFUSALS
from keyturn.dialects.native.routes import ROUTES
from keyturn.wire import JSON, Dialect, Parameter

DAY = 86_400

DIALECT = Dialect(
    name="native",
    title="Keyturn native API",
    prefixes=("/v1", "/oauth2"),
    routes=ROUTES,
    present=bearer,
    refusals=REFUSALS,
    wire=WireRule(
        "native",
        Shape.KEYTURN,
        ("session", "personal", "api"),
        (DAY, 30 * DAY),
        personal=90 * DAY,
        idle=3600,
        mail_code=600,
        mail_code_policy=True,
    ),
    security={"bearer": {"type": "http", "scheme": "bearer"}, "basic": {"type": "http", "scheme": "basic"}},
    opened_by=(("bearer",),),
    parameters=(Parameter("realm", "The realm that is meant, by its name; the caller's own if absent.", "query"),),
    proof=(Parameter("Step-Up", "A second factor shown for this call: its method, a space, a code."),),
    errors={PROBLEM: (Problem,), JSON: (OAuthError,)},
)
