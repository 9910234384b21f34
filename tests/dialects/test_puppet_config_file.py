"""The product's own configuration file: what each key of it means, all faults at once, and the home realm under it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keyturn.app import catalogue
from keyturn.cli.door import foreign_choices
from keyturn.config import read
from keyturn.core.settings import Choices
from keyturn.dialects.puppet.vendor import choices
from keyturn.store.instance import open_store
from keyturn.store.realms import all_realms
from tests.houses import KEY, household

HOCON = """
rbac: {
  # brought along
  failed-attempts-lockout: 4
  password-reset-expiration: 12
  session-timeout: 45
  account-expiry-days: 90
  account-expiry-check-minutes: 60
  token-auth-lifetime: "2h"
  token-maximum-lifetime: "30d"
  certificate-whitelist: "list.txt"
  password-minimum-length: 6
  letters-required: "2"
  ds-trust-chain: "/etc/chain.pem"
}
"""
TOML = """
[rbac]
rbac_failed_attempts_lockout = 4
rbac_password_reset_expiration = 12
rbac_session_timeout = 45
"puppet_enterprise::profile::console::rbac_account_expiry_days" = 90
rbac_account_expiry_check_minutes = 60
rbac_token_auth_lifetime = "2h"
rbac_token_maximum_lifetime = "30d"
certificate-allowlist = ["console.example.test", "scripts.example.test"]
ds-trust-chain = "/etc/chain.pem"
[rbac.password-policy]
password_minimum_length = 6
letters_required = 2
"""
POLICY = {"lockout_attempts": 4}
SETTINGS = {
    "puppet.password_reset_lifetime": 12 * 3600,
    "puppet.session_timeout": 45 * 60,
    "puppet.account_expiry_days": 90,
    "puppet.token_lifetime": 2 * 3600,
    "puppet.token_maximum_lifetime": 30 * 86_400,
    "puppet.client_cert_allowlist": ["console.example.test", "scripts.example.test"],
    "puppet.password_policy": {"password_minimum_length": 6, "letters_required": 2},
}


def chosen(folder: Path, name: str, text: str) -> Choices:
    """What a configuration that names a file with that text makes of it."""
    (folder / name).write_text(text)
    (folder / "list.txt").write_text("console.example.test\n# a comment\n\nscripts.example.test # too\n")
    config = folder / "keyturn.toml"
    config.write_text(f'[puppet]\nconfig_file = "{folder / name}"\n')
    return foreign_choices(read(config, {}, {}))


@pytest.mark.parametrize(("name", "text"), [("rbac.conf", HOCON), ("rbac.toml", TOML)])
def test_every_key_means_a_setting(tmp_path: Path, name: str, text: str) -> None:
    """HOCON and TOML, keys of the file and of the class parameters, flat and nested, say the same."""
    found = chosen(tmp_path, name, text)
    assert (found.faults, found.policy, found.settings) == ((), POLICY, SETTINGS)
    assert set(found.ignored) == {"account-expiry-check-minutes", "ds-trust-chain"}


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Each with its key, none with what stands there."""
    text = """rbac { failed-attempts-lockout: 0, session-timeout: soon, token-auth-lifetime: "1 week",
      certificate-whitelist: "none.txt", letters_required: many, number_of_previous_passwords: 900 }"""
    faults = chosen(tmp_path, "rbac.conf", text).faults
    assert [fault.split(": ")[1] for fault in faults] == [
        "session-timeout", "certificate-whitelist", "letters-required", "number-of-previous-passwords",
        "puppet.token_lifetime", "lockout_attempts",
    ]  # fmt: skip
    assert not any("soon" in fault or "1 week" in fault or "many" in fault.split(": ", 2)[2] for fault in faults)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("rbac.conf", "a = ${b}", "line 1"),
        ("rbac.conf", "web {}", "has no section rbac"),
        ("rbac.toml", "=", "is no TOML"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    """One sentence says what is wrong with it."""
    (fault,) = chosen(tmp_path, name, text).faults
    assert fault.startswith("puppet.config_file: ")
    assert sentence in fault


def test_a_lifetime_of_zero_is_our_longest() -> None:
    """`0` asks for the longest there is, and that is what nothing said means here."""
    found = choices({"token-maximum-lifetime": "0", "session-timeout": 0}, list)
    assert found.settings == {"puppet.session_timeout": None}


def test_the_home_realm_has_it_until_it_chooses(database_url: str, tmp_path: Path) -> None:
    """The file's choices are in force in the home realm alone, and the realm's own win."""
    with household(database_url, tmp_path / KEY) as house:
        house.realm("shop")
        house.choose(puppet__session_timeout=600)
    home = Choices(POLICY, SETTINGS)
    store, _ = open_store(database_url, tmp_path / KEY, catalogue(home))
    try:
        found: dict[str, Any] = {realm.name: realm.settings for realm in store.read(all_realms)}
    finally:
        store.close()
    assert found["default"].policy.lockout_attempts == 4
    assert found["default"].number("puppet.account_expiry_days") == 90
    assert found["default"].number("puppet.session_timeout") == 600
    assert found["shop"].policy.lockout_attempts == 10
    assert found["shop"].number("puppet.account_expiry_days") is None


def test_the_command_line_says_what_it_makes_of_it(tmp_path: Path) -> None:
    """`config check` names every fault, or the keys that mean nothing here."""
    chosen(tmp_path, "rbac.conf", HOCON)
    sound = checked(tmp_path)
    assert sound.returncode == 0
    assert "ds-trust-chain means nothing here" in sound.stderr
    chosen(tmp_path, "rbac.conf", "rbac { session-timeout: soon }")
    broken = checked(tmp_path)
    assert broken.returncode == 2
    assert "puppet.config_file: session-timeout: wants" in broken.stderr


def checked(folder: Path) -> "subprocess.CompletedProcess[str]":
    """What `keyturn config check` made of the configuration there."""
    line = [sys.executable, "-m", "keyturn", "--config", str(folder / "keyturn.toml"), "config", "check"]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
