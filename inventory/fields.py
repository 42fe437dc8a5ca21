"""What may stand in one field of a contract? The small types, each with its own clear complaint.

Every check narrows: what could mean more than one host, or be read in two ways, is not a value.
"""

from __future__ import annotations

import re
from datetime import date, time
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

__all__ = [
    "ACCOUNT",
    "Address",
    "Certificate",
    "Clock",
    "CredentialRef",
    "Date",
    "DnsName",
    "Email",
    "HostKey",
    "Id",
    "Line",
    "LoginName",
    "Port",
    "TimeZone",
    "WrongError",
    "ZoneName",
    "dns_name",
    "identifier",
    "unicast",
]

_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_DNS_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
ACCOUNT = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_PART = re.compile(r"[0-9]{1,3}/[0-9]{1,3}\.")
_CREDENTIAL = re.compile(r"(?:file|age):[^\s]+|env:[A-Z][A-Z0-9_]*|keyring:[^\s/]+/[^\s/]+")
_HOST_KEY = re.compile(r"(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) [A-Za-z0-9+/]+={0,2}")
_PEM = re.compile(r"\s*-----BEGIN CERTIFICATE-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END CERTIFICATE-----\s*")
# Type, length and 32 bytes (RFC 8709): each of these is a whole Ed25519 key, and nothing else is one.
_ED25519 = re.compile(r"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ZONE_INFO = re.compile(r"(?!posix/|right/)[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_COMPATIBLE = IPv6Network("::/96")


class WrongError(ValueError):
    """A value that cannot stand: what is wrong with it, what to write instead, and under which key."""

    def __init__(self, problem: str, instead: str, *, at: str = "") -> None:
        super().__init__(f"{problem}: {instead}")
        self.at = at
        self.problem = problem
        self.instead = instead


def identifier(text: str) -> str:
    """The short name of a thing within a contract. Raises WrongError."""
    if not _ID.fullmatch(text):
        raise WrongError(
            f"{text!r} is not an id", "write small letters, digits, '.', '_' or '-' (at most 64), like 'web1'"
        )
    return text


def unicast(value: object) -> IPv4Address | IPv6Address:
    """A single, plain, unicast address: what a packet can be sent to and nothing else."""
    if isinstance(value, IPv4Address | IPv6Address):
        value = str(value)
    if not isinstance(value, str):
        raise WrongError(f"{value!r} is no address", "write it in four parts and in quotes, like '10.1.2.3'")
    try:
        address = ip_address(value)
    except ValueError:
        raise _why_no_address(value) from None
    match address:
        case IPv4Address() if 0 < (first := address.packed[0]) < 224 and first != 169:
            # Nearly every address: none of what follows can be said of it.
            return address
        case IPv6Address():
            _plain_v6(value, address)
        case IPv4Address() if address in _THIS_NETWORK or str(address) == "255.255.255.255":
            raise WrongError(
                f"{value!r} is not the address of one host", "write the host's own unicast address"
            )
        case _:
            pass
    if address.is_multicast or address.is_unspecified:
        raise WrongError(
            f"{value!r} is a multicast or unspecified address", "write the host's own unicast address"
        )
    if address.is_link_local:
        raise WrongError(
            f"{value!r} is link-local: another host on every network",
            "write the host's routable address, like '10.1.2.3' or 'fd00::5'",
        )
    return address


def _plain_v6(value: str, address: IPv6Address) -> None:
    if address.scope_id:
        raise WrongError(f"{value!r} has a zone id", "write the host's routable address without '%…'")
    if address.ipv4_mapped or (address in _COMPATIBLE and int(address) > 1):
        raise WrongError(f"{value!r} hides an IPv4 address in an IPv6 one", "write the plain IPv4 address")


def _why_no_address(value: str) -> WrongError:
    one_line = "write the address of each host on a line of its own"
    if "*" in value or "?" in value:
        return WrongError(f"{value!r} is a wildcard, and a contract names each host", one_line)
    if "/" in value:
        return WrongError(f"{value!r} is a network, and a contract names each host", one_line)
    if re.fullmatch(r"0[xXoObB]?[0-9a-fA-F]+|[0-9]+", value):
        return WrongError(
            f"{value!r} is an address written as one number", "write it in four parts, '10.1.2.3'"
        )
    if re.fullmatch(r"[0-9a-fA-FxX]+(\.[0-9a-fA-FxX]+){3}", value) and re.search(r"(^|\.)0[0-9xX]", value):
        return WrongError(
            f"{value!r} has parts that begin with 0, which some programs read as octal or hexadecimal",
            "write each part in plain decimal, like '10.1.2.3'",
        )
    if re.fullmatch(r"[0-9.]+-[0-9.]+", value):
        return WrongError(f"{value!r} is a range, and a contract names each host", one_line)
    if (value.startswith("[") and "]" in value) or re.fullmatch(r"[0-9.]+:[0-9]+", value):
        return WrongError(
            f"{value!r} is an address with brackets or a port",
            "write the address alone; the port stands under 'ssh' or 'dns'",
        )
    if re.search(r"\S[\s,;]+\S", value):
        return WrongError(f"{value!r} is more than one address", one_line)
    if re.search(r"[^\W\d_]", value) and ":" not in value:
        return WrongError(
            f"{value!r} is a name, and names can be answered by anybody", "write the address it stands for"
        )
    return WrongError(f"{value!r} is not an IPv4 or IPv6 address", "write it like '10.1.2.3' or 'fd00::5'")


def dns_name(text: str) -> str:
    """A DNS name in small letters and without the last dot. Raises WrongError."""
    if not text.isascii():
        raise WrongError(f"{text!r} is not in ASCII", "write the name as DNS carries it, with 'xn--'")
    name = text.lower().removesuffix(".")
    if len(name) > 253 or not _DNS_NAME.fullmatch(name):
        raise WrongError(
            f"{text!r} is not a DNS name", "write it like 'web1.musterbau.example', without wildcards"
        )
    _, dot, last = name.rpartition(".")
    if dot and last.isdigit():
        raise WrongError(f"{text!r} is no name: its last part is a number", "write the host's DNS name")
    return name


def _realm(text: str) -> str:
    if text != text.upper() or dns_name(text).upper() != text:
        raise WrongError(
            f"{text!r} is no Kerberos realm of Active Directory",
            "write the domain's DNS name in capital letters, like 'AD.MUSTERBAU.EXAMPLE'",
        )
    return text


def _zone_name(text: str) -> str:
    # A part of a /24 network has a zone of its own (RFC 2317).
    part = _PART.match(text)
    head = part[0] if part else ""
    return "." if text == "." else head + dns_name(text.removeprefix(head))


def _credential(text: str) -> str:
    if not _CREDENTIAL.fullmatch(text):
        # The text is not repeated: it may be the secret itself.
        raise WrongError(
            "a credential is named in a contract and never written there",
            "write 'file:NAME', 'age:NAME', 'env:VARIABLE' or 'keyring:SERVICE/USER'",
        )
    return text


def _host_key(text: str) -> str:
    if not (_ED25519.fullmatch(text) or (_HOST_KEY.fullmatch(text) and _is_whole_key(text))):
        raise WrongError(
            "this is not an SSH host key, or not all of it",
            "write type and base64 as ssh-keyscan shows them, like 'ssh-ed25519 AAAAC3…'",
        )
    return text


def _is_whole_key(text: str) -> bool:
    """Half of a key looks like one, and no host could ever show it."""
    try:
        load_ssh_public_key(text.encode())
    except (ValueError, NotImplementedError, UnsupportedAlgorithm):
        return False
    return True


def _certificate(text: str) -> str:
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        found = []
    if len(found) != 1 or not _PEM.fullmatch(text):
        raise WrongError(
            "this is not one certificate in PEM",
            "write it from '-----BEGIN CERTIFICATE-----' to '-----END CERTIFICATE-----', each in an entry of its own",
        )
    return text.strip() + "\n"


def _timezone(text: str) -> str:
    try:
        known = bool(_ZONE_INFO.fullmatch(text)) and ZoneInfo(text).key == text
    except (KeyError, ValueError, OSError):
        known = False
    if not known:
        raise WrongError(f"{text!r} is not a time zone", "write it like 'Europe/Berlin'")
    return text


def _clock(value: object) -> time:
    if isinstance(value, time) and not (value.tzinfo or value.second or value.microsecond):
        return value
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise WrongError(
            f"{value!r} is not a time of day",
            "write it in quotes from '00:00' to '23:59', in the contract's own time zone",
        )
    return time(int(found[1]), int(found[2]))


def _date(value: object) -> date:
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise WrongError(f"{value!r} is not a day of the calendar", "write it as year-month-day, like 2026-01-31")


_CLOCK_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": f"^{_CLOCK.pattern}$", "examples": ["07:00"], "title": "Time of day"}
)
# What `unicast` refuses, as far as an editor can tell from the first signs.
_NO_HOST = (
    r"0\.|169\.254\.|22[4-9]\.|23[0-9]\.|255\.255\.255\.255$"
    r"|[fF][fF][0-9a-fA-F]{2}:|[fF][eE][89aAbB][0-9a-fA-F]:|::$|::([fF]{4}:)?[0-9]+\."
)
_ADDRESS_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}],
        "pattern": f"^(?!{_NO_HOST})[0-9a-fA-F.:]+$",
        "examples": ["10.1.2.3", "fd00::5"],
        "title": "Address of one host",
    }
)


def _shown(pattern: str, *examples: str, longest: int = 400) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": f"^({pattern})$", "maxLength": longest, "examples": list(examples)}
    )


_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = rf"(?!.*\.[0-9]+\.?$){_LABEL}(\.{_LABEL})*\.?"

Id = Annotated[str, AfterValidator(identifier), _shown(_ID.pattern, "web1", longest=64)]
Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(unicast), _ADDRESS_SCHEMA]
DnsName = Annotated[str, AfterValidator(dns_name), _shown(_NAME, "web1.musterbau.example", longest=254)]
ZoneName = Annotated[
    str,
    AfterValidator(_zone_name),
    _shown(rf"\.|([0-9]{{1,3}}/[0-9]{{1,3}}\.)?{_NAME}", "musterbau.example", longest=254),
]
Realm = Annotated[
    str, AfterValidator(_realm), _shown(r"[A-Z0-9_][A-Z0-9_.-]*", "AD.MUSTERBAU.EXAMPLE", longest=253)
]
# A configuration of PowerShell's own remoting.
Endpoint = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
CredentialRef = Annotated[str, AfterValidator(_credential), _shown(_CREDENTIAL.pattern, "file:musterbau")]
HostKey = Annotated[str, AfterValidator(_host_key), _shown(_HOST_KEY.pattern, longest=2000)]
Certificate = Annotated[str, AfterValidator(_certificate), _shown(_PEM.pattern, longest=20000)]
# As a directory takes it at a simple bind: user@domain, DOMAIN\\user, or a distinguished name.
LoginName = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
TimeZone = Annotated[str, AfterValidator(_timezone), _shown(_ZONE_INFO.pattern, "Europe/Berlin", "UTC")]
Line = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Clock = Annotated[
    time, BeforeValidator(_clock), PlainSerializer("{:%H:%M}".format, when_used="json"), _CLOCK_SCHEMA
]
Date = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
