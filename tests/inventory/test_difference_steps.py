"""What is said when a contract is edited? The example, with one edit after the other."""

from __future__ import annotations

import pytest
from pydantic import Field

from inventory.clause import Clause
from inventory.contract import Approval, Contract, Window
from inventory.describe import describe
from inventory.difference import Difference, Effect, Step, difference
from inventory.difference_words import WORDS
from inventory.gain import alike
from inventory.read import read
from inventory.schema import example
from inventory.step import MIRRORED, NEUTRAL
from tests.inventory.revisions import KEYS

E = Effect
FIRST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3nkyUFeSLpRCpX9AFT3pVpAhk3bnTo7lGvGjRTkXzB"
# What is written, what is written instead, and what that adds, takes and is neither.
EDITS: tuple[tuple[str, str, set[Effect], set[Effect], set[Effect]], ...] = (
    ('until: "18:00"', 'until: "18:01"', {E.WINDOW_LONGER}, set(), set()),
    ('until: "18:00"', 'until: "17:59"', set(), {E.WINDOW_SHORTER}, set()),
    (
        'until: "18:00"}',
        'until: "12:00"}\n      - {days: [mo, tu, we, th, fr], from: "12:01", until: "18:00"}',
        set(),
        set(),
        {E.CLAUSE_REWRITTEN},
    ),
    ("days: [sa]", "days: [su]", {E.WINDOW_LONGER}, {E.WINDOW_SHORTER}, set()),
    ("diagnose: [dns]", "diagnose: [dns, linux]", {E.DEED_ADDED}, set(), set()),
    ("diagnose: [linux, dns]", "diagnose: [linux]", set(), {E.DEED_REMOVED}, set()),
    (
        "roles: [web-server, dns-server]",
        "roles: [web-server]",
        set(),
        {E.HOST_UNCOVERED, E.DEED_REMOVED},
        set(),
    ),
    ("hosts: [dns1]", "hosts: [dns1, web1]", {E.DEED_ADDED}, set(), set()),
    ("approval: customer", "approval: both", set(), {E.APPROVAL_STRONGER}, set()),
    ("approval: customer", "approval: none", {E.APPROVAL_WEAKER}, set(), set()),
    ("approval: customer", "approval: colleague", {E.APPROVAL_EXCHANGED}, {E.APPROVAL_EXCHANGED}, set()),
    ("at_once: 20", "at_once: 21", {E.AT_ONCE_LARGER}, set(), set()),
    ("at_once: 20", "at_once: 19", set(), {E.AT_ONCE_SMALLER}, set()),
    ('"10.20.1.11", "fd20::11"', '"10.20.1.11"', set(), {E.ADDRESS_REMOVED}, set()),
    ('"10.20.1.53"', '"10.20.1.54"', {E.ADDRESS_ADDED}, {E.ADDRESS_REMOVED}, set()),
    ("port: 22\n", "port: 23\n", {E.WAY_CHANGED}, {E.WAY_CHANGED}, set()),
    ("user: secondline     ", "user: root     ", {E.WAY_CHANGED}, {E.WAY_CHANGED}, set()),
    ("file:musterbau-read     ", "file:other     ", {E.WAY_CHANGED}, {E.WAY_CHANGED}, set()),
    (FIRST_KEY, KEYS[0], {E.HOST_KEY_ADDED}, {E.HOST_KEY_REMOVED}, set()),
    (FIRST_KEY, f"{FIRST_KEY}\n        - {KEYS[0]}", {E.HOST_KEY_ADDED}, set(), set()),
    ("    dns: {port: 53}", "", set(), {E.WAY_REMOVED}, set()),
    ("agent: musterbau-ki", "agent: other", {E.AGENT_CHANGED}, {E.AGENT_CHANGED}, {E.PAPER_CHANGED}),
    ("site: kiel", "site: hamburg", {E.AGENT_CHANGED}, {E.AGENT_CHANGED}, {E.LABEL_CHANGED}),
    (
        "roles: [web-server]\n    platform: linux",
        "roles: [web-server]\n    platform: bsd",
        {E.PLATFORM_CHANGED},
        {E.PLATFORM_CHANGED},
        set(),
    ),
    ("roles: [web-server]", "roles: [web-server, dns-server]", set(), set(), {E.LABEL_CHANGED}),
    ("until: 2027-12-31", "until: 2028-01-01", {E.VALID_LONGER}, set(), set()),
    ("from: 2026-01-01", "from: 2026-01-02", set(), {E.VALID_SHORTER}, set()),
    ("Europe/Berlin", "Europe/Paris", {E.TIMEZONE_CHANGED}, {E.TIMEZONE_CHANGED}, set()),
    ("keep_days: 90", "keep_days: 91", {E.KEEP_LONGER}, set(), set()),
    ("accounts: true", "accounts: false", {E.REDACTION_WEAKER}, set(), set()),
    ("addresses: false", "addresses: true", set(), {E.REDACTION_STRONGER}, set()),
    ("[Projekt Elbblick]", "[]", {E.REDACTION_WEAKER}, set(), set()),
    ("approves: [report]", "approves: [change, report]", {E.CONTACT_APPROVES_MORE}, set(), set()),
    ("approves: [report]", "approves: []", set(), {E.CONTACT_APPROVES_LESS}, set()),
    ("it@", "edv@", {E.CONTACT_EMAIL_CHANGED}, {E.CONTACT_EMAIL_CHANGED}, set()),
    ("id: yilmaz", "id: emre", {E.CONTACT_APPROVES_MORE}, {E.CONTACT_APPROVES_LESS}, set()),
    ("Anna Weber", "A. Weber", set(), set(), {E.PAPER_CHANGED}),
    ("MB-2026-017", "MB-2026-018", set(), set(), {E.PAPER_CHANGED}),
    ("language: de", "language: en", set(), set(), {E.PAPER_CHANGED}),
    ("20.10.in-addr.arpa", "21.10.in-addr.arpa", set(), set(), {E.PAPER_CHANGED}),
    ('["10.20.0.1"]', '["10.20.0.2"]', set(), set(), {E.PAPER_CHANGED}),
    ("[dns1, dns2]     #", "[dns1]     #", set(), set(), {E.PAPER_CHANGED}),
    ("Questions to the registry", "Words", set(), set(), {E.CLAUSE_TEXT_CHANGED}),
    ("name: web1.", "name: www.", set(), set(), {E.LABEL_CHANGED}),
    ("revision: 3", "revision: 4", set(), set(), set()),
    ('id: "3.2"', 'id: "3.3"', set(), set(), {E.HOST_JOINS, E.HOST_LEAVES}),
)


def kinds(steps: tuple[Step, ...]) -> set[Effect]:
    return {step.what for step in steps}


# The keys are new in each process: a test is named by its number, so that all processes see the same tests.
@pytest.mark.parametrize(("old", "new", "more", "less", "same"), EDITS, ids=map(str, range(len(EDITS))))
def test_an_edit_is_told_as_what_it_is(
    old: str, new: str, more: set[Effect], less: set[Effect], same: set[Effect]
) -> None:
    assert example().count(old) >= 1
    found = difference(read(example()), read(example().replace(old, new, 1)))
    assert (kinds(found.widenings), kinds(found.narrowings), kinds(found.neutral)) == (more, less, same)
    assert found.widens == bool(more)


def _edited(contract: Contract, **clauses: tuple[Clause, ...]) -> Contract:
    return contract.model_copy(update=dict(clauses))


def test_an_order_of_clauses_that_makes_a_weaker_one_the_first_widens() -> None:
    contract = read(example())
    weak = contract.clauses[2].model_copy(update={"id": "4.2", "at_once": 51})
    before = _edited(contract, clauses=(*contract.clauses, weak))
    after = _edited(contract, clauses=(weak, *contract.clauses))
    found = difference(before, after)
    assert found.widenings == (
        Step(what=E.AT_ONCE_LARGER, clause="4.2", hosts=("dns1",), old="50", new="51"),
    )


def test_a_clause_cut_in_two_that_count_apart_widens() -> None:
    contract = read(example())
    one = contract.clauses[0].model_copy(update={"roles": (), "hosts": ("web1", "dns1"), "at_once": 1})
    parts = tuple(
        one.model_copy(update={"id": name, "hosts": (host,)})
        for name, host in (("3.1a", "web1"), ("3.1b", "dns1"))
    )
    whole, cut = _edited(contract, clauses=(one,)), _edited(contract, clauses=parts)
    (step,) = difference(whole, cut).widenings
    assert (step.what, step.clause, step.hosts) == (E.AT_ONCE_DIVIDED, "3.1", ("dns1", "web1"))
    assert (step.of, step.old, step.new) == ("3.1a, 3.1b", "1", "2")
    (step,) = difference(cut, whole).narrowings
    assert (step.what, step.old, step.new) == (E.AT_ONCE_JOINED, "2", "1")
    roomy = one.model_copy(update={"at_once": 2})
    assert not difference(_edited(contract, clauses=(roomy,)), cut).widens


def test_the_first_clause_that_allows_says_whose_approval_counts() -> None:
    contract = read(example())
    strict = contract.clauses[2]
    easy = strict.model_copy(update={"id": "4.2", "approval": Approval.NONE})
    before = _edited(contract, clauses=(*contract.clauses, easy))
    after = _edited(contract, clauses=(easy, *contract.clauses))
    (step,) = difference(before, after).widenings
    assert (step.what, step.clause, step.old, step.new) == (E.APPROVAL_WEAKER, "4.2", "customer", "none")
    assert step.windows == strict.windows


def test_clauses_that_count_apart_at_other_times_do_not_widen() -> None:
    contract = read(example())
    one = contract.clauses[0].model_copy(update={"windows": (Window(),), "at_once": 1})
    noon = ({"until": "11:59"}, {"from": "12:00"})
    halves = tuple(
        one.model_copy(update={"id": f"3.{number}", "windows": (Window.model_validate(half),)})
        for number, half in enumerate(noon)
    )
    assert not difference(_edited(contract, clauses=(one,)), _edited(contract, clauses=halves)).widens


def test_hosts_that_are_covered_otherwise_elsewhere_count_together() -> None:
    contract = read(example())
    first = contract.clauses[0].model_copy(update={"roles": (), "at_once": 2})
    whole = first.model_copy(update={"hosts": ("web1", "dns1", "dns2")})
    parts = tuple(
        first.model_copy(update={"id": name, "hosts": hosts})
        for name, hosts in (("3.1a", ("web1",)), ("3.1b", ("dns1", "dns2")))
    )
    more = first.model_copy(update={"id": "5", "hosts": ("dns2",), "diagnose": ("voip",)})
    (step,) = difference(
        _edited(contract, clauses=(whole, more)), _edited(contract, clauses=(*parts, more))
    ).widenings
    assert (step.what, step.old, step.new) == (E.AT_ONCE_DIVIDED, "2", "3")


def test_who_may_approve_for_the_first_time_has_no_old_address() -> None:
    silent = example().replace("approves: [report]", "approves: []")
    found = difference(read(silent), read(example().replace("it@", "edv@")))
    assert found.widenings == (
        Step(what=E.CONTACT_APPROVES_MORE, of="yilmaz <edv@musterbau.example>", new="report"),
    )
    assert kinds(found.neutral) == {E.PAPER_CHANGED}
    assert not found.narrowings


def test_the_same_clauses_permit_more_of_a_host_than_of_a_server_outside() -> None:
    contract = read(example())
    # Only a clause that was never checked names both; it may change the one and not the other.
    sly = contract.clauses[2].model_copy(update={"hosts": ("registry",), "outside": ("registry",)})
    server = contract.outside[0]
    host = contract.hosts[2].model_copy(update={"id": server.id, "addresses": server.addresses})
    before = _edited(contract, clauses=(sly,))
    after = before.model_copy(update={"outside": (), "hosts": (*contract.hosts, host)})
    assert E.DEED_ADDED in kinds(difference(before, after).widenings)


def test_a_host_that_moves_to_a_clause_that_permits_the_same_is_said_and_does_not_widen() -> None:
    contract = read(example())
    first = contract.clauses[0].model_copy(update={"roles": (), "hosts": ("web1", "dns1", "dns2")})
    other = first.model_copy(update={"id": "3.9", "hosts": ("dns2",)})
    fewer = first.model_copy(update={"hosts": ("web1", "dns1")})
    found = difference(_edited(contract, clauses=(first, other)), _edited(contract, clauses=(fewer, other)))
    assert found == Difference(neutral=(Step(what=E.HOST_LEAVES, clause="3.1", hosts=("dns2",)),))


def test_hosts_that_share_a_step_are_named_in_one() -> None:
    contract = read(example())
    first = contract.hosts[0]
    more = tuple(first.model_copy(update={"id": f"web{number}"}) for number in range(2, 102))
    before = contract.model_copy(update={"hosts": (*contract.hosts, *more)})
    users = tuple(
        host.model_copy(update={"ssh": host.ssh.model_copy(update={"user": "other"})}) if host.ssh else host
        for host in before.hosts
    )
    (step,) = difference(before, before.model_copy(update={"hosts": users})).widenings
    assert len(step.hosts) == 102
    line, *others = describe(difference(contract, before), "en")
    assert not others
    assert "web100, web101, web11" in line
    assert line.startswith("+ clause 3.1: diagnose linux, dns on web10, web100,")
    assert "and 92 more" in line
    assert "web99" in describe(difference(contract, before), "en", most=None)[0]


def test_hosts_that_are_covered_alike_are_compared_once() -> None:
    contract = read(example())
    host, clause = contract.hosts[0], contract.clauses[0]
    many = tuple(host.model_copy(update={"id": f"h{n}", "roles": (f"r{n % 100}",)}) for n in range(10_000))
    each = tuple(clause.model_copy(update={"id": f"c{n}", "roles": (f"r{n}",)}) for n in range(100))
    before = contract.model_copy(update={"hosts": many, "clauses": each})
    longer = tuple(clause.model_copy(update={"windows": ()}) for clause in each)
    after = before.model_copy(update={"clauses": longer})
    assert len(alike(before, after)) == 100
    found = difference(before, after)
    assert [(step.what, len(step.hosts)) for step in found.widenings] == [(E.WINDOW_LONGER, 100)] * 100


def test_what_no_clause_covers_is_only_said() -> None:
    contract = read(example())
    alone = contract.hosts[0].model_copy(update={"id": "alone", "roles": ()})
    before = contract.model_copy(update={"hosts": (*contract.hosts, alone)})
    other = alone.model_copy(update={"addresses": contract.hosts[1].addresses})
    after = contract.model_copy(update={"hosts": (*contract.hosts, other)})
    assert difference(before, after) == Difference(neutral=(Step(what=E.TARGET_CHANGED, hosts=("alone",)),))
    assert difference(contract, after).neutral == (Step(what=E.TARGET_ADDED, hosts=("alone",)),)
    assert difference(before, contract).neutral == (Step(what=E.TARGET_REMOVED, hosts=("alone",)),)


def test_a_server_that_moves_inside_is_another_target() -> None:
    contract = read(example())
    server = contract.outside[0]
    host = contract.hosts[2].model_copy(update={"id": server.id, "addresses": server.addresses})
    after = contract.model_copy(update={"outside": (), "hosts": (*contract.hosts, host)})
    found = difference(contract, after)
    assert Step(what=E.TARGET_EXCHANGED, hosts=("registry",), old="outside", new="host") in found.widenings


class _RiskyClause(Clause):
    risk: str = Field(default="low")


def test_a_key_that_the_comparison_does_not_know_widens_when_it_changes() -> None:
    contract = read(example())
    said = contract.clauses[1].model_dump(by_alias=True)
    low, high = (_RiskyClause.model_validate({**said, "risk": risk}) for risk in ("low", "high"))
    before, after = (_edited(contract, clauses=(contract.clauses[0], one)) for one in (low, high))
    found = difference(before, after)
    step = Step(
        what=E.OTHER_CHANGED, clause="3.2", hosts=("registry",), deeds=found.widenings[0].deeds, of="risk"
    )
    assert found.widenings == (step,) == found.narrowings
    assert not difference(before, before.model_copy(deep=True)).widens


def test_two_customers_are_not_compared() -> None:
    other = read(example().replace("customer: musterbau", "customer: other"))
    with pytest.raises(ValueError, match="two customers, 'musterbau' and 'other'"):
        difference(read(example()), other)


@pytest.mark.parametrize("what", Effect)
def test_every_effect_widens_narrows_or_is_neutral_and_has_words(what: Effect) -> None:
    assert (what in MIRRORED or what in MIRRORED.values()) != (what in NEUTRAL)
    step = Step(what=what, clause="3.1", hosts=("web1",), old=KEYS[0], new=KEYS[1])
    found = Difference(neutral=(step,))
    (german,), (english,) = describe(found, "de"), describe(found, "en")
    assert WORDS["de"][what] != WORDS["en"][what]
    assert german.startswith("~ Klausel 3.1: ")
    assert english.startswith("~ clause 3.1: ")
    assert "{" not in german + english


def test_a_difference_is_said_by_clause_in_the_order_of_their_numbers() -> None:
    steps = tuple(Step(what=E.CLAUSE_REMOVED, clause=clause) for clause in ("3.10", "A", "3.9", "3.2", ""))
    lines = describe(Difference(narrowings=steps), "en")
    assert [line.partition(":")[0] for line in lines] == [
        "- contract",
        "- clause 3.2",
        "- clause 3.9",
        "- clause 3.10",
        "- clause A",
    ]


def test_a_line_holds_nothing_that_a_terminal_obeys() -> None:
    step = Step(
        what=E.CONTACT_EMAIL_CHANGED, of="weber", old="a@\x1b[2Kb", new="\N{RIGHT-TO-LEFT OVERRIDE}b@a"
    )
    (line,) = describe(Difference(widenings=(step,), narrowings=(step,)), "de")
    assert line.isprintable()


def test_a_host_key_is_shown_as_ssh_keygen_shows_it() -> None:
    step = Step(what=E.HOST_KEY_ADDED, hosts=("web1",), of="ssh", new=FIRST_KEY)
    (line,) = describe(Difference(widenings=(step,)), "en")
    assert line == (
        "+ contract: web1: another host key is trusted for ssh: ssh-ed25519 SHA256:yFWHeDIwVYMuLWyw2QZS33HTU1xkBWjyXpv8qLscJhw"
    )
