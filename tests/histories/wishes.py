"""What ought to come of every wish in one realm.

Each method is one wish. It gives the reason why that must be refused, or None where it must be done, and moves the
model on; `lines` grows by what the audit log must say of it.
"""

from keyturn.core.outcomes import Reason as R
from tests.histories.model import HOUR, PERSONAL, SESSION, Realm, Token, User


class Model(Realm):
    """One realm, and what becomes of it."""

    # --- signing in

    def sign_in(self, name: str, right: bool, dialect: str, code: bool, step: int | None) -> R | None:
        """Name and password, and with `code` a code of that step, None for a wrong one."""
        user = self.users.get(name)
        found = self.guess(name, "password", right and user is not None and user.password is not None)
        if found is R.ACCOUNT_LOCKED:
            return found
        if user is None:
            return R.UNKNOWN_ACCOUNT
        if found is not None:
            return self.refused("sessions:open", R.WRONG_PASSWORD)
        if user.state == "active" and user.totp is not None and code and self.code(user, step) is not None:
            return R.FACTOR_WRONG
        if user.state != "active":
            return self.refused("sessions:open", R.ACCOUNT_SUSPENDED)
        if user.totp is not None and not code:
            return self.refused("sessions:open", R.FACTOR_REQUIRED)
        if user.must_change:
            self.end("reset", owner=user)
            self.tokens.append(Token(user, "reset", dialect, self.now, HOUR))
        else:
            life, idle = SESSION[dialect]
            self.tokens.append(Token(user, "session", dialect, self.now, life, idle=idle))
        self.done("sessions:open")
        return None

    # --- tokens

    def end_session(self, by: Token, current: bool) -> R | None:
        """The presented token is over."""
        if (reason := self.dead(by, current)) is not None:
            return reason
        by.ended = True
        self.end_delegations(by)
        self.done("sessions:end")
        return None

    def issue(
        self, by: Token, current: bool, dialect: str, name: str, scopes: tuple[str, ...] | None, bypass: bool
    ) -> R | None:
        """A personal token of one's own."""
        verb = "tokens:issue"
        reason = self.bearer(by, current, verb)
        if reason is not None:
            return reason
        owner = by.owner
        may = self.within(by, scopes) and owner.may("own_tokens:create", by.scopes)
        reason = self.ladder(by) or (None if may else R.FORBIDDEN)
        if reason is None:
            # Whatever is over gives its name free.
            named = [t for t in self.tokens if t.owner is owner and (t.dialect, t.name) == (dialect, name)]
            if any(not self.over(t) for t in named):
                reason = R.CONFLICT
        if reason is not None:
            return self.refused(verb, reason)
        self.tidy(owner)
        more = {"name": name, "scopes": scopes, "bypass": bypass}
        self.tokens.append(Token(owner, "personal", dialect, self.now, PERSONAL[dialect], **more))
        self.done(verb)
        return None

    def rotate(self, by: Token, current: bool, about: Token) -> R | None:
        """The token has a new secret and its life anew."""
        verb = "tokens:rotate"
        reason = self.bearer(by, current, verb)
        if reason is not None:
            return reason
        reason = self.token(by, "tokens:mint_for", about, about is by)
        if reason is None and (about.kind != "personal" or not self.stands(about)):
            reason = R.NOT_FOUND
        if reason is None and about is not by and not self.within(by, about.scopes):
            reason = R.FORBIDDEN
        if reason is not None:
            return self.refused(verb, reason)
        about.secret_since = self.now
        about.expires = None if about.life is None else self.now + about.life
        self.done(verb)
        return None

    def revoke(self, by: Token, current: bool, about: Token) -> R | None:
        """The token is over."""
        verb = "tokens:revoke"
        reason = self.bearer(by, current, verb)
        if reason is not None:
            return reason
        reason = self.token(by, "tokens:revoke", about, about is by)
        if reason is None and about.owner is by.owner and about.kind == "session" != by.kind:
            reason = R.SESSION_NEEDED
        if reason is not None:
            return self.refused(verb, reason)
        if not about.ended and not about.gone:
            self.done(verb)
        about.ended = about.ended or not about.gone
        self.end_delegations(about)
        return None

    def delegate(self, by: Token, current: bool, about: User | None) -> R | None:
        """A token that acts for somebody."""
        verb = "delegations:issue"
        reason = self.bearer(by, current, verb)
        if reason is not None:
            return reason
        reason = self.about(by, "users:act_for", about, ranked=False) or self.ladder(by)
        if reason is None and about is not None:
            reason = R.FORBIDDEN if about.administers else R.USER_SUSPENDED if about.state != "active" else None
        if reason is not None or about is None:
            return self.refused(verb, reason or R.NOT_FOUND)
        self.tidy(about)
        made = Token(about, "delegated", by.dialect, self.now, HOUR, act=by.owner, parent=by, maker=by.owner)
        if by.expires is not None and made.expires is not None:
            made.expires = min(made.expires, by.expires)
        self.tokens.append(made)
        self.done(verb)
        return None

    # --- passwords and resets

    def change_password(self, by: Token, current: bool, right: bool, weak: bool, password: str) -> R | None:
        """Give oneself a new password, showing the current one."""
        verb, owner = "passwords:change", by.owner
        reason = self.bearer(by, current, verb, session=True)
        if reason is None:
            reason = self.guess(owner.name, "password", right)
            if reason is R.WRONG_PASSWORD:
                return self.refused(verb, R.WRONG_CURRENT_PASSWORD)
            if reason is R.ACCOUNT_LOCKED:
                return R.WRONG_CURRENT_PASSWORD
            if weak:
                return self.refused(verb, R.WEAK_PASSWORD)
        if reason is not None:
            return reason
        owner.password, owner.must_change = password, False
        self.end("session", "delegated", "reset", owner=owner, keep=None if by.dialect == "pyramid" else by)
        self.done(verb)
        return None

    def set_password(self, by: Token, current: bool, about: User | None, password: str, due: bool) -> R | None:
        """Give somebody a password."""
        reason = self.user(by, current, "passwords:set", "users:reset_password", about)
        if reason is None and about is not None:
            about.password, about.must_change = password, due
            self.locks.pop((about.name, "password"), None)
            self.end("session", "delegated", "reset", owner=about)
            self.done("passwords:set")
        return reason

    def issue_reset(self, by: Token, current: bool, about: User | None) -> R | None:
        """A reset token for somebody; older ones are over."""
        verb = "resets:issue"
        reason = self.user(by, current, verb, "users:reset_password", about)
        if reason is None and about is not None:
            if about.state != "active":
                return self.refused(verb, R.USER_SUSPENDED)
            self.end("reset", owner=about)
            self.tokens.append(Token(about, "reset", by.dialect, self.now, HOUR, maker=by.owner))
            self.done(verb)
        return reason

    def redeem(self, token: Token, weak: bool, password: str, everything: bool) -> R | None:
        """Use a reset token."""
        owner, maker = token.owner, token.maker
        may = maker is None or (
            maker.state == "active" and maker.may("users:reset_password") and (maker.covers(owner) or maker is owner)
        )
        if token.kind != "reset" or self.dead(token) is not None or not may:
            return R.INVALID_RESET
        if weak:
            return R.WEAK_PASSWORD
        token.ended = True
        owner.password, owner.must_change = password, False
        self.locks.pop((owner.name, "password"), None)
        self.end("session", "delegated", "reset", *(("personal",) if everything else ()), owner=owner)
        self.done("resets:redeem")
        return None

    # --- people

    def suspend(self, by: Token, current: bool, about: User | None) -> R | None:
        """Stop somebody."""
        reason = self.user(by, current, "users:suspend", "users:disable", about)
        if reason is None and about is not None:
            if about.state == "active":
                about.state = "suspended"
                about.epoch += 1
                self.done("users:suspend")
            for token in self.tokens:
                token.ended = token.ended or token.act is about
        return reason

    def reinstate(self, by: Token, current: bool, about: User | None) -> R | None:
        """Let somebody in again."""
        reason = self.user(by, current, "users:reinstate", "users:disable", about)
        if reason is None and about is not None:
            opened = self._open(about)
            if about.state == "suspended" or opened:
                self.done("users:reinstate")
            about.state = "active"
        return reason

    def unlock(self, by: Token, current: bool, about: User | None) -> R | None:
        """Open somebody's locks."""
        reason = self.user(by, current, "users:unlock", "users:disable", about)
        if reason is None and about is not None and self._open(about):
            self.done("users:unlock")
        return reason

    def _open(self, user: User) -> bool:
        shut = [key for key, (failures, _) in self.locks.items() if key[0] == user.name and failures]
        for key in shut:
            self.locks[key] = (0, 0.0)
        return bool(shut)

    def delete(self, by: Token, current: bool, about: User | None) -> R | None:
        """Delete somebody."""
        verb = "users:delete"
        reason = self.user(by, current, verb, "users:edit", about)
        if reason is None and about is not None:
            if about is by.owner:
                return self.refused(verb, R.BUILT_IN)
            about.state, about.totp, about.roles = "deleted", None, set()
            about.epoch += 1
            for token in self.tokens:
                token.ended = token.ended or token.act is about
            del self.users[about.name]
            self.locks = {key: lock for key, lock in self.locks.items() if key[0] != about.name}
            self.done(verb)
        return reason

    def set_roles(self, by: Token, current: bool, about: User | None, roles: set[str]) -> R | None:
        """Give somebody exactly these roles."""
        reason = self.user(by, current, "users:set_roles", "roles:edit_members", about)
        if reason is None and about is not None:
            for token in self.tokens if about.roles - roles else ():
                token.ended = token.ended or token.act is about
            about.roles = roles
            self.done("users:set_roles")
        return reason

    def end_sessions(self, by: Token, current: bool, about: User | None) -> R | None:
        """Log somebody out everywhere."""
        verb = "sessions:end_all"
        reason = self.bearer(by, current, verb)
        if reason is not None:
            return reason
        if about is not by.owner:
            reason = self.about(by, "users:disable", about)
        reason = reason or self.ladder(by)
        if reason is None and about is by.owner and by.kind != "session":
            reason = R.SESSION_NEEDED
        if reason is not None or about is None:
            return self.refused(verb, reason or R.NOT_FOUND)
        held = [t for t in self.tokens if t.owner is about and t.kind == "session" and not t.ended and not t.gone]
        if held:
            self.done(verb)
        self.end("session", owner=about)
        return None

    # --- factors

    def enrol(self, by: Token, current: bool, seed: bytes | None) -> R | None:
        """Begin a TOTP."""
        verb = "factors:enrol"
        reason = self.bearer(by, current, verb, session=True)
        if reason is not None:
            return reason
        if by.owner.totp is not None:
            return self.refused(verb, R.CONFLICT)
        by.owner.waiting = seed
        self.done(verb)
        return None

    def confirm(self, by: Token, current: bool, step: int | None) -> R | None:
        """Switch the TOTP on with a code of that step, None for a wrong one."""
        verb, owner = "factors:confirm", by.owner
        reason = self.bearer(by, current, verb, session=True)
        if reason is not None:
            return reason
        if owner.waiting is None:
            return self.refused(verb, R.NOT_FOUND)
        if step is None:
            return R.MALFORMED
        owner.totp, owner.waiting, owner.last_step = owner.waiting, None, step
        self.locks.pop((owner.name, "totp"), None)
        self.end("session", owner=owner, keep=by)
        self.done(verb)
        return None

    def remove(self, by: Token, current: bool) -> R | None:
        """Take one's TOTP away."""
        verb, owner = "factors:remove", by.owner
        reason = self.bearer(by, current, verb)
        if reason is not None:
            return reason
        reason = self.ladder(by) or (None if by.kind == "session" else R.SESSION_NEEDED)
        if reason is not None:
            return self.refused(verb, reason)
        if owner.totp is None:
            return self.refused(verb, R.NOT_FOUND)
        owner.totp = None
        self.done(verb)
        return None
