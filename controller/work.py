"""What shall be asked of whom? From contract and wishes to jobs; refusals are kept. `grants.py` seals them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from agent.about import about_target
from agent.job import Job, Refused, Result
from agent.lookups import QUESTION
from agent.refusal import Hold, HoldError
from agent.ways import LOGINS, PIN_IT, WAYS
from collectors import About
from collectors.catalogue import catalogue
from collectors.powershell import Powershell
from inventory.ceiling import Ceiling, ways
from inventory.contract import Clause, Contract, Host
from inventory.decide import Allowed, Decision, Diagnose, Reason, Request, decide_under_all
from inventory.decide import Refused as Denied
from inventory.kdcs import AREA, Kdcs, kdcs_of, may_give_tickets
from inventory.resolution import Ip, looked_up
from inventory.signing import SignatureError
from playbooks.catalogue import playbook_catalogue

__all__ = [
    "NO_QUESTION",
    "Decided",
    "Law",
    "Work",
    "agent_of",
    "is_by_ticket",
    "law_addresses",
    "only_greets",
    "open_ports",
    "plan_work",
    "sessions_of",
]

# The reason why a host that was asked for by name is not asked: no question fits it and its ways in.
NO_QUESTION = "no-question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision that was taken for a run: host, area, answer. why: the code of a refusal, where it is more exact."""

    host: str
    area: str
    decision: Decision
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The jobs that the contract allows, with their clause, and what it refuses."""

    jobs: Mapping[Job, Clause]
    refused: tuple[Result, ...]
    decisions: tuple[Decided, ...]
    abouts: Mapping[str, About]


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What a run is decided by: the contract that holds, one that waits for a second person, the agents' ceilings.

    ceilings: by the agent's name; an agent without one allows nothing.
    held: by the agent's name, why that agent would refuse whatever the contract allows.
    """

    contract: Contract
    waiting: Contract | None = None
    ceilings: Mapping[str, Ceiling | None] = field(default_factory=dict)
    held: Mapping[str, HoldError | SignatureError] = field(default_factory=dict)

    @property
    def contracts(self) -> tuple[Contract, ...]:
        return (self.contract, *((self.waiting,) if self.waiting else ()))

    def ceiling_of(self, host: str) -> Ceiling | None:
        return self.ceilings.get(agent_of(self.contract, host))

    def request(self, host: str, area: str) -> Request:
        return Request(customer=self.contract.customer, host=host, deed=Diagnose(area))

    def decide(self, host: str, area: str, now: datetime) -> Decision:
        return decide_under_all(self.contracts, self.request(host, area), now, self.ceiling_of(host))

    def hindrance(self, host: str, area: str) -> tuple[str, str]:
        """Why what the contract allows is not done all the same: code and explanation, or two empty texts."""
        held = self.held.get(agent_of(self.contract, host))
        if held is not None:
            return held.reason, str(held)
        target = self.contract.targets.get(host)
        for way in _unpinned(target) if isinstance(target, Host) else ():
            if area in _areas_behind_a_login(way):
                return Hold.NOT_PINNED, PIN_IT[way].format(customer=self.contract.customer, host=host)
        return "", ""


def plan_work(
    law: Law, hosts: Sequence[str], areas: Sequence[str], collectors: Sequence[str], now: datetime
) -> Work:
    """Decide for every host and area, and give the jobs that are allowed.

    hosts: the ids asked for; empty for all that the contract names. areas: empty for all there are, or
    those of `collectors`, which narrow the questions to those named.
    Nothing that was asked for is dropped: what is refused is in `refused`, once for a host and area.
    """
    plan = _Plan(law, tuple(collectors), now)
    wanted = tuple(dict.fromkeys(name.partition(".")[0] for name in collectors))
    for host in dict.fromkeys(hosts) or law.contract.targets:
        decided = [plan.decide(host, area) for area in dict.fromkeys(areas) or wanted or catalogue().areas]
        if hosts and not any(decided):
            # Somebody asked for this host by name: that there is nothing to ask it is said, too.
            plan.refuse(host, "any", Refused(NO_QUESTION))
    plan.look_up()
    return Work(
        jobs=plan.jobs, refused=tuple(plan.refused), decisions=tuple(plan.decisions), abouts=plan.abouts
    )


class _Plan:
    """The work as it grows, host by host and area by area."""

    def __init__(self, law: Law, collectors: tuple[str, ...], now: datetime) -> None:
        self._law, self._collectors, self._now = law, collectors, now
        self.jobs: dict[Job, Clause] = {}
        self.refused: list[Result] = []
        self.decisions: list[Decided] = []
        self.abouts: dict[str, About] = {}

    def refuse(self, host: str, what: str, outcome: Refused) -> None:
        job = Job(id=f"{host}/{what}", host=host, collector=what)
        self.refused.append(Result(job=job, outcome=outcome, began=self._now, took=0.0))

    def look_up(self) -> None:
        """Have the resolvers asked of those servers that are known by name only, and that shall be asked something."""
        contract = self._law.contract
        named = looked_up(contract)
        wanted = [named[host] for host in dict.fromkeys(job.host for job in self.jobs) if host in named]
        for resolver in dict.fromkeys(name for server in wanted for name in server.resolved_by):
            self.abouts.setdefault(resolver, about_target(contract, resolver))
            decision = self._law.decide(resolver, "dns", self._now)
            decided = Decided(host=resolver, area="dns", decision=decision)
            if decided not in self.decisions:
                self.decisions.append(decided)
            if isinstance(decision, Allowed):
                self._allow(resolver, "dns", {QUESTION: ("dns",)}, decision.clause)

    def decide(self, host: str, area: str) -> bool:
        """Decide one area on one host; False when there is no question and so nothing to decide."""
        contract = self._law.contract
        if host in contract.targets and host not in self.abouts:
            self.abouts[host] = about_target(contract, host)
        names = _suitable(self._law, host, area, self.abouts.get(host), self._collectors)
        if not names and host in contract.targets:
            return False
        decision = self._law.decide(host, area, self._now)
        if isinstance(decision, Allowed):
            self.decisions.append(Decided(host=host, area=area, decision=decision))
            self._allow(host, area, names, decision.clause)
        else:
            refused = self._why(host, area, decision)
            self.decisions.append(Decided(host=host, area=area, decision=decision, why=refused.reason))
            self.refuse(host, area, refused)
        return True

    def _why(self, host: str, area: str, denied: Denied) -> Refused:
        """A missing ceiling has a reason of its own, such as that there is no agent at all."""
        reason, why = self._law.hindrance(host, area) if denied.reason is Reason.NO_CEILING else ("", "")
        return Refused(reason or denied.reason, denied.clauses, detail=why or denied.beyond)

    def _allow(self, host: str, area: str, names: Mapping[str, tuple[str, ...]], clause: Clause) -> None:
        usual, greeted = open_ports(self._law, host), open_ports(self._law, host, unpinned=True)
        kdcs = self._kdcs(host) if any(map(is_by_ticket, names)) else None
        missing: set[str] = set()
        for name, needed in names.items():
            lacking = set(needed) - (greeted if only_greets(name) else usual).keys()
            missing |= lacking
            if not lacking and not (kdcs and is_by_ticket(name) and not kdcs.open):
                self.jobs[Job(id=f"{host}/{name}", host=host, collector=name)] = clause
        if missing:
            self.refuse(host, area, self._why_no_way(host, missing, greeted, clause))
        elif kdcs and not kdcs.open:
            self.refuse(host, area, Refused(Hold.NO_KDC, (clause.id,), detail=kdcs.detail))

    def _kdcs(self, host: str) -> Kdcs | None:
        """Who may be asked for the ticket of a log-in by Kerberos; None where none is needed."""
        if not kdcs_of(self._law.contract, host):
            return None
        kdcs = may_give_tickets(self._law.contracts, host, self._now, self._law.ceiling_of(host))
        for name, decision in kdcs.decisions.items():
            decided = Decided(host=name, area=AREA, decision=decision)
            if decided not in self.decisions:
                self.decisions.append(decided)
        return kdcs

    def _why_no_way(
        self, host: str, missing: set[str], greeted: Mapping[str, int], clause: Clause
    ) -> Refused:
        for way in sorted(missing & greeted.keys()):
            detail = PIN_IT[way].format(customer=self._law.contract.customer, host=host)
            return Refused(Hold.NOT_PINNED, (clause.id,), detail=detail)
        target, ceiling = self._law.contract.targets[host], self._law.ceiling_of(host)
        low = ceiling.reach(target).ports if ceiling else {}
        above = [f"port {port}" for way, port in ways(target).items() if way in missing and way not in low]
        if above:
            return Refused(Reason.ABOVE_CEILING, (clause.id,), detail=", ".join(above))
        # A revision that waits for a second person has taken the way in or the last address away.
        return Refused(NO_QUESTION, (clause.id,))


def _unpinned(target: Host) -> tuple[str, ...]:
    """The ways in that want a log-in, and whose other end nobody has pinned."""
    ssh, directory, winrm = target.ssh, target.directory, target.winrm
    return (
        *(("ssh",) if ssh is not None and not ssh.host_keys else ()),
        *(("ldap",) if directory is not None and not directory.authorities else ()),
        *(("winrm",) if winrm is not None and not winrm.authorities else ()),
    )


@cache
def _areas_behind_a_login(way: str) -> frozenset[str]:
    known = catalogue().collectors.values()
    return frozenset(one.area for one in known if any(LOGINS.get(session) == way for session in one.sessions))


def sessions_of(name: str) -> tuple[type, ...]:
    """The sessions that a question opens, or a playbook."""
    asked = catalogue().collectors.get(name)
    return (asked or playbook_catalogue()[name]).sessions


def only_greets(name: str) -> bool:
    """Whether a question does not log in: it may be asked of a host that nobody has pinned yet."""
    return not any(session in LOGINS for session in sessions_of(name))


def is_by_ticket(name: str) -> bool:
    """Whether a question logs in to Windows, and so wants a ticket where the log-in is by Kerberos."""
    return Powershell in sessions_of(name)


def _suitable(
    law: Law, host: str, area: str, about: About | None, named: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """The questions of an area that make sense for a host, with the ways in that each needs and the contract names.

    named: only these; when there are none, all but those that are asked on request.
    """
    target = law.contract.targets.get(host)
    if about is None or target is None:
        return {}
    named_ways = ways(target)
    return {
        c.name: needed
        for c in catalogue().collectors.values()
        if c.area == area
        and (c.name in named if named else not c.on_request)
        and c.suits(about)
        and named_ways.keys() >= set(needed := tuple(WAYS[session] for session in c.sessions))
    }


def open_ports(law: Law, host: str, *, unpinned: bool = False) -> dict[str, int]:
    """The ways in that may be used: those whose other end is known, and that nothing takes away.

    unpinned: also those whose other end nobody has pinned yet.
    """
    target, ceiling = law.contract.targets[host], law.ceiling_of(host)
    # Where no address is left, no way leads in; one that is known by name only has none yet.
    is_somewhere = not target.addresses or law_addresses(law, host)
    open_ways = dict(ceiling.reach(target).ports) if ceiling and is_somewhere else {}
    for way in _unpinned(target) if isinstance(target, Host) and not unpinned else ():
        open_ways.pop(way, None)
    later = law.waiting.targets.get(host) if law.waiting else None
    return open_ways if later is None else dict(open_ways.items() & ways(later).items())


def agent_of(contract: Contract, host: str) -> str:
    """The agent of the host's site; servers outside are asked by the first site's. '' for an unknown host."""
    target = contract.targets.get(host)
    if target is None:
        return ""
    place = target.site if isinstance(target, Host) else contract.sites[0].id
    return next(site.agent for site in contract.sites if site.id == place)


def law_addresses(law: Law, host: str) -> tuple[Ip, ...]:
    """The addresses at which a target may be asked: those that nothing takes away."""
    target, ceiling = law.contract.targets[host], law.ceiling_of(host)
    addresses = ceiling.reach(target).addresses if ceiling else ()
    later = law.waiting.targets.get(host) if law.waiting else None
    return addresses if later is None else tuple(one for one in addresses if one in later.addresses)
