"""How is a machine of the lab looked at and changed in a rehearsal? As its administrator, past the product's own account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, TypeVar

from collectors import Entry, Kind, Ran, Unanswered
from collectors.ldif import read_ldif
from collectors.session import Also, Directory, Scope, Shell
from playbooks.operation import Attributes, Command, Configure, Operation, Write
from tests.lab import dns
from tests.lab.devices import argv_in
from tests.lab.lab import Lab
from tests.lab.places import DCS, DEVICES, DNS1, DNS2, REC1
from tests.lab.tools import LabError, run

__all__ = ["RootDirectory", "RootShell", "argv_of", "do", "sessions"]

T = TypeVar("T")
_SAM = "/var/lib/samba/private/sam.ldb"
# What only the directory itself may write; a controller's administrator passes by it.
_CONTROLS = (
    "--controls=local_oid:1.3.6.1.4.1.7165.4.3.12:0",
    "--controls=local_oid:1.3.6.1.4.1.4203.666.5.12:0",
)
_DEVICES = frozenset(box.id for box in DEVICES)
_NAMES = frozenset({DNS1.id, DNS2.id, REC1.id})


def argv_of(lab: Lab, box: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """What runs a program on a machine as its root, with the files and sockets that it has there."""
    if box in _DEVICES:
        return ("ip", "netns", "exec", lab.place.netns(box), *argv_in(lab.place, box, argv))
    if box in _NAMES:
        return dns.argv_at(lab.place, box, argv)
    return lab.argv_on(box, argv)


class RootShell(Shell):
    """A machine's command line."""

    def __init__(self, lab: Lab, box: str) -> None:
        self._lab, self._box = lab, box
        self.ran: list[Ran] = []

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        words = argv_of(self._lab, self._box, ("env", "LC_ALL=C.UTF-8", *argv))
        began, at = datetime.now(tz=UTC), time.monotonic()
        done = await asyncio.to_thread(run, *words, check=False, timeout=deadline)
        ran = Ran(
            argv=argv,
            stdout=done.stdout,
            stderr=done.stderr,
            code=done.returncode,
            began=began,
            took=time.monotonic() - at,
        )
        self.ran.append(ran)
        return ran

    async def read(self, path: str) -> str:
        ran = await self.run("cat", "--", path)
        if ran.code:
            raise Unanswered(Kind.UNPARSABLE, f"{path} cannot be read: {ran.stderr.strip()}")
        return ran.stdout

    async def fetch(self, path: str) -> bytes:
        return (await self.read(path)).encode()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class RootDirectory(Directory):
    """A controller's own directory, on the controller."""

    def __init__(self, lab: Lab, box: str) -> None:
        self._lab, self._box = lab, box

    async def root(self, *attributes: str) -> Entry:
        del attributes
        now = f"{datetime.now(tz=UTC):%Y%m%d%H%M%S.0Z}"
        return Entry("", {"currenttime": (now.encode(),)})

    async def search(
        self,
        base: str,
        where: str,
        *attributes: str,
        scope: Scope = "subtree",
        most: int = 10_000,
        also: Also = "",
    ) -> tuple[Entry, ...]:
        del most, also
        depth = {"base": "base", "one": "one", "subtree": "sub"}[scope]
        words = ("ldbsearch", "-H", _SAM, "-b", base, "-s", depth, where, *attributes)
        done = await asyncio.to_thread(self._lab.on, self._box, *words, check=False, timeout=60.0)
        if done.returncode:
            raise Unanswered(Kind.NOT_THERE, done.stderr.strip()[-200:])
        blocks = "\n\n".join(
            one for one in done.stdout.split("\n\n") if "\ndn: " in f"\n{one}" and "ref: " not in one
        )
        found = read_ldif(blocks)
        return tuple(Entry(one.dn, {k.lower(): v for k, v in one.attributes.items()}) for one in found)

    async def entry(self, name: str, *attributes: str) -> Entry | None:
        try:
            found = await self.search(name, "(objectClass=*)", *attributes, scope="base")
        except Unanswered:
            return None
        return found[0] if found else None

    async def together(self, *asking: Coroutine[Any, Any, T]) -> tuple[T, ...]:
        return tuple([await one for one in asking])


def sessions(lab: Lab, box: str, kinds: tuple[type, ...]) -> tuple[object, ...]:
    """The sessions that a playbook's look wants."""
    made: dict[type, type[RootShell | RootDirectory]] = {Shell: RootShell, Directory: RootDirectory}
    return tuple(made[kind](lab, box) for kind in kinds)


def do(lab: Lab, box: str, one: Operation) -> None:
    """Carry out one operation. Raises LabError with what the machine says against it."""
    match one:
        case Command():
            done = run(*argv_of(lab, box, one.argv), check=False, text=one.stdin or None, timeout=one.seconds)
            if done.returncode not in one.codes:
                raise LabError(
                    f"{' '.join(one.argv)} on {box}: {(done.stderr or done.stdout).strip()[-400:]}"
                )
        case Write(content=None):
            run(*argv_of(lab, box, ("rm", "--", one.path)))
        case Write():
            path = PurePosixPath(one.path)
            aside = f"{path.parent}/.{path.name}.new"
            run(*argv_of(lab, box, ("tee", "--", aside)), text=one.content)
            run(*argv_of(lab, box, ("chmod", f"{one.mode:o}", "--", aside)))
            run(*argv_of(lab, box, ("mv", "-T", "--", aside, one.path)))
        case Attributes():
            lines = [f"dn: {one.entry}", "changetype: modify"]
            for name, values in one.values:
                lines += [f"replace: {name}", *(f"{name}: {value}" for value in values), "-"]
            dc = box if box in {dc.id for dc in DCS} else DCS[0].id
            lab.on(dc, "ldbmodify", "-H", _SAM, *_CONTROLS, text="\n".join([*lines, ""]), timeout=60)
        case Configure():
            raise LabError("no device of the lab is configured by lines")
