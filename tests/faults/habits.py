"""What can be wrong with the names that a zone gives, and with the manners of a server?"""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.dns import BOTH, dns_fault, edit, in_step
from tests.faults.fault import Fault
from tests.lab import cells, dns
from tests.lab.lab import Lab
from tests.lab.places import DNS1, DNS2, ZONE
from tests.lab.tools import until

__all__ = ["FAULTS"]

_MAILBOX, _EXPIRY = r"hostmaster\.musterbau\.test\. ", r" 604800 60$"
_END = r"\Z"

Act = Callable[[Lab], None]
Sees = Callable[[Lab], bool]


def _behind_a_relay(*habit: str) -> Act:
    def change(lab: Lab) -> None:
        cells.end(lab.place, DNS2.id, "nsd")
        dns.spoil_secondary(lab.place, *habit)
        until(
            "the relay answers",
            lambda: "ANSWER: 1" in dns.status(lab.place, DNS2.address, ZONE, "SOA", "+time=3"),
        )

    return change


def _without_relay(lab: Lab) -> None:
    cells.end(lab.place, DNS2.id, dns.RELAY.name)
    _secondary(lab)


def _secondary(lab: Lab, *, provides: bool = False) -> None:
    cells.end(lab.place, DNS2.id, "nsd")
    dns.start_secondary(lab.place, provides=provides)
    in_step(lab)


def _told(name: str, rtype: str, *options: str) -> Callable[[Lab], str]:
    return lambda lab: dns.ask(lab.place, DNS2.address, name, rtype, "+norecurse", *options)


def _slow(lab: Lab) -> bool:
    return not dns.ask(lab.place, DNS2.address, ZONE, "SOA", "+norecurse")


FAULTS: tuple[Fault, ...] = (
    dns_fault(
        "mail-to-alias",
        DNS1,
        "dns.mx-alias",
        edit(ZONE, _END, f"@ IN MX 10 mail.{ZONE}.\nmail.{ZONE}. IN CNAME web1.{ZONE}.\n"),
        edit(ZONE, rf"^@ IN MX 10 mail\.{ZONE}\.\nmail\.{ZONE}\. IN CNAME .*\n", ""),
        lambda lab: "web1" in _told(f"mail.{ZONE}", "CNAME")(lab),
        BOTH,
    ),
    dns_fault(
        "source-elsewhere",
        DNS1,
        "dns.source-no-server",
        edit(ZONE, rf"SOA {DNS1.name}\. ", f"SOA mgmt1.{ZONE}. "),
        edit(ZONE, rf"SOA mgmt1\.{ZONE}\. ", f"SOA {DNS1.name}. "),
        lambda lab: "mgmt1" in _told(ZONE, "SOA")(lab),
        BOTH,
    ),
    dns_fault(
        "copies-die-soon",
        DNS1,
        "dns.soa-expire-short",
        edit(ZONE, _EXPIRY, " 86400 60"),
        edit(ZONE, r" 86400 60$", " 604800 60"),
        lambda lab: " 86400 60" in _told(ZONE, "SOA")(lab),
        BOTH,
    ),
    dns_fault(
        "zone-for-all",
        DNS2,
        "dns.transfer-open",
        lambda lab: _secondary(lab, provides=True),
        _secondary,
        lambda lab: "10.77.1.12" in _told(ZONE, "AXFR")(lab),
    ),
    dns_fault(
        "six-addresses-mute",
        DNS2,
        "dns.aaaa-broken",
        _behind_a_relay("mute", "28"),
        _without_relay,
        lambda lab: "timed out" in dns.status(lab.place, DNS2.address, ZONE, "AAAA"),
    ),
    dns_fault(
        "newer-edns-dropped",
        DNS2,
        "dns.edns-intolerant",
        _behind_a_relay("no-newer-edns"),
        _without_relay,
        lambda lab: "timed out" in dns.status(lab.place, DNS2.address, ZONE, "SOA", "+edns=1", "+noednsneg"),
    ),
    dns_fault(
        "slow-server",
        DNS2,
        "dns.slow",
        _behind_a_relay("slow", "1.1"),
        _without_relay,
        _slow,
    ),
)
