"""A plan: what cannot be there twice, how a token is known again, which given secrets a wire could have made."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import secrets
from keyturn.core.digests import digest
from keyturn.core.plan import (
    SHAPES,
    Plan,
    PlannedFactor,
    PlannedRealm,
    PlannedRole,
    PlannedToken,
    PlannedUser,
    digest_of,
    faults,
    fits,
    identity,
)
from keyturn.core.types import Secret, Shape

VALUE = Secret("a secret of more than twenty two characters".replace(" ", "-"))


def user(n: int, **more: Any) -> PlannedUser:
    """The n-th user of a file."""
    return PlannedUser(f"users[{n}]", more.pop("realm", "default"), more.pop("login", f"person-{n}"), **more)


def token(n: int, **more: Any) -> PlannedToken:
    """The n-th token of the first user."""
    return PlannedToken(f"users[0].tokens[{n}]", more.pop("kind", "personal"), more.pop("dialect", "native"), **more)


TWICE = [
    (Plan(realms=(PlannedRealm("realms[0]", "a"), PlannedRealm("realms[1]", "a"))), "realms[1].name"),
    (
        Plan(realms=(PlannedRealm("realms[0]", "a", hosts=("h", "h")), PlannedRealm("realms[1]", "b", hosts=("h",)))),
        "realms[1].hosts",
    ),
    (Plan(roles=(PlannedRole("roles[0]", "a", "Ops", ()), PlannedRole("roles[1]", "a", "ops", ()))), "roles[1].name"),
    (Plan(users=(user(0, login="Jean"), user(1, login="jean"))), "users[1].login"),
    (Plan(users=(user(0, email="A@x.test"), user(1, email="a@x.test"))), "users[1].email"),
    (Plan(users=(user(0, uuid="u"), user(1, uuid="u", realm="b"))), "users[1].uuid"),
    (Plan(users=(user(0, number=7), user(1, number=7))), "users[1].number"),
    (Plan(users=(user(0, handle="h"), user(1, handle="h"))), "users[1].handle"),
    (Plan(users=(user(0, tokens=(token(0, name="ci"), token(1, name="ci", kind="session"))),)), "users[0].tokens[1]"),
    (Plan(users=(user(0, tokens=(token(0), token(1))),)), "users[0].tokens[1]"),
    (
        Plan(users=(user(0, tokens=(token(0, kind="api", name="a"), token(1, kind="api", name="b"))),)),
        "users[0].tokens[1]",
    ),
    (
        Plan(users=(user(0, factors=(PlannedFactor("f[0]", "totp", VALUE), PlannedFactor("f[1]", "totp", VALUE))),)),
        "f[1]",
    ),
    (
        Plan(users=(user(0, tokens=(token(0, name="a", value=VALUE), token(1, name="b", digest=digest(VALUE)))),)),
        "users[0].tokens[1]",
    ),
]


@pytest.mark.parametrize(("plan", "at"), TWICE, ids=[at for _, at in TWICE])
def test_what_is_there_twice_is_named_where_it_stands_again(plan: Plan, at: str) -> None:
    """Of two things that cannot both be, the later one is the fault."""
    assert list(faults(plan)) == [at]


def test_what_only_looks_the_same_may_be_there_twice() -> None:
    """A login per realm, a name per wire, a host per realm, and no mail address at all."""
    realms = (PlannedRealm("realms[0]", "a", hosts=("h",)), PlannedRealm("realms[1]", "b", hosts=("i",)))
    roles = (PlannedRole("roles[0]", "a", "Ops", ()), PlannedRole("roles[1]", "b", "Ops", ()))
    tokens = (token(0, name="ci"), token(1, name="ci", dialect="other"), token(2), token(3, kind="session"))
    users = (user(0, tokens=tokens), user(1, login="person-0", realm="b"), user(2, email=""), user(3, email=""))
    assert faults(Plan(realms, roles, users)) == {}


def test_a_token_is_known_by_wire_and_name_or_kind() -> None:
    """Its name where it has one; of the api kind there is one for each wire, whatever its name."""
    assert identity(token(0, name="ci")) == ("native", "name", "ci")
    assert identity(token(0, kind="session")) == ("native", "kind", "session")
    assert identity(token(0, kind="api", name="x")) == ("native", "kind", "api")


def test_the_digest_of_a_given_token() -> None:
    """From the value, from the digest itself, or none yet."""
    assert digest_of(token(0, value=VALUE)) == digest(VALUE)
    assert digest_of(token(0, digest=b"d")) == b"d"
    assert digest_of(token(0)) is None


@pytest.mark.parametrize("shape", list(Shape))
def test_a_drawn_secret_fits_its_own_shape(shape: Shape) -> None:
    """Whatever we hand out can be brought along again."""
    assert set(SHAPES) == set(Shape)
    for _ in range(20):
        assert fits(shape, secrets.draw(shape, "p", "mark")) is None


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (Shape.KEYTURN, "short"),
        (Shape.KEYTURN, "with a space in the middle of it"),
        (Shape.KEYTURN, "ktp_mark_" + "a" * 43 + "000000"),
        (Shape.UUID_FORM, "e8abb2a7-0c4b-1f2e-0a53-1b7c9d2e4f60"),
        (Shape.BASE64URL, "a" * 42),
        (Shape.BASE64URL, "a" * 42 + "+"),
        (Shape.BASE64, "1" * 44),
        (Shape.BASE64, "a" * 43 + "-"),
        (Shape.ALPHANUMERIC, "1" * 64),
        (Shape.ALPHANUMERIC, "a" * 21),
    ],
)
def test_a_secret_of_another_form_is_refused(shape: Shape, text: str) -> None:
    """Too short, of other letters, digits alone, or ours with a wrong checksum."""
    sentence = fits(shape, Secret(text))
    assert sentence is not None
    assert text not in sentence


@given(st.sampled_from(list(Shape)), st.text(max_size=60))
def test_nothing_short_or_odd_gets_in(shape: Shape, text: str) -> None:
    """Whatever fits is printable ASCII of 22 characters or more."""
    if fits(shape, Secret(text)) is None:
        assert len(text) >= 22
        assert text.isascii()
        assert text.isprintable()
