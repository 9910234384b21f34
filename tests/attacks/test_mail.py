"""A01, A02, A25, A26: a mail goes to the account's own address, with links of our making, and tells nobody of it."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.types import Presented, Secret
from tests.attacks.test_guessing import told
from tests.houses import Household, Person, reason
from tests.postbox import PUBLIC_URL, Postbox
from tests.served import HOST, Heard, Served

VICTIM, ATTACKER, OWN = "Victim.One@example.test", "attacker@evil.test", "own@example.test"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CLICKED = re.compile(r'https?://[^\s"<>]+')


class Start(NamedTuple):
    """A call that starts a mail: where, under which key the account is named, what it hears.

    Shapes   kind: of the factor that the account needs for it; strict: whether no other type than text is taken
    """

    path: str
    key: str
    strict: bool
    factor: str = ""


STARTS = {
    "native": Start("/v1/password-resets", "login", True),
    "forgotten": Start("/api/v1/users.forgotPassword", "email", False),
    "code": Start("/api/v1/users.2fa.sendEmailCode", "emailOrUsername", False, "email"),
}
START = pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)


def bodies(key: str) -> Iterator[Any]:
    """Ways to name two accounts at once, or a destination beside the account."""
    yield from ({key: value} for value in odd_values())
    yield f'{{"{key}": "{VICTIM}", "{key}": "{ATTACKER}"}}'
    yield f'{{"{key}": "{ATTACKER}", "{key}": "{VICTIM}"}}'
    for more in ("to", "address", "recipient", "cc", "bcc", "notify", "mail", f"{key}[]", f"{key}[0]", f"{key}.to"):
        yield {key: VICTIM, more: ATTACKER}
        yield {key: VICTIM, more: [ATTACKER]}


def odd_values() -> Iterator[Any]:
    """What stands where one name should: several, nested, joined, or with a line of its own."""
    yield from (
        [VICTIM],
        [VICTIM, ATTACKER],
        [ATTACKER, VICTIM],
        [[VICTIM]],
        {"0": VICTIM},
        {"to": ATTACKER, "": VICTIM},
    )
    yield from ({"address": VICTIM}, {"$ne": None}, {"$in": [VICTIM, ATTACKER]}, True, 0, None, 1.5)
    for between in (
        ",",
        ";",
        " ",
        ", ",
        "|",
        "\t",
        "\n",
        "\r\n",
        "\r\nBcc: ",
        "\nTo: ",
        "\x00",
        "%0d%0aBcc:",
        "%0a",
        "\u2028",
    ):
        yield f"{VICTIM}{between}{ATTACKER}"
        yield f"{ATTACKER}{between}{VICTIM}"
    yield from (
        f"{ATTACKER} <{VICTIM}>",
        f'"{VICTIM}" <{ATTACKER}>',
        f"<{VICTIM}>",
        f"{VICTIM}@evil.test",
        f"{VICTIM}%evil.test",
    )


def forms(key: str) -> Iterator[str]:
    """The same as fields of a form."""
    for keys in ((key, key), (f"{key}[]", f"{key}[]"), (key, f"{key}[]"), (f"{key}[0]", f"{key}[1]")):
        yield urlencode([(keys[0], VICTIM), (keys[1], ATTACKER)])
        yield urlencode([(keys[0], ATTACKER), (keys[1], VICTIM)])
    for between in (",", ";", " ", "\r\n", "\r\nBcc: "):
        yield f"{key}={quote(VICTIM + between + ATTACKER)}"


class Mailing:
    """A server with a postbox, a victim with an address that is known to be theirs, and an attacker with another."""

    def __init__(self, served: Served, postbox: Postbox) -> None:
        self.served, self.postbox, self.people = served, postbox, served.people
        self.victim = self.people.person("victim", email=VICTIM, email_verified=True)
        self.attacker = self.people.person("attacker", email=ATTACKER, email_verified=True)
        self.own = self.people.person("own", email=OWN, email_verified=True)
        for person in (self.victim, self.attacker, self.own):
            self.people.factor(person, "email")

    def post(self, start: Start, body: Any, headers: dict[str, str] | None = None) -> Heard:
        """What such a call hears."""
        return self.served.request("POST", start.path, headers or {}, body)

    def letters(self) -> list[Any]:
        """What was mailed; looked at when a mail that was asked for afterwards is there."""
        self.forget_pauses()
        before = len(self.postbox.letters(OWN))
        self.post(STARTS["forgotten"], {"email": OWN})
        self.postbox.wait(before + 1, to=OWN)
        return [letter for letter in self.postbox.letters() if letter["X-To"] != OWN]

    def forget_pauses(self) -> None:
        """A mail may go to anybody again: what was mailed is a minute old."""
        for table in ("mail_codes", "tokens"):
            self.people.do(lambda tx, name=table: tx.run(f"UPDATE {name} SET created = created - 61000000"))  # noqa: S608


@pytest.fixture
def mailing(served: Served, postbox: Postbox) -> Mailing:
    """The scene on each store."""
    return Mailing(served, postbox)


# --- A01


@START
def test_a_mail_goes_where_the_account_says(start: Start, mailing: Mailing) -> None:
    """However two addresses are pushed into one request, at most one mail goes out, and to a stored address (A01)."""
    seen = 0
    for body in bodies(start.key):
        heard = mailing.post(start, body, {"Content-Type": "application/json"} if isinstance(body, str) else None)
        assert heard.status < 500
        letters = mailing.letters()
        fresh = letters[seen:]
        assert len(fresh) <= 1, body
        named = json.loads(body) if isinstance(body, str) else body
        # Who is mailed was named alone and as text; the other one of a pair never is.
        assert [letter["X-To"] for letter in fresh] in ([], [named.get(start.key)]), body
        assert all(
            letter["To"] == letter["X-To"] and letter["Cc"] is None and letter["Bcc"] is None for letter in fresh
        )
        seen = len(letters)


@START
def test_a_form_names_one_account(start: Start, mailing: Mailing) -> None:
    """A repeated form key, one with brackets and a joined value name one account or none (A01)."""
    seen = 0
    for body in forms(start.key):
        assert mailing.post(start, body, FORM).status < 500
        letters = mailing.letters()
        assert len(letters) - seen <= 1, body
        assert {letter["X-To"] for letter in letters[seen:]} <= {VICTIM, ATTACKER}
        seen = len(letters)


def test_native_names_are_text(mailing: Mailing) -> None:
    """Where the wire is ours, what is no text is refused as such, and mails nothing (A01)."""
    for value in odd_values():
        if not isinstance(value, str):
            assert mailing.post(STARTS["native"], {"login": value}).status == 400
    assert mailing.letters() == []


@START
def test_a_spelling_changes_no_recipient(start: Start, mailing: Mailing) -> None:
    """An address in another case finds its account, and the mail goes to the stored spelling (A01)."""
    assert mailing.post(start, {start.key: VICTIM.upper()}).status < 300
    assert [letter["X-To"] for letter in mailing.letters()] == [VICTIM]


def test_an_address_that_nobody_vouched_for_is_not_mailed(mailing: Mailing) -> None:
    """Somebody who claims another's address gets that one no mail, and none themselves (A01)."""
    mailing.people.person("claims", email="claimed@example.test")
    for start in STARTS.values():
        mailing.post(start, {start.key: "claimed@example.test"})
        mailing.post(start, {start.key: "claims"})
    assert mailing.letters() == []


# --- A02


def faces() -> Iterator[list[tuple[str, str]]]:
    """Thirty ways in which a request says what this server is called."""
    evil = "evil.test"
    for value in (
        evil,
        f"{evil}:443",
        f"{HOST}:80@{evil}",
        f"{evil}#",
        f"id.example.test.{evil}",
        f"{HOST}, {evil}",
        "",
    ):
        yield [("Host", value)]
    for name in (
        "X-Forwarded-Host", "X-Forwarded-Server", "X-Host", "X-Original-Host", "X-Real-Host", "X-HTTP-Host-Override",
        "Forwarded-Host", "Origin", "Referer", "X-Original-URL", "X-Rewrite-URL", "Base-Url", "Proxy-Host",
    ):  # fmt: skip
        yield [("Host", HOST), (name, f"https://{evil}/" if "U" in name or name in ("Origin", "Referer") else evil)]
    yield [("Host", HOST), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Port", "81"), ("X-Forwarded-Host", evil)]
    yield [("Host", HOST), ("X-Forwarded-Prefix", f"//{evil}")]
    yield [("Host", HOST), ("Forwarded", f"host={evil};proto=http")]
    yield [("Host", HOST), ("Forwarded", f'for=1.2.3.4;host="{evil}:8080"')]
    yield [("Host", HOST), ("X-Forwarded-For", evil), ("Via", f"1.1 {evil}")]
    yield [("Host", HOST), ("X-Forwarded-Host", f"{evil}\tx")]
    yield [("Host", f"user:pw@{evil}")]
    yield [("Host", "[::1]")]
    yield [("Host", f"{evil}/path")]


def test_links_are_of_our_own_making(mailing: Mailing) -> None:
    """Whatever a request says of this server's name, each mailed link begins with the configured address (A02)."""
    requests = [_plain(mailing, face) for face in faces()]
    requests.append(_raw(mailing, "http://evil.test/v1/password-resets", [("Host", "evil.test")]))
    requests.append(_raw(mailing, "/v1/password-resets", [("Host", HOST), ("Host", "evil.test")]))
    assert len(requests) >= 30
    sent = 0
    for send in requests:
        mailing.forget_pauses()
        send_status = send()
        if send_status == 202:
            sent += 1
            mailing.postbox.wait(sent, to=VICTIM)
        assert send_status in (202, 400, 404)
    assert sent >= 25
    for letter in mailing.postbox.letters(VICTIM):
        links = [link for part in letter.iter_parts() for link in CLICKED.findall(part.get_content())]
        assert links
        assert all(link.startswith(f"{PUBLIC_URL}/") for link in links)
        assert b"evil" not in letter.as_bytes()
        assert not any("evil" in part.get_content() for part in letter.iter_parts())


def _plain(mailing: Mailing, face: list[tuple[str, str]]) -> Any:
    body = {"login": VICTIM}
    return lambda: mailing.served.request("POST", "/v1/password-resets", face, body).status


def _raw(mailing: Mailing, target: str, face: list[tuple[str, str]]) -> Any:
    body = json.dumps({"login": VICTIM})
    lines = [f"POST {target} HTTP/1.1", *(f"{n}: {v}" for n, v in face), "Content-Type: application/json"]
    whole = "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", body])
    return lambda: mailing.served.raw(whole.encode(), method="POST").status


# --- A25


def standing(people: Household) -> dict[str, str]:
    """Addresses of people in every state there is, and of nobody."""
    admin = people.token(people.person("chief", "Administrators"))

    def made(name: str, **more: Any) -> Person:
        return people.person(name, email=f"{name}@example.test", **{"email_verified": True, **more})

    people.factor(made("known"), "email")
    states: dict[str, dict[str, Any]] = {
        "unvouched": {"email_verified": False}, "remote": {"remote": True, "password": None},
        "machine": {"service": True, "password": None}, "bare": {"password": None}, "due": {"must_change": True},
    }  # fmt: skip
    for name, more in states.items():
        made(name, **more)
    for name, wish in (("suspended", c.SuspendUser), ("deleted", c.DeleteUser)):
        assert reason(people.wish(admin, wish(made(name).ref))) is None
    names = ("known", "unvouched", "remote", "machine", "bare", "due", "suspended", "deleted", "nobody")
    return {name: f"{name}@example.test" for name in names}


@START
def test_asking_for_a_mail_tells_no_state(start: Start, mailing: Mailing) -> None:
    """The same bytes for the known, the unknown, the suspended, twice in a row, and with the relay down (A25)."""
    addresses = standing(mailing.people)
    heard = {}
    for name, address in addresses.items():
        heard[name] = told(mailing.post(start, {start.key: address}))
        heard[f"{name}, again"] = told(mailing.post(start, {start.key: address}))
    mailing.forget_pauses()
    mailing.postbox.down()
    for name in ("known", "nobody"):
        heard[f"{name}, no relay"] = told(mailing.post(start, {start.key: addresses[name]}))
    mailing.postbox.up()
    expected = heard["known"]
    assert {name for name, answer in heard.items() if answer != expected} == set()
    assert expected[0] < 300


def test_no_mail_at_all_is_told_alike(served: Served) -> None:
    """Where no relay is configured, whoever is named hears the same too (A25)."""
    addresses = standing(served.people)
    for start in STARTS.values():
        answers = [told(served.request("POST", start.path, {}, {start.key: a})) for a in addresses.values()]
        assert all(answer == answers[0] for answer in answers)


# --- A26

TWINS = (
    "vıctim.one@example.test", "victim.one@example.te\u017ft", "\uff56ictim.one@example.test",
    "vict\u0456m.one@example.test",
    "victim.one@exam\u200bple.test", "\u202evictim.one@example.test", "victim.one@e\u0445ample.test", "v\u0131ctim",
    "\u212aelvin@example.test",
)  # fmt: skip


@START
@pytest.mark.parametrize("twin", TWINS)
def test_a_twin_gets_no_mail(start: Start, twin: str, mailing: Mailing) -> None:
    """A look-alike of an address finds its account canonically or not at all; mail goes to the row's (A26)."""
    mailing.people.factor(mailing.people.person("kelvin", email="kelvin@example.test", email_verified=True), "email")
    assert mailing.post(start, {start.key: twin}).status < 500
    assert {letter["X-To"] for letter in mailing.letters()} <= {VICTIM, "kelvin@example.test"}
    assert not any(letter["X-To"].encode() == twin.encode() for letter in mailing.letters())


CANONICAL = ("VICTIM", "\uff56ictim", "victim ", " victim", "V\u026actim")
"""Spellings of the login `victim`; the last one is another name."""


def test_canonical_twins_clash(house: Household) -> None:
    """Whoever is added, registers or is renamed under another spelling of a login or address is refused (A26)."""
    house.choose(rocketchat__registration=True)
    admin = house.token(house.person("", "Administrators"))
    house.person("victim", email="victim@example.test")
    for login, mail in (
        ("VICTIM", ""), ("\uff56ictim", ""), ("victim ", ""), ("fre\u017fh", "VICTIM@example.test"),
        ("fresh-2", "\uff56ictim@example.test"), ("fresh-3", "victim@EXAMPLE.test"),
        ("fresh-4", " victim@example.test"),
    ):  # fmt: skip
        before = house.one("SELECT count(*) FROM subjects")
        made = house.wish(admin, c.CreateUser(login, mail))
        assert reason(made) in (Reason.CONFLICT, Reason.MALFORMED), (login, mail)
        own = c.Register(login, Secret("a passphrase of nobody"), mail)
        assert reason(house.perform(Presented("rocketchat"), own).outcome) in (Reason.CONFLICT, Reason.MALFORMED)
        other = house.person()
        renamed = house.wish(admin, c.EditUser(other.ref, login=None if mail else login, email=mail or None))
        assert reason(renamed) in (Reason.CONFLICT, Reason.MALFORMED)
        assert house.one("SELECT count(*) FROM subjects") == before + 1


def test_invisible_letters_make_no_name(house: Household) -> None:
    """A name with letters that do not show, turn the line or control something is refused (A26)."""
    admin = house.token(house.person("", "Administrators"))
    for odd in ("\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\x00", "\x07", "\u00ad"):
        assert reason(house.wish(admin, c.CreateUser(f"vic{odd}tim"))) is Reason.MALFORMED, odd
        assert reason(house.wish(admin, c.CreateUser("fresh", f"vic{odd}tim@example.test"))) is Reason.MALFORMED, odd


def test_a_look_alike_is_somebody_else(mailing: Mailing) -> None:
    """A Cyrillic twin may exist: asking in its name mails it alone, and its namesake nothing (A26)."""
    twin = mailing.people.person("twin", email="v\u0456ctim.one@example.test", email_verified=True)
    assert mailing.post(STARTS["forgotten"], {"email": twin.subject.email}).status == 200
    assert mailing.post(STARTS["native"], {"login": VICTIM}).status == 202
    letters = mailing.letters()
    assert sorted(letter["X-To"] for letter in letters) == sorted([VICTIM, twin.subject.email])
