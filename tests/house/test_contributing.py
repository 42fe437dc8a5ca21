"""The guide for a new collector is followed to the letter, in a copy of the tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_a_new_contributor_gets_a_new_question_by_following_the_guide(tmp_path: Path) -> None:
    for part in ("agent", "collectors", "controller", "inventory", "playbooks", "tests", "pyproject.toml"):
        source, target = TOP / part, tmp_path / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    blocks = _BLOCK.findall((TOP / "CONTRIBUTING.md").read_text("utf-8"))
    assert len(blocks) == 4
    for name, text in blocks:
        file = tmp_path / name
        assert not file.exists(), f"{name} is here already: the guide must show something new"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    environment = Path(sys.executable).parent
    new = tmp_path / blocks[0][0]
    for words in (
        (str(environment / "ruff"), "check", "--no-cache", str(new)),
        (str(environment / "ruff"), "format", "--no-cache", "--check", str(new)),
        (
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/collectors",
            "-k",
            "hostname",
        ),
    ):
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 3
