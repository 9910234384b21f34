"""Second factors: TOTP seeds sealed and bound to their row, recovery codes as keyed digests."""

from keyturn.core import entropy
from keyturn.core.factors import SHORT_LETTERS, format_recovery, recovery_digest, recovery_form
from keyturn.core.types import Factor, Instant, Secret
from keyturn.store.engine import Row, Tx

COLUMNS = "f.id, f.uuid, f.subject, f.kind, f.confirmed, f.created, f.last_step"
OF_SUBJECT = f"SELECT {COLUMNS} FROM factors f WHERE f.subject = $1 ORDER BY f.id"
BY_UUID = f"SELECT {COLUMNS} FROM factors f WHERE f.subject = $1 AND f.uuid = $2"
SEALED = "SELECT sealed FROM factors WHERE id = $1"
DROP_WAITING = "DELETE FROM factors WHERE subject = $1 AND kind = $2 AND confirmed = 0"
INSERT = (
    "INSERT INTO factors (realm, uuid, subject, kind, sealed, confirmed, created) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    " ON CONFLICT DO NOTHING RETURNING id"
)
CONFIRM = "UPDATE factors SET confirmed = 1, last_step = $2 WHERE id = $1 AND confirmed = 0"
CONSUME = "UPDATE factors SET last_step = $2 WHERE id = $1 AND last_step < $2"
DROP_CODES = "DELETE FROM recovery_codes WHERE factor = $1"
DROP = "DELETE FROM factors WHERE id = $1"
ADD_CODE = "INSERT INTO recovery_codes (digest, factor, realm) VALUES ($1, $2, $3)"
USE_CODE = "UPDATE recovery_codes SET used = $3 WHERE digest = $1 AND factor = $2 AND used IS NULL"
LEFT = "SELECT count(*) FROM recovery_codes WHERE factor = $1 AND used IS NULL"
CODES = 10
SHORT_CODES = 12


def of(tx: Tx, subject: int) -> tuple[Factor, ...]:
    """Every factor of the subject, waiting ones too."""
    return tuple(factor_of(row) for row in tx.all(OF_SUBJECT, subject))


def by_uuid(tx: Tx, subject: int, uuid: str) -> Factor | None:
    """The subject's factor of that uuid."""
    row = tx.one(BY_UUID, subject, uuid)
    return None if row is None else factor_of(row)


def add(
    tx: Tx, realm: int, subject: int, kind: str, seed: bytes | None, confirmed: bool, now: Instant
) -> Factor | None:
    """A new factor, in the place of one of its kind that still waits; None when a confirmed one is there."""
    tx.run(DROP_WAITING, subject, kind)
    uuid = entropy.new_uuid()
    if tx.one(INSERT, realm, uuid, subject, kind, sealed(tx, uuid, subject, seed), int(confirmed), now) is None:
        return None
    return by_uuid(tx, subject, uuid)


def sealed(tx: Tx, uuid: str, subject: int, seed: bytes | None) -> bytes | None:
    """A seed as the row of that uuid and subject stores it."""
    return None if seed is None else tx.ring.seal("factor", f"{uuid}:{subject}", seed)


def seed_of(tx: Tx, factor: Factor) -> bytes:
    """The opened TOTP seed; a row moved to another subject does not open."""
    row = tx.one(SEALED, factor.id)
    if row is None or row[0] is None:
        return b""
    return tx.ring.open("factor", f"{factor.uuid}:{factor.subject}", bytes(row[0]))


def confirm(tx: Tx, factor: int, step: int) -> bool:
    """Whether this very call switched the factor on; the step that proved it is used up."""
    return tx.run(CONFIRM, factor, step) == 1


def consume_step(tx: Tx, factor: int, step: int) -> bool:
    """Whether this very call used the TOTP step up: one success per factor and step (A17)."""
    return tx.run(CONSUME, factor, step) == 1


def make_codes(tx: Tx, factor: Factor, realm: int) -> tuple[Secret, ...]:
    """Ten fresh recovery codes in the place of the old ones."""
    tx.run(DROP_CODES, factor.id)
    codes = tuple(Secret(format_recovery(entropy.octets(10))) for _ in range(CODES))
    for code in codes:
        tx.run(ADD_CODE, _digest(tx, factor, code.reveal()), factor.id, realm)
    return codes


def make_short_codes(tx: Tx, factor: Factor, realm: int) -> tuple[Secret, ...]:
    """Twelve fresh recovery codes of eight unmistakable characters in the place of the old ones.

    Safe     46 bits each are enough only because tries are counted and the stored digest is keyed
    """
    tx.run(DROP_CODES, factor.id)
    codes = tuple(Secret(entropy.letters(entropy.HANDLE_ALPHABET, SHORT_LETTERS)) for _ in range(SHORT_CODES))
    for code in codes:
        tx.run(ADD_CODE, _digest(tx, factor, recovery_form(code.reveal()) or ""), factor.id, realm)
    return codes


def consume_code(tx: Tx, factor: Factor, form: str, now: Instant) -> bool:
    """Whether this very call used the recovery code of that form up."""
    return tx.run(USE_CODE, _digest(tx, factor, form), factor.id, now) == 1


def codes_left(tx: Tx, factor: int) -> int:
    """How many recovery codes were not used yet."""
    row = tx.one(LEFT, factor)
    return 0 if row is None else int(row[0])


def remove(tx: Tx, factor: int) -> None:
    """The factor and its codes are gone."""
    tx.run(DROP_CODES, factor)
    tx.run(DROP, factor)


def code_digest(tx: Tx, factor: int, form: str) -> bytes:
    """What is stored of a recovery code of that factor, from its `recovery_form`."""
    return recovery_digest(tx.ring.derive("recovery"), factor, form)


def factor_of(row: Row) -> Factor:
    """The factor in a row of COLUMNS."""
    return Factor(row[0], row[1], row[2], row[3], row[4] == 1, row[5], row[6])


def _digest(tx: Tx, factor: Factor, code: str) -> bytes:
    return code_digest(tx, factor.id, code)
