"""How is the escape lab brought up, tried without the product, and tried with it?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.ledger import touches
from controller.reports.model import Touch
from controller.store.store import open_store
from tests.escape import papers, zones
from tests.escape.books import Books
from tests.escape.places import AGENT, STRAY, Spot
from tests.escape.wires import Seen, Wires, wired
from tests.lab.places import Place
from tests.lab.tools import LabError, until

__all__ = ["Held", "Lab", "Trial", "Watched", "up"]

TOP = Path(__file__).resolve().parents[2]
_LISTENING = ("other", "foreign", "proxy", "six", "cast", "twin")
# So many hosts in one run: each has a worker of its own, and the machine may have two cores.
_A_RUN = 32
_QUERY = re.compile(r": query: (\S+) IN")
_SSHD = """\
Port {port}
AddressFamily any
HostKey {keys}/{key}
PidFile none
AuthorizedKeysFile {keys}/escape.key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
UseDNS no
LogLevel ERROR
MaxStartups 200
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the witnesses saw: the counters by machine, the capture at the agent, and nobody's resolver."""

    seen: Mapping[str, Seen]
    strangers: Counter[str]
    names: frozenset[str]

    def moved(self, cell: str, address: str) -> int:
        """How many packets for an address came to a machine that is not permitted to get any."""
        return self.seen[cell].escaped[address]

    def asked(self, address: str) -> int:
        """How many packets came to a permitted door."""
        return sum(seen.asked[address] for name, seen in self.seen.items() if name != AGENT.id)

    @property
    def escaped(self) -> Mapping[str, Mapping[str, int]]:
        """Everything that moved and should not have: nothing at all, if nobody got out."""
        counted = {
            name: {**seen.escaped, "frames": seen.frames} for name, seen in self.seen.items() if seen.frames
        }
        counted |= {"capture": dict(self.strangers)} if self.strangers else {}
        return counted | ({"names": dict.fromkeys(self.names, 1)} if self.names else {})


@dataclass(frozen=True, slots=True)
class Trial:
    """Something that was watched: what it printed, as JSON, and what was seen meanwhile."""

    said: Any
    saw: Watched


@dataclass(frozen=True, slots=True)
class Held:
    """What the product made of all attempts: a result a host, what was found, what the ledger says, what was seen."""

    runs: Sequence[str]
    results: Mapping[str, Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    entries: Sequence[Touch]
    saw: Watched


@dataclass(frozen=True, slots=True)
class Lab:
    """The lab while it is up. `home` is the agent's Secondline home."""

    wires: Wires
    state: Path

    @property
    def home(self) -> Path:
        return self.state / "home"

    def at_agent(self, *argv: str, env: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """The command that runs a program at the agent's place, amid surroundings that lead astray."""
        over = "".join(
            f'mount --bind "$0/{name}" {where} && '
            for name, where in (
                ("resolv.conf", "/etc/resolv.conf"),
                ("nsswitch.conf", "/etc/nsswitch.conf"),
                ("hosts", "/etc/hosts"),
                ("ssh_config", "/etc/ssh/ssh_config"),
            )
        )
        # The mounts are seen by this program alone: `ip netns exec` gives it a view of its own.
        shell = ("sh", "-c", f'{over}cd "$1" && shift && exec "$@"', str(self.state / "etc"), str(self.home))
        variables = ("env", *(f"{name}={value}" for name, value in {**self.env, **(env or {})}.items()))
        return self.wires.argv_in(AGENT.id, *shell, *variables, *argv)

    @property
    def contract(self) -> Path:
        return self.state / "contract.yaml"

    @property
    def books(self) -> Books:
        return Books(self.home)

    @property
    def pushed(self) -> Path:
        """What the server that opens channels by itself got for answers."""
        return self.state / "pushed"

    @property
    def env(self) -> dict[str, str]:
        astray = "http://10.66.3.250:3128"
        return {
            "SECONDLINE_HOME": str(self.home),
            "HOME": str(self.state / "account"),
            "COLUMNS": "140",
            "http_proxy": astray,
            "https_proxy": astray,
            "ALL_PROXY": astray,
            "SSH_AUTH_SOCK": str(self.home / "keys.sock"),
            "RES_OPTIONS": "timeout:1 attempts:1",
            "KRB5_CONFIG": str(self.state / "etc" / "krb5.conf"),
        }

    def run(
        self, *argv: str, env: Mapping[str, str] | None = None, seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.at_agent(*argv, env=env),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            cwd=TOP,
        )

    def at_hand(self, *argv: str) -> None:
        """Run somebody else's program at the agent's place; how it ends does not matter."""
        words = (sys.executable, *argv[1:]) if argv[0] == "python" else argv
        self.run("timeout", "5", *words, env={"HOME": str(self.state / "account")}, seconds=30)

    def command(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the product's command at the agent's place."""
        return self.run(str(Path(sys.executable).parent / "secondline"), *words, env=env)

    def diagnosed(
        self, ticket: str, *words: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the main job for a ticket."""
        return self.command("diagnose", "--ticket", ticket, "--json", "--quiet", *words, env=env)

    def asked_all(self, names: Sequence[str]) -> Trial:
        """Ask these hosts, some in each run: every one of them has a worker of its own, and a machine has few cores."""
        reports, ticket = [], self.books.ticket(papers.CUSTOMER)
        with self.watched() as saw:
            for first in range(0, len(names), _A_RUN):
                hosts = [word for name in names[first : first + _A_RUN] for word in ("--host", name)]
                words = ("diagnose", "--ticket", ticket, "--json", "--quiet", "--area", "hostile", *hosts)
                done = self.run(sys.executable, "-m", "tests.escape.walled", *words)
                if done.returncode not in range(5) or not done.stdout:
                    raise LabError(f"the run ended with {done.returncode}: {done.stderr[-800:]}")
                reports.append(json.loads(done.stdout))
        return Trial(reports, saw[0])

    def ledger(self, run: str) -> tuple[Touch, ...]:
        """What the ledger says of a run, as `secondline ledger show` prints it."""
        return touches(open_store(self.home), run)

    def program(self, module: str, *words: str, seconds: float = 200) -> Trial:
        """Run one of the tests' own programs at the agent's place, which prints JSON, and watch it."""
        with self.watched() as saw:
            done = self.run(sys.executable, "-m", module, *words, seconds=seconds)
        if done.returncode:
            raise LabError(f"{module} ended with {done.returncode}: {done.stderr[-800:]}")
        return Trial(json.loads(done.stdout), saw[0])

    def mend(self) -> None:
        """Undo what an attempt that nothing held has done to the agent's place."""
        # The kernel looks after neighbours that it knows, some seconds later.
        self.wires.inside(AGENT.id, "ip", "neigh", "flush", "dev", "eth0")
        self.wires.inside(AGENT.id, "ip", "neigh", "flush", "dev", "eth1")
        for name in ("netlink_route", "ioctl_route"):
            self.wires.inside(AGENT.id, "ip", "route", "flush", f"{Spot(papers.number_of(name)).web}/32")

    @contextmanager
    def watched(self) -> Iterator[list[Watched]]:
        """Both witnesses look on; what they saw is in the list afterwards."""
        until("nothing is under way any more", self.wires.still, seconds=20)
        before = self.wires.log("resolver").read_text("utf-8", "replace")
        with tempfile.NamedTemporaryFile(dir=self.state, suffix=".pcap") as file:
            saw: list[Watched] = []
            with self.wires.captured(Path(file.name)):
                yield saw
            names = frozenset(
                _QUERY.findall(self.wires.log("resolver").read_text("utf-8", "replace")[len(before) :])
            )
            saw.append(Watched(self.wires.count(), self.wires.strangers(Path(file.name)), names))

    def unheld(self, *names: str) -> Trial:
        """Try attempts without the product; all of them when none is named."""
        trial = self.program("tests.escape.unwalled", str(self.contract), *names)
        self.mend()
        return trial


@contextmanager
def up(state: Path) -> Iterator[Lab]:
    """Bring the lab up, with everything that stands in it, and take it down again."""
    with wired(Place(state, f"e{os.getpid()}-")) as wires:
        lab = Lab(wires, state)
        _furnish(lab)
        yield lab


def _furnish(lab: Lab) -> None:
    credentials = lab.home / "credentials"
    credentials.mkdir(parents=True, mode=0o700)
    account = lab.state / "account" / ".ssh"
    account.mkdir(parents=True)
    (account / "config").write_text("Host *\n    ProxyJump 10.66.3.251:22\n", "ascii")
    papers.write_keys(credentials)
    papers.write_surroundings(lab.state / "etc")
    _serve(lab, credentials)
    document = papers.contract(credentials, {"victim": _pid(lab, "agent"), "setns": _pid(lab, "net")})
    lab.books.enter(document)
    lab.books.agents(document)
    lab.contract.write_text(papers.text_of(document), "utf-8")


def _pid(lab: Lab, cell: str) -> int:
    """Start a process of somebody else in a network; gives its id."""
    file = lab.state / f"victim-{cell}"
    _program(lab, cell, "victim", str(file))
    until(f"the victim in {cell} is there", lambda: file.exists() and bool(file.read_text("ascii")))
    return int(file.read_text("ascii"))


def _program(lab: Lab, cell: str, *words: str) -> None:
    script = Path(__file__).with_name("servers.py")
    # In the home, where hostile code finds the sockets that it wants.
    where = ("env", "-C", str(lab.home))
    lab.wires.spawn(cell, *where, sys.executable, "-I", "-S", str(script), *words)


def _serve(lab: Lab, keys: Path) -> None:
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    banner = lab.state / "banner"
    banner.write_text("Moved: please log in to 10.66.1.230 port 22 (hr.escape.test).\n", "ascii")
    elsewhere = f"Banner {banner}\nVersionAddendum moved-to-10.66.1.230\n"
    for port, key, more in ((22, "host", ""), (2223, "host", elsewhere), (2224, "host-other", "")):
        config = lab.state / f"sshd-{port}"
        config.write_text(_SSHD.format(port=port, key=key, keys=keys) + more, "ascii")
        lab.wires.spawn("web", "/usr/sbin/sshd", "-D", "-e", "-f", str(config))
    turning = Spot(papers.number_of("rebound")).names
    for cell in ("names", "resolver"):
        lab.wires.spawn(cell, *zones.write_named(lab.state / f"named-{cell}", turning, *STRAY))
    for cell in _LISTENING:
        _program(lab, cell, "listen")
    _program(lab, "web", "web")
    pushy = ("env", "-C", str(lab.home), sys.executable, str(Path(__file__).with_name("pushy.py")))
    lab.wires.spawn("web", *pushy, str(keys / "host"), str(lab.pushed))
    _program(lab, "names", "turncoat", turning)
    _program(lab, "names", "stray", *STRAY)
    _program(lab, "agent", "forward")
    waits = [
        ("web", 22),
        ("web", 2223),
        ("web", 2224),
        ("web", 389),
        ("web", 2222),
        ("names", 53),
        ("resolver", 53),
        ("agent", 3128),
    ]
    for cell, port in (*waits, *((cell, 22) for cell in _LISTENING)):
        until(f"{cell} listens on {port}", lab.wires.listens(cell, port), seconds=20)
