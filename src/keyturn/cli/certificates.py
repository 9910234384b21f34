"""A certificate of this machine that it signed itself, for clients that speak https alone."""

import datetime
import ipaddress
import os
import socket
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

LIFE = datetime.timedelta(days=397)
"""What clients still take of a server's certificate."""
SPARE = datetime.timedelta(days=30)
NAMES = ("localhost", "127.0.0.1", "::1")


class Files(NamedTuple):
    """A certificate and its private key."""

    certificate: Path
    key: Path


def self_signed(folder: Path, host: str, now: datetime.datetime) -> Files:
    """A certificate for this machine and its key in that folder: the one that is there, or a new one near its end."""
    files = Files(folder / "tls-certificate.pem", folder / "tls-key.pem")
    names = _names(host)
    if not _good(files, names, now):
        certificate, key = _made(names, now)
        _write(files.key, key)
        _write(files.certificate, certificate)
    return files


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the certificate, as browsers and openssl show it."""
    raw = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256())
    return raw.hex(":").upper()


def _names(host: str) -> tuple[str, ...]:
    """Every name this machine may be called by."""
    given = () if host in ("", "0.0.0.0", "::") else (host,)  # noqa: S104 - compared, not listened on
    return tuple(dict.fromkeys((*NAMES, socket.gethostname(), *given)))


def _good(files: Files, names: tuple[str, ...], now: datetime.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    lasting = certificate.not_valid_after_utc > now + SPARE
    return lasting and key.public_key() == certificate.public_key() and set(map(_name, names)) <= set(held)


def _made(names: tuple[str, ...], now: datetime.datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Keyturn")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_name(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(file: Path, data: bytes) -> None:
    """The file anew, readable by its owner alone."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
