"""A subject with what answers tell beside its row: roles, factors, password, lock."""

from keyturn.core.types import Instant, Realm, Subject, SubjectView
from keyturn.store import factors, locks, passwords, roles
from keyturn.store.engine import Tx


def of_subject(tx: Tx, subject: Subject, realm: Realm, now: Instant) -> SubjectView:
    """The subject as it now stands."""
    stored = passwords.of(tx, subject.id)
    lock = locks.get(tx, subject.realm, locks.account_of_subject(subject.id), "password")
    return SubjectView(
        subject=subject, roles=roles.held(tx, subject.id), factors=factors.of(tx, subject.id),
        has_password=stored is not None, must_change=stored is not None and stored.must_change,
        locked_until=lock.until if lock.until > now else None, locked_on=lock.closed_on, realm=realm,
    )  # fmt: skip
