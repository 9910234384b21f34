"""A09, A10, A12: what looks like a pattern, a statement or an object is a text like any other, and finds nothing."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.types import Proof, Secret, SubjectRef, TokenRef
from keyturn.dialects import DIALECTS
from tests.houses import Household, current, reason
from tests.served import Served

PATTERNS = (
    "*",
    "%",
    "_%",
    "%%",
    "_" * 58,
    "\\",
    "\\%",
    ".*",
    "^",
    "kts_%",
    "?",
    "[a-z]*",
    '{"$ne":null}',
    '{"$regex":"^"}',
)
INJECTIONS = (
    "'", "''", '"', "`", "\\'", "';--", "' OR '1'='1", "' OR 1=1--", "\" OR \"\"=\"", "') OR ('1'='1", "' OR 1=1#",
    "1 OR 1=1", "1; DROP TABLE tokens", "'; DROP TABLE subjects;--", "' UNION SELECT digest FROM secrets--",
    "' UNION SELECT 1,2,3,4,5,6,7,8,9--", "1' ORDER BY 100--", "1 LIMIT 1 OFFSET 1", "' AND SLEEP(5)--",
    "'; SELECT pg_sleep(5);--", "' || (SELECT hash FROM passwords) || '", "admin'--", "admin' /*", "/**/OR/**/1=1",
    "' AND 1=(SELECT COUNT(*) FROM tokens)--", "$1", "$2", ":1", "?1", "@x", "%(a)s", "{0}", "${jndi:ldap://x}",
    "%s%n%x",
    "x' AND randomblob(100000000)--", "'; ATTACH DATABASE 'x.db' AS x;--", "' OR EXISTS(SELECT 1)--", "1e309",
    "0x27204f5220313d31", "\u02bc OR 1=1--", "\uff07 OR 1=1--",
)  # fmt: skip
REFS = ("uuid", "number", "handle", "login", "email", "any")


# --- A09


@pytest.mark.parametrize("pattern", ["*", "%", "_%", "\\", '{"$ne":null}'])
def test_a_secret_is_no_pattern(pattern: str, house: Household) -> None:
    """Where a secret is expected a wildcard, an operator or a prefix of the right one finds nothing."""
    person = house.person("mara")
    house.factor(person)
    codes = house.codes(person)
    held = house.token(person)
    right = held.secret.reveal()
    for text in (pattern, right[:-1] + pattern[:1], right[:10] + pattern, right[:-1], right[:20]):
        assert house.opens(Secret(text)) is Reason.INVALID_TOKEN
        assert (
            reason(house.wish(None, c.RedeemReset(Secret(text), Secret("a fresh passphrase")))) is Reason.INVALID_RESET
        )
        assert (
            reason(house.wish(None, c.SetUp(Secret(text), "x", Secret("a fresh passphrase")))) is Reason.INVALID_SETUP
        )
        told = house.wish(held, c.Introspect((Secret(text),)))
        assert reason(told) is Reason.FORBIDDEN or told.results == (None,)
    assert reason(house.sign_in(person, pattern)) is Reason.WRONG_PASSWORD
    assert reason(house.sign_in(person, proof=Proof("totp", Secret(pattern)))) is Reason.FACTOR_WRONG
    recovery = Secret(codes[0].reveal()[:4] + pattern)
    assert reason(house.sign_in(person, proof=Proof("recovery", recovery))) is Reason.FACTOR_WRONG
    wish = c.ChangePassword(Secret("a fresh passphrase"))
    assert reason(house.wish(held, wish, proof=current(pattern))) is Reason.WRONG_CURRENT_PASSWORD


@pytest.mark.parametrize("by", REFS)
def test_a_name_is_no_pattern(by: str, house: Household) -> None:
    """Nobody is found by a wildcard, whichever identifier a wire uses."""
    admin = house.token(house.person("", "Administrators"))
    house.person("mara", email="mara@example.test")
    for text in (*PATTERNS, *INJECTIONS):
        found = house.wish(admin, c.ShowUser(SubjectRef(by, text)))
        assert reason(found) is Reason.NOT_FOUND
    for text in PATTERNS:
        assert reason(house.wish(admin, c.ShowToken(TokenRef("uuid", text)))) is Reason.NOT_FOUND
        assert reason(house.wish(admin, c.ShowToken(TokenRef("name", text, "native")))) is Reason.NOT_FOUND


def test_a_search_finds_its_own_letters(house: Household) -> None:
    """In a search, too, a wildcard stands for itself."""
    admin = house.token(house.person("", "Administrators"))
    house.person("100%_sure")
    house.person("mara")
    assert [u.subject.login for u in house.wish(admin, c.ListUsers("%_")).users] == ["100%_sure"]
    assert house.wish(admin, c.ListUsers("\\")).users == ()
    assert len(house.wish(admin, c.ListUsers("")).users) > 2


def test_a_prefix_takes_no_longer(house: Household) -> None:
    """A secret that is right but for its end is refused as fast as one that is wrong from the start: under 1 ms."""
    right = house.token(house.person(), "personal", "rocketchat").secret.reveal()
    near = [Secret(right[:-1] + letter) for letter in "ABCDEF" if letter != right[-1]]
    far = [Secret(letter + right[1:]) for letter in "abcdef" if letter != right[0]]
    gap = gap_of(
        lambda n: house.opens(near[n % len(near)], "rocketchat"), lambda n: house.opens(far[n % len(far)], "rocketchat")
    )
    assert abs(gap) < 0.001


# --- A10


@pytest.mark.parametrize("dialect", [pytest.param(d, id=d.name) for d in DIALECTS])
def test_statements_are_text(dialect: Any, served: Served) -> None:
    """In every parameter of path, query and header a piece of SQL is a text that finds nothing and changes nothing."""
    people = served.people
    steward = people.person("steward", "Stewards")
    kinds = {kind for route in dialect.routes for kind in route.kinds if kind != "delegated"}
    held = {kind: people.token(steward, kind, dialect.name) for kind in kinds}
    before = people.contents()
    for route in dialect.routes:
        kind = "session" if "session" in route.kinds else route.kinds[0]
        for text in INJECTIONS:
            quoted = "".join(f"%{byte:02X}" for byte in text.encode())
            path = "/".join(quoted if part.startswith("{") else part for part in route.path.split("/"))
            queries = [f"?{name}={quoted}" for name in route.query] if route.method == "GET" else []
            if path == route.path and not queries:
                continue
            headers = _headers(dialect, held[kind].secret.reveal(), steward.subject.handle)
            for query in ["", *queries] if path != route.path else queries:
                heard = served.request(route.method, path + query, headers)
                assert heard.status < 500, (path, query, heard)
                assert b"syntax" not in heard.body.lower()
    assert people.contents() == before


def test_a_name_to_sign_in_with_is_text(house: Household) -> None:
    """No piece of SQL signs anybody in, as name or as password."""
    house.person("mara")
    house.choose(policy={"lockout_attempts": 100})
    before = house.contents()
    for text in INJECTIONS:
        assert reason(house.sign_in(text, text)) is Reason.UNKNOWN_ACCOUNT
        assert reason(house.sign_in("mara", text)) is Reason.WRONG_PASSWORD
        assert reason(house.sign_in(f"mara{text}", text)) is Reason.UNKNOWN_ACCOUNT
    assert house.contents() == before


def test_a_name_that_is_kept_is_text(house: Household) -> None:
    """What is stored as a name is read back as it was written, and runs nowhere."""
    house.choose(quota__personal=1000)
    admin = house.token(house.person("", "Stewards"))
    for number, text in enumerate(INJECTIONS):
        assert reason(house.wish(admin, c.IssueToken("personal", text, "native"))) is None
        made = house.wish(admin, c.CreateUser(f"noor-{number}", display_name=text))
        assert made.user.subject.display_name == text
    names = [v.token.name for v in house.wish(admin, c.ListTokens(kind="personal")).tokens]
    assert names == list(INJECTIONS)


# --- A12

OBJECTS = {
    "a pickle": b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
    "a java object": b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap",
    "a yaml tag": b"!!python/object/apply:os.system ['true']",
    "an outside entity": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "an entity bomb": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "'
    + b"&b;" * 1000
    + b'">]><a>&c;</a>',
    "an xml-rpc call": b"<?xml version='1.0'?><methodCall><methodName>run</methodName></methodCall>",
    "a php object": b'O:8:"stdClass":1:{s:1:"a";s:1:"b";}',
    "a json type": b'{"@type":"java.lang.Runtime","$type":"System.Object","__class__":"os","py/object":"os.system"}',
}
NOWHERE = (
    "/xmlrpc",
    "/xmlrpc.php",
    "/RPC2",
    "/webservices/x",
    "/invoker/JMXInvokerServlet",
    "/graphql",
    "/actuator/env",
    "/.git/config",
)


@pytest.mark.parametrize("what", OBJECTS)
def test_no_object_comes_alive(what: str, served: Served) -> None:
    """A serialised object or an XML document is refused everywhere, known path or not, in no time."""
    served.people.person("mara")
    before = served.people.contents()
    routes = [r for d in DIALECTS for r in d.routes if r.body is not None]
    for media in ("application/xml", "application/json", "application/x-java-serialized-object"):
        for path in [*NOWHERE, *(r.path.replace("{", "x").replace("}", "x") for r in routes)]:
            method = next((r.method for r in routes if r.path == path), "POST")
            began = time.process_time()
            heard = served.request(method, path, {"Content-Type": media}, OBJECTS[what])
            assert 400 <= heard.status < 500 or path.startswith("/restapi"), (path, heard)
            assert time.process_time() - began < 0.1
    assert served.people.contents() == before


def gap_of(one: Callable[[int], Any], other: Callable[[int], Any], pairs: int = 60) -> float:
    """The gap between the medians of two calls that take turns, in seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        for taken, call in zip(times, (one, other), strict=True):
            began = time.perf_counter()
            call(number)
            taken.append(time.perf_counter() - began)
    return statistics.median(times[0]) - statistics.median(times[1])


def _headers(dialect: Any, token: str, handle: str) -> dict[str, str]:
    told = {}
    for scheme in dialect.security.values():
        if scheme["type"] == "http":
            told["Authorization"] = f"Bearer {token}"
        elif scheme["in"] == "header":
            told[scheme["name"]] = handle if scheme["name"].lower().endswith("id") else token
    return told
