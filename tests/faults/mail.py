"""What can be wrong with a zone's mail, and with a zone that is one inside and another outside?"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from functools import partial

from tests.faults.dns import BOTH, dns_fault, edit
from tests.faults.fault import Fault
from tests.lab import cells, dns
from tests.lab.lab import Lab
from tests.lab.places import DNS1, DNS2, NOBODY, REGISTRY, SPLIT, ZONE
from tests.lab.records import MX, SELECTOR, text
from tests.lab.tools import until

__all__ = ["FAULTS"]

_END = r"\Z"
_SECOND = "v=spf1 ip4:192.0.2.25 -all"
_SHOP = f"www.{SPLIT}"


def _says(name: str, rtype: str, word: str) -> Callable[[Lab], bool]:
    return lambda lab: word in dns.ask(lab.place, DNS1.address, name, rtype, "+norecurse")


def _lacks(name: str, rtype: str) -> Callable[[Lab], bool]:
    return lambda lab: not dns.ask(lab.place, DNS1.address, name, rtype, "+norecurse")


def _outside(www: str) -> Callable[[Lab], None]:
    """The provider gives this address to the shop."""

    def change(lab: Lab) -> None:
        (lab.place.dns / f"{SPLIT}.outside").write_text(dns.shop_outside(www), "ascii")
        cells.end(lab.place, REGISTRY.id, "nsd")
        dns.start_registry(lab.place)
        until("the provider says so", partial(_shown, lab, www))

    return change


def _shown(lab: Lab, address: str) -> bool:
    return dns.ask(lab.place, REGISTRY.address, _SHOP, "A", "+norecurse") == address


def _edit_in_place(pattern: str, new: str) -> Callable[[Lab], None]:
    """Change the primary's file as somebody does who forgets the serial: its copy never hears of it."""

    def change(lab: Lab) -> None:
        file = lab.place.dns / ZONE
        file.write_text(re.sub(pattern, new, file.read_text("ascii"), flags=re.MULTILINE), "ascii")
        for pid in cells.running_pids(lab.place, DNS1.id, "named"):
            os.kill(pid, signal.SIGHUP)
        until("the primary says so", lambda: _mx(DNS1.address)(lab).startswith(new.split()[3]))

    return change


def _mx(server: str) -> Callable[[Lab], str]:
    return lambda lab: dns.ask(lab.place, server, ZONE, "MX", "+norecurse")


FAULTS: tuple[Fault, ...] = (
    dns_fault(
        "mail-without-way",
        DNS1,
        "dns.mail-no-way",
        edit(ZONE, rf"^{MX}\n", ""),
        edit(ZONE, _END, f"{MX}\n"),
        _lacks(ZONE, "MX"),
        BOTH,
    ),
    dns_fault(
        "serial-forgotten",
        DNS1,
        "dns.mail-record-differs",
        _edit_in_place(r"^@ IN MX 10 ", "@ IN MX 20 "),
        _edit_in_place(r"^@ IN MX 20 ", "@ IN MX 10 "),
        lambda lab: _mx(DNS1.address)(lab) != _mx(DNS2.address)(lab),
        BOTH,
    ),
    dns_fault(
        "spf-typing-error",
        DNS1,
        "dns.spf-invalid",
        edit(ZONE, r"v=spf1 mx include:", "v=spf1 mx inlcude:"),
        edit(ZONE, r"v=spf1 mx inlcude:", "v=spf1 mx include:"),
        _says(ZONE, "TXT", "inlcude"),
        BOTH,
    ),
    dns_fault(
        "spf-twice",
        DNS1,
        "dns.spf-several",
        edit(ZONE, _END, text("@", _SECOND)),
        edit(ZONE, rf"^@ IN TXT \"{_SECOND}\"\n", ""),
        _says(ZONE, "TXT", _SECOND),
        BOTH,
    ),
    dns_fault(
        "spf-include-gone",
        DNS1,
        "dns.spf-include-broken",
        edit(ZONE, rf"^_spf\.{ZONE}\. ", f"_old.{ZONE}. "),
        edit(ZONE, rf"^_old\.{ZONE}\. ", f"_spf.{ZONE}. "),
        _lacks(f"_spf.{ZONE}", "TXT"),
        BOTH,
    ),
    dns_fault(
        "signing-key-gone",
        DNS1,
        "dns.dkim-missing",
        edit(ZONE, rf"^{SELECTOR}\._domainkey\.", "old._domainkey."),
        edit(ZONE, r"^old\._domainkey\.", f"{SELECTOR}._domainkey."),
        _lacks(f"{SELECTOR}._domainkey.{ZONE}", "TXT"),
        BOTH,
    ),
    dns_fault(
        "policy-unreadable",
        DNS1,
        "dns.dmarc-invalid",
        edit(ZONE, r"v=DMARC1; p=reject;", "v=DMARC1; p=rejected;"),
        edit(ZONE, r"v=DMARC1; p=rejected;", "v=DMARC1; p=reject;"),
        _says(f"_dmarc.{ZONE}", "TXT", "rejected"),
        BOTH,
    ),
    dns_fault(
        "alias-to-nowhere",
        DNS1,
        "dns.alias-dangling",
        edit(ZONE, _END, f"www.{ZONE}. IN CNAME old.{ZONE}.\n"),
        edit(ZONE, rf"^www\.{ZONE}\. IN CNAME .*\n", ""),
        _says(f"www.{ZONE}", "CNAME", "old"),
        BOTH,
    ),
    dns_fault(
        "issuer-unreadable",
        DNS1,
        "dns.caa-invalid",
        edit(ZONE, _END, '@ IN CAA 0 issue "https://ca.test"\n'),
        edit(ZONE, r"^@ IN CAA .*\n", ""),
        _says(ZONE, "CAA", "https"),
        BOTH,
    ),
    dns_fault(
        "shop-gone-inside",
        DNS1,
        "dns.public-name-missing",
        edit(SPLIT, r"^www IN A .*\n", ""),
        edit(SPLIT, _END, "www IN A 192.0.2.80\n"),
        _lacks(_SHOP, "A"),
        BOTH,
    ),
    dns_fault(
        "shop-moved-outside",
        REGISTRY,
        "dns.public-name-differs",
        _outside("192.0.2.90"),
        _outside("192.0.2.80"),
        lambda lab: _shown(lab, "192.0.2.90"),
        BOTH,
    ),
    dns_fault(
        "inside-shown-outside",
        REGISTRY,
        "dns.internal-address-shown",
        _outside(NOBODY),
        _outside("192.0.2.80"),
        lambda lab: _shown(lab, NOBODY),
        BOTH,
    ),
)
