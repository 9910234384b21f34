"""Bootstrap: the store brought to what a file asks, in one transaction, with a line for each thing done or kept."""

from keyturn.core.commands import Apply
from keyturn.core.outcomes import Denied, Fields, Named, Reason, Result
from keyturn.core.plan import Plan, PlannedRealm, PlannedRole, PlannedUser
from keyturn.core.types import Actor, Frozen, Instant, Ready, Realm, Secret
from keyturn.operations.bootstrap import credentials, people, survey
from keyturn.operations.bootstrap.ledger import ADDED, UPDATED, Ledger
from keyturn.store import passwords, realms, roles, subjects, tokens
from keyturn.store.engine import Tx


class Prepared(Frozen):
    """The wish, and whose passwords are hashed and compared, by place in the file."""

    wish: Apply
    hashed: tuple[str, ...]
    compared: tuple[str, ...]


def prepare_apply(tx: Tx, actor: Actor, wish: Apply, now: Instant) -> Ready | Denied:
    """The plan fits the store; passwords to write are to be hashed, those that are there to be compared.

    Denies   MALFORMED with a sentence for each place that is wrong, all at once
    """
    here = survey.ground(tx, wish.plan)
    found = survey.faults(tx, wish.plan, here)
    hashed: dict[str, Secret] = {}
    compared: dict[str, tuple[str, Secret]] = {}
    for user in wish.plan.users:
        stored = _stored(tx, here, user)
        if user.password is None:
            continue
        if stored is not None and not wish.reset_passwords:
            compared[user.at] = (stored, user.password)
            continue
        hashed[user.at] = user.password
        weak = survey.weakness(here, user)
        if weak is not None:
            found[f"{user.at}.password"] = weak
    if found:
        return Denied(Reason.MALFORMED, Fields(found))
    return Ready(Prepared(wish, tuple(hashed), tuple(compared)), tuple(hashed.values()), shown=tuple(compared.values()))


def apply(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """The store holds what the file asks; nothing is deleted, and what was changed since is kept and told.

    Denies   as `prepare_apply`, decided again; QUOTA_REACHED and CONFLICT naming the place
    Safe     one transaction: a file that is wrong anywhere changes nothing at all
    """
    prepared: Prepared = ready.wish
    plan = prepared.wish.plan
    found = survey.faults(tx, plan, survey.ground(tx, plan))
    if found:
        return Denied(Reason.MALFORMED, Fields(found))
    known = people.Known(
        dict(zip(prepared.hashed, ready.hashes, strict=True)), dict(zip(prepared.compared, ready.held, strict=True)),
        prepared.wish.reset_passwords,
    )  # fmt: skip
    ledger = Ledger()
    steward = subjects.steward_exists(tx)
    refused = _carried_out(tx, plan, known, ledger, now)
    if refused is not None:
        return refused
    if subjects.steward_exists(tx) and not steward:
        home = realms.home(tx).id
        tokens.end_setup_codes(tx, home, now)
        ledger.touch(home)
    return Result(ledger.outcome(), detail=ledger.detail(), touches=ledger.touches(), changed=bool(ledger.changed))


def _carried_out(tx: Tx, plan: Plan, known: people.Known, ledger: Ledger, now: Instant) -> Denied | None:
    for planned in plan.realms:
        refused = _realm(tx, planned, ledger, now)
        if refused is not None:
            return refused
    there = {realm.name: realm for realm in realms.all_realms(tx)}
    for role in plan.roles:
        _role(tx, there[role.realm], role, ledger)
    for user in plan.users:
        refused = _user(tx, there[user.realm], user, known, ledger, now)
        if refused is not None:
            return refused
    return None


def _realm(tx: Tx, planned: PlannedRealm, ledger: Ledger, now: Instant) -> Denied | None:
    known = next((realm for realm in realms.all_realms(tx) if realm.name == planned.name), None)
    realm = known or realms.create(tx, planned.name, planned.display_name or "", now)
    if realm is None:
        return Denied(Reason.CONFLICT, Named("realm", planned.at))
    if known is None:
        roles.seed(tx, realm.id, home=False)
    realm = realms.held(tx, realm.id) or realm
    policy, settings = realms.own_choices(tx, realm.id)
    shown = planned.display_name or realm.display_name
    wanted = ({**policy, **planned.policy}, {**settings, **planned.settings}, shown)
    hosts = realms.hosts(tx, realm.id)
    moved = planned.hosts is not None and set(planned.hosts) != set(hosts)
    differs = wanted != (policy, settings, realm.display_name)
    if differs:
        realms.update(tx, realm.id, shown, *wanted[:2])
    if moved and not realms.set_hosts(tx, realm.id, tuple(sorted(set(planned.hosts or ())))):
        return Denied(Reason.CONFLICT, Named("realm", planned.at))
    if known is None:
        ledger.change(realm.name, "realm", realm.name, ADDED)
    elif differs or moved:
        ledger.change(realm.name, "realm", realm.name, UPDATED)
        ledger.touch(realm.id)
    return None


def _role(tx: Tx, realm: Realm, planned: PlannedRole, ledger: Ledger) -> None:
    known = roles.by_name(tx, realm.id, planned.name)
    described = planned.description if planned.description is not None else known.description if known else ""
    wanted = known is not None and known.two_factor if planned.two_factor is None else planned.two_factor
    rule = (set(planned.permissions), described, wanted)
    if known is not None and (set(known.permissions), known.description, known.two_factor) == rule:
        return
    made = roles.put(tx, realm.id, planned.name, planned.permissions, described)
    if made is not None:
        roles.require(tx, made.id, wanted)
    ledger.change(realm.name, "role", planned.name, ADDED if known is None else UPDATED)
    if known is not None:
        ledger.touch(realm.id)


def _user(
    tx: Tx, realm: Realm, planned: PlannedUser, known: people.Known, ledger: Ledger, now: Instant
) -> Denied | None:
    subject = people.put(tx, realm, planned, known, ledger, now)
    if subject is None or isinstance(subject, Denied):
        return subject
    tokens.tidy(tx, subject.id, now)
    alive = {view.token.id for view in tokens.live(tx, subject.id, now)} if planned.tokens else set[int]()
    subject = people.reinstate(tx, realm, subject, planned, ledger, now)
    for token in planned.tokens:
        refused = credentials.put(tx, realm, subject, token, alive, ledger, now)
        if refused is not None:
            return refused
    people.suspend(tx, realm, subject, planned, ledger, now)
    return None


def _stored(tx: Tx, here: survey.Ground, user: PlannedUser) -> str | None:
    """The hash of the password the planned user has now."""
    realm = here.realms.get(user.realm)
    subject = None if realm is None else survey.standing(tx, realm.id, user).subject
    stored = None if subject is None else passwords.of(tx, subject.id)
    return None if stored is None else stored.hash
