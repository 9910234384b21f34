"""The carrier: a thread that hands over what lies in the outbox, and that no request ever waits for."""

import logging
import threading
from collections.abc import Callable

from keyturn.mail import texts
from keyturn.mail.relay import Refused, Relay, Session
from keyturn.store import outbox
from keyturn.store.engine import Engine, Kept, Tx, Unavailable
from keyturn.store.outbox import Letter

log = logging.getLogger("keyturn.mail")
EVERY = 1.0
"""Seconds between two looks into the outbox when nobody wakes the carrier."""
TURN = 50
"""Letters of one conversation at most."""
PATIENCE = 3.0
"""Seconds that a closing instance waits for a conversation under way; what it has not finished is due again."""


class Carrier:
    """Letters of one store are handed over to one relay until it is closed."""

    def __init__(self, engine: Engine, relay: Relay) -> None:
        self._engine = engine
        self._relay = relay
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._keep_carrying, name="mail", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """A letter was posted: the carrier looks now, not in a second."""
        self._woken.set()

    def close(self) -> None:
        """Nothing more is taken from the outbox."""
        self._stop.set()
        self._woken.set()
        self._thread.join(PATIENCE)

    def _keep_carrying(self) -> None:
        while not self._stop.is_set():
            self._woken.wait(EVERY)
            self._woken.clear()
            try:
                if carry(self._engine, self._relay, self._stop.is_set):
                    self._woken.set()
            except Unavailable as error:
                log.warning("mail waits for the store: %s", error)
            except Exception as error:
                # A thread that died would never hand over again; the kind alone, its text may hold an address.
                log.error("mail was not looked at: %s", type(error).__name__)


def carry(engine: Engine, relay: Relay, stopped: Callable[[], bool]) -> bool:
    """Letters that are due were handed over, failed or dropped, a turn of them at most; whether more may be due."""
    if stopped() or not engine.read(lambda tx: outbox.any_due(tx, engine.now())):
        return False
    with Session(relay) as session:
        for _ in range(TURN):
            if stopped() or (letter := claimed(engine)) is None:
                return False
            deliver(engine, relay, session, letter)
    return True


def claimed(engine: Engine) -> Letter | None:
    """A letter that is this carrier's now."""
    found: Letter | None = engine.write(lambda tx: Kept(outbox.claim(tx, engine.now()))).value
    return found


def deliver(engine: Engine, relay: Relay, session: Session, letter: Letter) -> None:
    """The letter is handed over and gone, or dropped, or due again later; what is logged holds nothing of it.

    Safe     its uuid alone, which is its Message-ID: a relay's words and an exception's text may hold the address
    """
    try:
        hand_over(engine, relay, session, letter)
    except Refused as error:
        log.warning("mail %s (%s) was refused for good with %s and is dropped", letter.uuid, letter.kind, error)
        end(engine, letter, outbox.done)
    except Exception as error:
        log.warning("mail %s (%s) was not handed over: %s", letter.uuid, letter.kind, told(error))
        end(engine, letter, lambda tx, letter: outbox.failed(tx, letter, engine.now()))
    else:
        log.info("mail %s (%s) was handed over", letter.uuid, letter.kind)
        end(engine, letter, outbox.done)


def hand_over(engine: Engine, relay: Relay, session: Session, letter: Letter) -> None:
    """The relay has taken the letter."""
    contents = outbox.contents(engine.ring, letter)
    words = {name: word.reveal() for name, word in contents.words.items()}
    address = contents.address.reveal()
    session.hand_over(texts.mail(relay, letter.uuid, letter.kind, address, words, engine.now()), address)


def end(engine: Engine, letter: Letter, how: Callable[[Tx, Letter], None]) -> None:
    """What became of the letter stands in the store."""

    def job(tx: Tx) -> Kept:
        how(tx, letter)
        return Kept(None)

    engine.write(job)


def told(error: Exception) -> str:
    """The kind of an error, and the number that the relay said if it said one."""
    number = getattr(error, "smtp_code", None)
    return type(error).__name__ if number is None else f"{type(error).__name__} {number}"
