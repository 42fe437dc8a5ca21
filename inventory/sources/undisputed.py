"""Whose address is it? One address is one host of a site: what would give it to two is not proposed.

Hosts may swap addresses, so that all proposals are looked at together. Each one that is dropped gives its host
its old addresses back, which another may have been promised: that one is dropped then, too.
"""

from __future__ import annotations

from collections import defaultdict

from inventory.contract import Contract, Host
from inventory.fields import WrongError
from inventory.sources.match import refuse
from inventory.sources.seen import Ip, Seen, Untaken

__all__ = ["undisputed"]

# An address at a site.
_Key = tuple[str, Ip]


def undisputed(
    contract: Contract, wishes: list[tuple[Seen, Host]], gone: set[str]
) -> tuple[list[tuple[Seen, Host]], list[Untaken]]:
    """Which wishes can stand together, in their order, and what was in the way of the others."""
    claims = _Claims(contract, wishes, gone)
    claims.settle()
    stay = [(seen, host) for seen, host in wishes if host.id not in claims.dropped]
    return stay, [refuse(seen, claims.dropped[host.id]) for seen, host in wishes if host.id in claims.dropped]


class _Claims:
    def __init__(self, contract: Contract, wishes: list[tuple[Seen, Host]], gone: set[str]) -> None:
        self._before = {host.id: host for host in contract.hosts if host.id not in gone}
        self._wished = {host.id: host for _, host in wishes}
        self._outside = {address: server.id for server in contract.outside for address in server.addresses}
        self._owners: dict[_Key, dict[str, None]] = defaultdict(dict)
        self._open: list[_Key] = []
        self.dropped: dict[str, WrongError] = {}
        for host in (self._before | self._wished).values():
            self._claim(host)

    def settle(self) -> None:
        """Drop wishes until no address has two owners. Each wish is dropped at most once, so it ends."""
        for id_, host in self._wished.items():
            taken = next((self._outside[a] for a in host.addresses if a in self._outside), None)
            if taken is not None:
                self._drop(id_, WrongError(f"its address is that of the outside server {taken!r}", _ADVICE))
        while self._open:
            key = self._open.pop()
            owners = list(self._owners[key])
            if len(owners) > 1:
                for id_ in owners:
                    self._dispute(id_, key, owners)

    def _dispute(self, id_: str, key: _Key, owners: list[str]) -> None:
        """Who had the address before keeps it; who is new to it does not get it."""
        before = self._before.get(id_)
        if id_ in self._wished and id_ not in self.dropped and (before is None or key not in _keys(before)):
            other = next(owner for owner in owners if owner != id_)
            self._drop(id_, WrongError(f"{key[1]} is also the address of {other!r}", _ADVICE))

    def _drop(self, id_: str, why: WrongError) -> None:
        self.dropped[id_] = why
        for key in _keys(self._wished[id_]):
            self._owners[key].pop(id_, None)
        if id_ in self._before:
            self._claim(self._before[id_])

    def _claim(self, host: Host) -> None:
        for key in _keys(host):
            self._owners[key][host.id] = None
            if len(self._owners[key]) > 1:
                self._open.append(key)


_ADVICE = "correct the source or the contract; --remove-missing proposes to remove who is not in the source"


def _keys(host: Host) -> list[_Key]:
    return [(host.site, address) for address in host.addresses]
