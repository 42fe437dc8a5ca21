"""Linux: ordinary accounts may not read which resolvers there are, and find no name. Let everybody read the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell
from playbooks.linux.shown import Nothing, printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["let_read_resolvers"]

_PATH = "/etc/resolv.conf"
_ALL_READ = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """kind: as stat names it; mode: of its permissions; owner: its account."""

    kind: str
    mode: int
    owner: str


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    if seen.kind != "regular file" or seen.owner != "root":
        raise UnfitError(
            f"{_PATH} is a {seen.kind} of {seen.owner}: see who keeps it",
            f"{_PATH} ist ein {seen.kind} von {seen.owner}: klären, wer die Datei pflegt",
        )
    if seen.mode & _ALL_READ == _ALL_READ:
        return
    yield Step(
        why=(
            "programs of ordinary accounts read it to look names up",
            "Programme gewöhnlicher Konten lesen sie, um Namen aufzulösen",
        ),
        do=Command(argv=("chmod", f"{seen.mode | _ALL_READ:04o}", "--", _PATH)),
        undo=(Command(argv=("chmod", f"{seen.mode:04o}", "--", _PATH)),),
    )


@playbook(
    "linux.let_read_resolvers",
    does=("Let every account read /etc/resolv.conf", "/etc/resolv.conf für alle Konten lesbar machen"),
    notices=("Names are found again.", "Namen werden wieder gefunden."),
    treats=("linux.resolver-unreadable",),
    asked=("linux.resolvers",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    platform="linux",
)
async def let_read_resolvers(host: Shell, _wanted: Nothing) -> State:
    """Ask for owner and permissions; the content is not needed."""
    ran = await host.run("stat", "-c", "%a %U %F", "--", _PATH)
    mode, owner, kind = printed(ran).strip().split(" ", 2)
    return State(kind=kind, mode=int(mode, 8), owner=owner)
