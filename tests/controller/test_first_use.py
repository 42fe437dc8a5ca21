"""The real command as somebody meets it for the first time: an odd home, terminal, pipe or argument."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from controller.cli.app import EVERY, app_of
from controller.store.errors import StoreUnusableError
from controller.store.store import open_store
from inventory.read import read
from inventory.schema import example
from tests import zygote
from tests.home import command, run_command
from tests.law import set_up

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the contract of the example and one ticket whose subject is hostile."""
    made = tmp_path_factory.mktemp("first")
    paper = made / "paper.yaml"
    paper.write_text(example(), encoding="utf-8")
    set_up(made, paper)
    subject = "[red]langsam[/red] \x1b[31m\n9  musterbau  done"
    for words in (
        ("contract", "add", str(paper)),
        ("ticket", "new", "--customer", "musterbau", "--subject", subject),
    ):
        assert run_command(made, *words).returncode == 0
    return made


def spoken(home: Path, *words: str | bytes, env: Mapping[str, str] | None = None, **more: Any) -> Any:  # noqa: ANN401
    """Run the command and keep its bytes: the installed script where its start or its streams are what matters."""
    plain = all(isinstance(word, str) and word.isprintable() for word in words)
    if plain and not env and not more:
        return zygote.run([str(word) for word in words], {**os.environ, "SECONDLINE_HOME": str(home)})
    return subprocess.run(
        [command(), *words],
        env={**os.environ, "SECONDLINE_HOME": str(home), **(env or {})},
        capture_output=not more,
        check=False,
        timeout=120,
        **more,
    )


# --- JSON everywhere.


def _commands(group: Any, *path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer does not name it.
    for name, inner in group.commands.items():
        if hasattr(inner, "commands"):
            yield from _commands(inner, *path, name)
        else:
            yield " ".join((*path, name)), inner


@pytest.mark.parametrize(
    "found", tuple(_commands(typer.main.get_command(app_of(EVERY)))), ids=lambda found: str(found[0])
)
def test_every_command_speaks_json(found: tuple[str, Any]) -> None:
    assert "--json" in {option for parameter in found[1].params for option in parameter.opts}


JSON = {
    "contract example": 0, "contract schema": 0, "contract list": 0, "contract show musterbau": 0,
    "contract check /dev/null": 2, "contract add /dev/null": 2, "scope musterbau": 0, "ticket list": 0,
    "ticket show 1": 0, "report list": 0, "ledger verify": 0, "outbox list": 0, "outbox deliver": 0,
    "desks": 0, "collectors list": 0, "collectors tags": 0, "ticket show 7": 2, "scope nobody": 2, "judge /dev/null": 2,
    "diagnose --ticket 7": 2, "ledger show nothing": 2, "collectors list --area nothing": 2,
    "outbox again 99999999999999999999": 2, "ticket file 99999999999999999999 x": 2, "contract nothing": 2,
    "plans list": 0, "plans show nothing": 2, "playbooks list": 0, "playbooks list --area nothing": 2, "apply nothing": 2,
    "undo nothing": 2, "approve nothing --key /dev/null": 2, "remedy 7": 2, "plan 7 nothing web1": 2,
    "plan 7 linux.start_service web1 --set unit=cron.service": 2, "playbooks promote nothing": 2,
}  # fmt: skip


@pytest.mark.parametrize(("words", "status"), JSON.items())
def test_with_json_nothing_but_json_stands_on_standard_output(home: Path, words: str, status: int) -> None:
    done = run_command(home, *words.split(), "--json")
    assert done.returncode == status, done.stderr
    said = json.loads(done.stdout)
    assert "Traceback" not in done.stderr
    if status and "mistakes" not in said:
        assert said["error"] in done.stderr.replace("secondline: ", "")


def test_a_contract_as_json_is_that_contract(home: Path) -> None:
    assert read(run_command(home, "contract", "show", "musterbau", "--json").stdout) == read(example())


# --- Pipes, code pages, terminals.


@pytest.mark.parametrize("words", ["collectors tags", "collectors tags --json", "contract example"])
def test_who_reads_only_the_beginning_gets_the_same_exit_status(home: Path, words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = spoken(home, *words.split(), stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_told_and_no_success(home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = spoken(home, "contract", "example", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert b"No space left" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_nobody_elses_file(home: Path, closed: str) -> None:
    line = f'exec "{command()}" ticket new --customer musterbau --subject closed {closed}'
    before = len(json.loads(run_command(home, "ticket", "list", "--json").stdout))
    done = subprocess.run(
        ["sh", "-c", line], env={**os.environ, "SECONDLINE_HOME": str(home)}, check=False, timeout=120
    )
    assert done.returncode == 0
    assert len(json.loads(run_command(home, "ticket", "list", "--json").stdout)) == before + 1


OTHER_PAGE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_in_another_code_page_words_are_escaped_and_documents_stay_utf_8(home: Path) -> None:
    done = spoken(home, "scope", "musterbau", "--at", "2026-11-22T12:00", env=OTHER_PAGE)
    assert done.returncode == 0
    assert rb"Mon\u2013Fri" in done.stdout
    assert spoken(home, "contract", "example", env=OTHER_PAGE).stdout.decode("utf-8") == example()
    assert json.loads(spoken(home, "contract", "example", "--json", env=OTHER_PAGE).stdout.decode("utf-8"))


def test_arguments_are_utf_8_and_what_is_not_is_refused(home: Path) -> None:
    new = ("ticket", "new", "--customer", "musterbau", "--json", "--subject")
    said = spoken(home, *new, "Müller".encode(), env=OTHER_PAGE)
    assert json.loads(said.stdout)["subject"] == "Müller"
    done = spoken(home, *new, "Müller".encode("latin-1"))
    assert done.returncode == 2
    assert b"is not UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_mail_of_another_code_page_is_kept_and_seen(home: Path) -> None:
    words = ("ticket", "new", "--customer", "musterbau", "--subject", "Mail", "--text", "-", "--json")
    said = spoken(home, *words, input="Anmeldung unmöglich".encode("latin-1"), stdout=subprocess.PIPE)
    number = json.loads(said.stdout)["id"]
    assert (
        json.loads(run_command(home, "ticket", "show", number, "--json").stdout)["text"]
        == r"Anmeldung unm\xf6glich"
    )


def test_a_file_that_came_with_a_ticket_is_shown_and_taken_out_again(home: Path, tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Anruf ü.pcap").write_bytes(bytes(range(256)) * 9)
    new = ("ticket", "new", "--customer", "musterbau", "--subject", "Mitschnitt", "--json", "--attach")
    one, other = (str(tmp_path / folder / "Anruf ü.pcap") for folder in ("one", "other"))
    number = json.loads(run_command(home, *new, one).stdout)["id"]
    shown = json.loads(run_command(home, "ticket", "show", number, "--json").stdout)
    (listed,) = shown["attachments"]
    assert (listed["name"], listed["size"]) == ("Anruf ü.pcap", 2304)
    taken = run_command(home, "ticket", "file", number, "Anruf ü.pcap", "--to", str(tmp_path), "--json")
    assert (
        Path(json.loads(taken.stdout)["file"]).read_bytes()
        == (tmp_path / "one" / "Anruf ü.pcap").read_bytes()
    )
    twice = run_command(home, *new, one, "--attach", other)
    assert twice.returncode == 2
    assert "same name" in twice.stderr


def test_a_table_that_nobody_looks_at_is_as_wide_as_it_needs(home: Path) -> None:
    done = spoken(home, "scope", "musterbau", env={"COLUMNS": "30"})
    assert b"web1.musterbau.example  10.20.1.11 fd20::11" in done.stdout


def test_a_subject_steers_no_table_and_makes_no_second_row(home: Path) -> None:
    listed = run_command(home, "ticket", "list").stdout
    (row,) = [line for line in listed.splitlines() if "langsam" in line]
    assert r"[red]langsam[/red] \x1b[31m\n9  musterbau  done" in row
    shown = run_command(home, "ticket", "show", "1").stdout
    assert shown.splitlines()[0] == r"#1  [red]langsam[/red] \x1b[31m\n9  musterbau  done"


def test_the_version_and_the_completion_are_told(home: Path) -> None:
    assert run_command(home, "--version").stdout.startswith("secondline ")
    completed = spoken(
        home,
        env={"_SECONDLINE_COMPLETE": "complete_bash", "COMP_WORDS": "secondline con", "COMP_CWORD": "1"},
    )
    assert completed.stdout.split() == [b"contract"]
    # The shell is the one that calls.
    words = ["bash", "-c", f'"{command()}" --show-completion; true']
    shown = subprocess.run(words, capture_output=True, check=True, timeout=120).stdout
    assert b"_SECONDLINE_COMPLETE=complete_bash" in shown


def test_without_arguments_the_help_is_shown_and_no_empty_mistake(home: Path) -> None:
    done = run_command(home)
    assert (done.returncode, done.stderr) == (2, "")
    assert "diagnose" in done.stdout


# --- Contracts.


def test_what_was_examined_is_what_is_added(home: Path, tmp_path: Path) -> None:
    """A pipe can be read once only: reading it again would add an empty text."""
    text = example().replace("customer: musterbau", "customer: piped")
    paper = tmp_path / "paper.yaml"
    paper.write_text(text, encoding="utf-8")
    set_up(tmp_path, paper)
    words = ("contract", "add", "/dev/stdin", "--signatures", f"{paper}.sig")
    done = spoken(tmp_path, *words, input=text.encode(), stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert run_command(tmp_path, "contract", "show", "piped").stdout == text
    assert run_command(home, "contract", "show", "piped").returncode == 2


def test_the_same_contract_again_is_no_change_and_stands_in_the_ledger_once(tmp_path: Path) -> None:
    paper = tmp_path / "paper.yaml"
    paper.write_text(example(), encoding="utf-8")
    set_up(tmp_path, paper)
    first, second = (run_command(tmp_path, "contract", "add", str(paper)).stdout for _ in range(2))
    assert "unchanged" not in first
    assert "holds already, unchanged, from 2026-01-01 until 2027-12-31" in second
    assert json.loads(run_command(tmp_path, "ledger", "verify", "--json").stdout)["entries"] == 1


# --- Scope.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "2026-03-29T02:30"), "does not exist in Europe/Berlin"),
        (("--at", "2026-10-25T02:30"), "write 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"),
        (("--at", ""), "is not a moment"),
        (("--host", ""), "--host is empty"),
        (("--area", "linus"), "there are ad, dns, linux"),
        (("--playbook", ""), "--playbook is empty"),
    ],
)
def test_what_the_scope_cannot_answer_is_no_answer(home: Path, words: tuple[str, str], said: str) -> None:
    done = run_command(home, "scope", "musterbau", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_reason_is_said_once_for_all_hosts_that_it_holds_for(home: Path) -> None:
    said = run_command(home, "scope", "musterbau", "--area", "dns", "--at", "2026-11-22T12:00").stdout
    assert said.splitlines()[0] == "musterbau, revision 3, at 2026-11-22 12:00 (Europe/Berlin)"
    (line,) = [line for line in said.splitlines() if "would let us" in line]
    assert line.endswith("The same for dns1, dns2.")
    after = run_command(home, "scope", "musterbau", "--at", "2030-01-01T12:00").stdout
    assert after.count("The contract has ended.") == 1


def test_the_scope_says_from_when_until_when_and_what_would_have_to_change(home: Path) -> None:
    words = ("scope", "musterbau", "--at", "2026-11-22T12:00", "--playbook", "dns.restart_resolver")
    said = run_command(home, *words).stdout
    (line,) = [line for line in said.splitlines() if line.startswith("dns1 ")]
    assert line.split()[-6:] == ["Tue", "2026-11-24", "19:00", "Wed", "2026-11-25", "00:00"]
    assert "  Clause 4.1 allows it from Tue 2026-11-24 19:00 on.\n" in said
    assert "  Add web1, dns2 to 'hosts' of clause 4.1, which permits 'dns.restart_resolver' alone.\n" in said
    rows = {row["host"]: row for row in json.loads(run_command(home, *words, "--json").stdout)}
    assert rows["dns1"]["allowed_from"] == "2026-11-24T19:00:00+01:00"
    assert rows["dns1"]["allowed_until"] == "2026-11-25T00:00:00+01:00"
    assert [step["add"] for step in rows["dns2"]["change"]] == [["dns2"]]
    assert rows["registry"]["change"] == []
    assert {row["playbook"] for row in rows.values()} == {"dns.restart_resolver"}


def test_an_address_is_found_however_it_is_written(home: Path) -> None:
    rows = json.loads(run_command(home, "scope", "musterbau", "--host", "FD20:0::11", "--json").stdout)
    assert {row["host"] for row in rows} == {"web1"}


# --- Homes.


@pytest.mark.parametrize("content", [b"garbage\n" * 500, b"SQLite format 3\0" + b"\0" * 200])
def test_a_damaged_store_is_told_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "secondline.sqlite3").write_bytes(content)
    with pytest.raises(StoreUnusableError, match="cannot be used"):
        open_store(tmp_path)
    done = run_command(tmp_path, "ticket", "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_store_that_another_command_holds_is_waited_for_and_then_told(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50").close()
    other = sqlite3.connect(tmp_path / "secondline.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnusableError, match="locked"), store.write():
        pass
    other.close()
    with store.write():
        pass


def test_commands_at_once_on_a_new_home_agree(tmp_path: Path) -> None:
    paper = tmp_path / "paper.yaml"
    paper.write_text(example(), encoding="utf-8")
    set_up(tmp_path / "home", paper)
    environment = {**os.environ, "SECONDLINE_HOME": str(tmp_path / "home")}
    words = [command(), "contract", "add", str(paper)]
    running = [subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert json.loads(run_command(tmp_path / "home", "ledger", "verify", "--json").stdout)["holds"]


# --- Settings.


def wrong(folder: Path, text: str | bytes, **env: str) -> list[str]:
    """What is said of these settings, a mistake a line."""
    (folder / "settings.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = spoken(folder, "ticket", "list", env=env)
    assert (done.returncode, done.stdout) == (2, b"")
    said: str = done.stderr.decode().removeprefix("secondline: ")
    return said.replace(f"{folder}/settings.toml", "FILE").splitlines()


def test_every_mistake_of_the_settings_has_its_place(tmp_path: Path) -> None:
    text = '# ours\ndesk = "nope"\nlanguage = "fr"\nhome = "/etc"\n[surprise]\nx = 1\n'
    said = wrong(tmp_path, text, SECONDLINE_DEADLINE="soon")
    assert [line.partition(": ")[0] for line in said] == [
        "SECONDLINE_DEADLINE",
        "FILE:2",
        "FILE:3",
        "FILE:4",
        "FILE:5",
    ]
    assert said[2].endswith("""'fr' cannot be the 'language': write "de" or "en\"""")
    assert "there is no setting 'home'" in said[3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('desk = "x\n', "FILE: this is not TOML: Illegal character '\\n' (at line 1, column 10)"),
        (b"\xff", "FILE: this is not UTF-8: save the file as UTF-8"),
        ("deadline = true\n", "FILE:1: True cannot be the 'deadline': "),
        ("deadline = nan\n", "FILE:1: nan cannot be the 'deadline': "),
        ("\n\n[desks]\nrt = 3\n", "FILE:3: this cannot be the 'desks': "),
    ],
)
def test_settings_that_cannot_be_used(text: str | bytes, said: str, tmp_path: Path) -> None:
    (line,) = wrong(tmp_path, text)
    assert line.startswith(said)
