"""What has the kernel of this host complained about in the last 24 hours?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell, Tag, collector, fault, note, warn
from collectors.linux.kernel_log import HOURS, kernel_log
from collectors.linux.output import plain

_EN, _DE = " {count} times in {hours} hours, last: {line}", " {count} Mal in {hours} Stunden, zuletzt: {line}"
IO_ERROR = fault(
    "linux.kernel-io-error",
    "the kernel could not read or write a disk" + _EN,
    "der Kernel konnte eine Platte nicht lesen oder schreiben:" + _DE,
    do=(
        "Save the data, then check the disk (SMART) and its cable.",
        "Daten sichern, dann die Platte (SMART) und ihren Anschluss prüfen.",
    ),
)
FILESYSTEM_ERROR = fault(
    "linux.kernel-filesystem-error",
    "the kernel found a damaged file system" + _EN,
    "der Kernel fand ein beschädigtes Dateisystem:" + _DE,
    do=(
        "Save the data and check the file system unmounted.",
        "Daten sichern und das Dateisystem ausgehängt prüfen.",
    ),
)
HUNG_TASK = fault(
    "linux.kernel-hung-task",
    "the kernel saw a process or processor stuck" + _EN,
    "der Kernel sah einen Prozess oder Prozessor festhängen:" + _DE,
    do=(
        "Look for slow storage or an overloaded virtualisation host.",
        "Nach langsamen Datenträgern oder einem überlasteten Virtualisierungshost suchen.",
    ),
)
HARDWARE_ERROR = fault(
    "linux.kernel-hardware-error",
    "the hardware reported errors" + _EN,
    "die Hardware meldete Fehler:" + _DE,
    do=(
        "Read the machine's own event log and replace the part.",
        "Das Ereignisprotokoll der Maschine lesen und das Teil tauschen.",
    ),
)
HARDWARE_CORRECTED = warn(
    "linux.kernel-hardware-corrected",
    "the hardware reported errors that it corrected itself" + _EN,
    "die Hardware meldete Fehler, die sie selbst behob:" + _DE,
    do=(
        "Read the machine's own event log; when they grow in number, replace the part (often a memory module).",
        "Das Ereignisprotokoll der Maschine lesen; mehren sie sich, das Teil tauschen (oft ein Speichermodul).",
    ),
)
CONNTRACK_FULL = fault(
    "linux.conntrack-full",
    "the table of connections is full, new ones are dropped" + _EN,
    "die Verbindungstabelle ist voll, neue Verbindungen werden verworfen:" + _DE,
    do=(
        "Find who opens so many connections, then raise nf_conntrack_max.",
        "Klären, wer so viele Verbindungen öffnet, dann nf_conntrack_max erhöhen.",
    ),
)
LINK_FLAPPING = warn(
    "linux.link-flapping",
    "the link of {interface} was lost" + _EN,
    "der Link von {interface} ging verloren:" + _DE,
    do=(
        "Check cable, transceiver and switch port of {interface}.",
        "Kabel, Transceiver und Switchport von {interface} prüfen.",
    ),
)
SHARE_SILENT = fault(
    "linux.network-share-silent",
    "the file server {server} does not answer this host" + _EN,
    "der Dateiserver {server} antwortet diesem Host nicht:" + _DE,
    do=(
        "Check {server} and the way to it; processes that use its share hang until it answers.",
        "{server} und den Weg dorthin prüfen; Prozesse, die seine Freigabe benutzen, hängen bis dahin.",
    ),
)
CRASHED = note(
    "linux.process-crashed",
    "the process {process} crashed" + _EN,
    "der Prozess {process} stürzte ab:" + _DE,
)
# Empty floppy and CD drives of virtual machines complain without meaning; so do loop and zram devices that go.
_IDLE = r"(?!fd\d|sr\d|loop\d|zram\d)"
_SIGNS: tuple[tuple[Tag, re.Pattern[str]], ...] = (
    (
        IO_ERROR,
        re.compile(
            # Disks that cannot discard or zero blocks refuse it, and nothing is lost.
            rf"(?:I/O|critical (?:medium|target|space allocation|nexus)|device offline|timeout|protection) error,"
            rf" dev {_IDLE}(?!.* op 0x[39]:)|Buffer I/O error on (?:dev|device) {_IDLE}|Unrecovered read error"
            rf"|^ata\d+(?:\.\d+)?: (?:failed command|exception Emask)|^nvme.* I/O .*timeout"
            rf"|^(?!.* dev(?:ice)? (?:loop|zram)\d).*lost async page write|^md/raid[\w:]*: Disk failure on"
        ),
    ),
    (
        FILESYSTEM_ERROR,
        re.compile(
            r"^EXT[234]-fs error|^EXT[234]-fs (?:\([^)]*\): )?(?:Remounting filesystem read-only|error count since"
            r"|warning: mounting fs with errors)|^JBD2: .*(?:[Ee]rror|abort)|^Aborting journal"
            r"|^XFS \([^)]*\): .*(?:[Cc]orrupt|I/O [Ee]rror|Shutting down filesystem|has been shut down)"
            r"|^BTRFS:? (?:error|critical)|^BTRFS (?:info|warning) .*(?:csum failed|forced readonly)"
            r"|^FAT-fs .*(?:error|Filesystem has been set read-only)|^F2FS-fs .*(?:corrupt|inconsistent)"
            r"|^WARNING: Pool '.*' has encountered an uncorrectable I/O failure"
        ),
    ),
    (
        HUNG_TASK,
        re.compile(
            r"blocked for more than \d+ seconds|soft lockup - CPU|hard LOCKUP|detected stalls? on|self-detected stall"
        ),
    ),
    (
        HARDWARE_ERROR,
        re.compile(
            r"Machine check events logged|\[Hardware Error\]: .*(?:Uncorrected|Machine Check|severity: (?:fatal|recov))"
            r"|^EDAC \S+: \d+ UE |PCIe Bus Error: severity=(?:Unc|Fatal)|^Memory failure: 0x"
            r"|^NMI: (?:PCI system|IOCK) error"
        ),
    ),
    (
        HARDWARE_CORRECTED,
        re.compile(r"^EDAC \S+: \d+ CE |\[Hardware Error\]: .*(?:severity: corrected|Corrected error)"),
    ),
    (CONNTRACK_FULL, re.compile(r"nf_conntrack: table full")),
)
# The kernel says this of errors of both sorts; beside one that was corrected it speaks of that.
_EITHER = "Machine check events logged"
# 'ata3: SATA link down' is a socket without a disk.
_LINK = re.compile(
    r"(?:^|\s)(?=[\w.@-]*[A-Za-z])(?!SATA )([\w.@-]{1,15}):? (?:NIC )?(?:Copper )?[Ll]ink (?:is )?[Dd]own\b"
)
# Of a hard mount; the kernel also says when the server is back.
_SHARE = re.compile(r"^nfs: server (\S{1,80}) (?:not responding, still trying|OK)$")
_CRASH = re.compile(r"(?:^traps: )?(\S{1,15})\[\d+\]:? (?:segfault at|general protection|trap )")
_FLAPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Messages of one sort: how many, and the last one. about: the interface, server or process concerned."""

    sort: str
    count: int
    line: str
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelLog:
    """lines: how many messages of the last 24 hours were read."""

    lines: int
    complaints: tuple[Complaint, ...]


_BY_NAME = {tag.name: tag for tag, _ in _SIGNS}


def judge(seen: KernelLog) -> Iterator[Finding]:
    for one in seen.complaints:
        if one.sort in _BY_NAME:
            yield _BY_NAME[one.sort](count=one.count, line=one.line, hours=HOURS)
        elif one.sort == LINK_FLAPPING.name and one.count >= _FLAPS:
            yield LINK_FLAPPING(interface=one.about, count=one.count, line=one.line, hours=HOURS)
        elif one.sort == SHARE_SILENT.name and not one.line.endswith(" OK"):
            yield SHARE_SILENT(server=one.about, count=one.count, line=one.line, hours=HOURS)
        elif one.sort == CRASHED.name:
            yield CRASHED(process=one.about, count=one.count, line=one.line, hours=HOURS)


@collector(
    "linux.kernel",
    asks=("Does the kernel complain?", "Meldet der Kernel Störungen?"),
    judge=judge,
    platform="linux",
)
async def kernel(host: Shell) -> KernelLog:
    """Read the kernel's log of a day and sort its complaints."""
    log = await kernel_log(host)
    counts: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], str] = {}
    corrected = any(sort == HARDWARE_CORRECTED.name for line in log for sort, _ in _sorts(line))
    for line in log:
        if corrected and _EITHER in line:
            continue
        for sort in _sorts(line):
            counts[sort] += 1
            last[sort] = plain(line)
    return KernelLog(
        lines=len(log),
        complaints=tuple(
            Complaint(sort=sort, about=about, count=count, line=last[sort, about])
            for (sort, about), count in counts.items()
        ),
    )


def _sorts(line: str) -> Iterator[tuple[str, str]]:
    yield from ((tag.name, "") for tag, sign in _SIGNS if sign.search(line))
    if match := _LINK.search(line):
        yield LINK_FLAPPING.name, plain(match[1])
    if match := _SHARE.search(line):
        yield SHARE_SILENT.name, plain(match[1])
    if match := _CRASH.search(line):
        yield CRASHED.name, plain(match[1])
