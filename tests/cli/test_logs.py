"""Log lines: for people or for machines, and nothing in them that anybody could sign in with."""

import logging
from typing import Any

import msgspec
import pytest

from keyturn.core import secrets
from keyturn.core.types import Secret, Shape
from keyturn.http import logs
from keyturn.http.logs import GONE, Lines, redacted

SECRET = "s3cr3t-value"


def record(message: str, *args: Any, error: BaseException | None = None, **added: Any) -> logging.LogRecord:
    """A record of ours."""
    info = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("keyturn.test", logging.INFO, "f", 1, message, args, info)
    vars(made).update(added)
    return made


@pytest.mark.parametrize("shape", list(Shape))
def test_no_secret_of_ours_is_logged(shape: Shape) -> None:
    """Whatever a wire hands out is taken out, in the middle of a sentence too."""
    for _ in range(20):
        text = secrets.draw(shape, "p", "mark").reveal()
        assert text not in redacted(f"token {text} was bad")
        assert text not in redacted(f"GET /path/{text}/x?y={text}&z=1")


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {SECRET}", f"authorization: Basic {SECRET}=", f"x-auth-token={SECRET}",
        f"AUTHTOKEN: {SECRET}", f"paToken: {SECRET}", f"X-Authentication: {SECRET}", f"Step-Up: totp {SECRET}",
        f"GET /restapi?AUTHTOKEN={SECRET}&x=1", f'{{"password": "{SECRET}", "x": 1}}',
        f'{{"password":"a\\" {SECRET}"}}',
        f"{{'current_password': '{SECRET} and more'}}", f"(b'x-auth-token', b'{SECRET}')", f"resume: {SECRET}",
        f"postgresql://user:{SECRET}@host/db", f"{{'secret': Secret {SECRET}}}", f"x-2fa-code: {SECRET}",
    ],
)  # fmt: skip
def test_what_stands_under_a_secret_name_is_not_logged(line: str) -> None:
    """Headers, query and body fields, however they are quoted."""
    assert SECRET not in redacted(line)
    assert GONE in redacted(line)


def test_what_is_no_secret_stays() -> None:
    """Ids, paths and words of ours are still readable."""
    for line in (
        "POST /v1/tokens/{id} 200", "request_id=aa341f84a958d549a3", "11111111-1111-4111-8111-111111111111",
        "the password of jean was changed", "status code 500",
    ):  # fmt: skip
        assert redacted(line) == line


def test_a_line_for_machines() -> None:
    """One JSON object with what was added, redacted."""
    line = Lines(True).format(record("hello %s", "token=abcdefgh", request_id="r1", ms=1.5, password=SECRET, peer=None))
    told = msgspec.json.decode(line)
    assert told["message"] == f"hello token={GONE}"
    assert (told["level"], told["logger"], told["request_id"], told["ms"], told["peer"]) == (
        "info",
        "keyturn.test",
        "r1",
        1.5,
        None,
    )
    assert told["at"].endswith("Z")
    assert told["password"] == GONE


def test_a_line_for_people() -> None:
    """One line, then the trace if there is one; both redacted."""
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError as error:
        line = Lines(False).format(record("broken", error=error, token=Secret(SECRET)))
        machine = Lines(True).format(record("broken", error=error))
    assert "broken" in line
    assert "Traceback" in line
    assert SECRET not in line
    assert SECRET not in machine
    assert "\n" not in machine


def test_set_up_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    """Our lines go to stderr from the wished level up; other libraries' only from warnings up."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        logs.set_up("json", "warning")
        logging.getLogger("keyturn").info("quiet")
        logging.getLogger("keyturn").warning("loud")
        logging.getLogger("other").info("quiet")
        logs.set_level("info")
        logging.getLogger("keyturn").info("heard")
        said = capsys.readouterr().err.splitlines()
        assert [msgspec.json.decode(line)["message"] for line in said] == ["loud", "heard"]
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("keyturn").setLevel(logging.NOTSET)
