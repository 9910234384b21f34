"""Tokens, passwords and accounts of the Puppet wire over time: what outlives what, what ends when, and races."""

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from keyturn.core import commands as c
from keyturn.core.types import Secret
from keyturn.store import locks, tokens
from tests.dialects.test_puppet_door import NEW, V1, Town, kind, told
from tests.houses import PASSWORD, Household
from tests.served import HOST, Heard, Served

V2 = "/rbac-api/v2"
DAY = 86_400
OTHER = "one more passphrase here"


@pytest.fixture
def town(served: Served) -> Town:
    """A fresh town on each store."""
    return Town(served)


def looked_at(town: Town, token: str, counts: bool | None = None) -> Heard:
    """What is told of a token that is sent to be looked at."""
    more = {} if counts is None else {"update_last_activity?": counts}
    return town.served.request("POST", f"{V2}/auth/token/authenticate", (), {"token": token, **more})


def ended(town: Town, token: str, body: object) -> Heard:
    """The answer to a wish to end tokens."""
    return town.served.request("DELETE", f"{V2}/tokens", [("X-Authentication", token)], body)


# --- tokens by tokens


def test_a_further_token_never_outlives_the_first(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever life is asked for, it ends with the presented token at the latest."""
    first = town.token("mara", lifetime="20m")
    long = told(town.by(first, "POST", "/tokens", {"lifetime": "10y"}))["token"]
    longest = told(town.by(long, "POST", "/tokens", {"lifetime": "0"}))["token"]
    short = told(town.by(first, "POST", "/tokens", {"lifetime": 60}))["token"]
    ends = [told(looked_at(town, token))["expiration"] for token in (first, long, longest)]
    assert len(set(ends)) == 1
    town.passes(monkeypatch, 61)
    assert [town.current(token) for token in (short, longest)] == ["token-expired", "mara"]
    town.passes(monkeypatch, 1200)
    assert [town.current(token) for token in (long, longest)] == ["token-expired", "token-expired"]


def test_a_dead_token_makes_none(town: Town) -> None:
    """Of a token that was ended comes no other one."""
    token = town.token("mara")
    assert ended(town, token, {"revoke_tokens": [token]}).status == 204
    assert kind(town.by(token, "POST", "/tokens", {})) == "token-revoked"


def test_only_a_session_of_this_wire_makes_one(town: Town) -> None:
    """A native token opens nothing here, and the further token opens nothing there."""
    native = town.home.token(town.people["mara"]).secret.reveal()
    assert kind(town.by(native, "POST", "/tokens", {})) == "invalid-token"
    further = told(town.by(town.token("mara"), "POST", "/tokens", {}))["token"]
    assert town.served.request("GET", "/v1/me", [("Authorization", f"Bearer {further}")]).status == 401


@pytest.mark.parametrize("label", [" ", "a,b", "x" * 201, "a\x00b"])
def test_labels_that_are_none(town: Town, label: str) -> None:
    """Blank, with a comma, too long or not to be shown: 400, and nothing is made."""
    for heard in (town.sign_in("mara", label=label), town.by(town.token("mara"), "POST", "/tokens", {"label": label})):
        assert (heard.status, kind(heard)) == (400, "schema-violation")
        assert label not in heard.text or label == " "


def test_a_known_label_opens_nothing(town: Town) -> None:
    """Whoever knows a label and not the password gets no token, whatever else is sent, and ends none (A35)."""
    first = town.token("mara", label="ci")
    for password in ("", "wrong guess", PASSWORD.upper()):
        for more in ({"label": "ci"}, {"label": "ci", "lifetime": "0", "token": first}):
            heard = town.sign_in("mara", password, **more)
            assert (heard.status, "token" in heard.json()) == (401, False)
    assert town.sign_in("admin", PASSWORD, label="ci").json()["token"] != first
    assert town.current(first) == "mara"
    town.home.factor(town.people["mara"])
    assert town.sign_in("mara", label="ci").status == 401
    assert town.current(first) == "mara"


# --- looking at tokens


def test_looking_at_a_token_counts_as_a_use_unless_it_is_not_to(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a session timeout `update_last_activity?` says whether it stays alive; one that lay too long is 403."""
    town.choose(session_timeout=600)
    asked, counted, quiet, marked = (town.token("mara") for _ in range(4))
    assert told(looked_at(town, asked))["timeout"] == 10
    town.passes(monkeypatch, 400)
    for token, counts in ((asked, None), (counted, True), (quiet, False), (f"{marked}|no_keepalive", True)):
        assert looked_at(town, token, counts).status == 200
    town.served.instance._uses.flush()
    town.passes(monkeypatch, 300)
    assert [looked_at(town, token, False).status for token in (asked, counted, quiet, marked)] == [200, 200, 403, 403]
    assert kind(looked_at(town, quiet)) == "token-timed-out"


def test_what_is_wrong_with_a_token_is_told_by_status(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """403 for one that was good, 400 for one that never was, and the user's own state before the token's."""
    token, short = town.token("mara"), town.token("mara", lifetime="30s")
    town.passes(monkeypatch, 31)
    assert (looked_at(town, short).status, kind(looked_at(town, short))) == (403, "token-expired")
    town.wish(c.SuspendUser(town.people["mara"].ref))
    assert (looked_at(town, token).status, kind(looked_at(town, token))) == (403, "user-revoked")
    for text in ("", "x", "0" * 64, "é" * 64, "a" * 5000):
        assert (looked_at(town, text).status, kind(looked_at(town, text))) == (400, "invalid-token")


# --- ending tokens


def test_what_may_be_ended_is_whatever_else_is_refused(town: Town) -> None:
    """403 goes before 400, and everything valid is over all the same."""
    mine, admin = town.token("mara"), town.token("admin")
    labelled = town.token("mara", label="ci")
    body = {
        "revoke_tokens": [labelled, "?"],
        "revoke_tokens_by_usernames": ["admin", "nobody"],
        "revoke_tokens_by_ids": [town.uuid("admin")],
    }
    heard = ended(town, mine, body)
    details = heard.json()["details"]
    assert (heard.status, kind(heard)) == (403, "permission-denied")
    assert details["permission_denied_usernames"] == ["admin", "nobody"]
    assert details["permission_denied_ids"] == [town.uuid("admin")]
    assert (details["nonexistent_usernames"], details["other_tokens_revoked"]) == ([], True)
    assert "?" not in heard.text
    assert [town.current(token) for token in (labelled, admin)] == ["token-revoked", "admin"]


def test_who_may_disable_ends_sessions_everywhere(town: Town) -> None:
    """By the right to disable, and on nobody above: sessions of every wire, and what else opens this one."""
    town.wish(c.PutRole("Guards", (f"users:disable:{town.uuid('mara')}", f"users:disable:{town.uuid('admin')}")))
    town.home.person("guard", "Guards")
    guard, mara = town.token("guard"), town.token("mara")
    native = town.home.token(town.people["mara"])
    kept = town.home.token(town.people["mara"], "personal", name="mine")
    heard = ended(town, guard, {"revoke_tokens_by_usernames": ["MARA", "admin"]})
    assert (heard.status, heard.json()["details"]["permission_denied_usernames"]) == (403, ["admin"])
    assert town.current(mara) == "token-revoked"
    assert town.home.opens(native) is not None
    assert town.home.opens(kept) is None
    line = [line for line in town.home.lines("done") if line.verb == "tokens:revoke_many"][-1]
    assert (line.subject, line.kills) == (town.people["mara"].subject.id, True)


def test_nothing_of_another_realm_is_ended(town: Town) -> None:
    """Names, ids and texts of another realm mean nothing here, in an administrator's hand too."""
    town.home.realm("shop")
    other = town.home.person("zoe", "Administrators", realm="shop")
    held = town.home.token(other, dialect="puppet")
    body = {"revoke_tokens": [held.secret.reveal()], "revoke_tokens_by_ids": [held.view.token.uuid, other.subject.uuid]}
    assert ended(town, town.token("admin"), body).status == 204
    assert town.home.opens(held, "puppet") is None
    heard = ended(town, town.token("admin"), {"revoke_tokens_by_usernames": ["zoe"]})
    assert heard.json()["details"]["nonexistent_usernames"] == ["zoe"]


def test_a_label_is_one_s_own(town: Town) -> None:
    """The same label of somebody else is not touched."""
    mine, theirs = town.token("mara", label="ci"), town.token("admin", label="ci")
    assert ended(town, town.token("mara"), {"revoke_tokens_by_labels": ["ci", "unknown"]}).status == 204
    assert [town.current(mine), town.current(theirs)] == ["token-revoked", "admin"]


# --- passwords


def test_the_wire_s_rules_rule_this_wire_alone(town: Town) -> None:
    """The older default of six takes a short password here; natively fifteen characters stay due."""
    town.choose(password_policy={"password_minimum_length": 6})
    assert town.redeem(town.reset("mara"), "t0ps3cret").status == 200
    body = {"current_password": "t0ps3cret", "password": "puppetlabs"}
    assert town.by(town.token("mara", "t0ps3cret"), "PUT", "/users/current/password", body).status == 200
    issued = town.wish(c.IssueReset(town.people["mara"].ref))
    native = {"token": issued.secret.reveal(), "password": "zzq81vb"}
    assert town.served.request("POST", "/v1/password-resets/redeem", (), native).status == 400


def test_former_passwords_of_every_wire_are_remembered(town: Town) -> None:
    """As many as the realm says, the present one among them, whichever wire they were set on; else none."""
    town.choose(password_policy={"number_of_previous_passwords": 3})
    issued = town.wish(c.IssueReset(town.people["mara"].ref))
    assert town.home.wish(None, c.RedeemReset(issued.secret, Secret(OTHER))).__class__.__name__ == "Ended"
    assert town.redeem(town.reset("mara"), NEW).status == 200
    assert [town.redeem(town.reset("mara"), old).status for old in (NEW, OTHER, PASSWORD)] == [400, 400, 400]
    assert town.redeem(town.reset("mara"), "the fourth of them is new").status == 200
    assert town.home.one("SELECT count(*) FROM former_passwords") == 2
    assert town.redeem(town.reset("mara"), PASSWORD).status == 200
    town.choose(password_policy={})
    assert town.redeem(town.reset("mara"), PASSWORD).status == 200
    assert town.home.one("SELECT count(*) FROM former_passwords") == 0


def test_a_refusal_tells_no_password(town: Town) -> None:
    """Neither the password that was tried nor one before is in any answer."""
    rules = {"numbers_required": 3, "special_characters_required": 2, "number_of_previous_passwords": 2}
    town.choose(password_policy=rules)
    reset = town.reset("mara")
    weak = "Never-tell-this-back"
    heard = [town.redeem(reset, weak), town.redeem(reset, PASSWORD)]
    question = {"password": weak, "reset-token": reset}
    heard.append(town.served.request("POST", f"{V1}/command/validate-password", (), question))
    assert [h.status for h in heard] == [400, 400, 200]
    assert not any(weak in h.text or PASSWORD in h.text or reset in h.text for h in heard)


# --- idle accounts


def test_an_idle_account_is_revoked_by_the_care_of_the_minute(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who neither signed in nor used a token for so long is suspended, also who never did; no administrator is."""
    town.choose(account_expiry_days=30)
    town.home.person("never")
    town.home.person("boss", "Administrators")
    town.home.token(town.people["mara"], dialect="puppet", life=None)
    user = town.home.person("user")
    busy = town.home.token(user, dialect="puppet", life=None)
    town.passes(monkeypatch, 29 * DAY)
    assert town.current(busy.secret.reveal()) == "user"
    town.served.instance._uses.flush()
    town.served.instance.take_care()
    assert not town.revoked("mara")
    town.passes(monkeypatch, 2 * DAY)
    town.served.instance.take_care()
    states = dict(town.home.read(lambda tx: tx.all("SELECT login, state FROM subjects WHERE login <> ''")))
    assert states == {
        "admin": "active", "api_user": "active", "boss": "active", "user": "active",
        "mara": "suspended", "never": "suspended",
    }  # fmt: skip
    lines = [line for line in town.home.lines("done") if line.verb == "users:expire"]
    assert len(lines) == 2
    assert all(line.kills for line in lines)


def test_an_idle_account_is_over_before_any_care_is_taken(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first use after the day the token and the right password hear that the user is revoked."""
    town.choose(account_expiry_days=30)
    held = town.home.token(town.people["mara"], dialect="puppet", life=None).secret.reveal()
    town.passes(monkeypatch, 31 * DAY)
    assert [town.current(held) for _ in range(2)] == ["user-revoked", "user-revoked"]
    town.served.instance._uses.flush()
    assert town.current(held) == "user-revoked"
    assert town.sign_in("mara", "wrong guess").body == town.sign_in("nobody").body
    assert kind(town.sign_in("mara")) == "user-revoked"
    assert town.home.lines("done")[-1].verb == "users:expire"


def test_an_account_that_is_let_in_again_has_its_days_anew(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reinstating an idle user lasts, though the last sign-in was long ago."""
    town.choose(account_expiry_days=30)
    town.passes(monkeypatch, 31 * DAY)
    town.served.instance.take_care()
    town.wish(c.ReinstateUser(town.people["mara"].ref))
    town.served.instance.take_care()
    assert town.sign_in("mara").status == 200
    town.passes(monkeypatch, 31 * DAY)
    town.served.instance.take_care()
    assert town.redeem(town.reset("mara")).status == 200
    town.served.instance.take_care()
    assert town.sign_in("mara", NEW).status == 200


# --- lockout, and races


def test_the_offline_reset_opens_the_lock(town: Town) -> None:
    """A reset token that the machine's own command line makes lets a locked-out administrator in again."""
    town.guess("admin")
    issued = town.wish(c.IssueReset(town.people["admin"].ref))
    assert town.sign_in("admin").status == 401
    assert town.redeem(issued.secret.reveal()).status == 200
    assert told(town.sign_in("admin", NEW))["token"]


def test_many_guesses_at_once_stop_at_the_limit(town: Town) -> None:
    """However they come, no more than ten are evaluated, all answers are the same, and the tokens are over (T06)."""
    token = town.token("mara")
    with ThreadPoolExecutor(8) as crowd:
        heard = list(crowd.map(lambda n: town.sign_in("mara", f"wrong guess {n}"), range(24)))
    assert {(h.status, h.body) for h in heard} == {(401, heard[0].body)}
    mara = town.people["mara"].subject
    lock = town.home.read(lambda tx: locks.get(tx, mara.realm, locks.account_of_subject(mara.id), "password"))
    assert (lock.failures, lock.closed_on) == (10, "puppet")
    assert town.current(token) == "token-revoked"


def test_a_reset_token_is_used_once_by_a_crowd(town: Town) -> None:
    """Of many who use it at once one hears 200 and the others 403, and that one's password is in force (T05)."""
    reset = town.reset("mara")
    passwords = [f"passphrase of number {n:02}" for n in range(8)]
    with ThreadPoolExecutor(8) as crowd:
        statuses = list(crowd.map(lambda password: town.redeem(reset, password).status, passwords))
    assert sorted(statuses) == [200] + [403] * 7
    assert town.sign_in("mara", passwords[statuses.index(200)]).status == 200


def test_a_label_taken_at_once_leaves_one_token(town: Town) -> None:
    """Of many that sign in under one label at once all are answered, and one token is left."""
    with ThreadPoolExecutor(6) as crowd:
        heard = list(crowd.map(lambda _: town.sign_in("mara", label="ci"), range(6)))
    given = [h.json()["token"] for h in heard if h.status == 200]
    assert {h.status for h in heard} <= {200, 409, 503}
    assert sum(town.current(token) == "mara" for token in given) == 1


# --- as the product's pages print it


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_liners(town: Town) -> None:
    """Real curl: a token cut out by awk, a header without a space, a reset, a revocation by a body without a type."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    api = f"http://{HOST}:{town.served.port}/rbac-api"
    body = json.dumps({"login": "admin", "password": PASSWORD, "lifetime": "4h", "label": "workstation"})
    script = f"""set -e
    type_header='Content-Type: application/json'
    token=$(curl -ksS -X POST -H "$type_header" -d '{body}' {api}/v1/auth/token | awk -F'"' '{{print $4}}')
    curl -sS -H "X-Authentication:$token" {api}/v1/users/current; echo
    curl -sS "{api}/v1/users/current?token=$token"; echo
    reset=$(curl -sS -X POST -H "X-Authentication: $token" {api}/v1/users/{town.uuid("mara")}/password/reset)
    curl -sS -X POST -H "$type_header" {api}/v1/auth/reset \\
      -d "{{\\"token\\":\\"$(echo "$reset" | awk -F'"' '{{print $4}}')\\",\\"password\\":\\"{NEW}\\"}}"; echo
    curl -sS -X DELETE -H "X-Authentication: $token" -d '{{"revoke_tokens_by_labels":["workstation"]}}' \\
      -w '%{{http_code}}' {api}/v2/tokens; echo
    curl -sS -H 'Accept: text/html' -H "X-Authentication: $token" {api}/v1/users/current
    """
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    mine, again, done, status, msg = run.stdout.splitlines()
    assert json.loads(mine)["login"] == json.loads(again)["login"] == "admin"
    assert (done, status, msg) == ("{}", "204", "Authentication token has been revoked.")
    assert town.sign_in("mara", NEW).status == 200


def test_a_derived_session_and_an_end_of_all_at_once(house: Household) -> None:
    """What ends all of an owner's sessions leaves none that was being made by one of them (P1)."""
    person = house.person()
    held = [house.token(person, dialect="puppet") for _ in range(6)]
    admin = house.token(house.person("", "Stewards"), dialect="puppet")
    with ThreadPoolExecutor(7) as crowd:
        made = [crowd.submit(house.wish, one, c.DeriveSession()) for one in held]
        crowd.submit(house.wish, admin, c.RevokeTokens(users=(person.login,))).result()
        for one in made:
            one.result()
    assert house.read(lambda tx: tokens.live(tx, person.subject.id, house.store.now())) == []
