"""Client certificates: whether one of a name acts here, and as whom."""

from keyturn.core.commands import ShowCertificate
from keyturn.core.outcomes import CertificateShown
from keyturn.core.types import Actor, Instant
from keyturn.store import certificates, views
from keyturn.store.engine import Tx


def show_certificate(tx: Tx, actor: Actor, wish: ShowCertificate, now: Instant) -> CertificateShown:
    """The subject that a certificate of that name acts as in the realm, if it does."""
    subject = certificates.bearer(tx, actor.realm, actor.dialect, wish.name)
    return CertificateShown(wish.name, None if subject is None else views.of_subject(tx, subject, actor.realm, now))
