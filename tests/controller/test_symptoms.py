"""Is a ticket's complaint recognised as people write it, in German and English, and nothing where there is none?"""

from __future__ import annotations

import pytest

from collectors.catalogue import catalogue
from controller.symptoms import EVERYTHING, SYMPTOMS, symptom_in

TICKETS = [
    ("locked-again", "Konto gesperrt", "Herr Özdemir ist schon wieder gesperrt, das dritte Mal heute."),
    ("locked-again", "Account lockout", "bob's account keeps locking out since Monday"),
    ("locked-again", "Benutzer gesperrt", "Der Benutzer wird nach jedem Entsperren gleich wieder gesperrt."),
    ("logon", "Anmeldung", "Frau Weber kann sich seit heute früh nicht anmelden."),
    ("logon", "Login problem", "Users cannot log in to their laptops."),
    ("logon", "Kennwort", "Das Passwort wird nicht angenommen, obwohl es gestern noch ging."),
    ("logon", "PC 17", "Anmeldung am PC schlägt fehl"),
    ("no-controller", "Domäne", "Es stehen momentan keine Anmeldeserver zur Verfügung."),
    ("no-controller", "AD", "An Active Directory domain controller for the domain could not be contacted."),
    ("no-controller", "Beitritt", "Der Domänencontroller wird vom neuen Standort aus nicht gefunden."),
    ("changes-missing", "Replikation", "repadmin meldet Fehler zwischen Köln und Bonn"),
    ("changes-missing", "Neuer Benutzer", "Der neue Benutzer fehlt in der Filiale noch immer."),
    (
        "changes-missing",
        "AD changes",
        "Changes made in HQ do not arrive: not visible at the branch, replication?",
    ),
    ("policy", "GPO", "Die Gruppenrichtlinie für den Proxy wirkt nicht"),
    ("policy", "Laufwerk H:", "Das Netzlaufwerk fehlt nach der Anmeldung."),
    ("policy", "Mapped drive", "Mapped drives are missing after logon, group policy not applied"),
    ("clock", "Uhrzeit falsch", "Die Uhr am Server geht sieben Minuten nach."),
    ("clock", "Time", "The clock on dc2 is wrong, time sync fails"),
    ("single-sign-on", "SSO", "Single sign-on to the intranet fails, Kerberos error in the log"),
    ("single-sign-on", "Dienstkonto", "Das Dienstkonto svc-web bekommt kein Ticket für den SPN."),
    (
        "trust",
        "PC 12",
        "Die Vertrauensstellung zwischen dieser Arbeitsstation und der Domäne konnte nicht hergestellt werden.",
    ),
    ("trust", "Trust", "The trust relationship between this workstation and the primary domain failed."),
    ("mail", "E-Mail", "Unsere Mails an Kunden kommen nicht an, sie landen im Spam."),
    ("mail", "Mail", "Mails to our customers bounce since yesterday, SPF fail"),
    ("mail", "Outlook", "Outlook findet das Postfach nicht, autodiscover geht nicht"),
    ("mail", "DKIM", "Der Empfänger meldet: dkim=fail, E-Mail abgewiesen"),
    ("name", "DNS", "intranet.musterbau.test wird nicht aufgelöst"),
    ("name", "Website", "server not found, nslookup says NXDOMAIN"),
    ("network", "Netz langsam", "Seit dem neuen Switch ist das ganze Netzwerk langsam."),
    (
        "network",
        "Network loop",
        "Somebody plugged a cable into two sockets, broadcast storm, everything blinks.",
    ),
    ("network", "Schleife", "Vermutlich eine Schleife am Switch im zweiten Stock."),
    ("network", "Port tot", "Port Gi1/0/7 ist err-disabled, die Netzwerkdose ist tot."),
    ("voice", "Telefonie Kiel", "Seit Montag sind die Gespräche abgehackt, vor allem mittags."),
    ("voice", "Phones", "Calls break up whenever the backup runs, voice is choppy."),
    ("voice", "QoS", "Die DSCP-Markierungen kommen beim Provider nicht an."),
    ("name", "Namensauflösung", "Seit dem Umzug finden Clients den Dateiserver nicht mehr."),
]
NO_SYMPTOM = [
    ("Störung bei Musterbau", "Kunden und Mitarbeiter melden Störungen. Bitte prüfen."),
    ("Webshop langsam", "Seit heute früh lädt die Seite sehr langsam."),
    ("Postfach", "Bitte das Postfach von Frau Weber vergrößern, Rückfragen per E-Mail."),
    ("Drucker", "Der Drucker im zweiten Stock druckt nicht."),
    ("Platte voll", "Auf dem Dateiserver ist kein Platz mehr."),
    ("Outage", "The shop shows error 500 since nine o'clock."),
    ("Telefon", "Herr Weber braucht ein neues Telefon, das alte hat ein schlechtes Display."),
    ("Rückruf", "Bitte um Anruf wegen des neuen Vertrags."),
    ("Netzteil", "Das Netzteil des Laptops wird langsam heiß."),
    ("Skript", "Die Schleife im Skript des Exports läuft endlos."),
    ("", ""),
]


@pytest.mark.parametrize(("symptom", "subject", "text"), TICKETS)
def test_a_complaint_is_recognised(symptom: str, subject: str, text: str) -> None:
    assert symptom_in(subject, text) == symptom


@pytest.mark.parametrize(("subject", "text"), NO_SYMPTOM)
def test_other_tickets_have_none(subject: str, text: str) -> None:
    assert not symptom_in(subject, text)


@pytest.mark.parametrize("name", SYMPTOMS)
def test_every_step_names_what_there_is(name: str) -> None:
    """A pattern that stands for no question or no finding would be a step that answers nothing."""
    known = catalogue()
    assert name != EVERYTHING
    assert any(symptom == name for symptom, _, _ in TICKETS)
    for step in SYMPTOMS[name].steps:
        asked = {one for one in known.collectors if step.wants(one)}
        for pattern in step.questions:
            assert any(step.wants(one) for one in known.collectors if one.startswith(pattern.rstrip("*")))
        for pattern in step.answers:
            assert any(tag.startswith(pattern.rstrip("*")) for tag in known.tags)
        assert set(step.but) <= known.tags.keys()
        # Each question can give an answer of its own.
        able = {one for tag, says in known.said_by.items() if step.is_answered_by(tag) for one in says}
        assert asked <= able, asked - able


def test_a_long_text_without_sense_is_read_in_one_go() -> None:
    assert not symptom_in("x" * 300, ("nicht " * 20_000) + "domäne")
