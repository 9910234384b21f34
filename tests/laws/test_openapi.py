"""Laws about the OpenAPI documents: they are the routes, their parameters and their refusals, whatever is added."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from keyturn import __version__
from keyturn.cli import root
from keyturn.cli.frame import run
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Setting, Settings, defaults
from keyturn.core.types import Assurance, Effect
from keyturn.dialects import DIALECTS
from keyturn.http import openapi
from keyturn.operations import CONTENTS
from keyturn.wire import JSON, Dialect, Request, Response, Route

WIRES = [pytest.param(d, id=d.name) for d in DIALECTS]
ROUTES = [pytest.param(d, r, id=f"{d.name}-{r.operation}") for d in DIALECTS for r in d.routes]
CHOSEN: dict[str, Any] = {"true": True, "false": False}
LONGEST = 100_000
"""Bytes of a document: what routes share is told once."""


DOCUMENTS = {d.name: msgspec.json.decode(msgspec.json.encode(openapi.document(d, __version__))) for d in DIALECTS}


def document(dialect: Dialect) -> Any:
    """The document of that wire, as it is read."""
    return DOCUMENTS[dialect.name]


def operation(dialect: Dialect, route: Route) -> Any:
    """What the document shows of a route."""
    return document(dialect)["paths"][route.path][route.method.lower()]


def resolved(dialect: Dialect, shown: Any) -> Any:
    """What a reference of the document stands for; anything else as it is."""
    found = document(dialect) if "$ref" in shown else shown
    for step in shown.get("$ref", "#").split("/")[1:]:
        found = found[step]
    return found


def references(shown: Any) -> Iterator[str]:
    """Every reference in a part of a document."""
    for key, value in shown.items() if isinstance(shown, dict) else enumerate(shown):
        if key == "$ref":
            yield value
        elif isinstance(value, (dict, list)):
            yield from references(value)


def realms(dialect: Dialect) -> Iterator[Settings]:
    """The settings of a realm that chose nothing, and of every realm that chose one thing."""
    usual = defaults(dialect.settings)
    yield Settings(values=usual)
    for setting in dialect.settings:
        for value in values(setting):
            yield Settings(values={**usual, setting.name: value})


def values(setting: Setting) -> list[Any]:
    """The values that a setting names, where it names them."""
    words = [CHOSEN.get(word, word) for word in setting.values.split(", ")]
    try:
        return [setting.check(word) for word in words]
    except ValueError:
        return []


@pytest.mark.parametrize("dialect", WIRES)
def test_every_route_is_shown(dialect: Dialect) -> None:
    """The document of a wire shows each of its routes and nothing else, under the name and words of the route."""
    shown = {(verb.upper(), path) for path, verbs in document(dialect)["paths"].items() for verb in verbs}
    assert shown == {(route.method, route.path) for route in dialect.routes}
    for route in dialect.routes:
        told = operation(dialect, route)
        assert (told["operationId"], told["summary"]) == (route.operation, route.summary)


@pytest.mark.parametrize("dialect", WIRES)
def test_operation_ids_are_unique(dialect: Dialect) -> None:
    """A client made from the document has one method for each operation."""
    names = [told["operationId"] for verbs in document(dialect)["paths"].values() for told in verbs.values()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("route", [r for d in DIALECTS if d.name == "pyramid" for r in d.routes])
def test_pyramid_operations_have_the_names_of_the_vendor(route: Route) -> None:
    """A method is called what the path calls it; the section of early clients has a mark of its own."""
    _, _, section, name = route.path.split("/")
    assert route.operation == (f"{name}_auth" if section == "auth" else name)


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_every_refusal_is_documented(dialect: Dialect, route: Route) -> None:
    """Whatever a route refuses with, in whatever realm, has a status, a content type and a reason in the document."""
    told = {int(status): resolved(dialect, shown) for status, shown in operation(dialect, route)["responses"].items()}
    request = Request(route.method, route.path, "", [], b"", id="request-id")
    for settings in realms(dialect):
        for reason in Reason:
            refused: Response = dialect.refuse(Denied(reason), route, settings, request)
            assert refused.media.partition(";")[0] in told[refused.status]["content"]
            assert reason.value in told[refused.status]["x-reasons"]


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_an_answer_is_documented(dialect: Dialect, route: Route) -> None:
    """What a route answers when the wish came true is there, with its schema where it has one."""
    told = operation(dialect, route)["responses"][str(route.status)]
    content = told.get("content", {})
    assert "description" in told
    assert (route.status == 204) <= (content == {})
    if route.answer is not None:
        assert content[route.media.partition(";")[0]]["schema"]


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_parameters_are_documented(dialect: Dialect, route: Route) -> None:
    """The path's, the query's, the wire's own, the second proof's, and the key of a change that may be asked again."""
    shown = [resolved(dialect, p) for p in operation(dialect, route).get("parameters", ())]
    told = {(p["in"], p["name"]) for p in shown}
    assert len(told) == len(shown)
    assert {name for where, name in told if where == "path"} == set(re.findall(r"\{(.*?)\}", route.path))
    assert {("query", name) for name in route.query} <= told
    assert {(p.where, p.name) for p in route.parameters} <= told
    assert route.public or {(p.where, p.name) for p in dialect.parameters} <= told
    assert route.step_up is None or {(p.where, p.name) for p in dialect.proof} <= told
    row = CONTENTS[route.command]
    again = row.effect is not Effect.READ and row.assurance is not Assurance.NOBODY
    assert (("header", "Idempotency-Key") in told) is again
    assert all("schema" in p and (p["in"] == "path") is p.get("required", False) for p in shown)


@pytest.mark.parametrize("dialect", WIRES)
def test_a_wire_with_a_second_proof_says_how_it_is_carried(dialect: Dialect) -> None:
    """Where a route asks for one, the wire names what it comes in."""
    assert any(route.step_up is not None for route in dialect.routes) is (dialect.proof != ())


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_a_body_is_documented(dialect: Dialect, route: Route) -> None:
    """A route that takes a body shows it, and whether it may be absent."""
    told = operation(dialect, route).get("requestBody")
    assert (told is None) is (route.body is None)
    if told is not None:
        assert told.get("required", False) is not route.bare
        ((media, shape),) = told["content"].items()
        assert media == (openapi.FORM if route.form else JSON)
        assert resolved(dialect, shape["schema"])["type"] == "object"


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_credentials_are_documented(dialect: Dialect, route: Route) -> None:
    """What opens a route is a scheme of the document; a route that nothing opens asks for none."""
    schemes = document(dialect)["components"]["securitySchemes"]
    groups = operation(dialect, route).get("security", document(dialect)["security"])
    assert bool(groups) is not route.public
    assert all(set(group) <= set(schemes) and group for group in groups)


@pytest.mark.parametrize("dialect", WIRES)
def test_references_lead_somewhere(dialect: Dialect) -> None:
    """Each reference has its target, and nothing is kept that nobody refers to."""
    found = set(references(document(dialect)))
    for reference in found:
        assert resolved(dialect, {"$ref": reference})
    kept = document(dialect)["components"]
    shared = {f"#/components/{part}/{name}" for part in ("schemas", "responses", "parameters") for name in kept[part]}
    assert shared == found


@pytest.mark.parametrize("dialect", WIRES)
def test_a_document_is_lean(dialect: Dialect) -> None:
    """What routes share is told once."""
    assert len(msgspec.json.encode(document(dialect))) < LONGEST


@pytest.mark.parametrize("dialect", WIRES)
def test_the_command_line_tells_it(dialect: Dialect, capsys: pytest.CaptureFixture[str]) -> None:
    """`keyturn openapi DIALECT` prints the document."""
    assert run(root, ("openapi", dialect.name)) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == document(dialect)
