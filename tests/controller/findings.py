"""How does a test say that something was found? With a real tag, and the facts that matter to it."""

from __future__ import annotations

from collectors import Finding
from collectors.catalogue import catalogue
from collectors.finding import Fact

__all__ = ["TAGS", "say"]

TAGS = catalogue().tags


def say(tag: str, host: str = "web1", **facts: Fact) -> Finding:
    """A finding with the real tag; facts that do not matter here are made up."""
    return TAGS[tag](host=host, **{**dict.fromkeys(TAGS[tag].facts, "x"), **facts})
