"""Which changes would treat what was found? From findings to playbooks with their parameters: proposals, nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from collectors import About, Finding, Severity
from controller.work import agent_of
from inventory.approval import strictest
from inventory.clause import Approval
from inventory.contract import Contract
from playbooks.catalogue import playbook_catalogue, remedies
from playbooks.playbook import Playbook, WantedError

__all__ = ["Proposal", "approval_in", "proposals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One playbook with its parameters, for hosts on which it treats these findings (by tag)."""

    playbook: str
    said: Mapping[str, Any]
    hosts: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def known(self) -> Playbook[Any, Any]:
        return playbook_catalogue()[self.playbook]

    def words(self, ticket: str) -> tuple[str, ...]:
        """The arguments of the command that plans it."""
        sets = (word for name, one in self.said.items() for word in ("--set", f"{name}={one}"))
        return ("secondline", "plan", ticket, self.playbook, *self.hosts, *sets)


def proposals(
    findings: Iterable[Finding], hosts: Mapping[str, About], contract: Contract
) -> tuple[Proposal, ...]:
    """What could be done, in the order of the findings.

    Hosts stand in one proposal where one plan can be for all of them (one agent), and the same people have to agree.
    hosts: those that were asked; a finding elsewhere, or one of several hosts at once, has no proposal.
    """
    found: dict[
        tuple[str, str, str, Approval | None], tuple[Mapping[str, Any], dict[str, None], dict[str, None]]
    ] = {}
    for finding in findings:
        about = hosts.get(finding.host)
        if about is None or finding.severity is Severity.NOTE:
            continue
        for known in remedies(finding.tag.name):
            said = _said(known, finding) if known.suits(about) else None
            if said is None:
                continue
            alike = agent_of(contract, finding.host), _approval(contract, known.name, finding.host)
            key = (known.name, repr(sorted(said.items())), *alike)
            _, where, tags = found.setdefault(key, (said, {}, {}))
            where[finding.host] = None
            tags[finding.tag.name] = None
    return tuple(
        Proposal(playbook=name, said=said, hosts=tuple(where), tags=tuple(tags))
        for (name, *_), (said, where, tags) in found.items()
    )


def _said(known: Playbook[Any, Any], finding: Finding) -> Mapping[str, Any] | None:
    """The parameters for a finding. Its facts come from a host: what is no parameter by its type has no proposal."""
    wanted = known.propose(finding)
    if wanted is None:
        return None
    try:
        said = known.said(wanted)
        known.read(said)
    except WantedError:
        return None
    return said


def approval_in(contract: Contract, proposal: Proposal) -> Approval | None:
    """Whose yes the contract demands, at the strictest; None where no clause names the playbook on all its hosts."""
    demanded = [_approval(contract, proposal.playbook, host) for host in proposal.hosts]
    known = [one for one in demanded if one is not None]
    return strictest(known) if len(known) == len(demanded) else None


def _approval(contract: Contract, playbook: str, host: str) -> Approval | None:
    cover = contract.covers.get(host)
    covering = cover.change.get(playbook) if cover else None
    return strictest(clause.approval for clause in covering.clauses) if covering else None
