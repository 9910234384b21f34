"""When secrets were last used: collected in memory, written together, never delaying a check."""

import logging
import threading

from keyturn.core.types import Instant
from keyturn.store.engine import Engine, Kept, Tx, Unavailable

USED = (
    "UPDATE secrets SET last_used = $2, first_used = coalesce(first_used, $2), used_from = $3, client = $4"
    " WHERE digest = $1 AND (last_used IS NULL OR last_used < $2)"
)
"""An older use never overwrites a newer one."""
log = logging.getLogger("keyturn.store")
EVERY = 1.0
"""Seconds between two writes: a first use is stored within two."""
Use = tuple[Instant, str, str]


class Uses:
    """Notes of uses that wait to be written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[bytes, Use] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="uses", daemon=True)
        self._thread.start()

    def note(self, key: bytes, at: Instant, address: str, client: str) -> None:
        """The secret of that digest was used; the newest note of it is the one that is written."""
        with self._lock:
            self._waiting[key] = (at, address, client)

    def flush(self) -> None:
        """Everything noted so far is written; best effort, a store that is away loses the notes."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        if not taken:
            return

        def job(tx: Tx) -> Kept:
            for key in sorted(taken):
                tx.run(USED, key, *taken[key])
            return Kept(None)

        try:
            self._engine.write(job)
        except Unavailable as error:
            log.warning("uses were not written: %s", error)
        except Exception:  # a thread that died would never write again; notes are best effort
            log.exception("uses were not written")

    def close(self) -> None:
        """What was noted is written, and nothing is noted any more."""
        self._stop.set()
        self._thread.join()
        self.flush()

    def _keep_writing(self) -> None:
        while not self._stop.wait(EVERY):
            self.flush()
