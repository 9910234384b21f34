"""Tokens and their secrets: minted here and nowhere else, found by digest, ended by one conditional write."""

from typing import Any

import msgspec
from msgspec.structs import replace

from keyturn.core import entropy, secrets
from keyturn.core.digests import digest, last6
from keyturn.core.kinds import KINDS, end_of
from keyturn.core.types import Frozen, Instant, Realm, Role, Secret, SecretRow, Subject, Token, TokenView
from keyturn.store import realms, roles, subjects
from keyturn.store.engine import Row, Tx

TOKEN = (
    "t.id, t.uuid, t.realm, t.subject, t.maker, t.act, t.parent, t.kind, t.dialect, t.name, t.scopes, t.bypass,"
    " t.life, t.idle, t.created, t.expires, t.ended, t.reason, t.stepped_up, t.stepped_up_by, t.claims,"
    " t.stepped_up_with"
)
WIDTH = 22
SECRET = "x.last6, x.created, x.ends, x.first_used, x.last_used, x.used_from, x.client"
SECRET_WIDTH = 7
EPOCHS = "t.subject_epoch, t.realm_epoch"
PRESENTED = (
    f"SELECT {TOKEN}, {SECRET}, {EPOCHS}, {subjects.COLUMNS}, {realms.COLUMNS} FROM secrets x"
    " JOIN tokens t ON t.id = x.token JOIN subjects u ON u.id = t.subject JOIN realms r ON r.id = t.realm"
    " WHERE x.digest = $1"
)
STANDS = (
    "SELECT 1 FROM tokens t JOIN subjects u ON u.id = t.subject JOIN realms r ON r.id = t.realm"
    " JOIN secrets x ON x.token = t.id AND x.ends IS NULL"
    " WHERE t.id = $1 AND t.ended IS NULL AND (t.expires IS NULL OR t.expires > $2) AND u.state = 'active'"
    " AND r.active = 1 AND t.subject_epoch = u.epoch AND t.realm_epoch = r.epoch"
    " AND (t.idle IS NULL OR coalesce(x.last_used, x.created) + t.idle * 1000000 > $2)"
)
PUT_TOKEN = (
    "INSERT INTO tokens (uuid, realm, subject, maker, act, parent, kind, dialect, name, scopes, bypass, life, idle,"
    " claims, subject_epoch, realm_epoch, created, expires, stepped_up, stepped_up_by, stepped_up_with)"
    " SELECT $1, u.realm, u.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, u.epoch, r.epoch, $14, $15, $16, $17,"
    " $19"
    " FROM subjects u JOIN realms r ON r.id = u.realm WHERE u.id = $2 AND r.active = 1"
    " AND (u.state = 'active' OR (u.state = 'suspended' AND CAST($18 AS bigint) = 1))"
    " ON CONFLICT DO NOTHING"
)
INSERT_TOKEN = f"{PUT_TOKEN} RETURNING id, realm"
INSERT_SECRET = (
    "INSERT INTO secrets (digest, realm, token, last6, given, created) VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT DO NOTHING"
)
RETIRE = "UPDATE secrets SET ends = 0 WHERE token = $1 AND ends IS NULL"
"""0 = at once: no clock of any node decides whether a replaced secret is dead (P1)."""
RETIRE_ONE = "UPDATE secrets SET ends = 0 WHERE digest = $1 AND ends IS NULL"
RETIRE_AND_INSERT = (
    "WITH retired AS (UPDATE secrets SET ends = 0 WHERE digest = $1 AND ends IS NULL RETURNING realm, token)"
    " INSERT INTO secrets (digest, realm, token, last6, created) SELECT $2, r.realm, r.token, $3, $4 FROM retired r"
)
"""Both in one statement, where the engine can."""
RENEW = "UPDATE tokens SET life = $2, expires = $3 WHERE id = $1 AND ended IS NULL"
END = "UPDATE tokens SET ended = $2, reason = $3 WHERE id = $1 AND ended IS NULL"
END_PARENT = "UPDATE tokens SET ended = $2, reason = $3 WHERE parent = $1 AND ended IS NULL"
END_ACT = "UPDATE tokens SET ended = $2, reason = $3 WHERE act = $1 AND ended IS NULL"
END_ACTS_BY = (
    "UPDATE tokens SET ended = $2, reason = $3 WHERE ended IS NULL"
    " AND act IN (SELECT m.subject FROM memberships m WHERE m.role = $1 AND m.realm = $4)"
)
END_KIND = "UPDATE tokens SET ended = $3, reason = $4 WHERE subject = $1 AND kind = $2 AND ended IS NULL AND id <> $5"
END_WIRE = (
    "UPDATE tokens SET ended = $3, reason = $4 WHERE subject = $1 AND dialect = $2 AND ended IS NULL"
    " AND kind <> 'reset' AND id <> $5"
)
"""A stranger who guesses ends no way back in."""
END_OVER = (
    "UPDATE tokens SET ended = CASE WHEN expires <= $2 THEN expires ELSE $2 END,"
    " reason = CASE WHEN expires <= $2 THEN 'expired' ELSE 'outdated' END WHERE subject = $1 AND ended IS NULL"
    " AND (expires <= $2 OR subject_epoch <> (SELECT epoch FROM subjects WHERE id = $1)"
    " OR realm_epoch <> (SELECT r.epoch FROM realms r JOIN subjects u ON u.realm = r.id WHERE u.id = $1))"
)
END_NAMESAKE = (
    "UPDATE tokens SET ended = $5, reason = $6 WHERE subject = $1 AND dialect = $2 AND kind = $3 AND name = $4"
    " AND ended IS NULL"
)
COUNT_KIND = "SELECT count(*) FROM tokens WHERE subject = $1 AND kind = $2 AND ended IS NULL"
LEAST_USED = (
    "SELECT t.id FROM tokens t JOIN secrets x ON x.token = t.id WHERE t.subject = $1 AND t.kind = $2"
    " AND t.ended IS NULL AND x.ends IS NULL ORDER BY coalesce(x.last_used, x.created), t.id LIMIT 1"
)
VIEW = (
    f"SELECT {TOKEN}, {SECRET}, {subjects.COLUMNS} FROM tokens t JOIN subjects u ON u.id = t.subject"
    " JOIN secrets x ON x.token = t.id AND x.ends IS NULL"
)
"""Every token with the one secret of it that was not replaced: no clock says which, since nodes have several."""
BY_UUID = f"{VIEW} WHERE t.realm = $1 AND t.uuid = $2"
BY_NAME = f"{VIEW} WHERE t.subject = $1 AND t.dialect = $2 AND t.name = $3 AND t.ended IS NULL AND t.kind <> 'session'"
BY_ID = f"{VIEW} WHERE t.id = $1"
LIVE = (
    f"{VIEW} JOIN realms r ON r.id = t.realm WHERE t.ended IS NULL AND (t.expires IS NULL OR t.expires > $2)"
    " AND t.subject_epoch = u.epoch AND t.realm_epoch = r.epoch AND u.state = 'active'"
)
OF_SUBJECT = f"{LIVE} AND t.subject = $1 AND (CAST($3 AS text) IS NULL OR t.kind = $3) ORDER BY t.id"
PAGE = (
    f"{LIVE} AND t.realm = $1 AND t.id > $3 AND (CAST($4 AS bigint) IS NULL OR t.subject = $4)"
    " AND (CAST($5 AS text) IS NULL OR t.dialect = $5) AND (CAST($6 AS text) IS NULL OR t.kind = $6)"
    " AND t.kind NOT IN ('reset', 'setup') ORDER BY t.id LIMIT $7"
)
RENAME = "UPDATE tokens SET name = $2 WHERE id = $1 AND ended IS NULL"
NAMED = (
    "SELECT 1 FROM tokens WHERE subject = $1 AND dialect = $2 AND kind = $3 AND name = $4 AND ended IS NULL"
    " AND id <> $5"
)
STEPPED_UP = "UPDATE tokens SET stepped_up = $2, stepped_up_by = $3, stepped_up_with = $4 WHERE id = $1"
FORGET = "UPDATE tokens SET stepped_up = NULL WHERE subject = $1 AND stepped_up_with = $2 AND id <> $3"
KNOWN = "SELECT token FROM secrets WHERE digest = $1"
SET_FLAGS = "UPDATE tokens SET bypass = $2, scopes = $3 WHERE id = $1 AND ended IS NULL"


class Grant(Frozen):
    """What is to be minted.

    Units    life, idle: seconds, None = no end; limit: the instant the first proof ends, never passed
    Shapes   given: a secret brought along instead of one drawn; given_digest: only its digest
    """

    subject: int
    kind: str
    dialect: str
    name: str | None = None
    scopes: tuple[str, ...] | None = None
    life: int | None = None
    limit: Instant | None = None
    idle: int | None = None
    bypass: bool = False
    maker: int | None = None
    act: int | None = None
    parent: int | None = None
    claims: dict[str, str] = {}
    stepped_up: Instant | None = None
    stepped_up_by: str | None = None
    stepped_up_with: str | None = None
    given: Secret | None = None
    given_digest: bytes | None = None
    owner: Subject | None = None
    """The subject's row where the caller has it, which spares one look."""
    for_suspended: bool = False


class Found(Frozen):
    """The row behind a presented secret, with whom and where it belongs to."""

    token: Token
    secret: SecretRow
    subject: Subject
    realm: Realm
    fresh: bool
    """Whether its epochs are those of the subject and the realm: a raised epoch ended it otherwise."""


def mint(tx: Tx, grant: Grant, now: Instant) -> tuple[Secret, TokenView] | None:
    """A token and its secret are in the store; the one place where secrets are drawn.

    Denies   None when the subject or its realm is not active, or its name, digest or sole place is taken
    Safe     the INSERT selects from the subject's row, so a suspended or deleted subject gets none (A14)
    """
    expires, uuid = end_of(now, grant.life, grant.limit), entropy.new_uuid()
    row = tx.one(
        INSERT_TOKEN, uuid, grant.subject, grant.maker, grant.act, grant.parent, grant.kind,
        grant.dialect, grant.name, _scopes(grant.scopes), int(grant.bypass), grant.life, grant.idle,
        msgspec.json.encode(grant.claims).decode(), now, expires, grant.stepped_up, grant.stepped_up_by,
        int(grant.for_suspended), grant.stepped_up_with,
    )  # fmt: skip
    if row is None:
        return None
    secret = grant.given or _draw(tx, grant.kind, grant.dialect)
    key = grant.given_digest or digest(secret)
    tail = "" if grant.given_digest else _tail(tx, grant.dialect, secret)
    given = int(grant.given is not None or grant.given_digest is not None)
    if tx.run(INSERT_SECRET, key, row[1], row[0], tail, given, now) != 1:
        return None
    owner = grant.owner or subjects.by_id(tx, grant.subject)
    if owner is None:
        return None
    token = Token(
        id=row[0], uuid=uuid, realm=row[1], subject=grant.subject, maker=grant.maker, act=grant.act,
        parent=grant.parent, kind=grant.kind, dialect=grant.dialect, name=grant.name, scopes=grant.scopes,
        bypass=grant.bypass, life=grant.life, idle=grant.idle, created=now, expires=expires, ended=None, reason=None,
        stepped_up=grant.stepped_up, stepped_up_by=grant.stepped_up_by, claims=grant.claims,
        stepped_up_with=grant.stepped_up_with,
    )  # fmt: skip
    return secret, TokenView(token, SecretRow(tail, now, None, None, None, None, None), owner)


def replace_secret(
    tx: Tx, token: Token, old: bytes | None, life: int | None, limit: Instant | None, now: Instant
) -> tuple[Secret, Token, SecretRow] | None:
    """The token has a new secret and its life anew; the old one is dead.

    Shapes   old: the digest that must still be the live one, or None for whichever is
    Denies   None when the token or that very secret was dead already: of two rotations one wins
    """
    expires = end_of(now, life, limit)
    secret = _draw(tx, token.kind, token.dialect)
    tail = _tail(tx, token.dialect, secret)
    renewed = (life, expires) != (token.life, token.expires)
    if not _swapped(tx, token, old, digest(secret), tail, now):
        return None
    if renewed and tx.run(RENEW, token.id, life, expires) == 0:
        return None
    return secret, replace(token, life=life, expires=expires), SecretRow(tail, now, None, None, None, None, None)


def _swapped(tx: Tx, token: Token, old: bytes | None, new: bytes, tail: str, now: Instant) -> bool:
    """Whether this very call retired the live secret; the new one is in its place then.

    Safe     no look at the subject is needed: a suspension since recognition raised its epoch, and the token
             is dead by it
    """
    if old is not None and tx.chains:
        return tx.run(RETIRE_AND_INSERT, old, new, tail, now) == 1
    retired = tx.run(RETIRE, token.id) if old is None else tx.run(RETIRE_ONE, old)
    return retired > 0 and tx.run(INSERT_SECRET, new, token.realm, token.id, tail, 0, now) == 1


def find(tx: Tx, key: bytes) -> Found | None:
    """The row behind the digest of a presented secret: one join by keys, the one query without a realm."""
    row = tx.one(PRESENTED, key)
    if row is None:
        return None
    at = WIDTH + SECRET_WIDTH
    person = subjects.subject_of(row[at + 2 : at + 2 + subjects.WIDTH])
    realm = realms.realm_of(row[at + 2 + subjects.WIDTH :], tx)
    fresh = row[at] == person.epoch and row[at + 1] == realm.epoch
    return Found(token_of(row), SecretRow(*row[WIDTH:at]), person, realm, fresh)


def stands(tx: Tx, token: int, now: Instant) -> bool:
    """Whether the token of that number is good now, by its row and those it depends on."""
    return tx.one(STANDS, token, now) is not None


def rests_on(tx: Tx, found: Found, now: Instant) -> bool:
    """Whether what a delegated token rests on still holds: the actor's own token, and the right to act."""
    parent, act = found.token.parent, found.token.act
    if parent is None or act is None:
        return parent is None
    return stands(tx, parent, now) and roles.may_act(tx, act, found.subject)


def end(tx: Tx, token: Token, reason: str, now: Instant) -> bool:
    """Whether this very call ended the token; what was delegated by it ends as well."""
    tx.run(END_PARENT, token.id, now, reason)
    return tx.run(END, token.id, now, reason) == 1


def end_kinds(tx: Tx, subject: int, kinds: tuple[str, ...], reason: str, now: Instant, keep: int = 0) -> int:
    """How many live tokens of those kinds this very call ended; `keep` is the one that stays."""
    count = sum(tx.run(END_KIND, subject, kind, now, reason, keep) for kind in kinds)
    if "delegated" in kinds:
        count += tx.run(END_ACT, subject, now, reason)
    return count


def end_acts(tx: Tx, subject: int, reason: str, now: Instant) -> int:
    """How many delegations by that actor this very call ended."""
    return tx.run(END_ACT, subject, now, reason)


def end_acts_by(tx: Tx, role: Role, now: Instant) -> int:
    """How many delegations by holders of that role this very call ended."""
    return tx.run(END_ACTS_BY, role.id, now, "role lost", role.realm)


def end_wire(tx: Tx, subject: int, dialect: str, reason: str, now: Instant, keep: int = 0) -> int:
    """How many live tokens of that wire this very call ended; `keep` is the one that stays."""
    return tx.run(END_WIRE, subject, dialect, now, reason, keep)


def end_namesake(tx: Tx, subject: int, dialect: str, kind: str, name: str, now: Instant) -> int:
    """The live token of that name is over, if there was one."""
    return tx.run(END_NAMESAKE, subject, dialect, kind, name, now, "replaced")


def tidy(tx: Tx, subject: int, now: Instant) -> None:
    """What is over by time or by a raised epoch is marked ended, so that it frees its name and place."""
    tx.run(END_OVER, subject, now)


def make_room(tx: Tx, subject: int, kind: str, limit: int | None, now: Instant) -> int | None:
    """How many had to end so that there is room for one more; None when there is none.

    Safe     a kind that evicts ends its least recently used ones; the caller holds the subject where the count
             must not be passed by two at once
    """
    if limit is None:
        return 0
    if (held := _count(tx, subject, kind)) >= limit:
        tidy(tx, subject, now)
        held = _count(tx, subject, kind)
    ended = 0
    while held - ended >= limit and KINDS[kind].evicts and (oldest := tx.one(LEAST_USED, subject, kind)):
        ended += tx.run(END, oldest[0], now, "quota")
    return ended if held - ended < limit or KINDS[kind].evicts else None


def _count(tx: Tx, subject: int, kind: str) -> int:
    row = tx.one(COUNT_KIND, subject, kind)
    return 0 if row is None else int(row[0])


def by_uuid(tx: Tx, realm: int, uuid: str) -> TokenView | None:
    """The token of that realm and uuid, ended ones too."""
    return _view(tx.one(BY_UUID, realm, uuid))


def by_name(tx: Tx, subject: int, dialect: str, name: str) -> TokenView | None:
    """The subject's live token of that name on that wire."""
    return _view(tx.one(BY_NAME, subject, dialect, name))


def by_id(tx: Tx, token: int) -> TokenView | None:
    """The token of that internal number."""
    return _view(tx.one(BY_ID, token))


def live(tx: Tx, subject: int, now: Instant, kind: str | None = None) -> list[TokenView]:
    """Every live token of the subject, of that kind where one is named, oldest first."""
    return [view_of(row) for row in tx.all(OF_SUBJECT, subject, now, kind)]


def page(
    tx: Tx, realm: int, owner: int | None, dialect: str | None, kind: str | None, after: int, limit: int, now: Instant
) -> list[TokenView]:
    """Live tokens of the realm by number after `after`, one more than `limit`."""
    rows = tx.all(PAGE, realm, now, after, owner, dialect, kind, limit + 1)
    return [view_of(row) for row in rows]


def rename(tx: Tx, token: Token, name: str) -> bool:
    """Whether the token has the new name; False when the owner has another of that name."""
    if tx.one(NAMED, token.subject, token.dialect, token.kind, name, token.id) is not None:
        return False
    return tx.run(RENAME, token.id, name) == 1


def stepped_up(tx: Tx, token: int, by: str | None, method: str, now: Instant) -> None:
    """A second proof was shown for this token now, by that method."""
    tx.run(STEPPED_UP, token, now, by, method)


def forget(tx: Tx, subject: int, method: str, keep: int) -> None:
    """No token of the subject but `keep` remembers a proof by that method."""
    tx.run(FORGET, subject, method, keep)


def behind(tx: Tx, key: bytes) -> int | None:
    """The token that a secret of that digest ever belonged to, dead or alive."""
    row = tx.one(KNOWN, key)
    return None if row is None else int(row[0])


def set_flags(tx: Tx, token: int, bypass: bool, scopes: tuple[str, ...] | None) -> None:
    """The token passes without a second proof or not, and has these scopes."""
    tx.run(SET_FLAGS, token, int(bypass), _scopes(scopes))


def end_setup_codes(tx: Tx, home: int, now: Instant) -> int:
    """The set-up code of this start is over: there is an administrator (rules.md 12)."""
    return end_kinds(tx, subjects.keeper(tx, home, now), ("setup",), "administrator made", now)


def token_of(row: Row) -> Token:
    """The token in a row of TOKEN."""
    scopes = None if row[10] is None else tuple(msgspec.json.decode(row[10]))
    claims = {} if row[20] == "{}" else msgspec.json.decode(row[20], type=dict[str, str])
    values = (*row[:10], scopes, row[11] == 1, *row[12:20], claims, row[21])
    return Token(*values)


def _view(row: Row | None) -> TokenView | None:
    return None if row is None else view_of(row)


def view_of(row: Row) -> TokenView:
    """The token and its owner in a row of VIEW."""
    at = WIDTH + SECRET_WIDTH
    return TokenView(token_of(row), SecretRow(*row[WIDTH:at]), subjects.subject_of(row[at:]))


def _draw(tx: Tx, kind: str, dialect: str) -> Secret:
    return secrets.draw(tx.catalogue.wires[dialect].shape, KINDS[kind].letter, tx.mark)


def _tail(tx: Tx, dialect: str, secret: Secret) -> str:
    return last6(secret)[-tx.catalogue.wires[dialect].shown :]


def _scopes(scopes: tuple[str, ...] | None) -> Any:
    return None if scopes is None else msgspec.json.encode(scopes).decode()
