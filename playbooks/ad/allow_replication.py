"""AD: replication was switched off at a controller. Switch it on again, once it is known that nobody needs it off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Directory, Finding
from playbooks.ad.entries import Controller, settings_of
from playbooks.operation import Attributes
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["allow_replication"]

# NTDSDSA_OPT_DISABLE_INBOUND_REPL and …_OUTBOUND_REPL (MS-ADTS 6.1.1.2.2.1.2.1.1).
_OFF = 0x2 | 0x4


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """entry: the controller's settings, '' for none; options: as they stand there, '' when they are not set.

    is_own: the controller itself was asked; what is written elsewhere does not come to one that fetches nothing.
    """

    entry: str
    options: str
    is_own: bool


def propose(finding: Finding) -> Controller | None:
    name = str(finding.facts.get("controller", ""))
    return Controller(controller=name) if name else None


def plan(seen: State, wanted: Controller) -> Iterator[Step]:
    if not seen.entry:
        raise UnfitError(
            f"the directory knows no controller {wanted.controller}",
            f"das Verzeichnis kennt keinen Controller {wanted.controller}",
        )
    if not seen.is_own:
        raise UnfitError(
            f"this must be written at {wanted.controller} itself: it may hear of nothing that is written elsewhere",
            f"das muss auf {wanted.controller} selbst geschrieben werden: von anderswo erfährt er vielleicht nichts",
        )
    options = int(seen.options or "0")
    if not options & _OFF:
        return
    yield Step(
        why=(
            f"{wanted.controller} takes or gives no changes: somebody switched replication off",
            f"{wanted.controller} nimmt oder gibt keine Änderungen: jemand hat die Replikation abgeschaltet",
        ),
        do=Attributes(entry=seen.entry, values=(("options", (f"{options & ~_OFF}",)),)),
        undo=(Attributes(entry=seen.entry, values=(("options", (seen.options,)),)),),
    )


@playbook(
    "ad.allow_replication",
    does=("Switch a controller's replication on", "Die Replikation eines Controllers einschalten"),
    notices=(
        "Changes that waited arrive; one that was kept away on purpose as well.",
        "Wartende Änderungen kommen an; auch eine, die absichtlich zurückgehalten wurde.",
    ),
    treats=("ad.inbound-disabled", "ad.outbound-disabled"),
    asked=("ad.topology",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    role="domain-controller",
    settle=60.0,
)
async def allow_replication(host: Directory, about: About, wanted: Controller) -> State:
    """Look at the options of the controller."""
    base = about.domain.base if about.domain else ""
    found = await settings_of(host, base, wanted.controller, "options")
    return State(
        entry=found.dn if found else "",
        options=found.text("options") if found else "",
        is_own=about.name.lower() == wanted.controller.lower(),
    )
