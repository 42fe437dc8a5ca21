"""Does the next revision keep its author's text, and say exactly what was proposed?"""

from __future__ import annotations

import difflib
import json
from ipaddress import ip_address
from typing import Any

import pytest
import yaml

from inventory.read import read
from inventory.schema import example
from inventory.sources.compare import propose
from inventory.sources.proposal import Defaults
from inventory.sources.render import quoted, render
from inventory.sources.revise import Revision, revise
from inventory.sources.seen import Found, Seen

SMALL = """\
contract: "1"
customer: k
name: K
revision: 9 # the ninth
valid: {{from: 2026-01-01, until: 2027-01-01}}
sites: [{{id: s, name: S, agent: a}}]
{hosts}
# The clauses.
clauses:
  - {{id: "1", text: t, hosts: [a], diagnose: [linux]}}
"""
HOST = "id: a\n{0}name: a.example\n{0}addresses: ['10.0.0.1']\n{0}site: s\n{0}environment: server\n{0}platform: linux\n"
A = HOST.format("    ").rstrip("\n")


def seen(name: str, address: str, **other: Any) -> Seen:  # noqa: ANN401
    return Seen(place=name, name=name, addresses=(ip_address(address),), **other)


def revised(text: str, *hosts: Seen, remove: bool = False, roles: dict[str, str] | None = None) -> Revision:
    before = read(text)
    wish = Defaults(site=before.sites[0].id, roles=roles or {})
    proposal = propose(before, Found(hosts=hosts), wish, remove_missing=remove)
    assert not proposal.empty, proposal
    revision = revise(text, before, proposal)
    assert read(revision.text) == proposal.after
    return revision


def changes(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_a_new_host_stands_after_the_last_one_and_nothing_else_moves() -> None:
    text = example()
    revision = revised(text, seen("web2.musterbau.example", "10.20.1.12", port=2222, user="ops"))
    assert not revision.anew
    assert changes(text, revision.text) == [
        "-revision: 3                     # counts up with every change; an older one is never accepted again",
        "+revision: 4                     # counts up with every change; an older one is never accepted again",
        "+  - id: web2",
        "+    name: web2.musterbau.example",
        '+    addresses: ["10.20.1.12"]',
        "+    site: hamburg",
        "+    environment: server",
        "+    platform: linux",
        "+    # ssh:",
        "+    #   port: 2222",
        "+    #   user: ops",
        "+    #   # host_keys: pin with secondline host pin",
        "+",
    ]


def test_a_changed_host_keeps_its_comments() -> None:
    text = example()
    web1 = seen("web1.musterbau.example", "10.20.1.12", port=2022, groups=("dns-server",))
    revision = revised(text, web1)
    assert not revision.anew
    assert changes(text, revision.text)[2:] == [
        '-    addresses: ["10.20.1.11", "fd20::11"]',
        '+    addresses: ["10.20.1.12", "fd20::11"]',
        "-    roles: [web-server]",
        "+    roles: [web-server, dns-server]",
        "-      port: 22",
        "+      port: 2022",
    ]


LAYOUTS = {
    "indented": f"hosts:\n  - {A}\n",
    "as programs write it": f"hosts:\n- {HOST.format('  ')}",
    "more indented": f"hosts:\n      -   {HOST.format('          ')}",
    "the dash on a line of its own": f"hosts:\n  -\n    {A}\n",
    "a list of addresses below": "hosts:\n  - "
    + A.replace(" ['10.0.0.1']", "\n      - '10.0.0.1'  # lost, 10.0.0.1\n      - '10.0.0.8'  # kept"),
    "a host between braces": "hosts:\n  - {id: a, name: a.example, addresses: ['10.0.0.1'], site: s,"
    " environment: server, platform: linux}\n",
    "followed by comments": f"hosts:\n  - {A}  # Debian\n    # ssh:\n    #   user: ops\n  # The end.\n",
    "a name with signs of four bytes before it": f"# \U0001f5a5 \u00e4\nhosts:\n  - {A}\n",
    "quoted keys": f"hosts:\n  - {A}\n".replace("addresses", '"addresses"').replace("hosts", "'hosts'"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("hosts", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_usual_layout_is_edited_and_its_comments_stay(hosts: str, mark: str, end: str) -> None:
    text = mark + SMALL.format(hosts=hosts).replace("\n", end)
    revision = revised(
        text, seen("a.example", "10.0.0.2", groups=("r",)), seen("b.example", "10.0.0.3"), roles={"r": "r"}
    )
    assert not revision.anew
    assert revision.text.count("\n") == revision.text.count(end)
    comments = [line for line in text.splitlines() if "#" in line and "- '10" not in line]
    shown = revision.text.splitlines()
    assert all(line.replace("revision: 9", "revision: 10") in shown for line in comments)
    assert revision.comments_lost == ("# lost" in text)
    assert revision.text.startswith(mark)


def test_comments_that_belong_to_the_last_host_stay_with_it() -> None:
    text = SMALL.format(hosts=LAYOUTS["followed by comments"])
    lines = revised(text, seen("b.example", "10.0.0.3")).text.splitlines()
    places = [
        lines.index(line) for line in ("    #   user: ops", "  - id: b", "  # The end.", "# The clauses.")
    ]
    assert places == sorted(places)


def test_a_second_proposal_goes_on_from_the_first() -> None:
    first = revised(example(), seen("web2", "10.20.1.12", user="ops"))
    second = revised(first.text, seen("web3", "10.20.1.13"))
    assert not second.anew
    assert [host.id for host in read(second.text).hosts][-2:] == ["web2", "web3"]
    assert second.text.index("user: ops") < second.text.index("id: web3")


def test_a_removed_host_goes_with_its_lines_and_no_others() -> None:
    start = example().index("  - id: dns2\n")
    host = "  - id: old\n    name: old.example\n    addresses: ['10.20.9.9']\n    site: kiel\n    environment: server\n    platform: linux\n    # ssh: none\n\n"
    text = example()[:start] + host + example()[start:]
    stay = [seen(h.name, str(h.addresses[0])) for h in read(example()).hosts]
    revision = revised(text, *stay, remove=True)
    assert not revision.anew
    assert revision.text == example().replace("revision: 3", "revision: 4")


def test_the_last_host_of_the_list_may_be_removed_while_others_are_added() -> None:
    hosts = f"hosts:\n  - {A}\n\n  - {A.replace('id: a', 'id: z').replace('a.example', 'z.example').replace('0.1', '0.9')}\n\n"
    text = SMALL.format(hosts=hosts)
    revision = revised(text, seen("a.example", "10.0.0.1"), seen("b.example", "10.0.0.3"), remove=True)
    assert [host.id for host in read(revision.text).hosts] == ["a", "b"]
    assert "# The clauses." in revision.text


@pytest.mark.parametrize(
    "text",
    [
        SMALL.format(
            hosts="hosts: [{id: a, name: a.example, addresses: ['10.0.0.1'], site: s, environment: server, platform: linux}]"
        ),
        json.dumps(yaml.safe_load(SMALL.format(hosts=LAYOUTS["indented"])), default=str),
    ],
    ids=["hosts in brackets", "JSON"],
)
def test_a_layout_that_nobody_edits_by_hand_is_written_anew(text: str) -> None:
    revision = revised(text, seen("b.example", "10.0.0.3", user="ops"))
    assert revision.anew
    assert "#   user: ops" in revision.text


def test_a_contract_that_is_written_anew_says_the_same() -> None:
    contract = read(example())
    assert read(render(contract)) == contract


@pytest.mark.parametrize(
    "word",
    ["no", "on", "null", "~", "1", "1.5", "0x1f", "1e3", "2026-01-01", "10:30", "a b", "<<", "a: b", "-"],
)
def test_a_word_that_could_be_mistaken_stands_in_quotes(word: str) -> None:
    assert quoted(word) == json.dumps(word)
    assert yaml.safe_load(quoted(word)) == word
