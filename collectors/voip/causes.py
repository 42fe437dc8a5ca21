"""What does a refusal of a call mean? Final responses of SIP, and the causes that the telephone network names (Q.850)."""

from __future__ import annotations

__all__ = ["CAUSES", "kind_of"]

# RFC 3261, section 21, as calls meet them; the rest is a plain refusal.
_BY_CODE = {
    **dict.fromkeys((486, 600), "busy"),
    **dict.fromkeys((480, 410), "away"),
    **dict.fromkeys((404, 484, 485, 604, 414, 416), "route"),
    **dict.fromkeys((415, 488, 606), "codec"),
    **dict.fromkeys((401, 407), "login"),
    **dict.fromkeys((403, 603, 607, 608), "forbidden"),
    **dict.fromkeys((408, 502, 504, 430), "path"),
    **dict.fromkeys((500, 503), "capacity"),
}
# ITU-T Q.850 (10/2018), table 1, those that calls meet: English and German.
CAUSES: dict[int, tuple[str, str]] = {
    1: ("unallocated number", "Nummer nicht vergeben"),
    2: ("no route to transit network", "kein Weg ins Transitnetz"),
    3: ("no route to destination", "kein Weg zum Ziel"),
    16: ("normal clearing", "normal beendet"),
    17: ("user busy", "besetzt"),
    18: ("no user responding", "Teilnehmer reagiert nicht"),
    19: ("no answer from user", "Teilnehmer nimmt nicht ab"),
    20: ("subscriber absent", "Teilnehmer nicht da"),
    21: ("call rejected", "abgewiesen"),
    22: ("number changed", "Nummer geändert"),
    27: ("destination out of order", "Ziel gestört"),
    28: ("invalid number format", "Nummer unvollständig oder falsch"),
    29: ("facility rejected", "Dienst abgewiesen"),
    31: ("normal, unspecified", "ohne nähere Angabe"),
    34: ("no circuit or channel available", "kein freier Kanal"),
    38: ("network out of order", "Netz gestört"),
    41: ("temporary failure", "vorübergehende Störung"),
    42: ("switching equipment congestion", "Vermittlung überlastet"),
    44: ("requested circuit or channel not available", "verlangter Kanal nicht frei"),
    47: ("resource unavailable", "keine Ressourcen"),
    50: ("requested facility not subscribed", "Dienst nicht beauftragt"),
    55: ("incoming calls barred", "ankommende Anrufe gesperrt"),
    57: ("bearer capability not authorized", "Übertragungsart nicht erlaubt"),
    58: ("bearer capability not available", "Übertragungsart nicht verfügbar"),
    65: ("bearer capability not implemented", "Übertragungsart nicht vorhanden"),
    79: ("service or option not implemented", "Dienst nicht vorhanden"),
    88: ("incompatible destination", "Ziel passt nicht"),
    102: ("recovery on timer expiry", "Zeitüberschreitung"),
    111: ("protocol error", "Protokollfehler"),
    127: ("interworking", "Übergang zwischen Netzen"),
}


def kind_of(code: int) -> str:
    """How a final response that refuses is spoken of.

    >>> kind_of(486), kind_of(302), kind_of(418)
    ('busy', 'moved', 'refused')
    """
    if 300 <= code < 400:
        return "moved"
    return _BY_CODE.get(code, "capacity" if 500 <= code < 600 else "refused")
