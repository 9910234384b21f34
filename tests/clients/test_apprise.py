"""apprise, which many scripts send notices with: its Rocket.Chat plugin signs in and out; messages are not ours."""

import logging
from urllib.parse import quote

import apprise
import pytest

from tests.houses import Household, Person
from tests.served import HOST, Served

pytestmark = [pytest.mark.clients, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
NOT_OURS = "POST (no route) 404"
OUR_404 = b'{"success":false,"error":"Resource not found"}'


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the server and the client write into their logs."""
    caplog.set_level(logging.DEBUG, "apprise")
    caplog.set_level(logging.DEBUG, "keyturn.http")
    return caplog


def notified(served: Served, user: str, secret: str, mode: str) -> bool:
    """Whether the notice was delivered, as the plugin sees it."""
    sender = apprise.Apprise()
    who = f"{quote(user, safe='')}:{quote(secret, safe='')}"
    assert sender.add(f"rocket://{who}@{HOST}:{served.port}/{quote('#general')}?mode={mode}")
    return bool(sender.notify(body="the build is broken"))


def requests(heard: pytest.LogCaptureFixture) -> list[str]:
    """What the server was asked and how it answered, in order."""
    return [record.getMessage() for record in heard.records if record.name == "keyturn.http"]


def complaints(heard: pytest.LogCaptureFixture) -> list[str]:
    """What the client found wrong: its own first words, and the status."""
    told = [r.getMessage() for r in heard.records if r.name == "apprise" and r.levelno >= logging.WARNING]
    return [" ".join((*line.split()[:3], line.split()[-1])) for line in told]


def verbs(home: Household) -> list[tuple[str, str]]:
    """What the audit log holds."""
    return [(line.verb, line.result) for line in home.lines()]


def alice(served: Served) -> Person:
    """Somebody with a password."""
    return served.people.person("alice", email="alice@example.org", email_verified=True)


def test_by_password(served: Served, heard: pytest.LogCaptureFixture) -> None:
    """The plugin signs in by a form, is told that there is no such route, and signs out."""
    person = alice(served)
    assert not notified(served, person.login, person.password, "basic")
    assert requests(heard) == ["POST /api/v1/login 200", NOT_OURS, "POST /api/v1/logout 200"]
    assert complaints(heard) == ["Failed to send error=404."]
    assert f"Response Details:\r\n{OUR_404!r}" in heard.messages
    assert verbs(served.people) == [("sessions:open", "done"), ("sessions:end", "done")]


def test_by_token(served: Served, heard: pytest.LogCaptureFixture) -> None:
    """The plugin shows a personal access token with the message and makes no other request."""
    person = alice(served)
    token = served.people.token(person, "personal", "rocketchat", name="apprise")
    assert not notified(served, person.subject.handle, token.secret.reveal(), "token")
    assert requests(heard) == [NOT_OURS]
    assert complaints(heard) == ["Failed to send error=404."]
    assert f"Response Details:\r\n{OUR_404!r}" in heard.messages


def test_a_wrong_password(served: Served, heard: pytest.LogCaptureFixture) -> None:
    """The plugin sees that it was refused, and sends nothing."""
    assert not notified(served, alice(served).login, "wrong", "basic")
    assert requests(heard) == ["POST /api/v1/login 401"]
    assert complaints(heard) == ["Failed to authenticate error=401."]
