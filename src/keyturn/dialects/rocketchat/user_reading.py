"""Requests about users, read into commands: whom they mean, and what of it we keep."""

import re
from collections.abc import Callable
from typing import Any

from keyturn.core import commands as c
from keyturn.core.outcomes import Challenge, Denied, Named, Reason
from keyturn.core.rules import ADMINISTRATORS, DEFAULT_ROLE
from keyturn.core.settings import Settings
from keyturn.core.types import Proof, SubjectRef
from keyturn.dialects.rocketchat import user_bodies as b
from keyturn.dialects.rocketchat.profiles import EMPTY, MISSING, profile
from keyturn.dialects.rocketchat.reading import Read
from keyturn.dialects.rocketchat.wanting import asked_for, blank, body, filled, spoken, unusable, wanted
from keyturn.wire import Request, converted, decoded, malformed

USERNAME = re.compile(r"[0-9A-Za-z_.-]+")
"""What the product takes as a user name, which is less than we do."""
RESERVED = frozenset({"all", "here", "admin", "administrator", "system", "user"})
REQUIRED, INVALID, BLOCKED = "is required", "is not valid", "is reserved"
ROLES = {"admin": ADMINISTRATORS, "user": DEFAULT_ROLE}
"""The product's two words for roles that we have other names for; any other word is the name of a role."""
REASON = "users.createToken"
WHOM = "userId,username"
ANYBODY = "userId,username,importId,email"
AUTO = "rocketchat.auto_email_two_factor"


# --- whom


def named(sent: b.Whom | b.Acting) -> SubjectRef | None:
    """Who is meant: by id, else by user name."""
    if sent.user_id:
        return SubjectRef("handle", sent.user_id)
    username = sent.username or sent.user
    return SubjectRef("login", username) if username else None


def about(command: Callable[[SubjectRef], Any]) -> Read:
    """A read for a command about whom the body names."""

    def read(request: Request, settings: Settings) -> Any:
        sent = wanted(request, settings, b.Whom)
        if isinstance(sent, Denied):
            return sent
        whom = named(sent)
        return malformed(WHOM, MISSING) if whom is None else command(whom)

    return read


def show_user(request: Request, settings: Settings) -> Any:
    """One user, by id, user name, mail address, or the id that an import gave, which nobody has here."""
    sent = asked_for(request, settings, b.Asked)
    if isinstance(sent, Denied):
        return sent
    if not all(_is_json(text) for text in (sent.fields, sent.query) if text):
        return malformed("query", "is not well-formed JSON")
    for value, by in ((sent.user_id, "handle"), (sent.username, "login"), (sent.email, "email")):
        if value:
            return c.ShowUser(SubjectRef(by, value))
    return Denied(Reason.NOT_FOUND) if sent.import_id else malformed(ANYBODY, MISSING)


def check_name(request: Request, settings: Settings) -> Any:
    """Whether a user name is free."""
    sent = asked_for(request, settings, b.NameAsked, "username")
    if isinstance(sent, Denied):
        return sent
    name = sent.username or ""
    return malformed("username", BLOCKED) if name.lower() in RESERVED else c.CheckName(name)


# --- adding and changing


def create_user(request: Request, settings: Settings) -> Any:
    """Add a user."""
    needed = ("email", "name", "password", "username")
    sent = wanted(request, settings, b.NewUser, *(needed if profile(settings).exact else ()))
    if isinstance(sent, Denied):
        return sent
    drawn = ("password",) if sent.random else ()
    lacking = next((f for f in needed if f not in drawn and blank(getattr(sent, f))), None)
    wrong = malformed(lacking, REQUIRED) if lacking else _usable(sent)
    if wrong is not None:
        return wrong
    return c.CreateUser(
        sent.username or "", sent.email or "", sent.name or "", None if sent.random else sent.password,
        must_change=bool(sent.must_change), roles=role_names(sent.roles), suspended=sent.active is False,
        email_verified=bool(sent.verified), mail_code=settings.flag(AUTO),
    )  # fmt: skip


def register(request: Request, settings: Settings) -> Any:
    """Add oneself."""
    sent = wanted(request, settings, b.Registration, "username", "email", "pass")
    if isinstance(sent, Denied):
        return sent
    if sent.password is None or blank(sent.password):
        return malformed("pass", EMPTY)
    wrong = _username(sent.username)
    if wrong is not None:
        return wrong
    return c.Register(
        sent.username or "", sent.password, sent.email or "", sent.name or "", mail_code=settings.flag(AUTO)
    )


def edit_user(request: Request, settings: Settings) -> Any:
    """Change what is given of a user, all of it or nothing."""
    sent = wanted(request, settings, b.UserChange, "userId", "data")
    if isinstance(sent, Denied):
        return sent
    given = sent.data or b.UserFields()
    wrong = filled("userId", sent.user_id) or _usable(given)
    if wrong is not None:
        return wrong
    unset = given.random or blank(given.password)
    return c.EditUser(
        SubjectRef("handle", sent.user_id or ""), login=given.username or None, email=given.email,
        display_name=given.name, email_verified=given.verified, roles=role_names(given.roles), active=given.active,
        password=None if unset else given.password, must_change=given.must_change,
    )  # fmt: skip


def role_names(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Roles by our names for them."""
    return None if words is None else tuple(dict.fromkeys(ROLES.get(word, word) for word in words))


def _usable(given: b.UserFields) -> Denied | None:
    bad_role = any("\x00" in role for role in given.roles or ())
    wrong = malformed("roles", INVALID) if bad_role else unusable(given)
    return wrong or _username(given.username)


def _username(name: str | None) -> Denied | None:
    if not name:
        return None
    if name.lower() in RESERVED:
        return malformed("username", BLOCKED)
    return None if USERNAME.fullmatch(name) else malformed("username", INVALID)


# --- oneself


def own_change(request: Request) -> b.OwnFields:
    """What is to change of oneself; nothing where the body cannot be read."""
    sent = body(request, b.OwnChange)
    return b.OwnFields() if isinstance(sent, Denied) or sent.data is None else sent.data


def wants_proof(request: Request) -> bool:
    """Whether a password or a mail address is among what changes."""
    given = own_change(request)
    return given.email is not None or not blank(given.password)


def current_password(request: Request) -> Proof | None:
    """The digest of the current password, as the body holds it."""
    current = own_change(request).current
    return None if current is None or blank(current) else Proof("current_digest", current)


def edit_self(request: Request, settings: Settings) -> Any:
    """Change one's own names."""
    given = _own(request, settings)
    return given if isinstance(given, Denied) else c.EditSelf(given.username or None, given.name)


def change_self(request: Request, settings: Settings) -> Any:
    """Change oneself, a password or a mail address among it; asks for the current password where it is not shown."""
    given = _own(request, settings)
    if isinstance(given, Denied):
        return given
    if given.current is None or blank(given.current):
        return Denied(Reason.STEP_UP_REQUIRED, Challenge("password"))
    password = None if blank(given.password) else given.password
    return c.ChangeSelf(given.username or None, given.name, given.email, password)


def _own(request: Request, settings: Settings) -> b.OwnFields | Denied:
    sent = wanted(request, settings, b.OwnChange, "data")
    if isinstance(sent, Denied):
        return sent
    given = sent.data or b.OwnFields()
    return unusable(given) or _username(given.username) or given


# --- standing, sessions, tokens


def lets_in(request: Request) -> bool:
    """Whether the body lets somebody in again; in words too, for the profile that reads them."""
    sent = converted(spoken(request), b.Active)
    return isinstance(sent, b.Active) and sent.active is True


def activity(command: Callable[[SubjectRef], Any], active: bool) -> Read:
    """A read for a command that stops somebody or lets them in again, as the body says."""

    def read(request: Request, settings: Settings) -> Any:
        sent = wanted(request, settings, b.Active, "userId", "activeStatus")
        if isinstance(sent, Denied):
            return sent
        if sent.active is not active:
            return malformed("activeStatus", INVALID)
        return filled("userId", sent.user_id) or command(SubjectRef("handle", sent.user_id or ""))

    return read


def sign_out(request: Request, settings: Settings) -> Any:
    """End every session, and every token of this wire, of somebody or of oneself."""
    sent = wanted(request, settings, b.Ended)
    if isinstance(sent, Denied):
        return sent
    return c.EndSessions(SubjectRef("handle", sent.user_id) if sent.user_id else None, wire=True)


def create_token(request: Request, settings: Settings) -> Any:
    """A token that acts for somebody, where the realm lets this wire make such."""
    spoke = profile(settings)
    sent = wanted(request, settings, b.Acting, *spoke.mints_for)
    if isinstance(sent, Denied):
        return sent
    empty = [f for f, value in (("userId", sent.user_id), ("secret", sent.secret)) if filled(f, value)]
    if empty and empty[0] in spoke.mints_for:
        return malformed(empty[0], EMPTY)
    if not spoke.mints(settings, sent.secret):
        return Denied(Reason.FORBIDDEN, Named("setting", "rocketchat.create_token"))
    whom = named(sent)
    return malformed(WHOM, MISSING) if whom is None else c.IssueDelegation(whom, REASON)


def request_reset(request: Request, settings: Settings) -> Any:
    """Mail a reset token, where the realm lets people ask for one."""
    if not settings.flag("rocketchat.password_reset"):
        return Denied(Reason.FORBIDDEN, Named("setting", "rocketchat.password_reset"))
    sent = wanted(request, settings, b.Forgotten, "email")
    return sent if isinstance(sent, Denied) else c.RequestReset(sent.email or "", by="email")


def _is_json(text: str) -> bool:
    return not isinstance(decoded(text.encode(), dict), Denied)
