"""What does Wireshark say of the streams in a capture? Its command line, as the oracle."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Row", "streams"]

_ROW = re.compile(
    r"\s*[\d.]+\s+[\d.]+\s+(?P<src>\S+)\s+(?P<sport>\d+)\s+(?P<dst>\S+)\s+(?P<dport>\d+)\s+0x(?P<ssrc>[0-9A-F]+)\s+.*?"
    r"\s(?P<packets>\d+)\s+(?P<lost>-?\d+) \(-?[\d.]+%\)\s+(?P<figures>[-\d.\s]+?)\s*X?\s*"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One stream. lost: packets; mean, most: jitter in ms; gap: the largest, in ms."""

    packets: int
    lost: int
    mean: float
    most: float
    gap: float


def streams(file: Path) -> dict[tuple[str, str, str], Row]:
    """The table of `tshark -z rtp,streams`, by source and destination as 'address:port', and SSRC."""
    done = subprocess.run(
        ["tshark", "-q", "-n", "-r", str(file), "-z", "rtp,streams"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = {}
    for line in done.stdout.splitlines():
        row = _ROW.fullmatch(line)
        if row is None:
            continue
        figures = [float(one) for one in row["figures"].split()]
        key = (f"{row['src']}:{row['sport']}", f"{row['dst']}:{row['dport']}", row["ssrc"].lower())
        found[key] = Row(int(row["packets"]), int(row["lost"]), figures[4], figures[5], figures[2])
    return found
