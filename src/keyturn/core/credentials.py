"""What may be wished of sessions, passwords and certificates by wires that ask for more than one's own."""

from keyturn.core.types import Frozen, Secret


class DeriveSession(Frozen):
    """Get another session by the presented one, which it never outlives; `lifetime` in seconds, 0 = the longest."""

    lifetime: int | None = None
    name: str | None = None
    claims: dict[str, str] = {}


class CheckPassword(Frozen):
    """Ask whether a password may be set: for oneself, or for whom a reset token is; nothing is spent."""

    password: Secret
    token: Secret | None = None


class CheckLogin(Frozen):
    """Ask whether a login keeps the rules of this wire; whether it is free is another question."""

    login: str


class Slice(Frozen):
    """Which of the things in what order: `limit` None = all from `offset` on."""

    by: str
    descending: bool = False
    offset: int = 0
    limit: int | None = None


class RevokeTokens(Frozen):
    """End as many of these as the caller may: by their secrets, all of users, own ones by name, or by uuid.

    Shapes   ids: of tokens, else of users; users: by login
    """

    secrets: tuple[Secret, ...] = ()
    users: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


class ShowCertificate(Frozen):
    """Ask whether a client certificate of that common name acts here, and as whom."""

    name: str
