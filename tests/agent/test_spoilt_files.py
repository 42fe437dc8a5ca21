"""Can a byte that changed on the way, or on the disk, ever open more? No: the same as before, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.memory import Memory
from inventory.ceiling import CeilingError, read_ceiling
from inventory.read import digest
from inventory.signing import read_ending, read_tokens, sign_ending
from inventory.token import TokenError
from tests.agent.place import Place
from tests.law import ANNA, PINS

pytestmark = pytest.mark.slow

Edit = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.made(tmp_path_factory.mktemp("home"))


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """One change somewhere: other bytes, more bytes, fewer bytes, the end gone, a part once more or elsewhere."""
    kind = draw(st.sampled_from(["other", "bit", "more", "fewer", "cut", "again", "moved"]))
    at, to, length = (draw(st.floats(0, 1, exclude_max=True)) for _ in range(3))
    new = draw(
        st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from([b"\n", b" ", b"#", b"0", b"1", b"*"]))
    )

    def edit(raw: bytes) -> bytes:
        first, second = int(at * len(raw)), int(to * len(raw))
        part = raw[first : first + 1 + int(length * 40)]
        match kind:
            case "other":
                return raw[:first] + new + raw[first + len(new) :]
            case "bit":
                return raw[:first] + bytes([raw[first] ^ 1 << int(length * 8)]) + raw[first + 1 :]
            case "more":
                return raw[:first] + new + raw[first:]
            case "fewer":
                return raw[:first] + raw[first + len(part) :]
            case "cut":
                return raw[:first]
            case "again":
                return raw[:second] + part + raw[second:]
            case _:
                left = raw[:first] + raw[first + len(part) :]
                return left[:second] + part + left[second:]

    return edit


@contextmanager
def spoilt(place: Place, file: Path, edit: Edit) -> Iterator[bytes]:
    """A file of the place with something changed; afterwards it is as before, and nothing is remembered."""
    raw = file.read_bytes()
    changed = edit(raw)
    assume(changed != raw)
    file.write_bytes(changed)
    try:
        place.forget()
        yield changed
    finally:
        file.write_bytes(raw)
        place.forget()


def test_the_whole_files_open_what_the_contract_names(place: Place) -> None:
    """A witness: below, this is what "the same as before" means."""
    place.forget()
    opened = {(job, str(door.address), door.port) for job, door in place.opened()}
    assert opened == {
        ("web1/linux.load", "10.0.0.1", 22),
        ("web1/linux.load", "10.0.0.1", 53),
        ("web1/linux.load", "fd00::1", 22),
        ("web1/linux.load", "fd00::1", 53),
        ("ns1/dns.answers", "10.0.0.2", 22),
        ("ns1/dns.answers", "10.0.0.2", 53),
    }


@pytest.mark.parametrize("which", ["contract", "signatures", "grant", "ceiling"])
def test_a_spoilt_file_opens_the_same_or_nothing(which: str, place: Place) -> None:
    place.forget()
    whole = place.opened()
    refused = []

    @given(edits())
    def never_more(edit: Edit) -> None:
        with spoilt(place, getattr(place, which), edit):
            opened = place.opened()
            assert opened in (whole, frozenset())
            refused.append(not opened)

    never_more()
    assert any(refused)


@given(edit=edits())
def test_a_spoilt_contract_opens_nothing_although_a_stolen_controller_seals_it(
    place: Place, edit: Edit
) -> None:
    with spoilt(place, place.contract, edit) as text, spoilt(place, place.grant, lambda raw: raw[:1]):
        place.seal(contract=digest(text))
        assert place.opened() == frozenset()


@given(edit=edits())
def test_a_spoilt_ceiling_is_another_one_or_none_and_is_never_taken_unconfirmed(
    place: Place, edit: Edit
) -> None:
    """Read by itself it may well be right, and wider: that nobody has confirmed it is what keeps it out."""
    with spoilt(place, place.ceiling, edit) as raw:
        with suppress(CeilingError):
            read_ceiling(raw)
        assert place.post.ceiling is None
        assert place.post.ceiling_trouble


@given(edit=edits())
def test_a_spoilt_ending_ends_what_it_said_or_nothing(edit: Edit) -> None:
    token = sign_ending("k", 3, datetime.fromtimestamp(time.time() - 60, UTC), ANNA)
    whole = read_ending(token, PINS)
    spoilt_token = edit(f"{token}\n".encode())
    assume(spoilt_token != f"{token}\n".encode())
    try:
        (said, *_) = (read_ending(one, PINS) for one in read_tokens(spoilt_token))
    except (TokenError, ValueError):
        return
    assert said == whole


def test_an_ending_as_it_was_signed_shuts_everything(place: Place) -> None:
    place.forget()
    ending, _ = read_ending(sign_ending("k", 3, datetime.fromtimestamp(time.time() - 60, UTC), ANNA), PINS)
    Memory(place.post.memory).end(customer=ending.customer, revision=ending.revision, at=ending.at)
    assert place.opened() == frozenset()
