"""How are a directory ping and a request for a ticket written, and how is the ping's answer read?"""

from __future__ import annotations

from datetime import datetime, timedelta

from ldap3.protocol.rfc4511 import LDAPMessage
from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error

__all__ = ["cldap_netlogon", "netlogon_query", "ticket_request"]

# NETLOGON_NT_VERSION_5 | _5EX: the answer names site and controller (MS-ADTS 6.3.1.1).
_VERSION = b"\x06\x00\x00\x00"
# The tags that are written here (X.690, section 8.1.2), and two of RFC 4511, section 4.5.1.
_INTEGER, _BITS, _OCTETS, _ENUMERATED, _SEQUENCE, _BOOLEAN = 0x02, 0x03, 0x04, 0x0A, 0x30, 0x01
_TIME, _GENERAL, _SEARCH, _AND, _EQUAL = 0x18, 0x1B, 0x63, 0xA0, 0xA3
# Keys of AES (RFC 3962, RFC 8009), and RC4 for accounts that have nothing better.
_KEYS = (18, 17, 20, 19, 23)


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _number(value: int, tag: int = _INTEGER) -> bytes:
    return _tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def netlogon_query(number: int, domain: str) -> bytes:
    """An LDAP search of the rootDSE for `netlogon` (MS-ADTS 6.3.3.2), as one packet."""
    where = _tlv(
        _AND,
        *(
            _tlv(_EQUAL, _tlv(_OCTETS, name), _tlv(_OCTETS, value))
            for name, value in ((b"DnsDomain", domain.encode("idna")), (b"NtVer", _VERSION))
        ),
    )
    asked = _tlv(
        _SEARCH,
        _tlv(_OCTETS),
        _number(0, _ENUMERATED),
        _number(0, _ENUMERATED),
        _number(0),
        _number(0),
        _tlv(_BOOLEAN, b"\0"),
        where,
        _tlv(_SEQUENCE, _tlv(_OCTETS, b"netlogon")),
    )
    return _tlv(_SEQUENCE, _number(number), asked)


def cldap_netlogon(raw: bytes, number: int) -> bytes | None:
    """The value of `netlogon` in an answer; None for a packet that is no answer to this question."""
    try:
        message, _ = decoder.decode(raw, asn1Spec=LDAPMessage())
        if int(message["messageID"]) != number or message["protocolOp"].getName() != "searchResEntry":
            return None
        for attribute in message["protocolOp"]["searchResEntry"]["attributes"]:
            if bytes(attribute["type"]).lower() == b"netlogon" and len(attribute["vals"]):
                return bytes(attribute["vals"][0])
    except (PyAsn1Error, ValueError, TypeError, LookupError):
        return None
    return None


def _under(number: int, content: bytes) -> bytes:
    """What stands under an explicit context tag."""
    return _tlv(0xA0 | number, content)


def _principal(kind: int, *parts: str) -> bytes:
    """A PrincipalName (RFC 4120, section 5.2.2)."""
    names = (_tlv(_GENERAL, part.encode()) for part in parts)
    return _tlv(_SEQUENCE, _under(0, _number(kind)), _under(1, _tlv(_SEQUENCE, *names)))


def ticket_request(realm: str, account: str, now: datetime, nonce: int) -> bytes:
    """An AS-REQ without pre-authentication (RFC 4120, section 5.4.1)."""
    until = f"{now + timedelta(hours=8):%Y%m%d%H%M%SZ}".encode("ascii")
    body = _tlv(
        _SEQUENCE,
        _under(0, _tlv(_BITS, bytes(5))),
        _under(1, _principal(1, account)),
        _under(2, _tlv(_GENERAL, realm.encode())),
        _under(3, _principal(2, "krbtgt", realm)),
        _under(5, _tlv(_TIME, until)),
        _under(7, _number(nonce)),
        _under(8, _tlv(_SEQUENCE, *(_number(kind) for kind in _KEYS))),
    )
    request = _tlv(_SEQUENCE, _under(1, _number(5)), _under(2, _number(10)), _under(4, body))
    # AS-REQ is APPLICATION 10.
    return _tlv(0x6A, request)
