"""What this wire tells: `success` comes after what is told, and before what went wrong."""

from typing import Any

import msgspec

from keyturn.core.types import Frozen, Secret

# --- what went well


class Address(Frozen, kw_only=True):
    """A mail address."""

    address: str
    verified: bool


class Exists(Frozen, kw_only=True):
    """Whether there is a password."""

    exists: bool


class Enabled(Frozen, kw_only=True):
    """Whether a second factor is on."""

    enabled: bool


class Services(Frozen, kw_only=True):
    """How the user signs in; never a hash."""

    password: Exists
    email2fa: Enabled
    totp: Enabled


class Me(Frozen, kw_only=True):
    """The caller's account; `email` is the verified address alone."""

    id: str = msgspec.field(name="_id")
    name: str
    username: str
    emails: tuple[Address, ...]
    email: str | msgspec.UnsetType = msgspec.UNSET
    status: str = "offline"
    status_connection: str = msgspec.field(default="offline", name="statusConnection")
    utc_offset: int = msgspec.field(default=0, name="utcOffset")
    active: bool
    roles: tuple[str, ...]
    settings: dict[str, dict[str, Any]]
    avatar_url: str = msgspec.field(name="avatarUrl")
    is_oauth_user: bool = msgspec.field(default=False, name="isOAuthUser")
    services: Services


class MeShown(Me, kw_only=True):
    """The caller's account, told by itself."""

    success: bool = True


class SignedIn(Frozen, kw_only=True):
    """Whom the token is for, the token, and their account."""

    user_id: str = msgspec.field(name="userId")
    auth_token: Secret = msgspec.field(name="authToken")
    me: Me


class LoggedIn(Frozen, kw_only=True):
    """A sign-in that went well; clients look at `status`."""

    status: str = "success"
    data: SignedIn
    success: bool = True


class Farewell(Frozen, kw_only=True):
    """The word after a sign-out."""

    message: str = "You've been logged out!"


class LoggedOut(Frozen, kw_only=True):
    """A sign-out."""

    status: str = "success"
    data: Farewell = Farewell()
    success: bool | msgspec.UnsetType = msgspec.UNSET


class TokenMade(Frozen, kw_only=True):
    """A personal access token, told once."""

    token: Secret
    success: bool = True


class Done(Frozen, kw_only=True):
    """It is done."""

    success: bool = True


class TokenLine(Frozen, kw_only=True):
    """A personal access token as lists show it; since when it has the present secret."""

    name: str
    created_at: str = msgspec.field(name="createdAt")
    last_token_part: str = msgspec.field(name="lastTokenPart")
    bypass: bool = msgspec.field(name="bypassTwoFactor")


class Tokens(Frozen, kw_only=True):
    """The caller's personal access tokens."""

    tokens: tuple[TokenLine, ...]
    success: bool = True


class Build(Frozen, kw_only=True):
    """More about the server, for administrators."""

    version: str
    build: dict[str, str] = {}
    commit: dict[str, str] = {}
    marketplace: str = msgspec.field(default="", name="marketplaceApiVersion")


class Version(Frozen, kw_only=True):
    """Which version of the wire is spoken; scripts compare it."""

    version: str
    info: Build | msgspec.UnsetType = msgspec.UNSET
    success: bool = True


class Delegated(Frozen, kw_only=True):
    """Whom the token acts for, and the token."""

    user_id: str = msgspec.field(name="userId")
    auth_token: Secret = msgspec.field(name="authToken")


class DelegationMade(Frozen, kw_only=True):
    """A token that acts for somebody, told once."""

    data: Delegated
    success: bool = True


class Kept(Frozen, kw_only=True):
    """The token that stays when the others end, and when it ends itself; empty = never."""

    token: Secret
    expires: str = msgspec.field(name="tokenExpires")
    success: bool = True


class MethodAnswer(Frozen, kw_only=True):
    """What a method gave or how it failed, as JSON in a text."""

    message: str
    success: bool = True


# --- what did not


class Unsigned(Frozen, kw_only=True):
    """Nobody is signed in, or nobody is let in."""

    status: str = "error"
    message: str


class Nobody(Frozen, kw_only=True):
    """Nobody is signed in, as later clients look for it too."""

    success: bool = False
    error: str
    status: str = "error"
    message: str


class Unfit(Frozen, kw_only=True):
    """A body or query that does not fit its schema."""

    success: bool = False
    error_type: str = msgspec.field(name="errorType")
    error: str


class Failure(Frozen, kw_only=True):
    """A refusal; a code stands in brackets behind its text and once more by itself."""

    success: bool = False
    error: str
    error_type: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="errorType")
    details: Any = msgspec.UNSET


class LoginFailure(Frozen, kw_only=True):
    """A refusal at sign-in; here the code stands alone."""

    success: bool = False
    status: str = "error"
    error: str | int
    message: str
    details: Any = msgspec.UNSET


class Method(Frozen, kw_only=True):
    """Which of the vendor's methods refused."""

    method: str


class Function(Frozen, kw_only=True):
    """Which of the vendor's functions refused."""

    function: str


class TwoFactor(Frozen, kw_only=True):
    """The second proof that is asked for; no method available means the password."""

    method: str
    code_generated: bool = msgspec.field(default=False, name="codeGenerated")
    code_count: int | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="codeCount")
    code_expires: str | tuple[str, ...] | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="codeExpires")
    whose: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="emailOrUsername")
    available: tuple[str, ...] = msgspec.field(name="availableMethods")
