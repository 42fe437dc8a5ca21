"""What can be wrong with a signed zone, with what its parent says of it, and with who verifies it?"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.faults.dns import dns_fault, in_step
from tests.faults.fault import Fault
from tests.lab import cells, dns, signed
from tests.lab.lab import Lab
from tests.lab.places import DNS1, DNS2, REC1, REGISTRY, SIGNED
from tests.lab.tools import until

__all__ = ["FAULTS"]

_DAY = 86_400
_ALL = (*(box.id for box in signed.SERVERS), REGISTRY.id, REC1.id, "")

Act = Callable[[Lab], None]
Sees = Callable[[Lab], bool]


def _published(*options: str, signing: bool = True) -> Act:
    return lambda lab: signed.publish(lab.place, *options, signing=signing)


def _refused(lab: Lab) -> bool:
    return signed.refused(lab.place)


def _other_digest(ds: str) -> str:
    """The same DS record with another digest: a key that there is not."""
    return re.sub(r"[0-9A-F]{2}$", lambda found: f"{int(found[0], 16) ^ 0xFF:02X}", ds.strip()) + "\n"


def _vouch_for_another(lab: Lab) -> None:
    signed.vouch(lab.place, _other_digest(signed.ds_of(lab.place)))


def _secondary(lab: Lab, *, unsigned: bool) -> None:
    cells.end(lab.place, DNS2.id, "nsd")
    dns.start_secondary(lab.place, bare=signed.raw(lab.place, SIGNED) if unsigned else None)
    in_step(lab)
    until("it serves the signed zone's name", lambda: bool(dns.serial(lab.place, DNS2.address, SIGNED)))


def _new_key(*words: str) -> Act:
    """Replace the zone's key by one of this algorithm, and tell the parent."""

    def change(lab: Lab) -> None:
        signed.forget_keys(lab.place, SIGNED)
        ds = signed.key(lab.place, SIGNED, *words)
        signed.vouch(lab.place, ds)
        signed.publish(lab.place)

    return change


def _trust_another(lab: Lab) -> None:
    signed.restart_verifier(lab.place, trusts=_other_digest(signed.anchor(lab.place).read_text("ascii")))


def _says(word: str, rtype: str, *options: str) -> Sees:
    return lambda lab: word in signed.told(lab.place, DNS1, rtype, *options)


FAULTS: tuple[Fault, ...] = (
    dns_fault(
        "signatures-ended",
        DNS1,
        "dns.signature-expired",
        _published("-s", f"now-{30 * _DAY}", "-e", f"now-{_DAY}"),
        _published(),
        _refused,
        _ALL,
    ),
    dns_fault(
        "signatures-early",
        DNS1,
        "dns.signature-not-yet-valid",
        _published("-s", f"now+{2 * _DAY}", "-e", f"now+{30 * _DAY}"),
        _published(),
        _refused,
        _ALL,
    ),
    dns_fault(
        "signatures-old",
        DNS1,
        "dns.signature-ends-soon",
        _published("-s", f"now-{30 * _DAY}", "-e", f"now+{_DAY // 4}"),
        _published(),
        lambda lab: signed.verified(lab.place) and not signed.fresh(lab.place),
        _ALL,
    ),
    dns_fault(
        "ds-of-no-key",
        REGISTRY,
        "dns.ds-without-key",
        _vouch_for_another,
        lambda lab: signed.vouch(lab.place, _other_digest(signed.ds_of(lab.place))),
        _refused,
        _ALL,
    ),
    dns_fault(
        "signed-no-more",
        DNS1,
        "dns.ds-unsigned-zone",
        _published(signing=False),
        _published(),
        _refused,
        _ALL,
    ),
    dns_fault(
        "copy-unsigned",
        DNS2,
        "dns.ds-unsigned-zone",
        lambda lab: _secondary(lab, unsigned=True),
        lambda lab: _secondary(lab, unsigned=False),
        lambda lab: "RRSIG" not in signed.told(lab.place, DNS2, "SOA", "+dnssec"),
        _ALL,
    ),
    dns_fault(
        "names-hashed-often",
        DNS1,
        "dns.nsec3-iterations",
        _published("-3", "AABB", "-H", "20"),
        _published(),
        _says(" 20 AABB", "NSEC3PARAM"),
        _ALL,
    ),
    dns_fault(
        "key-of-old-kind",
        DNS1,
        "dns.key-algorithm-old",
        _new_key("RSASHA512"),
        _new_key(),
        _says("257 3 10 ", "DNSKEY", "+short"),
        _ALL,
    ),
    dns_fault(
        "anchor-wrong",
        REC1,
        "dns.validation-fails",
        _trust_another,
        lambda lab: signed.restart_verifier(lab.place),
        _refused,
    ),
)
