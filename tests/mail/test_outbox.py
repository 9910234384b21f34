"""The outbox: who holds a letter, until when, when it is tried again, and that nobody reads it there."""

import pytest

from keyturn.core.types import Instant
from keyturn.store import outbox
from keyturn.store.engine import Kept
from keyturn.store.outbox import BACK_OFF, HOLD, Letter
from tests.houses import Household
from tests.mail.posting import ADDRESS, CODE, TOKEN, WORDS, post, rows, tries


def claim(house: Household) -> Letter | None:
    """The next letter that is due, now one's own."""
    found: Letter | None = house.do(outbox.claim, house.store.now())
    return found


def mine(house: Household) -> Letter:
    """The next letter, which there is."""
    found = claim(house)
    assert found is not None
    return found


def test_nothing_is_readable_in_the_store(house: Household) -> None:
    """Address, token and code stand nowhere in a row in clear, and are read back with the sealing key."""
    post(house)
    post(house, "code")
    for row in rows(house):
        for value in row:
            seen = bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
            assert not any(text.encode() in seen for text in (ADDRESS, TOKEN, CODE))
    contents = outbox.contents(house.store.ring, mine(house))
    assert contents.address.reveal() == ADDRESS
    assert {name: word.reveal() for name, word in contents.words.items()} == WORDS["reset"]
    assert TOKEN not in repr(contents)
    assert ADDRESS not in repr(contents)


def test_a_letter_is_held_by_one(house: Household) -> None:
    """A claimed letter is nobody else's, until its holder is given up."""
    post(house)
    assert house.read(lambda tx: outbox.any_due(tx, house.store.now()))
    assert mine(house).tries == 0
    assert claim(house) is None
    assert not house.read(lambda tx: outbox.any_due(tx, house.store.now()))
    house.clock.forward(HOLD - 2)
    assert claim(house) is None
    house.clock.forward(3)
    assert mine(house).tries == 0


def test_the_longest_waiting_first(house: Household) -> None:
    """Letters are claimed in the order they were posted."""
    post(house)
    post(house, "code")
    assert [mine(house).kind, mine(house).kind, claim(house)] == ["reset", "code", None]


def test_a_letter_that_is_done_is_gone(house: Household) -> None:
    """Nothing of it stays, since it may hold a secret."""
    post(house)
    house.do(outbox.done, mine(house))
    assert rows(house) == []


def test_failed_ones_are_tried_later_and_later(house: Household) -> None:
    """Five seconds, thirty, two minutes, ten, then an hour each time."""
    post(house, lives=100_000)
    for wait in (*BACK_OFF, BACK_OFF[-1]):
        house.do(outbox.failed, mine(house), house.store.now())
        house.clock.forward(wait - 2)
        assert claim(house) is None
        house.clock.forward(3)
    assert tries(house) == [6]
    assert BACK_OFF == (5, 30, 120, 600, 3600)


def test_who_lost_a_letter_cannot_put_it_off(house: Household) -> None:
    """A holder that was given up and comes back late changes nothing of what its successor holds."""
    post(house)
    first = mine(house)
    house.clock.forward(HOLD + 1)
    second = mine(house)
    house.do(outbox.failed, first, house.store.now())
    assert tries(house) == [0]
    house.do(outbox.failed, second, house.store.now())
    assert tries(house) == [1]


def test_expired_ones_are_not_handed_out_and_purged(house: Household) -> None:
    """What is true no longer is claimed by nobody, and only such are purged."""
    post(house, lives=10)
    post(house, "code", lives=1000)
    house.clock.forward(11)
    assert mine(house).kind == "code"
    assert claim(house) is None
    assert house.do(outbox.purge, house.store.now()) == 1
    assert [row[4] for row in rows(house)] == ["code"]


def test_an_altered_row_opens_to_nobody(house: Household) -> None:
    """What was sealed for one letter is worth nothing in another's row."""
    post(house)
    post(house, "code")
    letter, other = mine(house), mine(house)
    moved = Letter(letter.id, letter.uuid, letter.kind, other.sealed, 0, Instant(0))
    with pytest.raises(Exception, match="^$"):
        outbox.contents(house.store.ring, moved)


def test_a_letter_of_an_undone_change_is_never_sent(house: Household) -> None:
    """It is part of the transaction that calls for it."""
    from keyturn.store.engine import Undone

    def job(tx: object) -> Kept | Undone:
        now = house.store.now()
        outbox.put(tx, 1, 1, "reset", ADDRESS, WORDS["reset"], Instant(now + 1000), now)  # type: ignore[arg-type]
        return Undone(None)

    house.store.write(job)
    assert rows(house) == []
