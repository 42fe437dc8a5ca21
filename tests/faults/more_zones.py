"""What else can be wrong with zones and their delegation? Records that are gone, timers, glue, AD's own delegation."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.dns import BOTH, dns_fault, edit, parent
from tests.faults.fault import Fault
from tests.lab import cells, dns
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS, DNS1, DNS2, NOBODY, REGISTRY, REVERSE, ZONE
from tests.lab.tools import until

__all__ = ["FAULTS"]

_TIMERS, _SWAPPED = r" 3600 600 604800 60$", " 600 3600 604800 60"
_BOTH_DCS = tuple(dc.id for dc in DCS)


def _asks(name: str, rtype: str) -> Callable[[Lab], str]:
    return lambda lab: dns.ask(lab.place, DNS1.address, name, rtype, "+norecurse")


def _without_glue() -> str:
    """The registry's zone, without the addresses of the customer's name servers."""
    lines = dns.parent_zone().splitlines(keepends=True)
    return "".join(
        line for line in lines if not line.startswith((f"{DNS1.name}. IN A", f"{DNS2.name}. IN A"))
    )


def _glue(lab: Lab) -> bool:
    return DNS2.address in dns.referral(lab.place, REGISTRY.address, ZONE)


def _registry(lab: Lab, *, serves: bool) -> None:
    """Start the registry with or without the zone above the customer's."""
    cells.end(lab.place, REGISTRY.id, "nsd")
    dns.start_registry(lab.place, serves=serves)
    until(
        "the registry answers",
        lambda: bool(dns.serial(lab.place, REGISTRY.address, "." if not serves else "test")),
    )


FAULTS: tuple[Fault, ...] = (
    dns_fault(
        "address-gone",
        DNS1,
        "dns.forward-missing",
        edit(ZONE, rf"^web2\.{ZONE}\. IN A .*\n", ""),
        edit(ZONE, r"\Z", f"web2.{ZONE}. IN A 10.77.1.12\n"),
        lambda lab: not _asks(f"web2.{ZONE}", "A")(lab),
        ("web2", *BOTH),
    ),
    dns_fault(
        "timers-swapped",
        DNS1,
        "dns.soa-timers",
        edit(ZONE, _TIMERS, _SWAPPED),
        edit(ZONE, f"{_SWAPPED}$", " 3600 600 604800 60"),
        lambda lab: " 600 3600 " in _asks(ZONE, "SOA")(lab),
        BOTH,
    ),
    dns_fault(
        "glue-gone",
        REGISTRY,
        "dns.glue-missing",
        parent(_without_glue()),
        parent(dns.parent_zone()),
        lambda lab: not _glue(lab),
        BOTH,
    ),
    dns_fault(
        "parent-unserved",
        REGISTRY,
        "dns.delegation-unknown",
        lambda lab: _registry(lab, serves=False),
        lambda lab: _registry(lab, serves=True),
        lambda lab: not dns.serial(lab.place, REGISTRY.address, "test"),
        BOTH,
    ),
    dns_fault(
        "ad-glue-wrong",
        DNS1,
        "dns.glue-mismatch",
        edit(ZONE, rf"^{DCS[1].name}\. IN A .*$", f"{DCS[1].name}. IN A {NOBODY}"),
        edit(ZONE, rf"^{DCS[1].name}\. IN A .*$", f"{DCS[1].name}. IN A {DCS[1].address}"),
        lambda lab: NOBODY in dns.referral(lab.place, DNS1.address, AD_ZONE),
        (*_BOTH_DCS, *BOTH),
    ),
    dns_fault(
        "ad-not-delegated",
        DNS1,
        "dns.delegation-missing",
        edit(ZONE, rf"^({AD_ZONE}\. IN NS|dc[12]\.{AD_ZONE}\. IN A) .*\n", ""),
        edit(
            ZONE,
            r"\Z",
            "".join(f"{AD_ZONE}. IN NS {box.name}.\n{box.name}. IN A {box.address}\n" for box in DCS),
        ),
        lambda lab: DCS[0].name not in dns.referral(lab.place, DNS1.address, AD_ZONE),
        (*_BOTH_DCS, *BOTH),
    ),
    dns_fault(
        "reverse-other-name",
        DNS1,
        "dns.reverse-mismatch",
        edit(REVERSE, r"^14 IN PTR .*$", f"14 IN PTR printer.{ZONE}."),
        edit(REVERSE, r"^14 IN PTR .*$", f"14 IN PTR db1.{ZONE}."),
        lambda lab: "printer" in _asks(f"14.{REVERSE}", "PTR")(lab),
        ("db1", *BOTH),
    ),
)
