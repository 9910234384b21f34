"""Whom the door makes of what is presented: by token, by wire, by name beside it, and in which realm."""

from typing import Any

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason, SelfShown
from keyturn.core.types import Presented, RealmRef, Secret
from keyturn.store import realms
from tests.houses import Held, Household, Person, presented, reason


def why(house: Household, shown: Presented) -> Reason | None:
    """Why showing this opens nothing; None when it does."""
    return reason(house.wish(shown, c.ShowSelf()))


def realm_of(house: Household, shown: Presented, command: Any = None) -> str | None:
    """In which realm a wish was made, None where it was refused."""
    told = house.perform(shown, command or c.ShowRealm())
    return told.actor.realm.name if told.actor is not None and reason(told.outcome) is None else None


def host(house: Household, name: str, realm: str) -> None:
    """That host name means that realm."""
    place = next(r for r in house.read(realms.all_realms) if r.name == realm)
    assert house.do(realms.set_hosts, place.id, (name,))


def end_realm(house: Household, realm: str) -> None:
    """Nothing of that realm works."""
    house.do(lambda tx: tx.run("UPDATE realms SET active = 0 WHERE name = $1", realm))


def grant(house: Household, person: Person, realm: str) -> None:
    """The person may act in that realm too, though of another."""
    place = next(r for r in house.read(realms.all_realms) if r.name == realm)
    sql = "INSERT INTO realm_grants (realm, subject) VALUES ($1, $2)"
    house.do(lambda tx: tx.run(sql, place.id, person.subject.id))


# --- tokens


def test_a_token_is_its_owner(house: Household) -> None:
    """A live token on its own wire opens it, as its owner, in the owner's realm."""
    person = house.person()
    told = house.perform(presented(house.token(person)), c.ShowSelf())
    assert isinstance(told.outcome, SelfShown)
    assert told.outcome.user.subject.uuid == person.subject.uuid
    assert told.actor is not None
    assert told.actor.realm.name == "default"


def test_a_text_of_nobody_is_no_token(house: Household) -> None:
    """What cannot be one of ours, and what could but is not, has one answer."""
    for text in ("", "x" * 30, "x" * 1025, "é" * 30, "kts_AAAA_" + "A" * 49, "line\nbreak" * 3):
        assert why(house, Presented("native", Secret(text))) is Reason.INVALID_TOKEN


def test_nothing_shown_is_nobody(house: Household) -> None:
    """Without a token only those wishes are heard that are nobody's."""
    assert why(house, Presented("native")) is Reason.UNAUTHENTICATED
    assert reason(house.wish(None, c.RedeemReset(Secret("x" * 30), Secret("x")))) is Reason.INVALID_RESET


def test_a_token_opens_its_own_wire_alone(house: Household) -> None:
    """A token of one wire is no token on another, and of a kind that the route does not take neither."""
    person = house.person()
    session, personal = house.token(person), house.token(person, "personal", "rocketchat", name="p")
    assert why(house, Presented("rocketchat", session.secret)) is Reason.WRONG_DOOR
    assert why(house, Presented("native", personal.secret)) is Reason.WRONG_DOOR
    assert why(house, presented(personal)) is None
    assert reason(house.wish(personal, c.ShowSelf(), kinds=("session",))) is Reason.WRONG_DOOR


def test_a_single_use_token_opens_nothing(house: Household) -> None:
    """Reset and set-up tokens are part of a wish, never its caller, whatever a route says."""
    for kind in ("reset", "setup"):
        token = house.token(house.person(), kind, life=600)
        assert reason(house.wish(token, c.ShowSelf(), kinds=(kind,))) is Reason.WRONG_DOOR


def test_the_dead_are_told_apart(house: Household) -> None:
    """Expired, idle, replaced, ended, suspended: the record knows which, and none opens anything."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    short, lazy = house.token(person, life=60), house.token(person, idle=30)
    api, gone = house.token(person, "api"), house.token(person)
    assert reason(house.wish(api, c.RotateToken(api.ref))) is None
    assert reason(house.wish(gone, c.EndSession())) is None
    assert (house.opens(api), house.opens(gone)) == (Reason.TOKEN_ENDED, Reason.TOKEN_ENDED)
    house.clock.forward(31)
    assert house.opens(lazy) is Reason.TOKEN_IDLE
    house.clock.forward(30)
    assert house.opens(short) is Reason.TOKEN_EXPIRED
    last = house.token(person)
    house.wish(admin, c.SuspendUser(person.ref))
    assert house.opens(last) is Reason.OWNER_SUSPENDED
    house.wish(admin, c.ReinstateUser(person.ref))
    assert house.opens(last) is Reason.TOKEN_ENDED


def test_nothing_works_in_a_realm_that_is_off(house: Household) -> None:
    """Tokens of a realm that was switched off open nothing."""
    house.realm("other")
    token = house.token(house.person(realm="other"))
    end_realm(house, "other")
    assert house.opens(token) is Reason.TOKEN_ENDED


def test_a_delegated_token_lives_on_its_actor(house: Household) -> None:
    """It acts for its subject, names its actor, and is dead once the actor's own token is."""
    actor, person = house.token(house.person("", "Administrators")), house.person()
    made = house.wish(actor, c.IssueDelegation(person.ref, "a reason"))
    acting = Held(made.secret, made.view)
    told = house.perform(presented(acting), c.ShowSelf())
    assert told.outcome.user.subject.uuid == person.subject.uuid
    assert told.actor is not None
    assert told.actor.token is not None
    assert told.actor.token.act == actor.view.owner.id
    house.wish(actor, c.EndSession())
    assert house.opens(acting) is Reason.TOKEN_ENDED


def test_a_delegated_token_dies_with_an_idle_actor(house: Household) -> None:
    """Nobody ended the actor's token, but it is over: then so is what rests on it."""
    actor, person = house.token(house.person("", "Administrators"), idle=60), house.person()
    made = house.wish(actor, c.IssueDelegation(person.ref, "a reason"))
    assert house.opens(made.secret) is None
    house.clock.forward(61)
    assert house.opens(made.secret) is Reason.TOKEN_ENDED


def test_what_a_delegated_token_may_not(house: Household) -> None:
    """It makes, replaces and ends no credential, changes no password and delegates no further (A15, rules.md 8)."""
    actor, person = house.token(house.person("", "Administrators")), house.person()
    made = house.wish(actor, c.IssueDelegation(person.ref, "a reason"))
    acting, own = Held(made.secret, made.view), house.token(person, "personal", name="own")
    refused = (
        c.IssueToken("personal", "more", "native"), c.RotateToken(own.ref), c.RevokeToken(own.ref),
        c.IssueDelegation(person.ref, "again"), c.ChangePassword(Secret("x")), c.EnrolFactor("totp"),
        c.EditToken(own.ref, "renamed"), c.EndSessions(person.ref),
    )  # fmt: skip
    assert [reason(house.wish(acting, wish)) for wish in refused] == [Reason.SESSION_NEEDED] * len(refused)
    assert reason(house.wish(acting, c.ListTokens())) is None


def test_scopes_narrow_what_a_token_may(house: Household) -> None:
    """A scoped token has of its owner's rights those that it names, whether they are asked for at once or later."""
    admin, person = house.person("", "Administrators"), house.person()
    narrow = house.token(admin, "personal", name="n", scopes=("users:view",))
    theirs = house.token(person, "personal", name="t")
    assert reason(house.wish(narrow, c.ShowUser(person.ref))) is None
    assert reason(house.wish(narrow, c.SuspendUser(person.ref))) is Reason.FORBIDDEN
    assert reason(house.wish(narrow, c.ShowToken(theirs.ref))) is Reason.NOT_FOUND
    assert reason(house.wish(house.token(admin), c.ShowToken(theirs.ref))) is None


# --- the name beside a token


def test_a_claim_must_be_the_owners(house: Household) -> None:
    """A name sent beside a token must be its owner's: handle, uuid, or login in any spelling."""
    person, other = house.person("Jean.Étoile"), house.person()
    token = house.token(person)
    mine = (person.subject.handle, person.subject.uuid, "jean.étoile", " JEAN.ÉTOILE ")
    assert [why(house, presented(token, claim=name)) for name in mine] == [None] * len(mine)
    for name in (other.login, other.subject.handle, "", "\x00", "jean"):
        assert why(house, presented(token, claim=name)) is Reason.CLAIM_MISMATCH


def test_a_claim_by_handle_is_no_login(house: Household) -> None:
    """Where the wire sends the handle, a login in its place does not do."""
    person = house.person()
    token = house.token(person)
    assert why(house, presented(token, claim=person.subject.handle, claim_by="handle")) is None
    assert why(house, presented(token, claim=person.login, claim_by="handle")) is Reason.CLAIM_MISMATCH


# --- realms


def test_the_own_realm_may_be_named(house: Household) -> None:
    """Naming the realm one is in changes nothing, by its name or by the name it shows."""
    house.realm("other")
    token = house.token(house.person("", "Administrators", realm="other"))
    for by, name in (("name", "other"), ("display_name", "Other"), ("any", "Other"), ("any", "other")):
        assert realm_of(house, presented(token, realm=RealmRef(by, name))) == "other"


def test_another_realm_wants_a_grant(house: Household) -> None:
    """A realm that is not one's own is refused like one that is not there, and never falls back (rules.md 1)."""
    house.realm("other")
    person = house.person("", "Administrators")
    token = house.token(person)
    there, nowhere = (presented(token, realm=RealmRef("name", name)) for name in ("other", "nowhere"))
    assert house.perform(there, c.ShowSelf()).outcome == house.perform(nowhere, c.ShowSelf()).outcome
    assert why(house, there) is Reason.REALM_REFUSED
    grant(house, person, "other")
    assert realm_of(house, there) == "other"
    assert why(house, nowhere) is Reason.REALM_REFUSED


def test_a_steward_may_name_any_realm(house: Household) -> None:
    """Whose rights hold in every realm needs no grant."""
    house.realm("other")
    steward = house.token(house.person("", "Stewards"))
    for wish in (c.ShowRealm(), c.ShowSelf()):
        assert realm_of(house, presented(steward, realm=RealmRef("name", "other")), wish) == "other"
    assert realm_of(house, presented(steward)) == "default"


def test_a_host_means_its_realm(house: Household) -> None:
    """Without a token the host decides, then the name on the wire, then home; the two may not differ."""
    house.realm("other", policy={"lockout_attempts": 3})
    host(house, "other.test", "other")
    wish = c.RedeemReset(Secret("x" * 30), Secret("x"))

    def attempts(shown: Presented) -> int:
        return house.perform(shown, wish).settings.policy.lockout_attempts

    assert attempts(Presented("native")) == 10
    assert attempts(Presented("native", host="other.test")) == 3
    assert attempts(Presented("native", realm=RealmRef("name", "other"))) == 3
    assert attempts(Presented("native", host="other.test", realm=RealmRef("name", "other"))) == 3
    crossed = Presented("native", host="other.test", realm=RealmRef("name", "default"))
    assert reason(house.wish(crossed, wish)) is Reason.REALM_REFUSED
    unknown = Presented("native", realm=RealmRef("name", "nowhere"))
    assert reason(house.wish(unknown, wish)) is Reason.REALM_REFUSED
    assert attempts(unknown) == 10


def test_the_operator_is_of_no_host(house: Household) -> None:
    """The command line has all rights, in the realm it names, whatever hosts there are."""
    house.realm("other")
    host(house, "other.test", "other")
    assert realm_of(house, Presented("native", local=True, host="other.test")) == "default"
    assert realm_of(house, Presented("native", local=True, realm=RealmRef("name", "other"))) == "other"
    assert realm_of(house, Presented("native", local=True, realm=RealmRef("name", "nowhere"))) is None


def test_a_refusal_is_told_in_the_tokens_realm(house: Household) -> None:
    """Who is refused hears it by the settings of the realm its token is of, dead or alive."""
    house.realm("other", policy={"lockout_attempts": 3})
    token = house.token(house.person(realm="other"))
    house.wish(token, c.EndSession())
    told = house.perform(presented(token), c.ShowSelf())
    assert (reason(told.outcome), told.actor) == (Reason.TOKEN_ENDED, None)
    assert told.settings.policy.lockout_attempts == 3
    for text in ("", "x" * 30):
        assert house.perform(Presented("native", Secret(text)), c.ShowSelf()).settings.policy.lockout_attempts == 10
