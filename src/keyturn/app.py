"""The composition root: store, clock, hash pool and wires become one ASGI application, and a server."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from keyturn import __version__
from keyturn.core.commands import IssueSetup
from keyturn.core.hashes import Argon2Rule
from keyturn.core.outcomes import SetupIssued
from keyturn.core.settings import GENERAL, Choices
from keyturn.core.types import Ask, Frozen, Presented, Realm, Secret
from keyturn.dialects import DIALECTS, NATIVE
from keyturn.http import openapi, reset
from keyturn.http.routing import Router
from keyturn.http.server import Application, Limits, Site
from keyturn.mail import Carrier, Relay
from keyturn.perform import House, answers, perform
from keyturn.perform.hashing import Hasher
from keyturn.store import expiry, instance, mail_codes, outbox
from keyturn.store.engine import Catalogue, Engine, Kept, Tx, Unavailable
from keyturn.store.uses import Uses
from keyturn.wire import Dialect, Response, json_response

log = logging.getLogger("keyturn")
CARE_EVERY = 60.0


class Composition(Frozen):
    """What an instance is made of."""

    database: str
    key_file: Path
    off: frozenset[str] = frozenset()
    """Names of wires that are switched off."""
    limits: Limits = Limits()
    rule: Argon2Rule = Argon2Rule()
    pepper: bytes | None = None
    hash_threads: int = 0
    trusted_proxies: frozenset[str] = frozenset()
    mail: Relay | None = None
    """Who takes our mails; None where nobody does, and what is posted expires."""
    home: Choices = Choices()
    """What the home realm has where it chose nothing itself."""


class Instance:
    """An instance under way: its store, its door, its application; close it when done."""

    def __init__(
        self, engine: Engine, house: House, application: Application, uses: Uses, carrier: Carrier | None, new: bool
    ) -> None:
        self.engine = engine
        self.house = house
        self.application = application
        self.new = new
        self._uses = uses
        self._carrier = carrier
        self._stop = threading.Event()
        self._care = threading.Thread(target=self._take_care, name="care", daemon=True)
        self._care.start()

    def close(self) -> None:
        """Notes are written, threads ended, connections closed."""
        self._stop.set()
        self._care.join()
        if self._carrier is not None:
            self._carrier.close()
        self._uses.close()
        self.house.hasher.close()
        self.engine.close()

    def _take_care(self) -> None:
        """Once a minute old answers, counters of unknown names, mails and codes go, and idle accounts are suspended."""
        while not self._stop.wait(CARE_EVERY):
            try:
                self.take_care()
            except Unavailable as error:
                log.warning("the care of this minute failed: %s", error)
            except Exception:  # a thread that died would never do it again, and nobody would know
                log.exception("the care of this minute failed")

    def take_care(self) -> None:
        """What is due once a minute is done now."""
        if expired := self.engine.write(self._purge).value:
            log.warning("%d mails expired before they could be handed over", expired)
        now = self.engine.now()
        for realm, subject in self.engine.read(lambda tx: expiry.due(tx, now)):
            self._expire(realm, subject)

    def _expire(self, realm: Realm, subject: int) -> None:
        def job(tx: Tx) -> Kept:
            done = expiry.suspend(tx, realm, subject, self.engine.now())
            return Kept(done, kills=done)

        committed = self.engine.write(job)
        if committed.kills:
            self.house.settle(committed)

    def _purge(self, tx: Tx) -> Kept:
        now = self.engine.now()
        answers.purge(tx, now)
        mail_codes.purge(tx, now)
        instance.purge(tx, now)
        return Kept(outbox.purge(tx, now))


def catalogue(home: Choices | None = None) -> Catalogue:
    """What all wires brought along, also those that are switched off: their tokens stay what they are.

    Shapes   home: what the home realm has where it chose nothing itself
    """
    rows = (*GENERAL, *(setting for dialect in DIALECTS for setting in dialect.settings))
    return Catalogue({d.name: d.wire for d in DIALECTS}, {row.name: row for row in rows}, home)


def compose(what: Composition) -> Instance:
    """The instance, its store opened and made where there was none.

    Denies   `keyturn.store.instance.Refused`, in a sentence for the operator
    """
    engine, new = instance.open_store(what.database, what.key_file, catalogue(what.home))
    uses = Uses(engine)
    carrier = None if what.mail is None else Carrier(engine, what.mail)
    posted = (lambda: None) if carrier is None else carrier.wake
    hasher = Hasher(what.rule, what.pepper, what.hash_threads)
    house = House(engine, hasher, uses.note, settle=lambda committed: None, posted=posted)
    spoken = tuple(d for d in DIALECTS if d.name not in what.off)
    site = Site(house, Router(spoken, NATIVE), pages(house, spoken) | console(what), what.limits, what.trusted_proxies)
    return Instance(engine, house, Application(site), uses, carrier, new)


def setup_code(house: House) -> Secret | None:
    """This start's set-up code, older ones ended; None when there is an administrator."""
    asked = Ask(IssueSetup, lambda settings: IssueSetup())
    outcome = perform(house, Presented("native", local=True), asked).outcome
    return outcome.secret if isinstance(outcome, SetupIssued) else None


def pages(house: House, dialects: Sequence[Dialect]) -> dict[str, Callable[[], Response]]:
    """What is answered without a wish: health, readiness, the OpenAPI documents."""
    documents = {f"/openapi/{d.name}.json": _document(d) for d in dialects}
    return {"/healthz": healthy, "/readyz": lambda: ready(house), "/openapi.json": _document(NATIVE), **documents}


def console(what: Composition) -> dict[str, Callable[[], Response]]:
    """What the console is so far: the page that a mailed reset link leads to; nothing where it is switched off."""
    return {} if "console" in what.off else {reset.PATH: lambda: reset.reset_page(what.mail is not None)}


def healthy() -> Response:
    """The process is up."""
    return json_response({"status": "up", "version": __version__})


def ready(house: House) -> Response:
    """The store answers and its schema fits; 503 with the reason otherwise."""
    try:
        house.store.read(lambda tx: tx.one("SELECT 1"))
    except Unavailable:
        return json_response({"status": "unavailable", "store": house.store.name}, 503, ("Retry-After", "1"))
    return json_response({"status": "ready", "store": house.store.name})


def _document(dialect: Dialect) -> Callable[[], Response]:
    # Made once: whoever asks, unknown as they are, makes us work no more than that.
    return cache(lambda: json_response(openapi.document(dialect, __version__)))


def remove_setup_code(data_dir: Path) -> None:
    """No set-up code lies in the data directory."""
    (data_dir / "setup-code").unlink(missing_ok=True)


def write_setup_code(data_dir: Path, code: Secret) -> Path:
    """The file that holds this start's set-up code alone, readable by its owner alone."""
    path = data_dir / "setup-code"
    remove_setup_code(data_dir)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(code.reveal() + "\n")
    return path
