"""Signing in with a second factor, and what is owed before a session may do anything else."""

from keyturn.core import commands as c
from keyturn.core import hashes
from keyturn.core.outcomes import Challenge, Denied, PasswordChangeDue, Reason, SessionOpened
from keyturn.core.types import LoginProof, Proof, Secret
from tests.houses import PASSWORD, Held, Household, Person, reason
from tests.perform.logins import LIMIT, LONG, lock, login, refused

# --- the second factor


def test_a_factor_is_due_after_the_password(house: Household) -> None:
    """With the right password alone one hears which factors there are; with a wrong one nothing of them."""
    person = house.person()
    house.factor(person)
    house.codes(person)
    assert house.sign_in(person) == Denied(Reason.FACTOR_REQUIRED, Challenge("totp", ("totp", "recovery")))
    code = Proof("totp", house.code())
    assert reason(house.sign_in(person, "wrong", proof=code)) is Reason.WRONG_PASSWORD
    opened = house.sign_in(person, proof=code)
    assert opened.view.token.stepped_up is not None


def test_a_wrong_factor_is_counted_apart(house: Household) -> None:
    """A wrong code counts against the factor and not the password, and is written down as what it was."""
    person = house.person()
    house.factor(person)
    heard = house.sign_in(person, proof=Proof("totp", Secret("000000")))
    assert heard == Denied(Reason.FACTOR_WRONG, Challenge("totp", ("totp",)))
    assert (lock(house, person).failures, lock(house, person).reserved) == (0, 0)
    assert lock(house, person, "totp").failures == 1
    assert [line[1] for line in refused(house)] == ["step_up_wrong"]


def test_a_locked_factor_hears_nothing_else(house: Household) -> None:
    """At the limit the right code and a wrong one are refused for one and the same reason."""
    person = house.person()
    house.factor(person)
    wrong = [house.sign_in(person, proof=Proof("totp", Secret("000000"))) for _ in range(LIMIT + 1)]
    assert [reason(heard) for heard in wrong] == [*[Reason.FACTOR_WRONG] * LIMIT, Reason.FACTOR_LOCKED]
    assert house.sign_in(person, proof=Proof("totp", house.code())) == wrong[-1]
    assert len(refused(house)) == LIMIT


def test_a_code_works_once(house: Household) -> None:
    """The same code again within its step is refused and not counted; the next step's is heard (A17)."""
    person = house.person()
    house.factor(person)
    code = house.code()
    assert reason(house.sign_in(person, proof=Proof("totp", code))) is None
    assert reason(house.sign_in(person, proof=Proof("totp", code))) is Reason.FACTOR_WRONG
    assert (lock(house, person, "totp").failures, lock(house, person, "totp").reserved) == (0, 0)
    assert reason(house.sign_in(person, proof=Proof("totp", house.code(1)))) is None


def test_strict_codes_are_those_of_this_step(house: Household) -> None:
    """Where the realm says so the neighbouring steps' codes are wrong."""
    person = house.person()
    house.factor(person)
    house.choose("default", {"totp_strict": True})
    assert reason(house.sign_in(person, proof=Proof("totp", house.code(-1)))) is Reason.FACTOR_WRONG
    assert reason(house.sign_in(person, proof=Proof("totp", house.code()))) is None


def test_a_recovery_code_works_once(house: Household) -> None:
    """However it is typed, and never again; what cannot be one is wrong."""
    person = house.person()
    house.factor(person)
    code = house.codes(person)[0].reveal()
    typed = Secret(f" {code.upper().replace('-', ' ')} ")
    assert reason(house.sign_in(person, proof=Proof("recovery", typed))) is None
    assert reason(house.sign_in(person, proof=Proof("recovery", Secret(code)))) is Reason.FACTOR_WRONG
    assert reason(house.sign_in(person, proof=Proof("recovery", Secret("123456")))) is Reason.FACTOR_WRONG


def test_an_unknown_method_means_the_first(house: Household) -> None:
    """A code without a method that one has is taken for the first factor, as clients that name none send it."""
    person = house.person()
    house.factor(person)
    assert reason(house.sign_in(person, proof=Proof("", house.code()))) is None
    assert house.sign_in(person, proof=Proof("", Secret("000000"))).note == Challenge("totp", ("totp",))


def test_a_factor_that_waits_is_not_asked_for(house: Household) -> None:
    """Until its first code was shown a factor is none, or a slip of the pen would lock its owner out."""
    person = house.person()
    assert reason(house.wish(house.token(person), c.EnrolFactor("totp"))) is None
    assert isinstance(house.sign_in(person), SessionOpened)


def test_a_realm_without_factors_asks_for_none(house: Household) -> None:
    """Where second factors are off none is asked for, whoever has one."""
    person = house.person()
    house.factor(person)
    house.choose("default", {"two_factor": "off"})
    opened = house.sign_in(person)
    assert opened.view.token.stepped_up is None


def test_a_required_factor_is_enrolled_first(house: Household) -> None:
    """Where a factor is required and there is none, the session may do nothing but enrol one."""
    person = house.person()
    house.choose("default", {"two_factor": "required"})
    opened = house.sign_in(person)
    session = Held(opened.secret, opened.view)
    assert house.opens(session) is None
    refused_wishes = (c.ListTokens(), c.ChangePassword(Secret(LONG)), c.IssueToken("personal", "x", "native"))
    assert [reason(house.wish(session, w)) for w in refused_wishes] == [Reason.FACTOR_REQUIRED] * 3
    assert reason(house.wish(session, c.EnrolFactor("totp"))) is None
    assert reason(house.wish(session, c.EndSession())) is None


def test_a_door_without_a_factor_stays_shut(house: Household) -> None:
    """A wire that cannot carry a code lets nobody in of whom a factor is required (rules.md 6)."""
    person, bound = house.person(), house.person()
    house.factor(bound)
    open_session = c.OpenSession()
    shown = login(bound, dialect="puppet", proof=Proof("totp", house.code()))
    assert reason(house.wish(shown, open_session, factor_at_login=False)) is Reason.FACTOR_REQUIRED
    assert reason(house.wish(login(person, dialect="puppet"), open_session, factor_at_login=False)) is None
    house.choose("default", {"two_factor": "required"})
    heard = house.wish(login(person, dialect="puppet"), open_session, factor_at_login=False)
    assert heard == Denied(Reason.FACTOR_REQUIRED, Challenge("totp"))


def test_a_code_after_the_password(house: Household) -> None:
    """Where the realm takes it, `password,code` proves both; elsewhere it is a password, and a wrong one."""
    person, plain = house.person(), house.person(password="with, a comma in the passphrase")
    house.factor(person)

    def heard(who: Person, password: str) -> Reason | None:
        return reason(house.wish(login(who, password, "puppet"), c.OpenSession(), factor_at_login=False))

    both = f"{PASSWORD},{house.code().reveal()}"
    assert heard(person, both) is Reason.WRONG_PASSWORD
    house.choose(puppet__code_after_password=True)
    assert heard(person, f"{PASSWORD},000000") is Reason.FACTOR_WRONG
    assert heard(person, PASSWORD) is Reason.FACTOR_REQUIRED
    assert heard(person, both) is None
    assert heard(plain, plain.password) is None
    digest = LoginProof(person.login, digest=Secret(hashes.prehash(PASSWORD)))
    assert reason(house.wish(login(person, dialect="puppet", login=digest), c.OpenSession())) is Reason.FACTOR_REQUIRED


# --- a password that must be changed


def test_a_password_to_be_changed_opens_nothing(house: Household) -> None:
    """The right password gets a reset token where the wire can hand one out, and a refusal elsewhere."""
    person = house.person(must_change=True)
    due = house.sign_in(person)
    assert isinstance(due, PasswordChangeDue)
    assert house.opens(due.secret) is Reason.WRONG_DOOR
    shown = login(person, dialect="pyramid")
    assert reason(house.wish(shown, c.OpenSession())) is Reason.PASSWORD_CHANGE_DUE
    assert refused(house) == [("sessions:open", "password_change_due", person.subject.id)]
    assert reason(house.wish(None, c.RedeemReset(due.secret, Secret(LONG)))) is None
    assert isinstance(house.sign_in(person, LONG), SessionOpened)
