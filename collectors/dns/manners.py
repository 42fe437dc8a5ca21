"""How does a DNS server treat what is new, odd, or not for it? EDNS, capitals, AAAA, recursion, transfers, the root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Resolver, collector, fault, note, warn
from collectors.dns.names import dotted, listed, plain
from collectors.dns.probe import Silent, living
from collectors.dns.trials import (
    AAAA,
    CAPITALS,
    EDNS_TRIALS,
    RECURSION,
    ROOT,
    SOFTWARE,
    TRANSFER,
    Tried,
    mixed,
    ways,
)

INTOLERANT = warn(
    "dns.edns-intolerant",
    "{server} ({address}) does not answer as it must when a question says more in EDNS: {trials}",
    "{server} ({address}) antwortet nicht wie vorgeschrieben, wenn eine Frage mehr in EDNS sagt: {trials}",
    do=(
        "Look for a firewall that inspects DNS before {server}, and for old DNS software there (RFC 6891, section 6).",
        "Vor {server} nach einer Firewall suchen, die DNS prüft, und dort nach veralteter DNS-Software (RFC 6891, Abschnitt 6).",
    ),
)
CARELESS = note(
    "dns.edns-careless",
    "{server} ({address}) answers, but not by the rules of EDNS: {trials}",
    "{server} ({address}) antwortet, aber nicht nach den Regeln von EDNS: {trials}",
)
CASE_MATTERS = fault(
    "dns.case-matters",
    "{server} ({address}) answers otherwise when a name is written in capitals: {name} -> {came}",
    "{server} ({address}) antwortet anders, wenn ein Name in Großbuchstaben steht: {name} -> {came}",
    do=(
        "Replace or update the software of {server}: names are the same in any case (RFC 1034, section 3.1; RFC 4343).",
        "Software von {server} ersetzen oder aktualisieren: Namen sind in jeder Schreibung gleich (RFC 1034, 3.1; RFC 4343).",
    ),
)
CASE_CHANGED = warn(
    "dns.case-changed",
    "{server} ({address}) repeats the name of a question in another case: careful resolvers take it for a forgery",
    "{server} ({address}) wiederholt den Namen der Frage in anderer Schreibung: Vorsichtige Resolver halten das für gefälscht",
    do=(
        "Update the software of {server}, or what stands before it: the question must be repeated as it came (RFC 5452).",
        "Software von {server} oder davor aktualisieren: Die Frage muss wiederholt werden, wie sie kam (RFC 5452).",
    ),
)
AAAA_BROKEN = fault(
    "dns.aaaa-broken",
    "{server} ({address}) does not answer as it must when asked for IPv6 addresses (AAAA) of {name}: {came}",
    "{server} ({address}) antwortet nicht wie vorgeschrieben auf Fragen nach IPv6-Adressen (AAAA) von {name}: {came}",
    do=(
        "Update {server} or what filters before it: clients ask for both kinds and wait for each answer (RFC 4074).",
        "{server} oder den Filter davor aktualisieren: Clients fragen nach beiden Arten und warten auf jede (RFC 4074).",
    ),
)
RECURSOR = warn(
    "dns.recursor-open",
    "{server} ({address}) offers to find any name for whoever asks from here; the contract names it for its zones only",
    "{server} ({address}) bietet jedem, der von hier fragt, an, jeden Namen zu suchen; laut Vertrag dient er nur seinen Zonen",
    do=(
        "Switch recursion off on {server}, or permit it for the networks that need it (RFC 5358); or name it as a resolver.",
        "Rekursion auf {server} abschalten oder auf die nötigen Netze beschränken (RFC 5358); oder ihn als Resolver nennen.",
    ),
)
UPWARD = warn(
    "dns.upward-referral",
    "{server} ({address}) refers whoever asks for what it does not serve to the root: it serves in attacks as an amplifier",
    "{server} ({address}) verweist Fragen, für die er nicht zuständig ist, auf die Wurzel: Er dient Angriffen als Verstärker",
    do=(
        "Let {server} refuse what it does not serve (REFUSED), and take the root hints out of its configuration.",
        "{server} ablehnen lassen, was er nicht bedient (REFUSED), und die Root-Hints aus seiner Konfiguration nehmen.",
    ),
)
TRANSFERRED = warn(
    "dns.transfer-open",
    "{server} ({address}) would hand the whole of {zones} to whoever asks from here",
    "{server} ({address}) würde {zones} vollständig an jeden übergeben, der von hier fragt",
    do=(
        "Permit transfers from {server} to its secondaries alone (allow-transfer, provide-xfr), best with a key (TSIG).",
        "Transfers von {server} nur seinen Sekundärservern erlauben (allow-transfer, provide-xfr), am besten mit TSIG.",
    ),
)
VERSION = note(
    "dns.version-shown",
    "{server} ({address}) tells everybody its software: {version}",
    "{server} ({address}) verrät jedem seine Software: {version}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How one server behaves at one of its addresses.

    name: of the zone whose SOA it was asked for in odd ways; tried: what came of each. may_recurse: the contract wants
    it to find names for others, or does not say who does.
    """

    server: str
    address: str
    name: str = ""
    tried: tuple[Tried, ...] = ()
    may_recurse: bool = True

    def wrong(self, *trials: str) -> list[Tried]:
        return [one for one in self.tried if one.trial in trials and one.is_wrong]

    def odd(self, *trials: str) -> list[Tried]:
        """What came as it may, and is not by the rules all the same."""
        return [one for one in self.tried if one.trial in trials and not one.is_wrong and not one.is_kept]


def judge(seen: Manners) -> Iterator[Finding]:
    told = {"server": seen.server, "address": seen.address}
    if bad := seen.wrong(*EDNS_TRIALS):
        yield INTOLERANT(**told, trials=listed(f"{one.trial}: {one.came}" for one in bad))
    if careless := seen.odd(*EDNS_TRIALS):
        yield CARELESS(**told, trials=listed(one.trial for one in careless))
    for one in seen.wrong(CAPITALS):
        yield CASE_MATTERS(**told, name=mixed(seen.name), came=one.came)
    if seen.odd(CAPITALS):
        yield CASE_CHANGED(**told)
    for one in seen.wrong(AAAA):
        yield AAAA_BROKEN(**told, name=seen.name, came=one.came)
    if seen.wrong(RECURSION) and not seen.may_recurse:
        yield RECURSOR(**told)
    # A resolver tells of the root what it remembers.
    if seen.wrong(ROOT) and not seen.may_recurse:
        yield UPWARD(**told)
    if given := seen.wrong(TRANSFER):
        yield TRANSFERRED(**told, zones=listed(one.came for one in given))
    for one in seen.odd(SOFTWARE):
        yield VERSION(**told, version=one.came)


@collector(
    "dns.manners",
    asks=(
        "Does the server keep to the rules of DNS, and does it say no more than it must?",
        "Hält sich der Server an die Regeln von DNS, und sagt er nicht mehr als nötig?",
    ),
    judge=judge,
    deadline=120.0,
)
async def manners(host: Resolver, about: About) -> Manners:
    """Ask for the SOA of one zone in odd ways, for its AAAA, for the root, and whether zones would be handed over."""
    serves = tuple(zone.name for zone in about.serves)
    name = (*serves, *(zone.name for zone in about.zones), ".")[0]
    line = await living(host, name)
    usual = line if isinstance(line, Silent) else await line.ask(dotted(name), "SOA")
    if isinstance(line, Silent) or isinstance(usual, Silent):
        return Manners(server=about.name, address=listed(host.addresses))
    tried = await host.together(*ways(line, name, usual, serves))
    return Manners(
        server=about.name,
        address=line.address,
        name=plain(name),
        tried=tuple(one for one in tried if one is not None),
        may_recurse=_may_recurse(about),
    )


def _may_recurse(about: About) -> bool:
    """Say whether the contract wants it, or does not say who resolves names; a domain's controllers do by nature."""
    if {"resolver", "domain-controller"} & set(about.roles):
        return True
    return about.environment != "outside" and not about.resolvers
