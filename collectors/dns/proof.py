"""Is a zone proven to be what its owner published: secure, insecure, or bogus? And do the resolvers look?

Judged from the highest zone on whose servers the contract lets us ask for DS records: what stands above it is not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collectors import Finding, Severity, fault, note, survey, warn
from collectors.dns.alike import Told, once
from collectors.dns.dnssec import Dnssec, dnssec
from collectors.dns.names import listed
from collectors.dns.signatures import Verdict
from collectors.dns.signed import ParentSays, SignedZone
from collectors.dns.signed_view import UNREADABLE, best, of_ds, of_plain, of_view

DS_UNSIGNED = fault(
    "dns.ds-signature-wrong",
    "the parent's own signature over the DS records of {zone} is worth nothing ({why})",
    "die Signatur der übergeordneten Zone über die DS-Einträge von {zone} ist nichts wert ({why})",
    do=(
        "Tell whoever runs the parent zone of {zone}.",
        "Den Betreiber der übergeordneten Zone von {zone} verständigen.",
    ),
)
WEAK_DIGEST = warn(
    "dns.ds-digest-weak",
    "the parent vouches for {zone} by digests that must not be used any more ({digests})",
    "die übergeordnete Zone bürgt für {zone} mit Prüfsummen, die nicht mehr benutzt werden dürfen ({digests})",
    do=(
        "Give the parent a DS record with SHA-256 (digest type 2) for {zone} (RFC 8624, section 3.3).",
        "Der übergeordneten Zone einen DS-Eintrag mit SHA-256 (Typ 2) für {zone} geben (RFC 8624, Abschnitt 3.3).",
    ),
)
KEYS_DIFFER = warn(
    "dns.keys-differ",
    "the servers of {zone} do not have the same keys: {views}",
    "die Server von {zone} haben nicht dieselben Schlüssel: {views}",
    do=(
        "See which server of {zone} holds an old copy, and let it fetch the zone anew.",
        "Klären, welcher Server von {zone} eine alte Kopie hält, und ihn die Zone neu holen lassen.",
    ),
)
BOGUS = fault(
    "dns.zone-bogus",
    "{zone} cannot be proven: resolvers that verify signatures do not answer for it (SERVFAIL)",
    "{zone} lässt sich nicht beweisen: Resolver, die Signaturen prüfen, antworten dafür nicht (SERVFAIL)",
)
VALIDATION_FAILS = fault(
    "dns.validation-fails",
    "{server} refuses {names} as unproven (SERVFAIL), and answers when it shall not verify",
    "{server} lehnt {names} als unbewiesen ab (SERVFAIL) und antwortet, wenn er nicht prüfen soll",
    do=(
        "Look at the clock and the trust anchors of {server}; where the zone itself is well, the fault is there.",
        "Uhr und Vertrauensanker von {server} ansehen; wo die Zone selbst stimmt, liegt der Fehler dort.",
    ),
)
SECURE = note(
    "dns.zones-secure",
    "proven by signatures from the parent down: {zones}",
    "durch Signaturen von der übergeordneten Zone an bewiesen: {zones}",
)
INSECURE = note(
    "dns.zones-insecure",
    "not protected by signatures: {zones}",
    "nicht durch Signaturen geschützt: {zones}",
)
UNANCHORED = note(
    "dns.ds-missing",
    "{zone} is signed, but its parent does not vouch for it: nobody verifies it",
    "{zone} ist signiert, aber die übergeordnete Zone bürgt nicht dafür: Niemand prüft es",
)
UNPROVEN = note(
    "dns.zones-unproven",
    "whether these zones are proven could not be asked: {zones}",
    "ob diese Zonen bewiesen sind, ließ sich nicht erfragen: {zones}",
)
NOT_VERIFYING = note(
    "dns.validation-off",
    "these resolvers do not verify signatures: {servers}",
    "diese Resolver prüfen keine Signaturen: {servers}",
)


# RFC 8624, section 3.3: not to be used for signing any more.
_OLD_DIGESTS = frozenset({1, 3})


@dataclass(slots=True)
class _Zone:
    """All that was heard of one zone: by host, and from its parents."""

    views: dict[str, SignedZone] = field(default_factory=dict)
    parents: list[ParentSays] = field(default_factory=list)


@survey("dns.proof", over=dnssec)
def proof(seen: Mapping[str, Dnssec]) -> Iterator[Finding]:
    """Follow the proof of each zone from its parent to each server, and say what the resolvers make of it."""
    zones: defaultdict[str, _Zone] = defaultdict(_Zone)
    for host, reading in seen.items():
        for view in reading.serves:
            zones[view.zone].views[host] = view
        for said in reading.above:
            zones[said.zone].parents.append(said)
    unsaid = {one.zone for reading in seen.values() for one in reading.unsaid}
    states: defaultdict[str, list[str]] = defaultdict(list)
    for name, heard in sorted(zones.items()):
        server = {host: seen[host].server for host in heard.views}
        found = _found(heard)
        yield from once(name, found, server)
        yield from _of_parent(name, heard)
        yield from _of_keys(name, heard, server)
        states[_state(heard, found, is_whole=name not in unsaid)].append(name)
    for name in states["bogus"]:
        yield BOGUS(zone=name)
    yield from _resolvers(seen, states)
    for tag, state in ((SECURE, "secure"), (INSECURE, "insecure")):
        if states[state]:
            yield tag(zones=listed(states[state]))
    if unproven := sorted({*states["unproven"], *(unsaid - zones.keys())}):
        yield UNPROVEN(zones=listed(unproven))


def _found(heard: _Zone) -> tuple[tuple[str, Told], ...]:
    """What is wrong with the zone on its servers."""
    ds = {one.record: one for said in heard.parents for one in said.ds}.values()
    return tuple(
        (host, told)
        for host, view in heard.views.items()
        for told in ((*of_view(view), *of_ds(view, ds)) if view.is_signed else of_plain(ds))
    )


def _state(heard: _Zone, found: Sequence[tuple[str, Told]], *, is_whole: bool) -> str:
    """secure, partly (not at every server), insecure, bogus, or unproven: nobody could be asked, or nobody above it.

    is_whole: nobody who was asked about the zone stayed silent.
    """
    bad = {host for host, (tag, _) in found if tag.severity is Severity.FAULT}
    is_vouched = any(said.ds for said in heard.parents)
    if not heard.views or (not heard.parents and any(view.is_signed for view in heard.views.values())):
        return "unproven"
    if not is_vouched:
        # An unsigned zone whose parent did not answer may be one that it says is signed.
        return "insecure" if heard.parents or is_whole else "unproven"
    if _refuted(heard) or bad >= heard.views.keys():
        return "bogus"
    if bad:
        return "partly"
    # A DS record without a signature proves nothing to whoever begins above.
    is_read = not any(tag is UNREADABLE for _, (tag, _) in found)
    return "secure" if is_read and all(said.marks for said in heard.parents if said.ds) else "unproven"


def _of_keys(zone: str, heard: _Zone, server: Mapping[str, str]) -> Iterator[Finding]:
    digests = {one.digest for said in heard.parents for one in said.ds}
    if digests and digests <= _OLD_DIGESTS:
        yield WEAK_DIGEST(zone=zone, digests=listed(map(str, digests)))
    keys: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for host, view in heard.views.items():
        keys[tuple(sorted(str(key.tag) for key in view.keys))].append(server[host])
    if len(keys) > 1:
        views = "; ".join(sorted(f"{listed(who)} -> {listed(tags) or '-'}" for tags, who in keys.items()))
        yield KEYS_DIFFER(zone=zone, views=views)


def _of_parent(zone: str, heard: _Zone) -> Iterator[Finding]:
    is_signed = any(view.is_signed for view in heard.views.values())
    if is_signed and heard.parents and not any(said.ds for said in heard.parents):
        yield UNANCHORED(zone=zone)
    if worst := _refuted(heard):
        yield DS_UNSIGNED(zone=zone, why=worst)


def _refuted(heard: _Zone) -> str:
    """Why a parent's own signature over its word is worth nothing; empty when it is good, or there is none."""
    for said in heard.parents:
        one = best(said.marks)
        if one is not None and one.verdict not in {Verdict.VALID, Verdict.UNREADABLE}:
            return one.verdict.value
    return ""


def _resolvers(seen: Mapping[str, Dnssec], states: Mapping[str, list[str]]) -> Iterator[Finding]:
    """What resolvers make of the zones; one that serves a zone itself is not asked to verify it."""
    blind = []
    for host, reading in seen.items():
        found = [one for one in reading.resolves if not one.own]
        refused = [
            one.zone for one in found if one.rcode == "SERVFAIL" and one.unchecked in {"NOERROR", "NXDOMAIN"}
        ]
        if refused:
            yield VALIDATION_FAILS(host=host, server=reading.server, names=listed(refused))
        told = [one for one in found if one.rcode == "NOERROR" and not one.ad]
        if any(one.zone in (*states.get("secure", ()), *states.get("bogus", ())) for one in told):
            blind.append(reading.server)
    if blind:
        yield NOT_VERIFYING(servers=listed(blind))
