"""Subjects: people and machines, found by whatever a wire calls them."""

from typing import Any

import msgspec
from msgspec.structs import replace

from keyturn.core import entropy
from keyturn.core.names import canonical, canonical_mail
from keyturn.core.types import Frozen, Instant, Subject, SubjectRef
from keyturn.store.engine import Row, Sql, Tx

COLUMNS = (
    "u.id, u.realm, u.uuid, u.number, u.handle, u.login, u.email, u.email_verified, u.display_name,"
    " u.service, u.remote, u.built_in, u.state, u.epoch, u.created, u.updated, u.last_login, u.attributes, u.notify"
)
WIDTH = 19
BY_ID = f"SELECT {COLUMNS} FROM subjects u WHERE u.id = $1"
HELD = Sql(sqlite=BY_ID, postgresql=f"{BY_ID} FOR UPDATE")
BY = {
    "uuid": f"SELECT {COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.uuid = $2 AND u.login_key IS NOT NULL",
    "number": f"SELECT {COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.number = $2 AND u.login_key IS NOT NULL",
    "handle": f"SELECT {COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.handle = $2 AND u.login_key IS NOT NULL",
    "login": f"SELECT {COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.login_key = $2",
    "email": f"SELECT {COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.email_key = $2",
}
TAKEN_NUMBER = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value"
RAISE_NUMBER = "UPDATE counters SET value = $2 WHERE name = $1 AND value < $2"
INSERT = (
    "INSERT INTO subjects (realm, uuid, number, handle, login, login_key, email, email_key, email_verified,"
    " display_name, service, remote, built_in, state, notify, attributes, created, updated)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)"
    " ON CONFLICT DO NOTHING RETURNING id"
)
UPDATE = (
    "UPDATE subjects SET login = $2, login_key = $3, email = $4, email_key = $5, email_verified = $6,"
    " display_name = $7, remote = $8, service = $9, notify = $10, attributes = $11, updated = $12"
    " WHERE id = $1 AND state <> 'deleted'"
)
CLASH_LOGIN = "SELECT 1 FROM subjects WHERE realm = $1 AND login_key = $2 AND id <> $3"
CLASH_EMAIL = "SELECT 1 FROM subjects WHERE realm = $1 AND email_key = $2 AND id <> $3"
SUSPEND = "UPDATE subjects SET state = 'suspended', epoch = epoch + 1, updated = $2 WHERE id = $1 AND state = 'active'"
REINSTATE = "UPDATE subjects SET state = 'active', updated = $2 WHERE id = $1 AND state = 'suspended'"
DELETE = (
    "UPDATE subjects SET state = 'deleted', epoch = epoch + 1, login = '', login_key = NULL, email = '',"
    " email_key = NULL, display_name = '', notify = '[]', attributes = '{}', updated = $2"
    " WHERE id = $1 AND state <> 'deleted'"
)
SEEN = "UPDATE subjects SET last_login = $2 WHERE id = $1"
SEARCH = (
    "lower(u.login) LIKE $2 ESCAPE '\\' OR lower(u.email) LIKE $2 ESCAPE '\\'"
    " OR lower(u.display_name) LIKE $2 ESCAPE '\\'"
)
PAGE = (
    f"SELECT {COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.login_key IS NOT NULL AND ({SEARCH})"
    " AND u.number > $3 ORDER BY u.number LIMIT $4"
)
COUNT = f"SELECT count(*) FROM subjects u WHERE u.realm = $1 AND u.login_key IS NOT NULL AND ({SEARCH})"
AMONG = Sql(
    sqlite=(
        # The plus keeps SQLite from walking the realm: it is to look the few uuids up.
        f"SELECT {COLUMNS} FROM subjects u WHERE +u.realm = $1 AND u.login_key IS NOT NULL"
        " AND u.uuid IN (SELECT value FROM json_each($2)) ORDER BY u.number"
    ),
    postgresql=(
        f"SELECT {COLUMNS} FROM subjects u WHERE u.realm = $1 AND u.login_key IS NOT NULL"
        " AND u.uuid IN (SELECT jsonb_array_elements_text(CAST($2 AS jsonb))) ORDER BY u.number"
    ),
)
ADMINISTRATORS = (
    "SELECT 1 FROM memberships m JOIN roles o ON o.id = m.role JOIN subjects u ON u.id = m.subject"
    " WHERE o.across = 1 AND u.state <> 'deleted' LIMIT 1"
)
HOLDER = {
    "uuid": f"SELECT {COLUMNS} FROM subjects u WHERE u.uuid = $1",
    "number": f"SELECT {COLUMNS} FROM subjects u WHERE u.number = $1",
    "handle": f"SELECT {COLUMNS} FROM subjects u WHERE u.handle = $1",
}
KEEPER = "SELECT id FROM subjects WHERE uuid = $1"
KEEPER_UUID = "00000000-0000-4000-8000-000000000000"
LARGEST = 2**62


class NewSubject(Frozen):
    """What is given of a subject that is to be made; absent ids are drawn."""

    realm: int
    login: str
    email: str = ""
    email_verified: bool = False
    display_name: str = ""
    service: bool = False
    remote: bool = False
    built_in: bool = False
    state: str = "active"
    uuid: str | None = None
    number: int | None = None
    handle: str | None = None
    notify: tuple[str, ...] = ()
    attributes: dict[str, dict[str, Any]] = {}


def subject_of(row: Row) -> Subject:
    """The subject in a row of COLUMNS."""
    attributes = {} if row[17] == "{}" else msgspec.json.decode(row[17])
    notify = () if row[18] == "[]" else tuple(msgspec.json.decode(row[18]))
    flags = (row[9] == 1, row[10] == 1, row[11] == 1)
    values = (*row[:7], row[7] == 1, row[8], *flags, *row[12:17], attributes, notify)
    return Subject(*values)


def by_id(tx: Tx, subject: int) -> Subject | None:
    """The subject of that internal number, tombstones too."""
    row = tx.one(BY_ID, subject)
    return None if row is None else subject_of(row)


def held(tx: Tx, subject: int) -> Subject | None:
    """The subject as it now is, held until this transaction ends: who reads it so to write it loses no other's write.

    Safe     also for what is counted or replaced as a whole beneath a subject: quotas, roles, recovery codes
    """
    row = tx.one(HELD, subject)
    return None if row is None else subject_of(row)


def by_ref(tx: Tx, realm: int, ref: SubjectRef) -> Subject | None:
    """The living or suspended subject of that realm which the wire named; by `any`, its login or mail address."""
    if ref.by == "any":
        return by_name(tx, realm, ref.value)
    key = _key(ref)
    row = None if key is None else tx.one(BY[ref.by], realm, key)
    return None if row is None else subject_of(row)


def by_name(tx: Tx, realm: int, name: str, by: str = "any") -> Subject | None:
    """Who signs in under that name: by login, else by mail address; by one of them alone where the wire says so."""
    found = by_ref(tx, realm, SubjectRef("login", name)) if by != "email" else None
    return found or (by_ref(tx, realm, SubjectRef("email", name)) if by != "login" else None)


def holder(tx: Tx, name: str, value: str | int) -> Subject | None:
    """Whose that uuid, number or handle is, in any realm; a tombstone keeps its own."""
    row = tx.one(HOLDER[name], value)
    return None if row is None else subject_of(row)


def insert(tx: Tx, new: NewSubject, now: Instant) -> Subject | None:
    """The subject as made, or None when login, mail address or an id is taken."""
    number = new.number
    if number is None:
        number = next_number(tx, "subject")
    else:
        tx.run(RAISE_NUMBER, "subject", number)
    row = tx.one(
        INSERT, new.realm, new.uuid or entropy.new_uuid(), number, new.handle or entropy.new_handle(),
        new.login, canonical(new.login), new.email, canonical_mail(new.email) if new.email else None,
        int(new.email_verified), new.display_name, int(new.service), int(new.remote), int(new.built_in),
        new.state, _json(new.notify), _json(new.attributes), now,
    )  # fmt: skip
    return None if row is None else by_id(tx, row[0])


def next_number(tx: Tx, counter: str) -> int:
    """The next number of that counter; taken whether or not it is used."""
    row = tx.one(TAKEN_NUMBER, counter)
    if row is None:
        raise RuntimeError(f"the store has no counter {counter}")
    number: int = row[0]
    return number


def keeper(tx: Tx, realm: int, now: Instant) -> int:
    """The nameless subject that set-up codes belong to: no wire can name or list it."""
    row = tx.one(KEEPER, KEEPER_UUID)
    if row is None:
        # Where two nodes start at once, one of them finds the other's.
        insert(tx, NewSubject(realm, "", built_in=True, service=True, uuid=KEEPER_UUID), now)
        row = tx.one(KEEPER, KEEPER_UUID)
    if row is None:
        raise RuntimeError("the keeper of set-up codes cannot be made")
    number: int = row[0]
    return number


def update(tx: Tx, subject: Subject, now: Instant) -> str | None:
    """The row says what `subject` says; the name of the field that is taken otherwise, and nothing changed."""
    login, email = canonical(subject.login), canonical_mail(subject.email) if subject.email else None
    if tx.one(CLASH_LOGIN, subject.realm, login, subject.id) is not None:
        return "login"
    if email is not None and tx.one(CLASH_EMAIL, subject.realm, email, subject.id) is not None:
        return "email"
    tx.run(
        UPDATE, subject.id, subject.login, login, subject.email, email, int(subject.email_verified),
        subject.display_name, int(subject.remote), int(subject.service), _json(subject.notify),
        _json(subject.attributes), now,
    )  # fmt: skip
    return None


def suspend(tx: Tx, subject: int, now: Instant) -> bool:
    """Whether an active subject was suspended by this very call; the raised epoch ends all its tokens."""
    return tx.run(SUSPEND, subject, now) == 1


def reinstate(tx: Tx, subject: int, now: Instant) -> bool:
    """Whether a suspended subject was reinstated by this very call."""
    return tx.run(REINSTATE, subject, now) == 1


def delete(tx: Tx, subject: int, now: Instant) -> bool:
    """Whether a subject became a tombstone by this very call; login and mail are free again."""
    return tx.run(DELETE, subject, now) == 1


def seen(tx: Tx, subject: int, now: Instant) -> None:
    """The subject signed in now."""
    tx.run(SEEN, subject, now)


def page(tx: Tx, realm: int, query: str, after: int, limit: int | None) -> list[Subject]:
    """Subjects by number after `after`; one more than `limit`, so that the caller knows whether there is more."""
    rows = tx.all(PAGE, realm, like(query), after, LARGEST if limit is None else limit + 1)
    return [subject_of(row) for row in rows]


def count(tx: Tx, realm: int, query: str) -> int:
    """How many subjects a search finds."""
    row = tx.one(COUNT, realm, like(query))
    return 0 if row is None else int(row[0])


def among(tx: Tx, realm: int, uuids: tuple[str, ...]) -> list[Subject]:
    """Those subjects of the realm whose uuid is among the given ones."""
    return [subject_of(row) for row in tx.all(AMONG, realm, _json(uuids))]


def steward_exists(tx: Tx) -> bool:
    """Whether there is anybody who administers every realm, suspended or not."""
    return tx.one(ADMINISTRATORS) is not None


def words(subject: Subject) -> tuple[str, ...]:
    """What belongs to the account and must not be its password."""
    return (subject.login, subject.email, subject.email.partition("@")[0], subject.display_name)


def as_active(subject: Subject) -> Subject:
    """The subject judged as if reinstated: only a reset token that reinstates looks at it so."""
    return replace(subject, state="active")


def _key(ref: SubjectRef) -> str | int | None:
    if ref.by == "login":
        return canonical(ref.value)
    if ref.by == "email":
        return canonical_mail(ref.value)
    if ref.by == "number":
        whole = ref.value.isascii() and ref.value.isdigit() and len(ref.value) < 19
        return int(ref.value) if whole else None
    return ref.value if ref.value.isascii() and ref.value.isprintable() else None


def like(query: str) -> str:
    """The search as a pattern of LIKE, lower case."""
    plain = query.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
