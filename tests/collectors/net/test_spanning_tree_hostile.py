"""Does a tree survive an agent that says anything at all, and raise no alarm over values that cannot be?"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import About, Oid, Smi, Unanswered, Varbind
from collectors.net.site_tree import judge_site
from collectors.net.spanning_tree import spanning_tree
from collectors.net.tree import Tree
from collectors.varbind import line_of, read_lines
from tests.collectors.case import HERE, Agent, Recorded

ABOUT = About(
    id="sw2",
    name="sw2.musterbau.test",
    addresses=("192.0.2.10",),
    platform="cisco-ios",
    environment="network",
)
VALUES = st.one_of(
    st.tuples(
        st.sampled_from([Smi.INTEGER, Smi.COUNTER32, Smi.GAUGE32, Smi.TIMETICKS, Smi.COUNTER64]),
        st.integers(-(2**31), 2**64),
    ),
    st.tuples(
        st.just(Smi.OCTETS),
        st.one_of(
            st.binary(max_size=20), st.sampled_from([b"", bytes(8), b"0/00:00:00:00:00:00", b"\xff" * 8])
        ),
    ),
    st.tuples(st.just(Smi.OID), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5).map(tuple)),
    st.tuples(st.sampled_from([Smi.NULL, Smi.NO_SUCH_INSTANCE, Smi.END_OF_VIEW]), st.none()),
)
TREES: Oid = (1, 3, 6, 1, 2, 1, 17, 2)


def says(said: Mapping[Oid, Varbind]) -> Recorded:
    """An agent that says these objects, and nothing else."""
    agent = Agent(snmprec="\n".join(map(line_of, said.values())))
    return Recorded([], addresses=ABOUT.addresses, agents=(agent,), folder=Path())


def lines_of(case: str) -> dict[Oid, Varbind]:
    found: Any = tomllib.loads((HERE / "net/spanning-tree" / f"{case}.toml").read_text())
    return {one.oid: one for one in read_lines(Agent.model_validate(found["snmp"][0]).snmprec)}


SOUND = {case: lines_of(case) for case in ("ring", "per-vlan")}


async def read(said: Mapping[Oid, Varbind]) -> Tree | None:
    try:
        tree = await spanning_tree((says(said),), ABOUT)
    except Unanswered:
        return None
    again = spanning_tree.adapter.validate_json(spanning_tree.adapter.dump_json(tree))
    assert again == tree
    return tree


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(SOUND)),
    st.data(),
)
async def test_any_values_are_read_and_judged(case: str, data: st.DataObject) -> None:
    said = dict(SOUND[case])
    places = data.draw(st.lists(st.sampled_from(sorted(said)), max_size=30, unique=True))
    for place in places:
        smi, value = data.draw(VALUES)
        said[place] = Varbind(place, smi, value)
    tree = await read(said)
    if tree is not None:
        for finding in (*spanning_tree.judge(tree), *judge_site({"sw2": {"": tree}, "sw3": {"": tree}}, ())):
            assert finding.text("de").isprintable()


@settings(max_examples=60, deadline=None)
@given(st.data())
async def test_what_is_missing_alarms_nobody(data: st.DataObject) -> None:
    """An agent that leaves objects out is less known, and never worse."""
    kept = data.draw(st.sets(st.sampled_from(sorted(SOUND["ring"]))))
    tree = await read({oid: SOUND["ring"][oid] for oid in kept})
    if tree is not None:
        assert {f.tag.name for f in spanning_tree.judge(tree)} <= {"net.tree-unusable"}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 20), st.booleans())
async def test_ids_that_are_nobody_s_are_no_root(length: int, ones: bool) -> None:
    """Zeros, the broadcast address and identifiers of another length."""
    said = dict(SOUND["ring"])
    root = (*TREES, 5, 0)
    said[root] = Varbind(root, Smi.OCTETS, (b"\xff" if ones else b"\0") * length)
    tree = await read(said)
    assert tree is not None
    assert (tree.is_on, tree.instances) == (None, ())
    assert [f.tag.name for f in spanning_tree.judge(tree)] == ["net.tree-unusable"]
