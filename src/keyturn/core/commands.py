"""Everything that may be wished of Keyturn, one frozen value each; rooms of `operations` carry them out."""

from typing import Any

from keyturn.core.accounts import (
    ChangeSelf as ChangeSelf,
)
from keyturn.core.accounts import (
    CheckName as CheckName,
)
from keyturn.core.accounts import (
    ConfirmFactor as ConfirmFactor,
)
from keyturn.core.accounts import (
    CountCodes as CountCodes,
)
from keyturn.core.accounts import (
    CreateUser as CreateUser,
)
from keyturn.core.accounts import (
    DeleteUser as DeleteUser,
)
from keyturn.core.accounts import (
    EditSelf as EditSelf,
)
from keyturn.core.accounts import (
    EditUser as EditUser,
)
from keyturn.core.accounts import (
    EndSessions as EndSessions,
)
from keyturn.core.accounts import (
    EnrolFactor as EnrolFactor,
)
from keyturn.core.accounts import (
    ListFactors as ListFactors,
)
from keyturn.core.accounts import (
    ListUsers as ListUsers,
)
from keyturn.core.accounts import (
    MailCode as MailCode,
)
from keyturn.core.accounts import (
    Register as Register,
)
from keyturn.core.accounts import (
    ReinstateUser as ReinstateUser,
)
from keyturn.core.accounts import (
    RemoveFactor as RemoveFactor,
)
from keyturn.core.accounts import (
    ResetFactors as ResetFactors,
)
from keyturn.core.accounts import (
    SetRoles as SetRoles,
)
from keyturn.core.accounts import (
    ShowUser as ShowUser,
)
from keyturn.core.accounts import (
    SuspendUser as SuspendUser,
)
from keyturn.core.accounts import (
    UnlockUser as UnlockUser,
)
from keyturn.core.credentials import (
    CheckLogin as CheckLogin,
)
from keyturn.core.credentials import (
    CheckPassword as CheckPassword,
)
from keyturn.core.credentials import (
    DeriveSession as DeriveSession,
)
from keyturn.core.credentials import (
    RevokeTokens as RevokeTokens,
)
from keyturn.core.credentials import (
    ShowCertificate as ShowCertificate,
)
from keyturn.core.credentials import (
    Slice as Slice,
)
from keyturn.core.imports import Arrival
from keyturn.core.types import Frozen, Secret, SubjectRef, TokenRef

# --- sessions


class OpenSession(Frozen):
    """Sign in with name and password; `lifetime` in seconds, 0 = the longest."""

    lifetime: int | None = None
    name: str | None = None
    claims: dict[str, str] = {}
    reset_when_due: bool = False
    """Whether this wire can hand out a reset token where the password must be changed first."""


class ResumeSession(Frozen):
    """Go on with the presented token as a session."""


class EndSession(Frozen):
    """End the presented token."""


class ListSessions(Frozen):
    """The caller's own sessions."""


class ShowSelf(Frozen):
    """The caller's own account."""


# --- passwords and resets


class ChangePassword(Frozen):
    """Give oneself a new password, showing the current one."""

    password: Secret


class SetPassword(Frozen):
    """Give somebody else a password."""

    subject: SubjectRef
    password: Secret
    must_change: bool = False


class IssueReset(Frozen):
    """Make a single-use token by which a subject sets a new password; `lifetime` in seconds."""

    subject: SubjectRef
    lifetime: int | None = None


class RequestReset(Frozen):
    """Mail a reset token to whoever has that name, if anybody has and may; the answer never says."""

    name: str
    by: str = "any"


class RedeemReset(Frozen):
    """Use a reset token: set the password it is for."""

    token: Secret
    password: Secret
    revoke_tokens: bool = False
    reinstate: bool = False
    """Only one wire documents that a used token also reinstates a suspended user."""


# --- tokens


class IssueToken(Frozen):
    """Mint a named token for oneself, or for `subject`; `expires_in` in seconds, 0 = the longest."""

    kind: str
    name: str | None
    dialect: str
    subject: SubjectRef | None = None
    scopes: tuple[str, ...] | None = None
    expires_in: int | None = None
    bypass: bool = False
    claims: dict[str, str] = {}


class ListTokens(Frozen):
    """Tokens of the caller, of `owner`, or of everybody in the realm (owner `*`)."""

    owner: SubjectRef | None = None
    everybody: bool = False
    dialect: str | None = None
    kind: str | None = None
    limit: int = 100
    cursor: str | None = None
    slice: Slice | None = None
    """Counted from the first in an order, for wires that page so; only of one owner."""


class ShowToken(Frozen):
    """One token."""

    token: TokenRef
    owner: SubjectRef | None = None


class EditToken(Frozen):
    """Rename a token."""

    token: TokenRef
    name: str


class RotateToken(Frozen):
    """Replace a token's secret; the old one is dead when the answer leaves. `expires_in` in seconds."""

    token: TokenRef
    owner: SubjectRef | None = None
    expires_in: int | None = None


class RevokeToken(Frozen):
    """End one token."""

    token: TokenRef
    owner: SubjectRef | None = None


class RevokeSecret(Frozen):
    """End whatever token this secret belongs to, if the caller may."""

    token: Secret
    administrator: bool = False
    """Whether this wire lets administrators alone do it."""


class Introspect(Frozen):
    """Ask whether a token is active, and whose it is; `scope` must then be among its scopes."""

    tokens: tuple[Secret, ...]
    scope: str | None = None


class IssueDelegation(Frozen):
    """Mint a token that acts for another subject; `lifetime` in seconds."""

    subject: SubjectRef
    reason: str
    lifetime: int | None = None
    administrator: bool = False
    """Whether this wire lets administrators alone do it."""
    claims: dict[str, str] = {}


# --- realms, roles, policy


class ListRealms(Frozen):
    """All realms the caller may see."""


class ShowRealm(Frozen):
    """The realm of the wish, with policy and settings."""


class EditRealm(Frozen):
    """Change what is given of the realm of the wish; policy and settings are merged in."""

    display_name: str | None = None
    hosts: tuple[str, ...] | None = None
    policy: dict[str, Any] = {}
    settings: dict[str, Any] = {}


class CreateRealm(Frozen):
    """Add a realm with its built-in roles."""

    name: str
    display_name: str = ""
    hosts: tuple[str, ...] = ()


class ListRoles(Frozen):
    """The roles of the realm."""


class ShowRole(Frozen):
    """One role by name."""

    name: str


class PutRole(Frozen):
    """Make a role, or give an own role exactly these permissions."""

    name: str
    permissions: tuple[str, ...]
    description: str = ""


class EditRole(Frozen):
    """Say whether the holders of a role need a second factor; of a built-in one too."""

    name: str
    two_factor: bool


# --- the record, the start


class ListAudit(Frozen):
    """The audit log, newest first; `since` in microseconds."""

    verb: str | None = None
    subject: SubjectRef | None = None
    actor: SubjectRef | None = None
    since: int | None = None
    limit: int = 100
    cursor: str | None = None


class SetUp(Frozen):
    """Make the first administrator with the set-up code of this start."""

    code: Secret
    login: str
    password: Secret
    email: str = ""


class IssueSetup(Frozen):
    """Make this start's set-up code, if there is no administrator yet."""


class Apply(Frozen):
    """Bring the store to what a bootstrap file asks; `plan` is the checked file."""

    plan: Any
    reset_passwords: bool = False


class Import(Frozen):
    """Take over users of another system as they are there; who is here already stays as they are.

    Shapes   dialect: the wire that their tokens go on to open
    """

    dialect: str
    arrivals: tuple[Arrival, ...]


class CheckImport(Frozen):
    """Ask what taking these users over would do; nothing changes."""

    dialect: str
    arrivals: tuple[Arrival, ...]
