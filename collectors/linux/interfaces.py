"""Does a network interface of this host lose frames, run half duplex, or hang without a link?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Ran, Shell, collector, fault, note, warn
from collectors.linux.output import plain, printed, unparsable

ERRORS = fault(
    "linux.interface-errors",
    "{interface} makes errors right now: {errors} within about a second ({total} of {packets} packets so far)",
    "{interface} macht gerade Fehler: {errors} in etwa einer Sekunde (bisher {total} bei {packets} Paketen)",
    do=(
        "Check cable, transceiver and the switch port's settings and counters.",
        "Kabel, Transceiver sowie Einstellung und Zähler des Switchports prüfen.",
    ),
)
ERRORS_PAST = note(
    "linux.interface-errors-past",
    "{interface} has made errors at some time ({total} of {packets} packets), none of them now",
    "{interface} hat irgendwann Fehler gemacht ({total} bei {packets} Paketen), jetzt keine",
)
HALF = warn(
    "linux.half-duplex",
    "{interface} runs half duplex at {speed} Mbit/s: usually one side negotiates and the other is fixed",
    "{interface} läuft mit {speed} Mbit/s halbduplex: meist handelt eine Seite aus und die andere ist fest",
    do=(
        "Set both ends, host and switch port, to automatic negotiation.",
        "Beide Enden, Host und Switchport, auf automatische Aushandlung stellen.",
    ),
)
DOWN = fault(
    "linux.interface-down",
    "{interface} has addresses or belongs to a bond but no link",
    "{interface} hat Adressen oder gehört zu einem Bond, aber keinen Link",
    do=("Check cable and switch port of {interface}.", "Kabel und Switchport von {interface} prüfen."),
)
LOST = warn(
    "linux.interface-lost",
    "{interface} was in use since the start ({packets} packets) and has no link now",
    "{interface} war seit dem Start in Betrieb ({packets} Pakete) und hat jetzt keinen Link",
)
_FILES = ("carrier", "duplex", "flags", "speed", "type", "bridge_id", "tun_flags", "mii_status", "uevent")
_COUNTERS = ("rx_errors", "tx_errors", "rx_packets", "tx_packets")
_NAMES = tuple(word for name in (*_FILES, *_COUNTERS) for word in ("-o", "-name", name))[1:]
# A bridge of hundreds shows each of them, and each of them the bridge.
_NOT_TWICE = ("!", "-path", "*/upper_*", "!", "-path", "*/lower_*")
_FIND = ("find", "-L", "/sys/class/net", "-maxdepth", "3", "(", *_NAMES, ")", *_NOT_TWICE)
_SHOW = ("-exec", "grep", "-H", ".", "{}", "+")
_LINE = re.compile(r"/sys/class/net/([^/]{1,15})/((?:statistics/|bridge/|bonding_slave/)?[a-z_]+):(.*)")
_USED = ("cat", "--", "/proc/net/dev", "/proc/net/route", "/proc/net/if_inet6")
_ETHERNET, _UP = "1", 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One Ethernet interface. errors, packets: since the start; rising: errors of about one second.

    is_virtual: without a cable, so that it is no fault to have no link.
    """

    name: str
    is_up: bool
    has_link: bool
    is_used: bool
    is_virtual: bool
    duplex: str
    speed: str
    errors: int
    packets: int
    rising: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interfaces:
    interfaces: tuple[Interface, ...]


def judge(seen: Interfaces) -> Iterator[Finding]:
    for one in seen.interfaces:
        yield from _counted(one)
        if one.has_link and one.duplex == "half":
            yield HALF(interface=one.name, speed=one.speed)
        if one.is_up and not one.has_link and not one.is_virtual:
            if one.is_used:
                yield DOWN(interface=one.name)
            elif one.packets:
                yield LOST(interface=one.name, packets=one.packets)


def _counted(one: Interface) -> Iterator[Finding]:
    if one.rising > 0:
        yield ERRORS(interface=one.name, errors=one.rising, total=one.errors, packets=one.packets)
    elif one.errors > 10 and one.errors * 100_000 > one.packets:
        yield ERRORS_PAST(interface=one.name, total=one.errors, packets=one.packets)


@collector(
    "linux.interfaces",
    asks=(
        "Do the network interfaces work without errors?",
        "Arbeiten die Netzwerkschnittstellen fehlerfrei?",
    ),
    judge=judge,
    platform="linux",
)
async def interfaces(host: Shell) -> Interfaces:
    """Read state and counters; read them again a second later where there are errors."""
    first = _tables(await host.run(*_FIND, *_SHOW))
    used = printed(await host.run(*_USED), codes=(0, 1))
    if not set(first) <= _named(used):
        # Interfaces of containers come and go between two questions.
        first = _tables(await host.run(*_FIND, *_SHOW))
        used = printed(await host.run(*_USED), codes=(0, 1))
    if not set(first) <= _named(used):
        raise unparsable("/sys and /proc speak of different networks, or of none")
    in_use = _in_use(used)
    found = [
        _interface(name, t, is_used=name in in_use) for name, t in first.items() if t.get("type") == _ETHERNET
    ]
    if any(one.errors for one in found):
        await host.pause(1)
        second = _tables(await host.run(*_FIND, *_SHOW))
        found = [_interface(o.name, first[o.name], second.get(o.name), is_used=o.is_used) for o in found]
    return Interfaces(interfaces=tuple(found))


def _named(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?m)^ *(\S+): *\d+ ", text))


def _tables(ran: Ran) -> dict[str, dict[str, str]]:
    """Turn 'path:content' lines into a table an interface, keyed by file, or by DEVTYPE of uevent."""
    tables: dict[str, dict[str, str]] = {}
    # Files of an interface without link refuse to be read: find and grep then end with 1 or 2.
    for line in printed(ran, codes=(0, 1, 2)).splitlines():
        if match := _LINE.fullmatch(line):
            name, path, content = match.groups()
            key, _, value = content.partition("=") if path == "uevent" else (path, "", content)
            tables.setdefault(plain(name), {})[key] = value
    if not any("statistics/rx_packets" in table for table in tables.values()):
        raise unparsable("/sys/class/net shows no interface", ran.stdout or ran.stderr)
    return tables


def _in_use(text: str) -> frozenset[str]:
    """Name the interfaces with an IPv4 route or an IPv6 address that is not only link-local."""
    routed = re.findall(r"(?m)^(\S+)\t[0-9A-F]{8}\t", text)
    addressed = re.findall(r"(?m)^[0-9a-f]{32} [0-9a-f]+ [0-9a-f]+ 00 [0-9a-f]+ +(\S+)$", text)
    return frozenset([*routed, *addressed])


def _interface(
    name: str, table: dict[str, str], later: dict[str, str] | None = None, *, is_used: bool
) -> Interface:
    errors = _sum(table, "errors")
    flags = table.get("flags", "0x0")
    return Interface(
        name=name,
        is_up=bool(int(flags, 16) & _UP) if re.fullmatch(r"0x[0-9a-f]{1,8}", flags) else False,
        has_link=table.get("carrier") == "1",
        is_used=is_used or "bonding_slave/mii_status" in table,
        is_virtual="bridge/bridge_id" in table
        or "tun_flags" in table
        or table.get("DEVTYPE") in {"bridge", "wlan", "wwan"},
        duplex=plain(table.get("duplex", "")),
        speed=plain(table.get("speed", "")) or "?",
        errors=errors,
        packets=_sum(table, "packets"),
        rising=max(_sum(later, "errors") - errors, 0) if later else 0,
    )


def _sum(table: dict[str, str], what: str) -> int:
    counts = (table.get(f"statistics/{way}_{what}", "0") for way in ("rx", "tx"))
    return sum(int(count) for count in counts if re.fullmatch(r"\d{1,20}", count))
