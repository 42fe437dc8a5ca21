"""Is a telephone's own report (RFC 6035) read as it is meant, and anything else without harm?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.voip.quality_report import read
from collectors.voip.unreadable import Unreadable

# The figures of the example in RFC 6035, section 4.6.2, with names and addresses of our own.
REPORT = """VQSessionReport: CallTerm
CallID: 6dg37f1890463
LocalID: Alice <sip:alice@example.org>
LocalAddr: IP=192.0.2.100 PORT=5000 SSRC=1a3b5c7d
LocalMAC: 00:00:5e:00:53:01
RemoteAddr: IP=[2001:db8::150] PORT=5002 SSRC=0x2468abcd
LocalMetrics:
SessionDesc: PT=18 PD=G729 SR=8000 FD=20 FO=20 FPP=2 PPS=50 FMTP="annexb=no" PLC=3 SSUP=on
PacketLoss: NLR=5.0 JDR=2.0
Delay: RTD=200 ESD=140 SOWD=200 IAJ=2 MAJ=10
QualityEst: RLQ=90 RCQ=85 EXTRI=90 MOSLQ=4.2 MOSCQ=4.3 QoEEstAlg=P.564
RemoteMetrics:
PacketLoss: NLR=5.0 JDR=2.5
DialogID: 1@192.0.2.1;to-tag=8472;from-tag=9123
"""


def test_it_says_what_came_to_either_side() -> None:
    report = read(REPORT.replace("\n", "\r\n").encode())
    assert (report.kind, report.call_id) == ("session", "6dg37f1890463")
    assert (report.local.address, report.local.port, report.local.ssrc) == ("192.0.2.100", 5000, 0x1A3B5C7D)
    assert (report.remote.address, report.remote.ssrc) == ("2001:db8::150", 0x2468ABCD)
    here, there = report.here, report.there
    assert here is not None
    assert there is not None
    assert (here.loss, here.discard, here.jitter, here.round_trip, here.end_delay) == (
        5.0,
        2.0,
        2.0,
        200.0,
        140.0,
    )
    assert (here.r, here.mos) == (85.0, 4.3)
    assert (there.loss, there.discard, there.mos) == (5.0, 2.5, None)


@pytest.mark.parametrize(
    ("line", "mos"),
    [
        ("QualityEst: MOSLQ=4.2 MOSCQ=127", 4.2),
        ("QualityEst: MOSLQ=127 MOSCQ=127", None),
        ("QualityEst: MOSLQ=0.0", None),
        ("QualityEst: MOSCQ=-3 MOSLQ=4,2", None),
    ],
)
def test_what_a_telephone_does_not_know_is_no_figure(line: str, mos: float | None) -> None:
    report = read(f"VQIntervalReport\nCallID: 1\nLocalMetrics: {line}\n".encode())
    assert report.kind == "interval"
    assert report.here is not None
    assert report.here.mos == mos


@pytest.mark.parametrize("body", [b"", b"VQReport: x\n", b"VQSessionReport\n" * 2000])
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


@given(
    st.lists(
        st.sampled_from([*REPORT.splitlines(), "", ":", "LocalMetrics: LocalMetrics:", "PacketLoss: NLR=9e9"])
    )
)
def test_any_order_of_lines_is_read(lines: list[str]) -> None:
    read("\n".join(["VQSessionReport", *lines]).encode())


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for one in (body, b"VQAlertReport: x\r\n" + body):
        try:
            read(one)
        except Unreadable:
            continue
