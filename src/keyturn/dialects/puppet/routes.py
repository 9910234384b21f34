"""This wire's doors, one row each."""

from keyturn.core import commands as c
from keyturn.dialects.puppet import bodies as b
from keyturn.dialects.puppet import reading as r
from keyturn.dialects.puppet import writing as w
from keyturn.dialects.puppet.refusals import LOGIN
from keyturn.dialects.puppet.token_routes import CHECKS, TOKENS
from keyturn.wire import Route

V1 = "/rbac-api/v1"

# fmt: off
ROUTES = (
    Route("POST", f"{V1}/auth/token", c.OpenSession, r.open_session, w.token_made, "createToken",
          "Sign in for a token", r.signing_in, b.TokenRequest, b.TokenMade, refusals=LOGIN, factor_at_login=False, public=True),
    Route("POST", f"{V1}/auth/reset", c.RedeemReset, r.redeem_reset, w.done, "resetPassword",
          "Set a new password by a reset token", r.nobody, b.PasswordReset, b.Done, public=True),
    Route("POST", f"{V1}/users/{{sid}}/password/reset", c.IssueReset, r.by_token(r.issue_reset), w.reset_made,
          "createPasswordReset", "Make a single-use reset token for a user", answer=b.TokenMade),
    Route("PUT", f"{V1}/users/current/password", c.ChangePassword, r.by_token(r.change_password), w.done,
          "changePassword", "Give oneself a new password", r.changing_password, b.PasswordChange, b.Done),
    Route("POST", f"{V1}/users/current/password", c.ChangePassword, r.by_token(r.change_password), w.done,
          "changePasswordByPost", "The same, as one sample of the product's own pages sends it", r.changing_password,
          b.PasswordChange, b.Done),
    Route("GET", f"{V1}/users", c.ListUsers, r.by_token(r.list_users), w.users_listed, "listUsers",
          "All users, or those of the id filter", answer=list[b.User], query=("id",)),
    Route("GET", f"{V1}/users/current", c.ShowSelf, r.by_token(r.show_self), w.user_shown, "showCurrentUser",
          "The caller's own account", answer=b.User),
    Route("GET", f"{V1}/users/{{sid}}", c.ShowUser, r.by_token(r.show_user), w.user_shown, "showUser",
          "One user", answer=b.User),
    *TOKENS,
    *CHECKS,
)
# fmt: on
