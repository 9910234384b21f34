"""Tables about one wire: its doors, its answers, its refusals."""

import typing
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from keyturn.core.outcomes import Denied, Reason
from keyturn.core.settings import Setting, Settings
from keyturn.operations import CONTENTS
from keyturn.wire import Dialect, Refusal, Request, Response, Route
from tools.cells import table

TOLD_ELSEWHERE = ("type", "title", "status", "detail", "request_id")


def routes(dialect: Dialect) -> str:
    """The doors of one wire."""
    rows = (
        (_call(r), r.summary, _fields(r.body), str(r.status), f"`{CONTENTS[r.command].verb}`", f"`{r.operation}`")
        for r in dialect.routes
    )
    return table(("call", "what is true afterwards", "body", "success", "verb", "operation id"), rows)


def answers(dialect: Dialect) -> str:
    """What the doors of one wire tell, by the name of the answer, and the parts that such answers hold."""
    told: dict[str, tuple[str, list[str]]] = {}
    for route in dialect.routes:
        for model, where in _parts(route.answer, f"`{route.operation}`"):
            within = told.setdefault(model.__name__, (_fields(model, answer=True), []))[1]
            if where not in within:
                within.append(where)
    rows = ((f"`{name}`", fields, ", ".join(where)) for name, (fields, where) in told.items())
    return table(("answer", "fields", "told by"), rows)


def refusals(dialect: Dialect) -> str:
    """How one wire refuses: reasons with one answer share a line; then the lines of single calls."""
    wide = {r: _answers(dialect, None, r, dialect.refusals[r]) for r in Reason}
    rows: list[tuple[str, ...]] = [("any", *line) for line in _grouped(wide)]
    own: dict[tuple[str, ...], list[str]] = {}
    for route in dialect.routes:
        said = {r: _answers(dialect, route, r, row) for r, row in route.refusals.items()}
        for line in _grouped({r: answer for r, answer in said.items() if answer != wide[r]}):
            own.setdefault(line, []).append(f"`{route.operation}`")
    rows += [(", ".join(calls), *line) for line, calls in own.items()]
    return table(("call", "status", "answer", "reasons"), rows)


def _call(route: Route) -> str:
    query = "&".join(f"{name}=" for name in route.query)
    return f"`{route.method} {route.path}{'?' if query else ''}{query}`"


def _fields(model: Any, answer: bool = False) -> str:
    """The fields of a body or answer; what may be left out has a `?` behind it."""
    if not hasattr(model, "__struct_fields__"):
        return "" if model is None else "an object"
    always = answer and not model.__struct_config__.omit_defaults
    shown = [
        f.encode_name + ("" if f.required or (always and f.default is not msgspec.UNSET) else "?")
        for f in msgspec.structs.fields(model)
    ]
    return f"`{' '.join(shown)}`" if shown else "none"


def _parts(model: Any, where: str) -> Iterator[tuple[type[Any], str]]:
    """Every struct that a type is made of, and where it is met."""
    for inner in typing.get_args(model):
        yield from _parts(inner, where)
    if hasattr(model, "__struct_fields__"):
        yield model, where
        for hint in typing.get_type_hints(model).values():
            yield from _parts(hint, f"in `{model.__name__}`")


# --- refusals


def _choices(dialect: Dialect) -> list[Settings]:
    """The realm's settings as they are by default, then with each other word a setting of this wire may be."""
    usual = {s.name: s.default for s in dialect.settings}
    found = [Settings(values=usual)]
    for setting in dialect.settings:
        if isinstance(setting.default, str) and setting.values != "duration":
            others = (word for word in setting.values.split(", ") if word != setting.default)
            found += [Settings(values={**usual, setting.name: word}) for word in others if _taken(setting, word)]
    return found


def _taken(setting: Setting, word: str) -> bool:
    try:
        setting.check(word)
    except ValueError:
        return False
    return True


def _answers(dialect: Dialect, route: Route | None, reason: Reason, row: Refusal) -> tuple[str, str]:
    """Status and body of a refusal; a status that a setting can make another follows after a stroke."""
    request = Request("GET", "/", "", [], b"", id="")
    answers = [row(Denied(reason), route, settings, request) for settings in _choices(dialect)]
    codes = list(dict.fromkeys(str(answer.status) for answer in answers))
    return " / ".join(codes), _body(answers[0])


def statuses(dialect: Dialect, reason: Reason) -> str:
    """The status this wire gives a reason, by default and as a setting may have it."""
    return _answers(dialect, None, reason, dialect.refusals[reason])[0]


def _body(answer: Response) -> str:
    text = answer.body.decode()
    try:
        told = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return f"`{text}`" if text else "empty"
    if isinstance(told, dict) and "code" in told:
        told = {name: value for name, value in told.items() if name not in TOLD_ELSEWHERE}
        text = msgspec.json.encode(told).decode()
    return f"`{text}`"


def _grouped(said: Mapping[Reason, tuple[str, str]]) -> list[tuple[str, str, str]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for reason, answer in said.items():
        groups.setdefault(answer, []).append(f"`{reason.value}`")
    return [(status, body, ", ".join(names)) for (status, body), names in groups.items()]
