"""Does every step of every chain ask and wait for what there is?"""

from __future__ import annotations

import pytest

from collectors.catalogue import catalogue
from controller.symptoms import EVERYTHING, SYMPTOMS


@pytest.mark.parametrize("name", SYMPTOMS)
def test_every_step_names_what_there_is(name: str) -> None:
    """A pattern that stands for no question or no finding would be a step that answers nothing."""
    known = catalogue()
    assert name != EVERYTHING
    for step in SYMPTOMS[name].steps:
        asked = {one for one in known.collectors if step.wants(one)}
        for pattern in step.questions:
            assert any(step.wants(one) for one in known.collectors if one.startswith(pattern.rstrip("*")))
        for pattern in step.answers:
            assert any(tag.startswith(pattern.rstrip("*")) for tag in known.tags)
        assert set(step.but) <= known.tags.keys()
        # Each question can give an answer of its own.
        able = {one for tag, says in known.said_by.items() if step.is_answered_by(tag) for one in says}
        assert asked <= able, asked - able
