"""Permissions of the Puppet wire: there and back, and `/permitted` beside a plain model of it, on both stores."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyturn.core.outcomes import Denied
from keyturn.core.rules import BUILT_IN, PERMISSIONS, triple
from keyturn.core.settings import Settings, defaults
from keyturn.core.types import Presented
from keyturn.dialects.puppet import DIALECT
from keyturn.dialects.puppet.permissions import NAMES, RIGHTS, TYPES, ours, right_of, theirs
from keyturn.dialects.puppet.role_bodies import Permission
from keyturn.wire import Request
from tests.houses import Household

V1 = "/rbac-api/v1"
OPERATOR = Presented("puppet", local=True)
SETTINGS = Settings(values=defaults(DIALECT.settings))
ROUTES = {(route.method, route.path.removeprefix(V1)): route for route in DIALECT.routes}
ONE = {
    ("roles", "create"): ("roles", "edit"),
    ("user_groups", "import"): ("roles", "edit_members"),
    ("user_groups", "delete"): ("roles", "edit_members"),
    ("configuration", "view"): ("configuration", "view_disclaimer"),
    ("configuration", "edit"): ("configuration", "edit_disclaimer"),
    ("directory_service", "edit"): ("configuration", "edit_disclaimer"),
}
"""What is one right here, and by which name."""
INSTANCES = ("*", "a", "b", "a::b", "5f0b7c2e-8d8e-4c55-9d0c-3f5a0f6b7a11")
KNOWN = st.builds(
    lambda names, one: Permission(names[0], names[1], one), st.sampled_from(sorted(RIGHTS)), st.sampled_from(INSTANCES)
)
UNKNOWN = st.builds(
    Permission,
    st.sampled_from(["nodes", "users", "", "*", "user_roles:", "Users"]),
    st.sampled_from(["view_data", "", "eat", "view:edit"]),
    st.sampled_from(INSTANCES),
)


def told(method: str, path: str, house: Household, body: Any = None, **params: str) -> Any:
    """What a route of the wire answers: status and body."""
    route = ROUTES[method, path]
    request = Request(method, V1 + path, "", [(b"content-type", b"application/json")], msgspec.json.encode(body))
    request.params = params
    wish = route.read(request, SETTINGS)
    outcome = wish if isinstance(wish, Denied) else house.wish(OPERATOR, wish)
    if isinstance(outcome, Denied):
        return DIALECT.refuse(outcome, route, SETTINGS, request).status
    response = route.write(outcome, SETTINGS, request)
    return msgspec.json.decode(response.body) if response.body else response.status


def name(permission: Permission) -> tuple[str, str]:
    """Type and action by the one name they have."""
    kind = "roles" if permission.object_type == "user_roles" else permission.object_type
    return ONE.get((kind, permission.action), (kind, permission.action))


def model(held: list[Permission], asked: Permission) -> bool:
    """Whether somebody with these permissions has that one: the same type and action, on that or on all."""
    return any(name(p) == name(asked) and p.instance in ("*", asked.instance) for p in held)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mine=st.lists(st.lists(KNOWN, max_size=4), max_size=3),
    groups=st.lists(KNOWN, max_size=4),
    asked=st.lists(KNOWN | UNKNOWN, max_size=12),
    old=st.booleans(),
)
def test_permitted(
    house: Household, mine: list[list[Permission]], groups: list[Permission], asked: list[Permission], old: bool
) -> None:
    """As many answers as questions, in their order, each as the model says; of a user as of a group."""
    if old:
        asked = [Permission("user_roles", p.action, p.instance) if p.object_type == "roles" else p for p in asked]
    tag = len(house.lines())
    user = house.person(f"user-{tag}", password=None).subject.uuid
    told("POST", "/roles", house, {"display_name": f"G{tag}", "permissions": groups})
    for number, held in enumerate(mine):
        made = {"display_name": f"R{tag}-{number}", "permissions": held, "user_ids": [user]}
        assert told("POST", "/roles", house, made) == {}
    number = max(role["id"] for role in told("GET", "/roles", house) if role["display_name"] == f"G{tag}")
    told("POST", "/groups", house, {"login": f"g{tag}", "role_ids": [number]})
    group = told("GET", "/groups", house)[-1]["id"]
    flat = [p for held in mine for p in held] + [Permission("tokens", "create_own", "*")]
    body = {"token": user, "permissions": asked}
    assert told("POST", "/permitted", house, body) == [model(flat, one) for one in asked]
    body["token"] = group
    assert told("POST", "/permitted", house, body) == [model(groups, one) for one in asked]
    for one in asked:
        heard = told("GET", "/permitted/{object_type}/{action}/{sid}", house, object_type=one.object_type,
                     action=one.action, sid=user)  # fmt: skip
        on = {p.instance for p in flat if name(p) == name(one)}
        known = (one.object_type.replace("user_roles", "roles"), one.action) in RIGHTS
        assert heard == ((["*"] if "*" in on else sorted(on)) if known else 404)


@pytest.mark.parametrize("right", PERMISSIONS)
def test_every_right_has_a_name(right: str) -> None:
    """Each of our rights is listed by a name of the wire that leads back to it."""
    assert right in NAMES
    assert right_of(*NAMES[right]) == right
    for target in INSTANCES:
        assert ours(theirs(f"{right}:{target}")) == f"{right}:{target}"


@pytest.mark.parametrize("permission", sorted({p for role in BUILT_IN for p in role.permissions} | {"users:*:a"}))
def test_there_and_back(permission: str) -> None:
    """Whatever a role may hold is told, and read as it was."""
    assert triple(permission) is not None
    assert ours(theirs(permission)) == permission


@given(UNKNOWN)
def test_what_is_not_known(permission: Permission) -> None:
    """Nothing is made of a permission that neither the wire nor the product knows."""
    assert ours(permission) is None


def test_the_listed_types() -> None:
    """Each type and action once, each is a right, and every right is among them."""
    route = ROUTES["GET", "/types"]
    listed = msgspec.json.decode(route.write(None, SETTINGS, Request("GET", V1 + "/types", "", [], b"")).body)
    assert [kind["object_type"] for kind in listed] == [kind.name for kind in TYPES]
    assert len({kind.name for kind in TYPES}) == len(TYPES)
    assert set(RIGHTS.values()) == set(PERMISSIONS)
    assert all(len({a.name for a in kind.actions}) == len(kind.actions) for kind in TYPES)
    assert right_of("user_roles", "create") == right_of("roles", "create") == "roles:edit"


def test_a_stranger_is_not_asked_about(house: Household) -> None:
    """Nobody there: 404; no uuid: 400."""
    body: dict[str, Any] = {"token": "00000000-0000-4000-8000-00000000dead", "permissions": []}
    assert told("POST", "/permitted", house, body) == 404
    assert told("POST", "/permitted", house, {**body, "token": "x"}) == 400
