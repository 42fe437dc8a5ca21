"""Is a table read as whoever made it sees it, whatever program wrote it?"""

from __future__ import annotations

import pytest

from inventory.contract import Environment
from inventory.sources.seen import Found, SourceError
from inventory.sources.table import from_table

ENGLISH = "name,address,site,role,platform\nweb1.musterbau.example,10.20.1.11,hamburg,web-server,Debian 12\n"
GERMAN = (
    "Rechnername;IP-Adresse;Standort;Rolle;Umgebung;Betriebssystem;Benutzer;SSH-Port\r\n"
    "web1.musterbau.example;10.20.1.11;M\u00fcnchen;web-server;Netzwerk;Ubuntu;ops;2222\r\n"
)


def addresses(found: Found) -> list[list[str]]:
    return [[str(address) for address in host.addresses] for host in found.hosts]


def test_english_headings_and_commas() -> None:
    (host,) = from_table(ENGLISH.encode()).hosts
    assert (host.place, host.name, host.site) == ("line 2", "web1.musterbau.example", "hamburg")
    assert (host.groups, host.platform, host.environment) == (("web-server",), "linux", None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_german_headings_as_a_german_excel_writes_them(encoding: str) -> None:
    found = from_table(GERMAN.encode(encoding))
    (host,) = found.hosts
    assert (host.site, host.environment, host.platform) == ("M\u00fcnchen", Environment.NETWORK, "linux")
    assert (host.user, host.port) == ("ops", 2222)
    assert [("Windows-1252" in note) for note in found.notes] == ([True] if encoding == "cp1252" else [])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_separator_and_line_end(separator: str, end: str) -> None:
    text = ENGLISH.replace(",", separator).replace("\n", end)
    assert addresses(from_table(text.encode())) == [["10.20.1.11"]]


def test_excels_own_first_line_says_the_separator_and_counts_as_a_line() -> None:
    found = from_table(b"sep=;\r\nname;address\r\nweb1;10.0.0.1\r\nweb2;nowhere\r\n")
    assert [host.place for host in found.hosts] == ["line 3"]
    assert [entry.place for entry in found.untaken] == ["line 4"]


def test_several_addresses_stand_in_one_cell_and_each_counts_once() -> None:
    found = from_table(b'name,addresses\nweb1,"10.0.0.1 fd20::1  10.0.0.1"\n')
    assert addresses(found) == [["10.0.0.1", "fd20::1"]]


def test_quoted_cells_may_hold_the_separator() -> None:
    (host,) = from_table(b'name,address,site,role\nweb1,10.0.0.1,"Hamburg, head office","a, b"\n').hosts
    assert (host.site, host.groups) == ("Hamburg, head office", ("a", "b"))


BAD = {
    "a name for an address": ("web2,web2.example,", "is a name"),
    "a network": ("web2,10.0.0.0/24,", "is a network"),
    "no address": ("web2,,hamburg", "has no address"),
    "no name": (",10.0.0.2,", "no name"),
    "a formula": ('web2,"=WEBDIENST(""http://x"")",', "is a formula"),
    "a formula with plus": ("web2,+1,", "is a formula"),
    "a formula with at": ("@SUM(A1),10.0.0.2,", "is a formula"),
    "more cells than headings": ("web2,10.0.0.2,hamburg,x,y", "has 5 cells"),
    "a quotation mark that never ends": ('web2,"10.0.0.2,hamburg', "not right as CSV"),
    "signs after a quotation": ('web2,"10.0.0.2"x,', "not right as CSV"),
    "a control character": ("we\x1bb2,10.0.0.2,", "is not a DNS name"),
    "what Excel made of an address": ("web2,10.201.53,", "is not an IPv4 or IPv6 address"),
}


@pytest.mark.parametrize(("line", "why"), BAD.values(), ids=BAD.keys())
def test_a_bad_line_is_named_and_the_others_are_taken(line: str, why: str) -> None:
    found = from_table(f"name,address,site\nweb1,10.0.0.1,\n{line}\n".encode())
    assert addresses(found) == [["10.0.0.1"]]
    assert [(entry.place, why in entry.problem) for entry in found.untaken] == [("line 3", True)], (
        found.untaken
    )


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = 'name,address,site\n\n"web1",10.0.0.1,"one\ntwo"\n,,\nweb2,nowhere,\n'
    found = from_table(text.encode())
    assert [host.place for host in found.hosts] == ["line 3"]
    assert [entry.place for entry in found.untaken] == ["line 6"]


def test_an_open_quotation_mark_may_have_swallowed_hosts_so_none_counts_as_missing() -> None:
    assert not from_table(b'name,address\nweb1,"10.0.0.1\nweb2,10.0.0.2\n').whole
    assert from_table(b"name,address\nweb1,nowhere\n").whole


def test_columns_that_are_not_taken_are_named() -> None:
    found = from_table(b"name,address,serial,password\nweb1,10.0.0.1,=1,=2\n")
    assert len(found.hosts) == 1
    assert found.notes == ("columns that are not taken: serial, password",)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"host,port\nweb1,22\n",
        b"address\n10.0.0.1\n",
        b"name,address,ip\nweb1,10.0.0.1,10.0.0.2\n",
        "name,address\nweb1,10.0.0.1\n".encode("utf-16"),
        b"name,address\nweb\0,10.0.0.1\n",
        b"name,address\nweb\x81,10.0.0.1\n",
        b'"name,address\nweb1,10.0.0.1\n',
    ],
)
def test_what_is_no_table_of_hosts_is_refused_as_a_whole(raw: bytes) -> None:
    with pytest.raises(SourceError):
        from_table(raw)
