"""The Rocket.Chat wire: sign-in, personal access tokens, users, and the second proof that changing them wants."""

from keyturn.core.types import Shape, WireRule
from keyturn.dialects.rocketchat.answers import Failure, LoginFailure, MethodAnswer, Nobody, Unfit, Unsigned
from keyturn.dialects.rocketchat.method_routes import CALLS
from keyturn.dialects.rocketchat.profiles import usual
from keyturn.dialects.rocketchat.reading import NAME, signed
from keyturn.dialects.rocketchat.refusals import REFUSALS
from keyturn.dialects.rocketchat.routes import SESSIONS, TOKENS, VERSIONS
from keyturn.dialects.rocketchat.settings import SETTINGS
from keyturn.dialects.rocketchat.steps import PROOF
from keyturn.dialects.rocketchat.user_routes import FACTORS, USERS
from keyturn.dialects.rocketchat.writing import HEADERS, left
from keyturn.wire import JSON, Dialect, RateLimit, Response

LOGIN_DAYS = 90 * 86_400

DIALECT = Dialect(
    name=NAME,
    title="Rocket.Chat REST API, as Keyturn speaks it",
    prefixes=("/api",),
    routes=(*SESSIONS, *TOKENS, *USERS, *FACTORS, *CALLS, *VERSIONS),
    present=signed,
    refusals=REFUSALS,
    wire=WireRule(
        NAME,
        Shape.BASE64URL,
        ("session", "personal"),
        (LOGIN_DAYS, LOGIN_DAYS),
        mail_code=3600,
        address_limit=(50, 300),
    ),
    settings=SETTINGS,
    order=usual,
    limit=RateLimit(10, 60, left),
    trailing_slash=True,
    options=Response(200, headers=HEADERS),
    security={
        "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
        "user": {"type": "apiKey", "in": "header", "name": "X-User-Id"},
    },
    opened_by=(("token", "user"),),
    proof=PROOF,
    errors={JSON: (Failure, LoginFailure, Unsigned, Nobody, Unfit, MethodAnswer)},
)
