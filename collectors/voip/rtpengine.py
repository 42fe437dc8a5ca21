"""Does the voice of running calls go both ways, without gaps, and can the media relay take more of them?

What rtpengine counts, looked at twice: `rtpengine-ctl list jsonstats` and, of each running call, `list sessions CALL`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors import Finding, Shell, collector, fault, warn
from collectors.plain import plain
from collectors.voip.ask import first_of, is_running, unparsable

__all__ = ["MediaRelay", "Stream", "rtpengine"]

DOWN = fault(
    "voip.rtpengine-down",
    "rtpengine does not run: calls are without sound, or fail",
    "rtpengine läuft nicht: Gespräche sind ohne Ton oder kommen nicht zustande",
    do=(
        "See why it ended (journalctl -u 'rtpengine*'), then start it.",
        "Klären, warum es endete (journalctl -u 'rtpengine*'), dann starten.",
    ),
)
ONE_WAY = fault(
    "voip.media-one-way",
    "a call hears only one side: from {silent} nothing came in {seconds} seconds, from {heard} {packets} packets did",
    "ein Gespräch ist nur einseitig zu hören: von {silent} kam in {seconds} Sekunden nichts, von {heard} {packets} Pakete",
    do=(
        "Look on the way from {silent}: a firewall or NAT that keeps RTP out, a wrong address in its SDP, or hold.",
        "Den Weg von {silent} prüfen: Firewall oder NAT, die RTP nicht durchlassen, falsche Adresse im SDP, oder Halten.",
    ),
)
STOPPED = warn(
    "voip.media-stopped",
    "from {silent} nothing came any more for {seconds} seconds, from {heard} {packets} packets did",
    "von {silent} kam {seconds} Sekunden lang nichts mehr, von {heard} {packets} Pakete",
    do=(
        "Ask whether the call is on hold; if not, look on the way from {silent}.",
        "Klären, ob das Gespräch gehalten wird; wenn nicht, den Weg von {silent} prüfen.",
    ),
)
NO_MEDIA = fault(
    "voip.media-none",
    "a call between {one} and {other} is without any sound: no packet came in {seconds} seconds",
    "ein Gespräch zwischen {one} und {other} ist ganz ohne Ton: in {seconds} Sekunden kam kein Paket",
    do=(
        "Look on the ways to the relay's ports (port-min to port-max): a firewall, or addresses that cannot be reached.",
        "Die Wege zu den Ports des Relays (port-min bis port-max) prüfen: Firewall oder unerreichbare Adressen.",
    ),
)
GAPS = warn(
    "voip.media-gaps",
    "of the voice from {source} {percent} % did not arrive at the relay ({got} of {wanted} packets in {seconds} seconds)",
    "von der Sprache von {source} kamen {percent} % nicht beim Relay an ({got} von {wanted} Paketen in {seconds} Sekunden)",
    do=(
        "Look for loss on the way from {source}: queues, duplex, Wi-Fi. A phone that sends no silence looks the same.",
        "Auf dem Weg von {source} Verlust suchen: Warteschlangen, Duplex, WLAN. Wer Stille nicht sendet, sieht ebenso aus.",
    ),
)
POOR = warn(
    "voip.media-poor",
    "the relay rates the calls of the last seconds {mos} on average (MOS; below 3.6 many are dissatisfied)",
    "das Relay bewertet die Gespräche der letzten Sekunden im Mittel mit {mos} (MOS; unter 3,6 sind viele unzufrieden)",
    do=(
        "Look for loss, delay and jitter on the ways of the phones.",
        "Auf den Wegen der Telefone nach Verlust, Verzögerung und Jitter suchen.",
    ),
)
NO_PORTS = fault(
    "voip.media-ports-out",
    "the relay has {free} of {all} ports left ({low} to {high}): further calls get no sound",
    "das Relay hat noch {free} von {all} Ports frei ({low} bis {high}): weitere Gespräche bekommen keinen Ton",
    do=(
        "Widen port-min and port-max, in the firewall too; a call takes four. See whether old calls are left over.",
        "port-min und port-max erweitern, auch in der Firewall; ein Gespräch braucht vier. Prüfen, ob alte übrig sind.",
    ),
)
FEW_PORTS = warn(
    "voip.media-ports-low",
    "the relay has only {free} of {all} ports left ({low} to {high})",
    "das Relay hat nur noch {free} von {all} Ports frei ({low} bis {high})",
    do=(
        "Widen port-min and port-max, in the firewall too; a call takes four.",
        "port-min und port-max erweitern, auch in der Firewall; ein Gespräch braucht vier.",
    ),
)
REJECTED = warn(
    "voip.media-rejected",
    "the relay rejected {count} calls within {seconds} seconds: it is at a limit that is set for it",
    "das Relay wies in {seconds} Sekunden {count} Gespräche ab: es ist an einer eingestellten Grenze",
    do=(
        "See max-sessions, max-load, max-cpu and max-bandwidth in its configuration.",
        "max-sessions, max-load, max-cpu und max-bandwidth in seiner Konfiguration prüfen.",
    ),
)
_CTL = ("rtpengine-ctl", "/usr/sbin/rtpengine-ctl", "/usr/local/bin/rtpengine-ctl")
_WAIT = 4
_MOST_CALLS = 12
# A phone may be late by one packet or two at either look.
_SLACK = 3
_POOR = 3.6
_CALL = re.compile(r"(?:callid|ID): +(\S.*?) +\| .*")
_PORT = re.compile(
    r"-+ Port +(?P<own>\S+) +<> +(?P<peer>\S+?) *(?P<rtcp>\(RTCP\))?, SSRC [0-9a-f]+, "
    r"(?P<packets>[0-9]+) p, (?P<bytes>[0-9]+) b, (?P<errors>[0-9]+) e, .*"
)
_MEDIA = re.compile(r"-+ Media #[0-9]+ \((?P<kind>\S+) over (?P<over>\S+)\) using (?P<codec>\S+)")
# Bytes a second of speech; what sends as much as it speaks, with silence left out, is in no such table.
_SPEECH = {"PCMU/8000": 8000, "PCMA/8000": 8000, "G722/8000": 8000}
_RTP_HEADER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What came from one side of a call between two looks. wanted: packets that its codec sends in that time, None
    where nobody can say. sent: packets before.
    """

    call: str
    source: str
    packets: int
    wanted: int | None = None
    sent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRelay:
    """streams: of calls that were there at both looks, two of a call. free, low, high: its ports, of the interface with
    the fewest left. mos: on average of what was rated between the looks. rejected: calls in that time.
    """

    is_running: bool
    seconds: float = 0.0
    streams: tuple[Stream, ...] = ()
    free: int | None = None
    low: int = 0
    high: int = 0
    mos: float | None = None
    rejected: int = 0


def judge(seen: MediaRelay) -> Iterator[Finding]:
    if not seen.is_running:
        yield DOWN()
        return
    seconds = max(1, round(seen.seconds))
    yield from _ports(seen)
    if seen.rejected:
        yield REJECTED(count=seen.rejected, seconds=seconds)
    calls: dict[str, list[Stream]] = {}
    for stream in seen.streams:
        calls.setdefault(stream.call, []).append(stream)
    whole = [sides for sides in calls.values() if len(sides) == 2]
    for one, other in whole:
        yield from _sides(one, other, seconds)
    if seen.mos is not None and seen.mos < _POOR:
        yield POOR(mos=round(seen.mos, 1))


def _sides(one: Stream, other: Stream, seconds: int) -> Iterator[Finding]:
    quiet, loud = sorted((one, other), key=lambda side: side.packets)
    if not loud.packets:
        yield NO_MEDIA(one=one.source, other=other.source, seconds=seconds)
    elif not quiet.packets:
        # Whoever holds a call is quiet for a while; whoever never sent anything does not hold it.
        tag = STOPPED if quiet.sent else ONE_WAY
        yield tag(silent=quiet.source, heard=loud.source, packets=loud.packets, seconds=seconds)
    else:
        for side in (one, other):
            lost = (side.wanted or 0) - side.packets
            if side.wanted and lost > _SLACK and lost * 50 >= side.wanted:
                yield GAPS(
                    source=side.source,
                    percent=round(100 * lost / side.wanted),
                    got=side.packets,
                    wanted=side.wanted,
                    seconds=seconds,
                )


def _ports(seen: MediaRelay) -> Iterator[Finding]:
    if seen.free is None:
        return
    everything = seen.high - seen.low + 1
    facts: dict[str, Any] = {"free": seen.free, "all": everything, "low": seen.low, "high": seen.high}
    if seen.free < 4:
        yield NO_PORTS(**facts)
    elif seen.free * 10 < everything:
        yield FEW_PORTS(**facts)


@collector(
    "voip.rtpengine",
    asks=(
        "Does the voice of running calls go both ways, and has the media relay room for more?",
        "Geht die Sprache laufender Gespräche in beide Richtungen, und hat das Media-Relay Platz für weitere?",
    ),
    judge=judge,
    role="rtpengine",
)
async def rtpengine(host: Shell) -> MediaRelay:
    """Read totals and running calls twice. It needs no rights beyond reaching the control port on the host itself."""
    first = await _totals(host)
    if first is None:
        return MediaRelay(is_running=False)
    calls = _calls((await _said(host, "list", "sessions", "all"))[0])[:_MOST_CALLS]
    if not calls:
        low, high, free = _room(first[0])
        return MediaRelay(is_running=True, free=free, low=low, high=high)
    before = {call: await _call(host, call) for call in calls}
    await host.pause(_WAIT)
    after = {call: await _call(host, call) for call in calls}
    last = await _totals(host)
    if last is None:
        return MediaRelay(is_running=False)
    (was, began), (now, ended) = first, last
    low, high, free = _room(now)
    return MediaRelay(
        is_running=True,
        seconds=max(0.0, ended - began),
        streams=tuple(one for call in calls for one in _grown(call, before[call], after[call])),
        free=free,
        low=low,
        high=high,
        mos=_rated(was, now),
        rejected=max(
            0,
            _number(now, "totalstatistics", "rejectedsessions")
            - _number(was, "totalstatistics", "rejectedsessions"),
        ),
    )


async def _said(host: Shell, *words: str) -> tuple[str, float]:
    """What rtpengine says, and the agent's time then; '' when nobody listens there."""
    ran = await first_of(host, _CTL, *words)
    if ran.code and "cannot connect" in f"{ran.stderr}{ran.stdout}".lower():
        return "", 0.0
    if ran.code or "\x00" in ran.stdout or "\x1b" in ran.stdout:
        raise unparsable(
            f"rtpengine-ctl {' '.join(words)} failed with status {ran.code}", ran.stderr or ran.stdout
        )
    return ran.stdout, ran.began.timestamp()


async def _totals(host: Shell) -> tuple[dict[str, Any], float] | None:
    """None when rtpengine does not run."""
    text, at = await _said(host, "list", "jsonstats")
    if not text:
        if await is_running(host, "rtpengine"):
            raise unparsable("rtpengine runs, and has no control port: set listen-cli")
        return None
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise unparsable("rtpengine's totals are no JSON", text) from None
    if not isinstance(found, dict) or not isinstance(found.get("totalstatistics"), dict):
        raise unparsable("rtpengine shows no totals", text)
    return found, at


def _number(totals: Mapping[str, Any], part: str, name: str) -> int:
    value = totals.get(part, {}).get(name, 0) if isinstance(totals.get(part), dict) else 0
    return int(value) if isinstance(value, int | float) else 0


def _rated(was: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """The mean of what was rated between the two looks; None when nothing was."""
    before, after = was.get("mos"), now.get("mos")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    try:
        count = int(after["mos_samples_total"]) - int(before["mos_samples_total"])
        total = float(after["mos_total"]) - float(before["mos_total"])
    except (KeyError, TypeError, ValueError):
        return None
    return total / count if count > 0 else None


def _room(totals: Mapping[str, Any]) -> tuple[int, int, int | None]:
    """First and last port, and how many are free, of the interface with the fewest."""
    found: list[tuple[int, int, int]] = []
    interfaces = totals.get("interfaces")
    for one in interfaces if isinstance(interfaces, list) else []:
        ports = one.get("ports") if isinstance(one, dict) else None
        try:
            found.append((int(ports["free"]), int(ports["min"]), int(ports["max"])) if ports else (0, 0, -1))
        except (KeyError, TypeError, ValueError):
            raise unparsable("an interface of rtpengine has no ports", str(one)) from None
    real = [one for one in found if one[2] >= one[1]]
    if not real:
        return 0, 0, None
    free, low, high = min(real)
    return low, high, free


def _calls(text: str) -> list[str]:
    return [found[1] for line in text.splitlines() if (found := _CALL.fullmatch(line.strip()))]


@dataclass(frozen=True, slots=True)
class _Look:
    """One side of a call at one moment."""

    packets: int
    bytes: int
    codec: str
    at: float


async def _call(host: Shell, call: str) -> dict[str, _Look]:
    """What came so far, by whom it came from; nothing of a call that is over, or with more than two sides."""
    text, at = await _said(host, "list", "sessions", call)
    found: dict[str, _Look] = {}
    codec, kind = "", ""
    for line in text.splitlines():
        if media := _MEDIA.match(line.strip()):
            codec, kind = media["codec"], media["kind"]
        elif (port := _PORT.fullmatch(line.strip())) and not port["rtcp"] and kind == "audio":
            if port["peer"] in found:
                return {}
            found[plain(port["peer"], 60)] = _Look(int(port["packets"]), int(port["bytes"]), codec, at)
    return found if len(found) == 2 else {}


def _grown(call: str, before: Mapping[str, _Look], after: Mapping[str, _Look]) -> Sequence[Stream]:
    if before.keys() != after.keys():
        return ()
    return [
        Stream(
            call=plain(call, 80),
            source=source,
            packets=max(0, now.packets - before[source].packets),
            wanted=_wanted(before[source], now),
            sent=before[source].packets,
        )
        for source, now in after.items()
    ]


def _wanted(was: _Look, now: _Look) -> int | None:
    """Packets that speech without pauses makes, with as much of it a packet as came in these."""
    speech, packets = _SPEECH.get(now.codec), now.packets - was.packets
    if speech is None or packets <= 0:
        return None
    payload = (now.bytes - was.bytes) / packets - _RTP_HEADER
    return round((now.at - was.at) * speech / payload) if payload > 0 else None
