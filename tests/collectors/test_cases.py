"""Does every question judge its recorded answers rightly?"""

from __future__ import annotations

import pytest

from collectors import Unanswered
from tests.collectors.case import HERE, Filed, cases, findings


@pytest.mark.parametrize("filed", cases(), ids=lambda filed: str(filed.path.relative_to(HERE)))
async def test_a_case_gives_exactly_its_findings(filed: Filed) -> None:
    case = filed.case
    assert (case.finds is None) != (case.unanswered is None), "write either finds or unanswered"
    if case.unanswered is not None:
        with pytest.raises(Unanswered) as caught:
            await findings(filed)
        assert (caught.value.kind, bool(caught.value.detail)) == (case.unanswered, True)
        return
    found = await findings(filed)
    said = [finding.text("en") for finding in found]
    assert {finding.tag.name for finding in found} == set(case.finds or ()), said
    for finding in found:
        for language in ("de", "en"):
            assert finding.text(language)
            assert finding.text(language).isprintable(), "terminal escapes must not reach a report"
            assert bool(finding.advice(language)) == bool(finding.tag.do_en)
    for tag, facts in case.facts_of.items():
        of_tag = [finding.facts for finding in found if finding.tag.name == tag]
        assert any(facts.items() <= dict(given).items() for given in of_tag), (tag, facts, of_tag)


async def test_a_host_in_two_nested_zones_is_missing_once() -> None:
    (filed,) = [filed for filed in cases() if filed.path.name == "missing-once.toml"]
    assert len(await findings(filed)) == 1
