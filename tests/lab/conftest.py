"""A lab of our own beside any other, for all tests that need one: the state folder and the prefix differ."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab import cells
from tests.lab.lab import Lab, down, up
from tests.lab.places import Place


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    # The domain of the usual lab serves this one as well, where it was made already.
    place = Place(tmp_path_factory.mktemp("lab"), f"t{os.getpid()}-", Place.of_environment().cache)
    try:
        yield up(place)
    finally:
        down(place)
    assert not cells.exists(place)
