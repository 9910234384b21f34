"""Set-up: the code of this start, and the first administrator made with it."""

from keyturn.core.commands import IssueSetup, SetUp
from keyturn.core.digests import digest, plausible
from keyturn.core.kinds import KINDS
from keyturn.core.names import canonical, canonical_mail
from keyturn.core.outcomes import Denied, Fields, Named, Reason, Result, SetupIssued, UserCreated
from keyturn.core.policy import fitting, length
from keyturn.core.rules import STEWARDS, known_uuid
from keyturn.core.types import Actor, Instant, Ready, Secret, Token
from keyturn.core.verdicts import Alive, verdict
from keyturn.store import passwords, realms, roles, subjects, tokens, views
from keyturn.store.engine import Tx

SETUP = KINDS["setup"]


def issue_setup(tx: Tx, actor: Actor, wish: IssueSetup, now: Instant) -> Result | Denied:
    """This start's set-up code, in the place of the last start's; None once there is an administrator."""
    if subjects.steward_exists(tx):
        return Result(SetupIssued(None), changed=False)
    keeper = subjects.keeper(tx, realms.home(tx).id, now)
    subjects.held(tx, keeper)
    tokens.end_kinds(tx, keeper, (SETUP.name,), "replaced", now)
    minted = tokens.mint(tx, tokens.Grant(keeper, SETUP.name, "native", life=SETUP.default), now)
    if minted is None:
        return Denied(Reason.INVALID_SETUP)
    return Result(SetupIssued(minted[0]), keeper, minted[1].token.uuid)


def prepare_setup(tx: Tx, actor: Actor, wish: SetUp, now: Instant) -> Ready | Denied:
    """The code is this start's, and the password fits."""
    if _good(tx, wish.code, now) is None:
        return Denied(Reason.INVALID_SETUP)
    if canonical(wish.login) is None or (wish.email and canonical_mail(wish.email) is None):
        return Denied(Reason.MALFORMED, Fields({"login": "wants a login, and email a mail address or nothing"}))
    return fitting(realms.home(tx), (wish.login, wish.email), wish, wish.password)


def set_up(tx: Tx, actor: Actor, ready: Ready, now: Instant) -> Result | Denied:
    """The first administrator is there, and the code is spent.

    Denies   INVALID_SETUP for a wrong or used code, and when there is an administrator already
    Safe     one conditional write spends the code; nothing else works before (TM14)
    """
    wish: SetUp = ready.wish
    token = _good(tx, wish.code, now)
    if token is None or subjects.steward_exists(tx) or not tokens.end(tx, token, "used", now):
        return Denied(Reason.INVALID_SETUP)
    home = realms.home(tx)
    known = known_uuid(canonical(wish.login))
    made = subjects.insert(tx, subjects.NewSubject(home.id, wish.login, wish.email, uuid=known), now)
    steward = roles.by_name(tx, home.id, STEWARDS)
    if made is None or steward is None:
        return Denied(Reason.CONFLICT, Named("login"))
    roles.assign(tx, home.id, made.id, (steward,))
    passwords.put(tx, home.id, made.id, ready.hashes[0], False, length(wish.password), now)
    return Result(UserCreated(views.of_subject(tx, made, home, now)), made.id, touches=f"subject:{made.id}")


def _good(tx: Tx, code: Secret, now: Instant) -> Token | None:
    found = tokens.find(tx, digest(code)) if plausible(code) else None
    if found is None or found.token.kind != SETUP.name:
        return None
    judged = verdict(found.token, found.secret, found.subject, found.realm, found.fresh, now)
    return found.token if isinstance(judged, Alive) else None
