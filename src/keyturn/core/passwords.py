"""What a new password must be: long enough, not endless, text, and not one that everybody tries."""

import enum
import unicodedata
from collections.abc import Collection

from keyturn.core.blocklist import blocked

LONGEST = 4096
"""Bytes of UTF-8 in a password's NFC form."""

# No text of more code points can have an NFC form of LONGEST bytes: two bytes hold three code points at most.
_LONGEST_RAW = LONGEST * 3 // 2


class Fault(enum.Enum):
    """What is wrong with a new password."""

    NOT_TEXT = "not_text"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    BLOCKED = "blocked"

    def sentence(self, floor: int) -> str:
        """The rest of a sentence that begins with "The password"."""
        return SENTENCES[self].format(floor=floor)


SENTENCES: dict[Fault, str] = {
    Fault.NOT_TEXT: "holds characters that are not text",
    Fault.TOO_SHORT: "has fewer than {floor} characters",
    Fault.TOO_LONG: f"is longer than {LONGEST} bytes",
    Fault.BLOCKED: "appears in lists of leaked passwords, or is a name or word that is tried first here",
}


def faults(password: str, *, floor: int, words: Collection[str]) -> tuple[Fault, ...]:
    """All that is wrong with a new password, nothing where it may be used.

    Shapes   words: what is known of its owner and of this place: login, mail, display name, organisation
    Units    floor: code points of the NFC form
    Source   NIST SP 800-63B-4 section 3.1.1.2: length and blocklist, no composition rules
    """
    if not _is_text(password):
        return (Fault.NOT_TEXT,)
    text = normal(password)
    if len(text.encode()) > LONGEST:
        return (Fault.TOO_LONG,)
    found = {Fault.TOO_SHORT: len(text) < floor, Fault.BLOCKED: blocked(text, words)}
    return tuple(fault for fault, there in found.items() if there)


def normal(password: str) -> str:
    """The NFC form of a password; of one that is too long to be any account's, the text as it is.

    Safe     composing takes time in the square of a run of combining marks, so endless input is left alone (A28)
    """
    return unicodedata.normalize("NFC", password) if len(password) <= _LONGEST_RAW else password


def _is_text(password: str) -> bool:
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in password)
