"""Realms: the host names that mean one."""

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import RealmShown, Reason
from tests.houses import Household, reason

NAMES = [("\x00",), ("id.example.org", "a b"), ("id.example.org:8443",), ("",)]


@pytest.mark.parametrize("hosts", NAMES)
def test_what_is_no_host_name_is_refused(house: Household, hosts: tuple[str, ...]) -> None:
    """A host name that no request can name is refused before any store is asked to keep it."""
    root = house.token(house.person("root", "Stewards"))
    before = house.contents()
    assert reason(house.wish(root, c.CreateRealm("shop", hosts=hosts))) is Reason.MALFORMED
    assert reason(house.wish(root, c.EditRealm(hosts=hosts))) is Reason.MALFORMED
    assert house.contents() == before


def test_a_host_name_has_one_spelling(house: Household) -> None:
    """Whatever its case, and however often it is given; none at all is a choice too."""
    root = house.token(house.person("root", "Stewards"))
    made = house.wish(root, c.CreateRealm("shop", hosts=("Shop.Example.ORG ", "shop.example.org")))
    assert isinstance(made, RealmShown)
    assert made.hosts == ("shop.example.org",)
    assert house.wish(root, c.EditRealm(hosts=("id.example.org",))).hosts == ("id.example.org",)
    assert house.wish(root, c.EditRealm(display_name="Example")).hosts == ("id.example.org",)
    assert house.wish(root, c.EditRealm(hosts=())).hosts == ()
