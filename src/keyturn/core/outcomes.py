"""What can come of a wish: outcomes, which are kept, and refusals, which undo."""

from typing import Any

from keyturn.core.imports import Left
from keyturn.core.reasons import REASONS as REASONS
from keyturn.core.reasons import Reason as Reason
from keyturn.core.types import (
    Factor,
    Frozen,
    Instant,
    Realm,
    Role,
    Secret,
    Subject,
    SubjectView,
    TokenView,
)


class Nothing(Frozen):
    """No note."""


class Fields(Frozen):
    """What is wrong, by field; never with a value that was sent."""

    fields: dict[str, str]


class Weak(Fields):
    """Why a new password does not fit, also fault by fault: the name of each and its sentence."""

    faults: dict[str, str] = {}


class Challenge(Frozen):
    """What would answer the refusal: the method asked for, and all that are possible.

    Shapes   generated: a code was mailed for it just now; expires: when the mailed one stops to work; login: whose
    """

    method: str
    methods: tuple[str, ...] = ()
    generated: bool = False
    expires: Instant | None = None
    login: str = ""


class Named(Frozen):
    """The thing that the refusal is about, by a word of ours: `login`, `name`, `role`, `right`…"""

    what: str
    value: str = ""


class After(Frozen):
    """Try again after that many seconds."""

    seconds: int


Note = Nothing | Fields | Challenge | Named | After


class Denied(Frozen):
    """A refusal: it did not happen, and this is why."""

    reason: Reason
    note: Note = Nothing()


class Result(Frozen):
    """What an operation hands back: the outcome, and what the audit row says of it.

    Shapes   touches: token:ID, subject:ID or realm:ID, the narrowest that covers what may have died
             changed: False when it was so already, so that no row is written
    """

    outcome: "Outcome"
    subject: int | None = None
    token: str | None = None
    detail: dict[str, Any] = {}
    touches: str | None = None
    changed: bool = True
    mails: bool = False
    """Whether a mail was put into the outbox."""


# --- outcomes


class Outcome(Frozen, tag=True):
    """What came of a wish; kept, whatever status a wire gives it."""


class TokenIssued(Outcome):
    """A secret was minted; told once."""

    secret: Secret
    view: TokenView
    realm: str


class SessionOpened(Outcome):
    """A session was opened; `user` is the subject as it now stands."""

    secret: Secret
    view: TokenView
    user: SubjectView


class SessionResumed(Outcome):
    """The presented token goes on as a session."""

    user: SubjectView


class PasswordChangeDue(Outcome):
    """The password was right but must be changed: a reset token was minted for it."""

    secret: Secret
    view: TokenView


class Ended(Outcome):
    """Something was ended or changed, and there is nothing to tell; `again` when it was so already."""

    again: bool = False
    until: Instant | None = None
    """When the presented token ends that stays; None = never, or it does not."""


class PasswordChanged(Outcome):
    """The password is new."""

    sessions_ended: int
    review: tuple[TokenView, ...]


class SelfShown(Outcome):
    """The caller's own account."""

    user: SubjectView
    token: TokenView | None


class UserShown(Outcome):
    """One user."""

    user: SubjectView


class UserCreated(Outcome):
    """A user was added."""

    user: SubjectView


class UsersListed(Outcome):
    """One page of users."""

    users: tuple[SubjectView, ...]
    next_cursor: str | None
    total: int = 0


class TokenShown(Outcome):
    """One token."""

    view: TokenView


class TokensListed(Outcome):
    """One page of tokens."""

    tokens: tuple[TokenView, ...]
    next_cursor: str | None
    total: int = 0
    """How many there are, where a slice was asked for."""


class TokensEnded(Outcome):
    """What could be ended is; these could not.

    Shapes   unknown: logins of nobody; kept: logins, and kept_ids: ids, of whom the caller may not end anything
    """

    ended: int
    unknown: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    kept_ids: tuple[str, ...] = ()


class RulesChecked(Outcome):
    """What a password or a login breaks, rule by rule: the name of each and its sentence."""

    faults: dict[str, str]


class CertificateShown(Outcome):
    """Whether a certificate acts here, and as whom."""

    name: str
    user: SubjectView | None


class Facts(Frozen):
    """What introspection may tell of an active token."""

    subject: Subject
    realm: str
    kind: str
    dialect: str
    scopes: tuple[str, ...] | None
    issued: Instant
    expires: Instant | None
    actor: Subject | None
    stepped_up: Instant | None
    claims: dict[str, str]


class Introspected(Outcome):
    """For each asked token its facts, or None when it is not active."""

    results: tuple[Facts | None, ...]


class FactorsListed(Outcome):
    """The factors of one subject."""

    factors: tuple[Factor, ...]


class TotpBegun(Outcome):
    """A TOTP factor waits for its first code."""

    factor: Factor
    seed: Secret
    issuer: str
    login: str


class RecoveryCodesMade(Outcome):
    """Fresh recovery codes, told once."""

    factor: Factor
    codes: tuple[Secret, ...]


class FactorConfirmed(Outcome):
    """A factor was switched on; recovery codes where they were wished with it, told once."""

    codes: tuple[Secret, ...] = ()
    factor: Factor | None = None


class CodesCounted(Outcome):
    """How many recovery codes are left."""

    remaining: int


class NameChecked(Outcome):
    """Whether a login may be taken."""

    free: bool


class RealmShown(Outcome):
    """One realm."""

    realm: Realm
    hosts: tuple[str, ...]


class RealmsListed(Outcome):
    """All realms."""

    realms: tuple[Realm, ...]


class RoleShown(Outcome):
    """One role."""

    role: Role


class RolesListed(Outcome):
    """The roles of a realm."""

    roles: tuple[Role, ...]


class AuditRow(Frozen):
    """One line of the audit log."""

    id: int
    at: Instant
    verb: str
    result: str
    reason: str | None
    dialect: str
    actor: Subject | None
    subject: Subject | None
    act: Subject | None
    token: str | None
    address: str
    agent: str
    request_id: str
    detail: dict[str, Any]


class AuditListed(Outcome):
    """One page of the audit log."""

    rows: tuple[AuditRow, ...]
    next_cursor: str | None


class SetupIssued(Outcome):
    """This start's set-up code, or None when an administrator exists."""

    secret: Secret | None


class Changed(Frozen):
    """One line of what `apply` did or left."""

    realm: str
    what: str
    name: str
    action: str


class Told(Frozen):
    """A secret that `apply` minted, told once."""

    realm: str
    login: str
    dialect: str
    kind: str
    name: str | None
    id: str
    token: Secret


class Applied(Outcome):
    """The store holds what the file asks."""

    changed: tuple[Changed, ...]
    kept: tuple[Changed, ...]
    secrets: tuple[Told, ...]


class Imported(Outcome):
    """Users were taken over, or would be.

    Shapes   users: how many are new; already: here before, and left as they are; expired: tokens past their
             life; stopped: tokens of users who may not act now; left: what could not be taken
    """

    users: int
    already: int
    passwords: int
    factors: int
    codes: int
    tokens: int
    expired: int
    stopped: int
    left: tuple[Left, ...]


AnyOutcome = (
    TokenIssued
    | SessionOpened
    | SessionResumed
    | PasswordChangeDue
    | Ended
    | PasswordChanged
    | UserShown
    | UserCreated
    | TokenShown
    | TotpBegun
    | RecoveryCodesMade
    | FactorConfirmed
    | RealmShown
    | RoleShown
)
"""Every outcome a change may have on a wire that takes idempotency keys."""
