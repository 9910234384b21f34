"""Users are changed: by somebody who may, and by themselves."""

from msgspec.structs import replace

from keyturn.core.commands import ChangeSelf, EditSelf, EditUser, SetRoles
from keyturn.core.names import canonical_mail
from keyturn.core.outcomes import Challenge, Denied, Fields, Named, Reason, Result, UserShown
from keyturn.core.policy import fitting, length
from keyturn.core.rules import allows
from keyturn.core.types import Actor, Assurance, Instant, Ready, Role, Subject
from keyturn.operations.users.names import faults, given_roles
from keyturn.operations.users.standing import let_in, stop
from keyturn.store import factors, locks, mail_codes, passwords, realms, roles, subjects, tokens, views
from keyturn.store.engine import Tx

DYING = ("session", "delegated", "reset")
PARTS = {
    "roles": "roles:edit_members",
    "active": "users:disable",
    "password": "users:reset_password",
    "must_change": "users:reset_password",
    "email_verified": "users:reset_password",
}
"""What of a user wants a right of its own beside `users:edit`; to an address that is vouched for, resets are mailed."""


def prepare_edit(tx: Tx, actor: Actor, wish: EditUser, now: Instant) -> Ready | Denied:
    """The actor may change all that is given, and the password fits."""
    about = actor.about
    if about is None:
        return Denied(Reason.NOT_FOUND)
    if wish.password is None:
        return Ready(wish)
    lacking = _lacking(actor, about, wish)
    if lacking is not None:
        return lacking
    if about.remote or about.built_in:
        return Denied(Reason.REMOTE_ACCOUNT)
    return fitting(actor.realm, subjects.words(edited(about, wish)), wish, wish.password)


def edit_user(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """The user has what was given, all at once; a new mail address is not verified, and ends the reset tokens (A03).

    Denies   FORBIDDEN naming the right that one part of it wants; CONFLICT naming login or email; BUILT_IN for the
             suspension of who is
    """
    wish: EditUser = ready.wish
    if actor.about is not None and (wish.password is not None or wish.must_change is not None):
        # The password first, as a sign-in takes them: else the two could wait for each other.
        passwords.held(tx, actor.about.id)
    about = None if actor.about is None else subjects.held(tx, actor.about.id)
    if about is None or about.state == "deleted":
        return Denied(Reason.NOT_FOUND)
    if about.built_in and wish.active is False:
        return Denied(Reason.BUILT_IN)
    given = None if wish.roles is None else given_roles(tx, actor, wish.roles)
    refused = _lacking(actor, about, wish) or (given if isinstance(given, Denied) else None)
    if refused is not None:
        return refused
    wrong = saved(tx, about, edited(about, wish), now, _mails(wish.notify))
    if wrong is not None:
        return wrong
    if isinstance(given, tuple):
        _take_roles(tx, about, given, now)
    _renew(tx, about, wish, ready, now)
    if wish.active is not None:
        _ = let_in(tx, about, now) if wish.active else stop(tx, about, now)
    fields = [n for n in wish.__struct_fields__ if n != "subject" and getattr(wish, n) is not None]
    shown = views.of_subject(tx, subjects.by_id(tx, about.id) or about, actor.realm, now)
    return Result(UserShown(shown), about.id, detail={"fields": fields}, touches=f"subject:{about.id}")


def edit_self(tx: Tx, actor: Actor, wish: EditSelf, now: Instant) -> Result | Denied:
    """The caller has the new names."""
    subject = None if actor.subject is None else subjects.held(tx, actor.subject.id)
    if subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    changed = replace(
        subject, login=_or(wish.login, subject.login), display_name=_or(wish.display_name, subject.display_name)
    )
    wrong = saved(tx, subject, changed, now)
    return wrong or _shown(tx, actor, subject, wish, now)


def prepare_change_self(tx: Tx, actor: Actor, wish: ChangeSelf, now: Instant) -> Ready | Denied:
    """The new password fits the policy, and is to be hashed."""
    subject = actor.subject
    if subject is None:
        return Denied(Reason.UNAUTHENTICATED)
    if subject.remote:
        return Denied(Reason.REMOTE_ACCOUNT)
    if wish.password is None:
        return Ready(wish)
    return fitting(realms.of(tx, subject, actor.realm), subjects.words(_changed(subject, wish)), wish, wish.password)


def change_self(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """The caller has what was given; a new password ends other sessions, delegations and resets.

    Denies   STEP_UP_REQUIRED unless the current password was shown for this very wish; FORBIDDEN for another address
             while codes by mail are the only factor: they are switched off first, with one of them
    Safe     a new mail address is not verified, and ends the reset tokens and the codes mailed to the old one (A03)
    """
    wish: ChangeSelf = ready.wish
    subject = None if actor.subject is None else subjects.held(tx, actor.subject.id)
    if subject is None or actor.token is None or actor.assurance is not Assurance.REPROVED:
        return Denied(Reason.STEP_UP_REQUIRED, Challenge("password"))
    changed = _changed(subject, wish)
    if subject.email_verified and not changed.email_verified and _mailed_alone(tx, subject):
        return Denied(Reason.FORBIDDEN, Named("factor"))
    wrong = saved(tx, subject, changed, now)
    if wrong is not None:
        return wrong
    if wish.password is not None:
        passwords.put(tx, subject.realm, subject.id, ready.hashes[0], False, length(wish.password), now)
        tokens.end_kinds(tx, subject.id, DYING, "password changed", now, keep=actor.token.id)
    return _shown(tx, actor, subject, wish, now)


def set_roles(tx: Tx, actor: Actor, wish: SetRoles, now: Instant) -> Result | Denied:
    """The user holds exactly these roles.

    Safe     nobody gives what they lack, nor takes from somebody above them; a lost role ends the delegations
             that may have rested on it (rules.md 5)
    """
    about = actor.about
    if about is None:
        return Denied(Reason.NOT_FOUND)
    given = given_roles(tx, actor, wish.roles)
    if isinstance(given, Denied):
        return given
    subjects.held(tx, about.id)
    lost = _take_roles(tx, about, given, now)
    shown = views.of_subject(tx, about, actor.realm, now)
    detail = {"roles": [r.name for r in given], "lost": sorted(lost)}
    return Result(UserShown(shown), about.id, detail=detail, touches=f"subject:{about.id}")


def _lacking(actor: Actor, about: Subject, wish: EditUser) -> Denied | None:
    """The right that one part of the change wants and the actor has not got; of one's own password, a session."""
    mine, token = actor.subject is not None and actor.subject.id == about.id, actor.token
    if mine and wish.password is not None and token is not None and token.kind != "session":
        return Denied(Reason.SESSION_NEEDED)
    given = (right for part, right in PARTS.items() if getattr(wish, part) is not None)
    right = next((r for r in given if not allows(actor.grants, r, about.uuid)), None)
    return None if right is None else Denied(Reason.FORBIDDEN, Named("right", right))


def edited(about: Subject, wish: EditUser) -> Subject:
    """The subject with the names that were given; a new mail address is not verified unless that is said."""
    email = _or(wish.email, about.email)
    kept = about.email_verified and canonical_mail(email) == canonical_mail(about.email)
    return replace(
        about, login=_or(wish.login, about.login), email=email, display_name=_or(wish.display_name, about.display_name),
        email_verified=bool(email) and (kept if wish.email_verified is None else wish.email_verified),
        notify=about.notify if wish.notify is None else wish.notify,
    )  # fmt: skip


def _changed(subject: Subject, wish: ChangeSelf) -> Subject:
    email = _or(wish.email, subject.email)
    return replace(
        subject, login=_or(wish.login, subject.login), display_name=_or(wish.display_name, subject.display_name),
        email=email, email_verified=subject.email_verified and canonical_mail(email) == canonical_mail(subject.email),
    )  # fmt: skip


def saved(tx: Tx, before: Subject, after: Subject, now: Instant, more: dict[str, str] | None = None) -> Denied | None:
    """The row says what `after` says, or why it may not."""
    wrong = {**faults(after.login, after.email, after.display_name), **(more or {})}
    if wrong:
        return Denied(Reason.MALFORMED, Fields(wrong))
    taken = subjects.update(tx, after, now)
    if taken is not None:
        return Denied(Reason.CONFLICT, Named(taken))
    if canonical_mail(after.email) != canonical_mail(before.email):
        tokens.end_kinds(tx, before.id, ("reset",), "mail address changed", now)
        mail_codes.drop(tx, before.id)
    return None


def _mailed_alone(tx: Tx, subject: Subject) -> bool:
    """Whether codes by mail are the one factor there is, which a password alone would take away with the address."""
    held = {f.kind for f in factors.of(tx, subject.id) if f.confirmed}
    return "email" in held and "totp" not in held


def _mails(notify: tuple[str, ...] | None) -> dict[str, str]:
    wrong = notify is not None and not all(canonical_mail(mail) for mail in notify)
    return {"notify": "wants mail addresses"} if wrong else {}


def _take_roles(tx: Tx, about: Subject, given: tuple[Role, ...], now: Instant) -> set[str]:
    """The user holds exactly these; the names of those that were lost."""
    before = {r.name for r in roles.held(tx, about.id)}
    roles.assign(tx, about.realm, about.id, given)
    lost = before - {r.name for r in given}
    if lost:
        tokens.end_acts(tx, about.id, "role lost", now)
    return lost


def _renew(tx: Tx, about: Subject, wish: EditUser, ready: Ready, now: Instant) -> None:
    """The password is the given one, and must be changed where that was wished."""
    if wish.password is not None:
        must_change = bool(wish.must_change)
        passwords.put(tx, about.realm, about.id, ready.hashes[0], must_change, length(wish.password), now)
        locks.rebind(tx, about.realm, about.id, "password", now)
        tokens.end_kinds(tx, about.id, DYING, "password set", now)
    elif wish.must_change is not None:
        passwords.must_change(tx, about.id, wish.must_change)


def _shown(tx: Tx, actor: Actor, subject: Subject, wish: EditSelf | ChangeSelf, now: Instant) -> Result:
    fields = [n for n in wish.__struct_fields__ if getattr(wish, n) is not None]
    shown = views.of_subject(tx, subjects.by_id(tx, subject.id) or subject, actor.realm, now)
    return Result(UserShown(shown), subject.id, detail={"fields": fields}, touches=f"subject:{subject.id}")


def _or(given: str | None, held: str) -> str:
    return held if given is None else given
