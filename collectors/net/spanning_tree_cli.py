"""Is spanning tree well on this switch, as its command line shows it? Every dialect fills the one model.

Where a switch answers SNMP, `net.spanning-tree` says the same and costs it less; this asks those who let nobody but their
command line speak, and knows what no MIB holds: why a port is held back, and which port told the last change.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from collectors import About, Cli, Kind, Unanswered, collector
from collectors.net.shows.cisco import differs, is_moving, joined, protocol_of, with_reasons
from collectors.net.shows.cisco_detail import Detail, detailed
from collectors.net.shows.cisco_more import inconsistent, region, shut, summarized, uptime
from collectors.net.shows.cisco_table import Listed, listed
from collectors.net.shows.comware import displayed, downed, listed_in_brief
from collectors.net.shows.comware import region as region_displayed
from collectors.net.shows.junos import bridged
from collectors.net.shows.junos import region as region_of_junos
from collectors.net.spanning_tree_view import judge
from collectors.net.tree import Dirt, ErrDisabled, Tree, addresses_of

__all__ = ["spanning_tree_cli"]

# The session is over, or somebody ended it: nothing else would be answered.
_ENDS = frozenset({Kind.STOPPED, Kind.QUOTA, Kind.CREDENTIALS_REJECTED, Kind.HOST_KEY_CHANGED})


@dataclass(slots=True)
class _Asking:
    """A device, and what it did not say of what was only an addition."""

    host: Cli
    platform: str
    silent: list[Dirt] = field(default_factory=list)

    async def must(self, command: str) -> str:
        """What has to be answered. Raises Unanswered."""
        return (await self.host.show(command, deadline=60.0)).text

    async def may(self, command: str) -> str | None:
        """What only adds something; None where it is not answered."""
        try:
            return await self.must(command)
        except Unanswered as reason:
            if reason.kind in _ENDS:
                raise
            self.silent.append(Dirt(kind="silent", what=command, why=reason.detail[:200]))
            return None


async def _cisco(asking: _Asking, *, has_long_names: bool, status: str) -> Tree:
    """Cisco's and Arista's: the table, and what the others add. Table and detail are read again where a port came or went."""
    table, detail = await _both(asking)
    if not table.is_on:
        return Tree(is_on=False, err_disabled=await _shut(asking, status))
    if differs(table, detail or {}) and detail is not None:
        table, detail = await _both(asking)
    if detail is not None and (tree := differs(table, detail)):
        raise Unanswered(Kind.UNPARSABLE, f"table and detail of tree {tree} speak of other ports")
    told = detail or {}
    instances = tuple(
        joined(one, told.get(one.name), has_long_names=has_long_names) for one in table.instances
    )
    if (text := await asking.may("show spanning-tree inconsistentports")) is not None:
        instances = with_reasons(instances, inconsistent(text))
    text = await asking.may("show spanning-tree summary")
    summary = summarized(text or "")
    protocol = summary.protocol if summary.protocol != "unknown" else protocol_of(table)
    text = await asking.may("show spanning-tree mst configuration") if protocol == "mstp" else None
    return Tree(
        protocol=protocol,
        is_on=True,
        instances=instances,
        region=region(text) if text is not None else None,
        cost_method=summary.cost_method,
        err_disabled=await _shut(asking, status),
        addresses=addresses_of(instances),
        uptime=uptime(await asking.may("show version") or ""),
        is_settling=any(is_moving(one, told.get(one.name)) for one in table.instances),
        dirt=tuple(asking.silent),
    )


async def _both(asking: _Asking) -> tuple[Listed, Mapping[str, Detail] | None]:
    table = listed(await asking.must("show spanning-tree"))
    text = await asking.may("show spanning-tree detail") if table.is_on else None
    if text is None:
        return table, None
    detail, remarks = detailed(text)
    asking.silent.extend(remarks)
    return table, detail


async def _shut(asking: _Asking, command: str) -> tuple[ErrDisabled, ...]:
    text = await asking.may(command)
    return tuple(shut(text)) if text is not None else ()


async def _ios(asking: _Asking) -> Tree:
    return await _cisco(asking, has_long_names=False, status="show interfaces status err-disabled")


async def _nxos(asking: _Asking) -> Tree:
    return await _cisco(asking, has_long_names=True, status="show interface status err-disabled")


async def _eos(asking: _Asking) -> Tree:
    return await _cisco(asking, has_long_names=True, status="show interfaces status errdisabled")


async def _display(asking: _Asking) -> Tree:
    """Comware's and VRP's: blocks of all ports, and a table of those with a link by which a block that is missing shows."""
    tree, brief = displayed(await asking.must("display stp")), set[tuple[int, str]]()
    if not tree.is_on:
        return tree
    if (text := await asking.may("display stp brief")) is not None:
        brief = listed_in_brief(text)
    told = {(tree_number(one.name), port.name) for one in tree.instances for port in one.ports}
    with_link = {
        (tree_number(one.name), port.name) for one in tree.instances for port in one.ports if port.is_up
    }
    if text is not None and not with_link <= brief <= told:
        raise Unanswered(Kind.UNPARSABLE, "'display stp' and 'display stp brief' speak of other ports")
    region = await asking.may("display stp region-configuration") if tree.protocol == "mstp" else None
    counts = any(one.changes is not None for one in tree.instances)
    since = uptime(await asking.may("display version") or "") if counts else None
    down = await asking.may("display stp down-port") if asking.platform == "hp-comware" else None
    return replace(
        tree,
        region=region_displayed(region) if region is not None else None,
        uptime=since,
        err_disabled=downed(down) if down is not None else (),
        dirt=tuple(asking.silent),
    )


def tree_number(name: str) -> int:
    """Of a VLAN, or of an instance; 0 for the common one."""
    return int(name.rpartition("-")[2] or 0)


async def _junos(asking: _Asking) -> Tree:
    """Junos: the trees, and their ports; read again where a tree came or went between the two."""
    try:
        tree = await _junos_once(asking)
    except Unanswered as reason:
        if reason.kind is not Kind.UNPARSABLE:
            raise
        tree = await _junos_once(asking)
    text = await asking.may("show spanning-tree mstp configuration") if tree.protocol == "mstp" else None
    return replace(
        tree, region=region_of_junos(text) if text is not None else None, dirt=tuple(asking.silent)
    )


async def _junos_once(asking: _Asking) -> Tree:
    bridge = await asking.must("show spanning-tree bridge")
    return bridged(bridge, await asking.must("show spanning-tree interface"))


_DIALECTS: Mapping[str, Callable[[_Asking], Awaitable[Tree]]] = {
    "cisco-ios": _ios,
    "cisco-nxos": _nxos,
    "arista-eos": _eos,
    "juniper-junos": _junos,
    "hp-comware": _display,
    "huawei-vrp": _display,
}


@collector(
    "net.spanning-tree-cli",
    asks=(
        "Is spanning tree well on this switch, as its command line shows it?",
        "Ist der Spanning Tree auf diesem Switch in Ordnung, wie ihn seine Kommandozeile zeigt?",
    ),
    judge=judge,
    platform=tuple(_DIALECTS),
    deadline=240.0,
)
async def spanning_tree_cli(host: Cli, about: About) -> Tree:
    """Read all trees of a switch in the words of its platform."""
    read = _DIALECTS[about.platform]
    return replace(await read(_Asking(host, about.platform)), plan=about.spanning_tree)
