"""The PAM360 wire: an API user's AUTHTOKEN, its regeneration, and the look-ups that scripts begin with."""

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.settings import Setting, boolean, choice, whole, words
from keyturn.core.types import Shape, WireRule
from keyturn.dialects.pam360 import answers as a
from keyturn.dialects.pam360 import reading as r
from keyturn.dialects.pam360 import writing as w
from keyturn.dialects.pam360.access import bars, last_day
from keyturn.dialects.pam360.refusals import REFUSALS, failed
from keyturn.wire import Dialect, Parameter, Route

API = ("api",)
BASE = "/restapi/json/v1"
UNKNOWN_USER = {Reason.NOT_FOUND: failed("No user of that name", 404)}

# fmt: off
ROUTES = (
    Route("PUT", f"{BASE}/user/regenerateAuthtoken", c.RotateToken, r.guarded(r.regenerate), w.regenerated,
          "regenerateAuthtoken", "Replace the presented AUTHTOKEN; the old one is dead at once",
          answer=a.Regenerated, kinds=API, media=w.MEDIA),
    Route("GET", f"{BASE}/user/getUserId", c.ShowUser, r.guarded(r.user_id), w.user_id,
          "getUserId", "The identifier of a user by name",
          answer=a.Envelope, refusals=UNKNOWN_USER, kinds=API, query=("USERNAME",), media=w.MEDIA),
    Route("GET", f"{BASE}/resources/resourcetypes", c.ShowSelf, r.guarded(r.resource_types), w.resource_types,
          "getResourceTypes", "An empty list: connection tests of clients ask for it",
          answer=a.Envelope, kinds=API, media=w.MEDIA),
)
# fmt: on

DIALECT = Dialect(
    name=r.NAME,
    title="PAM360 REST API, as Keyturn speaks it",
    prefixes=("/restapi",),
    routes=ROUTES,
    present=r.present,
    refusals=REFUSALS,
    wire=WireRule(r.NAME, Shape.UUID_FORM, API, shown=4, bars=bars),
    settings=(
        Setting(
            "pam360.http_status", choice("legacy", "strict"), "legacy", "legacy, strict",
            "Whether refusals are told inside a 200, as old clients expect, or with a status of their own.",
        ),
        Setting(
            "pam360.token_in_query", boolean, True, "true, false",
            "Whether the token may come in the query, where logs on the way can see it.",
        ),
    ),
    attributes=(
        Setting("rest_access", boolean, True, "true, false", "Whether the user may use this interface at all."),
        Setting("host", words, "", "address or name", "The one machine the user may call from."),
        Setting("validity_days", whole, None, "number", "How many days a new token shall last; not used yet."),
        Setting("expires_on", last_day, None, "day", "The last day of the account, such as 2027-10-30."),
    ),
    security={
        "AUTHTOKEN": {"type": "apiKey", "in": "header", "name": "AUTHTOKEN"},
        "AUTHTOKEN_query": {"type": "apiKey", "in": "query", "name": "AUTHTOKEN"},
    },
    parameters=(Parameter("orgName", "The organisation that is meant, by its display name."),),
    errors={w.MEDIA: (a.Envelope,)},
)  # fmt: skip
