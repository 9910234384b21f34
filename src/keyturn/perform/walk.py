"""The steps of the one door inside a transaction: recognise, read, right, step-up, in the wire's own order."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from keyturn.core.hashes import Attempt
from keyturn.core.kinds import ENROLS
from keyturn.core.lockout import Waiting
from keyturn.core.outcomes import After, Challenge, Denied, Named, Nothing, Reason
from keyturn.core.rules import above, allows, allows_some
from keyturn.core.settings import Settings
from keyturn.core.types import (
    Actor,
    Ask,
    Assurance,
    Bearer,
    Factor,
    Frozen,
    Instant,
    Presented,
    Proof,
    Secret,
    Step,
    StepUpRule,
    Subject,
    SubjectRef,
    TokenRef,
    TokenView,
    chosen,
)
from keyturn.operations import Entry
from keyturn.perform import proofs
from keyturn.perform.recognise import realm_of_refusal, recognise, weighed
from keyturn.store import locks, realms, roles, subjects, tokens
from keyturn.store.engine import Tx

CURRENT_DIGEST = "current_digest"


class Walked(Frozen):
    """Every step was passed: who wishes, and what."""

    actor: Actor
    wish: Any
    settings: Settings


class Stopped(Frozen):
    """A step refused; `actor` when the caller was recognised by then."""

    denied: Denied
    settings: Settings
    actor: Actor | None = None
    settled: bool = False
    """A proof was wrong, and what is due for it is written already."""


class Taken(Frozen):
    """A second proof: a reserved password to evaluate, or one that is settled already."""

    actor: Actor
    reservation: proofs.Reservation | None = None
    stepped_up: bool = False
    refusal: Denied = Denied(Reason.STEP_UP_WRONG)


def walk(
    tx: Tx, presented: Presented, ask: Ask, row: Entry, now: Instant, *, stepped_up: bool, until: Step | None = None
) -> Walked | Stopped:
    """The caller and the wish after every step of the wire's order, or the step that refused.

    Shapes   stepped_up: a second proof was right already; until: stop before that step
    """
    weigh = row.weighs or ask.needs != "" or (row.right is not None and row.about != "token")
    actor = recognise(tx, presented, ask, now, weigh=weigh)
    if isinstance(actor, Denied):
        return Stopped(actor, realm_of_refusal(tx, presented).settings)
    settings = actor.realm.settings
    refused = _standing(actor, row) or _barred(tx, actor, now)
    wish: Any = None
    for step in chosen(ask.order, settings):
        if refused is not None or step is until:
            break
        if step is Step.READ:
            wish = ask.read(settings)
            refused = wish if isinstance(wish, Denied) else None
        elif step is Step.RIGHT:
            permitted = _lacking(actor, ask.needs) or permit(tx, actor, wish, row)
            refused = permitted if isinstance(permitted, Denied) else None
            actor = actor if isinstance(permitted, Denied) else permitted
        elif step is Step.LIMIT and ask.limit is not None:
            refused = _limited(tx, actor, ask.limit)
        elif step is Step.GATE and ask.gate:
            refused = _gate(tx, actor, ask.gate)
        elif step is Step.STEP_UP and not stepped_up:
            refused = _step_up(tx, actor, presented, chosen(ask.step_up, settings), now)
    if refused is None and until is None:
        refused = _ladder(actor, row) or _own(actor, row)
    if refused is not None:
        return Stopped(refused, settings, actor)
    return Walked(replace(actor, assurance=Assurance.STEPPED_UP) if stepped_up else actor, wish, settings)


def permit(tx: Tx, actor: Actor, wish: Any, row: Entry) -> Actor | Denied:
    """The actor with whom and what the wish is about resolved, if the right covers it.

    Denies   no such right at all: FORBIDDEN; else unknown: NOT_FOUND; else no right on that one: FORBIDDEN
    """
    if row.about == "token":
        return _permit_token(tx, actor, wish, row)
    ref: SubjectRef | None = getattr(wish, row.about) if row.about else None
    if ref is None:
        free = row.own and not getattr(wish, "everybody", False)
        return actor if free or row.right is None or allows(actor.grants, row.right) else _forbidden(row)
    about = subjects.by_ref(tx, actor.realm.id, ref)
    return _permit_subject(tx, actor, about, row)


def prove_again(
    tx: Tx, presented: Presented, proof: Proof, ask: Ask, row: Entry, now: Instant
) -> Taken | Stopped | Waiting:
    """The second proof of a recognised caller: a code settled here and now, or a password reserved."""
    walked = walk(tx, presented, ask, row, now, stepped_up=False, until=Step.STEP_UP)
    if isinstance(walked, Stopped):
        return walked
    actor = walked.actor
    if row.assurance is Assurance.REPROVED:
        return _current_password(tx, actor, proof, now)
    own, subject, token = at_home(tx, actor), actor.subject, actor.token
    rule: StepUpRule | None = chosen(ask.step_up, actor.realm.settings)
    if subject is None or token is None or rule is None or passes(own, rule, now):
        return Taken(actor)
    asked = proofs.challenge(tx, own, subject, rule, proof.method, now)
    if asked is None:
        return Taken(actor)
    if asked.method == proofs.PASSWORD:
        refusal = Denied(Reason.STEP_UP_WRONG, asked)
        attempt = Attempt(None, proof.code.reveal()) if rule.digest else Attempt(proof.code.reveal(), None)
        return _reserved(tx, actor, subject, attempt, refusal, now)
    reason = proofs.prove_code(tx, own.realm, subject, asked.method, proof.code, own, row.verb, now)
    if reason is not None:
        return Stopped(Denied(reason, asked), actor.realm.settings, actor, settled=True)
    if rule.remembered:
        proofs.step_up_done(tx, actor, token, asked.method, now)
    return Taken(actor, stepped_up=True)


def as_proved(
    tx: Tx, walked: Walked, reserved: proofs.Reservation, factor: str, presented: Presented, ask: Ask, row: Entry,
    now: Instant,
) -> Walked | Stopped:  # fmt: skip
    """The walk with the password's proof settled: right only on the password version seen at the reservation."""
    proved = proofs.settle_success(tx, reserved, presented.dialect, now)
    if presented.secret is not None:
        if proved is None:
            return Stopped(_changed_meanwhile(row), walked.settings, walked.actor)
        if recalls(ask, walked.settings) and walked.actor.token is not None:
            proofs.step_up_done(tx, walked.actor, walked.actor.token, proofs.PASSWORD, now)
        level = Assurance.REPROVED if row.assurance is Assurance.REPROVED else Assurance.STEPPED_UP
        return Walked(replace(walked.actor, assurance=level), walked.wish, walked.settings)
    subject = None if reserved.subject is None else subjects.by_id(tx, reserved.subject.id)
    if subject is None or proved is None:
        return Stopped(Denied(Reason.WRONG_PASSWORD), walked.settings, walked.actor)
    held = proofs.in_force(tx, reserved.realm, subject, presented.dialect)
    due = proofs.is_due(tx, reserved.realm, subject, held)
    actor = replace(
        walked.actor, subject=subject, factor_shown=factor, enrol_only=due, change_due=proved.must_change,
        assurance=Assurance.STEPPED_UP if factor in proofs.CODES else Assurance.PRESENTED,
    )  # fmt: skip
    if subject.state != "active":
        return Stopped(Denied(Reason.ACCOUNT_SUSPENDED), walked.settings, actor)
    if (held and not factor) or (due and not ask.factor_at_login):
        asked = methods_of(held, presented.method or "totp")
        return Stopped(Denied(Reason.FACTOR_REQUIRED, asked), walked.settings, actor)
    return Walked(actor, walked.wish, walked.settings)


def at_home(tx: Tx, actor: Actor) -> Actor:
    """The actor in its own realm, by whose policy it proves itself whichever realm the wish is made in.

    Safe     else each realm that a Steward may name would have a counter of its own to guess at (A20)
    """
    own = actor.realm if actor.subject is None else realms.of(tx, actor.subject, actor.realm)
    return actor if own is actor.realm else replace(actor, realm=own)


def passes(actor: Actor, rule: StepUpRule, now: Instant) -> bool:
    """Whether the presented token needs no second proof now: flagged to pass, or shown one lately."""
    if rule.strict:
        return False
    flagged = rule.bypass and actor.token is not None and actor.token.bypass
    return flagged or (rule.remembered and proofs.fresh(actor, rule, now))


def recalls(ask: Ask, settings: Settings) -> bool:
    """Whether the token remembers a proof that is shown to this route."""
    rule: StepUpRule | None = chosen(ask.step_up, settings)
    return rule is not None and rule.remembered


def factor_shown(
    presented: Presented, after_password: str | None, ask: Ask, held: tuple[Factor, ...]
) -> tuple[str, Secret | None]:
    """Which factor was shown at sign-in, and its code."""
    kinds = [f.kind for f in held] or ["totp"]
    proof = presented.proof
    if proof is not None and ask.factor_at_login:
        return (proof.method if proof.method in kinds else kinds[0]), proof.code
    return (presented.method if presented.method in kinds else kinds[0]), None if after_password is None else Secret(
        after_password
    )


def methods_of(held: tuple[Factor, ...], method: str) -> Challenge:
    """The challenge these factors make."""
    kinds = tuple(f.kind for f in held)
    return Challenge(method if method in kinds or not kinds else kinds[0], kinds)


def _standing(actor: Actor, row: Entry) -> Denied | None:
    """What is refused whatever the wish says: nobody there, or a token of a kind that may not."""
    if row.assurance is not Assurance.NOBODY and actor.subject is None and not actor.local:
        return Denied(Reason.UNAUTHENTICATED)
    token = actor.token
    if token is None:
        # A certificate is no session: nothing of one's own credentials is changed with it (rules.md 3).
        certified = row.bearer is Bearer.SESSION and row.right is None and actor.certificate != ""
        return Denied(Reason.SESSION_NEEDED) if certified else None
    if ENROLS in token.claims and not row.enrolment:
        return Denied(Reason.FACTOR_REQUIRED)
    if row.bearer is Bearer.SESSION and token.kind != "session" and row.right is None:
        return Denied(Reason.SESSION_NEEDED)
    if row.bearer is not Bearer.ANY and token.kind == "delegated":
        return Denied(Reason.SESSION_NEEDED)
    return None


def _own(actor: Actor, row: Entry) -> Denied | None:
    """Of one's own, what a session alone may change; of others', whatever the right to do so came with."""
    if row.bearer is not Bearer.SESSION or row.right is None or actor.token is None or actor.subject is None:
        return None
    mine = actor.about is None or actor.about.id == actor.subject.id
    return Denied(Reason.SESSION_NEEDED) if mine and actor.token.kind != "session" else None


def _lacking(actor: Actor, needs: str) -> Denied | None:
    """What the wire asks for beside the command's own right, before anything is looked up by its name."""
    return None if not needs or allows(actor.grants, needs) else Denied(Reason.FORBIDDEN, Named("right", needs))


def _gate(tx: Tx, actor: Actor, gate: str) -> Denied | None:
    """What the wire asks for before it looks at the wish."""
    held = actor if actor.local else weighed(tx, actor)
    return None if allows_some(held.grants, gate) else Denied(Reason.FORBIDDEN, Named("gate", gate))


def _limited(tx: Tx, actor: Actor, limit: Callable[[bool], int | None]) -> Denied | None:
    """One address makes too many calls of this kind; whoever may is not held to that."""
    seconds = limit(actor.local or allows(weighed(tx, actor).grants, "limits:bypass"))
    return None if seconds is None else Denied(Reason.RATE_LIMITED, After(seconds))


def _barred(tx: Tx, actor: Actor, now: Instant) -> Denied | None:
    """What the wire itself holds against the owner of a good token: interface off, another host, account over."""
    rule = tx.catalogue.wires.get(actor.dialect)
    if rule is None or rule.bars is None or actor.subject is None:
        return None
    word = rule.bars(actor.subject, actor.address, now)
    return None if word is None else Denied(Reason.ACCESS_OFF, Named(word))


def _ladder(actor: Actor, row: Entry) -> Denied | None:
    """A token that skips the second proof may replace itself and makes no other credential (A15, rules.md 6)."""
    token = actor.token
    if token is None or not token.bypass or row.bearer is Bearer.ANY:
        return None
    itself = actor.view is not None and actor.view.token.id == token.id
    allowed = itself or actor.realm.settings.flag(f"{actor.dialect}.bypass_mints")
    return None if allowed else _forbidden(row)


def _step_up(tx: Tx, actor: Actor, presented: Presented, rule: StepUpRule | None, now: Instant) -> Denied | None:
    if rule is None or actor.local or actor.subject is None:
        return None
    own = at_home(tx, actor)
    if passes(own, rule, now):
        return None
    method = presented.method if presented.proof is None else presented.proof.method
    asked = proofs.challenge(tx, own, actor.subject, rule, method, now)
    return None if asked is None else Denied(Reason.STEP_UP_REQUIRED, asked)


def _permit_subject(tx: Tx, actor: Actor, about: Subject | None, row: Entry) -> Actor | Denied:
    mine = about is not None and actor.subject is not None and about.id == actor.subject.id
    if mine and row.own:
        return replace(actor, about=about)
    if row.right is not None and not allows_some(actor.grants, row.right):
        return _forbidden(row)
    if about is None:
        return Denied(Reason.NOT_FOUND)
    if row.right is not None and not allows(actor.grants, row.right, about.uuid):
        return _forbidden(row)
    if row.ranked and not mine and above(roles.grants_of(tx, about.id), actor.grants):
        return _forbidden(row)
    return replace(actor, about=about)


def _permit_token(tx: Tx, actor: Actor, wish: Any, row: Entry) -> Actor | Denied:
    view = _token(tx, actor, wish.token, wish.owner if "owner" in wish.__struct_fields__ else None)
    if view is None:
        return Denied(Reason.NOT_FOUND)
    if actor.subject is not None and view.owner.id == actor.subject.id:
        return replace(actor, about=view.owner, view=view)
    permitted = _permit_subject(tx, weighed(tx, actor), view.owner, row)
    # Somebody else's token is as good as unknown to whoever may not see it (A37).
    return Denied(Reason.NOT_FOUND) if isinstance(permitted, Denied) else replace(permitted, view=view)


def _token(tx: Tx, actor: Actor, ref: TokenRef, owner: SubjectRef | None) -> TokenView | None:
    if ref.by == "presented":
        if actor.token is None or actor.secret is None or actor.subject is None:
            return None
        return TokenView(actor.token, actor.secret, actor.subject)
    if ref.by == "uuid":
        return tokens.by_uuid(tx, actor.realm.id, ref.value)
    subject = actor.subject if owner is None else subjects.by_ref(tx, actor.realm.id, owner)
    return None if subject is None else tokens.by_name(tx, subject.id, ref.dialect or actor.dialect, ref.value)


def _current_password(tx: Tx, actor: Actor, proof: Proof, now: Instant) -> Taken | Stopped | Waiting:
    subject = actor.subject
    if subject is None or subject.remote:
        return Stopped(Denied(Reason.REMOTE_ACCOUNT), actor.realm.settings, actor)
    shown = proof.code.reveal()
    attempt = Attempt(None, shown) if proof.method == CURRENT_DIGEST else Attempt(shown, None)
    return _reserved(tx, actor, subject, attempt, Denied(Reason.WRONG_CURRENT_PASSWORD), now)


def _reserved(
    tx: Tx, actor: Actor, subject: Subject, attempt: Attempt, refusal: Denied, now: Instant
) -> Taken | Waiting:
    account = locks.account_of_subject(subject.id)
    taken = proofs.reserve(tx, at_home(tx, actor).realm, account, subject, attempt, actor.dialect, None, now)
    return taken if isinstance(taken, Waiting) else Taken(actor, taken, False, refusal)


def _changed_meanwhile(row: Entry) -> Denied:
    reproved = row.assurance is Assurance.REPROVED
    return Denied(Reason.WRONG_CURRENT_PASSWORD if reproved else Reason.STEP_UP_WRONG, Nothing())


def _forbidden(row: Entry) -> Denied:
    return Denied(Reason.FORBIDDEN, Named("right", row.right or ""))
