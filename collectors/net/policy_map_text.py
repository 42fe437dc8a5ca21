"""What does `show policy-map interface` say? The text of Cisco IOS and IOS XE, with policies in policies.

Written after the examples in Cisco's "QoS Command Reference" (show policy-map interface, show policy-map control-plane);
what hangs below what is told by the indent alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.net.dscp import dscp_of
from collectors.net.mqc import CLASS_DEFAULT, marks_of
from collectors.net.qos import Counts, Direction, QosClass
from collectors.net.qos_text import rate_of, unparsable
from collectors.plain import plain

__all__ = ["ShownPolicy", "read_policies", "read_ports"]

_ATTACHED = re.compile(r"Service-[Pp]olicy (input|output): *(\S+).*")
_CLASS = re.compile(r"[Cc]lass-map: *(\S+) +\((match-any|match-all)\).*")
# What `terminal exec prompt timestamp` puts before every answer.
_CLOCK = re.compile(r"Load for five secs: .*|Time source is .*")
_PORT = re.compile(r"([A-Z][A-Za-z-]*[0-9][\w/.:-]*?)(?:: .*)?|(Control Plane)")
_TOTAL = re.compile(r"([0-9]{1,20}) packets, ([0-9]{1,20}) bytes")
_PRIORITY_QUEUE = re.compile(r"queue stats for (?:all priority classes|priority level ([0-9])):")
_LEVEL = re.compile(r"priority level:? ([0-9])", re.IGNORECASE)
_QUEUE = re.compile(
    r"\((?:queue )?depth/total drops/no-buffer drops(?:/flowdrops)?\) ([0-9]{1,12})/([0-9]{1,20})(?:/[0-9]{1,20}){1,2}"
)
_QUEUE_OLD = re.compile(r"\(total drops/bytes drops\) ([0-9]{1,20})/[0-9]{1,20}")
_PRIORITY = re.compile(r"(?:Priority: .*|Strict Priority|Priority Level: [0-9]+)")
_KBPS = re.compile(r"\b([0-9]{1,12}) \(?kbps\)?")
_EXCEED = re.compile(r"b/w exceed drops: ([0-9]{1,20})")
_BANDWIDTH = re.compile(r"bandwidth (?!remaining).*", re.IGNORECASE)
_SHAPE = re.compile(r"target shape rate ([0-9]{1,15})|shape \((?:average|peak)\) cir ([0-9]{1,15})\b.*")
_RATE = re.compile(r"(?:cir|rate) ([0-9]{1,15} ?[kmg]?bps)\b.*", re.IGNORECASE)
_OVER = re.compile(r"(?:exceeded|violated) ([0-9]{1,20}) packets, [0-9]{1,20} bytes; actions?: ?(.*)")
_CONFORM = re.compile(r"conformed [0-9]+ packets.*")
_EARLY = re.compile(r"(?:Exp-weight-constant: .*|random-detect\b.*|Mean queue depth: .*)", re.IGNORECASE)
_SETS = re.compile(r"(?:ip )?dscp (\S+)")
_SOMETHING = re.compile(r"[A-Za-z(]")
_MOST_LINES = 200_000


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """A policy of a port; the classes have only their first look."""

    port: str
    direction: Direction
    name: str
    classes: tuple[QosClass, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is found by when it is shown again."""
        return self.port, self.direction, self.name


@dataclass(slots=True)
class _Draft:
    """A class that is still being read. indent: of its first line; drops by who dropped."""

    path: str
    name: str
    parent: str
    indent: int
    is_all: bool
    total: tuple[int, int] | None = None
    matches: list[str] = field(default_factory=list)
    rate: int | None = None
    ceiling: int | None = None
    police: int | None = None
    is_priority: bool = False
    level: str = ""
    drops_early: bool = False
    sets: int | None = None
    depth: int | None = None
    queue_drops: int = 0
    exceed_drops: int = 0
    police_drops: int = 0
    # In which part of it the lines are: '', 'police', 'set'; and what the policer did to so many packets.
    part: str = ""
    over: int = 0

    def made(self) -> QosClass:
        # The priority queue counts what it dropped, and some devices count there what was over its rate as well.
        drops = max(self.queue_drops, self.exceed_drops) + self.police_drops
        counts = None
        if self.total is not None:
            policed = self.exceed_drops + self.police_drops
            counts = Counts(
                packets=self.total[0], bytes=self.total[1], drops=drops, policed=policed, depth=self.depth
            )
        is_default = self.name == CLASS_DEFAULT
        return QosClass(
            path=self.path,
            name=self.name,
            parent=self.parent,
            rate=self.rate,
            ceiling=self.ceiling,
            police=self.police,
            is_priority=self.is_priority,
            is_default=is_default,
            drops_early=self.drops_early,
            marks=None if is_default else marks_of(self.matches, is_all=self.is_all),
            sets=self.sets,
            was=counts,
        )


@dataclass(slots=True)
class _Queue:
    """What all priority classes of one policy share, or those of one level: where it stands, and what it dropped."""

    parent: str
    level: str = ""
    drops: int = 0


@dataclass(slots=True)
class _Open:
    """The policy whose lines come."""

    port: str
    direction: Direction
    name: str
    drafts: list[_Draft] = field(default_factory=list)
    stack: list[_Draft] = field(default_factory=list)
    queues: list[_Queue] = field(default_factory=list)
    in_queue: bool = False

    def begin(self, name: str, indent: int, *, is_all: bool) -> None:
        while self.stack and self.stack[-1].indent >= indent:
            self.stack.pop()
        parent = self.stack[-1].path if self.stack else ""
        path = f"{parent}/{name}" if parent else name
        if any(one.path == path for one in self.drafts):
            path = f"{path}#{len(self.drafts)}"
        draft = _Draft(path, name, parent, indent, is_all)
        self.in_queue = False
        self.drafts.append(draft)
        self.stack.append(draft)

    def begin_queue(self, indent: int, level: str) -> None:
        above = [one for one in self.stack if one.indent < indent]
        self.queues.append(_Queue(above[-1].path if above else "", level))
        self.in_queue = True

    def made(self) -> ShownPolicy:
        for queue in self.queues:
            fast = [
                one
                for one in self.drafts
                if one.is_priority and one.parent == queue.parent and one.level in {"", queue.level}
            ]
            # Of several classes that share it nobody says which one lost.
            if len(fast) == 1:
                fast[0].queue_drops += queue.drops
        return ShownPolicy(self.port, self.direction, self.name, tuple(one.made() for one in self.drafts))


def read_policies(text: str) -> tuple[ShownPolicy, ...]:
    """Read all policies of all ports; none where the device shows nothing. Raises Unanswered."""
    lines = [line for line in text.split("\n") if not _CLOCK.fullmatch(line.strip())]
    if len(lines) > _MOST_LINES:
        raise unparsable("the device shows more policies than anybody has")
    found = tuple(one.made() for one in _read(lines))
    if (
        not found
        and _SOMETHING.search("\n".join(lines))
        and not any(_PORT.fullmatch(line.strip()) for line in lines)
    ):
        raise unparsable("this is no list of policies", text)
    return found


def _read(lines: list[str]) -> Iterator[_Open]:
    port, now = "", None
    for line in lines:
        words = line.strip()
        indent = len(line) - len(line.lstrip())
        if not words:
            continue
        if match := _ATTACHED.fullmatch(words):
            if not port:
                raise unparsable("a policy stands below no port", words)
            if now is not None:
                yield now
            direction: Direction = "in" if match[1] == "input" else "out"
            is_control = port == "control-plane"
            now = _Open(port, "control-plane" if is_control else direction, plain(match[2]))
        elif indent <= 1 and (match := _PORT.fullmatch(words)):
            if now is not None:
                yield now
            port, now = plain(match[1] or "control-plane"), None
        elif now is not None:
            _take(now, words, indent)
    if now is not None:
        yield now


def _take(policy: _Open, words: str, indent: int) -> None:
    if match := _CLASS.fullmatch(words):
        policy.begin(plain(match[1]), indent, is_all=match[2] == "match-all")
    elif match := _PRIORITY_QUEUE.fullmatch(words):
        policy.begin_queue(indent, match[1] or "")
    elif policy.in_queue:
        if match := _QUEUE.fullmatch(words):
            policy.queues[-1].drops = int(match[2])
        elif match := _LEVEL.fullmatch(words):
            policy.queues[-1].level = match[1]
    elif policy.stack:
        draft = policy.stack[-1]
        if not _counted(draft, words):
            _configured(draft, words)


def _counted(draft: _Draft, words: str) -> bool:
    """Take a line of counters."""
    if match := _TOTAL.fullmatch(words):
        # The first is the class's own; each of its matches has one too.
        if draft.total is None and not draft.matches:
            draft.total = int(match[1]), int(match[2])
    elif match := _QUEUE.fullmatch(words):
        draft.depth, draft.queue_drops = int(match[1]), draft.queue_drops + int(match[2])
    elif match := _QUEUE_OLD.fullmatch(words):
        draft.queue_drops += int(match[1])
    elif match := _OVER.fullmatch(words):
        draft.over = int(match[1])
        _acted(draft, match[2])
    elif _CONFORM.fullmatch(words):
        draft.over = 0
    else:
        return False
    return True


def _acted(draft: _Draft, action: str) -> None:
    if action.strip().lower().startswith("drop"):
        draft.police_drops += draft.over
        draft.over = 0


def _configured(draft: _Draft, words: str) -> None:
    """Take a line of configuration."""
    if words.startswith("Match:"):
        draft.matches.append(words)
    elif words.lower() in {"police:", "qos set"}:
        draft.part = "police" if words.lower() == "police:" else "set"
    elif _PRIORITY.fullmatch(words):
        draft.is_priority, draft.part = True, ""
        draft.level = match[1] if (match := _LEVEL.fullmatch(words)) else draft.level
        draft.rate = _kbps(words) or draft.rate
        draft.exceed_drops += int(match[1]) if (match := _EXCEED.search(words)) else 0
    elif _BANDWIDTH.fullmatch(words):
        draft.part, draft.rate = "", _kbps(words) or draft.rate
    elif match := _SHAPE.fullmatch(words):
        draft.part, draft.ceiling = "", int(match[1] or match[2]) or None
    elif _EARLY.fullmatch(words):
        draft.part, draft.drops_early = "", True
    elif draft.part == "police":
        if match := _RATE.fullmatch(words):
            draft.police = draft.police or rate_of(match[1])
        else:
            _acted(draft, words)
    elif draft.part == "set" and (match := _SETS.fullmatch(words)):
        draft.sets = dscp_of(match[1])


def _kbps(words: str) -> int | None:
    """'30% (600 kbps)', '600 kbps', '50 (kbps)' in bit/s."""
    match = _KBPS.search(words)
    return int(match[1]) * 1000 if match else None


_UP = re.compile(r"([A-Z][A-Za-z-]*[0-9][\w/.:-]*) is [a-z][a-z ]*(?:\([^)]*\))?, line protocol is .*")
_MEDIA = re.compile(r"(?:Full|Half|Auto)[- ]?Duplex, ([0-9]+) ?([MG])b(?:ps|/s|it).*", re.IGNORECASE)


def read_ports(text: str) -> dict[object, tuple[tuple[str, ...], int | None]]:
    """Read names and speeds (bit/s) from `show interfaces`. Raises Unanswered."""
    found: dict[object, tuple[tuple[str, ...], int | None]] = {}
    name = ""
    for line in text.split("\n"):
        if match := _UP.fullmatch(line.rstrip()):
            name = plain(match[1])
            found[name] = (name,), None
        elif name and (match := _MEDIA.fullmatch(line.strip())):
            speed = int(match[1][:6]) * (1_000_000 if match[2].upper() == "M" else 1_000_000_000)
            found[name] = (name,), speed or None
    if not found:
        raise unparsable("the device shows no port", text)
    return found
