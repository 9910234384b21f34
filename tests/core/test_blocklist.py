"""The passwords that everybody tries first are known, and no others."""

import gzip
import tracemalloc
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core import blocklist
from keyturn.core.blocklist import blocked

FOLDER = resources.files("keyturn.core")
COMMON = gzip.decompress((FOLDER / "common_passwords.txt.gz").read_bytes()).decode().split("\n")[1:-1]


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PassWord",
        "\uff50\uff41ssword",
        "iloveyou",
        "123456789012345",
        "1234567890123456789",
        "987654321098765",
        "abcdefghijklmno",
        "qwertyuiopasdfghjkl",
        "QwertyuiopAsdfghjkl",
        "qwertzuiopasdfghjkl",
        "1qaz2wsx3edc4rfv",
        "q1w2e3r4t5y6u7i8",
        "123456789987654321",
        "manchesterunited",
        "passwordpassword",
        "PASSWORDpassword",
        "passwordpasswordpass",
        "dragondragondragon",
        "keyturnkeyturnkeyturn",
        "aaaaaaaaaaaaaaa",
        "121212121212121",
        "abcabcabcabcabc",
        "adminadminadmin",
        "thisismypassword",
        "correct horse battery staple",
    ],
)
def test_what_is_tried_first_is_blocked(password: str) -> None:
    """Common passwords, stretches of a row and one word over and over are blocked, in any case and width."""
    assert blocked(password) is True


@pytest.mark.parametrize(
    "password",
    [
        "Je4n-Passw0rd-22!",
        "password-of-the-blue-heron",
        "my dragon sleeps on thursdays",
        "orbit walnut ferry kettle",
        "\U0001f511" * 15,
        "password\niloveyou",
        "\ud800" * 15,
    ],
)
def test_what_is_nobodys_habit_is_not_blocked(password: str) -> None:
    """A listed word inside a longer password is no fault: only the whole is compared."""
    assert blocked(password) is False


@pytest.mark.parametrize(
    "password",
    [
        "Jean.Test",
        "jean.testJEAN.TEST",
        "jean.test" * 3,
        "Jean@Example.Test",
        "\uff25xample Org",
        "example orgexample org",
    ],
)
def test_what_is_known_of_the_owner_is_blocked(password: str) -> None:
    """A login, mail address or organisation is no password, once or over and over."""
    assert blocked(password, ("jean.test", "jean@example.test", "Example Org", "")) is True


def test_a_known_word_inside_is_not_blocked() -> None:
    """The owner's words too are compared with the whole password."""
    assert blocked("jean.test-ferry-kettle", ("jean.test",)) is False


def test_a_short_stretch_is_left_to_the_floor() -> None:
    """A row counts from eight characters on; what is shorter is too short anyway."""
    assert blocked("bcdefgh") is False
    assert blocked("bcdefghi") is True


@given(st.sampled_from(COMMON))
def test_every_entry_is_found_by_itself_and_over_and_over(word: str) -> None:
    """Each line of the list is blocked, in upper case too, and so is its double."""
    assert blocked(word) is True
    assert blocked(word.swapcase()) is True
    assert blocked(word * 2) is True


def test_the_list_is_worth_its_name() -> None:
    """Tens of thousands of entries, of which more than 3,000 meet the length asked of a password alone."""
    assert len([word for word in COMMON if len(word) >= 8]) > 20_000
    assert len([word for word in COMMON if len(word) >= 15]) > 3_000
    assert len(set(COMMON)) == len(COMMON) <= 60_000


def test_the_list_names_nobody() -> None:
    """No mail address stands in the list."""
    assert [word for word in COMMON if "@" in word and ".com" in word.split("@")[-1]] == []


def test_the_list_takes_little_memory() -> None:
    """The loaded list stays far below five megabytes."""
    blocklist._common.cache_clear()
    tracemalloc.start()
    blocked("orbit walnut ferry kettle")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000


def test_the_licences_are_shipped() -> None:
    """The licences of the lists it was made of lie beside it."""
    text = (FOLDER / "common_passwords.LICENSES.txt").read_text()
    assert all(name in text for name in ("zxcvbn", "Django", "SecLists"))
