"""What can be wrong with whom resolvers ask, and with what they make of the answers?"""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.dns import BOTH, dns_fault, edit
from tests.faults.fault import Fault
from tests.lab import dns, samba, signed
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS, DNS1, DNS2, REC1, REGISTRY, SPLIT, ZONE
from tests.lab.tools import until

__all__ = ["FAULTS"]

_DC = DCS[1]
_ANY, _SHOP = f"any.{ZONE}", f"www.{SPLIT}"
_SEARCH_PAGE = "192.0.2.66"


def _passes_on_to(*addresses: str) -> Callable[[Lab], None]:
    """The second controller passes questions on to these."""

    def change(lab: Lab) -> None:
        usual = f"dns forwarder = {DNS1.address}"
        text = samba.smb_conf(_DC).replace(usual, f"dns forwarder = {' '.join(addresses)}")
        lab.write(_DC.id, "/etc/samba/smb.conf", text)
        lab.on(_DC.id, "systemctl", "restart", "samba-ad-dc.service", timeout=60)
        until("it answers DNS", lambda: bool(dns.serial(lab.place, _DC.address, AD_ZONE)), seconds=30)
        lab.wait_listening(_DC.id, 636)

    return change


def _resolver(more: str = "") -> Callable[[Lab], None]:
    return lambda lab: signed.restart_verifier(lab.place, more=more)


def _found(box_address: str, name: str) -> Callable[[Lab], str]:
    return lambda lab: dns.ask(lab.place, box_address, name, "A", "+time=4")


FAULTS: tuple[Fault, ...] = (
    dns_fault(
        "forwarder-no-resolver",
        _DC,
        "dns.forwarder-refuses",
        _passes_on_to(DNS2.address),
        _passes_on_to(DNS1.address),
        lambda lab: not _found(_DC.address, REGISTRY.name)(lab),
    ),
    dns_fault(
        "name-for-everything",
        DNS1,
        "dns.wildcard",
        edit(ZONE, r"\Z", f"*.{ZONE}. IN A 10.77.1.11\n"),
        edit(ZONE, rf"^\*\.{ZONE}\. .*\n", ""),
        lambda lab: bool(_found(DNS1.address, _ANY)(lab)),
        BOTH,
    ),
    dns_fault(
        "resolver-invents",
        REC1,
        "dns.recursion-invents",
        _resolver(f'  local-zone: "invalid." redirect\n  local-data: "invalid. A {_SEARCH_PAGE}"\n'),
        _resolver(),
        lambda lab: _found(REC1.address, "any.invalid")(lab) == _SEARCH_PAGE,
    ),
    dns_fault(
        "resolver-filters",
        REC1,
        "dns.resolvers-differ",
        _resolver(f'  local-zone: "{SPLIT}." always_nxdomain\n'),
        _resolver(),
        lambda lab: not _found(REC1.address, _SHOP)(lab),
    ),
)
