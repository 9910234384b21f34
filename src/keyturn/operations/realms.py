"""Realms: shown, added, and given policy and settings."""

from keyturn.core.commands import CreateRealm, EditRealm, ListRealms, ShowRealm
from keyturn.core.names import canonical, canonical_host, plain
from keyturn.core.outcomes import Denied, Fields, Named, RealmShown, RealmsListed, Reason, Result
from keyturn.core.rules import allows
from keyturn.core.settings import check_policy, check_settings
from keyturn.core.types import Actor, Instant
from keyturn.store import realms, roles
from keyturn.store.engine import Tx

HOSTS = "wants host names without port"
NAMES = "realms:edit"


def list_realms(tx: Tx, actor: Actor, wish: ListRealms, now: Instant) -> Result | Denied:
    """Every realm for a Steward, one's own for anybody else who may see realms."""
    found = realms.all_realms(tx) if actor.grants.across else [actor.realm]
    return Result(RealmsListed(tuple(found)))


def show_realm(tx: Tx, actor: Actor, wish: ShowRealm, now: Instant) -> Result | Denied:
    """The realm of the wish."""
    return Result(RealmShown(actor.realm, realms.hosts(tx, actor.realm.id)))


def create_realm(tx: Tx, actor: Actor, wish: CreateRealm, now: Instant) -> Result | Denied:
    """A realm with its built-in roles is there."""
    name = canonical(wish.name)
    if name is None or not plain(wish.display_name):
        return Denied(Reason.MALFORMED, Fields({"name": "wants 1 to 256 plain letters"}))
    hosts = _hosts(wish.hosts)
    if hosts is None:
        return Denied(Reason.MALFORMED, Fields({"hosts": HOSTS}))
    made = realms.create(tx, name, wish.display_name, now)
    if made is None:
        return Denied(Reason.CONFLICT, Named("name"))
    roles.seed(tx, made.id, home=False)
    if not realms.set_hosts(tx, made.id, hosts):
        return Denied(Reason.CONFLICT, Named("hosts"))
    return Result(RealmShown(made, realms.hosts(tx, made.id)), detail={"realm": name})


def edit_realm(tx: Tx, actor: Actor, wish: EditRealm, now: Instant) -> Result | Denied:
    """What was given is in force from now on; null takes a choice back to its default.

    Denies   FORBIDDEN for names without `realms:edit`: by them strangers find their realm, so they are no matter of
             the realm's own administrators (rules.md 1)
    """
    if (wish.display_name, wish.hosts) != (None, None) and not allows(actor.grants, NAMES):
        return Denied(Reason.FORBIDDEN, Named("right", NAMES))
    policy, wrong = check_policy({k: v for k, v in wish.policy.items() if v is not None})
    settings, other = check_settings(tx.catalogue.settings, {k: v for k, v in wish.settings.items() if v is not None})
    faults = {f"policy.{k}": v for k, v in wrong.items()} | {f"settings.{k}": v for k, v in other.items()}
    if wish.display_name is not None and (not wish.display_name or not plain(wish.display_name)):
        faults["display_name"] = "holds characters that cannot be shown"
    hosts = _hosts(wish.hosts or ())
    if hosts is None:
        faults["hosts"] = HOSTS
    if faults:
        return Denied(Reason.MALFORMED, Fields(faults))
    held = realms.held(tx, actor.realm.id) or actor.realm
    own_policy, own_settings = realms.own_choices(tx, held.id)
    kept_policy = {k: v for k, v in {**own_policy, **policy}.items() if wish.policy.get(k, v) is not None}
    kept_settings = {k: v for k, v in {**own_settings, **settings}.items() if wish.settings.get(k, v) is not None}
    realms.update(tx, held.id, wish.display_name or held.display_name, kept_policy, kept_settings)
    if wish.hosts is not None and not realms.set_hosts(tx, actor.realm.id, hosts or ()):
        return Denied(Reason.CONFLICT, Named("hosts"))
    fresh = realms.by_id(tx, actor.realm.id) or actor.realm
    # Names alone of settings: one of them may be a secret of its wire.
    detail = {"policy": policy, "settings": sorted(wish.settings)}
    return Result(RealmShown(fresh, realms.hosts(tx, fresh.id)), detail=detail, touches=f"realm:{fresh.id}")


def _hosts(given: tuple[str, ...]) -> tuple[str, ...] | None:
    """The host names in their one spelling, each once; None when one is none."""
    names = tuple(dict.fromkeys(map(canonical_host, given)))
    return None if None in names else tuple(name for name in names if name is not None)
