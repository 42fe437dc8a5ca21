"""What can be wrong with rapid spanning tree between switches of Open vSwitch? Faults in the triangle."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.faults.fault import Fault
from tests.lab import triangle
from tests.lab.lab import Lab
from tests.lab.tools import until

__all__ = ["FAULTS"]

_SYSTEM = re.compile(r"stp-system-id\s+(\S+)")
_SLOWEST = 25.0


def _rapid_root(lab: Lab) -> str:
    """Whom ov2 and ov3 take for the root; empty while they do not agree."""
    said = {
        _SYSTEM.findall(triangle.appctl(lab.place, name, "rstp/show", "br0"))[0] for name in ("ov2", "ov3")
    }
    return said.pop() if len(said) == 1 else ""


def _rapid(name: str, tag: str, switch: str, priority: int, root: str) -> Fault:
    """A priority in the triangle is set anew, and another is the root then."""
    usual = 4096 * int(switch[-1])

    def shows(lab: Lab) -> bool:
        return _rapid_root(lab).endswith(root[-1])

    def change(lab: Lab, to: int, holds: Callable[[], bool]) -> None:
        triangle.vsctl(lab.place, switch, "set", "bridge", "br0", f"other_config:rstp-priority={to}")
        until("the triangle has the root that follows", holds, seconds=_SLOWEST, every=0.2)

    def undo(lab: Lab) -> None:
        change(lab, usual, lambda: not shows(lab))
        triangle.wait(lab.place)

    return Fault(
        name=name,
        area="switches",
        of_network=True,
        host=switch,
        also=("",),
        tags=(tag,),
        inject=lambda lab: change(lab, priority, lambda: shows(lab)),
        undo=undo,
        shows=shows,
    )


FAULTS: tuple[Fault, ...] = (
    _rapid("rapid-root-lost", "net.root-is-backup", "ov1", 61440, "ov2"),
    _rapid("rapid-rogue-root", "net.root-wrong", "ov3", 0, "ov3"),
)
