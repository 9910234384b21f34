"""A36: nothing that can be made from what is public, or from somebody else's key, is a credential."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.digests import checksum, digest
from keyturn.core.outcomes import Reason
from keyturn.core.types import Presented, Secret
from keyturn.dialects import DIALECTS
from keyturn.store.sealing import make_key
from tests.houses import Held, Household, reason
from tests.served import Served

WIRES = [d.name for d in DIALECTS]


def b64(value: Any) -> str:
    """A part of a JSON web token."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def web_tokens(held: Held) -> Iterator[str]:
    """JSON web tokens by every trick in the book, for the owner of that token."""
    claims = {"sub": held.view.owner.uuid, "exp": 2**40, "iss": "keyturn", "token": held.view.token.uuid, "admin": True}
    for alg in ("none", "None", "NONE", "nOnE", "", "HS256", "RS256", "ES256"):
        head = {"alg": alg, "typ": "JWT", "kid": "../../../../dev/null"}
        signed = f"{b64(head)}.{b64(claims)}"
        for key in (b"", b"secret", held.view.token.uuid.encode()):
            yield f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"
        yield f"{signed}."
    for more in (
        {"crit": ["x"]},
        {"jku": "https://x.example/k"},
        {"jwk": {"kty": "oct", "k": ""}},
        {"x5u": "file:///x"},
    ):
        yield f"{b64({'alg': 'HS256', **more})}.{b64(claims)}.{b64(b'x')}"
    yield "v2.local.AAAA"
    yield "eyJhbGciOiJkaXIifQ....x"


def derived(held: Held) -> Iterator[str]:
    """What somebody could make of all that lists and logs show of a token and its owner."""
    token, owner, row = held.view.token, held.view.owner, held.view.secret
    key = digest(held.secret)
    public = (token.uuid, owner.uuid, owner.handle, owner.login, str(owner.number), str(token.id), row.last6)
    yield from public
    yield from (
        key.hex(),
        key.hex().upper(),
        base64.b64encode(key).decode(),
        "sha256:" + base64.b64encode(key).decode(),
    )
    yield from (hashlib.sha256(text.encode()).hexdigest() for text in public)
    yield from (base64.b64encode(text.encode()).decode() for text in public)
    yield from (f"{a}:{b}" for a in public for b in ("", row.last6, token.uuid))
    for text in public:
        body = f"kts_{'0' * 4}_{text.replace('-', '')[:43].ljust(43, '0')}"
        yield body + checksum(body)


@pytest.mark.parametrize("wire", WIRES)
def test_nothing_public_is_a_token(wire: str, house: Household) -> None:
    """No identifier, digest, encoding or signed claim opens a door of any wire, or ends or shows a token."""
    steward = house.person("steward", "Stewards")
    held = house.token(steward, "session", wire)
    asker = house.token(steward)
    made = [*derived(held), *web_tokens(held)]
    assert len(made) > 60
    for text in made:
        assert house.opens(Secret(text), wire) is Reason.INVALID_TOKEN, text
        assert house.wish(asker, c.Introspect((Secret(text),))).results == (None,)
        assert (
            reason(house.wish(None, c.RedeemReset(Secret(text), Secret("a fresh passphrase")))) is Reason.INVALID_RESET
        )
        house.wish(asker, c.RevokeSecret(Secret(text)))
    assert house.opens(held) is None


@pytest.mark.parametrize("wire", WIRES)
def test_a_token_opens_its_own_wire_alone(wire: str, house: Household) -> None:
    """A good token shown on another wire is refused there (rules.md 3)."""
    person = house.person()
    held = house.token(person, "session", wire)
    for other in WIRES:
        assert house.opens(held.secret, other) is (None if other == wire else Reason.WRONG_DOOR)


@pytest.mark.parametrize("kind", ["reset", "setup"])
def test_single_use_tokens_open_nothing(kind: str, house: Household) -> None:
    """What is part of a wish is no credential of a request."""
    held = house.token(house.person("", "Stewards"), kind)
    assert house.opens(held) is Reason.WRONG_DOOR


def test_the_name_must_belong_to_the_token(house: Household) -> None:
    """A token shown with somebody else's name, or with nobody's, is refused; with its own it works."""
    mara, noor = house.person("mara"), house.person("noor")
    held = house.token(mara, "session", "rocketchat")
    for claim in (noor.subject.handle, noor.login, noor.subject.uuid, "", "*", mara.subject.handle.swapcase()):
        heard = house.wish(held, c.ShowSelf(), claim=claim, claim_by="handle")
        assert reason(heard) is Reason.CLAIM_MISMATCH
    assert reason(house.wish(held, c.ShowSelf(), claim=mara.subject.handle, claim_by="handle")) is None


def test_an_empty_secret_is_nobodys(served: Served) -> None:
    """The id of a neighbour with an empty, absent or blank secret is no session, in headers and in cookies."""
    people = served.people
    person = people.person("mara", "Stewards")
    held = people.token(person, "session", "rocketchat")
    for headers in (
        {"X-User-Id": person.subject.handle},
        {"X-User-Id": person.subject.handle, "X-Auth-Token": ""},
        {"X-User-Id": person.subject.handle, "X-Auth-Token": " "},
        {"X-User-Id": "", "X-Auth-Token": held.secret.reveal()},
        {"Cookie": f"rc_uid={person.subject.handle}; rc_token={held.secret.reveal()}"},
        {"Cookie": f"__HOST-pl_ssti={held.secret.reveal()}; session={held.view.token.uuid}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": f"Basic {base64.b64encode(b'mara:').decode()}"},
        {"Authorization": f"Basic {base64.b64encode(b':').decode()}"},
    ):
        for path in ("/api/v1/me", "/v1/me", "/rbac-api/v1/users/current"):
            assert served.request("GET", path, headers).status == 401, (path, headers)


def test_instances_share_no_key(tmp_path: Path) -> None:
    """A hundred fresh installations have a hundred keys, and none is one that could be known (A36)."""
    keys = [make_key(tmp_path / str(n)) for n in range(100)]
    assert len({key.fingerprint() for key in keys}) == 100
    assert len({key.derive("anything") for key in keys}) == 100
    assert all((tmp_path / str(n)).stat().st_mode & 0o077 == 0 for n in range(100))


def test_a_fresh_store_has_no_credential(house: Household) -> None:
    """Nothing works on a fresh installation: no password, no token, and nobody who could be guessed (A40)."""
    assert house.one("SELECT count(*) FROM passwords") == 0
    assert house.one("SELECT count(*) FROM secrets") == 0
    for login in ("admin", "root", "administrator", "api_user", "keyturn"):
        for password in ("admin", "password", "keyturn", "pe-admin", "", login):
            heard = reason(house.sign_in(login, password))
            assert heard in (Reason.UNKNOWN_ACCOUNT, Reason.WRONG_PASSWORD, Reason.ACCOUNT_LOCKED)
    assert reason(house.wish(Presented("native"), c.ShowSelf())) is Reason.UNAUTHENTICATED
