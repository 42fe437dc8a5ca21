"""Are the sites joined, and how often do changes go from one to another? Links between sites, as the directory has them.

Source: MS-ADTS 6.1.1.2.2.3 (siteLink: siteList, cost, replInterval in minutes, schedule). A site that no link joins
replicates with nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Finding, collector, note, survey, warn
from collectors.ad.members import once, read_forest
from collectors.ad.names import rdn

__all__ = ["SiteLinks", "links_join", "site_links"]

NOT_JOINED = warn(
    "ad.site-not-joined",
    "no link joins the site {site} with another: its controllers are in no topology",
    "keine Verknüpfung verbindet den Standort {site} mit einem anderen: seine Controller sind in keiner Topologie",
    do=("Add the site to a site link.", "Den Standort in eine Standortverknüpfung aufnehmen."),
)
SELDOM = note(
    "ad.site-link-seldom",
    "over the site link {link} changes go every {minutes} minutes only",
    "über die Standortverknüpfung {link} gehen Änderungen nur alle {minutes} Minuten",
)
USELESS = note(
    "ad.site-link-useless",
    "the site link {link} joins fewer than two sites",
    "die Standortverknüpfung {link} verbindet keine zwei Standorte",
)

# The shortest is 15 minutes, and 180 what Windows sets by itself.
_SELDOM = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLink:
    """minutes: between two fetches; None: not said, which is 180."""

    name: str
    sites: tuple[str, ...]
    minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLinks:
    """standing: the sites that have a controller."""

    standing: tuple[str, ...]
    links: tuple[SiteLink, ...]


def judge(_seen: SiteLinks) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.site-links",
    asks=("Are the sites joined?", "Sind die Standorte verbunden?"),
    judge=judge,
)
async def site_links(host: Directory, about: About) -> SiteLinks:
    """Read the links of both transports."""
    forest = await read_forest(host, about)
    found = await host.search(
        f"CN=Inter-Site Transports,CN=Sites,{forest.configuration}",
        "(objectClass=siteLink)",
        "cn",
        "siteList",
        "replInterval",
    )
    return SiteLinks(
        standing=tuple(sorted({one.site for one in forest.members if one.settings})),
        links=tuple(
            SiteLink(
                name=entry.text("cn"),
                sites=tuple(sorted(rdn(site) for site in entry.texts("siteList"))),
                minutes=entry.number("replInterval"),
            )
            for entry in sorted(found, key=lambda entry: entry.dn)
        ),
    )


@survey("ad.links-join", over=site_links)
def links_join(seen: Mapping[str, SiteLinks]) -> Iterator[Finding]:
    """What is in the directory, every controller tells: it is said once."""
    yield from once(finding for facts in seen.values() for finding in _judged(facts))


def _judged(facts: SiteLinks) -> Iterator[Finding]:
    # A domain at one site needs no link.
    if len(facts.standing) < 2:
        return
    useful = [link for link in facts.links if len(link.sites) > 1]
    joined = {site.lower() for link in useful for site in link.sites}
    for site in facts.standing:
        if site.lower() not in joined:
            yield NOT_JOINED(site=site)
    for link in facts.links:
        if link not in useful:
            yield USELESS(link=link.name)
        elif link.minutes is not None and link.minutes > _SELDOM:
            yield SELDOM(link=link.name, minutes=link.minutes)
