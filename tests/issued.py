"""A certification authority for tests, and client certificates of it."""

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM
NAME = x509.NameOID


class Authority:
    """Whoever signs client certificates; `file` is its own certificate."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NAME.COMMON_NAME, name)])
        made = _made(self._subject, self._subject, self._key.public_key(), self._key, authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(made.public_bytes(PEM))

    def issue(self, *names: str, organisation: str = "") -> tuple[Path, Path]:
        """The files of a certificate with these common names, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NAME.ORGANIZATION_NAME, organisation)] if organisation else []
        parts += [x509.NameAttribute(NAME.COMMON_NAME, name) for name in names]
        made = _made(x509.Name(parts), self._subject, key.public_key(), self._key, authority=False)
        stem = f"{self._name}-{'-'.join(names) or 'nameless'}"
        certificate, private = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        certificate.write_bytes(made.public_bytes(PEM))
        form = serialization.PrivateFormat.PKCS8
        private.write_bytes(key.private_bytes(PEM, form, serialization.NoEncryption()))
        return certificate, private


def _made(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey, *,
    authority: bool,
) -> x509.Certificate:  # fmt: skip
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return builder.sign(signer, hashes.SHA256())
