"""Is a bundle what was written, for exactly its reader, and is every other file refused with a reason?"""

from __future__ import annotations

import hashlib
import json
import socket
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.job import Changed, NoAnswer, Outcome, Undone
from controller.bundle.archive import MANIFEST, SIGNATURE, Archive, BundleError, pack
from controller.bundle.check import Check, Unproven, check_bundle
from controller.bundle.make import make_bundle
from controller.bundle.read import read_bundle
from controller.bundle.sealed import Statement, sign
from controller.judge import judge
from controller.ledger import excerpt, verify
from controller.reports.redact import Audience
from controller.store.errors import BlobError, UnknownRunError
from controller.store.plans import Carried, Doing, StoredPlan, add_plan, begin, end, end_host
from controller.store.runs import RunState, move_run
from controller.store.store import Store
from inventory.token import new_key, pin_of
from tests.controller.reports.sample import sample
from tests.controller.stored import RUN, kept

KEY, OTHER = new_key(), new_key()
PIN = pin_of(KEY, "controller")
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
READERS = (Audience.ENGINEER, Audience.CUSTOMER, Audience.VENDOR)
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield from kept(tmp_path_factory.mktemp("home"), {"addresses": True})


@pytest.fixture(scope="module")
def planned(store: Store) -> StoredPlan:
    """A change for the ticket that was carried out on one host and taken back on another."""
    plan = StoredPlan(
        id="p1",
        digest="d" * 64,
        text="{}",
        customer="musterbau",
        desk="builtin",
        ticket=sample().ticket,
        playbook="linux.clean",
        requested_by="Finn Fix",
        made=NOW - timedelta(days=1),
        made_in="r0",
    )
    outcomes: dict[str, Outcome] = {
        "web1": Changed({}, {}),
        "web2": Undone(1, "web2 was full again", verified=True),
    }
    with store.write() as connection:
        add_plan(connection, plan)
        begin(connection, plan, Doing.APPLY, dict.fromkeys(outcomes, "3.1"), run="r1", now=NOW)
        for host, outcome in outcomes.items():
            one = Carried(host=host, kind=Doing.APPLY, clause="3.1", began=NOW, outcome=outcome, ended=NOW)
            end_host(connection, plan.id, one)
        end(connection, plan.id, Doing.APPLY)
    return plan


@pytest.fixture(scope="module")
def made(store: Store, planned: StoredPlan, tmp_path_factory: pytest.TempPathFactory) -> dict[Audience, Path]:
    """A bundle for each reader; setting the report takes its seconds once."""
    assert planned
    folder = tmp_path_factory.mktemp("bundles")
    return {
        reader: make_bundle(store, RUN, reader, folder / f"{reader}.zip", key=KEY, who="eva", now=NOW)
        for reader in READERS
    }


def members(file: Path) -> Members:
    """By another program's eyes."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(target: Path, content: Members) -> Path:
    with target.open("wb") as file:
        pack(file, content.items())
    return target


def resigned(content: Members, key: Mapping[str, Any] = KEY, **changed: object) -> Members:
    """With a manifest and signature that fit: what only who holds the key can make."""
    said = json.loads(content[MANIFEST]) | changed
    rest = {name: one for name, one in content.items() if name not in {MANIFEST, SIGNATURE}}
    said["members"] = [
        {"name": name, "size": len(one), "sha256": hashlib.sha256(one).hexdigest()}
        for name, one in sorted(rest.items())
    ]
    manifest = json.dumps(said).encode()
    statement = Statement(
        manifest=hashlib.sha256(manifest).hexdigest(),
        run=said["run"],
        audience=said["audience"],
        at=0,
        ledger="0" * 64,
    )
    return {MANIFEST: manifest, **dict(sorted(rest.items())), SIGNATURE: sign(statement, key)}


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


# --- What somebody made of it.


@given(data=st.data())
def test_any_byte_that_is_another_is_found(
    made: dict[Audience, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(made[Audience.ENGINEER].read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    file = tmp_path_factory.mktemp("flipped") / "b.zip"
    file.write_bytes(content)
    with pytest.raises(BundleError):
        check_bundle(file, (PIN,))


def test_each_byte_outside_of_the_members_counts(made: dict[Audience, Path], tmp_path: Path) -> None:
    """All of them, and not a few by chance: headers, table of contents, signature, the file's begin and end."""
    content = made[Audience.VENDOR].read_bytes()
    with Archive(made[Audience.VENDOR]) as archive:
        inside = [range(one.start, one.start + one.size) for one in archive.members.values()]
        signed = archive.members[SIGNATURE]
    outside = set(range(len(content))).difference(*inside) | set(
        range(signed.start, signed.start + signed.size)
    )
    file = tmp_path / "b.zip"
    for at in sorted(outside)[::7]:
        spoilt = bytearray(content)
        spoilt[at] ^= 1
        file.write_bytes(spoilt)
        with pytest.raises(BundleError):
            check_bundle(file, (PIN,))


@given(data=st.data())
def test_a_member_removed_doubled_moved_or_added_is_found(
    made: dict[Audience, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    rows = list(members(made[Audience.ENGINEER]).items())
    before = list(rows)
    at, to = (data.draw(st.integers(0, len(rows) - 1)) for _ in range(2))
    match data.draw(st.sampled_from(["remove", "double", "move", "add"])):
        case "remove":
            del rows[at]
        case "double":
            rows.insert(to, rows[at])
        case "move":
            rows.insert(to, rows.pop(at))
        case _:
            rows.insert(to, (f"evidence/{'0' * 64}", b"more"))
    file = tmp_path_factory.mktemp("moved") / "b.zip"
    with file.open("wb") as made_anew:
        pack(made_anew, rows)
    if rows == before:
        check_bundle(file, (PIN,))
    else:
        with pytest.raises(BundleError):
            check_bundle(file, (PIN,))


@given(st.binary(max_size=400))
def test_what_is_no_bundle_is_refused_and_never_more(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    file = tmp_path_factory.mktemp("none") / "b.zip"
    for content in (raw, b"PK\x03\x04" + raw, b"PK\x05\x06" + raw):
        file.write_bytes(content)
        with pytest.raises(BundleError):
            check_bundle(file)


FOREIGN: dict[str, Callable[[zipfile.ZipFile], object]] = {
    "a name that leads out": lambda zip_: zip_.writestr("../../evil", b"x"),
    "an absolute name": lambda zip_: zip_.writestr("/etc/cron.d/evil", b"x"),
    "a folder": lambda zip_: zip_.mkdir("evidence"),
    "a bomb": lambda zip_: zip_.writestr("report.html", bytes(50 << 20), zipfile.ZIP_DEFLATED),
    "a date": lambda zip_: zip_.writestr("report.html", b"x"),
    "another way of packing": lambda zip_: zip_.writestr("report.html", b"x" * 99, zipfile.ZIP_LZMA),
}


@pytest.mark.parametrize("spoil", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_other_programs_packed_is_refused(
    tmp_path: Path, spoil: Callable[[zipfile.ZipFile], object]
) -> None:
    file = tmp_path / "b.zip"
    with zipfile.ZipFile(file, "w") as archive:
        spoil(archive)
    with pytest.raises(BundleError, match=r"no place|packed, dated|no bundle"):
        check_bundle(file)


def test_a_size_that_is_larger_than_the_file_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "b.zip", {"report.html": b"x"})
    content = bytearray(file.read_bytes())
    content[18:26] = (1 << 31).to_bytes(4, "little") * 2
    file.write_bytes(content)
    with pytest.raises(BundleError, match="longer than the file"):
        check_bundle(file)


def test_another_key_is_refused_and_one_that_nobody_gave_is_not_called_known(
    made: dict[Audience, Path], tmp_path: Path
) -> None:
    file = made[Audience.ENGINEER]
    with pytest.raises(BundleError, match="none of those that were given"):
        check_bundle(file, (pin_of(OTHER, "somebody"),))
    forged = written(tmp_path / "forged.zip", resigned(members(file), OTHER))
    with pytest.raises(BundleError, match="none of those that were given"):
        check_bundle(forged, (PIN,))
    said = check_bundle(forged)
    assert not said.known
    assert Unproven.SIGNER in dict(said.unproven)


def _entry(content: Members, change: Callable[[dict[str, Any]], object]) -> Members:
    said = json.loads(content["ledger.json"])
    change(said)
    return {**content, "ledger.json": json.dumps(said).encode()}


# What somebody does who holds the key, and a word of the reason.
SIGNED: dict[str, tuple[Callable[[Members], Members], str]] = {
    "an entry that says something else": (
        lambda content: _entry(content, lambda said: said["entries"][1].update(host="web2")),
        "was changed",
    ),
    "an entry that is left out at the end": (
        lambda content: _entry(content, lambda said: said["entries"].pop()),
        "heads are not those",
    ),
    "entries the other way round": (
        lambda content: _entry(content, lambda said: said["entries"].reverse()),
        "not in their order",
    ),
    "an entry of another run": (
        lambda content: _entry(content, lambda said: said["entries"][1].update(run="another")),
        "was changed",
    ),
    "a head from elsewhere": (
        lambda content: _entry(content, lambda said: said["before"].update(hash="0" * 64)),
        "heads are not those",
    ),
    "no wording of a clause": (
        lambda content: {
            **content,
            "contract.json": json.dumps(json.loads(content["contract.json"]) | {"clauses": {}}).encode(),
        },
        "clause 3.1 is missing",
    ),
    "an answer that nobody asked for": (
        lambda content: {**content, "evidence/" + hashlib.sha256(b"x").hexdigest(): b"x"},
        "not that of its exchanges",
    ),
    "a result that rests on nothing": (
        lambda content: {**content, "run.json": content["run.json"].replace(b'"x-01"', b'"x-99"')},
        "x-99",
    ),
    "a document without a bottom": (
        lambda content: {**content, "evidence.json": b"[" * 200_000},
        "damaged",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), SIGNED.values(), ids=SIGNED.keys())
def test_what_does_not_fit_together_is_found_though_it_is_signed(
    made: dict[Audience, Path], tmp_path: Path, spoil: Callable[[Members], Members], reason: str
) -> None:
    file = written(tmp_path / "b.zip", resigned(spoil(members(made[Audience.ENGINEER]))))
    with pytest.raises(BundleError, match=reason):
        check_bundle(file, (PIN,))


def test_a_signature_for_another_run_is_none(made: dict[Audience, Path], tmp_path: Path) -> None:
    content = members(made[Audience.ENGINEER])
    other = members(made[Audience.CUSTOMER])
    file = written(tmp_path / "b.zip", {**content, SIGNATURE: other[SIGNATURE]})
    with pytest.raises(BundleError, match="was changed"):
        check_bundle(file, (PIN,))


def test_a_pipe_and_a_folder_are_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        check_bundle(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(BundleError):
            check_bundle(tmp_path / "s")
