"""`apply`: a file comes true, whole or not at all."""

from typing import Any

import pytest

from keyturn.cli.applying import told
from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.core.types import Secret
from keyturn.store import realms, roles, tokens
from keyturn.store.engine import Tx
from tests.houses import Household
from tests.operations.applied import (
    DIGEST,
    JEAN,
    OPERATOR,
    OTHER,
    PASSWORD,
    VALUE,
    apply,
    changed,
    kept,
    opens,
    person,
    ref,
    wrong,
)

# --- what comes true


def test_a_user_comes_with_everything(house: Household) -> None:
    """Ids, names, roles, factors, attributes and tokens are as the file says, and the token opens requests."""
    file = JEAN + (
        "    uuid: 11111111-1111-4111-8111-111111111111\n    number: 4711\n    handle: aaaaaaaaaaaaaaaa2\n"
        "    email_verified: true\n    notify: [a@example.test]\n    display_name: Jean Test\n    service: true\n"
        "    must_change: true\n    roles: [Viewers, Help Desk]\n    attributes: {pam360: {host: h}}\n"
        "    factors: [{kind: totp, secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP}, {kind: email}]\n"
    )
    assert changed(apply(house, file)) == [
        ("user", "jean", "added"), ("factor", "jean totp", "added"), ("factor", "jean email", "added"),
        ("token", "jean native ci", "added"),
    ]  # fmt: skip
    view = person(house)
    s = view.subject
    assert (s.uuid, s.number, s.handle) == ("11111111-1111-4111-8111-111111111111", 4711, "aaaaaaaaaaaaaaaa2")
    assert (s.email, s.email_verified, s.notify, s.display_name) == (
        "jean@example.test",
        True,
        ("a@example.test",),
        "Jean Test",
    )
    assert s.service
    assert s.attributes == {"pam360": {"host": "h"}}
    assert [r.name for r in view.roles] == ["Viewers", "Help Desk"]
    assert [(f.kind, f.confirmed) for f in view.factors] == [("totp", True), ("email", True)]
    assert view.must_change
    assert opens(house, VALUE) is None


def test_the_same_file_twice_changes_nothing(house: Household) -> None:
    """The second time there is nothing to do, nothing to tell, and no audit row."""
    file = JEAN + (
        f"      - {{kind: personal, name: made}}\n      - {{kind: session}}\n      - {{kind: api, dialect: pam360}}\n"
        f'      - {{name: old, digest: "{DIGEST}"}}\n    suspended: false\n'
        "realms:\n  - name: shop\n    hosts: [b.test, a.test]\n    policy: {two_factor: off}\n"
        "    settings: {quota.session: 5}\n"
        "roles:\n  - {name: Ops, permissions: ['users:view:*', 'users:edit:*'], description: d}\n"
    )
    first = apply(house, file)
    assert len(first.secrets) == 3
    lines = house.lines()
    again = apply(house, file)
    assert (again.changed, again.kept, again.secrets) == ((), (), ())
    assert house.lines() == lines


def test_one_row_says_what_was_done(house: Household) -> None:
    """One `done` row, without a secret in it."""
    apply(house, JEAN)
    (line,) = house.lines()
    assert (line.verb, line.result) == ("bootstrap:apply", "done")
    detail = house.one("SELECT detail FROM audit")
    assert "added user default/jean" in detail
    assert VALUE not in detail
    assert PASSWORD not in detail


def test_minted_secrets_are_told_once(house: Household) -> None:
    """A token without a value is drawn; what is told opens requests."""
    applied = apply(house, "users:\n  - login: jean\n    tokens: [{name: deploy}, {kind: api, dialect: pam360}]\n")
    first, second = told(applied)["secrets"]
    assert first["name"] == "deploy"
    assert (second["dialect"], second["kind"], second["name"]) == ("pam360", "api", None)
    assert opens(house, first["token"]) is None
    assert house.opens(Secret(second["token"]), "pam360") is None


def test_a_digest_made_elsewhere_keeps_working(house: Household) -> None:
    """The secret of a given digest opens requests, though nobody here ever saw it."""
    apply(house, f'users:\n  - login: jean\n    tokens: [{{name: old, digest: "{DIGEST}"}}]\n')
    assert opens(house, OTHER) is None


def test_a_given_life_is_kept_to(house: Household) -> None:
    """`expires_in` counts from the making, and is never written again."""
    file = f'users:\n  - login: jean\n    tokens: [{{name: ci, value: "{VALUE}", expires_in: 1h}}]\n'
    apply(house, file)
    house.clock.forward(3599)
    assert opens(house, VALUE) is None
    assert apply(house, file).changed == ()
    house.clock.forward(2)
    assert opens(house, VALUE) is Reason.TOKEN_EXPIRED
    again = apply(house, file)
    assert kept(again) == [("token", "jean native ci", "kept: expired")]
    assert opens(house, VALUE) is Reason.TOKEN_EXPIRED


def test_roles_default_and_none(house: Household) -> None:
    """Without roles a new user is a Member; with an empty list nothing at all; absent later leaves them alone."""
    apply(house, "users: [{login: a}, {login: b, roles: []}]\n")
    assert [r.name for r in person(house, "a").roles] == ["Members"]
    assert person(house, "b").roles == ()
    assert changed(apply(house, "users: [{login: a, roles: [Viewers]}]\n")) == [("roles", "a", "updated")]
    assert apply(house, "users: [{login: a}]\n").changed == ()
    assert [r.name for r in person(house, "a").roles] == ["Viewers"]


def test_a_password_is_hashed_and_good(house: Household) -> None:
    """A clear password, and a hash made elsewhere, both let their owners in."""
    apply(house, JEAN)
    assert not isinstance(house.sign_in("jean", PASSWORD), Denied)
    file = 'users: [{login: rob, password_hash: "$2b$04$Ct6ZIA8hKUpu2g5NJFN9JOmXBFu1TZWbpWKQnDWPq8xCcrH9YfQNK"}]\n'
    apply(house, file)
    assert person(house, "rob").has_password
    assert apply(house, file).kept == ()


def test_realms_roles_and_settings(house: Household) -> None:
    """A realm is born with its built-in roles; settings are merged in, hosts are these."""
    apply(house, "realms:\n  - {name: shop, display_name: Shop, hosts: [a.test], settings: {quota.session: 5}}\n")
    second = (
        "realms:\n  - {name: shop, hosts: [b.test], policy: {totp_strict: true}}\n"
        "roles:\n  - {realm: shop, name: Ops, permissions: ['users:view:*']}\n"
        "users:\n  - {realm: shop, login: jean, roles: [ops, Viewers]}\n"
    )
    assert changed(apply(house, second)) == [
        ("realm", "shop", "updated"),
        ("role", "Ops", "added"),
        ("user", "jean", "added"),
    ]

    def look(tx: Tx) -> Any:
        shop = next(r for r in realms.all_realms(tx) if r.name == "shop")
        return shop, realms.hosts(tx, shop.id), [r.name for r in roles.all_roles(tx, shop.id)]

    shop, hosts, names = house.read(look)
    assert (shop.display_name, hosts) == ("Shop", ("b.test",))
    assert shop.settings.policy.totp_strict
    assert shop.settings.number("quota.session") == 5
    assert "Administrators" in names
    assert "Stewards" not in names
    assert [r.name for r in person(house, "jean", "shop").roles] == ["Viewers", "Ops"]
    assert changed(apply(house, "roles:\n  - {realm: shop, name: Ops, permissions: ['users:edit:*']}\n")) == [
        ("role", "Ops", "updated")
    ]


def test_an_administrator_ends_the_set_up_code(house: Household) -> None:
    """Who is made Steward by a file is the first administrator; the code of this start is over."""
    code = house.wish(OPERATOR, c.IssueSetup()).secret
    assert code is not None
    apply(house, "users: [{login: plain}]\n")
    assert house.one("SELECT count(*) FROM tokens WHERE ended IS NULL AND kind = 'setup'") == 1
    apply(house, "users: [{login: admin, roles: [Stewards]}]\n")
    assert house.one("SELECT count(*) FROM tokens WHERE ended IS NULL AND kind = 'setup'") == 0
    assert person(house, "admin").subject.uuid == "42bf351c-f9ec-40af-84ad-e976fec7f4bd"
    late = house.wish(None, c.SetUp(code, "eve", Secret("a passphrase of an intruder")))
    assert isinstance(late, Denied)


# --- what is updated, and whom that stops


def test_what_is_given_is_updated_and_the_rest_left(house: Household) -> None:
    """A later file changes what it names; a new mail address is not verified."""
    apply(house, JEAN + "    email_verified: true\n    display_name: Jean\n    attributes: {pam360: {host: h}}\n")
    later = "users: [{login: Jean, email: j2@example.test, attributes: {pam360: {rest_access: false}}}]\n"
    assert changed(apply(house, later)) == [("user", "Jean", "updated")]
    s = person(house).subject
    assert (s.login, s.email, s.email_verified, s.display_name) == ("Jean", "j2@example.test", False, "Jean")
    assert s.attributes == {"pam360": {"host": "h", "rest_access": False}}
    assert changed(apply(house, 'users: [{login: jean, email: ""}]\n')) == [("user", "jean", "updated")]
    assert person(house).subject.email == ""


def test_a_user_renamed_since_is_known_by_id(house: Household) -> None:
    """With its uuid in the file a renamed user gets its login back, and no second user is made."""
    file = "users: [{login: jean, uuid: 11111111-1111-4111-8111-111111111111}]\n"
    apply(house, file)
    house.wish(OPERATOR, c.EditUser(ref(), login="joan"))
    assert changed(apply(house, file)) == [("user", "jean", "updated")]
    other = "users: [{login: jean, uuid: 22222222-2222-4222-8222-222222222222}]\n"
    assert kept(apply(house, other)) == [("user", "jean", "kept: changed since")]


def test_suspending_stops_what_is_there(house: Household) -> None:
    """A suspended user's token is dead, stays dead, and is told; only an explicit `false` lets the user in again."""
    apply(house, JEAN)
    assert changed(apply(house, JEAN + "    suspended: true\n")) == [("user", "jean", "suspended")]
    assert opens(house, VALUE) is Reason.OWNER_SUSPENDED
    assert apply(house, JEAN).changed == ()
    assert person(house).subject.state == "suspended"
    later = apply(house, JEAN + "    suspended: false\n")
    assert changed(later) == [("user", "jean", "reinstated")]
    assert kept(later) == [("token", "jean native ci", "kept: revoked")]
    assert opens(house, VALUE) is Reason.TOKEN_ENDED


def test_a_user_is_born_suspended(house: Household) -> None:
    """Its tokens are taken over dead; a later file mints none for it."""
    apply(house, JEAN + "    suspended: true\n")
    assert opens(house, VALUE) is Reason.OWNER_SUSPENDED
    later = apply(house, JEAN + "      - {name: other}\n    suspended: true\n")
    assert later.changed == ()
    assert ("token", "jean native other", "kept: owner suspended") in kept(later)
    house.wish(OPERATOR, c.ReinstateUser(ref()))
    assert opens(house, VALUE) is Reason.TOKEN_ENDED


def test_a_new_factor_ends_other_sessions(house: Household) -> None:
    """Sessions that never showed it are over (rules.md 5); personal tokens stay."""
    apply(house, JEAN)
    session = house.sign_in("jean", PASSWORD).secret
    apply(house, JEAN + "    factors: [{kind: totp, secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP}]\n")
    assert house.opens(session) is Reason.TOKEN_ENDED
    assert opens(house, VALUE) is None


def test_what_a_token_may_do_is_updated(house: Household) -> None:
    """Scopes and the flag follow the file; the secret does not change."""
    file = JEAN.replace("name: ci", "name: ci, scopes: [introspect], bypass_two_factor: true")
    apply(house, JEAN)
    assert changed(apply(house, file)) == [("token", "jean native ci", "updated")]
    (view,) = house.wish(OPERATOR, c.ListTokens(ref())).tokens
    assert (view.token.scopes, view.token.bypass) == (("introspect",), True)
    assert opens(house, VALUE) is None
    assert apply(house, JEAN).changed == ()


@pytest.mark.parametrize(
    ("more", "touches"),
    [
        ("    display_name: New\n", "subject:"),
        ("    display_name: New\nrealms:\n  - {name: default, display_name: D}\n", "realm:"),
        ("    display_name: New\nrealms:\n  - {name: shop, display_name: D}\n", "realm:*"),
    ],
)
def test_a_change_touches_no_more_than_it_must(house: Household, more: str, touches: str) -> None:
    """One person, one realm, or all: the narrowest word that covers the changes."""
    apply(house, "realms: [{name: shop}]\n" + JEAN)
    apply(house, JEAN + more)
    assert (house.lines()[-1].touches or "").startswith(touches)
    assert len(house.settled) == 2


# --- what cannot be


def test_what_the_store_cannot_give_is_told_at_once(house: Household) -> None:
    """Every fault has its line, and nothing at all was changed."""
    apply(house, "realms: [{name: shop, hosts: [a.test]}]\nusers: [{login: taken, email: t@x.test, number: 4711}]\n")
    assert wrong(
        house,
        "realms:\n  - name: default\n    hosts: [a.test]\n"
        "roles:\n  - {realm: nowhere, name: A, permissions: []}\n  - {name: Viewers, permissions: []}\n"
        "users:\n  - login: a\n    realm: nowhere\n  - login: b\n    number: 4711\n    email: T@x.test\n"
        "    roles:\n      - Nobody\n  - login: api_user\n  - login: c\n    password: short\n"
        "  - login: d\n    factors:\n      - kind: email\n"
        "  - login: e\n    password: password1234567\n    trusted: true\n",
    ) == [
        (3, "realms[0].hosts"), (5, "roles[0].realm"), (6, "roles[1].name"), (9, "users[0].realm"),
        (11, "users[1].number"), (12, "users[1].email"), (13, "users[1].roles[0]"), (15, "users[2].login"),
        (17, "users[3].password"), (20, "users[4].factors[0]"),
    ]  # fmt: skip


def test_policy_of_the_same_file_counts(house: Household) -> None:
    """A password is judged by the realm as it will be; `trusted` asks nobody."""
    short = 'users:\n  - login: a\n    realm: shop\n    password: "Xk4-pQ9z"\n'
    assert wrong(house, "realms: [{name: shop}]\n" + short) == [(5, "users[0].password")]
    apply(house, "realms: [{name: shop, policy: {password_min_length: 8}}]\n" + short)
    apply(house, 'users:\n  - login: b\n    password: "short"\n    trusted: true\n')
    assert not isinstance(house.sign_in("b", "short"), Denied)


def test_a_quota_is_kept_to(house: Household) -> None:
    """A file that asks for more tokens than a user may hold is told at the one that is too many."""
    realm = "realms: [{name: default, settings: {quota.personal: 1}}]\n"
    file = f"{realm}users:\n  - login: jean\n    tokens:\n      - name: a\n      - name: b\n"
    assert wrong(house, file) == [(6, "users[0].tokens[1]")]


def test_only_the_operator_applies(house: Household) -> None:
    """A plan is no wish of an administrator of one realm."""
    from keyturn.core.plan import Plan

    admin = house.person("adm", "Administrators")
    outcome = house.wish(house.token(admin), c.Apply(Plan()))
    assert isinstance(outcome, Denied)
    assert outcome.reason is Reason.FORBIDDEN


def test_tokens_of_every_wire_open_their_own_door(house: Household) -> None:
    """A given token of each wire is good on that wire, and on no other."""
    given = {
        "native": VALUE, "rocketchat": "RScctEHSmLGZGywfIhWyRpyofhKOiMoUIpimhvheU3f",
        "pam360": "E8ABB2A7-0C4B-1F2E-0A53-1B7C9D2E4F60", "pyramid": "cHlyYW1pZCB0b2tlbiBvZiBqZWFuIGluIGEgZmlsZSE=",
        "puppet": "0Vl" + "a" * 61,
    }  # fmt: skip
    kinds = {"native": "personal", "rocketchat": "personal", "pam360": "api", "pyramid": "session", "puppet": "session"}
    rows = "".join(f'      - {{kind: {kinds[w]}, dialect: {w}, name: x, value: "{v}"}}\n' for w, v in given.items())
    apply(house, f"users:\n  - login: jean\n    tokens:\n{rows}")
    for wire, value in given.items():
        assert house.opens(Secret(value), wire) is None
        assert house.opens(Secret(value), "native" if wire != "native" else "puppet") is Reason.WRONG_DOOR


def test_many_users_are_hashed_side_by_side(house: Household) -> None:
    """A file of many people is one transaction, and a second run compares them all."""
    people = "".join(f'  - {{login: p{n}, password: "a passphrase of number {n}"}}\n' for n in range(12))
    assert len(apply(house, f"users:\n{people}").changed) == 12
    again = apply(house, f"users:\n{people}")
    assert (again.changed, again.kept) == ((), ())
    assert house.read(lambda tx: tokens.behind(tx, b"unknown")) is None
