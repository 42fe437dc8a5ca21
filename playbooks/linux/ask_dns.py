"""Linux: the host has resolvers, and its programs do not ask them. Add dns to the sources of host names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell
from playbooks.linux.shown import Nothing, TextFile, text_file
from playbooks.operation import Write
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["ask_dns"]

_PATH = "/etc/nsswitch.conf"
_HOSTS = re.compile(r"(?m)^([ \t]*hosts:[^#\n]*?)([ \t]*)(?=#|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The file that says where names of hosts are looked for."""

    file: TextFile


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    file = seen.file
    line = _HOSTS.findall(file.text)
    if not file.is_plain or len(line) != 1:
        raise UnfitError(
            f"{_PATH} has not exactly one line 'hosts:', or is no plain file: look at it",
            f"{_PATH} hat nicht genau eine Zeile „hosts:“ oder ist keine einfache Datei: ansehen",
        )
    if {"dns", "resolve"} & set(line[0][0].split()):
        return
    yield Step(
        why=(
            "programs look for names of hosts in these sources alone, and dns is not among them",
            "Programme suchen Hostnamen nur in diesen Quellen, und dns fehlt darunter",
        ),
        do=Write(path=_PATH, content=_HOSTS.sub(r"\1 dns\2", file.text), mode=file.mode),
        undo=(Write(path=_PATH, content=file.text, mode=file.mode),),
    )


@playbook(
    "linux.ask_dns",
    does=("Let programs ask the resolvers", "Programme die Resolver fragen lassen"),
    notices=(
        "Programs that are started from now on find names; running ones perhaps only after a restart.",
        "Ab jetzt gestartete Programme finden Namen; laufende vielleicht erst nach einem Neustart.",
    ),
    treats=("linux.name-lookup-off",),
    asked=("linux.resolvers",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    platform="linux",
)
async def ask_dns(host: Shell, _wanted: Nothing) -> State:
    """Read the file."""
    return State(file=await text_file(host, _PATH))
