"""How much is a device asked for at once, and how far has a walk come? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from collectors.exchange import wanted
from collectors.session import Kind, Unanswered
from collectors.varbind import Oid, Smi, Varbind

__all__ = ["Pace", "Walk"]

_FIRST, _LEAST, _MOST = 20, 10, 60
# What passes every path without being cut into pieces, with room for the headers of version 3.
_ONE_PACKET = 1_300
# After an error of GetBulk so many single steps are taken before it is tried again.
_SINGLE_STEPS = 5
_NOT_THERE = frozenset({Smi.NO_SUCH_OBJECT, Smi.NO_SUCH_INSTANCE, Smi.END_OF_VIEW})


@dataclass(slots=True)
class Pace:
    """How much one GetBulk asks for (RFC 3416, section 4.2.3).

    most: what the device can give; last: what the last walk came to, as the columns of a table are of one length.
    bulk: whether it may be tried; single: GetNext steps still to take first.
    """

    repetitions: int = _FIRST
    most: int = _MOST
    last: int = _FIRST - 1
    bulk: bool = True
    single: int = 0
    failures: int = 0

    @property
    def is_bulk(self) -> bool:
        return self.bulk and not self.single

    def begin(self) -> None:
        """A walk begins: ask for as much as the last one had, and for its end."""
        self.repetitions = min(self.most, max(_LEAST, self.last + 1))

    def smaller(self) -> None:
        """An answer was too big."""
        self.bulk = self.repetitions > 1
        self.repetitions = self.most = max(1, self.repetitions // 2)

    def step_back(self) -> None:
        """GetBulk failed here: take some single steps, and give it up when it fails again and again."""
        self.failures += 1
        self.single, self.repetitions = _SINGLE_STEPS, max(1, self.repetitions // 2)
        self.bulk = self.failures < 3

    def went_well(self, size: int, count: int, kept: int) -> None:
        """A question was answered with so many objects in so many bytes; kept: of those, what was asked for."""
        if self.single:
            self.single -= 1
        elif self.bulk and kept == count >= self.repetitions:
            fitting = _ONE_PACKET * count // max(size, 1)
            self.repetitions = max(1, min(fitting, 2 * self.repetitions, self.most))


@dataclass(slots=True)
class Walk:
    """Everything below a name, as far as it has come."""

    root: Oid
    found: list[Varbind] = field(default_factory=list)
    at: Oid = ()
    is_over: bool = False

    def take(self, varbinds: Sequence[Varbind], most: int) -> None:
        """Go on by what was answered. Raises Unanswered when it leads nowhere."""
        if not varbinds:
            raise Unanswered(Kind.UNPARSABLE, "an answer without any object")
        for one in varbinds:
            if one.smi is Smi.END_OF_VIEW:
                self.is_over = True
                return
            if one.oid <= self.at:
                where = f"{wanted(one.oid)} follows {wanted(self.at)}"
                raise Unanswered(Kind.UNPARSABLE, f"the names do not increase: {where}")
            if one.oid[: len(self.root)] != self.root:
                self.is_over = True
                return
            if one.smi in _NOT_THERE:
                raise Unanswered(Kind.UNPARSABLE, f"{wanted(one.oid)} is named as the next and has no value")
            if len(self.found) >= most:
                raise Unanswered(Kind.CUT_OFF, f"more than {most} objects")
            self.found.append(one)
            self.at = one.oid
