"""A subject with what answers tell beside its row: roles, factors, password, lock."""

from keyturn.core.types import Instant, Realm, Subject, SubjectView
from keyturn.store import factors, locks, roles
from keyturn.store.engine import Tx

STANDING = (
    "SELECT p.must_change, k.until, k.closed_on FROM subjects u LEFT JOIN passwords p ON p.subject = u.id"
    " LEFT JOIN locks k ON k.realm = u.realm AND k.account = $2 AND k.factor = 'password' WHERE u.id = $1"
)


def of_subject(tx: Tx, subject: Subject, realm: Realm, now: Instant) -> SubjectView:
    """The subject as it now stands."""
    row = tx.one(STANDING, subject.id, locks.account_of_subject(subject.id)) or (None, None, None)
    return SubjectView(
        subject=subject, roles=roles.held(tx, subject.id), factors=factors.of(tx, subject.id),
        has_password=row[0] is not None, must_change=row[0] == 1, realm=realm,
        locked_until=row[1] if row[1] is not None and row[1] > now else None, locked_on=row[2],
    )  # fmt: skip
