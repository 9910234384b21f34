"""Laws about clear text: a secret is wrapped from birth, and neither it nor what holds it is ever shown."""

import copy
import inspect
import io
import json
import logging
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from keyturn.core import commands, imports, outcomes, plan, types
from keyturn.core.hashes import Attempt
from keyturn.core.types import Frozen, LoginProof, Presented, Proof, Ready, Secret
from keyturn.perform.answers import Claim
from keyturn.perform.hashing import Hasher
from keyturn.store.sealing import KeyRing
from keyturn.wire import Request, json_response
from tests.houses import WEAK

CANARY = "canary-7f3a9c-very-secret"
KEY = CANARY.encode().ljust(32, b"!")
HOLDERS: dict[str, Callable[[], Any]] = {
    "secret": lambda: Secret(CANARY),
    "in a tuple": lambda: (Secret(CANARY),),
    "in a dict": lambda: {"x": Secret(CANARY)},
    "presented": lambda: Presented(
        "native",
        Secret(CANARY),
        login=LoginProof("x", Secret(CANARY), Secret(CANARY)),
        proof=Proof("totp", Secret(CANARY)),
    ),
    "ready": lambda: Ready(commands.ChangePassword(Secret(CANARY)), (Secret(CANARY),)),
    "attempt": lambda: Attempt(CANARY, CANARY),
    "key ring": lambda: KeyRing(KEY),
    "used key ring": lambda: _used(KeyRing(KEY)),
    "claim": lambda: Claim(b"", "", b"", KEY),
    "hasher": lambda: _closed(Hasher(WEAK, KEY, threads=1)),
}
ENCODERS = (pickle.dumps, json.dumps, msgspec.json.encode, msgspec.msgpack.encode, copy.deepcopy)
SHOWN = (repr, str, "{}".format, lambda held: f"{held!r:>9}", ascii)


@pytest.mark.parametrize("holder", HOLDERS)
def test_clear_text_is_not_shown(holder: str) -> None:
    """Neither repr, str, format nor a log line shows a secret, whatever holds it."""
    held = HOLDERS[holder]()
    for show in SHOWN:
        told: Any = show
        assert CANARY not in told(held)
    lines = io.StringIO()
    log = logging.getLogger("test of secrets")
    log.addHandler(logging.StreamHandler(lines))
    log.warning("%s %r", held, held)
    assert CANARY not in lines.getvalue()


@pytest.mark.parametrize("holder", [name for name in HOLDERS if name not in ("attempt", "claim")])
@pytest.mark.parametrize("encode", ENCODERS, ids=lambda f: f.__module__)
def test_clear_text_is_not_encoded(holder: str, encode: Callable[[Any], Any]) -> None:
    """What would write a secret out refuses, or writes nothing of it; only a wire's own writer reveals."""
    held = HOLDERS[holder]()
    try:
        written = encode(held)
    except (TypeError, NotImplementedError, pickle.PicklingError):
        return
    assert isinstance(written, (str, bytes)), "it was copied"
    assert CANARY.encode() not in (written.encode() if isinstance(written, str) else written)


def test_a_wire_reveals() -> None:
    """A wire's own writer is the one place where the clear text leaves."""
    assert json_response({"token": Secret(CANARY)}).body == f'{{"token":"{CANARY}"}}'.encode()
    with pytest.raises(TypeError):
        json_response({"token": KeyRing(KEY)})


def test_secrets_are_compared_by_their_text() -> None:
    """Two wrappings of one text are equal, a text is not, and nothing is keyed by a secret."""
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret(CANARY + "!")
    assert Secret("\udcff") == Secret("\udcff")
    assert Secret(CANARY) != CANARY
    with pytest.raises(TypeError):
        hash(Secret(CANARY))


SECRET_NAMES = {"password", "secret", "token", "code", "codes", "seed", "passwords", "digest"}
NOT_CLEAR = {
    "Actor": ("secret", "digest", "token"),
    "AuditRow": ("token",),
    "ArrivingToken": ("digest",),
    "Imported": ("passwords", "codes"),
    "PlannedToken": ("digest",),
    "Presented": ("digest",),
    "Result": ("token",),
    "SelfShown": ("token",),
    "StepUpRule": ("digest",),
    "TokenView": ("token", "secret"),
}
STRUCTS = [
    pytest.param(value, id=value.__name__)
    for module in (commands, imports, outcomes, plan, types)
    for value in vars(module).values()
    if inspect.isclass(value) and issubclass(value, Frozen) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", STRUCTS)
def test_what_sounds_secret_is_wrapped(kind: Any) -> None:
    """No field of a command, outcome, plan or noun that is named like a secret is bare text."""
    bare = [
        field.name
        for field in msgspec.structs.fields(kind)
        if field.name in SECRET_NAMES
        and field.name not in NOT_CLEAR.get(kind.__name__, ())
        and "Secret" not in str(field.type)
        and "TokenRef" not in str(field.type)
    ]
    assert bare == []


def test_a_request_shows_no_header() -> None:
    """A request, as a traceback would show it, is an address and no more."""
    request = Request("GET", "/", "", [(b"authorization", CANARY.encode())], CANARY.encode())
    assert CANARY not in repr(request)
    assert CANARY not in str(request)
    assert CANARY not in repr(request.secret("authorization"))


def _used(ring: KeyRing) -> KeyRing:
    ring.derive("anything")
    return ring


def _closed(hasher: Hasher) -> Hasher:
    hasher.close()
    return hasher
