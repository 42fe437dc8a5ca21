"""How fast is it, beside a named peer in the same run? `./run bench [NAME…]`; writes build/bench.json.

A row is: name, unit, ours, peer, ratio (ours against the peer so that larger is better, unless the aim says
otherwise), aim, holds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import (
    captures,
    decisions,
    dns_rate,
    intake,
    pages,
    reports,
    sip,
    sites,
    snmp,
    ssh_hosts,
    walls,
    zonemaster,
)
from tests.bench.row import Row

BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "ssh-hosts": ssh_hosts.measure,
    "hanging": ssh_hosts.measure_hanging,
    "start": ssh_hosts.measure_start,
    "memory": ssh_hosts.measure_memory,
    "walls": walls.measure,
    "dns-rate": dns_rate.measure,
    "sip": sip.measure,
    "captures": captures.measure,
    "snmp": snmp.measure,
    "snmp-devices": snmp.measure_devices,
    "sites": sites.measure,
    "sites-idle": sites.measure_idle,
    "zones": zonemaster.measure,
    "zone-faults": zonemaster.measure_faults,
    "report": reports.measure,
    "reading": decisions.measure_reading,
    "decisions": decisions.measure,
    "verifying": decisions.measure_verifying,
    "intake": intake.measure,
    "pages": pages.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    wanted = parser.parse_args().names or list(BENCHMARKS)
    unknown = sorted(set(wanted) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}")
    rows = [row for name in wanted for row in BENCHMARKS[name]()]
    table = Table("name", "unit", "ours", "peer", "ratio", "aim", "holds", box=None)
    for row in rows:
        table.add_row(
            row.name,
            row.unit,
            f"{row.ours:.3g}",
            f"{row.peer:.3g}",
            f"{row.ratio:.2f}",
            row.aim,
            "yes" if row.holds else "NO",
        )
    Console().print(table)
    target = Path("build") / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"rows": [row.as_dict() for row in rows]}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
