"""Who may try again, and when? The more often a log-in fails, the longer the next try has to wait.

Counted for an account from one network, so that nobody can lock somebody else out from elsewhere; and for the network,
so that nobody can try many accounts.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

__all__ = ["Throttle"]

_FREE, _FREE_NETWORK = 4, 20
_LONGEST = 900.0
_FORGOTTEN = 3600.0
_KEPT = 10_000


@dataclass(slots=True)
class Throttle:
    """Failures by key, with the moment (seconds on some clock) of the last."""

    _failed: OrderedDict[tuple[str, str], tuple[int, float]] = field(default_factory=OrderedDict)

    def wait(self, account: str, address: str, now: float) -> float:
        """How many seconds are left until a try is looked at; 0 for at once."""
        network = _network(address)
        return max(
            self._left((account, network), _FREE, now),
            self._left(("", network), _FREE_NETWORK, now),
        )

    def failed(self, account: str, address: str, now: float) -> None:
        network = _network(address)
        for key in ((account, network), ("", network)):
            count, at = self._failed.pop(key, (0, now))
            self._failed[key] = (1 if now - at > _FORGOTTEN else count + 1, now)
        while len(self._failed) > _KEPT:
            self._failed.popitem(last=False)

    def passed(self, account: str, address: str) -> None:
        self._failed.pop((account, _network(address)), None)

    def _left(self, key: tuple[str, str], free: int, now: float) -> float:
        count, at = self._failed.get(key, (0, now))
        if count < free or now - at > _FORGOTTEN:
            return 0.0
        return max(0.0, at + min(_LONGEST, 2.0 ** min(count - free, 10)) - now)


def _network(address: str) -> str:
    """The network of an address, as far as one subscriber has it (/64 in IPv6)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{found}/{32 if found.version == 4 else 64}", strict=False))
