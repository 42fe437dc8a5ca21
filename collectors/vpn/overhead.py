"""How large may a packet be that goes into a tunnel, when so much fits through what lies below?

ESP: RFC 4303, section 2; in UDP: RFC 3948. WireGuard: its paper, section 5.4.6. OpenVPN: opcode and peer (4), packet number
(4), tag of AES-GCM (16), over UDP.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CBC_SHA1",
    "CBC_SHA256",
    "GCM",
    "Esp",
    "esp_inner",
    "least_inner",
    "openvpn_inner",
    "wireguard_inner",
]

_IPV4, _IPV6, _UDP = 20, 40, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Esp:
    """What an algorithm adds. All in bytes; block: to a multiple of which the content is filled up."""

    iv: int
    block: int
    icv: int


GCM = Esp(iv=8, block=4, icv=16)
CBC_SHA1 = Esp(iv=16, block=16, icv=12)
CBC_SHA256 = Esp(iv=16, block=16, icv=16)


def esp_inner(below: int, esp: Esp, *, in_udp: bool) -> int:
    """The largest packet in ESP's tunnel mode over IPv4.

    >>> [esp_inner(1500, esp, in_udp=False) for esp in (CBC_SHA1, CBC_SHA256, GCM)]
    [1438, 1438, 1446]
    >>> [esp_inner(1500, esp, in_udp=True) for esp in (CBC_SHA1, CBC_SHA256, GCM)]
    [1422, 1422, 1438]
    >>> esp_inner(1492, CBC_SHA256, in_udp=False), esp_inner(1492, GCM, in_udp=False)
    (1422, 1438)
    """
    room = below - _IPV4 - (_UDP if in_udp else 0) - 8 - esp.iv - esp.icv
    # Two bytes at the end say how much was filled up, and what the packet is.
    return room // esp.block * esp.block - 2


def wireguard_inner(below: int, *, over_ipv6: bool = False) -> int:
    """The largest packet in WireGuard.

    >>> wireguard_inner(1500), wireguard_inner(1500, over_ipv6=True)
    (1440, 1420)
    """
    return below - (_IPV6 if over_ipv6 else _IPV4) - _UDP - 32


def openvpn_inner(below: int) -> int:
    """The largest packet in OpenVPN over UDP and IPv4 with AES-GCM.

    >>> openvpn_inner(1500)
    1448
    """
    return below - _IPV4 - _UDP - 24


def least_inner(kind: str, below: int = 1500) -> int:
    """What surely fits into a tunnel of a kind, whatever its algorithm.

    >>> [least_inner(kind) for kind in ("ipsec", "openvpn", "wireguard")]
    [1422, 1448, 1420]
    """
    match kind:
        case "ipsec":
            return esp_inner(below, CBC_SHA256, in_udp=True)
        case "openvpn":
            return openvpn_inner(below)
        case _:
            return wireguard_inner(below, over_ipv6=True)
