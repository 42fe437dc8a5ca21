"""What can be said of the voice in a capture? The tags; `capture_judge` says when.

Loss: warned of from 0.5 per cent on, a fault from 1 on; jitter 30 ms (Cisco's design guides); R by ITU-T G.109; delay by G.114.
What a rating assumed is named as in G.107: Ta the delay, BurstR how losses come, TELR the echo, Bpl what hides losses.
"""

from __future__ import annotations

from collectors import fault, note, warn

__all__ = [
    "DELAY",
    "DELAY_FAR",
    "FAR_LOSS",
    "JITTER",
    "KEYS_UNENDED",
    "LATCHED",
    "LOSS",
    "LOSS_FEW",
    "LOSS_ONCE",
    "MARK_LOST",
    "PHONE_DISCARDS",
    "PHONE_LOSS",
    "PHONE_MEDIOCRE",
    "PHONE_POOR",
    "POOR",
    "PTIME",
    "SOME_POOR",
    "STRAYS",
    "UNANNOUNCED",
    "UNMARKED",
]

LOSS = fault(
    "voip.rtp-loss",
    "voice packets are lost before the place of the capture: {percent} % of {worst}; streams with 1 % or more: {count}",
    "Sprachpakete gehen vor dem Ort des Mitschnitts verloren: {percent} % bei {worst}; Ströme mit 1 % oder mehr: {count}",
    do=(
        "Look at queues, errors and duplex of the ports between the sender and this place.",
        "Warteschlangen, Fehler und Duplex der Ports zwischen dem Sender und diesem Ort prüfen.",
    ),
)
LOSS_FEW = warn(
    "voip.rtp-loss-small",
    "a few voice packets are lost: {percent} % of {worst}; streams with 0.5 % or more: {count}",
    "einige Sprachpakete gehen verloren: {percent} % bei {worst}; Ströme mit 0,5 % oder mehr: {count}",
    do=(
        "Audible with poor concealment: look at the ports on the way.",
        "Bei schlechter Verschleierung hörbar: die Ports auf dem Weg prüfen.",
    ),
)
LOSS_ONCE = warn(
    "voip.rtp-loss-burst",
    "voice drops out for a moment: {percent} % lost around second {second} of {worst}; such streams: {count}",
    "Sprache setzt kurz aus: {percent} % Verlust um Sekunde {second} von {worst}; solche Ströme: {count}",
    do=(
        "What happened then? Spanning tree, route change, Wi-Fi roaming, a backup that filled the line.",
        "Was geschah da? Spanning Tree, Routenwechsel, WLAN-Roaming, eine Sicherung, die die Leitung füllte.",
    ),
)
JITTER = warn(
    "voip.rtp-jitter",
    "voice packets come unevenly: {jitter} ms of jitter on average, {most} ms at most, in {worst}; such streams: {count}",
    "Sprachpakete kommen ungleichmäßig: {jitter} ms Jitter im Mittel, höchstens {most} ms, bei {worst}; solche Ströme: {count}",
    do=(
        "Voice waits behind something else: look at queues and marks, at Wi-Fi and at the sender's load.",
        "Sprache wartet hinter anderem: Warteschlangen und Markierung, WLAN und die Last des Senders prüfen.",
    ),
)
POOR = fault(
    "voip.rtp-poor",
    "the quality is poor: R {r}, MOS {mos} by assumed {assumed}, in {worst}; such streams: {count}",
    "die Qualität ist schlecht: R {r}, MOS {mos} bei angenommenem {assumed}, bei {worst}; solche Ströme: {count}",
    do=(
        "Below 60 nearly all users are dissatisfied (G.109): see loss, jitter and delay of the stream.",
        "Unter 60 sind fast alle unzufrieden (G.109): Verlust, Jitter und Verzögerung des Stroms ansehen.",
    ),
)
SOME_POOR = warn(
    "voip.rtp-mediocre",
    "the quality is mediocre: R {r}, MOS {mos} by assumed {assumed}, in {worst}; such streams: {count}",
    "die Qualität ist mäßig: R {r}, MOS {mos} bei angenommenem {assumed}, bei {worst}; solche Ströme: {count}",
    do=(
        "Below 70 many users are dissatisfied (G.109): see loss, jitter and delay of the stream.",
        "Unter 70 sind viele unzufrieden (G.109): Verlust, Jitter und Verzögerung des Stroms ansehen.",
    ),
)
FAR_LOSS = fault(
    "voip.rtp-far-loss",
    "the receiver reports {percent} % loss of {worst}, here it is {here} %: lost behind the place of the capture; such streams: {count}",
    "der Empfänger meldet {percent} % Verlust bei {worst}, hier sind es {here} %: hinter dem Ort des Mitschnitts verloren; solche Ströme: {count}",
    do=(
        "Look at the way from here to the receiver; capture there too.",
        "Den Weg von hier zum Empfänger prüfen; auch dort mitschneiden.",
    ),
)
PHONE_LOSS = fault(
    "voip.phone-loss",
    "a telephone reports that {percent} % of the voice never came: {worst}; such reports: {count}",
    "ein Telefon meldet, dass {percent} % der Sprache nie ankamen: {worst}; solche Meldungen: {count}",
    do=(
        "Look at the ports on the way to this telephone; capture the voice itself, near it and near the sender.",
        "Die Ports auf dem Weg zu diesem Telefon prüfen; die Sprache selbst nahe bei ihm und beim Sender mitschneiden.",
    ),
)
PHONE_DISCARDS = fault(
    "voip.phone-discards",
    "a telephone throws {percent} % of the voice away because it comes too late: {worst}; such reports: {count}",
    "ein Telefon wirft {percent} % der Sprache weg, weil sie zu spät kommt: {worst}; solche Meldungen: {count}",
    do=(
        "Nothing is lost on the way, it comes unevenly: look at queues, Wi-Fi and load on the way, and at the telephone's jitter buffer.",
        "Unterwegs geht nichts verloren, es kommt ungleichmäßig: Warteschlangen, WLAN und Last auf dem Weg sowie den Jitterpuffer des Telefons prüfen.",
    ),
)
PHONE_POOR = fault(
    "voip.phone-poor",
    "a telephone itself rates the call as poor: MOS {mos}, {worst}; such reports: {count}",
    "ein Telefon selbst bewertet das Gespräch als schlecht: MOS {mos}, {worst}; solche Meldungen: {count}",
    do=(
        "Below 3.1 nearly all users are dissatisfied (G.109): see what it says of loss, lateness and delay.",
        "Unter 3,1 sind fast alle unzufrieden (G.109): ansehen, was es zu Verlust, Verspätung und Verzögerung sagt.",
    ),
)
PHONE_MEDIOCRE = warn(
    "voip.phone-mediocre",
    "a telephone itself rates the call as mediocre: MOS {mos}, {worst}; such reports: {count}",
    "ein Telefon selbst bewertet das Gespräch als mäßig: MOS {mos}, {worst}; solche Meldungen: {count}",
    do=(
        "Below 3.6 many users are dissatisfied (G.109): see what it says of loss, lateness and delay.",
        "Unter 3,6 sind viele unzufrieden (G.109): ansehen, was es zu Verlust, Verspätung und Verzögerung sagt.",
    ),
)
DELAY = warn(
    "voip.rtp-delay",
    "it takes {delay} ms in one direction, by half the round trip: {worst}; such streams: {count}",
    "in einer Richtung vergehen {delay} ms, nach der halben Umlaufzeit: {worst}; solche Ströme: {count}",
    do=(
        "Past 150 ms people talk over each other (G.114): look for a detour, a VPN or a satellite.",
        "Über 150 ms fällt man sich ins Wort (G.114): nach Umweg, VPN oder Satellit suchen.",
    ),
)
DELAY_FAR = fault(
    "voip.rtp-delay-far",
    "it takes {delay} ms in one direction, by half the round trip: {worst}; such streams: {count}",
    "in einer Richtung vergehen {delay} ms, nach der halben Umlaufzeit: {worst}; solche Ströme: {count}",
    do=(
        "Past 400 ms no conversation is possible (G.114): look for a detour, a full queue or a large jitter buffer.",
        "Über 400 ms ist kein Gespräch möglich (G.114): nach Umweg, voller Warteschlange oder großem Jitterpuffer suchen.",
    ),
)
UNMARKED = note(
    "voip.rtp-unmarked",
    "voice is not marked (DSCP 0) at the place of the capture: {count} of {streams} streams",
    "Sprache ist am Ort des Mitschnitts nicht markiert (DSCP 0): {count} von {streams} Strömen",
    do=(
        "Where the network queues by marks, let telephones mark voice with EF (46), and let switches trust them.",
        "Wo das Netz nach Markierung einreiht, Telefone Sprache mit EF (46) markieren und Switches ihnen vertrauen lassen.",
    ),
)
MARK_LOST = warn(
    "voip.rtp-mark-lost",
    "voice is marked in one direction and not in the other: {count} ({calls}), such as {worst}",
    "Sprache ist in einer Richtung markiert und in der anderen nicht: {count} ({calls}), etwa {worst}",
    do=(
        "Find the port or line where the mark is lost: trust on switches, the VPN, the provider.",
        "Den Port oder die Leitung finden, wo die Markierung verloren geht: Vertrauen auf Switches, VPN, Provider.",
    ),
)
UNANNOUNCED = warn(
    "voip.rtp-payload-unannounced",
    "voice comes in payload types that the receiver did not name ({types}): {worst}; such streams: {count}",
    "Sprache kommt in Nutzlasttypen, die der Empfänger nicht nannte ({types}): {worst}; solche Ströme: {count}",
    do=(
        "The sender does not keep to what was agreed: the receiver plays silence or noise. Compare codecs, update the device.",
        "Der Sender hält sich nicht an das Vereinbarte: Der Empfänger spielt Stille oder Rauschen. Codecs vergleichen, Gerät aktualisieren.",
    ),
)
PTIME = note(
    "voip.rtp-packet-time",
    "packets hold {sent} ms, the receiver wished for {wished} ms: {worst}; such streams: {count}",
    "Pakete enthalten {sent} ms, der Empfänger wünschte {wished} ms: {worst}; solche Ströme: {count}",
    do=(
        "Some devices play only what they wished for: set the packet time alike on both sides.",
        "Manche Geräte spielen nur, was sie wünschten: Paketzeit auf beiden Seiten gleich einstellen.",
    ),
)
KEYS_UNENDED = warn(
    "voip.rtp-keys-unended",
    "keys that were pressed lack their end: {keys} of {all} in {worst}",
    "gedrückten Tasten fehlt das Ende: {keys} von {all} bei {worst}",
    do=(
        "The end of a key is sent three times (RFC 4733): are packets lost, or is a gateway at fault?",
        "Das Ende einer Taste wird dreimal gesendet (RFC 4733): Gehen Pakete verloren, oder liegt es am Gateway?",
    ),
)
LATCHED = note(
    "voip.rtp-other-source",
    "voice comes from another address than the sender's SDP names: {count} ({calls}); it works only where the far side answers to where it came from",
    "Sprache kommt von einer anderen Adresse, als das SDP des Senders nennt: {count} ({calls}); das geht nur, wenn die Gegenseite dorthin antwortet, woher sie kam",
)
STRAYS = note(
    "voip.rtp-without-call",
    "streams of voice without a call in the capture: {count}, such as {worst}",
    "Sprachströme ohne Gespräch im Mitschnitt: {count}, etwa {worst}",
)
