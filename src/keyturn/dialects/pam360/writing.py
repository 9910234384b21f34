"""Outcomes of this wire, told in its envelopes."""

from typing import Any

from keyturn.core.settings import Settings
from keyturn.dialects.pam360 import answers as a
from keyturn.wire import Request, Response, json_response

MEDIA = "application/json;charset=UTF-8"
NAMES = {
    "regenerateAuthtoken": "REGENERATE_AUTHTOKEN",
    "getUserId": "GET USER ID",
    "getResourceTypes": "GET RESOURCE TYPES",
}
"""What the envelope calls each operation."""


def regenerated(outcome: Any, settings: Settings, request: Request) -> Response:
    """The new token."""
    told = a.Regenerated(a.RegenerateOperation(details=a.NewAuthtoken(outcome.secret)))
    return json_response(told, media=MEDIA)


def user_id(outcome: Any, settings: Settings, request: Request) -> Response:
    """The user's number, as text."""
    details = {"USERID": str(outcome.user.subject.number)}
    return json_response(a.success(NAMES["getUserId"], "User ID fetched successfully", details), media=MEDIA)


def resource_types(outcome: Any, settings: Settings, request: Request) -> Response:
    """No resource types: an empty list has a count and no Details on this wire."""
    told = a.success(NAMES["getResourceTypes"], "Resource types fetched successfully", rows=0)
    return json_response(told, media=MEDIA)
