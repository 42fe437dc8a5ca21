"""A capture comes into a run: read apart, judged, kept, reported, and judged again offline; nobody is asked for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.job import NoAnswer
from collectors import Kind
from controller.capture import Handed, hear
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command
from tests.speech import Speech
from tests.traffic import Talk, Traffic

pytestmark = pytest.mark.slow

ONE_WAY = Traffic(call=(Talk(speech=(Speech(to="callee"),)),))
HEALTHY = Traffic(call=(Talk(speech=(Speech(to="callee"), Speech(to="caller", ssrc=2))),))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Fleet(1) as fleet:
        yield home_for(tmp_path_factory.mktemp("home"), fleet, contract_over(fleet))


def _diagnose(home: Path, *captures: Path) -> tuple[int, dict[str, object]]:
    files = [word for path in captures for word in ("--capture", str(path))]
    done = run_command(
        home, "diagnose", "--ticket", "1", "--question", "voip.calls", "--json", "--quiet", *files
    )
    assert done.returncode in {0, 1, 3, 4}, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_capture_of_one_way_voice_is_a_fault_in_the_report(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    file.write_bytes(ONE_WAY.content())
    code, report = _diagnose(home, file)
    assert code == 1
    assert "voip.call-one-way" in json.dumps(report["findings"])
    assert "+4940123421" not in json.dumps(report), "numbers are kept short"
    ledger = run_command(home, "ledger", "show", str(report["run"]), "--json").stdout
    assert "capture-read" in ledger
    assert "session-opened" not in ledger
    bundle = tmp_path / "evidence.zip"
    assert run_command(home, "report", "bundle", str(report["run"]), "-o", str(bundle)).returncode == 0
    again = run_command(home, "judge", str(bundle))
    assert again.returncode in {0, 1}, again.stderr
    assert "same" in again.stdout or "voip.call-one-way" in again.stdout


def test_a_capture_of_a_good_call_is_no_fault(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    file.write_bytes(HEALTHY.content())
    code, report = _diagnose(home, file)
    assert (code, report["findings"]) == (0, [])


def test_what_is_no_capture_stays_unanswered_with_its_reason(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    file.write_text("hello")
    code, report = _diagnose(home, file)
    assert code in {3, 4}
    assert "neither pcap nor pcapng" in json.dumps(report)


def test_a_file_that_is_not_there_is_a_mistake_of_whoever_types(home: Path, tmp_path: Path) -> None:
    done = run_command(home, "diagnose", "--ticket", "1", "--capture", str(tmp_path / "none.pcap"))
    assert done.returncode == 2
    assert "none.pcap" in done.stderr


def test_captures_of_the_ticket_are_read_and_what_cannot_be_had_is_told(home: Path, tmp_path: Path) -> None:
    one_way, odd, other = tmp_path / "Gespräch 1.PCAP", tmp_path / "odd.pcapng", tmp_path / "screen.png"
    one_way.write_bytes(ONE_WAY.content())
    odd.write_text("hello")
    other.write_bytes(b"\x89PNG")
    files = [word for path in (one_way, odd, other) for word in ("--attach", str(path))]
    opened = run_command(
        home, "ticket", "new", "--customer", "fleet", "--subject", "Einseitig", "--json", *files
    )
    ticket = str(json.loads(opened.stdout)["id"])
    asked = ("--question", "voip.calls", "--json", "--quiet")
    done = run_command(home, "diagnose", "--ticket", ticket, *asked)
    report = json.loads(done.stdout)
    assert "voip.call-one-way" in json.dumps(report["findings"])
    assert [result["host"] for result in report["results"]] == ["capture:1", "capture:2"]
    assert "neither pcap nor pcapng" in json.dumps(report["results"][1])
    assert "Gespräch 1.PCAP" in json.dumps(report, ensure_ascii=False)
    # Whoever asks about something else has not asked for them.
    done = run_command(home, "diagnose", "--ticket", ticket, "--area", "linux", "--json", "--quiet")
    assert "capture:1" not in done.stdout


async def test_an_attachment_that_cannot_be_had_is_no_empty_answer() -> None:
    lacking = Handed.lacking(3, "big.pcap", "it has 900000000 bytes: give it with --capture")
    result, exchange = await hear(lacking, 5)
    assert isinstance(result.outcome, NoAnswer)
    assert (result.outcome.kind, "--capture" in result.outcome.detail) == (Kind.NOT_THERE, True)
    # No hash of a file that nobody had, and no evidence of it.
    assert (exchange.question, exchange.facts, exchange.parts) == (("capture", "big.pcap"), {}, {})


async def test_reading_ends_with_its_time(tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    file.write_bytes(HEALTHY.content())
    result, exchange = await hear(Handed(place="capture:1", path=file), 0.001)
    assert isinstance(result.outcome, NoAnswer)
    assert result.outcome.kind is Kind.TIMED_OUT
    assert exchange.parts["pcap"] == HEALTHY.content()


def test_the_process_that_reads_opens_nothing_and_reaches_nobody() -> None:
    """Its own walls, tried from inside: the code runs where the reading would, after it closed itself in."""
    program = (
        "import socket, agent.listener as l\n"
        "from agent.wall import raise_wall\n"
        "l._close_in(raise_wall())\n"
        "for what in (lambda: open('/etc/passwd'), lambda: socket.create_connection(('127.0.0.1', 9)),\n"
        "             lambda: __import__('subprocess').run(['true'])):\n"
        "    try:\n"
        "        what()\n"
        "    except PermissionError as error:\n"
        "        print('held')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.split() == ["held"] * 3, done.stderr
