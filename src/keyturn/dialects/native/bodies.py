"""What the native API takes: one strict type a body; unknown keys are refused."""

from typing import Annotated

import msgspec

from keyturn.core.types import Frozen, Secret

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Scope = Annotated[str, msgspec.Meta(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$")]
Scopes = Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=100)]
Span = str | int


class Body(Frozen, forbid_unknown_fields=True):
    """A body of the native API."""


class Setup(Body):
    """The first administrator, with the set-up code of this start."""

    code: Secret
    login: Name
    password: Secret
    email: str = ""


class FactorShown(Body):
    """One showing of a second factor."""

    method: Name
    code: Secret | None = None
    """Absent, the method is asked for alone: a code by mail is sent so."""


class OpenSession(Body):
    """Sign in; `realm` names one of several, `lifetime` is a duration."""

    login: Name
    password: Secret
    realm: str | None = None
    factor: FactorShown | None = None
    lifetime: Span | None = None


class ChangePassword(Body):
    """A new password for oneself."""

    current_password: Secret
    password: Secret


class NewUser(Body):
    """A user to add; without roles it becomes a member."""

    login: Name
    email: str = ""
    display_name: str = ""
    service: bool = False
    roles: tuple[Name, ...] | None = None
    email_verified: bool = False


class UserChange(Body):
    """What is to change of a user; what is absent stays."""

    login: Name | None = None
    email: str | None = None
    display_name: str | None = None
    notify: tuple[str, ...] | None = None
    email_verified: bool | None = None


class Roles(Body):
    """The roles a user is to hold, by name."""

    roles: tuple[Name, ...]


class ResetWish(Body):
    """How long the reset token is to work."""

    lifetime: Span | None = None


class ResetAsked(Body):
    """Whose password was forgotten: a login or mail address, in a realm if not the usual one."""

    login: Name
    realm: str | None = None


class Redeem(Body):
    """A reset token and the new password."""

    token: Secret
    password: Secret
    revoke_tokens: bool = False


class NewToken(Body):
    """A token to issue; `for` is the uuid of another owner."""

    name: Name
    kind: str = "personal"
    scopes: Scopes | None = None
    expires_in: Span | None = None
    bypass_two_factor: bool = False
    owner: str | None = msgspec.field(default=None, name="for")
    dialect: str = "native"


class TokenChange(Body):
    """The new name of a token."""

    name: Name


class Rotate(Body):
    """How long the rotated token is to work; an overlap other than 0 is not there yet."""

    expires_in: Span | None = None
    overlap: Span | None = None


class LoginToken(Body):
    """Why one acts for another, and for how long."""

    reason: Name
    lifetime: Span | None = None


class Verify(Body):
    """Up to a thousand tokens to look at."""

    tokens: Annotated[tuple[Secret, ...], msgspec.Meta(max_length=1000)]
    scope: str | None = None


class NewFactor(Body):
    """The kind of factor to begin."""

    kind: str = "totp"


class Confirm(Body):
    """A code of the factor that waits."""

    code: Secret


class NewRealm(Body):
    """A realm to add."""

    name: Name
    display_name: str = ""
    hosts: tuple[Name, ...] = ()


class RealmChange(Body):
    """What is to change of a realm."""

    display_name: str | None = None
    hosts: tuple[Name, ...] | None = None


class RoleBody(Body):
    """A role and its permissions, `noun:action:target` each."""

    name: Name
    permissions: tuple[str, ...]
    description: str = ""


class RoleChange(Body):
    """Whether holders of the role need a second factor."""

    two_factor: bool


class TokenForm(Frozen):
    """The form of RFC 7662 and RFC 7009."""

    token: str
    token_type_hint: str | None = None
    scope: str | None = None
