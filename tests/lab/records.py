"""What does Musterbau's zone say of mail? Records as a careful customer has them; the key is made with the lab."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.lab.places import ZONE

__all__ = ["DMARC", "MX", "SELECTOR", "SPF", "dkim_key", "mail_records", "text", "voice_records"]

SELECTOR = "s1"
MX = f"@ IN MX 10 mx.{ZONE}."
SPF = f"v=spf1 mx include:_spf.{ZONE} -all"
DMARC = f"v=DMARC1; p=reject; rua=mailto:dmarc@{ZONE}"


def text(name: str, said: str) -> str:
    """A TXT record as a line of a zone's file; a string of it holds 255 bytes at most."""
    strings = " ".join(f'"{said[at : at + 255]}"' for at in range(0, len(said), 255))
    return f"{name} IN TXT {strings}\n"


def dkim_key(bits: int = 2048) -> str:
    """A new key's record; the private half is thrown away, as nothing signs here."""
    public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    written = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return text(f"{SELECTOR}._domainkey.{ZONE}.", f"v=DKIM1; k=rsa; p={written.decode('ascii')}")


def mail_records() -> str:
    """Everything that a zone with mail needs: where it goes, who sends, what is signed."""
    return (
        f"{MX}\nmx.{ZONE}. IN A 10.77.1.16\n"
        + text("@", SPF)
        + text(f"_spf.{ZONE}.", "v=spf1 ip4:10.77.1.0/24 -all")
        + text(f"_dmarc.{ZONE}.", DMARC)
        + dkim_key()
    )


def voice_records(pbx: str = f"pbx.{ZONE}", ports: tuple[int, int] = (5060, 5061)) -> str:
    """Where phones find the registrar of the zone (RFC 3263). ports: in the clear, and under TLS."""
    clear, secured = ports
    return "".join(
        f"{service}.{ZONE}. IN SRV 10 0 {port} {pbx}.\n"
        for service, port in (("_sip._udp", clear), ("_sip._tcp", clear), ("_sips._tcp", secured))
    )
