"""What a recognised actor may wish, about whom and about which token, and what the others hear of it."""

from typing import Any

import msgspec

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Named, Reason
from keyturn.core.types import Presented, RealmRef, SubjectRef, TokenRef
from keyturn.store import roles, subjects
from tests.houses import Held, Household, Person, presented, reason

NOBODY = SubjectRef("uuid", "00000000-0000-4000-8000-000000000000")


def role(house: Household, name: str, *permissions: str) -> str:
    """A role of the home realm with these permissions."""

    assert house.do(roles.put, 1, name, permissions, "") is not None
    return name


def attributes(house: Household, person: Person, **known: Any) -> None:
    """What single wires know of the person."""

    text = msgspec.json.encode(known).decode()
    house.do(lambda tx: tx.run("UPDATE subjects SET attributes = $2 WHERE id = $1", person.subject.id, text))


def forbidden(right: str) -> Denied:
    """The refusal that names the right."""
    return Denied(Reason.FORBIDDEN, Named("right", right))


# --- about a subject


def test_without_the_right_nothing_is_told_of_anybody(house: Household) -> None:
    """Who has no such right at all hears the same of somebody and of nobody."""
    member, other = house.token(house.person()), house.person()
    for ref in (other.ref, NOBODY):
        assert house.wish(member, c.ShowUser(ref)) == forbidden("users:view")


def test_with_the_right_nobody_is_not_found(house: Household) -> None:
    """Who may look learns whom there is."""
    viewer, other = house.token(house.person("", "Viewers")), house.person()
    assert reason(house.wish(viewer, c.ShowUser(other.ref))) is None
    assert house.wish(viewer, c.ShowUser(NOBODY)) == Denied(Reason.NOT_FOUND)


def test_a_right_may_be_on_one_target(house: Household) -> None:
    """A permission with a target covers that one; of others it is known only that they are there."""
    target, other = house.person(), house.person()
    helper = house.token(house.person("", role(house, "One", f"users:view:{target.subject.uuid}")))
    assert reason(house.wish(helper, c.ShowUser(target.ref))) is None
    assert house.wish(helper, c.ShowUser(other.ref)) == forbidden("users:view")
    assert house.wish(helper, c.ShowUser(NOBODY)) == Denied(Reason.NOT_FOUND)
    assert house.wish(helper, c.ListUsers()) == forbidden("users:view")


def test_one_is_found_by_every_name(house: Household) -> None:
    """However the wire names a subject it is the same one, and oneself needs no right where the wish allows it."""
    person = house.person("jean", email="jean@example.test")
    token, subject = house.token(person), person.subject
    names = {
        "uuid": subject.uuid, "number": str(subject.number), "handle": subject.handle, "login": "Jean",
        "email": "JEAN@example.test", "any": "JEAN",
    }  # fmt: skip
    for by, value in names.items():
        assert house.wish(token, c.ShowUser(SubjectRef(by, value))).user.subject.uuid == subject.uuid


def test_what_is_not_ones_own_affair(house: Household) -> None:
    """Oneself needs the right as well where the wish says so, and a wish that names nobody is about oneself."""
    member = house.person()
    token = house.token(member)
    assert house.wish(token, c.SuspendUser(member.ref)) == forbidden("users:disable")
    assert reason(house.wish(token, c.EndSessions(member.ref))) is None
    token = house.token(member)
    assert reason(house.wish(token, c.ListFactors())) is None
    assert reason(house.wish(token, c.ListTokens())) is None
    assert house.wish(token, c.ListTokens(everybody=True)) == forbidden("tokens:view")
    admin = house.token(house.person("", "Administrators"))
    assert reason(house.wish(admin, c.ListTokens(everybody=True))) is None


def test_nobody_does_it_to_somebody_above(house: Household) -> None:
    """The Help Desk resets members, and no administrator; an administrator no Steward; all of them their own rank."""
    desk, admin, steward, member = (
        house.person("", name) for name in ("Help Desk", "Administrators", "Stewards", "Members")
    )
    ranks = (member, desk, admin, steward)
    heard = {
        (who.login, whom.login): reason(house.wish(house.token(who), c.UnlockUser(whom.ref)))
        for who in ranks[1:]
        for whom in ranks
    }
    above = {(w.login, m.login) for i, w in enumerate(ranks) for m in ranks[i + 1 :]}
    assert {pair for pair, why in heard.items() if why is Reason.FORBIDDEN} == above & set(heard)
    assert {why for pair, why in heard.items() if pair not in above} == {None}


def test_nobody_stands_above_themselves(house: Household) -> None:
    """A token of few scopes may do to its own owner what it may do at all."""
    admin = house.person("", "Administrators")
    narrow = house.token(admin, "personal", name="n", scopes=("users:disable",))
    assert reason(house.wish(narrow, c.UnlockUser(admin.ref))) is None


def test_rights_are_asked_in_the_realm_of_the_wish(house: Household) -> None:
    """A Steward's wish in another realm is about that realm's people."""
    house.realm("other")
    there, here = house.person("jean", realm="other"), house.person("jean")
    steward = presented(house.token(house.person("", "Stewards")), realm=RealmRef("name", "other"))
    assert house.wish(steward, c.ShowUser(SubjectRef("login", "jean"))).user.subject.uuid == there.subject.uuid
    assert house.wish(steward, c.ShowUser(here.ref)) == Denied(Reason.NOT_FOUND)


def test_a_lost_role_is_lost_at_once(house: Household) -> None:
    """Rights are looked up for each wish, so a session is as good as the roles of that moment (rules.md 5)."""
    steward = house.token(house.person("", "Stewards"))
    admin, member = house.person("", "Administrators"), house.person()
    token = house.token(admin)
    assert reason(house.wish(token, c.ShowUser(member.ref))) is None
    house.wish(steward, c.SetRoles(admin.ref, ("Members",)))
    assert house.opens(token) is None
    assert house.wish(token, c.ShowUser(member.ref)) == forbidden("users:view")


# --- about a token


def test_a_token_is_found_by_its_names(house: Household) -> None:
    """The presented one, one by uuid, an own one by its name, and somebody's by owner and name."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    session, named = house.token(person), house.token(person, "personal", name="ci")
    foreign = house.token(person, "personal", "rocketchat", name="ci")

    def shown(who: Held, ref: TokenRef, owner: SubjectRef | None = None) -> Any:
        told = house.wish(who, c.ShowToken(ref, owner))
        return told if isinstance(told, Denied) else told.view.token.uuid

    assert shown(session, TokenRef("presented")) == session.view.token.uuid
    assert shown(session, named.ref) == named.view.token.uuid
    assert shown(session, TokenRef("name", "ci")) == named.view.token.uuid
    assert shown(session, TokenRef("name", "ci", "rocketchat")) == foreign.view.token.uuid
    assert shown(admin, TokenRef("name", "ci"), person.ref) == named.view.token.uuid
    missing = Denied(Reason.NOT_FOUND)
    assert shown(admin, TokenRef("name", "ci")) == missing
    assert shown(admin, TokenRef("name", "ci"), NOBODY) == missing
    assert shown(session, TokenRef("uuid", NOBODY.value)) == missing


def test_the_operator_presents_no_token(house: Household) -> None:
    """The command line has no token of its own, and finds everybody's by owner and name."""
    person = house.person()
    house.token(person, "personal", name="ci")
    operator = Presented("native", local=True)
    assert reason(house.wish(operator, c.ShowToken(TokenRef("presented")))) is Reason.NOT_FOUND
    assert reason(house.wish(operator, c.ShowToken(TokenRef("name", "ci")))) is Reason.NOT_FOUND
    assert reason(house.wish(operator, c.ShowToken(TokenRef("name", "ci"), person.ref))) is None


def test_somebody_elses_token_is_as_good_as_unknown(house: Household) -> None:
    """Whoever may not see a token hears what of none, so that ids cannot be tried out (A37)."""
    member, other = house.token(house.person()), house.token(house.person(), "personal", name="theirs")
    for wish in (
        c.ShowToken(other.ref),
        c.RevokeToken(other.ref),
        c.RotateToken(other.ref),
        c.EditToken(other.ref, "x"),
    ):
        assert house.wish(member, wish) == Denied(Reason.NOT_FOUND)
    assert house.opens(other) is None


def test_a_right_to_tokens_is_a_right_on_their_owner(house: Household) -> None:
    """The Help Desk ends a member's token, mints no new secret for it, and does nothing to an administrator's."""
    desk = house.token(house.person("", "Help Desk"))
    theirs = house.token(house.person(), "personal", name="t")
    admins = house.token(house.person("", "Administrators"), "personal", name="t")
    assert reason(house.wish(desk, c.ShowToken(theirs.ref))) is None
    assert reason(house.wish(desk, c.RotateToken(theirs.ref))) is Reason.NOT_FOUND
    assert reason(house.wish(desk, c.RevokeToken(admins.ref))) is Reason.NOT_FOUND
    assert reason(house.wish(desk, c.RevokeToken(theirs.ref))) is None
    assert (house.opens(theirs), house.opens(admins)) == (Reason.TOKEN_ENDED, None)


# --- what the wire asks beside


def test_a_wire_may_ask_for_one_right_more(house: Household) -> None:
    """The wire's own condition comes before anything is looked up by its name."""
    member, bare = house.token(house.person()), house.token(house.person("", role(house, "Bare", "users:view:*")))
    wish = c.ShowToken(TokenRef("name", "nothing of that name"))

    def heard(who: Held) -> Any:
        return house.perform(presented(who), wish, needs="own_tokens:create").outcome

    assert heard(member) == Denied(Reason.NOT_FOUND)
    assert heard(bare) == forbidden("own_tokens:create")


def test_a_wire_may_bar_the_owner_of_a_good_token(house: Household) -> None:
    """Who is barred from a wire opens nothing there with the best token, hears why in a word, and has a line."""
    person = house.person()
    api, session = house.token(person, "api", "pam360"), house.token(person)
    assert house.opens(api) is None
    attributes(house, person, pam360={"rest_access": False})
    assert house.wish(api, c.RotateToken(TokenRef("presented"))) == Denied(Reason.ACCESS_OFF, Named("access"))
    assert house.opens(session) is None
    attributes(house, person, pam360={"host": "192.0.2.7"})
    assert house.wish(api, c.ShowSelf()) == Denied(Reason.ACCESS_OFF, Named("address"))
    assert reason(house.wish(api, c.ShowSelf(), address="192.0.2.7")) is None
    assert [(line.verb, line.reason) for line in house.lines("refused")] == [("tokens:rotate", "access_off")]


def test_a_session_is_wanted_for_what_is_ones_own(house: Household) -> None:
    """Own password, factors and sessions are changed in a session, not by a token that lies in a file (rules.md 3)."""
    person = house.person()
    personal, api = house.token(person, "personal", name="p"), house.token(person, "api")
    for token in (personal, api):
        for wish in (c.EnrolFactor("totp"), c.EndSessions(person.ref), c.RemoveFactor("x")):
            assert reason(house.wish(token, wish)) is Reason.SESSION_NEEDED
        assert reason(house.wish(token, c.IssueToken("personal", token.view.token.kind, "native"))) is None


def test_tombstones_keep_no_rights(house: Household) -> None:
    """Nobody acts on, or as, a user who was deleted."""
    admin = house.token(house.person("", "Administrators"))
    gone = house.person("", "Administrators")
    token = house.token(gone)
    assert reason(house.wish(admin, c.DeleteUser(gone.ref))) is None
    assert house.opens(token) is Reason.TOKEN_ENDED
    assert house.read(lambda tx: subjects.by_id(tx, gone.subject.id)).login == ""
    assert reason(house.wish(admin, c.ShowUser(SubjectRef("login", gone.login)))) is Reason.NOT_FOUND
