"""Do all servers of a zone hold the same zone, and is what it says of itself sound?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from collectors import Finding, fault, note, survey, warn
from collectors.dns.alike import Told, once
from collectors.dns.names import listed
from collectors.dns.serial import current, newest, of_one_source, views
from collectors.dns.zones import Holding, Zones, holdings, zones

BEHIND = fault(
    "dns.serial-behind",
    "{server} holds the zone {zone} with serial {serial}; {newest} is the newest (its primary: {primary})",
    "{server} hält die Zone {zone} mit Seriennummer {serial}; die neueste ist {newest} (Primärserver: {primary})",
    do=(
        (
            "Right after a change, wait. Then see why {server} gets no copy from {primary}: its log tells of refused "
            "transfers (allow-transfer), keys (TSIG) or silence (TCP port 53)."
        ),
        (
            "Kurz nach Änderungen abwarten. Sonst: Warum holt {server} nichts von {primary}? Sein Log nennt verweigerte "
            "Transfers (allow-transfer), Schlüssel (TSIG) oder Schweigen (TCP-Port 53)."
        ),
    ),
)
TURNED_BACK = fault(
    "dns.serial-turned-back",
    "the primary {server} holds the zone {zone} with serial {serial}, a copy has {newest} already: "
    "no change reaches the copies",
    "der Primärserver {server} hält die Zone {zone} mit Seriennummer {serial}, eine Kopie hat schon {newest}: "
    "keine Änderung erreicht die Kopien",
    do=(
        "Raise the serial at {server} above {newest}; then see why it fell: an old file, or a number written by hand.",
        "Die Seriennummer auf {server} über {newest} setzen; dann klären, warum sie fiel: alte Datei, Zahl von Hand.",
    ),
)
APART = warn(
    "dns.serial-apart",
    "the serials of the zone {zone} lie so far apart that none is the newest: {serials}",
    "die Seriennummern der Zone {zone} liegen so weit auseinander, dass keine die neueste ist: {serials}",
    do=(
        "Set the serial of {zone} in two steps of less than 2147483648 each (RFC 1982).",
        "Die Seriennummer von {zone} in zwei Schritten unter 2147483648 setzen (RFC 1982).",
    ),
)
NS_MISMATCH = fault(
    "dns.ns-mismatch",
    "the servers of {zone} do not agree on who serves it: {views}",
    "die Server von {zone} sind sich nicht einig, wer die Zone bedient: {views}",
    do=(
        "Make one NS set for {zone} at its primary and raise the serial.",
        "Am Primärserver einen NS-Satz für {zone} festlegen und die Seriennummer erhöhen.",
    ),
)
VIEWS = note(
    "dns.two-views",
    "the zone {zone} is another one inside than outside; serials and servers are not compared: {views}",
    "die Zone {zone} ist innen eine andere als außen; Seriennummern und Server nicht verglichen: {views}",
)
NS_UNASKED = note(
    "dns.ns-unasked",
    "{zone} names {name} ({addresses}) as a server as well; the contract does not, so whether it answers is not known",
    "{zone} nennt auch {name} ({addresses}) als Server; der Vertrag nicht, also ist nicht bekannt, ob er antwortet",
    do=(
        "Name {name} in the contract, so that it may be asked; or take it out of the NS set of {zone}.",
        "{name} in den Vertrag aufnehmen, damit er gefragt werden darf; oder aus dem NS-Satz von {zone} nehmen.",
    ),
)
NS_NO_ADDRESS = fault(
    "dns.ns-no-address",
    "{zone} names {name} as its server, but has no address for it (at {servers})",
    "{zone} nennt {name} als Server, hat aber keine Adresse dafür (auf {servers})",
    do=(
        "Add the address record of {name}, or take it out of the NS set of {zone}.",
        "Den Adresseintrag von {name} ergänzen oder {name} aus dem NS-Satz von {zone} nehmen.",
    ),
)
MX_NO_ADDRESS = fault(
    "dns.mx-no-address",
    "mail for {zone} goes to {name}, which has no address (at {servers})",
    "E-Mail für {zone} geht an {name}, wofür es keine Adresse gibt (auf {servers})",
    do=(
        "Add the address record of {name}, or correct the MX record of {zone}.",
        "Den Adresseintrag von {name} ergänzen oder den MX-Eintrag von {zone} berichtigen.",
    ),
)
TIMERS = warn(
    "dns.soa-timers",
    "the times of {zone} do not fit: refresh {refresh} s, retry {retry} s, expire {expire} s (at {servers})",
    "die Zeiten von {zone} passen nicht: Refresh {refresh} s, Retry {retry} s, Expire {expire} s (auf {servers})",
    do=(
        "Set retry below refresh, and expire well above both, so that copies of {zone} survive an outage.",
        "Retry kleiner als Refresh und Expire weit größer setzen, damit Kopien von {zone} Ausfälle überstehen.",
    ),
)


@survey("dns.copies", over=zones)
def copies(seen: Mapping[str, Zones]) -> Iterator[Finding]:
    """Compare serials and NS sets of all servers of a zone, and judge what the newest copies say."""
    for zone, held in sorted(holdings(seen).items()):
        server = {host: seen[host].server for host in held}
        for group in of_one_source(held):
            yield from _serials(zone, group, server)
        sides = views(held)
        if len(sides) > 1:
            yield VIEWS(zone=zone, views=" | ".join(listed(server[host] for host in side) for side in sides))
        for side in sides:
            yield from _ns_sets(zone, current(side), server)
        yield from _content(zone, current(held), server)


def _serials(zone: str, held: Mapping[str, Holding], server: Mapping[str, str]) -> Iterator[Finding]:
    top = newest(one.soa.serial for one in held.values())
    if top is None:
        yield APART(zone=zone, serials=listed(f"{server[h]}: {one.soa.serial}" for h, one in held.items()))
        return
    for host, one in held.items():
        if one.soa.serial != top:
            # Whoever makes the zone waits for no copy: its number was set back.
            yield (TURNED_BACK if one.is_primary else BEHIND)(
                host=host,
                server=server[host],
                zone=zone,
                serial=one.soa.serial,
                newest=top,
                primary=one.soa.primary,
            )


def _ns_sets(zone: str, held: Mapping[str, Holding], server: Mapping[str, str]) -> Iterator[Finding]:
    told: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for host, one in held.items():
        if one.names is not None:
            told[one.names].append(server[host])
    if len(told) > 1:
        all_told = "; ".join(sorted(f"{listed(who)} -> {listed(names)}" for names, who in told.items()))
        yield NS_MISMATCH(zone=zone, views=all_told, servers=listed(server[host] for host in held))


def _content(zone: str, held: Mapping[str, Holding], server: Mapping[str, str]) -> Iterator[Finding]:
    """Judge what each copy says; the same fault in several copies is one finding."""
    yield from once(zone, ((host, told) for host, one in held.items() for told in _faults(one)), server)


def _faults(one: Holding) -> Iterator[Told]:
    for tag, hosts in ((NS_NO_ADDRESS, one.servers), (MX_NO_ADDRESS, one.mail)):
        for target in hosts or ():
            if target.addresses == ():
                yield tag, {"name": target.name}
    for server in one.unknown:
        if server.addresses != ():
            shown = listed(server.addresses) if isinstance(server.addresses, tuple) else "-"
            yield NS_UNASKED, {"name": server.name, "addresses": shown}
    soa = one.soa
    if soa.retry >= soa.refresh or soa.expire <= soa.refresh + soa.retry:
        yield TIMERS, {"refresh": soa.refresh, "retry": soa.retry, "expire": soa.expire}
