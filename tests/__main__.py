"""Everything that needs real servers, after `./run check`: one after the other, because they share a machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time

# What is run, in this order: a name, and what pytest selects by it.
PARTS = (
    ("slow tests", ("-m", "slow and not lab and not desk", "-n", "2")),
    ("Request Tracker", ("-m", "desk")),
    ("the lab", ("-m", "lab")),
)


def main(words: list[str]) -> int:
    if os.getuid() != 0:
        sys.stderr.write("the lab needs root, for network namespaces: run this as root or with sudo\n")
        return 2
    for name, selected in PARTS:
        began = time.monotonic()
        status = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *selected, *words], check=False
        ).returncode
        sys.stdout.write(f"{name}: {time.monotonic() - began:.0f} s\n\n")
        sys.stdout.flush()
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
