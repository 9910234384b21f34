"""The mail room: letters of the outbox become mails and are handed over to a relay, beside all requests."""

from keyturn.mail.carrier import Carrier
from keyturn.mail.relay import Relay

__all__ = ["Carrier", "Relay"]
