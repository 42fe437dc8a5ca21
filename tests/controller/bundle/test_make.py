"""Does each reader get a bundle that holds, with what they may see and nothing else?"""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from agent.job import NoAnswer
from controller.bundle.archive import MANIFEST, SIGNATURE, BundleError
from controller.bundle.check import Check, Unproven, check_bundle
from controller.bundle.make import make_bundle
from controller.bundle.read import read_bundle
from controller.judge import judge
from controller.ledger import excerpt, verify
from controller.reports.redact import Audience
from controller.store.errors import BlobError, UnknownRunError
from controller.store.plans import StoredPlan
from controller.store.runs import RunState, move_run
from controller.store.store import Store
from tests.controller.bundle.files import KEY, NOW, PIN, READERS, members
from tests.controller.reports.sample import sample
from tests.controller.stored import RUN, kept

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("reader", READERS)
def test_a_bundle_holds_and_says_what_it_does_not_prove(
    made: dict[Audience, Path], reader: Audience, store: Store
) -> None:
    said = check_bundle(made[reader], (PIN,))
    assert (said.run, said.audience, said.known, said.key) == (RUN, reader.value, True, PIN)
    assert said.signed_at == NOW
    assert {Check.ARCHIVE, Check.SIGNATURE, Check.MEMBERS, Check.EVIDENCE} <= dict(said.checks).keys()
    assert Unproven.HOSTS in dict(said.unproven)
    assert verify(store, said.ledger_entry).holds
    (entry,) = [one for one in excerpt(store, "") if one.hash == said.ledger_entry]
    assert entry.content["facts"]["manifest"] == hashlib.sha256(members(made[reader])[MANIFEST]).hexdigest()
    assert (entry.content["who"], entry.content["facts"]["audience"]) == ("eva", reader.value)
    assert made[reader].stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(made[reader]) as archive:
        assert archive.testzip() is None, "every program can open it"


def test_only_engineers_get_what_judges_and_chains(made: dict[Audience, Path]) -> None:
    names = {reader: set(members(made[reader])) for reader in READERS}
    assert "run.json" in names[Audience.ENGINEER]
    assert all({"report.html", "report.json", "report.pdf"} <= held for held in names.values())
    assert {"run.json", "tried.json"}.isdisjoint(names[Audience.CUSTOMER])
    assert {"run.json", "ledger.json", "contract.json"}.isdisjoint(names[Audience.VENDOR])
    checked = {reader: dict(check_bundle(made[reader], (PIN,)).checks) for reader in READERS}
    assert "in the chain" in checked[Audience.ENGINEER][Check.LEDGER]
    assert Check.JUDGEMENT in checked[Audience.ENGINEER]


def test_secrets_leave_with_nobody_and_names_only_with_who_may_see_them(made: dict[Audience, Path]) -> None:
    for reader in READERS:
        every = b"\n".join(content for name, content in members(made[reader]).items() if name != "report.pdf")
        assert b"Gelb-42-Kran" not in every
        seen = {
            word for word in (b"a.huber", b"192.0.2.", b"web1", b"Musterbau", b"m.keller") if word in every
        }
        expected = {
            Audience.ENGINEER: {b"a.huber", b"192.0.2.", b"web1", b"Musterbau", b"m.keller"},
            Audience.CUSTOMER: {b"web1", b"Musterbau", b"m.keller"},
            Audience.VENDOR: set[bytes](),
        }[reader]
        assert seen == expected, reader


def test_a_redacted_copy_carries_no_hash_by_which_one_could_guess(
    made: dict[Audience, Path], store: Store
) -> None:
    """With all of an entry known but an address, its hash tells the address."""
    customer = members(made[Audience.CUSTOMER])
    ledger = json.loads(customer["ledger.json"])
    assert ledger["before"] is None
    assert not any("hash" in entry for entry in ledger["entries"])
    assert [entry["number"] for entry in ledger["entries"]] == [one.number for one in excerpt(store, RUN)]
    changed = [
        part
        for one in json.loads(customer["evidence.json"])["exchanges"]
        for part in one["parts"].values()
        if part["redacted"]
    ]
    assert changed
    kept_hashes = {digest for item in sample().evidence for digest in item.parts.values()}
    assert {part["sha256"] for part in changed}.isdisjoint(kept_hashes)
    every = b"".join(customer.values()).decode("utf-8", "replace")
    assert not [digest for digest in _with_addresses() if digest in every]


def _with_addresses() -> set[str]:
    """The hashes of the sample's answers that hold an address or an account."""
    from tests.controller.reports.sample import STORE  # noqa: PLC0415 - needed here alone.

    return {digest for digest, content in STORE.items() if b"192.0.2" in content or b"huber" in content}


def test_a_vendor_hears_what_was_tried_under_one_name_for_each_thing(
    made: dict[Audience, Path], planned: StoredPlan
) -> None:
    content = members(made[Audience.VENDOR])
    said = json.loads(content["tried.json"])
    asked = {one["question"]: one for one in said["questions"]}
    assert asked["linux.disk"]["asks"]["en"]
    assert sum(asked["linux.disk"]["states"].values()) == 5
    web1 = next(
        finding["host"]
        for finding in json.loads(content["report.json"])["findings"]
        if "disk" in finding["tag"]
    )
    assert web1.startswith("host-")
    assert web1 in {one["host"] for one in asked["linux.disk"]["hosts"]}
    assert web1 in {one["host"] for one in json.loads(content["evidence.json"])["exchanges"]}
    assert web1.encode() in content["report.html"]
    platforms = {one["host"]: one["platform"] for one in said["hosts"]}
    assert platforms[web1] == "linux"
    (change,) = said["changes"]
    assert (change["playbook"], change["state"]) == (planned.playbook, "failed")
    assert {one["host"]: one["outcome"][0] for one in change["hosts"]} == {
        web1: "changed",
        "host-2": "undone",
    }
    assert "host-2 was full again" in [one["outcome"][1] for one in change["hosts"]]
    asked_hosts = {one["host"] for one in json.loads(content["evidence.json"])["exchanges"]}
    assert len(asked_hosts) < len({item.host for item in sample().evidence}), "only of those with findings"


def test_the_same_run_gives_the_same_bytes_but_for_the_signature(
    made: dict[Audience, Path], store: Store, tmp_path: Path
) -> None:
    again = make_bundle(
        store, RUN, Audience.CUSTOMER, tmp_path / "again.zip", key=KEY, who="bob", now=NOW + timedelta(days=1)
    )
    first, second = members(made[Audience.CUSTOMER]), members(again)
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == [SIGNATURE]


def test_it_can_be_judged_again_elsewhere(made: dict[Audience, Path]) -> None:
    read = read_bundle(made[Audience.ENGINEER])
    assert (read.run, read.customer) == (RUN, "musterbau")
    assert read.keep_until == sample().began + timedelta(days=90)
    assert read.exchanges["x-01"].parts["stdout"].startswith(b"Filesystem")
    said = judge(read)
    assert said.redacted == 1, "of the journal a password was taken out"
    lost = {one.job.id: one.outcome for one in said.lost}
    assert isinstance(lost["web1-linux.disk"], NoAnswer), (
        "the sample's answers are not those of today's question"
    )
    with pytest.raises(BundleError, match="only that for an engineer"):
        read_bundle(made[Audience.VENDOR])


def test_there_is_no_bundle_of_what_has_not_ended_or_is_not_kept(tmp_path: Path) -> None:
    """Nothing half: no file, and no word in the ledger."""
    for store in kept(tmp_path / "home"):
        told = len(excerpt(store, ""))
        first = next(digest for item in sample().evidence for digest in item.parts.values())
        (tmp_path / "home" / "evidence" / first[:2] / first).unlink()
        with pytest.raises(BlobError):
            make(store, tmp_path / "b.zip")
        move_run(store, RUN, RunState.RUNNING)
        with pytest.raises(BundleError, match="still under way"):
            make(store, tmp_path / "b.zip")
        with pytest.raises(UnknownRunError):
            make(store, tmp_path / "b.zip", run="another")
        assert len(excerpt(store, "")) == told
    assert not list(tmp_path.glob("*b.zip*"))


def make(store: Store, target: Path, run: str = RUN) -> Path:
    return make_bundle(store, run, Audience.ENGINEER, target, key=KEY, who="eva", now=NOW)
