"""What may be reached, said by somebody who has only the paper: loops over plain data, and no code of the product's.

Contracts and ceilings are drawn as plain data from small alphabets that collide: addresses of several kinds that
hosts share, ways in, windows, servers outside. `reached` is the oracle.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

__all__ = [
    "ADDRESSES",
    "AREAS",
    "HOSTS",
    "KEY",
    "PLAYBOOKS",
    "PORTS",
    "Case",
    "Lot",
    "Paper",
    "Touch",
    "allowed",
    "cases",
    "lots",
    "moments",
    "narrower",
    "reached",
]

Paper = dict[str, Any]
# Host, area or playbook, address, port.
Touch = tuple[str, str, str, int]

HOSTS = ("h1", "h2", "h3")
AREAS = ("linux", "dns")
PLAYBOOKS = ("dns.restart",)
ROLES = ("web", "ns")
DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.1.1", "127.0.0.9", "192.0.2.7", "fd00::1", "fd00:0:0:1::1", "::1")
NETWORKS = (
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/24",
    "10.0.0.0/9",
    "10.0.0.2/32",
    "fd00::/64",
    "127.0.0.0/8",
    "192.0.2.0/29",
)
PORTS = (22, 53, 2222, 5353)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBp2WmJZ3rwQV3V2eH2mTz1cQe0gTPo7c4w3oJjJQ7qQ"
# How the days are divided among a clause's windows; none at all is at any time.
WEEKS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (),
    (),
    (),
    (DAYS,),
    (DAYS,),
    (DAYS[:3],),
    (DAYS[:5], DAYS[5:]),
    (DAYS[:1], DAYS[1:]),
)
ZONES = ("Europe/Berlin", "UTC", "America/St_Johns", "Pacific/Apia")


class Lot(Random):
    """Draws by a number: a contract of sixty draws costs Hypothesis fifty times as much as one number."""

    def some(self, values: Sequence[Any], least: int = 0) -> list[Any]:
        return self.sample(values, self.randint(least, len(values)))

    def ways(self, *, ssh: bool) -> Paper:
        ways: Paper = {}
        if ssh and self.randint(0, 3):
            keys = self.choice([[KEY], [KEY], []])
            port = self.choice([22, 2222])
            ways["ssh"] = {"port": port, "user": "a", "credential": "file:k", "host_keys": keys}
        if self.randint(0, 1):
            ways["dns"] = {"port": self.choice([53, 5353, 22])}
        return ways

    def windows(self) -> list[Paper]:
        parts = self.choice(WEEKS)
        spans = [sorted(self.sample(range(1440), 2)) for _ in parts]
        return [
            {"days": list(days), "from": _clock(first), "until": _clock(last)}
            for days, (first, last) in zip(parts, spans, strict=True)
        ]

    def clause(self, number: int) -> Paper:
        hosts, roles, outside = self.some(HOSTS), self.some(ROLES), self.some(["o1"])
        return {
            "id": str(number),
            "text": "may be asked",
            "hosts": hosts if hosts or roles or outside else ["h1"],
            "roles": roles,
            "outside": outside,
            "diagnose": self.some(AREAS, 1),
            "change": [] if outside else self.some(PLAYBOOKS),
            "windows": self.windows(),
            "at_once": self.randint(1, 3),
        }

    def host(self, name: str) -> Paper:
        return {
            "id": name,
            "name": f"{name}.k.test",
            "addresses": self.some(ADDRESSES, 1),
            "site": self.choice(["s1", "s2"]),
            "environment": "server",
            "platform": "linux",
            "roles": self.some(ROLES),
            **self.ways(ssh=True),
        }

    def paper(self, revision: int) -> Paper:
        server = {"id": "o1", "name": "o1.test", "addresses": self.some(ADDRESSES, 1), **self.ways(ssh=False)}
        first = self.choice(["2026-01-01", "2026-01-01", "2026-01-01", "2026-11-26"])
        last = self.choice(["2026-11-26", "2026-11-27", "2026-12-31", "2026-12-31"])
        return {
            "contract": "K-1",
            "customer": "k",
            "name": "K",
            "revision": revision,
            "valid": {"from": first, "until": last},
            "timezone": self.choice(ZONES),
            "sites": [{"id": "s1", "name": "S1", "agent": "a1"}, {"id": "s2", "name": "S2", "agent": "a2"}],
            "hosts": [self.host(name) for name in HOSTS],
            "outside": [server],
            "clauses": [self.clause(number) for number in range(self.randint(1, 3))],
        }

    def ceiling(self) -> Paper:
        """Often a wide one, so that it does not refuse everything."""
        wide = self.randint(0, 1)
        return {
            "customers": ["k"] if wide else self.choice([["k"], ["k", "other"], ["other"]]),
            "networks": ["0.0.0.0/0", "::/0"] if wide else self.some(NETWORKS, 1),
            "never": self.some(NETWORKS[2:]) if self.randint(0, 1) else [],
            "ports": list(PORTS) if wide else self.some(PORTS, 1),
            "areas": list(AREAS) if wide else self.some(AREAS),
            "playbooks": list(PLAYBOOKS) if wide else self.some(PLAYBOOKS),
        }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


lots = st.integers(0, 2**48 - 1).map(Lot)
# A contract as its file says it: three hosts at two sites, a server outside, up to three clauses.
papers = lots.map(lambda lot: lot.paper(3))
# A ceiling as its file says it.
ceilings = lots.map(Lot.ceiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A contract, a revision that may wait for a second person, and the ceiling of each agent, or that it has none."""

    paper: Paper
    waiting: Paper | None
    ceilings: Mapping[str, Paper | None]


def _case(lot: Lot) -> Case:
    """More often than not one under which something is reached on the Thursday at noon."""
    noon = datetime(2026, 11, 26, 12, tzinfo=UTC)
    drawn = [_any_case(lot) for _ in range(lot.choice([1, 6, 6]))]
    return next((case for case in drawn if allowed(case, noon)), drawn[0])


def _any_case(lot: Lot) -> Case:
    paper, one, other = lot.paper(3), lot.ceiling(), lot.ceiling()
    # One of eight agents has no ceiling.
    over = {agent: ceiling if lot.randint(0, 7) else None for agent, ceiling in (("a1", one), ("a2", other))}
    return Case(paper=paper, waiting=later(lot, paper, one), ceilings=over)


cases = lots.map(_case)
# Around the midnights at which contracts begin and end, in every zone; half of them by day.
moments = st.one_of(
    st.datetimes(datetime(2026, 11, 26, 8), datetime(2026, 11, 26, 16), timezones=st.just(UTC)),  # noqa: DTZ001 - it is given there.
    st.datetimes(datetime(2026, 11, 25), datetime(2026, 11, 28), timezones=st.just(UTC)),  # noqa: DTZ001 - it is given there.
)


def allowed(case: Case, moment: datetime) -> set[Touch]:
    """Each host under the ceiling of its site's agent; a revision that waits only takes away."""
    found: set[Touch] = set()
    for agent, ceiling in case.ceilings.items():
        here = reached(case.paper, ceiling, moment)
        here &= reached(case.waiting, ceiling, moment) if case.waiting else here
        found |= {touch for touch in here if agent_for(case.paper, touch[0]) == agent}
    return found


def agent_for(paper: Paper, host: str) -> str:
    """The agent of the host's site, and of the first site for a server outside."""
    site = next((one["site"] for one in paper["hosts"] if one["id"] == host), "s1")
    return {"s1": "a1", "s2": "a2"}[site]


def reached(paper: Paper, ceiling: Paper | None, moment: datetime) -> set[Touch]:
    """Everything that may be touched at a moment, by the words of the contract and of the ceiling."""
    found: set[Touch] = set()
    if ceiling is None or paper["customer"] not in ceiling["customers"]:
        return found
    local = moment.astimezone(ZoneInfo(paper["timezone"]))
    if not paper["valid"]["from"] <= local.strftime("%Y-%m-%d") <= paper["valid"]["until"]:
        return found
    for clause in paper["clauses"]:
        if not _is_open(clause, DAYS[local.weekday()], local.strftime("%H:%M")):
            continue
        for target in _covered(paper, clause):
            doors = list(_doors(target, ceiling))
            for deed in (*clause["diagnose"], *clause["change"]):
                if deed in ceiling["areas"] or deed in ceiling["playbooks"]:
                    found |= {(target["id"], deed, address, port) for address, port in doors}
    return found


def _is_open(clause: Paper, day: str, clock: str) -> bool:
    spans = [w for w in clause["windows"] if day in w["days"] and w["from"] <= clock <= w["until"]]
    return bool(spans) or not clause["windows"]


def _covered(paper: Paper, clause: Paper) -> Iterator[Paper]:
    for host in paper["hosts"]:
        if host["id"] in clause["hosts"] or [role for role in host["roles"] if role in clause["roles"]]:
            yield host
    for server in paper["outside"]:
        if server["id"] in clause["outside"]:
            yield server


def _doors(target: Paper, ceiling: Paper) -> Iterator[tuple[str, int]]:
    for address in target["addresses"]:
        inside = [one for one in ceiling["networks"] if ip_address(address) in ip_network(one)]
        shut = [one for one in ceiling["never"] if ip_address(address) in ip_network(one)]
        for way in ("ssh", "dns"):
            if way in target and target[way]["port"] in ceiling["ports"] and inside and not shut:
                yield address, target[way]["port"]


def narrower(lot: Lot, paper: Paper, ceiling: Paper) -> tuple[Paper, Paper, str]:
    """The same contract and ceiling, with one thing less; and what was taken away."""
    paper, ceiling = copy.deepcopy(paper), copy.deepcopy(ceiling)
    what, part = lot.choice(list(_parts(paper, ceiling)))
    match what:
        case "minute":
            part[lot.choice(["from", "until"])] = _clock(
                (_minute(part["from"]) + _minute(part["until"])) // 2
            )
            if part["from"] == part["until"]:
                paper["clauses"] = [clause for clause in paper["clauses"] if part not in clause["windows"]]
        case "day of validity":
            part.update(lot.choice([{"from": part["until"]}, {"until": part["from"]}]))
        case "way in":
            del part[lot.choice([way for way in ("ssh", "dns") if way in part])]
        case "never":
            part.append(lot.choice(NETWORKS))
        case _:
            part.remove(lot.choice(part))
    paper["hosts"] = [host for host in paper["hosts"] if host["addresses"]]
    paper["outside"] = [server for server in paper["outside"] if server["addresses"]]
    # No windows at all would mean at any time: with its last day a clause goes.
    paper["clauses"] = [
        clause
        for clause in paper["clauses"]
        if all(window["days"] for window in clause["windows"])
        and (clause["hosts"] or clause["roles"] or clause["outside"])
        and (clause["diagnose"] or clause["change"])
    ]
    return paper, ceiling, what


def later(lot: Lot, paper: Paper, ceiling: Paper) -> Paper | None:
    """A revision that waits for a second person: none, or the same with some less, or with much else."""
    waiting, kind = lot.paper(4), lot.randint(0, 4)
    if kind < 2:
        return None
    if kind == 2:
        return waiting
    for _ in range(lot.randint(1, 3)):
        less, _, _ = narrower(lot, paper, ceiling)
        paper = less if less["hosts"] and less["clauses"] else paper
    return {**paper, "revision": 4, "clauses": [*paper["clauses"], {**waiting["clauses"][0], "id": "new"}]}


def _parts(paper: Paper, ceiling: Paper) -> Iterator[tuple[str, Any]]:
    """What can be taken away, and of what."""
    yield from (("list", paper[key]) for key in ("hosts", "outside", "clauses") if paper[key])
    yield "day of validity", paper["valid"]
    for target in (*paper["hosts"], *paper["outside"]):
        yield from (("list", target[key]) for key in ("addresses", "roles") if target.get(key))
        if "ssh" in target or "dns" in target:
            yield "way in", target
    for clause in paper["clauses"]:
        keys = ("hosts", "roles", "outside", "diagnose", "change")
        yield from (("list", clause[key]) for key in keys if clause[key])
        for window in clause["windows"]:
            yield "minute", window
            yield "list", window["days"]
    yield from (
        ("list", ceiling[key])
        for key in ("customers", "networks", "ports", "areas", "playbooks")
        if ceiling[key]
    )
    yield "never", ceiling["never"]


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
