"""What does this DNS server say of the contract's hosts? Asked once, compared by the survey of the hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from collectors import About, Answer, Finding, Resolver, Unanswered, ZoneFacts, collector
from collectors.dns.names import (
    dotted,
    is_internal,
    is_reverse,
    lies_in,
    listed,
    plain,
    pointer,
    pointer_in,
    same_form,
)
from collectors.dns.probe import (
    Line,
    Silent,
    Soa,
    lack_of,
    living,
    own_names,
    pointed_to,
    soa_of,
    stands_inside,
)

__all__ = ["Directory", "Looked", "Served", "reverse"]

# So many silences in all, and the server is given up: the rest would only cost time.
_ENOUGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One name looked up. name: the host's. wanted: what the contract says; seen: what the server says.

    address: of a host, for its PTR record; empty for its own A or AAAA records. seen None: the server does
    not have the authority to say. back: of the names seen, those that have the address.
    """

    zone: str
    name: str
    address: str
    wanted: tuple[str, ...]
    seen: tuple[str, ...] | Silent | None
    back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A zone for which the server answers with authority.

    primary: the source that its SOA names; is_primary: that is this very server. is_inside: it stands in
    the customer's network and has internal addresses.
    """

    zone: str
    serial: int
    primary: str
    is_primary: bool
    is_inside: bool = True

    @property
    def names(self) -> None:
        """Which servers the copy names is not asked here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What one server says about the contract's hosts. lacks: reverse zones that it does not serve."""

    server: str
    serves: tuple[Served, ...]
    lacks: tuple[str, ...]
    looked: tuple[Looked, ...]


def judge(_: Directory) -> Iterator[Finding]:
    """Nothing is said about one server alone: the survey says it once for all of them."""
    yield from ()


@collector(
    "dns.reverse",
    asks=(
        "Do names and addresses of the hosts lead to each other?",
        "Führen Namen und Adressen der Hosts zueinander?",
    ),
    judge=judge,
    deadline=180.0,
)
async def reverse(host: Resolver, about: About) -> Directory:
    """Look up every host's addresses, and the names of these addresses, in the zones that are served."""
    own = about.serves
    line = await living(host, own[0].name) if own else Line(host)
    if isinstance(line, Silent):
        return Directory(server=about.name, serves=(), lacks=(), looked=())
    starts: dict[str, Soa] = {}
    lacks: list[str] = []
    names = tuple(dict.fromkeys(name for zone in own for name in (zone.name, *zone.reverse)))
    answers = await host.together(*(line.ask_whole(name, "SOA") for name in names))
    for name, answer in zip(names, answers, strict=True):
        soa = soa_of(answer, name) if isinstance(answer, Answer) else None
        if isinstance(answer, Answer) and soa is not None and not lack_of(answer, name):
            starts[name] = soa
        elif isinstance(answer, Answer) and name not in {zone.name for zone in own}:
            lacks.append(name)
    looked = await host.together(*(_look_up(line, one) for one in _questions(own, tuple(starts), about)))
    _give_up_after_silences(looked)
    sources = await own_names(line, about, (soa.primary for soa in starts.values()))
    serves = (
        Served(
            zone=name,
            serial=soa.serial,
            primary=soa.primary,
            is_primary=soa.primary in sources,
            is_inside=stands_inside(about),
        )
        for name, soa in starts.items()
    )
    return Directory(server=about.name, serves=tuple(serves), lacks=tuple(lacks), looked=looked)


def _give_up_after_silences(looked: Sequence[Looked]) -> None:
    silent = [one.seen for one in looked if isinstance(one.seen, Silent)]
    if len(silent) >= _ENOUGH:
        detail = f"{len(silent)} of {len(looked)} questions stayed unanswered: {silent[0].detail}"
        raise Unanswered(silent[0].kind, detail, phase=silent[0].phase)


def _questions(own: Iterable[ZoneFacts], serves: tuple[str, ...], about: About) -> Iterator[Looked]:
    """Each name and each address once, in the deepest zone that the server holds it in.

    A name of a zone below, which the contract names and the server has delegated, is not for it to say.
    """
    known, is_outside = {zone.name for zone in about.zones} | set(serves), about.environment == "outside"
    hosts = list(dict.fromkeys(host for zone in own for host in zone.hosts))
    for name in sorted({host.name for host in hosts}):
        zone = _deepest(zone for zone in known if lies_in(name, zone))
        addresses = same_form(a for host in hosts if host.name == name for a in host.addresses)
        for version in (4, 6) if zone in serves else ():
            wanted = tuple(a for a in addresses if (":" in a) == (version == 6))
            # Internal addresses are nothing that the world is told.
            if wanted and not (is_outside and all(map(is_internal, wanted))):
                yield Looked(zone=zone, name=plain(name), address="", wanted=wanted, seen=None)
    for address in same_form(a for host in hosts for a in host.addresses):
        holding = [zone for zone in serves if is_reverse(zone) and pointer_in(zone, address)]
        # What the world asks, before the part of a network to which that leads.
        zone = _deepest(z for z in holding if lies_in(pointer(address), z)) or _deepest(holding)
        names = tuple(sorted({plain(h.name) for h in hosts if address in same_form(h.addresses)}))
        if zone:
            yield Looked(zone=zone, name=listed(names), address=address, wanted=names, seen=None)


def _deepest(zones: Iterable[str]) -> str:
    return max(zones, key=lambda zone: dotted(zone).count("."), default="")


async def _look_up(line: Line, one: Looked) -> Looked:
    if not one.address:
        rtype = "AAAA" if ":" in one.wanted[0] else "A"
        return replace(one, seen=await line.addresses_of(one.name, rtype))
    owner = pointer_in(one.zone, one.address)
    answer = await line.ask_whole(owner, "PTR")
    data = answer if isinstance(answer, Silent) else pointed_to(answer, owner, "PTR")
    if data is None or isinstance(data, Silent):
        return replace(one, seen=data)
    seen = tuple(sorted(plain(name) for name in data))
    # A name that the contract does not have may be the host's own all the same.
    others = () if set(seen) & set(one.wanted) else seen
    return replace(one, seen=seen, back=await _leading_to(line, others, one.address))


async def _leading_to(line: Line, names: tuple[str, ...], address: str) -> tuple[str, ...]:
    """Those of these names that have the address."""
    rtype = "AAAA" if ":" in address else "A"
    told = await line.host.together(*(line.addresses_of(name, rtype) for name in names))
    return tuple(
        name for name, at in zip(names, told, strict=True) if isinstance(at, tuple) and address in at
    )
