"""How did the voice of a call fare over time? Loss as bars and jitter as a line, stream by stream, on one scale of seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup

from collectors.voip.call import Heard
from controller.reports.inert import clip, inert_line

__all__ = ["curves"]

_WIDTH, _HIGH, _LEFT, _RIGHT, _GAP = 760, 96, 56, 56, 62
# The scales are at least so high, so that a little loss looks like a little.
_LEAST_LOSS, _LEAST_JITTER = 5.0, 30.0
_Decimal = Callable[[float, int], str]


def curves(title: str, streams: Sequence[tuple[str, Heard]], lost: str, decimal: _Decimal) -> Markup:
    """Draw them one below the other. lost: what the scale on the left is called; decimal: a number with its digits."""
    height = len(streams) * (_HIGH + _GAP) + 16
    end = max((_end(stream) for _, stream in streams), default=1.0)
    parts = [
        part
        for number, (name, stream) in enumerate(streams)
        for part in _one(name, stream, 34 + number * (_HIGH + _GAP), end, lost, decimal)
    ]
    return Markup(
        '<svg class="drawing curve" viewBox="0 0 {w} {h}" width="{w}" role="img" aria-label="{title}">{inside}</svg>'
    ).format(w=_WIDTH, h=height, title=title, inside=Markup("").join(parts))


def _end(stream: Heard) -> float:
    """When a stream's last interval ends, in seconds of the capture."""
    return stream.began + max(stream.seconds, _step(stream))


def _step(stream: Heard) -> float:
    starts = [one.at for one in stream.intervals[:2]]
    return starts[1] - starts[0] if len(starts) > 1 else 1.0


def _one(  # noqa: PLR0913, PLR0917 - one band of the picture.
    name: str, stream: Heard, top: int, end: float, lost: str, decimal: _Decimal
) -> Iterator[Markup]:
    bottom, wide = top + _HIGH, _WIDTH - _LEFT - _RIGHT
    losses = [one.lost * 100 / max(one.lost + one.received, 1) for one in stream.intervals]
    high_loss = max(_LEAST_LOSS, *losses) if losses else _LEAST_LOSS
    high_jitter = max(_LEAST_JITTER, *(one.jitter for one in stream.intervals)) if losses else _LEAST_JITTER
    yield Markup('<text x="{x}" y="{y}">{name}</text>').format(
        x=_LEFT, y=top - 8, name=clip(inert_line(f"{name}, {stream.codec}"), 90)
    )
    yield Markup('<path class="line" d="M{l},{t} L{l},{b} L{r},{b} L{r},{t}"/>').format(
        l=_LEFT, r=_WIDTH - _RIGHT, t=top, b=bottom
    )
    ticks = (
        (_LEFT - 6, top + 4, "end", f"{decimal(high_loss, 0)} %"),
        (_LEFT - 6, bottom, "end", "0"),
        (_WIDTH - _RIGHT + 6, top + 4, "start", f"{decimal(high_jitter, 0)} ms"),
        (_WIDTH - _RIGHT + 6, bottom, "start", "0"),
        (_LEFT, bottom + 16, "start", "0 s"),
        (_WIDTH - _RIGHT, bottom + 16, "end", f"{decimal(end, 0)} s"),
        (_WIDTH / 2, bottom + 16, "middle", lost),
    )
    for x, y, anchor, text in ticks:
        yield Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, text)
    step = _step(stream)
    points = []
    for one, loss in zip(stream.intervals, losses, strict=True):
        x = _LEFT + (stream.began + one.at) / end * wide
        across = max(step / end * wide - 1, 1.5)
        if loss:
            tall = loss / high_loss * _HIGH
            yield Markup('<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                x, bottom - tall, across, tall
            )
        points.append(f"{x + across / 2:.1f},{bottom - one.jitter / high_jitter * _HIGH:.1f}")
    yield Markup('<polyline class="course" points="{}"/>').format(" ".join(points))
