"""OpenAPI 3.1 from the routes of a wire: operation ids are the vendor's method names where it has them."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from keyturn.core.outcomes import REASONS, Denied, Reason
from keyturn.core.settings import Settings, defaults
from keyturn.core.types import Assurance, Effect, Frozen, Secret
from keyturn.operations import CONTENTS
from keyturn.wire import JSON, Dialect, Parameter, Request, Route

FORM = "application/x-www-form-urlencoded"
SAMPLE = "openapi"
CHOSEN = {"true": True, "false": False}
KEY = Parameter("Idempotency-Key", "The same caller, key and wish hear the same answer again for ten minutes.")
Told = dict[str, Any]


class Refusing(Frozen):
    """What one status of a route may mean, and the content types it is told in."""

    reasons: tuple[Reason, ...]
    medias: tuple[str, ...]


class Shown:
    """What a document shows once and refers to: schemas of the wire's types, parameters, refusals."""

    def __init__(self, dialect: Dialect) -> None:
        errors = [model for models in dialect.errors.values() for model in models]
        models = [m for r in dialect.routes for m in (r.body, r.answer) if m is not None] + errors
        each = list({id(m): m for m in models}.values())
        shapes, self.schemas = msgspec.json.schema_components(
            each, schema_hook=_secret, ref_template="#/components/schemas/{name}"
        )
        self.responses: dict[str, Told] = {}
        self.parameters: dict[str, Told] = {}
        self._shapes = dict(zip(map(id, each), shapes, strict=True))
        self._errors = {_bare(media): models for media, models in dialect.errors.items()}

    def schema(self, model: Any) -> Told:
        """The schema of one of the wire's types."""
        shape: Told = self._shapes[id(model)]
        return shape

    def errors(self, media: str) -> list[Told]:
        """The schemas of what refusals tell in that content type."""
        return [self.schema(model) for model in self._errors.get(media, ())] or _text(media)

    def response(self, status: int, told: Told) -> Told:
        """A reference to that response, which is shown once however many routes have it."""
        name, alike = str(status), 1
        while self.responses.setdefault(name, told) != told:
            alike += 1
            name = f"{status}.{alike}"
        return {"$ref": f"#/components/responses/{name}"}

    def parameter(self, parameter: Parameter) -> Told:
        """A reference to that parameter."""
        self.parameters[parameter.name] = {
            "name": parameter.name, "in": parameter.where, "description": parameter.sentence,
            "schema": dict(parameter.shape) or {"type": "string"},
        }  # fmt: skip
        return {"$ref": f"#/components/parameters/{parameter.name}"}


def document(dialect: Dialect, version: str) -> Told:
    """The OpenAPI document of one wire."""
    shown = Shown(dialect)
    paths: Told = {}
    for route in dialect.routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(dialect, route, shown)
    return {
        "openapi": "3.1.0",
        "info": {"title": dialect.title, "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "security": _groups(dialect.opened_by or tuple((name,) for name in dialect.security)),
        "components": {
            "schemas": shown.schemas,
            "securitySchemes": dict(dialect.security),
            "responses": shown.responses,
            "parameters": shown.parameters,
        },
    }


def statuses(dialect: Dialect, route: Route) -> dict[int, Refusing]:
    """The statuses a route may refuse with, whatever its realm chose: read off the table."""
    found: dict[int, list[tuple[Reason, str]]] = {}
    request = Request(route.method, route.path, "", [], b"", id=SAMPLE)
    for settings in _realms(dialect):
        for reason in Reason:
            answer = dialect.refuse(Denied(reason), route, settings, request)
            found.setdefault(answer.status, []).append((reason, _bare(answer.media)))
    return {
        status: Refusing(tuple(dict.fromkeys(r for r, _ in rows)), tuple(dict.fromkeys(m for _, m in rows)))
        for status, rows in sorted(found.items())
    }


def _realms(dialect: Dialect) -> Iterator[Settings]:
    """Settings of realms that differ in one choice from the usual: some refuse with other statuses."""
    usual = defaults(dialect.settings)
    yield Settings(values=usual)
    for setting in dialect.settings:
        for word in setting.values.split(", "):
            try:
                yield Settings(values={**usual, setting.name: setting.check(CHOSEN.get(word, word))})
            except ValueError:
                continue  # it describes values, and is none


def _operation(dialect: Dialect, route: Route, shown: Shown) -> Told:
    operation: Told = {"operationId": route.operation, "summary": route.summary}
    parameters = [*_path_parameters(route), *_query_parameters(route), *_read_beside(dialect, route, shown)]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content = {FORM if route.form else JSON: {"schema": shown.schema(route.body)}}
        operation["requestBody"] = {"required": True, "content": content} if not route.bare else {"content": content}
    operation["responses"] = _responses(dialect, route, shown)
    if route.public or route.opened_by:
        operation["security"] = _groups(() if route.public else route.opened_by)
    return operation


def _groups(opened_by: Iterable[tuple[str, ...]]) -> list[Told]:
    return [{name: [] for name in group} for group in opened_by]


def _read_beside(dialect: Dialect, route: Route, shown: Shown) -> list[Told]:
    row = CONTENTS[route.command]
    kept = row.effect is not Effect.READ and row.assurance is not Assurance.NOBODY
    parameters = (
        *(() if route.public else dialect.parameters),
        *(dialect.proof if route.step_up is not None else ()),
        *route.parameters,
        *((KEY,) if kept else ()),
    )
    return [shown.parameter(parameter) for parameter in parameters]


def _responses(dialect: Dialect, route: Route, shown: Shown) -> Told:
    refused = statuses(dialect, route)
    within = refused.pop(route.status, None)
    told = {str(s): shown.response(s, _refusal(refusing, shown)) for s, refusing in refused.items()}
    return {str(route.status): _success(route, within, shown), **told}


def _success(route: Route, refusing: Refusing | None, shown: Shown) -> Told:
    """What a route answers when the wish came true, or where its wire refuses inside the same status."""
    media = _bare(route.media)
    shapes = _text(media) if route.answer is None else [shown.schema(route.answer)]
    told: Told = {"description": route.summary}
    if refusing is not None:
        told["description"] += ". Refusals for the reasons below come in the same status."
        told["x-reasons"] = list(refusing.reasons)
        shapes += [shape for m in refusing.medias for shape in shown.errors(m) if shape not in shapes]
    if shapes:
        told["content"] = {media: {"schema": _any(shapes)}}
    return told


def _refusal(refusing: Refusing, shown: Shown) -> Told:
    content = {media: {"schema": _any(shapes)} if (shapes := shown.errors(media)) else {} for media in refusing.medias}
    sentences = " ".join(REASONS[reason] for reason in refusing.reasons)
    return {"description": sentences, "content": content, "x-reasons": list(refusing.reasons)}


def _any(shapes: list[Told]) -> Told:
    return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}


def _text(media: str) -> list[Told]:
    return [{"type": "string"}] if media.startswith("text/") else []


def _bare(media: str) -> str:
    """The content type without its parameters."""
    return media.partition(";")[0]


def _path_parameters(route: Route) -> list[Told]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{([a-z_]+)\}", route.path)
    ]


def _query_parameters(route: Route) -> list[Told]:
    return [{"name": n, "in": "query", "schema": {"type": "string"}} for n in route.query]


def _secret(kind: type[Any]) -> Told:
    if kind is Secret:
        return {"type": "string", "format": "password"}
    raise NotImplementedError(kind)  # what msgspec's schema hook is to raise for a type it does not know
