"""How is each effect of a new revision said, in German and in English?

The words see: hosts, on (the same in brackets), deeds, hours, approval, of, old, new, word (the one that is
hidden), change (new and old, where both are short).
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.explain import Language
from inventory.step import Effect

__all__ = ["WORDS"]

_E = Effect

_ENGLISH: Mapping[Effect, str] = {
    _E.HOST_COVERED: "{deeds} on {hosts}, until now covered by no clause: {hours}{approval}",
    _E.HOST_UNCOVERED: "no longer {deeds} on {hosts}, now covered by no clause; until now: {hours}{approval}",
    _E.DEED_ADDED: "now also {deeds} on {hosts}: {hours}{approval}",
    _E.DEED_REMOVED: "no longer {deeds} on {hosts}; until now: {hours}{approval}",
    _E.WINDOW_LONGER: "{deeds} on {hosts}, now also {hours}{approval}",
    _E.WINDOW_SHORTER: "{deeds} on {hosts}, no longer {hours}{approval}",
    _E.APPROVAL_WEAKER: "to {deeds} on {hosts} needs less approval: {new}, until now {old} ({hours})",
    _E.APPROVAL_STRONGER: "to {deeds} on {hosts} needs more approval: {new}, until now {old} ({hours})",
    _E.APPROVAL_EXCHANGED: "to {deeds} on {hosts} needs another approval: {new}, until now {old} ({hours})",
    _E.AT_ONCE_LARGER: "up to {new} hosts at once, until now {old}: {hosts}",
    _E.AT_ONCE_SMALLER: "only up to {new} hosts at once, until now {old}: {hosts}",
    _E.AT_ONCE_DIVIDED: "its hosts now stand under several clauses ({of}), which count apart: up to {new} at "
    "once, until now {old}: {hosts}",
    _E.AT_ONCE_JOINED: "hosts of several clauses ({of}) now count together: up to {new} at once, until now "
    "{old}: {hosts}",
    _E.ADDRESS_ADDED: "{hosts} may be reached at the address {new}",
    _E.ADDRESS_REMOVED: "{hosts} may no longer be reached at the address {old}",
    _E.WAY_ADDED: "{hosts} may be reached by {of}, port {new}",
    _E.WAY_REMOVED: "{hosts} may no longer be reached by {of}, port {old}",
    _E.HOST_KEY_ADDED: "{hosts}: another host key is trusted for {of}: {new}",
    _E.HOST_KEY_REMOVED: "{hosts}: a host key is no longer trusted for {of}: {old}",
    _E.VALID_LONGER: "it holds longer, '{of}': {new}, until now {old}",
    _E.VALID_SHORTER: "it holds shorter, '{of}': {new}, until now {old}",
    _E.KEEP_LONGER: "evidence is kept for {new} days, until now {old}",
    _E.KEEP_SHORTER: "evidence is kept for only {new} days, until now {old}",
    _E.REDACTION_WEAKER: "the customer's reports hide less: '{of}'{word}",
    _E.REDACTION_STRONGER: "the customer's reports hide more: '{of}'{word}",
    _E.CONTACT_APPROVES_MORE: "{of} may say yes to: {new}",
    _E.CONTACT_APPROVES_LESS: "{of} may no longer say yes to: {old}",
    _E.WAY_CHANGED: "{hosts}: '{of}' is {new}, until now {old}",
    _E.AGENT_CHANGED: "{hosts} is reached by the agent {new}, until now {old}",
    _E.PLATFORM_CHANGED: "{hosts} is asked as {new}, until now as {old}",
    _E.TARGET_EXCHANGED: "{hosts} stands under '{new}', until now under '{old}'",
    _E.TIMEZONE_CHANGED: "all days and windows are in the time zone {new}, until now {old}",
    _E.CONTACT_EMAIL_CHANGED: "{of}, who may say yes, has the address {new}, until now {old}",
    _E.OTHER_CHANGED: "'{of}' differs{on}; this version cannot say what it permits",
    _E.HOST_JOINS: "{hosts} stands under it now; it permits nothing new there",
    _E.HOST_LEAVES: "{hosts} no longer stands under it; other clauses permit the same there",
    _E.CLAUSE_ADDED: "the clause is new; it permits nothing new",
    _E.CLAUSE_REMOVED: "the clause is gone; nothing that it permitted is lost",
    _E.CLAUSE_REWRITTEN: "written otherwise; it permits the same",
    _E.CLAUSE_TEXT_CHANGED: "its text is '{new}', until now '{old}'",
    _E.CLAUSES_REORDERED: "the clauses stand in another order",
    _E.TARGET_ADDED: "new, and covered by no clause: {hosts}",
    _E.TARGET_REMOVED: "gone, and covered by no clause before: {hosts}",
    _E.TARGET_CHANGED: "described otherwise, and not covered both before and now: {hosts}",
    _E.LABEL_CHANGED: "{hosts}: '{of}' is {new}, until now {old}",
    _E.PAPER_CHANGED: "'{of}' is written otherwise{change}",
}

_GERMAN: Mapping[Effect, str] = {
    _E.HOST_COVERED: "{deeds} auf {hosts}, bisher von keiner Klausel abgedeckt: {hours}{approval}",
    _E.HOST_UNCOVERED: "nicht mehr {deeds} auf {hosts}, jetzt von keiner Klausel abgedeckt; bisher: "
    "{hours}{approval}",
    _E.DEED_ADDED: "jetzt auch {deeds} auf {hosts}: {hours}{approval}",
    _E.DEED_REMOVED: "nicht mehr {deeds} auf {hosts}; bisher: {hours}{approval}",
    _E.WINDOW_LONGER: "{deeds} auf {hosts}, jetzt auch {hours}{approval}",
    _E.WINDOW_SHORTER: "{deeds} auf {hosts}, nicht mehr {hours}{approval}",
    _E.APPROVAL_WEAKER: "{deeds} auf {hosts} braucht weniger Freigabe: {new}, bisher {old} ({hours})",
    _E.APPROVAL_STRONGER: "{deeds} auf {hosts} braucht mehr Freigabe: {new}, bisher {old} ({hours})",
    _E.APPROVAL_EXCHANGED: "{deeds} auf {hosts} braucht eine andere Freigabe: {new}, bisher {old} ({hours})",
    _E.AT_ONCE_LARGER: "bis zu {new} Hosts gleichzeitig, bisher {old}: {hosts}",
    _E.AT_ONCE_SMALLER: "nur noch bis zu {new} Hosts gleichzeitig, bisher {old}: {hosts}",
    _E.AT_ONCE_DIVIDED: "ihre Hosts stehen jetzt unter mehreren Klauseln ({of}), die getrennt zählen: bis zu "
    "{new} gleichzeitig, bisher {old}: {hosts}",
    _E.AT_ONCE_JOINED: "Hosts mehrerer Klauseln ({of}) zählen jetzt zusammen: bis zu {new} gleichzeitig, "
    "bisher {old}: {hosts}",
    _E.ADDRESS_ADDED: "{hosts} darf unter der Adresse {new} erreicht werden",
    _E.ADDRESS_REMOVED: "{hosts} darf nicht mehr unter der Adresse {old} erreicht werden",
    _E.WAY_ADDED: "{hosts} darf über {of} erreicht werden, Port {new}",
    _E.WAY_REMOVED: "{hosts} darf nicht mehr über {of} erreicht werden, Port {old}",
    _E.HOST_KEY_ADDED: "{hosts}: einem weiteren Hostschlüssel wird für {of} vertraut: {new}",
    _E.HOST_KEY_REMOVED: "{hosts}: einem Hostschlüssel wird für {of} nicht mehr vertraut: {old}",
    _E.VALID_LONGER: "er gilt länger, '{of}': {new}, bisher {old}",
    _E.VALID_SHORTER: "er gilt kürzer, '{of}': {new}, bisher {old}",
    _E.KEEP_LONGER: "Belege werden {new} Tage aufbewahrt, bisher {old}",
    _E.KEEP_SHORTER: "Belege werden nur noch {new} Tage aufbewahrt, bisher {old}",
    _E.REDACTION_WEAKER: "die Berichte des Kunden verbergen weniger: '{of}'{word}",
    _E.REDACTION_STRONGER: "die Berichte des Kunden verbergen mehr: '{of}'{word}",
    _E.CONTACT_APPROVES_MORE: "{of} darf freigeben: {new}",
    _E.CONTACT_APPROVES_LESS: "{of} darf nicht mehr freigeben: {old}",
    _E.WAY_CHANGED: "{hosts}: '{of}' ist {new}, bisher {old}",
    _E.AGENT_CHANGED: "{hosts} wird vom Agenten {new} erreicht, bisher {old}",
    _E.PLATFORM_CHANGED: "{hosts} wird als {new} befragt, bisher als {old}",
    _E.TARGET_EXCHANGED: "{hosts} steht unter '{new}', bisher unter '{old}'",
    _E.TIMEZONE_CHANGED: "alle Tage und Zeitfenster gelten in der Zeitzone {new}, bisher {old}",
    _E.CONTACT_EMAIL_CHANGED: "{of} gibt frei und hat die Adresse {new}, bisher {old}",
    _E.OTHER_CHANGED: "'{of}' ist anders{on}; was das erlaubt, kann diese Version nicht sagen",
    _E.HOST_JOINS: "{hosts} steht jetzt darunter; sie erlaubt dort nichts Neues",
    _E.HOST_LEAVES: "{hosts} steht nicht mehr darunter; andere Klauseln erlauben dort dasselbe",
    _E.CLAUSE_ADDED: "die Klausel ist neu und erlaubt nichts Neues",
    _E.CLAUSE_REMOVED: "die Klausel ist weggefallen; was sie erlaubte, geht nicht verloren",
    _E.CLAUSE_REWRITTEN: "anders geschrieben; sie erlaubt dasselbe",
    _E.CLAUSE_TEXT_CHANGED: "ihr Text ist '{new}', bisher '{old}'",
    _E.CLAUSES_REORDERED: "die Klauseln stehen in anderer Reihenfolge",
    _E.TARGET_ADDED: "neu und von keiner Klausel abgedeckt: {hosts}",
    _E.TARGET_REMOVED: "weggefallen und bisher von keiner Klausel abgedeckt: {hosts}",
    _E.TARGET_CHANGED: "anders beschrieben und nicht bisher wie jetzt abgedeckt: {hosts}",
    _E.LABEL_CHANGED: "{hosts}: '{of}' ist {new}, bisher {old}",
    _E.PAPER_CHANGED: "'{of}' ist anders geschrieben{change}",
}

WORDS: Mapping[Language, Mapping[Effect, str]] = {"de": _GERMAN, "en": _ENGLISH}
