"""Who speaks in the real call? Sends two directions of voice over real sockets, with loss, jitter, keys and a second source.

python -m tests.collectors.voip.sender
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from tests.speech import Speech
from tests.wire import Frame

CALLER, CALLEE = ("192.0.2.21", 40_000), ("192.0.2.10", 50_000)
# Ethernet, IPv4 and UDP, which the kernel puts before what is sent.
_HEADS = 14 + 20 + 8


def _voice() -> Iterator[tuple[float, tuple[str, int], tuple[str, int], bytes]]:
    ways = (
        (
            Speech(to="callee", seconds=6, lose_every=13, wait=9.0, resume=180, resume_ssrc=0x4242, seed=3),
            CALLER,
            CALLEE,
        ),
        (
            Speech(to="caller", seconds=6, ssrc=5, noise=((2.0, 3.0),), late=(40, 41, 90), twice=(10, 70)),
            CALLEE,
            CALLER,
        ),
    )
    for speech, src, dst in ways:
        frames: Iterator[Frame] = speech.packets(0.0, f"{src[0]}:{src[1]}", f"{dst[0]}:{dst[1]}")
        for at, frame in frames:
            yield at, src, dst, frame[_HEADS:]


def main() -> None:
    sockets = {}
    for place in (CALLER, CALLEE):
        sockets[place] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # The telephones' own program holds their ports and sends nothing: voice comes from the ports beside them.
        sockets[place].bind((place[0], place[1] + 10))
    begin = time.monotonic()
    for at, src, dst, payload in sorted(_voice()):
        left = begin + at - time.monotonic()
        if left > 0:
            time.sleep(left)
        sockets[src].sendto(payload, dst)


if __name__ == "__main__":
    main()
