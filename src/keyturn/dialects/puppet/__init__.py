"""The Puppet Enterprise RBAC wire: tokens, password resets and users under /rbac-api/v1."""

from keyturn.core.rules import ADMINISTRATORS
from keyturn.core.types import Shape, WireRule
from keyturn.dialects.puppet.activity_routes import ACTIVITY_ROUTES
from keyturn.dialects.puppet.bodies import Trouble
from keyturn.dialects.puppet.reading import caller
from keyturn.dialects.puppet.refusals import ERROR, REFUSALS
from keyturn.dialects.puppet.role_routes import ROLE_ROUTES
from keyturn.dialects.puppet.routes import ROUTES
from keyturn.dialects.puppet.settings import DAY, HOUR, SETTINGS, YEAR
from keyturn.dialects.puppet.user_routes import USER_ROUTES
from keyturn.wire import Dialect

API_USER = ("api_user", "af94921f-bd76-4b58-b5ce-e17c029a2790", "API User", ADMINISTRATORS)
"""The subject that scripts with a client certificate act as; the same everywhere, and without a password."""

DIALECT = Dialect(
    name="puppet",
    title="Puppet Enterprise RBAC",
    prefixes=("/rbac-api", "/activity-api", "/status/v1"),
    routes=(*ROUTES, *USER_ROUTES, *ROLE_ROUTES, *ACTIVITY_ROUTES),
    present=caller,
    refusals=REFUSALS,
    settings=SETTINGS,
    wire=WireRule(
        name="puppet",
        shape=Shape.ALPHANUMERIC,
        kinds=("session",),
        session=(HOUR, YEAR),
        reset=DAY,
        built_in=(API_USER,),
        reset_reinstates=True,
        locks=True,
        certificates=("puppet.client_cert_allowlist", API_USER[1]),
        password_policy="puppet.password_policy",
        expiry="puppet.account_expiry_days",
    ),
    security={
        "token": {"type": "apiKey", "in": "header", "name": "X-Authentication"},
        "query": {"type": "apiKey", "in": "query", "name": "token"},
    },
    errors={ERROR: (Trouble,)},
)
