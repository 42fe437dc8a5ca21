"""What can be wrong with what the directory keeps for DNS? A zone for anybody, and old records."""

from __future__ import annotations

import base64
import datetime as dt
import struct
from collections.abc import Callable

from tests.faults.fault import Fault
from tests.lab import ad
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS
from tests.lab.tools import until

__all__ = ["FAULTS"]

_DC1 = DCS[0].id
_ZONE = f"DC={AD_ZONE},CN=MicrosoftDNS,DC=DomainDnsZones,{ad.BASE}"
_SECURE, _ANYBODY = 2, 1
_GONE = tuple(f"pc-alt{number}" for number in range(1, 7))


def _property(kind: int, data: bytes) -> str:
    """A value of dNSProperty (MS-DNSP 2.3.2.1)."""
    return base64.b64encode(struct.pack("<5I", len(data), 0, 0, 1, kind) + data + b"\0").decode()


def _updates(mode: int) -> Callable[[Lab], None]:
    def change(lab: Lab) -> None:
        hours = struct.pack("<I", 168)
        values = (
            _property(0x01, struct.pack("<I", 1)),
            _property(0x02, bytes([mode])),
            _property(0x10, hours),
            _property(0x20, hours),
            _property(0x40, struct.pack("<I", 0)),
        )
        lines = "".join(f"dNSProperty:: {value}\n" for value in values)
        ad.modify(lab, _DC1, f"dn: {_ZONE}\nchangetype: modify\nreplace: dNSProperty\n{lines}", as_it_is=True)
        until("both have it", lambda: ad.alike(lab, _ZONE, "dNSProperty"), seconds=30, every=0.2)

    return change


def _is_for_anybody(lab: Lab) -> bool:
    """Read from both databases: samba-tool tells a fixed word for this."""
    wanted = _property(0x02, bytes([_ANYBODY]))
    return all(wanted in ad.values(lab, dc.id, _ZONE, "dNSProperty") for dc in DCS)


def _old_record(last: str) -> str:
    """A dnsRecord (MS-DNSP 2.3.2.2) of type A that was last refreshed half a year ago."""
    age = dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=180) - dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
    hours = int(age.total_seconds() // 3600)
    address = bytes(int(part) for part in last.split("."))
    head = struct.pack("<HHBBHI4s4sI", 4, 1, 5, 240, 0, 1, struct.pack(">I", 1200), b"\0" * 4, hours)
    return base64.b64encode(head + address).decode()


def _add_old(lab: Lab) -> None:
    ad.modify(
        lab,
        _DC1,
        "\n".join(
            f"dn: DC={name},{_ZONE}\nchangetype: add\nobjectClass: dnsNode\ndnsRecord:: {_old_record(f'10.77.1.{at}')}\n"
            for at, name in enumerate(_GONE, 200)
        ),
        as_it_is=True,
    )


def _remove_old(lab: Lab) -> None:
    ad.modify(
        lab, _DC1, "\n".join(f"dn: DC={name},{_ZONE}\nchangetype: delete\n" for name in _GONE), as_it_is=True
    )
    until("both are rid of them", lambda: not any(_has_old(lab, dc.id) for dc in DCS), seconds=30, every=0.2)


def _has_old(lab: Lab, dc: str) -> bool:
    return bool(ad.read(lab, dc, f"DC={_GONE[0]},{_ZONE}", "name"))


def _fault(
    name: str,
    tag: str,
    inject: Callable[[Lab], None],
    undo: Callable[[Lab], None],
    shows: Callable[[Lab], bool],
) -> Fault:
    return Fault(name=name, area="ad", host="", tags=(tag,), inject=inject, undo=undo, shows=shows)


FAULTS: tuple[Fault, ...] = (
    _fault(
        "ad-zone-for-anybody",
        "ad.zone-updates-insecure",
        _updates(_ANYBODY),
        _updates(_SECURE),
        _is_for_anybody,
    ),
    _fault("ad-records-old", "ad.records-stale", _add_old, _remove_old, lambda lab: _has_old(lab, _DC1)),
)
