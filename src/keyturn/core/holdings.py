"""What comes of asking who holds which roles: roles with their holders, groups, answers to `may they`."""

from keyturn.core.outcomes import AuditRow, Outcome
from keyturn.core.types import Frozen, Instant, Role


class Group(Frozen):
    """A group of users of a directory elsewhere, as it was written down; nobody acts by it here."""

    id: int
    realm: int
    uuid: str
    login: str
    display_name: str
    provider: str | None
    created: Instant
    roles: tuple[int, ...] = ()


class HeldRole(Frozen):
    """A role with the uuids of who holds it."""

    role: Role
    users: tuple[str, ...]
    groups: tuple[str, ...]


class HeldRolesListed(Outcome):
    """The roles of a realm, by number."""

    roles: tuple[HeldRole, ...]


class HeldRoleShown(Outcome):
    """One role."""

    role: HeldRole


class GroupsListed(Outcome):
    """The groups of a realm."""

    groups: tuple[Group, ...]


class GroupShown(Outcome):
    """One group."""

    group: Group


class PermittedTold(Outcome):
    """For each permission that was asked, whether it is held."""

    answers: tuple[bool, ...]


class TargetsListed(Outcome):
    """On what a right is held; `*` alone where on everything."""

    targets: tuple[str, ...]


class ActivityListed(Outcome):
    """A part of what was done, and how much there is in all."""

    rows: tuple[AuditRow, ...]
    total: int


class StoreAnswers(Outcome):
    """The store answers."""
