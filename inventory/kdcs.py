"""Who may be asked for a Kerberos ticket just now? The rule by which a log-in opens a second host's door.

A log-in to a host by Kerberos needs a packet to another one, its KDC. That host is asked only while `decide` allows
what is asked of a directory's hosts, area `ad`, there and at this moment. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from inventory.ceiling import Ceiling
from inventory.contract import Clause, Contract, Host
from inventory.decide import Allowed, Decision, Diagnose, Request, decide_under_all

__all__ = ["AREA", "WAY", "Kdcs", "kdcs_of", "may_give_tickets"]

# What must be allowed at a KDC, and the way in that is then used there: no other of its doors.
AREA, WAY = "ad", "kerberos"


@dataclass(frozen=True, slots=True)
class Kdcs:
    """Those that may be asked, with their clause, in the contract's order; and the others, with why not.

    decisions: what `decide` said of each.
    """

    open: dict[str, Clause] = field(default_factory=dict)
    shut: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """Why nobody gives a ticket, naming every KDC."""
        said = ", ".join(f"{name} ({why})" for name, why in self.shut.items())
        return f"no ticket for the log-in: {said}"


def kdcs_of(contract: Contract, host: str) -> tuple[str, ...]:
    """The ids of a host's KDCs; nothing where the log-in to it is not by Kerberos."""
    target = contract.targets.get(host)
    winrm = target.winrm if isinstance(target, Host) else None
    return winrm.kerberos.kdcs if winrm is not None and winrm.kerberos is not None else ()


def may_give_tickets(
    contracts: Sequence[Contract],
    host: str,
    now: datetime,
    ceiling: Ceiling | None,
    is_granted: Callable[[str], bool] = lambda _: True,
) -> Kdcs:
    """Which KDCs of a host may be asked at this moment.

    contracts: as for `decide_under_all`; a KDC counts that all of them name. ceiling: of the agent that serves host
    and KDC. is_granted: whether a grant opens its door as contract and ceiling have it.
    """
    found = Kdcs()
    for name in kdcs_of(contracts[0], host) if contracts else ():
        request = Request(customer=contracts[0].customer, host=name, deed=Diagnose(AREA))
        decision = decide_under_all(contracts, request, now, ceiling)
        found.decisions[name] = decision
        if not isinstance(decision, Allowed):
            found.shut[name] = " ".join(filter(None, (decision.reason, decision.beyond)))
        elif not all(name in kdcs_of(other, host) and _has_door(other, name, ceiling) for other in contracts):
            found.shut[name] = "its Kerberos port is not in the contract, or above the ceiling"
        elif not is_granted(name):
            found.shut[name] = "the grant does not name it as contract and ceiling do"
        else:
            found.open[name] = decision.clause
    return found


def _has_door(contract: Contract, name: str, ceiling: Ceiling | None) -> bool:
    reach = ceiling.reach(contract.targets[name]) if ceiling and name in contract.targets else None
    return reach is not None and bool(reach.addresses) and WAY in reach.ports
