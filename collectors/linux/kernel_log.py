"""What did the kernel say in the last 24 hours? Its log, from the journal or from its own ring buffer.

Many systems hide it from ordinary accounts. Then the question is unanswered: silence is not health.
"""

from __future__ import annotations

import re

from collectors import Ran, Shell, Unanswered
from collectors.linux.output import denied, figure, is_missing, plain, printed, unparsable

__all__ = ["HOURS", "kernel_log"]

HOURS = 24
_JOURNAL = ("journalctl", "-k", "-o", "short-iso", "--no-pager", "-n")
_ENTRY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:?\d\d \S+ kernel(?:\[\d+\])?: (.*)")
_BUFFER = re.compile(r"<\d{1,3}>\[ *(\d{1,12}\.\d+)\](?:\[ *[CT]\d+\])? (.*)")
_HIDDEN = ("you are currently not seeing", "no journal files were")
_WAY = "let the account read the kernel log: add it to the group systemd-journal or adm"


async def kernel_log(host: Shell) -> tuple[str, ...]:
    """Give the kernel's messages of the last 24 hours, oldest first, at most 4000.

    Raises Unanswered when neither the journal nor the ring buffer may be read.
    """
    recent = await host.run(*_JOURNAL, "4000", f"--since=-{HOURS}h")
    entries = _entries(recent)
    if entries:
        return entries
    buffer = await host.run("dmesg", "-r")
    if buffer.code == 0:
        return await _from_buffer(host, buffer)
    quiet = recent.code in (0, 1) and not _hides(recent)
    # The journal says nothing of the last day; one older entry proves that it may be read at all.
    if quiet and _entries(await host.run(*_JOURNAL, "1")):
        return ()
    if _hides(recent) or (is_missing(recent) and denied(buffer.stderr)):
        raise unparsable(f"the account may not read the kernel log; {_WAY}", buffer.stderr)
    if quiet:
        raise unparsable("the journal holds no message of the kernel, and dmesg is closed", buffer.stderr)
    raise unparsable("the host shows no kernel log", buffer.stderr or recent.stderr)


def _hides(ran: Ran) -> bool:
    said = (ran.stderr + ran.stdout).lower()
    return denied(ran.stderr) or any(words in said for words in _HIDDEN)


def _entries(ran: Ran) -> tuple[str, ...]:
    if ran.code != 0 or _hides(ran):
        return ()
    lines = [line for line in ran.stdout.splitlines() if line.strip()]
    found = [match[1] for line in lines if (match := _ENTRY.fullmatch(line))]
    if lines and not found and not all(line.startswith(("-- ", " ")) for line in lines):
        raise unparsable("journalctl printed no journal", lines[0])
    return tuple(plain(text, 400) for text in found)


async def _from_buffer(host: Shell, buffer: Ran) -> tuple[str, ...]:
    try:
        words = printed(await host.run("cat", "--", "/proc/uptime")).split()
        uptime = figure(words[0])
    except (IndexError, Unanswered) as error:
        raise unparsable("the host does not say how long it has been up") from error
    lines = [line for line in buffer.stdout.splitlines() if line.strip()]
    stamped = [match for line in lines if (match := _BUFFER.fullmatch(line))]
    if not stamped:
        raise unparsable("dmesg printed no kernel log with times", lines[0] if lines else "nothing at all")
    oldest = uptime - HOURS * 3600
    return tuple(plain(match[2], 400) for match in stamped if float(match[1]) >= oldest)
