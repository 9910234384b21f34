"""What is asked of a user's names and roles before they are given."""

from keyturn.core.names import canonical, canonical_mail, plain
from keyturn.core.outcomes import Denied, Fields, Named, Reason
from keyturn.core.rules import ADMINISTRATORS, DEFAULT_ROLE, covers, rank
from keyturn.core.types import Actor, Role
from keyturn.store import roles, subjects
from keyturn.store.engine import Tx


def faults(login: str, email: str, display_name: str) -> dict[str, str]:
    """A sentence for each name that is not well formed."""
    found = {}
    if canonical(login) is None:
        found["login"] = "wants 1 to 256 letters without control or invisible characters"
    if email and canonical_mail(email) is None:
        found["email"] = "wants a mail address"
    if not plain(display_name):
        found["display_name"] = "holds characters that cannot be shown"
    return found


def taken(tx: Tx, realm: int, login: str) -> str:
    """Which of the two unique names was taken."""
    return "login" if subjects.by_name(tx, realm, login, "login") is not None else "email"


def plain_roles(tx: Tx, realm: int) -> tuple[Role, ...]:
    """What somebody holds for whom no role is named."""
    default = roles.by_name(tx, realm, DEFAULT_ROLE)
    return () if default is None else (default,)


def given_roles(tx: Tx, actor: Actor, names: tuple[str, ...]) -> tuple[Role, ...] | Denied:
    """The roles of those names, if the actor holds all that they give (TM4)."""
    found = [roles.by_name(tx, actor.realm.id, name) for name in names]
    given = tuple(role for role in found if role is not None)
    if len(given) != len(names):
        return Denied(Reason.MALFORMED, Fields({"roles": "names a role that is not there"}))
    most = max((2 if r.across else int(r.name == ADMINISTRATORS and r.built_in) for r in given), default=0)
    if rank(actor.grants) < most or not all(covers(actor.grants, role.permissions) for role in given):
        return Denied(Reason.FORBIDDEN, Named("role"))
    return given
