"""What do the gateways prove with? An authority of the tunnels, its certificates and revocation list, WireGuard's keys, a shared one."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab.places import Place

__all__ = ["Certified", "authority", "issue", "psk", "revocations", "wireguard_keys"]

_USES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate with its key, both PEM."""

    certificate: str
    key: str


def _kept(place: Place, name: str) -> Path:
    folder = place.state / "tunnels"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / name


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Musterbau GmbH"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _now() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC).replace(microsecond=0)


def authority(place: Place, name: str = "Tunnel CA") -> Certified:
    """An authority, made once in a lab."""
    cert, key = _kept(place, f"{name}.pem"), _kept(place, f"{name}.key")
    if not cert.exists():
        pair = ec.generate_private_key(ec.SECP256R1())
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(name))
            .public_key(pair.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_now() - dt.timedelta(days=400))
            .not_valid_after(_now() + dt.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(pair.public_key()), critical=False)
            .add_extension(_key_usage(signs=True), critical=True)
            .sign(pair, hashes.SHA256())
        )
        _write(key, _pem(pair))
        _write(cert, made.public_bytes(Encoding.PEM).decode("ascii"))
    return Certified(cert.read_text("ascii"), key.read_text("ascii"))


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def issue(
    place: Place, name: str, *, by: str = "Tunnel CA", begins: float = -5, ends: float = 200
) -> Certified:
    """A certificate for a gateway, made anew at each call; begins, ends: days from now."""
    issuer, signer = _issuer(place, by)
    pair = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer.subject)
        .public_key(pair.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() + dt.timedelta(days=begins))
        .not_valid_after(_now() + dt.timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(_USES), critical=False)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    return Certified(made.public_bytes(Encoding.PEM).decode("ascii"), _pem(pair))


def _issuer(place: Place, by: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    root = authority(place, by)
    signer = load_pem_private_key(root.key.encode(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the key of {by} is of another kind")
    return x509.load_pem_x509_certificate(root.certificate.encode()), signer


def revocations(place: Place, *revoked: str, ends: float = 90) -> str:
    """The authority's revocation list, PEM; revoked: certificates. ends: days until the next one."""
    issuer, signer = _issuer(place, "Tunnel CA")
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(_now() - dt.timedelta(days=60))
        .next_update(_now() + dt.timedelta(days=ends))
        .add_extension(x509.CRLNumber(len(revoked) + 1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    for pem in revoked:
        one = (
            x509.RevokedCertificateBuilder()
            .serial_number(x509.load_pem_x509_certificate(pem.encode()).serial_number)
            .revocation_date(_now() - dt.timedelta(days=1))
            .build()
        )
        builder = builder.add_revoked_certificate(one)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM).decode("ascii")


def wireguard_keys(place: Place, name: str) -> tuple[str, str]:
    """A pair for WireGuard, private and public, made once in a lab."""
    file = _kept(place, f"{name}.wg")
    if not file.exists():
        made = X25519PrivateKey.generate()
        halves = (
            made.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()),
            made.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
        )
        _write(file, "\n".join(base64.b64encode(half).decode("ascii") for half in halves))
    private, public = file.read_text("ascii").split("\n")
    return private, public


def psk(place: Place) -> str:
    """The secret that both ends of a tunnel share, made once in a lab."""
    file = _kept(place, "psk")
    if not file.exists():
        _write(file, secrets.token_urlsafe(24))
    return file.read_text("ascii")


def _write(file: Path, text: str) -> None:
    file.touch(0o600)
    file.write_text(text, "ascii")
