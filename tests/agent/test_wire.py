"""Frames between agent and worker: whole, or an error of their own."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire import MAX_FRAME, WireError, pack, receive


async def _read(raw: bytes) -> list[object]:
    stream = asyncio.StreamReader()
    stream.feed_data(raw)
    stream.feed_eof()
    frames: list[object] = []
    while (frame := await receive(stream)) is not None:
        frames.append(frame)
    return frames


@given(
    st.lists(
        st.tuples(st.dictionaries(st.text(), st.integers()), st.lists(st.binary(), max_size=3)), max_size=4
    )
)
def test_frames_come_out_as_they_went_in(frames: list[tuple[dict[str, int], list[bytes]]]) -> None:
    sent = [({k: v for k, v in head.items() if k != "parts"}, tuple(parts)) for head, parts in frames]
    assert asyncio.run(_read(b"".join(pack(head, parts) for head, parts in sent))) == sent


@given(st.binary(min_size=1, max_size=200))
def test_what_is_no_frame_is_an_error_of_its_own(raw: bytes) -> None:
    try:
        asyncio.run(_read(raw))
    except WireError:
        return
    pytest.fail("random bytes were taken for a frame")


async def test_a_frame_over_the_limit_is_not_read() -> None:
    with pytest.raises(WireError, match="limit"):
        await _read((MAX_FRAME + 1).to_bytes(4, "big") + b"{}")
    body = b'{"parts":[-1]}'
    with pytest.raises(WireError, match="limit"):
        await _read(len(body).to_bytes(4, "big") + body)
