"""How are names and addresses written and compared? What all questions to a DNS server share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

__all__ = [
    "dotted",
    "holds_names",
    "is_internal",
    "is_reverse",
    "lies_in",
    "listed",
    "plain",
    "pointer",
    "pointer_in",
    "same_form",
]

_PART = re.compile(r"(\d{1,3})([/-])(\d{1,3})")
# Reached from inside only: RFC 1918, 6598, 4193, 3927, 4291.
_INTERNAL = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)


def dotted(name: str) -> str:
    """The name as it is asked: small letters, final dot.

    >>> dotted("WWW.musterbau.test"), dotted(".")
    ('www.musterbau.test.', '.')
    """
    return name.lower().rstrip(".") + "."


def plain(name: str) -> str:
    """The name as people read it.

    >>> plain("www.musterbau.test."), plain(".")
    ('www.musterbau.test', '.')
    """
    return name.lower().rstrip(".") or "."


def lies_in(name: str, zone: str) -> bool:
    """Say whether a name is a zone's own or lies below it.

    >>> lies_in("www.a.test.", "a.test"), lies_in("www.ba.test", "a.test"), lies_in("www.test", ".")
    (True, False, True)
    """
    return f".{dotted(name)}".endswith(f".{dotted(zone)}") or dotted(zone) == "."


def is_reverse(zone: str) -> bool:
    """Say whether a zone holds names of addresses (RFC 1035 section 3.5, RFC 3596)."""
    return lies_in(zone, "in-addr.arpa") or lies_in(zone, "ip6.arpa")


def holds_names(zone: str) -> bool:
    """Say whether a zone is a customer's own with names of hosts and services: no reverse zone, and not the root.

    >>> holds_names("musterbau.test"), holds_names("10.in-addr.arpa"), holds_names(".")
    (True, False, False)
    """
    return dotted(zone) != "." and not is_reverse(zone)


def pointer(address: str) -> str:
    """The name under which an address is found in a reverse zone.

    >>> pointer("10.77.1.53")
    '53.1.77.10.in-addr.arpa.'
    """
    return dotted(ip_address(address).reverse_pointer)


def pointer_in(zone: str, address: str) -> str:
    """The name under which a reverse zone holds an address; empty when it does not hold it.

    A part of a /24 network has a zone with a label of its own, by its first number and its length or its
    last number (RFC 2317).

    >>> pointer_in("1.77.10.in-addr.arpa", "10.77.1.53"), pointer_in("2.77.10.in-addr.arpa", "10.77.1.53")
    ('53.1.77.10.in-addr.arpa.', '')
    >>> pointer_in("0/26.1.77.10.in-addr.arpa", "10.77.1.53"), pointer_in("64-26.1.77.10.in-addr.arpa", "10.77.1.53")
    ('53.0/26.1.77.10.in-addr.arpa.', '')
    >>> pointer_in("32-63.1.77.10.in-addr.arpa", "10.77.1.53")
    '53.32-63.1.77.10.in-addr.arpa.'
    """
    name = pointer(address)
    if lies_in(name, zone):
        return name
    last, _, network = name.partition(".")
    label, _, rest = dotted(zone).partition(".")
    if rest != network or not (part := _PART.fullmatch(label)):
        return ""
    first, end = int(part[1]), int(part[3])
    size = end - first + 1
    # What is no whole block from the first to the last number is a first number and a length.
    if part[2] == "/" or size < 1 or size & (size - 1) or first % size:
        size = 1 << (32 - end) if end <= 32 else 0
    return f"{last}.{dotted(zone)}" if first <= int(last) < first + size else ""


def is_internal(address: str) -> bool:
    """Say whether an address means something in its own network only.

    >>> is_internal("10.77.1.53"), is_internal("fd20::11"), is_internal("192.0.2.53")
    (True, True, False)
    """
    return any(ip_address(address) in network for network in _INTERNAL)


def same_form(addresses: Iterable[str]) -> tuple[str, ...]:
    """Addresses in their shortest form, in order, each once."""
    return tuple(
        str(a) for a in sorted({ip_address(a) for a in addresses}, key=lambda a: (a.version, int(a)))
    )


def listed(words: Iterable[str]) -> str:
    """Several words in one fact; a dash when there is none.

    >>> listed(["b", "a", "b"]), listed([])
    ('a, b', '-')
    """
    return ", ".join(sorted(set(words))) or "-"
