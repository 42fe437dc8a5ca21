"""The own door, by another way: source routes, another cable, a route of one's own.

Behind the other cable stands another customer's machine with the very address of the door.
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct

from collectors import Resolver
from tests.escape.places import OTHER_CABLE
from tests.escape.third_party.hostile.lines import WHAT, datagram, stream
from tests.escape.third_party.hostile.packets import lsrr, segments
from tests.escape.third_party.hostile.way import At, attempt

_OTHER_CABLE = "eth1"


@attempt("a loose source route over another host, on the way to the own door")
def source_route(at: At) -> None:
    line = stream()
    line.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, lsrr(at.spot.other, at.door))
    line.connect((at.door, at.port))


@attempt("a source route set on a UDP socket that is connected to its door already", over=Resolver)
def source_route_later(at: At) -> None:
    line = datagram()
    line.connect((at.door, at.port))
    line.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, lsrr(at.spot.other, at.door))
    line.send(WHAT)


@attempt("a source route in a control message, on a connected UDP socket", over=Resolver)
def source_route_message(at: At) -> None:
    line = datagram()
    line.connect((at.door, at.port))
    line.sendmsg([WHAT], [(socket.IPPROTO_IP, socket.IP_RETOPTS, lsrr(at.spot.other, at.door))])


@attempt("an IPv6 routing header over another host", moves=("six", "six"))
def routing_header(at: At) -> None:
    line = datagram(socket.AF_INET6)
    line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, segments(at.spot.six))
    line.sendto(WHAT, (at.spot.web6, 22))


@attempt("another cable (SO_BINDTODEVICE), to the twin of the own door", moves=("twin", "web"))
def bind_to_device(at: At) -> None:
    line = stream()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _OTHER_CABLE.encode())
    line.connect((at.door, at.port))


@attempt("another cable (IP_UNICAST_IF) for a UDP socket", moves=("twin", "web"))
def unicast_interface(at: At) -> None:
    line = datagram()
    index = struct.pack("!I", OTHER_CABLE)
    line.setsockopt(socket.IPPROTO_IP, 50, index)
    line.sendto(WHAT, (at.door, at.port))


@attempt("another cable (IP_PKTINFO) in a control message", moves=("twin", "names"), over=Resolver)
def packet_info(at: At) -> None:
    line = datagram()
    line.connect((at.door, at.port))
    index = OTHER_CABLE
    info = struct.pack("=i4s4s", index, bytes(4), bytes(4))
    line.sendmsg([WHAT], [(socket.IPPROTO_IP, 8, info)])


@attempt("a new route by netlink: the own door lies elsewhere then", moves=("twin", "web"))
def netlink_route(at: At) -> None:
    line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    address = struct.pack("=HH4s", 8, 1, socket.inet_aton(at.door))
    out = struct.pack("=HHI", 8, 4, OTHER_CABLE)
    message = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 254, 4, 253, 1, 0) + address + out
    # RTM_NEWROUTE, to be created and acknowledged.
    line.sendto(struct.pack("=IHHII", 16 + len(message), 24, 0x405, 1, 0) + message, (0, 0))
    line.settimeout(1)
    line.recv(4096)
    stream().connect((at.door, at.port))


@attempt("a new route by the old call (ioctl SIOCADDRT)", moves=("twin", "web"))  # fmt: skip
def ioctl_route(at: At) -> None:
    line = datagram()
    family = struct.pack("=H", socket.AF_INET)
    here = family + bytes(2) + socket.inet_aton(at.door) + bytes(8)
    mask = family + bytes(2) + b"\xff\xff\xff\xff" + bytes(8)
    name = array.array("B", _OTHER_CABLE.encode() + b"\0")
    route = struct.pack(
        "=Q16s16s16sHhxxxxQQhxxxxxxQQQHxxxxxx",
        0, here, family + bytes(14), mask, 5, 0, 0, 0, 0, name.buffer_info()[0], 0, 0, 0,
    )  # fmt: skip
    fcntl.ioctl(line, 0x890B, route)
    datagram().sendto(WHAT, (at.door, at.port))
