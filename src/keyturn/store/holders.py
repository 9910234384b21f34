"""Who holds a role: looked up by the role, changed one holder at a time; and roles renamed and taken away."""

import msgspec

from keyturn.core import entropy
from keyturn.core.names import canonical
from keyturn.core.types import Instant, Role
from keyturn.store import roles, subjects, tokens
from keyturn.store.engine import Sql, Tx

ONE = f"SELECT {roles.COLUMNS} FROM roles o WHERE o.id = $1"
KEPT = Sql(sqlite=ONE, postgresql=f"{ONE} FOR NO KEY UPDATE")
GOING = Sql(sqlite=ONE, postgresql=f"{ONE} FOR UPDATE")
USERS = (
    "SELECT m.role, u.uuid FROM memberships m JOIN subjects u ON u.id = m.subject"
    " WHERE m.realm = $1 AND u.login_key IS NOT NULL ORDER BY u.number"
)
USERS_OF = (
    "SELECT m.role, u.uuid FROM memberships m JOIN subjects u ON u.id = m.subject"
    " WHERE m.realm = $1 AND m.role = $2 AND u.login_key IS NOT NULL ORDER BY u.number"
)
LEAVE = "DELETE FROM memberships WHERE subject = $1 AND role = $2"
EMPTY = "DELETE FROM memberships WHERE realm = $1 AND role = $2"
EMPTY_GROUPS = "DELETE FROM group_roles WHERE realm = $1 AND role = $2"
DROP = "DELETE FROM roles WHERE id = $1 AND built_in = 0"
INSERT = (
    "INSERT INTO roles (realm, uuid, number, name, name_key, description, built_in, across, permissions)"
    " VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7) ON CONFLICT DO NOTHING"
)
NAMESAKE = "SELECT 1 FROM roles WHERE realm = $1 AND name_key = $2 AND id <> $3"
UPDATE = "UPDATE roles SET name = $2, name_key = $3, description = $4, permissions = $5 WHERE id = $1 AND built_in = 0"


def kept(tx: Tx, role: int) -> Role | None:
    """The role as it now is, held until this transaction ends; others may still be given it."""
    row = tx.one(KEPT, role)
    return None if row is None else roles.role_of(row)


def users(tx: Tx, realm: int, role: int | None = None) -> dict[int, list[str]]:
    """The uuids of everybody who holds a role, or that one, by the role's id."""
    rows = tx.all(USERS, realm) if role is None else tx.all(USERS_OF, realm, role)
    found: dict[int, list[str]] = {}
    for held, uuid in rows:
        found.setdefault(held, []).append(uuid)
    return found


def shift(tx: Tx, realm: int, subject: int, before: set[int], after: set[int], now: Instant) -> None:
    """The subject holds `after` instead of `before`, ids of roles; whoever calls holds the subject's row.

    Safe     a lost role ends the delegations that may have rested on it (rules.md 5)
    """
    if before - after:
        tokens.end_acts(tx, subject, "role lost", now)
    for role in sorted(before - after):
        tx.run(LEAVE, subject, role)
    for role in sorted(after - before):
        tx.run(roles.JOIN, realm, subject, role)


def create(tx: Tx, realm: int, name: str, permissions: tuple[str, ...], description: str) -> Role | None:
    """A new role of that name; None when the name is taken."""
    number = subjects.next_number(tx, "role")
    key = canonical(name)
    made = tx.run(INSERT, realm, entropy.new_uuid(), number, name, key, description, _json(permissions))
    return roles.by_number(tx, realm, number) if made else None


def update(tx: Tx, role: Role, name: str, permissions: tuple[str, ...], description: str) -> bool:
    """Whether the role is so now; False when another one has the name."""
    key = canonical(name)
    if tx.one(NAMESAKE, role.realm, key, role.id) is not None:
        return False
    tx.run(UPDATE, role.id, name, key, description, _json(permissions))
    return True


def drop(tx: Tx, role: Role, now: Instant) -> bool:
    """Whether the role was taken from everybody and away by this very call; delegations by its holders are over."""
    if tx.one(GOING, role.id) is None:
        return False
    tokens.end_acts_by(tx, role, now)
    tx.run(EMPTY, role.realm, role.id)
    tx.run(EMPTY_GROUPS, role.realm, role.id)
    return tx.run(DROP, role.id) == 1


def _json(value: tuple[str, ...]) -> str:
    return msgspec.json.encode(value).decode()
