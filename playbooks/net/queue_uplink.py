"""QoS: calls leave over a port that has no queues for them. Put the usual three in place: speech, its signalling, the rest."""

from __future__ import annotations

from collections.abc import Iterator

from collectors import About, Finding, Shell
from playbooks.net.queues import EF, Queues, Uplink, queues, spare
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["queue_uplink"]

# What the kernel puts at a port where nobody has set anything.
_KERNELS = frozenset({"noqueue", "pfifo_fast", "fq_codel", "mq", "fq"})
# AF31 and CS3 (RFC 4594, section 4.2), which phones mark their signalling with; the whole octet.
_SIGNALLING = (0x68, 0x60)
# Shares of the line.
_FOR_SIGNALLING, _MOST_SPEECH = 0.05, 0.6


def propose(finding: Finding) -> Uplink | None:
    port = str(finding.facts.get("port", ""))
    return Uplink(port=port) if port else None


def plan(seen: Queues, wanted: Uplink) -> Iterator[Step]:
    if not seen.bought or not seen.needed:
        raise UnfitError(
            "the contract does not say what was bought at this port, and for how many calls",
            "der Vertrag sagt nicht, was an diesem Port gekauft ist und für wie viele Gespräche",
        )
    if seen.root[0] == "htb":
        return
    if seen.root[0] not in _KERNELS:
        raise UnfitError(
            f"somebody put {seen.root[0]} there: a person decides what shall become of it",
            f"jemand hat dort {seen.root[0]} eingerichtet: was daraus wird, entscheidet ein Mensch",
        )
    speech, signalling = spare(seen.needed), round(seen.bought * _FOR_SIGNALLING)
    if speech > seen.bought * _MOST_SPEECH:
        raise UnfitError(
            f"the calls would take {speech // 1000} of {seen.bought // 1000} kbit/s: buy more, or allow fewer",
            f"die Gespräche nähmen {speech // 1000} von {seen.bought // 1000} kbit/s: mehr kaufen oder weniger zulassen",
        )
    yield from _queues(("dev", wanted.port), seen.bought, speech, signalling)


def _queues(at: tuple[str, str], bought: int, speech: int, signalling: int) -> Iterator[Step]:
    """One discipline, a class for all and one for each kind, and where each mark goes. Rates in bit/s."""
    yield Step(
        why=(
            "everything that leaves is queued by what it is",
            "alles, was hinausgeht, wird nach seiner Art eingereiht",
        ),
        do=Command(argv=("tc", "qdisc", "add", *at, "root", "handle", "1:", "htb", "default", "30")),
        undo=(Command(argv=("tc", "qdisc", "del", *at, "root", "handle", "1:", "htb")),),
        cuts=True,
    )
    rest = bought - speech - signalling
    for number, parent, prio, rate, en, de in (
        ("1:1", "1:", 0, bought, "what was bought", "was gekauft ist"),
        ("1:10", "1:1", 1, speech, "speech goes first", "Sprache geht zuerst"),
        ("1:20", "1:1", 2, signalling, "what sets calls up goes next", "was Gespräche aufbaut, geht danach"),
        ("1:30", "1:1", 3, rest, "the rest", "der Rest"),
    ):
        words = (*at, "parent", parent, "classid", number)
        setting = ("htb", "rate", f"{rate}bit", "ceil", f"{bought}bit", "prio", f"{prio}")
        yield Step(
            why=(f"{en}: {rate // 1000} kbit/s", f"{de}: {rate // 1000} kbit/s"),
            do=Command(argv=("tc", "class", "add", *words, *setting)),
            undo=(Command(argv=("tc", "class", "del", *words)),),
            cuts=True,
        )
    yield from _filters(at)


def _filters(at: tuple[str, str]) -> Iterator[Step]:
    """Which mark goes to which class."""
    for place, octet, number in (
        (1, EF, "1:10"),
        *((at_, octet, "1:20") for at_, octet in enumerate(_SIGNALLING, 2)),
    ):
        where = (*at, "parent", "1:", "protocol", "ip", "prio", f"{place}")
        yield Step(
            why=(f"packets marked {octet >> 2} go there", f"mit {octet >> 2} markierte Pakete gehen dorthin"),
            do=Command(
                argv=(
                    "tc",
                    "filter",
                    "add",
                    *where,
                    "u32",
                    "match",
                    "ip",
                    "dsfield",
                    f"{octet:#x}",
                    "0xfc",
                    "flowid",
                    number,
                )
            ),
            undo=(Command(argv=("tc", "filter", "del", *where)),),
        )


@playbook(
    "net.queue_uplink",
    does=(
        "Put queues at a port that calls leave over",
        "Warteschlangen an einem Port einrichten, über den Gespräche gehen",
    ),
    notices=(
        "Calls go first; everything together is as fast as was bought.",
        "Gespräche gehen zuerst; alles zusammen ist so schnell wie gekauft.",
    ),
    treats=("net.qos-uplink-unqueued",),
    asked=("net.traffic-control",),
    plan=plan,
    propose=propose,
    risk=Risk.HIGH,
    platform="linux",
    settle=15.0,
)
async def queue_uplink(host: Shell, about: About, wanted: Uplink) -> Queues:
    """Ask how the port is queued."""
    return await queues(host, about, wanted.port)
