"""Requests about second factors and codes, read into commands."""

from collections.abc import Callable
from typing import Any

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Named, Reason
from keyturn.core.settings import Settings
from keyturn.core.types import Proof, Secret, SubjectRef
from keyturn.dialects.rocketchat import user_bodies as b
from keyturn.dialects.rocketchat.profiles import MISSING
from keyturn.dialects.rocketchat.reading import Read, factor
from keyturn.dialects.rocketchat.user_reading import named
from keyturn.dialects.rocketchat.wanting import blank, body, wanted
from keyturn.wire import Request, malformed

APP = ("totp", "recovery")


def shown(request: Request) -> Proof | None:
    """The code in the body, which proves the very wish it comes with."""
    sent = body(request, b.Shown)
    return None if isinstance(sent, Denied) else of_app(sent.code)


def of_app(code: Secret | None) -> Proof | None:
    """A code of the authenticator, or a recovery code in its place."""
    return None if code is None or blank(code) else factor("totp", code)


def with_code(command: Callable[[Secret], Any]) -> Read:
    """A read for a command that takes a code."""

    def read(request: Request, settings: Settings) -> Any:
        sent = wanted(request, settings, b.Shown, "code")
        if isinstance(sent, Denied):
            return sent
        return malformed("code", MISSING) if sent.code is None or blank(sent.code) else command(sent.code)

    return read


def confirming(code: Secret) -> c.ConfirmFactor:
    """Switch the authenticator on that waits for its first code, and get recovery codes for it."""
    return c.ConfirmFactor("", code, with_recovery=True)


def fresh_codes(code: Secret | None = None) -> c.EnrolFactor:
    """New recovery codes in place of the old ones."""
    return c.EnrolFactor("recovery", short=True)


def off(code: Secret | None = None) -> c.RemoveFactor:
    """Switch the authenticator off."""
    return c.RemoveFactor(kind="totp")


def mail_code(request: Request, settings: Settings) -> Any:
    """Mail a code to whoever has that name; the answer never says."""
    sent = wanted(request, settings, b.CodeFor, "emailOrUsername")
    return sent if isinstance(sent, Denied) else c.MailCode(sent.name or "")


def reset(request: Request, settings: Settings) -> Any:
    """Take the authenticator of somebody, or of oneself, away."""
    sent = wanted(request, settings, b.Whom)
    if isinstance(sent, Denied):
        return sent
    if settings.policy.two_factor == "off":
        return Denied(Reason.FORBIDDEN, Named("policy", "two_factor"))
    whom: SubjectRef | None = named(sent)
    return c.ResetFactors(whom, kinds=APP)
