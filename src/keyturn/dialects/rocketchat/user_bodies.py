"""What clients of this wire send about users, codes and methods; every field may be absent, as in `bodies`."""

from typing import Any

import msgspec

from keyturn.core.types import Frozen, Secret
from keyturn.dialects.rocketchat.bodies import Text


class UserFields(Frozen):
    """What may be given of a user; the second half is taken and has no effect, since we keep no such thing."""

    email: Text | None = None
    name: Text | None = None
    username: Text | None = None
    password: Secret | None = None
    roles: tuple[Text, ...] | None = None
    active: bool | None = None
    verified: bool | None = None
    must_change: bool | None = msgspec.field(default=None, name="requirePasswordChange")
    random: bool | None = msgspec.field(default=None, name="setRandomPassword")
    bio: Text | None = None
    nickname: Text | None = None
    status_text: Text | None = msgspec.field(default=None, name="statusText")
    status: Text | None = None
    join: bool | None = msgspec.field(default=None, name="joinDefaultChannels")
    welcome: bool | None = msgspec.field(default=None, name="sendWelcomeEmail")
    custom: dict[str, Any] | None = msgspec.field(default=None, name="customFields")


class NewUser(UserFields):
    """A user to add."""

    fields: Text | None = None
    extension: Text | None = msgspec.field(default=None, name="freeSwitchExtension")


class UserChange(Frozen):
    """What is to change of which user."""

    user_id: Text | None = msgspec.field(default=None, name="userId")
    data: UserFields | None = None
    relinquish: bool | None = msgspec.field(default=None, name="confirmRelinquish")


class OwnFields(Frozen):
    """What may be given of oneself; the second half is taken and has no effect."""

    email: Text | None = None
    name: Text | None = None
    username: Text | None = None
    current: Secret | None = msgspec.field(default=None, name="currentPassword")
    password: Secret | None = msgspec.field(default=None, name="newPassword")
    bio: Text | None = None
    nickname: Text | None = None
    status_text: Text | None = msgspec.field(default=None, name="statusText")
    status_type: Text | None = msgspec.field(default=None, name="statusType")
    custom: dict[str, Any] | None = msgspec.field(default=None, name="customFields")


class OwnChange(Frozen):
    """What is to change of oneself."""

    data: OwnFields | None = None
    custom: dict[str, Any] | None = msgspec.field(default=None, name="customFields")


class Registration(Frozen):
    """Somebody who registers; the second half is taken and has no effect."""

    username: Text | None = None
    email: Text | None = None
    password: Secret | None = msgspec.field(default=None, name="pass")
    name: Text | None = None
    secret: Secret | None = msgspec.field(default=None, name="secretURL")
    reason: Text | None = None
    custom: dict[str, Any] | None = msgspec.field(default=None, name="customFields")


class Whom(Frozen):
    """Somebody, by id or by user name."""

    user_id: Text | None = msgspec.field(default=None, name="userId")
    username: Text | None = None
    user: Text | None = None
    relinquish: bool | None = msgspec.field(default=None, name="confirmRelinquish")


class Asked(Frozen):
    """Whom a query asks for; the second half is taken and has no effect."""

    user_id: Text | None = msgspec.field(default=None, name="userId")
    username: Text | None = None
    import_id: Text | None = msgspec.field(default=None, name="importId")
    email: Text | None = None
    fields: Text | None = None
    query: Text | None = None
    rooms: Text | None = msgspec.field(default=None, name="includeUserRooms")


class NameAsked(Frozen):
    """Which user name a query asks for."""

    username: Text | None = None


class Acting(Frozen):
    """For whom a token is to act, and the secret that allows it."""

    user_id: Text | None = msgspec.field(default=None, name="userId")
    username: Text | None = None
    user: Text | None = None
    secret: Secret | None = None


class Ended(Frozen):
    """Whom to sign out everywhere; nobody named is oneself."""

    user_id: Text | None = msgspec.field(default=None, name="userId")


class Active(Frozen):
    """Whether somebody may act."""

    user_id: Text | None = msgspec.field(default=None, name="userId")
    active: bool | None = msgspec.field(default=None, name="activeStatus")
    relinquish: bool | None = msgspec.field(default=None, name="confirmRelinquish")


class Farewell(Frozen):
    """The digest of the password of somebody who wants to go."""

    password: Secret | None = None


class Forgotten(Frozen):
    """Who forgot a password."""

    email: Text | None = None


class CodeFor(Frozen):
    """Who wants a code by mail."""

    name: Text | None = msgspec.field(default=None, name="emailOrUsername")


class Shown(Frozen):
    """A code that is shown."""

    code: Secret | None = None


class MethodCall(Frozen):
    """A call of a method, as JSON in a text."""

    message: Secret | None = None


class Call(Frozen):
    """What the text of a call holds."""

    method: str
    id: str | int = ""
    msg: str = "method"
    params: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"Call({self.method}, redacted)"


class Shown2fa(Frozen):
    """The second proof, where it is the last parameter of a method."""

    code: Secret | None = msgspec.field(default=None, name="twoFactorCode")
    method: Text | None = msgspec.field(default=None, name="twoFactorMethod")
