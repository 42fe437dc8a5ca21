"""What may be done to whom, from when and until when, and what would have to change for the rest?

One row a target and deed. Targets that are covered alike are worked out once, so that a hundred thousand of them
are no more work than the different ways in which they are covered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory.advice import advise, few, snippet
from inventory.amendment import (
    Amendment,
    Approve,
    Enlist,
    Extend,
    Lift,
    NewClause,
    NewHost,
    Renew,
    Wait,
    with_hosts,
)
from inventory.ceiling import Ceiling
from inventory.contract import Contract
from inventory.decide import Allowed, Change, Decision, Deed, Diagnose, Request, decide_under_all, deed_name
from inventory.explain import Language, explain
from inventory.remedy import remedy
from inventory.when import closes, opens

__all__ = ["ScopeRow", "reasons", "scope_json", "scope_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRow:
    """One deed on one host: may it be done?

    address: all of the host's addresses, '' for a host that the contract does not know.
    clause: the one that allows it, or those that stand near it. reason: a code of `decide`, '' if allowed.
    allowed_from: when it will be allowed; None if it is already, or never will be as the contract stands.
    allowed_until: when that ends; None if it never does, or never begins.
    change: what would have to change, all of it; () if it is allowed, or if no change of the contract would do.
    """

    host: str
    name: str
    address: str
    deed: Deed
    allowed: bool
    clause: str
    reason: str
    explanation: str
    allowed_from: datetime | None
    allowed_until: datetime | None
    change: tuple[Amendment, ...]


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What holds for all targets that are covered alike."""

    opens: datetime | None
    closes: datetime | None
    steps: tuple[Amendment, ...]


def scope_rows(  # noqa: PLR0913 - all that decides, and a language.
    contracts: Sequence[Contract],
    hosts: Iterable[str],
    deeds: Sequence[Deed],
    now: datetime,
    *,
    ceiling_of: Callable[[str], Ceiling | None],
    language: Language = "en",
) -> tuple[ScopeRow, ...]:
    """Decide every deed on every host, in their order. hosts: ids; one that is not known is refused, not left out.

    contracts: the one that holds, and perhaps a revision that waits for a second person, as for `decide_under_all`.
    now: with its time zone. ceiling_of: the ceiling at the agent that serves a host.
    """
    seen: dict[tuple[Hashable, Deed], _Outlook] = {}
    rows = []
    for host in hosts:
        ceiling = ceiling_of(host)
        alike = _alike(contracts, host, ceiling)
        for deed in deeds:
            request = Request(customer=contracts[0].customer, host=host, deed=deed)
            if (alike, deed) not in seen:
                seen[alike, deed] = _outlook(contracts, request, now, ceiling)
            decision = decide_under_all(contracts, request, now, ceiling)
            rows.append(_row(contracts[0], request, decision, seen[alike, deed], language))
    return tuple(rows)


def _row(
    contract: Contract, request: Request, decision: Decision, outlook: _Outlook, language: Language
) -> ScopeRow:
    target = contract.targets.get(request.host)
    allowed = isinstance(decision, Allowed)
    return ScopeRow(
        host=request.host,
        name=target.name if target else "",
        address=" ".join(str(address) for address in target.addresses) if target else "",
        deed=request.deed,
        allowed=allowed,
        clause=decision.clause.id if isinstance(decision, Allowed) else ", ".join(decision.clauses),
        reason="" if isinstance(decision, Allowed) else decision.reason.value,
        explanation=explain(decision, language),
        allowed_from=None if allowed else outlook.opens,
        allowed_until=outlook.closes,
        change=with_hosts(outlook.steps, (request.host,)),
    )


def _alike(contracts: Sequence[Contract], host: str, ceiling: Ceiling | None) -> Hashable:
    """The same for targets that are covered alike and lie alike below a ceiling.

    Those that are covered alike share an object, which the contract keeps alive; so does the caller a ceiling.
    """
    return id(ceiling), *(_place(contract, host, ceiling) for contract in contracts)


def _place(contract: Contract, host: str, ceiling: Ceiling | None) -> Hashable:
    cover, target = contract.covers.get(host), contract.targets.get(host)
    if target is None:
        return f"no target {host}"
    beyond = ceiling.beyond(contract.customer, target) if ceiling else ""
    return id(cover) if cover else type(target).__name__, beyond


def _outlook(
    contracts: Sequence[Contract], request: Request, now: datetime, ceiling: Ceiling | None
) -> _Outlook:
    opened = opens(contracts, request, now, ceiling)
    return _Outlook(
        opened,
        closes(contracts, request, opened, ceiling) if opened else None,
        remedy(contracts, request, now, ceiling),
    )


def reasons(rows: Iterable[ScopeRow], language: Language = "en") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each reason of a refusal, once for all hosts that it is alike for, and the lines that say what must change."""
    groups: dict[tuple[str, Deed, str], list[ScopeRow]] = {}
    for row in rows:
        if not row.allowed:
            groups.setdefault((row.reason, row.deed, row.clause), []).append(row)
    same = {"en": "The same for", "de": "Ebenso für"}[language]
    said: dict[str, dict[str, None]] = {}
    for first, *others in groups.values():
        more = f" {same} {few([row.host for row in others], language)}." if others else ""
        changes = _changes([first, *others], language)
        said.setdefault(f"{first.explanation}{more}", {}).update(dict.fromkeys(changes))
    for line, lines in said.items():
        yield line, tuple(lines)


def _changes(rows: Sequence[ScopeRow], language: Language) -> Iterator[str]:
    """What must change for these rows of one deed: once for those that it is alike for."""
    alike: dict[tuple[Amendment, ...], list[str]] = {}
    for row in rows:
        alike.setdefault(with_hosts(row.change, ()), []).append(row.host)
    for_all = tuple(step for step in next(iter(alike)) if all(step in steps for steps in alike))
    yield from _lines(for_all, [row.host for row in rows], language)
    for steps, hosts in alike.items():
        whom = f"{few(hosts, language)}: " if len(alike) > 1 else ""
        yield from _lines(tuple(step for step in steps if step not in for_all), hosts, language, whom)


def _lines(
    steps: tuple[Amendment, ...], hosts: Sequence[str], language: Language, whom: str = ""
) -> Iterator[str]:
    for step in with_hosts(steps, tuple(hosts)):
        yield f"{whom}{advise(step, language)}"
        if isinstance(step, NewClause):
            # One entry, so that a line that two clauses have in common is not left out of the second.
            yield snippet(step.clause)


def scope_json(rows: Iterable[ScopeRow], language: Language = "en") -> list[dict[str, Any]]:
    """The rows as JSON: one object a row, keys as in `ScopeRow`, and 'area' and 'playbook' for the deed."""
    return [
        {
            "host": row.host,
            "name": row.name,
            "address": row.address,
            "area": deed_name(row.deed) if isinstance(row.deed, Diagnose) else "",
            "playbook": deed_name(row.deed) if isinstance(row.deed, Change) else "",
            "allowed": row.allowed,
            "clause": row.clause,
            "reason": row.reason,
            "explanation": row.explanation,
            "allowed_from": row.allowed_from and row.allowed_from.isoformat(),
            "allowed_until": row.allowed_until and row.allowed_until.isoformat(),
            "change": [_step_json(step, language) for step in row.change],
        }
        for row in rows
    ]


def _step_json(step: Amendment, language: Language) -> dict[str, Any]:
    """The step with its kind and its sentence. key: where it stands in the contract; add: what is added there."""
    facts: dict[str, Any]
    match step:
        case Wait(clause=clause, opens=moment):
            facts = {"kind": "wait", "clause": clause, "from": moment.isoformat()}
        case Extend(clause=clause, deed=deed):
            key = "diagnose" if isinstance(deed, Diagnose) else "change"
            facts = {"kind": "extend-clause", "clause": clause, "key": key, "add": [deed_name(deed)]}
        case Enlist(clause=clause, hosts=hosts, outside=outside):
            key = "outside" if outside else "hosts"
            facts = {"kind": "extend-clause", "clause": clause, "key": key, "add": list(hosts)}
        case NewClause(clause=new, near=near):
            facts = {"kind": "new-clause", "near": near.id if near else None, "yaml": snippet(new)}
        case NewHost(hosts=hosts):
            facts = {"kind": "new-host", "key": "hosts", "add": list(hosts)}
        case Approve(revision=revision):
            facts = {"kind": "approve", "revision": revision}
        case Lift(beyond=beyond):
            facts = {"kind": "lift-ceiling", "beyond": beyond}
        case Renew(until=until):
            facts = {"kind": "renew", "key": "valid.until", "until": until.isoformat()}
    return facts | {"say": advise(step, language)}
