"""How is the lab brought up, asked, and taken down again?"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab import (
    ad,
    cells,
    dns,
    domain,
    hosts,
    papers,
    routers,
    signed,
    switches,
    triangle,
    tunnels,
    voice,
)
from tests.lab.places import (
    BOXES,
    DCS,
    DNS1,
    DNS2,
    FS1,
    HOST_NAMES,
    HOSTS,
    HR1,
    REGISTRY,
    REVERSE,
    SIGNED,
    SPLIT,
    USER,
    ZONE,
    Box,
    Place,
)
from tests.lab.tools import LabError, run, until

__all__ = ["Lab", "down", "running", "up"]

TOP = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).resolve().parent / "programs" / "stand_in.py"
_RECORD = "lab.json"
_NETWORK = (switches, triangle, routers, tunnels, voice)


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab that is up. `inits` are the process ids of the hosts' PID 1, as this machine sees them."""

    place: Place
    inits: dict[str, int]

    def argv_on(self, host: str, argv: Sequence[str]) -> tuple[str, ...]:
        """The program and arguments that run a command on a box as root."""
        if host in self.inits:
            target = str(self.inits[host])
            return ("nsenter", "-t", target, "-m", "-u", "-i", "-n", "-p", "-C", "--", *argv)
        return ("ip", "netns", "exec", self.place.netns(host), *argv)

    def on(
        self, host: str, *argv: str, check: bool = True, text: str | None = None, timeout: float = 20.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a box as root, outside of SSH."""
        return run(*self.argv_on(host, argv), check=check, text=text, timeout=timeout)

    def ssh(
        self, host: str, *argv: str, check: bool = True, timeout: float = 15.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a host the way the agent reaches it: SSH, its key, its pinned host key."""
        box = next(box for box in HOSTS if box.id == host)
        known = self.place.state / "known_hosts"
        options = (
            "BatchMode=yes",
            "ConnectTimeout=3",
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            f"UserKnownHostsFile={known}",
            "GlobalKnownHostsFile=/dev/null",
        )
        return self.on(
            "agent",
            "ssh",
            "-F",
            "none",
            "-i",
            str(self.place.credentials / f"{host}.key"),
            *(word for option in options for word in ("-o", option)),
            f"{USER}@{box.address}",
            *argv,
            check=check,
            timeout=timeout,
        )

    def spawn(self, box: str, *argv: str) -> int:
        """Start a program in a box's network that runs until it is ended; gives its process id."""
        return cells.spawn(self.place, box, argv, self.place.state / "log" / f"stand-in-{box}.log")

    def stand_in(self, box: str, *words: str) -> int:
        """Start one of the servers of `programs/stand_in.py`."""
        return self.spawn(box, sys.executable, "-I", "-S", str(STAND_IN), *words)

    def greeting(self, host: str) -> str:
        """What the host's SSH port says within a second."""
        script = (sys.executable, "-I", "-S", str(STAND_IN))
        return self.on("agent", *script, "peek", self.box(host).address, "22", check=False).stdout

    def end_stand_in(self, box: str) -> None:
        cells.end(self.place, box, STAND_IN.name)

    def forget_journal(self, host: str) -> None:
        """Drop what a host's journal remembers, so that a fault that was undone leaves no trace in it."""
        self.on(host, "journalctl", "--quiet", "--rotate", "--vacuum-size=1")
        self.kernel_says(host, "systemd[1]: the journal was rotated")

    def kernel_says(self, host: str, *lines: str) -> None:
        """Put lines into the host's own kernel log, one record at a time, numbered as the kernel does."""
        counter = self.place.state / "hosts" / f"{host}.records"
        number = int(counter.read_text("ascii")) if counter.exists() else 1
        for line in lines:
            self.on(host, "tee", "/dev/kmsg", text=f"4,{number},{number * 1_000_000},-;{line}\n")
            until(f"the journal of {host} holds the record", partial(self._kernel_said, host, line))
            number += 1
            counter.write_text(f"{number}", "ascii")

    def _kernel_said(self, host: str, line: str) -> bool:
        return line in self.on(host, "journalctl", "-k", "--no-pager", "-q", "-n", "5").stdout

    def void(self, host: str, *argv: str, text: str | None = None) -> None:
        """Run a command on a box for its effect alone."""
        self.on(host, *argv, text=text)

    def filter(self, box: str, hook: str, rule: str) -> None:
        """Put one packet filter rule into a box's network."""
        table = f"table ip fault {{ chain c {{ type filter hook {hook} priority 0; {rule}; }}; }}"
        self.on(box, "nft", "-f", "-", text=table)

    def unfilter(self, box: str) -> None:
        self.on(box, "nft", "delete", "table", "ip", "fault")

    def box(self, name: str) -> Box:
        return next(box for box in BOXES if box.id == name)

    def wait_listening(self, box: str, port: int) -> None:
        until(
            f"something listens on port {port} of {box}",
            lambda: bool(self.on(box, "ss", "-Hltn", f"sport = :{port}").stdout.strip()),
        )

    def wait_healthy(self) -> None:
        """Wait until nothing is wrong any more. Raises LabError naming what still is."""
        # A controller that starts again, and then fetches what it missed, takes the longest.
        end = time.monotonic() + 60
        while wrong := self.ill():
            if time.monotonic() > end:
                raise LabError(f"still ill: {'; '.join(wrong)}")
            time.sleep(0.2)

    def write(self, host: str, path: str, text: str) -> None:
        """Write a file on a host."""
        self.on(host, "tee", path, text=text)

    def product(
        self, *words: str, timeout: float = 180.0, desk: str = "builtin"
    ) -> subprocess.CompletedProcess[str]:
        """Run the product's command from the agent's place in the network. desk: where its tickets are."""
        command = Path(sys.executable).parent / "secondline"
        return self.on(
            "agent",
            "env",
            f"SECONDLINE_HOME={self.place.home}",
            f"SECONDLINE_DESK={desk}",
            str(command),
            *words,
            check=False,
            timeout=timeout,
        )

    def learn_contract(self) -> None:
        """Let the product take in the lab's contract. Raises LabError with what it says against it."""
        done = self.product("contract", "add", str(self.place.contract))
        if done.returncode:
            raise LabError(f"the contract was not taken: {(done.stderr or done.stdout).strip()[-600:]}")

    def visits_of_the_uncovered(self) -> int:
        """How often anybody went where no clause leads: connections to hr1, and packets of the agent to sw9."""
        return int((self.place.state / "hr1.count").read_text("ascii")) + switches.visits(self.place)

    def ill(self, among: Iterable[str] = HOST_NAMES) -> tuple[str, ...]:
        """What is not as it should be, on some hosts and in DNS; empty when all is well."""
        asked = tuple(among)
        with ThreadPoolExecutor() as pool:
            told = pool.map(lambda host: tuple(_ill_host(self, host)), asked)
            wrong = [f"{host}: {why}" for host, whys in zip(asked, told, strict=True) for why in whys]
        serials = {
            zone: {dns.serial(self.place, box.address, zone) for box in (DNS1, DNS2)}
            for zone in (ZONE, REVERSE, SPLIT)
        }
        serials[SIGNED] = {dns.serial(self.place, box.address, SIGNED) for box in signed.SERVERS}
        wrong += [
            f"{zone}: serials {sorted(seen)}" for zone, seen in serials.items() if len(seen) > 1 or 0 in seen
        ]
        if not dns.serial(self.place, REGISTRY.address, "test"):
            wrong.append("the registry does not answer")
        if not signed.verified(self.place):
            wrong.append("the resolver does not find the signed zone proven")
        wrong += (why for network in _NETWORK for why in network.ill(self.place))
        return (*wrong, *(ad.ill(self) if set(asked) & {box.id for box in (*DCS, FS1)} else ()))


def _ill_host(lab: Lab, host: str) -> Iterator[str]:
    script = (
        "systemctl is-system-running; systemctl --failed --no-legend --plain;"
        " chronyc -n tracking | grep -q 'Leap status *: Normal' || echo 'no time';"
        " getent hosts ns1.musterbau.test >/dev/null || echo 'no names'"
    )
    done = lab.ssh(host, script, check=False)
    said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    if said != ["running"]:
        yield "; ".join(said or [done.stderr.strip()])


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    place.state.mkdir(parents=True, exist_ok=True)
    place.state.chmod(0o700)
    with (place.state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"another command is busy with the lab in {place.state}") from None
        yield


def running(place: Place) -> Lab | None:
    """The lab that is up here, or None."""
    try:
        record = json.loads((place.state / _RECORD).read_text("utf-8"))
    except FileNotFoundError:
        return None
    inits = {str(host): int(pid) for host, pid in record["inits"].items()}
    alive = all(pid in cells.member_pids(cells.cgroup(place, host)) for host, pid in inits.items())
    return Lab(place, inits) if alive else None


def up(place: Place) -> Lab:
    """Bring the whole lab up, or give the one that is up. Raises LabError naming what did not come."""
    with _alone(place):
        found = running(place)
        if found:
            return found
        _clear(place)
        cells.wire(place)
        papers.write(place)
        dns.write_zones(place)
        signed.write(place)
        saved = domain.lay_down(place)
        switches.start_ring(place)
        triangle.start_triangle(place)
        routers.start_routers(place)
        tunnels.start_tunnels(place)
        voice.start_voice(place)
        waiting = {box.id: hosts.start(place, box) for box in HOSTS}
        dns.start_registry(place)
        dns.start_primary(place)
        dns.start_secondary(place)
        signed.start_third(place)
        signed.start_fourth(place)
        signed.start_verifier(place)
        lab = Lab(place, {})
        lab.stand_in(HR1.id, "count", "22", str(place.state / "hr1.count"))
        lab = Lab(place, {host: _init_of(place, host, pid) for host, pid in waiting.items()})
        _known_hosts(place)
        _wait_for_dns(place)
        if not saved:
            domain.make(lab)
        with ThreadPoolExecutor(4) as pool:
            tuple(pool.map(partial(_wait_for_host, lab), HOST_NAMES))
        ad.wait_healthy(lab)
        domain.let_read_sysvol(lab)
        for network in _NETWORK:
            network.wait(place)
        (place.state / _RECORD).write_text(json.dumps({"inits": lab.inits}), "utf-8")
        return lab


def down(place: Place, *, keep_cache: bool = True) -> None:
    """Take everything down, whatever state it is in; a second time does nothing."""
    if not place.state.exists() and not cells.exists(place):
        return
    with _alone(place):
        _clear(place)
        if not (keep_cache and (place.state / "cache").exists()):
            shutil.rmtree(place.state)


def _clear(place: Place) -> None:
    cells.clear(place)
    for path in place.state.iterdir():
        if path.name in {"cache", "lock"}:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _init_of(place: Place, host: str, waiting: int) -> int:
    """The PID 1 of a host: the only child of the process that waits for it."""
    children = Path(f"/proc/{waiting}/task/{waiting}/children")

    def born() -> bool:
        if not children.exists():
            raise LabError(f"{host} did not boot: {_log(place, host)}")
        return bool(children.read_text("ascii").split())

    until(f"{host} has a PID 1", born, every=0.01)
    return int(children.read_text("ascii").split()[0])


def _log(place: Place, host: str) -> str:
    return (place.state / "log" / f"{host}.log").read_text("utf-8", "replace")[-500:]


def _known_hosts(place: Place) -> None:
    lines = (f"{box.address} {hosts.public_key(hosts.host_key(place, f'{box.id}.host'))}\n" for box in HOSTS)
    (place.state / "known_hosts").write_text("".join(lines), "ascii")


def _wait_for_dns(place: Place) -> None:
    for box in (DNS1, DNS2):
        for zone in (ZONE, REVERSE, SPLIT):
            until(f"{box.id} serves {zone}", partial(_serves, place, box, zone), seconds=30)
    for box in signed.SERVERS:
        until(f"{box.id} serves {SIGNED}", partial(_serves, place, box, SIGNED), seconds=30)


def _serves(place: Place, box: Box, zone: str) -> bool:
    return bool(dns.serial(place, box.address, zone))


def _wait_for_host(lab: Lab, host: str) -> None:
    end = time.monotonic() + 30
    while wrong := tuple(_ill_host(lab, host)):
        if time.monotonic() > end or lab.inits[host] not in cells.member_pids(cells.cgroup(lab.place, host)):
            raise LabError(
                f"{host} does not become healthy: {'; '.join(wrong)}; its log: {_log(lab.place, host)}"
            )
        time.sleep(0.1)
