"""Is a diagnosis scored as a strict reader would?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.faults.fault import Fault, nothing
from tests.faults.score import judge, summary

_DISK = Fault(
    name="disk",
    area="linux",
    host="web1",
    tags=("linux.disk-full",),
    inject=nothing,
    undo=nothing,
    shows=bool,
)
_DEAD = Fault(
    name="dead", area="dns", host="dns2", tags=("dns.server-dead",), inject=nothing, undo=nothing, shows=bool
)


def _item(tag: str, host: str, severity: str = "fault", *explains: tuple[str, str]) -> dict[str, Any]:
    return {
        "tag": tag,
        "host": host,
        "severity": severity,
        "explains": [{"tag": t, "host": h} for t, h in explains],
    }


def _judged(causes: list[dict[str, Any]], *faults: Fault) -> tuple[bool, tuple[str, ...]]:
    row = judge({"causes": causes, "findings": causes}, faults, area="a", name="n", run=1, seconds=1.0)
    return row.first, row.extra


def test_the_right_tag_on_the_right_host_first() -> None:
    assert _judged([_item("linux.disk-full", "web1")], _DISK) == (True, ())


def test_the_right_tag_on_another_host_is_a_miss_and_a_false_alarm() -> None:
    assert _judged([_item("linux.disk-full", "web2")], _DISK) == (False, ("linux.disk-full@web2",))


def test_the_right_cause_in_second_place_is_a_miss() -> None:
    causes = [_item("linux.service-failed", "web1"), _item("linux.disk-full", "web1")]
    assert _judged(causes, _DISK) == (False, ())


def test_what_the_cause_explains_elsewhere_is_no_false_alarm() -> None:
    cause = _item("dns.server-dead", "dns2", "fault", ("linux.resolver-dead", "web1"))
    row = judge(
        {"causes": [cause], "findings": [cause, _item("linux.resolver-dead", "web1")]},
        (_DEAD,),
        area="dns",
        name="dead",
        run=1,
        seconds=1.0,
    )
    assert row.first
    assert row.extra == ()


def test_of_a_pair_both_must_lead() -> None:
    disk, dead, other = (
        _item("linux.disk-full", "web1"),
        _item("dns.server-dead", "dns2"),
        _item("x.y", "db1"),
    )
    assert _judged([dead, disk], _DISK, _DEAD) == (True, ())
    assert _judged([dead, other, disk], _DISK, _DEAD) == (False, ("x.y@db1",))


def test_a_note_is_no_alarm_and_anything_graver_is_one() -> None:
    assert _judged([_item("linux.a", "db1", "note")]) == (True, ())
    assert _judged([_item("linux.a", "db1", "warn")]) == (False, ("linux.a@db1",))


def test_what_is_only_worth_a_note_must_be_noted_and_nothing_else_blamed() -> None:
    noted = replace(_DISK, tags=("linux.reboot-pending",), a_note=True)
    finding = _item("linux.reboot-pending", "web1", "note")
    for causes, right in (([], True), ([_item("linux.disk-full", "web1")], False)):
        row = judge(
            {"causes": causes, "findings": [*causes, finding]},
            (noted,),
            area="a",
            name="n",
            run=1,
            seconds=1.0,
        )
        assert row.first is right


def test_the_summary_counts_by_area_and_in_all() -> None:
    rows = [
        judge(
            {"causes": causes, "findings": []}, (fault,), area=fault.area, name=fault.name, run=1, seconds=1.0
        )
        for fault, causes in ((_DISK, [_item("linux.disk-full", "web1")]), (_DEAD, []))
    ]
    figures = summary(rows)
    assert (figures["faults"], figures["first"], figures["share"]) == (2, 1, 0.5)
    assert figures["by_area"]["dns"]["first"] == 0
