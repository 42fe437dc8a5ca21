"""Where is the controller's own domain, and what time is it there? For questions that need no more of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collectors import Directory, Kind, Unanswered

__all__ = ["Place", "contexts_of", "place_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """domain: the distinguished name of its domain. now: its own clock, UTC."""

    domain: str
    now: datetime


async def place_of(host: Directory) -> Place:
    """Ask the rootDSE. Raises Unanswered."""
    root = await host.root("defaultNamingContext", "currentTime")
    domain, now = root.text("defaultNamingContext"), root.moment("currentTime")
    if not domain or now is None:
        raise Unanswered(
            Kind.UNPARSABLE, "the server names no domain, or no time: it is no domain controller"
        )
    return Place(domain=domain, now=now)


async def contexts_of(host: Directory) -> tuple[str, str]:
    """The distinguished names of the controller's domain, and of the forest's configuration. Raises Unanswered."""
    root = await host.root("defaultNamingContext", "configurationNamingContext")
    domain, configuration = root.text("defaultNamingContext"), root.text("configurationNamingContext")
    if not domain or not configuration:
        raise Unanswered(Kind.UNPARSABLE, "the server names no domain: it is no domain controller")
    return domain, configuration
