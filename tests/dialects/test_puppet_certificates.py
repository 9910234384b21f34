"""Client certificates on the Puppet wire: through real TLS, and behind a proxy that tells what it verified."""

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.core import commands as c
from keyturn.core.outcomes import Reason
from keyturn.core.types import Presented, Secret
from keyturn.http.certificates import common_name
from keyturn.store import realms
from tests.engines import Engine
from tests.houses import PASSWORD, Clock, Household, reason
from tests.issued import Authority
from tests.served import HOST, Heard, Served, serving

V1, V2 = "/rbac-api/v1", "/rbac-api/v2"
LISTED = "console.example.test"
API_USER = "af94921f-bd76-4b58-b5ce-e17c029a2790"


class Gate:
    """A server that asks for client certificates, and what comes of showing one."""

    def __init__(self, served: Served, authority: Authority) -> None:
        self.served = served
        self.authority = authority
        self.home = Household(served.house, Clock(), [], [])
        self.home.choose(puppet__client_cert_allowlist=[LISTED])
        self.mara = self.home.person("mara")

    def shows(self, files: tuple[Path, Path] | None) -> Served:
        """The same server, seen by a client with that certificate."""
        context = ssl.create_default_context(cafile=self.served.certificate)
        if files is not None:
            context.load_cert_chain(*files)
        return Served(self.served.instance, self.served.port, self.served.folder, context)

    def current(self, files: tuple[Path, Path] | None, token: str = "") -> Heard:
        """Who the caller is, by certificate and token."""
        headers = [("X-Authentication", token)] if token else []
        return self.shows(files).request("GET", f"{V1}/users/current", headers)


@pytest.fixture
def gate(database: Engine, tmp_path: Path) -> Iterator[Gate]:
    """A served instance with TLS that asks for certificates of one authority."""
    authority = Authority(tmp_path)
    with serving(database.url, tmp_path, tls=True, client_ca=authority.file) as served:
        yield Gate(served, authority)


def test_a_listed_certificate_acts_as_api_user(gate: Gate) -> None:
    """With the certificate alone a script does what an administrator may, and the record says by which."""
    files = gate.authority.issue(LISTED, organisation="Example")
    assert gate.current(files).json()["id"] == API_USER
    client = gate.shows(files)
    reset = client.request("POST", f"{V1}/users/{gate.mara.subject.uuid}/password/reset")
    assert (reset.status, len(reset.json()["token"])) == (200, 64)
    detail = gate.home.one("SELECT detail FROM audit WHERE verb = 'resets:issue'")
    assert json.loads(detail)["certificate"] == LISTED
    shown = client.request("GET", f"{V2}/certs/{LISTED}").json()
    assert (shown["allowlisted"], shown["subject"]["login"]) == (True, "api_user")


def test_a_certificate_is_wanted_and_not_needed(gate: Gate) -> None:
    """Without one, or with one that is not listed, a token opens the door, and nothing else does."""
    stranger = gate.authority.issue("stranger.example.test")
    token = gate.shows(None).request("POST", f"{V1}/auth/token", (), {"login": "mara", "password": PASSWORD}).json()
    for files in (None, stranger, gate.authority.issue(), gate.authority.issue(LISTED, "other.example.test")):
        heard = gate.current(files)
        assert (heard.status, heard.json()["kind"]) == (401, "puppetlabs.rbac/user-unauthenticated")
        assert gate.current(files, token["token"]).json()["login"] == "mara"


def test_a_certificate_of_somebody_else_is_none(gate: Gate, tmp_path: Path) -> None:
    """A certificate of the listed name that another authority signed opens not even a connection."""
    forged = Authority(tmp_path, "Other CA").issue(LISTED)
    with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
        gate.current(forged)


def test_a_token_decides_before_a_certificate(gate: Gate) -> None:
    """A good token's user is who acts; a bad token is not made good by a certificate."""
    files = gate.authority.issue(LISTED)
    token = gate.shows(files).request("POST", f"{V1}/auth/token", (), {"login": "mara", "password": PASSWORD}).json()
    assert gate.current(files, token["token"]).json()["login"] == "mara"
    heard = gate.current(files, "x" * 64)
    assert (heard.status, heard.json()["kind"]) == (401, "puppetlabs.rbac/invalid-token")


def test_what_a_certificate_does_not_open(gate: Gate) -> None:
    """It gets no token, changes no own password, and is nothing on another wire or in another realm."""
    client = gate.shows(gate.authority.issue(LISTED))
    heard = client.request("POST", f"{V1}/tokens", (), {})
    assert (heard.status, heard.json()["kind"]) == (403, "permission-denied")
    body = {"current_password": "a", "password": "a password for api_user"}
    assert client.request("PUT", f"{V1}/users/current/password", (), body).status == 403
    assert client.request("GET", "/v1/me").status == 401
    gate.home.realm("shop", puppet__client_cert_allowlist=[LISTED])
    shop = next(realm for realm in gate.home.read(realms.all_realms) if realm.name == "shop")
    gate.home.do(realms.set_hosts, shop.id, ("shop.test",))
    assert client.request("GET", f"{V1}/users/current", [("Host", "shop.test")]).status == 401


def test_a_name_taken_from_the_list_is_nothing_at_once(gate: Gate) -> None:
    """The list is looked at with every call."""
    files = gate.authority.issue(LISTED)
    assert gate.current(files).status == 200
    gate.home.choose(puppet__client_cert_allowlist=[])
    assert gate.current(files).status == 401


def test_an_administrator_ends_a_token_with_a_certificate_alone(gate: Gate) -> None:
    """DELETE /v2/tokens/<token> works with no header at all, as a client of the product's sends it."""
    client = gate.shows(gate.authority.issue(LISTED))
    token = client.request("POST", f"{V1}/auth/token", (), {"login": "mara", "password": PASSWORD}).json()["token"]
    assert client.request("DELETE", f"{V2}/tokens/{token}").status == 204
    assert gate.current(None, token).json()["kind"] == "puppetlabs.rbac/token-revoked"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_curl_shows_a_certificate(gate: Gate) -> None:
    """The one-liner of old scripts, with real curl: --cert, --key and --cacert, and no header."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    certificate, key = gate.authority.issue(LISTED)
    line = [curl, "-sS", "--cert", str(certificate), "--key", str(key), "--cacert", str(gate.served.certificate)]
    told = subprocess.run([*line, f"{gate.served.url}{V1}/users/current"], capture_output=True, check=True, timeout=30)
    assert json.loads(told.stdout)["login"] == "api_user"


def test_a_certificate_is_no_session(house: Household) -> None:
    """What a session alone may change of one's own is not changed with a certificate (rules.md 3)."""
    house.choose(puppet__client_cert_allowlist=[LISTED])
    shown = Presented("puppet", certificate=LISTED)
    assert reason(house.wish(shown, c.ShowSelf())) is None
    for wish in (c.EnrolFactor("totp"), c.DeriveSession(), c.ChangePassword(Secret("a password for api_user"))):
        assert reason(house.wish(shown, wish)) is Reason.SESSION_NEEDED
    assert reason(house.wish(Presented("native", certificate=LISTED), c.ShowSelf())) is Reason.UNAUTHENTICATED


# --- behind a proxy


@pytest.fixture
def behind(database: Engine, tmp_path: Path) -> Iterator[Served]:
    """A served instance whose clients all come through a proxy on this machine."""
    with serving(database.url, tmp_path, trusted_proxies=frozenset({HOST})) as served:
        served.people.choose(puppet__client_cert_allowlist=[LISTED])
        yield served


def asked(served: Served, *headers: tuple[str, str]) -> int:
    """The status of a call that these headers of a proxy come with."""
    return served.request("GET", f"{V1}/users/current", headers).status


@pytest.mark.parametrize("names", [("X-Client-Verify", "X-Client-DN"), ("X-SSL-Client-Verify", "X-SSL-Subject")])
def test_a_trusted_proxy_tells_the_subject(behind: Served, names: tuple[str, str]) -> None:
    """What the proxy verified counts as if we had, in either pair of names."""
    verified, subject = names
    assert asked(behind, (verified, "SUCCESS"), (subject, f"CN={LISTED},O=Example")) == 200
    assert asked(behind, (verified, "SUCCESS"), (subject, "CN=stranger.example.test")) == 401


def test_a_proxy_that_verified_nothing_tells_nothing(behind: Served) -> None:
    """No word, a failure, or two words that may not be the same one's, and the subject counts for nothing."""
    subject = ("X-Client-DN", f"CN={LISTED}")
    good = ("X-Client-Verify", "SUCCESS")
    for headers in (
        (subject,), (good,), (("X-Client-Verify", "NONE"), subject), (("X-Client-Verify", "FAILED:expired"), subject),
        (good, subject, subject), (good, good, subject), (good, subject, ("X-SSL-Subject", "CN=x")),
        (good, ("X-Client-DN", f"/O=Example/CN={LISTED}")), (good, ("X-Client-DN", "")),
    ):  # fmt: skip
        assert asked(behind, *headers) == 401, headers


def test_nobody_else_tells_a_subject(database: Engine, tmp_path: Path) -> None:
    """From whoever is no trusted proxy the headers are as good as absent (A39)."""
    with serving(database.url, tmp_path) as served:
        served.people.choose(puppet__client_cert_allowlist=[LISTED])
        assert asked(served, ("X-Client-Verify", "SUCCESS"), ("X-Client-DN", f"CN={LISTED}")) == 401


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_proxy_s_own_certificate_is_not_its_client_s(database: Engine, tmp_path: Path) -> None:
    """A trusted proxy that shows a listed certificate of its own lends it to nobody."""
    authority = Authority(tmp_path)
    proxies = frozenset({HOST})
    with serving(database.url, tmp_path, tls=True, client_ca=authority.file, trusted_proxies=proxies) as served:
        gate = Gate(served, authority)
        assert gate.current(authority.issue(LISTED)).status == 401


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=one", "one"), ("cn=one,O=Two", "one"), ("O=Two, CN=one", "one"), ("2.5.4.3=one", "one"),
        (r"CN=a\,b", "a,b"), (r"CN=\C3\A9t\C3\A9", "été"), ("CN=one+OU=x", "one"), (r"O=x\,CN=two,CN=one", "one"),
        ("CN=one,CN=two", ""), ("O=Two", ""), ("", ""), ("/CN=one", ""), ("one", ""), ("CN=", ""), ("(null)", ""),
        ("CN=one,", ""), ('CN="one"', ""), ("CN=one\x00", ""), ("CN=" + "x" * 2000, ""),
    ],
)  # fmt: skip
def test_a_subject_has_one_name_or_none(subject: str, name: str) -> None:
    """A subject in the form of RFC 4514 tells its one common name; whatever can be read two ways tells none."""
    assert common_name(subject) == name
