"""How fast is a contract as large as they come: to read, and to decide by?"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from inventory.contract import Contract
from inventory.decide import Allowed, Diagnose, Request, decide
from inventory.grant import Grant, Target, seal, verify
from inventory.read import read
from inventory.token import new_key, pin_of
from tests.bench.row import Row, at_least, at_most
from tests.law import wide

__all__ = ["measure", "measure_reading", "measure_verifying"]

HOSTS, CLAUSES = 100_000, 1_000

_HEAD = """\
contract: large
customer: large
name: Large
revision: 1
valid: {{from: 2026-01-01, until: {until}}}
sites:
  - {{id: s, name: S, agent: a}}
hosts:
"""
_HOST = """\
  - id: h{n}
    name: h{n}.large.test
    addresses: ["10.{a}.{b}.{c}"]
    site: s
    environment: server
    roles: [r{role}]
    platform: linux
    ssh:
      user: secondline
      credential: file:large
      host_keys: [{key}]
"""
_CLAUSE = '  - {{id: "c{n}", text: t, roles: [r{n}], diagnose: [linux]}}\n'


def _new_host_key() -> str:
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _host(n: int) -> str:
    a, b, c = n >> 16, n >> 8 & 255, n & 255
    return _HOST.format(n=n, a=a, b=b, c=c, role=n % CLAUSES, key=_new_host_key())


@cache
def _text() -> str:
    """A contract as an inventory would write it: each host with a key of its own."""
    until = datetime.now(UTC).date() + timedelta(days=365)
    return "".join(
        [
            _HEAD.format(until=until),
            *(_host(n) for n in range(1, HOSTS + 1)),
            "clauses:\n",
            *(_CLAUSE.format(n=n) for n in range(CLAUSES)),
        ]
    )


# What each prints: the CPU's seconds, and the most memory that the process ever had, in KiB.
_MEASURED = """
import sys, time, resource
text = sys.stdin.buffer.read()
start = time.process_time()
{}
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
_OURS = "from inventory.read import read" + _MEASURED.format("read(text)")
# PyYAML's events and nothing else: no data, no checks.
_PEER = "import yaml" + _MEASURED.format("for _ in iter(yaml.CSafeLoader(text).get_event, None): pass")


def _measured(program: str) -> tuple[float, int]:
    words = [sys.executable, "-c", program]
    said = subprocess.run(words, input=_text().encode(), capture_output=True, check=True).stdout.split()
    return float(said[0]), int(said[1])


def measure_reading() -> list[Row]:
    """Reading and checking a whole contract, in turns with PyYAML's C parser, which only names what it meets."""
    turns = [(_measured(_OURS), _measured(_PEER)) for _ in range(3)]
    ours = min(seconds for (seconds, _), _ in turns)
    peer = min(seconds for _, (seconds, _) in turns)
    peak = max(kib for (_, kib), _ in turns) / 1024
    return [
        at_most("reading 100,000 hosts and 1,000 clauses, against 5 s of CPU", "s", ours, 5.0),
        at_most("the same, against the events of PyYAML alone", "s", ours, peer, 1.2),
        at_most("peak memory of reading them, against 400 MB", "MB", peak, 400.0),
    ]


def measure() -> list[Row]:
    """Decisions a second of one core's time, once the contract is loaded, best of three."""
    contract: Contract = read(_text())
    now = datetime.now(UTC)
    requests = [Request(customer="large", host=f"h{n}", deed=Diagnose("linux")) for n in range(1, HOSTS + 1)]
    ceiling = wide("large")
    decide(contract, requests[0], now, ceiling)
    took = []
    for _ in range(3):
        start = time.process_time()
        allowed = sum(isinstance(decide(contract, request, now, ceiling), Allowed) for request in requests)
        took.append(time.process_time() - start)
        if allowed != HOSTS:
            raise RuntimeError(f"{allowed} of {HOSTS} were allowed")
    rate = len(requests) / min(took)
    return [at_least("decisions over 100,000 hosts and 1,000 clauses, against 100,000/s", "1/s", rate, 1e5)]


def measure_verifying() -> list[Row]:
    """Verifying a grant over a hundred hosts, as one worker gets it, best of fifty."""
    key, now = new_key(), int(time.time())
    grant = Grant(
        id="0123456789abcdef",
        run="run",
        ticket="1",
        customer="large",
        agent="a",
        contract="0" * 64,
        revision=1,
        deeds=("linux.disk",),
        targets={f"h{n}": Target(addresses=(f"10.0.0.{n}",), ports={"ssh": 22}) for n in range(1, 101)},
        not_before=now,
        expires=now + 300,
    )
    token, keys = seal(grant, key), (pin_of(key),)
    took = []
    for _ in range(50):
        start = time.perf_counter()
        verify(token, keys, agent="a")
        took.append(time.perf_counter() - start)
    return [at_most("verifying a grant over 100 hosts, against 1 ms", "ms", 1000 * min(took), 1.0)]
