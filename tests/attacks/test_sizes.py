"""A28: what is huge or deep is refused in next to no time, takes no memory, and hinders nobody."""

import gzip
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.types import Secret
from tests.attacks.wires import SIGN_IN
from tests.houses import Household, current, reason
from tests.served import Served

LIMIT = 0.1 if sys.gettrace() is None else 0.5
"""Seconds of processor time for one request; more while each line of it is traced for coverage."""
GROWTH = 16 * 1024 * 1024
NAMES = ("%s%s%n", "{0}{1}", "$1", "${x}", "%(login)s", "{login.__class__}", "\\u0000", "a\\nb", "<b>", "{{7*7}}")


def huge() -> Iterator[tuple[str, bytes]]:
    """Bodies that are large, deep, many or long, by name."""
    yield "64 KiB of text", b'{"login":"' + b"x" * 65_536 + b'","password":"x"}'
    yield "1 MiB of text", b'{"login":"' + b"x" * (1 << 20) + b'","password":"x"}'
    yield "a deep list", b"[" * 100_000
    yield "deep objects", b'{"login":' * 28_000
    yield "a million keys", b"{" + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}"
    yield "many keys within the limit", b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}"
    yield "the same key again and again", b"{" + b",".join(b'"login":"x"' for _ in range(20_000)) + b"}"
    yield "a long number", b'{"login":' + b"9" * 250_000 + b"}"
    yield "a long fraction", b'{"login":0.' + b"9" * 250_000 + b"}"
    yield "a large exponent", b'{"login":1e999999999}'
    yield "many escapes", b'{"login":"' + b"\\u0041" * 40_000 + b'"}'
    yield "combining marks", b'{"login":"x","password":"' + "a\u0301".encode() * 60_000 + b'"}'
    yield "a zip bomb", gzip.compress(b"0" * (1 << 26))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("wire", SIGN_IN)
def test_what_is_huge_costs_nothing(wire: str, served: Served) -> None:
    """Each such body is refused within a tenth of a second of processor time and leaves no memory behind."""
    path, _ = SIGN_IN[wire]
    served.request("POST", path, {"Content-Type": "application/json"}, b"{}")
    before = resident()
    for what, body in huge():
        headers = {"Content-Type": "application/json"}
        if what == "a zip bomb":
            headers["Content-Encoding"] = "gzip"
        began = time.process_time()
        heard = served.request("POST", path, headers, body)
        assert time.process_time() - began < LIMIT, what
        assert 400 <= heard.status < 500, what
    assert resident() - before < GROWTH


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_64_mebibytes_are_not_read(served: Served) -> None:
    """A body a thousand times the limit is refused long before its end."""
    lines = (b"POST /v1/sessions HTTP/1.1", b"Host: x", b"Content-Type: application/json", b"Content-Length: 67108864")
    sent = b"\r\n".join(lines) + b"\r\n\r\n" + b"x" * (1 << 26)
    before = resident()
    assert served.raw(sent).status == 413
    assert resident() - before < GROWTH


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_format(name: str, house: Household) -> None:
    """A name that looks like a format, a template or an escape is a name (A28)."""
    admin = house.token(house.person("", "Stewards"))
    made = house.wish(admin, c.PutRole(name, ("users:view:*",), name))
    assert made.role.name == name
    assert house.wish(admin, c.ShowRole(name)).role.description == name
    assert reason(house.wish(admin, c.IssueToken("personal", name, "native"))) is None
    assert house.wish(admin, c.ListAudit()).rows[0].verb == "tokens:issue"


def test_a_long_password_is_refused_at_once(house: Household) -> None:
    """What is longer than any password may be is no account's, and costs no more than another (A28)."""
    person = house.person()
    held = house.token(person)
    for text in ("x" * 5000, "a\u0301" * 100_000, "x" * (1 << 20)):
        began = time.process_time()
        assert reason(house.sign_in(person, text)) is Reason.WRONG_PASSWORD
        wish = c.ChangePassword(Secret(text))
        assert reason(house.wish(held, wish, proof=current(person.password))) is Reason.WEAK_PASSWORD
        assert time.process_time() - began < 2 * LIMIT


def resident() -> int:
    """Bytes of memory this process holds now; the most it ever held, where that is all that is told."""
    told = Path("/proc/self/statm")
    if told.exists():
        return int(told.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
