"""What clients send and hear about tokens, certificates and the rules of passwords and logins."""

from typing import Any

import msgspec

from keyturn.core.types import Frozen, Secret
from keyturn.dialects.puppet.bodies import User


class FurtherToken(Frozen):
    """What is wished of a token that is got by another."""

    lifetime: str | int | None = None
    label: str | None = None
    description: str | None = None
    client: str | None = None


class Authentication(Frozen):
    """A token to be looked at; without the second field it counts as a use of it."""

    token: Secret
    counts: bool | None = msgspec.field(name="update_last_activity?", default=True)


class Revocation(Frozen):
    """Tokens to be ended; the query may name more of them, with commas between."""

    revoke_tokens: tuple[Secret, ...] = ()
    revoke_tokens_by_usernames: tuple[str, ...] = ()
    revoke_tokens_by_labels: tuple[str, ...] = ()
    revoke_tokens_by_ids: tuple[str, ...] = ()


class PasswordQuestion(Frozen):
    """A password to be checked, for oneself or for whom the reset token is; two spellings of that are about."""

    password: Secret
    hyphened: Secret | None = msgspec.field(name="reset-token", default=None)
    reset_token: Secret | None = None


class LoginQuestion(Frozen):
    """A login to be checked."""

    login: str


class TokenItem(Frozen):
    """One token in a list, never with its secret; the timeout is in minutes."""

    id: str
    creation_date: str
    expiration_date: str | None
    last_active_date: str
    client: str
    description: str
    session_timeout: int | None
    label: str


class TokenPage(Frozen):
    """Which part of the list it is."""

    limit: int
    offset: int
    order_by: str
    order: str
    total: int


class TokenItems(Frozen):
    """A user's tokens on this wire."""

    items: tuple[TokenItem, ...]
    pagination: TokenPage


class Identity(User, kw_only=True):
    """The user behind a token, and the token; the timeout is in minutes."""

    user_id: str
    creation: str
    expiration: str | None
    last_active: str
    timeout: int | None
    client: str | None
    label: str | None
    description: str | None


class Failure(Frozen):
    """One rule that is broken."""

    rule_identifier: str = msgspec.field(name="rule-identifier")
    friendly_error: str = msgspec.field(name="friendly-error")


class Verdict(Frozen):
    """Whether every rule is kept, and those that are not."""

    valid: bool
    failures: tuple[Failure, ...] | msgspec.UnsetType = msgspec.UNSET


class Certificate(Frozen):
    """Whether a client certificate of that name acts here, and as whom."""

    cn: str
    allowlisted: bool
    subject: User | None


class OlderCertificate(Frozen):
    """The same, by the key's older name."""

    cn: str
    whitelisted: bool
    subject: User | None


Details = dict[str, Any]
