"""Does `secondline contract propose` say what a person must decide, and change nothing that holds?"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from inventory.read import read
from inventory.schema import example
from tests.controller.sources.standin_netbox import TOKEN, device, standing_in
from tests.home import command, run_command
from tests.law import set_up
from tests.tls import authority

pytestmark = pytest.mark.slow

TABLE = (
    "Rechnername;IP-Adresse;Standort;Rolle\n"
    "WEB2.musterbau.example;10.20.1.12;Hamburg, head office;web-server\n"
    "db1.musterbau.example;10.30.1.7;kiel;datenbank\n"
    "web1.musterbau.example;10.20.1.19;hamburg;\n"
    "web3.musterbau.example;web3.musterbau.example;hamburg;\n"
)
HOSTILE = "name,address\n\x1b]0;gotcha\x07\u202eweb,10.20.1.13\nweb4,\x1b[31m10.0.0.1\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where the example's contract holds, with a token for a NetBox."""
    made = tmp_path_factory.mktemp("home")
    paper = made / "musterbau.yaml"
    paper.write_text(example(), encoding="utf-8")
    set_up(made, paper)
    assert run_command(made, "contract", "add", str(paper)).returncode == 0
    (made / "credentials").mkdir(mode=0o700, exist_ok=True)
    token = made / "credentials" / "netbox.token"
    token.touch(mode=0o600)
    token.write_text(f"{TOKEN}\n")
    return made


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "hosts.csv"
    file.write_text(TABLE, encoding="cp1252")
    return file


def proposed(home: Path, *words: str, status: int = 0) -> str:
    done = run_command(home, "contract", "propose", "musterbau", *words)
    assert (done.returncode, done.stderr) == (status, ""), done.stdout
    return done.stdout


def as_json(home: Path, *words: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(proposed(home, "--json", *words))
    return said


def test_it_is_said_host_by_host_and_what_is_not_taken(home: Path, table: Path) -> None:
    said = proposed(home, "--from", str(table)).splitlines()
    rows = {line.split()[1]: " ".join(line.split()) for line in said if line.startswith(("add", "change"))}
    assert rows.keys() == {"web2", "db1", "web1"}
    assert "web2.musterbau.example 10.20.1.12 hamburg server web-server linux - 3.1 line 2" in rows["web2"]
    assert "10.20.1.11 fd20::11 → 10.20.1.19 fd20::11" in rows["web1"]
    assert any(line.startswith("not taken: line 5: 'web3.musterbau.example' is a name") for line in said)
    assert "not covered until a clause names them: db1" in said
    assert "in the contract and not in the source: dns1, dns2" in said
    assert any("'datenbank' (hosts: 1) is no role of the contract" in line for line in said)
    assert said[-1] == "2 to add, 1 to change, 0 to remove, 0 as they are, 1 not taken"


def test_the_proposal_is_a_contract_and_nothing_holds_that_did_not(
    home: Path, table: Path, tmp_path: Path
) -> None:
    file = tmp_path / "next.yaml"
    before = [run_command(home, *words).stdout for words in (("contract", "list"), ("ledger", "verify"))]
    said = proposed(home, "--from", str(table), "--output", str(file))
    assert f"revision 4 is proposed in {file} (comments and order are kept)" in said
    assert [
        run_command(home, *words).stdout for words in (("contract", "list"), ("ledger", "verify"))
    ] == before
    assert run_command(home, "contract", "show", "musterbau").stdout == example()
    contract = read(file.read_bytes())
    assert (contract.revision, len(contract.hosts), contract.clauses) == (4, 5, read(example()).clauses)
    assert run_command(home, "contract", "check", str(file)).returncode == 0


def test_what_was_edited_is_not_written_over(home: Path, table: Path, tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    file.write_text("mine")
    done = run_command(home, "contract", "propose", "musterbau", "--from", str(table), "--output", str(file))
    assert (done.returncode, file.read_text()) == (2, "mine")
    assert "exists" in done.stderr


def test_where_there_is_nothing_to_propose_nothing_is_written(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "same.csv"
    source.write_text("name,address\nweb1,10.20.1.11\n")
    file = tmp_path / "next.yaml"
    assert "is not written" in proposed(home, "--from", str(source), "--output", str(file))
    assert not file.exists()


def test_the_same_as_json(home: Path, table: Path, tmp_path: Path) -> None:
    said = as_json(
        home, "--from", str(table), "--role", "datenbank=dns-server", "--output", str(tmp_path / "n")
    )
    assert [(one["host"]["id"], one["clauses"], one["place"]) for one in said["add"]] == [
        ("web2", ["3.1"], "line 2"),
        ("db1", ["3.1"], "line 3"),
    ]
    assert [one["host"]["id"] for one in said["change"]] == ["web1"]
    assert (said["remove"], said["missing"], said["uncovered"]) == ([], ["dns1", "dns2"], [])
    assert (said["revision"], said["written_anew"], said["file"]) == (4, False, str(tmp_path / "n"))


def test_a_customer_without_a_contract_is_compared_with_a_file(tmp_path: Path, table: Path) -> None:
    paper = tmp_path / "draft.yaml"
    paper.write_text(example(), encoding="utf-8")
    home = tmp_path / "home"
    assert len(as_json(home, "--from", str(table), "--contract", str(paper))["add"]) == 2
    done = run_command(home, "contract", "propose", "musterbau", "--from", str(table))
    assert (done.returncode, "there is no contract for 'musterbau'" in done.stderr) == (2, True)
    done = run_command(home, "contract", "propose", "other", "--from", str(table), "--contract", str(paper))
    assert (done.returncode, "is the contract of 'musterbau'" in done.stderr) == (2, True)


def test_what_a_source_says_cannot_steer_the_terminal(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "hostile.csv"
    source.write_text(HOSTILE, encoding="utf-8")
    for words in ((), ("--json",)):
        said = proposed(home, "--from", str(source), "--site", "hamburg", *words)
        assert "gotcha" in said
        assert not {"\x1b", "\x07", "\u202e"} & set(said)


def test_json_of_ansible_comes_through_a_pipe(home: Path) -> None:
    listed = {"_meta": {"hostvars": {"web2": {"ansible_host": "10.20.1.12"}}}, "web": {"hosts": ["web2"]}}
    words = ("--from", "-", "--site", "kiel", "--role", "web=web-server", "--json")
    done = subprocess.run(
        [command(), "contract", "propose", "musterbau", *words],
        input=json.dumps(listed),
        env={**os.environ, "SECONDLINE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (added,) = json.loads(done.stdout)["add"]
    assert (added["host"]["site"], added["host"]["roles"]) == ("kiel", ["web-server"])


def test_a_netbox_is_asked_with_a_token_that_is_only_named(home: Path, tmp_path: Path) -> None:
    house = authority(tmp_path / "house", "house")
    inactive = device(2, status={"value": "offline"})
    with standing_in(device(1), inactive, identity=house.issue("netbox", "127.0.0.1")) as netbox:
        words = ("--from", netbox.url, "--token", "file:netbox.token", "--ca", str(house.root))
        said = as_json(home, *words, "--tenant", "musterbau")
        assert [one["host"]["name"] for one in said["add"]] == ["sw1.musterbau.example"]
        assert [one["problem"] for one in said["not_taken"]] == ["its status is 'offline'"]
        assert len(as_json(home, *words, "--status", "active", "--status", "offline")["add"]) == 2
        assert {query.get("tenant", [""])[0] for _, query, _ in netbox.asked} == {"musterbau", ""}


def test_removal_is_proposed_when_it_is_asked_for(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "hosts.csv"
    source.write_text("name,address,role\nweb2,10.20.1.12,web-server\n")
    said = proposed(home, "--from", str(source), "--site", "hamburg", "--remove-missing")
    assert (
        "not taken: web1: it is not in the source, and it is the last one with the role 'web-server'" in said
    )


MISTAKES = {
    "a source that is not there": (("--from", "/nowhere/hosts.csv"), "No such file"),
    "a kind that there is not": (("--from", "{table}", "--as", "xml"), "there are ansible, netbox, csv"),
    "a table from an address": (("--from", "https://x.example/h.csv", "--as", "csv"), "download"),
    "a NetBox from a file": (("--from", "{table}", "--as", "netbox"), "given by its address"),
    "a NetBox without a token": (("--from", "https://netbox.example"), "--token file:NAME"),
    "a token that is not there": (
        ("--from", "https://n.example", "--token", "file:none"),
        "'none' cannot be read",
    ),
    "a site that there is not": (("--from", "{table}", "--site", "bremen"), "no site 'bremen'"),
    "a role that is none": (("--from", "{table}", "--role", "web"), "is not GROUP=ROLE"),
    "a role that is no word": (("--from", "{table}", "--role", "web=A B"), "is not an id"),
    "an environment that there is not": (("--from", "{table}", "--environment", "moon"), "is no environment"),
    "a contract": (("--from", "{contract}"), "secondline contract add"),
}


@pytest.mark.parametrize(("words", "why"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_that_says_what_to_do(
    words: tuple[str, ...], why: str, home: Path, table: Path
) -> None:
    filled = [word.format(table=table, contract=home / "musterbau.yaml") for word in words]
    done = run_command(home, "contract", "propose", "musterbau", *filled)
    assert (done.returncode, done.stdout, why in done.stderr) == (2, "", True), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_token_itself_is_refused_and_not_repeated(home: Path) -> None:
    for secret in (TOKEN, f"nbt_x:{TOKEN}"):
        done = run_command(
            home, "contract", "propose", "musterbau", "--from", "https://netbox.example", "--token", secret
        )
        assert (done.returncode, TOKEN in done.stderr + done.stdout) == (2, False)
        assert "never holds it" in done.stderr


def test_without_ansible_it_says_how_to_get_the_json(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "hosts.ini"
    source.write_text("web2 ansible_host=10.20.1.12\n")
    done = subprocess.run(
        [command(), "contract", "propose", "musterbau", "--from", str(source)],
        env={"SECONDLINE_HOME": str(home), "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"ansible-inventory -i {source} --list" in done.stderr


@pytest.mark.slow
def test_an_inventory_file_is_read_by_the_real_ansible(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "hosts.ini"
    source.write_text("[web_server]\nweb2 ansible_host=10.20.1.12 ansible_user=ops\n")
    file = tmp_path / "next.yaml"
    words = ("--site", "hamburg", "--role", "web_server=web-server", "--output", str(file))
    assert "(ssh ops)" in proposed(home, "--from", str(source), *words)
    assert "    #   # host_keys: pin with secondline host pin\n" in file.read_text(encoding="utf-8")
