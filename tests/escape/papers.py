"""What is in the agent's hands? The contract of the escape lab, the keys, and the surroundings that lead astray."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from collectors import Shell
from tests.escape.catalogue import ways
from tests.escape.places import RESOLVER, Spot
from tests.escape.third_party.hostile.way import Way
from tests.lab.tools import run

__all__ = ["CUSTOMER", "contract", "number_of", "public", "write_keys", "write_surroundings"]

CUSTOMER = "musterbau"
USER = "root"


def write_keys(folder: Path) -> None:
    """The key of the agent, and one key for each SSH server."""
    for name in ("escape.key", "host", "host-other"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))


def public(folder: Path, name: str) -> str:
    kind, body, *_ = (folder / f"{name}.pub").read_text("ascii").split()
    return f"{kind} {body}"


def number_of(name: str) -> int:
    return sorted(ways()).index(name) + 1


def contract(keys: Path, pids: Mapping[str, int]) -> dict[str, Any]:
    """A contract that allows every attempt its own door, and nothing else. pids: whom hostile code may aim at."""
    return {
        "contract": "ESC-1",
        "customer": CUSTOMER,
        "name": "Musterbau GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [
            # An agent each: so each has a grant and a worker of its own, and its outcome is nobody else's.
            {"id": f"site-{number}", "name": f"Hier {number}", "agent": f"here-{number}"}
            for number in map(number_of, ways())
        ],
        "hosts": [_host(way, keys, pids) for way in ways().values()],
        "clauses": [
            {
                "id": "§1",
                "text": "Fremde Fragen",
                "roles": ["hostile"],
                "diagnose": ["hostile"],
                "at_once": 100,
            }
        ],
    }


def _host(way: Way, keys: Path, pids: Mapping[str, int]) -> dict[str, Any]:
    number = number_of(way.name)
    spot = Spot(number)
    over_ssh = way.over is Shell
    host: dict[str, Any] = {
        "id": way.name,
        "name": f"v{pids.get(way.name, pids['victim'])}-{number}.escape.test",
        "addresses": [spot.web, spot.web6] if over_ssh or way.port != 53 else [spot.names],
        "site": f"site-{number}",
        "environment": "server",
        "roles": ["hostile", way.name],
        "platform": "linux",
    }
    if over_ssh:
        host["ssh"] = {
            "port": way.port,
            "user": USER,
            "credential": "file:escape.key",
            "host_keys": [public(keys, "host")],
        }
    else:
        host["dns"] = {"port": way.port}
    return host


def text_of(paper: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(paper), allow_unicode=True, sort_keys=False)


_SURROUNDINGS = {
    "resolv.conf": f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\nsearch escape.test\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "hosts": "127.0.0.1 localhost\n",
    "ssh_config": "Host *\n    ProxyCommand timeout 2 bash -c 'exec 3<>/dev/tcp/10.66.3.250/3128'\n",
}


def write_surroundings(folder: Path) -> None:
    """Files to be laid over those in /etc for whatever runs at the agent's place."""
    folder.mkdir()
    for name, text in _SURROUNDINGS.items():
        (folder / name).write_text(text, "ascii")


def facts(folder: Path) -> dict[str, Any]:
    """A JSON file of the lab, such as what the product's run came to."""
    found: dict[str, Any] = json.loads(folder.read_text("utf-8"))
    return found
