"""One request through its wire and the one door, without a server, so that a test may move the clock."""

import json
from typing import Any, NamedTuple

from msgspec.structs import replace

from keyturn.core.outcomes import Denied
from keyturn.core.settings import Settings
from keyturn.dialects import DIALECTS, NATIVE
from keyturn.http.routing import Router
from keyturn.perform import perform
from keyturn.wire import Request, Response, ask_of
from tests.houses import Household

ROUTER = Router(DIALECTS, NATIVE)
PEER = "192.0.2.1"


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    media: str

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def ask(
    house: Household, method: str, target: str, body: bytes | Any = b"", *, peer: str = PEER, **headers: str
) -> Answer:
    """The answer to one request; a body that is not bytes is sent as JSON. `x_token` is the header `X-Token`."""
    path, _, query = target.partition("?")
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("content_type", "application/json")
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request(method, path, query, lines, body, peer=peer, id="test")
    response = _response(house, request)
    return Answer(response.status, response.body, response.media)


def _response(house: Household, request: Request) -> Response:
    match = ROUTER.match(request)
    assert match.route is not None, "there is no such call"
    route = match.route if match.route.choose is None else match.route.choose(request)
    presented = (route.present or match.dialect.present)(request)
    if isinstance(presented, Denied):
        return match.dialect.refuse(presented, route, Settings(), request)
    presented = replace(presented, host=request.host, address=request.peer, agent=request.agent)
    answered = perform(house.house, presented, ask_of(match.dialect, route, request))
    if isinstance(answered.outcome, Denied):
        return match.dialect.refuse(answered.outcome, route, answered.settings, request)
    return route.write(answered.outcome, answered.settings, request)
