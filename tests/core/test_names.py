"""One canonical spelling for logins, mail addresses and host names; display names that can be shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.core.names import canonical, canonical_host, canonical_mail, deliverable, plain


@pytest.mark.parametrize(
    "text",
    ["jean", "JEAN", " Jean ", "\u00a0jean\u3000", "\uff2a\uff25\uff21\uff2e", "\u24d9ean", "J\uff25an"],
)
def test_spellings_of_one_login_meet(text: str) -> None:
    """Case, padding and width make no other account."""
    assert canonical(text) == "jean"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zo\u00eb", "ZOE\u0308"),
        ("\u212aim", "kim"),
        ("mi\u017fe", "MISE"),
        ("stra\u00dfe", "STRASSE"),
        ("\ufb01ne", "fine"),
        ("\u03c3\u03c2", "\u03a3\u03a3"),
    ],
)
def test_unicode_twins_meet(one: str, other: str) -> None:
    """Composed forms, the Kelvin sign, the long s, ligatures and folded letters are one login."""
    assert canonical(one) == canonical(other) is not None


@pytest.mark.parametrize(("one", "other"), [("\u0131an", "ian"), ("\u0441at", "cat"), ("a b", "ab")])
def test_other_logins_stay_apart(one: str, other: str) -> None:
    """A dotless i, a letter of another script and an inner space are different names."""
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "sign",
    [
        "\0",
        "\n",
        "\t",
        "\x7f",
        "\x85",
        "\u00ad",
        "\u034f",
        "\u115f",
        "\u200b",
        "\u200d",
        "\u200e",
        "\u202e",
        "\u2028",
        "\u2029",
        "\u2066",
        "\u2800",
        "\u3164",
        "\ufe0f",
        "\ufeff",
        "\U000e0041",
        "\U000e0100",
        "\ud800",
        "\ue000",
        "\u0378",
        "\U0010ffff",
    ],
)
@pytest.mark.parametrize("place", ["{}jean", "je{}an", "jean{}"])
def test_what_cannot_be_seen_is_refused(sign: str, place: str) -> None:
    """Control, invisible, turning, private, unassigned and line-breaking signs make no login anywhere."""
    assert canonical(place.format(sign)) is None


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "a" * 257, " " * 300 + "jean", "\ufdfa" * 20])
def test_empty_and_endless_logins_are_refused(text: str) -> None:
    """A login has between 1 and 256 characters, before and after folding."""
    assert canonical(text) is None


def test_the_longest_login_is_accepted() -> None:
    """256 characters are a login."""
    assert canonical("A" * 256) == "a" * 256


@given(st.text(max_size=20))
def test_a_canonical_form_is_its_own(text: str) -> None:
    """Folding twice changes nothing, and only the folded form comes out."""
    out = canonical(text)
    assert out is None or canonical(out) == out
    assert out is None or unicodedata.is_normalized("NFKC", out)


def test_every_single_character_folds_to_a_fixed_point() -> None:
    """No character of Unicode has a canonical form that folds on."""
    # Planes 3 to 16 hold ideographs, tags and private letters, none of which has a case.
    for point in range(0x30000):
        out = canonical(f"x{chr(point)}y")
        assert out is None or canonical(out) == out, hex(point)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("Jean@Example.TEST", "jean@example.test"),
        (" jean@example.test ", "jean@example.test"),
        ("jean\uff20example.test", "jean@example.test"),
        ("a" * 242 + "@example.com", "a" * 242 + "@example.com"),
        ("a" * 243 + "@example.com", None),
        ("jean", None),
        ("@example.test", None),
        ("jean@", None),
        ("@", None),
        ("a@b@c", None),
        ("je an@example.test", None),
        ("jean@exam\u1680ple.test", None),
        ("jean@example.test\n", None),
        ("", None),
    ],
)
def test_a_mail_address_has_two_sides(text: str, out: str | None) -> None:
    """One `@` between two sides, no space, 254 characters at most; told in canonical form."""
    assert canonical_mail(text) == out


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("mia@example.test", True),
        ("mia.o'neil+chat@mail.example.test", True),
        ("m\u00eda@ex\u00e4mple.test", True),
        ("mia,eve@example.test", False),
        ("mia@example.test,eve@evil.test", False),
        ("mia@example.test>", False),
        ("<mia@example.test", False),
        ("mia@example.test\r\nRCPT", False),
        ('"mia"@example.test', False),
        ("mia(eve)@example.test", False),
        ("mia@[192.0.2.1]", False),
        ("mia@@example.test", False),
        ("mia@example.test@evil.test", False),
        (".mia@example.test", False),
        ("mia.@example.test", False),
        ("mia@example..test", False),
        ("mia example@example.test", False),
        ("mia\u200b@example.test", False),
        ("@example.test", False),
        ("mia", False),
        ("", False),
    ],
)
def test_an_address_that_is_one_to_mail_programs(text: str, good: bool) -> None:
    """Nothing in it is read as another address, a comment, or part of the command that names it."""
    assert deliverable(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("", True),
        ("Jean Test", True),
        ("\U0001f469\u200d\U0001f52c", True),
        ("\u05d9\u05e2\u05dc\u200f", True),
        ("a" * 256, True),
        ("a" * 257, False),
        ("a\0", False),
        ("a\nb", False),
        ("a\x1b[2J", False),
        ("a\u2028b", False),
        ("a\u2029b", False),
        ("\ud800", False),
        ("\u202egnp.exe", False),
        ("\u2066a", False),
    ],
)
def test_a_display_name_can_be_shown(text: str, good: bool) -> None:
    """A display name holds nothing that breaks or turns a line, and is not endless."""
    assert plain(text) is good


def test_a_display_name_has_the_limit_that_is_asked() -> None:
    """The limit is the caller's."""
    assert plain("abc", limit=3) is True
    assert plain("abcd", limit=3) is False


@pytest.mark.parametrize(
    ("text", "out"),
    [
        (" Id.Example.ORG ", "id.example.org"),
        ("x", "x"),
        ("", None),
        ("example.org:8443", None),
        ("-example.org", None),
        ("a\x00b", None),
        ("ex ample.org", None),
        ("a" * 254, None),
    ],
)
def test_a_host_name_has_no_port(text: str, out: str | None) -> None:
    """A host name is letters, digits, dots and hyphens, whatever its case and padding."""
    assert canonical_host(text) == out
