"""Which group policies serve nobody? Linked nowhere, empty, or switched off as a whole.

Source: MS-GPOL 2.2.2 (gPLink at domains, organizational units and sites), 2.2.4 (flags, versionNumber). Nothing is broken by
them: they cost time at every log-on, and whoever looks for the cause of something reads them in vain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import Directory, Entry, Finding, Kind, Unanswered, collector, note, survey
from collectors.ad.members import named, once
from collectors.ad.place import contexts_of
from collectors.ad.policy_scope import policy_links

__all__ = ["IdlePolicies", "idle_policies", "policies_serve"]

UNLINKED = note(
    "ad.policies-unlinked",
    "group policies that are linked nowhere: {policies}",
    "Gruppenrichtlinien, die nirgends verknüpft sind: {policies}",
)
EMPTY = note(
    "ad.policies-empty",
    "group policies that are linked and were never given a setting: {policies}",
    "verknüpfte Gruppenrichtlinien, die nie eine Einstellung bekamen: {policies}",
)
OFF = note(
    "ad.policies-off",
    "group policies that are linked and switched off for users and computers: {policies}",
    "verknüpfte Gruppenrichtlinien, die für Benutzer und Computer ausgeschaltet sind: {policies}",
)

_BOTH_OFF = 3
# So many names are told, then how many more.
_TOLD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class IdlePolicies:
    """By their names, in order."""

    unlinked: tuple[str, ...]
    empty: tuple[str, ...]
    off: tuple[str, ...]


def judge(_seen: IdlePolicies) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.policy-hygiene",
    asks=("Which group policies serve nobody?", "Welche Gruppenrichtlinien dienen niemandem?"),
    judge=judge,
    on_request=True,
)
async def idle_policies(host: Directory) -> IdlePolicies:
    """Read every policy, and every place that may link one, sites among them."""
    domain, configuration = await contexts_of(host)
    found = await host.search(
        f"CN=Policies,CN=System,{domain}",
        "(objectClass=groupPolicyContainer)",
        "cn",
        "displayName",
        "flags",
        "versionNumber",
    )
    if not found:
        raise Unanswered(
            Kind.UNPARSABLE, "no group policy can be seen: every domain has two, our account sees none"
        )
    places = (
        *await host.search(domain, "(gPLink=*)", "gPLink"),
        *await host.search(f"CN=Sites,{configuration}", "(gPLink=*)", "gPLink"),
    )
    linked = {guid for place in places for guid, _ in policy_links(place)}
    in_use = [entry for entry in found if entry.text("cn").upper() in linked]
    return IdlePolicies(
        unlinked=_names(entry for entry in found if entry not in in_use),
        empty=_names(entry for entry in in_use if entry.number("versionNumber") == 0),
        off=_names(entry for entry in in_use if (entry.number("flags") or 0) & _BOTH_OFF == _BOTH_OFF),
    )


def _names(entries: Iterator[Entry]) -> tuple[str, ...]:
    return tuple(sorted(named(entry.text("displayName") or entry.text("cn")) for entry in entries))


@survey("ad.policies-serve", over=idle_policies)
def policies_serve(seen: Mapping[str, IdlePolicies]) -> Iterator[Finding]:
    """What is in the directory, every controller tells: it is said once."""
    yield from once(finding for facts in seen.values() for finding in _judged(facts))


def _judged(facts: IdlePolicies) -> Iterator[Finding]:
    for tag, names in ((UNLINKED, facts.unlinked), (EMPTY, facts.empty), (OFF, facts.off)):
        if names:
            more = f", +{len(names) - _TOLD}" if len(names) > _TOLD else ""
            yield tag(policies=", ".join(names[:_TOLD]) + more)
