"""What is the cause? Ranks the findings of a whole run, and says which explains which others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.job import (
    AlreadySo,
    Broken,
    Changed,
    Job,
    NoAnswer,
    Planned,
    Refused,
    Result,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from collectors import (
    Caller,
    Certified,
    Cli,
    Directory,
    Finding,
    IkeGate,
    Kind,
    OpenvpnGate,
    Path,
    Phase,
    Powershell,
    Severity,
    Sip,
    Snmp,
)
from collectors.ad.silence import judge_directory_silence
from collectors.catalogue import catalogue
from collectors.reach import SITE_UNREACHABLE, judge_silence
from collectors.reach_network import judge_device_silence
from collectors.reach_sip import judge_sip_silence
from collectors.reach_snmp import judge_snmp_silence
from collectors.reach_windows import judge_windows_silence
from controller.explains import RULES, Rule, Sure

__all__ = ["Cause", "findings_of", "rank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A finding that nothing else explains, and the findings that follow from it.

    sure: 'certain' when the evidence names the link to everything explained (or there is none to name),
    'likely' when something only fits.
    """

    finding: Finding
    explains: tuple[Finding, ...] = ()
    sure: Sure = "certain"


_NOT_THE_HOSTS = frozenset({Kind.AGENT_AWAY, Kind.AGENT_LOST, Kind.STOP_UNCONFIRMED})


def findings_of(results: Iterable[Result], sites: Mapping[str, str]) -> tuple[Finding, ...]:
    """All findings of a run: those of its judges, of its silences, and of the surveys over its readings.

    sites: host -> site, for hosts that stand at one.
    """
    judged: list[Finding] = []
    silent: dict[tuple[str, str], Finding] = {}
    readings: dict[str, dict[str, Mapping[str, Any]]] = {}
    heard: set[str] = set()
    for result in results:
        match result.outcome:
            case Seen(reading, findings):
                heard.add(result.job.host)
                judged.extend(findings)
                readings.setdefault(result.job.collector, {})[result.job.host] = reading
            case NoAnswer(kind, phase, detail):
                if kind in _NOT_THE_HOSTS:
                    # It says nothing of the host.
                    continue
                if phase is not Phase.CONNECT and kind is not Kind.STOPPED:
                    heard.add(result.job.host)
                finding = _judge_silence(result.job)(result.job.host, kind, phase, detail)
                if finding is not None:
                    silent.setdefault((finding.host, finding.tag.name), finding)
            case Refused() | Broken() | Planned() | Unfit():
                pass
            case Changed() | AlreadySo() | Undone() | UndoFailed() | Unknown():
                # How a change ended is no reading: what is so afterwards is asked by a diagnosis of its own.
                pass
    judged.extend(silent.values())
    judged.extend(_surveyed(readings))
    judged.extend(_sites(tuple(silent.values()), heard, sites))
    return tuple(dict.fromkeys(judged))


def _judge_silence(job: Job) -> Callable[[str, Kind, Phase, str], Finding | None]:
    """Who can say what a silence means: it depends on the way that was taken."""
    known = catalogue().collectors.get(job.collector)
    ways = set(known.sessions) if known else set()
    if Powershell in ways:
        return judge_windows_silence
    if Snmp in ways:
        return judge_snmp_silence
    if not ways.isdisjoint({Sip, Caller}):
        return judge_sip_silence
    if Cli in ways:
        return judge_device_silence
    if ways & {IkeGate, OpenvpnGate, Path}:
        return _says_nothing
    return judge_silence if ways.isdisjoint({Directory, Certified}) else judge_directory_silence


def _says_nothing(_host: str, _kind: Kind, _phase: Phase, _detail: str) -> None:
    """What a stranger does not hear says nothing of the host; it is in the report's coverage."""


def _surveyed(readings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterable[Finding]:
    for survey in catalogue().surveys.values():
        seen = [_readable(one.adapter, readings.get(one.name, {})) for one in survey.over]
        if any(seen):
            yield from survey.compare(*seen)


def _readable(adapter: TypeAdapter[Any], seen: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The readings that today's collector would take; an older version's may have had another form.

    An old run stays readable then, and 'secondline judge' reads its answers anew.
    """
    read = {}
    for host, reading in seen.items():
        with suppress(ValidationError):
            read[host] = adapter.validate_python(reading)
    return read


_ALONE = frozenset({"reach.snmp-silent", "reach.sip-silent"})


def _sites(silent: Sequence[Finding], heard: Collection[str], sites: Mapping[str, str]) -> Iterable[Finding]:
    """A site of which nobody can be reached is one trouble and not many."""
    answered = {sites.get(host) for host in heard}
    gone: dict[str, set[str]] = {}
    for finding in silent:
        site = sites.get(finding.host)
        # A wrong community, and a blocked address, are as silent as a site that is gone: they speak neither for nor against it.
        if site is not None and site not in answered and finding.tag.name not in _ALONE:
            gone.setdefault(site, set()).add(finding.host if finding.tag.name == "reach.no-answer" else "")
    for site, hosts in gone.items():
        if len(hosts) > 2 and "" not in hosts:
            yield SITE_UNREACHABLE(site=site, count=len(hosts), hosts=" ".join(sorted(hosts)))


def rank(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """Order the causes: the worst first, then who explains most. Notes cause nothing.

    The order in which the findings come makes no difference.
    """
    serious = sorted((f for f in findings if f.severity > Severity.NOTE), key=_place)
    links = _links(serious)
    causes = []
    for at in _roots(len(serious), links):
        follows = _follows(at, links)
        causes.append(
            Cause(
                finding=serious[at],
                explains=tuple(serious[i] for i in follows),
                sure="likely" if "likely" in follows.values() else "certain",
            )
        )
    return tuple(sorted(causes, key=_weight))


def _place(finding: Finding) -> tuple[int, str, str, list[tuple[str, str]]]:
    facts = sorted((name, repr(value)) for name, value in finding.facts.items())
    return -finding.severity, finding.host, finding.tag.name, facts


# Which finding (by its place) explains which others directly, and how surely.
Links = Mapping[int, Mapping[int, Sure]]


def _links(findings: Sequence[Finding]) -> Links:
    """Try every rule on the findings that it speaks of: those of one host, unless it reaches further."""
    by_tag: dict[str, list[int]] = {}
    by_host: dict[str, dict[str, list[int]]] = {}
    for at, finding in enumerate(findings):
        by_tag.setdefault(finding.tag.name, []).append(at)
        by_host.setdefault(finding.host, {}).setdefault(finding.tag.name, []).append(at)
    rules = {
        (cause, effect): tuple(rule for rule in RULES if rule.fits(cause, effect))
        for cause, effect in product(by_tag, by_tag)
    }
    links: dict[int, dict[int, Sure]] = {}
    for far, groups in ((False, by_host.values()), (True, (by_tag,))):
        for group in groups:
            for cause, effect in product(group, group):
                near = tuple(rule for rule in rules[cause, effect] if rule.far is far)
                for cause_at, effect_at in product(group[cause], group[effect]) if near else ():
                    sure = _surest(near, findings[cause_at], findings[effect_at])
                    if cause_at != effect_at and sure is not None:
                        known = links.setdefault(cause_at, {})
                        known[effect_at] = sure if known.get(effect_at) != "certain" else "certain"
    return _told(links)


def _told(links: Links) -> Links:
    """What says itself why it is so needs no guess beside it, nor one that turns cause and effect round."""
    told = {at for effects in links.values() for at, sure in effects.items() if sure == "certain"}
    follows = {at: frozenset(_reached(at, links, {"certain"})) for at in links}
    return {
        cause: {
            at: sure
            for at, sure in effects.items()
            if sure == "certain" or (at not in told and cause not in follows.get(at, frozenset()))
        }
        for cause, effects in links.items()
    }


def _surest(rules: Sequence[Rule], cause: Finding, effect: Finding) -> Sure | None:
    answers = {rule.where(cause, effect) for rule in rules}
    return "certain" if "certain" in answers else "likely" if "likely" in answers else None


def _roots(count: int, links: Links) -> list[int]:
    """Findings that nothing explains; of a ring in which each explains the next, the first."""
    explained = {effect for effects in links.values() for effect in effects}
    roots = [at for at in range(count) if at not in explained]
    reached = set(roots)
    for at in roots:
        reached.update(_follows(at, links))
    for at in range(count):
        if at not in reached:
            roots.append(at)
            reached.update((at, *_follows(at, links)))
    return roots


def _follows(root: int, links: Links) -> dict[int, Sure]:
    """Everything that follows from a finding, the nearest first; certain when a whole chain to it is."""
    certain = _reached(root, links, {"certain"})
    return {
        at: "certain" if at in certain else "likely" for at in _reached(root, links, {"certain", "likely"})
    }


def _reached(root: int, links: Links, enough: set[Sure]) -> list[int]:
    """What is reached over links that are sure enough, without the root itself."""
    found = {root}
    open_ends = [root]
    for at in open_ends:
        for effect, sure in links.get(at, {}).items():
            if sure in enough and effect not in found:
                found.add(effect)
                open_ends.append(effect)
    return open_ends[1:]


def _weight(cause: Cause) -> tuple[int, int, int, str, str]:
    worst = max((f.severity for f in cause.explains), default=cause.finding.severity)
    return (
        -max(worst, cause.finding.severity),
        -len(cause.explains),
        -cause.finding.severity,
        cause.finding.host,
        cause.finding.tag.name,
    )
