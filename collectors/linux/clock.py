"""Is the clock of this host right, and does anything keep it right?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from collectors import About, Finding, Ran, Shell, collector, fault, note, survey, warn
from collectors.linux.output import aside, figure, is_missing, plain, printed, unparsable

OFF = fault(
    "linux.clock-off",
    "the clock is off by {offset} seconds (uncertain by {uncertain})",
    "die Uhr geht um {offset} Sekunden falsch (auf {uncertain} genau gemessen)",
    do=(
        "Set the clock and repair time synchronisation: logins, certificates and logs depend on it.",
        "Die Uhr stellen und die Zeitsynchronisation reparieren: Anmeldung, Zertifikate und Logs hängen daran.",
    ),
)
DRIFTING = warn(
    "linux.clock-drifting",
    "the clock is off by {offset} seconds (uncertain by {uncertain})",
    "die Uhr weicht um {offset} Sekunden ab (auf {uncertain} genau gemessen)",
    do=("Check time synchronisation.", "Die Zeitsynchronisation prüfen."),
)
UNSYNCHRONISED = warn(
    "linux.time-unsynchronised",
    "nothing keeps the clock right: {client} says '{state}'",
    "nichts hält die Uhr richtig: {client} sagt „{state}“",
    do=(
        "Check that a time client runs and reaches its servers (UDP port 123).",
        "Prüfen, ob ein Zeitdienst läuft und seine Server erreicht (UDP-Port 123).",
    ),
)
UNKNOWN = note(
    "linux.time-source-unknown",
    "nothing on the host says whether its clock is synchronised (off by {offset} seconds now)",
    "nichts auf dem Host sagt, ob seine Uhr synchronisiert wird (weicht jetzt um {offset} Sekunden ab)",
)
AGREE = fault(
    "linux.clocks-agree",
    "{count} synchronised hosts agree with each other and differ from the agent's clock by {offset} seconds: "
    "that clock is off, or the source of all of theirs ({hosts})",
    "{count} synchronisierte Hosts sind sich einig und weichen von der Uhr des Agenten um {offset} Sekunden ab: "
    "diese Uhr geht falsch, oder die Quelle all der anderen ({hosts})",
    do=(
        "Check the agent's clock first, then the time server that these hosts ask.",
        "Zuerst die Uhr des Agenten prüfen, dann den Zeitserver, den diese Hosts fragen.",
    ),
)
SOURCE_SILENT = warn(
    "linux.time-source-silent",
    "the time server {server} answers none of the {count} hosts that ask it ({hosts})",
    "der Zeitserver {server} antwortet keinem der {count} Hosts, die ihn fragen ({hosts})",
    do=(
        "See at {server} whether its time service runs, and what filters UDP port 123 on the way.",
        "Bei {server} prüfen, ob der Zeitdienst läuft, und was unterwegs UDP-Port 123 filtert.",
    ),
)
_DATE = re.compile(r"(\d{1,11})(?:\.(\d{9}|%?N?))?\s*")
_SYNCHRONISED = re.compile(r"(?mi)^ *(?:System clock|NTP) synchronized: (yes|no)$")
_SERVICE = re.compile(
    r"(?mi)^ *(?:NTP service|NTP enabled|Network time on|systemd-timesyncd\.service active): (.+)$"
)
_FAULT, _WARN = 60.0, 2.0
# So many synchronised hosts do not err alike by chance.
_ENOUGH = 3
# Seconds since the last measurement; a good line is measured at least every 17 minutes.
_STALE = 3 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What a time client says: its name, whether it keeps the clock, and its own words.

    silent: the servers that it asks and has not heard lately, where it keeps the clock by none.
    """

    client: str
    works: bool
    state: str
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """offset: seconds the host's clock is ahead of the agent's; uncertain: seconds either way.

    addresses: the host's own, at which others may ask it for the time.
    """

    offset: float
    uncertain: float
    sync: Sync | None
    addresses: tuple[str, ...] = ()


def judge(seen: Clock) -> Iterator[Finding]:
    surely = abs(seen.offset) - seen.uncertain
    offset, uncertain = _shown(seen.offset), _shown(seen.uncertain)
    if surely > _FAULT:
        yield OFF(offset=offset, uncertain=uncertain)
    elif surely > _WARN:
        yield DRIFTING(offset=offset, uncertain=uncertain)
    match seen.sync:
        case None:
            yield UNKNOWN(offset=_shown(seen.offset))
        case Sync(works=False):
            own = ", ".join(seen.addresses)
            yield UNSYNCHRONISED(client=seen.sync.client, state=seen.sync.state, addresses=own)
        case Sync():
            pass


def _differs(seen: Clock) -> bool:
    return abs(seen.offset) - seen.uncertain > _WARN


def _shown(seconds: float) -> float:
    return float(round(seconds)) if abs(seconds) >= 100 else round(seconds, 2)


@collector(
    "linux.clock",
    asks=("Is the clock right, and is it kept right?", "Geht die Uhr richtig, und wird sie gestellt?"),
    judge=judge,
    platform="linux",
)
async def clock(host: Shell, about: About) -> Clock:
    """Compare the host's clock with the agent's, and ask its time client."""
    ran = await host.run("date", "+%s.%N")
    shown = _DATE.fullmatch(printed(ran))
    if shown is None:
        raise unparsable("date printed no time", ran.stdout)
    exact = shown[2] is not None and shown[2].isdigit()
    host_time = int(shown[1]) + (int(shown[2]) / 1e9 if exact else 0.5)
    # The host looked at its clock at some moment between question and answer.
    offset = host_time - (ran.began.timestamp() + ran.took / 2)
    uncertain = ran.took / 2 + (0.0 if exact else 0.5)
    sync = await _sync(host, host_time)
    return Clock(offset=round(offset, 3), uncertain=round(uncertain, 3), sync=sync, addresses=about.addresses)


@survey("linux.clocks", over=clock)
def clocks(seen: Mapping[str, Clock]) -> Iterator[Finding]:
    """Tell an agent whose own clock is off from many hosts whose clocks are."""
    kept = {name: one for name, one in seen.items() if one.sync is not None and one.sync.works}
    offsets = sorted(one.offset for one in kept.values())
    if len(kept) < _ENOUGH or not all(map(_differs, kept.values())):
        return
    if offsets[-1] - offsets[0] <= _WARN + 2 * max(one.uncertain for one in kept.values()):
        middle = offsets[len(offsets) // 2]
        yield AGREE(count=len(kept), offset=_shown(middle), hosts=" ".join(sorted(kept)))


@survey("linux.time-sources", over=clock)
def time_sources(seen: Mapping[str, Clock]) -> Iterator[Finding]:
    """Tell a time server that is silent to all from hosts that have lost theirs."""
    lost = {name: one.sync.silent for name, one in seen.items() if one.sync is not None}
    for server in sorted({server for servers in lost.values() for server in servers}):
        hosts = sorted(name for name, servers in lost.items() if server in servers)
        if len(hosts) >= _ENOUGH:
            yield SOURCE_SILENT(server=server, count=len(hosts), hosts=" ".join(hosts))


async def _sync(host: Shell, host_time: float) -> Sync | None:
    """Ask chrony, then systemd, then the others: chrony knows best, the kernel's flag outlives its keeper."""
    chrony = _chrony(await host.run("chronyc", "-n", "-c", "tracking"), host_time)
    if chrony is not None and "daemon" not in chrony.state:
        silent = () if chrony.works else _unheard(await aside(host, "chronyc", "-n", "-c", "sources"))
        return replace(chrony, silent=silent)
    systemd = _systemd(await host.run("timeout", "8", "timedatectl"), keeper_gone=chrony is not None)
    if systemd is not None and systemd.works:
        return systemd
    other = _ntpd(await host.run("ntpq", "-pn")) or _openntpd(await host.run("ntpctl", "-s", "status"))
    if other is None and chrony is None and systemd is not None and await _is_container(host):
        # Its clock is its machine's, and so is whatever keeps it.
        return None
    return other or chrony or systemd


async def _is_container(host: Shell) -> bool:
    ran = await host.run("systemd-detect-virt", "--container")
    return ran.code == 0 and re.fullmatch(r"[a-z][a-z-]+\s*", ran.stdout) is not None


def _chrony(ran: Ran, host_time: float) -> Sync | None:
    if is_missing(ran):
        return None
    fields = ran.stdout.strip().split(",")
    if ran.code == 0 and len(fields) >= 14:
        state = plain(fields[-1], 60)
        last, interval = figure(fields[3]), figure(fields[-2])
        # chrony calls its clock normal for as long as it runs, however long its servers have been silent.
        if last > 0 and host_time - last > max(_STALE, 8 * interval):
            return Sync(client="chrony", works=False, state=f"{state}, Ref time {_moment(last)}")
        return Sync(client="chrony", works=state != "Not synchronised", state=state)
    said = plain(ran.stdout + " " + ran.stderr, 60)
    return Sync(client="chrony", works=False, state=said) if "daemon" in said else None


def _unheard(text: str) -> tuple[str, ...]:
    """Read lines like '^,?,10.77.1.16,0,4,0,…': servers of which none of the last eight answers came."""
    rows = [line.split(",") for line in text.splitlines() if line.startswith("^")]
    return tuple(plain(row[2]) for row in rows if len(row) > 5 and row[5] == "0")


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _systemd(ran: Ran, *, keeper_gone: bool) -> Sync | None:
    flag = _SYNCHRONISED.search(ran.stdout) if ran.code == 0 else None
    if flag is None:
        return None
    service = _SERVICE.search(ran.stdout)
    runs = service is not None and service[1] in ("active", "yes")
    works = flag[1] == "yes" and (runs or not keeper_gone)
    state = plain(flag[0] if flag[1] == "no" or service is None else service[0], 60)
    return Sync(client="timedatectl", works=works, state=state)


def _ntpd(ran: Ran) -> Sync | None:
    said = ran.stdout + ran.stderr
    if is_missing(ran) or ("=====" not in said and "Connection refused" not in said):
        return None
    works = any(line.startswith(("*", "o")) for line in ran.stdout.splitlines())
    return Sync(
        client="ntpd", works=works, state="*" if works else plain(ran.stderr or "no peer selected", 60)
    )


def _openntpd(ran: Ran) -> Sync | None:
    """Read a line like '4/4 peers valid, clock synced, stratum 3'."""
    said = re.search(r"clock (un)?synced.*", ran.stdout) if ran.code == 0 else None
    return said and Sync(client="openntpd", works=not said[1], state=plain(said[0], 60))
