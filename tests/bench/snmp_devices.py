"""Five hundred switches of twenty-four ports in one process: a stand-in that answers SNMP 2c from tables in memory.

    python -m tests.bench.snmp_devices COMMUNITY COUNT PORT

Each has an address of its own on the loopback network, from 127.8.0.1 on, and the same port. It says 'ready' and ends
with its standard input.
"""

from __future__ import annotations

import selectors
import socket
import sys

from tests.agent.odd_snmp import OddSnmp, Value, asked_in, octets

__all__ = ["COLUMNS", "PORTS", "address_of", "table"]

PORTS = 24
IF_ENTRY = (1, 3, 6, 1, 2, 1, 2, 2, 1)
IF_X_ENTRY = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
# ifDescr, ifType, ifSpeed, ifAdminStatus, ifOperStatus, ifInErrors; ifName, ifHCInOctets, ifHighSpeed, ifAlias.
COLUMNS = (*((*IF_ENTRY, n) for n in (2, 3, 5, 7, 8, 14)), *((*IF_X_ENTRY, n) for n in (1, 6, 15, 18)))


def address_of(number: int) -> str:
    return f"127.8.{number >> 8}.{(number & 255) or 255}"


def table() -> dict[tuple[int, ...], Value]:
    """The system group, and what a switch says of its ports."""
    rows: dict[tuple[int, ...], Value] = {
        (1, 3, 6, 1, 2, 1, 1, 1, 0): octets("Switch of 24 ports, version 7.1.070, Release 6126P20"),
        (1, 3, 6, 1, 2, 1, 1, 3, 0): (0x43, b"\x11\x22\x33\x44"),
        (1, 3, 6, 1, 2, 1, 1, 5, 0): octets("sw"),
    }
    numbers: dict[tuple[int, ...], Value] = {(*IF_X_ENTRY, 6): (0x46, b"\x11\x22\x33\x44\x55")}
    texts = {(*IF_ENTRY, 2), (*IF_X_ENTRY, 1), (*IF_X_ENTRY, 18)}
    for column in COLUMNS:
        for port in range(1, PORTS + 1):
            plain = octets(f"GigabitEthernet1/0/{port}") if column in texts else (2, b"\x01")
            rows[*column, port] = numbers.get(column, plain)
    return rows


def main(community: str, count: int, port: int) -> None:
    agent = OddSnmp(community=community, table=table())
    with selectors.DefaultSelector() as selector:
        for number in range(1, count + 1):
            line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            line.bind((address_of(number), port))
            selector.register(line, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in selector.select():
                if not isinstance(key.fileobj, socket.socket):
                    return
                raw, sender = key.fileobj.recvfrom(65535)
                asked = asked_in(raw)
                said = agent.usual(asked)
                if said is not None:
                    key.fileobj.sendto(agent.wrap(said, asked.community), sender)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
