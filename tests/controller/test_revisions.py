"""Who must sign what before it holds? The commands as a duty manager, a colleague and a customer use them."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from agent.post import load_post
from controller.store.store import open_store
from inventory.schema import example
from tests.home import run_command

pytestmark = pytest.mark.slow
CEILING = """\
customers = ["musterbau"]
networks = ["10.20.0.0/16", "10.30.0.0/16", "fd20::/64", "192.0.2.30/32"]
ports = [22, 53]
areas = ["linux", "dns"]
playbooks = ["dns.restart_resolver"]
"""
SITES = ("musterbau-hh", "musterbau-ki")


class Desk:
    """A home with three people's keys and the agents of both sites."""

    def __init__(self, folder: Path) -> None:
        self.home, self.folder = folder / "home", folder
        for person in ("Anna Weber", "Bob Ek", "Carol Yilmaz"):
            self.said(0, "key", "new", str(self.key(person)), "--name", person)
        (folder / "ceiling.toml").write_text(CEILING, "utf-8")
        self.set_up()

    def key(self, person: str) -> Path:
        return self.folder / f"{person.partition(' ')[0].lower()}.key"

    def set_up(self, *more: str) -> None:
        duty = [word for name in ("anna", "bob") for word in ("--duty", str(self.folder / f"{name}.key.pub"))]
        for site in SITES:
            ceiling = str(self.folder / "ceiling.toml")
            self.said(0, "agent", "init", site, *duty, "--ceiling", ceiling, *more)

    def said(self, status: int, *words: str) -> str:
        done = run_command(self.home, *words)
        assert done.returncode == status, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def json(self, *words: str) -> Any:  # noqa: ANN401 - whatever the command says.
        return json.loads(run_command(self.home, *words, "--json").stdout)

    def paper(
        self, revision: int = 3, *changes: tuple[str, str], by: tuple[str, ...] = ("Anna Weber",)
    ) -> str:
        """A revision of the example's contract, signed."""
        text = example().replace("revision: 3 ", f"revision: {revision} ")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = self.folder / f"r{revision}.yaml"
        file.write_text(text, "utf-8")
        for person in by:
            self.said(0, "contract", "sign", str(file), "--key", str(self.key(person)))
        return str(file)

    def allowed(self) -> set[tuple[str, str]]:
        rows = self.json("scope", "musterbau", "--at", "2026-11-23T12:00")
        return {(row["host"], row["area"]) for row in rows if row["allowed"]}

    def entries(self) -> list[str]:
        with open_store(self.home).read() as connection:
            return [row[0] for row in connection.exec_driver_sql("select what from ledger order by number")]


# Without the example's business hours: what holds now holds at any time of the day.
AT_ALL_TIMES = (
    """    windows:
      - {days: [mo, tu, we, th, fr], from: "07:00", until: "18:00"}
      - {days: [sa], from: "08:00", until: "12:00"}
""",
    "",
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_key_is_its_holders_alone_and_is_not_written_over(desk: Desk) -> None:
    key = desk.key("Anna Weber")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = json.loads(key.read_text())["d"]
    assert secret not in desk.said(0, "key", "show", str(key))
    assert "there already" in desk.said(2, "key", "new", str(key), "--name", "Anna Weber")
    key.chmod(0o644)
    assert "chmod 600" in desk.said(2, "key", "show", str(key))
    assert json.loads(key.read_text())["d"] == secret


def test_nothing_holds_before_a_second_person_has_signed(desk: Desk) -> None:
    file = desk.paper()
    said = desk.said(0, "contract", "add", file)
    assert "waits for a second person" in said
    assert "3.1" in said
    assert "web1 (web1.musterbau.example): 10.20.1.11, fd20::11; ssh 22" in said
    assert "waits for a second person" in desk.said(2, "scope", "musterbau")
    assert "only Anna Weber" in desk.said(
        2, "contract", "approve", "musterbau", "--key", str(desk.key("Anna Weber"))
    )
    assert "no revision" not in desk.said(
        0, "contract", "approve", "musterbau", "--key", str(desk.key("Bob Ek"))
    )
    assert ("web1", "linux") in desk.allowed()
    assert desk.entries()[-2:] == ["contract-waiting", "contract-approved"]
    assert "waits for anybody" in desk.said(
        2, "contract", "approve", "musterbau", "--key", str(desk.key("Bob Ek"))
    )


def test_a_stranger_is_no_second_person(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper())
    said = desk.said(2, "contract", "approve", "musterbau", "--key", str(desk.key("Carol Yilmaz")))
    assert "a second person must sign" in said


def test_what_narrows_holds_at_once(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper(by=("Anna Weber", "Bob Ek")))
    assert ("web1", "dns") in desk.allowed()
    said = desk.said(0, "contract", "add", desk.paper(4, ("diagnose: [linux, dns]", "diagnose: [linux]")))
    assert "holds" in said
    assert "web1" in said
    assert ("web1", "linux") in desk.allowed()
    assert ("web1", "dns") not in desk.allowed()


def test_what_narrows_in_a_revision_that_waits_applies_at_once_too(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper(by=("Anna Weber", "Bob Ek")))
    before = desk.allowed()
    both = (
        ("roles: [web-server, dns-server]", "roles: [dns-server]"),
        (
            "    outside: [registry]\n    diagnose: [dns]",
            "    outside: [registry]\n    diagnose: [dns, linux]",
        ),
    )
    assert "waits" in desk.said(0, "contract", "add", desk.paper(4, *both))
    assert desk.allowed() == before - {("web1", "dns"), ("web1", "linux")}
    desk.said(0, "contract", "approve", "musterbau", "--key", str(desk.key("Bob Ek")))
    assert desk.allowed() == before - {("web1", "dns"), ("web1", "linux")} | {("registry", "linux")}


def test_an_unsigned_contract_is_not_added(desk: Desk) -> None:
    assert "no duty manager's signature" in desk.said(2, "contract", "add", desk.paper(by=()))
    assert "no duty manager's signature" in desk.said(2, "contract", "add", desk.paper(by=("Carol Yilmaz",)))
    assert desk.json("contract", "list") == []


def test_where_the_customer_must_sign_it_waits_for_nobody_else(desk: Desk) -> None:
    desk.set_up("--customer-key", str(desk.folder / "carol.key.pub"), "--cosigned")
    file = desk.paper(by=("Anna Weber", "Bob Ek"))
    assert "not signed by the customer" in desk.said(2, "contract", "add", file)
    desk.said(0, "contract", "sign", file, "--key", str(desk.key("Carol Yilmaz")))
    assert "holds" in desk.said(0, "contract", "add", file)


def test_a_site_without_an_agent_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for file in (desk.home / "agents" / "musterbau-ki").iterdir():
        file.unlink()
    assert "agent init musterbau-ki" in desk.said(2, "contract", "add", desk.paper())


def test_what_a_revision_changes_is_shown_before_it_is_added(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper(by=("Anna Weber", "Bob Ek")))
    file = desk.paper(4, ('until: "18:00"', 'until: "20:00"'), by=())
    assert "3.1" in desk.said(0, "contract", "diff", file)
    assert desk.json("contract", "diff", file)["widens"] is True
    same = desk.paper(5, by=())
    assert desk.json("contract", "diff", same) == {"widens": False, "lines": []}


def test_a_contract_is_ended_by_either_side_and_only_a_new_revision_undoes_it(desk: Desk) -> None:
    desk.set_up("--customer-key", str(desk.folder / "carol.key.pub"))
    desk.said(0, "contract", "add", desk.paper(3, AT_ALL_TIMES, by=("Anna Weber", "Bob Ek")))
    ending = desk.folder / "ending"
    said = desk.said(
        0, "contract", "end", "musterbau", "--key", str(desk.key("Carol Yilmaz")), "--output", str(ending)
    )
    assert "up to revision 3" in said
    assert (
        desk.json("scope", "musterbau", "--host", "web1", "--area", "linux")[0]["reason"] == "contract-ended"
    )
    assert desk.entries()[-1] == "contract-ended"
    desk.said(0, "contract", "end", "musterbau", "--ending", str(ending))
    desk.said(0, "contract", "add", desk.paper(4, AT_ALL_TIMES))
    assert ("web1", "linux") in desk.allowed()


def test_a_stranger_ends_nothing(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper(by=("Anna Weber", "Bob Ek")))
    said = desk.said(2, "contract", "end", "musterbau", "--key", str(desk.key("Carol Yilmaz")))
    assert "does not take this ending" in said
    assert ("web1", "linux") in desk.allowed()


def test_a_key_is_exchanged_while_both_hold(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper(by=("Anna Weber", "Bob Ek")))
    desk.said(0, "key", "new", str(desk.folder / "anna2.key"), "--name", "Anna Weber")
    duty = [
        word for name in ("anna", "anna2", "bob") for word in ("--duty", str(desk.folder / f"{name}.key.pub"))
    ]
    for site in SITES:
        desk.said(0, "agent", "init", site, *duty, "--ceiling", str(desk.folder / "ceiling.toml"))
    assert len(load_post(desk.home, SITES[0]).pins.duty) == 3
    file = desk.paper(4, ('until: "18:00"', 'until: "17:00"'), by=())
    desk.said(0, "contract", "sign", file, "--key", str(desk.folder / "anna2.key"))
    assert "holds" in desk.said(0, "contract", "add", file)


def test_the_doctor_says_what_holds_and_what_does_not(desk: Desk) -> None:
    said = desk.said(0, "agent", "doctor")
    assert "ok: second wall: seccomp" in said
    for word in ("Anna Weber", "Bob Ek", "10.20.0.0/16", "no kill switch"):
        assert word in said
    (desk.home / "agents" / SITES[0] / "ceiling.toml").write_text("", "utf-8")
    assert "NOT OK" in desk.said(1, "agent", "doctor", SITES[0])
    desk.said(0, "agent", "doctor", SITES[1])
    assert "agent init" in desk.said(2, "agent", "doctor", "nowhere")


def test_a_ceiling_counts_from_when_it_was_confirmed(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper(by=("Anna Weber", "Bob Ek")))
    for site in SITES:
        file = desk.home / "agents" / site / "ceiling.toml"
        file.write_text(CEILING.replace('"linux", "dns"', '"dns"'), "utf-8")
    reasons = {row["reason"] for row in desk.json("scope", "musterbau", "--at", "2026-11-23T12:00")}
    assert reasons == {"no-ceiling", "area-not-covered"}
    for site in SITES:
        assert "areas: dns" in desk.said(0, "agent", "ceiling", site)
    assert desk.allowed() == {(host, "dns") for host in ("web1", "dns1", "dns2", "registry")}
    assert "is no network" in desk.said(
        2, "agent", "ceiling", SITES[0], str(_written(desk.folder / "bad.toml", CEILING.replace("/16", "/8")))
    )


def _written(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def test_a_kill_switch_shows_in_the_scope_and_is_taken_back(desk: Desk) -> None:
    desk.said(0, "contract", "add", desk.paper(3, AT_ALL_TIMES, by=("Anna Weber", "Bob Ek")))
    desk.said(0, "agent", "stop", "--customer", "musterbau", "--why", "Einbruch")
    assert {
        row["reason"] for row in desk.json("scope", "musterbau", "--host", "web1", "--area", "linux")
    } == {"kill-switch"}
    assert "Einbruch" in desk.said(0, "scope", "musterbau", "--host", "web1")
    desk.said(0, "agent", "resume", "--customer", "musterbau")
    assert ("web1", "linux") in desk.allowed()
    assert [what for what in desk.entries() if what.startswith("agent-")][-2:] == ["agent-resumed"] * 2
