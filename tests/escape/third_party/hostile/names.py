"""Names, and what the surroundings say about them: resolvers, proxies, key agents, libraries loaded late."""

from __future__ import annotations

import ctypes
import os
import socket
import urllib.request

import dns.resolver
import httpx
import paramiko

from collectors import Resolver
from tests.escape.places import RESOLVER
from tests.escape.third_party.hostile.native import C
from tests.escape.third_party.hostile.way import At, attempt

# Nobody gave leave to ask it; it is what the agent's own machine is set up with.
ASKED = ("resolver", RESOLVER)


@attempt("getaddrinfo", moves=ASKED)
def look_up(at: At) -> None:
    socket.getaddrinfo(at.spot.name, 22)


@attempt("gethostbyname", moves=ASKED)
def look_up_old(at: At) -> None:
    socket.gethostbyname(at.spot.name)


@attempt("an address looked up backwards", moves=ASKED)
def look_up_backwards(at: At) -> None:
    socket.gethostbyaddr(at.spot.other)


@attempt("getnameinfo of an address", moves=ASKED)
def name_of(at: At) -> None:
    socket.getnameinfo((at.spot.other, 22), socket.NI_NAMEREQD)


@attempt("the C library's getaddrinfo", moves=ASKED)
def c_look_up(at: At) -> None:
    _getaddrinfo(at.spot.name.encode(), None, None, ctypes.byref(ctypes.c_void_p()))


@attempt("the C library's res_query", moves=ASKED)
def c_query(at: At) -> None:
    _res_query(at.spot.name.encode(), 1, 1, (ctypes.c_char * 512)(), 512)


# Functions of the C library, looked up in time.
_getaddrinfo, _res_query = C.getaddrinfo, C.res_query


@attempt("another resolver by the environment (RES_OPTIONS, LOCALDOMAIN)", moves=ASKED)
def environment_names(at: At) -> None:
    os.environ["RES_OPTIONS"], os.environ["LOCALDOMAIN"] = "attempts:1 timeout:1", "escape.test"
    socket.getaddrinfo(at.spot.name.partition(".")[0], 22)


@attempt("connect by a name")
def connect_by_name(at: At) -> None:
    socket.create_connection((at.spot.name, 22), 1)


@attempt("a name that is right when it is looked up, and another when it is connected to", moves=ASKED)
def changing_name(at: At) -> None:
    for _ in range(4):
        socket.getaddrinfo(f"turning.{at.spot.name}", 22)
        socket.create_connection((f"turning.{at.spot.name}", 22), 1).close()


@attempt("a name for an address in decimal, which the C library reads as one")
def decimal(at: At) -> None:
    number = int.from_bytes(socket.inet_aton(at.spot.other), "big")
    socket.create_connection((str(number), 22), 1)


@attempt("an address in octal")
def octal(at: At) -> None:
    socket.create_connection((".".join(f"0{int(part):o}" for part in at.spot.other.split(".")), 22), 1)


@attempt("an address in hexadecimal")
def hexadecimal(at: At) -> None:
    socket.create_connection((f"0x{socket.inet_aton(at.spot.other).hex()}", 22), 1)


@attempt("an HTTP proxy by the environment, for a page of the own door", moves=("proxy", "proxy"))
def environment_proxy(at: At) -> None:
    os.environ["http_proxy"] = f"http://{at.spot.proxy}:3128"
    urllib.request.urlopen(f"http://{at.door}/", timeout=1)


@attempt("ALL_PROXY, for a library", moves=("proxy", "proxy"))
def environment_all_proxy(at: At) -> None:
    os.environ.pop("http_proxy", None)
    os.environ["ALL_PROXY"] = f"http://{at.spot.proxy}:3128"
    httpx.get(f"http://{at.door}/", timeout=1)


@attempt("a library that is loaded late and looks names up", moves=ASKED)
def late_library(at: At) -> None:
    import ftplib  # noqa: PLC0415 - loaded late, on purpose.

    ftplib.FTP(at.spot.name, timeout=1)  # noqa: S321 - an attempt.


@attempt("the DNS library, with the machine's own resolvers", moves=ASKED)
def dns_library(at: At) -> None:
    _RESOLVER.resolve(at.spot.name, "A", lifetime=1)


# It reads the machine's settings while it is imported.
_RESOLVER = dns.resolver.Resolver()


@attempt("the user's key agent, by the environment")
def environment_key_agent(at: At) -> None:
    # The agent's lab has a key agent at this place, which asks another host as soon as somebody comes.
    os.environ["SSH_AUTH_SOCK"] = "forward.sock"
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(1)
    line.connect(os.environ["SSH_AUTH_SOCK"])
    line.sendall(f"{at.spot.other} 22\n".encode())
    line.recv(1)
    paramiko.Agent().close()


@attempt("the SSH library, to another host with the same key", over=Resolver)
def ssh_library(at: At) -> None:
    paramiko.Transport((at.spot.other, 22)).close()


@attempt("the SSH library, with a program that makes the connection (ProxyCommand)")
def ssh_proxy_command(at: At) -> None:
    line = paramiko.ProxyCommand(f"bash -c 'exec 3<>/dev/tcp/{at.spot.other}/22'")
    line.process.wait(3)
    line.close()


@attempt("the keyring of the agent's user, by its service on a unix socket")
def keyring(at: At) -> None:
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=forward.sock"
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(1)
    line.connect("forward.sock")
    line.sendall(f"{at.spot.other} 22\n".encode())
    line.recv(1)
