"""300 real OpenSSH hosts: the whole product against a plain paramiko loop and against Ansible."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tests.bench.row import Row, at_least, at_most
from tests.fleet import PORT, Fleet
from tests.home import command, contract_over, home_for, run_command

__all__ = [
    "HOSTS",
    "home_over",
    "measure",
    "measure_hanging",
    "measure_memory",
    "measure_start",
    "resident",
    "timed",
]

HOSTS = 300
ROUNDS = 3
# One collector a host; the peers run the very commands that it runs, as its evidence shows them.
QUESTION = "linux.disk"
DIAGNOSE = ("diagnose", "--ticket", "1", "--question", QUESTION, "--quiet")


@contextmanager
def home_over(fleet: Fleet) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield home_for(folder, fleet, contract_over(fleet))
    finally:
        shutil.rmtree(folder)


def timed(home: Path) -> float:
    start = time.perf_counter()
    done = run_command(home, *DIAGNOSE)
    took = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the diagnosis ended with {done.returncode}: {done.stderr}")
    return took


def _newest(home: Path) -> Path:
    """The folder of the last run; two runs of one second are told apart by when they were written."""
    return max((home / "runs").iterdir(), key=lambda folder: (folder / "report.json").stat().st_mtime_ns)


def _report(home: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((_newest(home) / "report.json").read_text(encoding="utf-8"))
    return loaded


def _commands(home: Path) -> list[str]:
    """The commands that the collector ran on the first host, as a shell line each."""
    run = _newest(home).name
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "evidence.zip"
        run_command(home, "report", "export", run, "--to", str(bundle))
        listed = subprocess.run(
            ["unzip", "-p", bundle, "manifest.json"], capture_output=True, check=True
        ).stdout
    exchanges = json.loads(listed)["exchanges"]
    first = exchanges[0]["host"]
    return [
        "LC_ALL=C " + shlex.join(e["question"][1:])
        for e in exchanges
        if e["host"] == first and e["question"][0] == "run"
    ]


def _plain(fleet: Fleet, commands: list[str]) -> float:
    asked = {
        "hosts": [
            {"address": address, "port": PORT, "key": fleet.host_key(number)}
            for number, address in enumerate(fleet.addresses)
        ],
        "user": fleet.user,
        "key_file": str(fleet.private_key),
        "commands": commands,
    }
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.plain_loop"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    took = time.perf_counter() - start
    if int(done.stdout) != fleet.count:
        raise RuntimeError(f"the plain loop reached {done.stdout} hosts: {done.stderr}")
    return took


def _ansible(fleet: Fleet, commands: list[str]) -> float:
    inventory = fleet.folder / "inventory.ini"
    settings = fleet.folder / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")
    known = fleet.folder / "known_hosts"
    known.write_text(
        "".join(f"[{a}]:{PORT} {fleet.host_key(n)}\n" for n, a in enumerate(fleet.addresses)),
        encoding="utf-8",
    )
    common = f"ansible_port={PORT} ansible_user={fleet.user} ansible_ssh_private_key_file={fleet.private_key}"
    lines = [f"h{n} ansible_host={a} {common}" for n, a in enumerate(fleet.addresses)]
    inventory.write_text("\n".join(lines) + "\n", encoding="utf-8")
    start = time.perf_counter()
    done = subprocess.run(
        ["ansible", "all", "-i", inventory, "-m", "raw", "-f", "50", "-a", "; ".join(commands)],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_SSH_ARGS": f"-F none -o UserKnownHostsFile={known} -o StrictHostKeyChecking=yes",
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_HOME": str(fleet.folder / "ansible"),
        },
    )
    took = time.perf_counter() - start
    answered = len(re.findall(r"\| CHANGED \|", done.stdout))
    if answered != fleet.count:
        raise RuntimeError(
            f"ansible reached {answered} of {fleet.count} hosts: {done.stdout[-500:]}{done.stderr[-500:]}"
        )
    return took


def measure() -> list[Row]:
    """Hosts a second, best of three, ours and the peers in turn."""
    with Fleet(HOSTS) as fleet, home_over(fleet) as home:
        timed(home)
        commands = _commands(home)
        ours, plain = [], []
        for _ in range(ROUNDS):
            plain.append(_plain(fleet, commands))
            ours.append(timed(home))
        ansible = _ansible(fleet, commands)
    rate = HOSTS / min(ours)
    return [
        at_least("300 hosts beside a plain paramiko loop", "hosts/s", rate, HOSTS / min(plain), 0.9),
        at_least("300 hosts beside ansible -m raw -f 50", "hosts/s", rate, HOSTS / ansible, 5),
    ]


def _last_good(home: Path) -> float:
    """Seconds from the run's beginning to the last host that answered."""
    report = _report(home)
    results = report["results"]
    began = datetime.fromisoformat(str(report["began"]))
    if not isinstance(results, list):
        raise TypeError("the report has no list of results")
    seen = [r for r in results if r["state"] == "seen"]
    ends = [(datetime.fromisoformat(r["began"]) - began).total_seconds() + r["took"] for r in seen]
    return float(max(ends))


def measure_hanging() -> list[Row]:
    """200 hosts alone, then with 100 more that accept and say nothing: when is the last good one done?"""
    good = HOSTS * 2 // 3
    with Fleet(good) as fleet, home_over(fleet) as home:
        timed(home)
        timed(home)
        alone = _last_good(home)
    with Fleet(good, HOSTS - good) as fleet, home_over(fleet) as home:
        timed(home)
        beside = _last_good(home)
    name = "200 hosts while 100 others hang, beside the same 200 alone"
    return [at_most(name, "s", beside, alone, 1.2)]


def measure_start() -> list[Row]:
    """From the start of the command to the first question that is put to a host, best of three."""
    with Fleet(1) as fleet, home_over(fleet) as home:
        timed(home)
        took = min(_to_first_question(home) for _ in range(ROUNDS))
    return [at_most("from command to first job, against half a second", "s", took, 0.5)]


def _to_first_question(home: Path) -> float:
    start = time.time()
    timed(home)
    results = _report(home)["results"]
    if not isinstance(results, list):
        raise TypeError("the report has no list of results")
    return min(datetime.fromisoformat(r["began"]).timestamp() for r in results) - start


def measure_memory() -> list[Row]:
    """Peak of the proportional set sizes of the whole process tree, sampled every 50 ms."""
    with Fleet(HOSTS) as fleet, home_over(fleet) as home:
        peak = _peak(home)
    return [at_most("peak memory of the 300-host run, against 250 MB", "MB", peak, 250.0)]


def _peak(home: Path) -> float:
    process = subprocess.Popen(
        [command(), *DIAGNOSE],
        env={**os.environ, "SECONDLINE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    highest = 0.0
    ended = threading.Event()

    def watch() -> None:
        process.wait()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    while not ended.wait(0.05):
        highest = max(highest, sum(_pss(pid) for pid in _tree(process.pid)))
    return highest / 1e6


def resident(root: int) -> float:
    """The memory of a process tree, in MB."""
    return sum(map(_pss, _tree(root))) / 1e6


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in task.read_text().split())
            except OSError:
                continue
    return found


def _pss(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else 0.0
