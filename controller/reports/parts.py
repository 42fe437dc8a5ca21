"""What are the parts of the page made of? Plain values, redacted and worded already, one class a part."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from controller.pictures.drawing import Drawing

__all__ = ["Card", "Gap", "HostPart", "Picture", "Place", "RemedyLine", "Said", "Segment", "StepLine", "Way"]


@dataclass(frozen=True, slots=True)
class Said:
    """A finding in words, with its tag and facts in small print."""

    severity: str
    level: str
    host: str
    anchor: str
    text: str
    tag: str
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...] = ()
    more_links: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """A cause: its finding, what it explains, the same elsewhere, and how sure it is."""

    number: int
    said: Said
    sure: str
    sure_why: str
    explains: tuple[Said, ...]
    same: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A host by its name in this copy, and its place on the page ('' when it has none)."""

    name: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class RemedyLine:
    """What Secondline itself can do: which change, where, with which risk, who must agree, how it is planned."""

    does: str
    notices: str
    playbook: str
    hosts: tuple[Place, ...]
    risk: str
    approval: str
    command: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of a symptom's chain. found: what answers it, and on which host."""

    state: str
    label: str
    asks: str
    count: str
    found: tuple[tuple[Place, str], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """The whole chain as it went."""

    intro: str
    steps: tuple[StepLine, ...]
    beyond: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its table. svg: None when it could not be drawn."""

    drawing: Drawing
    svg: Markup | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of the coverage bar. start, width: of 1000."""

    state: str
    label: str
    number: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Why some questions stayed without an answer, and on which hosts. clauses: number and wording."""

    why: str
    code: str
    clauses: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Place, tuple[str, ...], tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class HostPart:
    place: Place
    name: str
    addresses: tuple[str, ...]
    roles: tuple[str, ...]
    worst: str
    findings: tuple[Said, ...]
