"""The configuration: defaults, what wins over what, every fault at once, every key documented."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.cli.serving import relay
from keyturn.config import Config, Faulty, checks, file_faults, pepper, read, rows, unused
from keyturn.core.hashes import Argon2Rule
from keyturn.mail.addresses import mailbox

WHOLE = """\
listen = "[::1]:8443"
database = "postgresql://keyturn@db/keyturn"
database_direct = "postgresql://keyturn@db:5432/keyturn"
data_dir = "/var/lib/keyturn"
public_url = "https://id.example.test/"
trusted_proxies = ["10.0.0.7", "::1"]
log = "json"
log_level = "debug"
key_file = "/etc/keyturn/key"
[tls]
cert = "c.pem"
key = "k.pem"
client_ca = "ca.pem"
[mail]
host = "mail.example.test"
port = 25
user = "u"
password_file = "p"
tls = "none"
from = "id@example.test"
[limits]
header = "32KiB"
body = "1MiB"
deadline = "20s"
[argon2]
memory_kib = 65536
time = 3
parallelism = 2
concurrency = 4
pepper_file = "pepper"
[verdicts]
cache = "off"
[dialects]
pam360 = false
rocketchat = true
pyramid = true
puppet = false
console = true
[puppet]
config_file = "rbac.conf"
"""


def config(tmp_path: Path, text: str, environment: dict[str, str] | None = None, **flags: str) -> Config:
    """The configuration of a file of that text."""
    file = tmp_path / "keyturn.toml"
    file.write_text(text)
    return read(file, environment or {}, flags)


def faults(tmp_path: Path, text: str, environment: dict[str, str] | None = None, **flags: str) -> list[str]:
    """The keys that are wrong, in the order they are told."""
    with pytest.raises(Faulty) as caught:
        config(tmp_path, text, environment, **flags)
    return [fault.partition(":")[0] for fault in caught.value.faults]


def test_nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The defaults of the contract's page."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    found = read(None, {}, {})
    assert (found.listen, found.log) == ("127.0.0.1:8200", "console")
    assert found.folder() == tmp_path / "keyturn"
    assert found.database_url() == f"sqlite:///{tmp_path}/keyturn/keyturn.db"
    assert found.key() == tmp_path / "keyturn" / "key"
    assert (found.limits.header, found.limits.body, found.limits.deadline) == (16384, 262144, 10)
    assert found.rule() == Argon2Rule()
    assert found.off() == frozenset()
    assert unused(found) == []
    assert pepper(found) is None
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert found.folder() == tmp_path / ".local" / "share" / "keyturn"


def test_everything_said(tmp_path: Path) -> None:
    """Every key is read, and those that have no effect yet are known."""
    found = config(tmp_path, WHOLE)
    assert found.listen == "[::1]:8443"
    assert found.database_url() == "postgresql://keyturn@db/keyturn"
    assert found.public_url == "https://id.example.test"
    assert found.trusted_proxies == ("10.0.0.7", "::1")
    assert (found.limits.header, found.limits.body, found.limits.deadline) == (32768, 1048576, 20)
    assert found.rule() == Argon2Rule(65536, 3, 2)
    assert found.off() == {"pam360", "puppet"}
    assert found.mail.from_ == "id@example.test"
    assert found.key() == Path("/etc/keyturn/key")
    assert {"database_direct", "verdicts.cache"} <= set(unused(found))
    assert not {"public_url", *(f"mail.{name}" for name in ("host", "port", "from", "user", "tls"))} & set(
        unused(found)
    )


def test_a_sqlite_file_by_its_whole_name(tmp_path: Path) -> None:
    """Four slashes leave the data directory."""
    assert config(tmp_path, 'database = "sqlite:////srv/k.db"').database_url() == "sqlite:////srv/k.db"
    assert config(tmp_path, 'data_dir = "/d"').database_url() == "sqlite:////d/keyturn.db"


def test_variables_win_over_the_file_and_flags_over_both(tmp_path: Path) -> None:
    """Five variables; an empty one counts as absent, an unknown one is somebody else's."""
    variables = {
        "KEYTURN_DATABASE": "sqlite:///v.db", "KEYTURN_LISTEN": "127.0.0.1:1", "KEYTURN_DATA_DIR": "/v",
        "KEYTURN_KEY_FILE": "/v/k", "KEYTURN_LOG": "json", "KEYTURN_PORT": "tcp://10.0.0.1:80",
    }  # fmt: skip
    found = config(tmp_path, WHOLE, variables, listen="127.0.0.1:2")
    assert found.database_url() == "sqlite:////v/v.db"
    assert (found.listen, found.key(), found.log) == ("127.0.0.1:2", Path("/v/k"), "json")
    assert config(tmp_path, WHOLE, {"KEYTURN_LISTEN": ""}).listen == "[::1]:8443"
    assert faults(tmp_path, "", {"KEYTURN_LOG": "xml"}, database="mysql://x") == ["KEYTURN_LOG", "--database"]


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Unknown keys, wrong types, wrong values, what does not go together."""
    text = """\
listen = 8200
unknown = 1
log = "xml"
trusted_proxies = "10.0.0.1"
limits = 3
[tls]
cert = "c"
[argon2]
memory_kib = 1024
lanes = 1
[mail]
host = "h"
[dialects]
pam360 = "yes"
klingon = true
"""
    assert faults(tmp_path, text) == [
        "listen", "unknown", "log", "trusted_proxies", "limits", "argon2.lanes", "dialects.pam360", "dialects.klingon",
        "tls", "argon2", "mail.from", "public_url",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("listen", ['"x"', '"127.0.0.1"', '"::1:80"', '"a:99999"', '"a:b"']),
        ("database", ['"oracle://x"', '""', "3"]),
        ("database_direct", ['"sqlite:///x"']),
        ("public_url", ['"ftp://x"', '"id.test"', '"https://x/?a=1"', '"https://x/#a"', '"https://u:p@x"']),
        (
            "public_url",
            ['"https://"', '"https://:80"', '"https://x:y"', '"https://[::1"', '"https://a..b"', '"https://x/ y"'],
        ),
        (
            "mail.from",
            ['"id"', '"@x"', '"a@b, c@d"', '"A B"', '"a@b\\nBcc: c@d"', '"a b@c"', '"ä@b.test"', '"x <a@b>, c@d"'],
        ),
        ("mail.user", ['"ä"', "1"]),
        ("trusted_proxies", ['["proxy"]', '["10.0.0.0/8"]', "[1]"]),
        ("data_dir", ['"a\\u0000"', "1"]),
        ("limits.header", ['"16KB"', '"1GiB"', '"-1KiB"', "0", "true", "1.5", '"KiB"']),
        ("limits.deadline", ['"0s"', '"1h"', '"soon"', "true"]),
        ("argon2.memory_kib", ['"19456"', "1", "true"]),
        ("mail.port", ["0", "70000"]),
        ("verdicts.cache", ["true"]),
    ],
)
def test_a_wrong_value(tmp_path: Path, key: str, values: list[str]) -> None:
    """Each is refused under its key."""
    section, _, name = key.rpartition(".")
    for value in values:
        text = f"[{section}]\n{name} = {value}\n" if section else f"{name} = {value}\n"
        assert key in faults(tmp_path, text)


def test_what_is_no_file_of_ours(tmp_path: Path) -> None:
    """Missing, not TOML, not text: a fault, not a crash."""
    for file, data in (("none", None), ("bad", b"= ="), ("raw", b"\xff"), ("big", b"#" * 1_100_000)):
        path = tmp_path / file
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(Faulty):
            read(path, {}, {})


def test_files_are_looked_at(tmp_path: Path) -> None:
    """What a key names must be readable, and a pepper long enough."""
    found = config(tmp_path, f'[argon2]\npepper_file = "{tmp_path}/pepper"\n')
    assert [f.partition(":")[0] for f in file_faults(found)] == ["argon2.pepper_file"]
    (tmp_path / "pepper").write_text("short\n")
    assert file_faults(found) == ["argon2.pepper_file: holds fewer than 32 bytes"]
    (tmp_path / "pepper").write_text("p" * 40 + "\n")
    assert file_faults(found) == []
    assert pepper(found) == b"p" * 40


def test_mail_goes_together(tmp_path: Path) -> None:
    """A host wants a sender and the address that links begin with; a name wants a password; without a host, nothing."""
    assert faults(tmp_path, '[mail]\nhost = "h"\nuser = "u"\n') == ["mail.from", "public_url", "mail"]
    assert faults(tmp_path, '[mail]\npassword_file = "p"\n') == ["mail"]
    assert relay(config(tmp_path, 'public_url = "https://x"\n[mail]\nfrom = "a@b.test"\n')) is None


def test_the_mail_server(tmp_path: Path) -> None:
    """What the keys say is what mails are handed over by; the password is read from its file and shown to nobody."""
    (tmp_path / "p").write_text("hunter2 and more\n")
    found = config(tmp_path, WHOLE.replace('"p"', f'"{tmp_path}/p"').replace("id@example.test", "Id <id@example.test>"))
    mail = relay(found)
    assert mail is not None
    assert (mail.host, mail.port, mail.tls, mail.user) == ("mail.example.test", 25, "none", "u")
    assert (mail.sender, mail.public_url) == ("Id <id@example.test>", "https://id.example.test")
    assert mail.password.reveal() == "hunter2 and more"
    assert "hunter2" not in repr(mail)


@pytest.mark.parametrize("text", [b"", b"\n", "pä".encode(), b"a\x00b", b"\xff"])
def test_a_mail_password_is_plain(tmp_path: Path, text: bytes) -> None:
    """Nothing, or what no mail server could be told, is a fault before the start."""
    (tmp_path / "p").write_bytes(text)
    found = config(tmp_path, f'[mail]\nuser = "u"\npassword_file = "{tmp_path}/p"\n')
    assert file_faults(found) == ["mail.password_file: holds no password of plain letters"]


@pytest.mark.parametrize(
    "sender", ["a@b.test", "Keyturn <a@b.test>", '\\"Keyturn, Inc.\\" <a@b.test>', "Schlüssel <a@b.test>"]
)
def test_senders(tmp_path: Path, sender: str) -> None:
    """An address, with or without a name, that a mail can be from."""
    found = config(tmp_path, f'[mail]\nfrom = "{sender}"\n')
    assert mailbox(found.mail.from_).addr_spec == "a@b.test"


@given(st.text(alphabet='ab@.<>",;:()[]\\ ä+', max_size=14))
def test_a_sender_that_is_taken_can_be_written(text: str) -> None:
    """What the configuration takes as a sender, a mail can be from."""
    try:
        found = checks.sender(text)
    except ValueError:
        return
    assert not found or "@" in mailbox(found).addr_spec


def test_every_key_is_documented() -> None:
    """Each has values and a sentence, and the contract's keys are all there."""
    found: dict[str, Any] = {row.name: row for row in rows()}
    assert {"listen", "tls.cert", "mail.from", "limits.deadline", "argon2.pepper_file", "puppet.config_file"} <= set(
        found
    )
    for row in found.values():
        assert row.values
        assert row.sentence.endswith((".", "…"))
