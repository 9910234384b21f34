"""Outcomes of this wire: a token is the bare text of the body, without quotes or a line's end."""

from typing import Any

from keyturn.core.settings import Settings
from keyturn.dialects.pyramid.answers import user
from keyturn.wire import Request, Response, json_response

TEXT = "text/plain;charset=utf-8"


def token(outcome: Any, settings: Settings, request: Request) -> Response:
    """The token, told once."""
    return Response(200, outcome.secret.reveal().encode(), TEXT)


def me(outcome: Any, settings: Settings, request: Request) -> Response:
    """The caller."""
    return json_response(user(outcome.user))
