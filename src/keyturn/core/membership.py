"""What may be wished about roles, who holds them, what they allow, and groups of users kept elsewhere."""

from keyturn.core.types import Frozen, SubjectRef


class Counted(Frozen):
    """Roles by number, as a wire counts them that does not know all of ours.

    Shapes   unseen: roles that this wire knows nothing of, and that stay as they are; alike: roles that are one to
             it, by the number of the first: whoever holds another of them keeps that one
    """

    numbers: tuple[int, ...]
    unseen: tuple[int, ...] = ()
    alike: tuple[int, ...] = ()


# --- of a user


class PutUser(Frozen):
    """Have a user be as given: what is so already needs no right, and None leaves a thing as it is."""

    subject: SubjectRef
    login: str | None = None
    email: str | None = None
    display_name: str | None = None
    roles: Counted | None = None
    active: bool | None = None


class ChangeRoles(Frozen):
    """Give a user roles and take others away, by number; whatever else the user holds stays."""

    subject: SubjectRef
    give: tuple[int, ...] = ()
    take: tuple[int, ...] = ()
    alike: tuple[int, ...] = ()


# --- of a role


class ListHeldRoles(Frozen):
    """The roles of the realm with who holds them.

    Shapes   unseen, alike: as in `Counted`; of those alike the first alone is told, with the holders of all
    """

    unseen: tuple[int, ...] = ()
    alike: tuple[int, ...] = ()


class ShowHeldRole(Frozen):
    """One role, by number, with who holds it, or one that is alike."""

    number: int
    alike: tuple[int, ...] = ()


class CreateRole(Frozen):
    """Add a role with its permissions and holders; one of that name is not touched.

    Shapes   users, groups: uuids
    """

    name: str
    permissions: tuple[str, ...] = ()
    description: str = ""
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class ReplaceRole(Frozen):
    """Have a role be as given: what is so already needs no right, and None leaves a thing as it is."""

    number: int
    name: str | None = None
    description: str | None = None
    permissions: tuple[str, ...] | None = None
    users: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    alike: tuple[int, ...] = ()


class ChangeMembers(Frozen):
    """Give a role to users and groups and take it from others, by uuid; whoever else holds it keeps it.

    Shapes   lenient: a role that is not there is nobody's already
    """

    number: int
    give: tuple[str, ...] = ()
    take: tuple[str, ...] = ()
    give_groups: tuple[str, ...] = ()
    take_groups: tuple[str, ...] = ()
    alike: tuple[int, ...] = ()
    lenient: bool = False


class ChangePermissions(Frozen):
    """Put permissions into a role and take others out; whatever else it has stays."""

    number: int
    give: tuple[str, ...] = ()
    take: tuple[str, ...] = ()


class DeleteRole(Frozen):
    """Take a role away, and with it from everybody who holds it."""

    number: int


# --- what is allowed


class AskPermitted(Frozen):
    """Ask which of these permissions a user or a group has; `holder` is its uuid."""

    holder: str
    permissions: tuple[str, ...]


class ListTargets(Frozen):
    """Ask on what a user or a group, or the caller, has a right `noun:action`."""

    right: str
    holder: str | None = None


# --- groups


class ListGroups(Frozen):
    """The groups of the realm."""


class ShowGroup(Frozen):
    """One group, by uuid."""

    group: str


class CreateGroup(Frozen):
    """Keep a record of a group of users elsewhere, with roles by number; nobody is let in by it."""

    login: str
    display_name: str = ""
    provider: str | None = None
    roles: tuple[int, ...] = ()


class EditGroup(Frozen):
    """Change what is given of a group; None leaves a thing as it is."""

    group: str
    display_name: str | None = None
    roles: tuple[int, ...] | None = None


class DeleteGroup(Frozen):
    """Forget a group."""

    group: str


# --- the record, the store


class ListActivity(Frozen):
    """What was done, in order, counted from the first; `since` in microseconds.

    Shapes   verbs: of these acts alone; actor, subject: uuid of who did it, and to whom, deleted ones too;
             thing: the uuid or number of the role or group it was done to
    """

    verbs: tuple[str, ...]
    actor: str | None = None
    subject: str | None = None
    thing: str | None = None
    since: int | None = None
    offset: int = 0
    limit: int = 1000
    oldest_first: bool = False


class CheckStore(Frozen):
    """Ask whether the store answers."""
