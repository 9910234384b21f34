"""Client certificates: whose name is listed in a realm acts as the wire's built-in subject there."""

from keyturn.core.types import Realm, Subject, SubjectRef
from keyturn.store import subjects
from keyturn.store.engine import Tx


def bearer(tx: Tx, realm: Realm, dialect: str, name: str) -> Subject | None:
    """Whom a verified certificate of that common name acts as; None where the realm does not list it.

    Safe     an exact match of whole names; a realm without the built-in subject knows no certificates
    """
    rule = tx.catalogue.wires[dialect].certificates
    if rule is None or not name:
        return None
    setting, uuid = rule
    listed = realm.settings.values.get(setting) or ()
    found = subjects.by_ref(tx, realm.id, SubjectRef("uuid", uuid)) if name in listed else None
    return found if found is not None and found.built_in and found.state == "active" and realm.active else None
