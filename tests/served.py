"""The real application behind the real server on a free port, and clients that send what they are told."""

import contextlib
import datetime
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.app import Composition, Instance, compose
from keyturn.cli.applying import apply_file, told
from keyturn.core.outcomes import Applied
from keyturn.http.protocol import limited
from keyturn.http.server import Limits
from tests.houses import KEY, WEAK, Clock, Household

HOST = "127.0.0.1"
HEADER_LIMIT = 16_384
PATIENCE = 30.0
LIMITS = Limits()
Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class Heard(NamedTuple):
    """One answer, as it came."""

    status: int
    headers: dict[str, str]
    """By lower-case name; of a repeated one the values with a comma between."""
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


class Served:
    """An instance that answers at `url` until its fixture is done."""

    def __init__(self, instance: Instance, port: int, folder: Path, tls: ssl.SSLContext | None = None) -> None:
        self.instance = instance
        self.house = instance.house
        self.port = port
        self.folder = folder
        self.tls = tls
        self.url = f"{'http' if tls is None else 'https'}://{HOST}:{port}"

    @property
    def certificate(self) -> Path:
        """The certificate that a client of the https form is to trust."""
        return self.folder / "certificate.pem"

    @property
    def people(self) -> Household:
        """The house behind the server, for a test's arrangement."""
        return Household(self.house, Clock(), [], [])

    def apply(self, what: Path | str) -> dict[str, Any]:
        """The store holds what this bootstrap file (a path, or its text) asks; what `keyturn apply --json` tells."""
        text = what.read_text() if isinstance(what, Path) else what
        return applied(self.instance, text)

    def request(
        self, method: str, path: str, headers: Headers = (), body: bytes | str | Any = b"", *, length: bool = True
    ) -> Heard:
        """What came back of one request on a connection of its own; a body that is no text is sent as JSON.

        Shapes   length: whether Content-Length is sent at all
        """
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = msgspec.json.encode(body)
            pairs += [] if _among(pairs, "content-type") else [("Content-Type", "application/json")]
        with contextlib.closing(self._connection()) as connection:
            connection.putrequest(method, path, skip_host=_among(pairs, "host"), skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value.encode("utf-8", "surrogateescape"))
            if length and (body or method not in ("GET", "HEAD", "DELETE", "OPTIONS")):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            return heard(connection.getresponse())

    def raw(self, sent: bytes, *, method: str = "GET") -> Heard:
        """What came back of these very bytes; `method` tells how its answer is to be read."""
        with self.connect() as connection:
            # A server that refuses half-way closes while we still send; its answer is there all the same.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
            return answer(connection, method)

    def connect(self) -> socket.socket:
        """A connection with nothing sent on it."""
        plain = socket.create_connection((HOST, self.port), timeout=PATIENCE)
        return plain if self.tls is None else self.tls.wrap_socket(plain, server_hostname=HOST)

    def _connection(self) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        return http.client.HTTPSConnection(HOST, self.port, timeout=PATIENCE, context=self.tls)


def heard(response: http.client.HTTPResponse) -> Heard:
    """The answer, read to its end."""
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        low = name.lower()
        headers[low] = f"{headers[low]}, {value}" if low in headers else value
    return Heard(response.status, headers, response.read())


def answer(connection: socket.socket, method: str = "GET") -> Heard:
    """The next answer on that connection."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return heard(response)


def applied(instance: Instance, text: str) -> dict[str, Any]:
    """The store holds what the bootstrap text asks, by the code behind `keyturn apply`."""
    outcome = apply_file(instance.house, text.encode())
    assert isinstance(outcome, Applied), outcome
    return told(outcome)


@contextlib.contextmanager
def serving(
    database: str, folder: Path, *, tls: bool = False, client_ca: Path | None = None, limits: Limits = LIMITS,
    **composition: Any,
) -> Iterator[Served]:  # fmt: skip
    """The application on that store, served until the block ends.

    Shapes   client_ca: whose client certificates the https form asks for
    """
    instance = compose(Composition(database, folder / KEY, limits=limits, rule=WEAK, hash_threads=2, **composition))
    files = certificate(folder) if tls else None
    with socket.create_server((HOST, 0), backlog=1024) as listening:
        config = uvicorn.Config(
            instance.application, http=limited(HEADER_LIMIT, limits.deadline), log_level="warning", access_log=False,
            server_header=False, proxy_headers=False, loop="uvloop", timeout_graceful_shutdown=5,
            ssl_certfile=None if files is None else files[0], ssl_keyfile=None if files is None else files[1],
            ssl_ca_certs=None if client_ca is None else str(client_ca),
            ssl_cert_reqs=ssl.CERT_NONE if client_ca is None else ssl.CERT_OPTIONAL,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="server")
        thread.start()
        try:
            _await(server, thread)
            context = None if files is None else ssl.create_default_context(cafile=files[0])
            yield Served(instance, listening.getsockname()[1], folder, context)
        finally:
            server.should_exit = True
            thread.join()
            instance.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's loopback address signed by itself, and its key, in that folder."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    pem = _self_signed()
    certificate.write_bytes(pem[0])
    key.write_bytes(pem[1])
    return certificate, key


@cache
def _self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Keyturn test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem), private


def _await(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server does not start")
        time.sleep(0.002)


def _among(pairs: Sequence[tuple[str, str]], name: str) -> bool:
    return any(given.lower() == name for given, _ in pairs)
