"""The doors of this wire that lead to the record and to the state of the server, one row each."""

from keyturn.core import membership as m
from keyturn.core.outcomes import Reason
from keyturn.dialects.puppet import activity as a
from keyturn.dialects.puppet import activity_bodies as b
from keyturn.dialects.puppet.reading import by_token, nobody
from keyturn.wire import Route

V1, V2 = "/activity-api/v1", "/activity-api/v2"
FILTERS = (
    "service_id", "subject_type", "subject_id", "object_type", "object_id", "offset", "limit", "order",
    "after_service_commit_time",
)  # fmt: skip
QUERY = ("service_id", "query", "offset", "limit", "order", "after_service_commit_time")

# fmt: off
ACTIVITY_ROUTES = (
    Route("GET", f"{V1}/events", m.ListActivity, by_token(a.list_activity), a.activity, "listActivity",
          "What was done, newest first", answer=b.Activity, query=FILTERS),
    Route("GET", f"{V1}/events.csv", m.ListActivity, by_token(a.list_activity), a.activity_csv, "listActivityTable",
          "What was done, as a table", query=FILTERS, media=a.CSV),
    Route("GET", f"{V2}/events", m.ListActivity, by_token(a.query_activity), a.activity_v2, "queryActivity",
          "What was done, as the second version tells it", answer=b.ActivityV2, query=QUERY),
    Route("GET", f"{V2}/events.csv", m.ListActivity, by_token(a.query_activity), a.activity_csv, "queryActivityTable",
          "The same as a table", query=QUERY, media=a.CSV),
    Route("GET", "/status/v1/services", m.CheckStore, a.check_store, a.running, "showStatus",
          "Whether the server and its store are there", nobody, answer=dict[str, b.State], query=("level",),
          refusals={Reason.UNAVAILABLE: a.failing}, public=True),
)
# fmt: on
