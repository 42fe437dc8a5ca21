"""How is a change told, in German and in English? Every phrase of plans and their ends, one table a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from controller.store.plans import PlanState
from inventory.clause import Approval
from playbooks.playbook import Risk

__all__ = ["ENGLISH", "GERMAN", "Phrases", "phrases_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """All phrases of one language; a language that lacks one does not type-check."""

    code: Literal["de", "en"]
    plan: str
    parameters: str
    risk: str
    risks: Mapping[Risk, str]
    notices: str
    first: str
    now: str
    so_already: str
    done: str
    removed: str
    back: str
    keeps: str
    final: str
    cuts: str
    verified: str
    gone: str
    approval: str
    approvals: Mapping[Approval, str]
    who: str
    nobody: str
    given: str
    until: str
    window_now: str
    window_next: str
    window_never: str
    shadow: str
    states: Mapping[PlanState, str]
    yes: str
    no: str
    nothing: str
    more_lines: str
    made_note: str
    shadow_note: str
    approved_note: str
    rejected_note: str
    withdrawn_note: str
    begun_note: str
    undo_begun_note: str
    ended_note: Mapping[PlanState, str]
    undo_ended_note: Mapping[PlanState, str]
    before_after: str
    changed: str
    already_so: str
    undone: str
    undone_wholly: str
    unverified: str
    undo_failed: str
    unknown: str
    refused: str
    unanswered: str
    broken: str
    unfit: str
    lost: str
    undo_with: str
    host_left: str


ENGLISH = Phrases(
    code="en",
    plan="Plan {id} for ticket {ticket}: {does}",
    parameters="Parameters: {list}",
    risk="Risk: {risk}",
    risks={
        Risk.LOW: "low: users notice nothing, or an interruption of seconds",
        Risk.MEDIUM: "medium: users notice an interruption",
        Risk.HIGH: "high: a mistake reaches many users",
    },
    notices="What users notice: {text}",
    first="first, and alone",
    now="as it is:",
    so_already="nothing to do: it is so already",
    done="do:",
    removed="the file is removed",
    back="back:",
    keeps="nothing remains of it that could be taken back",
    final="CANNOT BE TAKEN BACK",
    cuts="touches the way to the host: the way back is armed on it before",
    verified="Verified by asking {list} again; if that is not well it is undone.",
    gone="Gone must be then: {list}",
    approval="Must agree: {who}",
    approvals={
        Approval.NONE: "nobody",
        Approval.COLLEAGUE: "a colleague",
        Approval.CUSTOMER: "the customer",
        Approval.BOTH: "a colleague and the customer",
    },
    who="({names})",
    nobody="nobody who may is known to the agent",
    given="Has agreed: {person}",
    until="until {at}",
    window_now="When: now is allowed",
    window_next="When: not now; next from {at}",
    window_never="When: never, as the contract stands",
    shadow="Made in shadow: this playbook is not promoted, so that it only plans.",
    states={
        PlanState.OPEN: "open",
        PlanState.REJECTED: "rejected",
        PlanState.RUNNING: "being carried out",
        PlanState.DONE: "carried out",
        PlanState.FAILED: "did not succeed",
        PlanState.UNKNOWN: "not known how far it came: verify first",
        PlanState.UNDOING: "being undone",
        PlanState.UNDONE: "undone",
    },
    yes="yes",
    no="no",
    nothing="nothing",
    more_lines="… and {n} more lines",
    made_note="A change is planned: {does} ({playbook}) on {hosts}. Nothing was changed yet.",
    shadow_note="For comparison only, a change was planned: {does} ({playbook}) on {hosts}. It will not be carried out.",
    approved_note="{person} has agreed to plan {id}, until {at}.",
    rejected_note="{person} has rejected plan {id}: {why}",
    withdrawn_note="{person} has withdrawn plan {id}: {why}",
    begun_note="Plan {id} is being carried out: {does} on {hosts}. Agreed: {people}.",
    undo_begun_note="Plan {id} is being undone on {hosts}.",
    ended_note={
        PlanState.OPEN: "Plan {id} was not carried out; nothing was changed.",
        PlanState.DONE: "Plan {id} was carried out, and verified: {does}.",
        PlanState.FAILED: "Plan {id} was carried out and did not succeed: {does}.",
        PlanState.UNKNOWN: "Plan {id} was begun, and nobody knows how far it came: a person must verify first.",
    },
    undo_ended_note={
        PlanState.DONE: "Plan {id} was not undone; it is as it was carried out.",
        PlanState.UNDONE: "Plan {id} was undone, and verified.",
        PlanState.FAILED: "Plan {id} was undone in part only: a person must see to it.",
        PlanState.UNKNOWN: "Plan {id} was being undone, and nobody knows how far that came: a person must verify first.",
    },
    before_after="{name}: {before} → {after}",
    changed="changed, and what it treats is gone",
    already_so="it was so already: nothing was sent",
    undone="undone after step {step}: {why}",
    undone_wholly="undone: {why}",
    unverified="the host could not be looked at afterwards",
    undo_failed="COULD NOT BE TAKEN BACK after step {step}: {why}. A person must see to it",
    unknown="NOT KNOWN whether step {step} was done: {why}. Verify first; nothing is done twice",
    refused="refused ({reason}): {detail}",
    unanswered="no answer ({kind}): {detail}",
    broken="a defect of Secondline, and what was done is not known: {error}",
    unfit="not for this state: {why}",
    lost="the process that did it ended before it was written down",
    undo_with="It can be taken back: secondline undo {id}",
    host_left="not begun",
)

GERMAN = Phrases(
    code="de",
    plan="Plan {id} zu Ticket {ticket}: {does}",
    parameters="Angaben: {list}",
    risk="Risiko: {risk}",
    risks={
        Risk.LOW: "gering: Anwender merken nichts oder eine Unterbrechung von Sekunden",
        Risk.MEDIUM: "mittel: Anwender merken eine Unterbrechung",
        Risk.HIGH: "hoch: ein Fehler trifft viele Anwender",
    },
    notices="Was Anwender merken: {text}",
    first="zuerst und allein",
    now="jetzt:",
    so_already="nichts zu tun: es ist schon so",
    done="tun:",
    removed="die Datei wird entfernt",
    back="zurück:",
    keeps="davon bleibt nichts, was zurückzunehmen wäre",
    final="NICHT ZURÜCKZUNEHMEN",
    cuts="berührt den Weg zum System: der Rückweg wird vorher dort gestellt",
    verified="Geprüft wird, indem {list} erneut gefragt wird; ist das nicht gut, wird zurückgenommen.",
    gone="Weg sein muss dann: {list}",
    approval="Zustimmen muss: {who}",
    approvals={
        Approval.NONE: "niemand",
        Approval.COLLEAGUE: "ein Kollege",
        Approval.CUSTOMER: "der Kunde",
        Approval.BOTH: "ein Kollege und der Kunde",
    },
    who="({names})",
    nobody="niemand, der darf, ist dem Agenten bekannt",
    given="Zugestimmt hat: {person}",
    until="bis {at}",
    window_now="Wann: jetzt ist es erlaubt",
    window_next="Wann: nicht jetzt; wieder ab {at}",
    window_never="Wann: nie, solange der Vertrag so bleibt",
    shadow="Im Schatten erstellt: dieses Playbook ist nicht freigegeben und plant daher nur.",
    states={
        PlanState.OPEN: "offen",
        PlanState.REJECTED: "abgelehnt",
        PlanState.RUNNING: "wird ausgeführt",
        PlanState.DONE: "ausgeführt",
        PlanState.FAILED: "ohne Erfolg",
        PlanState.UNKNOWN: "nicht bekannt, wie weit: erst prüfen",
        PlanState.UNDOING: "wird zurückgenommen",
        PlanState.UNDONE: "zurückgenommen",
    },
    yes="ja",
    no="nein",
    nothing="nichts",
    more_lines="… und {n} weitere Zeilen",
    made_note="Eine Änderung ist geplant: {does} ({playbook}) auf {hosts}. Noch wurde nichts geändert.",
    shadow_note="Nur zum Vergleich wurde eine Änderung geplant: {does} ({playbook}) auf {hosts}. Sie wird nicht ausgeführt.",
    approved_note="{person} hat Plan {id} zugestimmt, bis {at}.",
    rejected_note="{person} hat Plan {id} abgelehnt: {why}",
    withdrawn_note="{person} hat Plan {id} zurückgezogen: {why}",
    begun_note="Plan {id} wird ausgeführt: {does} auf {hosts}. Zugestimmt: {people}.",
    undo_begun_note="Plan {id} wird auf {hosts} zurückgenommen.",
    ended_note={
        PlanState.OPEN: "Plan {id} wurde nicht ausgeführt; nichts wurde geändert.",
        PlanState.DONE: "Plan {id} wurde ausgeführt und geprüft: {does}.",
        PlanState.FAILED: "Plan {id} wurde ausgeführt, ohne Erfolg: {does}.",
        PlanState.UNKNOWN: "Plan {id} wurde begonnen, und niemand weiß, wie weit er kam: ein Mensch muss erst prüfen.",
    },
    undo_ended_note={
        PlanState.DONE: "Plan {id} wurde nicht zurückgenommen; es ist wie ausgeführt.",
        PlanState.UNDONE: "Plan {id} wurde zurückgenommen und geprüft.",
        PlanState.FAILED: "Plan {id} wurde nur zum Teil zurückgenommen: ein Mensch muss sich darum kümmern.",
        PlanState.UNKNOWN: "Plan {id} wurde zurückgenommen, und niemand weiß, wie weit: ein Mensch muss erst prüfen.",
    },
    before_after="{name}: {before} → {after}",
    changed="geändert, und was es behandelt, ist weg",
    already_so="es war schon so: nichts wurde gesendet",
    undone="zurückgenommen nach Schritt {step}: {why}",
    undone_wholly="zurückgenommen: {why}",
    unverified="das System konnte danach nicht angesehen werden",
    undo_failed="KONNTE NICHT ZURÜCKGENOMMEN WERDEN nach Schritt {step}: {why}. Ein Mensch muss sich darum kümmern",
    unknown="NICHT BEKANNT, ob Schritt {step} getan ist: {why}. Erst prüfen; nichts wird zweimal getan",
    refused="abgelehnt ({reason}): {detail}",
    unanswered="keine Antwort ({kind}): {detail}",
    broken="ein Fehler in Secondline, und was getan wurde, ist nicht bekannt: {error}",
    unfit="nicht für diesen Zustand: {why}",
    lost="der Prozess, der es tat, endete, bevor es aufgeschrieben war",
    undo_with="Es kann zurückgenommen werden: secondline undo {id}",
    host_left="nicht begonnen",
)


def phrases_for(language: str) -> Phrases:
    """The phrases of a language; anything but 'de' reads English."""
    return GERMAN if language == "de" else ENGLISH
