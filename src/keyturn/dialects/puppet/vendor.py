"""The product's own configuration file: what its `rbac` section means here, key by key."""

from collections.abc import Callable, Mapping
from typing import Any

from keyturn.core.settings import POLICY_CHECKS, Choices, Setting, check_policy, check_settings, whole
from keyturn.dialects.puppet.settings import PASSWORD_POLICY, SETTINGS

Listed = Callable[[str], list[str]]
"""The names in a file of them, one a line; ValueError with a sentence where it cannot be read."""

PREFIXES = ("puppet_enterprise::profile::console::", "rbac_", "rbac-")
NESTED = ("password-policy", "password-complexity", "password-rules")
ALLOWLISTS = ("certificate-whitelist", "certificate-allowlist")
LIVES = {
    "token-auth-lifetime": "puppet.token_lifetime",
    "token-default-lifetime": "puppet.token_lifetime",
    "token-lifetime": "puppet.token_lifetime",
    "token-maximum-lifetime": "puppet.token_maximum_lifetime",
    "maximum-lifetime": "puppet.token_maximum_lifetime",
}
UNITS = {
    "password-reset-expiration": ("puppet.password_reset_lifetime", 3600),
    "session-timeout": ("puppet.session_timeout", 60),
    "account-expiry-days": ("puppet.account_expiry_days", 1),
}
ATTEMPTS = "failed-attempts-lockout"
ROWS: dict[str, Setting] = {row.name: row for row in SETTINGS}


def choices(section: Mapping[str, Any], listed: Listed) -> Choices:
    """What the section chooses of policy and settings; keys that mean nothing here are named, faults told all at once.

    Shapes   a key may carry the class parameter's prefix, and _ for -
    """
    given = dict(_flat(section))
    policy: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    rules: dict[str, Any] = {}
    faults: list[str] = []
    ignored: list[str] = []
    for key, value in given.items():
        try:
            _read(key, value, policy, settings, rules, ignored, listed)
        except ValueError as error:
            faults.append(f"{key}: {error}")
    if rules:
        settings["puppet.password_policy"] = rules
    good, wrong = check_settings(ROWS, settings)
    policies, broken = check_policy(policy)
    faults += [f"{name}: {sentence}" for name, sentence in {**wrong, **broken}.items()]
    return Choices(policies, good, tuple(ignored), tuple(faults))


def _read(
    key: str, value: Any, policy: dict[str, Any], settings: dict[str, Any], rules: dict[str, Any], ignored: list[str],
    listed: Listed,
) -> None:  # fmt: skip
    parameter = key.replace("-", "_")
    if key == ATTEMPTS:
        policy["lockout_attempts"] = POLICY_CHECKS["lockout_attempts"](_number(value))
    elif key in UNITS:
        name, unit = UNITS[key]
        settings[name] = (_number(value) * unit) or None
    elif key in LIVES:
        # Without a unit it is seconds, and "0" is the longest there is: here, our own maximum.
        settings.update({} if str(value) == "0" else {LIVES[key]: str(value) if isinstance(value, int) else value})
    elif key in ALLOWLISTS:
        settings["puppet.client_cert_allowlist"] = value if isinstance(value, list) else listed(_text(value))
    elif parameter in PASSWORD_POLICY:
        rules[parameter] = PASSWORD_POLICY[parameter](_meant(value))
    else:
        ignored.append(key)


def _flat(section: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in section.items():
        key = _key(name)
        if key in NESTED and isinstance(value, dict):
            found += _flat(value)
        else:
            found.append((key, value))
    return found


def _key(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return "".join(c if c.isprintable() else "?" for c in name[:80]).replace("_", "-")


def _meant(value: Any) -> Any:
    """A number or truth value that stands in quotes."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value, int(value) if value.isdecimal() and len(value) < 8 else value)
    return value


def _number(value: Any) -> int:
    return whole(_meant(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("wants the name of a file, or a list of names")
    return value
