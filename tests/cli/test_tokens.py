"""`keyturn token`: each command does what its page says on both stores, and no secret goes astray."""

import stat
from pathlib import Path

from tests.cli.shell import PASSWORD, SQLITE, Said, Shell


def jean(shell: Shell) -> None:
    """A user of that name."""
    shell.done("user", "add", "jean", "--password-stdin", stdin=PASSWORD)


def issued(shell: Shell, *more: str) -> str:
    """The secret of a fresh token `ci` of jean."""
    return shell.done("token", "issue", "--for", "jean", "--name", "ci", *more).out.strip()


def active(shell: Shell, secret: str) -> Said:
    """What `token verify` says of it."""
    return shell("token", "verify", "-", stdin=secret + "\n")


def test_a_token_from_first_to_last(shell: Shell) -> None:
    """Issued, verified, shown, rotated, revoked; the old secret is dead when the command returns."""
    jean(shell)
    first = issued(shell, "--scope", "introspect", "--expires", "30d")
    said = active(shell, first)
    assert said.code == 0
    assert said.out.startswith("active  jean  default  introspect  expires ")
    assert shell.done("token", "verify", "-", "--json", stdin=first).json()["username"] == "jean"
    (row,) = shell.done("token", "list", "--for", "jean", "--json").json()["items"]
    assert (row["name"], row["scopes"]) == ("ci", ["introspect"])
    assert "jean" in shell.done("token", "list").out
    assert shell.done("token", "show", "ci", "--for", "jean", "--json").json()["id"] == row["id"]
    assert "active" in shell.done("token", "show", row["id"]).out
    second = shell.done("token", "rotate", "ci", "--for", "jean", "--json").json()["token"]
    assert active(shell, first).code == 1
    assert active(shell, second).code == 0
    assert shell.done("token", "revoke", "ci", "--for", "jean").err == "Revoked ci.\n"
    gone = active(shell, second)
    assert (gone.code, gone.out) == (1, "not active\n")
    dead = shell("token", "verify", "-", "--json", stdin=second)
    assert (dead.code, dead.json()) == (1, {"active": False})
    assert "revoked" in shell.done("token", "show", row["id"]).out
    assert shell.done("token", "revoke", row["id"], "--json").json() == {"name": row["id"], "changed": False}


def test_a_scope_can_be_asked_for(shell: Shell) -> None:
    """A token that does not list the scope is not active for it."""
    jean(shell)
    secret = issued(shell, "--scope", "introspect")
    assert shell("token", "verify", "-", "--scope", "introspect", stdin=secret).code == 0
    assert shell("token", "verify", "-", "--scope", "users:view", stdin=secret).code == 1


def test_a_token_of_another_realm_is_found(shell: Shell) -> None:
    """The operator need not know in which realm it is."""
    shell.done("realm", "add", "shop", "--display-name", "Shop", "--host", "shop.test")
    shell.done("user", "add", "ann", "--no-password", "--realm", "shop")
    secret = shell.done("token", "issue", "--for", "ann", "--name", "ci", "--realm", "shop").out
    assert active(shell, secret.strip()).out.startswith("active  ann  shop")
    assert shell("token", "verify", "-", "--realm", "default", stdin=secret).code == 1


def test_a_token_of_another_wire(shell: Shell) -> None:
    """A secret of that wire's own form; of the api kind there is one."""
    jean(shell)
    said = shell.done("token", "issue", "--for", "jean", "--kind", "api", "--dialect", "pam360")
    assert len(said.out.strip()) == 36
    assert active(shell, said.out.strip()).code == 0
    assert shell("token", "issue", "--for", "jean", "--kind", "api", "--dialect", "pam360").code == 1


@SQLITE
def test_a_secret_goes_to_a_file(shell: Shell, tmp_path: Path) -> None:
    """`--out` never overwrites; `--write` replaces the file whole; both are the owner's alone."""
    jean(shell)
    file = tmp_path / "ci.token"
    said = shell.done("token", "issue", "--for", "jean", "--name", "ci", "--out", str(file))
    assert said.out == ""
    first = file.read_text()
    assert first.startswith("ktp_")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = shell("token", "rotate", "ci", "--for", "jean", "--out", str(file))
    assert again.code == 1
    assert file.read_text() == first
    assert active(shell, first.strip()).code == 0
    shell.done("token", "rotate", "ci", "--for", "jean", "--write", str(file))
    assert active(shell, first.strip()).code == 1
    assert active(shell, file.read_text().strip()).code == 0
    assert [p.name for p in tmp_path.iterdir() if "ci.token" in p.name] == ["ci.token"]


@SQLITE
def test_no_secret_is_made_that_cannot_be_kept(shell: Shell, tmp_path: Path) -> None:
    """A folder that is not there is met before the token is."""
    jean(shell)
    said = shell("token", "issue", "--for", "jean", "--name", "ci", "--out", str(tmp_path / "no" / "ci.token"))
    assert said.code == 1
    assert shell.done("token", "list", "--for", "jean", "--json").json()["items"] == []
