"""Does a broken contract say what is wrong, on which line, and permit nothing? One case a mistake."""

from __future__ import annotations

import gc
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from inventory.contract import Contract
from inventory.read import ContractError, digest, examine, read
from inventory.source import LARGEST, decode
from inventory.tree import parse

CASES = Path(__file__).parent / "cases"
BASE = (CASES / "base.yaml").read_text(encoding="utf-8")


def _cases() -> list[Any]:
    cases = yaml.safe_load((CASES / "cases.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["case"].replace(" ", "-")) for case in cases]


def said(text: str | bytes) -> list[str]:
    """Every mistake of a text, as a person sees it."""
    examined = examine(text)
    assert examined.contract is None
    return [str(mistake) for mistake in examined.mistakes]


def pairs(contract: Contract | None) -> set[tuple[str, str, str]]:
    """(address, clause, deed) of everything that is ever permitted."""
    return {
        (str(address), clause.id, deed)
        for host, clauses in (contract.clauses_of if contract else {}).items()
        for clause in clauses
        for address in (contract.targets[host].addresses if contract else ())
        for deed in (*clause.diagnose, *clause.change)
    }


def permitted(text: str | bytes) -> set[tuple[str, str, str]]:
    return pairs(examine(text).contract)


def test_the_base_of_all_cases_is_right() -> None:
    examined = examine(BASE)
    assert examined.mistakes == ()
    assert examined.hints == ()
    assert len(pairs(examined.contract)) == 9


@pytest.mark.parametrize("case", _cases())
def test_every_mistake_is_said_with_its_line(case: dict[str, Any]) -> None:
    text = BASE
    for find, put in [(case["find"], case["put"]), *([case["also"]] if "also" in case else [])]:
        assert text.count(find) == 1
        text = text.replace(find, put)
    assert said(text) == case["mistakes"]


def test_all_mistakes_are_said_in_one_go() -> None:
    broken = BASE
    for old, new in (
        ('"10.20.1.11"', '"10.20.1.0/24"'),
        ("port: 22", "prot: 22"),
        ("roles: [web-server, dns-server]", "roles: [web-server, mail-server]"),
        ('until: "18:00"', "until: 18:00"),
        ("keep_days: 90", "keep_days: many"),
    ):
        broken = broken.replace(old, new)
    with pytest.raises(ContractError) as caught:
        read(broken)
    assert [(m.line, m.where) for m in caught.value.mistakes] == [
        (17, "hosts[web1].addresses[#1]"),
        (23, "hosts[web1].ssh.prot"),
        (42, "clauses[3.1].roles[#2]"),
        (45, "clauses[3.1].windows[#1].until"),
        (58, "data.keep_days"),
    ]
    assert str(caught.value).count("\n") == 4


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "the file holds no contract: it is empty or only comments"),
        ("\n\n", 1, "the file holds no contract: it is empty or only comments"),
        ("# nothing\n# at all\n", 1, "the file holds no contract: it is empty or only comments"),
        ("---\n...\n", 1, "the file holds no contract: it is empty or only comments"),
        ("- a\n- b\n", 1, "the file does not begin with 'key: value'"),
        ("contract\n", 1, "the file does not begin with 'key: value'"),
        (b"\xff\xfec\x00", 1, "the file is written in UTF-16"),
        ("contract: M\n".encode("utf-32"), 1, "the file is written in UTF-16"),
        ("contract: M\nname: Müller\n".encode("latin-1"), 2, "byte 0xfc is not UTF-8"),
        (b"contract: M\r\nname: \x00\r\n", 2, "U+0000 (a control character) cannot be seen"),
        ("contract: M\nname: a\u2028b\n", 2, "U+2028 (LINE SEPARATOR) cannot be seen"),
        ("contract: M\nname: \ud800\n", 2, "U+D800 (a control character) cannot be seen"),
        ("contract: M\nname: Müll", 2, "the last line has no end: the file may be cut off"),
        ("#" * (LARGEST + 1), 1, f"the file is longer than {LARGEST // 1_000_000} MB"),
        ("a: " + "[" * 30 + "]" * 30 + "\n", 1, "the text is nested more than 20 deep"),
        ("a: " + "{b: " * 30 + "}" * 30 + "\n", 1, "the text is nested more than 20 deep"),
        ("[" * 100_000 + "\n", 1, "the text is nested more than 20 deep"),
        ("a: [1\n\nb: 2\n", 3, "a '[' is never closed, or a ',' is missing (it began on line 1)"),
        ("a: *b\n", 1, "'*b' is an alias"),
        ("a: 'b\n\nc: d\n", 4, "a quotation mark is never closed (it began on line 1)"),
        ("? {a: b}\n: c\n", 1, "a list or mapping stands where a key is expected"),
        ("{}\n", 1, "the key 'contract' is missing"),
    ],
    ids=lambda value: "" if isinstance(value, int) else repr(value)[:40],
)
def test_what_is_no_contract_at_all(text: str | bytes, line: int, problem: str) -> None:
    examined = examine(text)
    assert examined.contract is None
    assert problem in {mistake.problem for mistake in examined.mistakes if mistake.line <= line}


def test_of_what_cannot_be_seen_the_first_of_each_line_is_said() -> None:
    text = BASE.replace("Hamburg", "Ham\u200bb\u200burg").replace("Anna Weber", "Anna\xadWeber")
    assert [mistake.line for mistake in examine(text.replace("\n", "\r\n")).mistakes] == [7, 10]
    assert len(examine("\x01\n" * 1000).mistakes) == 100
    assert len(examine("a: b\n\0\n\0\n").mistakes) == 1, "what has a NUL is no text"


def test_the_lines_are_noted_without_changing_what_is_read() -> None:
    """One reader, asked twice: what it reads the second time is what was judged the first time."""
    texts = [BASE, *(BASE.replace(case.values[0]["find"], case.values[0]["put"]) for case in _cases())]
    for text in (text for text in texts if isinstance(decode(text), str)):
        first, second = parse(text), parse(text, lines=True)
        assert (first.data, first.flaws) == (second.data, second.flaws)
        assert not first.lines


def test_reading_leaves_the_collector_of_garbage_as_it_was() -> None:
    assert gc.isenabled()
    examine(BASE)
    assert gc.isenabled()
    gc.disable()
    try:
        examine(BASE)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_thousands_of_wrong_names_are_said_without_looking_for_a_near_one_each_time() -> None:
    wrong = ", ".join(f"dns{number}" for number in range(2, 2000))
    mistakes = examine(BASE.replace("hosts: [dns1]", f"hosts: [{wrong}]")).mistakes
    assert len(mistakes) == 1998
    assert mistakes[0].instead == "did you mean 'dns1'?"
    assert mistakes[-1].instead == "write one that exists, or add it"


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = 'a: &a ["x","x","x","x","x","x","x","x","x"]\n'
    for above, below in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{below}: &{below} [{','.join([f'*{above}'] * 9)}]\n"
    mistakes = examine(bomb).mistakes
    assert mistakes[0].line == 1
    assert mistakes[0].problem == "'&a' is an anchor"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!str", "!local", "!<tag:x>", "!"])
def test_no_tag_is_taken(tag: str) -> None:
    broken = BASE.replace("text: Restart", f"text: {tag} Restart")
    assert [mistake.line for mistake in examine(broken).mistakes] == [48]


def test_line_ends_and_marks_of_other_systems_change_nothing() -> None:
    assert read(BASE.replace("\n", "\r\n")) == read(BASE)
    assert read(BASE.replace("\n", "\r\n").encode()) == read(BASE)
    assert read(b"\xef\xbb\xbf" + BASE.encode()) == read(BASE)
    assert said(BASE.replace("\n", "\r\n").replace("port: 22", "port: 0"))[0].startswith("23: ")


def test_the_digest_is_that_of_the_exact_bytes() -> None:
    assert digest(BASE) == digest(BASE.encode())
    assert digest(BASE) != digest(BASE.replace("\n", "\r\n"))
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_areas_that_exist_can_be_given() -> None:
    examined = examine(BASE, areas=("linux", "ldap"), playbooks=("dns.restart",))
    assert [(m.line, m.problem) for m in examined.mistakes] == [
        (43, "there is no area that can be diagnosed 'dns'"),
        (55, "there is no area that can be diagnosed 'dns'"),
    ]


def test_what_may_be_meant_is_a_hint_and_no_mistake() -> None:
    hinted = examine(
        BASE.replace("    dns: {}\n", "")
        .replace("roles: [dns-server]", "roles: [mail]")
        .replace("roles: [web-server, dns-server]", "roles: [web-server]")
        .replace("hosts: [dns1]", "hosts: [web1]")
    )
    assert hinted.contract is not None
    assert [(hint.line, hint.problem) for hint in hinted.hints] == [
        (12, "'dns1' stands under 'resolvers' without 'dns'"),
        (27, "it cannot be asked anything"),
        (37, "'dns1' stands under 'servers' without 'dns'"),
    ]


def test_a_platform_that_nothing_can_be_asked_of_is_a_hint() -> None:
    text = BASE.replace("platform: linux\n    ssh", "platform: linus\n    ssh")
    assert examine(text).hints == examine(BASE, platforms=("linux",)).hints == ()
    (hint,) = examine(text, platforms=("linux",)).hints
    assert str(hint) == (
        "21: hosts[web1].platform: there is no question yet to the platform 'linus' — did you mean 'linux'?"
    )


@pytest.mark.parametrize("pinned", ["host_keys: []", "port: 22"])
def test_a_host_whose_key_is_to_be_pinned_is_a_hint(pinned: str) -> None:
    key = "host_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3nkyUFeSLpRCpX9AFT3pVpAhk3bnTo7lGvGjRTkXzB]"
    assert key in BASE
    (hint,) = examine(BASE.replace(key, pinned)).hints
    assert (hint.where, hint.instead) == ("hosts[web1].ssh", "see `secondline host pin`")


@pytest.mark.parametrize("end", range(0, len(BASE), 7))
def test_a_file_that_was_cut_off_permits_nothing_new(end: int) -> None:
    assert permitted(BASE[:end]) <= permitted(BASE)


LINES = BASE.splitlines(keepends=True)


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_lost_line_permits_nothing_new(number: int) -> None:
    assert permitted("".join(LINES[:number] + LINES[number + 1 :])) <= permitted(BASE)


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_doubled_line_permits_nothing_new(number: int) -> None:
    assert permitted("".join(LINES[: number + 1] + LINES[number:])) <= permitted(BASE)


_HOSTILE = b"*&!|>%@`{}[]#:,-?'\"\\~/\t\r\n \x00\x85\xff."


# One changed character can make another address or another name of it, and then it is another contract:
# what guards against that is the digest. What must never happen is that one character opens a host that was
# closed, or permits more than the text names.


def deeds(contract: Contract | None) -> set[tuple[int, str]]:
    """(position of the target, deed) of what is ever permitted, among the deeds of the base."""
    known = {deed for clause in read(BASE).clauses for deed in (*clause.diagnose, *clause.change)}
    if contract is None:
        return set()
    where = {target: number for number, target in enumerate(contract.targets)}
    covers = contract.covers.items()
    return {(where[t], d) for t, cover in covers for d in (*cover.diagnose, *cover.change) if d in known}


def only_named(raw: bytes) -> None:
    """What a text permits stands in it: each address, each host, each deed; and no more of them than before."""
    contract = examine(raw).contract
    assert deeds(contract) <= deeds(read(BASE))
    found = re.findall(r"[0-9a-fA-F:.]+", raw.decode("utf-8", "replace"))
    written = {_canonical(word) for word in found}
    addresses = {address for address, _, _ in pairs(contract)}
    assert addresses <= written
    assert len(addresses) <= len({address for address, _, _ in permitted(BASE)})
    for clause in contract.clauses if contract else ():
        assert all(deed.encode() in raw for deed in (*clause.diagnose, *clause.change))


def _canonical(word: str) -> str:
    try:
        return str(ip_address(word))
    except ValueError:
        return ""


@given(st.integers(0, len(BASE.encode())), st.sampled_from(_HOSTILE))
def test_a_slipped_in_byte_opens_nothing(at: int, byte: int) -> None:
    raw = BASE.encode()
    only_named(raw[:at] + bytes([byte]) + raw[at:])


@given(st.integers(0, len(BASE.encode()) - 1), st.integers(1, 255))
def test_a_changed_byte_opens_nothing(at: int, flip: int) -> None:
    raw = bytearray(BASE.encode())
    raw[at] ^= flip
    only_named(bytes(raw))


@given(st.integers(0, len(BASE.encode()) - 1))
def test_a_lost_byte_opens_nothing(at: int) -> None:
    raw = BASE.encode()
    only_named(raw[:at] + raw[at + 1 :])


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(raw: bytes) -> None:
    assert examine(raw).contract is None


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.floats(allow_nan=False)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.one_of(
                    st.sampled_from(["id", "hosts", "clauses", "windows", "roles", "addresses"]),
                    st.text(max_size=3),
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=20,
    )
)
def test_any_yaml_is_answered_with_lines(data: object) -> None:
    text = yaml.safe_dump({"hosts": data, "clauses": data, "contract": data}, allow_unicode=True)
    examined = examine(text)
    assert examined.contract is None
    assert all(1 <= mistake.line <= text.count("\n") + 1 for mistake in examined.mistakes)
    assert all(mistake.problem and mistake.instead for mistake in examined.mistakes)
