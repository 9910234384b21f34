"""What a body or a query must be: read as a type, with nothing missing that is wanted, as the realm's profile says."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from keyturn.core.outcomes import Denied
from keyturn.core.settings import Settings
from keyturn.core.types import Secret
from keyturn.dialects.rocketchat.profiles import EMPTY, MISSING, UNKNOWN, profile
from keyturn.wire import Request, converted, decoded, malformed

T = TypeVar("T")
FORM = "application/x-www-form-urlencoded"
_KNOWN: dict[type[Any], dict[str, str]] = {}
UNUSABLE = "is too long or holds characters that no name may hold"


def spoken(request: Request) -> dict[str, Any]:
    """The fields of a form or JSON body; what is neither, or no object, counts as none."""
    if request.media() == FORM:
        return dict(request.form())
    sent = request.once(dict, lambda request, model: decoded(request.body, model))
    return {} if isinstance(sent, Denied) else sent


def body(request: Request, model: type[T]) -> T | Denied:
    """The body as that type, whatever it lacks."""
    return converted(spoken(request), model, strict=request.media() != FORM)


def wanted(request: Request, settings: Settings, model: type[T], *fields: str) -> T | Denied:
    """The body as that type with these fields in it; MALFORMED for the first that is missing, unknown or no fit."""
    spoke = profile(settings)
    strict = request.media() != FORM and not spoke.exact
    return _fitting(settings, spoken(request), model, fields, strict)


def asked_for(request: Request, settings: Settings, model: type[T], *fields: str) -> T | Denied:
    """The query as that type with these fields in it."""
    return _fitting(settings, request.fields(), model, fields, False)


def blank(value: Any) -> bool:
    """Whether a field holds nothing, or no text."""
    return value is None or (value.reveal() if isinstance(value, Secret) else value) == ""


def filled(field: str, value: Any) -> Denied | None:
    """Why a text that is there cannot be used: it is empty."""
    return malformed(field, EMPTY) if value is not None and blank(value) else None


def unusable(sent: Any) -> Denied | None:
    """Why a value's texts cannot be looked for: not every store can be asked for a NUL."""
    names = _names(type(sent)).items()
    odd = (field for field, name in names if isinstance(v := getattr(sent, name), str) and "\x00" in v)
    found = next(odd, None)
    return None if found is None else malformed(found, UNUSABLE)


def _fitting(
    settings: Settings, fields: Mapping[str, Any], model: type[T], wanted: Iterable[str], strict: bool
) -> T | Denied:
    spoke = profile(settings)
    sent = converted(fields, model, strict=strict)
    if isinstance(sent, Denied):
        return sent
    lacks = blank if spoke.blank_is_missing else _absent
    names = _names(model)
    missing = next((field for field in wanted if lacks(getattr(sent, names[field]))), None)
    if missing is not None:
        return malformed(missing, MISSING)
    unknown = spoke.exact and next(_unknown(fields, sent), None) is not None
    return malformed("body", UNKNOWN) if unknown else unusable(sent) or sent


def _names(model: type[Any]) -> dict[str, str]:
    """The fields of a type: as they are sent, and as we call them."""
    if model not in _KNOWN:
        _KNOWN[model] = {f.encode_name: f.name for f in msgspec.structs.fields(model)}
    return _KNOWN[model]


def _absent(value: Any) -> bool:
    return value is None


def _unknown(fields: Mapping[str, Any], sent: Any) -> Iterator[str]:
    """The fields, of a part too, that the type has no place for."""
    known = _names(type(sent))
    yield from (name for name in fields if name not in known)
    for name, value in fields.items():
        part = getattr(sent, known.get(name, ""), None)
        if isinstance(part, msgspec.Struct) and isinstance(value, dict):
            yield from _unknown(value, part)
