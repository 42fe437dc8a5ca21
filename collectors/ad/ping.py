"""Would a client find this domain controller, and what would it be told? The ping that each of them sends first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, DirectoryPing, Finding, Kind, Unanswered, collector, fault, note, survey, warn
from collectors.ad.netlogon import Netlogon, read_netlogon

__all__ = ["Pinged", "controllers_found", "ping"]

SILENT = fault(
    "ad.ping-silent",
    "the controller does not answer when clients look for one (UDP, {detail}): they take it for dead",
    "der Controller antwortet nicht, wenn Clients einen suchen (UDP, {detail}): sie halten ihn für tot",
    do=(
        "Does it run? If LDAP answers over TCP, a firewall drops UDP on the port of the directory ping.",
        "Läuft er? Antwortet LDAP über TCP, verwirft eine Firewall UDP am Port des Verzeichnis-Pings.",
    ),
)
PAUSED = fault(
    "ad.controller-paused",
    "the controller tells clients that it is paused, and serves none",
    "der Controller sagt Clients, dass er pausiert, und bedient keinen",
    do=("Resume the service Netlogon.", "Den Dienst Netlogon fortsetzen."),
)
NOT_OFFERED = fault(
    "ad.role-not-advertised",
    "the controller does not offer {roles} to clients",
    "der Controller bietet Clients {roles} nicht an",
    do=(
        "Look at its services (KDC, Netlogon, NTDS or samba) and whether SYSVOL is ready.",
        "Seine Dienste ansehen (KDC, Netlogon, NTDS oder samba) und ob SYSVOL bereit ist.",
    ),
)
NO_TIME = warn(
    "ad.time-not-advertised",
    "the controller does not offer itself as a source of time",
    "der Controller bietet sich nicht als Zeitquelle an",
    do=("Look at its time service.", "Seinen Zeitdienst ansehen."),
)
OTHER = fault(
    "ad.ping-other-domain",
    "the controller answers for the domain {answered} when it is asked for {domain}",
    "der Controller antwortet für die Domäne {answered}, gefragt nach {domain}",
    do=("Correct the contract or the address.", "Vertrag oder Adresse berichtigen."),
)
NO_SITE = note(
    "ad.client-site-unknown",
    "the agent's network belongs to no site of the directory",
    "das Netz des Agenten gehört zu keinem Standort des Verzeichnisses",
)
NO_CATALOGUE = fault(
    "ad.no-global-catalogue",
    "none of the {count} controllers that answered is a global catalogue",
    "keiner der {count} antwortenden Controller ist ein globaler Katalog",
    do=("Make at least one of them a global catalogue.", "Mindestens einen zum globalen Katalog machen."),
)

# Without these no client logs on by way of this controller (MS-ADTS 6.3.1.2).
_NEEDED = ("LDAP", "DS", "KDC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinged:
    """domain: as asked. answer: None when there was none; detail: then why."""

    domain: str
    answer: Netlogon | None
    detail: str = ""


def judge(seen: Pinged) -> Iterator[Finding]:
    answer = seen.answer
    if answer is None:
        yield SILENT(detail=seen.detail)
        return
    if answer.domain != seen.domain:
        yield OTHER(answered=answer.domain, domain=seen.domain)
        return
    if not answer.serves:
        yield PAUSED()
    missing = [role for role in _NEEDED if role not in answer.flags]
    if missing:
        yield NOT_OFFERED(roles=", ".join(missing))
    if "TIMESERV" not in answer.flags:
        yield NO_TIME()
    if not answer.client_site:
        yield NO_SITE()


@collector(
    "ad.ping",
    asks=("Would a client find this controller?", "Würde ein Client diesen Controller finden?"),
    judge=judge,
    deadline=10.0,
)
async def ping(host: DirectoryPing, about: About) -> Pinged:
    """Send the ping that clients send (MS-ADTS 6.3.3)."""
    domain = about.domain.name if about.domain else ""
    try:
        reply = await host.ping(domain)
    except Unanswered as reason:
        if reason.kind in {Kind.STOPPED, Kind.UNPARSABLE}:
            raise
        return Pinged(domain=domain, answer=None, detail=reason.detail)
    return Pinged(domain=domain, answer=read_netlogon(reply.content))


@survey("ad.controllers-found", over=ping)
def controllers_found(seen: Mapping[str, Pinged]) -> Iterator[Finding]:
    """Among all controllers that answer there must be a global catalogue (MS-ADTS 3.1.1.1.10)."""
    by_domain: dict[str, list[Netlogon]] = {}
    for pinged in seen.values():
        if pinged.answer is not None and pinged.answer.domain == pinged.domain:
            by_domain.setdefault(pinged.domain, []).append(pinged.answer)
    for answers in by_domain.values():
        if not any("GC" in answer.flags for answer in answers):
            yield NO_CATALOGUE(count=len(answers))
