"""Questions that change nothing: what an author of a collector imports."""

from collectors.collector import About, DomainFacts, Server, ZoneFacts, collector, survey
from collectors.entry import Entry
from collectors.finding import Fact, Finding, Severity, Tag, fault, note, warn
from collectors.session import (
    Answer,
    Certified,
    Directory,
    DirectoryPing,
    Greeting,
    Kdc,
    Powershell,
    Ran,
    Record,
    Reply,
    Resolver,
    Scope,
    Script,
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
    "Entry",
    "Fact",
    "Finding",
    "Greeting",
    "Kdc",
    "Kind",
    "Phase",
    "Powershell",
    "Ran",
    "Record",
    "Reply",
    "Resolver",
    "Scope",
    "Script",
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
