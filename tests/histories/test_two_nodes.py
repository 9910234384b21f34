"""P1, P2: two nodes over one store, one clock behind the other: what one acknowledged, the other's next check obeys."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.types import Secret
from tests.engines import Engine
from tests.houses import KEY, Held, Household, Person, current, household, reason

SLOW = 5.0
"""Seconds that one node's clock is behind: more than any machine's, so that no clock can be what decides."""


class Nodes:
    """A node whose clock is ahead, one whose clock is behind, and a person who is known to both."""

    def __init__(self, ahead: Household, behind: Household) -> None:
        self.ahead, self.behind = ahead, behind
        self.admin = behind.token(behind.person("", "Administrators"))
        self.person: Person = behind.person()
        self.session = behind.token(self.person)
        self.personal = behind.token(self.person, "personal", name="ci")


@pytest.fixture
def nodes(database: Engine, tmp_path: Path) -> Iterator[Nodes]:
    """Two nodes on one store of each engine."""
    with household(database.url, tmp_path / KEY) as behind, household(database.url, tmp_path / KEY) as ahead:
        ahead.clock.forward(SLOW)
        yield Nodes(ahead, behind)


KILLS: dict[str, Callable[[Nodes, Household], Any]] = {
    "rotate": lambda n, h: h.wish(n.personal, c.RotateToken(n.personal.ref)),
    "rotate by another": lambda n, h: h.wish(n.admin, c.RotateToken(n.personal.ref)),
    "revoke": lambda n, h: h.wish(n.session, c.RevokeToken(n.personal.ref)),
    "suspend": lambda n, h: h.wish(n.admin, c.SuspendUser(n.person.ref)),
    "delete": lambda n, h: h.wish(n.admin, c.DeleteUser(n.person.ref)),
    "end it with itself": lambda n, h: h.wish(n.personal, c.EndSession()),
}


@pytest.mark.asvs("7.4.1")
@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("where", ["ahead", "behind"])
def test_dead_is_dead_on_every_node(kill: str, where: str, nodes: Nodes) -> None:
    """A check that starts after an acknowledged kill refuses the old secret, whatever that node's clock (P1)."""
    assert nodes.ahead.opens(nodes.personal) is None
    assert nodes.behind.opens(nodes.personal) is None
    assert reason(KILLS[kill](nodes, getattr(nodes, where))) is None
    for node in (nodes.ahead, nodes.behind):
        assert node.opens(nodes.personal) in (Reason.TOKEN_ENDED, Reason.OWNER_SUSPENDED)


@pytest.mark.parametrize("where", ["ahead", "behind"])
def test_sessions_die_on_every_node(where: str, nodes: Nodes) -> None:
    """A changed password ends other sessions everywhere at once, and a log-out its own (P1)."""
    node: Household = getattr(nodes, where)
    other = nodes.behind.token(nodes.person)
    wish = c.ChangePassword(Secret("a fresh passphrase"))
    assert reason(node.wish(nodes.session, wish, proof=current(nodes.person.password))) is None
    assert {nodes.ahead.opens(other), nodes.behind.opens(other)} == {Reason.TOKEN_ENDED}
    node.wish(nodes.session, c.EndSession())
    assert {nodes.ahead.opens(nodes.session), nodes.behind.opens(nodes.session)} == {Reason.TOKEN_ENDED}


@pytest.mark.parametrize("where", ["ahead", "behind"])
def test_new_is_good_on_every_node(where: str, nodes: Nodes) -> None:
    """What a node minted or rotated is accepted by the other at once (P2), and shown as what it now is."""
    node: Household = getattr(nodes, where)
    made = node.wish(nodes.session, c.IssueToken("personal", "new", "native"))
    held = Held(made.secret, made.view)
    assert nodes.ahead.opens(held) is None
    assert nodes.behind.opens(held) is None
    for turn in (nodes.ahead, nodes.behind, nodes.ahead):
        held = Held(turn.wish(held, c.RotateToken(held.ref)).secret, held.view)
        for look in (nodes.ahead, nodes.behind):
            assert look.opens(held) is None
            shown = look.wish(nodes.session, c.ShowToken(held.ref))
            assert shown.view.secret.last6 == held.secret.reveal()[-12:-6]


@pytest.mark.parametrize("where", ["ahead", "behind"])
def test_one_counter_for_all_nodes(where: str, nodes: Nodes) -> None:
    """Guesses on both nodes are counted together, and a lock closed on one holds on the other (A20)."""
    both = (nodes.ahead, nodes.behind)
    for number in range(10):
        assert reason(both[number % 2].sign_in(nodes.person, "wrong")) is Reason.WRONG_PASSWORD
    node: Household = getattr(nodes, where)
    assert reason(node.sign_in(nodes.person)) is Reason.ACCOUNT_LOCKED
