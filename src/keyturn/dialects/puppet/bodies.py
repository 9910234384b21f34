"""What clients of this wire send and hear: one type a body, the names the product gave the fields."""

from typing import Any

import msgspec

from keyturn.core.types import Frozen, Secret


class TokenRequest(Frozen):
    """A sign-in; `lifetime` is seconds, or digits and one of y d h m s."""

    login: str
    password: Secret
    lifetime: str | int | None = None
    label: str | None = None
    description: str | None = None
    client: str | None = None


class PasswordReset(Frozen):
    """A new password by a reset token."""

    token: Secret
    password: Secret


class PasswordChange(Frozen):
    """A new password by the current one."""

    current_password: Secret
    password: Secret


class Ignored(Frozen):
    """An object in which nothing is looked at."""


class TokenMade(Frozen):
    """A token, told once; clients pick it by its place, so nothing else is here."""

    token: Secret


class Done(Frozen):
    """An empty object."""


class User(Frozen):
    """A user; the last three are told of users managed elsewhere alone."""

    id: str
    login: str
    email: str
    display_name: str
    role_ids: tuple[int, ...]
    is_group: bool
    is_remote: bool
    is_superuser: bool
    is_revoked: bool
    last_login: str | None
    inherited_role_ids: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET
    group_ids: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    identity_provider_id: str | None | msgspec.UnsetType = msgspec.UNSET


class Trouble(Frozen, omit_defaults=True):
    """An error."""

    kind: str
    msg: str
    details: dict[str, Any] | None = None
