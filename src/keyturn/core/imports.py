"""Who arrives from another system, once it is read: frozen values, and what of them cannot be taken over."""

from keyturn.core.types import Frozen, Instant, Secret


class ArrivingToken(Frozen):
    """A token that was minted elsewhere; its holder goes on with it.

    Shapes   digest: SHA-256 of its text; last6: the end of it, empty where that is not known
    """

    kind: str
    digest: bytes
    created: Instant
    name: str | None = None
    last6: str = ""
    bypass: bool = False


class Arrival(Frozen):
    """A user or a machine as another system has them, each field found fit to be stored.

    Shapes   line: where it stands in the file; roles: names of this realm's; password: as it is stored
             seed: base32; codes: of each short recovery code its `recovery_form`
    """

    line: int
    handle: str
    login: str
    email: str = ""
    email_verified: bool = False
    display_name: str = ""
    service: bool = False
    suspended: bool = False
    created: Instant | None = None
    last_login: Instant | None = None
    roles: tuple[str, ...] = ()
    password: Secret | None = None
    must_change: bool = False
    seed: Secret | None = None
    codes: tuple[Secret, ...] = ()
    mail_code: bool = False
    tokens: tuple[ArrivingToken, ...] = ()


class Left(Frozen):
    """Something that was not taken over, and why; never with a value that proves anybody.

    Shapes   login: None where the line does not tell it; what: `user`, `token NAME`, `role NAME`…
    """

    line: int
    login: str | None
    what: str
    why: str


class Reading(Frozen):
    """One document of an export as it was read; no arrival where the whole user is left."""

    arrival: Arrival | None
    left: tuple[Left, ...] = ()
