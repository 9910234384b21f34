"""The mails that changes call for: made with what they tell, and put into the outbox."""

import datetime

from keyturn.core.types import SECOND, Instant, Realm, Secret, Subject
from keyturn.store import mail_codes, outbox
from keyturn.store.engine import Tx


def mail_a_code(tx: Tx, realm: Realm, subject: Subject, wire: str, seconds: int, now: Instant) -> Instant:
    """A fresh code is on its way to the subject's own address; until when it works."""
    code, expires = mail_codes.make(tx, realm.id, subject.id, wire, seconds, now)
    digits = code.reveal()
    words = {"realm": _title(realm), "code": f"{digits[:3]}-{digits[3:]}", "until": _moment(expires)}
    outbox.put(tx, realm.id, subject.id, "code", subject.email, words, expires, now)
    return expires


def mail_a_reset(
    tx: Tx, realm: Realm, subject: Subject, token: Secret, until: Instant, address: str, now: Instant
) -> None:
    """A reset token is on its way to the subject's own address.

    Shapes   address: from where it was asked for
    """
    words = {"realm": _title(realm), "token": token.reveal(), "until": _moment(until), "address": address}
    outbox.put(tx, realm.id, subject.id, "reset", subject.email, words, until, now)


def _title(realm: Realm) -> str:
    return realm.display_name or realm.name


def _moment(at: Instant) -> str:
    return f"{datetime.datetime.fromtimestamp(at // SECOND, datetime.UTC):%Y-%m-%d %H:%M} UTC"
