"""The passwords that everybody tries first, shipped with the product and compared as a whole."""

import functools
import gzip
import unicodedata
from collections.abc import Collection
from importlib import resources

_LIST = "common_passwords.txt.gz"

# Words of this product, and of signing in anywhere.
_WORDS = """
    keyturn keyturn! keyturn1 keyturn123 keyturnadmin adminkeyturn keyturnpassword passwordkeyturn
    keyturnsecret keyturnadministrator administratorkeyturn keyturnkeyturn1 keyturnkeyturn123 welcometokeyturn
    admin administrator password passw0rd p@ssw0rd p@ssword changeme letmein welcome secret default login root
    user guest adminpassword passwordadmin administratorpassword passwordadministrator administrator123
    administrator1234 adminadminadmin1 thisismypassword thisisapassword mypasswordispassword mysecretpassword
    supersecretpassword verysecretpassword averysecretpassword changemeplease pleasechangeme changethispassword
    pleasechangethispassword letmeinplease defaultpassword temporarypassword onetimepassword initialpassword
    welcomewelcome1 password1234567 password12345678 password123456789 passwordpassword1 passwordpassword12
    passwordpassword123 password123password password123password123 passw0rdpassw0rd1 p@ssw0rdp@ssw0rd1
    correcthorsebatterystaple
"""
_OWN_WORDS = frozenset(_WORDS.split()) | {"correct horse battery staple"}

# Rows of keys and of numbers: a password that is one stretch of these takes no guessing.
_RUNS = (
    "0123456789" * 8,
    "9876543210" * 8,
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "zyxwvutsrqponmlkjihgfedcba" * 2,
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop1234567890",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "mnbvcxzlkjhgfdsapoiuytrewq0987654321",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()_+",
)
_SHORTEST_STRETCH = 8
_LONGEST_WORD = 256


def blocked(password: str, words: Collection[str] = ()) -> bool:
    """Whether a password is one of those that are tried first.

    Shapes   words: what is known of its owner and of this place: login, mail, display name, organisation
    Safe     compared whole, in any case and width: a listed word inside a longer password is no fault;
             the same word over and over is still that word
    Source   NIST SP 800-63B-4 section 3.1.1.2
    """
    text = _folded(password)
    units = _units(text)
    known = _OWN_WORDS.union(map(_folded, words))
    return _worn(text, units) or any(word in known or _listed(word) for word in (text, *units))


def _worn(text: str, units: tuple[str, ...]) -> bool:
    # One to three ASCII characters over and over, or a stretch of a row.
    over = any(len(unit) <= 3 and unit.isascii() for unit in units)
    return over or (len(text) >= _SHORTEST_STRETCH and any(text in run for run in _RUNS))


def _units(text: str) -> tuple[str, ...]:
    # Each beginning whose repetition, perhaps cut off at the end, is the whole text.
    sizes = range(1, min(len(text) // 2, _LONGEST_WORD) + 1)
    return tuple(text[:size] for size in sizes if text.startswith(text[size:]))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _listed(text: str) -> bool:
    # A look through half a megabyte takes a tenth of a millisecond, once a password; a set would take ten times
    # the memory for good.
    return "\n" not in text and b"\n%b\n" % text.encode("utf-8", "surrogatepass") in _common()


@functools.cache
def _common() -> bytes:
    return gzip.decompress(resources.files("keyturn.core").joinpath(_LIST).read_bytes())
