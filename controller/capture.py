"""How does a capture that somebody hands over come into a run? Read by a process of its own, kept as evidence, judged.

No host is asked for it, so the contract has nothing to permit; the ledger says which file it was, by its SHA-256.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.codec import outcome_from
from agent.job import Broken, Job, NoAnswer, Outcome, Result
from collectors import About, Kind, Phase
from collectors.exchange import Exchange
from collectors.voip.calls import calls
from controller.store.blobs import MAX_BLOB

__all__ = ["CaptureError", "Handed", "capture_about", "handed", "hear", "is_capture"]

_PREFIX = "capture:"
_CHUNK = 1 << 20
_LARGEST_ANSWER = 128 << 20
_LARGEST = 64 << 30


class CaptureError(Exception):
    """The file cannot be taken as a capture at all; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A capture as it was handed over. place: its name in the run, 'capture:1' …; a host's id has no colon.

    name: as the ticket calls the file, where it comes from there. path: None when there is nothing to be read; missing: why.
    """

    place: str
    path: Path | None
    name: str = ""
    missing: str = ""

    @classmethod
    def numbered(cls, number: int, path: Path, name: str = "") -> Handed:
        return cls(place=f"{_PREFIX}{number}", path=path, name=name)

    @classmethod
    def lacking(cls, number: int, name: str, why: str) -> Handed:
        """One that is there, and could not be had."""
        return cls(place=f"{_PREFIX}{number}", path=None, name=name, missing=why)

    @property
    def job(self) -> Job:
        return Job(id=f"{self.place}/{calls.name}", host=self.place, collector=calls.name)


def is_capture(host: str) -> bool:
    """Say whether a result is of a capture, and of no host."""
    return host.startswith(_PREFIX)


def capture_about(place: str) -> About:
    """What there is to be said of a capture, as of a host."""
    return About(id=place, name=place, addresses=(), platform="", environment="capture")


def handed(paths: Sequence[Path]) -> tuple[Handed, ...]:
    """Take files, in their order. Raises CaptureError for one that cannot be opened, or is none."""
    for path in paths:
        try:
            kind = path.stat()
        except OSError as error:
            raise CaptureError(f"{path} cannot be read: {error.strerror or error}") from None
        if not stat.S_ISREG(kind.st_mode):
            raise CaptureError(f"{path} is no file: name a capture (pcap or pcapng)")
        if not os.access(path, os.R_OK):
            raise CaptureError(f"{path} may not be read by this account")
        if kind.st_size > _LARGEST:
            raise CaptureError(f"{path} is larger than 64 GiB: cut it with editcap first")
    return tuple(Handed.numbered(number, path) for number, path in enumerate(paths, 1))


async def hear(one: Handed, seconds: float) -> tuple[Result, Exchange]:
    """Have a capture read and judged, within so many seconds. The exchange holds its first 8 MiB, and what the whole is.

    Cancelling ends the process, and is a stopped job.
    """
    began = datetime.now(UTC)
    loop = asyncio.get_running_loop()
    start = loop.time()
    try:
        outcome: Outcome = await _read(one, seconds)
    except asyncio.CancelledError:
        outcome = NoAnswer(Kind.STOPPED, Phase.ASK, "stopped")
    took = loop.time() - start
    exchange = await asyncio.to_thread(_kept, one, began, took, outcome)
    return Result(job=one.job, outcome=outcome, began=began, took=took), exchange


async def _read(one: Handed, seconds: float) -> Outcome:
    if one.path is None:
        return NoAnswer(Kind.NOT_THERE, Phase.CONNECT, one.missing)
    with one.path.open("rb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "agent.listener", one.place),
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            # Nothing of our surroundings, and no plug-in that another package brings along.
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYDANTIC_DISABLE_PLUGINS": "__all__"},
        )
    try:
        async with asyncio.timeout(seconds):
            said, words, code = await asyncio.gather(
                _up_to(process.stdout, _LARGEST_ANSWER), _up_to(process.stderr, 1 << 20), process.wait()
            )
    except TimeoutError:
        return NoAnswer(Kind.TIMED_OUT, Phase.ASK, f"the capture was not read within {seconds:.0f} seconds")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return _outcome(said, words, code)


async def _up_to(stream: asyncio.StreamReader | None, most: int) -> bytes:
    """Everything that is said; what is more than so much is no answer."""
    found = bytearray()
    while stream is not None and (more := await stream.read(_CHUNK)):
        found += more
        if len(found) > most:
            return b""
    return bytes(found)


def _outcome(said: bytes, words: bytes, code: int) -> Outcome:
    if code == 0:
        try:
            told: Any = json.loads(said)
            return outcome_from(told["outcome"])
        except (ValueError, KeyError, TypeError):
            return Broken("the process that reads captures said nothing that can be read")
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return NoAnswer(Kind.TIMED_OUT, Phase.ASK, "the capture took more processor time than it is given")
    last = words.decode("utf-8", "replace").strip().splitlines()[-1:] or ["without a word"]
    if "MemoryError" in last[0]:
        return NoAnswer(
            Kind.CUT_OFF, Phase.ASK, "the capture took more memory than it is given: cut it with editcap"
        )
    return Broken(f"the process that reads captures ended with {code}: {last[0]}"[:500])


def _kept(one: Handed, began: datetime, took: float, outcome: Outcome) -> Exchange:
    """The record of it. What is behind the first 8 MiB is not kept; its hash is of the whole file, and of none there is none."""
    facts: dict[str, str | int] = {}
    parts: dict[str, bytes] = {}
    size = 0
    if one.path is not None:
        digest, first = hashlib.sha256(), bytearray()
        with one.path.open("rb") as file:
            while more := file.read(_CHUNK):
                digest.update(more)
                size += len(more)
                if len(first) < MAX_BLOB:
                    first += more[: MAX_BLOB - len(first)]
        facts, parts = {"sha256": digest.hexdigest(), "size": size}, {"pcap": bytes(first)}
    unanswered = (outcome.kind, outcome.phase, outcome.detail) if isinstance(outcome, NoAnswer) else None
    return Exchange(
        session="capture",
        question=("capture", one.name) if one.name else ("capture",),
        began=began,
        took=took,
        facts=facts,
        parts=parts,
        cut=size > MAX_BLOB,
        unanswered=unanswered,
    )
