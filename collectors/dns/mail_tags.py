"""Which words are there for what can be wrong with a zone's mail? What breaks delivery is grave, hygiene is a note."""

from __future__ import annotations

from collectors import fault, note, warn

MX_MISSING = warn(
    "dns.mx-missing",
    "{zone} takes mail, says the contract, but names no mail server; senders fall back to its address (at {servers})",
    "{zone} nimmt laut Vertrag E-Mail an, nennt aber keinen Mailserver; Absender nehmen die Adresse der Zone (auf {servers})",
    do=(
        "Add an MX record to {zone}, or the null MX '0 .' where it takes no mail (RFC 7505).",
        "{zone} einen MX-Eintrag geben, oder den leeren MX „0 .“, wenn sie keine E-Mail annimmt (RFC 7505).",
    ),
)
NO_WAY = fault(
    "dns.mail-no-way",
    "{zone} takes mail, says the contract, but has neither an MX record nor an address: no mail arrives (at {servers})",
    "{zone} nimmt laut Vertrag E-Mail an, hat aber weder MX-Eintrag noch Adresse: Es kommt keine an (auf {servers})",
    do=(
        "Add the MX record of {zone} at its primary server.",
        "Am Primärserver von {zone} den MX-Eintrag anlegen.",
    ),
)
MX_NULL = note(
    "dns.mx-null",
    "{zone} says that it takes no mail (null MX); the contract says that it takes or sends mail (at {servers})",
    "{zone} sagt, dass sie keine E-Mail annimmt (leerer MX); laut Vertrag nimmt oder sendet sie welche (auf {servers})",
)
MX_NULL_MIXED = warn(
    "dns.mx-null-mixed",
    "{zone} says that it takes no mail (null MX) and names {names} for it as well (at {servers})",
    "{zone} sagt, dass sie keine E-Mail annimmt (leerer MX), und nennt dafür trotzdem {names} (auf {servers})",
    do=(
        "Keep one of both in {zone}: the null MX stands alone (RFC 7505, section 3).",
        "Eines von beiden in {zone} behalten: Der leere MX steht allein (RFC 7505, Abschnitt 3).",
    ),
)
DIFFERS = warn(
    "dns.mail-record-differs",
    "the servers of {zone} do not say the same of its mail ({rtype} at {name}): {views}",
    "die Server von {zone} sagen nicht dasselbe zu ihrer E-Mail ({rtype} bei {name}): {views}",
    do=(
        "Find out which is right, correct it at the primary server of {zone}, raise the serial, have it transferred.",
        "Klären, was stimmt, am Primärserver von {zone} berichtigen, Seriennummer erhöhen und neu übertragen.",
    ),
)
SPF_SEVERAL = fault(
    "dns.spf-several",
    "{zone} has {count} SPF records; with more than one, none of them counts (at {servers})",
    "{zone} hat {count} SPF-Einträge; bei mehr als einem gilt keiner (auf {servers})",
    do=(
        "Merge them into one record of {zone} (RFC 7208, section 3.2).",
        "Sie zu einem Eintrag von {zone} zusammenführen (RFC 7208, Abschnitt 3.2).",
    ),
)
SPF_INVALID = fault(
    "dns.spf-invalid",
    "the SPF record of {zone} cannot be read, so receivers may refuse its mail: {why} (at {servers})",
    "der SPF-Eintrag von {zone} ist nicht lesbar, Empfänger können ihre E-Mail abweisen: {why} (auf {servers})",
    do=(
        "Correct the SPF record of {zone} where it says {why} (RFC 7208, section 12).",
        "Den SPF-Eintrag von {zone} bei {why} berichtigen (RFC 7208, Abschnitt 12).",
    ),
)
SPF_LOOKUPS = fault(
    "dns.spf-lookups",
    "the SPF record of {zone} costs at least {count} look-ups; after {most} receivers give up (at {servers})",
    "der SPF-Eintrag von {zone} kostet mindestens {count} Abfragen; nach {most} geben Empfänger auf (auf {servers})",
    do=(
        "Take services out of the SPF record of {zone}, or replace names by addresses (RFC 7208, section 4.6.4).",
        "Dienste aus dem SPF-Eintrag von {zone} nehmen oder Namen durch Adressen ersetzen (RFC 7208, Abschnitt 4.6.4).",
    ),
)
SPF_VOID = warn(
    "dns.spf-void",
    "{count} look-ups of the SPF record of {zone} find nothing; after {most} receivers may give up (at {servers})",
    "{count} Abfragen des SPF-Eintrags von {zone} finden nichts; nach {most} können Empfänger aufgeben (auf {servers})",
    do=(
        "Take names that are no more out of the SPF record of {zone} (RFC 7208, section 4.6.4).",
        "Namen, die es nicht mehr gibt, aus dem SPF-Eintrag von {zone} nehmen (RFC 7208, Abschnitt 4.6.4).",
    ),
)
SPF_BROKEN = fault(
    "dns.spf-include-broken",
    "the SPF record of {zone} includes {name}, where no valid one is: {why} (at {servers})",
    "der SPF-Eintrag von {zone} bindet {name} ein, dort ist kein gültiger: {why} (auf {servers})",
    do=(
        "Correct {name}, or take it out of the SPF record of {zone} (RFC 7208, section 5.2).",
        "{name} berichtigen oder aus dem SPF-Eintrag von {zone} nehmen (RFC 7208, Abschnitt 5.2).",
    ),
)
SPF_NOT_FOLLOWED = note(
    "dns.spf-not-followed",
    "the SPF record of {zone} leads to {names}, which nobody was asked for: {count} look-ups are known, perhaps more",
    "der SPF-Eintrag von {zone} führt zu {names}, danach wurde niemand gefragt: {count} Abfragen bekannt, evtl. mehr",
)
SPF_MISSING = warn(
    "dns.spf-missing",
    "{zone} takes or sends mail, says the contract, but has no SPF record: its mail is easily taken for spam (at {servers})",
    "{zone} hat laut Vertrag mit E-Mail zu tun, aber keinen SPF-Eintrag: Ihre E-Mail gilt leicht als Spam (auf {servers})",
    do=(
        "Add an SPF record to {zone} that names who sends its mail, or 'v=spf1 -all' where nobody does.",
        "{zone} einen SPF-Eintrag geben, der die Absender nennt, oder „v=spf1 -all“, wenn niemand sendet.",
    ),
)
SPF_ALL = warn(
    "dns.spf-all-pass",
    "the SPF record of {zone} ends with '+all': everybody in the world may send in its name (at {servers})",
    "der SPF-Eintrag von {zone} endet mit „+all“: Jeder auf der Welt darf in ihrem Namen senden (auf {servers})",
    do=(
        "End the SPF record of {zone} with '-all' or '~all'.",
        "Den SPF-Eintrag von {zone} mit „-all“ oder „~all“ enden lassen.",
    ),
)
SPF_OPEN = note(
    "dns.spf-open-end",
    "the SPF record of {zone} does not say what holds for everybody else: neither 'all' nor 'redirect' (at {servers})",
    "der SPF-Eintrag von {zone} sagt nicht, was für alle anderen gilt: weder „all“ noch „redirect“ (auf {servers})",
)
SPF_PTR = note(
    "dns.spf-ptr",
    "the SPF record of {zone} uses 'ptr', which is slow and should not be used any more (at {servers})",
    "der SPF-Eintrag von {zone} verwendet „ptr“, das langsam ist und nicht mehr verwendet werden soll (auf {servers})",
)
SPF_TYPE = note(
    "dns.spf-type",
    "{zone} has a record of the type SPF, which nobody reads any more: only TXT counts (at {servers})",
    "{zone} hat einen Eintrag vom Typ SPF, den niemand mehr liest: Nur TXT zählt (auf {servers})",
)
DMARC_SEVERAL = warn(
    "dns.dmarc-several",
    "{zone} has {count} DMARC records; with more than one, none of them counts (at {servers})",
    "{zone} hat {count} DMARC-Einträge; bei mehr als einem gilt keiner (auf {servers})",
    do=("Keep one at _dmarc.{zone}.", "Bei _dmarc.{zone} einen behalten."),
)
DMARC_INVALID = warn(
    "dns.dmarc-invalid",
    "the DMARC record of {zone} cannot be read and does not count: {why} (at {servers})",
    "der DMARC-Eintrag von {zone} ist nicht lesbar und gilt nicht: {why} (auf {servers})",
    do=(
        "Correct _dmarc.{zone} where it says {why} (RFC 7489, section 6.3).",
        "_dmarc.{zone} bei {why} berichtigen (RFC 7489, Abschnitt 6.3).",
    ),
)
DMARC_REPORTS = note(
    "dns.dmarc-reports-wrong",
    "the DMARC record of {zone} wants reports sent to where nobody can send them: {uris} (at {servers})",
    "der DMARC-Eintrag von {zone} will Berichte dorthin, wohin sie niemand senden kann: {uris} (auf {servers})",
)
DMARC_NONE = note(
    "dns.dmarc-none",
    "the DMARC record of {zone} only watches (p=none): mail in its name is forged unhindered (at {servers})",
    "der DMARC-Eintrag von {zone} beobachtet nur (p=none): E-Mail in ihrem Namen ist ungehindert fälschbar (auf {servers})",
)
DMARC_MISSING = note(
    "dns.dmarc-missing",
    "{zone} takes or sends mail, says the contract, but has no DMARC record (at {servers})",
    "{zone} hat laut Vertrag mit E-Mail zu tun, aber keinen DMARC-Eintrag (auf {servers})",
)
DKIM_MISSING = fault(
    "dns.dkim-missing",
    "the contract names the DKIM key {name}, and there is none: signatures made with it are not believed (at {servers})",
    "der Vertrag nennt den DKIM-Schlüssel {name}, und es gibt keinen: Seine Signaturen gelten nicht (auf {servers})",
    do=(
        "Publish the key at {name}, or correct the selectors in the contract.",
        "Den Schlüssel bei {name} veröffentlichen oder die Selektoren im Vertrag berichtigen.",
    ),
)
DKIM_INVALID = fault(
    "dns.dkim-invalid",
    "the DKIM key {name} cannot be read, so signatures made with it are not believed: {why} (at {servers})",
    "der DKIM-Schlüssel {name} ist nicht lesbar, seine Signaturen gelten nicht: {why} (auf {servers})",
    do=(
        "Publish the key at {name} anew, whole and without line breaks (RFC 6376, section 3.6.1).",
        "Den Schlüssel bei {name} neu veröffentlichen, ganz und ohne Umbrüche (RFC 6376, Abschnitt 3.6.1).",
    ),
)
DKIM_REVOKED = warn(
    "dns.dkim-revoked",
    "the DKIM key {name} is revoked (p is empty), and the contract still names it (at {servers})",
    "der DKIM-Schlüssel {name} ist widerrufen (p ist leer), und der Vertrag nennt ihn noch (auf {servers})",
    do=(
        "See that nothing signs with {name} any more, and take it out of the contract.",
        "Prüfen, dass nichts mehr mit {name} signiert, und ihn aus dem Vertrag nehmen.",
    ),
)
DKIM_TOO_SHORT = fault(
    "dns.dkim-too-short",
    "the DKIM key {name} has {bits} bits; receivers do not believe keys of less than 1024 (at {servers})",
    "der DKIM-Schlüssel {name} hat {bits} Bit; Empfänger glauben keinem mit weniger als 1024 (auf {servers})",
    do=(
        "Make a key of 2048 bits, publish it under a new selector, and sign with it (RFC 8301).",
        "Einen Schlüssel mit 2048 Bit machen, unter neuem Selektor veröffentlichen, damit signieren (RFC 8301).",
    ),
)
DKIM_SHORT = note(
    "dns.dkim-short",
    "the DKIM key {name} has {bits} bits; 2048 are recommended (at {servers})",
    "der DKIM-Schlüssel {name} hat {bits} Bit; empfohlen sind 2048 (auf {servers})",
)
POLICY_INVALID = note(
    "dns.mail-policy-invalid",
    "the record at {name} cannot be read and does not count: {why} (at {servers})",
    "der Eintrag bei {name} ist nicht lesbar und gilt nicht: {why} (auf {servers})",
)
