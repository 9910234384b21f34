"""Roles and who holds them."""

import msgspec

from keyturn.core import entropy
from keyturn.core.names import canonical
from keyturn.core.rules import BUILT_IN, allows, grants, out_of_reach
from keyturn.core.types import Grants, Role, Subject
from keyturn.store import realms, subjects
from keyturn.store.engine import Row, Sql, Tx

COLUMNS = "o.id, o.realm, o.uuid, o.number, o.name, o.description, o.built_in, o.across, o.permissions, o.two_factor"
ALL = f"SELECT {COLUMNS} FROM roles o WHERE o.realm = $1 ORDER BY o.number"
BY_NAME = f"SELECT {COLUMNS} FROM roles o WHERE o.realm = $1 AND o.name_key = $2"
BY_NUMBER = f"SELECT {COLUMNS} FROM roles o WHERE o.realm = $1 AND o.number = $2"
HELD = f"SELECT {COLUMNS} FROM memberships m JOIN roles o ON o.id = m.role WHERE m.subject = $1 ORDER BY o.number"
INSERT = (
    "INSERT INTO roles (realm, uuid, number, name, name_key, description, built_in, across, permissions)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"
)
WANTS_FACTOR = (
    "SELECT 1 FROM memberships m JOIN roles o ON o.id = m.role WHERE m.subject = $1 AND o.two_factor = 1 LIMIT 1"
)
REQUIRE = "UPDATE roles SET two_factor = $2 WHERE id = $1"
UPDATE = "UPDATE roles SET description = $2, permissions = $3 WHERE id = $1 AND built_in = 0"
# Of a role that is being taken away nobody becomes a holder: PostgreSQL waits for that, and then finds none.
JOIN = Sql(
    sqlite="INSERT INTO memberships (realm, subject, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    postgresql=(
        "INSERT INTO memberships (realm, subject, role) SELECT $1, $2, o.id FROM roles o WHERE o.id = $3"
        " FOR KEY SHARE ON CONFLICT DO NOTHING"
    ),
)
ACT_FOR = "users:act_for"
LEAVE_ALL = "DELETE FROM memberships WHERE subject = $1"


def role_of(row: Row) -> Role:
    """The role in a row of COLUMNS."""
    values = (*row[:6], row[6] == 1, row[7] == 1, tuple(msgspec.json.decode(row[8])), row[9] == 1)
    return Role(*values)


def all_roles(tx: Tx, realm: int) -> tuple[Role, ...]:
    """Every role of the realm, by number."""
    return tuple(role_of(row) for row in tx.all(ALL, realm))


def by_name(tx: Tx, realm: int, name: str) -> Role | None:
    """The role of that name, whatever its letter case."""
    row = tx.one(BY_NAME, realm, canonical(name) or "")
    return None if row is None else role_of(row)


def by_number(tx: Tx, realm: int, number: int) -> Role | None:
    """The role of that number."""
    row = tx.one(BY_NUMBER, realm, number)
    return None if row is None else role_of(row)


def held(tx: Tx, subject: int) -> tuple[Role, ...]:
    """The roles a subject holds, by number."""
    return tuple(role_of(row) for row in tx.all(HELD, subject))


def grants_of(tx: Tx, subject: int) -> Grants:
    """What a subject may do now."""
    return grants(held(tx, subject))


def wants_factor(tx: Tx, subject: int) -> bool:
    """Whether a role of the subject wants a second factor of it."""
    return tx.one(WANTS_FACTOR, subject) is not None


def reach(tx: Tx, actor: int, right: str, subject: Subject) -> Grants | None:
    """What the one subject may do, if it is active and has that right on the other now; None otherwise.

    Safe     into another realm it reaches by a recorded grant alone, and by today's (P8)
    """
    person = subjects.by_id(tx, actor)
    if person is None or person.state != "active":
        return None
    mine = grants_of(tx, actor)
    inside = person.realm == subject.realm or mine.across or realms.granted(tx, subject.realm, actor)
    return mine if inside and allows(mine, right, subject.uuid) else None


def may_act(tx: Tx, actor: int, subject: Subject) -> bool:
    """Whether the one subject may act for the other now: a lost right, or a rise above, ends it (rules.md 8)."""
    mine = reach(tx, actor, ACT_FOR, subject)
    return mine is not None and not out_of_reach(grants_of(tx, subject.id), mine)


def seed(tx: Tx, realm: int, home: bool) -> None:
    """A new realm has its built-in roles; the one across realms exists in the home realm alone."""
    for role in BUILT_IN:
        if home or not role.across:
            _insert(tx, realm, role.number, role.name, role.description, True, role.across, role.permissions)


def put(tx: Tx, realm: int, name: str, permissions: tuple[str, ...], description: str) -> Role | None:
    """The role of that name with exactly these permissions; None when it is built in."""
    known = by_name(tx, realm, name)
    if known is None:
        if _insert(tx, realm, subjects.next_number(tx, "role"), name, description, False, False, permissions):
            return by_name(tx, realm, name)
        known = by_name(tx, realm, name)
    if known is None or known.built_in or tx.run(UPDATE, known.id, description, _json(permissions)) == 0:
        return None
    return by_name(tx, realm, name)


def require(tx: Tx, role: int, two_factor: bool) -> None:
    """Whoever holds the role needs a second factor, or needs none for it."""
    tx.run(REQUIRE, role, int(two_factor))


def assign(tx: Tx, realm: int, subject: int, roles: tuple[Role, ...]) -> None:
    """The subject holds exactly these roles."""
    subjects.held(tx, subject)
    tx.run(LEAVE_ALL, subject)
    for role in roles:
        tx.run(JOIN, realm, subject, role.id)


def _insert(
    tx: Tx, realm: int, number: int, name: str, description: str, built_in: bool, across: bool,
    permissions: tuple[str, ...],
) -> bool:  # fmt: skip
    made = tx.run(
        INSERT, realm, entropy.new_uuid(), number, name, canonical(name), description, int(built_in),
        int(across), _json(permissions),
    )  # fmt: skip
    return made == 1


def _json(value: tuple[str, ...]) -> str:
    return msgspec.json.encode(value).decode()
