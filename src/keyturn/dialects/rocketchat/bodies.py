"""What clients of this wire send: every field may be absent, since the wire itself says what is missing."""

from typing import Annotated

import msgspec

from keyturn.core.types import Frozen, Secret

Text = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1})]


class UserName(Frozen):
    """Who signs in, as an object: by user name or by mail address."""

    username: Text | None = None
    email: Text | None = None


class Digest(Frozen):
    """The hex SHA-256 of a password, which many clients send in its place."""

    digest: Text
    algorithm: Text

    def __repr__(self) -> str:
        return "Digest(redacted)"


class Credentials(Frozen):
    """A name in one of its spellings, with a password or the digest of one."""

    user: Text | UserName | None = None
    username: Text | None = None
    email: Text | None = None
    password: Text | Digest | None = None

    def __repr__(self) -> str:
        return "Credentials(redacted)"


class WithCode(Frozen):
    """Credentials inside a two-factor sign-in."""

    login: Credentials = Credentials()
    code: Secret | None = None


class Login(Credentials):
    """A sign-in: credentials, credentials with a code inside `totp`, or a token to go on with."""

    code: Secret | None = None
    totp: WithCode | None = None
    resume: Secret | None = None

    def __repr__(self) -> str:
        return "Login(redacted)"


class TokenName(Frozen):
    """Which personal access token, by its name."""

    name: Text | None = msgspec.field(default=None, name="tokenName")


class NewToken(TokenName):
    """A personal access token to make."""

    bypass: bool | None = msgspec.field(default=None, name="bypassTwoFactor")
