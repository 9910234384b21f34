"""What a second reader found by trying to break the core: each of these once went through."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.lockout import CEILING, FOREVER, Lock
from keyturn.core.outcomes import Reason, TokenIssued
from keyturn.core.types import Presented, Proof, RealmRef, Secret, SubjectRef
from keyturn.dialects.native.writing import settings_shown
from keyturn.store import locks, realms, roles
from keyturn.store.engine import Kept, Tx
from tests.houses import STEP_UP, Held, Household, Person, current, presented, reason

NEW = Secret("another passphrase altogether")


def disable(house: Household, person: Person, factor: str = "password") -> None:
    """A hundred failures in a row disabled that factor."""

    def job(tx: Tx) -> Kept:
        account = locks.account_of_subject(person.subject.id)

        def shut(lock: Lock) -> Lock:
            return Lock(CEILING, 0, lock.reserved_at, FOREVER, "native", lock.version)

        locks.change(tx, person.subject.realm, account, factor, shut, house.store.now())
        return Kept(None)

    house.store.write(job)


def role(house: Household, name: str, *permissions: str, realm: str = "default") -> str:
    """A custom role of that realm."""

    def job(tx: Tx) -> Kept:
        place = next(r for r in realms.all_realms(tx) if r.name == realm)
        return Kept(roles.put(tx, place.id, name, permissions, ""))

    house.store.write(job)
    return name


def elsewhere(who: Held, realm: str, **more: Any) -> Presented:
    """What the bearer presents with a wish in another realm."""
    return presented(who, realm=RealmRef("name", realm), **more)


# --- guessing


def test_a_factor_bound_anew_is_usable(house: Household) -> None:
    """The hundredth failure disables a factor until it is bound anew, and not beyond (rules.md 4)."""
    person = house.person()
    session = house.token(person)
    disable(house, person, "totp")
    begun = house.wish(session, c.EnrolFactor("totp"), step_up=STEP_UP)
    seed = begun.seed.reveal()
    from keyturn.core.factors import seed_from_base32

    raw = seed_from_base32(seed) or b""
    assert reason(house.wish(session, c.ConfirmFactor(begun.factor.uuid, house.code(-1, raw)))) is None
    shown = Proof("totp", house.code(0, raw))
    made = house.wish(session, c.EnrolFactor("recovery"), step_up=STEP_UP, proof=shown)
    assert reason(made) is None
    disable(house, person, "recovery")
    codes = house.wish(session, c.EnrolFactor("recovery"), step_up=STEP_UP).codes
    assert reason(house.sign_in(person, proof=Proof("recovery", codes[0]))) is None


def test_a_guesser_ends_no_way_back_in(house: Household) -> None:
    """The lock that guessing closes on a wire ends the tokens of that wire, and not the reset that opens it."""
    admin, person = house.token(house.person("", "Administrators"), dialect="puppet"), house.person()
    token, reset = house.token(person, dialect="puppet"), house.wish(admin, c.IssueReset(person.ref))
    for _ in range(10):
        house.sign_in(person, "wrong", dialect="puppet")
    assert house.opens(token) is Reason.TOKEN_ENDED
    assert reason(house.wish(None, c.RedeemReset(reset.secret, NEW), dialect="puppet")) is None
    assert reason(house.sign_in(person, NEW.reveal(), dialect="puppet")) is None


def test_a_password_set_anew_is_usable(house: Household) -> None:
    """So is a password that an administrator set after the hundredth failure."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    disable(house, person)
    assert reason(house.sign_in(person)) is Reason.ACCOUNT_LOCKED
    assert reason(house.wish(admin, c.SetPassword(person.ref, NEW))) is None
    assert reason(house.sign_in(person, NEW.reveal())) is None


def test_realms_do_not_multiply_guesses(house: Household) -> None:
    """Whoever holds a Steward's session cannot guess the factor anew in each realm that the call may name (A20)."""
    steward = house.person("", "Stewards")
    house.factor(steward)
    session = house.token(steward)
    house.realm("other")
    for number in range(10):
        wrong = Proof("totp", Secret(f"00000{number}"))
        where = elsewhere(session, "other" if number % 2 else "default", proof=wrong)
        house.wish(where, c.IssueToken("personal", "x", "native"), step_up=STEP_UP)
    right = Proof("totp", house.code())
    heard = house.wish(
        elsewhere(session, "other", proof=right), c.IssueToken("personal", "x", "native"), step_up=STEP_UP
    )
    assert reason(heard) is Reason.STEP_UP_LOCKED


def test_a_lax_realm_lowers_nobodys_guard(house: Household) -> None:
    """One's own credentials follow one's own realm, whichever realm the call names."""
    steward = house.person("", "Stewards")
    house.factor(steward)
    session = house.token(steward)
    house.realm("lax", policy={"two_factor": "off", "password_min_length": 1}, **{"lifetimes.personal.default": None})
    house.choose("default", lifetimes__personal__max=60)
    wish = c.IssueToken("personal", "x", "native")
    assert reason(house.wish(elsewhere(session, "lax"), wish, step_up=STEP_UP)) is Reason.STEP_UP_REQUIRED
    short = c.ChangePassword(Secret("q9z"))
    proof = current(steward.password)
    assert reason(house.wish(elsewhere(session, "lax", proof=proof), short)) is Reason.WEAK_PASSWORD
    made = house.wish(elsewhere(session, "lax", proof=Proof("totp", house.code())), wish, step_up=STEP_UP)
    assert made.view.token.life == 60


# --- climbing


def test_a_scoped_token_replaces_no_wider_one(house: Household) -> None:
    """A token with scopes gets no secret of a token that may do more (A13, A15)."""
    person = house.person()
    wide = house.token(person, "personal", name="wide")
    narrow = house.token(person, "personal", name="narrow", scopes=("introspect",))
    assert reason(house.wish(narrow, c.RotateToken(wide.ref))) is Reason.FORBIDDEN
    assert house.opens(wide) is None
    assert reason(house.wish(narrow, c.RotateToken(narrow.ref))) is None


def test_a_personal_token_ends_no_session(house: Household) -> None:
    """Own sessions are ended in a session alone (rules.md 3)."""
    person = house.person()
    session, other, personal = house.token(person), house.token(person), house.token(person, "personal", name="p")
    assert reason(house.wish(personal, c.RevokeToken(session.ref))) is Reason.SESSION_NEEDED
    assert house.opens(session) is None
    assert reason(house.wish(session, c.RevokeToken(other.ref))) is None
    assert reason(house.wish(session, c.RevokeToken(personal.ref))) is None


def test_names_of_a_realm_are_not_its_administrators(house: Household) -> None:
    """Hosts and display names decide which realm a stranger means, so Stewards alone give them (P8)."""
    house.realm("other")
    admin = house.token(house.person("", "Administrators", realm="other"))
    assert reason(house.wish(admin, c.EditRealm(hosts=("sso.example.test",)))) is Reason.FORBIDDEN
    assert reason(house.wish(admin, c.EditRealm(display_name="Default"))) is Reason.FORBIDDEN
    assert reason(house.wish(admin, c.EditRealm(policy={"totp_strict": True}))) is None
    steward = house.token(house.person("", "Stewards"))
    assert reason(house.wish(elsewhere(steward, "other"), c.EditRealm(hosts=("sso.example.test",)))) is None


def test_an_api_token_is_not_made_by_its_owner(house: Household) -> None:
    """An api token has no end of its own, so whoever may mint for others makes it (rules.md 3)."""
    member, admin = house.person(), house.person("", "Administrators")
    wish = c.IssueToken("api", "endless", "native")
    assert reason(house.wish(house.token(member), wish, step_up=STEP_UP)) is Reason.FORBIDDEN
    assert reason(house.wish(house.token(admin), wish, step_up=STEP_UP)) is None


def test_nobody_takes_over_who_may_do_more(house: Household) -> None:
    """Custom roles count: the Help Desk resets nobody who can do what the Help Desk cannot (TM4)."""
    keepers = role(house, "Keepers", "users:edit:*", "roles:edit_members:*")
    keeper, plain = house.person("", keepers), house.person()
    desk = house.token(house.person("", "Help Desk"))
    assert reason(house.wish(desk, c.IssueReset(keeper.ref))) is Reason.FORBIDDEN
    assert reason(house.wish(desk, c.IssueReset(plain.ref))) is None
    resetters = role(house, "Resetters", "users:reset_password:*")
    assert reason(house.wish(house.token(house.person("", resetters)), c.IssueReset(plain.ref))) is None
    actors = role(house, "Actors", "users:act_for:*")
    actor = house.token(house.person("", actors))
    assert reason(house.wish(actor, c.IssueDelegation(keeper.ref, "why"), step_up=STEP_UP)) is Reason.FORBIDDEN
    assert reason(house.wish(actor, c.IssueDelegation(plain.ref, "why"), step_up=STEP_UP)) is None


# --- what dies


def delegated(house: Household, actor: Held, person: Person) -> Held:
    """A token by which the actor acts for the person."""
    made = house.wish(actor, c.IssueDelegation(person.ref, "why"), step_up=STEP_UP)
    assert isinstance(made, TokenIssued), made
    return Held(made.secret, made.view)


def test_a_delegation_dies_with_the_right_to_it(house: Household) -> None:
    """A role that loses the right, and a subject who rises above the actor, end the delegation (rules.md 8)."""
    steward = house.token(house.person("", "Stewards"))
    actors = role(house, "Actors", "users:act_for:*")
    actor = house.token(house.person("", actors))
    first, second = house.person(), house.person()
    one, two = delegated(house, actor, first), delegated(house, actor, second)
    house.wish(steward, c.SetRoles(first.ref, ("Administrators",)))
    assert house.opens(one) is Reason.TOKEN_ENDED
    assert house.opens(two) is None
    house.wish(steward, c.PutRole(actors, ("users:view:*",)))
    assert house.opens(two) is Reason.TOKEN_ENDED
    house.wish(steward, c.PutRole(actors, ("users:act_for:*",)))
    assert house.opens(two) is Reason.TOKEN_ENDED


def test_what_a_steward_left_in_another_realm_dies(house: Household) -> None:
    """A reset and a delegation made in another realm end with the right to reach into it (P8)."""
    house.realm("other")
    steward, person = house.person("", "Stewards"), house.person("", realm="other")
    session, other = house.token(steward), house.token(house.person("", "Stewards"))
    reset = house.wish(elsewhere(session, "other"), c.IssueReset(person.ref))
    made = house.wish(elsewhere(session, "other"), c.IssueDelegation(person.ref, "why"), step_up=STEP_UP)
    assert house.opens(Held(made.secret, made.view)) is None
    assert reason(house.wish(other, c.SetRoles(steward.ref, ("Administrators",)))) is None
    assert house.opens(Held(made.secret, made.view)) is Reason.TOKEN_ENDED
    assert reason(house.wish(None, c.RedeemReset(reset.secret, NEW))) is Reason.INVALID_RESET


def test_a_delegation_dies_with_an_idle_session(house: Household) -> None:
    """An actor's token that nobody used for too long carries nothing any more."""
    actor = house.token(house.person("", "Administrators"), idle=600)
    acting = delegated(house, actor, house.person())
    assert house.opens(acting) is None
    house.clock.forward(601)
    assert house.opens(acting) is Reason.TOKEN_ENDED


def test_a_reset_dies_with_the_address(house: Household) -> None:
    """A reset token made before the mail address changed sets no password any more (A03)."""
    admin, person = house.token(house.person("", "Administrators")), house.person(email="old@example.test")
    made = house.wish(admin, c.IssueReset(person.ref))
    assert reason(house.wish(admin, c.EditUser(person.ref, email="new@example.test"))) is None
    assert reason(house.wish(None, c.RedeemReset(made.secret, NEW))) is Reason.INVALID_RESET


def test_dead_tokens_take_no_place(house: Household) -> None:
    """What suspension killed neither holds its name nor can be replaced by a secret that is dead from birth (P2)."""
    admin, person = house.token(house.person("", "Administrators")), house.person()
    dead = house.token(person, "personal", name="ci")
    house.wish(admin, c.SuspendUser(person.ref))
    house.wish(admin, c.ReinstateUser(person.ref))
    session = house.token(person)
    assert reason(house.wish(session, c.RotateToken(dead.ref))) is Reason.NOT_FOUND
    made = house.wish(session, c.IssueToken("personal", "ci", "native"), step_up=STEP_UP)
    assert isinstance(made, TokenIssued)
    assert house.opens(Held(made.secret, made.view)) is None


def test_an_expired_token_is_not_brought_back(house: Household) -> None:
    """Rotation replaces a live secret; what has expired is over."""
    person = house.person()
    old = house.token(person, "personal", name="old", life=60)
    house.clock.forward(61)
    assert reason(house.wish(house.token(person), c.RotateToken(old.ref))) is Reason.NOT_FOUND


def test_an_evicted_session_is_in_the_feed(house: Household) -> None:
    """A session that a new one replaced is a kill that remembered verdicts hear of (P1)."""
    house.choose("default", quota__session=1)
    person = house.person()
    house.sign_in(person)
    before = len(house.settled)
    house.sign_in(person)
    assert [line.kills for line in house.lines("done")] == [False, True]
    assert any(committed.kills for committed in house.settled[before:])


def test_a_session_that_may_only_enrol_opens_nothing_elsewhere(house: Household) -> None:
    """Introspection calls a session active only where it is good for more than enrolling a factor (A14)."""
    person = house.person()
    house.choose("default", {"two_factor": "required"})
    opened = house.sign_in(person)
    asker = house.token(house.person("", "Administrators"))
    assert house.wish(asker, c.Introspect((opened.secret,))).results == (None,)


# --- the record


def test_a_refused_wish_with_a_proof_is_written_down(house: Household) -> None:
    """Showing a code, right or wrong, hides no refused wish from the record (rules.md 9)."""
    person, other = house.person(), house.person()
    house.factor(person)
    session, personal = house.token(person), house.token(person, "personal", name="p")
    wish = c.IssueToken("personal", "x", "native", subject=other.ref)
    proof = Proof("totp", house.code())
    assert reason(house.wish(session, wish, step_up=STEP_UP, proof=proof)) is Reason.FORBIDDEN
    change = c.ChangePassword(NEW)
    assert reason(house.wish(personal, change, proof=current(person.password))) is Reason.SESSION_NEEDED
    assert [(line.verb, line.reason) for line in house.lines("refused")] == [
        ("tokens:issue", "forbidden"), ("passwords:change", "session_needed"),
    ]  # fmt: skip


def test_a_reset_is_written_down_where_its_subject_lives(house: Household) -> None:
    """Whatever host it came in by, the line is in the record of the subject's realm and in no other's (P8)."""
    house.realm("other")
    admin, person = house.person("", "Administrators", realm="other"), house.person(realm="other")
    made = house.wish(house.token(admin), c.IssueReset(person.ref))
    assert reason(house.wish(None, c.RedeemReset(made.secret, NEW))) is None
    assert house.one("SELECT realm FROM audit WHERE verb = 'resets:redeem'") == person.subject.realm


def test_the_digest_of_a_wish_tells_no_password(house: Household) -> None:
    """What is kept of a request under an idempotency key cannot be searched for the password in it (TM8)."""
    from keyturn.perform.answers import request_digest

    person = house.person()
    session = house.token(person)
    wish = c.ChangePassword(NEW)
    assert reason(house.wish(session, wish, proof=current(person.password), key="k")) is None
    assert bytes(house.one("SELECT request FROM answers")) != request_digest("native", wish)


def test_a_setting_that_is_a_secret_is_not_shown(house: Household) -> None:
    """Whoever may see the settings does not learn the secret among them."""
    house.choose("default", rocketchat__create_token_secret="hush hush")
    shown = house.wish(house.token(house.person("", "Administrators")), c.ShowRealm())
    assert "hush" not in repr(settings_shown(shown))


def test_refs_of_another_realm_are_unknown(house: Household) -> None:
    """A realm's administrator reaches nobody and nothing of another realm by any identifier (P8)."""
    house.realm("other")
    admin = house.token(house.person("", "Administrators", realm="other"))
    person = house.person(email="p@example.test")
    token = house.token(person, "personal", name="theirs")
    s = person.subject
    for by, value in (("uuid", s.uuid), ("number", str(s.number)), ("handle", s.handle), ("any", s.login)):
        assert reason(house.wish(admin, c.ShowUser(SubjectRef(by, value)))) is Reason.NOT_FOUND
        assert reason(house.wish(admin, c.SuspendUser(SubjectRef(by, value)))) is Reason.NOT_FOUND
    assert reason(house.wish(admin, c.ShowToken(token.ref))) is Reason.NOT_FOUND
    assert reason(house.wish(admin, c.RevokeToken(token.ref))) is Reason.NOT_FOUND
    assert reason(house.wish(elsewhere(admin, "default"), c.ShowUser(person.ref))) is Reason.REALM_REFUSED
    house.wish(admin, c.RevokeSecret(token.secret))
    assert house.opens(token) is None
    assert house.wish(admin, c.Introspect((token.secret,))).results == (None,)


@pytest.mark.parametrize("wrong", ["\x00", "a\x00b", "a b", "", "x" * 300, "ex\u202eample.test"])
def test_a_host_is_a_host_name(house: Household, wrong: str) -> None:
    """What cannot be a host name is refused before any store is asked (PostgreSQL takes no NUL)."""
    steward = house.token(house.person("", "Stewards"))
    assert reason(house.wish(steward, c.EditRealm(hosts=(wrong,)))) is Reason.MALFORMED
    assert reason(house.wish(steward, c.CreateRealm("new", hosts=(wrong,)))) is Reason.MALFORMED
    assert reason(house.wish(steward, c.EditRealm(hosts=("a.test", "A.test", "b.test")))) is None
