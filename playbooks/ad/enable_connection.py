"""AD: a connection by which a controller fetches from another one is disabled. Enable it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Directory, Finding
from playbooks.ad.entries import Controller, settings_of
from playbooks.operation import Attributes
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["enable_connection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """is_known: the directory knows the controller; disabled: the connections by which it fetches and that are off."""

    is_known: bool
    disabled: tuple[str, ...]


def propose(finding: Finding) -> Controller | None:
    name = str(finding.facts.get("controller", ""))
    return Controller(controller=name) if "." in name else None


def plan(seen: State, wanted: Controller) -> Iterator[Step]:
    if not seen.is_known:
        raise UnfitError(
            f"the directory knows no controller {wanted.controller}",
            f"das Verzeichnis kennt keinen Controller {wanted.controller}",
        )
    for entry in seen.disabled:
        yield Step(
            why=(
                f"{wanted.controller} does not fetch over this connection while it is disabled",
                f"{wanted.controller} holt über diese Verbindung nichts, solange sie deaktiviert ist",
            ),
            do=Attributes(entry=entry, values=(("enabledConnection", ("TRUE",)),)),
            undo=(Attributes(entry=entry, values=(("enabledConnection", ("FALSE",)),)),),
        )


@playbook(
    "ad.enable_connection",
    does=("Enable a replication connection", "Eine Replikationsverbindung aktivieren"),
    notices=("Changes that waited arrive.", "Wartende Änderungen kommen an."),
    treats=("ad.connection-disabled",),
    asked=("ad.topology",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    role="domain-controller",
    settle=60.0,
)
async def enable_connection(host: Directory, about: About, wanted: Controller) -> State:
    """Look for the connections below the controller's settings."""
    base = about.domain.base if about.domain else ""
    settings = await settings_of(host, base, wanted.controller, "cn")
    if settings is None:
        return State(is_known=False, disabled=())
    off = "(&(objectClass=nTDSConnection)(enabledConnection=FALSE))"
    found = await host.search(settings.dn, off, "cn", scope="one")
    return State(is_known=True, disabled=tuple(sorted(entry.dn for entry in found)))
