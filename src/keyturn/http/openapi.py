"""OpenAPI 3.1 from the routes of a wire: operation ids are the vendor's method names where it has them."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from keyturn.core.outcomes import REASONS, Denied, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Secret
from keyturn.wire import Dialect, Request, Response, Route

FORM = "application/x-www-form-urlencoded"
SAMPLE = "openapi"


def document(dialect: Dialect, version: str) -> dict[str, Any]:
    """The OpenAPI document of one wire."""
    models = list({id(m): m for r in dialect.routes for m in (r.body, r.answer) if m is not None}.values())
    shapes, components = msgspec.json.schema_components(
        models, schema_hook=_secret, ref_template="#/components/schemas/{name}"
    )
    known = dict(zip(map(id, models), shapes, strict=True))
    paths: dict[str, Any] = {}
    shared = {str(s): _told(media, reasons) for s, (media, reasons) in statuses(dialect, None).items()}
    for route in dialect.routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(dialect, route, known, shared)
    return {
        "openapi": "3.1.0",
        "info": {"title": dialect.title, "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": dict(dialect.security),
            "responses": {f"status{status}": response for status, response in shared.items()},
        },
    }


def statuses(dialect: Dialect, route: Route | None) -> dict[int, tuple[str, list[str]]]:
    """The statuses a route, or a whole wire, may refuse with: content type and reasons of each, from the table."""
    found: dict[int, tuple[str, list[str]]] = {}
    request = Request("GET" if route is None else route.method, "/", "", [], b"", id=SAMPLE)
    settings = Settings(values={s.name: s.default for s in dialect.settings})
    for reason in Reason:
        answer = _refused(dialect, route, reason, settings, request)
        media, reasons = found.setdefault(answer.status, (answer.media, []))
        reasons.append(reason.value)
        found[answer.status] = (media, reasons)
    return found


def _operation(dialect: Dialect, route: Route, known: Mapping[int, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(dialect, route, known, shared),
        "security": [] if route.public else [{name: []} for name in dialect.security],
    }
    if route.body is not None:
        media = FORM if route.form else "application/json"
        operation["requestBody"] = {"required": True, "content": {media: {"schema": known[id(route.body)]}}}
    return operation


def _told(media: str, reasons: list[str]) -> dict[str, Any]:
    sentences = " ".join(REASONS[Reason(r)] for r in reasons)
    return {"description": sentences, "content": {media.split(";")[0]: {}}, "x-reasons": reasons}


def _responses(dialect: Dialect, route: Route, known: Mapping[int, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for status, (media, reasons) in sorted(statuses(dialect, route).items()):
        own = _told(media, reasons)
        same = shared.get(str(status)) == own and status != route.status
        told[str(status)] = {"$ref": f"#/components/responses/status{status}"} if same else own
    success: dict[str, Any] = {"description": route.summary}
    if route.answer is not None:
        success["content"] = {route.media.split(";")[0]: {"schema": known[id(route.answer)]}}
    elif route.status != 204:
        success["content"] = {route.media.split(";")[0]: {}}
    refused = told.get(str(route.status))
    if refused is not None:
        success["description"] += ". Also where this wire refuses inside it: " + refused["description"]
        success["content"] = {route.media.split(";")[0]: {}}
    told[str(route.status)] = success
    return told


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{([a-z_]+)\}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    return [{"name": n, "in": "query", "required": False, "schema": {"type": "string"}} for n in route.query]


def _refused(dialect: Dialect, route: Route | None, reason: Reason, settings: Settings, request: Request) -> Response:
    return dialect.refuse(Denied(reason), route, settings, request)


def _secret(kind: type[Any]) -> dict[str, Any]:
    if kind is Secret:
        return {"type": "string", "format": "password"}
    raise NotImplementedError(kind)
