"""Who holds the roles that only one controller may have, and do all controllers agree? The five, and two for DNS.

Source: fSMORoleOwner, MS-ADTS 3.1.1.1.11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import Directory, Finding, collector, fault, survey, warn
from collectors.ad.members import Forest, is_deleted_name, named, once, read_forest
from collectors.ad.names import domain_of, same_dn
from collectors.ad.replication import ReplicationFacts, replication, unreachable_partners

__all__ = ["Role", "RolesFacts", "roles", "roles_agree"]

DELETED = fault(
    "ad.role-holder-deleted",
    "the role {role} belongs to a controller that was deleted: nobody does its work",
    "die Rolle {role} gehört einem gelöschten Controller: niemand tut ihre Arbeit",
    do=(
        "Seize the role on a living controller, and never bring the old one back.",
        "Die Rolle auf einem laufenden Controller übernehmen (seize) und den alten nie zurückholen.",
    ),
)
DNS_DELETED = warn(
    "ad.dns-role-holder-deleted",
    "the infrastructure role of {role} belongs to a controller that was deleted",
    "die Infrastrukturrolle von {role} gehört einem gelöschten Controller",
    do=(
        "Name a living controller in fSMORoleOwner of the partition's Infrastructure object.",
        "Im Objekt Infrastructure der Partition einen laufenden Controller als fSMORoleOwner eintragen.",
    ),
)
UNKNOWN = fault(
    "ad.role-holder-unknown",
    "the role {role} belongs to {holder}, which is no controller of the directory",
    "die Rolle {role} gehört {holder}, das kein Controller des Verzeichnisses ist",
    do=(
        "Seize the role on a living controller.",
        "Die Rolle auf einem laufenden Controller übernehmen (seize).",
    ),
)
NO_HOLDER = fault(
    "ad.role-without-holder",
    "nobody holds the role {role}",
    "niemand hat die Rolle {role}",
    do=(
        "Seize the role on a living controller.",
        "Die Rolle auf einem laufenden Controller übernehmen (seize).",
    ),
)
DISPUTED = fault(
    "ad.role-disputed",
    "the controllers disagree who holds the role {role}: {answers}",
    "die Controller sind uneins, wer die Rolle {role} hat: {answers}",
    do=(
        "If it was moved a moment ago, wait for replication. Otherwise repair the replication first; do not seize.",
        "Wurde sie gerade verschoben, die Replikation abwarten. Sonst erst die Replikation reparieren; nicht übernehmen.",
    ),
)
SILENT = fault(
    "ad.role-holder-silent",
    "{holder} holds {roles}, and neither we nor its partners reach it",
    "{holder} hat {roles}, und weder wir noch seine Partner erreichen ihn",
    do=(
        "Bring it back. Seize its roles only when it will never come back.",
        "Ihn zurückbringen. Seine Rollen nur übernehmen (seize), wenn er nie wiederkommt.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """name: as engineers call it, or the DNS partition; holder: NTDS settings, '' when nobody."""

    name: str
    is_dns: bool
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesFacts:
    """The roles as one controller sees them."""

    forest: Forest
    roles: tuple[Role, ...]


def judge(_: RolesFacts) -> Iterator[Finding]:
    """Nothing for one alone: the survey says it once for all."""
    yield from ()


@collector(
    "ad.roles",
    asks=("Who holds the operations master roles?", "Wer hat die Betriebsmasterrollen?"),
    judge=judge,
)
async def roles(host: Directory) -> RolesFacts:
    """Read fSMORoleOwner of every object that has one."""
    forest = await read_forest(host)
    places = [
        ("Schema", False, f"CN=Schema,{forest.configuration}"),
        ("Domain naming", False, f"CN=Partitions,{forest.configuration}"),
        ("PDC", False, forest.base),
        ("RID", False, f"CN=RID Manager$,CN=System,{forest.base}"),
        ("Infrastructure", False, f"CN=Infrastructure,{forest.base}"),
    ]
    places += [
        (domain_of(context), True, f"CN=Infrastructure,{context}")
        for context in forest.contexts
        if context.lower().startswith(("dc=domaindnszones,", "dc=forestdnszones,"))
    ]
    found = []
    for name, is_dns, where in places:
        entry = await host.entry(where, "fSMORoleOwner")
        if entry is not None or not is_dns:
            found.append(Role(name=name, is_dns=is_dns, holder=entry.text("fSMORoleOwner") if entry else ""))
    return RolesFacts(forest=forest, roles=tuple(found))


@survey("ad.roles-agree", over=(roles, replication))
def roles_agree(seen: Mapping[str, RolesFacts], pulled: Mapping[str, ReplicationFacts]) -> Iterator[Finding]:
    """One answer for each role, and a holder that lives."""
    by_base: dict[str, dict[str, RolesFacts]] = {}
    for host, facts in seen.items():
        by_base.setdefault(facts.forest.base.lower(), {})[host] = facts
    for answers in by_base.values():
        yield from _disputes(answers)
        yield from once(finding for facts in answers.values() for finding in _holders(facts))
    yield from once(_silent(seen, pulled))


def _disputes(answers: Mapping[str, RolesFacts]) -> Iterator[Finding]:
    told: dict[str, dict[str, str]] = {}
    for host, facts in answers.items():
        for role in facts.roles:
            told.setdefault(role.name, {})[host] = _name(role.holder, facts.forest)
    for name, holders in told.items():
        if len(set(holders.values())) > 1:
            yield DISPUTED(
                role=name, answers="; ".join(f"{host}: {holder}" for host, holder in sorted(holders.items()))
            )


def _holders(facts: RolesFacts) -> Iterator[Finding]:
    for role in facts.roles:
        if is_deleted_name(role.holder):
            yield (DNS_DELETED if role.is_dns else DELETED)(role=role.name)
        elif role.holder and not any(same_dn(one.settings, role.holder) for one in facts.forest.members):
            yield UNKNOWN(role=role.name, holder=named(role.holder))
        elif not role.holder and not role.is_dns:
            yield NO_HOLDER(role=role.name)


def _silent(seen: Mapping[str, RolesFacts], pulled: Mapping[str, ReplicationFacts]) -> Iterator[Finding]:
    """A holder that did not answer us, and that a partner cannot reach: both, as it may just not have been asked."""
    heard = {facts.forest.own.lower() for facts in seen.values()}
    lost = {guid for facts in pulled.values() for guid in unreachable_partners(facts)}
    for facts in seen.values():
        for one in facts.forest.members:
            held = [role.name for role in facts.roles if one.settings and same_dn(role.holder, one.settings)]
            if held and one.guid in lost and one.settings.lower() not in heard:
                yield SILENT(holder=one.name, roles=", ".join(held))


def _name(holder: str, forest: Forest) -> str:
    known = next((one.name for one in forest.members if same_dn(one.settings, holder)), "")
    return known or named(holder) or "-"
