"""Do calls come through to the end of their set-up, or does the last word of it never arrive?

Kamailio's dialogs (`kamcmd dlg.list`, dialog module): one that was answered and whose ACK did not come (state 3) is taken
back by the phone that was called after 32 seconds (RFC 3261, 13.3.1.4: 64 times T1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered, collector, fault
from collectors.plain import plain
from collectors.voip.ask import NotRunning, kamcmd, unparsable
from collectors.voip.rpc_text import Node, read

__all__ = ["Dialog", "Dialogs", "dialogs"]

NO_ACK = fault(
    "voip.ack-missing",
    "the ACK of the caller never comes ({caller} to {callee}): calls end 32 seconds after they were answered; {count} just now",
    "das ACK des Anrufers kommt nie ({caller} an {callee}): Gespräche enden 32 Sekunden nach der Annahme; jetzt gerade {count}",
    do=(
        "Trace the 200 OK to {caller} and the ACK back: a Contact or Record-Route that cannot be reached, NAT, SIP ALG.",
        "Das 200 OK an {caller} und das ACK zurück verfolgen: unerreichbarer Contact oder Record-Route, NAT, SIP-ALG.",
    ),
)
# An ACK comes within two ways of the network; the 200 is sent again after 0.5, 1.5 and 3.5 seconds.
_LATE = 4
_ANSWERED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """One call. state: 1 begun, 2 rings, 3 answered without ACK, 4 goes on, 5 over. seconds: since it was answered."""

    caller: str
    callee: str
    state: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogs:
    """All calls that Kamailio knows of."""

    calls: tuple[Dialog, ...]


def judge(seen: Dialogs) -> Iterator[Finding]:
    stuck = [one for one in seen.calls if one.state == _ANSWERED and one.seconds >= _LATE]
    if stuck:
        first = max(stuck, key=lambda one: one.seconds)
        yield NO_ACK(count=len(stuck), caller=first.caller, callee=first.callee)


@collector(
    "voip.dialogs",
    asks=("Are calls set up to the end?", "Werden Anrufe bis zum Ende aufgebaut?"),
    judge=judge,
    role="kamailio",
)
async def dialogs(host: Shell) -> Dialogs:
    """List the calls twice, some seconds apart where one is just being answered. It needs the control socket."""
    found = await _listed(host)
    if any(one.state == _ANSWERED and one.seconds < _LATE for one in found.calls):
        await host.pause(_LATE)
        return await _listed(host)
    return found


async def _listed(host: Shell) -> Dialogs:
    try:
        text = await kamcmd(host, "dlg.list")
        is_followed = bool(text) or bool(await kamcmd(host, "dlg.stats_active"))
    except NotRunning:
        raise Unanswered(Kind.NOT_THERE, "Kamailio does not run, so it knows of no calls") from None
    if not is_followed:
        raise Unanswered(Kind.NOT_THERE, "Kamailio does not follow calls here (dialog is not loaded)")
    return Dialogs(calls=tuple(_dialog(one) for one in read(text)))


def _dialog(node: Node) -> Dialog:
    numbers = [node.values.get(name, "") for name in ("state", "duration")]
    if not all(number.isdigit() for number in numbers):
        raise unparsable("a call has no state", " ".join(numbers))
    state, seconds = map(int, numbers)
    return Dialog(
        caller=_who(node.values.get("from_uri", "")),
        callee=_who(node.values.get("to_uri", "")),
        state=state,
        seconds=seconds,
    )


def _who(uri: str) -> str:
    return plain(uri.partition(":")[2].partition(";")[0] or uri, 80)
