"""What a call of the Rocket.Chat wire must ask for, in plain Python: from the contract, not from the program."""

from typing import NamedTuple

PEOPLE_MAY_SHOW = ("totp", "email")
WINDOW = 1800
MAILED, TRIES = 3600, 5


class Code:
    """A code that was mailed."""

    def __init__(self, text: str, now: float) -> None:
        self.text, self.until, self.tries, self.used = text, now + MAILED, 0, False

    def works(self, now: float) -> bool:
        """Whether showing it is any good."""
        return not self.used and self.tries < TRIES and now < self.until


class Account:
    """Somebody's second factors, as they stand."""

    def __init__(self, created: float) -> None:
        self.created = created
        self.totp, self.mail, self.verified, self.password = "off", False, True, True
        self.last_step = -1
        self.recovery: set[str] = set()
        self.code: Code | None = None

    def methods(self) -> tuple[str, ...]:
        """What may be asked of them, the strongest first."""
        on = {"totp": self.totp == "on", "email": self.mail and self.verified}
        return tuple(method for method in PEOPLE_MAY_SHOW if on[method])


class Bearer:
    """A token, and the proof that was shown for it last."""

    def __init__(self, kind: str, *, bypass: bool = False) -> None:
        self.kind, self.bypass = kind, bypass
        self.proved: float | None = None
        self.origin = ("", "")
        self.enrols = False
        """Whether it was opened where a factor is due, and does nothing but take one on."""

    def prove(self, now: float, origin: tuple[str, str]) -> None:
        """A proof was right just now, from there."""
        self.proved, self.origin = now, origin


class Place:
    """What the realm chose."""

    def __init__(self) -> None:
        self.policy, self.fallback, self.grace, self.profile = "optional", True, False, "classic"


class Call(NamedTuple):
    """One call: whether its route wants a proof of its own each time, or the authenticator's whatever else holds."""

    method: str
    origin: tuple[str, str]
    forgets: bool = False
    strict: bool = False
    fallback: bool = True
    """Whether the password will do where there is no factor."""


def must_show(account: Account, bearer: Bearer, place: Place, call: Call, now: float) -> str | None:
    """The method that this call must be asked for; None where it may go on without a proof."""
    if place.policy == "off":
        return None
    methods = account.methods()
    if call.strict:
        return "totp" if "totp" in methods else None
    if bearer.bypass:
        return None
    if place.grace and not methods and now < account.created + WINDOW:
        return None
    proved = bearer.proved is not None and now < bearer.proved + WINDOW and bearer.origin == call.origin
    if proved and not call.forgets:
        return None
    if methods:
        return call.method if call.method in methods else methods[0]
    return "password" if call.fallback and place.fallback and account.password else None


def must_show_at_login(account: Account, place: Place, method: str) -> str | None:
    """The method that a sign-in with the right password must be asked for."""
    methods = account.methods() if place.policy != "off" else ()
    return method if method in methods else methods[0] if methods else None
