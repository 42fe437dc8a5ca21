"""What does a Linux bridge say of itself over SNMP? BRIDGE-MIB (RFC 4188) and its RSTP part (RFC 4318), for net-snmp.

    pass_persist .1.3.6.1.2.1.17 python3 -I -S bridge_mib.py BRIDGE        (a line of snmpd.conf)

net-snmp has no BRIDGE-MIB of its own. Everything comes from sysfs and `bridge fdb`. The kernel counts no changes of
topology: a thread counts them by looking at the ports' states (IEEE 802.1D-1998, 8.5.3.12). SIGUSR1 is for
those who cannot wait: the changes so far are forgotten, and the last one is dated back.
"""

from __future__ import annotations

import bisect
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_ROOT = (1, 3, 6, 1, 2, 1, 17)
_NET = Path("/sys/class/net")
# BR_STATE_DISABLED, LISTENING, LEARNING, FORWARDING, BLOCKING -> dot1dStpPortState.
_STATES = {0: 1, 1: 3, 2: 4, 3: 5, 4: 2}
_FORWARDING, _AWAY = 3, (0, 4)
# Longer than anybody takes for recent.
_LONG = 120.0
# A walk within this time sees one and the same picture.
_FRESH = 0.2

Row = tuple[str, str]
Oid = tuple[int, ...]


class Bridge:
    """One bridge, and the changes of its topology since this program began."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.changes = 0
        self.changed = time.monotonic()
        self.is_to_settle = False
        self._states: dict[str, int] = {}
        self._lock = threading.Lock()

    def read(self, *parts: str) -> str:
        try:
            return _NET.joinpath(*parts).read_text("ascii").strip()
        except OSError:
            return "0"

    def number(self, *parts: str) -> int:
        return int(self.read(*parts), 0)

    def ports(self) -> list[tuple[int, str]]:
        """Their numbers and names."""
        folder = _NET / self.name / "brif"
        names = [path.name for path in folder.iterdir()] if folder.exists() else []
        return sorted((self.number(name, "brport", "port_no"), name) for name in names)

    def look(self) -> None:
        """Count the ports that began or ceased to forward."""
        with self._lock:
            for _, name in self.ports():
                state = self.number(name, "brport", "state")
                before = self._states.get(name, state)
                self._states[name] = state
                if state != before and (state == _FORWARDING or (before == _FORWARDING and state in _AWAY)):
                    self.changes += 1
                    self.changed = time.monotonic()
            if self.is_to_settle:
                # After a look: what changed until now is forgotten as well.
                self.changes, self.changed, self.is_to_settle = 0, time.monotonic() - _LONG, False

    def settle(self, *_: object) -> None:
        """Be at rest for a while already, from the next look on."""
        self.is_to_settle = True

    def everything(self) -> dict[Oid, Row]:
        found: dict[Oid, Row] = {}
        found |= self._base()
        found |= self._tree()
        for number, name in self.ports():
            found |= self._port(number, name)
        return found | self._stations()

    def _base(self) -> dict[Oid, Row]:
        return {
            (1, 1, 0): ("octet", self.read(self.name, "address").replace(":", " ")),
            (1, 2, 0): ("integer", str(len(self.ports()))),
            # transparent-only
            (1, 3, 0): ("integer", "2"),
        }

    def _tree(self) -> dict[Oid, Row]:
        def of(key: str) -> str:
            return self.read(self.name, "bridge", key)

        if of("stp_state") == "0":
            return {}
        since = int((time.monotonic() - self.changed) * 100)
        # ieee8021d
        found: dict[Oid, Row] = {
            (2, 1, 0): ("integer", "3"),
            (2, 2, 0): ("integer", of("priority")),
            (2, 3, 0): ("timeticks", str(since)),
            (2, 4, 0): ("counter", str(self.changes)),
            (2, 5, 0): ("octet", _identifier(of("root_id"))),
            (2, 6, 0): ("integer", of("root_path_cost")),
            (2, 7, 0): ("integer", of("root_port")),
            (2, 10, 0): ("integer", "100"),
            # stpCompatible
            (2, 16, 0): ("integer", "0"),
        }
        for key, columns in (("max_age", (8, 12)), ("hello_time", (9, 13)), ("forward_delay", (11, 14))):
            found |= {(2, column, 0): ("integer", of(key)) for column in columns}
        return found

    def _port(self, number: int, name: str) -> dict[Oid, Row]:
        def of(key: str) -> str:
            return self.read(name, "brport", key)

        found: dict[Oid, Row] = {
            (1, 4, 1, 1, number): ("integer", str(number)),
            (1, 4, 1, 2, number): ("integer", self.read(name, "ifindex")),
            (1, 4, 1, 3, number): ("objectid", ".0.0"),
            (1, 4, 1, 4, number): ("counter", "0"),
            (1, 4, 1, 5, number): ("counter", "0"),
        }
        if self.read(self.name, "bridge", "stp_state") == "0":
            return found
        state, cost = int(of("state")), of("path_cost")
        designated = int(of("designated_port")).to_bytes(2, "big").hex(" ")
        columns: dict[int, Row] = {
            1: ("integer", str(number)),
            2: ("integer", of("priority")),
            3: ("integer", str(_STATES[state])),
            4: ("integer", "2" if state == 0 else "1"),
            5: ("integer", str(min(int(cost), 65535))),
            6: ("octet", _identifier(of("designated_root"))),
            7: ("integer", of("designated_cost")),
            8: ("octet", _identifier(of("designated_bridge"))),
            9: ("octet", designated),
            10: ("counter", "0"),
            11: ("integer", cost),
        }
        return found | {(2, 15, 1, column, number): row for column, row in columns.items()}

    def _stations(self) -> dict[Oid, Row]:
        numbers = {name: number for number, name in self.ports()}
        shown = subprocess.run(
            ("bridge", "-j", "fdb", "show", "br", self.name), capture_output=True, text=True, check=False
        )
        found: dict[Oid, Row] = {}
        for entry in json.loads(shown.stdout or "[]"):
            mac = entry.get("mac", "")
            if entry.get("ifname") not in numbers or "vlan" in entry or mac.startswith(("33:33", "01:")):
                continue
            index = tuple(int(byte, 16) for byte in mac.split(":"))
            # Its own addresses are 4, learned ones 3.
            status = "4" if entry.get("state") == "permanent" else "3"
            found[4, 3, 1, 1, *index] = ("octet", mac.replace(":", " "))
            found[4, 3, 1, 2, *index] = ("integer", str(numbers[entry["ifname"]]))
            found[4, 3, 1, 3, *index] = ("integer", status)
        return found


def _identifier(text: str) -> str:
    """'1000.028800000001' as eight octets."""
    priority, _, mac = text.partition(".")
    return bytes.fromhex(priority.zfill(4) + mac.zfill(12)).hex(" ")


def answer(bridge: Bridge) -> None:
    """Speak net-snmp's protocol on standard input and output (snmpd.conf(5), pass_persist)."""
    made, rows, names = 0.0, {}, []
    while word := sys.stdin.readline():
        word = word.strip()
        if word == "PING":
            _say("PONG")
            continue
        if word not in {"get", "getnext"}:
            # A set has two more lines.
            if word == "set":
                sys.stdin.readline(), sys.stdin.readline()
            _say("not-writable" if word == "set" else "NONE")
            continue
        asked = tuple(int(arc) for arc in sys.stdin.readline().strip().strip(".").split("."))
        if time.monotonic() - made > _FRESH:
            bridge.look()
            rows = bridge.everything()
            made, names = time.monotonic(), sorted(rows)
        rest = asked[len(_ROOT) :] if asked[: len(_ROOT)] == _ROOT else ()
        if word == "getnext":
            at = bisect.bisect_right(names, rest)
            rest = names[at] if at < len(names) else ()
        if rest in rows:
            _say("." + ".".join(map(str, (*_ROOT, *rest))), *rows[rest])
        else:
            _say("NONE")


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _watch(bridge: Bridge) -> None:
    while True:
        bridge.look()
        time.sleep(0.2)


if __name__ == "__main__":
    BRIDGE = Bridge(sys.argv[1])
    signal.signal(signal.SIGUSR1, BRIDGE.settle)
    threading.Thread(target=_watch, args=(BRIDGE,), daemon=True).start()
    answer(BRIDGE)
