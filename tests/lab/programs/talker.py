"""Sends an ICMP echo to each address twice a second, and writes down when each answered last.

    talker.py FILE ADDRESS…        FILE: JSON, {"10.79.20.2": seconds since 1970}

Standard library only, so that any Python can run it.
"""

import json
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path

_EVERY = 0.5


def _sum(content: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(content) // 2}H", content))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def _echo(number: int, size: int = 56) -> bytes:
    head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, number & 0xFFFF)
    whole = head + bytes(size)
    return whole[:2] + struct.pack("!H", _sum(whole)) + whole[4:]


def main(file: str, addresses: list[str]) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    heard: dict[str, float] = {}
    number = 0
    while True:
        number += 1
        for address in addresses:
            try:
                line.sendto(_echo(number), (address, 0))
            except OSError:
                # There is no way to it just now.
                continue
        end = time.monotonic() + _EVERY
        while (rest := end - time.monotonic()) > 0:
            if not select.select([line], [], [], rest)[0]:
                break
            packet, (sender, _) = line.recvfrom(2048)
            kind, _, _, mine = struct.unpack("!BBHH", packet[20:26])
            if kind == 0 and mine == os.getpid() & 0xFFFF:
                heard[sender] = time.time()
        new = Path(f"{file}.new")
        new.write_text(json.dumps(heard), "ascii")
        new.replace(file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
