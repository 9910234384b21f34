"""What clients of this wire send and hear about users beyond the user object."""

import msgspec

from keyturn.core.types import Frozen, Secret


class UserMade(Frozen):
    """A user that is to be; null and absent are the same, but for the login."""

    login: str
    email: str | None = None
    display_name: str | None = None
    role_ids: tuple[int, ...] | None = None
    password: Secret | None = None


class UserPut(Frozen):
    """A user as read, or parts of it; what else is sent is not looked at."""

    id: str | None = None
    login: str | None = None
    email: str | None = None
    display_name: str | None = None
    role_ids: tuple[int, ...] | None = None
    is_revoked: bool | None = None


class UserRoles(Frozen):
    """Roles of a user."""

    user_id: str
    role_ids: tuple[int, ...]


class OneUser(Frozen):
    """A user."""

    user_id: str


class UserShown(Frozen):
    """A user in a page; the role ids are told where they were asked for."""

    id: str
    login: str
    email: str
    display_name: str
    is_group: bool
    is_remote: bool
    is_superuser: bool
    is_revoked: bool
    last_login: str | None
    role_ids: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET
    inherited_role_ids: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET
    group_ids: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    identity_provider_id: str | None | msgspec.UnsetType = msgspec.UNSET


class Pagination(Frozen):
    """Which part of how many was told."""

    total: int
    limit: int
    offset: int
    order: str
    filter: str
    order_by: str


class UserPage(Frozen):
    """A page of users."""

    users: tuple[UserShown, ...]
    pagination: Pagination
