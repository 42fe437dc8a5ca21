"""Does a customer read what was released to them, all of it and nothing else; and is every word of theirs heard?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from controller.extract import check_extract
from controller.office import Office, open_office
from controller.store.releases import Release, add_release, get_release, questions, releases
from controller.store.runs import create_run, get_run, runs
from controller.store.server import Server
from controller.store.tickets import get_ticket
from controller.web.access import Person, Role
from controller.web.app import make_app
from tests.controller.web.doors import Fixed
from tests.controller.web.objects import MAKERS, made
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command
from tests.law import sign_file

pytestmark = pytest.mark.slow

EVA = Person(id="eva", name="Eva Eng", roles={"*": Role.ENGINEER}, language="en")
CARL = Person(id="carl", name="Carl Customer", roles={"fleet": Role.CUSTOMER}, language="en")
OTTO = Person(id="otto", name="Otto Other", roles={"other": Role.CUSTOMER}, language="en")


@pytest.fixture(scope="module")
def crew() -> Iterator[Fleet]:
    with Fleet(1) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def home(crew: Fleet, common_server: Server | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one diagnosed ticket of the customer's, and a second customer with a contract."""
    contract = contract_over(crew)
    contract["contacts"] = [
        {"id": "carl", "name": "Carl Customer", "email": "carl@fleet.test", "approves": ["change"]}
    ]
    contract["clauses"].append(
        {
            "id": "§2",
            "text": "<script>alert(1)</script> Dienste",
            "roles": ["linux"],
            "change": ["linux.start_service"],
            "approval": "customer",
            "windows": [{"days": ["mo", "tu", "we"], "from": "12:00", "until": "18:00"}],
        }
    )
    folder = home_for(tmp_path_factory.mktemp("portal") / "home", crew, contract, common_server)
    other: dict[str, Any] = {
        **contract_over(crew),
        "contract": "T-2",
        "customer": "other",
        "name": "Andere AG",
    }
    paper = folder / "other.yaml"
    paper.write_text(yaml.safe_dump(other, allow_unicode=True), encoding="utf-8")
    sign_file(paper)
    for words in (("contract", "add", str(paper)), ("diagnose", "--ticket", "1", "--area", "linux")):
        done = run_command(folder, *words)
        assert done.returncode in {0, 1}, done.stderr
    return folder


@pytest.fixture
def office(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("SECONDLINE_HOME", str(home))
    office = open_office(print)
    yield office
    office.store.close()


@pytest.fixture
def door() -> Fixed:
    return Fixed(CARL)


@pytest.fixture
def client(office: Office, door: Fixed) -> TestClient:
    return TestClient(make_app(office, door), follow_redirects=False)


@pytest.fixture
def released(office: Office, client: TestClient, door: Fixed) -> Release:
    """The newest run, released by an engineer as an engineer does it."""
    run = runs(office.store, customer="fleet")[0].id
    door.who = EVA
    page = client.get(f"/runs/{run}/release").text
    digest = re.search(r'name="digest" value="(\w{64})"', page)
    assert digest
    sent = client.post(f"/runs/{run}/release", data={"digest": digest[1], "said": "Bitte lesen."})
    assert sent.status_code == 303
    door.who = CARL
    return next(one for one in releases(office.store, customer="fleet") if one.withdrawn_at is None)


def test_nothing_is_released_that_was_not_seen(office: Office, client: TestClient, door: Fixed) -> None:
    door.who = EVA
    run = runs(office.store, customer="fleet")[0].id
    before = releases(office.store, customer="fleet")
    assert client.post(f"/runs/{run}/release", data={"digest": "0" * 64}).status_code == 422
    door.fresh = False
    asked = client.post(f"/runs/{run}/release", data={"digest": "0" * 64})
    assert asked.headers["location"].startswith("/login/second")
    assert releases(office.store, customer="fleet") == before


def test_the_customer_reads_the_very_bytes_that_were_seen(
    client: TestClient, door: Fixed, released: Release
) -> None:
    door.who = EVA
    seen = client.get(f"/runs/{released.run}/release/copy").content
    door.who = CARL
    base = f"/portal/fleet/reports/{released.id}"
    for form in ("page", "file"):
        answer = client.get(f"{base}/{form}")
        assert hashlib.sha256(answer.content).hexdigest() == released.page
        assert answer.content == seen
        assert "sandbox" in answer.headers["content-security-policy"]
    data = client.get(f"{base}/data")
    assert hashlib.sha256(data.content).hexdigest() == released.data
    assert data.json()["run"] == released.run
    assert "Bitte lesen." in client.get(base).text


def test_what_is_withdrawn_is_there_no_more_and_says_why(
    office: Office, client: TestClient, door: Fixed, released: Release
) -> None:
    door.who = EVA
    client.post(f"/releases/{released.id}/withdraw", data={"why": "falscher Host"})
    door.who = CARL
    assert client.get(f"/portal/fleet/reports/{released.id}/page").status_code == 404
    assert "falscher Host" in client.get("/portal/fleet/reports").text
    held = get_release(office.store, released.id)
    assert held is not None
    assert held.withdrawn_by == "Eva Eng"


def test_without_a_release_the_customer_reads_no_report(office: Office, client: TestClient) -> None:
    run = runs(office.store, customer="fleet")[0].id
    for path in (f"/runs/{run}", f"/runs/{run}/report", f"/runs/{run}/ledger", f"/runs/{run}/release/copy"):
        assert client.get(path).status_code == 404, path


def test_the_contract_is_told_as_it_is_enforced(client: TestClient) -> None:
    page = client.get("/portal/fleet/contract?host=h0&area=linux").text
    assert "Yes, by clause §1." in page
    assert "Monday to Wednesday, 12:00 to 18:00" in page
    assert "you have to agree" in page
    assert "<script>alert(1)" not in page
    assert "No." in client.get("/portal/fleet/contract?host=h0&area=dns").text
    assert "knows no such system" in client.get("/portal/fleet/contract?host=nowhere&area=dns").text
    german = client.get("/portal/fleet/contract", headers={"cookie": "language=de"}).text
    assert "Montag bis Mittwoch, 12:00 bis 18:00 Uhr" in german


def test_every_access_is_shown_and_its_table_proves_itself(client: TestClient) -> None:
    page = client.get("/portal/fleet/accesses").text
    assert "linux.disk" in page
    assert "§1" in page
    assert "linux.disk" not in client.get("/portal/fleet/accesses?host=nowhere").text
    text = client.get("/portal/fleet/accesses/table").text
    held = check_extract(text)
    assert held.entries > 3
    assert held.last.number <= int(re.search(r"now:\s*(\d+)", page.replace("\n", " "))[1])  # type: ignore[index]


def test_older_accesses_go_on_where_the_page_ended(client: TestClient) -> None:
    numbers: list[int] = []
    before = 0
    for _ in range(20):
        page = client.get(f"/portal/fleet/accesses?before={before}").text
        found = [int(number) for number in re.findall(r'<th scope="row" class="nums">(\d+)<', page)]
        numbers += found
        if 'rel="next"' not in page:
            break
        before = found[-1]
    assert numbers == sorted(set(numbers), reverse=True)


def test_a_question_comes_to_the_ticket_once_and_its_answer_back(
    office: Office, client: TestClient, door: Fixed, released: Release
) -> None:
    hostile = "Warum? <img src=x onerror=alert(1)> \x1b[31m\u202e"
    sent = {"about": released.id, "kind": "objection", "text": hostile}
    assert client.post("/portal/fleet/questions", data=sent).status_code == 303
    asked = questions(office.store, customer="fleet")[0]
    assert (asked.person, asked.kind, asked.about) == ("Carl Customer", "objection", released.run)
    door.who = EVA
    page = client.get(f"/runs/{released.run}").text
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert "\x1b" not in page
    assert client.post(f"/questions/{asked.id}/answer", data={"answer": "Weil so."}).status_code == 303
    # A second answer changes nothing.
    client.post(f"/questions/{asked.id}/answer", data={"answer": "Doch nicht."})
    door.who = CARL
    page = client.get("/portal/fleet/questions").text
    assert "Weil so." in page
    assert "Doch nicht." not in page
    ticket = run_command(office.store.home, "ticket", "show", "1").stdout
    assert ticket.count("EIN EINSPRUCH des Kunden") == 1
    assert "\x1b" not in ticket


def test_a_customer_is_shown_to_their_own_place(client: TestClient) -> None:
    assert client.get("/").headers["location"] == "/portal"
    assert client.get("/portal").headers["location"] == "/portal/fleet"
    page = client.get("/portal/fleet").text
    assert "Flotte GmbH" in page


def _paths(client: TestClient, ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every route about something of a customer's, whoever added it."""
    for one in iter_route_contexts(client.app.routes):  # type: ignore[attr-defined]
        if one.methods and "{" in (one.path or "") and "api" not in (one.path or ""):
            path = re.sub(r":\w+}", "}", one.path or "")
            yield from ((method, path.format_map(ids)) for method in sorted(one.methods))


def test_nothing_of_another_customer_by_any_route(
    office: Office, client: TestClient, door: Fixed, released: Release
) -> None:
    """What is there for somebody else and what is not there at all are answered with the same bytes."""
    app: Any = client.app
    there = made(office, app.state.underway, MAKERS) | {"release": released.id}
    nowhere = {name: value if name in {"form", "desk"} else "nothing" for name, value in there.items()}
    door.who = OTTO
    walked = list(zip(_paths(client, there), _paths(client, nowhere), strict=True))
    assert len(walked) > 25
    for (method, path), (_, other) in walked:
        ours = client.request(method, path, data={"x": "1"})
        none = client.request(method, other, data={"x": "1"})
        assert ours.status_code == none.status_code, path
        assert ours.text.replace(path, "") == none.text.replace(other, ""), path
        assert "Flotte" not in ours.text


def test_another_customers_release_is_not_reached_through_ones_own_place(
    client: TestClient, door: Fixed, released: Release
) -> None:
    door.who = OTTO
    for form in ("", "/page", "/file", "/data"):
        assert client.get(f"/portal/other/reports/{released.id}{form}").status_code == 404
    sent = {"about": released.id, "text": "x"}
    assert client.post("/portal/other/questions", data=sent).status_code == 404
    assert "linux.disk" not in client.get("/portal/other/accesses").text
    table = client.get("/portal/other/accesses/table").text
    assert "fleet" not in table


def test_evidence_whose_time_is_over_is_released_no_more(
    office: Office, client: TestClient, released: Release
) -> None:
    old = replace(get_run(office.store, released.run), id="20200101-000000-abcdef", expired=datetime.now(UTC))
    create_run(office.store, old)
    gone = replace(released, id="gone", run=old.id, page="0" * 64, data="0" * 64)
    add_release(office.store, gone)
    assert client.get("/portal/fleet/reports/gone/page").status_code == 404
    assert get_ticket(office.store, 1) is not None
