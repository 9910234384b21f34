"""Outcomes about tokens, certificates and the rules of passwords and logins, told in this wire's words."""

import datetime

from keyturn.core.outcomes import (
    CertificateShown,
    Denied,
    Ended,
    Reason,
    RulesChecked,
    SelfShown,
    TokenIssued,
    TokensEnded,
    TokensListed,
)
from keyturn.core.settings import Settings
from keyturn.core.types import Instant, TokenView
from keyturn.dialects.puppet import token_bodies as b
from keyturn.dialects.puppet.bodies import TokenMade, Trouble, User
from keyturn.dialects.puppet.refusals import RULES, told
from keyturn.dialects.puppet.token_reading import KINDS, ORDERS, Wanted, slice_of, wanted_of
from keyturn.dialects.puppet.writing import user
from keyturn.wire import Request, Response, Route, json_response

NAMES = {kind: name for name, kind in ORDERS.items()}
NONE_REVOKED, REST_REVOKED = "No tokens were revoked.", "All other tokens were successfully revoked."


def token_made(outcome: TokenIssued, settings: Settings, request: Request) -> Response:
    """The token, first and alone."""
    return json_response(TokenMade(outcome.secret))


def tokens_listed(outcome: TokensListed, settings: Settings, request: Request) -> Response:
    """A part of a user's tokens, and which part it is."""
    part = slice_of(request)
    if isinstance(part, Denied):
        raise TypeError("it was read before")
    limit = outcome.total if part.limit is None else part.limit
    page = b.TokenPage(limit, part.offset, NAMES[part.by], "desc" if part.descending else "asc", outcome.total)
    return json_response(b.TokenItems(tuple(_item(view) for view in outcome.tokens), page))


def bearer(outcome: SelfShown, settings: Settings, request: Request) -> Response:
    """The user behind a token, and the token."""
    view = outcome.token
    if view is None:
        raise TypeError("somebody who shows a token has one")
    shown = user(outcome.user, settings)
    token, said = view.token, view.token.claims
    whole = b.Identity(
        **{name: getattr(shown, name) for name in User.__struct_fields__}, user_id=shown.id,
        creation=_moment(token.created), expiration=None if token.expires is None else _moment(token.expires),
        last_active=_moment(view.secret.last_used or token.created), timeout=_minutes(token.idle),
        client=said.get("client"), label=token.name, description=said.get("description"),
    )  # fmt: skip
    return json_response(whole)


def token_ended(outcome: Ended, settings: Settings, request: Request) -> Response:
    """It is over, whether or not it was before."""
    return Response(204)


def tokens_ended(outcome: TokensEnded, settings: Settings, request: Request) -> Response:
    """Nothing to tell where all of it is over; else what is not, the worst of it first (403, then 400)."""
    wanted = wanted_of(request)
    if isinstance(wanted, Denied):
        raise TypeError("it was read before")
    failed = [*outcome.unknown, *outcome.kept, *outcome.kept_ids]
    if not (failed or wanted.unrecognized or any(wanted.malformed.values())) and not wanted.empty():
        return Response(204)
    trouble = _trouble(outcome, wanted, wanted.asked() > len(failed))
    forbidden = bool(outcome.kept or outcome.kept_ids)
    return told(trouble, 403 if forbidden else 400, Denied(Reason.FORBIDDEN), request)


def no_token(denied: Denied, route: Route | None, settings: Settings, request: Request) -> Response:
    """The text in the path is no token."""
    bad = Wanted((), (), (), (), {"tokens": ("(not shown)",)}, ())
    return told(_trouble(TokensEnded(0), bad, False), 400, denied, request)


def checked(of: str, outcome: RulesChecked) -> Response:
    """Whether all rules are kept, and those that are not."""
    failures = tuple(
        b.Failure(RULES.get(name, name.replace("_", "-")), f"The {of} {sentence}.")
        for name, sentence in outcome.faults.items()
    )
    return json_response(b.Verdict(False, failures) if failures else b.Verdict(True))


def password_checked(outcome: RulesChecked, settings: Settings, request: Request) -> Response:
    """What a password breaks."""
    return checked("password", outcome)


def login_checked(outcome: RulesChecked, settings: Settings, request: Request) -> Response:
    """What a login breaks."""
    return checked("login", outcome)


def certificate(outcome: CertificateShown, settings: Settings, request: Request) -> Response:
    """Whether it acts here, and as whom."""
    return json_response(b.Certificate(outcome.name, outcome.user is not None, _user(outcome, settings)))


def older_certificate(outcome: CertificateShown, settings: Settings, request: Request) -> Response:
    """The same, by the key's older name."""
    return json_response(b.OlderCertificate(outcome.name, outcome.user is not None, _user(outcome, settings)))


def _user(outcome: CertificateShown, settings: Settings) -> User | None:
    return None if outcome.user is None else user(outcome.user, settings)


def _item(view: TokenView) -> b.TokenItem:
    token, said = view.token, view.token.claims
    return b.TokenItem(
        id=token.uuid, creation_date=_moment(token.created),
        expiration_date=None if token.expires is None else _moment(token.expires),
        last_active_date=_moment(view.secret.last_used or token.created), client=said.get("client", ""),
        description=said.get("description", ""), session_timeout=_minutes(token.idle), label=token.name or "",
    )  # fmt: skip


def _trouble(outcome: TokensEnded, wanted: Wanted, others: bool) -> Trouble:
    bad = wanted.malformed
    lists: dict[str, tuple[str, ...]] = {
        **{f"malformed_{kind}": bad.get(kind, ()) for kind in KINDS},
        "nonexistent_usernames": outcome.unknown,
        "permission_denied_usernames": outcome.kept,
        "permission_denied_ids": outcome.kept_ids,
        "unrecognized_parameters": wanted.unrecognized,
    }
    sentences = [_sentence(name, lists[name]) for name in SAID if lists[name]]
    if wanted.empty():
        sentences = ["No tokens, labels, usernames or ids were given."]
    kind = "permission-denied" if outcome.kept or outcome.kept_ids else "malformed-token-request"
    said = " ".join([*sentences, REST_REVOKED if others else NONE_REVOKED])
    return Trouble(kind, said, {**lists, "other_tokens_revoked": others})


def _sentence(name: str, values: tuple[str, ...]) -> str:
    one, several = SAID[name]
    return f"{one if len(values) == 1 else several}: {', '.join(values)}."


SAID = {
    "malformed_tokens": ("The following token is malformed", "The following tokens are malformed"),
    "malformed_labels": ("The following label is malformed", "The following labels are malformed"),
    "malformed_usernames": ("The following username is malformed", "The following usernames are malformed"),
    "malformed_ids": ("The following id is malformed", "The following ids are malformed"),
    "nonexistent_usernames": ("The following user does not exist", "The following users do not exist"),
    "permission_denied_usernames": (
        "You may not revoke the tokens of the following user",
        "You may not revoke the tokens of the following users",
    ),
    "permission_denied_ids": ("You may not revoke the following id", "You may not revoke the following ids"),
    "unrecognized_parameters": (
        "The following parameter is not recognized",
        "The following parameters are not recognized",
    ),
}
"""What is said of each part of the details, of one and of several."""


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else -(-seconds // 60)


def _moment(at: Instant) -> str:
    """RFC 3339 UTC with whole seconds."""
    moment = datetime.datetime.fromtimestamp(at // 1_000_000, datetime.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
