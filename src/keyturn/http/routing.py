"""Which route a request means, if any: exact paths from a dictionary, templates by their segments."""

from collections.abc import Sequence

from keyturn.core.types import Frozen
from keyturn.wire import Dialect, Request, Route, segment


class Match(Frozen):
    """What was found: the wire by its prefix, the route by path and verb, the verbs of that path."""

    dialect: Dialect
    route: Route | None
    verbs: tuple[str, ...] = ()


class Router:
    """The routes of all wires, found by the raw path: what is encoded oddly matches nothing (A38)."""

    def __init__(self, dialects: Sequence[Dialect], fallback: Dialect) -> None:
        self._fallback = fallback
        self._exact: dict[str, tuple[Dialect, dict[str, Route]]] = {}
        self._shaped: dict[tuple[int, str], list[tuple[tuple[str, ...], Dialect, dict[str, Route]]]] = {}
        self._prefixes = sorted(((p, d) for d in dialects for p in d.prefixes), key=lambda pair: -len(pair[0]))
        for dialect in dialects:
            for route in dialect.routes:
                self._add(dialect, route)

    def match(self, request: Request) -> Match:
        """The route of the request; `params` of the request are filled from its path."""
        dialect = self._dialect(request.path)
        path = request.path
        if dialect.trailing_slash and len(path) > 1:
            path = path[:-1] if path.endswith("/") else path
        path = path.lower() if dialect.any_case else path
        found = self._exact.get(path)
        verbs = found[1] if found is not None else self._by_shape(path, request)
        if verbs is None:
            return Match(dialect, None)
        return Match(dialect, verbs.get(request.method), tuple(sorted(verbs)))

    def _dialect(self, path: str) -> Dialect:
        low = path.lower()
        for prefix, dialect in self._prefixes:
            at = low if dialect.any_case else path
            if at == prefix or at.startswith(prefix.rstrip("/") + "/"):
                return dialect
        return self._fallback

    def _by_shape(self, path: str, request: Request) -> dict[str, Route] | None:
        parts = tuple(path.split("/"))
        raw = request.path.split("/")
        for key in ((len(parts), parts[1] if len(parts) > 1 else ""), (len(parts), "")):
            for shape, _, verbs in self._shaped.get(key, ()):
                if all(s == p or (s.startswith("{") and p) for s, p in zip(shape, parts, strict=True)):
                    params = {s[1:-1]: segment(raw[at]) for at, s in enumerate(shape) if s.startswith("{")}
                    # No name of ours holds a NUL, and not every store can be asked for one.
                    if any("\x00" in value for value in params.values()):
                        return None
                    request.params = params
                    return verbs
        return None

    def _add(self, dialect: Dialect, route: Route) -> None:
        path = route.path.lower() if dialect.any_case else route.path
        if "{" not in path:
            self._exact.setdefault(path, (dialect, {}))[1][route.method] = route
            return
        shape = tuple(path.split("/"))
        rows = self._shaped.setdefault((len(shape), "" if shape[1].startswith("{") else shape[1]), [])
        for known, _, verbs in rows:
            if known == shape:
                verbs[route.method] = route
                return
        rows.append((shape, dialect, {route.method: route}))
        # A fixed segment is looked at before a parameter in its place: /users/current before /users/{sid}.
        rows.sort(key=lambda row: tuple(s.startswith("{") for s in row[0]))
