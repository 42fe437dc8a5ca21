"""Does the unit hold under a real systemd? Who is let out is counted at the other end; and the walls stand inside it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import distribution, requires
from ipaddress import ip_network
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agent.post import load_post
from controller.unit import Unit, unit_text
from inventory.ceiling import Ceiling
from tests.lab.lab import TOP, Lab
from tests.lab.places import USER
from tests.lab.tools import run, until

pytestmark = pytest.mark.lab

PORT = 7077
# web1 runs the unit: it may reach web2, and app1 lies in the same network, but in `never`.
HOST, ALLOWED, FORBIDDEN = "web1", "web2", "app1"
HOME, PROGRAM = Path("/var/lib/secondline"), Path("/opt/secondline/bin/secondline")
UNIT_FILE = "/etc/systemd/system/secondline@.service"
# In the place of the command, with its arguments: tries an allowed and a forbidden address, over TCP and UDP.
PROBE = f"""\
#!/usr/bin/env -S python3 -I
import socket, sys
assert sys.argv[1:] == ["diagnose", "--ticket", "17", "--quiet"], sys.argv
for address in ({{addresses}}):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as sock:
            sock.settimeout(1.5)
            try:
                sock.connect((address, {PORT}))
                sock.send(b"x")
            except OSError:
                pass
# As after a diagnosis that found faults.
sys.exit(1)
"""


@pytest.fixture
def unit(lab: Lab) -> Unit:
    """A unit whose ceiling names the lab's network but for one host."""
    ceiling = Ceiling.model_validate(
        {
            "customers": ("musterbau",),
            "networks": ("10.77.1.0/24",),
            "never": (lab.box(FORBIDDEN).address,),
            "ports": (22, 53),
        }
    )
    return Unit(
        agent="koeln",
        program=PROGRAM,
        python=Path("/usr"),
        home=HOME,
        user=USER,
        within=ceiling.all_within(),
    )


@pytest.fixture
def place(lab: Lab) -> Iterator[Lab]:
    """The lab, with room for an installation on a host, and counters on those who may be reached from it."""
    lab.on(HOST, "install", "-d", "-o", USER, "-m", "700", str(HOME))
    lab.on(HOST, "install", "-d", str(PROGRAM.parent))
    try:
        yield lab
    finally:
        lab.on(HOST, "rm", "-rf", str(HOME), str(PROGRAM.parents[1]), UNIT_FILE)
        lab.on(HOST, "systemctl", "daemon-reload")
        lab.on(HOST, "systemctl", "reset-failed")


def started(lab: Lab, text: str, ticket: str, timeout: float = 20.0) -> list[str]:
    """Install a unit, start it for a ticket, and wait until it has ended; gives how systemd took it, and its status."""
    # A unit that has ended is forgotten with its status, so that it must be asked for from inside.
    ending = f"ExecStopPost=/bin/sh -c 'echo $SERVICE_RESULT $EXIT_STATUS >{HOME}/ended'\n"
    lab.write(HOST, UNIT_FILE, text + ending)
    lab.on(HOST, "systemctl", "daemon-reload")
    done = lab.on(HOST, "systemctl", "start", f"secondline@{ticket}", check=False, timeout=timeout)
    said = lab.on(HOST, "cat", f"{HOME}/ended").stdout.split()
    assert (done.returncode == 0) is (said[0] == "success"), done.stderr
    return said


def counted(lab: Lab, text: str) -> dict[tuple[str, str], int]:
    """How many packets of each kind came to each host from a probe that runs as this unit."""
    ends = (ALLOWED, FORBIDDEN)
    rules = "".join(
        f"counter seen_{kind} {{}}\nchain of_{kind} {{ type filter hook input priority -300; "
        f'ip saddr {lab.box(HOST).address} {kind} dport {PORT} counter name "seen_{kind}"; }}\n'
        for kind in ("tcp", "udp")
    )
    try:
        for end in ends:
            lab.on(end, "nft", "-f", "-", text=f"table ip seen {{\n{rules}}}\n")
        addresses = ", ".join(repr(lab.box(end).address) for end in ends)
        lab.write(HOST, str(PROGRAM), PROBE.format(addresses=addresses))
        lab.on(HOST, "chmod", "755", str(PROGRAM))
        assert started(lab, text, "17") == ["success", "1"]
        return {(end, name): packets for end in ends for name, packets in _packets(lab, end)}
    finally:
        for end in ends:
            lab.on(end, "nft", "delete", "table", "ip", "seen", check=False)


def _packets(lab: Lab, end: str) -> Iterator[tuple[str, int]]:
    for item in json.loads(lab.on(end, "nft", "-j", "list", "counters").stdout)["nftables"]:
        if "counter" in item:
            yield item["counter"]["name"].removeprefix("seen_"), item["counter"]["packets"]


def test_the_unit_lets_nobody_out_beyond_the_ceiling(place: Lab, unit: Unit) -> None:
    text = unit_text(unit)
    seen = counted(place, text)
    assert seen[ALLOWED, "tcp"] > 0
    assert seen[ALLOWED, "udp"] > 0
    assert (seen[FORBIDDEN, "tcp"], seen[FORBIDDEN, "udp"]) == (0, 0)


def test_the_same_unit_without_its_addresses_lets_everybody_out(place: Lab, unit: Unit) -> None:
    """The witness: it is those lines that hold, and the probe would have come through."""
    text = "".join(
        line for line in unit_text(unit).splitlines(keepends=True) if not line.startswith("IPAddress")
    )
    assert all(counted(place, text).values())


@pytest.mark.parametrize(
    ("status", "result"),
    [(0, "success"), (1, "success"), (2, "exit-code"), (3, "exit-code"), (4, "exit-code")],
)
def test_faults_that_were_found_are_no_failure_of_the_unit(
    place: Lab, unit: Unit, status: int, result: str
) -> None:
    place.write(HOST, str(PROGRAM), f"#!/bin/sh\nexit {status}\n")
    place.on(HOST, "chmod", "755", str(PROGRAM))
    assert started(place, unit_text(unit), "17") == [result, str(status)]


def test_also_lets_out_to_what_it_names(place: Lab, unit: Unit) -> None:
    wider = replace(unit, also=(ip_network(place.box(FORBIDDEN).address),))
    assert all(counted(place, unit_text(wider)).values())


def test_systemd_understands_every_line_of_the_unit(unit: Unit, tmp_path: Path) -> None:
    def complaints(text: str) -> str:
        file = tmp_path / "secondline@.service"
        file.write_text(text, "utf-8")
        done = run("systemd-analyze", "verify", "--man=no", str(file), check=False)
        said = [line for line in done.stderr.splitlines() if "secondline@" in line]
        return "\n".join(said) or str(done.returncode or "")

    program = tmp_path / "50% of spaces" / "secondline"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for home in (HOME, tmp_path / 'with "quotes" and 50% \\ of spaces'):
        text = unit_text(replace(unit, program=program, home=home, user="root"))
        assert complaints(text) == ""
    assert "Address prefix is invalid" in complaints(text.replace("10.77.1.0", "10.77.1"))
    assert "Unknown" in complaints(text.replace("ProtectClock", "ProtectClocks"))


# --- The real command under the unit.


def needed(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """The packages that a package with these extras needs, and what those need."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    yield name
    for text in requires(name) or ():
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield from needed(canonicalize_name(one.name), frozenset(one.extras), seen)


def installation() -> bytes:
    """What `pip install secondline[controller]` puts into an environment, as an archive to be unpacked in its packages."""
    names = {*needed("secondline", frozenset({"controller"}), set())} - {"secondline"}
    parts = {part.parts[0] for name in names for part in distribution(name).files or ()}
    packages = Path(sysconfig.get_path("purelib"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for part in sorted(parts - {"..", "__pycache__"}):
            archive.add(packages / part, part)
        for name in ("agent", "collectors", "controller", "inventory", "playbooks"):
            archive.add(TOP / name, name)
    return packed.getvalue()


def unpacked(lab: Lab, folder: str, archive: bytes) -> None:
    subprocess.run(
        lab.argv_on(HOST, ("tar", "-x", "--no-same-owner", "-C", folder)),
        input=archive,
        check=True,
        timeout=60,
    )


def install(lab: Lab) -> None:
    """An installation of its own on a host: environment, command, and a home with the lab's contract and law."""
    lab.on(HOST, "/usr/bin/python3", "-m", "venv", "--without-pip", str(PROGRAM.parents[1]), timeout=60)
    found = f"{PROGRAM.parents[1]}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    unpacked(lab, found, installation())
    lab.write(
        HOST, str(PROGRAM), f"#!{PROGRAM.parent}/python\nfrom controller.cli.main import main\nmain()\n"
    )
    lab.on(HOST, "chmod", "755", str(PROGRAM))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        # Its law and its keys: what other tests have had done there is not this installation's.
        for name in ("agents", "credentials", "keys"):
            archive.add(lab.place.home / name, name)
    lab.on(HOST, "rm", "-rf", str(HOME))
    lab.on(HOST, "mkdir", "-m", "700", str(HOME))
    unpacked(lab, str(HOME), packed.getvalue())
    lab.on(HOST, "cp", "/dev/stdin", f"{HOME}/contract.yaml", text=lab.place.contract.read_text("utf-8"))
    signatures = lab.place.contract.with_name(f"{lab.place.contract.name}.sig")
    lab.write(HOST, f"{HOME}/contract.yaml.sig", signatures.read_text("ascii"))
    lab.on(HOST, "chown", "-R", f"{USER}:", str(HOME))


def product(lab: Lab, *words: str) -> str:
    """What the command says on the host, outside of any unit."""
    at = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "env", f"SECONDLINE_HOME={HOME}")
    return lab.on(HOST, *at, str(PROGRAM), *words, check=words[0] != "diagnose", timeout=60).stdout


def remembered(lab: Lab) -> list[list[str]]:
    """What the ledger on the host has, each entry with its facts."""
    script = (
        "import json, sqlite3, sys; "
        "print(json.dumps(sqlite3.connect(sys.argv[1]).execute('select what, facts from ledger').fetchall()))"
    )
    said = lab.on(HOST, "/usr/bin/python3", "-c", script, f"{HOME}/secondline.sqlite3").stdout
    found: list[list[str]] = json.loads(said)
    return found


LIKE_THE_HOSTS = pytest.mark.skipif(
    run("/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])", check=False).stdout.split()
    != [str(part) for part in sys.version_info[:2]]
    or shutil.which("setpriv") is None,
    reason="the packages of this environment are not for the hosts' own Python",
)


def ready(lab: Lab, unit: Unit) -> tuple[str, str]:
    """Install all of it on the host, with a ticket; gives the unit for the lab's own ceiling, and the ticket."""
    install(lab)
    product(lab, "contract", "add", f"{HOME}/contract.yaml")
    said = product(lab, "ticket", "new", "--customer", "musterbau", "--subject", "langsam", "--json")
    ceiling = load_post(lab.place.home, "koeln").ceiling
    assert ceiling is not None
    return unit_text(replace(unit, within=ceiling.all_within())), str(json.loads(said)["id"])


@LIKE_THE_HOSTS
def test_both_walls_stand_inside_the_unit_and_the_hosts_are_asked(place: Lab, unit: Unit) -> None:
    text, number = ready(place, unit)
    ended = started(place, text, number, timeout=120)
    journal = place.on(HOST, "journalctl", "-u", f"secondline@{number}", "-o", "cat", "--no-pager").stdout
    assert ended in (["success", "0"], ["success", "1"]), journal
    assert "IP firewall" not in journal, journal
    walls = [json.loads(facts)["how"] for what, facts in remembered(place) if what == "walls-stand"]
    assert walls, "no worker told of its walls"
    assert all(how.startswith("python, seccomp, landlock") for how in walls), walls
    # As many answers as outside of it: what the unit takes away, nobody needed.
    product(place, "diagnose", "--ticket", number, "--quiet")
    runs = json.loads(product(place, "report", "list", "--json"))
    assert len(runs) == 2
    assert "seen" in runs[0]["numbers"]
    assert runs[0]["numbers"] == runs[1]["numbers"]


@LIKE_THE_HOSTS
def test_a_unit_that_is_stopped_writes_down_what_there_is(place: Lab, unit: Unit) -> None:
    text, number = ready(place, unit)
    service = f"secondline@{number}"
    place.write(HOST, UNIT_FILE, text)
    place.on(HOST, "systemctl", "daemon-reload")
    # One host is silent, so that the run is still waiting for it.
    place.filter("db1", "input", "tcp dport 22 drop")
    try:
        place.on(HOST, "systemctl", "start", "--no-block", service)
        until("a worker is at work", lambda: "walls-stand" in [what for what, _ in remembered(place)])
        place.on(HOST, "systemctl", "stop", service)
    finally:
        place.unfilter("db1")
    assert [run["state"] for run in json.loads(product(place, "report", "list", "--json"))] == ["stopped"]
    assert not place.on(HOST, "pgrep", "-f", str(PROGRAM.parent), check=False).stdout
