"""Users are added, by somebody who may or, where the realm lets people, by themselves."""

from keyturn.core.commands import CreateUser, Register
from keyturn.core.complexity import login_faults
from keyturn.core.membership import Counted
from keyturn.core.names import canonical
from keyturn.core.outcomes import Denied, Fields, Named, Reason, Result, UserCreated
from keyturn.core.policy import fitting, length
from keyturn.core.rules import STEWARDS, known_uuid
from keyturn.core.types import Actor, Instant, Ready, Role
from keyturn.operations.users.names import faults, given_roles, numbered, plain_roles, taken, ungiven
from keyturn.store import factors, former, passwords, roles, subjects, tokens, views
from keyturn.store.engine import Tx


def prepare_create(tx: Tx, actor: Actor, wish: CreateUser, now: Instant) -> Ready | Denied:
    """The names are well formed, the roles may be given, and the password fits."""
    rules = former.rules(tx, actor.realm, actor.dialect, wish.login)
    wrong = faults(wish.login, wish.email, wish.display_name)
    if short := login_faults(rules.chosen, wish.login):
        wrong = {"login": "; ".join(short.values()), **wrong}
    if wrong:
        return Denied(Reason.MALFORMED, Fields(wrong))
    given = _roles(tx, actor, wish)
    if isinstance(given, Denied):
        return given
    if wish.password is None:
        return Ready(wish)
    return fitting(actor.realm, _words(wish), wish, wish.password, rules)


def create_user(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """A user is in the realm.

    Denies   CONFLICT naming login or email; FORBIDDEN for roles the actor may not give
    """
    wish: CreateUser = ready.wish
    given = _roles(tx, actor, wish)
    if isinstance(given, Denied):
        return given
    new = subjects.NewSubject(
        actor.realm.id, wish.login, wish.email, email_verified=wish.email_verified and bool(wish.email),
        display_name=wish.display_name, service=wish.service, attributes=wish.attributes, uuid=_known_uuid(tx, wish),
        state="suspended" if wish.suspended else "active",
    )  # fmt: skip
    made = _made(tx, actor, new, given, ready, wish.must_change, wish.mail_code, now)
    if isinstance(made, Denied):
        return made
    ended = wish.administrator and tokens.end_setup_codes(tx, actor.realm.id, now) > 0
    return Result(made.outcome, made.subject, detail=made.detail, touches=f"realm:{actor.realm.id}" if ended else None)


def prepare_register(tx: Tx, actor: Actor, wish: Register, now: Instant) -> Ready | Denied:
    """People may register here, the names are well formed, and the password fits.

    Denies   FORBIDDEN where the realm's `<wire>.registration` does not say so
    """
    if not actor.realm.settings.flag(f"{actor.dialect}.registration") or not actor.realm.active:
        return Denied(Reason.FORBIDDEN, Named("setting", f"{actor.dialect}.registration"))
    wrong = faults(wish.login, wish.email, wish.display_name)
    if wrong:
        return Denied(Reason.MALFORMED, Fields(wrong))
    return fitting(actor.realm, _words(wish), wish, wish.password)


def register(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """Somebody new is in the realm, as a plain user whose mail address nobody vouched for.

    Denies   CONFLICT naming login or email
    Safe     nobody becomes an administrator so, the first one neither (rules.md 11)
    """
    wish: Register = ready.wish
    new = subjects.NewSubject(actor.realm.id, wish.login, wish.email, display_name=wish.display_name)
    return _made(tx, actor, new, plain_roles(tx, actor.realm.id), ready, False, wish.mail_code, now)


def _made(
    tx: Tx, actor: Actor, new: subjects.NewSubject, given: tuple[Role, ...], ready: Ready, must_change: bool,
    mail_code: bool, now: Instant,
) -> Result | Denied:  # fmt: skip
    made = subjects.insert(tx, new, now)
    if made is None:
        return Denied(Reason.CONFLICT, Named(taken(tx, actor.realm.id, new.login)))
    roles.assign(tx, actor.realm.id, made.id, given)
    if ready.hashes:
        size = length(ready.passwords[0])
        passwords.put(tx, actor.realm.id, made.id, ready.hashes[0], must_change, size, now)
    if mail_code:
        factors.add(tx, made.realm, made.id, "email", None, True, now)
    shown = views.of_subject(tx, made, actor.realm, now)
    return Result(UserCreated(shown), made.id, detail={"roles": [r.name for r in given]})


def _roles(tx: Tx, actor: Actor, wish: CreateUser) -> tuple[Role, ...] | Denied:
    if wish.administrator:
        return given_roles(tx, actor, (STEWARDS,))
    if isinstance(wish.roles, Counted):
        return _counted(tx, actor, wish.roles)
    return plain_roles(tx, actor.realm.id) if wish.roles is None else given_roles(tx, actor, wish.roles)


def _counted(tx: Tx, actor: Actor, wanted: Counted) -> tuple[Role, ...] | Denied:
    """The roles of those numbers, if the actor may give them; without one somebody is a plain user."""
    given = numbered(tx, actor.realm.id, set(wanted.numbers))
    if isinstance(given, Denied):
        return given
    return ungiven(actor, (), given) or given or plain_roles(tx, actor.realm.id)


def _words(wish: CreateUser | Register) -> tuple[str, ...]:
    return (wish.login, wish.email, wish.email.partition("@")[0], wish.display_name)


def _known_uuid(tx: Tx, wish: CreateUser) -> str | None:
    first = wish.administrator and not subjects.steward_exists(tx)
    return known_uuid(canonical(wish.login)) if first else None
