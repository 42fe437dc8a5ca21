"""Is Windows asked safely, and is no answer ever less than it seems? Against a stand-in with bad habits.

The log-in, the messages and the lines are pywinrm's own and real; Windows itself is not at hand.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from collectors import Kind, Phase, Script, Unanswered
from collectors.exchange import objects_of
from tests.agent.odd_wsman import DENIED, QUOTA, Fault, OddWindows, Said
from tests.agent.over_windows import NAME, SCRIPT, Asked, plain, serving
from tests.tls import Authority, Identity, authority

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"), "ad")


@pytest.fixture(scope="module")
def identity(trusted: Authority) -> Identity:
    return trusted.issue(NAME)


@pytest.fixture
def windows(identity: Identity, tmp_path: Path) -> Iterator[OddWindows]:
    with serving(identity, tmp_path) as server:
        yield server


def test_a_script_gives_objects_and_its_data_never_becomes_text(
    windows: OddWindows, trusted: Authority
) -> None:
    hostile = "'; Remove-Item C:\\ -Recurse; $(Stop-Computer) `\"Büro"
    with Asked(windows, trusted) as asked:
        found = asked.session.ask(SCRIPT, {"names": ("NTDS", hostile), "days": 3})
    assert found == ({"name": "Büro"},)
    assert windows.told == [(SCRIPT.text, {"names": ["NTDS", hostile], "days": 3})]
    # The command line is the same whatever is asked, and short enough for cmd.exe.
    (line,) = windows.lines
    program = base64.b64decode(line.rpartition(" ")[2]).decode("utf-16-le")
    assert "Remove-Item" not in program
    assert "ScriptBlock" in program
    assert len(line) < 8000
    assert windows.heard[-2:] == ["Signal", "Delete"]
    assert windows.shells == {}
    (record,) = asked.records
    assert (record.question[:2], record.facts["script"]) == (("script", "ad/any.ps1"), SCRIPT.digest)
    assert objects_of(record) == found


def test_a_long_script_comes_whole(windows: OddWindows, trusted: Authority) -> None:
    long = Script(name="ad/long.ps1", text="# Ä\n" * 40_000)
    with Asked(windows, trusted) as asked:
        asked.session.ask(long, {})
    assert windows.told[0][0] == long.text
    assert windows.heard.count("Send") > 2


def test_many_scripts_share_one_shell(windows: OddWindows, trusted: Authority) -> None:
    with Asked(windows, trusted) as asked:
        for _ in range(3):
            asked.session.ask(SCRIPT, {})
    assert (windows.heard.count("Create"), windows.heard.count("Delete")) == (1, 1)


# --- Answers that are none.


def says(windows: OddWindows, *out: bytes, err: bytes = b"", code: int = 0, habit: str = "") -> None:
    windows.plays = lambda *_: Said(out=out, err=err, code=code, habit=habit)


@pytest.mark.parametrize("habit", ["hangs", "never"])
def test_output_that_does_not_come_ends_in_time_and_the_shell_is_closed(
    habit: str, windows: OddWindows, trusted: Authority
) -> None:
    says(windows, b"secondline={", habit=habit)
    with Asked(windows, trusted) as asked:
        reason = asked.unmet()
    assert (reason.kind, reason.phase) == (Kind.TIMED_OUT, Phase.ASK)
    assert windows.heard[-2:] == ["Signal", "Delete"]
    assert windows.shells == {}
    # What had come is kept.
    assert asked.records[-1].parts["stdout"] == b"secondline={"


def test_a_line_that_breaks_is_no_answer_and_the_shell_is_closed_over_another(
    windows: OddWindows, trusted: Authority
) -> None:
    says(windows, b"secondline={", habit="dies")
    with Asked(windows, trusted) as asked:
        assert asked.unmet().kind is Kind.CUT_OFF
    assert windows.shells == {}


def test_after_a_question_without_an_answer_the_next_one_is_asked(
    windows: OddWindows, trusted: Authority
) -> None:
    says(windows, habit="hangs")
    with Asked(windows, trusted) as asked:
        assert asked.unmet().kind is Kind.TIMED_OUT
        windows.plays = plain
        assert asked.session.ask(SCRIPT, {}) == ({"name": "Büro"},)
    assert windows.heard.count("Create") == 1


@pytest.mark.parametrize(
    "out",
    [
        b"",
        b"Der Befehl ist falsch geschrieben.\r\n",
        b"secondline=",
        b"secondline={\r\n",
        b"secondline=[]",
        b'secondline={"answer": 1}',
        b'secondline={"answer": [1]}',
        b"secondline=" + b"[" * 100_000,
        b'secondline={"answer": []}'.decode().encode("utf-16"),
    ],
)
def test_what_is_no_answer_is_unparsable_and_its_bytes_are_kept(
    out: bytes, windows: OddWindows, trusted: Authority
) -> None:
    says(windows, out, err=b"\x84rger", code=1)
    with Asked(windows, trusted) as asked:
        reason = asked.unmet()
    assert reason.kind is Kind.UNPARSABLE
    kept = asked.records[-1].parts
    assert "json" in kept or (kept.get("stdout", b""), kept["stderr"]) == (out, b"\x84rger")


def test_noise_in_any_code_page_around_the_answer_is_not_in_it(
    windows: OddWindows, trusted: Authority
) -> None:
    noise = "Aktive Codepage: 850. Größe\r\n".encode("cp850")
    says(windows, noise, b'secondline={"answer": [{"name": "B\\u00fcro \\ud83d\\ude00"}]}\r\n', noise)
    with Asked(windows, trusted) as asked:
        assert asked.session.ask(SCRIPT, {}) == ({"name": "Büro 😀"},)


PROGRESS = (
    b'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    b'<Obj S="progress" RefId="0"><MS><I64 N="SourceId">1</I64></MS></Obj>%s</Objs>'
)


def test_progress_on_the_error_stream_is_no_error(windows: OddWindows, trusted: Authority) -> None:
    says(windows, b'secondline={"answer": []}\r\n', err=PROGRESS % b"")
    with Asked(windows, trusted) as asked:
        assert asked.session.ask(SCRIPT, {}) == ()


def test_an_error_before_our_own_words_is_known_by_its_id_in_any_language(
    windows: OddWindows, trusted: Authority
) -> None:
    lines = (
        "Der Methodenaufruf kann nicht ausgef\u00fchrt werden._x000D__x000A_",
        "    + FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLangu_x000D__x000A_",
        "   age_x000D__x000A_",
        " _x000D__x000A_",
    )
    errors = "".join(f'<S S="Error">{line}</S>' for line in lines).encode()
    says(windows, err=PROGRESS % errors, code=1)
    with Asked(windows, trusted) as asked:
        reason = asked.unmet()
    assert reason.kind is Kind.REFUSED
    assert "constrained language" in reason.detail


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (
            {"id": "HRESULT 0x8004100e,Microsoft.…GetCimInstanceCommand", "hresult": -2146233088},
            Kind.NOT_THERE,
        ),
        ({"id": "HRESULT 0x80041003,Microsoft.…GetCimInstanceCommand"}, Kind.REFUSED),
        ({"id": "System.UnauthorizedAccessException,Microsoft.…", "hresult": -2147024891}, Kind.REFUSED),
        ({"id": "Zugriff", "category": "PermissionDenied", "hresult": -2146233087}, Kind.REFUSED),
        ({"id": "PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand"}, Kind.NOT_THERE),
        ({"id": "DivideByZero", "hresult": -2146233065}, Kind.UNPARSABLE),
        ({}, Kind.UNPARSABLE),
        ({"id": 3, "hresult": "x"}, Kind.UNPARSABLE),
    ],
)
def test_the_error_of_a_script_is_told_by_its_numbers(
    error: Mapping[str, object], kind: Kind, windows: OddWindows, trusted: Authority
) -> None:
    says(windows, b"secondline=" + json.dumps({"error": error}).encode())
    with Asked(windows, trusted) as asked:
        assert asked.unmet().kind is kind


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (DENIED, Kind.REFUSED),
        (QUOTA, Kind.QUOTA),
        (Fault("w:QuotaLimit", 1), Kind.QUOTA),
        (Fault("w:InternalError", 2150859174), Kind.QUOTA),
        (Fault("w:InvalidSelectors", 2150858843), Kind.NOT_THERE),
        (Fault("s:Receiver", 995), Kind.CUT_OFF),
        (Fault("w:Unheard", 77), Kind.REFUSED),
    ],
)
@pytest.mark.parametrize("action", ["Command", "Send", "Receive"])
def test_a_fault_is_told_by_its_numbers(
    action: str, fault: Fault, kind: Kind, windows: OddWindows, trusted: Authority
) -> None:
    with Asked(windows, trusted) as asked:
        windows.faults[action] = fault
        reason = asked.unmet()
        windows.faults.clear()
    assert (reason.kind, reason.phase) == (kind, Phase.ASK)
    assert fault.text not in reason.detail
    assert windows.shells == {}


@pytest.mark.parametrize(
    ("raw", "extra"),
    [
        (b"", {}),
        (b"<html>", {}),
        (b"<a/>", {}),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&d;</a>", {}),
        (b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_no_message_is_no_answer(
    raw: bytes, extra: dict[str, str], windows: OddWindows, trusted: Authority
) -> None:
    with Asked(windows, trusted) as asked:
        windows.raw, windows.extra = raw, extra
        assert asked.unmet().kind is Kind.UNPARSABLE
        windows.raw, windows.extra = None, {}


def test_more_than_any_answer_may_be_ends_the_question(windows: OddWindows, trusted: Authority) -> None:
    says(windows, *[bytes(1 << 20)] * 40)
    with Asked(windows, trusted) as asked:
        asked.session._patience = 60
        assert asked.unmet().kind is Kind.CUT_OFF


def test_a_question_that_is_given_up_ends_at_once_and_closes_the_shell(
    windows: OddWindows, trusted: Authority
) -> None:
    says(windows, habit="hangs")
    asked = Asked(windows, trusted)
    asked.session._patience = 60
    reasons: list[Unanswered] = []
    waiting = threading.Thread(target=lambda: reasons.append(asked.unmet()))
    waiting.start()
    until(lambda: "Receive" in windows.heard)
    asked.session.stop()
    asked.session.close()
    waiting.join(10)
    assert [reason.kind for reason in reasons] == [Kind.CUT_OFF]
    assert windows.heard[-1] == "Delete"
    assert windows.shells == {}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never happens"
        time.sleep(0.01)
