"""How is it said, in German and in English? Every phrase of the reports, in one table a language.

A phrase is a field, so a language that lacks one does not type-check. Codes (reasons, kinds, states) stay
beside the words: the words may improve, the codes never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collectors import Severity
from collectors.finding import Language
from controller.path import StageState
from controller.pictures.drawing import Mark
from controller.reports.coverage import State

__all__ = ["Forms", "Words"]

Forms = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All phrases of one language. `Forms` are one and many, with `{n}` for the number."""

    code: Language
    decimal: str
    thousands: str
    date: str

    report: str
    ticket: str
    skip: str
    contents: str
    page: str
    in_electronic_copy: str
    copies: Mapping[str, str]
    in_short: str
    causes: str
    what_to_do: str
    ruled_out: str
    coverage: str
    by_host: str
    evidence: str
    touched: str
    touched_short: str
    about: str
    redacted: str

    cause_on: str
    likely_on: str
    cause_is: str
    likely_is: str
    matters: str
    worth_knowing: str
    explains_too: str
    and_more: Forms
    no_fault: Forms
    no_fault_partly: Forms
    did_not_answer: Forms
    not_asked: Forms
    nothing_asked: str
    nothing_because: str
    no_questions: str
    stopped: str

    severity: Mapping[Severity, str]
    sure: Mapping[str, str]
    sure_why: Mapping[str, str]
    sure_alone: str
    several_hosts: str
    what_it_explains: str
    rests_on: str
    no_evidence: str
    more: Forms
    same_on: Forms
    no_causes: str
    no_advice: str
    remedies: str
    remedies_intro: str
    remedy_risk: Mapping[str, str]
    remedy_approval: Mapping[str, str]
    remedy_undo: str
    remedy_command: str
    path: str
    path_intro: str
    path_states: Mapping[StageState, str]
    path_count: str
    path_refused: Forms
    path_beyond: Forms
    mesh: str
    mesh_intro: str
    mesh_columns: tuple[str, str, str, str, str, str]
    site: str
    site_intro: str
    site_columns: tuple[str, str, str, str, str]
    site_one_side: str
    site_blocked: str
    site_stranger: str
    tunnels: str
    tunnels_intro: str
    tunnels_columns: tuple[str, str, str, str, str]
    tunnel_up: str
    tunnel_down: str
    tunnel_users: str
    ladder: str
    ladder_intro: str
    ladder_columns: tuple[str, str, str, str]
    ladder_held: str
    ladder_voice: str
    course: str
    course_intro: str
    course_columns: tuple[str, str, str, str, str, str]
    course_lost: str
    tree: str
    tree_intro: str
    tree_columns: tuple[str, str, str]
    names_given: Forms
    marks: Mapping[Mark, str]
    state_column: str
    as_table: str
    never: str
    primary: str
    not_drawn: str
    ruled_out_intro: str
    nothing_ruled_out: str
    question: str
    hosts_asked: str
    nothing_found_on: str

    state: Mapping[State, str]
    state_means: Mapping[State, str]
    questions: Forms
    hosts: Forms
    of_all: str
    reason: str
    clause: str
    clauses: Forms
    unasked: Forms
    reasons: Mapping[str, str]
    kinds: Mapping[str, str]
    phases: Mapping[str, str]
    broken: str

    no_findings: str
    quiet: Forms
    quiet_how: str
    host: str
    finding: str
    addresses: str
    roles: str
    open_session: str
    read_file: str
    asked_dns: str
    exit_code: str
    unanswered: str
    answered: str
    empty: str
    more_bytes: str
    binary: str
    gone: str
    cut: str
    parts: Mapping[str, str]
    print_note: str
    nothing_exchanged: str

    when: str
    what: str
    who: str
    deeds: Mapping[str, str]
    stops: Mapping[str, str]
    entries: Forms
    nothing_touched: str
    run: str
    contract: str
    revision: str
    customer: str
    asked_by: str
    areas: str
    times: str
    span: str
    redactions: str
    redacted_kinds: Mapping[str, Forms]
    nothing_redacted: str

    note_causes: str
    note_path: str
    note_path_open: str
    note_do: str
    note_do_planned: str
    note_coverage: str
    note_more: str

    def number(self, value: float, digits: int = 0) -> str:
        """A number as the language writes it."""
        written = f"{value:,.{digits}f}"
        return written.translate({ord(","): self.thousands, ord("."): self.decimal})

    def seconds(self, value: float) -> str:
        """A duration, given in seconds."""
        if value < 0.095:
            return f"{self.number(value * 1000)}\u00a0ms"
        if value < 60:
            return f"{self.number(value, 2 if value < 10 else 1)}\u00a0s"
        minutes, rest = divmod(round(value), 60)
        return f"{minutes}\u00a0min {rest}\u00a0s"

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """Day and time in a zone."""
        return at.astimezone(zone).strftime(self.date + " %H:%M:%S")

    def span_of(self, began: datetime, ended: datetime, zone: ZoneInfo) -> str:
        """From when until when; the day is said once, when it is the same."""
        first, last = self.moment(began, zone), self.moment(ended, zone)
        if first.partition(" ")[0] == last.partition(" ")[0]:
            last = last.partition(" ")[2]
        return self.span.format(began=first, ended=last, took=self.seconds((ended - began).total_seconds()))

    def zone(self, at: datetime, zone: ZoneInfo) -> str:
        """A time zone with its distance from UTC at a moment: 'Europe/Berlin (UTC+01:00)'."""
        offset = at.astimezone(zone).utcoffset() or timedelta()
        minutes = round(offset.total_seconds() / 60)
        sign = "+" if minutes >= 0 else "\u2212"
        return f"{zone.key} (UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02})"

    def why(self, state: State, reason: str) -> str:
        """The sentence for a reason or kind; an unknown code stands for itself."""
        if state is State.BROKEN:
            return self.broken
        return (self.kinds if state is State.UNANSWERED else self.reasons).get(reason, reason)

    def count(self, forms: Forms, number: int) -> str:
        """A number with its noun: '1 host', '3 hosts'."""
        return forms[number != 1].format(n=self.number(number))
