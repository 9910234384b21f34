"""What is asked of a user's names and roles before they are given."""

from keyturn.core.names import canonical, canonical_mail, plain
from keyturn.core.outcomes import Denied, Fields, Named, Reason
from keyturn.core.rules import DEFAULT_ROLE, may_give
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
    return given if may_give(actor.grants, given) else Denied(Reason.FORBIDDEN, Named("role"))


def numbered(tx: Tx, realm: int, numbers: set[int]) -> tuple[Role, ...] | Denied:
    """The roles of those numbers."""
    found = [roles.by_number(tx, realm, number) for number in sorted(numbers)]
    given = tuple(role for role in found if role is not None)
    if len(given) != len(numbers):
        return Denied(Reason.MALFORMED, Fields({"roles": "names a role that is not there"}))
    return given


def ungiven(actor: Actor, held: tuple[Role, ...], wanted: tuple[Role, ...]) -> Denied | None:
    """Why a role that is wanted may not be given; what is held already is not given."""
    ids = {role.id for role in held}
    new = [role for role in wanted if role.id not in ids]
    return None if may_give(actor.grants, new) else Denied(Reason.FORBIDDEN, Named("role"))
