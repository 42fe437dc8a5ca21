"""What can be wrong with the queues of a narrow line that calls go over? Faults of the first router's classes, and of what is sent.

Traffic is real and small: phones and a backup, for a minute at most.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults.fault import Fault
from tests.lab import cells, routers
from tests.lab.lab import TOP, Lab
from tests.lab.places import EDGE
from tests.lab.tools import until

__all__ = ["FAULTS"]

Act = Callable[[Lab], None]
Sees = Callable[[Lab], bool]
# DSCP, packets a second, bytes each.
Flow = tuple[int, int, int]

_SENDER = TOP / "tests" / "collectors" / "net" / "sender.py"
_FAR = "10.78.3.2"
_SECONDS = 60
# Five calls one way, a backup that takes three times the line, and a film that somebody marked as voice.
_CALLS: Flow = (46, 250, 200)
_BACKUP: Flow = (0, 600, 1200)
_FILM: Flow = (46, 200, 1000)
# From so many packets on, a class that never saw one is not only waiting for its first.
_LIVED = 1000
_CS5 = 0xA0


def _send(lab: Lab, *flows: Flow) -> None:
    for flow in flows:
        words = map(str, (_FAR, _SECONDS, *flow))
        lab.spawn(routers.PHONES[0], sys.executable, "-I", str(_SENDER), *words)


def _be_quiet(lab: Lab) -> None:
    cells.end(lab.place, routers.PHONES[0], _SENDER.name)


def _class(number: str, *setting: str) -> Act:
    """Change one class; its parent is the common one, or none for that one itself."""
    gateway, name = routers.LINE
    parent = "1:" if number == "1" else "1:1"
    words = ("dev", name, "parent", parent, "classid", f"1:{number}", "htb", *setting)
    return lambda lab: lab.void(gateway, "tc", "class", "change", *words)


def _no_classes(lab: Lab) -> None:
    gateway, name = routers.LINE
    lab.on(gateway, "tc", "qdisc", "del", "dev", name, "root")


def _classes(number: str, rate: int, octet: int | None, *, kbits: int = 2000, rest: int = 1000) -> Act:
    """The classes made anew, one of them otherwise; rest: kbit/s of what has no class of its own."""
    first = routers.CLASSES[number][1]
    wanted = {**routers.CLASSES, number: (rate, first, octet), "30": (rest, 3, None)}
    return lambda lab: routers.shape(lab.place, wanted, kbits)


def _sent(lab: Lab, number: str) -> int:
    """Packets that a class let through since it was made."""
    gateway, name = routers.LINE
    shown = lab.on(gateway, "tc", "-s", "class", "show", "dev", name).stdout
    part = shown.partition(f"class htb 1:{number} ")[2].partition(" bytes ")[2]
    return int(part.split(maxsplit=1)[0]) if part else 0


def _says(*words: str) -> Sees:
    return lambda lab: all(word in routers.classes_of(lab.place) for word in words)


def _filter_is(octet: int) -> Sees:
    gateway, name = routers.LINE
    return lambda lab: (
        f"match 00{octet:02x}0000" in lab.on(gateway, "tc", "filter", "show", "dev", name).stdout
    )


def _sends(flow: Flow) -> Sees:
    """Somebody sends this just now."""
    words = " ".join(map(str, flow))

    def sees(lab: Lab) -> bool:
        pids = cells.running_pids(lab.place, routers.PHONES[0], _SENDER.name)
        lines = (Path(f"/proc/{pid}/cmdline").read_text("utf-8").replace("\0", " ") for pid in pids)
        return any(line.strip().endswith(words) for line in lines)

    return sees


def _queue(name: str, tag: str, change: Act, shows: Sees, *flows: Flow, a_note: bool = False) -> Fault:
    """The classes are changed, then these flows come."""

    def inject(lab: Lab) -> None:
        change(lab)
        _send(lab, *flows)
        if _BACKUP in flows:
            until("the backup fills the line", lambda: _sent(lab, "30") > _LIVED // 5, seconds=20)

    def undo(lab: Lab) -> None:
        _be_quiet(lab)
        routers.shape(lab.place)

    return Fault(
        name=name,
        area="queues",
        of_network=True,
        host=EDGE[0].id,
        tags=(tag,),
        inject=inject,
        undo=undo,
        shows=shows,
        a_note=a_note,
    )


def _wrong_mark(lab: Lab) -> None:
    """Voice is looked for where it never comes; enough went by to be sure."""
    _classes("10", 500, _CS5)(lab)
    _send(lab, _BACKUP)
    until("the backup was seen for long enough", lambda: _sent(lab, "30") > _LIVED, seconds=30)


def _wrong_mark_at_rest(lab: Lab) -> None:
    _wrong_mark(lab)
    _be_quiet(lab)


def _nothing_changed(lab: Lab) -> None:
    routers.shape(lab.place)


FAULTS: tuple[Fault, ...] = (
    _queue(
        "voice-small",
        "net.qos-voice-small",
        _class("10", "rate", "100kbit", "ceil", "150kbit", "prio", "1"),
        _says("ceil 150Kbit"),
        _CALLS,
        _BACKUP,
    ),
    _queue(
        "no-classes", "net.qos-uplink-unqueued", _no_classes, lambda lab: not routers.classes_of(lab.place)
    ),
    _queue(
        "shaper-over",
        "net.qos-shaper-over",
        _class("1", "rate", "10mbit", "ceil", "10mbit"),
        _says("rate 10Mbit"),
    ),
    _queue("voice-mark-wrong", "net.qos-voice-starves", _wrong_mark, _filter_is(_CS5)),
    _queue("voice-mark-wrong-at-rest", "net.qos-voice-unclassed", _wrong_mark_at_rest, _filter_is(_CS5)),
    _queue("film-as-voice", "net.qos-voice-foreign", _nothing_changed, _sends(_FILM), _CALLS, _FILM, _BACKUP),
    _queue(
        "promises-over",
        "net.qos-promises-over",
        _class("10", "rate", "2500kbit", "ceil", "2500kbit", "prio", "1"),
        _says("rate 2500Kbit"),
    ),
    _queue(
        "mark-lost-before",
        "net.qos-voice-idle",
        _nothing_changed,
        _sends((0, *_CALLS[1:])),
        (0, *_CALLS[1:]),
        _BACKUP,
        a_note=True,
    ),
    _queue(
        "shaper-under",
        "net.qos-shaper-under",
        _classes("20", 100, 0x68, kbits=1000, rest=400),
        _says("class htb 1:1 root rate 1Mbit"),
        a_note=True,
    ),
)
