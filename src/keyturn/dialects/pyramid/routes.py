"""The wire's doors: sign-in under both names of its section, the ways of signing in that are not there, one look-up."""

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.dialects.pyramid import reading as r
from keyturn.dialects.pyramid import writing as w
from keyturn.dialects.pyramid.answers import User
from keyturn.dialects.pyramid.bodies import UserCredentials, UserTokenCredentials
from keyturn.dialects.pyramid.refusals import SIGNING_IN, WITH_TOKEN, text
from keyturn.wire import Route

SECTIONS = (("/API3/authentication", ""), ("/API3/auth", "_auth"))
"""The section's path, today's and that of early client libraries, and what keeps operation ids apart."""
SINGLE_SIGN_ON = (
    "authenticateUserWindows",
    "authenticateUserEmbedWindows",
    "authenticateUserSAML",
    "authenticateUserEmbedSAML",
    "authenticateUserOPENID",
    "authenticateUserEmbedOPENID",
)
EMBEDDED = ("authenticateUserEmbed", "authenticateUserEmbedByToken")


def _signing_in(section: str, mark: str) -> tuple[Route, ...]:
    return (
        Route(
            "POST", f"{section}/authenticateUser", c.OpenSession, r.open_session, w.token,
            f"authenticateUser{mark}", "A token for name and password", r.by_password, UserCredentials,
            refusals=SIGNING_IN, factor_at_login=False, public=True, media=w.TEXT,
        ),
        Route(
            "POST", f"{section}/authenticateUserByToken", c.IssueDelegation, r.issue_delegation, w.token,
            f"authenticateUserByToken{mark}", "A token for a user, by an administrator's token", r.by_token,
            UserTokenCredentials, kinds=("session",), public=True, media=w.TEXT,
        ),
        *(_refused(section, mark, name, "Single sign-on is not configured.") for name in SINGLE_SIGN_ON),
        *(_refused(section, mark, name, "Signing in for embedding is not available.") for name in EMBEDDED),
    )  # fmt: skip


def _refused(section: str, mark: str, name: str, sentence: str) -> Route:
    """A method of the wire that always answers 400 here, as an installation without it does."""
    return Route(
        "POST", f"{section}/{name}", c.OpenSession, r.open_session, w.token, f"{name}{mark}", sentence,
        r.unconfigured, refusals={Reason.NO_SUCH_ROUTE: text(400, sentence)}, public=True, media=w.TEXT,
    )  # fmt: skip


ROUTES = (
    *(route for section, mark in SECTIONS for route in _signing_in(section, mark)),
    Route(
        "POST", "/API3/access/getMe", c.ShowSelf, r.show_self, w.me, "getMe", "The caller's account",
        answer=User, refusals=WITH_TOKEN, kinds=("session", "delegated"),
    ),
)  # fmt: skip
