"""AD: a part of Samba (Kerberos, DNS, LDAP …) was taken out in a controller's configuration. Put it back in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command, Write
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["restore_services"]

_PATH = "/etc/samba/smb.conf"
_LINE = re.compile(r"(?mi)^[ \t]*server[ \t]+services[ \t]*=[ \t]*(.*?)[ \t]*\n")
_RESTART = Command(argv=("systemctl", "restart", "--", "samba-ad-dc.service"), seconds=90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No parameter: a controller has every part, unless its configuration says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The configuration's text, its permissions, and whether it is a plain file."""

    text: str
    mode: int
    is_plain: bool


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    lines = _LINE.findall(seen.text)
    if not lines:
        # Why a part is missing all the same stands in Samba's log.
        return
    words = [word for line in lines for word in line.replace(",", " ").split()]
    if not seen.is_plain or len(lines) > 1 or any(not word.startswith(("+", "-")) for word in words):
        raise UnfitError(
            f"{_PATH} lists the parts of Samba one by one: somebody chose them (an own DNS server?)",
            f"{_PATH} zählt die Teile von Samba einzeln auf: das hat jemand gewählt (eigener DNS-Server?)",
        )
    if "-dns" in words:
        raise UnfitError(
            f"{_PATH} takes DNS out: another server serves the zones, or somebody must say that none does",
            f"{_PATH} nimmt DNS heraus: ein anderer Server bedient die Zonen, oder jemand muss sagen, dass es keiner tut",
        )
    yield Step(
        why=(
            f"'server services = {lines[0]}' takes parts out that every controller needs",
            f"„server services = {lines[0]}“ nimmt Teile heraus, die jeder Controller braucht",
        ),
        do=Write(path=_PATH, content=_LINE.sub("", seen.text), mode=seen.mode),
        undo=(Write(path=_PATH, content=seen.text, mode=seen.mode), _RESTART),
    )
    yield Step(
        why=("Samba reads which parts it has when it starts", "welche Teile es hat, liest Samba beim Start"),
        do=_RESTART,
        keeps=True,
    )


@playbook(
    "ad.restore_services",
    does=(
        "Put parts of Samba back into its configuration",
        "Teile von Samba wieder in die Konfiguration aufnehmen",
    ),
    notices=(
        "Log-ons at this controller fail for some seconds while it restarts.",
        "Anmeldungen an diesem Controller scheitern für Sekunden, während er neu startet.",
    ),
    treats=("ad.samba-task-missing",),
    asked=("ad.samba-services",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    role="domain-controller",
    settle=60.0,
)
async def restore_services(host: Shell, _wanted: Nothing) -> State:
    """Read the configuration."""
    ran = await host.run("stat", "-c", "%a %F", "--", _PATH)
    mode, _, kind = ran.stdout.strip().partition(" ")
    if ran.code or not mode:
        raise Unanswered(Kind.UNPARSABLE, f"{_PATH} cannot be seen: {ran.stderr.strip()[:100]}")
    return State(text=await host.read(_PATH), mode=int(mode, 8), is_plain=kind == "regular file")
