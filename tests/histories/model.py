"""One realm in plain Python: its people, tokens and locks, who may do what, and what an attempt comes to."""

from typing import Any

from keyturn.core.outcomes import Reason as R

MINUTE, HOUR, DAY = 60, 3600, 86_400
SESSION = {"native": (DAY, HOUR), "rocketchat": (90 * DAY, None), "pyramid": (8 * HOUR, None)}
PERSONAL = {"native": 90 * DAY, "rocketchat": None}
RIGHTS = {
    "Members": {"own_tokens:create"},
    "Help Desk": {
        "own_tokens:create", "users:view", "users:reset_password", "users:disable", "tokens:view", "tokens:revoke"
    },
    "Administrators": None,
}  # fmt: skip
HARMLESS = {"own_tokens:create", "users:view", "tokens:view"}
"""Rights that raise nobody above others."""
LIMIT, HOLD, LONGEST_HOLD = 10, 300, 3600


class User:
    """One person of the model."""

    def __init__(self, name: str, password: str | None, roles: set[str]) -> None:
        self.name, self.password, self.roles = name, password, roles
        self.state, self.epoch, self.must_change = "active", 0, False
        self.totp: bytes | None = None
        self.waiting: bytes | None = None
        self.last_step = -1

    @property
    def administers(self) -> bool:
        """Whether this is an administrator."""
        return "Administrators" in self.roles

    def may(self, right: str, scopes: tuple[str, ...] | None = None) -> bool:
        """Whether a token of these scopes carries that right."""
        held = any(RIGHTS[role] is None or right in (RIGHTS[role] or ()) for role in self.roles)
        return held and (scopes is None or right in scopes)

    def covers(self, other: "User", scopes: tuple[str, ...] | None = None) -> bool:
        """Whether a token of these scopes carries whatever power the other has."""
        if other.administers or (self.administers and scopes is None):
            return self.administers and scopes is None
        powers = {right for role in other.roles for right in RIGHTS[role] or ()} - HARMLESS
        return all(self.may(right, scopes) for right in powers)


class Token:
    """One token of the model, with the secret that is good now."""

    def __init__(self, owner: User, kind: str, dialect: str, now: float, life: float | None, **more: Any) -> None:
        self.owner, self.kind, self.dialect, self.life = owner, kind, dialect, life
        self.created = self.secret_since = now
        self.expires = None if life is None else now + life
        self.idle: int | None = more.get("idle")
        self.name: str | None = more.get("name")
        self.scopes: tuple[str, ...] | None = more.get("scopes")
        self.bypass: bool = more.get("bypass", False)
        self.act: User | None = more.get("act")
        self.parent: Token | None = more.get("parent")
        self.maker: User | None = more.get("maker")
        self.epoch = owner.epoch
        self.ended = False
        self.gone = False
        """Marked as expired when its owner got another one."""


class Realm:
    """One realm: what is there, who may, and what an attempt comes to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.users: dict[str, User] = {}
        self.tokens: list[Token] = []
        self.locks: dict[tuple[str, str], tuple[int, float]] = {}
        self.lines: list[tuple[str, str, str | None]] = []

    # --- what is there

    def dead(self, token: Token, current: bool = True) -> R | None:
        """Why that token opens nothing; `current`: whether the shown secret is its newest."""
        owner = token.owner
        if owner.state == "suspended":
            return R.OWNER_SUSPENDED
        if token.gone or (token.expires is not None and token.expires <= self.now):
            return R.TOKEN_EXPIRED
        if not current or token.ended or token.epoch != owner.epoch or owner.state != "active":
            return R.TOKEN_ENDED
        if self.idles(token):
            return R.TOKEN_IDLE
        return None if token.act is None or self.rests(token, token.act) else R.TOKEN_ENDED

    def stands(self, token: Token) -> bool:
        """Whether a token is good now, by itself."""
        return not self.over(token) and not self.idles(token) and token.owner.state == "active"

    def rests(self, token: Token, actor: User) -> bool:
        """Whether what a delegation rests on still holds: the actor's own token, the right, and who is above whom."""
        parent = token.parent is not None and self.stands(token.parent)
        return parent and actor.may("users:act_for") and not token.owner.administers

    def idles(self, token: Token) -> bool:
        """Whether a token was not used for too long; nothing in a walk notes a use."""
        return token.idle is not None and token.secret_since + token.idle <= self.now

    def over(self, token: Token) -> bool:
        """Whether a token can be rested on no more, and gives its name free."""
        expired = token.expires is not None and token.expires <= self.now
        return token.ended or token.gone or expired or token.epoch != token.owner.epoch

    def done(self, verb: str) -> None:
        """The audit log says that it was done."""
        self.lines.append((verb, "done", None))

    def refused(self, verb: str, reason: R) -> R:
        """The audit log says that it was refused, and why."""
        self.lines.append((verb, "refused", reason.value))
        return reason

    def end(self, *kinds: str, owner: User, keep: Token | None = None) -> None:
        """Tokens of these kinds are over, and with delegations those that the owner made."""
        for token in self.tokens:
            mine = token.owner is owner and token.kind in kinds and token is not keep
            if mine or ("delegated" in kinds and token.act is owner):
                token.ended = True

    def end_delegations(self, parent: Token) -> None:
        """What was delegated by that token is over."""
        for token in self.tokens:
            token.ended = token.ended or token.parent is parent

    # --- locks and proofs

    def guess(self, account: str, factor: str, right: bool) -> R | None:
        """What one attempt comes to: None when it was right, ACCOUNT_LOCKED or WRONG_PASSWORD."""
        failures, until = self.locks.get((account, factor), (0, 0.0))
        if until > self.now:
            return R.ACCOUNT_LOCKED
        if right:
            self.locks[account, factor] = (0, 0.0)
            return None
        failures += 1
        hold = min(HOLD << max(0, failures - LIMIT), LONGEST_HOLD)
        self.locks[account, factor] = (failures, self.now + hold if failures >= LIMIT else 0.0)
        return R.WRONG_PASSWORD

    def code(self, user: User, step: int | None) -> R | None:
        """What a code comes to, for the step it is of; None is a wrong code."""
        if self.locks.get((user.name, "totp"), (0, 0.0))[1] > self.now:
            return R.STEP_UP_LOCKED
        if step is not None and step <= user.last_step:
            return R.STEP_UP_WRONG
        if self.guess(user.name, "totp", step is not None) is not None:
            return self.refused("sessions:open", R.STEP_UP_WRONG)
        user.last_step = -1 if step is None else step
        return None

    def tidy(self, user: User) -> None:
        """What is over is marked so: expired, or outlived by its owner's epoch."""
        for token in self.tokens:
            if token.owner is user and not token.ended:
                token.gone = token.expires is not None and token.expires <= self.now
                token.ended = token.epoch != user.epoch and not token.gone

    # --- who may

    def bearer(self, by: Token, current: bool, verb: str, *, session: bool = False, mints: bool = True) -> R | None:
        """Whether that token may carry such a wish at all."""
        reason = self.dead(by, current)
        if reason is not None:
            return reason
        if (session and by.kind != "session") or (mints and by.kind == "delegated"):
            return self.refused(verb, R.SESSION_NEEDED)
        return None

    def about(self, by: Token, right: str, about: User | None, ranked: bool = True) -> R | None:
        """Whether its bearer has that right on that person."""
        if not by.owner.may(right, by.scopes):
            return R.FORBIDDEN
        if about is None:
            return R.NOT_FOUND
        above = not by.owner.covers(about, by.scopes)
        return R.FORBIDDEN if ranked and above and about is not by.owner else None

    def ladder(self, by: Token, itself: bool = False) -> R | None:
        """Whether a token that skips the second proof is kept from making credentials."""
        return R.FORBIDDEN if by.bypass and not itself else None

    def user(self, by: Token, current: bool, verb: str, right: str, about: User | None) -> R | None:
        """Whether that bearer may do that to somebody."""
        reason = self.bearer(by, current, verb)
        if reason is not None:
            return reason
        reason = self.about(by, right, about) or self.ladder(by)
        return None if reason is None else self.refused(verb, reason)

    def within(self, by: Token, scopes: tuple[str, ...] | None) -> bool:
        """Whether a token of these scopes carries no more than that one."""
        return by.scopes is None or (scopes is not None and set(scopes) <= set(by.scopes))

    def token(self, by: Token, right: str, about: Token, itself: bool) -> R | None:
        """Whether its bearer may do that to a token."""
        if about.owner is not by.owner and self.about(by, right, about.owner) is not None:
            return R.NOT_FOUND
        return self.ladder(by, itself)
