"""Is a line of an SNMP answer read as it was written, and is no other text taken for one?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.varbind import Oid, Smi, Varbind, VarbindError, line_of, read_lines, rows

OIDS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20).map(tuple)
VALUES: dict[Smi, st.SearchStrategy[int | bytes | Oid | None]] = {
    Smi.INTEGER: st.integers(-(2**31), 2**31 - 1),
    Smi.OCTETS: st.binary(max_size=40),
    Smi.NULL: st.none(),
    Smi.OID: OIDS,
    Smi.ADDRESS: st.binary(min_size=4, max_size=4),
    Smi.COUNTER32: st.integers(0, 2**32 - 1),
    Smi.GAUGE32: st.integers(0, 2**32 - 1),
    Smi.TIMETICKS: st.integers(0, 2**32 - 1),
    Smi.OPAQUE: st.binary(max_size=40),
    Smi.COUNTER64: st.integers(0, 2**64 - 1),
    Smi.NO_SUCH_OBJECT: st.none(),
    Smi.NO_SUCH_INSTANCE: st.none(),
    Smi.END_OF_VIEW: st.none(),
}
VARBINDS = st.sampled_from(Smi).flatmap(lambda smi: st.builds(Varbind, OIDS, st.just(smi), VALUES[smi]))


def test_every_type_is_drawn() -> None:
    assert set(VALUES) == set(Smi)


@given(st.lists(VARBINDS, max_size=5))
def test_what_is_written_is_read_again(varbinds: list[Varbind]) -> None:
    assert read_lines("\n".join(map(line_of, varbinds))) == tuple(varbinds)


@pytest.mark.parametrize(
    "line",
    [
        "1.3.6",
        "1.3.6|4",
        "1..3|4|x",
        "x|4|x",
        "1.3|99|x",
        "1.3|4e|x",
        "1.3|2|seven",
        "1.3|4x|0g",
        "1.3|64|300.1.1.1",
    ],
)
def test_other_text_is_no_line(line: str) -> None:
    with pytest.raises(VarbindError):
        read_lines(line)


def test_recorders_write_addresses_in_two_ways() -> None:
    dotted, in_hex = read_lines("1.3|64|10.0.0.1\n1.3|64x|0a000001")
    assert dotted == in_hex == Varbind((1, 3), Smi.ADDRESS, b"\x0a\0\0\x01")


def test_rows_leave_out_what_lies_elsewhere() -> None:
    found = rows(
        read_lines("1.3.1.2.7.1|2|5\n1.3.1.3.7.1|4|a\n1.3.1|2|1\n1.4.1.2.7|2|6\n1.3.1.2|2|9"), (1, 3, 1)
    )
    assert {index: {column: one.value for column, one in row.items()} for index, row in found.items()} == {
        (7, 1): {2: 5, 3: b"a"},
        (): {2: 9},
    }
