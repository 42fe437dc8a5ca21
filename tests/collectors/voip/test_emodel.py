"""R and MOS are those of ITU-T G.107 and G.107.1: two implementations written apart agreed on these figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.voip.codecs import G711, G711_BARE, Codec, codec_of
from collectors.voip.emodel import Line, Satisfaction, mos_of, r_of, rating
from collectors.voip.sdp import Format

G729A = codec_of(Format(number=18, encoding="G729", clock=8000))
G722 = codec_of(Format(number=9, encoding="G722", clock=8000))
CLEAN = Codec(name="none", ie=0.0, bpl=4.3)
WIDE = Codec(name="wide", ie=0.0, is_wideband=True)


@pytest.mark.parametrize(
    ("delay", "loss", "burst", "codec", "idte", "idle", "idd", "equipment", "r", "mos"),
    [
        (0, 0, 1, CLEAN, 0, 0.149046, 0, 0, 93.206208, 4.409406),
        (100, 0, 1, G711, 1.963791, 0.727733, 0, 0, 90.663730, 4.354920),
        (150, 0, 1, G711, 2.811844, 0.840747, 0.163531, 0, 89.539132, 4.327546),
        (250, 0, 1, G711, 4.242856, 1.018587, 8.916710, 0, 79.177101, 3.992519),
        (0, 1, 1, G711, 0, 0.149046, 0, 3.639847, 89.566361, 4.328232),
        (0, 5, 1, G711, 0, 0.149046, 0, 15.780731, 77.425477, 3.923091),
        (0, 5, 2, G711, 0, 0.149046, 0, 17.210145, 75.9961, 3.8641),
        (0, 2, 1, G729A, 0, 0.149046, 0, 19.0, 74.206208, 3.787558),
    ],
)
def test_each_impairment_is_that_of_the_reference_vectors(  # noqa: PLR0917 - one column each.
    delay: float,
    loss: float,
    burst: float,
    codec: Codec,
    idte: float,
    idle: float,
    idd: float,
    equipment: float,
    r: float,
    mos: float,
) -> None:
    rated = rating(delay, loss, burst, codec)
    assert rated.parts is not None
    assert rated.parts.ro == pytest.approx(94.768822, abs=1e-5)
    assert rated.parts.talker_echo == pytest.approx(idte, abs=1e-5)
    assert rated.parts.listener_echo == pytest.approx(idle, abs=1e-5)
    assert rated.parts.delay == pytest.approx(idd, abs=1e-5)
    assert rated.parts.equipment == pytest.approx(equipment, abs=1e-5)
    assert rated.r == pytest.approx(r, abs=1e-4)
    assert rated.mos == pytest.approx(mos, abs=1e-4)
    if delay == 0:
        assert rated.parts.simultaneous == pytest.approx(1.413568, abs=1e-5)


@pytest.mark.parametrize(
    ("delay", "loss", "codec", "r"),
    [
        (200, 0, CLEAN, 85.80),
        (300, 0, CLEAN, 72.67),
        (400, 0, CLEAN, 62.25),
        (500, 0, CLEAN, 54.80),
        (0, 1, G711_BARE, 75.28),
        (0, 2, G711_BARE, 63.05),
        (0, 5, G711_BARE, 42.13),
        (0, 0, G729A, 82.21),
        (0, 1, G729A, 78.01),
        (0, 5, G729A, 64.71),
    ],
)
def test_more_figures_stay_what_they_were(delay: float, loss: float, codec: Codec, r: float) -> None:
    assert rating(delay, loss, 1, codec).r == pytest.approx(r, abs=0.006)


def test_echo_and_quantizing_count_when_they_are_known() -> None:
    assert rating(100, 0, 1, CLEAN, Line(telr=45)).r == pytest.approx(70.15, abs=0.006)
    assert rating(0, 0, 1, CLEAN, Line(qdu=4)).r == pytest.approx(88.20, abs=0.006)
    assert "echo" in rating(0, 0, 1, CLEAN, Line()).measured


@pytest.mark.parametrize(
    ("r", "mos"),
    [(50, 2.575), (60, 3.1), (70, 3.597), (80, 4.024), (90, 4.339), (93.2, 4.409286), (100, 4.5), (0, 1.0)],
)
def test_r_becomes_mos_by_annex_b(r: float, mos: float) -> None:
    assert mos_of(r) == pytest.approx(mos, abs=1e-4)


@given(st.floats(6.6, 100))
def test_mos_becomes_the_same_r_again(r: float) -> None:
    assert r_of(mos_of(r)) == pytest.approx(r, abs=1e-3)


@given(st.floats(-1e6, 1e6))
def test_mos_never_leaves_its_scale(r: float) -> None:
    assert 1.0 <= mos_of(r) <= 4.5


def test_wideband_has_a_scale_of_its_own() -> None:
    clean = rating(0, 0, 1, WIDE)
    assert clean.r == pytest.approx(128.846315, abs=1e-4)
    assert clean.mos == pytest.approx(4.499152, abs=1e-4)
    assert clean.scale == "wideband"
    half = rating(0, 0, 1, Codec(name="worse", ie=128.846315 - 64.5, is_wideband=True))
    assert half.mos == pytest.approx(2.575, abs=1e-3)
    assert half.satisfaction is Satisfaction.NEARLY_ALL_DISSATISFIED


def test_what_nobody_published_is_not_rated() -> None:
    assert rating(0, 0, 1, codec_of(Format(number=111, encoding="OPUS", clock=48_000))).why == "codec-unrated"
    assert rating(0, 2, 1, G722).why == "loss-unrated"
    assert rating(0, None, 1, G711).why == "loss-unknown"
    clean = rating(0, 0, 1, G722)
    assert clean.mos == pytest.approx(4.3342, abs=1e-3)
    assert rating(0, 2, 1, G722).satisfaction is None


def test_a_rating_says_what_it_was_told_and_what_it_assumed() -> None:
    rated = rating(None, 1.0, None, G711)
    assert set(rated.measured) == {"loss"}
    assert set(rated.assumed) == {"delay", "burst", "echo", "concealment"}
    assert rated.r == rating(0, 1.0, 1, G711).r
    assert "concealment" not in rating(20, 1.0, 1, G711_BARE).assumed


def test_forty_packets_of_a_hundred_thousand_are_no_disaster() -> None:
    """Counts taken for per cent are the commonest mistake there is."""
    rated = rating(0, 40 * 100 / 100_000, 1, G711)
    assert rated.mos is not None
    assert rated.mos > 4.4


@given(st.floats(0, 2000), st.floats(0, 100), st.floats(0, 100), st.sampled_from([G711, G711_BARE, G729A]))
def test_more_loss_is_never_better(delay: float, one: float, other: float, codec: Codec) -> None:
    less, more = (rating(delay, loss, 1, codec).r for loss in sorted((one, other)))
    assert less is not None
    assert more is not None
    assert math.isfinite(less)
    assert more <= less + 1e-9
