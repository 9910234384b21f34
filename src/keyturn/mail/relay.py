"""The relay: the SMTP server that takes our mails, and one conversation with it."""

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from keyturn.core.types import Frozen, Secret
from keyturn.mail.addresses import host_of, mailbox

TIMEOUT = 20.0
"""Seconds that the relay may stay silent."""


class Relay(Frozen):
    """Where mails are handed over, how, and as whose."""

    host: str
    public_url: str
    sender: str
    port: int = 587
    tls: str = "starttls"
    """`starttls`, `tls` from the first byte, or `none`."""
    user: str = ""
    password: Secret = Secret("")


class Refused(Exception):
    """The relay will not take this mail, now or later; its text is the number it said."""


class Session:
    """One conversation with the relay, opened by the first mail that needs it and anew after one that failed."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def hand_over(self, mail: EmailMessage, address: str) -> None:
        """The relay has taken the mail for that address.

        Denies   Refused when it never will; whatever smtplib or the socket raises when it may later
        """
        self._smtp = self._smtp or opened(self._relay)
        try:
            self._smtp.send_message(mail, mailbox(self._relay.sender).addr_spec, [address])
        except smtplib.SMTPRecipientsRefused as error:
            self._drop()
            raise refusal(max(number for number, _ in error.recipients.values())) from None
        except smtplib.SMTPDataError as error:
            self._drop()
            raise refusal(error.smtp_code) from None
        except BaseException:
            self._drop()
            raise

    def close(self) -> None:
        """The conversation is over, in order where all went well so far."""
        if self._smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._smtp.quit()
        self._drop()

    def _drop(self) -> None:
        """The connection is closed without another word: who failed may be silent for long."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def opened(relay: Relay) -> smtplib.SMTP:
    """A conversation as far as mails can be handed over: encrypted as asked or not at all, and signed in."""
    # The name we greet with is given, since smtplib would ask the name server for one.
    name = host_of(relay.public_url)
    trust = ssl.create_default_context()
    if relay.tls == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, name, timeout=TIMEOUT, context=trust)
    else:
        smtp = smtplib.SMTP(relay.host, relay.port, name, timeout=TIMEOUT)
    try:
        if relay.tls == "starttls":
            smtp.starttls(context=trust)
        if relay.user:
            smtp.login(relay.user, relay.password.reveal())
    except BaseException:
        smtp.close()
        raise
    return smtp


def refusal(number: int) -> Exception:
    """What the relay's number about one mail means: Refused for good, or to be tried again.

    Safe     the number alone: the words beside it may hold the address
    """
    return Refused(str(number)) if number >= 500 else smtplib.SMTPResponseException(number, "")
