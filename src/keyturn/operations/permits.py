"""What somebody may do, asked by somebody else."""

from keyturn.core.holdings import PermittedTold, TargetsListed
from keyturn.core.membership import AskPermitted, ListTargets
from keyturn.core.outcomes import Denied, Named, Reason, Result
from keyturn.core.rules import NOBODY, PERMISSIONS, allows, allows_some, grants, triple
from keyturn.core.types import Actor, Grants, Instant, SubjectRef
from keyturn.store import groups, roles, subjects
from keyturn.store.engine import Tx

VIEW = "users:view"


def ask_permitted(tx: Tx, actor: Actor, wish: AskPermitted, now: Instant) -> Result | Denied:
    """For each permission, in order, whether the holder has it; one that is not known nobody has."""
    held = _grants(tx, actor, wish.holder)
    if isinstance(held, Denied):
        return held
    asked = [triple(permission) for permission in wish.permissions]
    return Result(PermittedTold(tuple(a is not None and allows(held, f"{a[0]}:{a[1]}", a[2]) for a in asked)))


def list_targets(tx: Tx, actor: Actor, wish: ListTargets, now: Instant) -> Result | Denied:
    """On what the holder has the right.

    Denies   NOT_FOUND for a right that is not known
    """
    held = _grants(tx, actor, wish.holder)
    if isinstance(held, Denied):
        return held
    if wish.right not in PERMISSIONS:
        return Denied(Reason.NOT_FOUND)
    noun, action = wish.right.split(":")
    targets = {t for n, a, t in held.triples if n in (noun, "*") and a in (action, "*")}
    return Result(TargetsListed(("*",) if "*" in targets else tuple(sorted(targets))))


def _grants(tx: Tx, actor: Actor, holder: str | None) -> Grants | Denied:
    """What the holder's roles allow; nothing to somebody who may not act.

    Denies   FORBIDDEN to whoever may not see that user; of oneself everybody may ask
    """
    if actor.subject is not None and holder in (None, actor.subject.uuid):
        return roles.grants_of(tx, actor.subject.id)
    if not allows_some(actor.grants, VIEW):
        return Denied(Reason.FORBIDDEN, Named("right", VIEW))
    subject = subjects.by_ref(tx, actor.realm.id, SubjectRef("uuid", holder or ""))
    group = None if subject is not None else groups.by_uuid(tx, actor.realm.id, holder or "")
    if subject is None and group is None:
        return Denied(Reason.NOT_FOUND)
    if not allows(actor.grants, VIEW, holder or ""):
        return Denied(Reason.FORBIDDEN, Named("right", VIEW))
    if group is not None:
        return grants(groups.roles_of(tx, group))
    return NOBODY if subject is None or subject.state != "active" else roles.grants_of(tx, subject.id)
