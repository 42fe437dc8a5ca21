"""Send UDP to one host for some seconds: HOST SECONDS DSCP PACKETS-A-SECOND BYTES. Bytes are of the whole IP packet."""

from __future__ import annotations

import contextlib
import socket
import sys
import time

host, seconds, dscp, rate, size = sys.argv[1], *map(int, sys.argv[2:6])
if not (0 < seconds <= 60 and 0 < rate <= 2000 and 28 < size <= 1500):
    sys.exit("out of bounds")
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
line.connect((host, 40000 + dscp))
begin = now = time.monotonic()
sent = 0
while now - begin < seconds:
    # Nobody listens there, and the far host says so.
    with contextlib.suppress(OSError):
        line.send(bytes(size - 28))
    sent += 1
    time.sleep(max(0.0, begin + sent / rate - time.monotonic()))
    now = time.monotonic()
