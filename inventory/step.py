"""What is one thing that a new revision gives, takes or only says otherwise? The words of a difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from inventory.clause import Window
from inventory.decide import Deed

__all__ = ["MIRRORED", "NEUTRAL", "Difference", "Effect", "Step", "Tallies", "Tally"]


class Effect(StrEnum):
    """What changed: public and stable. The first of a pair widens, the second narrows."""

    HOST_COVERED = "host-covered"
    HOST_UNCOVERED = "host-uncovered"
    DEED_ADDED = "deed-added"
    DEED_REMOVED = "deed-removed"
    WINDOW_LONGER = "window-longer"
    WINDOW_SHORTER = "window-shorter"
    APPROVAL_WEAKER = "approval-weaker"
    APPROVAL_STRONGER = "approval-stronger"
    AT_ONCE_LARGER = "at-once-larger"
    AT_ONCE_SMALLER = "at-once-smaller"
    AT_ONCE_DIVIDED = "at-once-divided"
    AT_ONCE_JOINED = "at-once-joined"
    ADDRESS_ADDED = "address-added"
    ADDRESS_REMOVED = "address-removed"
    WAY_ADDED = "way-added"
    WAY_REMOVED = "way-removed"
    HOST_KEY_ADDED = "host-key-added"
    HOST_KEY_REMOVED = "host-key-removed"
    VALID_LONGER = "valid-longer"
    VALID_SHORTER = "valid-shorter"
    KEEP_LONGER = "keep-longer"
    KEEP_SHORTER = "keep-shorter"
    REDACTION_WEAKER = "redaction-weaker"
    REDACTION_STRONGER = "redaction-stronger"
    CONTACT_APPROVES_MORE = "contact-approves-more"
    CONTACT_APPROVES_LESS = "contact-approves-less"

    # One thing in place of another: something is gained and something lost, so these stand on both sides.
    APPROVAL_EXCHANGED = "approval-exchanged"
    WAY_CHANGED = "way-changed"
    AGENT_CHANGED = "agent-changed"
    PLATFORM_CHANGED = "platform-changed"
    TARGET_EXCHANGED = "target-exchanged"
    TIMEZONE_CHANGED = "timezone-changed"
    CONTACT_EMAIL_CHANGED = "contact-email-changed"
    OTHER_CHANGED = "other-changed"

    # What permits nothing more and nothing less.
    HOST_JOINS = "host-joins"
    HOST_LEAVES = "host-leaves"
    CLAUSE_ADDED = "clause-added"
    CLAUSE_REMOVED = "clause-removed"
    CLAUSE_REWRITTEN = "clause-rewritten"
    CLAUSE_TEXT_CHANGED = "clause-text-changed"
    CLAUSES_REORDERED = "clauses-reordered"
    TARGET_ADDED = "target-added"
    TARGET_REMOVED = "target-removed"
    TARGET_CHANGED = "target-changed"
    LABEL_CHANGED = "label-changed"
    PAPER_CHANGED = "paper-changed"


_E = Effect
_PAIRS = {
    _E.HOST_COVERED: _E.HOST_UNCOVERED,
    _E.DEED_ADDED: _E.DEED_REMOVED,
    _E.WINDOW_LONGER: _E.WINDOW_SHORTER,
    _E.APPROVAL_WEAKER: _E.APPROVAL_STRONGER,
    _E.AT_ONCE_LARGER: _E.AT_ONCE_SMALLER,
    _E.AT_ONCE_DIVIDED: _E.AT_ONCE_JOINED,
    _E.ADDRESS_ADDED: _E.ADDRESS_REMOVED,
    _E.WAY_ADDED: _E.WAY_REMOVED,
    _E.HOST_KEY_ADDED: _E.HOST_KEY_REMOVED,
    _E.VALID_LONGER: _E.VALID_SHORTER,
    _E.KEEP_LONGER: _E.KEEP_SHORTER,
    _E.REDACTION_WEAKER: _E.REDACTION_STRONGER,
    _E.CONTACT_APPROVES_MORE: _E.CONTACT_APPROVES_LESS,
}
_EXCHANGES = (
    _E.APPROVAL_EXCHANGED,
    _E.WAY_CHANGED,
    _E.AGENT_CHANGED,
    _E.PLATFORM_CHANGED,
    _E.TARGET_EXCHANGED,
    _E.TIMEZONE_CHANGED,
    _E.CONTACT_EMAIL_CHANGED,
    _E.OTHER_CHANGED,
)

# What widens, and what it is when one looks from the other side.
MIRRORED: Mapping[Effect, Effect] = {**_PAIRS, **{effect: effect for effect in _EXCHANGES}}
NEUTRAL = frozenset(Effect) - MIRRORED.keys() - frozenset(MIRRORED.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One difference, with every host that shares it and the facts to say it.

    clause: the clause that gives or takes it, '' when no clause does. hosts: ids, none when it is not of hosts.
    deeds, windows: what is permitted or not any more, and when; no windows: at any time.
    of: what the rest is about, such as 'ssh.port'; old, new: how it was and is, '' for nothing.
    """

    what: Effect
    clause: str = ""
    hosts: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    windows: tuple[Window, ...] = ()
    of: str = ""
    old: str = ""
    new: str = ""


def _mirrored(step: Step) -> Step:
    """What a step that widens is for who reads the two revisions the other way round."""
    return replace(step, what=MIRRORED[step.what], old=step.new, new=step.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that differs. What is exchanged for something else stands under both of the first two."""

    widenings: tuple[Step, ...] = ()
    narrowings: tuple[Step, ...] = ()
    neutral: tuple[Step, ...] = ()

    @property
    def widens(self) -> bool:
        return bool(self.widenings)


class Tally:
    """Steps, drawn together where hosts share them."""

    def __init__(self) -> None:
        self._found: dict[Step, list[str]] = {}

    def add(self, step: Step, hosts: Iterable[str] = ()) -> None:
        """Note a step, which names no hosts itself, for some hosts."""
        self._found.setdefault(step, []).extend(hosts)

    def steps(self) -> tuple[Step, ...]:
        return tuple(
            replace(step, hosts=tuple(sorted(set(hosts)))) if hosts else step
            for step, hosts in self._found.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """A difference as it is found. less: what widens when the two revisions are read the other way round."""

    more: Tally = field(default_factory=Tally)
    less: Tally = field(default_factory=Tally)
    same: Tally = field(default_factory=Tally)

    def difference(self) -> Difference:
        return Difference(
            widenings=self.more.steps(),
            narrowings=tuple(map(_mirrored, self.less.steps())),
            neutral=self.same.steps(),
        )
