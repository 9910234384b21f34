"""Many tokens ended by one wish: as many as the caller may, whatever becomes of the rest."""

from collections.abc import Iterator

from keyturn.core.commands import RevokeTokens
from keyturn.core.digests import digest, plausible
from keyturn.core.outcomes import Result, TokensEnded
from keyturn.core.rules import above, allows, allows_some
from keyturn.core.types import Actor, Instant, Subject, SubjectRef
from keyturn.store import roles, subjects, tokens
from keyturn.store.engine import Tx

RIGHT = "users:disable"


class Tally:
    """What was ended so far, of whom, and what was not."""

    def __init__(self) -> None:
        self.ended = 0
        self.touched: set[str] = set()
        self.people: set[int] = set()
        self.unknown: list[str] = []
        self.kept: list[str] = []
        self.kept_ids: list[str] = []

    def add(self, count: int, subject: int, touched: str) -> None:
        """So many of that subject's tokens ended."""
        self.ended += count
        if count:
            self.people.add(subject)
            self.touched.add(touched)


def revoke_tokens(tx: Tx, actor: Actor, wish: RevokeTokens, now: Instant) -> Result:
    """Whatever of it the caller may end is over: what they hold, what is theirs, and of users they may disable all.

    Safe     who may disable nobody does not learn which users or ids there are (A37)
    """
    tally = Tally()
    for secret in wish.secrets:
        found = tokens.find(tx, digest(secret)) if plausible(secret) else None
        # Whoever holds it may end it; of another realm's nothing is known here.
        if found is not None and found.realm.id == actor.realm.id:
            _one(tx, tally, found.token.id, now)
    for name in wish.names:
        _named(tx, actor, tally, name, now)
    for login in wish.users:
        _login(tx, actor, tally, login, now)
    for uuid in wish.ids:
        _id(tx, actor, tally, uuid, now)
    outcome = TokensEnded(tally.ended, tuple(tally.unknown), tuple(tally.kept), tuple(tally.kept_ids))
    only = next(iter(tally.people)) if len(tally.people) == 1 else None
    touches = next(iter(tally.touched)) if len(tally.touched) == 1 else f"realm:{actor.realm.id}"
    changed = tally.ended > 0
    return Result(
        outcome, only, detail={"ended": tally.ended, "users": sorted(_uuids(tx, tally))},
        touches=touches if changed else None, changed=changed,
    )  # fmt: skip


def _one(tx: Tx, tally: Tally, token: int, now: Instant) -> None:
    view = tokens.by_id(tx, token)
    if view is not None:
        tally.add(int(tokens.end(tx, view.token, "revoked", now)), view.token.subject, f"token:{token}")


def _named(tx: Tx, actor: Actor, tally: Tally, name: str, now: Instant) -> None:
    if actor.subject is not None:
        me = actor.subject.id
        tally.add(tokens.end_namesake(tx, me, actor.dialect, "session", name, now), me, f"subject:{me}")


def _login(tx: Tx, actor: Actor, tally: Tally, login: str, now: Instant) -> None:
    about = subjects.by_ref(tx, actor.realm.id, SubjectRef("login", login))
    if not _may(tx, actor, about):
        tally.kept.append(login)
    elif about is None:
        tally.unknown.append(login)
    else:
        _all(tx, actor, tally, about, now)


def _id(tx: Tx, actor: Actor, tally: Tally, uuid: str, now: Instant) -> None:
    """A token's uuid, else a user's: releases of the product differ in which of the two it is."""
    view = tokens.by_uuid(tx, actor.realm.id, uuid)
    about = subjects.by_ref(tx, actor.realm.id, SubjectRef("uuid", uuid)) if view is None else view.owner
    if not _may(tx, actor, about):
        tally.kept_ids.append(uuid)
    elif view is not None:
        _one(tx, tally, view.token.id, now)
    elif about is not None:
        _all(tx, actor, tally, about, now)


def _all(tx: Tx, actor: Actor, tally: Tally, about: Subject, now: Instant) -> None:
    """Sessions everywhere, and what else opens this wire (rules.md 5)."""
    # Sign-ins and mints under way end first, so that what comes of them ends here with the rest.
    subjects.held(tx, about.id)
    count = tokens.end_kinds(tx, about.id, ("session",), "revoked", now)
    count += tokens.end_wire(tx, about.id, actor.dialect, "revoked", now)
    tally.add(count, about.id, f"subject:{about.id}")


def _may(tx: Tx, actor: Actor, about: Subject | None) -> bool:
    if about is None:
        return allows_some(actor.grants, RIGHT)
    if actor.subject is not None and about.id == actor.subject.id:
        return True
    return allows(actor.grants, RIGHT, about.uuid) and not above(roles.grants_of(tx, about.id), actor.grants)


def _uuids(tx: Tx, tally: Tally) -> Iterator[str]:
    found = (subjects.by_id(tx, number) for number in sorted(tally.people)[:20])
    return (subject.uuid for subject in found if subject is not None)
