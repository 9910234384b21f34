"""Letters come to a real SMTP server at least once, normally once, whatever it does; logs never tell what they say."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keyturn import app
from keyturn.core.types import Secret
from keyturn.mail import Carrier, Relay, carrier, relay
from keyturn.mail.carrier import carry, claimed, deliver, hand_over
from keyturn.mail.relay import Session
from keyturn.store import mail_codes
from keyturn.store.outbox import HOLD, Letter
from tests.houses import KEY, Household, household
from tests.mail.posting import ADDRESS, CODE, LIVES, TOKEN, post, rows, tries
from tests.postbox import HOST, Postbox, postboxed
from tests.served import Served, certificate, serving

PASSWORD = "a password for the relay"
ANOTHER = """
import sys, time
from pathlib import Path
from keyturn.app import catalogue
from keyturn.mail import Carrier, Relay
from keyturn.store.instance import open_store
store, _ = open_store(sys.argv[1], Path(sys.argv[2]), catalogue())
Carrier(store, Relay("127.0.0.1", "https://id.example.test", "keyturn@example.test", port=int(sys.argv[3]), tls="none"))
time.sleep(60)
"""
"""A process that carries until it is killed."""


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Whatever a test here does, no line of ours holds an address, a secret or a password."""
    caplog.set_level(logging.DEBUG, "keyturn")
    yield caplog
    ours = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''} {vars(record)}"
        for when in ("setup", "call", "teardown")
        for record in caplog.get_records(when)
        if record.name.startswith("keyturn")
    )
    assert not [text for text in (ADDRESS, TOKEN, CODE, PASSWORD, "ann.lee") if text in ours]


def lines(logged: pytest.LogCaptureFixture) -> str:
    """What the mail room logged."""
    return "\n".join(record.getMessage() for record in logged.records if record.name == "keyturn.mail")


def turn(house: Household, where: Relay) -> bool:
    """One turn of a carrier."""
    return carry(house.store, where, lambda: False)


def my_letter(house: Household) -> Letter:
    """A letter that is claimed."""
    found = claimed(house.store)
    assert found is not None
    return found


def eventually(true: object, seconds: float = 10) -> None:
    """What is asked is true before long."""
    assert callable(true)
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_letter_comes(house: Household, postbox: Postbox, logged: pytest.LogCaptureFixture) -> None:
    """It is handed over for its one address, from ours, and is gone; the log names it by its Message-ID."""
    post(house)
    uuid = rows(house)[0][2]
    assert turn(house, postbox.relay()) is False
    [letter] = postbox.wait(1)
    assert (letter["X-From"], letter["X-To"], letter["To"]) == ("keyturn@example.test", ADDRESS, ADDRESS)
    assert letter["Message-ID"] == f"<{uuid}@id.example.test>"
    assert rows(house) == []
    assert uuid in lines(logged)


def test_an_empty_outbox_asks_nothing_of_the_relay(house: Household) -> None:
    """Without letters there is no conversation, so a relay that is away is not noticed."""
    assert turn(house, Relay("no such host", "https://id.example.test", "k@example.test")) is False


def test_a_turn_is_bounded(house: Household, postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many letters the carrier looks up, and is told that there may be more."""
    monkeypatch.setattr(carrier, "TURN", 3)
    for _ in range(4):
        post(house)
    assert turn(house, postbox.relay()) is True
    assert (len(postbox.letters()), len(rows(house))) == (3, 1)
    assert turn(house, postbox.relay()) is False
    assert len(postbox.letters()) == 4


def test_it_is_awake_at_once(house: Household, postbox: Postbox) -> None:
    """A letter that is posted is on its way before the carrier would look by itself; without a call it is, too."""
    with closing(Carrier(house.store, postbox.relay())) as carried:
        for count in (1, 2, 3):
            post(house)
            before = time.monotonic()
            carried.wake()
            postbox.wait(count)
            assert time.monotonic() - before < carrier.EVERY - 0.2
        post(house)
        postbox.wait(4)


def test_two_carriers_carry_each_letter_once(
    house: Household, postbox: Postbox, tmp_path: Path, database_url: str
) -> None:
    """Two nodes on one store: every letter comes, none of them twice, and both have a share."""
    for _ in range(60):
        post(house)
    with (
        household(database_url, tmp_path / KEY) as other,
        closing(Carrier(house.store, postbox.relay())) as one,
        closing(Carrier(other.store, postbox.relay())) as two,
    ):
        one.wake()
        two.wake()
        letters = postbox.wait(60, seconds=30)
        eventually(lambda: rows(house) == [])
    assert len({letter["Message-ID"] for letter in letters}) == len(postbox.letters()) == 60


def test_whoever_dies_between_claim_and_end_loses_nothing(house: Household, postbox: Postbox) -> None:
    """Handed over and not noted, as by a crash: it comes again after the hold, told to be the same by its id."""
    post(house)
    letter = my_letter(house)
    with Session(postbox.relay()) as session:
        hand_over(house.store, postbox.relay(), session, letter)
    turn(house, postbox.relay())
    assert len(postbox.letters()) == 1
    house.clock.forward(HOLD + 1)
    turn(house, postbox.relay())
    first, again = postbox.letters()
    assert first["Message-ID"] == again["Message-ID"]
    assert rows(house) == []


def test_a_killed_carrier_loses_nothing(house: Household, postbox: Postbox, tmp_path: Path, database_url: str) -> None:
    """A process killed with -9 in the middle of a conversation: the letter comes by another one."""
    post(house)
    postbox.silent = True
    where = [database_url, str(tmp_path / KEY), str(postbox.port)]
    killed = subprocess.Popen([sys.executable, "-c", ANOTHER, *where], env=os.environ | {"PYTHONPATH": "src"})
    try:
        postbox.until_asked(1, 30)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    postbox.silent = False
    turn(house, postbox.relay())
    assert postbox.letters() == []
    house.clock.forward(HOLD + 1)
    turn(house, postbox.relay())
    assert len(postbox.letters()) == 1
    assert rows(house) == []


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
def test_refused_for_good(house: Household, postbox: Postbox, logged: pytest.LogCaptureFixture, at: str) -> None:
    """5xx about a recipient or a mail: the letter is dropped, and the next one comes all the same."""
    post(house)
    postbox.answer, postbox.at = f"550 5.1.1 <{ADDRESS}> unknown", at
    turn(house, postbox.relay())
    assert rows(house) == []
    assert "refused for good with 550" in lines(logged)
    post(house)
    post(house, "code")
    first = my_letter(house)
    with Session(postbox.relay()) as session:
        deliver(house.store, postbox.relay(), session, first)
        postbox.answer = "250 taken"
        deliver(house.store, postbox.relay(), session, my_letter(house))
    assert rows(house) == []


@pytest.mark.parametrize(
    ("at", "said"), [("RCPT", "451 4.7.1 later"), ("DATA", "452 full"), ("MAIL", "451 no"), ("MAIL", "530 who are you")]
)
def test_refused_for_now(
    house: Household, postbox: Postbox, logged: pytest.LogCaptureFixture, at: str, said: str
) -> None:
    """4xx, and anything said about ourselves, is tried again until it works."""
    post(house)
    postbox.answer, postbox.at = f"{said} <{ADDRESS}>", at
    turn(house, postbox.relay())
    assert (tries(house), postbox.letters()) == ([1], [])
    assert said[:3] in lines(logged)
    turn(house, postbox.relay())
    assert tries(house) == [1]
    house.clock.forward(6)
    turn(house, postbox.relay())
    assert tries(house) == [2]
    postbox.answer = "250 taken"
    house.clock.forward(31)
    turn(house, postbox.relay())
    assert (rows(house), len(postbox.letters())) == ([], 1)


def test_a_relay_that_is_down(house: Household, postbox: Postbox, logged: pytest.LogCaptureFixture) -> None:
    """Letters wait, each by itself, and come when it is there again."""
    post(house)
    post(house, "code")
    postbox.down()
    turn(house, postbox.relay())
    assert tries(house) == [1, 1]
    assert "ConnectionRefusedError" in lines(logged)
    postbox.up()
    house.clock.forward(6)
    turn(house, postbox.relay())
    assert (rows(house), len(postbox.letters())) == ([], 2)


def test_a_relay_that_goes_silent(house: Household, postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up after a while, and tried again."""
    monkeypatch.setattr(relay, "TIMEOUT", 0.2)
    post(house)
    postbox.silent = True
    before = time.monotonic()
    turn(house, postbox.relay())
    assert time.monotonic() - before < 3
    assert tries(house) == [1]
    postbox.silent = False
    house.clock.forward(6)
    turn(house, postbox.relay())
    assert (rows(house), len(postbox.letters())) == ([], 1)


def test_a_relay_that_never_greets(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes connections and says nothing does not hold the carrier either."""
    monkeypatch.setattr(relay, "TIMEOUT", 0.2)
    post(house)
    with socket.create_server((HOST, 0)) as dumb:
        before = time.monotonic()
        turn(house, Relay(HOST, "https://id.example.test", "k@example.test", port=dumb.getsockname()[1], tls="none"))
        assert time.monotonic() - before < 3
    assert tries(house) == [1]


def test_closing_does_not_wait_for_a_silent_relay(
    house: Household, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance ends within seconds; what was under way is due again."""
    monkeypatch.setattr(carrier, "PATIENCE", 0.5)
    post(house)
    postbox.silent = True
    carried = Carrier(house.store, postbox.relay())
    carried.wake()
    postbox.until_asked()
    before = time.monotonic()
    carried.close()
    assert time.monotonic() - before < 2
    assert len(rows(house)) == 1
    postbox.silent = False
    postbox.wait(1)
    eventually(lambda: rows(house) == [])


def test_requests_do_not_wait_for_mail(served: Served, postbox: Postbox) -> None:
    """While the relay is silent, posting and answering take what they take otherwise."""
    postbox.silent = True
    post(served.people)
    served.house.posted()
    postbox.until_asked()
    before = time.monotonic()
    for _ in range(10):
        post(served.people, "code")
        served.house.posted()
        assert served.request("GET", "/readyz").status == 200
    assert time.monotonic() - before < 2
    assert len(rows(served.people)) == 11
    postbox.silent = False
    postbox.wait(11)


def test_without_a_relay_nothing_is_carried(served: Served) -> None:
    """Letters lie there until they expire."""
    post(served.people)
    served.house.posted()
    time.sleep(0.1)
    assert tries(served.people) == [0]


def test_what_expired_is_purged(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    """An instance takes letters and codes away that say nothing true any more, and counts the letters in its log."""
    monkeypatch.setattr(app, "CARE_EVERY", 0.05)
    with serving(database_url, tmp_path) as served:
        ann = served.people.person()
        for lives in (-1, -1, LIVES):
            post(served.people, lives=lives)
        now = served.house.store.now()
        served.people.do(lambda tx: mail_codes.make(tx, 1, ann.subject.id, "native", -1, now))
        served.people.do(lambda tx: mail_codes.make(tx, 1, ann.subject.id, "rocketchat", LIVES, now))
        eventually(lambda: len(rows(served.people)) == 1)
        eventually(lambda: served.people.one("SELECT count(*) FROM mail_codes") == 1)
    assert "mails expired before they could be handed over" in logged.text


def test_an_expired_letter_is_not_sent(house: Household, postbox: Postbox) -> None:
    """A mail that says nothing true any more goes to nobody."""
    post(house, lives=10)
    house.clock.forward(11)
    turn(house, postbox.relay())
    assert postbox.letters() == []


@pytest.mark.parametrize("broken", [{"kind": "unheard-of"}, {"address": "a,ann.lee@example.test"}])
def test_one_that_cannot_be_written_is_in_nobodys_way(
    house: Household, postbox: Postbox, broken: dict[str, str]
) -> None:
    """A kind of a newer node, an address that is none: tried again later, and the next letter comes."""
    post(house)
    if "kind" in broken:
        house.do(lambda tx: tx.run("UPDATE outbox SET kind = $1", broken["kind"]))
    else:
        post(house, address=broken["address"])
    post(house, "code")
    turn(house, postbox.relay())
    assert "Your code" in postbox.wait(1)[-1]["Subject"]
    assert tries(house) == [1]


def test_an_address_beyond_ascii(house: Household, postbox: Postbox) -> None:
    """It is handed over as it is where the relay speaks SMTPUTF8."""
    post(house, address="änn@exämple.test")
    turn(house, postbox.relay())
    assert postbox.wait(1)[0]["X-To"] == "änn@exämple.test"
    assert rows(house) == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_encrypted_and_signed_in(
    house: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture, tls: str
) -> None:
    """With a certificate that is trusted mails go by TLS with name and password; without trust, nothing goes."""
    files = certificate(tmp_path)
    post(house)
    with postboxed(tls=tls, files=files, user="keyturn", password=PASSWORD) as box:
        turn(house, box.relay())
        assert (box.letters(), tries(house)) == ([], [1])
        assert "SSLCertVerificationError" in lines(logged)
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        house.clock.forward(6)
        turn(house, box.relay(password=Secret("another")))
        assert (box.letters(), tries(house)) == ([], [2])
        assert "SMTPAuthenticationError 535" in lines(logged)
        house.clock.forward(31)
        turn(house, box.relay())
        assert (len(box.letters()), rows(house)) == (1, [])


def test_never_in_clear_where_tls_is_asked(house: Household, postbox: Postbox) -> None:
    """A relay that offers no STARTTLS, as after somebody took the offer away, gets neither password nor mail."""
    post(house)
    turn(house, postbox.relay(tls="starttls", user="keyturn", password=Secret(PASSWORD)))
    assert (postbox.asked, tries(house)) == (0, [1])


def test_it_outlives_the_store(served: Served, postbox: Postbox, logged: pytest.LogCaptureFixture) -> None:
    """A carrier whose store fails goes on, and says so without a word of the letter."""
    served.people.do(lambda tx: tx.run("ALTER TABLE outbox RENAME TO elsewhere"))
    served.house.posted()
    eventually(lambda: "mail waits for the store" in lines(logged) or "mail was not looked at" in lines(logged))
    served.people.do(lambda tx: tx.run("ALTER TABLE elsewhere RENAME TO outbox"))
    post(served.people)
    postbox.wait(1)
