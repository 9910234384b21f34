"""What may be wished about people, their roles and their second factors; `commands` has it with the rest."""

from typing import Any

from keyturn.core.membership import Counted
from keyturn.core.types import Frozen, Secret, SubjectRef

# --- users


class CreateUser(Frozen):
    """Add a user or a machine."""

    login: str
    email: str = ""
    display_name: str = ""
    password: Secret | None = None
    must_change: bool = False
    service: bool = False
    roles: tuple[str, ...] | Counted | None = None
    attributes: dict[str, dict[str, Any]] = {}
    administrator: bool = False
    """The command line's way to a first administrator."""
    suspended: bool = False
    email_verified: bool = False
    mail_code: bool = False
    """Whether a code by mail is asked of them from the start."""


class Register(Frozen):
    """Add oneself, where the realm lets people do so on this wire; nobody becomes more than a plain user."""

    login: str
    password: Secret
    email: str = ""
    display_name: str = ""
    mail_code: bool = False


class ShowUser(Frozen):
    """One user."""

    subject: SubjectRef


class ListUsers(Frozen):
    """Users of the realm by number; `ids` narrows to these uuids, `query` searches login, mail and name.

    Shapes   offset: counted from the first in this order, for wires that page so; order: login, email, display_name,
             last_login, id (the uuid) or created
    """

    query: str = ""
    ids: tuple[str, ...] | None = None
    limit: int | None = 100
    cursor: str | None = None
    offset: int | None = None
    order: str = "id"
    descending: bool = False


class EditUser(Frozen):
    """Change what is given of a user; None leaves a thing as it is."""

    subject: SubjectRef
    login: str | None = None
    email: str | None = None
    display_name: str | None = None
    notify: tuple[str, ...] | None = None
    email_verified: bool | None = None
    roles: tuple[str, ...] | None = None
    active: bool | None = None
    password: Secret | None = None
    must_change: bool | None = None


class EditSelf(Frozen):
    """Change what is given of one's own names."""

    login: str | None = None
    display_name: str | None = None


class ChangeSelf(Frozen):
    """Change what is given of oneself, a password or a mail address among it, showing the current password."""

    login: str | None = None
    display_name: str | None = None
    email: str | None = None
    password: Secret | None = None


class CheckName(Frozen):
    """Ask whether a login may be taken; one's own may."""

    login: str


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
    """Log a user, or oneself, out everywhere.

    Shapes   wire: every other token of the wire too; keep: the presented token stays
    """

    subject: SubjectRef | None = None
    wire: bool = False
    keep: bool = False


# --- factors


class ListFactors(Frozen):
    """The factors of the caller, or of `subject`."""

    subject: SubjectRef | None = None


class EnrolFactor(Frozen):
    """Begin a new factor: `totp` (waits for a code), `recovery` (codes, told once) or `email` (a verified address).

    Shapes   short: recovery codes as the wire's clients take them, twelve of eight characters
    """

    kind: str
    short: bool = False


class ConfirmFactor(Frozen):
    """Switch a new TOTP factor on with a code of it.

    Shapes   factor: its uuid; empty = the one that waits; with_recovery: short recovery codes come with it
    """

    factor: str
    code: Secret
    with_recovery: bool = False


class RemoveFactor(Frozen):
    """Take a factor away, by its uuid or by its kind."""

    factor: str = ""
    subject: SubjectRef | None = None
    kind: str = ""


class ResetFactors(Frozen):
    """Take second factors of somebody, or of oneself, away, those of the kinds or all; their sessions end."""

    subject: SubjectRef | None = None
    kinds: tuple[str, ...] = ()


class CountCodes(Frozen):
    """How many of the caller's recovery codes are left."""


class MailCode(Frozen):
    """Mail a fresh code to whoever has that name, if anybody is asked for codes by mail; the answer never says."""

    name: str
    by: str = "any"
