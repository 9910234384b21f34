"""Subjects with what answers tell beside its row: roles, factors, password, lock."""

from collections.abc import Sequence

import msgspec

from keyturn.core.types import Factor, Instant, Realm, Role, Subject, SubjectView
from keyturn.store import factors, locks, roles
from keyturn.store.engine import Sql, Tx

STANDING = (
    "SELECT p.must_change, k.until, k.closed_on FROM subjects u LEFT JOIN passwords p ON p.subject = u.id"
    " LEFT JOIN locks k ON k.realm = u.realm AND k.account = $2 AND k.factor = 'password' WHERE u.id = $1"
)
STANDINGS = Sql(
    sqlite=(
        "SELECT u.id, p.must_change, k.until, k.closed_on FROM subjects u LEFT JOIN passwords p ON p.subject = u.id"
        " LEFT JOIN locks k ON k.realm = u.realm AND k.account = 's:' || u.id AND k.factor = 'password'"
        " WHERE u.realm = $1 AND u.id IN (SELECT value FROM json_each($2))"
    ),
    postgresql=(
        "SELECT u.id, p.must_change, k.until, k.closed_on FROM subjects u LEFT JOIN passwords p ON p.subject = u.id"
        " LEFT JOIN locks k ON k.realm = u.realm AND k.account = 's:' || u.id AND k.factor = 'password'"
        " WHERE u.realm = $1 AND u.id IN (SELECT CAST(jsonb_array_elements_text(CAST($2 AS jsonb)) AS bigint))"
    ),
)
MEMBERSHIPS = Sql(
    sqlite=(
        "SELECT m.subject, m.role FROM memberships m WHERE m.realm = $1"
        " AND m.subject IN (SELECT value FROM json_each($2))"
    ),
    postgresql=(
        "SELECT m.subject, m.role FROM memberships m WHERE m.realm = $1"
        " AND m.subject IN (SELECT CAST(jsonb_array_elements_text(CAST($2 AS jsonb)) AS bigint))"
    ),
)
FACTORS = Sql(
    sqlite=(
        f"SELECT {factors.COLUMNS} FROM factors f WHERE f.realm = $1"
        " AND f.subject IN (SELECT value FROM json_each($2)) ORDER BY f.id"
    ),
    postgresql=(
        f"SELECT {factors.COLUMNS} FROM factors f WHERE f.realm = $1"
        " AND f.subject IN (SELECT CAST(jsonb_array_elements_text(CAST($2 AS jsonb)) AS bigint)) ORDER BY f.id"
    ),
)


def of_subject(tx: Tx, subject: Subject, realm: Realm, now: Instant) -> SubjectView:
    """The subject as it now stands."""
    row = tx.one(STANDING, subject.id, locks.account_of_subject(subject.id)) or (None, None, None)
    return SubjectView(
        subject=subject, roles=roles.held(tx, subject.id), factors=factors.of(tx, subject.id),
        has_password=row[0] is not None, must_change=row[0] == 1, realm=realm,
        locked_until=row[1] if row[1] is not None and row[1] > now else None, locked_on=row[2],
    )  # fmt: skip


def of_subjects(tx: Tx, some: Sequence[Subject], realm: Realm, now: Instant) -> tuple[SubjectView, ...]:
    """The subjects of that realm as they now stand; asked in as many statements as one."""
    ids = msgspec.json.encode([subject.id for subject in some]).decode()
    standing = {row[0]: row[1:] for row in tx.all(STANDINGS, realm.id, ids)}
    known = {role.id: role for role in roles.all_roles(tx, realm.id)}
    held: dict[int, list[Role]] = {}
    for subject, role in tx.all(MEMBERSHIPS, realm.id, ids):
        held.setdefault(subject, []).append(known[role])
    bound: dict[int, list[Factor]] = {}
    for row in tx.all(FACTORS, realm.id, ids):
        bound.setdefault(row[2], []).append(factors.factor_of(row))

    def view(subject: Subject) -> SubjectView:
        must_change, until, closed_on = standing.get(subject.id, (None, None, None))
        return SubjectView(
            subject=subject, roles=tuple(sorted(held.get(subject.id, ()), key=lambda role: role.number)),
            factors=tuple(bound.get(subject.id, ())), has_password=must_change is not None,
            must_change=must_change == 1, realm=realm,
            locked_until=until if until is not None and until > now else None, locked_on=closed_on,
        )  # fmt: skip

    return tuple(view(subject) for subject in some)
