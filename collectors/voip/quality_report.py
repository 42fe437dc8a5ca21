"""What does a telephone say of a call that it had? Quality reports in PUBLISH and NOTIFY (RFC 6035, section 4.6).

Only figures and places are kept: who spoke with whom stands in the report, and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collectors.voip.unreadable import Unreadable

__all__ = ["MEDIA_TYPE", "Experience", "QualityReport", "Spot", "read"]

MEDIA_TYPE = "application/vq-rtcpxr"
_KINDS = {"vqsessionreport": "session", "vqintervalreport": "interval", "vqalertreport": "alert"}
_SECTIONS = frozenset({"localmetrics", "remotemetrics"})
_PAIR = re.compile(r'([A-Za-z]+)\s*=\s*("[^"]*"|\S+)')
_MOST_BYTES, _MOST_LINES = 16_384, 120
# The figure that RFC 3611 and RFC 6035 put where there is none.
_UNAVAILABLE = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One end of the stream. ssrc: of what is sent from there, None where it does not say."""

    address: str = ""
    port: int = 0
    ssrc: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What came to one ear. loss: per cent that never came; discard: per cent thrown away as too late; jitter, round_trip,
    end_delay: ms; r: of 100 (of the conversation, else of listening); mos: likewise. None: the telephone does not say.
    """

    loss: float | None = None
    discard: float | None = None
    jitter: float | None = None
    round_trip: float | None = None
    end_delay: float | None = None
    r: float | None = None
    mos: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """kind: session, interval or alert. local, here: the telephone's own end; remote, there: the other's, as it was told."""

    kind: str
    call_id: str
    local: Spot = Spot()
    remote: Spot = Spot()
    here: Experience | None = None
    there: Experience | None = None


def read(body: bytes) -> QualityReport:
    r"""Read the body of a report. What it does not say stays None. Raises Unreadable.

    >>> read(b"VQSessionReport: CallTerm\r\nCallID: 1\r\nLocalMetrics:\r\nPacketLoss: NLR=5.0 JDR=2.0\r\n").here.discard
    2.0
    """
    if len(body) > _MOST_BYTES:
        raise Unreadable(f"a quality report of {len(body)} bytes", _MOST_BYTES)
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    kind = _KINDS.get(lines[0].partition(":")[0].strip().lower())
    if kind is None:
        raise Unreadable("no quality report: it begins with none of its three names")
    section = ""
    texts: dict[str, str] = {}
    for line in lines[1:_MOST_LINES]:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon:
            continue
        if name in _SECTIONS:
            section = f"{name}."
            # What follows on the same line belongs to it, however a telephone breaks its lines.
            name, _, value = value.partition(":")
            name = name.strip().lower()
        elif name == "dialogid":
            section = ""
        if name:
            texts.setdefault(section + name, value.strip()[:600])
    return QualityReport(
        kind=kind,
        call_id=texts.get("callid", "")[:256],
        local=_spot(texts.get("localaddr", "")),
        remote=_spot(texts.get("remoteaddr", "")),
        here=_experience(texts, "localmetrics."),
        there=_experience(texts, "remotemetrics."),
    )


def _pairs(text: str) -> dict[str, str]:
    return {name.upper(): value.strip('"') for name, value in _PAIR.findall(text)}


def _spot(text: str) -> Spot:
    pairs = _pairs(text)
    port = pairs.get("PORT", "")
    return Spot(
        address=pairs.get("IP", "").strip("[]")[:64],
        port=int(port) if re.fullmatch(r"[0-9]{1,5}", port) else 0,
        ssrc=_ssrc(pairs.get("SSRC", "")),
    )


def _ssrc(text: str) -> int | None:
    digits = text.lower().removeprefix("0x")
    return int(digits, 16) if re.fullmatch(r"[0-9a-f]{1,8}", digits) else None


def _experience(texts: Mapping[str, str], section: str) -> Experience | None:
    """The figures of one side; None where it says nothing of what came to it."""
    lost, delay, quality = (
        _pairs(texts.get(section + name, "")) for name in ("packetloss", "delay", "qualityest")
    )
    if not (lost or delay or quality):
        return None
    return Experience(
        loss=_figure(lost.get("NLR"), 0, 100),
        discard=_figure(lost.get("JDR"), 0, 100),
        jitter=_figure(delay.get("IAJ"), 0, 65_535),
        # Nobody is nearer than a millisecond: nought is what those say who do not know.
        round_trip=_figure(delay.get("RTD"), 1, 65_535),
        end_delay=_figure(delay.get("ESD"), 1, 65_535),
        r=_first(_figure(quality.get(name), 1, 120, none=_UNAVAILABLE) for name in ("RCQ", "RLQ")),
        mos=_first(_figure(quality.get(name), 1, 5, none=_UNAVAILABLE) for name in ("MOSCQ", "MOSLQ")),
    )


def _first(figures: Iterable[float | None]) -> float | None:
    return next((one for one in figures if one is not None), None)


def _figure(text: str | None, low: float, high: float, *, none: float | None = None) -> float | None:
    """A number of a telephone; None for none, for one that says so, and for one that cannot be."""
    if text is None or not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        return None
    value = float(text)
    return value if low <= value <= high and value != none else None
