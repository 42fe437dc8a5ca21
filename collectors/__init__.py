"""Questions that change nothing: what an author of a collector imports."""

from collectors.collector import About, DomainFacts, Server, ZoneFacts, collector, survey
from collectors.entry import Entry
from collectors.finding import Fact, Finding, Severity, Tag, fault, note, warn
from collectors.session import (
    Answer,
    Certified,
    Directory,
    DirectoryPing,
    Edns,
    Greeting,
    Kdc,
    Ran,
    Record,
    Reply,
    Resolver,
    Scope,
    Shell,
    TimeServer,
)
from collectors.silence import Kind, Phase, Unanswered

__all__ = [
    "About",
    "Answer",
    "Certified",
    "Directory",
    "DirectoryPing",
    "DomainFacts",
    "Edns",
    "Entry",
    "Fact",
    "Finding",
    "Greeting",
    "Kdc",
    "Kind",
    "Phase",
    "Ran",
    "Record",
    "Reply",
    "Resolver",
    "Scope",
    "Server",
    "Severity",
    "Shell",
    "Tag",
    "TimeServer",
    "Unanswered",
    "ZoneFacts",
    "collector",
    "fault",
    "note",
    "survey",
    "warn",
]
