"""This wire's doors for sessions, tokens and versions, one row each."""

from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat import bodies as b
from keyturn.dialects.rocketchat import reading as r
from keyturn.dialects.rocketchat import refusals as f
from keyturn.dialects.rocketchat import writing as w
from keyturn.dialects.rocketchat.steps import PROOF, STEP_UP
from keyturn.wire import Request, Route

V1 = "/api/v1"
OWN = "own_tokens:create"

RESUME = Route(
    "POST", f"{V1}/login", c.ResumeSession, r.plainly(c.ResumeSession), w.went_on, "login", "Go on with a token",
    r.resuming, b.Login, a.LoggedIn, refusals=f.RESUME, public=True,
)  # fmt: skip


def signing_in(request: Request) -> Route:
    """A sign-in that names a token goes on with it; any other is one by name and password."""
    return LOGIN if r.resumed(request) is None else RESUME


# fmt: off
LOGIN = Route("POST", f"{V1}/login", c.OpenSession, r.open_session, w.logged_in, "login", "Sign in, or go on with a token",
              r.signing_in, b.Login, a.LoggedIn, refusals=f.LOGIN, public=True, parameters=PROOF)

SESSIONS = (
    replace(LOGIN, choose=signing_in),
    Route("POST", f"{V1}/logout", c.EndSession, r.plainly(c.EndSession), w.logged_out, "logout", "End the presented token", answer=a.LoggedOut),
    Route("GET", f"{V1}/logout", c.EndSession, r.plainly(c.EndSession), w.logged_out, "logoutByGet", "End the presented token, as old clients do",
          answer=a.LoggedOut),
    Route("GET", f"{V1}/me", c.ShowSelf, r.plainly(c.ShowSelf), w.me, "me", "The caller's account", answer=a.MeShown),
)

TOKENS = (
    Route("POST", f"{V1}/users.generatePersonalAccessToken", c.IssueToken, r.new_token, w.token_made, "users.generatePersonalAccessToken",
          "Make a personal access token", body=b.NewToken, answer=a.TokenMade, step_up=STEP_UP, needs=OWN,
          refusals=f.token_rows(f.GENERATE, f.GENERATE)),
    # Who lacks the permission is told the name of the other method, as documented.
    Route("POST", f"{V1}/users.regeneratePersonalAccessToken", c.RotateToken, r.named_token(c.RotateToken), w.token_made,
          "users.regeneratePersonalAccessToken", "Replace a personal access token; the old one is dead at once", body=b.TokenName,
          answer=a.TokenMade, step_up=STEP_UP, needs=OWN, refusals=f.token_rows(f.REGENERATE, f.GENERATE)),
    Route("POST", f"{V1}/users.removePersonalAccessToken", c.RevokeToken, r.named_token(c.RevokeToken), w.done,
          "users.removePersonalAccessToken", "End a personal access token", body=b.TokenName, answer=a.Done, step_up=STEP_UP, needs=OWN,
          refusals=f.token_rows(f.REMOVE, f.REMOVE)),
    Route("GET", f"{V1}/users.getPersonalAccessTokens", c.ListTokens, r.list_tokens, w.tokens, "users.getPersonalAccessTokens",
          "The caller's personal access tokens", answer=a.Tokens, needs=OWN, refusals=f.LISTED),
)

VERSIONS = (
    Route("GET", "/api/info", c.ShowSelf, r.plainly(c.ShowSelf), w.version, "info", "Which version of this wire is spoken",
          answer=a.Version, refusals=f.PUBLIC, public=True),
    Route("GET", f"{V1}/info", c.ShowSelf, r.plainly(c.ShowSelf), w.version, "infoV1", "Which version of this wire is spoken",
          answer=a.Version, refusals=f.PUBLIC, public=True),
)
# fmt: on
