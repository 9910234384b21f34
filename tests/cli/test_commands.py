"""The commands: each does what its page says on both stores, data on stdout and words on stderr."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import PASSWORD, SQLITE, Shell


def jean(shell: Shell, *more: str) -> Any:
    """A user of that name."""
    return shell.done("user", "add", "jean", "--password-stdin", "--json", *more, stdin=PASSWORD).json()


def issued(shell: Shell) -> str:
    """The secret of a fresh token `ci` of jean."""
    return shell.done("token", "issue", "--for", "jean", "--name", "ci").out.strip()


# --- users


def test_a_user_from_first_to_last(shell: Shell) -> None:
    """Added, found, suspended, reinstated, given a password, reset, deleted."""
    made = jean(
        shell, "--email", "jean@example.test", "--display-name", "Jean", "--role", "Viewers", "--role", "Help Desk"
    )
    assert (made["login"], made["roles"], made["has_password"]) == ("jean", ["Viewers", "Help Desk"], True)
    assert "jean" in shell.done("user", "list").out
    assert [u["login"] for u in shell.done("user", "list", "--query", "jean@", "--json").json()["items"]] == ["jean"]
    for name in ("jean", "JEAN", made["id"]):
        assert shell.done("user", "show", name, "--json").json()["id"] == made["id"]
    assert "Jean" in shell.done("user", "show", "jean").out
    assert shell.done("user", "suspend", "jean").err == "jean is suspended.\n"
    assert shell.done("user", "suspend", "jean").err == "jean was suspended already.\n"
    assert shell.done("user", "reinstate", "jean", "--json").json() == {"login": "jean", "changed": True}
    assert shell.done("user", "unlock", "jean").err == "jean was not locked.\n"
    assert (
        "is set" in shell.done("user", "passwd", "jean", "--password-stdin", "--must-change", stdin="x" + PASSWORD).err
    )
    assert shell.done("user", "show", "jean", "--json").json()["must_change"]
    assert shell.done("user", "delete", "jean", "--yes").err == "jean is deleted.\n"
    assert shell("user", "show", "jean").code == 1


def test_the_first_administrator(shell: Shell) -> None:
    """`--admin` makes a Steward of the home realm, and the set-up code's file is gone."""
    shell.folder.mkdir()
    (shell.folder / "setup-code").write_text("old")
    said = shell.done("user", "add", "admin", "--admin", "--password-stdin", stdin=PASSWORD)
    assert said.err.startswith("Made the store") or said.err.startswith("Added admin, administrator of realm default.")
    assert not (shell.folder / "setup-code").exists()
    shown = shell.done("user", "show", "admin", "--json").json()
    assert (shown["roles"], shown["id"]) == (["Stewards"], "42bf351c-f9ec-40af-84ad-e976fec7f4bd")


def test_a_reset_token_is_the_only_data(shell: Shell) -> None:
    """One line on stdout, which is the token; words on stderr, without it."""
    jean(shell)
    said = shell.done("user", "reset", "jean", "--expires", "8h")
    assert said.out.startswith("ktr_")
    assert said.out.count("\n") == 1
    assert said.out.strip() not in said.err
    assert shell.done("user", "reset", "jean", "--json").json()["kind"] == "reset"


def test_a_machine_has_no_password(shell: Shell) -> None:
    """A service account is added without one being asked for."""
    made = shell.done("user", "add", "ci", "--service", "--json").json()
    assert (made["service"], made["has_password"]) == (True, False)
    assert "keyturn user reset jean" in shell.done("user", "add", "jean", "--no-password").err


@SQLITE
@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("user", "add", "jean"), "--password-stdin or --no-password"),
        (("user", "passwd", "jean"), "--password-stdin"),
        (("user", "delete", "jean"), "--yes"),
        (("user", "add", "jean", "--service", "--password-stdin"), "--password-stdin"),
        (("user", "add", "jean", "--admin", "--realm", "shop"), "--realm"),
        (("user", "reset", "jean", "--expires", "soon"), "--expires"),
        (("token", "issue", "--for", "jean"), "--name"),
        (("token", "show", "ci"), "--for"),
        (("token", "verify", "ktp_secret"), "stdin"),
        (("token", "verify", "-"), "stdin"),
        (("token", "rotate", "ci", "--for", "jean", "--out", "a", "--write", "b"), "--write"),
        (("realm", "set", "default"), "SETTING=VALUE"),
        (("realm", "set", "default", "novalue"), "NAME=VALUE"),
        (("realm", "set", "default", "rocketchat.create_token_secret=abc"), "stdin"),
        (("audit", "list", "--since", "yesterday"), "--since"),
        (("help", "nonsense"), "durations"),
        (("openapi", "klingon"), "native"),
    ],
)
def test_bad_usage(shell: Shell, words: tuple[str, ...], hint: str) -> None:
    """Exit 2, one sentence that names what would help, nothing on stdout."""
    said = shell(*words)
    assert (said.code, said.out) == (2, "")
    assert hint in said.err
    assert said.err.startswith("keyturn: ")
    assert shell(*words, "--json").code == 2


@SQLITE
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("user", "show", "nobody"), "not_found"),
        (("token", "revoke", "ci", "--for", "nobody"), "not_found"),
        (("user", "show", "jean", "--realm", "nowhere"), "realm_refused"),
        (("role", "show", "nothing"), "not_found"),
        (("role", "set", "Viewers", "--permission", "users:view:*"), "built_in"),
        (("policy", "set", "lockout_attempts=0"), "malformed"),
        (("policy", "set", "length=1"), "malformed"),
        (("realm", "set", "default", "pam360.http_status=maybe"), "malformed"),
        (("realm", "add", "default"), "conflict"),
        (("user", "add", "a b", "--no-password", "--email", "nobody"), "malformed"),
        (("token", "issue", "--for", "api_user", "--name", "x", "--dialect", "klingon"), "malformed"),
    ],
)
def test_a_refusal(shell: Shell, words: tuple[str, ...], code: str) -> None:
    """Exit 1 and a sentence on stderr; with --json the problem object with the reason as its code."""
    said = shell(*words)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("keyturn: ")
    again = shell(*words, "--json")
    assert again.code == 1
    assert again.problem()["code"] == code


@SQLITE
def test_a_weak_password_is_refused_without_being_told(shell: Shell) -> None:
    """The rule is named, the password is not."""
    said = shell("user", "add", "jean", "--password-stdin", stdin="short-one\n")
    assert said.code == 1
    assert "fewer than 15" in said.err
    assert "short-one" not in said.err


# --- realms, roles, policy, audit


def test_realms_and_settings(shell: Shell) -> None:
    """Added, listed, set by a word each, taken back, and shown without secrets."""
    made = shell.done("realm", "add", "shop", "--display-name", "Shop", "--host", "shop.test", "--json").json()
    assert (made["name"], made["hosts"]) == ("shop", ["shop.test"])
    assert "shop" in shell.done("realm", "list").out
    assert len(shell.done("realm", "list", "--json").json()["items"]) == 2
    words = ("rocketchat.profile=modern", "puppet.token_lifetime=15m", "quota.session=3", "pam360.token_in_query=false")
    shown = shell.done("realm", "set", "shop", *words, "puppet.client_cert_allowlist=a,b", "--json").json()["settings"]
    assert shown["rocketchat.profile"] == "modern"
    assert shown["puppet.token_lifetime"] == 900
    assert (shown["quota.session"], shown["pam360.token_in_query"]) == (3, False)
    assert shown["puppet.client_cert_allowlist"] == ["a", "b"]
    shell.done("realm", "set", "shop", "rocketchat.create_token_secret=-", stdin="very secret\n")
    said = shell.done("realm", "show", "shop")
    assert "very secret" not in said.out
    assert "(set)" in said.out
    back = shell.done("realm", "set", "shop", "rocketchat.profile=", "--json").json()["settings"]
    assert back["rocketchat.profile"] == "classic"
    assert "Shop Floor" in shell.done("realm", "set", "shop", "--display-name", "Shop Floor", "--json").out
    assert "very secret" not in shell.done("audit", "list", "--realm", "shop", "--json").out


def test_roles(shell: Shell) -> None:
    """Listed, made, shown."""
    assert "Stewards" in shell.done("role", "list").out
    said = shell.done(
        "role", "set", "Resetters", "--permission", "users:reset_password:*", "--description", "d", "--json"
    )
    assert said.json()["permissions"] == ["users:reset_password:*"]
    assert "users:reset_password:*" in shell.done("role", "show", "resetters").out
    assert "Resetters" in [r["name"] for r in shell.done("role", "list", "--json").json()["items"]]


def test_a_role_asks_for_a_factor(shell: Shell) -> None:
    """Said and taken back, of a built-in role too; without a choice it is bad usage."""
    assert shell.done("role", "require", "administrators", "--two-factor").err == (
        "Holders of Administrators need a second factor.\n"
    )
    assert "needed by its holders" in shell.done("role", "show", "Administrators").out
    told = shell.done("role", "require", "Administrators", "--no-two-factor", "--json").json()
    assert (told["name"], told["two_factor"]) == ("Administrators", False)
    assert shell.done("role", "require", "Viewers", "--no-two-factor").err == (
        "Holders of Viewers need no second factor.\n"
    )
    assert "not asked for" in shell.done("role", "show", "Administrators").out
    assert shell("role", "require", "Nothing", "--two-factor").code == 1
    assert (shell("role", "require", "Viewers").code, shell("role", "require").code) == (2, 2)
    rows = shell.done("audit", "list", "--verb", "roles:edit", "--json").json()["items"]
    assert [row["result"] for row in rows] == ["refused", "done", "done", "done"]


def test_policy(shell: Shell) -> None:
    """Shown and set, also by words that look like something else."""
    assert "lockout_attempts" in shell.done("policy", "show").out
    set_ = shell.done("policy", "set", "two_factor=off", "lockout_attempts=5", "totp_strict=true", "--json").json()
    assert (set_["two_factor"], set_["lockout_attempts"], set_["totp_strict"]) == ("off", 5, True)
    shell.done("policy", "set", "lockout_attempts=")
    assert shell.done("policy", "show", "--json").json()["lockout_attempts"] == 10


def test_the_record(shell: Shell) -> None:
    """What was done at the shell is in the audit log, newest first, and can be narrowed down and paged."""
    jean(shell)
    issued(shell)
    rows = shell.done("audit", "list", "--json").json()["items"]
    assert [row["verb"] for row in rows[:2]] == ["tokens:issue", "users:create"]
    assert rows[0]["client"].startswith("keyturn command line")
    assert "operator" in shell.done("audit", "list", "--verb", "tokens:issue", "--subject", "jean", "--since", "1h").out
    assert shell.done("audit", "list", "--since", "2100-01-01T00:00:00Z", "--json").json()["items"] == []
    page = shell.done("audit", "list", "--limit", "1", "--json").json()
    assert (
        shell.done("audit", "list", "--limit", "1", "--cursor", page["next_cursor"], "--json").json()["items"]
        != page["items"]
    )
    assert "--cursor" in shell.done("audit", "list", "--limit", "1").err


# --- apply


def test_apply(shell: Shell, tmp_path: Path) -> None:
    """A file from disk or stdin; secrets alone on stdout; with --json one object."""
    file = tmp_path / "boot.yaml"
    file.write_text("users:\n  - login: jean\n    roles: [Stewards]\n    tokens: [{name: deploy}]\n")
    shell.folder.mkdir()
    (shell.folder / "setup-code").write_text("old")
    said = shell.done("apply", str(file))
    assert said.out.startswith("default\tjean\tnative\tdeploy\tktp_")
    assert said.out.count("\n") == 1
    assert "added  user  default/jean" in said.err
    assert not (shell.folder / "setup-code").exists()
    again = shell.done("apply", "-", "--json", stdin=file.read_text()).json()
    assert again == {"changed": [], "kept": [], "secrets": []}
    assert shell("apply", str(tmp_path / "none.yaml")).code == 2


def test_apply_resets_passwords(shell: Shell) -> None:
    """Kept without the flag, overwritten with it."""
    text = f"users:\n  - login: jean\n    password: '{PASSWORD.strip()}'\n"
    shell.done("apply", "-", stdin=text)
    shell.done("user", "passwd", "jean", "--password-stdin", stdin="x" + PASSWORD)
    kept = shell.done("apply", "-", "--json", stdin=text).json()
    assert kept["kept"] == [{"realm": "default", "what": "password", "name": "jean", "action": "kept: changed since"}]
    assert "kept: changed since  password" in shell.done("apply", "-", stdin=text).err
    reset = shell.done("apply", "-", "--json", "--reset-passwords", stdin=text).json()
    assert reset["changed"] == [{"realm": "default", "what": "password", "name": "jean", "action": "reset"}]


def test_a_wrong_file_names_every_line(shell: Shell) -> None:
    """Exit 2, nothing on stdout, each fault with file, line and place; faults of the store's likewise."""
    said = shell("apply", "-", stdin="users:\n  - login: a\n    emial: x\n  - email: b\n")
    assert (said.code, said.out) == (2, "")
    assert "-:3: users[0].emial: is not known here" in said.err
    assert "-:4: users[1].login: is missing" in said.err
    rows = shell("apply", "-", "--json", stdin="users:\n  - login: a\n    roles: [Nope]\n").problem()
    assert rows["faults"] == [{"line": 3, "at": "users[0].roles[0]", "fault": "is no role of that realm"}]


# --- store and configuration


def test_the_store_is_brought_up(shell: Shell) -> None:
    """`db upgrade` says what it did."""
    assert "schema" in shell.done("db", "upgrade").err
    assert shell.done("db", "upgrade", "--json").json()["action"] == "current"


def test_a_store_is_made_where_one_is_asked_for(plain: Shell) -> None:
    """Reading makes none; adding a user does, its files being the owner's alone."""
    said = plain("user", "list")
    assert (said.code, said.out) == (1, "")
    assert "there is no store" in said.err
    plain.done("user", "add", "jean", "--no-password")
    for name in ("keyturn.db", "key"):
        assert stat.S_IMODE((plain.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(plain.folder.stat().st_mode) == 0o700


def test_a_lost_key_is_told(plain: Shell) -> None:
    """The store does not open without the key it was made with."""
    plain.done("user", "add", "jean", "--no-password")
    (plain.folder / "key").unlink()
    said = plain("user", "list")
    assert said.code == 1
    assert "sealing key" in said.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_store_is_left_alone(plain: Shell) -> None:
    """A SQLite file that belongs to somebody else is not opened beside its owner's server."""
    plain.done("user", "add", "jean", "--no-password")
    os.chown(plain.folder / "keyturn.db", 65534, 65534)
    said = plain("user", "list")
    assert said.code == 1
    assert "belongs to another user" in said.err


def test_configuration_is_checked_at_once(plain: Shell, tmp_path: Path) -> None:
    """Every fault in one go, exit 2; a sound one names what is not used yet and hides passwords."""
    file = tmp_path / "keyturn.toml"
    file.write_text('listen = 1\nnonsense = 2\n[tls]\ncert = "x"\n')
    said = plain.bare("config", "check", "--config", str(file))
    assert (said.code, said.out) == (2, "")
    for word in ("listen:", "nonsense:", "tls:"):
        assert word in said.err
    assert len(plain.bare("config", "check", "--config", str(file), "--json").problem()["faults"]) == 3
    file.write_text('database_direct = "postgresql://h/d"\ndatabase = "postgresql://u:hunter2@h/d"\n')
    sound = plain.bare("config", "check", "--config", str(file))
    assert sound.code == 0
    assert "database_direct is set but not used yet" in sound.err
    assert "hunter2" not in sound.err
    told = plain.bare("config", "check", "--config", str(file), "--json")
    assert "hunter2" not in told.out
    assert told.json()["not_used_yet"] == ["database_direct"]
    file.write_text('[tls]\ncert = "no-such-file"\nkey = "no-such-file"\n')
    assert "tls.cert" in plain.bare("config", "check", "--config", str(file)).err


# --- help


def test_help_is_there_for_every_command(plain: Shell) -> None:
    """Each command and group has a sentence, and examples where it takes words; nothing else is needed for it."""
    from keyturn.cli import ROWS

    top = plain.bare("--help")
    assert top.code == 0
    for name, row in ROWS.items():
        assert f"  {name}" in top.out
        command = row.load()
        said = plain.bare(name, "--help")
        assert said.code == 0
        assert "--json" in said.out
        for child in getattr(command, "commands", {}):
            inner = plain.bare(name, child, "--help")
            assert inner.code == 0
            assert "Examples" in inner.out
            assert "--data-dir" in inner.out


def test_a_wrong_word_hears_the_nearest(plain: Shell) -> None:
    """And what a later version has is said to be not there yet."""
    assert "Did you mean user?" in plain.bare("usr").err
    assert "Did you mean list?" in plain.bare("token", "lst").err
    later = ("doctor", "export x", "key rotate", "policy check", "policy apply nist-63b-4", "audit verify")
    for words in (*later, "audit export", "db backup f", "db restore f", "db check", "db purge"):
        said = plain.bare(*words.split())
        assert said.code == 2
        assert "not there yet" in said.err
    assert plain.bare("nothing-like-it").code == 2


def test_topics_and_version(plain: Shell) -> None:
    """What belongs to no single command."""
    from keyturn import __version__

    assert plain.bare("--version").out == f"keyturn {__version__}\n"
    for topic in plain.bare("help").out.split():
        assert plain.bare("help", topic).out
    assert plain.bare("openapi", "native").json()["openapi"] == "3.1.0"


@SQLITE
def test_streams_and_looks(shell: Shell) -> None:
    """-q is silent, --plain has tabs, colour comes only where it is asked for."""
    assert shell.done("-q", "user", "add", "jean", "--no-password").err == ""
    assert shell.done("user", "list", "--plain").out.splitlines()[-1].startswith("jean\tactive\t")
    assert "\x1b[" in shell.done("user", "list", "--color", "always").out
    assert "\x1b[" not in shell.done("user", "list").out
    assert shell.done("--json", "user", "show", "jean").json()["login"] == "jean"
