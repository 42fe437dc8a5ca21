"""A Secondline home with a contract over a fleet of real hosts, for tests and benchmarks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from controller.store.server import Server
from tests import zygote
from tests.fleet import PORT, Fleet
from tests.law import set_up

__all__ = ["command", "contract_over", "home_for", "run_command"]


def command() -> str:
    """The installed command of the environment that runs the tests."""
    return str(Path(sys.executable).parent / "secondline")


def contract_over(fleet: Fleet, *, at_once: int = 1000) -> dict[str, Any]:
    """A contract that allows Linux questions on every host of the fleet."""
    return {
        "contract": "T-1",
        "customer": "fleet",
        "name": "Flotte GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "here", "name": "Hier", "agent": "here-1"}],
        "hosts": [
            {
                "id": f"h{number}",
                "name": f"h{number}.fleet.test",
                "addresses": [address],
                "site": "here",
                "environment": "server",
                "roles": ["linux"],
                "platform": "linux",
                "ssh": {
                    "port": PORT,
                    "user": fleet.user,
                    "credential": "file:fleet.key",
                    "host_keys": [fleet.host_key(number)],
                },
            }
            for number, address in enumerate(fleet.addresses)
        ],
        "clauses": [
            {"id": "§1", "text": "Linux", "roles": ["linux"], "diagnose": ["linux"], "at_once": at_once}
        ],
    }


def home_for(folder: Path, fleet: Fleet, contract: Mapping[str, Any], server: Server | None = None) -> Path:
    """Make a home with the fleet's key and the contract added, and one open ticket: number 1.

    server: where its database lies, when it is no file in the home.
    """
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700, parents=True)
    key = credentials / "fleet.key"
    shutil.copy(fleet.private_key, key)
    key.chmod(0o600)
    paper = folder / "contract.yaml"
    paper.write_text(yaml.safe_dump(dict(contract), allow_unicode=True), encoding="utf-8")
    if server is not None:
        (folder / "settings.toml").write_text(f'[store]\nurl = "{server.url}"\n')
    set_up(folder, paper)
    for words in (
        ("contract", "add", str(paper)),
        ("ticket", "new", "--customer", str(contract["customer"]), "--subject", "Webshop langsam"),
    ):
        done = run_command(folder, *words)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr}")
    return folder


def run_command(home: Path, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command with this home."""
    env = {**os.environ, "SECONDLINE_HOME": str(home), "COLUMNS": "140"}
    done = zygote.run(words, env, seconds=seconds)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "backslashreplace")
    )
