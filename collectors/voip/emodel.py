"""How good does a call sound, as a number that telephone engineers trust? The E-model of ITU-T G.107 and G.107.1.

R is a sum of impairments (G.107 (06/2015), wideband G.107.1 (06/2019)); MOS is what listeners would have said, as Annex B
of G.107 maps it. The constants of codecs are planning values of ITU-T G.113 (09/2024), in `codecs.py`. It is a model
for planning: it hears nothing, and what it was not told it assumes, so a rating says which inputs were measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from collectors.voip.codecs import Codec

__all__ = ["Input", "Line", "Parts", "Rating", "Satisfaction", "mos_of", "r_of", "rating", "satisfaction"]

Input = Literal["delay", "loss", "burst", "concealment", "echo"]

_WIDEBAND_RO = 129.0
_WIDEBAND_SCALE = 1.29
# G.107 leaves the talker's echo out below one millisecond, and counts delay as such from 100 ms on.
_NO_ECHO_BELOW = 1.0
_NO_DELAY_BELOW = 100.0
_SIDETONE_LOUD, _SIDETONE_WEAK = 9.0, 20.0


class Satisfaction(StrEnum):
    """What users make of it (ITU-T G.109): by R from 90, 80, 70, 60, 50 on, and below."""

    VERY_SATISFIED = "very-satisfied"
    SATISFIED = "satisfied"
    SOME_DISSATISFIED = "some-dissatisfied"
    MANY_DISSATISFIED = "many-dissatisfied"
    NEARLY_ALL_DISSATISFIED = "nearly-all-dissatisfied"
    NOT_RECOMMENDED = "not-recommended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What G.107 wants to know of telephones and rooms (table 3), with its default values: nobody measures them.

    Loudness ratings, echo losses and noise in dB as named there; qdu: quantizing distortion units; advantage: what users
    forgive for the sake of mobility.
    """

    slr: float = 8.0
    rlr: float = 2.0
    stmr: float = 15.0
    d_sent: float = 3.0
    d_received: float = 3.0
    telr: float = 65.0
    wepl: float = 110.0
    qdu: float = 1.0
    circuit_noise: float = -70.0
    floor_noise: float = -64.0
    room_sent: float = 35.0
    room_received: float = 35.0
    advantage: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What R is made of: R = ro - simultaneous - talker_echo - listener_echo - delay - equipment + advantage."""

    ro: float
    simultaneous: float
    talker_echo: float
    listener_echo: float
    delay: float
    equipment: float
    advantage: float

    @property
    def r(self) -> float:
        impaired = self.simultaneous + self.talker_echo + self.listener_echo + self.delay + self.equipment
        return self.ro - impaired + self.advantage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """r, mos: None where no honest number exists; `why` then says so. scale: R is of 100, or of 129 for wideband.

    measured, assumed: the inputs. why: 'codec-unrated' (nobody published its constants), 'loss-unrated' (it lost packets,
    and nobody published how it bears that) or 'loss-unknown'.
    """

    codec: str
    scale: Literal["narrowband", "wideband"]
    measured: tuple[Input, ...]
    assumed: tuple[Input, ...]
    r: float | None = None
    mos: float | None = None
    parts: Parts | None = None
    why: Literal["", "codec-unrated", "loss-unrated", "loss-unknown"] = ""

    @property
    def satisfaction(self) -> Satisfaction | None:
        """What users make of it; None where it is not rated."""
        if self.r is None:
            return None
        return satisfaction(self.r / _WIDEBAND_SCALE if self.scale == "wideband" else self.r)


def rating(
    delay_ms: float | None,
    loss: float | None,
    burst: float | None,
    codec: Codec,
    line: Line | None = None,
) -> Rating:
    """Rate one direction of a call over an interval.

    delay_ms: from mouth to ear, one way (half a round trip, with packet time and jitter buffer where they are known);
    loss: per cent of the interval's packets that were not played; burst: mean run of losses over that of random loss,
    at least 1 (`losses.burst_ratio`). None: not measured; then no delay, and random loss, are assumed, so that the
    rating is one at best. Without a known loss there is no rating.
    """
    told: dict[Input, bool] = {
        "delay": delay_ms is not None,
        "loss": loss is not None,
        "burst": burst is not None,
        "echo": line is not None,
    }
    if codec.concealment_is_assumed:
        told["concealment"] = False
    measured, assumed = (
        tuple(name for name, is_told in told.items() if is_told is so) for so in (True, False)
    )
    scale: Literal["narrowband", "wideband"] = "wideband" if codec.is_wideband else "narrowband"

    def none(why: Literal["codec-unrated", "loss-unrated", "loss-unknown"]) -> Rating:
        return Rating(codec=codec.name, scale=scale, measured=measured, assumed=assumed, why=why)

    if codec.ie is None:
        return none("codec-unrated")
    if loss is None:
        return none("loss-unknown")
    lost = min(max(loss, 0.0), 100.0)
    if lost and codec.bpl is None:
        return none("loss-unrated")
    equipment = _equipment(codec.ie, codec.bpl or 1.0, lost, max(burst or 1.0, 1.0))
    parts = _parts(line or Line(), max(delay_ms or 0.0, 0.0), equipment, is_wideband=codec.is_wideband)
    r = parts.r
    return Rating(
        codec=codec.name,
        scale=scale,
        measured=measured,
        assumed=assumed,
        r=r,
        mos=mos_of(r / _WIDEBAND_SCALE if codec.is_wideband else r),
        parts=parts,
    )


def mos_of(r: float) -> float:
    """MOS of a narrowband R (G.107 Annex B); between 0 and 6.5 its polynomial would fall below 1, where MOS begins.

    >>> [round(mos_of(r), 3) for r in (50, 93.2, 100, 3.2, -5)]
    [2.575, 4.409, 4.5, 1.0, 1.0]
    """
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def r_of(mos: float) -> float:
    """Narrowband R of a MOS, for one that a telephone reports (G.107 Annex B); from 1 to 4.5, what is beyond is cut.

    >>> round(r_of(4.409286), 3)
    93.2
    """
    mos = min(max(mos, 1.0), 4.5)
    inside = max(-903522 + 1113960 * mos - 202500 * mos * mos, 0.0)
    third = math.atan2(15 * math.sqrt(inside), 18566 - 6750 * mos) / 3
    return 20 / 3 * (8 - math.sqrt(226) * math.cos(third + math.pi / 3))


_STEPS = (
    (90.0, Satisfaction.VERY_SATISFIED),
    (80.0, Satisfaction.SATISFIED),
    (70.0, Satisfaction.SOME_DISSATISFIED),
    (60.0, Satisfaction.MANY_DISSATISFIED),
    (50.0, Satisfaction.NEARLY_ALL_DISSATISFIED),
)


def satisfaction(r: float) -> Satisfaction:
    """What users make of a narrowband R (G.109).

    >>> satisfaction(79.9).value
    'some-dissatisfied'
    """
    return next((said for least, said in _STEPS if r >= least), Satisfaction.NOT_RECOMMENDED)


def _equipment(ie: float, bpl: float, loss: float, burst: float) -> float:
    """Codec and lost packets together (G.107 7-29); the 95 is that of the narrowband scale in both models."""
    return ie + (95 - ie) * loss / (loss / burst + bpl)


def _parts(line: Line, delay: float, equipment: float, *, is_wideband: bool) -> Parts:
    """With one delay known, sidetone path T and absolute delay Ta are it, and the round trip Tr twice it."""
    noise = _noise(line)
    ro = 15 - 1.5 * (line.slr + noise)
    if is_wideband:
        # G.107.1 sets no simultaneous impairment, and noise so that Ro is 129.
        ro, noise = _WIDEBAND_RO, (15 - _WIDEBAND_RO) / 1.5 - line.slr
    sidetone = 0.0 if is_wideband else _sidetone(line, delay)
    return Parts(
        ro=ro,
        simultaneous=0.0 if is_wideband else _loudness(line, noise) + sidetone + _quantizing(line, ro),
        talker_echo=_talker_echo(line, noise, delay, sidetone),
        listener_echo=_listener_echo(line, ro, 2 * delay),
        delay=_delay(delay),
        equipment=equipment,
        advantage=line.advantage,
    )


def _noise(line: Line) -> float:
    """No: circuit, room at either end and noise floor, as powers (7-3 to 7-7)."""
    loudness = line.slr + line.rlr
    sent = line.room_sent - line.slr - line.d_sent - 100
    sent += 0.004 * (line.room_sent - loudness - line.d_sent - 14) ** 2
    leaked = line.room_received + 10 * math.log10(1 + 10 ** ((10 - line.stmr - line.d_received) / 10))
    received = line.rlr - 121 + leaked + 0.008 * (leaked - 35) ** 2
    noises = (line.circuit_noise, sent, received, line.floor_noise + line.rlr)
    return 10 * math.log10(sum(10 ** (noise / 10) for noise in noises))


def _loudness(line: Line, noise: float) -> float:
    """Iolr: too loud (7-9, 7-10)."""
    x = (line.slr + line.rlr + 0.2 * (64 + noise - line.rlr)) / 8
    return 20 * (math.pow(1 + math.pow(x, 8), 1 / 8) - x)


def _sidetone(line: Line, delay: float) -> float:
    """Ist: one's own voice in the receiver (7-11, 7-12)."""
    heard = -10 * math.log10(10 ** (-line.stmr / 10) + math.exp(-delay / 4) * 10 ** (-line.telr / 10))
    return (
        12 * math.pow(1 + math.pow((heard - 13) / 6, 8), 1 / 8)
        - 28 * math.pow(1 + math.pow((heard + 1) / 19.4, 35), 1 / 35)
        - 13 * math.pow(1 + math.pow((heard - 3) / 33, 13), 1 / 13)
        + 29
    )


def _quantizing(line: Line, ro: float) -> float:
    """Iq: distortion by quantizing (7-13 to 7-17)."""
    q = 37 - 15 * math.log10(line.qdu)
    g = 1.07 + 0.258 * q + 0.0602 * q * q
    return 15 * math.log10(1 + 10 ** ((ro - 100) / 15 + 46 / 8.4 - g / 9) + 10 ** (46 / 30 - g / 40))


def _talker_echo(line: Line, noise: float, delay: float, sidetone: float) -> float:
    """Idte: one's own voice comes back (7-19 to 7-22), with the corrections for loud and for weak sidetone."""
    if delay < _NO_ECHO_BELOW:
        return 0.0
    rating_ = line.telr - 40 * math.log10((1 + delay / 10) / (1 + delay / 150))
    rating_ += 6 * math.exp(-0.3 * delay * delay)
    if line.stmr < _SIDETONE_LOUD:
        rating_ += sidetone / 2
    apart = (-1.5 * (noise - line.rlr) - (80 + 2.5 * (rating_ - 14))) / 2
    echo = (apart + math.sqrt(apart * apart + 100) - 1) * (1 - math.exp(-delay))
    return math.hypot(echo, sidetone) if line.stmr > _SIDETONE_WEAK else echo


def _listener_echo(line: Line, ro: float, round_trip: float) -> float:
    """Idle: the other's voice comes twice (7-23, 7-24)."""
    apart = (ro - 10.5 * (line.wepl + 7) * math.pow(round_trip + 1, -0.25)) / 2
    return apart + math.sqrt(apart * apart + 169)


def _delay(delay: float) -> float:
    """Idd: too late for a conversation (7-25 to 7-27)."""
    if delay <= _NO_DELAY_BELOW:
        return 0.0
    x = math.log2(delay / 100)
    return 25 * (math.pow(1 + math.pow(x, 6), 1 / 6) - 3 * math.pow(1 + math.pow(x / 3, 6), 1 / 6) + 2)
