"""Idempotency: the same caller, key and wish hear the same outcome again, found before recognition."""

import hashlib
from typing import Any

import msgspec

from keyturn.core.digests import digest
from keyturn.core.outcomes import AnyOutcome, Denied, Reason
from keyturn.core.types import SECOND, Ask, Frozen, Instant, Presented, Realm, Secret
from keyturn.store import answers, realms
from keyturn.store.engine import Tx

KEPT = 600 * SECOND
REMEMBERED = 86_400 * SECOND


class Claim(Frozen):
    """A caller's key for one request; `seal` can be made again by that caller alone."""

    caller: bytes
    key: str
    request: bytes
    seal: bytes

    def __repr__(self) -> str:
        return "Claim(redacted)"


class Replay(Frozen):
    """What is to be answered instead of doing the wish again."""

    outcome: Any
    realm: Realm


def replayed(tx: Tx, presented: Presented, ask: Ask, now: Instant) -> Replay | None:
    """The stored answer under the presented key, if there is one for this caller.

    Safe     looked up by the digest of the presented secret, before recognition: a caller whose own token was
             just replaced hears its answer again, and nobody else can find or open it (rules.md 10)
    """
    if presented.key is None or presented.secret is None:
        return None
    found = answers.find(tx, digest(presented.secret), presented.key)
    realm = None if found is None else realms.by_id(tx, found.realm)
    if found is None or realm is None:
        return None
    wish = ask.read(realm.settings)
    if isinstance(wish, Denied):
        return Replay(wish, realm)
    claim = claim_of(tx, presented, wish)
    if claim.request != found.request:
        return Replay(Denied(Reason.IDEMPOTENCY_MISMATCH), realm)
    if found.created + KEPT <= now:
        return Replay(Denied(Reason.IDEMPOTENCY_EXPIRED), realm)
    return Replay(_decoded(answers.opened(found, presented.key, claim.seal)), realm)


def claim_of(tx: Tx, presented: Presented, wish: Any) -> Claim:
    """The claim a caller's key makes for this wish."""
    if presented.secret is None or presented.key is None:
        raise ValueError("only a caller with a token and a key claims an answer")
    caller = digest(presented.secret)
    # Keyed: a wish may hold a new password, and a bare digest of it could be searched in a copy of the store.
    request = tx.ring.keyed("request", request_digest(presented.dialect, wish))
    seal = tx.ring.answer_key(presented.secret.reveal().encode(), presented.key.encode(), request)
    return Claim(caller, presented.key, request, seal)


def request_digest(dialect: str, wish: Any) -> bytes:
    """SHA-256 over wire, command and encoded wish: what makes two requests the same."""
    body = msgspec.json.encode(wish, enc_hook=_reveal, order="sorted")
    parts = (dialect.encode(), type(wish).__name__.encode(), body)
    return hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in parts)).digest()


def take(tx: Tx, claim: Claim, realm: Realm, now: Instant) -> bool:
    """Whether the key is this wish's now; False when another one holds it."""
    return answers.claim(tx, claim.caller, claim.key, realm.id, claim.request, now)


def keep(tx: Tx, claim: Claim, outcome: Any) -> None:
    """The outcome is stored for its caller to ask again."""
    answers.keep(tx, claim.caller, claim.key, claim.seal, msgspec.json.encode(outcome, enc_hook=_reveal))


def purge(tx: Tx, now: Instant) -> None:
    """Outcomes are destroyed after ten minutes, keys forgotten after a day."""
    answers.purge(tx, Instant(now - KEPT), Instant(now - REMEMBERED))


def _decoded(text: bytes | None) -> Any:
    if text is None:
        return Denied(Reason.IDEMPOTENCY_EXPIRED)
    return msgspec.json.decode(text, type=AnyOutcome, dec_hook=_wrap)


def _reveal(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} is not encoded")


def _wrap(kind: type[Any], value: Any) -> Secret:
    # The one type of ours that outcomes hold; the decoder refuses it in any other's place.
    return Secret(value)
