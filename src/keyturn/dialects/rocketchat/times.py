"""Moments as this wire writes them."""

import datetime

from keyturn.core.types import SECOND, Instant


def iso(at: Instant) -> str:
    """A moment in UTC, to the millisecond."""
    moment = datetime.datetime.fromtimestamp(at // SECOND, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % SECOND // 1000:03d}Z"
