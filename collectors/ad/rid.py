"""Can new accounts still be made? What is left of the numbers for them, in the domain and at each controller.

Source: MS-ADTS 3.1.1.1.13 (RID manager, rIDSet). What a controller has used of its pool, only it knows itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Finding, Kind, Unanswered, collector, fault, survey, warn
from collectors.ad.members import Forest, once, read_forest, settled
from collectors.ad.names import same_dn

__all__ = ["Pool", "RidFacts", "rid", "rid_pools"]

NEARLY_OUT = fault(
    "ad.rids-nearly-out",
    "{percent} % of the domain's numbers for new accounts are used: soon none can be made",
    "{percent} % der Nummern der Domäne für neue Konten sind verbraucht: bald sind keine mehr möglich",
    do=(
        "Find what takes them (event 16655 and its like), and plan to unlock the 31st bit.",
        "Klären, was sie verbraucht (Ereignis 16655 und ähnliche), und das Freischalten des 31. Bits planen.",
    ),
)
HALF_USED = warn(
    "ad.rids-half-used",
    "{percent} % of the domain's numbers for new accounts are used",
    "{percent} % der Nummern der Domäne für neue Konten sind verbraucht",
    do=("Find out what makes so many accounts.", "Klären, was so viele Konten anlegt."),
)
NO_SET = fault(
    "ad.rid-set-missing",
    "the controller has no pool of numbers for new accounts: it can make none",
    "der Controller hat keinen Nummernvorrat für neue Konten: er kann keine anlegen",
    do=(
        "Is the holder of the RID role reachable from here, and does replication work?",
        "Ist der Inhaber der RID-Rolle von hier erreichbar, und läuft die Replikation?",
    ),
)
USED_UP = fault(
    "ad.rid-pool-used-up",
    "the controller has used up its pool of numbers for new accounts, and has got no new one",
    "der Controller hat seinen Nummernvorrat für neue Konten verbraucht und keinen neuen bekommen",
    do=(
        "Is the holder of the RID role reachable from here, and does replication work?",
        "Ist der Inhaber der RID-Rolle von hier erreichbar, und läuft die Replikation?",
    ),
)
OVERLAP = fault(
    "ad.rid-pools-overlap",
    "{first} and {second} have the same numbers for new accounts: two accounts can get one SID",
    "{first} und {second} haben dieselben Nummern für neue Konten: zwei Konten können eine SID bekommen",
    do=(
        "Make no accounts. Was the holder of the RID role restored, or the role seized while the old holder lived? Invalidate both pools.",
        "Keine Konten anlegen. Wurde der RID-Master wiederhergestellt oder die Rolle übernommen, während der alte lebte? Beide Vorräte verwerfen.",
    ),
)
AHEAD = fault(
    "ad.rid-pool-ahead",
    "{controller} has numbers for new accounts that the RID master will give out once more: it was set back",
    "{controller} hat Nummern für neue Konten, die der RID-Master noch einmal vergeben wird: er wurde zurückgesetzt",
    do=(
        "Make no accounts, and raise the available pool on the RID master before it gives out the next one.",
        "Keine Konten anlegen und den verfügbaren Vorrat am RID-Master erhöhen, bevor er den nächsten vergibt.",
    ),
)


@dataclass(frozen=True, slots=True)
class Pool:
    """Numbers from `first` to `last`; both 0: none was given yet."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RidFacts:
    """available: the domain's, from the next to be given out to the ceiling. current: the pool that this controller
    takes from, following: the one after it, often the same. used: the last number that it gave. has_set: None for a
    read-only controller, which needs none.
    """

    forest: Forest
    master: str
    available: Pool
    has_set: bool | None
    current: Pool
    following: Pool
    used: int


def judge(seen: RidFacts) -> Iterator[Finding]:
    me = seen.forest.me
    if seen.has_set is False and me is not None and settled(me, seen.forest.now):
        yield NO_SET()
    spent = 0 < seen.current.last <= seen.used
    if spent and seen.following == seen.current:
        yield USED_UP()


def pool_of(number: int | None) -> Pool:
    """Split what is kept in one number: the first in its low half, the last in its high half. Raises Unanswered.

    >>> pool_of(6867652707404)
    Pool(first=1100, last=1599)
    """
    if number is not None and not 0 <= number < 2**64:
        raise Unanswered(Kind.UNPARSABLE, "a pool of account numbers is no number of 64 bits")
    return Pool((number or 0) & 0xFFFFFFFF, (number or 0) >> 32)


@collector(
    "ad.rid",
    asks=("Can new accounts still be made?", "Können noch neue Konten angelegt werden?"),
    judge=judge,
)
async def rid(host: Directory, about: About) -> RidFacts:
    """Read the RID manager, and the controller's own set."""
    forest = await read_forest(host, about)
    manager = await host.entry(
        f"CN=RID Manager$,CN=System,{forest.base}", "rIDAvailablePool", "fSMORoleOwner"
    )
    if manager is None or "rIDAvailablePool" not in manager:
        raise Unanswered(Kind.UNPARSABLE, "the RID manager is not to be seen")
    me = forest.me
    account = await host.entry(me.account, "rIDSetReferences") if me is not None and me.account else None
    if account is None:
        raise Unanswered(Kind.UNPARSABLE, "the controller's own account is not to be seen")
    where = account.text("rIDSetReferences")
    own = (
        await host.entry(where, "rIDAllocationPool", "rIDPreviousAllocationPool", "rIDNextRID")
        if where
        else None
    )
    return RidFacts(
        forest=forest,
        master=manager.text("fSMORoleOwner"),
        available=pool_of(manager.number("rIDAvailablePool")),
        has_set=None if me is None or me.is_read_only else own is not None,
        current=pool_of(own.number("rIDPreviousAllocationPool") if own else None),
        following=pool_of(own.number("rIDAllocationPool") if own else None),
        used=(own.number("rIDNextRID") if own else None) or 0,
    )


@survey("ad.rid-pools", over=rid)
def rid_pools(seen: Mapping[str, RidFacts]) -> Iterator[Finding]:
    """No number may be given twice; what is left of them all is said once, as the master tells it."""
    for facts in seen.values():
        if not same_dn(facts.master, facts.forest.own):
            continue
        percent = 100 * facts.available.first // max(facts.available.last, 1)
        if percent > 80:
            yield NEARLY_OUT(percent=percent)
        elif percent > 50:
            yield HALF_USED(percent=percent)
        for other in _domain(seen, facts):
            if other.following.last >= facts.available.first > 0:
                yield AHEAD(controller=_called(other))
    yield from once(_overlaps(seen))


def _overlaps(seen: Mapping[str, RidFacts]) -> Iterator[Finding]:
    for one in seen.values():
        for other in _domain(seen, one):
            first, second = one.following, other.following
            is_other = _called(one) < _called(other)
            if is_other and first.first and first.first <= second.last and second.first <= first.last:
                yield OVERLAP(first=_called(one), second=_called(other))


def _domain(seen: Mapping[str, RidFacts], one: RidFacts) -> tuple[RidFacts, ...]:
    return tuple(other for other in seen.values() if same_dn(other.forest.base, one.forest.base))


def _called(one: RidFacts) -> str:
    return one.forest.me.name if one.forest.me else one.forest.own
