"""What did the kernel say in the last 24 hours? Its log, from the journal or from its own ring buffer.

Many systems hide it from ordinary accounts. Then the question is unanswered: silence is not health.
"""

from __future__ import annotations

import re

from collectors import Kind, Ran, Shell, Unanswered
from collectors.linux.output import denied, figure, is_missing, plain, printed, unparsable

__all__ = ["HOURS", "kernel_log"]

HOURS = 24
_JOURNAL = ("journalctl", "-k", "-o", "short-iso", "--no-pager", "-n")
_DAY = f"--since=-{HOURS}h"
# Four thousand lines of a packet filter are more than a session takes: then the last thousand.
_MANY, _FEWER, _ERRORS = "4000", "1000", "1000"
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[+-]\d\d:?\d\d|Z)"
# Programs write into the kernel's log as well; what they say is not the kernel's word.
_ENTRY = re.compile(rf"{_STAMP} \S+ (?:kernel(?:\[\d+\])?: (?P<kernel>.*)|[^\s:]+: .*)")
_SERIOUS = ("-l", "emerg,alert,crit,err,warn")
_BUFFER = re.compile(r"<\d{1,3}>\[ *(\d{1,12}\.\d{1,9})\](?:\[ *[CT]\d+\])? (.*)")
_HIDDEN = ("you are currently not seeing", "no journal files were")
_WAY = "let the account read the kernel log: add it to the group systemd-journal or adm"


async def kernel_log(host: Shell) -> tuple[str, ...]:
    """Give the kernel's messages of the last 24 hours, oldest first, at most 5000.

    Where there are more, errors come from the whole day and the rest from its end.
    Raises Unanswered when neither the journal nor the ring buffer may be read.
    """
    recent, is_cut = await _recent(host)
    entries = _entries(recent)
    if is_cut or len(entries) >= int(_MANY):
        errors = _entries(await host.run(*_JOURNAL, _ERRORS, "-p", "err", _DAY))
        known = frozenset(errors)
        entries = (*errors, *(line for line in entries if line not in known))
    if entries or _shows_some(recent):
        return tuple(match[1] for line in entries if (match := re.fullmatch(r"\S+ (.*)", line)))
    buffer = await _buffer(host)
    if buffer.code == 0:
        return await _from_buffer(host, buffer)
    quiet = recent.code in (0, 1) and not _hides(recent)
    # The journal says nothing of the last day; one older entry proves that it may be read at all.
    if quiet and _shows_some(await host.run(*_JOURNAL, "1")):
        return ()
    if _hides(recent) or (is_missing(recent) and denied(buffer.stderr)):
        raise unparsable(f"the account may not read the kernel log; {_WAY}", buffer.stderr)
    if quiet:
        raise unparsable("the journal holds no message of the kernel, and dmesg is closed", buffer.stderr)
    raise unparsable("the host shows no kernel log", buffer.stderr or recent.stderr)


async def _recent(host: Shell) -> tuple[Ran, bool]:
    try:
        return await host.run(*_JOURNAL, _MANY, _DAY), False
    except Unanswered as reason:
        if reason.kind is not Kind.CUT_OFF:
            raise
        return await host.run(*_JOURNAL, _FEWER, _DAY), True


async def _buffer(host: Shell) -> Ran:
    try:
        return await host.run("dmesg", "-r")
    except Unanswered as reason:
        if reason.kind is not Kind.CUT_OFF:
            raise
        return await host.run("dmesg", "-r", *_SERIOUS)


def _hides(ran: Ran) -> bool:
    said = (ran.stderr + ran.stdout).lower()
    return denied(ran.stderr) or any(words in said for words in _HIDDEN)


def _shows_some(ran: Ran) -> bool:
    """Say whether the journal can be read: there is an entry, whoever wrote it."""
    return ran.code == 0 and not _hides(ran) and any(map(_ENTRY.fullmatch, ran.stdout.splitlines()))


def _entries(ran: Ran) -> tuple[str, ...]:
    """Give the kernel's lines, each after its time."""
    if ran.code != 0 or _hides(ran):
        return ()
    lines = [line for line in ran.stdout.splitlines() if line.strip()]
    found = [match for line in lines if (match := _ENTRY.fullmatch(line))]
    if lines and not found and not all(line.startswith(("-- ", " ")) for line in lines):
        raise unparsable("journalctl printed no journal", lines[0])
    said = ((match[0].partition(" ")[0], match["kernel"]) for match in found)
    return tuple(f"{when} {plain(text, 400)}" for when, text in said if text is not None)


async def _from_buffer(host: Shell, buffer: Ran) -> tuple[str, ...]:
    try:
        words = printed(await host.run("cat", "--", "/proc/uptime")).split()
        uptime = figure(words[0])
    except (IndexError, Unanswered) as error:
        raise unparsable("the host does not say how long it has been up") from error
    lines = [line for line in buffer.stdout.splitlines() if line.strip()]
    stamped = [(figure(m[1]), m[2]) for line in lines if (m := _BUFFER.fullmatch(line))]
    if not stamped:
        raise unparsable("dmesg printed no kernel log with times", lines[0] if lines else "nothing at all")
    if max(when for when, _ in stamped) > uptime + 60:
        raise unparsable(
            "dmesg shows a kernel that runs longer than this host: a container's view of its machine"
        )
    oldest = uptime - HOURS * 3600
    return tuple(plain(text, 400) for when, text in stamped if when >= oldest)
