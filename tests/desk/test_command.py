"""The command that shows desks: which can be asked, which cannot and why, and no secret of any."""

from __future__ import annotations

import json
from pathlib import Path

from tests.desk.standins.server import TOKEN, served
from tests.desk.standins.zammad import Zammad
from tests.home import run_command


def _home(folder: Path, url: str) -> Path:
    (folder / "credentials").mkdir(mode=0o700, parents=True)
    for name, secret in (("good", TOKEN), ("wrong", "wrong-" + TOKEN)):
        file = folder / "credentials" / name
        file.touch(mode=0o600)
        file.write_text(secret)
    (folder / "settings.toml").write_text(
        f"""
desk = "helpdesk"
[desks.helpdesk]
kind = "zammad"
url = "{url}"
credential = "file:good"
ring = "file:good"
[desks.locked]
kind = "zammad"
url = "{url}"
credential = "file:wrong"
[desks.lost]
kind = "rt"
url = "{url}"
credential = "file:nowhere"
"""
    )
    return folder


def test_each_desk_is_asked_and_what_is_wrong_is_said(tmp_path: Path) -> None:
    with served(Zammad().chaos) as url:
        home = _home(tmp_path / "home", url)
        done = run_command(home, "desks", "--json")
        table = run_command(home, "desks")
    assert done.returncode == table.returncode == 1, done.stderr
    told = {row["desk"]: row for row in json.loads(done.stdout)}
    assert {name: row["answers"] for name, row in told.items()} == {
        "builtin": True,
        "helpdesk": True,
        "locked": False,
        "lost": False,
    }
    assert (told["helpdesk"]["used"], told["helpdesk"]["rings"], told["locked"]["rings"]) == (
        True,
        True,
        False,
    )
    assert abs(told["helpdesk"]["clock"]) < 60
    assert "token is not accepted" in told["locked"]["said"]
    assert "nowhere" in told["lost"]["said"]
    assert "helpdesk" in table.stdout
    assert TOKEN not in done.stdout + done.stderr + table.stdout + table.stderr
