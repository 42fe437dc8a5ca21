"""Do the services run that a Windows controller cannot be without, and will they run after the next restart?

The state is SERVICE_STATUS_PROCESS.dwCurrentState (MS-SCMR 2.2.49), read through .NET's ServiceController; the start
is the value `Start` of the service's registry key (MS-SCMR 2.2.15, dwStartType). Which services a controller needs is
what dcdiag's test Services asks for, and Active Directory Web Services, which administrators' tools speak to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from collectors import Finding, Kind, Powershell, Script, Unanswered, collector, fault, warn
from collectors.ad.windows import read_as

__all__ = ["Service", "WindowsServices", "windows_services"]

STOPPED = fault(
    "ad.service-stopped",
    "services that a domain controller needs do not run: {services}",
    "Dienste, die ein Domänencontroller braucht, laufen nicht: {services}",
    do=(
        "Read in the System event log why (7000, 7009, 7031, 7034 of Service Control Manager), then start them.",
        "Im Ereignisprotokoll System nachlesen, warum (7000, 7009, 7031, 7034 des Service Control Managers), dann starten.",
    ),
)
AIDE_STOPPED = warn(
    "ad.service-aide-stopped",
    "services that help a domain controller do not run: {services}",
    "Dienste, die einem Domänencontroller helfen, laufen nicht: {services}",
    do=(
        "Start them: without W32Time clocks drift apart, without ADWS the administrators' PowerShell has no answer.",
        "Starten: Ohne W32Time laufen die Uhren auseinander, ohne ADWS antwortet die PowerShell der Administratoren nicht.",
    ),
)
PAUSED = fault(
    "ad.netlogon-paused",
    "Netlogon is paused: clients do not take this controller",
    "Netlogon ist angehalten: Clients nehmen diesen Controller nicht",
    do=(
        "Read the Directory Service event log before anybody resumes it: 2103 and 2095 speak of a wrong restore.",
        "Vor dem Fortsetzen das Protokoll Directory Service lesen: 2103 und 2095 sprechen von falscher Rücksicherung.",
    ),
)
CHANGING = warn(
    "ad.service-changing",
    "services are neither stopped nor running yet: {services}",
    "Dienste sind weder beendet noch laufen sie schon: {services}",
    do=(
        "Ask again in some minutes; what stays so hangs, and is to be ended and started.",
        "In einigen Minuten noch einmal fragen; was so bleibt, hängt und ist zu beenden und zu starten.",
    ),
)
NOT_AUTOMATIC = warn(
    "ad.service-not-automatic",
    "services will not run after the next restart: {services}",
    "Dienste laufen nach dem nächsten Neustart nicht: {services}",
    do=(
        "Set their start type to automatic, and find out who changed it (a group policy, a hardening script).",
        "Ihren Starttyp auf automatisch setzen und klären, wer ihn änderte (Gruppenrichtlinie, Härtungsskript).",
    ),
)
MISSING = fault(
    "ad.service-missing",
    "Windows there does not know services of a domain controller: {services}",
    "Windows kennt dort Dienste eines Domänencontrollers nicht: {services}",
    do=(
        "Is it a domain controller still? Correct the contract, or repair the installation.",
        "Ist es noch ein Domänencontroller? Den Vertrag berichtigen oder die Installation reparieren.",
    ),
)

# By their names in the registry, which no language changes.
NEEDED = ("NTDS", "Kdc", "Netlogon", "DFSR", "LanmanServer", "LanmanWorkstation", "RpcSs", "SamSs")
# DNS is a role of its own, that not every controller has.
AIDES = ("W32Time", "ADWS", "DNS")
_STOPPED, _RUNNING, _PAUSED = 1, 4, 7
_AUTOMATIC, _DISABLED = 2, 4
_SCRIPT = Script.lying_in("collectors.ad", "windows_services.ps1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """start: as in the registry (2 automatic, 3 by hand, 4 never); None: no such service. state: 1 stopped, 4 running …"""

    name: str
    start: int | None
    state: int | None


@dataclass(frozen=True, slots=True)
class WindowsServices:
    services: tuple[Service, ...]


_READ = TypeAdapter(tuple[Service, ...])


def judge(seen: WindowsServices) -> Iterator[Finding]:
    known = [one for one in seen.services if one.start is not None]
    missing = [one for one in seen.services if one.start is None and one.name in NEEDED]
    stopped = [one for one in known if one.state == _STOPPED]
    needed = [one for one in stopped if one.name in (*NEEDED, "DNS")]
    aides = [one for one in stopped if one not in needed]
    paused = [one for one in known if one.state == _PAUSED and one.name == "Netlogon"]
    changing = [one for one in known if one.state not in {_STOPPED, _RUNNING} and one not in paused]
    # Helpers may be started by something else than the start of Windows.
    late = [
        one
        for one in known
        if one.start is not None and (one.start >= _DISABLED if one.name in AIDES else one.start > _AUTOMATIC)
    ]
    if missing:
        yield MISSING(services=_listed(missing))
    if needed:
        yield STOPPED(services=_listed(needed))
    if aides:
        yield AIDE_STOPPED(services=_listed(aides))
    if paused:
        yield PAUSED()
    if changing:
        yield CHANGING(services=_listed(changing))
    if late:
        yield NOT_AUTOMATIC(services=_listed(late))


def _listed(services: list[Service]) -> str:
    return ", ".join(one.name for one in services)


@collector(
    "ad.windows-services",
    asks=("Do the services of a Windows controller run?", "Laufen die Dienste eines Windows-Controllers?"),
    judge=judge,
    platform="windows",
    role="domain-controller",
)
async def windows_services(host: Powershell) -> WindowsServices:
    """Windows leaves out of its list what the account may not ask: then nobody knows how it is."""
    names = (*NEEDED, *AIDES)
    services = read_as(_READ, await host.objects(_SCRIPT, names=names))
    if tuple(one.name for one in services) != names:
        raise Unanswered(Kind.UNPARSABLE, "the host speaks of other services than it was asked for")
    hidden = [one.name for one in services if one.start is not None and one.state is None]
    if hidden:
        raise Unanswered(Kind.REFUSED, f"the account may not see how these services are: {', '.join(hidden)}")
    return WindowsServices(services)
