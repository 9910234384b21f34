"""Groups of a directory elsewhere, as records with roles; nobody signs in or is let in by them."""

from keyturn.core import entropy
from keyturn.core.holdings import Group
from keyturn.core.names import canonical
from keyturn.core.types import Instant, Role
from keyturn.store import roles
from keyturn.store.engine import Sql, Tx

COLUMNS = "g.id, g.realm, g.uuid, g.login, g.display_name, g.provider, g.created"
ALL = f"SELECT {COLUMNS} FROM user_groups g WHERE g.realm = $1 ORDER BY g.id"
BY_UUID = f"SELECT {COLUMNS} FROM user_groups g WHERE g.realm = $1 AND g.uuid = $2"
HELD = Sql(sqlite=BY_UUID, postgresql=f"{BY_UUID} FOR UPDATE")
NUMBERS = (
    "SELECT h.user_group, o.number FROM group_roles h JOIN roles o ON o.id = h.role"
    " WHERE h.realm = $1 ORDER BY o.number"
)
NUMBERS_OF = (
    "SELECT h.user_group, o.number FROM group_roles h JOIN roles o ON o.id = h.role"
    " WHERE h.realm = $1 AND h.user_group = $2 ORDER BY o.number"
)
ROLES = (
    f"SELECT {roles.COLUMNS} FROM group_roles h JOIN roles o ON o.id = h.role"
    " WHERE h.realm = $1 AND h.user_group = $2 ORDER BY o.number"
)
HOLDERS = (
    "SELECT h.role, g.uuid FROM group_roles h JOIN user_groups g ON g.id = h.user_group"
    " WHERE h.realm = $1 ORDER BY g.id"
)
INSERT = (
    "INSERT INTO user_groups (realm, uuid, login, login_key, display_name, provider, created)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
)
RENAME = "UPDATE user_groups SET display_name = $2 WHERE id = $1"
JOIN = Sql(
    sqlite="INSERT INTO group_roles (realm, user_group, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    postgresql=(
        "INSERT INTO group_roles (realm, user_group, role) SELECT $1, $2, o.id FROM roles o WHERE o.id = $3"
        " FOR KEY SHARE ON CONFLICT DO NOTHING"
    ),
)
LEAVE = "DELETE FROM group_roles WHERE realm = $1 AND user_group = $2 AND role = $3"
LEAVE_ALL = "DELETE FROM group_roles WHERE realm = $1 AND user_group = $2"
DROP = "DELETE FROM user_groups WHERE id = $1"


def all_groups(tx: Tx, realm: int) -> tuple[Group, ...]:
    """Every group of the realm, oldest first."""
    numbers: dict[int, list[int]] = {}
    for group, number in tx.all(NUMBERS, realm):
        numbers.setdefault(group, []).append(number)
    return tuple(Group(*(*row, tuple(numbers.get(row[0], ())))) for row in tx.all(ALL, realm))


def by_uuid(tx: Tx, realm: int, uuid: str, *, held: bool = False) -> Group | None:
    """The group of that uuid; `held` until this transaction ends."""
    row = tx.one(HELD, realm, uuid) if held else tx.one(BY_UUID, realm, uuid)
    if row is None:
        return None
    return Group(*(*row, tuple(number for _, number in tx.all(NUMBERS_OF, realm, row[0]))))


def roles_of(tx: Tx, group: Group) -> tuple[Role, ...]:
    """The roles that are written down for the group."""
    return tuple(roles.role_of(row) for row in tx.all(ROLES, group.realm, group.id))


def holders(tx: Tx, realm: int) -> dict[int, list[str]]:
    """The uuids of the groups that a role is written down for, by the role's id."""
    found: dict[int, list[str]] = {}
    for role, uuid in tx.all(HOLDERS, realm):
        found.setdefault(role, []).append(uuid)
    return found


def create(tx: Tx, realm: int, login: str, display_name: str, provider: str | None, now: Instant) -> Group | None:
    """A new group; None when its login is taken."""
    uuid = entropy.new_uuid()
    if tx.run(INSERT, realm, uuid, login, canonical(login), display_name, provider, now) == 0:
        return None
    return by_uuid(tx, realm, uuid)


def rename(tx: Tx, group: Group, display_name: str) -> None:
    """The group is shown by that name."""
    tx.run(RENAME, group.id, display_name)


def shift(tx: Tx, group: Group, before: set[int], after: set[int]) -> None:
    """The group has `after` instead of `before`, ids of roles; whoever calls holds the group's row."""
    for role in sorted(before - after):
        tx.run(LEAVE, group.realm, group.id, role)
    for role in sorted(after - before):
        tx.run(JOIN, group.realm, group.id, role)


def drop(tx: Tx, group: Group) -> None:
    """The group is forgotten."""
    tx.run(LEAVE_ALL, group.realm, group.id)
    tx.run(DROP, group.id)
