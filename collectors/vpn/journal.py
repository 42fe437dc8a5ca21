"""What did a service write into its log within a day? The journal's own form (systemd.journal-fields(7)), one object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass

from collectors import Kind, Shell, Unanswered
from collectors.vpn.rights import NOT_FOUND, is_denied

__all__ = ["Entry", "entries"]

_MOST = "4000"
_HIDDEN = ("you are currently not seeing", "no journal files were")
_FIELDS = "--output-fields=MESSAGE,_PID,_SYSTEMD_UNIT,IKE_SA_NAME,IKE_SA_UNIQUE_ID,SYSLOG_IDENTIFIER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """at: seconds since 1970 by the host's clock. pid, unit: who wrote it. sa, name: strongSwan's association, '' for none."""

    at: float
    text: str
    pid: str = ""
    unit: str = ""
    sa: str = ""
    name: str = ""


async def entries(host: Shell, *matches: str) -> tuple[Entry, ...] | None:
    """The last entries of 24 hours that fit, oldest first, at most 4000; None where the account may not read the journal.

    matches: as journalctl takes them, 'FIELD=value'.
    """
    for most in (_MOST, "1000"):
        try:
            ran = await host.run(
                "journalctl", "-o", "json", _FIELDS, "--no-pager", "-n", most, "--since=-24h", *matches
            )
        except Unanswered as reason:
            if reason.kind is not Kind.CUT_OFF:
                raise
            continue
        said = ran.stderr.lower()
        if ran.code in NOT_FOUND or is_denied(ran) or any(words in said for words in _HIDDEN):
            return None
        return tuple(entry for line in ran.stdout.splitlines() if (entry := _entry(line)))
    return None


def _entry(line: str) -> Entry | None:
    """One line; None for what is none, or says something in bytes that are no text."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    said = {key: value for key, value in told.items() if isinstance(value, str)}
    stamp = said.get("__REALTIME_TIMESTAMP", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 17) or "MESSAGE" not in said:
        return None
    return Entry(
        at=int(stamp) / 1e6,
        text=said["MESSAGE"][:2000],
        pid=said.get("_PID", ""),
        unit=said.get("_SYSTEMD_UNIT", ""),
        sa=said.get("IKE_SA_UNIQUE_ID", ""),
        name=said.get("IKE_SA_NAME", ""),
    )
