"""What each mail says: a kind is one row here and two templates, of the same words, beside this file."""

import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from urllib.parse import quote

import jinja2

from keyturn.core.types import SECOND, Frozen, Instant
from keyturn.mail.addresses import host_of, mailbox, recipient
from keyturn.mail.relay import Relay

LONGEST_REALM = 60
"""Letters of a realm's name that a mail shows: more would make of it a text of somebody else's."""
SUBJECTS = {
    "code": "Your code to sign in to {realm}",
    "reset": "Reset your password for {realm}",
}
"""The subject line of each kind; neither a person nor a code stands in it, since it is shown on locked screens.

code: realm, code, until. reset: realm, token, until, address (from where it was asked for; may be empty).
"""


class Text(Frozen):
    """One mail's subject and its two bodies; both say the same."""

    subject: str
    plain: str
    html: str


def mail(relay: Relay, uuid: str, kind: str, address: str, words: dict[str, str], now: Instant) -> EmailMessage:
    """The whole mail, ready to be handed over.

    Shapes   uuid: of the letter, so that one handed over twice can be told to be the same
    Denies   ValueError where no mail goes to that address, KeyError for a kind that is not known,
             jinja2.UndefinedError for a word that is missing
    """
    text = written(relay.public_url, kind, words)
    made = EmailMessage(policy=SMTP)
    made["From"] = mailbox(relay.sender)
    made["To"] = recipient(address)
    made["Subject"] = text.subject
    made["Date"] = format_datetime(datetime.datetime.fromtimestamp(now / SECOND, datetime.UTC))
    made["Message-ID"] = f"<{uuid}@{host_of(relay.public_url)}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text.plain, cte="quoted-printable")
    made.add_alternative(text.html, subtype="html", cte="quoted-printable")
    return made


def written(public_url: str, kind: str, words: dict[str, str]) -> Text:
    """What a mail of that kind says with these words; links begin with `public_url` and with nothing else (A06)."""
    shown = {name: line(word) for name, word in words.items()}
    shown["realm"] = shortened(shown["realm"])
    shown |= {"subject": SUBJECTS[kind].format(realm=shown["realm"]), "console": f"{public_url}/console"}
    shown["link"] = f"{public_url}/console/reset#{quote(shown['token'], safe='')}" if "token" in shown else ""
    plain, html = (templates().get_template(f"{kind}.{form}").render(shown) for form in ("txt", "html"))
    return Text(shown["subject"], plain, html)


def line(word: str) -> str:
    """The word on one line and without signs that do not show.

    Safe     a line break would make a header or a paragraph of its own, a turning sign another text
    """
    return " ".join("".join(c if c.isprintable() else " " for c in word).split())


def shortened(name: str) -> str:
    """The name, cut where it is too long for a subject line."""
    return name if len(name) <= LONGEST_REALM else name[: LONGEST_REALM - 1] + "…"


@cache
def templates() -> jinja2.Environment:
    """The templates of this package: html is escaped, and a word that is missing is a fault."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("keyturn.mail"), undefined=jinja2.StrictUndefined, auto_reload=False,
        autoescape=jinja2.select_autoescape(("html",), default=False), trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
