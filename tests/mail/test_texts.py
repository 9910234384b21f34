"""What mails say: the same in both forms, in one column, with nothing from elsewhere, and no header of a stranger's."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from importlib import resources

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.types import Instant
from keyturn.mail import Relay, texts
from keyturn.mail.addresses import host_of, mailbox, recipient
from tests.mail.posting import ADDRESS, CODE, TOKEN, WORDS

URL = "https://id.example.test"
UUID = "0b1f8c3e-5d4a-4c1e-9f58-3a7d6b2c1e0f"
RELAY = Relay("mail.example.test", URL, "Keyturn <keyturn@example.test>")
NOW = Instant(1_795_579_200_000_000)
KINDS = sorted(texts.SUBJECTS)
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
}  # fmt: skip
BREAKING = "Evil\r\nBcc: eve@example.test\r\n\r\nLook here"


class Page(HTMLParser):
    """What a page shows, what it is made of, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._head = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Its attributes are kept."""
        self._head = self._head or tag == "head"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """After the head come the words."""
        self._head = self._head and tag != "head"

    def handle_data(self, data: str) -> None:
        """What is shown."""
        self.words += [] if self._head else data.split()


def sent(kind: str, relay: Relay = RELAY, address: str = ADDRESS, **words: str) -> EmailMessage:
    """The mail as its reader's program takes it apart."""
    made = texts.mail(relay, UUID, kind, address, {**WORDS[kind], **words}, NOW)
    heard = message_from_bytes(made.as_bytes(), policy=default)
    assert isinstance(heard, EmailMessage)
    return heard


def body(mail: EmailMessage, form: str) -> str:
    """One of the two bodies."""
    part = mail.get_body((form,))
    assert part is not None
    text: str = part.get_content()
    return text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "realm", ["Example Org", "<b>R&D</b> \"x\" 'y' {{ token }}", "Ärzte 医院 ✚", "x" * 500, BREAKING]
)
def test_both_forms_say_the_same(kind: str, realm: str) -> None:
    """The words of the plain form are those of the other, in the same order, whatever the realm is called."""
    mail = sent(kind, realm=realm)
    plain = body(mail, "plain")
    assert plain.split() == Page(body(mail, "html")).words
    assert "{{" not in plain.replace("{{ token }}", "")


def test_a_reset_asked_from_nowhere() -> None:
    """Where the address is not known nothing is said about it, in either form."""
    text = texts.written(URL, "reset", {**WORDS["reset"], "address": ""})
    assert "asked from" not in text.plain
    assert text.plain.split() == Page(text.html).words


def test_what_a_reset_says() -> None:
    """The link written out and as a button, the token alone on a line, until when, and what if it was not you."""
    mail = sent("reset")
    plain = body(mail, "plain")
    link = f"{URL}/console/reset#{TOKEN}"
    assert {link, TOKEN} <= set(plain.splitlines())
    for words in ("works once", WORDS["reset"]["until"], "192.0.2.7", "Not you? Nothing changes", "Example Org"):
        assert words in plain
    page = Page(body(mail, "html"))
    assert [attrs["href"] for tag, attrs in page.tags if tag == "a"] == [link]
    assert link in page.words


def test_what_a_code_says() -> None:
    """The code alone on a line, until when, and what it means when it was not you."""
    plain = body(sent("code"), "plain")
    assert CODE in plain.splitlines()
    for words in (WORDS["code"]["until"], "Example Org", "somebody knows your password or is trying"):
        assert words in plain


@pytest.mark.parametrize("kind", KINDS)
def test_headers(kind: str) -> None:
    """Whose it is, that a machine wrote it, and which one of ours it is; no name, no code in the subject."""
    mail = sent(kind)
    assert set(mail.keys()) == HEADERS
    assert len(mail.keys()) == len(HEADERS)
    assert (mail["From"], mail["To"]) == ("Keyturn <keyturn@example.test>", ADDRESS)
    assert mail["Message-ID"] == f"<{UUID}@id.example.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.timestamp() == NOW // 1_000_000
    assert mail["Subject"].endswith("Example Org")
    assert not any(secret in mail["Subject"] for secret in (TOKEN, CODE, "ann"))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_from_elsewhere(kind: str) -> None:
    """No image, style sheet, script or anything a reader's program would fetch; links lead to us alone."""
    html = body(sent(kind, realm="<img src=//evil.test/x> https://evil.test"), "html")
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= {"html", "head", "meta", "title", "body", "div", "p", "a"}
    for _, attrs in page.tags:
        assert not {"src", "srcset", "background", "class", "id", "onload"} & set(attrs)
        assert "url(" not in attrs.get("style", "")
        assert attrs.get("href", f"{URL}/console/").startswith(f"{URL}/console/")


@pytest.mark.parametrize("kind", KINDS)
def test_readable_small_and_dark(kind: str) -> None:
    """No width beyond 320 px is asked for, long words break, and colours are the reader's, but for the button's."""
    html = body(sent(kind), "html")
    assert not re.search(r"(?<!max-)(?:min-)?width:\s*\d", html)
    assert "overflow-wrap:anywhere" in html
    assert 'name="color-scheme" content="light dark"' in html
    for _, attrs in Page(html).tags:
        style = attrs.get("style", "")
        assert ("background-color:" in style) == bool(re.search(r"(?<![-\w])color:#", style))


@pytest.mark.parametrize("kind", KINDS)
@given(realm=st.text(max_size=200))
def test_no_name_of_a_realm_makes_a_header(kind: str, realm: str) -> None:
    """Whatever a realm is called: the same headers, one line of subject, the same two bodies."""
    mail = sent(kind, realm=realm)
    assert set(mail.keys()) == HEADERS
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert len(mail["Subject"]) <= 110
    assert mail["Subject"].isprintable()
    assert mail["To"] == ADDRESS


def test_a_line_break_in_a_name() -> None:
    """It is a space then, in the subject and in both bodies."""
    mail = sent("reset", realm=BREAKING)
    assert mail["Subject"] == "Reset your password for Evil Bcc: eve@example.test Look here"
    assert mail["Bcc"] is None
    assert not any(line.startswith(("Bcc", "Look")) for line in body(mail, "plain").splitlines())


def test_turning_signs_are_gone() -> None:
    """A name that turns the text around it would make another sentence of it."""
    assert texts.line("a\u202eb\u2066c\u2028d\x00e\ud800") == "a b c d e"


@pytest.mark.parametrize(
    "address",
    [
        "", "ann", "@example.test", "ann@", "a@b.test, c@d.test", "a,b@example.test", "a@b.test>", "<a@b.test>",
        "a@b.test\r\nBcc: c@d.test", "A <a@b.test>", "a b@c.test", "a@b@c.test", "a@b.test (x)", "a;b@c.test",
    ],
)  # fmt: skip
def test_one_recipient_or_none(address: str) -> None:
    """An address that would be read as another one, or as two, gets no mail."""
    with pytest.raises(ValueError, match="^is no mail address$"):
        recipient(address)
    with pytest.raises(ValueError, match="is no mail address"):
        texts.mail(RELAY, UUID, "reset", address, WORDS["reset"], NOW)


@pytest.mark.parametrize("address", ["ann@example.test", "a+b.c@x.example.test", "o'neil@x.test", "änn@exämple.test"])
def test_a_recipient(address: str) -> None:
    """A plain address is taken as it is."""
    assert recipient(address).addr_spec == address


@pytest.mark.parametrize("kind", KINDS)
def test_links_begin_with_the_public_address(kind: str) -> None:
    """Whatever the words are, every address on the web in a mail is under `public_url` (A06)."""
    url = "https://[2001:db8::1]:8443/under"
    hostile = {name: "https://evil.test/" for name in WORDS[kind] if name not in ("realm", "until")}
    text = texts.written(url, kind, {**WORDS[kind], **hostile})
    links = [attrs["href"] for tag, attrs in Page(text.html).tags if tag == "a"]
    assert all(link.startswith(f"{url}/console/reset#https%3A%2F%2Fevil") for link in links)
    assert len(links) == (kind == "reset")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://id.example.test", "id.example.test"), ("https://u:p@ID.example.test:8443/x", "id.example.test"),
        ("https://192.0.2.7", "[192.0.2.7]"), ("https://[2001:db8::1]:1", "[IPv6:2001:db8::1]"),
        ("https://bücher.example", "xn--bcher-kva.example"), ("", "localhost"),
    ],
)  # fmt: skip
def test_the_host_of_our_message_ids(url: str, host: str) -> None:
    """The configured host, as the rules of mail spell it."""
    assert host_of(url) == host


def test_the_sender() -> None:
    """An address with or without a name."""
    assert str(mailbox("keyturn@example.test")) == "keyturn@example.test"
    assert str(mailbox('"Keyturn, Inc." <k@example.test>')) == '"Keyturn, Inc." <k@example.test>'


def test_every_kind_has_two_templates() -> None:
    """Each kind has a template of both forms, and each template is a kind's; a word that is missing is a fault."""
    files = {f.name for f in (resources.files("keyturn.mail") / "templates").iterdir()}
    assert files == {"frame.html"} | {f"{kind}.{form}" for kind in KINDS for form in ("txt", "html")}
    for kind in KINDS:
        for word in set(WORDS[kind]) - {"realm", "token"}:
            left = {name: text for name, text in WORDS[kind].items() if name != word}
            with pytest.raises(jinja2.UndefinedError):
                texts.written(URL, kind, left)
