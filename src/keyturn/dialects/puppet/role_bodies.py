"""What clients of this wire send and hear about roles, permissions, groups and the disclaimer."""

from keyturn.core.types import Frozen


class Permission(Frozen):
    """An action on things of a type, on one of them or on all (`*`)."""

    object_type: str
    action: str
    instance: str


class RoleBody(Frozen):
    """A role that is to be; null and absent are the same."""

    display_name: str | None = None
    description: str | None = None
    permissions: tuple[Permission, ...] | None = None
    user_ids: tuple[str, ...] | None = None
    group_ids: tuple[str, ...] | None = None
    id: int | None = None


class RoleUsers(Frozen):
    """Users of a role."""

    role_id: int
    user_ids: tuple[str, ...]


class RoleGroups(Frozen):
    """Groups of a role."""

    role_id: int
    group_ids: tuple[str, ...]


class RolePermissions(Frozen):
    """Permissions of a role."""

    role_id: int
    permissions: tuple[Permission, ...]


class Role(Frozen):
    """A role with who holds it."""

    id: int
    display_name: str
    description: str
    permissions: tuple[Permission, ...]
    user_ids: tuple[str, ...]
    group_ids: tuple[str, ...]


class ActionShown(Frozen):
    """What may be done with things of a type."""

    name: str
    display_name: str
    description: str
    has_instances: bool


class TypeShown(Frozen):
    """A type of things that permissions are about."""

    object_type: str
    display_name: str
    description: str
    actions: tuple[ActionShown, ...]


class Question(Frozen):
    """Which of the permissions a user or group has; its uuid goes by the name `token`."""

    token: str
    permissions: tuple[Permission, ...]


class GroupBody(Frozen):
    """A group that is to be written down, or what of it is to change."""

    login: str | None = None
    display_name: str | None = None
    identity_provider_id: str | None = None
    role_ids: tuple[int, ...] | None = None
    id: str | None = None


class Group(Frozen):
    """A group of a directory elsewhere, as a record."""

    id: str
    login: str
    display_name: str
    role_ids: tuple[int, ...]
    identity_provider_id: str | None
    is_group: bool = True
    is_remote: bool = True
    is_superuser: bool = False
    is_revoked: bool = False
    last_login: str | None = None
    user_ids: tuple[str, ...] = ()


class Disclaimer(Frozen):
    """The words shown at sign-in."""

    disclaimer: str
