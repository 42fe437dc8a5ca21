"""A stand-in for a Cisco router's CISCO-CLASS-BASED-QOS-MIB: its counters are those of a real HTB, live.

    pass_persist .1.3.6.1.4.1.9.9.166.1 python3 -I cbqos_mib.py NETNS DEVICE        (a line of snmpd.conf(5))

One policy outwards at the agent's first interface: class-default shaped, below it VOICE (EF), SIGNALLING (AF31) and
class-default. Columns as the MIB of 2015 has them; what no question reads is left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time

Oid = tuple[int, ...]
Row = tuple[str, str]

NAMES = {"10": ("VOICE", "Match ip dscp  ef (46)"), "20": ("SIGNALLING", "Match ip dscp  af31 (26)")}
POLICY = 18
_CLASS = re.compile(
    r"class htb 1:(?P<minor>[0-9a-f]+) (?P<top>root|parent).* rate (?P<rate>[0-9]+)(?P<unit>[KM])bit .*\n"
    r" Sent (?P<bytes>\d+) bytes (?P<packets>\d+) pkt \(dropped (?P<drops>\d+),"
)
# A walk within this time sees one and the same picture.
_FRESH = 0.5


class Mib:
    """What is said, by OID below the root."""

    def __init__(self, netns: str, device: str) -> None:
        self._ask = ["tc", "-n", netns, "-s", "class", "show", "dev", device]
        self._said: dict[Oid, Row] = {}
        self._at = 0.0

    def rows(self) -> dict[Oid, Row]:
        if time.monotonic() - self._at > _FRESH:
            text = subprocess.run(self._ask, capture_output=True, text=True, check=True, timeout=10).stdout
            self._said = {oid: row for match in _CLASS.finditer(text) for oid, row in told(match).items()}
            self._said |= attached()
            self._at = time.monotonic()
        return self._said


def attached() -> dict[Oid, Row]:
    """By cbQosServicePolicyTable: a main interface, output, ifIndex 1; the policy, and the one within it."""
    said: dict[Oid, Row] = {
        (1, 1, 1, 2, POLICY): ("integer", "1"),
        (1, 1, 1, 3, POLICY): ("integer", "2"),
        (1, 1, 1, 4, POLICY): ("integer", "1"),
    }
    return said | placed(1, kind=1, parent=0) | placed(3, kind=1, parent=2)


def placed(index: int, *, kind: int, parent: int) -> dict[Oid, Row]:
    """A row of cbQosObjectsTable; its config index is a hundred times its own."""
    return {
        (5, 1, 1, 2, POLICY, index): ("gauge", str(100 * index)),
        (5, 1, 1, 3, POLICY, index): ("integer", str(kind)),
        (5, 1, 1, 4, POLICY, index): ("gauge", str(parent)),
    }


def told(match: re.Match[str]) -> dict[Oid, Row]:
    """A class with what hangs below it. Index 2 is the outer one; those within follow from 10 on."""
    minor, is_top = match["minor"], match["top"] == "root"
    rate = int(match["rate"]) * (1000 if match["unit"] == "K" else 1_000_000)
    own = 2 if is_top else 10 * int(minor, 16)
    name, matches = NAMES.get(minor, ("class-default", "Match any "))
    packets, drops = int(match["packets"]), int(match["drops"])
    said: dict[Oid, Row] = {
        (7, 1, 1, 1, 100 * own): ("string", name),
        (7, 1, 1, 3, 100 * own): ("integer", "3"),
        (8, 1, 1, 1, 100 * (own + 1000)): ("string", matches),
        (15, 1, 1, 3, POLICY, own): ("counter64", str(packets + drops)),
        (15, 1, 1, 6, POLICY, own): ("counter64", match["bytes"]),
        (15, 1, 1, 14, POLICY, own): ("counter64", str(drops)),
    }
    said |= placed(own, kind=2, parent=1 if is_top else 3) | placed(own + 1000, kind=3, parent=own)
    if is_top:
        return (
            said
            | placed(own + 2000, kind=6, parent=own)
            | {(13, 1, 1, 1, 100 * (own + 2000)): ("gauge", str(rate))}
        )
    queue = 100 * (own + 2000)
    return (
        said
        | placed(own + 2000, kind=4, parent=own)
        | {
            (9, 1, 1, 1, queue): ("integer", str(rate // 1000)),
            (9, 1, 1, 2, queue): ("integer", "1"),
            (9, 1, 1, 4, queue): ("integer", "1" if name == "VOICE" else "2"),
        }
    )


def answer(mib: Mib, root: Oid, command: str, asked: str) -> str:
    oid = tuple(map(int, asked.strip(".").split(".")))
    rows = mib.rows()
    if command == "get":
        found = oid[len(root) :] if oid[len(root) :] in rows else None
    else:
        rest = oid[len(root) :] if oid[: len(root)] == root else ()
        found = min((one for one in rows if one > rest), default=None) if oid[: len(root)] <= root else None
    if found is None:
        return "NONE"
    return "\n".join(["." + ".".join(map(str, (*root, *found))), *rows[found]])


def main() -> None:
    mib, root = Mib(*sys.argv[1:3]), (1, 3, 6, 1, 4, 1, 9, 9, 166, 1)
    for line in sys.stdin:
        command = line.strip().lower()
        if command == "ping":
            print("PONG", flush=True)
        elif command in {"get", "getnext"}:
            print(answer(mib, root, command, sys.stdin.readline().strip()), flush=True)
        else:
            print("NONE", flush=True)


if __name__ == "__main__":
    main()
