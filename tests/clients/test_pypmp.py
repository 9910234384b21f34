"""The Python client pypmp, and the documented snippets of curl and requests, against a server with TLS."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pypmp import PasswordManagerProClient

from keyturn.core import commands as c
from keyturn.core.outcomes import TokenIssued, UserCreated
from keyturn.core.types import Ask, Presented, Secret, SubjectRef
from keyturn.perform import perform
from tests.engines import Engine
from tests.served import HOST, Served, serving

pytestmark = pytest.mark.clients
REGENERATE = "/restapi/json/v1/user/regenerateAuthtoken"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def secure(database: Engine, tmp_path: Path) -> Iterator[Served]:
    """The real application behind TLS, with a certificate of its own: this client speaks nothing else."""
    with serving(database.url, tmp_path, tls=True) as made:
        yield made


def wish(served: Served, command: Any) -> Any:
    """The outcome of a wish of the operator."""
    ask = Ask(type(command), lambda settings: command)
    return perform(served.house, Presented("native", local=True), ask).outcome


def person(served: Served, login: str, *roles: str) -> tuple[str, str]:
    """A user of that name: its number, and a token of the client's wire."""
    made = wish(served, c.CreateUser(login, roles=roles or None))
    assert isinstance(made, UserCreated)
    subject = made.user.subject
    issued = wish(served, c.IssueToken("api", None, "pam360", SubjectRef("uuid", subject.uuid)))
    assert isinstance(issued, TokenIssued)
    return str(subject.number), issued.secret.reveal()


def client(served: Served, token: str) -> Any:
    """The client, as its readme says to make it."""
    return PasswordManagerProClient(HOST, token, port=served.port, verify=str(served.certificate))


def test_a_user_is_looked_up(secure: Served) -> None:
    """By name, as text; nobody is found as nothing."""
    _, token = person(secure, "jean", "Viewers")
    number, _ = person(secure, "bob", "Members")
    pmp = client(secure, token)
    assert pmp.get_user_id("bob") == number
    assert pmp.get_user_id("jean") != number


@pytest.mark.parametrize("token", ["", "00000000-0000-0000-0000-000000000000"])
def test_a_failure_is_heard_as_the_client_hears_it(secure: Served, token: str) -> None:
    """It takes the refusal inside a 200 for its status word, and stumbles over that as over the vendor's."""
    person(secure, "bob")
    with pytest.raises(AttributeError):
        client(secure, token).get_user_id("bob")


def test_the_documented_python_snippet(secure: Served) -> None:
    """The call without a body; the client goes on with the new token, the old one is dead."""
    number, token = person(secure, "jean", "Viewers")
    headers = {"AUTHTOKEN": token, "Content-Type": FORM}
    response = requests.put(secure.url + REGENERATE, headers=headers, verify=str(secure.certificate), timeout=10)
    new = response.json()["operation"]["Details"]["AUTHTOKEN"]
    assert response.text == regenerated(new)
    assert client(secure, new).get_user_id("jean") == number
    with pytest.raises(AttributeError):
        client(secure, token).get_user_id("jean")


def test_the_documented_curl_snippet(secure: Served) -> None:
    """As curl sends it: neither a body nor its length."""
    _, token = person(secure, "jean")
    sent = ["-X", "PUT", "-H", f"AUTHTOKEN: {token}", "-H", f"Content-Type: {FORM}", secure.url + REGENERATE]
    heard = subprocess.run(
        ["curl", "-sS", "--cacert", secure.certificate, *sent], capture_output=True, text=True, check=True, timeout=20
    )
    new = json.loads(heard.stdout)["operation"]["Details"]["AUTHTOKEN"]
    assert heard.stdout == regenerated(new)
    assert Secret(new) != Secret(token)


def regenerated(token: str) -> str:
    """The documented answer with that token, compact as clients want it."""
    return (
        '{"operation":{"result":{"message":"Authtoken regenerated successfully.","status":"true","statusCode":20000},'
        f'"Details":{{"AUTHTOKEN":"{token}"}},"name":"REGENERATE_AUTHTOKEN"}}}}'
    )
