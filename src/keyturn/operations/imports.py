"""Imports: users of another system taken over with their credentials, and what of them is left."""

from collections.abc import Iterator

from keyturn.core.commands import CheckImport, Import
from keyturn.core.imports import Arrival, ArrivingToken, Left
from keyturn.core.kinds import KINDS, end_of, life
from keyturn.core.names import canonical, canonical_mail
from keyturn.core.outcomes import Denied, Imported, Named, Reason, Result
from keyturn.core.types import Actor, Frozen, Instant, Realm, Role, WireRule
from keyturn.store import arrivals, roles
from keyturn.store.arrivals import Brought, Comer, Known
from keyturn.store.engine import Tx

ARRIVING = ("session", "personal")
ELSEWHERE = "has an id that somebody in another realm has here"
DELETED = "was deleted here; whoever is deleted does not come back"
TAKEN_LOGIN = "has a login that somebody else has here"
TAKEN_MAIL = "has a mail address that somebody else has here"
TAKEN_SECRET = "was here before; what was ever here is never taken again"
NO_ROLE = "is no role of this realm"
ACROSS = "is a role of all realms, which is given by hand alone"


class Ground(Frozen):
    """What users arrive on: the realm, its roles, what is taken already, and how long each kind of token lives."""

    realm: Realm
    roles: dict[str | None, Role]
    known: Known
    lives: dict[str, tuple[int | None, int | None]]
    now: Instant


class Sorted(Frozen):
    """Who can be taken, and what is to be told of the rest."""

    comers: tuple[Comer, ...]
    told: Imported


def import_users(tx: Tx, actor: Actor, wish: Import, now: Instant) -> Result | Denied:
    """Everybody who can be taken is here, with password, factors, roles and tokens as they were.

    Denies   CONFLICT when somebody took a name or an id meanwhile: ask again
    Safe     adds and never changes; a secret that was ever here, dead or alive, is not taken again
    """
    found = _sorted(tx, actor.realm, wish, now)
    if found.comers and not arrivals.bring(tx, actor.realm.id, found.comers, wish.dialect, now):
        return Denied(Reason.CONFLICT, Named("import"))
    told = found.told
    detail = {"dialect": wish.dialect, "users": told.users, "tokens": told.tokens, "factors": told.factors}
    return Result(told, detail=detail | {"left": len(told.left)}, changed=told.users > 0)


def check_import(tx: Tx, actor: Actor, wish: CheckImport, now: Instant) -> Result:
    """What `import_users` would do and leave."""
    return Result(_sorted(tx, actor.realm, wish, now).told)


def _sorted(tx: Tx, realm: Realm, wish: Import | CheckImport, now: Instant) -> Sorted:
    named: dict[str | None, Role] = {canonical(role.name): role for role in roles.all_roles(tx, realm.id)}
    known = arrivals.known(tx, realm.id, wish.arrivals)
    lives = {kind: _lives(realm, tx.catalogue.wires[wish.dialect], kind) for kind in ARRIVING}
    ground = Ground(realm, named, known, lives, now)
    there = [a for a in wish.arrivals if known.handles.get(a.handle) in _standing(realm)]
    rest = [a for a in wish.arrivals if known.handles.get(a.handle) not in _standing(realm)]
    weighed = [(a, _taken(ground, a)) for a in rest]
    taken = [a for a, why in weighed if why is None]
    comers = tuple(_comer(ground, a) for a in taken)
    left = [Left(a.line, a.login, "user", why) for a, why in weighed if why is not None]
    left += [each for a in taken for each in _left(ground, a)]
    return Sorted(comers, _told(ground, comers, len(there), left))


def _standing(realm: Realm) -> tuple[tuple[int, str], ...]:
    """Where and how somebody is who came before: here, and not deleted since."""
    return (realm.id, arrivals.ACTIVE), (realm.id, arrivals.SUSPENDED)


def _taken(ground: Ground, a: Arrival) -> str | None:
    """Why nobody of that id, login and address can be added."""
    holder = ground.known.handles.get(a.handle)
    if holder is not None:
        return DELETED if holder[0] == ground.realm.id else ELSEWHERE
    if canonical(a.login) in ground.known.logins:
        return TAKEN_LOGIN
    return TAKEN_MAIL if a.email and canonical_mail(a.email) in ground.known.mails else None


def _comer(ground: Ground, a: Arrival) -> Comer:
    held = (ground.roles.get(canonical(name)) for name in a.roles)
    numbers = {role.id: None for role in held if role is not None and not role.across}
    good = () if a.suspended else tuple(t for t in a.tokens if not _dead(ground, t))
    return Comer(a, tuple(numbers), tuple(Brought(t, *ground.lives[t.kind]) for t in good))


def _left(ground: Ground, a: Arrival) -> Iterator[Left]:
    """What somebody who is taken has to leave behind."""
    for name in a.roles:
        role = ground.roles.get(canonical(name))
        if role is None or role.across:
            yield Left(a.line, a.login, f"role {name}", NO_ROLE if role is None else ACROSS)
    for token in () if a.suspended else a.tokens:
        if token.digest in ground.known.digests:
            yield Left(a.line, a.login, what(token), TAKEN_SECRET)


def what(token: ArrivingToken) -> str:
    """How a token is named where it is told to be left."""
    return f"token {token.name}" if token.name else "session"


def _dead(ground: Ground, token: ArrivingToken) -> bool:
    return token.digest in ground.known.digests or _over(ground, token)


def _over(ground: Ground, token: ArrivingToken) -> bool:
    ends = end_of(token.created, ground.lives[token.kind][0])
    return ends is not None and ends <= ground.now


def _lives(realm: Realm, wire: WireRule, kind: str) -> tuple[int | None, int | None]:
    """Life and idle time by this realm's rules, counted from when it was made there."""
    span = life(KINDS[kind], wire, realm.settings, None)
    if kind != "session":
        return span, None
    timeout = realm.settings.number(f"{wire.name}.session_timeout")
    return span, wire.idle if timeout is None else timeout


def _told(ground: Ground, comers: tuple[Comer, ...], already: int, left: list[Left]) -> Imported:
    people = [comer.arrival for comer in comers]
    tokens = [t for a in people if not a.suspended for t in a.tokens if t.digest not in ground.known.digests]
    return Imported(
        users=len(people), already=already, passwords=sum(a.password is not None for a in people),
        factors=sum((a.seed is not None) + a.mail_code for a in people), codes=sum(len(a.codes) for a in people),
        tokens=sum(len(comer.tokens) for comer in comers), expired=sum(_over(ground, t) for t in tokens),
        stopped=sum(len(a.tokens) for a in people if a.suspended), left=tuple(left),
    )  # fmt: skip
