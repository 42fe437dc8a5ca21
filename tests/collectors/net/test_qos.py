"""Do counters say no more than they can? The model of queues, and damaged text of `tc`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import Unanswered
from collectors.net.netfilter_marks import rules_of
from collectors.net.qos import Counts, QosClass, change, is_same_port, went
from collectors.net.tc_text import classify, read_classes, read_filters, read_qdiscs

CLASSES = (
    "class htb 1:1 root rate 2Mbit ceil 2Mbit burst 1600b cburst 1600b \n"
    " Sent 481500 bytes 2250 pkt (dropped 0, overlimits 0 requeues 0) \n backlog 0b 0p requeues 0\n\n"
    "class htb 1:10 parent 1:1 leaf 10: prio 1 rate 500Kbit ceil 2Mbit burst 1600b cburst 1600b \n"
    " Sent 481500 bytes 2250 pkt (dropped 750, overlimits 0 requeues 0) \n backlog 1284b 6p requeues 0\n\n"
)
FILTERS = (
    "filter protocol ip pref 1 u32 chain 0 \n"
    "filter protocol ip pref 1 u32 chain 0 fh 800: ht divisor 1 \n"
    "filter protocol ip pref 1 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 *flowid 1:10 not_in_hw \n"
    "  match 00b80000/00fc0000 at 0\n"
)
RULES = (
    "table ip m {\n\tchain f {\n\t\tip dscp { ef, va } counter packets 1 bytes 2 ip dscp set cs0\n\t}\n}\n"
)
LEAVES = frozenset({"1:10", "1:20", "1:30"})


def one(was: tuple[int, int, int], now: tuple[int, int, int], *, narrow: bool = False) -> QosClass:
    counts = [Counts(packets=packets, bytes=size, drops=drops) for packets, size, drops in (was, now)]
    return QosClass(path="1:10", name="1:10", was=counts[0], now=counts[1], bits=32 if narrow else 64)


def test_a_change_has_rate_and_share() -> None:
    found = change(one((0, 0, 0), (1000, 214_000, 30)), 4.0)
    assert found is not None
    assert (found.rate, found.share) == (428_000, 0.03)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ((10, 100, 5), (5, 50, 0)),
        ((10, 100, 0), (10, 900, 0)),
        ((10, 100, 0), (20, 100, 0)),
        ((10, 100, 0), (20, 900, 11)),
    ],
    ids=["set back", "bytes without packets", "packets without bytes", "more drops than packets"],
)
@pytest.mark.parametrize("narrow", [False, True])
def test_counters_that_contradict_themselves_say_nothing(
    was: tuple[int, int, int], now: tuple[int, int, int], *, narrow: bool
) -> None:
    assert change(one(was, now, narrow=narrow), 4.0) is None


def test_a_counter_of_32_bits_may_begin_again() -> None:
    top = 2**32
    found = change(one((top - 1, top - 1, top - 1), (99, 9999, 9), narrow=True), 4.0)
    assert found is not None
    assert (found.packets, found.bytes, found.drops) == (100, 10_000, 10)
    assert change(one((top - 1, top - 1, top - 1), (99, 9999, 9)), 4.0) is None


def test_no_time_no_rate() -> None:
    assert change(one((0, 0, 0), (1, 1, 0)), 0.0) is None


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.sampled_from([32, 64]))
def test_a_counter_never_went_backwards(before: int, after: int, bits: int) -> None:
    found = went(before, after, 32 if bits == 32 else 64)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("short", "long", "same"),
    [
        ("Gi0/0/0", "GigabitEthernet0/0/0", True),
        ("gi0/0/0.100", "GigabitEthernet0/0/0.100", True),
        ("Gi0/0", "GigabitEthernet0/0/0", False),
        ("e1", "eth1", False),
        ("ge-0/0/1", "ge-0/0/1", True),
        ("", "", True),
        ("Te1/1", "TenGigabitEthernet1/1", True),
        ("Te1/1", "Gi1/1", False),
    ],
)
def test_names_of_a_port(short: str, long: str, *, same: bool) -> None:
    assert is_same_port(short, long) is is_same_port(long, short) is same


def test_a_mark_goes_where_its_filter_says() -> None:
    filters = read_filters(FILTERS)
    assert classify(46, filters, leaves=LEAVES, default="1:30").path == "1:10"
    assert classify(0, filters, leaves=LEAVES, default="1:30").path == "1:30"
    # What leads to a class with others below it, or to none, is left open.
    assert classify(46, filters, leaves=LEAVES - {"1:10"}, default="1:30").path == ""
    assert classify(0, filters, leaves=LEAVES, default="").path == ""


def test_offered_is_what_was_sent_and_what_was_dropped() -> None:
    _, voice = read_classes(CLASSES)
    assert (voice.counts.packets, voice.counts.drops, voice.counts.bytes, voice.counts.depth) == (
        3000,
        750,
        642_000,
        6,
    )
    assert (voice.rate, voice.ceil, voice.prio, voice.parent) == (500_000, 2_000_000, 1, "1:1")


DAMAGE = st.one_of(
    st.text(max_size=6), st.sampled_from(["\n", " ", "\0", "-1", "9" * 30, "class htb ", "\u0660"])
)


@given(st.sampled_from([CLASSES, FILTERS, RULES]), st.data())
def test_damaged_text_is_unanswered_or_read(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 12))
    damaged = text[:cut] + data.draw(DAMAGE) + text[cut + gone :]
    for reader in (read_classes, read_filters, rules_of):
        try:
            found = reader(damaged)
        except Unanswered:
            continue
        assert isinstance(found, tuple)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "[{}]",
        '[{"dev":"e1","kind":"htb"}]',
        '[{"dev":1,"kind":"htb","drops":0}]',
        "[" * 5000,
    ],
)
def test_what_is_no_list_of_disciplines_is_unanswered(text: str) -> None:
    with pytest.raises(Unanswered):
        read_qdiscs(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["dev", "kind", "drops", "options", "rate", "default"]), inner, max_size=6
            )
        ),
        max_leaves=12,
    )
)
def test_wrong_types_are_unanswered_or_read(value: object) -> None:
    try:
        read_qdiscs(json.dumps(value))
    except Unanswered:
        return
    assert isinstance(value, list)
