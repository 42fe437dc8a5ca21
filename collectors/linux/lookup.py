"""Does a resolver answer this host? One real look-up, with whatever tool the host has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from collectors import Ran, Shell
from collectors.linux.output import is_missing, plain

__all__ = ["LookUp", "look_up", "look_up_anywhere"]

_STATUS = re.compile(r"^;; ->>HEADER<<- opcode: QUERY, status: ([A-Z0-9]{3,12}), id: \d+", re.MULTILINE)
_TIME = re.compile(r"^;; Query time: (\d{1,6}) (msec|usec)", re.MULTILINE)
_FLAGS = re.compile(r"^;; flags: ([a-z ]*); QUERY: \d+, ANSWER: (\d+)", re.MULTILINE)
_SILENT = re.compile(
    r"no servers could be reached|timed out|no response|connection refused|unreachable|write to '.*': ",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b(NXDOMAIN|SERVFAIL|REFUSED|NOTAUTH|FORMERR|NOTIMP)\b")
_EMPTY = re.compile(r"No answer|Can't find|No records")
_TIMED_OUT = 124


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """How one server answered: its rcode ('NOERROR', …), '' when it kept silent; took: seconds.

    words: what the host's tool said when the server kept silent. refers: it named nothing but other servers,
    as one does that looks nothing up for others.
    """

    server: str
    rcode: str
    took: float
    words: str = ""
    refers: bool = False


async def look_up(host: Shell, server: str, name: str, kind: str) -> LookUp | None:
    """Ask one server for one name from the host. None: the host has no tool that can."""
    # Two tries of two seconds are what a program's user would bear.
    asked = ("+time=2", "+tries=2", "+noall", "+comments", "+stats")
    ran = await host.run("dig", *asked, f"@{server}", name, kind)
    if not is_missing(ran):
        return _of_dig(server, ran)
    ran = await host.run("timeout", "8", "nslookup", name, server)
    return None if is_missing(ran) else _of_nslookup(server, ran)


def _of_dig(server: str, ran: Ran) -> LookUp | None:
    status, time = _STATUS.search(ran.stdout), _TIME.search(ran.stdout)
    if status:
        scale = 1e3 if time and time[2] == "msec" else 1e6
        took = int(time[1]) / scale if time else ran.took
        # A first try that was lost counts: programs waited for it.
        lost = 2.0 * bool(re.search(r"timed out", ran.stdout))
        refers = status[1] == "NOERROR" and _refers(ran.stdout)
        return LookUp(server=server, rcode=status[1], took=round(took + lost, 3), refers=refers)
    return _silence(server, ran) if ran.code == 9 or _SILENT.search(ran.stdout + ran.stderr) else None


def _refers(text: str) -> bool:
    """Neither an answer, nor the authority to say that there is none, nor recursion: a referral."""
    said = _FLAGS.search(text)
    return said is not None and said[2] == "0" and not {"aa", "ra"} & set(said[1].split())


def _of_nslookup(server: str, ran: Ran) -> LookUp | None:
    said = ran.stdout + ran.stderr
    if ran.code == _TIMED_OUT or _SILENT.search(said):
        return _silence(server, ran)
    code = _CODE.search(said)
    if code:
        return LookUp(server=server, rcode=code[1], took=round(ran.took, 3))
    if re.search(r"(?m)^Name:\s", said) or _EMPTY.search(said):
        return LookUp(server=server, rcode="NOERROR", took=round(ran.took, 3))
    return None


def _silence(server: str, ran: Ran) -> LookUp:
    lines = [line for line in (ran.stdout + "\n" + ran.stderr).splitlines() if _SILENT.search(line)]
    words = plain(lines[0].lstrip("; "), 100) if lines else ""
    return LookUp(server=server, rcode="", took=round(ran.took, 1), words=words)


async def look_up_anywhere(host: Shell, name: str) -> bool | None:
    """Say whether the host's own library finds a name; None when it cannot be told."""
    ran = await host.run("timeout", "12", "getent", "ahostsv4", name)
    if ran.code == 0 and ran.stdout.strip():
        return True
    if ran.code == 2 and not ran.stdout.strip():
        # An answer that the name is not there comes at once; silence takes seconds.
        return False if ran.took >= 4 else None
    return False if ran.code == _TIMED_OUT else None
