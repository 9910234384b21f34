"""The nouns of the core: who, where, which token, what was presented; frozen, and secrets wrapped."""

import enum
import hmac
from collections.abc import Callable
from typing import Any, NewType, dataclass_transform

import msgspec

from keyturn.core.settings import Settings

Instant = NewType("Instant", int)
"""Microseconds since 1970 UTC."""

SECOND = 1_000_000


class Secret:
    """A clear-text secret, wrapped from birth: its repr, str and pickle never show it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The clear text; call it only where the text leaves us or is digested."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(redacted)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (s.reveal().encode("utf-8", "surrogatepass") for s in (self, other))
        return hmac.compare_digest(mine, theirs)

    __hash__ = None  # type: ignore[assignment]  # a secret is never a dictionary key

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")


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


DEFAULT_ORDER = (Step.RECOGNISE, Step.READ, Step.RIGHT, Step.STEP_UP)


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Frozen(msgspec.Struct, frozen=True):
    """A value that never changes."""


class Realm(Frozen):
    """One closed world of subjects and rules."""

    id: int
    uuid: str
    name: str
    display_name: str
    active: bool
    epoch: int
    settings: Settings


class Subject(Frozen):
    """The person or machine that a thing is about."""

    id: int
    realm: int
    uuid: str
    number: int
    handle: str
    login: str
    email: str
    email_verified: bool
    display_name: str
    service: bool
    remote: bool
    built_in: bool
    state: str
    epoch: int
    created: Instant
    updated: Instant
    last_login: Instant | None
    attributes: dict[str, dict[str, Any]]
    notify: tuple[str, ...]


class Role(Frozen):
    """A named set of permissions; `number` is its identifier on wires that count roles."""

    id: int
    realm: int
    uuid: str
    number: int
    name: str
    description: str
    built_in: bool
    across: bool
    permissions: tuple[str, ...]


class Token(Frozen):
    """A bearer credential we minted: its row of rules, without its secret."""

    id: int
    uuid: str
    realm: int
    subject: int
    maker: int | None
    act: int | None
    parent: int | None
    kind: str
    dialect: str
    name: str | None
    scopes: tuple[str, ...] | None
    bypass: bool
    life: int | None
    idle: int | None
    created: Instant
    expires: Instant | None
    ended: Instant | None
    reason: str | None
    stepped_up: Instant | None
    stepped_up_by: str | None
    claims: dict[str, str]


class SecretRow(Frozen):
    """What is stored of one secret of a token."""

    last6: str
    created: Instant
    ends: Instant | None
    first_used: Instant | None
    last_used: Instant | None
    used_from: str | None
    client: str | None


class TokenView(Frozen):
    """A token as lists and its owner see it."""

    token: Token
    secret: SecretRow
    owner: Subject
    actor: Subject | None = None


class Factor(Frozen):
    """A registered second means of one subject."""

    id: int
    uuid: str
    subject: int
    kind: str
    confirmed: bool
    created: Instant
    last_step: int


class SubjectView(Frozen):
    """A subject with what answers tell beside its row."""

    subject: Subject
    roles: tuple[Role, ...]
    factors: tuple[Factor, ...]
    has_password: bool
    must_change: bool
    locked_until: Instant | None
    locked_on: str | None
    realm: Realm


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
    """One showing of a factor for this wish; method `current` is the current password in clear."""

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
    key: str | None = None
    quiet: bool = False
    """The caller asks that this use be not noted, so that it does not keep an idle token alive."""
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
    bars: Callable[[Subject, str, Instant], str | None] | None = None
    """What bars the subject of a good token from this wire, in a word: by its attributes, address and time."""


class Ask(Frozen):
    """What a route asks of the one door: the command's type, how to read it, and this wire's order of steps."""

    command: type[Any]
    read: Callable[[Settings], Any]
    order: tuple[Step, ...] = DEFAULT_ORDER
    step_up: StepUpRule | None = None
    kinds: tuple[str, ...] = ("session", "personal", "api", "delegated")
    factor_at_login: bool = True
    """Whether this door can carry a second factor beside the password."""
    needs: str = ""
    """A right, `noun:action`, that the wire asks for here beside the command's own."""


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
    factor_shown: bool = False
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
