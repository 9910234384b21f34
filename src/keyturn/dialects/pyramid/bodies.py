"""What this wire takes: the vendor's credential objects; keys it does not know are passed over."""

from typing import Annotated

import msgspec

from keyturn.core.types import Frozen, Secret

LONGEST_DATA = 8192
Data = Annotated[str, msgspec.Meta(max_length=LONGEST_DATA)]


class UserCredentials(Frozen):
    """Name and password; clients spell the name either way."""

    password: Secret
    domain: Data | None = None
    custom_data: Data | None = msgspec.field(default=None, name="customData")
    username: str | None = None
    user_name: str | None = msgspec.field(default=None, name="userName")


class UserTokenCredentials(Frozen):
    """An administrator's token, and whom it signs in."""

    user_identity: str = msgspec.field(name="userIdentity")
    token: Secret
    domain: Data | None = None
    custom_data: Data | None = msgspec.field(default=None, name="customData")
