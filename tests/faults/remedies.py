"""For which faults is there a change that treats them, and does it? The fault matrix's second half."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from playbooks.catalogue import playbook_catalogue, remedies
from tests.faults.fault import Fault
from tests.lab.lab import Lab
from tests.playbooks.asking import asking
from tests.playbooks.rehearsals import REHEARSALS, Rehearsal
from tests.playbooks.trial import rehearsed

__all__ = ["treat"]


def treat(lab: Lab, faults: tuple[Fault, ...], console: Console) -> int:
    """Rehearse on these faults of the matrix every change that is meant for one, and print the share; 1 when one failed."""
    names = {fault.name for fault in faults}
    chosen = [one for one in REHEARSALS if one.fault.name in names]
    lab.learn_contract()
    lab.wait_healthy()
    treated: set[str] = set()
    failed = 0
    with asking(lab) as product:
        for one in chosen:
            out = rehearsed(lab, product, playbook_catalogue()[one.playbook], one.fault, one.host)
            failed += not out.is_well
            if out.is_well:
                treated.add(one.fault.name)
            mark = "ok  " if out.is_well else "MISS"
            said = "; ".join(out.wrong)
            console.print(
                f"{mark} {one.fault.name:26} {one.playbook:28} {out.seconds:6.1f} s  {said}",
                markup=False,
                soft_wrap=True,
            )
    lab.wait_healthy()
    _tell(faults, chosen, treated, console)
    return 1 if failed else 0


def _tell(faults: tuple[Fault, ...], chosen: list[Rehearsal], treated: set[str], console: Console) -> None:
    """The shares by area, with all faults below each."""
    tried = {one.fault.name for one in chosen}
    table = Table(title="Is there a change that treats the fault, and does it?")
    for heading in ("area", "faults", "named by a change", "rehearsed", "treated", "share of all"):
        table.add_column(heading, justify="left" if heading == "area" else "right")
    for area in (*dict.fromkeys(fault.area for fault in faults), "all"):
        own = [fault for fault in faults if area in {fault.area, "all"}]
        named = [fault for fault in own if any(remedies(tag) for tag in fault.tags)]
        well = [fault for fault in own if fault.name in treated]
        table.add_row(
            area,
            *(str(len(some)) for some in (own, named, [fault for fault in own if fault.name in tried], well)),
            f"{len(well) / len(own):.0%}" if own else "",
        )
    console.print(table)
