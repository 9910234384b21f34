"""Outcomes and nouns: frozen values, kept and read back as they were."""

import pickle

import msgspec
import pytest

from keyturn.core.outcomes import AnyOutcome, Denied, Ended, Nothing, Reason, Result
from keyturn.core.types import DEFAULT_ORDER, Assurance, Frozen, Secret, Step, StepUpRule, SubjectRef


def test_values_are_frozen() -> None:
    """Nobody changes a noun, a command or an outcome once it is made."""
    with pytest.raises(AttributeError):
        SubjectRef("uuid", "x").value = "y"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Denied(Reason.FORBIDDEN).reason = Reason.NOT_FOUND  # type: ignore[misc]


def test_a_refusal_without_a_note_has_nothing() -> None:
    """A note is a value of a closed union, `Nothing` where there is none; a result changes something by default."""
    assert Denied(Reason.FORBIDDEN).note == Nothing()
    assert Result(Ended()).changed is True


@pytest.mark.parametrize("again", [True, False])
def test_an_outcome_is_read_back_by_its_tag(again: bool) -> None:
    """A kept outcome is told by its tag which one it was."""
    kept = msgspec.json.encode(Ended(again))
    assert msgspec.json.decode(kept, type=AnyOutcome) == Ended(again)


def test_assurance_is_an_order() -> None:
    """Being better known is being more."""
    assert Assurance.NOBODY < Assurance.PRESENTED < Assurance.STEPPED_UP < Assurance.REPROVED


def test_the_usual_order_begins_with_recognition() -> None:
    """Whoever is not recognised gets nowhere: that step is first, and what every wire has is there."""
    assert DEFAULT_ORDER[0] is Step.RECOGNISE
    assert set(DEFAULT_ORDER) == set(Step) - {Step.LIMIT, Step.GATE}


def test_a_step_up_rule_asks_for_a_factor_by_default() -> None:
    """Without a word of the wire nothing weaker than a factor answers, and nothing passes without."""
    rule = StepUpRule()
    assert rule.methods == ("totp", "recovery")
    assert (rule.fallback, rule.bypass, rule.bound) == (False, False, False)


def test_a_secret_is_equal_to_nothing_else() -> None:
    """Comparing a secret with anything but a secret is left to the other side; and no secret is pickled."""
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
    assert Secret("x").__eq__("x") is NotImplemented
    assert issubclass(Result, Frozen)
