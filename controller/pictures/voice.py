"""Which calls of a capture are worth a picture, and what do they show? Their steps, and how their voice fared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from agent.job import Result, Seen
from collectors.voip.call import Call, Calls, Heard, Step
from collectors.voip.calls import calls as question
from controller.pictures.curve import curves
from controller.pictures.drawing import Drawing, Mark
from controller.pictures.ladder import Rung, ladder
from controller.reports.words import Words

__all__ = ["voice"]

# More calls than this nobody looks at; the findings name the others.
_MOST_CALLS = 3
_MOST_STREAMS = 4


def voice(
    results: Iterable[Result], words: Words, say: Callable[[str], str]
) -> list[tuple[Drawing, Markup | None]]:
    """A ladder a call, and a course of its voice where there is one; the calls that went worst come first.

    say: redaction, which every address and text passes.
    """
    found: list[tuple[Drawing, Markup | None]] = []
    for result in results:
        if result.job.collector != question.name or not isinstance(result.outcome, Seen):
            continue
        seen = question.adapter.validate_python(result.outcome.reading)
        for number, call in enumerate(_shown(seen)):
            drawn = _Voice(f"{result.job.host}-{number}".replace(":", "-"), call, words, say)
            found.append(drawn.ladder())
            if any(stream.intervals for stream in call.streams):
                found.append(drawn.course())
    return found


def _shown(seen: Calls) -> list[Call]:
    told = [call for call in seen.calls if call.steps]
    return sorted(told, key=_trouble, reverse=True)[:_MOST_CALLS]


def _trouble(call: Call) -> float:
    worst = max((one.loss + (one.jitter or 0) / 10 for one in call.streams), default=0.0)
    ears = {one.to for one in call.streams} - {""}
    is_one_way = call.state == "answered" and len(ears) == 1
    return (
        worst + 50 * (call.state in {"failed", "silent"}) + 60 * is_one_way + 5 * (call.answers + call.resent)
    )


@dataclass(frozen=True, slots=True)
class _Voice:
    id: str
    call: Call
    words: Words
    say: Callable[[str], str]

    def ladder(self) -> tuple[Drawing, Markup]:
        rungs = [*self._steps(), *self._streams()]
        rungs.sort(key=lambda rung: rung.at)
        places = [self.say(one) for one in self.call.places]
        title = self.words.ladder.format(call=self.say(self.call.id))
        rows = tuple(
            ((self._seconds(rung.at), places[rung.src], places[rung.dst], rung.text), rung.mark)
            for rung in rungs
        )
        drawing = Drawing(
            id=f"ladder-{self.id}",
            title=title,
            intro=self.words.ladder_intro,
            spots=(),
            arrows=(),
            heading=(*self.words.ladder_columns, self.words.state_column),
            rows=rows,
        )
        return drawing, ladder(title, places, rungs, self._seconds)

    def course(self) -> tuple[Drawing, Markup]:
        streams = sorted(self.call.streams, key=lambda one: -one.packets)[:_MOST_STREAMS]
        title = self.words.course.format(call=self.say(self.call.id))
        rows = tuple(
            (
                (
                    self.say(f"{one.src} → {one.dst}"),
                    self.say(one.codec),
                    self.words.number(one.packets),
                    f"{self.words.number(one.loss, 2)} %",
                    "" if one.jitter is None else f"{self.words.number(one.jitter, 1)} ms",
                    "" if one.mos is None else self.words.number(one.mos, 2),
                ),
                _mark(one),
            )
            for one in streams
        )
        drawing = Drawing(
            id=f"course-{self.id}",
            title=title,
            intro=self.words.course_intro,
            spots=(),
            arrows=(),
            heading=(*self.words.course_columns, self.words.state_column),
            rows=rows,
        )
        named = [(self.say(f"{one.src} → {one.dst}"), one) for one in streams if one.intervals]
        return drawing, curves(title, named, self.words.course_lost, self.words.number)

    def _steps(self) -> Iterator[Rung]:
        for step in self.call.steps:
            text = self.say(step.what)
            if step.sdp:
                told = self.words.ladder_held if step.sdp == "held" else self.say(step.sdp)
                text += f" ({told})"
            if step.again:
                text += f" {step.again + 1}x"
            yield Rung(step.at, step.src, step.dst, text, self._step_mark(step))

    def _step_mark(self, step: Step) -> Mark:
        code = step.what[:3]
        is_refusal = code.isdigit() and int(code) >= 400 and int(code) not in {401, 407, 487}
        return Mark.BROKEN if is_refusal else Mark.ODD if step.again else Mark.FINE

    def _streams(self) -> Iterator[Rung]:
        """Voice as a rung between the places that are nearest to its ends."""
        for one in self.call.streams:
            src, dst = self._near(one.src), self._near(one.dst)
            if src is None or dst is None or src == dst:
                src, dst = (1, 0) if one.to == "caller" else (0, 1)
            if len(self.call.places) < 2:
                continue
            loss = self.words.ladder_voice.format(
                codec=self.say(one.codec),
                packets=self.words.number(one.packets),
                loss=self.words.number(one.loss, 1),
            )
            yield Rung(one.began, src, dst, loss, _mark(one), is_voice=True)

    def _near(self, end: str) -> int | None:
        address = end.rpartition(":")[0]
        places = enumerate(self.call.places)
        return next((place for place, name in places if name.rpartition(":")[0] == address), None)

    def _seconds(self, at: float) -> str:
        return self.words.number(at, 3)


def _mark(one: Heard) -> Mark:
    """As the findings have it: loss from 1 per cent on is broken."""
    if one.loss >= 1:
        return Mark.BROKEN
    return Mark.ODD if one.loss >= 0.5 or (one.jitter or 0) > 30 else Mark.FINE
