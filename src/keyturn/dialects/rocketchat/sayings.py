"""What is said of a refusal, before it is known in which envelope: a text, a code, details."""

from collections.abc import Callable
from typing import Any

import msgspec

from keyturn.core.outcomes import Denied
from keyturn.core.settings import Settings
from keyturn.core.types import Frozen
from keyturn.dialects.rocketchat import answers as a
from keyturn.wire import Request


class Said(Frozen):
    """A text with a code; `unfit` where the text stands alone, since a schema was not met."""

    text: str = ""
    code: str = ""
    details: Any = msgspec.UNSET
    unfit: bool = False


Saying = Callable[[Denied, Settings, Request], Said]


def always(text: str, code: str = "", details: Any = msgspec.UNSET) -> Saying:
    """A saying that depends on nothing."""
    return lambda denied, settings, request: Said(text, code, details)


def sentence(said: Said) -> str:
    """The text with its code in brackets behind it."""
    return f"{said.text} [{said.code}]".strip() if said.code else said.text


def failure(said: Said) -> Frozen:
    """The saying in the envelope of a call."""
    if said.unfit:
        return a.Unfit(error_type=said.code, error=said.text)
    return a.Failure(error=sentence(said), error_type=said.code or msgspec.UNSET, details=said.details)
