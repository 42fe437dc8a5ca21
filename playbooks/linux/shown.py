"""What does a Linux host show of a file, a mount or a command? What the changes to such hosts share."""

from __future__ import annotations

from dataclasses import dataclass

from collectors import Kind, Ran, Shell, Unanswered

__all__ = ["Nothing", "TextFile", "printed", "text_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No parameter: what is right stands in the contract, or in the host's own settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """kind: as stat names it ('regular file', 'symbolic link' …), '' when it is not there; mode: of its permissions."""

    kind: str
    mode: int
    text: str

    @property
    def is_plain(self) -> bool:
        return self.kind in {"regular file", "regular empty file"}


def printed(ran: Ran, *codes: int) -> str:
    """What a command printed. Raises Unanswered when it failed."""
    if ran.code not in (0, *codes):
        said = (ran.stderr or ran.stdout).strip()[:120]
        raise Unanswered(Kind.UNPARSABLE, f"{ran.argv[0]} failed with status {ran.code}: {said}")
    return ran.stdout


async def text_file(host: Shell, path: str) -> TextFile:
    """A text file with its permissions; links are told as such, and not followed. Raises Unanswered."""
    ran = await host.run("stat", "-c", "%a %F", "--", path)
    if ran.code and "No such file" in ran.stderr:
        return TextFile(kind="", mode=0o644, text="")
    mode, _, kind = printed(ran).strip().partition(" ")
    return TextFile(kind=kind, mode=int(mode, 8), text=await host.read(path))
