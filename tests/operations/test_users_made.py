"""Users are added: with everything given at once, and by themselves where the realm lets people."""

from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Fields, Named, Reason, SessionOpened, UserCreated, Weak
from keyturn.core.rules import STEWARDS
from keyturn.core.types import Presented, Secret, SubjectRef
from tests.houses import Held, Household, reason

CHAT = "rocketchat"
NEW = Secret("a passphrase of somebody new")


def admin(house: Household) -> Held:
    """A session of an administrator of the realm."""
    return house.token(house.person("", "Administrators"))


def register(house: Household, wire: str = CHAT, **given: Any) -> Any:
    """What came of somebody adding themselves."""
    wish = c.Register(**{"login": "nia", "password": NEW, **given})
    return house.wish(None, wish, dialect=wire)


def open_house(house: Household) -> Household:
    """The house, where people may register."""
    house.choose(rocketchat__registration=True)
    return house


# --- by somebody who may


def test_all_of_a_user_at_once(house: Household) -> None:
    """Address known to be theirs, codes by mail from the start, a password, and suspended until later."""
    boss = admin(house)
    made = house.wish(
        boss,
        c.CreateUser("nia", "nia@example.test", password=NEW, email_verified=True, mail_code=True, suspended=True),
    )
    assert isinstance(made, UserCreated)
    view = made.user
    assert (view.subject.email_verified, view.subject.state, view.has_password) == (True, "suspended", True)
    assert [(f.kind, f.confirmed) for f in view.factors] == [("email", True)]
    assert [r.name for r in view.roles] == ["Members"]
    assert reason(house.sign_in("nia", NEW.reveal(), CHAT)) is Reason.ACCOUNT_SUSPENDED
    house.wish(boss, c.ReinstateUser(SubjectRef("login", "nia")))
    heard = house.sign_in("nia", NEW.reveal(), CHAT)
    assert (heard.reason, heard.note.methods) == (Reason.FACTOR_REQUIRED, ("email",))
    assert reason(house.sign_in("nia", NEW.reveal())) is None


def test_without_an_address_nothing_is_verified(house: Household) -> None:
    """What is not there cannot be known to be anybody's."""
    made = house.wish(admin(house), c.CreateUser("nia", email_verified=True))
    assert not made.user.subject.email_verified


def test_nobody_gives_what_they_lack(house: Household) -> None:
    """A helper makes no administrator, an administrator no Steward, and a role must be there (TM4)."""
    boss = admin(house)
    assert house.wish(boss, c.CreateUser("nia", roles=(STEWARDS,))) == Denied(Reason.FORBIDDEN, Named("role"))
    none = house.wish(boss, c.CreateUser("nia", roles=("Nothing",)))
    assert none == Denied(Reason.MALFORMED, Fields({"roles": "names a role that is not there"}))
    helper = house.token(house.person("", "Help Desk"))
    assert reason(house.wish(helper, c.CreateUser("nia"))) is Reason.FORBIDDEN
    assert house.one("SELECT count(*) FROM subjects WHERE login_key = 'nia'") == 0


def test_a_refused_user_leaves_nothing(house: Household) -> None:
    """A name or an address that is taken, or written so that it is none, is told by its field alone."""
    house.person("mia", email="mia@example.test")
    boss = admin(house)
    before = house.contents()
    heard = [
        house.wish(boss, c.CreateUser("MIA", password=NEW)),
        house.wish(boss, c.CreateUser("nia", "Mia@Example.TEST", password=NEW, mail_code=True)),
        house.wish(boss, c.CreateUser("", "nowhere", "a\x00b")),
        house.wish(boss, c.CreateUser("nia", password=Secret("short"))),
    ]
    assert heard[:2] == [Denied(Reason.CONFLICT, Named("login")), Denied(Reason.CONFLICT, Named("email"))]
    assert set(heard[2].note.fields) == {"login", "email", "display_name"}
    assert heard[3].reason is Reason.WEAK_PASSWORD
    assert house.contents() == before


def test_the_command_line_makes_the_first_administrator(house: Household) -> None:
    """Set-up codes are over with it, and the usual login gets the uuid that scripts carry for it."""
    local = Presented("native", local=True)
    house.wish(local, c.IssueSetup())
    made = house.wish(local, c.CreateUser("admin", password=NEW, administrator=True))
    assert [r.name for r in made.user.roles] == [STEWARDS]
    assert made.user.subject.uuid == "42bf351c-f9ec-40af-84ad-e976fec7f4bd"
    assert house.one("SELECT count(*) FROM tokens WHERE kind = 'setup' AND ended IS NULL") == 0


@pytest.mark.parametrize("before", [(), ("root",)])
def test_the_known_uuid_is_the_first_administrators(house: Household, before: tuple[str, ...]) -> None:
    """Whoever is no administrator, or not the first, gets a uuid of their own whatever the login."""
    local = Presented("native", local=True)
    for login in before:
        house.wish(local, c.CreateUser(login, administrator=True))
    made = house.wish(local, c.CreateUser("admin", administrator=bool(before)))
    assert made.user.subject.uuid != "42bf351c-f9ec-40af-84ad-e976fec7f4bd"


# --- by themselves


@pytest.mark.parametrize("wire", [CHAT, "native", "puppet"])
def test_nobody_registers_unasked(house: Household, wire: str) -> None:
    """Off by default, and on a wire that has no such choice never on."""
    before = house.contents()
    assert register(house, wire) == Denied(Reason.FORBIDDEN, Named("setting", f"{wire}.registration"))
    open_house(house)
    if wire != CHAT:
        assert reason(register(house, wire)) is Reason.FORBIDDEN
    assert house.contents()["subjects"] == before["subjects"]


def test_who_registers_is_a_plain_user(house: Household) -> None:
    """A member with an address that nobody vouched for, on an empty store as well: never an administrator."""
    made = register(open_house(house), email="nia@example.test", display_name="Nia")
    assert isinstance(made, UserCreated)
    view = made.user
    assert [r.name for r in view.roles] == ["Members"]
    assert (view.subject.email_verified, view.subject.service, view.subject.display_name) == (False, False, "Nia")
    assert isinstance(house.sign_in("nia", NEW.reveal(), CHAT), SessionOpened)
    boss = house.wish(None, c.Register("admin", NEW), dialect=CHAT)
    assert boss.user.subject.uuid != "42bf351c-f9ec-40af-84ad-e976fec7f4bd"
    assert [r.name for r in boss.user.roles] == ["Members"]
    line = house.lines("done")[-1]
    assert (line.verb, line.subject, line.actor) == ("users:register", boss.user.subject.id, None)


def test_codes_are_not_mailed_to_an_address_of_anybody(house: Household) -> None:
    """Asked for at registration, they are asked for in earnest once the address is known to be theirs."""
    made = register(open_house(house), email="nia@example.test", mail_code=True)
    assert [f.kind for f in made.user.factors] == ["email"]
    assert isinstance(house.sign_in("nia", NEW.reveal(), CHAT), SessionOpened)
    assert house.letters() == []
    house.wish(admin(house), c.EditUser(SubjectRef("login", "nia"), email_verified=True))
    assert reason(house.sign_in("nia", NEW.reveal(), CHAT)) is Reason.FACTOR_REQUIRED
    assert [letter.address for letter in house.letters()] == ["nia@example.test"]


def test_a_registration_that_does_not_fit(house: Household) -> None:
    """Names that are taken in any spelling, names that are none, and weak passwords are refused; nothing is left."""
    open_house(house).person("mia", email="mia@example.test")
    before = house.contents()
    assert register(house, login="ＭＩＡ") == Denied(Reason.CONFLICT, Named("login"))
    assert register(house, email="MIA@example.test") == Denied(Reason.CONFLICT, Named("email"))
    assert register(house, login="a\u200bb").note.fields.keys() == {"login"}
    weak = register(house, password=Secret("nia"))
    assert weak.reason is Reason.WEAK_PASSWORD
    assert isinstance(weak.note, Weak)
    assert "nia" not in weak.note.fields["password"]
    own_name = register(house, login="a-long-enough-login", password=Secret("a-long-enough-login"))
    assert own_name.reason is Reason.WEAK_PASSWORD
    assert house.contents() == before


def test_a_closed_realm_takes_nobody(house: Household) -> None:
    """Where a realm is switched off, its choice to let people in counts for nothing."""
    open_house(house)
    house.do(lambda tx: tx.run("UPDATE realms SET active = 0 WHERE name = 'default'"))
    assert reason(register(house)) is Reason.FORBIDDEN


def test_whoever_is_here_registers_like_anybody(house: Household) -> None:
    """A caller's rights add nothing to who registers."""
    boss = house.token(house.person("root", STEWARDS), dialect=CHAT)
    made = house.wish(boss, c.Register("nia", NEW), dialect=CHAT)
    assert reason(made) is Reason.FORBIDDEN
    open_house(house)
    assert [r.name for r in house.wish(boss, c.Register("nia", NEW)).user.roles] == ["Members"]
