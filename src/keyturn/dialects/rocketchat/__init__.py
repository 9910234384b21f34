"""The Rocket.Chat wire: sign-in, personal access tokens, and the second proof that changing them wants."""

from keyturn.core.types import Shape, WireRule
from keyturn.dialects.rocketchat.answers import Failure, LoginFailure, Unsigned
from keyturn.dialects.rocketchat.reading import NAME, signed
from keyturn.dialects.rocketchat.refusals import REFUSALS
from keyturn.dialects.rocketchat.routes import CLASSIC, PROOF, ROUTES
from keyturn.dialects.rocketchat.settings import SETTINGS
from keyturn.dialects.rocketchat.writing import HEADERS
from keyturn.wire import JSON, Dialect, Response

LOGIN_DAYS = 90 * 86_400

DIALECT = Dialect(
    name=NAME,
    title="Rocket.Chat REST API, as Keyturn speaks it",
    prefixes=("/api",),
    routes=ROUTES,
    present=signed,
    refusals=REFUSALS,
    wire=WireRule(NAME, Shape.BASE64URL, ("session", "personal"), (LOGIN_DAYS, LOGIN_DAYS)),
    settings=SETTINGS,
    order=CLASSIC,
    trailing_slash=True,
    options=Response(200, headers=HEADERS),
    security={
        "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
        "user": {"type": "apiKey", "in": "header", "name": "X-User-Id"},
    },
    opened_by=(("token", "user"),),
    proof=PROOF,
    errors={JSON: (Failure, LoginFailure, Unsigned)},
)
