"""What this wire tells of users and of their second factors."""

import msgspec

from keyturn.core.types import Frozen, Secret
from keyturn.dialects.rocketchat.answers import Address, Services


class User(Frozen, kw_only=True):
    """An account; how it signs in is told to its owner alone, and never a hash."""

    id: str = msgspec.field(name="_id")
    created: str = msgspec.field(name="createdAt")
    username: str
    emails: tuple[Address, ...]
    type: str = "user"
    status: str = "offline"
    active: bool
    roles: tuple[str, ...]
    updated: str = msgspec.field(name="_updatedAt")
    name: str
    settings: dict[str, str] = {}
    must_change: bool | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="requirePasswordChange")
    services: Services | msgspec.UnsetType = msgspec.UNSET


class UserTold(Frozen, kw_only=True):
    """One account."""

    user: User
    success: bool = True


class Activity(Frozen, kw_only=True):
    """Whether an account may act."""

    id: str = msgspec.field(name="_id")
    active: bool


class ActivityTold(Frozen, kw_only=True):
    """An account that may act again, or no more."""

    user: Activity
    success: bool = True


class Deleted(Frozen, kw_only=True):
    """An account is gone; rooms are none of ours."""

    rooms: tuple[str, ...] | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="deletedRooms")
    success: bool = True


class Free(Frozen, kw_only=True):
    """Whether a user name may be taken."""

    result: bool
    success: bool = True


class SignedOut(Frozen, kw_only=True):
    """Who was signed out everywhere."""

    message: str
    success: bool = True


class Seed(Frozen, kw_only=True):
    """A new authenticator: its seed, and the address that an app reads from a picture."""

    secret: Secret
    url: Secret


class SeedTold(Seed, kw_only=True):
    """A new authenticator: its seed, and the address that an app reads from a picture."""

    success: bool = True


class Codes(Frozen, kw_only=True):
    """Recovery codes, told once."""

    codes: tuple[Secret, ...]


class CodesTold(Codes, kw_only=True):
    """Recovery codes, told once."""

    success: bool = True


class Disabled(Frozen, kw_only=True):
    """Whether the authenticator is off now; a wrong code leaves it on."""

    disabled: bool
    success: bool = True


class Remaining(Frozen, kw_only=True):
    """How many recovery codes are left."""

    remaining: int


class RemainingTold(Remaining, kw_only=True):
    """How many recovery codes are left."""

    success: bool = True


class Reason(Frozen, kw_only=True):
    """Which of the vendor's methods refused, and over which deed, field or value."""

    method: str
    action: str | msgspec.UnsetType = msgspec.UNSET
    input: str | msgspec.UnsetType = msgspec.UNSET
    field: str | msgspec.UnsetType = msgspec.UNSET


class PasswordFault(Frozen, kw_only=True):
    """One thing that a new password lacks."""

    error: str
    message: str
