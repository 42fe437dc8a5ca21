"""Does mail find its way to the contract's zones, and do others believe mail that comes from them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

from collectors import Finding, survey
from collectors.dns.alike import Told, by_zone, once
from collectors.dns.copies import MX_NO_ADDRESS
from collectors.dns.mail import Mails, ZoneMail, mail
from collectors.dns.mail_policy import DkimKey, read_dkim, read_dmarc, wrong_in_sts, wrong_in_tls_reports
from collectors.dns.mail_tags import (
    DIFFERS,
    DKIM_INVALID,
    DKIM_MISSING,
    DKIM_REVOKED,
    DKIM_SHORT,
    DKIM_TOO_SHORT,
    DMARC_INVALID,
    DMARC_MISSING,
    DMARC_NONE,
    DMARC_REPORTS,
    DMARC_SEVERAL,
    MX_MISSING,
    MX_NULL,
    MX_NULL_MIXED,
    NO_WAY,
    POLICY_INVALID,
    SPF_ALL,
    SPF_BROKEN,
    SPF_INVALID,
    SPF_LOOKUPS,
    SPF_MISSING,
    SPF_NOT_FOLLOWED,
    SPF_OPEN,
    SPF_PTR,
    SPF_SEVERAL,
    SPF_TYPE,
    SPF_VOID,
)
from collectors.dns.names import lies_in, listed
from collectors.dns.serial import current, views
from collectors.dns.spf import Spf, is_spf, read_spf
from collectors.dns.spf_walk import MOST, MOST_VOID, walk
from collectors.dns.texts import begins
from collectors.dns.zones import Zones, holdings, zones

_WEAK, _SHORT = 1024, 2048
# A record can lead to hundreds of names; a sentence cannot.
_MOST_TOLD = 8


@survey("dns.mail-view", over=(zones, mail))
def mail_view(seen: Mapping[str, Zones], mails: Mapping[str, Mails]) -> Iterator[Finding]:
    """Judge what the newest copies of each zone say of mail, each fault once, and whether they say the same."""
    said = by_zone({host: reading.zones for host, reading in mails.items()})
    everything = tuple(chain.from_iterable(reading.zones for reading in mails.values()))
    for zone, held in sorted(holdings(seen).items()):
        server = {host: seen[host].server for host in held}
        sides = views(held)
        for view in sides:
            newest = {host: said[zone][host] for host in current(view) if host in said[zone]}
            if len(sides) > 1:
                # Mail comes from outside and is believed there: a zone of the same name inside need not speak of it.
                newest = {h: _of_those_inside(one) if held[h].is_inside else one for h, one in newest.items()}
            found = ((host, told) for host, one in newest.items() for told in _judge(one, everything))
            yield from once(zone, found, server)
            yield from _differing(zone, newest, server)


def _of_those_inside(one: ZoneMail) -> ZoneMail:
    return replace(one, takes=False, selectors=())


def _judge(one: ZoneMail, everything: tuple[ZoneMail, ...]) -> Iterator[Told]:
    yield from _exchanges(one)
    for name in one.lost:
        yield MX_NO_ADDRESS, {"name": name}
    yield from _spf(one, everything)
    yield from _dmarc(one, everything)
    for selector in one.selectors:
        yield from _dkim(one, f"{selector}._domainkey.{one.zone}")
    yield from _others(one)


def _exchanges(one: ZoneMail) -> Iterator[Told]:
    match one.exchanges:
        case None:
            return
        case () if one.takes:
            # Where nobody knows whether the zone has an address, it may have one.
            yield (NO_WAY if one.has_address is False else MX_MISSING), {}
        # Its preference should be 0, and is of no use to anybody.
        case ((_, "."),) if one.takes:
            yield MX_NULL, {}
        case several if len(several) > 1 and any(name == "." for _, name in several):
            yield MX_NULL_MIXED, {"names": listed(name for _, name in several if name != ".")}
        case _:
            pass


def _spf(one: ZoneMail, everything: tuple[ZoneMail, ...]) -> Iterator[Told]:
    texts = one.at(one.zone)
    if texts is None:
        return
    records = [text for text in texts if is_spf(text)]
    if one.has_spf_type:
        yield SPF_TYPE, {}
    if len(records) > 1:
        yield SPF_SEVERAL, {"count": len(records)}
    elif not records:
        if one.takes:
            yield SPF_MISSING, {}
    elif isinstance(spf := read_spf(records[0]), str):
        yield SPF_INVALID, {"why": spf}
    else:
        yield from _readable(one, spf, everything)


def _readable(one: ZoneMail, spf: Spf, everything: tuple[ZoneMail, ...]) -> Iterator[Told]:
    # What another server knows of a name counts where this one does not.
    texts = {t.name: t.texts for zone in (*everything, one) for t in zone.texts if t.texts is not None}
    things = {
        (t.name, t.kind): t.is_there for z in (*everything, one) for t in z.things if t.is_there is not None
    }
    way = walk(one.zone, spf, texts, things)
    for name, why in list(way.broken.items())[:_MOST_TOLD]:
        yield SPF_BROKEN, {"name": name, "why": why}
    if way.lookups > MOST:
        yield SPF_LOOKUPS, {"count": way.lookups, "most": MOST}
    if way.void > MOST_VOID:
        yield SPF_VOID, {"count": way.void, "most": MOST_VOID}
    if way.not_followed:
        yield SPF_NOT_FOLLOWED, {"names": listed(way.not_followed[:_MOST_TOLD]), "count": way.lookups}
    if spf.end == "+all":
        yield SPF_ALL, {}
    elif not spf.end:
        yield SPF_OPEN, {}
    if spf.one("ptr"):
        yield SPF_PTR, {}


def _dmarc(one: ZoneMail, everything: tuple[ZoneMail, ...]) -> Iterator[Told]:
    texts = one.at(f"_dmarc.{one.zone}")
    if texts is None:
        return
    records = [text for text in texts if begins(text, "DMARC1")]
    if len(records) > 1:
        yield DMARC_SEVERAL, {"count": len(records)}
    elif not records:
        if any("dmarc" in text.lower() for text in texts):
            yield DMARC_INVALID, {"why": "version"}
        elif one.takes and not any(_speaks_for(other, one) for other in everything):
            yield DMARC_MISSING, {}
    elif isinstance(policy := read_dmarc(records[0]), str):
        yield DMARC_INVALID, {"why": policy}
    else:
        if policy.wrong_reports:
            yield DMARC_REPORTS, {"uris": listed(policy.wrong_reports[:_MOST_TOLD])}
        if policy.policy == "none":
            yield DMARC_NONE, {}


def _speaks_for(other: ZoneMail, one: ZoneMail) -> bool:
    """Say whether a zone above has a policy, which then holds for this one as well (RFC 7489, section 6.6.3)."""
    return lies_in(one.zone, other.zone) and any(
        begins(t, "DMARC1") for t in other.at(f"_dmarc.{other.zone}") or ()
    )


def _dkim(one: ZoneMail, name: str) -> Iterator[Told]:
    texts = one.at(name)
    if texts is None:
        return
    if not texts:
        yield DKIM_MISSING, {"name": name}
        return
    # With several, the receiver takes any (RFC 6376, section 3.6.2.2): one that can be read is meant here.
    read = [read_dkim(text) for text in texts]
    key = next((one for one in read if isinstance(one, DkimKey)), read[0])
    match key:
        case str(why):
            yield DKIM_INVALID, {"name": name, "why": why}
        case DkimKey(is_revoked=True):
            yield DKIM_REVOKED, {"name": name}
        case DkimKey(bits=bits) if 0 < bits < _SHORT:
            yield (DKIM_TOO_SHORT if bits < _WEAK else DKIM_SHORT), {"name": name, "bits": bits}
        case _:
            pass


def _others(one: ZoneMail) -> Iterator[Told]:
    for name, version, wrong_in in (
        (f"_mta-sts.{one.zone}", "STSv1", wrong_in_sts),
        (f"_smtp._tls.{one.zone}", "TLSRPTv1", wrong_in_tls_reports),
    ):
        # What a wildcard says here is about something else.
        meant = [
            text for text in one.at(name) or () if f"={version}".lower() in text.lower().replace(" ", "")
        ]
        if not meant:
            continue
        records = [text for text in meant if begins(text, version)]
        why = wrong_in(records[0]) if len(records) == 1 else "several" if records else "version"
        if why:
            yield POLICY_INVALID, {"name": name, "why": why}


def _differing(zone: str, held: Mapping[str, ZoneMail], server: Mapping[str, str]) -> Iterator[Finding]:
    """Name each record of mail that the newest copies do not have alike."""
    told: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for host, one in held.items():
        if one.exchanges is not None:
            shown = listed(f"{preference} {name}" for preference, name in one.exchanges)
            told["MX", zone][host] = shown
        own = {zone, f"_dmarc.{zone}", *(f"{selector}._domainkey.{zone}" for selector in one.selectors)}
        for text in one.texts:
            if text.name in own and text.texts is not None:
                kept = (t for t in text.texts if text.name != zone or is_spf(t))
                told["TXT", text.name][host] = listed(kept)
    for (rtype, name), said in sorted(told.items()):
        if len(set(said.values())) > 1:
            by_what: defaultdict[str, list[str]] = defaultdict(list)
            for host, what in said.items():
                by_what[what].append(server[host])
            shown = "; ".join(f"{listed(who)}: {what[:120]}" for what, who in sorted(by_what.items()))
            yield DIFFERS(
                zone=zone,
                name=name,
                rtype=rtype,
                views=shown,
                servers=listed(server[host] for host in said),
            )
