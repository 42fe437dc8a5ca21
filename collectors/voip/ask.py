"""How is a telephone server asked by its own tools? What all questions here share.

kamcmd(8) is Kamailio's, rtpengine-ctl(1) rtpengine's, both read-only as they are used here. A tool that is missing, an account
that may not ask, and a server that does not run are three things.
"""

from __future__ import annotations

from collections.abc import Sequence

from collectors import Kind, Ran, Shell, Unanswered
from collectors.plain import plain

__all__ = ["JOURNAL", "NotRunning", "first_of", "is_running", "journal", "kamcmd", "kamcmd_at", "unparsable"]

# Ordinary accounts have no folder for programs of the system in their search path.
_KAMCMD = ("/usr/sbin/kamcmd", "kamcmd", "/usr/local/sbin/kamcmd")
# env answers 126 when a folder of its search path is closed to the account.
_MISSING = frozenset({126, 127})
_GONE = ("no such file", "connection refused")
_MAY_NOT = ("permission denied", "not permitted", "access denied")
# Lines with the time in seconds, of the services of these names and of the last minutes alone.
JOURNAL = (
    *("journalctl", "--no-pager", "-q", "-o", "short-unix", "--since", "-10min", "-n", "4000"),
    *("-u", "kamailio*", "-u", "rtpengine*"),
)


class NotRunning(Exception):  # noqa: N818 - it is an outcome with a name, not an error of ours.
    """The tool is there and may ask, and nobody runs that could answer."""


def unparsable(what: str, text: str = "") -> Unanswered:
    """The answer is not what it must be; `text` is the part that shows it."""
    shown = f": {plain(text, 120)}" if text.strip() else ""
    return Unanswered(Kind.UNPARSABLE, what + shown)


async def first_of(host: Shell, programs: Sequence[str], *argv: str) -> Ran:
    """What the first of these programs says that is there. Raises Unanswered (`not-there`) when none is."""
    for program in programs:
        ran = await host.run(program, *argv)
        if ran.code not in _MISSING:
            return ran
    raise Unanswered(
        Kind.NOT_THERE,
        f"the host has no command {programs[0].rpartition(chr(47))[2]}: install it, or correct the host's roles",
    )


async def kamcmd(host: Shell, *words: str) -> str:
    """What Kamailio says to an RPC command, as `kamcmd_at` gives it."""
    return (await kamcmd_at(host, *words))[0]


async def kamcmd_at(host: Shell, *words: str) -> tuple[str, float]:
    """What Kamailio says, and the agent's time then; '' to a command that it does not know, as its module is not loaded.

    Raises NotRunning, and Unanswered: `refused` when the account may not use the control socket.
    """
    ran = await first_of(host, _KAMCMD, *words)
    said = f"{ran.stderr}\n{ran.stdout}".strip()
    low = said.lower()
    if "connect_unix_sock" in low or low.startswith("error: connect"):
        if any(word in low for word in _MAY_NOT):
            raise Unanswered(
                Kind.REFUSED,
                "the account may not ask Kamailio: add it to the group that owns the control socket (ctl module, 'group')",
            )
        if any(word in low for word in _GONE):
            raise NotRunning
    if low.startswith("error: 500 - command") and "not found" in low:
        return "", ran.began.timestamp()
    if ran.code or low.startswith("error:"):
        raise unparsable(f"kamcmd {' '.join(words)} failed with status {ran.code}", said)
    if "\x00" in ran.stdout or "\x1b" in ran.stdout:
        raise unparsable(f"kamcmd {' '.join(words)} printed no plain text", ran.stdout)
    return ran.stdout, ran.began.timestamp()


async def is_running(host: Shell, program: str) -> bool:
    """Say whether a process of this name runs. Raises Unanswered when that cannot be seen."""
    ran = await host.run("pgrep", "-x", program)
    if ran.code in {0, 1} and not ran.stderr.strip():
        return ran.code == 0
    raise unparsable(f"pgrep -x {program} failed with status {ran.code}", ran.stderr)


async def journal(host: Shell) -> tuple[tuple[float, str], ...]:
    """The services' log lines of the last ten minutes: seconds since 1970, and the message.

    Raises Unanswered: `refused` when the account may not read the journal.
    """
    ran = await host.run(*JOURNAL)
    low = ran.stderr.lower()
    if ran.code in _MISSING:
        raise Unanswered(Kind.NOT_THERE, "the host keeps no journal (journalctl)")
    if (
        any(word in low for word in _MAY_NOT)
        or "not seeing messages" in low
        or "insufficient permissions" in low
    ):
        raise Unanswered(
            Kind.REFUSED, "the account may not read the journal: add it to the group 'systemd-journal'"
        )
    if ran.code and "no data available" in low:
        # No unit of these names has a line in the journal.
        return ()
    if ran.code:
        raise unparsable(f"journalctl failed with status {ran.code}", ran.stderr or ran.stdout)
    found: list[tuple[float, str]] = []
    for line in ran.stdout.splitlines():
        at, _, rest = line.partition(" ")
        _, _, message = rest.partition(": ")
        if at.replace(".", "", 1).isdigit() and message:
            found.append((float(at), message))
    return tuple(found)
