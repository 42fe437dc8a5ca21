"""How fast is a large table walked beside net-snmp's own snmpbulkwalk, and what do five hundred switches cost us?

The agent is net-snmp's, in a network of its own, where five thousand neighbours make a table of twenty thousand objects.
Secrets are made for the run; snmpbulkwalk reads them from a file.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agent.sessions.snmp import SnmpSession
from agent.sessions.snmp_engine import the_engine
from agent.start import SnmpUser, SnmpWay
from collectors.exchange import Exchange
from tests.agent.real_snmp import CIPHERS, DIGESTS, RealSnmp, serving_snmp
from tests.bench.row import Row, at_most
from tests.bench.snmp_devices import COLUMNS, PORTS, address_of
from tests.leave import leave_for

__all__ = ["measure", "measure_devices"]

ROWS, ROUNDS = 5_000, 5
_TABLE = (1, 3, 6, 1, 2, 1, 4, 22)
OBJECTS = 4 * ROWS
DEVICES, AT_ONCE, CPU_SECONDS = 500, 50, 10.0
_SYSTEM = tuple((1, 3, 6, 1, 2, 1, 1, number, 0) for number in (1, 3, 5))


def measure() -> list[Row]:
    """Seconds for one walk by the clock, best of five, ours and the tool's in turn, by 2c and by 3."""
    name = f"slbench-{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix="bench-snmp-"))
    try:
        _neighbours(name)
        command = ("ip", "netns", "exec", name, sys.executable, "-m", "tests.bench.snmp", str(folder))
        rounds = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    finally:
        subprocess.run(("ip", "netns", "del", name), check=False)
        shutil.rmtree(folder)
    return [
        at_most(f"snmp walk of {OBJECTS} objects, version {version}", "s", min(ours), min(peer), 1.5)
        for version, ours, peer in rounds
    ]


def _neighbours(name: str) -> None:
    """A network of its own, with a large table of neighbours."""
    inside = ("ip", "-n", name)
    lines = "".join(
        f"neigh add 10.88.{129 + n // 250}.{1 + n % 250} lladdr 02:88:00:00:{n >> 8:02x}:{n & 255:02x} nud permanent dev v0\n"
        for n in range(ROWS)
    )
    for words in (
        ("ip", "netns", "add", name),
        (*inside, "link", "set", "lo", "up"),
        (*inside, "link", "add", "v0", "type", "veth", "peer", "name", "v1"),
        (*inside, "link", "set", "v0", "up"),
        (*inside, "link", "set", "v1", "up"),
        (*inside, "addr", "add", "10.88.128.1/17", "dev", "v0"),
    ):
        subprocess.run(words, check=True)
    subprocess.run((*inside, "-batch", "-"), input=lines, text=True, check=True)


def walks(folder: Path) -> list[tuple[str, list[float], list[float]]]:
    """Within the network: version, our seconds, the tool's."""
    with serving_snmp(folder / "snmpd") as real:
        found = []
        for version, way in (("2c", real.by_community), ("3", real.by_user)):
            rounds = [(_ours(real, way), _tool(real, way, folder)) for _ in range(ROUNDS)]
            ours, tool = (list(column) for column in zip(*rounds, strict=True))
            found.append((version, ours, tool))
        return found


def _ours(real: RealSnmp, way: SnmpWay) -> float:
    async def walked() -> float:
        kept: list[Exchange] = []
        session = _session(way, real.address, real.port, kept)
        start = time.perf_counter()
        found = await session.walk(_TABLE)
        took = time.perf_counter() - start
        await session.close()
        _must_be(len(found), kept)
        return took

    return asyncio.run(walked())


def _session(way: SnmpWay, address: str, port: int, kept: list[Exchange]) -> SnmpSession:
    doors = leave_for("sw", address, snmp=port).doors("sw", "snmp")
    return SnmpSession(the_engine(), way, doors, kept.append)


def _must_be(count: int, kept: list[Exchange]) -> None:
    if count != OBJECTS or kept[0].parts["snmprec"].count(b"\n") != OBJECTS:
        raise RuntimeError(f"{count} of {OBJECTS} objects were walked")


def _tool(real: RealSnmp, way: SnmpWay, folder: Path) -> float:
    config = folder / "tool"
    config.mkdir(mode=0o700, exist_ok=True)
    file = config / "snmp.conf"
    file.touch(mode=0o600)
    file.write_text(_configuration(way.user, way.community), "ascii")
    words = ("snmpbulkwalk", "-On", f"{real.address}:{real.port}", ".".join(map(str, _TABLE)))
    start = time.perf_counter()
    said = subprocess.run(
        words,
        check=True,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "SNMPCONFPATH": str(config), "MIBS": ""},
    ).stdout
    took = time.perf_counter() - start
    if said.count(b"\n") != OBJECTS:
        raise RuntimeError(f"snmpbulkwalk does not give {OBJECTS} objects")
    return took


def _configuration(user: SnmpUser | None, community: str) -> str:
    if user is None:
        return f"defVersion 2c\ndefCommunity {community}\n"
    return (
        f"defVersion 3\ndefSecurityLevel authPriv\ndefSecurityName {user.name}\n"
        f"defAuthType {DIGESTS[user.authentication]}\ndefAuthPassphrase {user.authentication_phrase}\n"
        f"defPrivType {CIPHERS[user.privacy]}\ndefPrivPassphrase {user.privacy_phrase}\n"
    )


def measure_devices() -> list[Row]:
    """Our own processor seconds for the system group and ten columns of the ports of five hundred switches."""
    community, port = secrets.token_urlsafe(12), 16_161
    words = (sys.executable, "-m", "tests.bench.snmp_devices", community, str(DEVICES), str(port))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as devices:
        if devices.stdout is None or devices.stdout.readline() != "ready\n":
            raise RuntimeError("the switches do not start")
        the_engine()
        start, clock = time.process_time(), time.perf_counter()
        asyncio.run(_all(SnmpWay(community=community), port))
        spent, took = time.process_time() - start, time.perf_counter() - clock
        print(f"{DEVICES} switches in {took:.1f} s, {spent:.1f} s of it ours", file=sys.stderr)
        devices.communicate("")
    return [at_most(f"snmp, {DEVICES} switches of {PORTS} ports", "s of CPU", spent, CPU_SECONDS)]


async def _all(way: SnmpWay, port: int) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            session = _session(way, address_of(number), port, [])
            await session.get(*_SYSTEM)
            for column in COLUMNS:
                if len(await session.walk(column)) != PORTS:
                    raise RuntimeError(f"switch {number} does not give all of its ports")
            await session.close()

    await asyncio.gather(*(one(number) for number in range(1, DEVICES + 1)))


if __name__ == "__main__":
    print(json.dumps(walks(Path(sys.argv[1]))))
