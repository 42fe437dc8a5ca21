"""Plain sockets of every family and kind, as Python offers them."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable

from collectors import Resolver
from tests.escape.places import CABLE, LINK_LOCAL
from tests.escape.third_party.hostile.lines import WHAT, datagram, stream
from tests.escape.third_party.hostile.packets import ethernet, ipv4, ipv6, udp
from tests.escape.third_party.hostile.way import At, attempt


@attempt("TCP over IPv4 to another host of the same network")
def tcp4(at: At) -> None:
    stream().connect((at.spot.other, 22))


@attempt("TCP over IPv4 to another customer's host", moves=("foreign", "foreign"))
def tcp4_foreign(at: At) -> None:
    stream().connect((at.spot.foreign, 22))


@attempt("TCP over IPv6", moves=("six", "six"))
def tcp6(at: At) -> None:
    stream(socket.AF_INET6).connect((at.spot.six, 22))


@attempt("TCP to another port of the permitted host", moves=("web", "web"))
def tcp_other_port(at: At) -> None:
    stream().connect((at.door, 9999))


@attempt("UDP to another port of the permitted host", moves=("web", "web"))
def udp_other_port(at: At) -> None:
    datagram().sendto(WHAT, (at.door, 9999))


@attempt("an IPv4 address in IPv6 clothes")
def mapped(at: At) -> None:
    stream(socket.AF_INET6).connect((f"::ffff:{at.spot.other}", 22))


@attempt("a link-local address with a zone id", moves=("six", LINK_LOCAL))
def zone_id(_: At) -> None:
    stream(socket.AF_INET6).connect((LINK_LOCAL, 22, 0, CABLE))


@attempt("connect_ex, which tells of an error by a number")
def connect_ex(at: At) -> None:
    stream().connect_ex((at.spot.other, 22))


@attempt("UDP, sendto over IPv4")
def udp_sendto(at: At) -> None:
    datagram().sendto(WHAT, (at.spot.other, 53))


@attempt("UDP, sendto over IPv6", moves=("six", "six"))
def udp_sendto6(at: At) -> None:
    datagram(socket.AF_INET6).sendto(WHAT, (at.spot.six, 53))


@attempt("UDP, sendmsg")
def udp_sendmsg(at: At) -> None:
    datagram().sendmsg([WHAT], [], 0, (at.spot.other, 53))


@attempt("UDP, connect and send")
def udp_connect(at: At) -> None:
    line = datagram()
    line.connect((at.spot.other, 53))
    line.send(WHAT)


@attempt("a raw IPv4 socket that brings its own header")
def raw4(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    line.sendto(ipv4(at.spot.other, udp(53, WHAT)), (at.spot.other, 0))


@attempt("a raw IPv6 socket", moves=("six", "six"))
def raw6(at: At) -> None:
    line = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_UDP)
    line.sendto(udp(53, WHAT), (at.spot.six, 0))


@attempt("a packet socket with a whole Ethernet frame")
def packet_raw(at: At) -> None:
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    line.bind(("eth0", 0))
    line.send(ethernet(0x0800, ipv4(at.spot.other, udp(53, WHAT))))


@attempt("a packet socket, without binding it, over IPv6", moves=("six", "six"))
def packet_datagram(at: At) -> None:
    line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD))
    line.sendto(ipv6(at.spot.six, udp(53, WHAT)), ("eth0", 0x86DD, 0, 0, b"\xff" * 6))


@attempt("ICMP by a raw socket")
def icmp_raw(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    line.sendto(b"\x08\x00\xf7\xff\x00\x00\x00\x00", (at.spot.other, 0))


@attempt("ICMP by a ping socket, which needs no right")
def icmp_ping(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    line.sendto(b"\x08\x00\x00\x00\x00\x00\x00\x00", (at.spot.other, 0))


@attempt("SCTP; where the kernel has none, its packets by a raw socket")
def sctp(at: At) -> None:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).connect((at.spot.other, 22))
    except OSError:
        line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_SCTP)
        line.sendto(bytes(16), (at.spot.other, 0))


@attempt("UDP-Lite")
def udplite(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE)
    line.sendto(WHAT, (at.spot.other, 53))


@attempt("multipath TCP")
def mptcp(at: At) -> None:
    stream(protocol=socket.IPPROTO_MPTCP).connect((at.spot.other, 22))


@attempt("TCP fast open: the first send connects")
def fast_open(at: At) -> None:
    stream().sendto(WHAT, socket.MSG_FASTOPEN, (at.spot.other, 22))


@attempt("TCP fast open by sendmsg")
def fast_open_message(at: At) -> None:
    stream().sendmsg([WHAT], [], socket.MSG_FASTOPEN, (at.spot.other, 22))


@attempt("bind to an address of the other cable", moves=None)
def bind_elsewhere(_: At) -> str:
    datagram().bind(("10.99.0.2", 0))
    return "bound to the other cable"


@attempt("listen, so that others come in", moves=None)
def listen(at: At) -> str:
    line = socket.create_server(("0.0.0.0", 20_000 + at.spot.number))  # noqa: S104 - an attempt.
    with contextlib.closing(socket.create_connection(line.getsockname(), 1)), line.accept()[0]:
        return "somebody came in"


@attempt("multicast", moves=("cast", "group"))
def multicast(at: At) -> None:
    line = datagram()
    line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
    line.sendto(WHAT, (at.spot.group, 5353))


@attempt("join a multicast group: the kernel tells everybody", moves=("cast", "224.0.0.22"))
def multicast_join(at: At) -> None:
    line = datagram()
    here = struct.pack("4s4si", socket.inet_aton(at.spot.group), bytes(4), CABLE)
    line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, here)


@attempt("broadcast to everybody", moves=("cast", "255.255.255.255"))
def broadcast(_: At) -> None:
    line = datagram()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    line.sendto(WHAT, ("255.255.255.255", 9))


@attempt("broadcast to the own network", moves=("cast", "10.66.255.255"))
def broadcast_network(_: At) -> None:
    line = datagram()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    line.sendto(WHAT, ("10.66.255.255", 9))


@attempt("a unix socket by its path, to somebody who forwards")
def unix_path(at: At) -> None:
    _forwarded(at, "forward.sock")


@attempt("an abstract unix socket, to somebody who forwards")
def unix_abstract(at: At) -> None:
    _forwarded(at, b"\0escape-forward")


@attempt("a unix datagram to somebody who forwards")
def unix_datagram(at: At) -> None:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.sendto(f"{at.spot.other} 22\n".encode(), "forward.dgram")


@attempt("a proxy on this very machine, over loopback")
def loopback_proxy(at: At) -> None:
    line = stream()
    line.connect(("127.0.0.1", 3128))
    _order(line, at)


def _forwarded(at: At, where: str | bytes) -> None:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(1)
    line.connect(where)
    _order(line, at)


def _order(line: socket.socket, at: At) -> None:
    line.sendall(f"{at.spot.other} 22\n".encode())
    line.recv(1)


@attempt("a descriptor that was sent round, connected afterwards")
def passed_descriptor(at: At) -> None:
    here, there = socket.socketpair()
    line = stream()
    socket.send_fds(here, [b"x"], [line.fileno()])
    _, descriptors, _, _ = socket.recv_fds(there, 1, 1)
    socket.socket(fileno=descriptors[0]).connect((at.spot.other, 22))


@attempt("another socket put under a descriptor that is connected to its door", over=Resolver)
def dup2(at: At) -> None:
    line, wild = datagram(), datagram()
    line.connect((at.door, at.port))
    os.dup2(wild.fileno(), line.fileno())
    line.sendto(WHAT, (at.spot.other, 53))


@attempt("a thread of its own")
def thread(at: At) -> None:
    working = threading.Thread(target=_quietly(lambda: stream().connect((at.spot.other, 22))))
    working.start()
    working.join(5)


def _quietly(run: Callable[[], object]) -> Callable[[], None]:
    def quiet() -> None:
        with contextlib.suppress(BaseException):
            run()

    return quiet
