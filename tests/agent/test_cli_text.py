"""What a terminal shows in the end, and what of it is the answer, whatever comes over the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sessions.cli_text import complaint, pager_in, played, told_by
from collectors import Kind
from collectors.dialect import DIALECTS
from tests.agent.odd_cli import PLATFORMS

IOS = DIALECTS["cisco-ios"]
ESCAPES = st.sampled_from(
    [
        *(
            "\x1b[24;1H",
            "\x1b[2K",
            "\x1b[K",
            "\x1b[1;32m",
            "\x1bE",
            "\x1b[999999999C",
            "\x1b[16D",
            "\x1b]0;t\x07",
        ),
        *("\x1b", "\x1b[", "\b", "\r", "\n", "\r\n", "\x00", "\x07", "\t", " --More-- ", "sw1#", "é"),
    ]
)
LINES = st.lists(
    st.text(
        st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f%"),
        min_size=1,
        max_size=40,
    )
    .map(str.strip)
    .filter(lambda line: line and not line.isspace() and "\x85" not in line and not pager_in(line))
    .filter(lambda line: line.splitlines() == [line] and line not in {"show clock", "sw1#"}),
    max_size=12,
)


@pytest.mark.slow
@given(st.lists(st.one_of(ESCAPES, st.text(max_size=8)), max_size=60).map("".join))
def test_whatever_comes_is_plain_lines_in_the_end(raw: str) -> None:
    lines = played(raw)
    assert all(sign == "\t" or ord(sign) >= 32 for line in lines for sign in line)
    assert len(lines) <= raw.count("\n") + raw.count("E") + raw.count("L") + 1
    assert played("\n".join(lines)) == lines
    told = told_by(raw, "show clock", "sw1#", IOS)
    assert not told.text or told.text.endswith("\n")
    assert told_by(told.text, "show clock", "sw1#", IOS).aside == ""


@given(LINES, st.sampled_from(["\r\n", "\n", "\r\r\n"]))
def test_what_a_device_shows_comes_through_unchanged(lines: list[str], end: str) -> None:
    raw = f"show clock{end}" + "".join(f"{line}{end}" for line in lines) + "sw1#"
    assert told_by(raw, "show clock", "sw1#", IOS).text == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("show clock\r\nnoon\r\nsw1#", "noon\n"),
        ("late words\r\nshow clock\r\nnoon\r\nsw1#", "noon\n"),
        ("show cl\r\nock\r\nnoon\r\nsw1#", "noon\n"),
        ("show clock\r\n\rsw1#show clock\r\nnoon\r\nsw1#", "noon\n"),
        ("show clock\r\n% Unknown command: show clock\r\nsw1#", "% Unknown command: show clock\n"),
        ("show clock\r\nsw1#", ""),
    ],
)
def test_an_answer_begins_behind_its_command(raw: str, text: str) -> None:
    told = told_by(raw, "show clock", "sw1#", IOS)
    assert (told.text, told.is_echoed) == (text, True)


@pytest.mark.parametrize("raw", ["noon\r\nsw1#", "late wordsshow clock\r\nnoon\r\nsw1#", "sw1#", ""])
def test_an_answer_without_its_command_may_be_any(raw: str) -> None:
    assert not told_by(raw, "show clock", "sw1#", IOS).is_echoed


def test_the_terminal_of_aos_s_keeps_the_line_of_the_command() -> None:
    typed = (
        "\x1b[24;14Hshow lldp \x1b[24;14H\x1b[?25h\x1b[24;24H\x1b[24;24Hinfo\x1b[24;24H\x1b[?25h\x1b[24;28H"
    )
    enter = PLATFORMS["aruba-aoss"].enter + "\r\n LLDP Remote Devices\r\n"
    prompt = "\x1b[24;1H\x1b[2K\x1b[24;1H\x1b[?25h\x1b[24;1H\x1b[24;1HHP-2530# \x1b[24;1H\x1b[24;10H\x1b[24;1H\x1b[?25h\x1b[24;10H"
    told = told_by(typed + enter + prompt, "show lldp info", "HP-2530#", DIALECTS["aruba-aoss"])
    assert (told.text, told.is_echoed) == (" LLDP Remote Devices\n", True)


@given(LINES)
def test_pages_between_leave_no_trace(lines: list[str]) -> None:
    wipe = "\b" * 10 + " " * 10 + "\b" * 10
    raw = "show clock\r\n" + "".join(f"{line}\r\n --More-- {wipe}" for line in lines) + "sw1#"
    assert told_by(raw, "show clock", "sw1#", IOS).text == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("--More--", True),
        (" --More-- ", True),
        ("<--- More --->", True),
        ("  ---- More ----", True),
        ("---(more)---", True),
        ("---(more 45%)---", True),
        ("-- MORE --, next page: Space, next line: Enter, quit: Control-C", True),
        ("-- [Q quit|D dump|down]", True),
        ("Press any key to continue (Q to quit)", True),
        ("--More-- is what it said", False),
        ("----------- ------", False),
        ("more", False),
    ],
)
def test_a_pager_is_known_by_its_whole_line(line: str, *, is_one: bool) -> None:
    assert pager_in(line) is is_one


@pytest.mark.parametrize(
    ("platform", "said", "kind"),
    [
        ("cisco-ios", "        ^\n% Invalid input detected at '^' marker.\n", Kind.NOT_THERE),
        ("cisco-ios", "% Incomplete command.\n", Kind.NOT_THERE),
        ("cisco-ios", '% Ambiguous command:  "show i"\n', Kind.NOT_THERE),
        ("cisco-ios", "Command authorization failed.\n", Kind.REFUSED),
        ("cisco-nxos", "Syntax error while parsing 'show splines'\n", Kind.NOT_THERE),
        ("juniper-junos", "                   ^\nsyntax error, expecting <command>.\n", Kind.NOT_THERE),
        ("juniper-junos", "error: the mstpd subsystem is not running\n", Kind.NOT_THERE),
        ("juniper-junos", "error: something else\n", Kind.UNPARSABLE),
        ("hp-comware", " % Too many parameters found at '^' position.\n", Kind.NOT_THERE),
        ("huawei-vrp", "Error: Incomplete command found at '^' position.\n", Kind.NOT_THERE),
        ("huawei-vrp", "Error: The board is not present.\n", Kind.UNPARSABLE),
        ("aruba-aoss", "Ambiguous input: s\n", Kind.NOT_THERE),
        ("aruba-cx", "% Command incomplete.\n", Kind.NOT_THERE),
        ("mikrotik-routeros", "expected end of command (line 1 column 9)\n", Kind.NOT_THERE),
        ("frr", "ospfd is not running\n", Kind.NOT_THERE),
        ("cisco-ios", "% CDP is not enabled\n", None),
        ("cisco-ios", "No spanning tree instance exists.\n", None),
        ("cisco-ios", "".join(f"{n}: up\n" for n in range(9)) + "% Invalid input\n", None),
        ("frr", "the peer is not running\n", None),
        ("frr", "", None),
    ],
)
def test_an_error_is_no_answer_and_an_answer_no_error(platform: str, said: str, kind: Kind | None) -> None:
    wrong = complaint(said, DIALECTS[platform])
    assert (wrong[0] if wrong else None) is kind
