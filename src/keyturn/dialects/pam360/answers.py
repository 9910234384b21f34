"""What this wire tells: one envelope for all calls but the regenerated token, whose own shape is documented."""

from typing import Any

import msgspec

from keyturn.core.types import Frozen, Secret

# --- the regenerated token: status is text, statusCode a number, and the name comes last


class RegenerateResult(Frozen):
    """How the call went, as its documented answer spells it."""

    message: str = "Authtoken regenerated successfully."
    status: str = "true"
    status_code: int = msgspec.field(default=20000, name="statusCode")


class NewAuthtoken(Frozen):
    """The new token, told once."""

    authtoken: Secret = msgspec.field(name="AUTHTOKEN")


class RegenerateOperation(Frozen, kw_only=True):
    """The documented answer, key by key in its order."""

    result: RegenerateResult = RegenerateResult()
    details: NewAuthtoken = msgspec.field(name="Details")
    name: str = "REGENERATE_AUTHTOKEN"


class Regenerated(Frozen):
    """The answer to a regenerated token."""

    operation: RegenerateOperation


# --- every other call


class Result(Frozen):
    """`Success` or `Failed`, and always a message: scripts print it."""

    status: str
    message: str


class Operation(Frozen):
    """One call by its name; failures and empty lists carry no Details."""

    name: str
    result: Result
    total_rows: int | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="totalRows")
    details: Any = msgspec.field(default=msgspec.UNSET, name="Details")


class Envelope(Frozen):
    """The answer to any other call."""

    operation: Operation


def success(name: str, message: str, details: Any = msgspec.UNSET, rows: int | None = None) -> Envelope:
    """A call that went well; identifiers in `details` are text, since clients join them into addresses."""
    total = msgspec.UNSET if rows is None else rows
    return Envelope(Operation(name, Result("Success", message), total, details))


def failure(name: str, message: str) -> Envelope:
    """A call that did not."""
    return Envelope(Operation(name, Result("Failed", message)))
