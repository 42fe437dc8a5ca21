r"""Does a Windows controller replicate SYSVOL, and if not, whom does it wait for? Asked of DFSR on the controller itself.

DfsrReplicatedFolderInfo.State and DfsrMachineConfig.MaxOfflineTimeInDays are DFSR's WMI classes (root\MicrosoftDFS, in
Microsoft's "DFSR WMI Provider Reference"). The registry's `Local State` is the migration from FRS as dfsrmig keeps it
("SYSVOL Migration Guide: FRS to DFS Replication"), SysvolReady is Netlogon's. Events are of the log DFS Replication:
2212 a dirty shutdown, 2213 it waits for a person (KB 2846759), 2214 recovered, 4012 away for too long, 4614 waiting
for its first copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime, TypeAdapter

from collectors import Finding, Kind, Powershell, Script, Unanswered, collector, fault, note, warn
from collectors.ad.windows import read_as

__all__ = ["SysvolState", "sysvol_state"]

IN_ERROR = fault(
    "ad.sysvol-not-replicating",
    "DFSR has stopped the replication of SYSVOL (state {state}, error {error})",
    "DFSR hat die Replikation von SYSVOL beendet (Zustand {state}, Fehler {error})",
    do=(
        "Read the log DFS Replication for its last error (4004, 4012, 2104 …), and put that right.",
        "Im Protokoll DFS Replication den letzten Fehler lesen (4004, 4012, 2104 …) und ihn beheben.",
    ),
)
DIRTY = fault(
    "ad.sysvol-dirty-shutdown",
    "after a dirty shutdown on {at} UTC, DFSR waits for a person before it replicates SYSVOL again (event 2213)",
    "nach einem unsauberen Herunterfahren am {at} UTC wartet DFSR auf einen Menschen, bevor es SYSVOL weiter repliziert (Ereignis 2213)",
    do=(
        "Copy SYSVOL aside, then run the method ResumeReplication that event 2213 names with its volume.",
        "SYSVOL wegkopieren, dann die Methode ResumeReplication ausführen, die das Ereignis 2213 mit dem Volume nennt.",
    ),
)
STALE = fault(
    "ad.sysvol-offline-too-long",
    "DFSR takes its copy of SYSVOL for stale: it was apart from the others for more than {days} days (event 4012)",
    "DFSR hält seine Kopie von SYSVOL für veraltet: sie war länger als {days} Tage von den anderen getrennt (Ereignis 4012)",
    do=(
        "Compare SYSVOL with another controller's, keep what is newer here, then restore it non-authoritatively (D2).",
        "SYSVOL mit dem eines anderen Controllers vergleichen, Neueres sichern, dann nicht autoritativ herstellen (D2).",
    ),
)
WAITING = fault(
    "ad.sysvol-waits-for-first-copy",
    "the controller still waits for its first copy of SYSVOL",
    "der Controller wartet noch auf seine erste Kopie von SYSVOL",
    do=(
        "See in the log DFS Replication from which partner (event 4614), and whether DFSR runs there and replicates.",
        "Im Protokoll DFS Replication nachsehen, von welchem Partner (4614), und ob DFSR dort läuft und repliziert.",
    ),
)
FILLING = note(
    "ad.sysvol-being-filled",
    "the controller is just getting its first copy of SYSVOL",
    "der Controller bekommt gerade seine erste Kopie von SYSVOL",
)
NOT_YET = warn(
    "ad.sysvol-not-yet-replicating",
    "DFSR does not replicate SYSVOL yet (state {state})",
    "DFSR repliziert SYSVOL noch nicht (Zustand {state})",
    do=(
        "Ask again in half an hour; what stays so is told in the log DFS Replication.",
        "In einer halben Stunde noch einmal fragen; was so bleibt, steht im Protokoll DFS Replication.",
    ),
)
UNKNOWN = fault(
    "ad.sysvol-unknown-to-dfsr",
    "DFSR knows nothing of SYSVOL on this controller",
    "DFSR weiß auf diesem Controller nichts von SYSVOL",
    do=(
        "Does SYSVOL still replicate by FRS? Migrate it (dfsrmig). Else look for the controller's DFSR subscription.",
        "Repliziert SYSVOL noch mit FRS? Migrieren (dfsrmig). Sonst das DFSR-Abonnement des Controllers suchen.",
    ),
)
MIGRATING = warn(
    "ad.sysvol-migration-unfinished",
    "the migration of SYSVOL from FRS to DFSR is not finished (state {state} of 3)",
    "die Migration von SYSVOL von FRS zu DFSR ist nicht beendet (Zustand {state} von 3)",
    do=(
        "Finish it (dfsrmig /getmigrationstate, then /setglobalstate 3): newer Windows Servers cannot join before.",
        "Beenden (dfsrmig /getmigrationstate, dann /setglobalstate 3): vorher kommt kein neuerer Windows-Server hinzu.",
    ),
)
NOT_SHARED = fault(
    "ad.sysvol-not-shared",
    "the controller does not share SYSVOL, so clients get neither policies nor scripts from it (SysvolReady is not 1)",
    "der Controller gibt SYSVOL nicht frei, Clients bekommen von ihm weder Richtlinien noch Skripte (SysvolReady ist nicht 1)",
    do=(
        "It shares SYSVOL by itself when the first copy is complete; do not set SysvolReady by hand before that.",
        "Er gibt SYSVOL selbst frei, wenn die erste Kopie vollständig ist; SysvolReady vorher nicht von Hand setzen.",
    ),
)
NO_LIMIT = note(
    "ad.sysvol-offline-limit-off",
    "DFSR replicates from here however long the controller was away (MaxOfflineTimeInDays is 0)",
    "DFSR repliziert von hier, wie lange der Controller auch fort war (MaxOfflineTimeInDays ist 0)",
)

_DIRTY, _WAITS, _RECOVERED, _STALE, _FIRST = 2212, 2213, 2214, 4012, 4614
EVENTS = ("2212", "2213", "2214", "4012", "4614")
_NORMAL, _ERROR = 4, 5
_ELIMINATED = 3
# What a first copy may take before somebody should look.
_PATIENCE = timedelta(minutes=30)
_SCRIPT = Script.lying_in("collectors.ad", "sysvol_state.ps1")


@dataclass(frozen=True, slots=True, kw_only=True)
class SysvolState:
    """state, error: of DFSR for SYSVOL, None when it knows none. migration: 0 to 3, None when there never was one.

    offline: days that a copy may be away, 0 for ever. ready: that Netlogon shares it. now: the controller's clock.
    last: by its number, when an event was last written.
    """

    state: int | None
    error: int
    migration: int | None
    offline: int
    ready: bool
    now: AwareDatetime
    last: Mapping[int, AwareDatetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    ready: int | None
    migration: int | None
    offline: int
    now: AwareDatetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    state: int
    error: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    event: int
    at: AwareDatetime


_READ = TypeAdapter(tuple[_Machine | _Folder | _Event, ...])


def judge(seen: SysvolState) -> Iterator[Finding]:
    is_migrating = seen.migration is not None and seen.migration < _ELIMINATED
    waits = seen.last.get(_WAITS)
    if waits is not None and all(waits > seen.last.get(one, _NEVER) for one in (_DIRTY, _RECOVERED)):
        yield DIRTY(at=f"{waits:%Y-%m-%d %H:%M}")
    elif seen.state not in {None, _NORMAL} and _STALE in seen.last:
        yield STALE(days=seen.offline)
    else:
        yield from _state(seen, is_migrating=is_migrating)
    if is_migrating:
        yield MIGRATING(state=seen.migration or 0)
    if not seen.ready:
        yield NOT_SHARED()
    if not seen.offline:
        yield NO_LIMIT()


_NEVER = datetime.fromisoformat("1601-01-01T00:00:00+00:00")


def _state(seen: SysvolState, *, is_migrating: bool) -> Iterator[Finding]:
    match seen.state:
        case None if not is_migrating:
            yield UNKNOWN()
        case None | 4:
            pass
        case 5:
            yield IN_ERROR(state=_ERROR, error=seen.error)
        case 2:
            began = seen.last.get(_FIRST)
            yield FILLING() if began is not None and seen.now - began < _PATIENCE else WAITING()
        case state:
            yield NOT_YET(state=state)


@collector(
    "ad.sysvol-state",
    asks=("Does a Windows controller replicate SYSVOL?", "Repliziert ein Windows-Controller SYSVOL?"),
    judge=judge,
    platform="windows",
    role="domain-controller",
)
async def sysvol_state(host: Powershell) -> SysvolState:
    """What DFSR says of itself. Its classes answer only while it runs, and only to administrators."""
    found = read_as(_READ, await host.objects(_SCRIPT, events=EVENTS))
    machine = next((one for one in found if isinstance(one, _Machine)), None)
    folders = [one for one in found if isinstance(one, _Folder)]
    if machine is None or len(folders) > 1:
        raise Unanswered(Kind.UNPARSABLE, "the host says something else than it was asked for")
    folder = folders[0] if folders else None
    return SysvolState(
        state=folder.state if folder else None,
        error=folder.error if folder else 0,
        migration=machine.migration,
        offline=machine.offline,
        ready=machine.ready == 1,
        now=machine.now,
        last={one.event: one.at for one in found if isinstance(one, _Event)},
    )
