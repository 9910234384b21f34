"""One canonical spelling for every login and mail address, and what a display name may hold."""

import re
import unicodedata

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
HANDLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WORD = r'[^\s()<>\[\]:;@\\,."]+'
DELIVERABLE = re.compile(rf"{_WORD}(\.{_WORD})*@{_WORD}(\.{_WORD})*")
"""A mail address without quotes, comments and signs that have a meaning of their own."""
LONGEST_LOGIN = 256
LONGEST_MAIL = 254

# Control, format (zero-width, bidi), surrogate, private, unassigned, line and paragraph separators. Unassigned ones
# too, since a later Unicode may give them a case or a decomposition, and two logins would become one.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Invisible, though Unicode files them under letters, marks and symbols: fillers, joiners, variation selectors, the
# empty braille cell.
_INVISIBLE = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)

# What no display name may hold: control, surrogate, line and paragraph separators. Of the signs of direction,
# embeddings, overrides and isolates turn the text around a name; the plain marks U+200E and U+200F do not.
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def canonical(text: str) -> str | None:
    """The one spelling under which a login is stored, compared and counted, or None where it is no login.

    Safe     case, width and padding variants meet in one account, so they cannot be guessed at apart (A21) or
             registered beside it (A26); what cannot be seen is refused, not dropped
    Source   rules.md 2
    """
    if len(text) > LONGEST_LOGIN:
        return None
    if _simple(text):
        return text.lower().strip() or None
    if not _visible(text):
        return None
    out = _folded(text)
    return out if 0 < len(out) <= LONGEST_LOGIN and _visible(out) else None


def canonical_mail(text: str) -> str | None:
    """The one spelling of a mail address, or None where it is none.

    Safe     judged after folding, so a full-width `@` counts as one
    """
    out = canonical(text)
    if out is None or len(out) > LONGEST_MAIL or out.split() != [out]:
        return None
    sides = out.split("@")
    return out if len(sides) == 2 and all(sides) else None


def deliverable(text: str) -> bool:
    """Whether a mail program reads the text as one address, this one.

    Safe     `victim,other@…` would go to two, and `a@b>…` change the command that names it
    """
    return text.isprintable() and DELIVERABLE.fullmatch(text) is not None


def canonical_host(text: str) -> str | None:
    """The one spelling of a host name as requests carry it, without port; None where it is none."""
    out = text.strip().lower()
    return out if HOST.fullmatch(out) else None


def plain(text: str, limit: int = LONGEST_LOGIN) -> bool:
    """Whether a display name can be shown and logged anywhere: not too long, no control, surrogate or turning sign.

    Safe     a line break or a text-turning sign would forge lines in logs and lists
    """
    return len(text) <= limit and (_simple(text) or not any(c in _TURNING or _category(c) in _BREAKING for c in text))


def _simple(text: str) -> bool:
    # Nearly all names are: of such text nothing is invisible, and folding it is a change of case alone.
    return text.isascii() and text.isprintable()


def _folded(text: str) -> str:
    # Folding once is not stable for a few compatibility characters; a canonical form must be its own canonical form.
    once = _nfkc(_nfkc(text).casefold().strip())
    return once if once == text else _folded(once)


def _visible(text: str) -> bool:
    return not any(c in _INVISIBLE or _category(c) in _REFUSED for c in text)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


_category = unicodedata.category
