"""A reset token by mail: to whom, how often, what it does, and what is nowhere else (A01, A03, A05, A08, A25, A26)."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Ended, Reason, SessionOpened
from keyturn.core.types import SECOND, Presented, Proof, RealmRef, Secret
from keyturn.store import subjects
from tests.engines import Engine
from tests.houses import Household, Person, reason

NEW = Secret("a passphrase chosen after a mail")
OPERATOR = Presented("native", local=True)
HOUR = 3600


@pytest.fixture
def mia(house: Household) -> Person:
    """Somebody with a password and an address known to be theirs."""
    return house.person("mia", email="mia@example.test", email_verified=True)


def ask(house: Household, name: str = "mia", **more: Any) -> Any:
    """What is answered to somebody who forgot that name's password."""
    return house.wish(None, c.RequestReset(name), **more)


def mailed(house: Household) -> Secret:
    """The token of the newest letter."""
    return Secret(house.letters()[-1].words["token"])


def redeem(house: Household, token: Secret, password: Secret = NEW) -> Any:
    """What came of using it."""
    return house.wish(None, c.RedeemReset(token, password))


# --- asked for


def test_a_forgotten_password(house: Household, mia: Person) -> None:
    """The token comes to the row's own address, works once, opens no session, and the old password is none."""
    session = house.token(mia)
    assert ask(house, address="192.0.2.7") == Ended()
    (letter,) = house.letters()
    assert (letter.kind, letter.address) == ("reset", "mia@example.test")
    assert letter.words.keys() == {"realm", "token", "until", "address"}
    assert (letter.words["realm"], letter.words["address"]) == ("Default", "192.0.2.7")
    assert letter.words["until"].endswith(" UTC")
    assert house.opens(session) is None
    assert redeem(house, mailed(house)) == Ended()
    assert reason(redeem(house, mailed(house), Secret("another passphrase after it"))) is Reason.INVALID_RESET
    assert house.opens(session) is Reason.TOKEN_ENDED
    assert reason(house.sign_in(mia)) is Reason.WRONG_PASSWORD
    assert isinstance(house.sign_in(mia, NEW.reveal()), SessionOpened)


@pytest.mark.parametrize("named", ["mia", "MIA", " Mia ", "ｍｉａ", "mia@example.test", "MIA@EXAMPLE.TEST"])
def test_the_address_is_the_rows(house: Household, mia: Person, named: str) -> None:
    """However the account is named, what is mailed goes to the address as it is stored (A01)."""
    ask(house, named)
    assert [letter.address for letter in house.letters()] == ["mia@example.test"]


@pytest.mark.parametrize(
    "named",
    [
        "mia@example.test,eve@evil.test",
        "mia@example.test;eve@evil.test",
        "mia@example.test eve@evil.test",
        "mia@example.test\neve@evil.test",
        "mia@example.test\r\nBcc: eve@evil.test",
        "mia@example.test%0abcc:eve@evil.test",
        "<mia@example.test> eve@evil.test",
        "mia%00",
        "mia\x00",
        "mıa@example.test",
        "mia@example.test.",
        "mia@еxample.test",
        "mi\u0430",
        "mia\u200b",
        "m\u0131a",
        "mia\u202e",
        "mía@example.test",
        "",
        "x" * 5000,
    ],
)
def test_what_only_looks_like_it_is_nobody(house: Household, mia: Person, named: str) -> None:
    """Lists, line ends, escapes and letters that look alike name no account, and are answered all the same (A26)."""
    before = house.contents()
    assert ask(house, named) == Ended()
    assert house.letters() == []
    assert house.contents() == before


def test_a_twin_is_mailed_at_its_own_address(house: Household, mia: Person) -> None:
    """Whoever registered an address that folds alike elsewhere gets what is theirs, never what is another's (A26)."""
    twin = house.person("mıa", email="mıa@example.test", email_verified=True)
    assert twin.subject.id != mia.subject.id
    ask(house, "mıa@example.test")
    ask(house, "mia@example.test")
    assert [letter.address for letter in house.letters()] == ["mıa@example.test", "mia@example.test"]
    tokens = [Secret(letter.words["token"]) for letter in house.letters()]
    assert redeem(house, tokens[0]) == Ended()
    assert isinstance(house.sign_in("mıa", NEW.reveal()), SessionOpened)
    assert isinstance(house.sign_in(mia), SessionOpened)


def one(**how: Any) -> Callable[[Household], Person]:
    """Somebody made so."""
    return lambda house: house.person("nia", **{"email": "nia@example.test", "email_verified": True, **how})


def suspended(house: Household) -> Person:
    """Somebody who may not act."""
    person = one()(house)
    house.wish(OPERATOR, c.SuspendUser(person.ref))
    return person


def deleted(house: Household) -> Person:
    """Somebody who is no more."""
    person = one()(house)
    house.wish(OPERATOR, c.DeleteUser(person.ref))
    return person


NO_MAIL: dict[str, Callable[[Household], Person | None]] = {
    "nobody": lambda house: None,
    "suspended": suspended,
    "deleted": deleted,
    "managed elsewhere": one(remote=True, password=None),
    "managed elsewhere by now": one(remote=True),
    "built in": one(built_in=True),
    "a machine": one(service=True),
    "without a password": one(password=None),
    "an address nobody vouched for": one(email_verified=False),
    "no address": one(email="", email_verified=False),
}


@pytest.mark.parametrize("who", NO_MAIL)
def test_the_answer_never_says(house: Household, mia: Person, who: str) -> None:
    """For whom a reset cannot help nothing is made or mailed; the answer is that of a mail that was sent (A08, A25)."""
    NO_MAIL[who](house)
    before = house.contents()
    assert ask(house, "nia") == Ended()
    assert house.letters() == []
    assert house.contents() == before
    assert house.lines("refused") == []
    assert ask(house, "mia") == Ended()
    assert len(house.letters()) == 1


def test_a_stranger_takes_no_way_back(house: Household, mia: Person) -> None:
    """A token that an administrator made for somebody suspended, where that helps, is not replaced by asking."""
    boss = house.token(house.person("", "Administrators"), dialect="puppet")
    house.wish(OPERATOR, c.SuspendUser(mia.ref))
    token = house.wish(boss, c.IssueReset(mia.ref)).secret
    house.clock.forward(120)
    for wire in ("puppet", "native"):
        assert ask(house, dialect=wire) == Ended()
    assert house.letters() == []
    assert house.wish(None, c.RedeemReset(token, NEW, reinstate=True), dialect="puppet") == Ended()


def test_at_most_one_mail_a_minute(house: Household, mia: Person) -> None:
    """A second one within the minute mails nothing and leaves the first as good as it was."""
    for _ in range(3):
        assert ask(house) == Ended()
    assert len(house.letters()) == 1
    house.clock.forward(59)
    ask(house)
    assert len(house.letters()) == 1
    first = mailed(house)
    house.clock.forward(2)
    ask(house)
    assert len(house.letters()) == 2
    assert reason(redeem(house, first)) is Reason.INVALID_RESET
    assert redeem(house, mailed(house)) == Ended()


def test_the_newest_alone_works(house: Household, mia: Person) -> None:
    """Asked for every two minutes, and made by an administrator at last: of all of them one works (A05)."""
    tokens = []
    for _ in range(3):
        ask(house)
        tokens.append(mailed(house))
        house.clock.forward(120)
    tokens.append(house.wish(house.token(house.person("", "Administrators")), c.IssueReset(mia.ref)).secret)
    assert [reason(redeem(house, token)) for token in tokens] == [*[Reason.INVALID_RESET] * 3, None]


@pytest.mark.parametrize(
    ("wire", "chosen", "seconds"),
    [
        ("native", {}, HOUR),
        ("rocketchat", {}, HOUR),
        ("puppet", {}, 24 * HOUR),
        ("puppet", {"puppet__password_reset_lifetime": 600}, 600),
        ("puppet", {"puppet__password_reset_lifetime": 7 * 24 * HOUR}, 24 * HOUR),
        ("native", {"lifetimes__reset__default": 5 * 24 * HOUR}, 24 * HOUR),
    ],
)
def test_how_long_it_works(house: Household, mia: Person, wire: str, chosen: dict[str, Any], seconds: int) -> None:
    """As long as the wire and the realm say, a day at the most, and not a moment longer (rules.md 3)."""
    house.choose(**chosen)
    ask(house, dialect=wire)
    assert house.one("SELECT expires - created FROM tokens WHERE kind = 'reset'") == seconds * SECOND
    assert house.one("SELECT expires - created FROM outbox") == seconds * SECOND
    house.clock.forward(seconds)
    assert reason(redeem(house, mailed(house))) is Reason.INVALID_RESET


def test_a_realm_is_asked_by_its_name(house: Household, mia: Person) -> None:
    """A namesake elsewhere is mailed at its own address, with its own realm's name; none of another realm (P8)."""
    house.realm("shop")
    house.person("mia", realm="shop", email="mia@shop.test", email_verified=True)
    ask(house, realm=RealmRef("name", "shop"))
    assert [(letter.address, letter.words["realm"]) for letter in house.letters()] == [("mia@shop.test", "Shop")]
    ask(house, "mia@example.test", realm=RealmRef("name", "shop"))
    assert len(house.letters()) == 1
    assert reason(ask(house, realm=RealmRef("name", "nowhere"))) is Reason.REALM_REFUSED


# --- used


def test_a_second_factor_stays(house: Household, mia: Person) -> None:
    """Neither app nor mailed code is skipped or lost by a reset (A08)."""
    house.factor(mia)
    house.factor(mia, "email")
    ask(house)
    assert redeem(house, mailed(house)) == Ended()
    assert reason(house.sign_in(mia, NEW.reveal())) is Reason.FACTOR_REQUIRED
    heard = house.sign_in(mia, NEW.reveal(), "rocketchat")
    assert isinstance(heard, Denied)
    assert isinstance(house.sign_in(mia, NEW.reveal(), proof=Proof("totp", house.code())), SessionOpened)


def test_a_locked_account_gets_back_in(house: Household, mia: Person) -> None:
    """Nobody keeps somebody out by guessing: the mail comes, and its use opens the lock."""
    for _ in range(10):
        house.sign_in(mia, "wrong")
    assert reason(house.sign_in(mia)) is Reason.ACCOUNT_LOCKED
    ask(house)
    assert redeem(house, mailed(house)) == Ended()
    assert isinstance(house.sign_in(mia, NEW.reveal()), SessionOpened)


def test_it_reinstates_nobody(house: Household, mia: Person) -> None:
    """Whoever was suspended after the mail went out stays so, on a wire whose own tokens do reinstate as well."""
    ask(house, dialect="puppet")
    token = mailed(house)
    house.wish(OPERATOR, c.SuspendUser(mia.ref))
    heard = house.wish(None, c.RedeemReset(token, NEW, reinstate=True), dialect="puppet")
    assert reason(heard) is Reason.INVALID_RESET
    found = house.now_of(mia)
    assert found is not None
    assert found.state == "suspended"


def test_a_weak_password_spends_nothing(house: Household, mia: Person) -> None:
    """The token is as good as before."""
    ask(house)
    assert reason(redeem(house, mailed(house), Secret("short"))) is Reason.WEAK_PASSWORD
    assert redeem(house, mailed(house)) == Ended()


# --- what is in the record, and what is nowhere else


def test_the_record_tells_it_without_the_secret(house: Household, mia: Person) -> None:
    """One line that a mail was called for, of nobody known, with neither token nor address in it."""
    ask(house)
    (line,) = [line for line in house.lines("done") if line.verb == "resets:request"]
    assert (line.subject, line.actor, line.kills) == (mia.subject.id, None, True)
    assert line.token == house.one("SELECT uuid FROM tokens WHERE kind = 'reset'")
    text = str(house.contents()["audit"])
    assert mailed(house).reveal() not in text
    assert "mia@example.test" not in text


def test_a_letter_opens_in_its_own_row_alone(house: Household, mia: Person) -> None:
    """What is sealed into one row does not open as another's, nor as another kind of secret."""
    house.person("noor", email="noor@example.test", email_verified=True)
    ask(house)
    ask(house, "noor")

    def rows(tx: Any) -> list[tuple[str, bytes]]:
        return [(row[0], bytes(row[1])) for row in tx.all("SELECT uuid, sealed FROM outbox ORDER BY id")]

    (first, sealed), (second, _) = house.read(rows)

    def opened(purpose: str, uuid: str) -> Any:
        return house.read(lambda tx: msgspec.json.decode(tx.ring.open(purpose, uuid, sealed)))

    assert opened("mail", first)["address"] == "mia@example.test"
    for purpose, uuid in (("mail", second), ("factor", first)):
        with pytest.raises(InvalidTag):
            opened(purpose, uuid)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_file_holds_neither_token_nor_code(house: Household, mia: Person, database: Engine) -> None:
    """Whoever copies the store reads no reset token, no mailed code, no recovery code: sealed, or keyed digests."""
    house.factor(mia)
    house.factor(mia, "email")
    ask(house)
    house.wish(None, c.MailCode("mia"), dialect="rocketchat")
    session = house.token(mia)
    codes = house.wish(session, c.EnrolFactor("recovery", True)).codes
    told = [mailed_word.encode() for letter in house.letters() for mailed_word in _secrets(letter.words)]
    assert len(told) == 3
    path = Path(database.url.removeprefix("sqlite:///"))
    house.store.close()
    files = b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))
    assert b"mia@example.test" in files
    assert [secret for secret in (*told, *(code.reveal().encode() for code in codes)) if secret in files] == []


def _secrets(words: dict[str, str]) -> list[str]:
    """What of a letter nobody may read who has the store alone; a code with its dash, since six digits are anywhere."""
    if "token" in words:
        return [words["token"], words["token"][8:]]
    return [words["code"]]


def test_many_who_ask_at_once_are_mailed_once(house: Household, mia: Person) -> None:
    """Of many that ask at the same moment one mails, and what it mails works; so with codes."""
    house.factor(mia, "email")

    def both() -> None:
        ask(house)
        house.wish(None, c.MailCode("mia"), dialect="rocketchat")

    threads = [threading.Thread(target=both) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(letter.kind for letter in house.letters()) == ["code", "reset"]
    token = next(letter.words["token"] for letter in house.letters() if letter.kind == "reset")
    assert redeem(house, Secret(token)) == Ended()


def test_an_address_that_is_being_changed(house: Household, mia: Person) -> None:
    """Whoever asks while the address is replaced is mailed to neither: the old is theirs no more, the new not yet."""
    house.factor(mia, "email")
    wishes = (c.RequestReset("mia"), c.MailCode("mia"))
    asking = [threading.Thread(target=house.wish, args=(Presented("rocketchat"), wish)) for wish in wishes]

    def change(tx: Any) -> None:
        subjects.update(tx, replace(mia.subject, email="new@example.test", email_verified=False), house.store.now())
        for thread in asking:
            thread.start()
        time.sleep(0.3)

    house.do(change)
    for thread in asking:
        thread.join()
    assert house.letters() == []
