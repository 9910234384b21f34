"""Users are found and shown."""

from keyturn.core.commands import CheckName, ListUsers, ShowUser
from keyturn.core.names import canonical
from keyturn.core.outcomes import Denied, NameChecked, Reason, Result, UserShown, UsersListed
from keyturn.core.types import Actor, Instant
from keyturn.store import lists, subjects, views
from keyturn.store.engine import Tx


def show_user(tx: Tx, actor: Actor, wish: ShowUser, now: Instant) -> Result | Denied:
    """One user."""
    if actor.about is None:
        return Denied(Reason.NOT_FOUND)
    return Result(UserShown(views.of_subject(tx, actor.about, actor.realm, now)))


def list_users(tx: Tx, actor: Actor, wish: ListUsers, now: Instant) -> Result | Denied:
    """One page of users by number, or those with the given uuids."""
    if wish.ids is not None:
        some = subjects.among(tx, actor.realm.id, wish.ids)
        shown = views.of_subjects(tx, some, actor.realm, now)
        return Result(UsersListed(shown, None, len(shown)))
    if wish.offset is not None:
        return _part(tx, actor, wish, wish.offset, now)
    after = int(wish.cursor) if wish.cursor and wish.cursor.isascii() and wish.cursor.isdigit() else 0
    found = subjects.page(tx, actor.realm.id, wish.query, after, wish.limit)
    more = wish.limit is not None and len(found) > wish.limit
    page = found[: wish.limit] if wish.limit is not None else found
    shown = views.of_subjects(tx, page, actor.realm, now)
    return Result(
        UsersListed(shown, str(page[-1].number) if more else None, subjects.count(tx, actor.realm.id, wish.query))
    )


def _part(tx: Tx, actor: Actor, wish: ListUsers, offset: int, now: Instant) -> Result:
    """Users in the order that was wished, from the one after `offset` others."""
    realm = actor.realm.id
    limit = subjects.LARGEST if wish.limit is None else wish.limit
    some = lists.part(tx, realm, wish.query, wish.order, wish.descending, offset, limit)
    # The last part tells the count; before it one more look at everybody is due.
    last = len(some) < limit and (bool(some) or offset == 0)
    total = offset + len(some) if last else lists.count(tx, realm, wish.query)
    return Result(UsersListed(views.of_subjects(tx, some, actor.realm, now), None, total))


def check_name(tx: Tx, actor: Actor, wish: CheckName, now: Instant) -> Result | Denied:
    """Whether the login may be taken; one's own counts as free, what is no login does not."""
    key = canonical(wish.login)
    held = None if key is None else subjects.by_name(tx, actor.realm.id, wish.login, "login")
    mine = held is not None and actor.subject is not None and held.id == actor.subject.id
    return Result(NameChecked(key is not None and (held is None or mine)))
