"""What else do Cisco's and Arista's switches say of their trees? Inconsistent ports, ports shut by themselves, mode, region.

Formats: Cisco "Catalyst 9300 Layer 2 Command Reference" (`show spanning-tree inconsistentports`, `… summary`, `… mst
configuration`), "Interface and Hardware Components Command Reference" (`show interfaces status err-disabled`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors.net.shows.cisco_table import instance_named
from collectors.net.shows.text import lines_of, unknown
from collectors.net.tree import CostMethod, ErrDisabled, Inconsistency, Protocol, Region

__all__ = ["Summary", "inconsistent", "region", "shut", "summarized", "uptime"]

_NAME = r"[A-Za-z][A-Za-z0-9-]*[0-9](?:[/.:][0-9]+)*"
_INCONSISTENT = re.compile(
    rf"(?:G[0-9]:)?(?:(?:VLAN|VL)0*(?P<vlan>[0-9]{{1,4}})|MST0*(?P<mst>[0-9]{{1,4}})) +(?P<port>{_NAME}) +(?P<why>\S.*)"
)
_COUNT = re.compile(r"Number of inconsistent ports \(segments\) in the system ?: ?(?P<count>[0-9]{1,6})")
_COLUMNS = re.compile(r"Name +Interface +Inconsistency")
_RULE = re.compile(r"-{4,}(?: +-{2,})+")
_WHY: tuple[tuple[str, Inconsistency], ...] = (
    ("root", "root"),
    ("loop", "loop"),
    ("type", "type"),
    ("vlan", "pvid"),
    ("pvid", "pvid"),
    ("pvst", "pvst"),
    ("bridge assurance", "bridge-assurance"),
    ("dispute", "dispute"),
)
_MODE = re.compile(r"Switch is in (?P<mode>pvst|rapid-pvst|mst|rstp|stp)(?: mode)?.*")
_METHOD = re.compile(
    r"(?:Configured )?Path ?cost method(?: used)? +(?:is )?(?P<method>short|long)(?: .*)?", re.IGNORECASE
)
_MODES: Mapping[str, Protocol] = {
    "pvst": "pvst",
    "rapid-pvst": "rapid-pvst",
    "mst": "mstp",
    "rstp": "rstp",
    "stp": "stp",
}
_REGION = re.compile(r"Name +\[(?P<name>[^\]]{0,32})\]")
_REVISION = re.compile(
    r"Revision +(?P<revision>[0-9]{1,5})(?: +Instances configured +(?P<count>[0-9]{1,4}))?"
)
_DIGEST = re.compile(r"(?:Digest|Configuration Digest:?) +0x(?P<digest>[0-9A-Fa-f]{32})")
_UPTIME = re.compile(r"(?:\S+ uptime is|Kernel uptime is|Uptime:) +(?P<said>[0-9][0-9a-z(), ]{3,120})")
_SPAN = re.compile(r"([0-9]{1,6}) (year|week|day|hour|minute|second)")
_SECONDS = {"year": 31_536_000, "week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_SHUT = re.compile(
    rf"(?P<port>{_NAME}) +(?:.* )?(?P<status>err-?disabled|down)(?: +(?P<cause>[A-Za-z].*?))?(?: +errDisabled?)?"
    r"(?: {2,}[0-9][0-9,-]*)?",
    re.IGNORECASE,
)
_SHUT_COLUMNS = re.compile(r"(?:Port|Interface) +Name +Status +Reason(?: +.*)?|-{20,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """protocol: the mode of the switch; cost_method: '' where it is not told."""

    protocol: Protocol = "unknown"
    cost_method: CostMethod = ""


def inconsistent(text: str) -> Mapping[tuple[str, str], Inconsistency]:
    """Why a port is held back, by instance and by the name of the port. Raises Unanswered for a row that is not known."""
    found: dict[tuple[str, str], Inconsistency] = {}
    count: int | None = None
    for line in filter(None, lines_of(text)):
        if row := _INCONSISTENT.fullmatch(line):
            name = instance_named(row["vlan"], row["mst"])
            found[name, row["port"]] = _why(row["why"])
        elif told := _COUNT.fullmatch(line):
            count = int(told["count"])
        elif not (_COLUMNS.fullmatch(line) or _RULE.fullmatch(line)):
            raise unknown("a row of inconsistent ports is not known", line)
    if count is not None and count < len(found):
        raise unknown("more inconsistent ports than are counted", text)
    if count is None or (count and not found):
        raise unknown("the inconsistent ports do not come to their end", text)
    return found


def _why(text: str) -> Inconsistency:
    said = text.lower()
    return next((why for word, why in _WHY if word in said), "other")


def summarized(text: str) -> Summary:
    """Read the switch's mode and how it counts costs; the many further lines are not wanted."""
    protocol, method = Summary().protocol, Summary().cost_method
    for line in lines_of(text):
        if (mode := _MODE.fullmatch(line)) and protocol == "unknown":
            protocol = _MODES[mode["mode"]]
        elif found := _METHOD.fullmatch(line):
            method = "short" if found["method"].lower() == "short" else "long"
    return Summary(protocol=protocol, cost_method=method)


def region(text: str) -> Region | None:
    """Read name, revision and, where it is told, digest; None where the switch is in no region."""
    name = revision = None
    digest = ""
    for line in lines_of(text):
        if found := _REGION.fullmatch(line):
            name = found["name"]
        elif found := _REVISION.fullmatch(line):
            revision = int(found["revision"])
        elif found := _DIGEST.fullmatch(line):
            digest = found["digest"].lower()
    if name is None or revision is None:
        return None
    return Region(name=name, revision=revision, digest=digest)


def shut(text: str) -> Iterator[ErrDisabled]:
    """The ports that the switch shut by itself. Raises Unanswered for a row that is not known."""
    for line in filter(None, lines_of(text)):
        if row := _SHUT.fullmatch(line):
            yield ErrDisabled(port=row["port"], cause=(row["cause"] or "").strip())
        elif not (_SHUT_COLUMNS.fullmatch(line) or _RULE.fullmatch(line)):
            raise unknown("a row of ports that were shut is not known", line)


def uptime(text: str) -> float | None:
    """How long the switch runs, in seconds; None where `show version` does not say it in these words.

    >>> uptime("sw1 uptime is 1 week, 2 days, 3 hours, 4 minutes"), uptime("Kernel uptime is 12 day(s), 3 hour(s), 4 minute(s), 5 second(s)")
    (788640.0, 1047845.0)
    """
    for line in text.splitlines():
        if (found := _UPTIME.search(line)) and (spans := _SPAN.findall(found["said"])):
            return float(sum(int(count) * _SECONDS[unit] for count, unit in spans))
    return None
