"""Questions that change nothing: what an author of a collector imports."""

from collectors.collector import About, Server, ZoneFacts, collector, survey
from collectors.finding import Fact, Finding, Severity, Tag, fault, note, warn
from collectors.session import Answer, Greeting, Kind, Phase, Ran, Record, Resolver, Shell, Unanswered

__all__ = [
    "About",
    "Answer",
    "Fact",
    "Finding",
    "Greeting",
    "Kind",
    "Phase",
    "Ran",
    "Record",
    "Resolver",
    "Server",
    "Severity",
    "Shell",
    "Tag",
    "Unanswered",
    "ZoneFacts",
    "collector",
    "fault",
    "note",
    "survey",
    "warn",
]
