"""The bootstrap file as it is read: every fault with its line, nothing of its values told, no YAML trick taken."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyturn.app import catalogue
from keyturn.cli.applying import known
from keyturn.cli.bootstrap_file import Sheet, read
from keyturn.core.plan import PlannedToken, PlannedUser

KNOWN = known(catalogue())
EXAMPLE = Path(__file__).parents[2] / "examples" / "bootstrap.yaml"
WHOLE = """\
realms:
  - name: default                   # the realm used where nothing names one
    display_name: Example Org       # what PAM360 calls orgName
    hosts: []                       # host names that mean this realm
    policy: {lockout_attempts: 10, password_min_length: 15, password_min_length_two_factor: 8, two_factor: optional}
    settings: {"rocketchat.profile": classic}
roles:
  - {realm: default, name: Resetters, permissions: ["users:reset_password:*"]}
users:
  - realm: default
    login: jean
    uuid: 11111111-1111-4111-8111-111111111111
    email: jean@example.test
    email_verified: true
    notify: [security@example.test]
    display_name: Jean Test
    password: "Je4n-Passw0rd-22!"
    must_change: false
    remote: false
    service: false
    roles: [Viewers]
    suspended: false
    factors: [{kind: totp, secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP}, {kind: email}]
    attributes:
      pam360: {rest_access: true, host: "", validity_days: 100, expires_on: "2027-10-30"}
      pyramid: {admin_type: None, licence: Viewer}
    tokens:
      - {kind: personal, name: ci, dialect: rocketchat, value: "RScctEHSmLGZGywfIhWyRpyofhKOiMoUIpimhvheU3f", bypass_two_factor: false}
      - {kind: api, dialect: pam360, value: "E8ABB2A7-0C4B-1F2E-0A53-1B7C9D2E4F60", expires_in: 30d}
      - {kind: session, dialect: puppet, name: ci-label, expires_in: 1h}
      - {kind: personal, name: deploy}
      - {kind: personal, name: old, digest: "sha256:YJGLfr2hIC/hfZuR3RgFmw9wDkp1fCr5v5eRvzWUUnY="}
"""  # noqa: E501 - as people write it


def sheet(text: str | bytes) -> Sheet:
    """The text, read."""
    return read(text.encode() if isinstance(text, str) else text, KNOWN)


def found(text: str | bytes) -> list[tuple[int, str]]:
    """Line and place of every fault."""
    return [(fault.line, fault.at) for fault in sheet(text).faults]


def user(more: str) -> str:
    """A file with one user, whose further fields begin on line 3."""
    return f"users:\n  - login: jean\n{more}\n"


def only(text: str) -> PlannedUser:
    """The one user of a sound file."""
    read_ = sheet(text)
    assert read_.faults == ()
    return read_.plan.users[0]


def test_the_documented_file_is_taken_whole() -> None:
    """Every field of the contract's page comes out as it went in."""
    plan = sheet(WHOLE)
    assert plan.faults == ()
    realm, role, jean = plan.plan.realms[0], plan.plan.roles[0], plan.plan.users[0]
    assert (realm.name, realm.display_name, realm.hosts) == ("default", "Example Org", ())
    assert realm.policy["lockout_attempts"] == 10
    assert realm.settings == {"rocketchat.profile": "classic"}
    assert role.permissions == ("users:reset_password:*",)
    assert (jean.login, jean.email, jean.roles) == ("jean", "jean@example.test", ("Viewers",))
    assert jean.password is not None
    assert jean.password.reveal() == "Je4n-Passw0rd-22!"
    assert jean.attributes["pam360"] == {
        "rest_access": True,
        "host": "",
        "validity_days": 100,
        "expires_on": "2027-10-30",
    }
    assert jean.attributes["pyramid"] == {"admin_type": "None", "licence": "Viewer"}
    assert [(t.kind, t.dialect, t.name, t.expires_in) for t in jean.tokens] == [
        ("personal", "rocketchat", "ci", None),
        ("api", "pam360", None, 2_592_000),
        ("session", "puppet", "ci-label", 3600),
        ("personal", "native", "deploy", None),
        ("personal", "native", "old", None),
    ]


def test_a_plan_shows_no_secret() -> None:
    """Its repr holds no password, token or seed."""
    shown = repr(sheet(WHOLE).plan)
    for secret in ("Je4n", "RScc", "E8ABB2A7", "JBSWY3"):
        assert secret not in shown


def test_the_example_is_sound() -> None:
    """The file that the README applies is a file we take."""
    assert found(EXAMPLE.read_bytes()) == []


WRONG: list[tuple[str, str, list[tuple[int, str]]]] = [
    ("nothing", "", [(1, "")]),
    ("a list", "- a\n", [(1, "")]),
    ("an unknown section", "realm: []\n", [(1, "realm")]),
    ("a section of the wrong form", "users: {login: jean}\n", [(1, "users")]),
    ("a user of the wrong form", "users:\n  - jean\n", [(2, "users[0]")]),
    ("no login", "users:\n  - email: a@b.test\n", [(2, "users[0].login")]),
    ("an unknown field", user("    emial: a@b.test"), [(3, "users[0].emial")]),
    ("a number for text", user("    display_name: 12"), [(3, "users[0].display_name")]),
    ("a list for text", user("    display_name: [a]"), [(3, "users[0].display_name")]),
    ("a mapping for text", user("    password: {a: b}"), [(3, "users[0].password")]),
    ("an empty password", user('    password: ""'), [(3, "users[0].password")]),
    ("text for a truth value", user('    remote: "yes"'), [(3, "users[0].remote")]),
    ("no mail address", user("    email: nobody"), [(3, "users[0].email")]),
    (
        "two wrong addresses",
        user("    notify:\n      - a\n      - b"),
        [(4, "users[0].notify[0]"), (5, "users[0].notify[1]")],
    ),
    ("text for a list", user("    roles: Viewers"), [(3, "users[0].roles")]),
    ("no uuid", user("    uuid: abc"), [(3, "users[0].uuid")]),
    ("no number", user("    number: 0"), [(3, "users[0].number")]),
    ("a huge number", user("    number: 99999999999999999999"), [(3, "users[0].number")]),
    ("no handle", user('    handle: "a b"'), [(3, "users[0].handle")]),
    ("no hash", user("    password_hash: plain"), [(3, "users[0].password_hash")]),
    (
        "password and hash",
        user('    password: x\n    password_hash: "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"'),
        [(4, "users[0].password_hash")],
    ),
    ("a remote user's password", user("    password: x\n    remote: true"), [(3, "users[0].password")]),
    ("an unknown factor", user("    factors: [{kind: sms}]"), [(3, "users[0].factors[0].kind")]),
    ("totp without seed", user("    factors:\n      - kind: totp"), [(4, "users[0].factors[0].secret")]),
    ("a seed that is none", user('    factors: [{kind: totp, secret: "!"}]'), [(3, "users[0].factors[0].secret")]),
    (
        "a mailed code with a seed",
        user("    factors: [{kind: email, secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP}]"),
        [(3, "users[0].factors[0].secret")],
    ),
    ("an unknown wire", user("    attributes: {other: {a: 1}}"), [(3, "users[0].attributes.other")]),
    (
        "an attribute's type",
        user("    attributes: {pam360: {rest_access: 1}}"),
        [(3, "users[0].attributes.pam360.rest_access")],
    ),
    (
        "no day",
        user('    attributes: {pam360: {expires_on: "31.12."}}'),
        [(3, "users[0].attributes.pam360.expires_on")],
    ),
    (
        "an unknown licence",
        user("    attributes: {pyramid: {licence: Gold}}"),
        [(3, "users[0].attributes.pyramid.licence")],
    ),
    ("an attribute's form", user("    attributes: {pam360: [a]}"), [(3, "users[0].attributes.pam360")]),
    ("an unknown dialect", user("    tokens: [{dialect: ftp}]"), [(3, "users[0].tokens[0].dialect")]),
    ("an unknown kind", user("    tokens: [{kind: reset}]"), [(3, "users[0].tokens[0].kind")]),
    (
        "a kind of another wire",
        user("    tokens: [{kind: session, dialect: pam360}]"),
        [(3, "users[0].tokens[0].kind")],
    ),
    (
        "a value of another form",
        user("    tokens: [{dialect: rocketchat, value: abc}]"),
        [(3, "users[0].tokens[0].value")],
    ),
    (
        "value and digest",
        user(
            "    tokens:\n      - name: a\n        value: abcdefghijklmnopqrstuvwxyz\n"
            '        digest: "sha256:YJGLfr2hIC/hfZuR3RgFmw9wDkp1fCr5v5eRvzWUUnY="'
        ),
        [(6, "users[0].tokens[0].digest")],
    ),
    ("a short digest", user('    tokens: [{digest: "sha256:YWJj"}]'), [(3, "users[0].tokens[0].digest")]),
    ("another digest", user('    tokens: [{digest: "md5:YWJj"}]'), [(3, "users[0].tokens[0].digest")]),
    ("no duration", user("    tokens: [{expires_in: soon}]"), [(3, "users[0].tokens[0].expires_in")]),
    ("no time at all", user("    tokens: [{expires_in: 0}]"), [(3, "users[0].tokens[0].expires_in")]),
    ("no scope", user("    tokens: [{scopes: []}]"), [(3, "users[0].tokens[0].scopes")]),
    ("a wrong scope", user('    tokens: [{scopes: ["a b"]}]'), [(3, "users[0].tokens[0].scopes[0]")]),
    ("an empty name", user('    tokens: [{name: " "}]'), [(3, "users[0].tokens[0].name")]),
    ("an unknown policy", "realms:\n  - name: a\n    policy: {length: 1}\n", [(3, "realms[0].policy.length")]),
    (
        "a policy out of bounds",
        "realms:\n  - name: a\n    policy: {lockout_attempts: 0}\n",
        [(3, "realms[0].policy.lockout_attempts")],
    ),
    ("an unknown setting", 'realms:\n  - name: a\n    settings: {"a.b": 1}\n', [(3, "realms[0].settings.a.b")]),
    (
        "a setting's type",
        'realms:\n  - name: a\n    settings: {"pam360.http_status": 1}\n',
        [(3, "realms[0].settings.pam360.http_status")],
    ),
    ("a policy of the wrong form", "realms:\n  - name: a\n    policy: strict\n", [(3, "realms[0].policy")]),
    ("a realm without a name", "realms:\n  - display_name: A\n", [(2, "realms[0].name")]),
    ("an empty display name", 'realms:\n  - name: a\n    display_name: ""\n', [(3, "realms[0].display_name")]),
    ("a host with a port", 'realms:\n  - name: a\n    hosts: ["a:80"]\n', [(3, "realms[0].hosts[0]")]),
    ("a role without permissions", "roles:\n  - name: A\n", [(2, "roles[0].permissions")]),
    (
        "an unknown permission",
        'roles:\n  - name: A\n    permissions: ["cats:feed:*"]\n',
        [(3, "roles[0].permissions[0]")],
    ),
    ("the same user twice", "users:\n  - login: jean\n  - login: JEAN\n", [(3, "users[1].login")]),
    ("a key twice", user("    email: a@b.test\n    email: c@d.test"), [(4, "users[0].email")]),
    ("a key that is no word", "users:\n  - ? [a]\n    : b\n    login: a\n", [(2, "users[0]")]),
    ("no YAML", "users: [\n", [(2, "")]),
    ("two documents", "--- {}\n--- {}\n", [(2, "")]),
    ("an alias", "users: &u []\nroles: *u\n", [(2, "")]),
    ("a tag", "users: []\nroles: !!python/object:os.system x\n", [(2, "")]),
    (
        "a wrong kind on another wire",
        user("    tokens: [{kind: reset, dialect: pam360}]"),
        [(3, "users[0].tokens[0].kind")],
    ),
    ("depth", "users: " + "[" * 100_000, [(1, "")]),
    ("NUL", "users: []\nroles: \0\n", [(2, "")]),
]


@pytest.mark.parametrize(("text", "faults"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
def test_a_fault_is_named_with_its_line(text: str, faults: list[tuple[int, str]]) -> None:
    """Each way to be wrong has its line and its place."""
    assert found(text) == faults


def test_bytes_that_are_no_text() -> None:
    """Invalid UTF-8 is a fault at its line; a mark of byte order is none."""
    assert found(b"users: []\nroles: \xff\n") == [(2, "")]
    assert found(b"\xef\xbb\xbfusers: []\n") == []


def test_every_fault_at_once() -> None:
    """A file that is wrong all over is told so all over, in the order of its lines."""
    realm, role = "realms:\n  - name: a\n    x: 1\n", 'roles:\n  - name: ""\n    permissions: [a]\n'
    text = f"{realm}{role}users:\n  - email: b\n    tokens: [{{kind: c}}]\n"
    assert found(text) == [
        (3, "realms[0].x"), (5, "roles[0].name"), (6, "roles[0].permissions[0]"), (8, "users[0].login"),
        (8, "users[0].email"), (9, "users[0].tokens[0].kind"),
    ]  # fmt: skip


def test_no_fault_tells_a_value() -> None:
    """Values of a wrong file may be secrets, so none is told."""
    marker = "s3cr3t-m4rker"
    text = (
        WHOLE.replace("jean", marker).replace("2027", marker).replace("E8ABB2A7", marker).replace("JBSW", f"{marker}!")
    )
    text = text.replace("optional", marker).replace("personal", marker).replace("Je4n", f"\\u0000{marker}")
    faults = sheet(text).faults
    assert faults
    assert marker not in "".join(fault.sentence + fault.at for fault in faults)


def test_bare_words_that_yaml_takes_for_something_else() -> None:
    """`two_factor: off` means the word; an unquoted day and `None` are text."""
    assert sheet("realms:\n  - name: a\n    policy: {two_factor: off}\n").plan.realms[0].policy == {"two_factor": "off"}
    day = only(user("    attributes: {pam360: {expires_on: 2027-10-30}}"))
    assert day.attributes == {"pam360": {"expires_on": "2027-10-30"}}


def test_what_no_table_knows_of_a_user_is_kept() -> None:
    """An attribute that a wire will know later is stored as it stands."""
    assert only(user("    attributes: {puppet: {a: [1, {b: true}], c: 1.5}}")).attributes == {
        "puppet": {"a": [1, {"b": True}], "c": 1.5}
    }


def test_what_is_absent_is_left_alone() -> None:
    """None means that nothing is asked; an empty list is asked."""
    plain = only("users: [{login: jean}]\n")
    assert (plain.roles, plain.suspended, plain.email, plain.notify) == (None, None, None, None)
    assert only("users: [{login: jean, roles: []}]\n").roles == ()
    assert only("users: [{login: jean, tokens: [{}]}]\n").tokens == (
        PlannedToken("users[0].tokens[0]", "personal", "native"),
    )


def test_a_later_fault_finds_its_line() -> None:
    """Places that the store finds wrong have the line of the field, or of the nearest thing around it."""
    read_ = sheet("users:\n  - login: a\n  - login: b\n    roles:\n      - X\n")
    told = read_.told({"users[1].roles[0]": "s", "users[0].password": "s", "nowhere": "s"})
    assert [(fault.line, fault.at) for fault in told] == [
        (1, "nowhere"),
        (2, "users[0].password"),
        (4, "users[1].roles[0]"),
    ]


def test_a_file_of_endless_size_is_refused() -> None:
    """64 MiB are enough for anybody."""
    assert [f.sentence for f in sheet(b" " * (64 * 1024 * 1024 + 1)).faults] == ["is larger than 64 MiB"]


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
trees = st.recursive(
    scalars,
    lambda kids: st.lists(kids, max_size=3) | st.dictionaries(st.text(max_size=6), kids, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150)
@given(
    st.sampled_from(["realms", "roles", "users"]),
    st.sampled_from(["name", "login", "tokens", "policy", "roles"]),
    trees,
)
def test_whatever_is_written_is_read_or_refused(section: str, field: str, value: Any) -> None:
    """No tree of values breaks the reader."""
    import yaml

    text = yaml.safe_dump({section: [{"name": "a", "login": "a", field: value}]}, allow_unicode=True)
    for fault in sheet(text).faults:
        assert fault.line > 0
        assert fault.sentence


@settings(max_examples=150)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_whatever_is_sent_is_read_or_refused(text: str | bytes) -> None:
    """No text or bytes break the reader."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    sheet(data)
