"""Does an installation whose agents are all here pay for many sites? Nothing of it is loaded, and no order waits in the store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from controller.store.schema_sites import errand
from controller.store.store import open_store
from tests.fleet import Fleet
from tests.home import contract_over, home_for

pytestmark = pytest.mark.slow

_TOLD = """\
import atexit, json, pathlib, sys
told = pathlib.Path(sys.argv.pop())
atexit.register(lambda: told.write_text(json.dumps(sorted(sys.modules))))
from controller.cli.main import main
main()
"""


def test_where_all_agents_are_near_nothing_of_many_sites_is_loaded(tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        home = home_for(tmp_path / "home", fleet, contract_over(fleet))
        loaded = tmp_path / "loaded"
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                _TOLD,
                "diagnose",
                "--ticket",
                "1",
                "--question",
                "linux.load",
                str(loaded),
            ],
            env={**os.environ, "SECONDLINE_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode in {0, 1}, done.stderr
    modules = set(json.loads(loaded.read_text()))
    assert "controller.courier.inprocess" in modules
    far = {
        name for name in modules if name.startswith(("agent.link", "nats", "uvicorn", "prometheus_client"))
    }
    assert not far
    assert not modules & {"controller.courier.sites", "controller.store.errands", "controller.store.seats"}
    store = open_store(home)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(errand)) == 0
    store.close()
