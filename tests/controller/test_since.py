"""Is it said truly what is new, gone and changed, and is silence never called health?"""

from __future__ import annotations

from dataclasses import replace

from agent.job import NoAnswer, Seen
from collectors import Finding, Kind, Phase, fault
from controller.reports.model import Report
from controller.since import since
from tests.controller.reports.sample import result, sample

FULL = fault("linux.disk-full", "{path} is full", "{path} ist voll")
DOWN = fault("dns.no-answer", "it is silent", "er schweigt")


def report(*findings: Finding, silent: tuple[str, ...] = ()) -> Report:
    results = []
    for host in ("a", "b"):
        said = tuple(one for one in findings if one.host == host)
        results += [
            result(
                host,
                "linux.disk",
                NoAnswer(Kind.TIMED_OUT, Phase.ASK, "") if host in silent else Seen({}, said),
            ),
        ]
    base = sample()
    hosts = dict.fromkeys(("a", "b"), next(iter(base.hosts.values())))
    return replace(base, findings=findings, results=tuple(results), hosts=hosts, causes=())


def test_what_is_new_gone_and_changed_is_told_apart() -> None:
    before = report(FULL(host="a", path="/"), FULL(host="b", path="/"))
    after = report(FULL(host="a", path="/var"), DOWN(host="a"))
    said = since(before, after)
    assert [one.tag.name for one in said.new] == ["dns.no-answer"]
    assert [(one.host, one.facts["path"]) for one in said.gone] == [("b", "/")]
    assert [(one.before.facts["path"], one.after.facts["path"]) for one in said.changed] == [("/", "/var")]
    assert (said.unknown, said.silent, said.fresh, said.same) == ((), (), (), False)


def test_what_had_no_answer_is_not_gone() -> None:
    said = since(report(FULL(host="b", path="/")), report(silent=("b",)))
    assert said.gone == ()
    assert [one.host for one in said.unknown] == ["b"]
    assert said.silent == ("b",)
    assert since(report(silent=("b",)), report()).fresh == ("b",)


def test_of_several_alike_each_is_told_by_its_facts() -> None:
    before = report(FULL(host="a", path="/"), FULL(host="a", path="/var"))
    after = report(FULL(host="a", path="/var"), FULL(host="a", path="/home"))
    said = since(before, after)
    assert [one.facts["path"] for one in said.new] == ["/home"]
    assert [one.facts["path"] for one in said.gone] == ["/"]
    assert said.changed == ()


def test_the_same_is_the_same() -> None:
    assert since(report(FULL(host="a", path="/")), report(FULL(host="a", path="/"))).same
