"""Who replicates from whom in the directory, and how is each of these links?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from agent.job import Result, Seen
from collectors import Finding
from collectors.ad.members import Member, named
from collectors.ad.neighbours import Neighbour
from collectors.ad.replication import ReplicationFacts, replication
from collectors.ad.results import spelt_code
from controller.pictures.drawing import Arrow, Drawing, Mark, Spot, mark_of
from controller.reports.words import Words

__all__ = ["mesh"]

# Of the findings those that speak of one link, or of a controller's part in replication.
_OF_IT = ("ad.replication-", "ad.inbound-", "ad.outbound-", "ad.changes-", "ad.usn-", "ad.controller-")


def mesh(
    results: Iterable[Result], findings: Iterable[Finding], words: Words, say: Callable[[str], str]
) -> Drawing | None:
    """Draw the links as the controllers told them; None when none was asked about replication.

    say: redaction, which every name passes.
    """
    seen = _readings(results)
    if not seen:
        return None
    found = [finding for finding in findings if finding.tag.name.startswith(_OF_IT)]
    members = {m.guid: m for facts in seen.values() for m in facts.forest.members if m.guid}
    heard = {me.guid: host for host, facts in seen.items() if (me := facts.forest.me) is not None}
    arrows, rows = [], []
    for guid, host in sorted(heard.items(), key=lambda item: item[1]):
        facts = seen[host]
        for partner, pulled in sorted(_by_partner(facts.neighbours).items()):
            start = members.get(partner)
            mark = mark_of(_of_link(found, host, start))
            last = max((n.succeeded for n in pulled if n.succeeded), default=None)
            arrows.append(Arrow(partner, guid, mark, _short(pulled, last, facts.forest.now, words)))
            rows.append((_row(start, partner, host, pulled, last, words, say), mark))
    strangers = {arrow.start for arrow in arrows} - members.keys()
    spots = (
        *(_spot(one, heard, found, words, say) for one in sorted(members.values(), key=lambda m: m.name)),
        *(Spot(guid, guid[:8], Mark.UNHEARD) for guid in sorted(strangers)),
    )
    return Drawing(
        id="mesh",
        title=words.mesh,
        intro=words.mesh_intro,
        spots=spots,
        arrows=tuple(arrows),
        heading=(*words.mesh_columns, words.state_column),
        rows=tuple(rows),
    )


def _readings(results: Iterable[Result]) -> Mapping[str, ReplicationFacts]:
    return {
        r.job.host: replication.adapter.validate_python(r.outcome.reading)
        for r in results
        if r.job.collector == replication.name and isinstance(r.outcome, Seen)
    }


def _by_partner(neighbours: Iterable[Neighbour]) -> Mapping[str, list[Neighbour]]:
    by_partner: dict[str, list[Neighbour]] = {}
    for one in neighbours:
        by_partner.setdefault(one.partner, []).append(one)
    return by_partner


def _of_link(found: Iterable[Finding], host: str, start: Member | None) -> list[Finding]:
    """What was found at the pulling end about this partner."""
    name = start.name if start else ""
    return [f for f in found if f.host == host and f.facts.get("partner", f.facts.get("from")) == name]


def _spot(
    one: Member, heard: Mapping[str, str], found: Iterable[Finding], words: Words, say: Callable[[str], str]
) -> Spot:
    host = heard.get(one.guid)
    if host is None:
        return Spot(one.guid, say(one.name), Mark.UNHEARD, (words.marks[Mark.UNHEARD],))
    mark = mark_of(f for f in found if f.host == host and "partner" not in f.facts)
    site = (say(one.site),) if one.site else ()
    return Spot(one.guid, say(one.name), mark, site)


def _short(pulled: Iterable[Neighbour], last: datetime | None, now: datetime, words: Words) -> str:
    code = next((spelt_code(n.result) for n in pulled if n.result), "")
    age = words.seconds((now - last).total_seconds()) if last else words.never
    return f"{age} {code}".strip()


def _row(  # noqa: PLR0913, PLR0917 - the columns of the table.
    start: Member | None,
    partner: str,
    host: str,
    pulled: list[Neighbour],
    last: datetime | None,
    words: Words,
    say: Callable[[str], str],
) -> tuple[str, ...]:
    code = next((spelt_code(n.result) for n in pulled if n.result), "0")
    return (
        say(start.name) if start else partner,
        say(host),
        f"{last:%Y-%m-%d %H:%M:%S} UTC" if last else words.never,
        code,
        words.number(max(n.failures for n in pulled)),
        ", ".join(sorted({named(n.context) for n in pulled})),
    )
