"""What can be changed so that a deed is allowed? The single steps of a remedy, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from inventory.contract import Clause
from inventory.decide import Deed

__all__ = [
    "Amendment",
    "Approve",
    "Enlist",
    "Extend",
    "Lift",
    "NewClause",
    "NewHost",
    "Renew",
    "Wait",
    "with_hosts",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing has to change: the clause allows it from this moment on."""

    clause: str
    opens: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Add the deed to a clause that names this host and nobody else."""

    clause: str
    deed: Deed
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlist:
    """Name the hosts in a clause that permits this deed and nothing else. outside: under 'outside'."""

    clause: str
    deed: Deed
    hosts: tuple[str, ...]
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClause:
    """Add this clause; its number and its words are for people to choose.

    near: the clause whose windows it takes. It permits the deed, but not on the host; or it covers the host and
    others, but not the deed. None: there is none, and the new clause has no windows.
    """

    clause: Clause
    deed: Deed
    near: Clause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHost:
    """Add the hosts under 'hosts'."""

    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """The contract's last day must be this one or a later one."""

    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A second person must approve this revision, which waits and allows it; the present one does not."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """The ceiling at the agent must allow it too. beyond: what lies above it; '' where there is no ceiling."""

    beyond: str


Amendment = Wait | Extend | Enlist | NewClause | NewHost | Renew | Approve | Lift


def with_hosts(steps: tuple[Amendment, ...], hosts: tuple[str, ...]) -> tuple[Amendment, ...]:
    """The same steps for other hosts that are covered alike. With () it is what the steps of all have in common.

    >>> with_hosts((NewHost(hosts=("web1",)),), ("web2", "web3"))
    (NewHost(hosts=('web2', 'web3')),)
    """
    return tuple(_with_hosts(step, hosts) for step in steps)


def _with_hosts(step: Amendment, hosts: tuple[str, ...]) -> Amendment:
    match step:
        case Enlist() | NewHost():
            return replace(step, hosts=hosts)
        case NewClause(clause=clause):
            key = "outside" if clause.outside else "hosts"
            return replace(step, clause=clause.model_copy(update={key: hosts}))
        case Wait() | Extend() | Renew() | Approve() | Lift():
            return step
