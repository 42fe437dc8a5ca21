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
    ("vpn", "VPN Kiel", "Der VPN-Tunnel nach Kiel steht, aber kein Zugriff auf die Server dort."),
    ("vpn", "Tunnel down", "site-to-site tunnel to the branch is down since 9 am"),
    ("vpn", "Standortkopplung", "Die Standortkopplung zum Lager bricht jede Stunde ab."),
    ("vpn", "Filiale offline", "Die Filiale Köln ist nicht erreichbar, der Router dort läuft."),
    ("vpn", "IPsec", "IKEv2 fails with NO_PROPOSAL_CHOSEN after the firmware update"),
    ("vpn", "WireGuard", "RDP über WireGuard hängt, Ping geht."),
    (
        "remote-access",
        "Homeoffice kommt nicht rein",
        "Zwei Kollegen im Homeoffice kommen seit heute nicht rein.",
    ),
    ("remote-access", "Einwahl", "Einwahl per VPN-Client nicht möglich, Zertifikat?"),
    ("remote-access", "Remote access", "Remote users cannot connect from home since this morning."),
    ("no-audio", "Kein Ton", "Seit heute früh ist bei Anrufen kein Ton zu hören, es klingelt aber."),
    ("no-audio", "Telefonie einseitig", "Der Kunde hört uns nicht, wir ihn schon: einseitige Sprache."),
    ("no-audio", "One-way audio", "On calls via the VPN they hear us, we hear nothing."),
    ("calls-drop", "Anruf bricht ab", "Jedes Gespräch bricht nach 30 Sekunden ab."),
    ("calls-drop", "Calls drop", "All calls drop after about 32 seconds"),
    ("not-registered", "Telefon meldet sich nicht an", "Das neue Tischtelefon zeigt 'kein Dienst'."),
    ("not-registered", "Phones unregistered", "Since the firewall change all phones are unregistered."),
    ("not-registered", "SIP-Registrierung", "Die Registrierung der Nebenstelle 101 schlägt fehl."),
    ("not-registered", "Trunk", "Our SIP trunk cannot register since the weekend."),
    ("not-registered", "Telefone", "Die Telefone sind nicht registriert, kein Dienst."),
    ("calls-fail", "Telefonie", "Es sind keine Gespräche möglich, kein Freizeichen."),
    ("calls-fail", "Calls", "We cannot make calls, there is no dial tone."),
    ("calls-fail", "Immer besetzt", "Wer uns anruft, hört nur das Besetztzeichen."),
    ("calls-fail", "Trunk", "Anrufe nach draußen scheitern mit SIP 503."),
    ("calls-fail", "Phone system down", "Nobody can call us, calls do not go through."),
    ("calls-fail", "Telefonanlage ausgefallen", "Wir sind telefonisch nicht erreichbar."),
    (
        "not-registered",
        "Telefone",
        "Die Telefone in Kiel sind nicht registriert, im Display steht kein Dienst.",
    ),
    ("calls-fail", "Anlage", "Seit heute früh keine Gespräche mehr, weder intern noch nach außen."),
    ("not-registered", "PBX", "Phones cannot register since the update, no calls possible."),
    ("no-audio", "Audio", "Calls to the branch have one-way audio."),
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
    ("Besetzung", "Die Stelle in der Buchhaltung ist neu besetzt, bitte Konto anlegen."),
    ("Besprechungsraum", "Der Lautsprecher im Besprechungsraum hat keinen guten Klang."),
    ("Netzteil", "Das Netzteil des Laptops wird langsam heiß."),
    ("Skript", "Die Schleife im Skript des Exports läuft endlos."),
    ("Tunnelbau", "Die Baustelle braucht einen neuen Drucker."),
    ("Filiale", "Die Filiale in Kiel bekommt am Montag neue Stühle."),
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
