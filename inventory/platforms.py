"""Which systems are network devices with a command line of their own? Their names, as a contract writes them."""

from __future__ import annotations

__all__ = ["ENABLES", "NETWORK"]

NETWORK = (
    "cisco-ios",
    "cisco-nxos",
    "arista-eos",
    "juniper-junos",
    "hp-comware",
    "huawei-vrp",
    "aruba-aoss",
    "aruba-cx",
    "mikrotik-routeros",
    "frr",
)
# Those that let an account in without privilege, and ask for a second password before they give more.
ENABLES = ("cisco-ios", "arista-eos", "aruba-aoss")
