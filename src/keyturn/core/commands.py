"""Everything that may be wished of Keyturn, one frozen value each; rooms of `operations` carry them out."""

from typing import Any

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


# --- users


class CreateUser(Frozen):
    """Add a user or a machine."""

    login: str
    email: str = ""
    display_name: str = ""
    password: Secret | None = None
    must_change: bool = False
    service: bool = False
    roles: tuple[str, ...] | None = None
    attributes: dict[str, dict[str, Any]] = {}
    administrator: bool = False
    """The command line's way to a first administrator."""


class ShowUser(Frozen):
    """One user."""

    subject: SubjectRef


class ListUsers(Frozen):
    """Users of the realm by number; `ids` narrows to these uuids, `query` searches login, mail and name."""

    query: str = ""
    ids: tuple[str, ...] | None = None
    limit: int | None = 100
    cursor: str | None = None


class EditUser(Frozen):
    """Change what is given of a user; None leaves a thing as it is."""

    subject: SubjectRef
    login: str | None = None
    email: str | None = None
    display_name: str | None = None
    notify: tuple[str, ...] | None = None


class SetRoles(Frozen):
    """Give a user exactly these roles, by name."""

    subject: SubjectRef
    roles: tuple[str, ...]


class DeleteUser(Frozen):
    """Delete a user: ids stay as a tombstone, login and mail are free again."""

    subject: SubjectRef


class SuspendUser(Frozen):
    """Stop a user: nothing of theirs works until they are reinstated, and old tokens never again."""

    subject: SubjectRef


class ReinstateUser(Frozen):
    """Let a suspended user in again."""

    subject: SubjectRef


class UnlockUser(Frozen):
    """Open the locks that guessing closed."""

    subject: SubjectRef


class EndSessions(Frozen):
    """Log a user out everywhere."""

    subject: SubjectRef


# --- factors


class ListFactors(Frozen):
    """The factors of the caller, or of `subject`."""

    subject: SubjectRef | None = None


class EnrolFactor(Frozen):
    """Begin a new factor: `totp` (waits for a code) or `recovery` (codes, told once)."""

    kind: str


class ConfirmFactor(Frozen):
    """Switch a new TOTP factor on with a code of it."""

    factor: str
    code: Secret


class RemoveFactor(Frozen):
    """Take a factor away."""

    factor: str
    subject: SubjectRef | None = None


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
