"""What does OpenVPN say of itself? Its command line, its configuration without keys, its status (versions 1 to 3), its state.

The forms are those of openvpn(8) and of management-notes.txt. What has no END is cut off and no answer.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from collectors.plain import plain
from collectors.vpn.rights import unparsable

__all__ = [
    "OPTIONS",
    "Client",
    "Instance",
    "State",
    "Status",
    "instances_of",
    "options_of",
    "state_of",
    "status_of",
]

# What the configuration may be asked for: no option here takes a key or a password.
OPTIONS = (
    *(
        "client",
        "config",
        "connect-retry",
        "cd",
        "data-ciphers",
        "cipher",
        "auth",
        "dev",
        "duplicate-cn",
        "fragment",
    ),
    *(
        "ifconfig-pool",
        "keepalive",
        "lport",
        "management",
        "max-clients",
        "mssfix",
        "ping",
        "ping-restart",
        "port",
    ),
    *(
        "proto",
        "pull",
        "remote",
        "reneg-sec",
        "route",
        "rport",
        "server",
        "status",
        "status-version",
        "tls-client",
    ),
    *("tls-server", "topology", "tun-mtu"),
    *("management-client", "management-signal", "management-forget-disconnect", "management-external-key"),
)
_HARMFUL = OPTIONS[-4:]
# Anybody can call a process so, with options that name a file of others: only the system's own are taken.
_PROGRAM = re.compile(r"\s*(?P<pid>\d+)\s+(?:root|nobody|_?openvpn)\s+(?P<command>(?:\S*/)?openvpn(?:\s.*)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A process, or a configuration that no process runs. name: as the contract calls it. pid: '' where it does not run."""

    name: str
    pid: str
    config: str
    options: Mapping[str, tuple[tuple[str, ...], ...]]

    def one(self, option: str) -> tuple[str, ...] | None:
        """The words of an option's first use; None where it is not set."""
        return next(iter(self.options.get(option, ())), None)

    @property
    def management(self) -> str:
        """Where its management interface is, as socat writes it; '' where there is none, or none that is safe to leave.

        Some settings make the daemon act when somebody hangs up there, or wait for its own client.
        """
        words = self.one("management")
        if words is None or len(words) < 2 or any(self.one(option) is not None for option in _HARMFUL):
            return ""
        where, port = words[:2]
        if port == "unix":
            return f"UNIX-CONNECT:{where}" if re.fullmatch(r"/[\w./@-]+", where) else ""
        # It never listens elsewhere than on the host itself: what names another address is not followed.
        is_near = re.fullmatch(r"localhost|127(?:\.\d{1,3}){3}", where) and re.fullmatch(r"\d{1,5}", port)
        return f"TCP:{where.replace('localhost', '127.0.0.1')}:{port}" if is_near else ""

    @property
    def status_file(self) -> str:
        words = self.one("status")
        path = words[0] if words else ""
        folder = (self.one("cd") or ("",))[0]
        return path if path.startswith("/") or not path else f"{folder.rstrip('/')}/{path}" if folder else ""

    @property
    def is_server(self) -> bool:
        return self.one("server") is not None

    @property
    def pool(self) -> str:
        """The network that clients get addresses from; '' for none."""
        words = self.one("server")
        try:
            return str(ip_network("/".join(words[:2]))) if words and len(words) > 1 else ""
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Somebody who is connected. real: his address, without the port; networks: that are reached through him."""

    name: str
    real: str
    virtual: str
    since: int
    got: int
    sent: int
    networks: tuple[str, ...] = ()

    @property
    def is_in(self) -> bool:
        """Whether he has logged in: until then he has no address inside."""
        return bool(self.virtual or self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """at: seconds since 1970 of its writing, 0 where it is told in local time alone. counts: bytes in and out of the tunnel's UDP."""

    at: int = 0
    clients: tuple[Client, ...] = ()
    counts: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """name: CONNECTED, RECONNECTING … since: seconds since 1970; detail: why; remote: the other end's address."""

    name: str
    since: int
    detail: str = ""
    remote: str = ""


def instances_of(processes: str) -> tuple[Instance, ...]:
    """The processes that `ps` lists, with the options of their command lines."""
    found = []
    for line in processes.splitlines():
        match = _PROGRAM.fullmatch(line)
        if match is None:
            continue
        try:
            words = shlex.split(match["command"])[1:]
        except ValueError:
            continue
        options = _of_words(words)
        # A single word is the configuration.
        if len(words) == 1 and not words[0].startswith("--"):
            options = {"config": ((words[0],),)}
        config = next(iter(options.get("config", (("",),))))[0]
        folder = next(iter(options.get("cd", (("",),))))[0]
        if config and not config.startswith("/") and folder:
            config = f"{folder.rstrip('/')}/{config}"
        device = next(iter(options.get("dev", (("",),))))[0]
        name = config.rpartition("/")[2].removesuffix(".conf").removesuffix(".ovpn") or device
        found.append(Instance(name=plain(name), pid=match["pid"], config=config, options=options))
    return tuple(found)


def _of_words(words: list[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    option, rest = "", list[str]()
    for word in (*words, "--"):
        if word.startswith("--"):
            if option in OPTIONS:
                found[option] = (*found.get(option, ()), tuple(rest) or ("",))
            option, rest = word.removeprefix("--"), []
        else:
            rest.append(word)
    return found


def options_of(text: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The lines of a configuration, of those that were asked for."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].partition(";")[0].split()
        if words and words[0] in OPTIONS:
            found[words[0]] = (
                *found.get(words[0], ()),
                tuple(word.strip("\"'") for word in words[1:]) or ("",),
            )
    return found


def lines_of(text: str) -> list[str]:
    """What came before END, without what the daemon says of its own accord. Raises Unanswered."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if any(line.startswith("ENTER PASSWORD:") for line in lines):
        raise unparsable(
            "the management interface of OpenVPN wants a password: let Secondline read the status file"
        )
    if wrong := next((line for line in lines if line.startswith("ERROR:")), ""):
        raise unparsable("OpenVPN does not answer", wrong)
    if "END" not in lines:
        raise unparsable("what OpenVPN says is cut off", lines[-1] if lines else "")
    return [line for line in lines[: lines.index("END")] if line and not line.startswith(">")]


def state_of(text: str) -> State:
    """Read the answer to `state`. Raises Unanswered."""
    lines = lines_of(text)
    words = lines[-1].split(",") if lines else []
    if len(words) < 3 or not words[0].isdecimal() or not re.fullmatch(r"[A-Z_]{2,20}", words[1]):
        raise unparsable("this is no state of OpenVPN", lines[-1] if lines else "")
    return State(
        name=words[1],
        since=int(words[0]),
        detail=plain(words[2], 80),
        remote=_address(words[4]) if len(words) > 4 else "",
    )


def status_of(text: str) -> Status:
    """Read a status of version 1, 2 or 3. Raises Unanswered."""
    lines = lines_of(text)
    first = lines[0] if lines else ""
    if first.startswith(("TITLE,", "TITLE\t")):
        return _tabled(lines, first[5])
    if first == "OpenVPN CLIENT LIST":
        return _listed(lines)
    if first == "OpenVPN STATISTICS":
        figures = dict(line.split(",", 1) for line in lines if "," in line)
        return Status(
            counts=(_count(figures.get("TCP/UDP read bytes")), _count(figures.get("TCP/UDP write bytes")))
        )
    raise unparsable("this is no status of OpenVPN", first)


def _tabled(lines: list[str], mark: str) -> Status:
    """Versions 2 and 3: each row says what it is, and a header names its columns."""
    heads: dict[str, list[str]] = {}
    rows: dict[str, list[dict[str, str]]] = {"CLIENT_LIST": [], "ROUTING_TABLE": []}
    at = 0
    for line in lines:
        kind, *words = line.split(mark)
        if kind == "HEADER" and words:
            heads[words[0]] = words[1:]
        elif kind == "TIME" and len(words) > 1:
            at = _count(words[1])
        elif kind in rows:
            if len(words) != len(heads.get(kind, ())):
                raise unparsable("a row of OpenVPN's status does not fit its header", line)
            rows[kind].append(dict(zip(heads[kind], words, strict=True)))
    return Status(at=at, clients=_clients(rows["CLIENT_LIST"], rows["ROUTING_TABLE"]))


def _listed(lines: list[str]) -> Status:
    """Version 1: two tables one after the other, with their headers."""
    tables: list[list[dict[str, str]]] = []
    head: list[str] = []
    for line in lines:
        words = line.split(",")
        if line.startswith(("Common Name,", "Virtual Address,")):
            head = words
            tables.append([])
        elif line in {"ROUTING TABLE", "GLOBAL STATS"}:
            head = []
        elif head and tables:
            if len(words) != len(head):
                raise unparsable("a row of OpenVPN's status does not fit its header", line)
            tables[-1].append(dict(zip(head, words, strict=True)))
    none: list[dict[str, str]] = []
    clients, routes, *_ = (*tables, none, none)
    return Status(clients=_clients(clients, routes))


def _clients(clients: list[dict[str, str]], routes: list[dict[str, str]]) -> tuple[Client, ...]:
    behind: dict[tuple[str, str], list[str]] = {}
    for row in routes:
        key = (row.get("Common Name", ""), row.get("Real Address", ""))
        behind.setdefault(key, []).append(plain(row.get("Virtual Address", "").rstrip("C")))
    return tuple(
        Client(
            name=plain(row.get("Common Name", "")),
            real=_address(row.get("Real Address", "")),
            virtual=plain(row.get("Virtual Address", "")),
            since=_count(row.get("Connected Since (time_t)")),
            got=_count(row.get("Bytes Received")),
            sent=_count(row.get("Bytes Sent")),
            networks=tuple(behind.get((row.get("Common Name", ""), row.get("Real Address", "")), ())),
        )
        for row in clients
    )


def _count(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text) else 0


def _address(text: str) -> str:
    """An address without its port and protocol: '10.0.0.1:1194', 'udp4:10.0.0.1:1194', '[::1]:1194'."""
    said = re.sub(r"^(?:udp|tcp)[46]?(?:-server|-client)?:", "", text)
    for form in (said, said.rpartition(":")[0], said.rpartition(":")[0].strip("[]")):
        try:
            return str(ip_address(form))
        except ValueError:
            continue
    return ""
