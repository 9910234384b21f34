"""The activity of this wire: which acts are asked for, and how they are told, as JSON and as a table."""

import csv
import datetime
import io
from typing import Any

import msgspec

from keyturn.core import membership as m
from keyturn.core.holdings import ActivityListed, StoreAnswers
from keyturn.core.outcomes import AuditRow, Denied
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen, Instant
from keyturn.dialects.puppet import activity_bodies as b
from keyturn.dialects.puppet.acts import ACTS, message, thing, verbs, who
from keyturn.dialects.puppet.reading import UUID
from keyturn.dialects.puppet.user_reading import number, unquoted
from keyturn.wire import Request, Response, Route, decoded, json_response, malformed

OURS = "rbac"
SERVICES = (OURS, "classifier", "code-manager", "pe-console", "orchestrator", "activity", "patching")
"""Whose activity may be asked for; only the first has any here."""
MOST = 10_000
CSV = "text/csv; charset=utf-8"
COLUMNS = (
    "Submit Time", "Subject Type", "Subject Id", "Subject Name", "Object Type", "Object Id", "Object Name", "Type",
    "What", "Description", "Message",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LEVELS = ("critical", "info", "debug")
STATUS_VERSION = "1.0.0"


class Filter(Frozen):
    """Which acts: whose, to what, since when; None = any."""

    subject_type: str | None = None
    subject_id: str | None = None
    object_type: str | None = None
    object_id: str | int | None = None
    start: str | None = None


def list_activity(request: Request, settings: Settings) -> m.ListActivity | Denied:
    """What was done, by the fields of the query."""
    given = _given(request)
    service = given.get("service_id")
    if service is None:
        return malformed("service_id", "is missing")
    asked = Filter(
        given.get("subject_type"), given.get("subject_id"), given.get("object_type"), given.get("object_id"),
        given.get("after_service_commit_time"),
    )  # fmt: skip
    return _wish(given, service, asked)


def query_activity(request: Request, settings: Settings) -> m.ListActivity | Denied:
    """What was done, by a JSON list of conditions that all hold."""
    given = _given(request)
    conditions = decoded(given.get("query", "[]").encode("utf-8", "replace"), list[Filter])
    if isinstance(conditions, Denied):
        return malformed("query", "wants a JSON list of objects")
    told = [{name: value for name, value in msgspec.structs.asdict(c).items() if value is not None} for c in conditions]
    merged: dict[str, Any] = {name: value for condition in told for name, value in condition.items()}
    merged.setdefault("start", given.get("after_service_commit_time"))
    return _wish(given, given.get("service_id", OURS), Filter(**merged))


def activity(outcome: ActivityListed, settings: Settings, request: Request) -> Response:
    """Acts, each with one thing it was done to."""
    commits = tuple(
        b.Commit(b.Thing(*thing(row)), b.Thing(*who(row)), time(row.at), (b.Event(message(row)),))
        for row in outcome.rows
    )
    return json_response(b.Activity(commits, outcome.total))


def activity_v2(outcome: ActivityListed, settings: Settings, request: Request) -> Response:
    """Acts, with the types of things and the address each came from."""
    given = _given(request)
    part = b.Part(outcome.total, number(given.get("limit"), 1000) or 0, number(given.get("offset"), 0) or 0)
    return json_response(b.ActivityV2(tuple(map(_commit, outcome.rows)), part))


def activity_csv(outcome: ActivityListed, settings: Settings, request: Request) -> Response:
    """Acts as a table.

    Safe     a cell that a spreadsheet would take for a formula is told as text: names are anybody's choice
    """
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in outcome.rows:
        table.writerow(["'" + cell if cell.startswith(FORMULA) else cell for cell in _cells(row)])
    return Response(200, text.getvalue().encode(), CSV)


def check_store(request: Request, settings: Settings) -> m.CheckStore | Denied:
    """Whether the server and its store are there."""
    level = unquoted(request.fields().get("level") or "info")
    return m.CheckStore() if level in LEVELS else malformed("level", f"wants one of: {', '.join(LEVELS)}")


def running(outcome: StoreAnswers, settings: Settings, request: Request) -> Response:
    """Both parts are there."""
    return json_response(_states(request, True))


def failing(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """The store does not answer."""
    return json_response(_states(request, False), 503)


def time(at: Instant) -> str:
    """RFC 3339 UTC in whole seconds."""
    moment = datetime.datetime.fromtimestamp(at // 1_000_000, datetime.UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _states(request: Request, up: bool) -> dict[str, b.State]:
    level = unquoted(request.fields().get("level") or "info")
    state = "running" if up else "error"
    shown = level if level in LEVELS else "info"
    return {
        "rbac-service": b.State(STATUS_VERSION, 1, shown, state, {"db_up": up, "activity_up": up}),
        "activity-service": b.State(STATUS_VERSION, 1, shown, state, {"db_up": up}),
    }


def _given(request: Request) -> dict[str, str]:
    """The fields of the query, without what is empty."""
    return {name: text for name, value in request.fields().items() if (text := unquoted(value))}


def _wish(given: dict[str, str], service: str, asked: Filter) -> m.ListActivity | Denied:
    offset, limit = number(given.get("offset"), 0), number(given.get("limit"), 1000)
    order = given.get("order", "desc").lower()
    since = _instant(asked.start)
    if service not in SERVICES:
        return malformed("service_id", "wants the name of a part of the product")
    if offset is None or limit is None or limit > MOST or order not in ("asc", "desc"):
        return malformed("offset", f"wants whole numbers, of acts {MOST} at most, and asc or desc as order")
    if isinstance(since, Denied):
        return since
    for kind, one in ((asked.subject_type, asked.subject_id), (asked.object_type, asked.object_id)):
        if one is not None and kind is None:
            return malformed("type", "is missing beside the id")
    if asked.subject_id is not None and not UUID.fullmatch(asked.subject_id):
        return malformed("subject_id", "wants the uuid of a user")
    people = asked.object_type in (None, "users")
    one = None if asked.object_id is None else str(asked.object_id).lower()
    nobody = service != OURS or asked.subject_type not in (None, "users")
    return m.ListActivity(
        () if nobody else verbs(asked.object_type), None if asked.subject_id is None else asked.subject_id.lower(),
        one if people else None, None if people else one, since, offset, limit, order == "asc",
    )  # fmt: skip


def _instant(text: str | None) -> int | None | Denied:
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
        return int(aware.timestamp() * 1_000_000) + 1
    except (ValueError, OverflowError):
        return malformed("after_service_commit_time", "wants a time as RFC 3339 writes it")


def _commit(row: AuditRow) -> b.CommitV2:
    kind = ACTS[row.verb].kind
    done_to, by = b.TypedThing(*thing(row), kind), b.TypedThing(*who(row), "users")
    return b.CommitV2((done_to,), by, time(row.at), row.address, (b.Event(message(row)),))


def _cells(row: AuditRow) -> list[str]:
    act = ACTS[row.verb]
    return [time(row.at), "users", *who(row), act.kind, *thing(row), act.type, act.what, act.description, message(row)]
