"""The table of sign-ins that attacks use: complete, and each row works."""

import pytest

from tests.attacks.wires import SIGN_IN, WITH_SESSIONS, sign_in, signed_in
from tests.houses import PASSWORD
from tests.served import Served


def test_every_wire_is_attacked() -> None:
    """A wire on which one signs in has a row."""
    assert set(SIGN_IN) == WITH_SESSIONS


@pytest.mark.parametrize("wire", SIGN_IN)
def test_the_right_password_gets_in(wire: str, served: Served) -> None:
    """With the right password each row opens a session, with a wrong one none."""
    served.people.person("mara")
    assert signed_in(sign_in(served, wire, "mara", PASSWORD))
    assert not signed_in(sign_in(served, wire, "mara", "wrong"))
