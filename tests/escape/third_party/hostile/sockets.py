"""Plain sockets of every family and kind, as Python offers them."""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Awaitable, Callable

from collectors import Resolver
from tests.escape.places import CABLE, LINK_LOCAL, OTHER_CABLE
from tests.escape.third_party.hostile.packets import ethernet, ipv4, ipv6, lsrr, segments, udp
from tests.escape.third_party.hostile.way import At, attempt

WHAT = b"out"
_OTHER_CABLE = "eth1"
_NOT_ITS_OWN = "what is held in another thread is in the ledger, and its job is not known there"


def datagram(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM)


def stream(family: socket.AddressFamily = socket.AF_INET, protocol: int = 0) -> socket.socket:
    line = socket.socket(family, socket.SOCK_STREAM, protocol)
    line.settimeout(1)
    return line


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


@attempt("bind to an address of the other cable", moves=None)
def bind_elsewhere(_: At) -> str:
    datagram().bind(("10.99.0.2", 0))
    return "bound to the other cable"


@attempt("listen, so that others come in", moves=None)
def listen(at: At) -> str:
    line = socket.create_server(("0.0.0.0", 20_000 + at.spot.number))
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


@attempt("a thread of its own", untold=_NOT_ITS_OWN)
def thread(at: At) -> None:
    working = threading.Thread(target=_quietly(lambda: stream().connect((at.spot.other, 22))))
    working.start()
    working.join(5)


def _quietly(run: Callable[[], object]) -> Callable[[], None]:
    def quiet() -> None:
        with contextlib.suppress(BaseException):
            run()

    return quiet


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


# The rest runs in an event loop: its permitted host is a name server.


async def _within(asking: Awaitable[object]) -> None:
    async with asyncio.timeout(2):
        await asking


@attempt("asyncio: a stream", over=Resolver)
async def asyncio_stream(at: At) -> None:
    await _within(asyncio.open_connection(at.spot.other, 22))


@attempt("asyncio: a datagram endpoint", over=Resolver)
async def asyncio_datagram(at: At) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(at.spot.other, 53)
    )
    transport.sendto(WHAT)
    await asyncio.sleep(0)
    transport.close()


@attempt("asyncio: sock_connect and sock_sendto", over=Resolver)
async def asyncio_socket(at: At) -> None:
    loop = asyncio.get_running_loop()
    line = datagram()
    line.setblocking(False)
    await _within(loop.sock_sendto(line, WHAT, (at.spot.other, 53)))


@attempt("asyncio: in another thread", over=Resolver)
async def asyncio_thread(at: At) -> None:
    await _within(asyncio.to_thread(lambda: stream().connect((at.spot.other, 22))))


@attempt("asyncio: a unix socket", over=Resolver)
async def asyncio_unix(at: At) -> None:
    _, writer = await asyncio.open_unix_connection("forward.sock")
    writer.write(f"{at.spot.other} 22\n".encode())
    await writer.drain()
    await asyncio.sleep(0.3)


@attempt("asyncio: connect to a name", over=Resolver, moves=("resolver", "10.66.4.4"), untold=_NOT_ITS_OWN)
async def asyncio_name(at: At) -> None:
    await _within(asyncio.open_connection(at.spot.name, 22, happy_eyeballs_delay=0.1))


@attempt("asyncio: connect in a task that outlives the question", over=Resolver)
async def asyncio_later(at: At) -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def later() -> None:
        with contextlib.suppress(BaseException):
            datagram().sendto(WHAT, (at.spot.other, 53))
        done.set_result(None)

    loop.call_later(0.05, later)
    # Without waiting for it, the question would be over before it is tried: the refusal would come too late for it.
    await done
