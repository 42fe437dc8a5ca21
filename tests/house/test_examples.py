"""Is what the docstrings show still true? Every example of the product is run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from tests.house.source import product

_SHOWING = [file.name for file in product() if "    >>> " in file.text]


@pytest.mark.parametrize("name", _SHOWING)
def test_the_examples_of_a_module_are_true(name: str) -> None:
    module = import_module(name.removesuffix(".py").replace("/", "."))
    done = doctest.testmod(module)
    assert done.attempted
    assert not done.failed
