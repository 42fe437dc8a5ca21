"""Answers cut out of two streams: exact for every content, however it was cut on its way."""

from __future__ import annotations

import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sessions.framing import MAX_ANSWER, Stream, told

MARK = "0123456789abcdef"
BEGIN, END = f"\n{MARK} begins\n".encode(), f"\n{MARK} ".encode()
# What is hard to tell apart: pieces of the marks themselves, between other bytes.
_PIECES = st.sampled_from([b"\n", MARK.encode(), MARK[:7].encode(), b" begins\n", b" ", b"0", b"x", b"\xff"])
CONTENT = st.lists(_PIECES | st.binary(max_size=8), max_size=12).map(b"".join)


def _taken(whole: bytes, cuts: list[int]) -> Stream:
    stream = Stream(MARK)
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        stream.take(whole[start:end])
    return stream


@given(
    noise=CONTENT.filter(lambda c: BEGIN not in c + b"\n"),
    content=CONTENT.filter(lambda c: END not in c + b"\n"),
    code=st.integers(0, 999),
    after=CONTENT,
    cuts=st.lists(st.integers(0, 1000), max_size=30),
)
def test_the_answer_is_exact_wherever_it_was_cut(
    noise: bytes, content: bytes, code: int, after: bytes, cuts: list[int]
) -> None:
    stream = _taken(noise + BEGIN + content + END + b"%d\n" % code + after, cuts)
    assert (bytes(stream.kept), stream.code) == (content, code)
    assert bytes(stream.noise) == noise
    assert not stream.garbled
    assert not stream.cut


@given(content=CONTENT.filter(lambda c: END not in c), cuts=st.lists(st.integers(0, 1000), max_size=30))
def test_of_an_answer_that_breaks_off_nothing_is_lost(content: bytes, cuts: list[int]) -> None:
    stream = _taken(BEGIN + content, cuts)
    stream.give_up()
    assert bytes(stream.kept) == content
    assert stream.code is None


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("piece", [1000, 65536, 2 * MAX_ANSWER])
def test_the_limit_is_exact(over: int, piece: int) -> None:
    whole = BEGIN + b"x" * (MAX_ANSWER + over) + END + b"0\n"
    stream = _taken(whole, list(range(0, len(whole), piece)))
    assert len(stream.kept) == MAX_ANSWER + min(over, 0)
    assert stream.cut == (over > 0)
    assert stream.code == 0


@pytest.mark.parametrize("status", [b"", b"-1", b"+1", b"1_0", b" 1", b"ok", b"9" * 5000, "²".encode()])
@pytest.mark.parametrize("piece", [1, 10_000])
def test_what_is_no_exit_status_ends_no_answer(status: bytes, piece: int) -> None:
    whole = BEGIN + b"x" + END + status + b"\n"
    stream = _taken(whole, list(range(0, len(whole), piece)))
    assert stream.garbled
    assert stream.code is None
    assert bytes(stream.kept) == b"x"


def test_a_status_without_end_and_noise_without_end_cost_no_memory() -> None:
    for stream in (_taken(BEGIN + END, []), Stream(MARK)):
        for _ in range(100):
            stream.take(b"1" * 100_000)
        assert len(stream._left) + len(stream.noise) + len(stream.kept) < 1000


@given(
    words=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
        max_size=6,
    )
)
def test_a_real_shell_gives_every_word_to_the_command_as_it_is(words: list[str]) -> None:
    ran = subprocess.run(
        ["sh"], input=told(("printf", "%s\\0", *words, "end"), MARK), capture_output=True, check=True
    )
    stream = _taken(ran.stdout, [])
    assert stream.code == 0
    assert bytes(stream.kept) == b"".join(word.encode() + b"\0" for word in (*words, "end"))


@pytest.mark.parametrize("argv", [(), ("printf", "a\0b"), ("\0",)])
def test_what_is_no_command_is_told_to_no_shell(argv: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="NUL"):
        told(argv, MARK)
