"""What this wire tells beside bare tokens: the object of a user, without a wrapper."""

import msgspec

from keyturn.core.rules import ADMINISTRATORS, STEWARDS
from keyturn.core.types import Frozen, Instant, SubjectView

MILLISECOND = 1000
ADMIN_TYPES = {STEWARDS: "EnterpriseAdmin", ADMINISTRATORS: "DomainAdmin"}
"""The built-in roles this wire has a word for, the higher first."""
LICENCES = ("Scientist", "Professional", "Analyst", "Viewer", "Basic", "None")
USUAL_LICENCE = "Viewer"


class User(Frozen, rename="camel", kw_only=True):
    """A user; dates in milliseconds, enums as text; who never signed in has no last login."""

    last_name: str
    admin_type: str
    client_license_type: str
    last_login_date: int | msgspec.UnsetType = msgspec.UNSET
    user_name: str
    first_name: str
    created_date: int
    role_ids: tuple[str, ...]
    status: str = msgspec.field(name="statusID")
    tenant_id: str
    id: str
    email: str
    inheritance_type: str = "PyramidViewUserObject"


def user(view: SubjectView) -> User:
    """A user as this wire shows it."""
    subject = view.subject
    first, _, last = subject.display_name.partition(" ")
    return User(
        last_name=last.strip(), admin_type=admin_type(view), client_license_type=licence(view),
        last_login_date=msgspec.UNSET if subject.last_login is None else _date(subject.last_login),
        user_name=subject.login, first_name=first, created_date=_date(subject.created),
        role_ids=tuple(role.uuid for role in view.roles), tenant_id=view.realm.uuid, id=subject.uuid,
        status="ENABLED" if subject.state == "active" else "DISABLED", email=subject.email,
    )  # fmt: skip


def admin_type(view: SubjectView) -> str:
    """What the user's roles amount to in this wire's words; custom roles never count, whatever their name."""
    held = {role.name for role in view.roles if role.built_in}
    return next((word for role, word in ADMIN_TYPES.items() if role in held), "None")


def licence(view: SubjectView) -> str:
    """The user's licence: a word on this wire alone, it carries no right here."""
    known = view.subject.attributes.get("pyramid", {}).get("licence")
    return known if known in LICENCES else USUAL_LICENCE


def _date(at: Instant) -> int:
    return at // MILLISECOND
