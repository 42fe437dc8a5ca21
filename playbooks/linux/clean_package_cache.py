"""Linux: a disk is full, and on it lie packages that apt has installed long ago. Remove them from its cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.linux.shown import printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Mount

__all__ = ["clean_package_cache"]

_CACHE = "/var/cache/apt/archives"
# In KiB: less than this is not worth a change.
_LEAST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """mount: where the full file system is mounted."""

    mount: Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """mount: where the cache lies; kib: how large it is."""

    mount: str
    kib: int


def propose(finding: Finding) -> Disk | None:
    mount = str(finding.facts.get("mount", ""))
    return Disk(mount=mount) if mount and _CACHE.startswith(f"{mount.rstrip('/')}/") else None


def plan(seen: State, wanted: Disk) -> Iterator[Step]:
    if seen.mount != wanted.mount:
        raise UnfitError(
            f"the packages lie on {seen.mount}, not on {wanted.mount}: removing them would not help",
            f"die Pakete liegen auf {seen.mount}, nicht auf {wanted.mount}: sie zu entfernen hülfe nicht",
        )
    if seen.kib < _LEAST:
        return
    yield Step(
        why=(
            f"{seen.kib} KiB of installed packages lie on {seen.mount}; apt can fetch them again",
            f"{seen.kib} KiB installierte Pakete liegen auf {seen.mount}; apt kann sie wieder holen",
        ),
        do=Command(argv=("apt-get", "clean"), seconds=120.0),
    )


@playbook(
    "linux.clean_package_cache",
    does=("Empty apt's cache of packages", "Den Paket-Zwischenspeicher von apt leeren"),
    notices=("Nothing.", "Nichts."),
    treats=("linux.disk-full", "linux.disk-filling"),
    asked=("linux.disk",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    platform="linux",
)
async def clean_package_cache(host: Shell, _wanted: Disk) -> State:
    """Ask on which file system the cache lies, and how large it is."""
    told = printed(await host.run("df", "--output=target", "--", _CACHE)).split()
    used = printed(await host.run("du", "-sk", "--exclude=partial", "--", _CACHE)).split()
    if len(told) < 2 or not used or not used[0].isdigit():
        raise Unanswered(Kind.UNPARSABLE, "df or du do not tell of apt's cache")
    return State(mount=told[-1], kib=int(used[0]))
