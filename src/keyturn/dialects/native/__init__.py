"""The native wire: JSON in and out, bearer tokens, RFC 9457 problems; RFC 7662 and RFC 7009 beside it."""

from keyturn.core.types import Shape, WireRule
from keyturn.dialects.native.reading import bearer
from keyturn.dialects.native.refusals import REFUSALS
from keyturn.dialects.native.routes import ROUTES
from keyturn.wire import Dialect

DAY = 86_400

DIALECT = Dialect(
    name="native",
    title="Keyturn native API",
    prefixes=("/v1", "/oauth2"),
    routes=ROUTES,
    present=bearer,
    refusals=REFUSALS,
    wire=WireRule(
        "native", Shape.KEYTURN, ("session", "personal", "api"), (DAY, 30 * DAY), personal=90 * DAY, idle=3600
    ),
    security={"bearer": {"type": "http", "scheme": "bearer"}},
)
