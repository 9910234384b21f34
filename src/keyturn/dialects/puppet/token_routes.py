"""This wire's doors to tokens, certificates and the rules of passwords and logins, one row each."""

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.dialects.puppet import token_bodies as b
from keyturn.dialects.puppet import token_reading as r
from keyturn.dialects.puppet import token_writing as w
from keyturn.dialects.puppet.bodies import TokenMade
from keyturn.dialects.puppet.reading import by_token
from keyturn.dialects.puppet.refusals import family
from keyturn.wire import Route, rows

V1, V2 = "/rbac-api/v1", "/rbac-api/v2"

LOOKED_AT = rows(
    {
        (Reason.INVALID_TOKEN, Reason.WRONG_DOOR, Reason.CLAIM_MISMATCH): family(
            400, "invalid-token", "The provided token is invalid."
        ),
        (Reason.TOKEN_EXPIRED,): family(403, "token-expired", "The provided token has expired."),
        (Reason.TOKEN_IDLE,): family(403, "token-timed-out", "The provided token was not used for too long."),
        (Reason.TOKEN_ENDED,): family(403, "token-revoked", "Authentication token has been revoked."),
        (Reason.OWNER_SUSPENDED,): family(403, "user-revoked", "The user is revoked."),
    }
)
"""What is said of a token that was sent to be looked at, and not to open anything."""

STORE_TROUBLE = rows(
    {
        (Reason.BROKEN,): family(500, "database-token-error"),
        (Reason.BUSY, Reason.UNAVAILABLE): family(503, "database-token-error"),
    }
)

# fmt: off
TOKENS = (
    Route("POST", f"{V1}/tokens", c.DeriveSession, by_token(r.derive_session), w.token_made, "createFurtherToken",
          "A token by the presented one, which it never outlives", body=b.FurtherToken, answer=TokenMade, kinds=("session",), bare=True),
    Route("GET", f"{V1}/users/{{sid}}/tokens", c.ListTokens, by_token(r.list_tokens), w.tokens_listed, "listTokens",
          "The tokens of a user on this wire", answer=b.TokenItems, query=("limit", "offset", "order_by", "order")),
    Route("POST", f"{V2}/auth/token/authenticate", c.ShowSelf, r.show_bearer, w.bearer, "authenticateToken",
          "Whose a token is", r.authenticating, b.Authentication, b.Identity, refusals=LOOKED_AT, public=True),
    Route("DELETE", f"{V2}/tokens", c.RevokeTokens, by_token(r.revoke_tokens), w.tokens_ended, "revokeTokens",
          "End tokens by their text, their owners, their labels or their ids, as many as one may", body=b.Revocation, status=204,
          refusals=STORE_TROUBLE, query=tuple(r.PARAMETERS), bare=True),
    Route("DELETE", f"{V2}/tokens/{{token}}", c.RevokeSecret, by_token(r.revoke_token), w.token_ended, "revokeToken",
          "End one token, by an administrator", status=204, refusals={Reason.MALFORMED: w.no_token}),
    Route("GET", f"{V2}/certs/{{cn}}", c.ShowCertificate, by_token(r.show_certificate), w.certificate, "showCertificate",
          "Whether a client certificate acts here, and as whom", answer=b.Certificate),
    Route("GET", f"{V1}/certs/{{cn}}", c.ShowCertificate, by_token(r.show_certificate), w.older_certificate,
          "showCertificateByOlderName", "The same, by the older name of its key", answer=b.OlderCertificate),
)

CHECKS = (
    Route("POST", f"{V1}/command/validate-password", c.CheckPassword, by_token(r.check_password), w.password_checked,
          "validatePassword", "Which rules a password breaks, for oneself or by a reset token", r.checking, b.PasswordQuestion, b.Verdict),
    Route("POST", f"{V1}/command/validate-login", c.CheckLogin, by_token(r.check_login), w.login_checked, "validateLogin",
          "Which rules a login breaks", body=b.LoginQuestion, answer=b.Verdict),
)
# fmt: on
