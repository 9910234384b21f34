"""Mail addresses and host names as they stand in the headers of a mail."""

from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from keyturn.core.names import deliverable


def recipient(text: str) -> Address:
    """The address that the text is; ValueError where it is none, or would be read as another one or as several."""
    if not deliverable(text):
        raise ValueError("is no mail address")
    name, _, domain = text.partition("@")
    return Address(username=name, domain=domain)


def mailbox(text: str) -> Address:
    """The sender that `a@example.org` or `Name <a@example.org>` names; ValueError where it is none."""
    name, address = parseaddr(text)
    found = recipient(address)
    return Address(name, found.username, found.domain)


def host_of(url: str) -> str:
    """The host of an address on the web as it stands after the @ of a mail: by name, or as an address in brackets."""
    host = urlsplit(url).hostname or "localhost"
    if ":" in host:
        return f"[IPv6:{host}]"
    if host.replace(".", "").isdigit():
        return f"[{host}]"
    return host.encode("idna").decode("ascii")
