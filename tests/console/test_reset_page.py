"""The page of mailed reset links as it is served: its bytes, its policy, its colours and its command."""

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from keyturn.http.reset import PATH, reset_page
from tests.console.visits import signs_in, token_for
from tests.engines import Engine
from tests.served import Served, serving

NEW = "eleven quiet herons wade upstream"
ONE_STORE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""A page asks no store."""
PAIRS = {
    ("ink", "raise"): 4.5, ("ink", "sunk"): 4.5, ("ink-2", "raise"): 4.5, ("ink-2", "sunk"): 4.5,
    ("on-accent", "accent"): 4.5, ("bad", "raise"): 4.5, ("ok", "ok-ground"): 4.5, ("bad", "bad-ground"): 4.5,
    ("info", "info-ground"): 4.5, ("ink", "ok-ground"): 4.5, ("ink", "bad-ground"): 4.5, ("ink", "info-ground"): 4.5,
    ("edge", "raise"): 3, ("edge", "sunk"): 3, ("focus", "raise"): 3, ("focus", "sunk"): 3,
}  # fmt: skip
"""Colour on ground, and the contrast that WCAG 2.2 wants (1.4.3, 1.4.11)."""


@ONE_STORE
def test_it_is_one_page_under_a_strict_policy(served: Served) -> None:
    """Whoever asks gets the page, kept nowhere, with a policy that lets run what stands in it and nothing else."""
    heard = served.request("GET", PATH)
    assert (heard.status, heard.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert heard.headers["content-security-policy"] == (
        f"default-src 'none'; script-src {_hash(heard.text, 'script')}; style-src {_hash(heard.text, 'style')}; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert heard.headers["referrer-policy"] == "no-referrer"
    assert heard.headers["x-content-type-options"] == "nosniff"
    assert heard.headers["cache-control"] == "no-store"
    assert "set-cookie" not in heard.headers


@ONE_STORE
def test_it_is_asked_for_alone(served: Served) -> None:
    """HEAD tells the same without a body; no other verb and no other path of the console is there."""
    got, head = served.request("GET", PATH), served.request("HEAD", PATH)
    assert (head.status, head.body, _fixed(head.headers)) == (200, b"", _fixed(got.headers))
    assert served.request("POST", PATH, body={}).status == 404
    assert served.request("GET", "/console").status == 404


@ONE_STORE
def test_it_can_be_switched_off(database: Engine, tmp_path: Path) -> None:
    """Where the console is off, nothing is there."""
    with serving(database.url, tmp_path, off=frozenset({"console"})) as served:
        assert served.request("GET", PATH).status == 404
        assert served.request("GET", "/healthz").status == 200


@ONE_STORE
def test_no_link_is_promised_where_none_is_mailed(database: Engine, tmp_path: Path) -> None:
    """Without a mail server the page takes tokens, and has no form that asks for one."""
    with serving(database.url, tmp_path) as served:
        text = served.request("GET", PATH).text
    assert "Send me a new link</button>" not in text
    assert 'id="again"' not in text
    assert '<form id="set"' in text


@pytest.mark.parametrize("mails", [True, False])
def test_it_is_whole_in_itself(mails: bool) -> None:
    """It names no other place, has no style or script in attributes, makes no markup of texts, and is small."""
    text = reset_page(mails).body.decode()
    assert re.findall(r"\b(?:src|href|action|style|on[a-z]+)=", text) == []
    assert re.findall(r"//[a-z0-9]|@import|url\(", text) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Storage|cookie", text) == []
    assert len(text.encode()) < 15_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_colours_can_be_read(scheme: str) -> None:
    """Each colour stands off its ground as far as WCAG wants."""
    blocks = re.findall(r":root \{(.*?)\}", reset_page(True).body.decode(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", blocks[["light", "dark"].index(scheme)]))
    faint = [pair for pair, need in PAIRS.items() if _contrast(*(colours[name] for name in pair)) < need]
    assert faint == []


@ONE_STORE
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_its_command_does_the_same(served: Served) -> None:
    """What the page says to do without it, done as it stands, sets the password."""
    jean = served.people.person("jean", email="jean@example.test")
    token = token_for(served, jean)
    line, body = re.findall(r"<pre><code id=\"[a-z]+\">(.*?)</code></pre>", reset_page(True).body.decode())
    typed = body.replace("TOKEN", token).replace("NEW PASSWORD", NEW)
    command = line.replace("ADDRESS", served.url).split()
    ran = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout == ""
    assert signs_in(served, NEW)


def _hash(text: str, kind: str) -> str:
    inline = text.partition(f"<{kind}>")[2].partition(f"</{kind}>")[0]
    assert inline
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


def _fixed(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in ("date", "x-request-id")}


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_light(one), _light(other)))
    return (high + 0.05) / (low + 0.05)


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
