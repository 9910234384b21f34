"""Users: people and machines, added, found, changed, suspended and deleted."""

from msgspec.structs import replace

from keyturn.core import lockout
from keyturn.core.commands import (
    CreateUser,
    DeleteUser,
    EditUser,
    ListUsers,
    ReinstateUser,
    SetRoles,
    ShowUser,
    SuspendUser,
    UnlockUser,
)
from keyturn.core.names import canonical, canonical_mail, plain
from keyturn.core.outcomes import Denied, Ended, Fields, Named, Reason, Result, UserCreated, UserShown, UsersListed
from keyturn.core.policy import fitting, length
from keyturn.core.rules import DEFAULT_ROLE, STEWARDS, covers, known_uuid, rank
from keyturn.core.types import Actor, Instant, Ready, Role, Subject
from keyturn.store import factors, locks, passwords, roles, subjects, tokens, views
from keyturn.store.engine import Tx


def prepare_create(tx: Tx, actor: Actor, wish: CreateUser, now: Instant) -> Ready | Denied:
    """The names are well formed, the roles may be given, and the password fits."""
    faults = _faults(wish.login, wish.email, wish.display_name)
    if faults:
        return Denied(Reason.MALFORMED, Fields(faults))
    given = _roles(tx, actor, wish)
    if isinstance(given, Denied):
        return given
    if wish.password is None:
        return Ready(wish)
    words = (wish.login, wish.email, wish.email.partition("@")[0], wish.display_name)
    return fitting(actor.realm, words, wish, wish.password)


def create_user(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """A user is in the realm.

    Denies   CONFLICT naming login or email; FORBIDDEN for roles the actor may not give
    """
    wish: CreateUser = ready.wish
    given = _roles(tx, actor, wish)
    if isinstance(given, Denied):
        return given
    new = subjects.NewSubject(
        actor.realm.id, wish.login, wish.email, display_name=wish.display_name, service=wish.service,
        attributes=wish.attributes, uuid=_known_uuid(tx, wish),
    )  # fmt: skip
    made = subjects.insert(tx, new, now)
    if made is None:
        taken = _taken(tx, actor.realm.id, wish)
        return Denied(Reason.CONFLICT, Named(taken))
    roles.assign(tx, actor.realm.id, made.id, given)
    if wish.password is not None:
        size = length(wish.password)
        passwords.put(tx, actor.realm.id, made.id, ready.hashes[0], wish.must_change, size, now)
    ended = wish.administrator and tokens.end_setup_codes(tx, made.realm, now) > 0
    shown = views.of_subject(tx, made, actor.realm, now)
    detail = {"roles": [r.name for r in given]}
    return Result(UserCreated(shown), made.id, detail=detail, touches=f"realm:{made.realm}" if ended else None)


def show_user(tx: Tx, actor: Actor, wish: ShowUser, now: Instant) -> Result | Denied:
    """One user."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    return Result(UserShown(views.of_subject(tx, actor.about, actor.realm, now)))


def list_users(tx: Tx, actor: Actor, wish: ListUsers, now: Instant) -> Result | Denied:
    """One page of users by number, or those with the given uuids."""
    if wish.ids is not None:
        some = subjects.among(tx, actor.realm.id, wish.ids)
        shown = tuple(views.of_subject(tx, s, actor.realm, now) for s in some)
        return Result(UsersListed(shown, None, len(shown)))
    after = int(wish.cursor) if wish.cursor and wish.cursor.isascii() and wish.cursor.isdigit() else 0
    found = subjects.page(tx, actor.realm.id, wish.query, after, wish.limit)
    more = wish.limit is not None and len(found) > wish.limit
    page = found[: wish.limit] if wish.limit is not None else found
    shown = tuple(views.of_subject(tx, s, actor.realm, now) for s in page)
    return Result(
        UsersListed(shown, str(page[-1].number) if more else None, subjects.count(tx, actor.realm.id, wish.query))
    )


def edit_user(tx: Tx, actor: Actor, wish: EditUser, now: Instant) -> Result | Denied:
    """The user has what was given; a new mail address is not verified, and ends the reset tokens (A03)."""
    about = None if actor.about is None else subjects.held(tx, actor.about.id)
    if about is None or about.state == "deleted":
        return Denied(Reason.NOT_FOUND)
    changed = _edited(about, wish)
    faults = _faults(changed.login, changed.email, changed.display_name)
    if wish.notify is not None and not all(canonical_mail(mail) for mail in wish.notify):
        faults["notify"] = "wants mail addresses"
    if faults:
        return Denied(Reason.MALFORMED, Fields(faults))
    taken = subjects.update(tx, changed, now)
    if taken is not None:
        return Denied(Reason.CONFLICT, Named(taken))
    if canonical_mail(changed.email) != canonical_mail(about.email):
        tokens.end_kinds(tx, about.id, ("reset",), "mail address changed", now)
    fields = [n for n in ("login", "email", "display_name", "notify") if getattr(wish, n) is not None]
    shown = views.of_subject(tx, subjects.by_id(tx, about.id) or about, actor.realm, now)
    return Result(UserShown(shown), about.id, detail={"fields": fields}, touches=f"subject:{about.id}")


def set_roles(tx: Tx, actor: Actor, wish: SetRoles, now: Instant) -> Result | Denied:
    """The user holds exactly these roles.

    Safe     nobody gives what they lack, nor takes from somebody above them; a lost role ends the delegations
             that may have rested on it (rules.md 5)
    """
    about = actor.about
    if about is None:
        return Denied(Reason.NOT_FOUND)
    given = _named(tx, actor, wish.roles)
    if isinstance(given, Denied):
        return given
    subjects.held(tx, about.id)
    before = {r.name for r in roles.held(tx, about.id)}
    roles.assign(tx, about.realm, about.id, given)
    lost = before - {r.name for r in given}
    if lost:
        tokens.end_acts(tx, about.id, "role lost", now)
    shown = views.of_subject(tx, about, actor.realm, now)
    detail = {"roles": [r.name for r in given], "lost": sorted(lost)}
    return Result(UserShown(shown), about.id, detail=detail, touches=f"subject:{about.id}")


def suspend_user(tx: Tx, actor: Actor, wish: SuspendUser, now: Instant) -> Result | Denied:
    """The user may not act; nothing of theirs works, and nothing old works after reinstating."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    if actor.about.built_in:
        return Denied(Reason.BUILT_IN)
    done = subjects.suspend(tx, actor.about.id, now)
    tokens.end_acts(tx, actor.about.id, "actor suspended", now)
    return _told(actor.about, done)


def reinstate_user(tx: Tx, actor: Actor, wish: ReinstateUser, now: Instant) -> Result | Denied:
    """The user may act again; old tokens stay dead."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    done = subjects.reinstate(tx, actor.about.id, now)
    opened = _unlock(tx, actor.about, now)
    return _told(actor.about, done or opened)


def unlock_user(tx: Tx, actor: Actor, wish: UnlockUser, now: Instant) -> Result | Denied:
    """Every lock that guessing closed is open."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    return _told(actor.about, _unlock(tx, actor.about, now))


def delete_user(tx: Tx, actor: Actor, wish: DeleteUser, now: Instant) -> Result | Denied:
    """A tombstone is left; login and mail are free, every token is dead, password and factors are gone."""
    about = actor.about
    if about is None:
        return Denied(Reason.NOT_FOUND)
    if about.built_in or (actor.subject is not None and actor.subject.id == about.id):
        return Denied(Reason.BUILT_IN)
    # The password first, as a sign-in takes them: else the two could wait for each other.
    passwords.drop(tx, about.id)
    done = subjects.delete(tx, about.id, now)
    tokens.end_acts(tx, about.id, "actor deleted", now)
    for factor in factors.of(tx, about.id):
        factors.remove(tx, factor.id)
    roles.assign(tx, about.realm, about.id, ())
    return _told(about, done)


def _taken(tx: Tx, realm: int, wish: CreateUser) -> str:
    """Which of the two unique names was taken."""
    return "login" if subjects.by_name(tx, realm, wish.login, "login") is not None else "email"


def _known_uuid(tx: Tx, wish: CreateUser) -> str | None:
    first = wish.administrator and not subjects.steward_exists(tx)
    return known_uuid(canonical(wish.login)) if first else None


def _told(about: Subject, done: bool) -> Result:
    return Result(Ended(not done), about.id, touches=f"subject:{about.id}", changed=done)


def _unlock(tx: Tx, about: Subject, now: Instant) -> bool:
    account = locks.account_of_subject(about.id)
    shut = locks.all_of(tx, about.realm, account)
    for factor in shut:
        locks.change(tx, about.realm, account, factor, lockout.opened, now)
    return any(lock.failures or lock.closed_on is not None for lock in shut.values())


def _edited(about: Subject, wish: EditUser) -> Subject:
    email = about.email if wish.email is None else wish.email
    return replace(
        about, login=about.login if wish.login is None else wish.login, email=email,
        email_verified=about.email_verified and canonical_mail(email) == canonical_mail(about.email),
        display_name=about.display_name if wish.display_name is None else wish.display_name,
        notify=about.notify if wish.notify is None else wish.notify,
    )  # fmt: skip


def _faults(login: str, email: str, display_name: str) -> dict[str, str]:
    faults = {}
    if canonical(login) is None:
        faults["login"] = "wants 1 to 256 letters without control or invisible characters"
    if email and canonical_mail(email) is None:
        faults["email"] = "wants a mail address"
    if not plain(display_name):
        faults["display_name"] = "holds characters that cannot be shown"
    return faults


def _roles(tx: Tx, actor: Actor, wish: CreateUser) -> tuple[Role, ...] | Denied:
    if wish.administrator:
        return _named(tx, actor, (STEWARDS,))
    if wish.roles is None:
        default = roles.by_name(tx, actor.realm.id, DEFAULT_ROLE)
        return () if default is None else (default,)
    return _named(tx, actor, wish.roles)


def _named(tx: Tx, actor: Actor, names: tuple[str, ...]) -> tuple[Role, ...] | Denied:
    """The roles of those names, if the actor holds all that they give."""
    found = [roles.by_name(tx, actor.realm.id, name) for name in names]
    given = tuple(role for role in found if role is not None)
    if len(given) != len(names):
        return Denied(Reason.MALFORMED, Fields({"roles": "names a role that is not there"}))
    most = max(
        (2 if role.across else int(role.name == "Administrators" and role.built_in) for role in given), default=0
    )
    if rank(actor.grants) < most or not all(covers(actor.grants, role.permissions) for role in given):
        return Denied(Reason.FORBIDDEN, Named("role"))
    return given
