"""Schemathesis over the OpenAPI documents: what each says of an operation is what a running server does."""

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, GenerationMode
from schemathesis import Case as AnyCase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from keyturn.core import commands as c
from keyturn.core import factors as totp
from keyturn.core.types import Effect
from keyturn.dialects import DIALECTS
from keyturn.operations import CONTENTS
from keyturn.wire import Dialect, Route
from tests import engines
from tests.clients import puppet_wishes
from tests.houses import PASSWORD, Clock, Held, Household, Person
from tests.served import Served, serving

pytestmark = pytest.mark.clients
Case = AnyCase[Any]
Operation = APIOperation[Any, Any, Any, Any]
Good = Callable[["Visit"], dict[str, Any]]
EXAMPLES = int(os.environ.get("KEYTURN_EXAMPLES", "15"))
"""Cases of an operation; the long form is asked for by the variable."""
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
ROUTES = [(dialect, route) for dialect in DIALECTS for route in dialect.routes]
NAMES = [f"{dialect.name}-{route.operation}" for dialect, route in ROUTES]
PLACES = [("sqlite", dialect, route) for dialect, route in ROUTES]
PLACES += [("postgresql", dialect, route) for dialect, route in ROUTES if dialect.name == "native"]
AFTERWARDS = "another passphrase of this person"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
once = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


# --- who asks


class Visit(NamedTuple):
    """Somebody who may do anything, somebody it may be done to, and the token that the first one shows."""

    home: Household
    steward: Person
    other: Person
    held: Held

    @property
    def token(self) -> str:
        """The shown token in clear."""
        return self.held.secret.reveal()

    def begun(self) -> dict[str, Any]:
        """A factor of one's own that waits for its first code."""
        return _path(self.home.wish(self.held, c.EnrolFactor("totp")).factor.uuid)

    def confirmed(self) -> dict[str, Any]:
        """Such a factor, and that code."""
        made = self.home.wish(self.held, c.EnrolFactor("totp"))
        seed = totp.seed_from_base32(made.seed.reveal()) or b""
        return _path(made.factor.uuid) | _body(code=self.home.code(seed=seed).reveal())

    def reset(self) -> str:
        """A reset token of the other one."""
        found: str = self.home.wish(self.home.token(self.steward), c.IssueReset(self.other.ref)).secret.reveal()
        return found

    def mailed(self) -> dict[str, Any]:
        """An address of one's own that is vouched for."""
        address = f"{self.steward.login}@example.test"
        self.home.wish(self.held, c.EditUser(self.steward.ref, email=address, email_verified=True))
        return {}

    def begun_here(self) -> dict[str, Any]:
        """A factor of one's own that waits, and its first code."""
        return _body(code=self.confirmed()["body"]["code"]) | PROOF

    def counted(self) -> dict[str, Any]:
        """A factor of one's own, if there is none yet."""
        if not any(f.kind == "totp" for f in self.home.wish(self.held, c.ListFactors()).factors):
            self.home.factor(self.steward)
        return {}

    def with_app(self) -> dict[str, Any]:
        """A factor of one's own, and its code of this moment."""
        self.counted()
        return _body(code=self.home.code().reveal())

    def named(self) -> dict[str, Any]:
        """The name of a token of one's own, and a proof."""
        self.home.token(self.steward, "personal", "rocketchat", name="ci")
        return _body(tokenName="ci") | PROOF


SHOWN: dict[str, Callable[[Visit], dict[str, str]]] = {
    "native": lambda v: {"Authorization": f"Bearer {v.token}"},
    "pam360": lambda v: {"AUTHTOKEN": v.token},
    "rocketchat": lambda v: {"X-Auth-Token": v.token, "X-User-Id": v.steward.subject.handle},
    "pyramid": lambda v: {"paToken": v.token},
    "puppet": lambda v: {"X-Authentication": v.token},
}
"""How each wire is shown a token."""


def visit(home: Household, dialect: Dialect, realm: str = "default") -> Visit:
    """A new administrator with a token of that wire, and a new user beside."""
    steward = home.person("", "Stewards" if realm == "default" else "Administrators", realm=realm)
    kind = "session" if "session" in dialect.wire.kinds else "api"
    return Visit(home, steward, home.person(realm=realm), home.token(steward, kind, dialect.name))


# --- what is asked


def _path(id: str, **more: str) -> dict[str, Any]:
    return {"path_parameters": {"id": id, **more}}


def _body(**fields: Any) -> dict[str, Any]:
    return {"body": fields}


def _called(method: str) -> dict[str, Any]:
    message = f'{{"msg":"method","id":"1","method":"{method}","params":[]}}'
    return {"path_parameters": {"name": "x"}, "body": {"message": message}}


def _other(**fields: Any) -> Good:
    return lambda v: _path(v.other.subject.uuid) | ({"body": fields} if fields else {})


def _theirs(**fields: Any) -> Good:
    def made(v: Visit) -> dict[str, Any]:
        return _path(v.home.token(v.other, "personal").view.token.uuid) | ({"body": fields} if fields else {})

    return made


def _shown(v: Visit) -> dict[str, Any]:
    return _body(token=v.token)


PROOF = {"headers": {"x-2fa-code": DIGEST, "x-2fa-method": "password"}}
GOOD: dict[str, Good] = {
    "openSession": lambda v: _body(login=v.other.login, password=PASSWORD),
    "endOwnSession": lambda v: _path(v.held.view.token.uuid),
    "native.changePassword": lambda v: _body(current_password=PASSWORD, password=AFTERWARDS),
    "enrolFactor": lambda v: _body(kind="totp"),
    "confirmFactor": Visit.confirmed,
    "removeOwnFactor": Visit.begun,
    "issueReset": _other(lifetime="10m"),
    "requestReset": lambda v: _body(login=v.other.login),
    "resetUserFactors": _other(),
    "editRole": lambda v: {"path_parameters": {"name": "Viewers"}, **_body(two_factor=False)},
    "redeemReset": lambda v: _body(token=v.reset(), password=AFTERWARDS),
    "createUser": lambda v: _body(login=f"beside-{v.other.login}"),
    "native.showUser": _other(),
    "editUser": _other(display_name="Somebody Else"),
    "deleteUser": _other(),
    "suspendUser": _other(),
    "reinstateUser": _other(),
    "unlockUser": _other(),
    "setUserRoles": _other(roles=["Viewers"]),
    "listUserFactors": _other(),
    "removeUserFactor": lambda v: _path(v.other.subject.uuid, factor=v.home.factor(v.other).uuid),
    "endUserSessions": _other(),
    "issueLoginToken": _other(reason="asked to"),
    "issueToken": lambda v: _body(name="ci"),
    "verifyTokens": lambda v: _body(tokens=[v.token]),
    "showToken": _theirs(),
    "editToken": _theirs(name="ci"),
    "revokeToken": _theirs(),
    "rotateToken": _theirs(expires_in="1h"),
    "createRealm": lambda v: _body(name=f"of-{v.other.login}"),
    "editRealm": lambda v: _body(),
    "editPolicy": lambda v: _body(totp_strict=False),
    "editSettings": lambda v: _body(),
    "putRole": lambda v: _body(name="Lookers", permissions=["users:view:*"]),
    "showRole": lambda v: {"path_parameters": {"name": "Viewers"}},
    "introspect": _shown,
    "revoke": _shown,
    "getUserId": lambda v: {"query": {"USERNAME": v.other.login}},
    "login": lambda v: _body(user=v.other.login, password=PASSWORD),
    "users.generatePersonalAccessToken": lambda v: _body(tokenName="new") | PROOF,
    "users.regeneratePersonalAccessToken": Visit.named,
    "users.removePersonalAccessToken": Visit.named,
    "users.create": lambda v: _body(
        username=f"beside-{v.other.login}", name="New", email=f"{v.other.login}@new.test", password=AFTERWARDS
    ),
    "users.info": lambda v: {"query": {"userId": v.other.subject.handle}},
    "users.update": lambda v: _body(userId=v.other.subject.handle, data={"name": "Somebody Else"}) | PROOF,
    "users.updateOwnBasicInfo": lambda v: _body(data={"name": "Somebody Else"}),
    "users.setActiveStatus": lambda v: _body(userId=v.other.subject.handle, activeStatus=False),
    "users.delete": lambda v: _body(userId=v.other.subject.handle),
    "users.forgotPassword": lambda v: _body(email="somebody@example.test"),
    "users.checkUsernameAvailability": lambda v: {"query": {"username": "somebody"}},
    "users.createToken": lambda v: _body(userId=v.other.subject.handle),
    "users.2fa.enableEmail": Visit.mailed,
    "users.2fa.disableEmail": lambda v: dict(PROOF),
    "users.2fa.sendEmailCode": lambda v: _body(emailOrUsername="somebody"),
    "users.resetTOTP": lambda v: _body(userId=v.other.subject.handle) | PROOF,
    "users.enableTotp": lambda v: dict(PROOF),
    "users.validateTotp": Visit.begun_here,
    "users.regenerateTotpCodes": Visit.with_app,
    "users.disableTotp": Visit.with_app,
    "users.totpCodesRemaining": Visit.counted,
    "method.call": lambda v: _called("2fa:checkCodesRemaining"),
    "method.callAnon": lambda v: _called("2fa:enable"),
    "authenticateUser": lambda v: _body(userName=v.other.login, password=PASSWORD),
    "authenticateUserByToken": lambda v: _body(token=v.token, userIdentity=v.other.login),
}
GOOD |= {f"puppet.{name}": made for name, made in puppet_wishes.GOOD.items()}
"""What makes a request of an operation one that comes true."""
NEVER = {
    "setUp", "users.register", "users.deleteOwnAccount", "authenticateUserEmbed", "authenticateUserEmbedByToken",
    *(f"authenticateUser{how}{by}" for how in ("", "Embed") for by in ("Windows", "SAML", "OPENID")),
}  # fmt: skip
"""What nobody gets: there is an administrator already; who shows a token registers nobody, and nobody deletes
themselves; nobody signs in for embedding or by single sign-on."""


def good(dialect: Dialect, route: Route, v: Visit) -> dict[str, Any]:
    """A request that comes true, as far as the operation asks for more than a token."""
    name = route.operation.removesuffix("_auth")
    made = GOOD.get(f"{dialect.name}.{name}") or GOOD.get(name)
    return {} if made is None else made(v)


# --- where it is asked


class Site(NamedTuple):
    """A running server, the documents it gave out, and a way to arrange what is behind it."""

    served: Served
    home: Household
    schemas: dict[str, Any]
    session: requests.Session

    def operation(self, dialect: Dialect, route: Route) -> Operation:
        """The operation as the document shows it."""
        found: Operation = self.schemas[dialect.name][route.path][route.method]
        return found

    def ask(self, case: Case, shown: dict[str, str]) -> Any:
        """The answer, once it was found to be as the document says."""

        def show(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
            # At the last moment: a header that is only named to the library may be left out by a case that breaks it.
            prepared.headers.update(shown)
            return prepared

        answer = case.call(base_url=self.served.url, session=self.session, auth=show)
        case.validate_response(answer, checks=CHECKS)
        return answer


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The real application on a store of that engine, with a realm that told PAM360's wire to use statuses."""
    folder = tmp_path_factory.mktemp("site")
    if request.param == "sqlite":
        database = engines.fresh_sqlite(request.getfixturevalue("sqlite_template"), folder)
    else:
        cluster = request.getfixturevalue("cluster")
        database = engines.fresh_postgresql(cluster, request.getfixturevalue("postgresql_template"))
    with database as made, serving(made.url, folder) as served, requests.Session() as session:
        home = Household(served.house, Clock(), [], [])
        home.realm("strict", **{"pam360.http_status": "strict"})
        home.choose(rocketchat__rate_limit=False, rocketchat__create_token=True, rocketchat__registration=True)
        schemas = {d.name: _schema(served, d) for d in DIALECTS}
        yield Site(served, home, schemas, session)


def _schema(served: Served, dialect: Dialect) -> Any:
    document = served.request("GET", f"/openapi/{dialect.name}.json").json()
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config())
    schema.validate()
    return schema


def cases(operation: Operation) -> st.SearchStrategy[Case]:
    """Requests that keep to the document, and where there is anything to break some that do not."""
    kept = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not (operation.path_parameters or operation.headers or operation.query or operation.body):
        return kept
    return st.one_of(kept, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


def overlaid(case: Case, given: dict[str, Any]) -> None:
    """The case as it was, but for what makes it come true; another realm would keep it from that."""
    case.query.pop("realm", None)
    case.headers.pop("orgName", None)
    case.path_parameters.update(given.get("path_parameters", {}))
    case.headers.update(given.get("headers", {}))
    case.query.update(given.get("query", {}))
    if isinstance(case.body, dict):
        case.body.update(given.get("body", {}))


# --- the tests


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("dialect", "route"), ROUTES, ids=NAMES)
def test_a_wish_comes_true(site: Site, dialect: Dialect, route: Route) -> None:
    """A request that keeps to the document is answered as it says; what never comes true is refused as it says."""
    v = visit(site.home, dialect)
    case = site.operation(dialect, route).Case(**good(dialect, route, v))
    answer = site.ask(case, SHOWN[dialect.name](v))
    came_true = answer.status_code == route.status and b'"status":"Failed"' not in answer.content
    assert came_true is (route.operation.removesuffix("_auth") not in NEVER)


@pytest.mark.parametrize(
    ("site", "dialect", "route"), PLACES, indirect=["site"], ids=[f"{e}-{d.name}-{r.operation}" for e, d, r in PLACES]
)
def test_whatever_is_asked(site: Site, dialect: Dialect, route: Route) -> None:
    """Whatever is sent, by a stranger and then by an administrator, the answer is a documented one."""
    kept = visit(site.home, dialect)
    changes = CONTENTS[route.command].effect is not Effect.READ

    @once
    @given(cases(site.operation(dialect, route)), st.booleans())
    def ask(case: Case, well: bool) -> None:
        # What ends the token it is shown with is shown another one each time.
        v = visit(site.home, dialect) if changes else kept
        site.ask(case, {})
        if well:
            overlaid(case, good(dialect, route, v))
        site.ask(case, SHOWN[dialect.name](v))

    ask()


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
@pytest.mark.parametrize("route", [r for d, r in ROUTES if d.name == "pam360"], ids=lambda route: route.operation)
def test_statuses_that_a_realm_chose(site: Site, route: Route) -> None:
    """A realm whose refusals have statuses of their own is documented too."""
    dialect = next(d for d in DIALECTS if d.name == "pam360")

    @once
    @given(cases(site.operation(dialect, route)))
    def ask(case: Case) -> None:
        site.ask(case, SHOWN[dialect.name](visit(site.home, dialect, "strict")))

    ask()
