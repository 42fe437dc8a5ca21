from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.desks.desk import File, all_files, marked, marker_line

_MARKER = "5e1f0c9a7b3d2e4f6a8b0c1d"


@given(st.text(max_size=200))
def test_the_marker_is_the_last_line_of_any_text(text: str) -> None:
    lines = marked(text, _MARKER).splitlines()
    assert lines[-1] == marker_line(_MARKER)


def test_a_text_that_was_cut_says_so() -> None:
    assert "[…]" in marked("x" * 100_000, _MARKER)
    assert "[…]" not in marked("x" * 50_000, _MARKER)


@pytest.mark.parametrize("name", ["", "größe.html", "../x", "a/b", ".hidden", "a b", "x" * 101, 'a"b'])
def test_a_name_that_a_desk_might_garble_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a file"):
        File(name=name, media_type="text/plain", content=b"x")


def test_a_file_has_a_type_and_content() -> None:
    with pytest.raises(ValueError, match="media type"):
        File(name="a", media_type="text/plain\r\nX-Other: 1", content=b"x")
    with pytest.raises(ValueError, match="empty"):
        File(name="a", media_type="text/plain", content=b"")


def test_the_page_comes_first_and_no_name_comes_twice() -> None:
    file = File(name="report.json", media_type="application/json", content=b"{}")
    assert [f.name for f in all_files("<p>", [file])] == ["report.html", "report.json"]
    assert all_files(None, [file]) == (file,)
    with pytest.raises(ValueError, match="same name"):
        all_files("<p>", [File(name="report.html", media_type="text/html", content=b"x")])
