"""Do a zone's records lead programs to their cloud services, and does no alias end where nothing is?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collectors import Finding, note, survey, warn
from collectors.dns.alike import Told, by_zone, once
from collectors.dns.caa import wrong_in_caa
from collectors.dns.cloud import LEFT_OVER, Cloud, ZoneCloud, cloud
from collectors.dns.names import lies_in
from collectors.dns.serial import current, views
from collectors.dns.zones import Zones, holdings, zones

DANGLING = warn(
    "dns.alias-dangling",
    "{name} ({rtype}) in the zone {zone} leads to {target}, which has no address (at {servers})",
    "{name} ({rtype}) in der Zone {zone} führt zu {target}, wofür es keine Adresse gibt (auf {servers})",
    do=(
        "Correct {name} in {zone}, or take it out: whoever uses it finds nothing.",
        "{name} in {zone} berichtigen oder entfernen: Wer ihn verwendet, findet nichts.",
    ),
)
AUTODISCOVER = warn(
    "dns.autodiscover-missing",
    "the contract names Microsoft 365 for {zone}, and there is no {name}: Outlook does not find the mailboxes (at {servers})",
    "der Vertrag nennt Microsoft 365 für {zone}, und {name} fehlt: Outlook findet die Postfächer nicht (auf {servers})",
    do=(
        "Add {name} as an alias of autodiscover.outlook.com to {zone}, inside as well as outside.",
        "{name} als Alias für autodiscover.outlook.com in {zone} eintragen, innen wie außen.",
    ),
)
ABSENT = note(
    "dns.cloud-record-absent",
    "the contract names Microsoft 365 for {zone}, and there is no {name}: devices are not enrolled by themselves (at {servers})",
    "der Vertrag nennt Microsoft 365 für {zone}, und {name} fehlt: Geräte melden sich nicht selbst an (auf {servers})",
)
ELSEWHERE = warn(
    "dns.cloud-record-elsewhere",
    "{name} leads to {target}, which is none of Microsoft's names for it: devices do not enroll (zone {zone}, at {servers})",
    "{name} führt zu {target}, das ist dafür kein Name von Microsoft: Geräte melden sich nicht an (Zone {zone}, auf {servers})",
    do=(
        "Compare {name} in {zone} with what the administration pages of Microsoft 365 ask for.",
        "{name} in {zone} mit dem vergleichen, was die Verwaltungsseiten von Microsoft 365 verlangen.",
    ),
)
LEFT = note(
    "dns.cloud-record-left-over",
    "{name} is a record that Microsoft 365 no longer wants; it can hinder signing in (zone {zone}, at {servers})",
    "{name} ist ein Eintrag, den Microsoft 365 nicht mehr will; er kann die Anmeldung stören (Zone {zone}, auf {servers})",
)
CAA_INVALID = warn(
    "dns.caa-invalid",
    "a CAA record of {zone} cannot be read, so authorities may refuse new certificates: {why} (at {servers})",
    "ein CAA-Eintrag von {zone} ist nicht lesbar, Zertifizierungsstellen können neue Zertifikate ablehnen: {why} (auf {servers})",
    do=(
        "Correct the CAA record of {zone} at {why}: an authority's name without 'https://' (RFC 8659, section 4).",
        "Den CAA-Eintrag von {zone} bei {why} berichtigen: Name der Stelle ohne „https://“ (RFC 8659, Abschnitt 4).",
    ),
)

_MICROSOFT = "microsoft365"
_ENROLLS = ("enterpriseregistration", "enterpriseenrollment")
# Where these lead in Microsoft's clouds: of the world, of the United States' offices, of China.
_ENDS = (
    *("windows.net", "manage.microsoft.com", "microsoftonline.us", "manage.microsoft.us"),
    *("partner.microsoftonline.cn", "manage.microsoftonline.cn"),
)


@survey("dns.cloud-view", over=(zones, cloud))
def cloud_view(seen: Mapping[str, Zones], clouds: Mapping[str, Cloud]) -> Iterator[Finding]:
    """Judge what the newest copies of each zone say, each fault once."""
    said = by_zone({host: reading.zones for host, reading in clouds.items()})
    for zone, held in sorted(holdings(seen).items()):
        server = {host: seen[host].server for host in held}
        newest = [host for view in views(held) for host in current(view) if host in said[zone]]
        yield from once(zone, ((host, told) for host in newest for told in _judge(said[zone][host])), server)


def _judge(one: ZoneCloud) -> Iterator[Told]:
    for pointed in one.pointed:
        label = pointed.name.removesuffix(f".{one.zone}")
        named = {"name": pointed.name, "target": pointed.target}
        if pointed.is_there is False:
            yield DANGLING, {**named, "rtype": pointed.rtype}
        if label == LEFT_OVER:
            yield LEFT, {"name": pointed.name}
        if (
            _MICROSOFT in one.services
            and label in _ENROLLS
            and not any(lies_in(pointed.target, e) for e in _ENDS)
        ):
            yield ELSEWHERE, dict(named)
    if _MICROSOFT in one.services:
        yield from _absent(one)
    for data in one.caa:
        if why := wrong_in_caa(data):
            yield CAA_INVALID, {"why": why}


def _absent(one: ZoneCloud) -> Iterator[Told]:
    for name in one.absent:
        label = name.removesuffix(f".{one.zone}")
        if label == "autodiscover":
            yield AUTODISCOVER, {"name": name}
        elif label in _ENROLLS:
            yield ABSENT, {"name": name}
