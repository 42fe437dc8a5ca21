"""What did somebody write themselves? Greetings, signatures, disclaimers, quotes and headers are cut off.

What a mail carries on (forwarded, or answered) is kept apart: where the writer says nothing, it is the complaint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Letter", "read_letter"]

# Nobody tells a complaint in more; what is longer is a log that somebody pasted.
_MOST = 12_000
_MOST_LINES = 400

_I = re.IGNORECASE
# From such a line on, what follows is older.
_OLDER = re.compile(
    r"^(?:-{2,} ?(?:urspr(?:ü|ue)ngliche nachricht|original message|weitergeleitete nachricht|forwarded message|forwarded by)\b.*"
    r"|(?:am|on|le) .{6,100}(?:schrieb|wrote|a écrit)\b.{0,80}:?"
    r"|(?:am|on) .{6,60},? .{0,60}<[^>]{3,80}>.{0,20}:"
    r"|_{10,})$",
    _I,
)
_HEADER = re.compile(
    r"^\W{0,3}(?:von|gesendet|an|cc|kopie|betreff|datum|from|sent|to|subject|date|reply-to|antwort an|wichtigkeit|importance)"
    r"\s?:(?: |$)",
    _I,
)
_QUOTED = re.compile(r"^\s*(?:>|\|\s)")
# From such a line on, nothing of the matter follows.
_CLOSING = re.compile(
    r"^(?:--\s*$|mit (?:den )?(?:freundlichen?|besten?|herzlichen?|lieben?|vielen) gr(?:ü|ue)(?:ß|ss)en|(?:mit )?(?:freundlichem?|bestem?) gru(?:ß|ss)"
    r"|(?:viele|liebe|beste|schöne|herzliche|freundliche) gr(?:ü|ue)(?:ß|ss)e|(?:lieber |schöner |bester )?gru(?:ß|ss|ess)\b"
    r"|(?:mfg|vg|lg|bg|hg|glg)\b|(?:best|kind|warm|many) regards|regards\b|kind(?:est)? regards|cheers\b|sincerely|yours\b|best wishes|best,?$|thanks?,?$|thank you,?$"
    r"|many thanks,?$|merci,?$|danke,?$|vielen dank,?$|von meinem i?phone|von meinem \w+ gesendet|sent from my|gesendet von|get outlook)",
    _I,
)
_DISCLAIMER = re.compile(
    r"\b(?:diese (?:e-?mail|nachricht) (?:enthält|ist vertraulich|und)|(?:vertrauliche|rechtlich geschützte) informationen|amtsgericht|handelsregister|geschäftsführer|geschäftsführung"
    r"|nicht der (?:richtige|beabsichtigte)|this (?:e-?mail|message) (?:is|and|may|contains)|intended recipient|confidential|denken sie an die umwelt|consider the environment|firmenbuch"
    r"|hrb \d|ust-?id|[e]xterne? (?:e-?mail|absender)|\[?external\]?:|caution: )",
    _I,
)
_GREETING = re.compile(
    r"^(?:sehr geehrte\w*|guten? (?:tag|morgen|abend)|grüezi|gr(?:ü|ue)(?:ß|ss) gott|servus|moin|hallo|hi|hey|hello|dear|good (?:morning|afternoon|day)|liebe[rs]?|hoi|bonjour)\b[^.!?:;]{0,40}[,!]?$",
    _I,
)
_CARRIED = re.compile(
    r"^\s*(?:\[[^\]]{0,30}\]\s*)?(?:(?:wg|fw|fwd|aw|re|antwort|weitergeleitet)\s*:\s*)+", _I
)
_FORWARDED = re.compile(
    r"^\s*(?:\[[^\]]{0,30}\]\s*)?(?:(?:aw|re|antwort)\s*:\s*)*(?:wg|fw|fwd|weitergeleitet)\s*:", _I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A ticket without what is not of the matter.

    subject: without 'AW:'. fresh: what its writer wrote. older: what it answers or carries on.
    forwarded: the older part was handed on, so it is the matter.
    """

    subject: str
    fresh: str
    older: str
    forwarded: bool


def read_letter(subject: str, text: str) -> Letter:
    r"""Take a ticket apart.

    >>> read_letter("AW: VPN", "Geht nicht.\n\nMfG\nEva\n\n> Bitte neu starten.").fresh
    'Geht nicht.'
    """
    fresh: list[str] = []
    older: list[str] = []
    lines = text[:_MOST].splitlines()[:_MOST_LINES]
    cut = next(
        (n for n, line in enumerate(lines) if _OLDER.match(line.strip()) or _heads(lines, n)), len(lines)
    )
    for line in lines[:cut]:
        (older if _QUOTED.match(line) else fresh).append(line)
    older += lines[cut:]
    return Letter(
        subject=_CARRIED.sub("", subject).strip(),
        fresh=_matter(fresh),
        older=_matter([_QUOTED.sub("", line) for line in older]),
        forwarded=bool(_FORWARDED.match(subject)),
    )


def _heads(lines: list[str], n: int) -> bool:
    """Whether a mail's headers begin here: two of them at least, one under the other."""
    return all(_HEADER.match(line.strip()) for line in lines[n : n + 2]) and len(lines) > n + 1


def _matter(lines: list[str]) -> str:
    return "\n".join(_kept(lines)).strip()


def _kept(lines: list[str]) -> Iterator[str]:
    closed = False
    for line in lines:
        bare = line.strip()
        if _OLDER.match(bare) or _HEADER.match(bare):
            # Another mail begins, with a text of its own.
            closed = False
        elif _CLOSING.match(bare) and len(bare) < 60:
            closed = True
        elif not closed and not _DISCLAIMER.search(bare) and not (_GREETING.match(bare) and len(bare) < 60):
            yield line
