"""A contract with two sites that a ticket can name hosts of."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from inventory.contract import Contract
from inventory.read import read

__all__ = ["contract"]

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3nkyUFeSLpRCpX9AFT3pVpAhk3bnTo7lGvGjRTkXzB"
_SSH = {"user": "s", "credential": "file:x", "host_keys": [_KEY]}


def _host(key: str, address: str, site: str, *roles: str, **more: object) -> dict[str, Any]:
    environment = "network" if {"router", "switch"} & set(roles) else "server"
    return {
        "id": key,
        "name": f"{key}.musterbau.example",
        "addresses": [address],
        "site": site,
        "environment": environment,
        "roles": list(roles),
        "platform": "linux",
        "ssh": _SSH,
        **more,
    }


@cache
def contract() -> Contract:
    """Musterbau: Hamburg, Kiel and two called Nord."""
    paper = {
        "contract": "T-1",
        "customer": "musterbau",
        "name": "Musterbau GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [
            {"id": "hamburg", "name": "Hamburg, head office", "agent": "a", "resolvers": ["dns1"]},
            {"id": "kiel", "name": "Kiel, builder's yard", "agent": "a", "resolvers": ["dns1"]},
            {"id": "nord", "name": "Nord", "agent": "a"},
        ],
        "hosts": [
            _host("web1", "10.20.1.11", "hamburg", "web-server"),
            _host("web2", "10.20.1.12", "hamburg", "web-server"),
            _host("dns1", "10.20.1.53", "hamburg", "dns-server"),
            _host("gw-hh", "10.20.0.1", "hamburg", "router"),
            _host("sw1", "10.20.0.11", "hamburg", "switch"),
            _host("sw2", "10.20.0.12", "hamburg", "switch"),
            _host("gw-ki", "10.30.0.1", "kiel", "router"),
            _host(
                "srv-file01", "10.30.1.21", "kiel", "file-server", name="srv-file01.kiel.musterbau.example"
            ),
            _host("file2", "10.20.1.22", "hamburg", "file-server", name="files.hamburg.musterbau.example"),
            _host("files-ki", "10.30.1.22", "kiel", "file-server", name="files.kiel.musterbau.example"),
            _host("mail", "10.20.1.25", "hamburg", "mail-server"),
            _host(
                "pbx",
                "10.20.1.60",
                "hamburg",
                "pbx",
                registrar={"domain": "musterbau.example", "phones": [{"number": "233"}]},
            ),
            _host("nas1", "10.40.1.5", "nord", "storage"),
        ],
        "tunnels": [
            {
                "id": "kiel",
                "kind": "ipsec",
                "ends": [
                    {"host": "gw-hh", "networks": ["10.20.0.0/16"]},
                    {"host": "gw-ki", "networks": ["10.30.0.0/16"]},
                ],
            }
        ],
        "clauses": [{"id": "§1", "text": "Alles", "roles": ["web-server"], "diagnose": ["linux"]}],
    }
    # JSON is YAML without anchors.
    return read(json.dumps(paper))
