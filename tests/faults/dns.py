"""What can be wrong with the name service? Faults of the two servers, the zones and the delegation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.faults.fault import Fault
from tests.lab import cells, dns
from tests.lab.lab import Lab
from tests.lab.places import DNS1, DNS2, REGISTRY, REVERSE, SPLIT, ZONE, Box
from tests.lab.tools import until

__all__ = ["BOTH", "FAULTS", "dns_fault", "edit", "in_step", "parent", "referral_says"]

Act = Callable[[Lab], None]
Sees = Callable[[Lab], bool]

BOTH = (DNS1.id, DNS2.id, REGISTRY.id, "")


def _rule(box: Box, hook: str, rule: str) -> Act:
    return lambda lab: lab.filter(box.id, hook, rule)


def _no_rule(box: Box) -> Act:
    return lambda lab: lab.unfilter(box.id)


def _silent(box: Box, *options: str) -> Sees:
    return lambda lab: not dns.answers(lab.place, box.address, ZONE, "SOA", "+norecurse", *options)


def _kill_primary(lab: Lab) -> None:
    cells.end(lab.place, DNS1.id, "named")


def _start_primary(lab: Lab) -> None:
    dns.start_primary(lab.place)
    in_step(lab)


def _restart_secondary(lab: Lab, *, serves: bool) -> None:
    cells.end(lab.place, DNS2.id, "nsd")
    dns.start_secondary(lab.place, serves=serves)
    if serves:
        in_step(lab)
    else:
        until("the lame server answers", lambda: "REFUSED" in dns.status(lab.place, DNS2.address, ZONE))


def in_step(lab: Lab) -> None:
    """Wait until both servers have their zones in the same serial."""
    for zone in (ZONE, REVERSE, SPLIT):
        until(f"both servers have the same {zone}", partial(_same, lab, zone), seconds=20)


def _same(lab: Lab, zone: str) -> bool:
    first, second = (dns.serial(lab.place, box.address, zone) for box in (DNS1, DNS2))
    return first == second != 0


def _fall_behind(lab: Lab) -> None:
    _rule(DNS2, "output", f"ip daddr {DNS1.address} meta l4proto {{ tcp, udp }} th dport 53 drop")(lab)
    dns.edit(lab.place, ZONE, r"\Z", "")


def _catch_up(lab: Lab) -> None:
    _no_rule(DNS2)(lab)
    dns.edit(lab.place, ZONE, r"\Z", "")
    in_step(lab)


def _is_behind(lab: Lab) -> bool:
    return dns.serial(lab.place, DNS2.address, ZONE) < dns.serial(lab.place, DNS1.address, ZONE)


def edit(zone: str, pattern: str, new: str) -> Act:
    def change(lab: Lab) -> None:
        dns.edit(lab.place, zone, pattern, new)
        in_step(lab)

    return change


def parent(text: str) -> Act:
    """The registry holds this zone above the customer's."""

    def change(lab: Lab) -> None:
        (lab.place.dns / "test").write_text(text, "ascii")
        cells.end(lab.place, REGISTRY.id, "nsd")
        dns.start_registry(lab.place)
        until("the registry answers", lambda: bool(dns.serial(lab.place, REGISTRY.address, "test")))

    return change


def referral_says(word: str) -> Sees:
    return lambda lab: word in dns.referral(lab.place, REGISTRY.address, ZONE)


def _pointer(address: str) -> Callable[[Lab], str]:
    return lambda lab: dns.ask(lab.place, DNS2.address, f"{address}.{REVERSE}", "PTR", "+norecurse")


def dns_fault(  # noqa: PLR0917 - one line a fault in the table below, in the order of a sentence.
    name: str, box: Box, tag: str, inject: Act, undo: Act, shows: Sees, also: tuple[str, ...] = ()
) -> Fault:
    return Fault(
        name=name, area="dns", host=box.id, tags=(tag,), inject=inject, undo=undo, shows=shows, also=also
    )


FAULTS = (
    dns_fault("primary-dead", DNS1, "dns.server-dead", _kill_primary, _start_primary, _silent(DNS1)),
    dns_fault(
        "secondary-dead",
        DNS2,
        "dns.server-dead",
        lambda lab: cells.end(lab.place, DNS2.id, "nsd"),
        lambda lab: _restart_secondary(lab, serves=True),
        _silent(DNS2),
    ),
    dns_fault(
        "no-tcp",
        DNS2,
        "dns.no-tcp",
        _rule(DNS2, "input", "tcp dport 53 reject with tcp reset"),
        _no_rule(DNS2),
        _silent(DNS2, "+tcp"),
    ),
    dns_fault(
        "no-udp", DNS2, "dns.no-udp", _rule(DNS2, "input", "udp dport 53 drop"), _no_rule(DNS2), _silent(DNS2)
    ),
    dns_fault(
        "lame",
        DNS2,
        "dns.lame",
        lambda lab: _restart_secondary(lab, serves=False),
        lambda lab: _restart_secondary(lab, serves=True),
        lambda lab: "REFUSED" in dns.status(lab.place, DNS2.address, ZONE),
    ),
    dns_fault("serial-behind", DNS2, "dns.serial-behind", _fall_behind, _catch_up, _is_behind),
    dns_fault(
        "reverse-missing",
        DNS1,
        "dns.reverse-missing",
        edit(REVERSE, r"^12 IN PTR .*\n", ""),
        edit(REVERSE, r"\Z", f"12 IN PTR web2.{ZONE}.\n"),
        lambda lab: not _pointer("12")(lab),
        ("web2", *BOTH),
    ),
    dns_fault(
        "reverse-wrong",
        DNS1,
        "dns.reverse-mismatch",
        edit(REVERSE, r"^13 IN PTR .*$", f"13 IN PTR old-app.{ZONE}."),
        edit(REVERSE, r"^13 IN PTR .*$", f"13 IN PTR app1.{ZONE}."),
        lambda lab: "old-app" in _pointer("13")(lab),
        ("app1", *BOTH),
    ),
    dns_fault(
        "delegation-differs",
        REGISTRY,
        "dns.delegation-mismatch",
        parent(dns.parent_zone(((DNS1.name, DNS1.address), (f"ns9.{ZONE}", DNS2.address)))),
        parent(dns.parent_zone()),
        referral_says("ns9"),
        BOTH,
    ),
    dns_fault(
        "wrong-glue",
        REGISTRY,
        "dns.glue-mismatch",
        parent(dns.parent_zone(((DNS1.name, DNS1.address), (DNS2.name, "10.77.1.55")))),
        parent(dns.parent_zone()),
        referral_says("10.77.1.55"),
        BOTH,
    ),
)
