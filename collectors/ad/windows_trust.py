"""Does this Windows machine still have its place in the domain? The secure channel, asked on the member itself.

`Test-ComputerSecureChannel` without `-Repair` changes nothing; it wants an administrator of the machine. What Netlogon
wrote to the log System within a day says why: 5719 (no controller was reached), 3210 (the controller did not accept the
machine's password), 5783 (the session broke off).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from collectors import About, Finding, Kind, Powershell, Script, Unanswered, collector, fault, warn
from collectors.ad.windows import read_as

__all__ = ["WindowsMember", "windows_trust"]

BROKEN = fault(
    "ad.channel-broken",
    "the machine's secure channel to the domain {domain} does not hold: nobody of the domain can log on to it",
    "der sichere Kanal der Maschine zur Domäne {domain} hält nicht: niemand aus der Domäne kann sich anmelden",
    do=(
        "See first whether controllers answer and the clock is right; then Test-ComputerSecureChannel -Repair. Do not rejoin.",
        "Erst prüfen, ob Controller antworten und die Uhr stimmt; dann Test-ComputerSecureChannel -Repair. Nicht neu beitreten.",
    ),
)
REJECTED = fault(
    "ad.machine-password-rejected",
    "controllers of {domain} do not accept this machine's password (Netlogon 3210, {count} times within a day)",
    "Controller von {domain} nehmen das Kennwort dieser Maschine nicht an (Netlogon 3210, {count}-mal binnen eines Tages)",
    do=(
        "Was it put back to an old state, or cloned? Then Test-ComputerSecureChannel -Repair with a delegated account.",
        "Wurde sie auf einen alten Stand zurückgesetzt oder geklont? Dann Test-ComputerSecureChannel -Repair mit delegiertem Konto.",
    ),
)
LOST_FOR_A_WHILE = warn(
    "ad.channel-interrupted",
    "the machine did not always reach a controller of {domain} within a day (Netlogon {events})",
    "die Maschine erreichte binnen eines Tages nicht immer einen Controller von {domain} (Netlogon {events})",
    do=(
        "Compare the times with restarts of the network and of the controllers.",
        "Die Zeiten mit Neustarts von Netz und Controllern vergleichen.",
    ),
)
NO_MEMBER = fault(
    "ad.not-a-member",
    "the machine is in no domain; by the contract it is a member of {expected}",
    "die Maschine ist in keiner Domäne; nach dem Vertrag gehört sie zu {expected}",
    do=("Join it, or correct the contract.", "Sie aufnehmen oder den Vertrag berichtigen."),
)
OTHER_DOMAIN = fault(
    "ad.member-elsewhere",
    "the machine is a member of {domain}; by the contract of {expected}",
    "die Maschine gehört zur Domäne {domain}; nach dem Vertrag zu {expected}",
    do=(
        "Join the right one, or correct the contract.",
        "In die richtige aufnehmen oder den Vertrag berichtigen.",
    ),
)

_NO_CONTROLLER, _REJECTED, _BROKE_OFF = 5719, 3210, 5783
_EVENTS = (_NO_CONTROLLER, _REJECTED, _BROKE_OFF)
# Once is a restart of the network before Netlogon was ready.
_OFTEN = 3
_SCRIPT = Script.lying_in("collectors.ad", "windows_trust.ps1")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsMember:
    """domain: in which it is, '' for none; expected: by the contract, '' when it does not say.

    holds: that its channel does. events: of Netlogon within a day, by number.
    """

    domain: str
    expected: str
    holds: bool
    events: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    joined: bool
    domain: str
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    event: int
    count: int


_READ = TypeAdapter(tuple[_Machine | _Event, ...])


def judge(seen: WindowsMember) -> Iterator[Finding]:
    if not seen.domain:
        yield NO_MEMBER(expected=seen.expected or "-")
        return
    if seen.expected and seen.domain.lower() != seen.expected.lower():
        yield OTHER_DOMAIN(domain=seen.domain, expected=seen.expected)
    if not seen.holds:
        rejected = seen.events.get(_REJECTED, 0)
        yield REJECTED(domain=seen.domain, count=rejected) if rejected else BROKEN(domain=seen.domain)
    elif sum(seen.events.values()) >= _OFTEN:
        told = ", ".join(f"{number}: {count}" for number, count in sorted(seen.events.items()))
        yield LOST_FOR_A_WHILE(domain=seen.domain, events=told)


@collector(
    "ad.windows-trust",
    asks=(
        "Does the Windows machine still have its place in the domain?",
        "Hat die Windows-Maschine noch ihren Platz in der Domäne?",
    ),
    judge=judge,
    platform="windows",
    role="domain-member",
)
async def windows_trust(host: Powershell, about: About) -> WindowsMember:
    """Let Windows look at its own channel."""
    found = read_as(_READ, await host.objects(_SCRIPT, events=tuple(map(str, _EVENTS))))
    machines = [one for one in found if isinstance(one, _Machine)]
    events = [one for one in found if isinstance(one, _Event)]
    is_whole = len(machines) == 1 and (machines[0].holds is not None or not machines[0].joined)
    if not is_whole or any(one.event not in _EVENTS for one in events):
        raise Unanswered(Kind.UNPARSABLE, "the host says something else than it was asked for")
    machine = machines[0]
    return WindowsMember(
        domain=machine.domain if machine.joined else "",
        expected=about.domain.name if about.domain else "",
        holds=machine.holds is True,
        events={one.event: one.count for one in events},
    )
