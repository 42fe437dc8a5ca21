"""How is Windows asked? By scripts of ours that only read, and what they are about comes to them as data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Protocol

__all__ = ["Datum", "Powershell", "Script"]

# What a script can be told.
Datum = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A PowerShell script that reads and changes nothing. name: as records know it; text: what it says."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """Of its text, as evidence says which one was run."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def lying_in(cls, package: str, file: str) -> Script:
        """The script that lies in a package, with its area in the name: 'ad/windows_services.ps1'."""
        text = resources.files(package).joinpath(file).read_text("utf-8")
        return cls(name=f"{package.rpartition('.')[2]}/{file}", text=text)


class Powershell(Protocol):
    """PowerShell on a Windows host. A script is a file of ours, and what it is about comes to it as data alone."""

    async def objects(self, script: Script, **data: Datum) -> tuple[Mapping[str, object], ...]:
        """Run a script, and give the objects that it leaves, as JSON knows them.

        data: what the script finds in `$data`, never a part of its text. Nothing here depends on the language of
        Windows: errors are told by their numbers. Raises Unanswered: `refused` when the account may not,
        `not-there` when Windows has no such thing, `unparsable` when the script ends in another error or says
        something else than objects, `timed-out`, `cut-off`.
        """
        ...
