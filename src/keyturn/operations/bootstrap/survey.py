"""The ground a plan stands on: its realms and people as the store has them, and what the store cannot give."""

from typing import Any

from msgspec.structs import replace

from keyturn.core.names import canonical, canonical_mail
from keyturn.core.outcomes import Denied, Weak
from keyturn.core.plan import Faults, Plan, PlannedRealm, PlannedRole, PlannedToken, PlannedUser, digest_of, identity
from keyturn.core.policy import fitting
from keyturn.core.rules import BUILT_IN, HOME_REALM
from keyturn.core.settings import Policy, Settings
from keyturn.core.types import Frozen, Realm, Subject, SubjectRef, TokenView
from keyturn.store import past, realms, roles, subjects, tokens
from keyturn.store.engine import Tx

NO_REALM = "is no realm, neither here nor in the store"
NOT_YET = 0
"""The number of a realm that is still to be made: nobody lives in it."""
IDS = ("uuid", "number", "handle")
MARK = {"bootstrap": "1"}
"""On a nameless session of a file, so that it is not taken for one that somebody signed in for."""


class Ground(Frozen):
    """The realms as they will be, the plan's choices already in them, and the names of their roles."""

    realms: dict[str, Realm]
    roles: dict[str, frozenset[str | None]]


class Standing(Frozen):
    """A planned user as the store has them: `gone` when deleted since."""

    subject: Subject | None = None
    gone: bool = False


def ground(tx: Tx, plan: Plan) -> Ground:
    """What the plan stands on."""
    known = {realm.name: realm for realm in realms.all_realms(tx)}
    there = known | {planned.name: _realm(tx, planned, known.get(planned.name)) for planned in plan.realms}
    names = {name: {r.name for r in roles.all_roles(tx, realm.id)} | _built_in(realm) for name, realm in there.items()}
    for role in plan.roles:
        names.get(role.realm, set()).add(role.name)
    return Ground(there, {realm: frozenset(map(canonical, held)) for realm, held in names.items()})


def faults(tx: Tx, plan: Plan, here: Ground) -> Faults:
    """What the store cannot give, by place in the file."""
    found: Faults = {}
    for realm in plan.realms:
        _hosts(tx, realm, found)
    for role in plan.roles:
        _role(here, role, found)
    for user in plan.users:
        _user(tx, here, user, found)
    return found


def standing(tx: Tx, realm: int, user: PlannedUser) -> Standing:
    """Who the planned user is: by login, else by a given uuid; deleted since, when any given id is a tombstone's.

    Safe     a number or a handle alone names nobody: one that was mistyped must not take somebody else's account
    """
    by_login = subjects.by_ref(tx, realm, SubjectRef("login", user.login))
    if by_login is not None:
        return Standing(by_login)
    held = {name: subjects.holder(tx, name, value) for name in IDS if (value := getattr(user, name)) is not None}
    if any(subject is not None and (subject.realm, subject.state) == (realm, "deleted") for subject in held.values()):
        return Standing(None, gone=True)
    known = held.get("uuid")
    return Standing(known if known is not None and known.realm == realm else None)


def token_of(tx: Tx, subject: Subject, token: PlannedToken) -> TokenView | None:
    """The token that is meant, dead or alive: of that name, else of that kind; the newest that is."""
    dialect, by, value = identity(token)
    held = past.ever(tx, subject.id, dialect, by, value)
    if by == "kind" and token.kind != "api":
        held = [view for view in held if _nameless(view)]
    return held[-1] if held else None


def same(view: TokenView, token: PlannedToken) -> bool:
    """Whether a token of the same owner is the planned one, or one that came before it."""
    dialect, by, value = identity(token)
    return view.token.dialect == dialect and (view.token.name if by == "name" else view.token.kind) == value


def weakness(here: Ground, user: PlannedUser) -> str | None:
    """What the realm's policy holds against the planned password."""
    realm = here.realms.get(user.realm)
    if user.password is None or user.trusted or realm is None:
        return None
    mail = user.email or ""
    words = (user.login, mail, mail.partition("@")[0], user.display_name or "")
    fits = fitting(realm, words, None, user.password)
    return fits.note.fields["password"] if isinstance(fits, Denied) and isinstance(fits.note, Weak) else None


def _nameless(view: TokenView) -> bool:
    marked = view.token.kind != "session" or MARK.items() <= view.token.claims.items()
    return view.token.name is None and marked


def _hosts(tx: Tx, realm: PlannedRealm, found: Faults) -> None:
    owners = (realms.by_host(tx, host) for host in realm.hosts or ())
    if any(owner is not None and owner.name != realm.name for owner in owners):
        found[f"{realm.at}.hosts"] = "is a host of another realm in the store"


def _realm(tx: Tx, planned: PlannedRealm, known: Realm | None) -> Realm:
    own: tuple[dict[str, Any], dict[str, Any]] = ({}, {}) if known is None else realms.own_choices(tx, known.id)
    values = {**tx.catalogue.defaults(), **own[1], **planned.settings}
    settings = Settings(Policy(**{**own[0], **planned.policy}), values)
    if known is None:
        return Realm(NOT_YET, "", planned.name, planned.display_name or planned.name, True, 0, settings)
    return replace(known, display_name=planned.display_name or known.display_name, settings=settings)


def _role(here: Ground, role: PlannedRole, found: Faults) -> None:
    realm = here.realms.get(role.realm)
    if realm is None:
        found[f"{role.at}.realm"] = NO_REALM
    elif canonical(role.name) in map(canonical, _built_in(realm)):
        found[f"{role.at}.name"] = "is a built-in role, which stays as it is"


def _user(tx: Tx, here: Ground, user: PlannedUser, found: Faults) -> None:
    realm = here.realms.get(user.realm)
    if realm is None:
        found[f"{user.at}.realm"] = NO_REALM
        return
    for at, name in enumerate(user.roles or ()):
        if canonical(name) not in here.roles[realm.name]:
            found[f"{user.at}.roles[{at}]"] = "is no role of that realm"
    stands = standing(tx, realm.id, user)
    if stands.gone:
        return
    if stands.subject is None:
        _ids(tx, user, found)
    elif stands.subject.built_in:
        found[f"{user.at}.login"] = "is built in"
    _mail(tx, realm.id, user, stands.subject, found)
    for token in user.tokens:
        _secret(tx, stands.subject, token, found)


def _ids(tx: Tx, user: PlannedUser, found: Faults) -> None:
    for name in IDS:
        given = getattr(user, name)
        if given is not None and subjects.holder(tx, name, given) is not None:
            found[f"{user.at}.{name}"] = f"is another user's {name} in the store"


def _mail(tx: Tx, realm: int, user: PlannedUser, subject: Subject | None, found: Faults) -> None:
    mail = canonical_mail(user.email) if user.email else None
    holder = None if mail is None else subjects.by_ref(tx, realm, SubjectRef("email", mail))
    if holder is not None and (subject is None or holder.id != subject.id):
        found[f"{user.at}.email"] = "is another user's address in the store"
    asked = [f for f in user.factors if f.kind == "email"]
    if asked and not (user.email or (subject is not None and user.email is None and subject.email)):
        found[asked[0].at] = "wants a mail address of the user"


def _secret(tx: Tx, subject: Subject | None, token: PlannedToken, found: Faults) -> None:
    """A secret that was ever here belongs to its one token for ever."""
    key = digest_of(token)
    owner = None if key is None else tokens.behind(tx, key)
    view = None if owner is None else tokens.by_id(tx, owner)
    if view is None or (subject is not None and view.owner.id == subject.id and same(view, token)):
        return
    name = "value" if token.value is not None else "digest"
    found[f"{token.at}.{name}"] = "was another token's secret; what was ever used is never taken again"


def _built_in(realm: Realm) -> set[str]:
    return {role.name for role in BUILT_IN if realm.name == HOME_REALM or not role.across}
