"""Who is barred from this wire although the token is good: interface off, account over, another host."""

import datetime
import ipaddress
from typing import Any

from keyturn.core.types import SECOND, Instant, Subject

NAME = "pam360"
ACCESS, ADDRESS, EXPIRY = "access", "address", "expiry"


def bars(subject: Subject, address: str, now: Instant) -> str | None:
    """What bars the subject now, in a word; None when nothing does.

    Safe     an attribute of an unreadable form bars: the wire stays shut rather than open by a slip of the pen
    """
    known = subject.attributes.get(NAME, {})
    if known.get("rest_access", True) is not True:
        return ACCESS
    if _over(known.get("expires_on"), now):
        return EXPIRY
    host = known.get("host")
    return ADDRESS if host and not _same(host, address) else None


def last_day(value: object) -> str:
    """An account's last day as it is kept; ValueError with a sentence otherwise."""
    try:
        if isinstance(value, str) and value not in ("", "NeverExpires"):
            datetime.date.fromisoformat(value)
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise ValueError("wants a day such as 2027-10-30, or NeverExpires")
    return value


def _over(day: Any, now: Instant) -> bool:
    """Whether the account's last day is past; the day itself still counts, in UTC."""
    if day is None or day in ("", "NeverExpires"):
        return False
    today = datetime.datetime.fromtimestamp(now // SECOND, datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(day) < today
    except (TypeError, ValueError):
        return True


def _same(host: Any, address: str) -> bool:
    """Whether the caller comes from that host: by address, however it is spelled; a name is never looked up."""
    return isinstance(host, str) and _plain(host) == _plain(address)


def _plain(text: str) -> str:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return text.strip().lower()
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
