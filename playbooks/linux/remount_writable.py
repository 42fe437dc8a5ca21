"""Linux: a file system that shall be writable is mounted read-only, and it is not damaged. Mount it writable again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell
from playbooks.linux.shown import printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Mount

__all__ = ["remount_writable"]

# What the kernel says of a file system or its disk when it stops writing to save what is there.
_DAMAGE = (
    "I/O error",
    "EXT4-fs error",
    "XFS (",
    "BTRFS error",
    "Remounting filesystem read-only",
    "Aborting journal",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """mount: where the file system is mounted."""

    mount: Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """options: of the mount, empty when there is none; is_damaged: the kernel speaks of errors."""

    kind: str
    options: tuple[str, ...]
    is_damaged: bool


def propose(finding: Finding) -> Disk | None:
    mount = str(finding.facts.get("mount", ""))
    return Disk(mount=mount) if mount.startswith("/") and len(mount) > 1 else None


def plan(seen: State, wanted: Disk) -> Iterator[Step]:
    if not seen.options:
        raise UnfitError(
            f"nothing is mounted at {wanted.mount}", f"unter {wanted.mount} ist nichts eingehängt"
        )
    if "rw" in seen.options:
        return
    if seen.is_damaged:
        raise UnfitError(
            "the kernel speaks of errors of the disk or the file system: save the data and check it first",
            "der Kernel meldet Fehler der Platte oder des Dateisystems: erst die Daten sichern und prüfen",
        )
    yield Step(
        why=(
            f"{wanted.mount} shall be writable, and no error is known",
            f"{wanted.mount} soll beschreibbar sein, und ein Fehler ist nicht bekannt",
        ),
        do=Command(argv=("mount", "-o", "remount,rw", "--", wanted.mount)),
        undo=(Command(argv=("mount", "-o", "remount,ro", "--", wanted.mount)),),
    )


@playbook(
    "linux.remount_writable",
    does=("Mount a file system writable again", "Ein Dateisystem wieder beschreibbar einhängen"),
    notices=("Programs can save again.", "Programme können wieder speichern."),
    treats=("linux.filesystem-read-only",),
    asked=("linux.disk",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
)
async def remount_writable(host: Shell, wanted: Disk) -> State:
    """Ask how it is mounted, and what the kernel says since the start. Raises Unanswered where its log may not be read."""
    found = await host.run("findmnt", "-n", "-o", "FSTYPE,OPTIONS", "--mountpoint", wanted.mount)
    words = found.stdout.split() if found.code == 0 else []
    log = printed(await host.run("journalctl", "-k", "-b", "-q", "--no-pager", "-o", "cat"), 1)
    return State(
        kind=words[0] if words else "",
        options=tuple(words[1].split(",")) if len(words) > 1 else (),
        is_damaged=any(word in line for line in log.splitlines() for word in _DAMAGE),
    )
