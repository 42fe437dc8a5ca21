"""Linux: a disk is full, and the journal's archived files are a part of it. Keep the newest 200 MiB of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.linux.shown import printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Mount

__all__ = ["vacuum_journal"]

_JOURNAL = "/var/log/journal"
# In MiB. What is kept holds several days of most hosts.
_KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """mount: where the full file system is mounted."""

    mount: Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """mount: where the journal lies, '' when it is kept in memory; is_large: it holds more than is kept."""

    mount: str
    is_large: bool


def propose(finding: Finding) -> Disk | None:
    mount = str(finding.facts.get("mount", ""))
    return Disk(mount=mount) if mount and f"{_JOURNAL}/".startswith(f"{mount.rstrip('/')}/") else None


def plan(seen: State, wanted: Disk) -> Iterator[Step]:
    if seen.mount != wanted.mount:
        raise UnfitError(
            f"the journal does not lie on {wanted.mount}: cutting it would not help",
            f"das Journal liegt nicht auf {wanted.mount}: es zu kürzen hülfe nicht",
        )
    if not seen.is_large:
        return
    yield Step(
        why=(
            f"the journal on {seen.mount} holds more than {_KEPT} MiB; older lines are lost",
            f"das Journal auf {seen.mount} hält mehr als {_KEPT} MiB; ältere Zeilen gehen verloren",
        ),
        do=Command(argv=("journalctl", f"--vacuum-size={_KEPT}M"), seconds=120.0),
    )


@playbook(
    "linux.vacuum_journal",
    does=("Shorten the journal to 200 MiB", "Das Journal auf 200 MiB kürzen"),
    notices=("Nothing; the oldest log lines are gone.", "Nichts; die ältesten Logzeilen sind weg."),
    treats=("linux.disk-full", "linux.disk-filling"),
    asked=("linux.disk",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
)
async def vacuum_journal(host: Shell, _wanted: Disk) -> State:
    """Ask on which file system the journal lies, and whether it is large."""
    told = await host.run("df", "--output=target", "--", _JOURNAL)
    if told.code:
        return State(mount="", is_large=False)
    used = printed(await host.run("du", "-sm", "--", _JOURNAL), 1).split()
    if not used or not used[0].isdigit():
        raise Unanswered(Kind.UNPARSABLE, "du does not tell the size of the journal")
    return State(mount=told.stdout.split()[-1], is_large=int(used[0]) > _KEPT)
