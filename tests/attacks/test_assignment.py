"""A13: a body sets what it is documented to set; every further key is refused or has no effect."""

from typing import Any

import msgspec
import pytest

from keyturn.core import commands as c
from keyturn.core.types import Secret
from keyturn.dialects import DIALECTS
from keyturn.dialects.native import bodies
from keyturn.wire import Route
from tests.attacks.wires import SIGN_IN
from tests.houses import PASSWORD, Household, Person
from tests.served import Heard, Served

FURTHER: dict[str, Any] = {
    "role": "Stewards", "roles": ["Stewards"], "is_admin": True, "isAdmin": True, "admin": True, "superuser": True,
    "administrator": True, "org": "default", "org_id": 1, "orgName": "default", "tenant": "x", "id": 1, "uuid": "x",
    "number": 1, "handle": "x", "verified": True, "email_verified": True, "emailVerified": True, "lifetime_max": "10y",
    "expires_at": None, "expires": None, "expires_in": "10y", "created_at": 0, "created": 0, "password_hash": "$2b$x",
    "hash": "x", "must_change": False, "state": "active", "suspended": False, "active": True, "is_revoked": False,
    "epoch": 99, "built_in": True, "service": True, "remote": False, "scopes": ["*:*:*"], "kind": "api",
    "dialect": "native", "owner": "x", "act": 1, "maker": 1, "stepped_up": 1, "bypass": True, "permissions": ["*:*:*"],
}  # fmt: skip
ROLES = ("Members", "Viewers", "Help Desk", "Administrators")
SUBJECT = (
    "SELECT login, email, display_name, service, remote, built_in, state, epoch, email_verified, attributes, notify,"
    " handle, uuid, number FROM subjects WHERE id = $1"
)
TOKENS = (
    "SELECT kind, dialect, scopes, bypass, life, idle, maker, act, parent, claims FROM tokens WHERE subject = $1"
    " ORDER BY id"
)
MEMBERSHIPS = "SELECT role FROM memberships WHERE subject = $1 ORDER BY role"
NATIVE = next(d for d in DIALECTS if d.name == "native")


@pytest.mark.parametrize(
    "model", [v for v in vars(bodies).values() if isinstance(v, type) and issubclass(v, bodies.Body)]
)
def test_native_bodies_take_no_further_key(model: type[bodies.Body]) -> None:
    """Each body of the native API knows its keys and refuses every other one."""
    assert model.__struct_config__.forbid_unknown_fields


def test_native_calls_refuse_further_keys(served: Served) -> None:
    """Natively a further key is told as a fault, and nothing is done."""
    people = served.people
    held = people.token(people.person("steward", "Stewards"))
    before = people.contents()
    for route in NATIVE.routes:
        if route.body is None or route.form or not issubclass(route.body, msgspec.Struct):
            continue
        for name, value in FURTHER.items():
            if name in {f.encode_name for f in msgspec.structs.fields(route.body)}:
                continue
            path = route.path.replace("{id}", held.view.owner.uuid)
            headers = {"Authorization": f"Bearer {held.secret.reveal()}"}
            heard = served.request(route.method, path, headers, {name: value})
            assert heard.status == 400, (route.path, name, heard)
    assert people.contents() == before


@pytest.mark.parametrize("wire", [name for name in SIGN_IN if name != "native"])
@pytest.mark.parametrize("form", ["flat", "nested", "dotted"])
def test_a_sign_in_sets_nothing_else(wire: str, form: str, served: Served) -> None:
    """Beside name and password nothing changes who one is, or what session one gets (A13)."""
    people = served.people
    plain, loaded = people.person(), people.person()
    path, body = SIGN_IN[wire]
    assert served.request("POST", path, {}, body(plain.login, PASSWORD)).status < 300
    heard = served.request("POST", path, {}, {**spread(form), **body(loaded.login, PASSWORD)})
    assert heard.status < 300 or heard.status == 400
    if heard.status < 300:
        assert rows(people, loaded) == rows(people, plain)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("form", ["flat", "nested", "dotted"])
def test_a_token_of_a_foreign_wire_is_what_it_is(role: str, form: str, served: Served) -> None:
    """A personal token made on a foreign wire has none of what further keys ask, whoever asks (A13)."""
    people = served.people
    route = made_by(c.IssueToken)
    plain, loaded = people.person("", role), people.person("", role)
    assert ask(served, route, plain, {"tokenName": "x"}).status < 300
    heard = ask(served, route, loaded, {**spread(form), "tokenName": "x"})
    assert heard.status in (200, 400)
    if heard.status == 200:
        assert rows(people, loaded) == rows(people, plain)


def test_a_reset_sets_a_password_alone(served: Served) -> None:
    """Using a reset token on any wire changes the password and ends sessions; roles and rows are as they were."""
    people = served.people
    admin = people.token(people.person("", "Administrators"))
    for dialect in DIALECTS:
        for route in (r for r in dialect.routes if r.command is c.RedeemReset):
            person = people.person()
            before = rows(people, person)[0], rows(people, person)[2]
            token = people.wish(admin, c.IssueReset(person.ref)).secret.reveal()
            served.request(route.method, route.path, {}, {**FURTHER, "token": token, "password": "a fresh passphrase"})
            assert (rows(people, person)[0], rows(people, person)[2]) == before


def spread(form: str) -> dict[str, Any]:
    """The further keys as they stand, one level down, or with dots."""
    if form == "flat":
        return FURTHER
    if form == "nested":
        return {"user": FURTHER, "data": FURTHER, "attributes": FURTHER}
    return {f"{top}.{name}": value for top in ("user", "profile") for name, value in FURTHER.items()}


def rows(people: Household, person: Person) -> tuple[Any, ...]:
    """What the store says of somebody, apart from names and numbers."""

    def job(tx: Any) -> tuple[Any, ...]:
        number = person.subject.id
        subject = tuple(tx.one(SUBJECT, number))[3:11]
        return subject, [tuple(r) for r in tx.all(TOKENS, number)], [tuple(r) for r in tx.all(MEMBERSHIPS, number)]

    found: tuple[Any, ...] = people.read(job)
    return found


def made_by(command: type[Any]) -> Route:
    """The route of a foreign wire that makes that wish from a body."""
    return next(r for d in DIALECTS if d is not NATIVE for r in d.routes if r.command is command and r.body is not None)


def ask(served: Served, route: Route, person: Person, body: dict[str, Any]) -> Heard:
    """What that route answers to a session of the person."""
    dialect = next(d for d in DIALECTS if route in d.routes)
    held = served.people.token(person, "session", dialect.name)
    headers = {"X-Auth-Token": held.secret.reveal(), "X-User-Id": person.subject.handle}
    for name in ("totp", "password"):
        headers |= {"X-2fa-Method": name, "X-2fa-Code": digest_of(person.password)}
    return served.request(route.method, route.path, headers, body)


def digest_of(password: str) -> str:
    """The hex SHA-256 of a password, which that wire takes as a second proof."""
    import hashlib

    return hashlib.sha256(Secret(password).reveal().encode()).hexdigest()
