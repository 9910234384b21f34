"""The command line at the one door: configuration read, store opened, a wish presented as `local`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from keyturn.cli.frame import MISUSED, Trouble, shared, warn
from keyturn.config import Config, Faulty, foreign, names_in, pepper, read
from keyturn.core.outcomes import REASONS, Challenge, Denied, Fields, Named, Reason
from keyturn.core.settings import Choices
from keyturn.core.types import Ask, Presented, RealmRef

if TYPE_CHECKING:
    from keyturn.perform import House

AGENT = f"keyturn command line, user {os.getuid()}"
WORDS = {
    "login": "that login is taken",
    "email": "that mail address is taken",
    "name": "that name is taken",
    "hosts": "a host name means another realm",
    "realm": "there is no such realm",
}


def config() -> Config:
    """The configuration of this command line; every fault at once otherwise."""
    named = shared("config") or os.environ.get("KEYTURN_CONFIG")
    flags = {"database": shared("database"), "data_dir": shared("data_dir"), "listen": shared("listen")}
    try:
        return read(Path(named) if named else None, os.environ, flags)
    except Faulty as error:
        raise bad_config(error.faults) from error


def home_choices(config: Config) -> Choices:
    """What the other product's file chooses for the home realm; every fault of it at once otherwise."""
    found = foreign_choices(config)
    if found.faults:
        raise bad_config(list(found.faults))
    return found


def foreign_choices(config: Config) -> Choices:
    """The same, with what is wrong among it."""
    from keyturn.dialects.puppet.vendor import choices

    try:
        found = choices(foreign(config), lambda file: names_in(config, file))
    except Faulty as error:
        return Choices(faults=tuple(error.faults))
    return replace(found, faults=tuple(f"puppet.config_file: {fault}" for fault in found.faults))


def bad_config(faults: list[str]) -> Trouble:
    """The end of a command whose configuration is wrong."""
    problem = {"code": "bad_config", "title": "The configuration is wrong", "faults": faults}
    return Trouble("the configuration is wrong.", faults, "keyturn config check", MISUSED, problem)


@contextmanager
def opened(config: Config, make: bool = False) -> "Iterator[House]":
    """The house on the configured store, closed afterwards; `make` says whether a store may be made.

    Denies   `Trouble` in a sentence: no store, not ours to write, another key, another schema
    """
    from keyturn.app import catalogue
    from keyturn.perform import House
    from keyturn.perform.hashing import Hasher
    from keyturn.store import instance
    from keyturn.store.engine import Unavailable

    url = config.database_url()
    ours(config, make)
    try:
        store, new = instance.open_store(url, config.key(), catalogue(home_choices(config)))
    except (instance.Refused, Unavailable) as error:
        raise refused(str(error)) from error
    hasher = Hasher(config.rule(), pepper(config), config.argon2.concurrency)
    if new:
        warn(f"Made the store {shown_url(url)}")
    try:
        yield House(store, hasher, lambda *use: None, settle=lambda committed: None)
    finally:
        hasher.close()
        store.close()


def ours(config: Config, make: bool) -> None:
    """The SQLite file is there, or may be made, and belongs to this user.

    Safe     a file that another user's server writes gets no second owner of its log beside it
    """
    from keyturn.store import instance

    if make:
        config.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    url = config.database_url()
    if not url.startswith("sqlite:"):
        return
    path = instance.sqlite_path(url)
    if not path.exists() and not make:
        raise Trouble(f"there is no store at {path}.", hint="keyturn serve, or keyturn user add NAME --admin")
    if path.exists() and path.stat().st_uid != os.geteuid():
        raise Trouble(f"{path} belongs to another user; run this as its owner.")


def refused(sentence: str) -> Trouble:
    """The end of a command whose store cannot be opened."""
    hint = "keyturn db upgrade" if "db upgrade" in sentence else ""
    return Trouble(f"{sentence}.", hint=hint, problem={"code": "store_refused", "title": sentence})


def wish(house: "House", command: Any, what: str, realm: str | None = None) -> Any:
    """The outcome of a wish of the operator; `what` did not happen, and why, otherwise."""
    outcome = ask(house, command, realm)
    if isinstance(outcome, Denied):
        raise denied(outcome, what)
    return outcome


def ask(house: "House", command: Any, realm: str | None = None) -> Any:
    """The outcome of a wish of the operator, refusals included."""
    from keyturn.perform import perform

    named = None if realm is None else RealmRef("name", realm)
    presented = Presented("native", local=True, realm=named, agent=AGENT)
    return perform(house, presented, Ask(type(command), lambda settings: command)).outcome


def wished(command: Any, what: str, realm: str | None = None, make: bool = False) -> Any:
    """The same, with the store opened for this one wish."""
    with opened(config(), make) as house:
        return wish(house, command, what, realm)


def denied(outcome: Denied, what: str) -> Trouble:
    """The end of a command that was refused: what did not happen, and why."""
    why = [REASONS[outcome.reason]]
    note = outcome.note
    if isinstance(note, Fields):
        why = [f"{name}: {sentence}" for name, sentence in note.fields.items()]
    elif isinstance(note, Named) and outcome.reason is Reason.CONFLICT:
        why = [WORDS.get(note.what, f"{note.what} is taken")]
    elif isinstance(note, Challenge):
        why.append(f"asked for: {', '.join(note.methods or (note.method,))}")
    if outcome.reason is Reason.REALM_REFUSED:
        why = [WORDS["realm"]]
    return Trouble(f"{what}.", why, problem=problem(outcome))


def problem(outcome: Denied) -> bytes:
    """The problem object, as the native API tells it."""
    from keyturn.core.settings import Settings
    from keyturn.dialects.native.refusals import REFUSALS
    from keyturn.wire import Request

    return REFUSALS[outcome.reason](outcome, None, Settings(), Request("", "", "", [], b"")).body


def shown_url(url: str) -> str:
    """A database URL without the password in it."""
    from keyturn.http.logs import IN_URL

    return IN_URL.sub(r"\1:…@", url)


def stdin_secret() -> str:
    """The first line of stdin; what a shell's here-string adds is left off."""
    line = sys.stdin.readline()
    text = line.removesuffix("\n").removesuffix("\r")
    if not text:
        raise Trouble("nothing came on stdin.", exit_code=MISUSED)
    return text
