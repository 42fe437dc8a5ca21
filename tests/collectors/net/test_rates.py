"""Is the arithmetic of queues right? Reference vectors of RFC 2697, RFC 2698 and of the vendors' design guides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.net.dscp import SERVICES, VOICE, dscp_of, name_of, tos_of
from collectors.net.rates import (
    ETHERNET,
    WIRE,
    Codec,
    burst_guide,
    call_rate,
    delta,
    serialization,
    shaper_burst,
    single_bucket,
    srtcm,
    trtcm,
)

# Packets of 1000 bytes at these seconds.
PACKETS = [(at, 1000) for at in (0.0, 0.1, 0.2, 0.3, 0.4, 1.4, 1.5, 3.5)]


def test_one_bucket() -> None:
    conform = single_bucket(PACKETS, cir=1000, bc=1500)
    assert "".join("C" if one else "E" for one in conform) == "CEEEECEC"


def test_one_rate_three_colours() -> None:
    assert _short(srtcm(PACKETS, cir=1000, cbs=1500, ebs=2000)) == "GYYRRGRG"


def test_two_rates_three_colours() -> None:
    assert _short(trtcm(PACKETS, pir=2000, pbs=2000, cir=1000, cbs=1500)) == "GYRRRGYG"


def _short(colours: object) -> str:
    assert isinstance(colours, list)
    return "".join(colour[0].upper() for colour in colours)


def test_bursts() -> None:
    assert burst_guide(8_000_000) == (1_500_000, 3_000_000)
    assert shaper_burst(10_000_000, 0.010) == 100_000


@pytest.mark.parametrize(
    ("codec", "packet_ms", "rates"),
    [
        ("g711", 20, (80_000, 87_200, 95_200)),
        ("g711", 30, (74_667, 79_467, 84_800)),
        ("g729", 20, (24_000, 31_200, 39_200)),
        ("g722", 20, (80_000, 87_200, 95_200)),
    ],
)
def test_a_call_needs_so_much(codec: Codec, packet_ms: int, rates: tuple[int, ...]) -> None:
    overheads = (0, ETHERNET, WIRE)
    assert tuple(round(call_rate(codec, packet_ms, overhead=more)) for more in overheads) == rates


@pytest.mark.parametrize(
    ("rate", "ms"),
    [(64_000, 187.5), (512_000, 23.44), (1_024_000, 11.72), (2_048_000, 5.86), (10_000_000, 1.2)],
)
def test_a_full_packet_keeps_the_line_busy(rate: int, ms: float) -> None:
    assert round(serialization(rate) * 1000, 2) == ms


@given(st.sampled_from([32, 64]), st.data())
def test_a_counter_that_began_again_went_as_far(bits: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, 2**bits - 1))
    went = data.draw(st.integers(0, 2**bits - 1))
    assert delta(before, (before + went) % 2**bits, 32 if bits == 32 else 64) == went


def test_code_points_have_their_names() -> None:
    named = {"EF": 46, "VOICE-ADMIT": 44, "LE": 1, "CS5": 40, "CS6": 48, "AF41": 34, "AF43": 38, "AF11": 10}
    assert {name: dscp_of(name) for name in named} == named
    assert {name: name_of(value) for name, value in named.items()} == {name: name for name in named}
    assert (tos_of(46), tos_of(46, 3), dscp_of("0x2E"), dscp_of("be")) == (0xB8, 0xBB, 46, 0)


@given(st.integers(0, 63))
def test_each_code_point_is_read_as_it_is_written(dscp: int) -> None:
    assert dscp_of(name_of(dscp)) == dscp


@pytest.mark.parametrize("text", ["", "64", "0x40", "-1", "ef ef", "cs8", "af14", "4\u0666"])
def test_what_is_no_code_point_is_none(text: str) -> None:
    assert dscp_of(text) is None


def test_each_service_has_its_own_code_points() -> None:
    points = [point for service in SERVICES.values() for point in service]
    assert len(points) == len(set(points))
    assert set(SERVICES["telephony"]) <= VOICE
