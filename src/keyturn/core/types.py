"""The nouns of the core: who, where, which token, what was presented; frozen, and secrets wrapped."""

import enum
from collections.abc import Callable
from typing import Any

from keyturn.core.rows import (
    SECOND as SECOND,
)
from keyturn.core.rows import (
    Factor as Factor,
)
from keyturn.core.rows import (
    Frozen as Frozen,
)
from keyturn.core.rows import (
    Instant as Instant,
)
from keyturn.core.rows import (
    Realm as Realm,
)
from keyturn.core.rows import (
    Role as Role,
)
from keyturn.core.rows import (
    Secret as Secret,
)
from keyturn.core.rows import (
    SecretRow as SecretRow,
)
from keyturn.core.rows import (
    Subject as Subject,
)
from keyturn.core.rows import (
    SubjectView as SubjectView,
)
from keyturn.core.rows import (
    Token as Token,
)
from keyturn.core.rows import (
    TokenView as TokenView,
)
from keyturn.core.settings import Settings


class Shape(enum.Enum):
    """The spellings a token's secret may have, one per family of clients."""

    KEYTURN = "keyturn"
    UUID_FORM = "uuid_form"
    BASE64URL = "base64url"
    BASE64 = "base64"
    ALPHANUMERIC = "alphanumeric"


class Assurance(enum.IntEnum):
    """How well the actor of a wish is known."""

    NOBODY = 0
    PRESENTED = 1
    STEPPED_UP = 2
    REPROVED = 3
    """The password was shown again for this very wish."""


class Effect(enum.Enum):
    """What a wish does to the store; KILL may end a credential and settles before its answer leaves."""

    READ = "read"
    CHANGE = "change"
    KILL = "kill"


class Step(enum.Enum):
    """The steps of the one door, in an order each wire chooses."""

    RECOGNISE = "recognise"
    READ = "read"
    RIGHT = "right"
    STEP_UP = "step_up"
    LIMIT = "limit"
    """The call is counted, where the wire lets one address make only so many."""
    GATE = "gate"
    """What the wire asks for at the door, before it looks at the wish."""


Order = tuple[Step, ...] | Callable[[Settings], tuple[Step, ...]]
"""The steps of a wire, or how they follow from the realm's settings."""
DEFAULT_ORDER = (Step.RECOGNISE, Step.READ, Step.RIGHT, Step.STEP_UP)


class SubjectRef(Frozen):
    """Whom a wish is about, as the wire named it: by uuid, number, handle, login, email, or any of the last two."""

    by: str
    value: str


class TokenRef(Frozen):
    """Which token a wish is about: the presented one, one by uuid, or the caller's own by name."""

    by: str
    value: str = ""
    dialect: str = ""


class RealmRef(Frozen):
    """Which realm the wire named: by name, display name or either."""

    by: str
    value: str


class LoginProof(Frozen):
    """A name with a password, or with the digest of one where that wire's clients send it."""

    name: str
    password: Secret | None = None
    digest: Secret | None = None
    by: str = "any"


class Proof(Frozen):
    """One showing of a factor for this wish; `current` is the current password, `current_digest` its digest."""

    method: str
    code: Secret


class Presented(Frozen):
    """What a request carries of its caller, before anybody believes it."""

    dialect: str
    secret: Secret | None = None
    login: LoginProof | None = None
    local: bool = False
    claim: str | None = None
    claim_by: str = "any"
    """Which name of the owner the claim is: its handle alone, or any."""
    realm: RealmRef | None = None
    host: str = ""
    proof: Proof | None = None
    method: str = ""
    """The second means asked for, where no code of it is shown yet."""
    key: str | None = None
    quiet: bool = False
    """The caller asks that this use be not noted, so that it does not keep an idle token alive."""
    certificate: str = ""
    """The common name of a client certificate that was verified, where the wire takes one."""
    address: str = ""
    agent: str = ""
    request_id: str = ""


class StepUpRule(Frozen):
    """How a wire asks for a second proof; one value per dialect."""

    methods: tuple[str, ...] = ("totp", "recovery")
    fallback: bool = False
    fallback_setting: str = ""
    fresh: int = 300
    fresh_setting: str = ""
    bound: bool = False
    """Freshness holds for the same agent and address alone."""
    digest: bool = False
    """The password fallback is shown as the digest of the password."""
    bypass: bool = False
    """A token may be flagged to pass without a second proof."""
    recalled: tuple[str, ...] = ("totp", "recovery")
    """The methods whose proof counts for the token afterwards too."""
    remembered: bool = True
    """Whether a proof shown before for the same token is enough."""
    strict: bool = False
    """A proof of its own, whatever the token is flagged and whenever it was shown one."""
    grace_setting: str = ""
    """Where set, somebody added less than the remember window ago, who has no factor, is not asked."""


class WireRule(Frozen):
    """What minting must know of a wire: the shape of its secrets and the lives it grants."""

    name: str
    shape: Shape
    kinds: tuple[str, ...] = ("session",)
    session: tuple[int, int] = (86_400, 86_400)
    """Default and cap, seconds."""
    personal: int | None = None
    idle: int | None = None
    reset: int = 3600
    built_in: tuple[tuple[str, str, str, str], ...] = ()
    """Subjects the home realm is born with: login, uuid, display name, role; none has a password."""
    reset_reinstates: bool = False
    """A used reset token also reinstates a suspended subject on this wire."""
    own_change_ends_all: bool = False
    """Changing one's own password ends the presented session too."""
    locks: bool = False
    """A lock closed on this wire may end its tokens (setting `<name>.lockout`)."""
    shown: int = 6
    """How many of the last characters of a secret lists may show, at most 6."""
    mail_code: int = 0
    """Seconds a mailed code is a second step on this wire; 0 = never."""
    mail_code_policy: bool = False
    """Only where the realm's policy has `mail_codes`."""
    address_limit: tuple[int, int] | None = None
    """Failed sign-ins from one address, and in how many seconds, after which it is refused for the rest of them."""
    bars: Callable[[Subject, str, Instant], str | None] | None = None
    """What bars the subject of a good token from this wire, in a word: by its attributes, address and time."""
    certificates: tuple[str, str] | None = None
    """The setting that lists the certificates which act here, and the uuid of the built-in subject they act as."""
    password_policy: str = ""
    """The setting that holds further rules for passwords which are set on this wire."""
    expiry: str = ""
    """The setting that says after how many idle days a subject is suspended."""


Proving = StepUpRule | None | Callable[[Settings], StepUpRule | None]
"""How a route asks for a second proof, or how that follows from the realm's settings."""


class Ask(Frozen):
    """What a route asks of the one door: the command's type, how to read it, and this wire's order of steps."""

    command: type[Any]
    read: Callable[[Settings], Any]
    order: Order = DEFAULT_ORDER
    step_up: Proving = None
    kinds: tuple[str, ...] = ("session", "personal", "api", "delegated")
    factor_at_login: bool = True
    """Whether this door can carry a second factor beside the password."""
    needs: str = ""
    """A right, `noun:action`, that the wire asks for here beside the command's own."""
    gate: str = ""
    """A right, `noun:action`, that the wire asks for at `Step.GATE`; refused with `Named("gate", ...)`."""
    limit: Callable[[bool], int | None] | None = None
    """Counts this very request once, given whether its caller is exempt: the seconds to wait, or None."""


class Grants(Frozen):
    """What a subject may do: permissions as triples, and whether they hold in every realm."""

    triples: frozenset[tuple[str, str, str]] = frozenset()
    across: bool = False
    roles: frozenset[str] = frozenset()


class Actor(Frozen):
    """Who makes this request, as recognised."""

    dialect: str
    realm: Realm
    assurance: Assurance
    subject: Subject | None = None
    token: Token | None = None
    secret: SecretRow | None = None
    digest: bytes = b""
    grants: Grants = Grants()
    local: bool = False
    about: Subject | None = None
    """Whom the wish is about, as the door resolved it."""
    view: TokenView | None = None
    """The token the wish is about, as the door resolved it."""
    certificate: str = ""
    """The client certificate by which the caller is known, where it shows no token."""
    factor_shown: str = ""
    """The method of the second factor that was shown at sign-in."""
    change_due: bool = False
    """The password was right and must be changed first."""
    enrol_only: bool = False
    """A second factor is required here and there is none yet: the session may do nothing but enrol one."""
    address: str = ""
    agent: str = ""
    request_id: str = ""


class Bearer(enum.Enum):
    """Whose tokens may carry a wish, beyond what rights say."""

    ANY = "any"
    NOT_DELEGATED = "not_delegated"
    """A delegated token never makes, replaces or changes a credential (rules.md 8)."""
    SESSION = "session"
    """Own password, factors and sessions are changed in a session alone (rules.md 3)."""


class Ready(Frozen):
    """A prepared wish with the passwords to hash outside any transaction; their hashes come back in `hashes`.

    Shapes   shown: stored hashes with passwords to compare them with; whether they fit comes back in `held`
    """

    wish: Any
    passwords: tuple[Secret, ...] = ()
    hashes: tuple[str, ...] = ()
    shown: tuple[tuple[str, Secret], ...] = ()
    held: tuple[bool, ...] = ()


def chosen(value: Any, settings: Settings) -> Any:
    """What a route says, where it may follow from the realm's settings."""
    return value(settings) if callable(value) else value
