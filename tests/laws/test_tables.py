"""Laws about the tables: commands, verbs, rights, kinds, reasons, routes, refusals; a newcomer is held unasked."""

import inspect
import re
from typing import Any

import msgspec
import pytest

from keyturn.app import catalogue
from keyturn.core import accounts, commands, credentials, membership, outcomes
from keyturn.core.digests import digest, plausible
from keyturn.core.kinds import KINDS
from keyturn.core.outcomes import REASONS, Denied, Outcome, Reason
from keyturn.core.rules import BUILT_IN, PERMISSIONS, triple
from keyturn.core.secrets import DRAW, draw
from keyturn.core.settings import POLICY_CHECKS, Policy, Settings
from keyturn.core.types import DEFAULT_ORDER, Assurance, Bearer, Effect, Frozen, Shape, Step, chosen
from keyturn.dialects import DIALECTS, NATIVE
from keyturn.http.routing import Router
from keyturn.operations import CONTENTS, Entry
from keyturn.wire import KINDS as OPENING
from keyturn.wire import Dialect, Request, Response, Route

COMMANDS = {
    value
    for value in (*vars(commands).values(), *vars(membership).values())
    if inspect.isclass(value)
    and issubclass(value, Frozen)
    and value.__module__ in (commands.__name__, accounts.__name__, credentials.__name__, membership.__name__)
    and value not in (credentials.Slice, membership.Counted)
}
VERB = re.compile(r"[a-z]+(_[a-z]+)*:[a-z]+(_[a-z]+)*")
SENTENCE = re.compile(r"[A-Z].*[.]$")
ENTRIES = [pytest.param(command, entry, id=command.__name__) for command, entry in CONTENTS.items()]
WIRES = [pytest.param(d, id=d.name) for d in DIALECTS]
ROUTES = [pytest.param(d, r, id=f"{d.name}-{r.method}-{r.path}") for d in DIALECTS for r in d.routes]
SETTINGS = Settings(values=catalogue().defaults())


# --- contents


def test_every_command_has_a_row() -> None:
    """What may be wished and what can be carried out are the same set."""
    assert COMMANDS - set(CONTENTS) == set()
    assert set(CONTENTS) - COMMANDS == set()


@pytest.mark.parametrize(("command", "entry"), ENTRIES)
def test_a_verb_reads_noun_action(command: type[Any], entry: Entry) -> None:
    """Each command has an audit name of its own, `noun:action`."""
    assert VERB.fullmatch(entry.verb)
    assert [c.__name__ for c, e in CONTENTS.items() if e.verb == entry.verb] == [command.__name__]


@pytest.mark.parametrize(("command", "entry"), ENTRIES)
def test_a_row_fits_its_command(command: type[Any], entry: Entry) -> None:
    """A row names rights that exist, a field that its command has, and is guarded where it changes anything."""
    fields = {f.name: f.type for f in msgspec.structs.fields(command)}
    assert entry.right is None or entry.right in PERMISSIONS
    assert not entry.about or entry.about in fields
    assert not entry.own or (entry.right is not None and entry.about)
    assert not entry.ranked or entry.about
    assert entry.bearer is not Bearer.SESSION or entry.effect is not Effect.READ or entry.right is None
    assert entry.effect is not Effect.READ or entry.prepare is None


@pytest.mark.parametrize(("command", "entry"), ENTRIES)
def test_a_delegated_token_changes_no_credential(command: type[Any], entry: Entry) -> None:
    """What changes something of somebody else, or makes a credential, is closed to delegated tokens (rules.md 8)."""
    free = {
        "EndSession": "one's own presented token",
        "OpenSession": "its caller shows no token",
        "RedeemReset": "its caller shows no token",
        "RequestReset": "its caller shows no token",
        "Register": "its caller shows no token",
        "MailCode": "its caller shows no token",
        "SetUp": "its caller shows no token",
        "IssueSetup": "the command line's own",
        "Apply": "the command line's own",
        "RevokeSecret": "ends, never makes; what may be ended is weighed (RFC 7009)",
    }
    if entry.effect is not Effect.READ and command.__name__ not in free:
        assert entry.bearer is not Bearer.ANY


# --- reasons


def test_every_reason_has_a_sentence() -> None:
    """Each reason has one sentence of its own."""
    assert set(REASONS) == set(Reason)
    assert [r.name for r in Reason if not SENTENCE.fullmatch(REASONS[r])] == []
    assert len(set(REASONS.values())) == len(Reason)


def test_outcomes_are_told_apart() -> None:
    """Each outcome is a frozen value with a tag, so that a kept answer is read back as what it was."""
    kinds = [v for v in vars(outcomes).values() if inspect.isclass(v) and issubclass(v, Outcome) and v is not Outcome]
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert len(set(tags)) == len(kinds)
    assert all(kind.__struct_config__.frozen for kind in kinds)


# --- wires


@pytest.mark.parametrize("dialect", WIRES)
def test_refusals_are_total(dialect: Dialect) -> None:
    """A wire says every reason in its own words."""
    assert set(dialect.refusals) == set(Reason)


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_a_route_refuses_with_any_reason(dialect: Dialect, route: Route) -> None:
    """Whatever the reason, a route answers in its wire's form; nothing kept is told as done, a dead store is 503."""
    for reason in Reason:
        request = Request(route.method, route.path, "", [], b"", id="request-id")
        answer = dialect.refuse(Denied(reason), route, SETTINGS, request)
        assert isinstance(answer, Response)
        assert 200 <= answer.status < 600
        if reason in (Reason.UNAVAILABLE, Reason.BUSY):
            assert answer.status == 503
        elif reason is Reason.BROKEN:
            assert answer.status == 500
        else:
            assert answer.status < 500


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_a_route_fits_the_product(dialect: Dialect, route: Route) -> None:
    """A route's command is in the contents; its kinds, order, prefix and refusals are ones there are."""
    assert route.command in CONTENTS
    assert set(route.kinds) <= set(OPENING)
    assert all(KINDS[kind].opens for kind in route.kinds)
    for profile in ("classic", "modern"):
        order = chosen(route.order or dialect.order, Settings(values={"rocketchat.profile": profile}))
        assert {*DEFAULT_ORDER} <= {*order} <= {*Step}
        assert len({*order}) == len(order)
    assert set(route.refusals) <= set(Reason)
    path = route.path.lower() if dialect.any_case else route.path
    prefixes = [p.lower() if dialect.any_case else p for p in dialect.prefixes]
    assert any(path == p or path.startswith(p.rstrip("/") + "/") for p in prefixes)


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_step_up_is_asked_where_it_is_due(dialect: Dialect, route: Route) -> None:
    """What wants a stepped-up actor carries a step-up rule on every wire that has one."""
    has_step_up = any(r.step_up is not None for r in dialect.routes)
    if has_step_up and CONTENTS[route.command].assurance is Assurance.STEPPED_UP:
        assert route.step_up is not None
    if CONTENTS[route.command].assurance is Assurance.REPROVED:
        assert route.present is not None, "nothing reads the current password"


@pytest.mark.parametrize(("dialect", "route"), ROUTES)
def test_a_route_is_reached(dialect: Dialect, route: Route) -> None:
    """Each path leads to its own route: no other route and no other wire's prefix hides it."""
    router = Router(DIALECTS, NATIVE)
    path = re.sub(r"\{[a-z_]+\}", "x-1", route.path)
    match = router.match(Request(route.method, path, "", [], b""))
    assert match.route is route


@pytest.mark.parametrize("dialect", WIRES)
def test_a_wire_has_one_name(dialect: Dialect) -> None:
    """A wire's rule, its settings and its tokens go by its own name."""
    assert dialect.wire.name == dialect.name
    assert re.fullmatch(r"[a-z][a-z0-9]*", dialect.name)
    assert [s.name for s in dialect.settings if not s.name.startswith(f"{dialect.name}.")] == []
    assert [d.name for d in DIALECTS].count(dialect.name) == 1
    assert 1 <= dialect.wire.shown <= 6
    assert set(dialect.wire.kinds) <= set(KINDS)


@pytest.mark.parametrize("dialect", WIRES)
def test_operation_ids_are_unique(dialect: Dialect) -> None:
    """A generated client has one method for each route."""
    names = [route.operation for route in dialect.routes]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", name) for name in names)


# --- rights, kinds, settings


@pytest.mark.parametrize("name", PERMISSIONS)
def test_a_permission_is_read_as_written(name: str) -> None:
    """Each right has a sentence and is a right on everything and on one thing."""
    assert SENTENCE.fullmatch(PERMISSIONS[name])
    noun, action = name.split(":")
    assert triple(f"{name}:*") == (noun, action, "*")
    assert triple(f"{name}:an-id:with:colons") == (noun, action, "an-id:with:colons")


@pytest.mark.parametrize("role", [pytest.param(r, id=r.name) for r in BUILT_IN])
def test_a_built_in_role_holds_known_rights(role: Any) -> None:
    """The roles a realm is born with name rights that exist, by number and name of their own."""
    assert [p for p in role.permissions if triple(p) is None] == []
    assert [r.number for r in BUILT_IN].count(role.number) == 1
    assert [r.name for r in BUILT_IN].count(role.name) == 1
    assert role.across is (role.permissions == ("*:*:*",))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_a_row(name: str) -> None:
    """Each kind has a letter of its own; what opens nothing lives a week at most; no default is over its cap."""
    kind = KINDS[name]
    assert kind.name == name
    assert [k.letter for k in KINDS.values()].count(kind.letter) == 1
    assert kind.opens or (kind.cap is not None and kind.cap <= 7 * 86_400)
    assert kind.default is None or kind.cap is None or kind.default <= kind.cap


@pytest.mark.parametrize("shape", Shape)
def test_a_shape_carries_enough_chance(shape: Shape) -> None:
    """Each shape is drawn, is 128 bits or more, is worth a look-up, and has one digest for one spelling."""
    drawn = {draw(shape, "s", "mark").reveal() for _ in range(50)}
    assert len(drawn) == 50
    assert set(DRAW) == set(Shape)
    secret = draw(shape, "s", "mark")
    assert plausible(secret)
    assert digest(secret) != digest(type(secret)(secret.reveal().swapcase()))
    assert len(secret.reveal().replace("-", "")) >= 32


def test_every_policy_is_checked() -> None:
    """Each field of the policy has a check that takes its default."""
    fields = {f.name: f.default for f in msgspec.structs.fields(Policy)}
    assert set(POLICY_CHECKS) == set(fields)
    assert {name: POLICY_CHECKS[name](default) for name, default in fields.items()} == fields


@pytest.mark.parametrize("setting", [pytest.param(s, id=s.name) for s in catalogue().settings.values()])
def test_a_setting_takes_its_own_default(setting: Any) -> None:
    """Each setting has a sentence, and its default passes its own check."""
    assert SENTENCE.fullmatch(setting.sentence)
    assert setting.values
    assert setting.default is None or setting.check(setting.default) == setting.default
    with pytest.raises(ValueError, match=r"^(wants|is) "):
        setting.check(object())
