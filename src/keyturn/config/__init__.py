"""The configuration: one frozen value from a TOML file and a few variables, every key documented where it stands."""

import os
import ssl
import tomllib
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec.structs import replace

from keyturn.config import checks as k
from keyturn.config import hocon
from keyturn.config.checks import Key
from keyturn.core.hashes import Argon2Rule, strong_enough
from keyturn.core.settings import boolean, choice
from keyturn.core.types import Frozen, Secret

LARGEST_FILE = 1024**2
ENVIRONMENT = {
    "KEYTURN_DATABASE": "database",
    "KEYTURN_LISTEN": "listen",
    "KEYTURN_DATA_DIR": "data_dir",
    "KEYTURN_KEY_FILE": "key_file",
    "KEYTURN_LOG": "log",
}
"""Variables that win over the file; a flag of the command line wins over both."""


class Faulty(Exception):
    """Everything that is wrong with a configuration, at once."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


# --- the keys


class Tls(Frozen):
    """`[tls]`: serving https."""

    cert: Annotated[str, Key(k.path, "file", "The certificate, with those that lead to its root.")] = ""
    key: Annotated[str, Key(k.path, "file", "The private key of the certificate.")] = ""
    client_ca: Annotated[str, Key(k.path, "file", "Whose client certificates are asked for, and not demanded.")] = ""


class Mail(Frozen):
    """`[mail]`: the SMTP server that takes our mails."""

    host: Annotated[str, Key(k.text, "host", "Who takes our mails; without one none is sent.")] = ""
    port: Annotated[int, Key(k.port, "number", "Its port.")] = 587
    user: Annotated[str, Key(k.plain, "text", "The name to sign in with; empty for not signing in.")] = ""
    password_file: Annotated[str, Key(k.path, "file", "The file that holds the password.")] = ""
    tls: Annotated[
        str,
        Key(choice("starttls", "tls", "none"), "starttls, tls, none", "How it is encrypted; certificates are checked."),
    ] = "starttls"
    from_: Annotated[
        str, Key(k.sender, "address", "The sender: `keyturn@example.org` or `Keyturn <keyturn@example.org>`.")
    ] = ""


class Limits(Frozen):
    """`[limits]`: what a request may be."""

    header: Annotated[int, Key(k.size, "size", "Request line and headers of a request at most.")] = 16_384
    body: Annotated[int, Key(k.size, "size", "The body of a request at most.")] = 262_144
    deadline: Annotated[int, Key(k.span, "duration", "Until a request is whole, and again until it is answered.")] = 10


class Argon2(Frozen):
    """`[argon2]`: what a password hash costs."""

    memory_kib: Annotated[int, Key(k.within(8, 4_194_304), "number", "Memory of one hash, in KiB.")] = 19_456
    time: Annotated[int, Key(k.within(1, 1000), "number", "Passes over that memory.")] = 2
    parallelism: Annotated[int, Key(k.within(1, 64), "number", "Lanes of one hash.")] = 1
    concurrency: Annotated[int, Key(k.within(0, 256), "number", "Hashes at one time; 0 is one for each core.")] = 0
    pepper_file: Annotated[
        str, Key(k.path, "file", "A secret of 32 bytes or more that is mixed into every hash and kept off the store.")
    ] = ""


class Verdicts(Frozen):
    """`[verdicts]`: what is remembered of checked tokens."""

    cache: Annotated[str, Key(choice("on", "off"), "on, off", "Whether verdicts are remembered; not used yet.")] = "on"


class Dialects(Frozen):
    """`[dialects]`: the wires that are spoken beside the native one."""

    pam360: Annotated[bool, Key(boolean, "true, false", "PAM360 under /restapi.")] = True
    rocketchat: Annotated[bool, Key(boolean, "true, false", "Rocket.Chat under /api.")] = True
    pyramid: Annotated[bool, Key(boolean, "true, false", "Pyramid Analytics under /API3 and /API2.")] = True
    puppet: Annotated[bool, Key(boolean, "true, false", "Puppet Enterprise RBAC under /rbac-api.")] = True
    console: Annotated[bool, Key(boolean, "true, false", "The web console: so far the page of reset links.")] = True


class Puppet(Frozen):
    """`[puppet]`: what that product keeps in a file of its own."""

    config_file: Annotated[str, Key(k.path, "file", "That product's own rbac section, HOCON or TOML.")] = ""


class Config(Frozen):
    """The whole configuration, defaults filled in."""

    listen: Annotated[str, Key(k.address, "HOST:PORT", "Where the server listens.")] = "127.0.0.1:8200"
    database: Annotated[
        str, Key(k.database, "URL", "The store: sqlite:///FILE (relative to data_dir) or postgresql://…")
    ] = "sqlite:///keyturn.db"
    database_direct: Annotated[
        str, Key(k.other_database, "URL", "A way around a transaction pooler to the same store; not used yet.")
    ] = ""
    data_dir: Annotated[
        str, Key(k.path, "folder", "Where the key, the set-up code and SQLite are; default $XDG_DATA_HOME/keyturn.")
    ] = ""
    public_url: Annotated[str, Key(k.url, "URL", "Where people reach us: what links in mails begin with.")] = ""
    trusted_proxies: Annotated[
        tuple[str, ...], Key(k.addresses, "addresses", "Whose X-Forwarded-For counts; they may speak plain HTTP to us.")
    ] = ()
    log: Annotated[str, Key(choice("console", "json"), "console, json", "How log lines are written.")] = "console"
    log_level: Annotated[
        str, Key(choice("debug", "info", "warning", "error"), "debug, info, warning, error", "Which of them are.")
    ] = "info"
    key_file: Annotated[str, Key(k.path, "file", "The sealing key; default `key` in data_dir.")] = ""
    tls: Tls = Tls()
    mail: Mail = Mail()
    limits: Limits = Limits()
    argon2: Argon2 = Argon2()
    verdicts: Verdicts = Verdicts()
    dialects: Dialects = Dialects()
    puppet: Puppet = Puppet()

    def folder(self) -> Path:
        """The data directory."""
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return Path(self.data_dir or Path(data) / "keyturn").absolute()

    def database_url(self) -> str:
        """Where the store is, a SQLite file by its whole name."""
        if not self.database.startswith("sqlite:///"):
            return self.database
        return f"sqlite:///{self.folder() / self.database.removeprefix('sqlite:///')}"

    def key(self) -> Path:
        """The file of the sealing key."""
        return Path(self.key_file).absolute() if self.key_file else self.folder() / "key"

    def rule(self) -> Argon2Rule:
        """The cost of a password hash."""
        return Argon2Rule(self.argon2.memory_kib, self.argon2.time, self.argon2.parallelism)

    def off(self) -> frozenset[str]:
        """The wires that are switched off."""
        return frozenset(name for name in self.dialects.__struct_fields__ if not getattr(self.dialects, name))


class Row(Frozen):
    """One key as a page of documentation shows it."""

    name: str
    values: str
    default: Any
    sentence: str


# --- reading


def read(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> Config:
    """The configuration of file, variables and flags, the later winning.

    Denies   `Faulty` with everything that is wrong
    """
    faults: list[str] = []
    given = {} if file is None else _toml(file, faults)
    config: Config = _struct(Config, given, "", faults)
    above = {key: (environment[name], name) for name, key in ENVIRONMENT.items() if environment.get(name)}
    above |= {key: (value, f"--{key.replace('_', '-')}") for key, value in flags.items() if value is not None}
    for key, (value, name) in above.items():
        config = _over(config, key, value, name, faults)
    faults += _together(config)
    if faults:
        raise Faulty(faults)
    return config


def rows() -> tuple[Row, ...]:
    """Every key there is, in the order of the file."""
    return tuple(_rows(Config, Config(), ""))


def unused(config: Config) -> list[str]:
    """Keys that are set and have no effect yet, each with its sentence."""
    return [r.name for r in rows() if "not used yet" in r.sentence and value_of(config, r.name) != r.default]


def file_faults(config: Config) -> list[str]:
    """What is wrong with the files a configuration names: missing, unreadable, not what they should be."""
    named = {"tls.cert": config.tls.cert, "tls.key": config.tls.key, "tls.client_ca": config.tls.client_ca}
    named |= {"argon2.pepper_file": config.argon2.pepper_file, "mail.password_file": config.mail.password_file}
    faults = [f"{key}: {fault}" for key, name in named.items() if name and (fault := _unreadable(name))]
    if config.tls.client_ca and not faults and not _holds_certificates(config.tls.client_ca):
        faults.append("tls.client_ca: holds no certificate")
    if config.argon2.pepper_file and not faults and len(pepper(config) or b"") < 32:
        faults.append("argon2.pepper_file: holds fewer than 32 bytes")
    if config.mail.password_file and not faults and not _is_password(config):
        faults.append("mail.password_file: holds no password of plain letters")
    return faults


def foreign(config: Config) -> dict[str, Any]:
    """The `rbac` section of the other product's file, as it stands there; empty where none is named.

    Denies   `Faulty` for a file that cannot be read or has no such section
    """
    name = config.puppet.config_file
    if not name:
        return {}
    faults: list[str] = []
    read_in = _toml if name.endswith(".toml") else _hocon
    section = read_in(Path(name), faults).get("rbac")
    if not faults and not isinstance(section, dict):
        faults.append(f"{name}: has no section rbac")
    if faults or not isinstance(section, dict):
        raise Faulty([f"puppet.config_file: {fault}" for fault in faults])
    return section


def names_in(config: Config, file: str) -> list[str]:
    """The names in a file that the other product's file names, one a line; a relative name is looked for beside it."""
    try:
        text = (Path(config.puppet.config_file).parent / file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from error
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def mail_password(config: Config) -> Secret:
    """The password for the mail server; empty where there is none."""
    file = config.mail.password_file
    return Secret(Path(file).read_bytes().decode("ascii").strip() if file else "")


def pepper(config: Config) -> bytes | None:
    """The secret that is mixed into every password hash, if there is one."""
    return Path(config.argon2.pepper_file).read_bytes().strip() if config.argon2.pepper_file else None


def _toml(file: Path, faults: list[str]) -> dict[str, Any]:
    return _parsed(file, "TOML", tomllib.loads, faults)


def _hocon(file: Path, faults: list[str]) -> dict[str, Any]:
    return _parsed(file, "HOCON that is read here", hocon.parse, faults)


def _parsed(file: Path, what: str, parse: Callable[[str], dict[str, Any]], faults: list[str]) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise ValueError("is larger than 1 MiB")
        return parse(data.decode("utf-8"))
    except OSError as error:
        faults.append(f"{file}: {error.strerror}")
    except (ValueError, RecursionError) as error:
        faults.append(f"{file}: is no {what}: {error}")
    return {}


def _struct(kind: type[Any], given: Mapping[str, Any], at: str, faults: list[str]) -> Any:
    hints = {_spelled(name): (name, hint) for name, hint in typing.get_type_hints(kind, include_extras=True).items()}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in hints:
            faults.append(f"{at}{_shown(name)}: is not known")
            continue
        field, hint = hints[name]
        key = _key(hint)
        if key is None and not isinstance(value, dict):
            faults.append(f"{at}{name}: wants a section [{name}]")
        elif key is None:
            found[field] = _struct(hint, value, f"{at}{name}.", faults)
        else:
            _check(key, value, f"{at}{name}", found, field, faults)
    return kind(**found)


def _check(key: Key, value: Any, at: str, found: dict[str, Any], field: str, faults: list[str]) -> None:
    try:
        found[field] = key.check(value)
    except ValueError as error:
        faults.append(f"{at}: {error}")


def _over(config: Config, field: str, value: str, name: str, faults: list[str]) -> Config:
    key = _key(typing.get_type_hints(Config, include_extras=True)[field])
    found: dict[str, Any] = {}
    if key is not None:
        _check(key, value, name, found, field, faults)
    return replace(config, **found)


def _together(config: Config) -> list[str]:
    """What no key can say alone."""
    faults = []
    if bool(config.tls.cert) != bool(config.tls.key):
        faults.append("tls: cert and key go together")
    if not strong_enough(config.rule()):
        faults.append("argon2: is weaker than memory_kib = 19456 with time = 2, or 47104 with 1, or 12288 with 3")
    if config.mail.host and not config.mail.from_:
        faults.append("mail.from: is missing")
    if config.mail.host and not config.public_url:
        faults.append("public_url: is missing; links in mails begin with it")
    if bool(config.mail.user) != bool(config.mail.password_file):
        faults.append("mail: user and password_file go together")
    return faults


def _rows(kind: type[Any], default: Any, at: str) -> typing.Iterator[Row]:
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        key, value = _key(hint), getattr(default, name)
        if key is None:
            yield from _rows(hint, value, f"{at}{_spelled(name)}.")
        else:
            yield Row(f"{at}{_spelled(name)}", key.values, value, key.sentence)


def value_of(config: Any, name: str) -> Any:
    """The value of a key by its dotted name."""
    for part in name.split("."):
        config = getattr(config, "from_" if part == "from" else part)
    return config


def _key(hint: Any) -> Key | None:
    return next((part for part in getattr(hint, "__metadata__", ()) if isinstance(part, Key)), None)


def _spelled(name: str) -> str:
    # `from` is a word of Python's.
    return name.rstrip("_")


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:60])


def _is_password(config: Config) -> bool:
    try:
        return mail_password(config).reveal().isprintable() and mail_password(config) != Secret("")
    except UnicodeDecodeError:
        return False


def _holds_certificates(file: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError:
        return False
    return True


def _unreadable(name: str) -> str | None:
    try:
        with Path(name).open("rb") as stream:
            stream.read(1)
    except OSError as error:
        return f"{error.strerror}"
    return None
