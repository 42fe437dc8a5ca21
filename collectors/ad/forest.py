"""Which controllers does the directory itself know? Server objects with their settings (MS-ADTS 6.1.1.2.2.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collectors import Directory, Entry, Kind, Unanswered
from collectors.ad.names import parent, same_dn, site_of

__all__ = ["Known", "Place", "known_controllers", "place_of"]

# NTDSDSA_OPT_IS_GC, MS-ADTS 6.1.1.2.2.1.2.1.1.
_IS_CATALOGUE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where things lie in a forest, by the server's own word: distinguished names. now: its own clock, UTC."""

    domain: str
    configuration: str
    root_domain: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A controller as the directory knows it.

    name: its DNS name in small letters, '' when it has none; guid: of its settings, '' when these are gone.
    serves: that it holds the asked domain in full; server, settings: distinguished names, settings '' when gone.
    """

    name: str
    guid: str
    site: str
    is_catalogue: bool
    is_read_only: bool
    serves: bool
    server: str
    settings: str


async def place_of(host: Directory) -> Place:
    """Ask the rootDSE. Raises Unanswered."""
    root = await host.root(
        "defaultNamingContext", "configurationNamingContext", "rootDomainNamingContext", "currentTime"
    )
    now = root.moment("currentTime")
    if now is None:
        raise Unanswered(Kind.UNPARSABLE, "the server does not say what time it is")
    place = Place(
        now=now,
        domain=root.text("defaultNamingContext"),
        configuration=root.text("configurationNamingContext"),
        root_domain=root.text("rootDomainNamingContext"),
    )
    if not (place.domain and place.configuration):
        raise Unanswered(Kind.UNPARSABLE, "the server names no domain: it is no domain controller")
    return place


async def known_controllers(host: Directory, place: Place) -> tuple[Known, ...]:
    """Every server object of the forest, with its settings where it has them, in order of their names."""
    sites = f"CN=Sites,{place.configuration}"
    servers = await host.search(sites, "(objectClass=server)", "dNSHostName", "serverReference")
    settings = await host.search(
        sites,
        "(objectClass=nTDSDSA)",
        "objectGUID",
        "options",
        "objectClass",
        "msDS-hasMasterNCs",
        "hasMasterNCs",
    )
    found = {parent(entry.dn).lower(): entry for entry in settings}
    known = (_known(server, found.get(server.dn.lower()), place) for server in servers)
    return tuple(sorted(known, key=lambda one: (one.name, one.server)))


def _known(server: Entry, settings: Entry | None, place: Place) -> Known:
    held = (*settings.texts("msDS-hasMasterNCs"), *settings.texts("hasMasterNCs")) if settings else ()
    classes = settings.texts("objectClass") if settings else ()
    return Known(
        name=server.text("dNSHostName").lower(),
        guid=settings.guid("objectGUID") if settings else "",
        site=site_of(server.dn),
        is_catalogue=bool(settings and (settings.number("options") or 0) & _IS_CATALOGUE),
        is_read_only="nTDSDSARO" in classes,
        serves=any(same_dn(one, place.domain) for one in held),
        server=server.dn,
        settings=settings.dn if settings else "",
    )
