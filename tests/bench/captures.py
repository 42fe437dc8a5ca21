"""How fast is a large capture of calls read, and in how much memory, beside tshark on the same file?"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.row import Row, at_most
from tests.traffic import Talk
from tests.wire import Frame, dgram

__all__ = ["CALLS", "SIZE", "large_capture", "measure"]

CALLS, SIZE = 2_000, 500_000_000
_SECONDS, _MEGABYTES = 60.0, 300.0
_PACKETS = 545
# Each call begins so much later than the one before; voice comes every 20 ms.
_APART, _STEP = 0.05, 0.02
_BEGAN = 1_700_000_000


@dataclass(slots=True)
class _Voice:
    """One direction of a call: everything of its packets but what changes."""

    begin: float
    head: bytes
    ssrc: int
    lose: int

    def packet(self, number: int) -> bytes:
        stamp = 160 + number * 160
        return self.head + struct.pack(">BBHII", 0x80, 0, 1000 + number, stamp, self.ssrc) + bytes(160)


def large_capture(path: Path, calls: int = CALLS, packets: int = _PACKETS) -> int:
    """Write a capture of so many calls, always the same one; gives how many packets of voice were left out."""
    signalling: list[Frame] = []
    voices: list[_Voice] = []
    for number in range(calls):
        caller, callee = f"10.1.{number >> 8}.{number & 255}", f"10.2.{number >> 8}.{number & 255}"
        at = number * _APART
        talk = Talk(
            at=at,
            id=f"{number:08x}@bench",
            caller=f"{caller}:5060",
            callee=f"{callee}:5060",
            answer=1.0,
            seconds=11.5,
        )
        signalling += talk.frames()
        for src, dst, sport, dport in ((caller, callee, 40_000, 50_000), (callee, caller, 50_000, 40_000)):
            head = dgram(f"{src}:{sport}", f"{dst}:{dport}", bytes(172), 46)[0][:-172]
            voices.append(
                _Voice(at + 1.1, head, number * 2 + (sport == 40_000), 50 if number % 10 == 0 else 0)
            )
    signalling.sort(key=lambda frame: frame[0])
    lost = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for at, frame, is_lost in _in_order(signalling, voices, packets):
            lost += is_lost
            if not is_lost:
                ticks = round(at * 1e6)
                size = len(frame)
                file.write(struct.pack("<IIII", _BEGAN + ticks // 10**6, ticks % 10**6, size, size) + frame)
    return lost


def _in_order(
    signalling: list[Frame], voices: list[_Voice], packets: int
) -> Iterator[tuple[float, bytes, bool]]:
    """All packets by their time, without ever holding them."""
    waiting = iter([*signalling, (1e12, b"")])
    said = next(waiting)
    begun, ended = 0, 0
    tick = 0
    while ended < len(voices):
        now = tick * _STEP
        while begun < len(voices) and voices[begun].begin <= now + 1e-9:
            begun += 1
        while said[0] <= now:
            yield (*said, False)
            said = next(waiting)
        for place in range(ended, begun):
            voice = voices[place]
            number = tick - round(voice.begin / _STEP)
            if number >= packets:
                ended = max(ended, place + 1)
                continue
            # The first and the last come always, so that every loss can be told from the numbers.
            is_lost = bool(voice.lose and number and number < packets - 1 and number % voice.lose == 0)
            yield now + place % 97 * 1e-5, voice.packet(number), is_lost
        tick += 1
    while said[1]:
        yield (*said, False)
        said = next(waiting)


def measure() -> list[Row]:
    """Seconds and megabytes for 500 MB of 2,000 calls, and tshark's seconds for its table of streams."""
    with tempfile.TemporaryDirectory(prefix="secondline-bench-") as folder:
        file = Path(folder) / "calls.pcap"
        large_capture(file)
        ours, used = _timed((sys.executable, "-I", "-m", "agent.listener", "capture:1"), file)
        theirs, peer = _timed(("tshark", "-q", "-r", str(file), "-z", "rtp,streams"), None)
        size = file.stat().st_size
    return [
        at_most(f"capture of {size // 10**6} MB, {CALLS} calls", "s", ours, _SECONDS),
        at_most("the same, memory", "MB", used, _MEGABYTES),
        at_most("the same, beside tshark", "s", ours, theirs, 3.0),
        at_most("the same, memory beside tshark", "MB", used, peer),
    ]


def _timed(argv: tuple[str, ...], source: Path | None) -> tuple[float, float]:
    """Seconds and the most megabytes that a program took, on one core."""
    core = min(os.sched_getaffinity(0))
    with (source or Path(os.devnull)).open("rb") as file:
        start = time.perf_counter()
        process = subprocess.Popen(
            ("taskset", "-c", str(core), *argv),
            stdin=file,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{argv[0]} ended with {process.returncode}")
    return time.perf_counter() - start, used.ru_maxrss / 1024
