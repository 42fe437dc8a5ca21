"""From whom does a Windows controller take its time, as it is set up? The registry says it, w32tm only translates it.

The keys are those of [MS-W32T] and of Microsoft's "Windows Time service tools and settings" (Parameters: Type, NtpServer;
TimeProviders: Enabled), and a group policy's own keys go before them. DomainRole is Win32_ComputerSystem's: 5 is the
holder of the PDC role, the clock of its domain; in the root of the forest nobody stands above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from collectors import About, Finding, Kind, Powershell, Script, Unanswered, collector, fault, note, warn
from collectors.ad.windows import read_as

__all__ = ["TimeSource", "time_source"]

UNSOURCED = warn(
    "ad.time-no-source-above",
    "it is the first clock of the forest, and takes its time from nobody outside (Type {type}, servers: {servers})",
    "er ist die erste Uhr der Gesamtstruktur und bezieht seine Zeit von niemandem außerhalb (Type {type}, Server: {servers})",
    do=(
        "Give it two or more sources: w32tm /config /syncfromflags:manual /manualpeerlist:… /update.",
        "Ihm zwei oder mehr Quellen geben: w32tm /config /syncfromflags:manual /manualpeerlist:… /update.",
    ),
)
LOOP = warn(
    "ad.time-loop",
    "it is the first clock of the forest, and takes its time from controllers that take theirs from it: {servers}",
    "er ist die erste Uhr der Gesamtstruktur und bezieht seine Zeit von Controllern, die sie von ihm haben: {servers}",
    do=(
        "Name sources outside the domain instead.",
        "Stattdessen Quellen außerhalb der Domäne nennen.",
    ),
)
OFF = fault(
    "ad.time-not-taken",
    "this controller takes its time from nobody ({how})",
    "dieser Controller bezieht seine Zeit von niemandem ({how})",
    do=(
        "Let it follow its domain again: w32tm /config /syncfromflags:domhier /update; see which policy sets it.",
        "Ihn wieder seiner Domäne folgen lassen: w32tm /config /syncfromflags:domhier /update; Richtlinie dazu suchen.",
    ),
)
OWN_SOURCE = warn(
    "ad.time-not-from-domain",
    "this controller takes its time from {servers} and not from its domain",
    "dieser Controller bezieht seine Zeit von {servers} und nicht aus seiner Domäne",
    do=(
        "Only the PDC of the forest's root needs a source of its own: w32tm /config /syncfromflags:domhier /update.",
        "Nur der PDC der Stammdomäne braucht eine eigene Quelle: w32tm /config /syncfromflags:domhier /update.",
    ),
)
NOT_SERVED = fault(
    "ad.time-not-given",
    "this controller is set up to give no time to its domain (TimeProviders\\NtpServer)",
    "dieser Controller ist so eingerichtet, dass er seiner Domäne keine Zeit gibt (TimeProviders\\NtpServer)",
    do=(
        "Set Enabled to 1 there, or see which policy forbids it, and restart W32Time.",
        "Dort Enabled auf 1 setzen oder die Richtlinie suchen, die es verbietet, und W32Time neu starten.",
    ),
)
FROM_HOST = note(
    "ad.time-from-hyper-v",
    "this controller is a virtual machine that also takes its time from its Hyper-V host",
    "dieser Controller ist eine virtuelle Maschine, die ihre Zeit auch von ihrem Hyper-V-Host nimmt",
    do=(
        "Where the host's clock is not better, switch VMICTimeProvider off in it (Enabled 0).",
        "Wo die Uhr des Hosts nicht besser ist, darin VMICTimeProvider abschalten (Enabled 0).",
    ),
)

_SERVICE = r"SYSTEM\CurrentControlSet\Services\W32Time"
_POLICY = r"SOFTWARE\Policies\Microsoft\W32Time"
_PARTS = (
    "Parameters",
    r"TimeProviders\NtpClient",
    r"TimeProviders\NtpServer",
    r"TimeProviders\VMICTimeProvider",
)
KEYS = tuple(rf"{base}\{part}" for base in (_SERVICE, _POLICY) for part in _PARTS)
VALUES = ("Type", "NtpServer", "Enabled")
_PRIMARY, _BACKUP = 5, 4
_SCRIPT = Script.lying_in("collectors.ad", "time_source.ps1")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSource:
    """type: NT5DS (the domain), NTP (servers), AllSync, NoSync. client, server, hyper_v: providers that are enabled.

    is_first: holds the PDC role in the root of the forest. own: servers that are controllers of its own domain.
    """

    type: str
    servers: tuple[str, ...]
    own: tuple[str, ...]
    client: bool
    server: bool
    hyper_v: bool
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    key: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    role: int
    maker: str
    model: str
    domain: str
    forest: str


_READ = TypeAdapter(tuple[_Key | _Machine, ...])


def judge(seen: TimeSource) -> Iterator[Finding]:
    is_off = seen.type == "NOSYNC" or not seen.client
    servers = ", ".join(seen.servers) or "-"
    follows = seen.type in {"NTP", "ALLSYNC"} and seen.servers
    if seen.is_first:
        if is_off or not follows:
            yield UNSOURCED(type=seen.type, servers=servers)
        elif set(seen.own) == set(seen.servers):
            yield LOOP(servers=servers)
    elif is_off:
        yield OFF(how=f"Type {seen.type}" if seen.client else "NtpClient Enabled 0")
    elif seen.type == "NTP":
        yield OWN_SOURCE(servers=servers)
    if not seen.server:
        yield NOT_SERVED()
    if seen.hyper_v:
        yield FROM_HOST()


@collector(
    "ad.time-source",
    asks=(
        "From whom does a Windows controller take its time?",
        "Von wem bezieht ein Windows-Controller seine Zeit?",
    ),
    judge=judge,
    platform="windows",
    role="domain-controller",
)
async def time_source(host: Powershell, about: About) -> TimeSource:
    """A policy's values go before the service's own; what is nowhere has the default of a controller."""
    found = read_as(_READ, await host.objects(_SCRIPT, keys=KEYS, values=VALUES))
    keys = {one.key: one.values for one in found if isinstance(one, _Key)}
    machine = next((one for one in found if isinstance(one, _Machine)), None)
    if machine is None or keys.keys() != set(KEYS):
        raise Unanswered(Kind.UNPARSABLE, "the host says only a part of what it was asked for")
    if machine.role not in {_PRIMARY, _BACKUP}:
        raise Unanswered(
            Kind.UNPARSABLE, f"Windows says that it is no domain controller (role {machine.role})"
        )
    if not (machine.domain and machine.forest):
        raise Unanswered(Kind.UNPARSABLE, "the controller does not say which domain is the forest's root")

    def value(part: str, name: str) -> str:
        own, ruled = keys[rf"{_SERVICE}\{part}"], keys[rf"{_POLICY}\{part}"]
        return ruled.get(name, own.get(name, ""))

    servers = tuple(word.partition(",")[0].lower() for word in value("Parameters", "NtpServer").split())
    kind = value("Parameters", "Type").upper()
    if not kind:
        raise Unanswered(Kind.UNPARSABLE, "the registry says nothing of the time service")
    known = {
        name.lower()
        for one in (about.domain.controllers if about.domain else ())
        for name in (one.name, one.name.partition(".")[0], *one.addresses)
    }
    is_guest = machine.maker == "Microsoft Corporation" and machine.model == "Virtual Machine"
    return TimeSource(
        type=kind,
        servers=servers,
        own=tuple(name for name in servers if name in known),
        client=value(r"TimeProviders\NtpClient", "Enabled") != "0",
        server=value(r"TimeProviders\NtpServer", "Enabled") != "0",
        hyper_v=is_guest and value(r"TimeProviders\VMICTimeProvider", "Enabled") == "1",
        is_first=machine.role == _PRIMARY and machine.domain.lower() == machine.forest.lower(),
    )
