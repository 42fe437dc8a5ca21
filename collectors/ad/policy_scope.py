"""Which group policies reach this account, and what stops the others? The chain of links, as the directory has it.

Source: MS-GPOL 3.2.5.1 (order, blocking, enforcing), 2.2.2 (gPLink, gPOptions), 2.2.4 (flags). A WMI filter is decided on
the client and only named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Entry, Finding, Tag, collector, note, survey, warn
from collectors.ad.descriptor import Ace, read_dacl
from collectors.ad.filters import who
from collectors.ad.names import parent
from collectors.ad.place import place_of

__all__ = ["Reach", "Scope", "policies_reaching", "policy_links", "policy_scope"]

DANGLING = warn(
    "ad.policy-link-dangling",
    "{places} link a group policy that does not exist: {policy}",
    "{places} verknüpfen eine Gruppenrichtlinie, die es nicht gibt: {policy}",
    do=(
        "Remove the link, or restore the policy.",
        "Die Verknüpfung entfernen oder die Richtlinie wiederherstellen.",
    ),
)
READ_MISSING = warn(
    "ad.policy-read-missing",
    "computers may not read the group policy {policy}: its user settings apply to nobody",
    "Computer dürfen die Gruppenrichtlinie {policy} nicht lesen: ihre Benutzereinstellungen gelten für niemanden",
    do=(
        "Give 'Authenticated Users' or 'Domain Computers' the right to read it (not to apply).",
        "„Authentifizierte Benutzer“ oder „Domänencomputer“ das Leserecht geben (nicht: anwenden).",
    ),
)
APPLIES = note(
    "ad.policies-apply",
    "group policies that reach {account}: {policies}",
    "Gruppenrichtlinien, die {account} erreichen: {policies}",
)
_STOPPED: dict[str, Tag] = {
    "link disabled": note(
        "ad.policy-link-disabled",
        "the link of {policies} to {account} is disabled",
        "die Verknüpfung von {policies} zu {account} ist deaktiviert",
    ),
    "policy disabled": note(
        "ad.policy-disabled",
        "the user settings of {policies} are switched off, which would reach {account}",
        "die Benutzereinstellungen von {policies}, die {account} erreichten, sind ausgeschaltet",
    ),
    "blocked": note(
        "ad.policy-inheritance-blocked",
        "{policies} do not reach {account}: a place below blocks inheritance",
        "{policies} erreichen {account} nicht: eine Stelle darunter blockiert die Vererbung",
    ),
    "filtered": note(
        "ad.policy-filtered",
        "{policies} do not apply to {account}: none of its groups has the right to apply them",
        "{policies} gelten nicht für {account}: keine seiner Gruppen darf sie anwenden",
    ),
    "query": note(
        "ad.policy-query",
        "whether {policies} reach {account} is decided by a WMI filter on the client",
        "ob {policies} {account} erreichen, entscheidet ein WMI-Filter auf dem Client",
    ),
}
LINK_DISABLED, POLICY_DISABLED, BLOCKED, FILTERED, QUERY = _STOPPED.values()

_LINK = re.compile(r"\[LDAP://[^\[\]]*?cn=(\{[0-9a-f-]{36}\})[^\[\]]*?;([0-9]+)\]", re.IGNORECASE)
# The extended right 'Apply Group Policy' (MS-ADTS 5.1.3.2.1), and rights of a mask (MS-ADTS 5.1.3.2).
_APPLY = "edacfd8f-ffb3-11d1-b41d-00a0c968f939"
_READ, _EXTENDED, _ALL, _GENERIC_READ = 0x10, 0x100, 0x10000000, 0x80000000
# Everyone and Authenticated Users (MS-DTYP 2.4.2.4); Domain Computers is RID 515.
_EVERYBODY = frozenset({"S-1-1-0", "S-1-5-11"})
_COMPUTERS = "-515"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One account: why each policy on its way reaches it ('applies') or not, by the policy's name."""

    account: str
    policies: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """dangling: policy's GUID -> places that link it. unreadable: policies whose user settings no computer may read."""

    dangling: dict[str, tuple[str, ...]]
    unreadable: tuple[str, ...]
    accounts: tuple[Reach, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    name: str
    flags: int
    has_query: bool
    user_version: int
    dacl: tuple[Ace, ...] | None


def judge(_seen: Scope) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.policy-scope",
    asks=(
        "Which group policies reach this account?",
        "Welche Gruppenrichtlinien erreichen dieses Konto?",
    ),
    judge=judge,
)
async def policy_scope(host: Directory, about: About) -> Scope:
    """Read every policy with its rights, and every place that links one."""
    place = await place_of(host)
    found = await host.search(
        f"CN=Policies,CN=System,{place.domain}",
        "(objectClass=groupPolicyContainer)",
        "cn",
        "displayName",
        "flags",
        "versionNumber",
        "gPCWQLFilter",
        "nTSecurityDescriptor",
        also="descriptors",
    )
    policies = {entry.text("cn").upper(): _policy(entry) for entry in found}
    linked = await host.search(
        place.domain,
        "(|(objectClass=domainDNS)(objectClass=organizationalUnit))",
        "gPLink",
        "gPOptions",
    )
    places = {entry.dn.lower(): entry for entry in linked}
    dangling: dict[str, list[str]] = {}
    for entry in linked:
        for guid, _ in policy_links(entry):
            if guid not in policies:
                dangling.setdefault(guid, []).append(entry.dn)
    return Scope(
        dangling={guid: tuple(sorted(at)) for guid, at in sorted(dangling.items())},
        unreadable=tuple(sorted(one.name for one in policies.values() if _is_unreadable(one))),
        accounts=tuple([await _reach(host, place.domain, name, policies, places) for name in about.accounts]),
    )


def _policy(entry: Entry) -> _Policy:
    raw = entry.raw("nTSecurityDescriptor")
    return _Policy(
        name=entry.text("displayName") or entry.text("cn"),
        flags=entry.number("flags") or 0,
        has_query="gPCWQLFilter" in entry and bool(entry.text("gPCWQLFilter").strip()),
        user_version=(entry.number("versionNumber") or 0) // 0x10000,
        # Without a descriptor nobody knows who may what: it counts as if all might.
        dacl=read_dacl(raw[0]) if raw else None,
    )


def policy_links(entry: Entry) -> Iterator[tuple[str, int]]:
    """The policies that a place links, the last first, as they count, with the link's options."""
    return ((guid.upper(), int(options)) for guid, options in reversed(_LINK.findall(entry.text("gPLink"))))


def _is_unreadable(policy: _Policy) -> bool:
    if policy.dacl is None or not policy.user_version:
        return False
    readers = {ace.sid for ace in policy.dacl if ace.allows and ace.mask & (_READ | _ALL | _GENERIC_READ)}
    return not (readers & _EVERYBODY or any(sid.endswith(_COMPUTERS) for sid in readers))


async def _reach(
    host: Directory,
    base: str,
    account: str,
    policies: Mapping[str, _Policy],
    places: Mapping[str, Entry],
) -> Reach:
    found = await host.search(base, who(account), "cn")
    if not found:
        return Reach(account=account, policies={})
    own = await host.entry(found[0].dn, "tokenGroups", "objectSid")
    sids = {*own.sids("tokenGroups"), own.sid("objectSid")} if own else set()
    return Reach(
        account=account,
        policies=_stages(found[0].dn, sids | _EVERYBODY, policies, places),
    )


def _stages(
    dn: str, sids: set[str], policies: Mapping[str, _Policy], places: Mapping[str, Entry]
) -> dict[str, str]:
    """Go up from the account; what blocks inheritance stops all above it but what is enforced."""
    stages: dict[str, str] = {}
    is_blocked = False
    above = parent(dn)
    while above:
        entry = places.get(above.lower())
        for guid, options in policy_links(entry) if entry else ():
            policy = policies.get(guid)
            if policy is not None and stages.get(policy.name) != "applies":
                stages[policy.name] = _stage(policy, options, sids, is_blocked=is_blocked)
        is_blocked = is_blocked or bool(entry and (entry.number("gPOptions") or 0) & 1)
        above = parent(above)
    return stages


def _stage(policy: _Policy, options: int, sids: set[str], *, is_blocked: bool) -> str:
    """The first stage at which a policy ends, or 'applies' (link options: 1 disabled, 2 enforced)."""
    if options & 1:
        return "link disabled"
    if is_blocked and not options & 2:
        return "blocked"
    # 1: user settings are off; 3: all are (MS-GPOL 2.2.4).
    if policy.flags & 1:
        return "policy disabled"
    if policy.dacl is not None and not _may_apply(policy.dacl, sids):
        return "filtered"
    return "query" if policy.has_query else "applies"


def _may_apply(dacl: tuple[Ace, ...], sids: set[str]) -> bool:
    """Whether one of the account's groups may apply the policy, and none is denied it."""
    ours = [
        ace
        for ace in dacl
        if ace.sid in sids and (ace.mask & _ALL or (ace.mask & _EXTENDED and ace.right in {"", _APPLY}))
    ]
    return any(ace.allows for ace in ours) and not any(not ace.allows for ace in ours)


@survey("ad.policies-reaching", over=policy_scope)
def policies_reaching(seen: Mapping[str, Scope]) -> Iterator[Finding]:
    """The same on every controller is said once."""
    for guid, places in sorted({(guid, at) for one in seen.values() for guid, at in one.dangling.items()}):
        yield DANGLING(policy=guid, places=", ".join(places))
    for name in sorted({name for one in seen.values() for name in one.unreadable}):
        yield READ_MISSING(policy=name)
    said: set[tuple[str, str, str]] = set()
    for scope in seen.values():
        for reach in scope.accounts:
            by_stage: dict[str, list[str]] = {}
            for name, stage in reach.policies.items():
                by_stage.setdefault(stage, []).append(name)
            for stage, names in by_stage.items():
                key = (reach.account, stage, ", ".join(names))
                if key not in said:
                    said.add(key)
                    yield _STOPPED.get(stage, APPLIES)(account=reach.account, policies=key[2])
