"""An export brought to a store: read, checked and wished in batches, with a tally of what was taken and left."""

from collections.abc import Callable
from typing import Any, BinaryIO

from msgspec.structs import replace

from keyturn.cli.door import ask
from keyturn.cli.exports import Document, Tick, documents
from keyturn.core.commands import CheckImport, Import
from keyturn.core.imports import Arrival, Left, Reading
from keyturn.core.names import canonical, canonical_mail
from keyturn.core.outcomes import Denied, Imported, Reason
from keyturn.dialects.rocketchat import moving
from keyturn.perform import House

READERS: dict[str, Callable[[bytes, int], Reading]] = {"rocketchat": moving.read}
"""What an export of each product is read by; its name is that of the wire its tokens go on to open."""
HEAVY = 4000
"""Users, tokens and codes of one transaction: a server beside waits no longer than one of them takes."""
TRIES = 3
COUNTS = ("users", "already", "passwords", "factors", "codes", "tokens", "expired", "stopped")
TWICE = {
    "id": "has the id of an earlier user of the file",
    "login": "has the login of an earlier user of the file",
    "mail": "has the mail address of an earlier user of the file",
}


class Refused(Exception):
    """The store refused a batch; those before it are in.

    Shapes   begun: whether anybody was in it, or only the way there was tried
    """

    def __init__(self, denied: Denied, begun: bool) -> None:
        super().__init__(denied.reason.value)
        self.denied, self.begun = denied, begun


class Tally:
    """What was taken and left so far."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTS, 0)
        self.left: list[Left] = []

    def add(self, told: Imported) -> None:
        """One batch more."""
        for name in COUNTS:
            self.counts[name] += getattr(told, name)
        self.left += told.left


class Seen:
    """Ids, names and secrets of the file so far; of each a number of the size of a word is kept."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def first(self, arrival: Arrival) -> tuple[Arrival | None, list[Left]]:
        """The user without what stood in the file before; None where they stood there themselves."""
        names = {"id": arrival.handle, "login": canonical(arrival.login), "mail": canonical_mail(arrival.email)}
        keys = {name: hash((name, value)) for name, value in names.items() if value is not None}
        why = next((TWICE[name] for name, key in keys.items() if key in self._known), None)
        if why is not None:
            return None, [Left(arrival.line, arrival.login, "user", why)]
        self._known.update(keys.values())
        tokens = tuple(token for token in arrival.tokens if self._add(hash(token.digest)))
        if len(tokens) == len(arrival.tokens):
            return arrival, []
        return replace(arrival, tokens=tokens), [Left(arrival.line, arrival.login, "token", "stands in the file twice")]

    def _add(self, key: int) -> bool:
        fresh = key not in self._known
        self._known.add(key)
        return fresh


def bring(house: House, source: str, file: BinaryIO, realm: str, dry_run: bool, tick: Tick) -> Tally:
    """The store holds who can be taken of that file, or would.

    Denies   `Refused` when the store or the realm is not there; what was taken before stays, and the same file
             can be brought again
    """
    tally, seen = Tally(), Seen()
    _wish(house, source, (), realm, True)
    batch: list[Arrival] = []
    weight = 0
    for document in documents(file, tick):
        arrival = _read(READERS[source], document, seen, tally)
        if arrival is None:
            continue
        batch.append(arrival)
        weight += 1 + len(arrival.tokens) + len(arrival.codes)
        if weight >= HEAVY:
            tally.add(_wish(house, source, tuple(batch), realm, dry_run))
            batch, weight = [], 0
    if batch:
        tally.add(_wish(house, source, tuple(batch), realm, dry_run))
    tally.left.sort(key=lambda left: left.line)
    return tally


def told(tally: Tally, realm: str, dry_run: bool) -> dict[str, Any]:
    """What `keyturn import --json` tells."""
    left = [{"line": x.line, "login": x.login, "what": x.what, "why": x.why} for x in tally.left]
    return {"realm": realm, "dry_run": dry_run, **tally.counts, "left": left}


def _read(read: Callable[[bytes, int], Reading], document: Document, seen: Seen, tally: Tally) -> Arrival | None:
    if document.fault:
        tally.left.append(Left(document.line, None, "user", document.fault))
        return None
    reading = read(document.raw, document.line)
    tally.left += reading.left
    if reading.arrival is None:
        return None
    arrival, left = seen.first(reading.arrival)
    tally.left += left
    return arrival


def _wish(
    house: House, source: str, batch: tuple[Arrival, ...], realm: str, dry_run: bool, tries: int = TRIES
) -> Imported:
    """What came of one batch; where a name was taken meanwhile, it is looked at again."""
    outcome = ask(house, CheckImport(source, batch) if dry_run else Import(source, batch), realm)
    if isinstance(outcome, Denied) and outcome.reason is Reason.CONFLICT and tries > 1:
        return _wish(house, source, batch, realm, dry_run, tries - 1)
    if isinstance(outcome, Denied):
        raise Refused(outcome, bool(batch))
    imported: Imported = outcome
    return imported
