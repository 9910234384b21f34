"""The native API's doors, one row each."""

from typing import Any

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.types import StepUpRule
from keyturn.dialects.native import answers as a
from keyturn.dialects.native import bodies as b
from keyturn.dialects.native import reading as r
from keyturn.dialects.native import writing as w
from keyturn.dialects.native.refusals import OAUTH, problem, silent
from keyturn.wire import Parameter, Route

STEP_UP = StepUpRule(methods=("totp", "recovery", "email"))
"""A factor shown within five minutes in this session, where the caller has one."""
PAGE = (
    Parameter(
        "limit", "How many items a page holds.", "query", {"type": "integer", "minimum": 1, "maximum": r.LARGEST_PAGE}
    ),
    Parameter(
        "cursor", "The `next_cursor` of the page before.", "query", {"type": "string", "pattern": "^[0-9]{1,18}$"}
    ),
)

# fmt: off
SESSIONS = (
    Route("POST", "/v1/setup", c.SetUp, r.taking(b.Setup, r.set_up), w.told(w.user, 201), "setUp",
          "Make the first administrator", r.nobody, b.Setup, a.User, 201, public=True),
    Route("POST", "/v1/sessions", c.OpenSession, r.taking(b.OpenSession, r.open_session), w.session_opened, "openSession",
          "Sign in", r.signing_in, b.OpenSession, a.SessionMade, 201, public=True),
    Route("DELETE", "/v1/sessions/current", c.EndSession, r.plain(c.EndSession), w.nothing, "endSession",
          "End the presented token", status=204),
    Route("GET", "/v1/me", c.ShowSelf, r.plain(c.ShowSelf), w.told(w.user), "showSelf", "The caller's account", answer=a.User),
    Route("GET", "/v1/me/sessions", c.ListSessions, r.plain(c.ListSessions), w.told(w.sessions), "listOwnSessions",
          "The caller's sessions", answer=a.Sessions),
    Route("DELETE", "/v1/me/sessions/{id}", c.RevokeToken, r.about_token(c.RevokeToken), w.nothing, "endOwnSession",
          "End one of the caller's sessions", status=204),
    Route("PUT", "/v1/me/password", c.ChangePassword, r.taking(b.ChangePassword, r.change_password), w.told(w.password_changed),
          "changePassword", "Give oneself a new password", r.changing_password, b.ChangePassword, a.PasswordChanged,
          refusals={Reason.REMOTE_ACCOUNT: problem(403)}),
    Route("GET", "/v1/me/factors", c.ListFactors, r.plain(c.ListFactors), w.told(w.factors), "listOwnFactors",
          "The caller's second factors", answer=a.Factors),
    Route("POST", "/v1/me/factors", c.EnrolFactor, r.taking(b.NewFactor, r.new_factor), w.told(w.factor_begun, 201), "enrolFactor",
          "Begin a second factor", body=b.NewFactor, answer=a.FactorMade, status=201, step_up=STEP_UP),
    Route("POST", "/v1/me/factors/{id}/confirm", c.ConfirmFactor, r.taking(b.Confirm, r.confirm_factor), w.nothing, "confirmFactor",
          "Switch a factor on with a code of it", body=b.Confirm, status=204),
    Route("DELETE", "/v1/me/factors/{id}", c.RemoveFactor, r.remove_factor, w.nothing, "removeOwnFactor",
          "Take an own factor away", status=204, step_up=STEP_UP),
)

RESETS = (
    Route("POST", "/v1/users/{id}/password-resets", c.IssueReset, r.taking(b.ResetWish, r.issue_reset, empty=True),
          w.told(w.reset_issued, 201), "issueReset", "Make a password reset token", body=b.ResetWish, answer=a.ResetMade, status=201,
          bare=True, refusals={Reason.REMOTE_ACCOUNT: problem(409)}),
    Route("POST", "/v1/password-resets", c.RequestReset, r.taking(b.ResetAsked, r.request_reset), w.accepted, "requestReset",
          "Ask for a password reset token by mail; the answer never says whether one was sent", r.asking_for_reset, b.ResetAsked, a.Accepted,
          202, public=True, refusals={Reason.REALM_REFUSED: silent}),
    Route("POST", "/v1/password-resets/redeem", c.RedeemReset, r.taking(b.Redeem, r.redeem), w.nothing, "redeemReset",
          "Use a password reset token", r.nobody, b.Redeem, status=204, public=True),
)

USERS = (
    Route("GET", "/v1/users", c.ListUsers, r.list_users, w.told(w.users), "listUsers", "Users of the realm",
          answer=a.Users, query=("query",), parameters=PAGE),
    Route("POST", "/v1/users", c.CreateUser, r.taking(b.NewUser, r.new_user), w.told(w.user, 201), "createUser", "Add a user",
          body=b.NewUser, answer=a.User, status=201),
    Route("GET", "/v1/users/{id}", c.ShowUser, r.about_user(c.ShowUser), w.told(w.user), "showUser", "One user", answer=a.User),
    Route("PATCH", "/v1/users/{id}", c.EditUser, r.taking(b.UserChange, r.user_change), w.told(w.user), "editUser", "Change a user",
          body=b.UserChange, answer=a.User),
    Route("DELETE", "/v1/users/{id}", c.DeleteUser, r.about_user(c.DeleteUser), w.nothing, "deleteUser", "Delete a user", status=204),
    Route("POST", "/v1/users/{id}/suspend", c.SuspendUser, r.about_user(c.SuspendUser), w.nothing, "suspendUser",
          "Stop a user; every token dies", status=204),
    Route("POST", "/v1/users/{id}/reinstate", c.ReinstateUser, r.about_user(c.ReinstateUser), w.nothing, "reinstateUser",
          "Let a user in again", status=204),
    Route("POST", "/v1/users/{id}/unlock", c.UnlockUser, r.about_user(c.UnlockUser), w.nothing, "unlockUser",
          "Open the locks that guessing closed", status=204),
    Route("PUT", "/v1/users/{id}/roles", c.SetRoles, r.taking(b.Roles, r.roles), w.told(w.user), "setUserRoles",
          "Give a user exactly these roles", body=b.Roles, answer=a.User),
    Route("GET", "/v1/users/{id}/factors", c.ListFactors, r.about_user(c.ListFactors), w.told(w.factors), "listUserFactors",
          "A user's second factors", answer=a.Factors),
    Route("DELETE", "/v1/users/{id}/factors", c.ResetFactors, r.about_user(c.ResetFactors), w.nothing, "resetUserFactors",
          "Take all of a user's factors away; their sessions end", status=204, step_up=STEP_UP),
    Route("DELETE", "/v1/users/{id}/factors/{factor}", c.RemoveFactor, r.remove_user_factor, w.nothing, "removeUserFactor",
          "Take a user's factor away", status=204, step_up=STEP_UP),
    Route("DELETE", "/v1/users/{id}/sessions", c.EndSessions, r.about_user(c.EndSessions), w.nothing, "endUserSessions",
          "Log a user out everywhere", status=204),
    Route("POST", "/v1/users/{id}/login-tokens", c.IssueDelegation, r.taking(b.LoginToken, r.login_token), w.told(w.token_issued, 201),
          "issueLoginToken", "A delegated token that acts for a user", body=b.LoginToken, answer=a.TokenMade, status=201,
          step_up=STEP_UP, kinds=("session", "personal", "api")),
)

TOKENS = (
    Route("GET", "/v1/tokens", c.ListTokens, r.list_tokens, w.told(w.tokens), "listTokens",
          "Own tokens; with `owner=*` or a uuid everybody's or one user's", answer=a.Tokens,
          query=("owner", "dialect", "kind"), parameters=PAGE),
    Route("POST", "/v1/tokens", c.IssueToken, r.taking(b.NewToken, r.new_token), w.told(w.token_issued, 201), "issueToken",
          "Issue a personal token", body=b.NewToken, answer=a.TokenMade, status=201, step_up=STEP_UP),
    Route("POST", "/v1/tokens/verify", c.Introspect, r.taking(b.Verify, r.verify), w.told(w.introspections), "verifyTokens",
          "Look at up to a thousand tokens", body=b.Verify, answer=a.Introspections),
    Route("GET", "/v1/tokens/{id}", c.ShowToken, r.about_token(c.ShowToken), w.told(w.token), "showToken", "One token", answer=a.TokenShown),
    Route("PATCH", "/v1/tokens/{id}", c.EditToken, r.taking(b.TokenChange, r.token_change), w.told(w.token), "editToken",
          "Rename a token", body=b.TokenChange, answer=a.TokenShown),
    Route("DELETE", "/v1/tokens/{id}", c.RevokeToken, r.about_token(c.RevokeToken), w.nothing, "revokeToken", "End a token", status=204),
    Route("POST", "/v1/tokens/{id}/rotate", c.RotateToken, r.taking(b.Rotate, r.rotate, empty=True), w.told(w.token_issued), "rotateToken",
          "Replace a token's secret; the old one is dead at once", body=b.Rotate, answer=a.TokenMade, bare=True),
)

ADMINISTRATION = (
    Route("GET", "/v1/realms", c.ListRealms, r.plain(c.ListRealms), w.told(w.realms), "listRealms", "Realms", answer=a.Realms),
    Route("POST", "/v1/realms", c.CreateRealm, r.taking(b.NewRealm, r.new_realm), w.told(w.realm, 201), "createRealm", "Add a realm",
          body=b.NewRealm, answer=a.RealmShown, status=201),
    Route("GET", "/v1/realms/current", c.ShowRealm, r.plain(c.ShowRealm), w.told(w.realm), "showRealm", "The realm of the call",
          answer=a.RealmShown),
    Route("PATCH", "/v1/realms/current", c.EditRealm, r.taking(b.RealmChange, r.realm_change), w.told(w.realm), "editRealm",
          "Change the realm of the call", body=b.RealmChange, answer=a.RealmShown),
    Route("GET", "/v1/policy", c.ShowRealm, r.plain(c.ShowRealm), w.told(w.policy), "showPolicy", "The policy in force", answer=a.PolicyShown),
    Route("PATCH", "/v1/policy", c.EditRealm, r.taking(dict[str, Any], r.policy_change), w.told(w.policy), "editPolicy",
          "Change the policy", body=dict[str, Any], answer=a.PolicyShown),
    Route("GET", "/v1/settings", c.ShowRealm, r.plain(c.ShowRealm), w.told(w.settings_shown), "showSettings", "The settings in force",
          answer=dict[str, Any]),
    Route("PATCH", "/v1/settings", c.EditRealm, r.taking(dict[str, Any], r.settings_change), w.told(w.settings_shown), "editSettings",
          "Change settings", body=dict[str, Any], answer=dict[str, Any]),
    Route("GET", "/v1/roles", c.ListRoles, r.plain(c.ListRoles), w.told(w.roles), "listRoles", "Roles", answer=a.Roles),
    Route("POST", "/v1/roles", c.PutRole, r.taking(b.RoleBody, r.put_role), w.told(w.role), "putRole", "Make or change a role",
          body=b.RoleBody, answer=a.RoleShown),
    Route("GET", "/v1/roles/{name}", c.ShowRole, r.show_role, w.told(w.role), "showRole", "One role", answer=a.RoleShown),
    Route("PATCH", "/v1/roles/{name}", c.EditRole, r.taking(b.RoleChange, r.role_change), w.told(w.role), "editRole",
          "Say whether holders of a role need a second factor", body=b.RoleChange, answer=a.RoleShown),
    Route("GET", "/v1/audit", c.ListAudit, r.list_audit, w.told(w.audit), "listAudit", "The audit log, newest first", answer=a.Audit,
          query=("verb", "subject", "actor", "since"), parameters=PAGE),
)

BY_TOKEN = (("bearer",), ("basic",))
OAUTH_ROUTES = (
    Route("POST", "/oauth2/introspect", c.Introspect, r.introspect, w.told(w.introspection), "introspect", "RFC 7662",
          r.bearer_or_basic, b.TokenForm, a.Introspection, refusals=OAUTH, form=True, opened_by=BY_TOKEN),
    Route("POST", "/oauth2/revoke", c.RevokeSecret, r.revoke, w.revoked, "revoke", "RFC 7009",
          r.bearer_or_basic, b.TokenForm, refusals=OAUTH, form=True, opened_by=BY_TOKEN),
)
# fmt: on

ROUTES = (*SESSIONS, *RESETS, *USERS, *TOKENS, *ADMINISTRATION, *OAUTH_ROUTES)
