"""What `apply` did, kept and told, and whom it may have killed."""

from keyturn.core.outcomes import Applied, Changed, Told

ADDED, UPDATED, RESET, SUSPENDED, REINSTATED = "added", "updated", "reset", "suspended", "reinstated"
CHANGED_SINCE, REVOKED, EXPIRED = "kept: changed since", "kept: revoked", "kept: expired"
OWNER_SUSPENDED = "kept: owner suspended"
LONGEST = 1000
"""Lines of the audit row; a file of ten thousand users names the first of them and counts the rest."""


class Ledger:
    """The lines of one run, gathered as it goes."""

    def __init__(self) -> None:
        self.changed: list[Changed] = []
        self.kept: list[Changed] = []
        self.told: list[Told] = []
        self._touched: set[tuple[int, int | None]] = set()

    def change(self, realm: str, what: str, name: str, action: str) -> None:
        """Something is other than it was."""
        self.changed.append(Changed(realm, what, name, action))

    def keep(self, realm: str, what: str, name: str, why: str) -> None:
        """Something differs from the file and stays so."""
        self.kept.append(Changed(realm, what, name, why))

    def touch(self, realm: int, subject: int | None = None) -> None:
        """Remembered verdicts about that subject, or the whole realm, may be wrong now."""
        self._touched.add((realm, subject))

    def touches(self) -> str | None:
        """The narrowest word that covers all that was touched."""
        if not self._touched:
            return None
        if len(self._touched) == 1:
            ((realm, subject),) = self._touched
            return f"realm:{realm}" if subject is None else f"subject:{subject}"
        touched = {realm for realm, _ in self._touched}
        return f"realm:{touched.pop()}" if len(touched) == 1 else "realm:*"

    def detail(self) -> dict[str, object]:
        """What the audit row says: names, never a secret."""
        lines = [f"{c.action} {c.what} {c.realm}/{c.name}" for c in self.changed[:LONGEST]]
        return {"changed": lines, "count": len(self.changed)}

    def outcome(self) -> Applied:
        """What is told."""
        return Applied(tuple(self.changed), tuple(self.kept), tuple(self.told))
