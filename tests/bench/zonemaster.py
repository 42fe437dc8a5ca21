"""The zones of the lab, sound and broken: the whole product against zonemaster-cli, in the same lab and the same run."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

from tests.bench.row import Row, at_least, at_most
from tests.bench.zonemaster_tags import NOT_FOR_US, SAME
from tests.faults.fault import Fault, heal
from tests.faults.matrix import FAULTS
from tests.lab import cells, dns, papers
from tests.lab.lab import Lab, down, up
from tests.lab.places import DNS1, DNS2, REGISTRY, SIGNED, ZONE, Box, Place
from tests.lab.tools import LabError, run, until
from tests.law import set_up

__all__ = ["measure", "measure_faults"]

_TAG = re.compile(r"^ *[\d.]+ (?:WARNING|ERROR|CRITICAL) +(\S+)", re.MULTILINE)
_MANY = tuple(f"zone{number}.test" for number in range(10))
_HOSTS = ("--host", DNS1.id, "--host", DNS2.id, "--host", REGISTRY.id)
_ROUNDS = 3
# Questions a second that the contract lets one server be asked.
_RATE = 1000


@contextmanager
def _lab(*zones: str) -> Iterator[Lab]:
    """A lab of its own, whose two name servers serve these zones besides; all that the contract then names."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Place(Path(folder), "bz-", Place.of_environment().cache)
        try:
            lab = up(place)
            if zones:
                _serve_too(lab, zones)
            lab.learn_contract()
            lab.wait_healthy()
            yield lab
        finally:
            down(place)


def _serve_too(lab: Lab, zones: tuple[str, ...]) -> None:
    """More zones of one content at both servers and above, in a contract that names these alone."""
    place = lab.place
    names = "".join(f"@ IN NS {box.name}.\n" for box in (DNS1, DNS2))
    soa = f"$TTL 60\n@ IN SOA {DNS1.name}. hostmaster.{ZONE}. 1 3600 600 604800 60\n"
    (place.dns / "many").write_text(f"{soa}{names}www IN A 10.77.1.11\n", "ascii")
    above = place.dns / "test"
    given = "".join(f"{zone}. IN NS {box.name}.\n" for zone in zones for box in (DNS1, DNS2))
    above.write_text(above.read_text("ascii") + given, "ascii")
    for box, program in ((DNS1, "named"), (DNS2, "nsd"), (REGISTRY, "nsd")):
        cells.end(place, box.id, program)
    dns.start_registry(place)
    dns.start_primary(place, more=zones)
    dns.start_secondary(place, more=zones)
    for box in (DNS1, DNS2):
        until(f"{box.id} serves the last zone", partial(_serves, place, box, zones[-1]))
    document = papers.contract(place)
    document["zones"] = [
        {"name": zone, "servers": [DNS1.id, DNS2.id], "parents": [REGISTRY.id]} for zone in zones
    ]
    for host in (*document["hosts"], *document["outside"]):
        if "dns" in host:
            # The peer knows no limit: what a contract allows by default is a matter of manners, not of speed.
            host["dns"]["rate"] = _RATE
    place.contract.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    set_up(place.home, place.contract)


def _serves(place: Place, box: Box, zone: str) -> bool:
    return bool(dns.serial(place, box.address, zone))


def _ours(lab: Lab) -> tuple[set[str], float]:
    """The findings above a note, and the seconds from the command's start to its end."""
    made = lab.product("ticket", "new", "--customer", "musterbau", "--subject", "x", "--text", "y", "--json")
    ticket = str(json.loads(made.stdout)["id"])
    began = time.perf_counter()
    done = lab.product("diagnose", "--ticket", ticket, "--area", "dns", *_HOSTS, "--json")
    took = time.perf_counter() - began
    if done.returncode not in {0, 1}:
        raise LabError(f"the diagnosis ended with {done.returncode}: {done.stderr}")
    found = json.loads(done.stdout)["findings"]
    return {one["tag"] for one in found if one["severity"] != "note"}, took


def _theirs(lab: Lab, zone: str) -> tuple[set[str], float]:
    hints = lab.place.dns / "zonemaster-hints"
    hints.write_text(
        f". 3600 IN NS {REGISTRY.name}.\n{REGISTRY.name}. 3600 IN A {REGISTRY.address}\n", "ascii"
    )
    words = ("--hints", str(hints), "--no-ipv6", "--level", "WARNING", "--raw", zone)
    began = time.perf_counter()
    done = run(
        "ip", "netns", "exec", lab.place.netns("agent"), "zonemaster-cli", *words, timeout=180, check=False
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise LabError(f"zonemaster-cli ended with {done.returncode}: {done.stderr}")
    return set(_TAG.findall(done.stdout)), took


def measure() -> list[Row]:
    """One sound zone, ten sound zones, a dead server and a slow one; start-up and report included."""
    rows = []
    with _lab(_MANY[0]) as lab:
        ours = min(_ours(lab)[1] for _ in range(_ROUNDS))
        theirs = min(_theirs(lab, _MANY[0])[1] for _ in range(_ROUNDS))
        rows.append(at_most("zone-sound", "s", ours, theirs))
    with _lab(*_MANY) as lab:
        ours = min(_ours(lab)[1] for _ in range(_ROUNDS))
        theirs = sum(_theirs(lab, zone)[1] for zone in _MANY)
        rows.append(at_most("zones-ten", "s", ours, theirs, 1 / 3))
    with _lab() as lab:
        for name, tag, aim in (("secondary-dead", "dns.server-dead", 5.0), ("slow-server", "dns.slow", 6.0)):
            with _broken(lab, next(fault for fault in FAULTS if fault.name == name)):
                (found, ours), (_, theirs) = _ours(lab), _theirs(lab, ZONE)
            if tag not in found:
                raise LabError(f"{name}: {tag} was not found")
            rows += [at_most(name, "s", ours, theirs), at_most(f"{name}-aim", "s", ours, aim)]
    return rows


@contextmanager
def _broken(lab: Lab, fault: Fault) -> Iterator[None]:
    try:
        fault.inject(lab)
        yield
    finally:
        heal(lab, [fault])


def measure_faults() -> list[Row]:
    """Of the DNS faults in which zonemaster has something at WARNING or above, the share in which we say it too."""
    said = both = only_we = 0
    with _lab() as lab:
        usual = {zone: _theirs(lab, zone)[0] for zone in (ZONE, SIGNED)}
        for fault in (fault for fault in FAULTS if fault.area == "dns"):
            with _broken(lab, fault):
                tags = {tag for zone, known in usual.items() for tag in _theirs(lab, zone)[0] - known}
                found, _ = _ours(lab)
            tags -= NOT_FOR_US.keys()
            missing = sorted(tag for tag in tags if not found & set(SAME.get(tag, ())))
            said += bool(tags)
            both += bool(tags) and not missing
            only_we += bool(found) and not tags
            print(f"{fault.name}: {', '.join(sorted(tags)) or 'nothing'}; we lack {missing or 'nothing'}")
    return [
        at_least("zonemaster-faults", "faults", both, said),
        at_least("faults-it-misses", "faults", only_we, 1),
    ]
