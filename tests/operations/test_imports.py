"""Imports: whoever arrives is here with all they had, once, and takes nothing from anybody."""

import hashlib
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.factors import base32, recovery_form
from keyturn.core.hashes import import_hash
from keyturn.core.imports import Arrival, ArrivingToken
from keyturn.core.outcomes import Denied, Imported, Reason
from keyturn.core.types import SECOND, Instant, Presented, RealmRef, Secret, SubjectRef
from keyturn.operations import imports
from keyturn.store import arrivals, factors, passwords, subjects, tokens
from keyturn.store.engine import Tx
from tests import exported
from tests.houses import SEED, Household

WIRE = "rocketchat"
HASH = Secret(import_hash("rocketchat-bcrypt:" + exported.password()["bcrypt"]) or "")
CODES = tuple(Secret(recovery_form(code) or "") for code in ("Ab3dEf7h", "Zz9yXx8w"))
DAY = 86_400
MADE = Instant(1_700_000_000 * SECOND)
OPERATOR = Presented("native", local=True)


def person(login: str = "jean", **more: Any) -> Arrival:
    """Somebody who arrives."""
    known = {"line": 1, "handle": f"{login}-handle", "roles": ("Members",), "password": HASH, "created": MADE}
    return Arrival(login=login, **{**known, **more})


def token(text: str, created: int, kind: str = "session", **more: Any) -> ArrivingToken:
    """A token of that text."""
    return ArrivingToken(kind, hashlib.sha256(text.encode()).digest(), Instant(created), **more)


def named(text: str, name: str) -> ArrivingToken:
    """A token by name."""
    return token(text, MADE, "personal", name=name)


def bring(house: Household, *people: Arrival, realm: str = "default", command: Any = c.Import) -> Imported:
    """What came of their import."""
    shown = Presented("native", local=True, realm=RealmRef("name", realm))
    outcome = house.wish(shown, command(WIRE, people))
    assert isinstance(outcome, Imported), outcome
    return outcome


def shown(house: Household, login: str = "jean") -> Any:
    """The user of that login with everything told of them."""
    return house.wish(OPERATOR, c.ShowUser(SubjectRef("login", login))).user


def live(house: Household, login: str = "jean") -> list[Any]:
    """The live tokens of that user."""
    subject = shown(house, login).subject
    found: list[Any] = house.read(lambda tx: tokens.live(tx, subject.id, house.store.now()))
    return found


def why(told: Imported) -> list[tuple[str | None, str, str]]:
    """What was left."""
    return [(each.login, each.what, each.why) for each in told.left]


# --- what comes true


def test_everything_is_here(house: Household) -> None:
    """Ids, names, flags, times, roles, password, factors and codes are stored as they arrive."""
    now = house.store.now()
    jean = person(
        email="Jean@Example.test", email_verified=True, display_name="Jean Test", service=True, last_login=Instant(now),
        roles=("Administrators", "members"), must_change=True, seed=Secret(base32(SEED)), codes=CODES, mail_code=True,
        tokens=(token("s", now - SECOND), token("p", MADE, "personal", name="ci", last6="last66", bypass=True)),
    )  # fmt: skip
    told = bring(house, jean, person("ann"))
    assert told == Imported(
        users=2, already=0, passwords=2, factors=2, codes=2, tokens=2, expired=0, stopped=0, left=()
    )
    view = shown(house)
    s = view.subject
    assert (s.handle, s.login, s.email, s.email_verified) == ("jean-handle", "jean", "Jean@Example.test", True)
    assert (s.display_name, s.service, s.state, s.created, s.last_login) == ("Jean Test", True, "active", MADE, now)
    assert [role.name for role in view.roles] == ["Administrators", "Members"]
    assert (view.has_password, view.must_change) == (True, True)
    assert [(f.kind, f.confirmed) for f in view.factors] == [("totp", True), ("recovery", True), ("email", True)]
    one, two = live(house)
    assert (one.token.kind, one.token.life, one.token.expires) == (
        "session",
        90 * DAY,
        now - SECOND + 90 * DAY * SECOND,
    )
    assert (two.token.name, two.token.created, two.token.expires, two.token.bypass) == ("ci", MADE, None, True)
    assert (two.secret.last6, two.secret.created, two.token.dialect) == ("last66", MADE, WIRE)
    assert house.opens(Secret("s"), WIRE) is house.opens(Secret("p"), WIRE) is None
    assert house.opens(Secret("s"), "native") is Reason.WRONG_DOOR
    later = house.person("later").subject.number
    assert [s.number, shown(house, "ann").subject.number] == [later - 2, later - 1]


def test_factors_work(house: Household) -> None:
    """The seed is the old one, and each old code is good for one time, in the letter case it was told in."""
    bring(house, person(seed=Secret(base32(SEED)), codes=CODES))
    subject = shown(house).subject
    known = {f.kind: f for f in house.read(lambda tx: factors.of(tx, subject.id))}
    assert house.read(lambda tx: factors.seed_of(tx, known["totp"])) == SEED
    form, other = recovery_form("Ab3dEf7h"), recovery_form("ab3dEf7h")
    use = [house.do(factors.consume_code, known["recovery"], each, house.store.now()) for each in (other, form, form)]
    assert use == [False, True, False]


def test_one_line_a_batch(house: Household) -> None:
    """One `done` line with counts; none where nobody was added."""
    bring(house, person(), person("ann"))
    (line,) = house.lines()
    assert (line.verb, line.result, line.subject, line.kills) == ("imports:take", "done", None, False)
    detail = house.one("SELECT detail FROM audit")
    assert detail == '{"dialect":"rocketchat","users":2,"tokens":0,"factors":0,"left":0}'
    bring(house, person(), person("ann"))
    bring(house)
    assert len(house.lines()) == 1


def test_the_same_again_changes_nothing(house: Household) -> None:
    """Who is here stays as they are, whatever happened to them since, and nothing of theirs is added."""
    now = house.store.now()
    bring(house, person(tokens=(token("s", now),)), person("ann"))
    house.do(tokens.end_kinds, shown(house).subject.id, ("session",), "logged out", now)
    house.do(subjects.suspend, shown(house, "ann").subject.id, now)
    before = house.contents()
    again = bring(house, person(tokens=(token("s", now), token("t", now))), person("anna", handle="ann-handle"))
    assert (again.users, again.already, again.tokens, again.left) == (0, 2, 0, ())
    assert house.contents() == before


def test_looking_changes_nothing(house: Household) -> None:
    """A dry run tells the same and leaves every row of every table as it was."""
    house.person("taken", email="taken@example.test")
    now = house.store.now()
    people = (
        person(tokens=(token("s", now), token("old", MADE)), roles=("Members", "Nobody here")),
        person("taken"), person("ann", suspended=True, tokens=(token("t", now),)),
    )  # fmt: skip
    before = house.contents()
    looked = bring(house, *people, command=c.CheckImport)
    assert house.contents() == before
    assert looked == bring(house, *people)
    assert (looked.users, looked.tokens, looked.expired, looked.stopped, len(looked.left)) == (2, 1, 1, 1, 2)


# --- what is left


def test_nobody_takes_what_is_somebody_elses(house: Household) -> None:
    """Login, mail address and id of somebody else, deleted ones' ids too: the user is left, the others are taken."""
    house.realm("shop")
    house.person("Taken", email="mail@example.test")
    house.person("far", realm="shop", handle="far-handle")
    gone = house.person("gone", handle="gone-handle")
    house.do(subjects.delete, gone.subject.id, house.store.now())
    told = bring(
        house, person("TAKEN"), person("m", email="MAIL@example.test"), person("x", handle="far-handle"),
        person("y", handle="gone-handle"), person("jean"),
    )  # fmt: skip
    assert why(told) == [
        ("TAKEN", "user", imports.TAKEN_LOGIN), ("m", "user", imports.TAKEN_MAIL), ("x", "user", imports.ELSEWHERE),
        ("y", "user", imports.DELETED),
    ]  # fmt: skip
    assert (told.users, shown(house).subject.login) == (1, "jean")


def test_a_login_of_another_realm_is_free(house: Household) -> None:
    """Realms are closed worlds."""
    house.realm("shop")
    house.person("jean")
    assert bring(house, person(), realm="shop").users == 1


def test_a_secret_that_was_here_is_never_taken(house: Household) -> None:
    """Alive or dead, whoever had it: the token is left, and its user is taken."""
    now = house.store.now()
    bring(house, person("ann", tokens=(token("dead", now), token("alive", now))))
    house.do(tokens.end, live(house, "ann")[0].token, "logged out", now)
    told = bring(
        house, person(tokens=(token("dead", now), token("alive", now, "personal", name="ci"), token("n", now)))
    )
    assert why(told) == [("jean", "session", imports.TAKEN_SECRET), ("jean", "token ci", imports.TAKEN_SECRET)]
    assert (told.users, told.tokens, len(live(house))) == (1, 1, 1)
    assert house.opens(Secret("dead"), WIRE) is Reason.TOKEN_ENDED


def test_what_is_over_is_left_out(house: Household) -> None:
    """A session past its life is counted, not taken; a life that the realm cuts short counts for all kinds."""
    now = house.store.now()
    old = token("old", now - 90 * DAY * SECOND)
    young = token("young", now - 89 * DAY * SECOND)
    told = bring(house, person(tokens=(old, young, token("p", MADE, "personal", name="ci"))))
    assert (told.tokens, told.expired, told.left) == (2, 1, ())
    house.choose(lifetimes__personal__max=30 * DAY, lifetimes__session__max=10 * DAY)
    told = bring(
        house, person("ann", tokens=(token("y", now - 89 * DAY * SECOND), token("q", MADE, "personal", name="x")))
    )
    assert (told.tokens, told.expired) == (0, 2)


def test_a_clock_ahead_gives_no_longer_life(house: Household) -> None:
    """What was made in the future was made now."""
    now = house.store.now()
    late = Instant(now + 1000 * DAY * SECOND)
    bring(house, person(created=late, last_login=late, tokens=(token("s", late),)))
    s = shown(house).subject
    assert s.created <= house.store.now()
    assert s.last_login is not None
    assert s.last_login <= house.store.now()
    (one,) = live(house)
    assert one.token.expires is not None
    assert one.token.expires <= house.store.now() + 90 * DAY * SECOND


def test_tokens_of_who_may_not_act_stay_behind(house: Household) -> None:
    """A suspended user comes without tokens, so that reinstating revives none (rules.md 5)."""
    told = bring(house, person(suspended=True, tokens=(token("s", house.store.now()),)))
    assert (told.users, told.tokens, told.stopped, told.left) == (1, 0, 1, ())
    assert shown(house).subject.state == "suspended"
    house.do(subjects.reinstate, shown(house).subject.id, house.store.now())
    assert house.opens(Secret("s"), WIRE) is Reason.INVALID_TOKEN


def test_roles_by_name(house: Household) -> None:
    """A role of the realm is given whatever its letter case; one of all realms, or none, is told and left."""
    told = bring(house, person(roles=("viewers", "Stewards", "nobody", "Viewers")))
    assert why(told) == [("jean", "role Stewards", imports.ACROSS), ("jean", "role nobody", imports.NO_ROLE)]
    assert [role.name for role in shown(house).roles] == ["Viewers"]


def test_more_than_the_quota_comes_along(house: Household) -> None:
    """What worked there works here, also more of it than would be issued."""
    now = house.store.now()
    many = tuple(token(f"s{n}", now) for n in range(60))
    assert bring(house, person(tokens=many)).tokens == 60
    assert len(live(house)) == 60


# --- together with others


@pytest.mark.parametrize(
    "twins",
    [
        (person("a", handle="same"), person("b", handle="same")),
        (person("a"), person("A", handle="other")),
        (person("a", email="a@b.test"), person("b", email="A@b.test")),
        (person("a", tokens=(named("s", "x"),)), person("b", tokens=(named("s", "y"),))),
        (person("a", tokens=(named("s", "x"), named("t", "x"))),),
    ],
)
def test_all_or_nothing(house: Household, twins: tuple[Arrival, ...]) -> None:
    """What is taken between the look and the write undoes the whole batch, which is then to be asked again."""
    before = house.contents()
    outcome = house.wish(OPERATOR, c.Import(WIRE, twins))
    assert isinstance(outcome, Denied)
    assert outcome.reason is Reason.CONFLICT
    assert house.contents() == before


def test_an_import_is_no_call_of_a_wire(house: Household) -> None:
    """Whoever has no right to make realms cannot take people over."""
    member = house.token(house.person())
    for command in (c.Import(WIRE, (person(),)), c.CheckImport(WIRE, (person(),))):
        outcome = house.wish(member, command)
        assert isinstance(outcome, Denied)
        assert outcome.reason is Reason.FORBIDDEN


def test_many_rows_in_one_go(house: Household) -> None:
    """The rows that changed are counted, those that did not are not; none is none."""
    jean = house.person("jean")

    def job(tx: Tx) -> list[int]:
        rows = [
            (jean.subject.id, jean.subject.realm, "h", 0, 0, 1),
            (jean.subject.id, jean.subject.realm, "i", 0, 0, 2),
        ]
        nobody = (0, jean.subject.realm, "h")
        return [tx.many(passwords.PUT, rows), tx.many(passwords.PUT, []), tx.many(passwords.REHASH, iter([nobody]))]

    assert house.do(job) == [2, 0, 0]
    assert house.one("SELECT hash FROM passwords WHERE subject = $1", jean.subject.id) == "i"


def test_a_store_without_its_counter_is_broken(house: Household) -> None:
    """Nothing is made up in its place."""
    house.do(lambda tx: tx.run("DELETE FROM counters WHERE name = $1", "subject"))
    with pytest.raises(RuntimeError, match="counter"):
        house.do(arrivals.bring, 1, [arrivals.Comer(person(), (), ())], WIRE, house.store.now())
