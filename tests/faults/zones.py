"""What can be wrong with what name servers say? Zones, copies and look-ups, while every server runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from tests.faults.dns import BOTH, dns_fault, edit, in_step, parent, referral_says
from tests.faults.fault import Fault
from tests.lab import cells, dns
from tests.lab.lab import Lab
from tests.lab.places import DNS1, DNS2, NOBODY, REGISTRY, ZONE
from tests.lab.tools import until

__all__ = ["FAULTS"]

_LOCAL = "127.0.0.1"


def _restart(lab: Lab, old: str = "", new: str = "") -> None:
    """Start the primary anew, with a change of its configuration; without one it is as it was."""
    cells.end(lab.place, DNS1.id, "named")
    dns.start_primary(lab.place, change=(old, new))
    until("the primary answers", partial(_speaks, lab), seconds=20)


def _speaks(lab: Lab) -> bool:
    return bool(lab.on(DNS1.id, "ss", "-Hlun", "sport = :53").stdout.strip())


def _as_it_was(lab: Lab) -> None:
    _restart(lab)
    in_step(lab)


def _configured(old: str, new: str) -> Callable[[Lab], None]:
    return lambda lab: _restart(lab, old, new)


def _write_zone(lab: Lab, pattern: str, new: str) -> None:
    file = lab.place.dns / ZONE
    file.write_text(re.sub(pattern, new, file.read_text("ascii"), flags=re.MULTILINE), "ascii")


def _break_zone(lab: Lab) -> None:
    _write_zone(lab, r"\Z", "new IN A 10.77.1\n")
    _restart(lab)
    until("the zone is not served", lambda: "SERVFAIL" in dns.status(lab.place, DNS1.address, ZONE))


def _mend_zone(lab: Lab) -> None:
    _write_zone(lab, r"^new IN A .*\n", "")
    _as_it_was(lab)


def _turn_back(lab: Lab) -> None:
    _write_zone(lab, r"(?<=hostmaster\.musterbau\.test\. )20", "10")
    _restart(lab)
    until("the old zone is served", partial(_has_turned_back, lab))


def _turn_forth(lab: Lab) -> None:
    _write_zone(lab, r"(?<=hostmaster\.musterbau\.test\. )10", "20")
    _as_it_was(lab)


def _has_turned_back(lab: Lab) -> bool:
    return 0 < dns.serial(lab.place, DNS1.address, ZONE) < dns.serial(lab.place, DNS2.address, ZONE)


def _refuse_transfers(lab: Lab) -> None:
    _restart(lab, f"allow-transfer {{ {DNS2.address}; ", "allow-transfer { ")
    dns.edit(lab.place, ZONE, r"\Z", "")


def _is_behind(lab: Lab) -> bool:
    return dns.serial(lab.place, DNS2.address, ZONE) < dns.serial(lab.place, DNS1.address, ZONE)


def _finds(name: str) -> Callable[[Lab], str]:
    return lambda lab: dns.ask(lab.place, DNS1.address, name, "A")


FAULTS: tuple[Fault, ...] = (
    dns_fault(
        "zone-broken",
        DNS1,
        "dns.lame",
        _break_zone,
        _mend_zone,
        lambda lab: "SERVFAIL" in dns.status(lab.place, DNS1.address, ZONE),
    ),
    dns_fault("transfer-refused", DNS2, "dns.serial-behind", _refuse_transfers, _as_it_was, _is_behind),
    dns_fault(
        "serial-turned-back", DNS1, "dns.serial-turned-back", _turn_back, _turn_forth, _has_turned_back
    ),
    dns_fault(
        "forwarder-dead",
        DNS1,
        "dns.recursion-dead",
        _configured("recursion yes;", f"recursion yes; forward only; forwarders {{ {NOBODY}; }};"),
        _as_it_was,
        lambda lab: not _finds(REGISTRY.name)(lab),
    ),
    dns_fault(
        "recursion-refused",
        DNS1,
        "dns.recursion-refused",
        _configured("allow-recursion { any; }", f"allow-recursion {{ {_LOCAL}; }}"),
        _as_it_was,
        lambda lab: not _finds(REGISTRY.name)(lab),
    ),
    dns_fault(
        "wrong-address",
        DNS1,
        "dns.forward-mismatch",
        edit(ZONE, r"^app1\..*$", f"app1.{ZONE}. IN A {NOBODY}"),
        edit(ZONE, r"^app1\..*$", f"app1.{ZONE}. IN A 10.77.1.13"),
        lambda lab: _finds(f"app1.{ZONE}")(lab) == NOBODY,
        BOTH,
    ),
    dns_fault(
        "mail-to-nowhere",
        DNS1,
        "dns.mx-no-address",
        edit(ZONE, r"\Z", f"@ IN MX 10 mail.{ZONE}.\n"),
        edit(ZONE, rf"^@ IN MX 10 mail\.{ZONE}\.\n", ""),
        lambda lab: f"mail.{ZONE}" in dns.ask(lab.place, DNS1.address, ZONE, "MX"),
        BOTH,
    ),
    dns_fault(
        "not-delegated",
        REGISTRY,
        "dns.delegation-missing",
        parent(dns.parent_zone(())),
        parent(dns.parent_zone()),
        lambda lab: not referral_says(DNS1.name)(lab),
    ),
)
