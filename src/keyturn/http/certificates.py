"""Client certificates: the common name of one that was verified, by our own TLS or by a proxy that is trusted."""

import re
from collections.abc import Iterable
from typing import Any

SHOWN = "keyturn.certificate"
"""Where the protocol leaves the name in a scope."""
VERIFIED = (b"x-client-verify", b"x-ssl-client-verify")
SUBJECTS = (b"x-client-dn", b"x-ssl-subject", b"x-ssl-client-s-dn")
LONGEST = 1024
# One attribute of a name in the form of RFC 4514, its value quoted character by character.
ATTRIBUTE = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9-]*|[0-9.]+)\s*=((?:[^\\,+\"<>;]|\\[0-9A-Fa-f]{2}|\\[^0-9A-Fa-f])*)([,+]|$)"
)
ESCAPED = re.compile(r"(?:\\[0-9A-Fa-f]{2})+|\\(.)")
NAMES = ("cn", "2.5.4.3")


def shown(transport: Any) -> str:
    """The common name of the certificate that the other end of a TLS connection proved; empty without one.

    Safe     our own TLS verified it, or there would be no connection
    """
    tls = transport.get_extra_info("ssl_object")
    found = None if tls is None else tls.getpeercert()
    subject = (found or {}).get("subject", ())
    return _only(value for part in subject for name, value in part if name == "commonName")


def told(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The common name that a trusted proxy says it verified; empty where it says nothing, or more than one thing.

    Safe     a header that is there twice may be the client's own beside the proxy's: neither counts (A39)
    """
    given = [(name.lower(), value) for name, value in headers]
    verified = [value for name, value in given if name in VERIFIED]
    subjects = [value for name, value in given if name in SUBJECTS]
    if verified != [b"SUCCESS"] or len(subjects) != 1:
        return ""
    return common_name(subjects[0].decode("utf-8", "replace"))


def common_name(subject: str) -> str:
    """The one common name in a subject of the form of RFC 4514 (`CN=name,O=…`); empty for none, several, another form.

    Safe     the older form with slashes is not read: in it a part of one value passes for a name of its own
    """
    names: list[str] = []
    at, ended = 0, len(subject) > LONGEST
    while not ended:
        part = ATTRIBUTE.match(subject, at)
        if part is None:
            return ""
        if part[1].lower() in NAMES:
            names.append(ESCAPED.sub(_meant, part[2].strip(" ")))
        at, ended = part.end(), part[3] == ""
    return _only(names)


def _only(names: Iterable[str]) -> str:
    found = tuple(names)
    fits = len(found) == 1 and 0 < len(found[0]) <= LONGEST and found[0].isprintable()
    return found[0] if fits else ""


def _meant(escape: re.Match[str]) -> str:
    if escape[1] is not None:
        return escape[1]
    return bytes.fromhex(escape[0].replace("\\", "")).decode("utf-8", "replace")
