"""How fast is a contract as large as they come: to read, and to decide by?"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import yaml

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
      host_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3nkyUFeSLpRCpX9AFT3pVpAhk3bnTo7lGvGjRTkXzB]
"""
_CLAUSE = '  - {{id: "c{n}", text: t, roles: [r{n}], diagnose: [linux]}}\n'


def _text(hosts: int) -> str:
    until = datetime.now(UTC).date() + timedelta(days=365)
    numbers = range(1, hosts + 1)
    return "".join(
        [
            _HEAD.format(until=until),
            *(_HOST.format(n=n, a=n >> 16, b=n >> 8 & 255, c=n & 255, role=n % CLAUSES) for n in numbers),
            "clauses:\n",
            *(_CLAUSE.format(n=n) for n in range(CLAUSES)),
        ]
    )


# What it prints: seconds, and the most memory that the process ever had, in KiB.
_READING = """
import sys, time, resource
from inventory.read import read
text = sys.stdin.buffer.read()
start = time.perf_counter()
read(text)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure_reading() -> list[Row]:
    """Reading and checking a whole contract, against PyYAML's C loader, which checks nothing."""
    words = [sys.executable, "-c", _READING]
    said = subprocess.run(words, input=_text(HOSTS).encode(), capture_output=True, check=True).stdout.split()
    ours, peak = HOSTS / float(said[0]), int(said[1]) / 1024
    few = HOSTS // 10
    text = _text(few)
    start = time.perf_counter()
    yaml.load(text, yaml.CSafeLoader)
    peer = few / (time.perf_counter() - start)
    return [
        at_least("reading 100,000 hosts and 1,000 clauses, against PyYAML alone", "hosts/s", ours, peer, 3),
        at_most("peak memory of reading them, against 400 MB", "MB", peak, 400.0),
    ]


def measure() -> list[Row]:
    """Decisions a second on one core, once the contract is loaded."""
    contract: Contract = read(_text(HOSTS))
    now = datetime.now(UTC)
    requests = [Request(customer="large", host=f"h{n}", deed=Diagnose("linux")) for n in range(1, HOSTS + 1)]
    ceiling = wide("large")
    decide(contract, requests[0], now, ceiling)
    start = time.perf_counter()
    allowed = sum(isinstance(decide(contract, request, now, ceiling), Allowed) for request in requests)
    rate = len(requests) / (time.perf_counter() - start)
    if allowed != HOSTS:
        raise RuntimeError(f"{allowed} of {HOSTS} were allowed")
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
