"""What did Musterbau sign? The lab's contract, with the real host keys, and the agent's key files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from inventory.contract import Contract
from tests.lab import ad, routers, samba, signed, switches, tunnels, voice
from tests.lab.hosts import host_key, public_key
from tests.lab.places import (
    AD_ZONE,
    DCS,
    DNS1,
    DNS2,
    DNS3,
    DNS4,
    EDGE,
    FS1,
    GATES,
    GATEWAY,
    HOSTS,
    HR1,
    PBX,
    REC1,
    REGISTRY,
    REVERSE,
    RING,
    ROUTERS,
    SIGNED,
    SPLIT,
    TRIANGLE,
    USER,
    ZONE,
    Box,
    Place,
)
from tests.lab.records import SELECTOR
from tests.lab.tools import run
from tests.law import set_up

__all__ = ["contract", "write"]

_ROLES = {
    "web1": ["web"],
    "web2": ["web"],
    "app1": ["app"],
    "db1": ["database"],
    "file1": ["files"],
    "mgmt1": ["time"],
    PBX.id: ["pbx", "kamailio", "rtpengine"],
    **{box.id: ["domain-controller", "dns-server"] for box in DCS},
    FS1.id: ["domain-member"],
    **{box.id: ["gateway"] for box in GATES},
}
# What was bought at the narrow line, and the calls that go over it.
_UPLINK = {"port": routers.LINE[1], "mbits": 2, "calls": 5}


def write(place: Place) -> None:
    """Write the contract and the credentials, and a settings folder for the product."""
    folder = place.credentials
    folder.mkdir(parents=True, exist_ok=True)
    for path in (place.home, folder):
        path.chmod(0o700)
    for box in (*HOSTS, *TRIANGLE, *ROUTERS, *EDGE):
        _credential(folder / f"{box.id}.key")
    for box in HOSTS:
        _credential(folder / f"{box.id}.change.key")
    document = contract(place)
    Contract.model_validate(document)
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
    place.contract.write_text(f"# The contract of the lab's customer, made by tests.lab.\n{text}", "utf-8")
    set_up(place.home, place.contract)


def _credential(file: Path) -> None:
    if not file.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{USER}@agent", "-f", str(file))


def _ssh(place: Place, box: Box) -> dict[str, Any]:
    return {
        "user": USER,
        "credential": f"file:{box.id}.key",
        "host_keys": [public_key(host_key(place, f"{box.id}.host"))],
    }


def _linux(place: Place, box: Box) -> dict[str, Any]:
    return {
        "id": box.id,
        "name": box.name,
        "addresses": [box.address],
        "site": "koeln-ad" if box in (*DCS, FS1) else "koeln",
        "environment": "voice" if box == PBX else "server",
        "roles": ["linux", *_ROLES.get(box.id, [])],
        "platform": "linux",
        "ssh": {**_ssh(place, box), "change": {"user": "root", "credential": f"file:{box.id}.change.key"}},
        **({"dns": {"port": 53}, "directory": _directory(place)} if box in DCS else {}),
        **tunnels.reach_of(box.id),
        **({"registrar": voice.contract_part(), "sip": voice.reach(place)} if box == PBX else {}),
    }


def _directory(place: Place) -> dict[str, Any]:
    return {
        "domain": AD_ZONE,
        "user": f"{ad.READER}@{AD_ZONE}",
        "credential": "file:ad.password",
        "authorities": [samba.authority_of(place).root.read_text("ascii")],
        "client_ports": [53, 88, 135, 389, 445, 464, 636, 3268, 3269],
    }


def _dns(box: Box) -> dict[str, Any]:
    return {
        "id": box.id,
        "name": box.name,
        "addresses": [box.address],
        "site": "koeln",
        "environment": "server",
        "roles": ["dns-server"],
        "platform": "dns",
        "dns": {"port": 53},
    }


def _device(box: Box, role: str, platform: str, site: str = "koeln-netz", **reach: object) -> dict[str, Any]:
    return {
        "id": box.id,
        "name": box.name,
        "addresses": [box.address],
        "site": site,
        "environment": "network",
        "roles": [role],
        "platform": platform,
        **reach,
    }


def contract(place: Place) -> dict[str, Any]:
    """The contract as plain data; `hr1` is in the inventory and no clause covers it."""
    today = dt.datetime.now(tz=dt.UTC).date()
    return {
        "contract": "MB-2026-017",
        "customer": "musterbau",
        "name": "Musterbau GmbH",
        "revision": 1,
        "valid": {
            "from": (today - dt.timedelta(days=30)).isoformat(),
            "until": (today + dt.timedelta(days=700)).isoformat(),
        },
        "timezone": "Europe/Berlin",
        "language": "de",
        "contacts": [
            {
                "id": "weber",
                "name": "Karin Weber",
                "email": "karin.weber@musterbau.test",
                "approves": ["change", "report"],
            },
            {"id": "it", "name": "IT Musterbau", "email": "it@musterbau.test", "approves": ["report"]},
        ],
        "sites": _sites(),
        "hosts": [
            *(_linux(place, box) for box in HOSTS),
            *map(_dns, (DNS1, DNS2, DNS3, DNS4, REC1)),
            *(_device(box, "switch", "linux", snmp=switches.contract_part(box.id)) for box in RING),
            *(_device(box, "switch", "linux", "koeln-rz", ssh=_ssh(place, box)) for box in TRIANGLE),
            *(_device(box, "router", "frr", ssh=_ssh(place, box)) for box in ROUTERS),
            _device(EDGE[0], "router", "linux", ssh=_ssh(place, EDGE[0]), uplinks=[_UPLINK]),
            _device(EDGE[1], "router", "linux", ssh=_ssh(place, EDGE[1])),
            tunnels.behind(),
            _uncovered(place),
        ],
        "outside": [
            {"id": REGISTRY.id, "name": REGISTRY.name, "addresses": [REGISTRY.address], "dns": {"port": 53}},
        ],
        "zones": _zones(),
        "tunnels": tunnels.contract_part(),
        "clauses": _clauses(),
        "data": {"redact": {"accounts": True}, "keep_days": 90},
    }


def _sites() -> list[dict[str, Any]]:
    return [
        {
            "id": "koeln",
            "name": "Köln, Zentrale",
            "agent": "koeln",
            "resolvers": [DNS1.id, REC1.id],
            "gateways": [GATEWAY],
        },
        {
            "id": "koeln-ad",
            "name": "Köln, Verzeichnisdienst",
            "agent": "koeln",
            "resolvers": [box.id for box in DCS],
            "gateways": [GATEWAY],
        },
        {
            "id": "koeln-netz",
            "name": "Köln, Netz",
            "agent": "koeln",
            "spanning_tree": {"root": RING[0].id, "backup": RING[1].id},
        },
        {
            "id": "koeln-rz",
            "name": "Köln, Rechenzentrum",
            "agent": "koeln",
            "spanning_tree": {"root": TRIANGLE[0].id, "backup": TRIANGLE[1].id},
        },
    ]


def _zones() -> list[dict[str, Any]]:
    return [
        {
            "name": ZONE,
            "servers": [DNS1.id, DNS2.id],
            "parents": [REGISTRY.id],
            "reverse": [REVERSE],
            "mail": {"selectors": [SELECTOR]},
        },
        {
            "name": SPLIT,
            "servers": [DNS1.id, DNS2.id, REGISTRY.id],
            "names": {"public": ["@", "www"], "differ": ["vpn"]},
        },
        {"name": REVERSE, "servers": [DNS1.id, DNS2.id]},
        {"name": SIGNED, "servers": [box.id for box in signed.SERVERS], "parents": [REGISTRY.id]},
        {"name": AD_ZONE, "servers": [box.id for box in DCS], "parents": [DNS1.id, DNS2.id]},
    ]


def _clauses() -> list[dict[str, Any]]:
    return [
        {
            "id": "§4.1",
            "text": "Server: Betrieb und Störungsanalyse",
            "roles": ["linux"],
            "diagnose": ["linux"],
        },
        {
            "id": "§4.2",
            "text": "Namensdienst: Störungsanalyse",
            "roles": ["dns-server"],
            "diagnose": ["dns"],
        },
        {
            "id": "§4.3",
            "text": "Verzeichnisdienst: Störungsanalyse",
            "roles": ["domain-controller", "domain-member"],
            "diagnose": ["ad"],
        },
        {
            "id": "§4.4",
            "text": "Netz: Störungsanalyse",
            "roles": ["switch", "router"],
            "diagnose": ["net"],
        },
        {
            "id": "§4.7",
            "text": "Standortkopplung: Störungsanalyse",
            "roles": ["gateway"],
            "diagnose": ["vpn"],
        },
        {
            "id": "§4.6",
            "text": "Telefonie: Störungsanalyse",
            "roles": ["pbx", "dns-server"],
            "diagnose": ["voip"],
        },
        {
            "id": "§4.5",
            "text": "Öffentliche Namensserver: nur Abfragen",
            "outside": [REGISTRY.id],
            "diagnose": ["dns"],
        },
        {
            "id": "§5.1",
            "text": "Server: Dienste wieder starten, nach Zustimmung eines Kollegen",
            "roles": ["linux"],
            "change": ["linux.start_service"],
            "approval": "colleague",
            "at_once": 1,
        },
    ]


def _uncovered(place: Place) -> dict[str, Any]:
    reach = {
        "user": USER,
        "credential": "file:web1.key",
        "host_keys": [public_key(host_key(place, "hr1.host"))],
    }
    return {
        "id": HR1.id,
        "name": HR1.name,
        "addresses": [HR1.address],
        "site": "koeln",
        "environment": "server",
        "roles": ["personnel"],
        "platform": "linux",
        "ssh": reach,
    }
