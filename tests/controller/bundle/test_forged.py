"""Is every file that is not the bundle that was written refused, with a reason?"""

from __future__ import annotations

import hashlib
import json
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bundle.archive import SIGNATURE, Archive, BundleError, pack
from controller.bundle.check import Unproven, check_bundle
from controller.bundle.read import read_bundle
from controller.reports.redact import Audience
from inventory.token import pin_of
from tests.controller.bundle.files import OTHER, PIN, Members, members, resigned, written


@pytest.mark.slow
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
    with pytest.raises(BundleError):
        read_bundle(file)


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
