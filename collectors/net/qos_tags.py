"""What can be wrong with queues and marks? The words of all findings about them."""

from __future__ import annotations

from collectors import fault, note, warn

VOICE_DROPS = fault(
    "net.qos-voice-drops",
    "the voice class {name} on {port} ({direction}) drops {percent} % of its packets ({drops} of {packets} within {seconds} s)",
    "die Sprachklasse {name} auf {port} ({direction}) verwirft {percent} % ihrer Pakete ({drops} von {packets} in {seconds} s)",
    do=(
        "Compare what {name} offers with what it is promised, look for a policer, and for what else is marked as voice.",
        "Vergleichen, was {name} anbietet und was ihr zugesagt ist; nach einem Policer suchen und danach, was sonst noch als Sprache markiert ist.",
    ),
)
VOICE_DROPS_FEW = warn(
    "net.qos-voice-drops-few",
    "the voice class {name} on {port} ({direction}) drops single packets ({drops} of {packets} within {seconds} s)",
    "die Sprachklasse {name} auf {port} ({direction}) verwirft einzelne Pakete ({drops} von {packets} in {seconds} s)",
    do=(
        "Look again at a busy time; bursts, or a queue that is too short, are the usual reason.",
        "Zu einer Stoßzeit noch einmal nachsehen; meist sind es Bursts oder eine zu kurze Warteschlange.",
    ),
)
VOICE_POLICED = fault(
    "net.qos-voice-policed",
    "the limit of the voice class {name} on {port} ({direction}) is exceeded: {offered} are offered, {rate} may pass",
    "das Limit der Sprachklasse {name} auf {port} ({direction}) ist überschritten: {offered} kommen an, {rate} dürfen durch",
    do=(
        "Raise the limit of {name} to what the calls need, within what the line carries; or take out what is no voice.",
        "Das Limit von {name} auf den Bedarf der Gespräche anheben, soweit die Leitung es hergibt; oder herausnehmen, was keine Sprache ist.",
    ),
)
VOICE_OVER = fault(
    "net.qos-voice-over",
    "more is offered to the voice class {name} on {port} than it is promised: {offered} to {rate}",
    "der Sprachklasse {name} auf {port} wird mehr angeboten, als ihr zugesagt ist: {offered} bei {rate}",
    do=(
        "Raise the rate of {name} to what the calls need, or take out what is no voice.",
        "Die Rate von {name} auf den Bedarf der Gespräche anheben oder herausnehmen, was keine Sprache ist.",
    ),
)
VOICE_FOREIGN = warn(
    "net.qos-voice-foreign",
    "{name} on {port} carries {offered}, more than {calls} calls can be (at most {needed}): something else is marked as voice",
    "{name} auf {port} trägt {offered}, mehr als {calls} Gespräche sein können (höchstens {needed}): anderes ist als Sprache markiert",
    do=(
        "Find who sends to {port} with EF and is no phone, and mark it anew at the edge.",
        "Suchen, wer über {port} mit EF sendet und kein Telefon ist, und es am Rand des Netzes ummarkieren.",
    ),
)
VOICE_SMALL = warn(
    "net.qos-voice-small",
    "the voice class {name} on {port} is promised {rate}; the {calls} calls of the contract need {needed}",
    "der Sprachklasse {name} auf {port} sind {rate} zugesagt; die {calls} Gespräche des Vertrags brauchen {needed}",
    do=(
        "Raise the rate of {name}, or correct the number of calls in the contract.",
        "Die Rate von {name} anheben oder die Zahl der Gespräche im Vertrag berichtigen.",
    ),
)
VOICE_STARVES = fault(
    "net.qos-voice-starves",
    "voice (EF) has no class of its own on {port}: it goes into {name} with everything else, which drops {percent} %",
    "Sprache (EF) hat auf {port} keine eigene Klasse: sie läuft mit allem anderen in {name}, und dort gehen {percent} % verloren",
    do=(
        "Let a filter put EF (DSCP 46) into a class that is served first.",
        "EF (DSCP 46) mit einem Filter in eine Klasse leiten, die zuerst bedient wird.",
    ),
)
VOICE_UNCLASSED = warn(
    "net.qos-voice-unclassed",
    "voice (EF) has no class of its own on {port}: it goes into {name} with everything else",
    "Sprache (EF) hat auf {port} keine eigene Klasse: sie läuft mit allem anderen in {name}",
    do=(
        "Let a filter put EF (DSCP 46) into a class that is served first.",
        "EF (DSCP 46) mit einem Filter in eine Klasse leiten, die zuerst bedient wird.",
    ),
)
VOICE_IDLE = note(
    "net.qos-voice-idle",
    "no voice came into {name} on {port} within {seconds} s while other classes drop: if calls run now, their marks are lost before",
    "in {seconds} s kam in {name} auf {port} keine Sprache an, während andere Klassen verwerfen: laufen gerade Gespräche, gehen ihre "
    "Markierungen vorher verloren",
    do=(
        "While somebody calls, see how far EF (DSCP 46) comes: phone, trust on the switch port, firewall, tunnel.",
        "Während eines Gesprächs nachsehen, bis wohin EF (DSCP 46) kommt: Telefon, Trust am Switch-Port, Firewall, Tunnel.",
    ),
)
VOICE_EARLY = fault(
    "net.qos-voice-early",
    "early drop (WRED) is on in the voice class {name} on {port}: voice does not slow down, it only gets holes",
    "in der Sprachklasse {name} auf {port} ist WRED an: Sprache wird dadurch nicht langsamer, sie bekommt nur Lücken",
    do=("Take WRED out of {name}.", "WRED aus {name} entfernen."),
)
SIGNAL_EARLY = warn(
    "net.qos-signalling-early",
    "early drop (WRED) is on in the class {name} on {port}, which is for signalling",
    "in der Klasse {name} auf {port} für die Signalisierung ist WRED an",
    do=("Take WRED out of {name}.", "WRED aus {name} entfernen."),
)
VOICE_REMARKED = warn(
    "net.qos-voice-remarked",
    "voice that passes {port} ({direction}) is marked anew as {mark}: from there on it counts as ordinary traffic",
    "Sprache über {port} ({direction}) wird auf {mark} ummarkiert: ab dort gilt sie als gewöhnlicher Verkehr",
    do=(
        "Take out the rule that rewrites EF (DSCP 46) there, unless nobody there shall make calls.",
        "Die Regel entfernen, die EF (DSCP 46) dort überschreibt, außer dort soll niemand telefonieren.",
    ),
)
UNQUEUED = warn(
    "net.qos-uplink-unqueued",
    "{port} knows no classes: {calls} calls of the contract wait there behind everything else",
    "{port} kennt keine Klassen: die {calls} Gespräche des Vertrags warten dort hinter allem anderen",
    do=(
        "Attach the policy for this uplink, outwards, and on the port itself (not on a member of it).",
        "Die Policy dieses Uplinks ausgehend anhängen, und zwar am Port selbst (nicht an einem Mitglied).",
    ),
)
UNSHAPED = warn(
    "net.qos-uplink-unshaped",
    "nothing shapes {port} to the {contract} of the contract, and it is faster ({speed}): its classes never see a queue, the provider drops",
    "nichts begrenzt {port} auf die {contract} des Vertrags, und er ist schneller ({speed}): seine Klassen stauen nie, der Provider verwirft",
    do=(
        "Shape all classes of {port} together to what was bought.",
        "Alle Klassen von {port} zusammen auf die gekaufte Rate begrenzen (Shaping).",
    ),
)
SHAPER_OVER = warn(
    "net.qos-shaper-over",
    "{port} is shaped to {shape}, the contract says {contract}: what is above it the provider drops, voice as well",
    "{port} ist auf {shape} begrenzt, der Vertrag sagt {contract}: was darüber liegt, verwirft der Provider, auch Sprache",
    do=(
        "Shape {port} to what was bought, or correct the contract.",
        "{port} auf die gekaufte Rate begrenzen oder den Vertrag berichtigen.",
    ),
)
SHAPER_UNDER = note(
    "net.qos-shaper-under",
    "{port} is shaped to {shape}, although {contract} were bought",
    "{port} ist auf {shape} begrenzt, obwohl {contract} gekauft sind",
    do=(
        "Shape to what was bought, unless less is meant.",
        "Auf die gekaufte Rate begrenzen, falls nicht weniger gemeint ist.",
    ),
)
PROMISES_OVER = warn(
    "net.qos-promises-over",
    "the classes below {name} on {port} are promised {sum} together, and there are {most}: no promise holds",
    "den Klassen unter {name} auf {port} sind zusammen {sum} zugesagt, es gibt aber {most}: keine Zusage hält",
    do=("Lower the promises until they fit.", "Die Zusagen senken, bis sie passen."),
)
CONTROL_DROPS = warn(
    "net.qos-control-plane-drops",
    "the device drops what it needs itself: {drops} packets of {name} on their way to its processor within {seconds} s",
    "das Gerät verwirft, was es selbst braucht: {drops} Pakete von {name} auf dem Weg zu seinem Prozessor in {seconds} s",
    do=(
        "Find who sends so much to the device (a scan, a loop).",
        "Suchen, wer so viel an das Gerät sendet (ein Scan, eine Schleife).",
    ),
)
PORT_UNKNOWN = warn(
    "net.qos-uplink-unknown",
    "the contract calls {port} an uplink, and the device has no such port",
    "der Vertrag nennt {port} einen Uplink, und das Gerät hat keinen solchen Port",
    do=(
        "Correct the port under 'uplinks' in the contract.",
        "Den Port unter 'uplinks' im Vertrag berichtigen.",
    ),
)
