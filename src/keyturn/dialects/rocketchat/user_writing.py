"""Outcomes about users and codes, told as JSON."""

from typing import Any

import msgspec

from keyturn.core import factors as totp
from keyturn.core.settings import Settings
from keyturn.core.types import Secret, SubjectView
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat import user_answers as u
from keyturn.dialects.rocketchat.profiles import profile
from keyturn.dialects.rocketchat.sayings import Said, failure
from keyturn.dialects.rocketchat.times import iso
from keyturn.dialects.rocketchat.user_reading import lets_in
from keyturn.dialects.rocketchat.wanting import spoken
from keyturn.dialects.rocketchat.writing import addresses, role_words, said, services
from keyturn.wire import Request, Response


def user(outcome: Any, settings: Settings, request: Request) -> Response:
    """An account; how it signs in is told to its owner alone."""
    own = outcome.user.subject.handle == request.header("x-user-id")
    return said(u.UserTold(user=_user(outcome.user, services(outcome.user) if own else msgspec.UNSET)))


def added(outcome: Any, settings: Settings, request: Request) -> Response:
    """An account that is new or changed."""
    return said(u.UserTold(user=_user(outcome.user, msgspec.UNSET)))


def activity(outcome: Any, settings: Settings, request: Request) -> Response:
    """Somebody may act, or no more."""
    whom = str(spoken(request).get("userId"))
    return said(u.ActivityTold(user=u.Activity(id=whom, active=lets_in(request))))


def deleted(outcome: Any, settings: Settings, request: Request) -> Response:
    """An account is gone."""
    return said(profile(settings).deleted)


def free(outcome: Any, settings: Settings, request: Request) -> Response:
    """Whether a user name may be taken."""
    return said(u.Free(result=outcome.free))


def signed_out(outcome: Any, settings: Settings, request: Request) -> Response:
    """Somebody is signed out everywhere."""
    whom = spoken(request).get("userId") or request.header("x-user-id") or ""
    return said(u.SignedOut(message=f"User {whom} has been logged out!"))


def kept(outcome: Any, settings: Settings, request: Request) -> Response:
    """Other sessions are over; the presented token goes on until it ends, if it does."""
    token = request.secret("x-auth-token") or Secret("")
    return said(a.Kept(token=token, expires="" if outcome.until is None else iso(outcome.until)))


def delegated(outcome: Any, settings: Settings, request: Request) -> Response:
    """A token that acts for somebody."""
    return said(a.DelegationMade(data=a.Delegated(user_id=outcome.view.owner.handle, auth_token=outcome.secret)))


def registered_before(outcome: Any, settings: Settings, request: Request) -> Response:
    """Somebody who is signed in is no newcomer."""
    return said(failure(Said("Logged in users can not register again.")), 400)


# --- second factors


def seed(outcome: Any, settings: Settings, request: Request) -> Response:
    """An authenticator that waits for its first code."""
    return said(u.SeedTold(secret=outcome.seed, url=address(outcome)))


def address(outcome: Any) -> Secret:
    """What an app reads from a picture to take a seed over."""
    seed = totp.seed_from_base32(outcome.seed.reveal()) or b""
    return Secret(totp.otpauth_uri(outcome.issuer, outcome.login, seed))


def codes(outcome: Any, settings: Settings, request: Request) -> Response:
    """Recovery codes."""
    return said(u.CodesTold(codes=outcome.codes))


def disabled(outcome: Any, settings: Settings, request: Request) -> Response:
    """The authenticator is off."""
    return said(u.Disabled(disabled=True))


def remaining(outcome: Any, settings: Settings, request: Request) -> Response:
    """How many recovery codes are left."""
    return said(u.RemainingTold(remaining=outcome.remaining))


def _user(view: SubjectView, signs_in: a.Services | msgspec.UnsetType) -> u.User:
    one = view.subject
    return u.User(
        id=one.handle, created=iso(one.created), username=one.login, emails=addresses(view),
        type="bot" if one.service else "user", active=one.state == "active", roles=role_words(view.roles),
        updated=iso(one.updated), name=one.display_name or one.login,
        must_change=True if view.must_change else msgspec.UNSET, services=signs_in,
    )  # fmt: skip
