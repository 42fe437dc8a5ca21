"""Linux: the host asks other resolvers than the contract names. Enter those of the contract, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Shell
from playbooks.linux.shown import Nothing, TextFile, text_file
from playbooks.operation import Write
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["set_resolvers"]

_PATH = "/etc/resolv.conf"
# What writes the file anew, by what it leaves in it: a change here would not last.
_WRITERS = (
    "networkmanager",
    "systemd-resolved",
    "resolvconf",
    "dhclient",
    "dhcpcd",
    "netconfig",
    "cloud-init",
)
# More than these the C library does not ask (resolv.conf(5)).
_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The file, and the resolvers that the contract names, in their order."""

    file: TextFile
    expected: tuple[str, ...]


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    file = seen.file
    if not seen.expected:
        raise UnfitError(
            "the contract names no resolvers for this site",
            "der Vertrag nennt für diesen Standort keine Resolver",
        )
    if file.kind and not file.is_plain:
        raise UnfitError(
            f"{_PATH} is a {file.kind}: something else keeps it, and the change belongs there",
            f"{_PATH} ist ein {file.kind}: etwas anderes pflegt die Datei, und dort gehört die Änderung hin",
        )
    comments = [line.lower() for line in file.text.splitlines() if line.startswith(("#", ";"))]
    if writer := next((one for one in _WRITERS for line in comments if one in line), ""):
        raise UnfitError(
            f"{_PATH} is written by {writer}: enter the resolvers there",
            f"{_PATH} wird von {writer} geschrieben: die Resolver dort eintragen",
        )
    content = _with(file.text, seen.expected)
    if content == file.text:
        return
    yield Step(
        why=(
            f"the contract names {', '.join(seen.expected)}, and the host asks others",
            f"der Vertrag nennt {', '.join(seen.expected)}, und der Host fragt andere",
        ),
        do=Write(path=_PATH, content=content, mode=file.mode),
        undo=(Write(path=_PATH, content=file.text if file.kind else None, mode=file.mode),),
    )


def _with(text: str, servers: tuple[str, ...]) -> str:
    """The file's text with these servers where the first one stood, or at its end; one that asks some of them is left."""
    lines = text.splitlines(keepends=True)
    at = [number for number, line in enumerate(lines) if line.split()[:1] == ["nameserver"]]
    asked = [lines[number].split()[1] for number in at if len(lines[number].split()) > 1]
    if asked and set(asked) <= set(servers):
        return text
    begin = at[0] if at else len(lines)
    before = [line if line.endswith("\n") else f"{line}\n" for line in lines[:begin]]
    after = [line for number, line in enumerate(lines) if number > begin and number not in at]
    return "".join([*before, *(f"nameserver {one}\n" for one in servers[:_MOST]), *after])


@playbook(
    "linux.set_resolvers",
    does=("Enter the contract's resolvers", "Die Resolver des Vertrags eintragen"),
    notices=("Names are looked up elsewhere from now on.", "Namen werden ab jetzt woanders nachgeschlagen."),
    treats=(
        "linux.resolver-wrong",
        "linux.resolver-none",
        "linux.resolver-stub-dead",
        "linux.resolver-refuses",
        "linux.resolver-no-recursion",
        "linux.resolver-lacks-name",
    ),
    asked=("linux.resolvers",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
)
async def set_resolvers(host: Shell, about: About, _wanted: Nothing) -> State:
    """Read the file, and the contract."""
    expected = tuple(address for server in about.resolvers for address in server.addresses)
    return State(file=await text_file(host, _PATH), expected=expected)
