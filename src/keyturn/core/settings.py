"""What a realm may choose: its policy, its settings, and how their values are checked."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "y": 31_536_000}
LONGEST = 100 * UNITS["y"]
KINDS_WITH_LIVES = ("session", "personal", "api", "delegated", "reset", "setup")


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules a realm lays on passwords, factors and guessing."""

    lockout_attempts: int = 10
    password_min_length: int = 15
    password_min_length_two_factor: int = 8
    two_factor: str = "optional"
    mail_codes: bool = False
    totp_strict: bool = False


class Setting(msgspec.Struct, frozen=True):
    """One settable thing of a realm: `check` gives the stored form or raises ValueError with a sentence."""

    name: str
    check: Callable[[Any], Any]
    default: Any
    values: str
    sentence: str


class Choices(msgspec.Struct, frozen=True):
    """What a file chose for the home realm, where that realm says nothing itself.

    Shapes   ignored: keys of it that mean nothing here; faults: what is wrong with it
    """

    policy: Mapping[str, Any] = {}
    settings: Mapping[str, Any] = {}
    ignored: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True):
    """The policy and settings in force in one realm, defaults filled in."""

    policy: Policy = Policy()
    values: Mapping[str, Any] = {}

    def flag(self, name: str) -> bool:
        """A true-or-false setting."""
        return self.values.get(name) is True

    def text(self, name: str) -> str:
        """A setting that is text; empty when unset."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A setting that is a count or a number of seconds; None when unset."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def floor(self, second_factor: bool) -> int:
        """The shortest password in code points: longer where the password is the only factor."""
        policy = self.policy
        return policy.password_min_length_two_factor if second_factor else policy.password_min_length


def duration(value: object) -> int:
    """Seconds of `30s`, `15m`, `8h`, `7d`, `1y` or a whole number; ValueError with a sentence otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("wants a duration such as 30s, 15m, 8h, 7d or whole seconds")
    text = str(value)
    match = re.fullmatch(r"([0-9]{1,12})([smhdy]?)", text)
    if match is None:
        raise ValueError("wants a duration such as 30s, 15m, 8h, 7d or whole seconds")
    seconds = int(match[1]) * UNITS[match[2] or "s"]
    if seconds > LONGEST:
        raise ValueError("is longer than a hundred years")
    return seconds


def boolean(value: object) -> bool:
    """A true-or-false value; ValueError with a sentence otherwise."""
    if not isinstance(value, bool):
        raise ValueError("wants true or false")
    return value


def whole(value: object) -> int:
    """A whole number from 0 to a million; ValueError with a sentence otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise ValueError("wants a whole number from 0 to 1000000")
    return value


def words(value: object) -> str:
    """A text without control characters; ValueError with a sentence otherwise."""
    if not isinstance(value, str) or len(value) > 1024 or not all(c.isprintable() for c in value):
        raise ValueError("wants text of at most 1024 printable characters")
    return value


def names(value: object) -> list[str]:
    """A list of texts; ValueError with a sentence otherwise."""
    if not isinstance(value, list) or len(value) > 1000:
        raise ValueError("wants a list of names")
    return [words(item) for item in value]


def mapping(value: object) -> dict[str, Any]:
    """A flat mapping of names to numbers, texts or true/false; ValueError with a sentence otherwise."""
    if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
        raise ValueError("wants a mapping of names to values")
    if not all(isinstance(v, (bool, int, str)) for v in value.values()):
        raise ValueError("wants numbers, texts or true/false as values")
    return value


def choice(*options: str) -> Callable[[object], str]:
    """A check that takes one of `options` alone."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in options:
            raise ValueError(f"wants one of: {', '.join(options)}")
        return value

    return check


def optional(check: Callable[[Any], Any]) -> Callable[[object], Any]:
    """The same check, with null for `unset`."""
    return lambda value: None if value is None else check(value)


GENERAL = (
    Setting("require_synchronous", boolean, False, "true, false", "Refuse changes while no standby confirms."),
    *(
        Setting(
            f"lifetimes.{kind}.{end}",
            optional(duration),
            None,
            "duration",
            f"The {'usual' if end == 'default' else 'longest'} life of {kind} tokens.",
        )
        for kind in KINDS_WITH_LIVES
        for end in ("default", "max")
    ),
    *(
        Setting(f"quota.{kind}", optional(whole), None, "number", f"Live {kind} tokens one subject may hold.")
        for kind in ("session", "personal", "delegated")
    ),
)

POLICY_CHECKS: dict[str, Callable[[Any], Any]] = {
    "lockout_attempts": whole,
    "password_min_length": whole,
    "password_min_length_two_factor": whole,
    "two_factor": choice("off", "optional", "required"),
    "mail_codes": boolean,
    "totp_strict": boolean,
}

POLICY_SENTENCES = {
    "lockout_attempts": "Failures in a row that lock an account's factor.",
    "password_min_length": "The shortest password where it is the only factor, in characters.",
    "password_min_length_two_factor": "The shortest password where `two_factor` is `required`.",
    "two_factor": "Whether second factors are asked for: never, of those who have one, or of everybody.",
    "mail_codes": "Whether a code sent by mail may be a second step on the native wire.",
    "totp_strict": "Whether only the code of the current half minute counts, and neither neighbour.",
}


def defaults(rows: Iterable[Setting]) -> dict[str, Any]:
    """Every setting's value where a realm says nothing."""
    return {row.name: row.default for row in rows}


def check_settings(rows: Mapping[str, Setting], given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The stored form of the given settings, and a sentence for each name that is wrong."""
    good: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, value in given.items():
        row = rows.get(name)
        if row is None:
            faults[name] = "is not a setting"
            continue
        try:
            good[name] = row.check(value)
        except ValueError as error:
            faults[name] = str(error)
    return good, faults


def check_policy(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The stored form of the given policy, and a sentence for each name that is wrong."""
    good: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, value in given.items():
        check = POLICY_CHECKS.get(name)
        if check is None:
            faults[name] = "is not a policy"
            continue
        try:
            good[name] = check(value)
        except ValueError as error:
            faults[name] = str(error)
    faults.update({n: s for n, s in _policy_bounds(good).items() if n not in faults})
    return good, faults


def _policy_bounds(good: Mapping[str, Any]) -> dict[str, str]:
    # The ceiling of 100 is NIST SP 800-63B-4 section 3.2.2; below one attempt nobody could sign in.
    faults = {}
    if not 1 <= good.get("lockout_attempts", 10) <= 100:
        faults["lockout_attempts"] = "wants a whole number from 1 to 100"
    for name in ("password_min_length", "password_min_length_two_factor"):
        if not 1 <= good.get(name, 15) <= 256:
            faults[name] = "wants a whole number from 1 to 256"
    return faults
